#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What `postern show --config` prints, loaded again, gives the same snapshot: for
# random policies, all that the kernel dumps is compared.
#
#	ROUNDTRIP_SEED=1 ROUNDTRIP_POLICIES=1000 roundtrip.sh
set -eu
. "$(dirname "$(readlink -f "$0")")/lib.sh"
needs python3
postern_ready
ktap_plan 1
namespace router || ktap_skip_all "no network namespaces"

seed=${ROUNDTRIP_SEED:-1} policies=${ROUNDTRIP_POLICIES:-100}
if out=$(at router python3 -B "$selftests/model/compare.py" roundtrip "$seed" "$policies" 2>&1); then
	ktap_ok "${out##*$'\n'}"
else
	ktap_fail "round trip from seed $seed" "$out"
fi
ktap_done
