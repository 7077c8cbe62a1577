#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# style.sh [NAME...]: does the source look as it should? Any finding is a failure.
# Without NAME, all of: version spdx whitespace shell python yaml format checkpatch
# sparse build.
#
# Kernel headers, and checkpatch.pl from the kernel's source, come from the runner's
# cache; make style fills it and installs the checkers.
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/lib.sh"

top=$(readlink -f "$selftests/..")
cache=${POSTERN_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/postern}
# Of this checkout, whatever others are looked at meanwhile.
work=$cache/style/$(printf %s "$top" | sha256sum | cut -c 1-8)
mkdir -p "$work"
cd "$top"
kernels="5.10 stock 6.12 7 uml"

# ignored FILE: is it one of those that .gitignore names by their last part?
ignored() {
	local pattern
	while read -r pattern; do
		case $pattern in '#'* | */* | '') continue ;; esac
		# shellcheck disable=SC2254 # a pattern
		case ${1##*/} in $pattern) return 0 ;; esac
	done <.gitignore
	return 1
}

# files PATTERN...: what belongs to the project, whether git is there or not
files() {
	if git rev-parse --git-dir >/dev/null 2>&1; then
		git ls-files -co --exclude-standard -- "$@" | while read -r f; do [ ! -f "$f" ] || echo "$f"; done
	else
		local f p
		find . \( -name .git -o -name obj -o -name __pycache__ -o -path ./build -o -path ./tools/postern \) \
			-prune -o -type f -printf '%P\n' | while read -r f; do
			# shellcheck disable=SC2254 # patterns
			for p; do case $f in $p) ignored "$f" || echo "$f" && break ;; esac; done
		done
	fi | sort -u
}

scripts() {
	files '*' | while read -r f; do
		case $f in
		*.sh) echo "$f" ;;
		*) if head -c 64 "$f" | head -n 1 | grep -aqE '^#!/bin/(ba|da)?sh'; then echo "$f"; fi ;;
		esac
	done
}

# silent COMMAND...: succeeds, and says nothing
silent() {
	local out rc=0
	out=$("$@" 2>&1) || rc=$?
	[ -z "$out" ] || head -n 40 <<<"$out"
	[ "$rc" = 0 ] && [ -z "$out" ]
}

