#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The module's plain C files in user space, under sanitizers: see unit/Makefile.
# Needs neither root nor the module, but a compiler and the module's source.
set -eu
. "$(dirname "$(readlink -f "$0")")/lib.sh"

[ -e "$selftests/../kmod/classify.c" ] || ktap_skip_all "the module's source is not here"
needs "${CC:-cc}" make
ktap_plan ''
obj=$(mktemp -d)
on_exit rm -rf "$obj"
if ! log=$(make -s -C "$selftests/unit" OBJ="$obj" all 2>&1); then
	ktap_fail "unit tests build" "$log"
	ktap_done
fi

for program in address gcra policy limit inspector source memory packet; do
	rc=0
	out=$("$obj/${program}_test" 2>&1) || rc=$?
	relay '' <<<"$out"
	# a sanitizer's abort ends the program in the middle of its tests
	[ "$rc" -le 1 ] || ktap_fail "$program ends without a sanitizer's complaint"
done
ktap_done
