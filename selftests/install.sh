#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Does the kselftest work where its sources are not: copied on its own, installed, in a
# kernel tree? Programs that miss something skip; make does not fail. Needs neither root
# nor the module.
set -eu
. "$(dirname "$(readlink -f "$0")")/lib.sh"

top=$(readlink -f "$selftests/..")
if [ ! -e "$top/dist/hints" ] || [ ! -e "$top/kmod/classify.c" ]; then ktap_skip_all "not in the source tree"; fi
needs make
cache=${POSTERN_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/postern}
# Not those of the make, or the guest, that this runs in.
unset MAKEFLAGS MFLAGS MAKELEVEL POSTERN_KO
scratch

# copy FOLDER: selftests alone, with nothing built
copy() {
	mkdir -p "$(dirname "$1")"
	cp -a "$selftests" "$1"
	find "$1" -name obj -prune -exec rm -rf '{}' +
}

# Each misses the module's source.
programs="docs.sh unit.sh netlink.sh"
# all_skip FOLDER: they say so, and make has nothing to say
all_skip() {
	local out rc=0
	out=$(make -C "$1" run_tests TEST_PROGS="$programs" 2>&1) || rc=$?
	if [ "$rc" != 0 ] || [ "$(grep -cE '^ok [0-9]+ selftests: .*# SKIP' <<<"$out")" != 3 ] ||
		grep -E '(\*\*\*|No rule|Error [0-9])' <<<"$out"; then
		echo "$out" && return 1
	fi
}

ktap_plan ''
copy "$dir/alone/selftests"
check "copied on its own" all_skip "$dir/alone/selftests"
check "make install" make -s -C "$dir/alone/selftests" install INSTALL_PATH="$dir/installed"
check "installed" all_skip "$dir/installed"
mkdir "$dir/bin"
ln -s "$(command -v make)" "$(command -v bash)" "$dir/bin"
check "without a compiler" env PATH="$dir/bin" make -s -C "$dir/installed" all

# A kernel's own lib.mk and runner, if its source was fetched for a kernel of ours.
lib=$(find "$cache/source" -maxdepth 5 -path '*/tools/testing/selftests/lib.mk' 2>/dev/null | head -n 1)
if [ -n "$lib" ]; then
	copy "$dir/linux/tools/testing/selftests/postern"
	cp -a "$lib" "${lib%/*}/kselftest" "$dir/linux/tools/testing/selftests"
	rm "$dir/linux/tools/testing/selftests/postern/lib.mk"
	check "in a kernel tree" all_skip "$dir/linux/tools/testing/selftests/postern"
else
	ktap_skip "in a kernel tree" "no kernel source in the cache"
fi
ktap_done
