#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What make install brings and make uninstall takes away, in a folder, and whether what it
# tells to do next works. Does the kselftest work where its sources are not: copied on its
# own, installed, in a kernel tree? Programs that miss something skip; make does not fail.
# Needs neither root nor the module.
set -eu
. "$(dirname "$(readlink -f "$0")")/lib.sh"

top=$(readlink -f "$selftests/..")
if [ ! -e "$top/dist/hints" ] || [ ! -e "$top/kmod/classify.c" ]; then ktap_skip_all "not in the source tree"; fi
needs make
cache=${POSTERN_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/postern}
# Not those of the make, or the guest, that this runs in.
unset MAKEFLAGS MFLAGS MAKELEVEL POSTERN_KO
scratch

# ---- make install

dest=$dir/dest
installed() { (cd "$dest" && find . -type f ! -path './usr/src/*' -printf '/%P\n' | sort); }
# All that Kbuild compiles, and that DKMS wants.
source_whole() {
	local f src missing=0
	src=$dest/usr/src/postern-$(<"$top/VERSION")
	for f in Kbuild VERSION dkms.conf $(grep -oE 'kmod/[a-z_0-9]+\.o' "$top/Kbuild" | sed 's/o$/c/'); do
		[ -s "$src/$f" ] || { echo "not there: $f" && missing=1; }
	done
	! find "$src" -name '*.o' -o -name '*.ko' -o -name '.*.cmd' | grep . || missing=1
	return "$missing"
}
# hinted: the commands that copy and check, as make install tells them
hinted() {
	local command n=0
	mkdir -p "$dir/stub"
	ln -sf /bin/true "$dir/stub/systemctl"
	while read -r command; do
		n=$((n + 1))
		bash -euc "$command" || { echo "$command" && return 1; }
	done < <(PATH=$dir/stub:$PATH "$top/dist/hints" "$dest/usr" |
		sed -nE "s,/etc/postern,$dest&,g; s/^  ((cp|postern check) .*)/\1/p")
	[ "$n" = 3 ] || { echo "$n commands" && return 1; }
}

ktap_plan ''
check "make install DESTDIR=" make -s -C "$top" install DESTDIR="$dest"
check_equal "brings these files" "$(
	cat <<-'END'
		/usr/lib/modules-load.d/postern.conf
		/usr/lib/systemd/system/postern-learn.service
		/usr/lib/systemd/system/postern.service
		/usr/libexec/postern/postern-guard
		/usr/sbin/postern
		/usr/share/bash-completion/completions/postern
		/usr/share/doc/postern/README.md
		/usr/share/doc/postern/examples/bastion.conf
		/usr/share/doc/postern/examples/drop.txt
		/usr/share/doc/postern/examples/exterior.conf
		/usr/share/doc/postern/examples/interior.conf
		/usr/share/doc/postern/examples/modprobe.conf
		/usr/share/man/man5/postern.conf.5
		/usr/share/man/man8/postern.8
		/usr/share/postern/guard.nft
		/usr/share/zsh/vendor-completions/_postern
	END
)" "$(installed)"
check "and the module's source" source_whole
check "the tool that is installed runs" "$dest/usr/sbin/postern" help
if command -v zsh >/dev/null; then
	check "the completion for zsh is zsh" zsh -n "$dest/usr/share/zsh/vendor-completions/_postern"
else
	ktap_skip "the completion for zsh is zsh" "no zsh here"
fi
check "what it tells to do next works" hinted
check "make uninstall" make -s -C "$top" uninstall DESTDIR="$dest"
check_equal "leaves what the administrator wrote" "$(printf '%s\n' /etc/postern/{drop.txt,postern.conf})" \
	"$(cd "$dest" && find . -type f -printf '/%P\n' | sort)"

# ---- the kselftest elsewhere

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

copy "$dir/alone/selftests"
check "the tests copied on their own" all_skip "$dir/alone/selftests"
check "make install of the tests" make -s -C "$dir/alone/selftests" install INSTALL_PATH="$dir/installed"
check "the tests installed" all_skip "$dir/installed"
mkdir "$dir/bin"
ln -s "$(command -v make)" "$(command -v bash)" "$dir/bin"
check "the tests without a compiler" env PATH="$dir/bin" make -s -C "$dir/installed" all

# A kernel's own lib.mk and runner, if its source was fetched for a kernel of ours.
lib=$(find "$cache/source" -maxdepth 5 -path '*/tools/testing/selftests/lib.mk' 2>/dev/null | head -n 1)
if [ -n "$lib" ]; then
	copy "$dir/linux/tools/testing/selftests/postern"
	cp -a "$lib" "${lib%/*}/kselftest" "$dir/linux/tools/testing/selftests"
	rm "$dir/linux/tools/testing/selftests/postern/lib.mk"
	check "the tests in a kernel tree" all_skip "$dir/linux/tools/testing/selftests/postern"
else
	ktap_skip "the tests in a kernel tree" "no kernel source in the cache"
fi
ktap_done
