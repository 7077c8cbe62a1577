# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the scripts of this folder share: where things are, and how the cache is
# filled. Sourced, never run.

vm=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
# shellcheck disable=SC2034 # used by the scripts that source this
top=$(readlink -f "$vm/../..")
cache=${POSTERN_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/postern}
mkdir -p "$cache"
cache=$(readlink -f "$cache")

# Nothing of a make that calls us, and no other language, gets into builds.
unset MAKEFLAGS MFLAGS MAKELEVEL KBUILD_OUTPUT ARCH CROSS_COMPILE LLVM CC
export LC_ALL=C

say() { echo "vm: $*" >&2; }

die() {
	say "$@"
	exit 125
}

# cached DIR COMMAND...: have COMMAND fill DIR, unless that was done before.
#
# Safe against parallel callers (a lock) and interrupted ones (a folder without
# the stamp is thrown away). What COMMAND prints goes to DIR.log; the end of it is
# shown on failure. Call it as a plain command, so that set -e holds inside.
cached() {
	local dir=$1
	shift
	[ ! -e "$dir/.complete" ] || return 0
	mkdir -p "${dir%/*}"
	(
		flock 9
		[ ! -e "$dir/.complete" ] || exit 0
		say "preparing ${dir#"$cache/"} (once; log in $dir.log)"
		trap '[ -e "$dir/.complete" ] || { tail -n 20 "$dir.log" && say "failed: $*"; } >&2' EXIT
		rm -rf "$dir"
		mkdir "$dir"
		cd "$dir" || exit
		"$@" >"$dir.log" 2>&1 </dev/null
		touch "$dir/.complete"
	) 9>"$dir.lock"
}

# mirror RELEASE ARCHIVE: where the host's apt gets RELEASE from, or would once it has
# lists; if its sources do not have it, the ARCHIVE beside what they do have.
mirror() {
	local site
	# shellcheck disable=SC2016 # apt's own variables
	site=$({
		apt-get indextargets --no-release-info --format '$(RELEASE) $(SITE)' 'Created-By: Packages'
		# sources that say "stable"
		apt-get indextargets --format '$(CODENAME) $(SITE)' 'Created-By: Packages'
	} | awk -v r="$1" -v archive="$2" '
		$1 == r && !seen++ { print $2 }
		{ other = $2 }
		END { if (!seen && sub("/[^/]+/*$", "/" archive, other)) print other }')
	[ -n "$site" ] || die "apt has no sources"
	echo "$site"
}
