#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The module's plain C files in user space, under sanitizers: see unit/Makefile.
# Needs neither root nor the module, but a compiler and the module's source.
set -eu
here=$(dirname "$(readlink -f "$0")")
. "$here/lib.sh"

[ -d "$here/../kmod" ] || ktap_skip_all "the module's source is not here"
for tool in "${CC:-cc}" make; do
	command -v "$tool" >/dev/null || ktap_skip_all "needs $tool"
done
# shellcheck disable=SC2119
ktap_plan
obj=$(mktemp -d)
on_exit rm -rf "$obj"
if ! log=$(make -s -C "$here/unit" OBJ="$obj" all 2>&1); then
	ktap_fail "unit tests build" "$log"
	ktap_done
fi

for program in address policy memory packet; do
	rc=0
	out=$("$obj/${program}_test" 2>&1) || rc=$?
	while read -r line; do
		case $line in
		"ok "*) ktap_ok "${line#ok * }" ;;
		"not ok "*) ktap_fail "${line#not ok * }" ;;
		"TAP version"* | 1..*) ;;
		*) echo "# $line" ;;
		esac
	done <<<"$out"
	# a sanitizer's abort ends the program in the middle of its tests
	[ "$rc" -le 1 ] || ktap_fail "$program ends without a sanitizer's complaint"
done
ktap_done