# private_copy: the module's source on its own, of which nothing is built yet
private_copy() {
	rm -rf "$work/postern" "$cache"/build/*/postern-"$(printf %s "$work/postern" | sha256sum | cut -c 1-8)"
	mkdir "$work/postern"
	cp Kbuild VERSION "$work/postern"
	files 'kmod/*.[chS]' 'include/*.h' 'include/*.inc' | cpio -pdm --quiet "$work/postern"
}

check_version() {
	local v
	v=$(<VERSION)
	grep -qxF "PACKAGE_VERSION=\"$v\"" dkms.conf || echo "dkms.conf: another version than $v"
	head -n 1 dist/debian/changelog | grep -qF "($v)" || echo "dist/debian/changelog: another version than $v"
}

check_spdx() {
	local f
	# shellcheck disable=SC2046 # no file of ours has a blank in its name
	for f in $(files '*'); do
		case $f in
		LICENSES/* | COPYING | VERSION | *.md | *.patch | dist/debian/* | selftests/settings | \
			*.config | selftests/config | *.shellcheckrc | docs/*.json | docs/*.svg) continue ;;
		esac
		[ -s "$f" ] || continue
		head -n 2 "$f" | grep -aqF 'SPDX-License-Identifier: ' || echo "$f: no SPDX-License-Identifier"
	done
}

check_whitespace() {
	local f
	for f in $(files '*'); do
		case $f in
		LICENSES/* | *.patch | selftests/rpc/mutants | selftests/smtp/mutants) continue ;;
		esac
		grep -qI '' "$f" || continue
		grep -nHIE '[[:blank:]]+$' "$f" || true
		[ ! -s "$f" ] || [ -z "$(tail -c 1 "$f")" ] || echo "$f: no newline at its end"
	done
}

check_shell() {
	# shellcheck disable=SC2046
	shellcheck $(scripts)
}

check_python() {
	local f
	for f in $(files '*.py'); do
		python3 - "$f" <<-'END' || true
			import ast, sys
			ast.parse(open(sys.argv[1]).read(), sys.argv[1])
		END
	done
}

# The checks that mutants leave out are where their lists say.
check_mutants() { python3 -B "$selftests/mutants.py" texts; }

check_yaml() {
	local f
	for f in $(files '*.yaml'); do
		python3 -c 'import sys, yaml; yaml.safe_load(open(sys.argv[1]))' "$f" || true
	done
}

check_format() { make -s -C tools format-check; }

check_checkpatch() {
	local source
	"$selftests/vm/kernels" uml >/dev/null || return
	source=$(find "$cache/source" -maxdepth 2 -path '*/linux-*/.complete' -printf '%T@ %h\n' | sort -n | tail -n 1)
	source=${source#* }
	[ -n "$source" ] || { echo "no kernel source in the cache" && return 1; }
	# The macros of a trace event look like nothing else, in the kernel too.
	# shellcheck disable=SC2046
	{
		checkpatch "$source" $(files 'kmod/*.[ch]' 'include/*.h' 'include/*.inc' | grep -vx kmod/trace.h)
		checkpatch "$source" --ignore OPEN_ENDED_LINE,PARENTHESIS_ALIGNMENT kmod/trace.h
	}
}
checkpatch() { # SOURCE WORD...
	local source=$1
	shift
	# Not in the tree, where it would leave a file of its own. A file that passes still
	# gets its line of totals.
	ln -sfn "$top/kmod" "$work/kmod"
	ln -sfn "$top/include" "$work/include"
	(cd "$work" && perl "$source/scripts/checkpatch.pl" --strict --no-tree --terse \
		--show-types --quiet --max-line-length=100 -f "$@") |
		sed '/^total: 0 errors, 0 warnings, 0 checks/d'
}

check_sparse() {
	local kernel log=$work/sparse.log
	kernel=$("$selftests/vm/kernels" stock) || return
	private_copy
	if ! make -C "$kernel/headers" M="$work/postern" CC=gcc C=2 CF=-D__CHECK_ENDIAN__ W=1 \
		CONFIG_DEBUG_INFO_BTF_MODULES= modules >"$log" 2>&1; then
		cat "$log"
		return 1
	fi
	grep -q '  CHECK ' "$log" || { echo "sparse did not run" && return 1; }
	grep -E '(warning|error):' "$log" | grep -vE '^warning: the compiler differs' | sed "s,$work/postern/,," || true
}

# check_build KERNEL: every file, with W=1, and not a warning
check_build() {
	private_copy
	"$selftests/vm/kernels" "$1" >/dev/null || return
	"$selftests/vm/build" --kernel "$1" --module "$work/postern" >/dev/null
}

[ $# -gt 0 ] || set -- version spdx whitespace shell python mutants yaml format checkpatch sparse build
names=()
for name; do
	if [ "$name" = build ]; then
		for kernel in $kernels; do names+=("build $kernel"); done
	else
		names+=("$name")
	fi
done
# What is not there yet is prepared first: that has its own words.
export -n MAKEFLAGS MFLAGS MAKELEVEL
unset MAKEFLAGS MFLAGS MAKELEVEL
for name in "${names[@]}"; do
	case $name in
	build*) "$selftests/vm/kernels" "${name#build }" >/dev/null ;;
	checkpatch) "$selftests/vm/kernels" uml >/dev/null ;;
	sparse) "$selftests/vm/kernels" stock >/dev/null ;;
	esac
done
ktap_plan ${#names[@]}
for name in "${names[@]}"; do
	# shellcheck disable=SC2086 # a name and its argument
	check "style: $name" silent check_$name
done
ktap_done
