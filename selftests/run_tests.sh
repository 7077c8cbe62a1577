#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# run_tests.sh SECONDS PROGRAM...: run each as kselftest's own runner would.
set -uo pipefail
cd "$(dirname "$(readlink -f "$0")")" || exit

limit=$1 n=0 failed=0
shift
echo "TAP version 13"
echo "1..$#"
for program; do
	n=$((n + 1))
	echo "# selftests: postern: $program"
	timeout --foreground -k 5 "$limit" "./$program" 2>&1 | sed -u 's/^/# /'
	rc=${PIPESTATUS[0]}
	case $rc in
	0) echo "ok $n selftests: postern: $program" ;;
	4) echo "ok $n selftests: postern: $program # SKIP" ;;
	124) echo "not ok $n selftests: postern: $program # TIMEOUT $limit seconds" && failed=1 ;;
	*) echo "not ok $n selftests: postern: $program # exit=$rc" && failed=1 ;;
	esac
done
exit $failed
