#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The netlink interface is written down twice, as specification (postern.yaml) and
# as C (postern.h): do they say the same? Needs neither root nor the module.
set -eu
. "$(dirname "$(readlink -f "$0")")/lib.sh"

uapi=$selftests/../include/uapi/linux
reasons=$selftests/../include/postern/reasons.inc
# Where the module's source is, what it takes is compared as well.
kmod=()
[ ! -e "$selftests/../kmod/object.c" ] || kmod=("$selftests/../kmod")
python3 -c 'import yaml' 2>/dev/null || ktap_skip_all "needs python3-yaml"
[ -e "$uapi/postern.yaml" ] || ktap_skip_all "no specification here"

compare() { python3 "$selftests/uapi.py" "$@"; }

parts=$(compare --list)
ktap_plan $(($(wc -w <<<"$parts") + 7))
for part in $parts; do
	check "$part" compare "$part" "$uapi/postern.yaml" "$uapi/postern.h" "$reasons" "${kmod[@]}"
done

# Does it see a difference? Each change of one word must be found.
tmp=$(mktemp -d)
on_exit rm -rf "$tmp"
while read -r part from to; do
	sed "s|$from|$to|" "$uapi/postern.h" >"$tmp/postern.h"
	cmp -s "$uapi/postern.h" "$tmp/postern.h" && ktap_fail "$from is not there to be changed" && continue
	check_not "sees $from -> $to" compare "$part" "$uapi/postern.yaml" "$tmp/postern.h" "$reasons"
done <<'END'
constants POSTERN_LIST_MAX.*8000 POSTERN_LIST_MAX\t8001
commands POSTERN_CMD_ZONE_GET POSTERN_CMD_AREA_GET
attributes POSTERN_A_RANGES4, POSTERN_A_RANGES6_,
attributes POSTERN_A_HITS,.*u64 POSTERN_A_HITS,\t/*\tu32
enums POSTERN_ACTION_BLOCK POSTERN_ACTION_DENY
flags POSTERN_RULE_BOTH.*2) POSTERN_RULE_BOTH\t(1<<3)
family "postern" "postem"
END
ktap_done
