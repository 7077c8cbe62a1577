#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Instructions that packets cost, compared with those that were written down
# (bench/expected): a case that takes over 3% more than then has failed.
#
# In a guest that counts instructions, with the module of bench/inject:
#
#	bench/boot --kernel icount -- bench.sh
#
# With POSTERN_BENCH_WRITE=1 the folder of --keep has a new bench/expected at its end, and nothing
# is compared.
set -eu
. "$(dirname "$(readlink -f "$0")")/lib.sh"
needs python3 nft
[ -n "${POSTERN_BENCH_INJECT:-}" ] || ktap_skip_all "needs bench/inject, see bench/boot"
[ "${POSTERN_KERNEL:-}" = icount ] || ktap_skip_all "only --kernel icount counts instructions"
scratch
rc=0
"$selftests/bench/guest.sh" --quick --reps 3 --scale 0.1 --warm 500 --size ten \
	--filter conntrack --filter postern --out "$dir/measured" >"$dir/log" 2>&1 || rc=$?
if [ -n "${POSTERN_BENCH_WRITE:-}" ]; then
	"$selftests/bench/compare.py" --write "$POSTERN_OUT/expected" "$dir/measured"
	exit "$rc"
fi
ktap_plan ''
check_equal "the packets have the fate they should" 0 "$rc"
[ "$rc" = 0 ] || sed 's/^/# /' "$dir/log"
results instructions "$selftests/bench/compare.py" "$selftests/bench/expected" "$dir/measured"
ktap_done
