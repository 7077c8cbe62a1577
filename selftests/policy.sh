#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The policy language: what it refuses and where, what it warns of, and what right
# policies become. Needs neither root nor the module.
#
# A case of policy/*.cases is a name, the files, and what 'postern check policy' has
# to print and return, byte for byte:
#
#	=== NAME
#	--- policy | file PATH		the lines that follow go into that file;
#	--- printf policy | ...		the same, by printf's %b and without a last newline
#	--- status N
#	--- stdout			absent: nothing
#	--- stderr			absent: nothing
set -eu
. "$(dirname "$(readlink -f "$0")")/lib.sh"

command -v postern >/dev/null || ktap_skip_all "the tool is not built: make -C tools"

scratch

# ---- cases from files

# begin NAME: an empty folder for the next case
begin() {
	case_name=$1 case_status='' case_stdout='' case_stderr=''
	rm -rf "$dir/case"
	mkdir "$dir/case"
}

# section HEAD TEXT: one "---" of a case
section() {
	local head=$1 text=$2 format=%s
	case $head in
	status\ *) case_status=${head#status } && return ;;
	stdout) case_stdout=$text && return ;;
	stderr) case_stderr=$text && return ;;
	printf\ *) head=${head#printf } format=%b text=${text%$'\n'} ;;
	esac
	head=${head#file }
	mkdir -p "$dir/case/$(dirname "$head")"
	# shellcheck disable=SC2059 # it is %s or %b
	printf "$format" "$text" >"$dir/case/$head"
}

# run_postern WORD...: leaves $out, $err and $rc
run_postern() {
	rc=0
	(cd "$dir/case" && postern "$@") >"$dir/out" 2>"$dir/err" || rc=$?
	out=$(cat "$dir/out" && echo .) err=$(cat "$dir/err" && echo .)
	out=${out%.} err=${err%.}
}

# exactly NAME STATUS STDOUT STDERR: of the last run_postern
exactly() {
	if [ "$rc" = "$2" ] && [ "$out" = "$3" ] && [ "$err" = "$4" ]; then
		ktap_ok "$1"
	else
		ktap_fail "$1" "expected status $2"$'\n'"$3$4""seen status $rc"$'\n'"$out$err"
	fi
}

finish() {
	local first
	[ -n "$case_name" ] || return 0
	# shellcheck disable=SC2086 # options are words
	run_postern check $options policy
	exactly "$group: $case_name" "$case_status" "$case_stdout" "$case_stderr"
	[ -n "$options" ] || return 0
	# The canonical text is its own canonical text.
	first=$out
	run_postern check --config - <<<"${first%$'\n'}"
	exactly "$group: $case_name, again" 0 "$first" ''
}

# cases FILE [OPTION...]: run what FILE describes
cases() {
	local line head='' text=''
	group=${1%.cases} options=${2:-}
	case_name=''
	while IFS= read -r line; do
		case $line in
		'=== '* | '--- '*)
			[ -z "$head" ] || section "$head" "$text"
			head='' text=''
			;;&
		'=== '*)
			finish
			begin "${line#=== }"
			;;
		'--- '*) head=${line#--- } ;;
		*) text+=$line$'\n' ;;
		esac
	done <"$selftests/policy/$1"
	[ -z "$head" ] || section "$head" "$text"
	finish
}

# ---- cases that are made

# refuses NAME STDERR: 'check policy' fails with just this
refuses() {
	run_postern check policy
	exactly "$1" 1 '' "$2"$'\n'
}

# accepts NAME: 'check policy' is silent
accepts() {
	run_postern check policy
	exactly "$1" 0 "$out" ''
}

# A million lines, one of them bad.
million() {
	begin million
	echo 'hosts listed { file "list" }' >"$dir/case/policy"
	awk 'BEGIN {
		for (i = 0; i < 1000000; i++) {
			n = i * 7919 % 1048576
			printf "%d.%d.%d.%d/28\n", 16 + n / 65536, n / 256 % 256, n % 256, i % 16 * 16
		}
	}' >"$dir/case/list"
	accepts "a list of a million lines"
	sed -i '654321s/.*/10.20.30.40\/28 ; a typing error/' "$dir/case/list"
	refuses "a bad line among a million" "list:654321:1: error: '10.20.30.40/28' has bits set beyond its prefix length; did you mean 10.20.30.32/28?
10.20.30.40/28 ; a typing error
^~~~~~~~~~~~~~"
}

