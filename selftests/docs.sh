#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Does the README tell every counter, reason, line of /proc, command and parameter, in
# the words of the source? docs.sh --table counters|reasons|parameters prints a table
# as the README should have it.
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/lib.sh"

top=$selftests/..
readme=$top/README.md

counters() { sed -nE 's/^COUNTER\([A-Z_0-9]+,\s*"([^"]+)",\s*"([^"]+)",\s*"([^"]+)"\)$/| `\1` | \2 | \3 |/p' "$top/include/postern/counters.inc"; }
reasons() { sed -nE 's/^(RPC_|SMTP_)?REASON\([A-Z_0-9]+,\s*"([^"]+)",\s*"([^"]+)"\)$/| `\2` | \3 |/p' "$top/include/postern/reasons.inc"; }
parameters() { sed -nE 's/^MODULE_PARM_DESC\(([a-z_]+), "(.*)"\);$/| `\1` | \2 |/p' "$top"/kmod/*.c | sort; }
# The words that begin a line of status: 13 characters with their blanks.
status_lines() {
	{
		grep -oE '"[A-Za-z][A-Za-z ]{11} ' "$top/kmod/proc.c" | tr -d '"'
		grep -oE 'show_top\(m, "[a-z]+"|\? "" : "[a-z]+"' "$top/kmod/proc.c" | grep -oE '"[a-z]+"' | tr -d '"'
	} | sed 's/ *$//' | sort -u
}
commands() { sed -nE 's/^.*\.name = "([a-z]+)".*/\1/p' "$top/tools/postern.c"; }

case ${1:-} in
--table) "${2:?}" && exit ;;
esac
if [ ! -e "$readme" ] || [ ! -d "$top/kmod" ]; then ktap_skip_all "not in the source tree"; fi

# table HEADING: the rows under it in the README
table() {
	awk -v h="$1" '/^#/ { on = $0 ~ h "$" } on && /^\| `/' "$readme"
}
# understood PART COUNT: does PART find all that the source has, however it is written?
understood() { [ "$("$1" | wc -l)" = "$2" ]; }
status_told() {
	local line missing=0 n=0
	while IFS= read -r line; do
		n=$((n + 1))
		grep -qF "| \`$line\` |" "$readme" || { echo "not in README.md: $line" && missing=1; }
	done < <(status_lines)
	[ "$n" -ge 12 ] || { echo "only $n lines found in proc.c" && missing=1; }
	return "$missing"
}
commands_told() {
	local c missing=0 n=0
	for c in $(commands); do
		n=$((n + 1))
		case $c in help | completion) continue ;; esac
		grep -qE "postern $c\b" "$readme" || { echo "not in README.md: postern $c" && missing=1; }
	done
	[ "$n" -ge 10 ] || { echo "only $n commands found" && missing=1; }
	return "$missing"
}
manual_told() {
	local c missing=0
	for c in $(commands); do
		grep -qE "^\.(B|BI|SS|TP|BR)?.*\b$c\b" "$top/tools/postern.8" || { echo "not in postern.8: $c" && missing=1; }
	done
	return "$missing"
}
# commands of SMTP, of the policy's language
verbs() { sed -n 's/^SMTP_VERB([^"]*"\([^"]*\)".*/\1/p' "$top/include/postern/smtp_verbs.inc"; }
verbs_told() {
	local v missing=0 text
	text=$(sed -n '/^\.BI "deny commands/,/^\.TP/p' "$top/tools/postern.conf.5" | sed 's/\\-/-/g')
	for v in $(verbs); do
		grep -qE "(^| )$v([,. ]|$)" <<<"$text" || { echo "not in postern.conf.5: $v" && missing=1; }
	done
	return "$missing"
}
version_told() { grep -qF "version $(<"$top/VERSION")" "$readme"; }
files_exist() {
	local f missing=0
	while read -r f; do
		[ -e "$top/$f" ] || [ "$f" = tools/postern ] || { echo "README.md names $f" && missing=1; }
	done < <(grep -oE '(examples|docs|tools)/[a-z0-9.-]+[a-z]' "$readme" | sort -u)
	return "$missing"
}
# The README's policies are the indented paragraphs with a zone.
policies_right() {
	local dir rc=0 n
	dir=$(mktemp -d)
	awk -v dir="$dir" '/^$/ && prev !~ /^    / || /^[^ ]/ { part++ }
		/^    / { print substr($0, 5) >(dir "/" part ".conf") } { if (!/^$/) prev = $0 }' "$readme"
	echo 192.0.2.0/28 >"$dir/drop.txt"
	n=$(grep -l '^zone ' "$dir"/*.conf | wc -l)
	[ "$n" = 2 ] || { echo "$n policies found" && rc=1; }
	while read -r f; do
		"$top/tools/postern" check "$f" || { cat "$f" && rc=1; }
	done < <(grep -l '^zone ' "$dir"/*.conf)
	rm -r "$dir"
	return "$rc"
}
# What anybody may open is limited, and so is the mail that a server sends to anybody, in
# the policies that people begin with.
open_to_all() {
	{
		grep '^    ' "$readme"
		sed -n '/^.SH EXAMPLES/,$p' "$top/tools/postern.conf.5"
		cat "$top"/examples/*.conf
	} | grep -E '^ *allow +((internet|any) +-> .*:|[a-z-]+ +-> +internet +: .*smtp)' | grep -vE ': +ping$'
}
limited() {
	local n
	n=$(open_to_all | wc -l)
	[ "$n" -ge 10 ] || { echo "only $n rules found" && return 1; }
	! open_to_all | grep -v ' limit '
}

ktap_plan 15
check "the list of counters is understood" \
	understood counters "$(grep -c '^COUNTER(' "$top/include/postern/counters.inc")"
check_equal "every counter" "$(counters)" "$(table 'postern.counters')"
check "the list of reasons is understood" \
	understood reasons "$(grep -Ec '^(RPC_|SMTP_)?REASON\(' "$top/include/postern/reasons.inc")"
check_equal "every reason" "$(reasons)" "$(table Reasons)"
check "the parameters are understood" understood parameters "$(cat "$top"/kmod/*.c | grep -c '^module_param')"
check_equal "every parameter of the module" "$(parameters)" "$(table 'Parameters of the module')"
check "every line of status" status_told
check "every command" commands_told
check "every command in the manual page" manual_told
check "the list of SMTP commands is understood" \
	understood verbs "$(grep -c '^SMTP_VERB(' "$top/include/postern/smtp_verbs.inc")"
check "every command of SMTP in the manual page" verbs_told
check "the version" version_told
check "every file that is named" files_exist
check "every policy in it is right" policies_right
check "what is open to the Internet is limited, there and in the examples" limited
ktap_done