# A list in no order, with ranges that repeat and overlap, is printed as another program
# orders and joins it.
ordered() {
	begin ordered
	printf '%s\n' 'zone a { eth0 }' 'hosts h in a { file "list" }' \
		'allow h -> any : smtp' >"$dir/case/policy"
	python3 -B - "$dir/case/list" >"$dir/case/expected" <<-'END'
		import ipaddress, random, sys
		r = random.Random(1)
		nets = []
		for bits, base in ((32, 11 << 24), (128, 0x20010db8 << 96)):
		    for i in range(5000):
		        # spread over each of the bytes, some of them often the same
		        length = r.randrange(bits // 2 - 2, bits + 1)
		        addr = base | (r.getrandbits(bits) & (1 << r.randrange(8, bits * 3 // 4)) - 1)
		        addr = addr >> (bits - length) << (bits - length)
		        nets.append(ipaddress.ip_network((addr, length)))
		nets += nets[:500]
		r.shuffle(nets)
		with open(sys.argv[1], "w") as out:
		    out.writelines("%s\n" % net for net in nets)
		for version in 4, 6:
		    ranges = []
		    for net in sorted((n for n in nets if n.version == version),
		                      key=lambda n: int(n[0])):
		        if ranges and net[0] <= ranges[-1][1]:
		            ranges[-1][1] = max(ranges[-1][1], net[-1])
		        else:
		            ranges.append([net[0], net[-1]])
		    for lo, hi in ranges:
		        print("%d %d" % (lo, hi))
	END
	postern check --config "$dir/case/policy" |
		sed -n '/^hosts h/,/^}/s/^\t\([^,]*\),*$/\1/p' | python3 -B -c '
import ipaddress, sys
for word in sys.stdin.read().split():
    lo, _, hi = word.partition("-")
    net = ipaddress.ip_network(lo)
    print("%d %d" % (net[0], ipaddress.ip_address(hi) if hi else net[-1]))' >"$dir/case/seen"
	check "more than a thousand ranges" test "$(wc -l <"$dir/case/expected")" -gt 1000
	check "a list in no order" cmp "$dir/case/expected" "$dir/case/seen"
}

nesting() {
	local i
	begin nesting
	{
		echo 'hosts h0 { 192.0.2.1 }'
		for ((i = 1; i <= 64; i++)); do
			echo "hosts h$i { h$((i - 1)) }"
		done
	} >"$dir/case/policy"
	refuses "hosts nested too deep, from below" "policy:65:13: error: hosts are nested more than 64 deep.
hosts h64 { h63 }
            ^~~"
	sed -i 65d "$dir/case/policy"
	accepts "hosts nested just deep enough"
	{
		for ((i = 70; i > 0; i--)); do
			echo "service s$i = s$((i - 1))"
		done
		echo 'service s0 = tcp 1'
	} >"$dir/case/policy"
	run_postern check policy
	case $rc/$err in
	1/*'error: services are nested more than 64 deep.'*) ktap_ok "services nested too deep, from above" ;;
	*) ktap_fail "services nested too deep, from above" "$err" ;;
	esac
	# Every set names the one below twice: 2^60 ways down, and still no time at all.
	{
		echo 'hosts h0 { 192.0.2.1 }'
		echo 'service s0 = tcp 1'
		for ((i = 1; i <= 60; i++)); do
			echo "hosts h$i { h$((i - 1)), h$((i - 1)) }"
			echo "service s$i = { s$((i - 1)), s$((i - 1)) }"
		done
		echo 'allow h60 -> any : s60'
		echo 'allow h59 -> any : s59'
	} >"$dir/case/policy"
	run_postern check policy
	case $rc/$err in
	0/*'policy:124:1: warning: this rule never matches: that at policy:123 comes first and covers it.'*)
		ktap_ok "sets that share their members"
		;;
	*) ktap_fail "sets that share their members" "$rc $err" ;;
	esac
}

include_chain() {
	local i
	begin chain
	echo 'include "f1"' >"$dir/case/policy"
	for ((i = 1; i <= 17; i++)); do
		echo "include \"f$((i + 1))\"" >"$dir/case/f$i"
	done
	echo 'zone a { eth0 }' >"$dir/case/f17"
	refuses "files included too deep" 'f16:1:9: error: files are included more than 16 deep.
include "f17"
        ^~~~~'
	mv "$dir/case/f17" "$dir/case/f16"
	accepts "files included just deep enough"
}

# interfaces N...: services of so many RPC interfaces each
interfaces() {
	local n i s=0
	for n; do
		s=$((s + 1))
		printf 'service s%d = rpc { ' "$s"
		for ((i = 1; i <= n; i++)); do
			printf '%08x-0000-0000-0000-000000000000 version 1, ' "$i"
		done
		echo '}'
	done
}

bounds() {
	local i long
	begin bounds
	for ((i = 1; i <= 61; i++)); do
		echo "zone z$i { tun$i }"
	done >"$dir/case/policy"
	refuses "too many zones" 'policy:61:6: error: a policy has at most 60 zones.
zone z61 { tun61 }
     ^~~'
	for ((i = 1; i <= 61; i++)); do
		printf 'limit l%d { open 5 per source }\nallow any -> 192.0.2.%d : smtp limit l%d\n' "$i" "$i" "$i"
	done >"$dir/case/policy"
	refuses "too many limits" 'policy:121:7: error: a policy has at most 60 limits.
limit l61 { open 5 per source }
      ^~~'
	sed -i '$d' "$dir/case/policy"
	sed -i '$d' "$dir/case/policy"
	accepts "as many limits as there may be"
	for ((i = 1; i <= 61; i++)); do
		printf 'inspect i%d { observe }\nallow any -> 192.0.2.%d : smtp inspect i%d\n' "$i" "$i" "$i"
	done >"$dir/case/policy"
	refuses "too many inspects" 'policy:121:9: error: a policy has at most 60 inspects.
inspect i61 { observe }
        ^~~'
	sed -i '$d' "$dir/case/policy"
	sed -i '$d' "$dir/case/policy"
	accepts "as many inspects as there may be"
	# 2900 domains of 10 bytes with their ends, one a line
	{
		printf 'inspect i { relay d0001.org'
		for ((i = 2; i <= 2900; i++)); do
			printf ',\nd%04d.org' "$i"
		done
		printf ' }\nallow any -> any : smtp inspect i\n'
	} >"$dir/case/policy"
	accepts "as many domains as there may be"
	sed -i '2900s/ }/,\na }/' "$dir/case/policy"
	refuses "too many domains" 'policy:2901:1: error: these are too many domains; in all they have at most 29000 bytes.
a }
^'
	{
		printf 'zone a { eth0'
		for ((i = 1; i <= 64; i++)); do
			printf ', eth%d' "$i"
		done
		echo ' }'
	} >"$dir/case/policy"
	run_postern check policy
	case $rc/$err in
	1/"policy:1:1: error: zone 'a' has 65 interfaces, and 64 is the most; a pattern like eth* names many."*)
		ktap_ok "too many interfaces"
		;;
	*) ktap_fail "too many interfaces" "$err" ;;
	esac
	{
		printf 'allow { any'
		for ((i = 0; i < 250; i++)); do
			printf ', 10.0.0.%d' "$i"
		done
		echo ' } -> any'
	} >"$dir/case/policy"
	run_postern check policy
	case $rc/$err in
	1/'policy:1:1: error: the rule is longer than 1023 bytes; name its hosts and services elsewhere.'*)
		ktap_ok "rule too long"
		;;
	*) ktap_fail "rule too long" "$err" ;;
	esac
	{
		printf 'service s = udp { 1'
		for ((i = 3; i <= 8001; i += 2)); do
			printf ', %d' "$i"
		done
		echo ' }'
	} >"$dir/case/policy"
	run_postern check policy
	case $rc/$err in
	1/"policy:1:9: error: service 's' is too long; split it into several."*) ktap_ok "service too long" ;;
	*) ktap_fail "service too long" "$err" ;;
	esac
	# 32 bytes each, of which an object has room for so many
	interfaces 924 >"$dir/case/policy"
	accepts "a service of as many RPC interfaces as there may be"
	interfaces 926 >"$dir/case/policy"
	run_postern check policy
	case $rc/$err in
	1/"policy:1:9: error: service 's1' is too long; split it into several."*) ktap_ok "too many RPC interfaces in a service" ;;
	*) ktap_fail "too many RPC interfaces in a service" "$err" ;;
	esac
	interfaces 910 910 910 910 910 910 910 910 910 2 >"$dir/case/policy"
	accepts "as many RPC interfaces as there may be"
	interfaces 910 910 910 910 910 910 910 910 910 3 >"$dir/case/policy"
	refuses "too many RPC interfaces" "policy: error: the policy has 8193 RPC interfaces, and 8192 is the most."
	long=$(printf '%300s' '')
	printf 'hosts a {%s192.0.2.300%s}\n' "$long" "$long" >"$dir/case/policy"
	long=${long:0:80}
	refuses "only a piece of a long line is shown" "policy:1:310: error: '192.0.2.300' is not an IPv4 or IPv6 address.
...${long}192.0.2.300${long:0:69}...
   $long^~~~~~~~~~~"
	for ((i = 1; i <= 1500; i++)); do
		echo nonsense
	done >"$dir/case/policy"
	run_postern check policy
	check_equal "so many errors are told" '1000 error: and 500 more like these.' \
		"$(grep -c error: <<<"$err") error: $(tail -n 1 <<<"${err%$'\n'}" | cut -d ' ' -f 2-)"
	: >"$dir/case/policy"
	for ((i = 1; i <= 256; i++)); do
		echo "include \"f$i\"" >>"$dir/case/policy"
		echo "hosts h$i { 192.0.2.1 }" >"$dir/case/f$i"
	done
	refuses "too many files" 'policy:256:9: error: a policy has at most 256 files.
include "f256"
        ^~~~~~'
}

# ---- the tool around it

# The catalogue as 'show interfaces' prints it, from its source.
catalogue() {
	sed -nE 's/^INTERFACE\("([^"]+)", (.{8}), (.{4}), (.{4}), (.{4}), (.{12}), ([0-9]+), ([0-9]+), "(.*)"\)$/\1 \2-\3-\4-\5-\6 \7 \8 \9/p' \
		"$selftests/../include/postern/interfaces.inc" |
		while read -r name uuid major minor note; do
			printf '%-20s %s %2u.%-2u  %s\n' "$name" "$uuid" "$major" "$minor" "$note"
		done
}

tool() {
	begin tool
	echo 'allow any -> nowhere' >"$dir/case/policy"
	run_postern check - <"$dir/case/policy"
	exactly "standard input has a name" 1 '' "<stdin>:1:14: error: there is no zone and there are no hosts 'nowhere'.
allow any -> nowhere
             ^~~~~~~
"
	run_postern --json check policy
	check_equal "errors as JSON" '1 {"messages":[{"severity":"error","file":"policy","line":1,"column":14,"message":"thereisnozoneandtherearenohosts'"'nowhere'"'."}],"errors":1,"warnings":0}' \
		"$rc $(tr -d ' \n' <<<"$out")$err"
	run_postern --color=always check policy
	check_equal "errors in colour" 1 "$(grep -c $'\033\\[1;31merror:\033\\[0m there' <<<"$err")"
	run_postern check missing
	exactly "a policy that is not there" 1 '' 'missing: error: cannot read it: No such file or directory.
'
	run_postern chekc policy
	exactly "a command that is misspelt" 1 '' "postern: there is no command 'chekc'; did you mean 'check'?
"
	run_postern check
	exactly "a word too few" 1 '' 'postern: usage: postern check [--config] FILE|-
'
	run_postern check --frob policy
	exactly "an option that is not there" 1 '' "postern: 'check' has no option '--frob'; see 'postern help check'.
"
	if [ -e "$selftests/../include/postern/interfaces.inc" ]; then
		run_postern show interfaces
		exactly "the catalogue of RPC interfaces" 0 "$(catalogue)"$'\n' ''
		run_postern --json show interfaces
		check_equal "the catalogue as JSON" "$(catalogue | wc -l) $(catalogue | wc -l) 1" \
			"$(grep -c '"name":' <<<"$out") $(grep -c '"note":' <<<"$out") $(grep -c '"uuid": "a4f1db00-ca47-1067-b31f-00dd010662da"' <<<"$out")"
	fi
	run_postern load --confirm 0 policy
	exactly "a time to confirm that is none" 1 '' 'postern: --confirm needs a number of seconds, from 1 to 86400.
'
	run_postern load policy
	check_equal "load refuses what check refuses" 1 "$rc"
	run_postern help load
	check_equal "help of a command" 0/1 "$rc/$(grep -c -- '--keep-flows' <<<"$out")"
	if [ -e /proc/net/postern ]; then
		ktap_skip "without the module" "it is loaded"
	else
		run_postern status
		exactly "without the module" 3 '' 'postern: the postern module is not loaded: modprobe postern (or insmod postern.ko).
'
	fi
	check "the bash completion is bash" bash -n <(postern completion bash)
	check_equal "it completes a command" 'check' \
		"$(bash -c '. <(postern completion bash); COMP_WORDS=(postern ch) COMP_CWORD=1; _postern; echo "${COMPREPLY[*]}"')"
	check_equal "it completes an option" '--confirm --keep-flows --dry-run --json --color --help' \
		"$(bash -c '. <(postern completion bash); COMP_WORDS=(postern load --) COMP_CWORD=2; _postern; echo "${COMPREPLY[*]}"')"
	if [ -d "$selftests/../examples" ]; then
		local file
		for file in "$selftests"/../examples/*.conf; do
			run_postern check "$file"
			exactly "the shipped ${file##*/}" 0 "$out" ''
		done
	fi
}

ktap_plan ''
cases wrong.cases
cases warnings.cases
cases right.cases --config
million
ordered
nesting
include_chain
bounds
tool
ktap_done
