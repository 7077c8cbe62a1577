#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# sources.sh [GROUP...]: what people do with limits. Bans of prefixes hold for all of
# a prefix and for nothing else; who connects, is refused or banned is shown, and
# forgotten on demand; known senders and bans outlive the module in a file.
#
#	groups: prefixes ending flows many ssh list shown events told restart hostile wrong_words
#	foreign
set -eu
. "$(dirname "$(readlink -f "$0")")/lib.sh"
. "$selftests/limits/lib.sh"
needs python3 setpriv
postern_ready
ktap_plan ''
topology_up
scratch
chmod 755 "$dir"

ban() { at router postern ban "$@"; }
bans() { ban list --json | of 'len(d["bans"])'; }
# of EXPRESSION: of the JSON that comes in, d
of() { python3 -c 'import json, sys; d = json.load(sys.stdin); print(eval(sys.argv[1]))' "$1"; }
# source_of ADDRESS EXPRESSION: of what is shown of it, s
source_of() {
	at router postern --json sources show "$1" |
		of "[$2 for s in d['sources'] if s['level'] == 'source'][0]"
}
lifted() { [ "$(bans)" = 0 ]; }
# nobody COMMAND...: on the router, without any right
nobody() {
	at router setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all "$@"
}
open_policy() { fresh "rate 1000/second per source"; }

# ---- groups

prefixes() {
	open_policy
	check "a prefix is banned" prints "1 prefix banned for good." ban add 203.0.113.0/30
	check_equal "who is in it begins nothing" silence "$(connects --wait 1)"
	check "which has its reason" test "$(dropped banned)" -ge 1
	check_equal "its neighbour does" ok "$(connects --source 203.0.113.25)"
	check_equal "so do others" ok "$(connects --source 198.51.100.7)"
	check_equal "and the same machine by IPv6" ok "$(connects6)"
	ban add 2001:db8:0:1::2/127 >/dev/null
	check_equal "until that is banned" silence "$(connects6 --wait 1)"
	check_equal "with its neighbour" ok "$(connects6 --source 2001:db8:0:1::25)"
	check_equal "and without others" ok "$(connects6 --source 2001:db8:77::7)"
	check_not "both are hit" prints "never hit" ban list
	open_policy
	check_equal "a ban is under the next policy, too" silence "$(connects --wait 1)"
	check "what is not banned cannot be ended" prints "1 of these prefixes was not banned." \
		ban del 203.0.113.0/30 203.0.113.0/29
	check_equal "what is can" ok "$(connects)"
	check_equal "one is left" 1 "$(bans)"
	ban del 2001:db8:0:1::2/127 >/dev/null
	check_equal "and then none" "ok 0" "$(connects6) $(bans)"
	ban add 0.0.0.0/0 >/dev/null
	check_equal "all of IPv4 can be banned" "silence ok" "$(connects --wait 1) $(connects6)"
	ban del 0.0.0.0/0 >/dev/null
}

ending() {
	open_policy
	ban add 203.0.113.2 --for 2s >/dev/null
	check_equal "a short ban" silence "$(connects --wait 1)"
	check "ends by itself" busywait 20 greeted
	check "and leaves the list" busywait 20 lifted
}
greeted() { [ "$(connects --wait 3)" = ok ]; }

flows() {
	open_policy
	holds 1
	own=$holder
	mv "$dir/held" "$dir/held.first"
	holds 1 --source 203.0.113.25
	check_equal "two connections" "ok ok" "$(cat "$dir/held.first" "$dir/held" | tr '\n' ' ' | sed 's/ *$//')"
	ban add 203.0.113.0/30 >/dev/null
	at router postern reset >/dev/null
	released
	check "that of the neighbour goes on" busywait 20 some accepted
	check_equal "undisturbed" 0 "$(drops)"
	kill "$own"
	check "that of the banned has ended" busywait 20 dropped_some
	ban del 203.0.113.0/30 >/dev/null
}
some() { [ "$(counter "$1")" -gt 0 ]; }
drops() { awk '/^drop-/ { sum += $2 } END { print sum }' < <(at router cat /proc/net/postern/counters); }
dropped_some() { [ "$(drops)" -gt 0 ]; }

many() {
	local ms began
	open_policy
	python3 -c '
for i in range(90000):
    print(f"10.{i >> 16}.{i >> 8 & 255}.{i & 255} ; listed")
print("# and of IPv6")
for i in range(9999):
    print(f"2001:db8:{i:x}::/48")
print("203.0.113.0/30")' >"$dir/many"
	sed '50000s/.*/10.0.0.1\/24/' "$dir/many" >"$dir/bad"
	run ban add --file "$dir/bad"
	expect "a bad line among 100,000" 1 err "$dir/bad:50000:1: error: "
	check "is shown" grep -qF '10.0.0.1/24' "$dir/err"
	check "with a caret" grep -qE '^ *\^~+$' "$dir/err"
	check "and with what may be meant" grep -qF '10.0.0.0/24' "$dir/err"
	check_equal "bans nobody" "0 ok" "$(bans) $(connects)"
	began=${EPOCHREALTIME/[.,]/}
	run ban add --file "$dir/many" --for 1h --comment "a list"
	ms=$(((${EPOCHREALTIME/[.,]/} - began) / 1000))
	expect "100,000 prefixes" 0 out "100000 prefixes banned"
	echo "# figure: 100,000 prefixes were banned in one transaction in $ms ms"
	if [ "${POSTERN_KERNEL:-}" = uml ]; then check "within 1 s" test "$ms" -le 1000; fi
	check_equal "are all there" 100000 "$(bans)"
	check_equal "and ban" "silence ok" "$(connects --wait 1) $(connects --source 203.0.113.25)"
	run ban add --file - --for 2h <"$dir/many"
	expect "they may come again" 0 out "100000 prefixes banned"
	check_equal "and are as many" 100000 "$(bans)"
	echo 100001 >/sys/module/postern/parameters/max_bans
	run ban add 198.51.100.0/24 198.51.101.0/24
	echo 1048576 >/sys/module/postern/parameters/max_bans
	expect "more than there is room for" 2 err "parameter max_bans"
	check_equal "are none of them banned" 100000 "$(bans)"
	run ban del --file "$dir/many"
	expect "all of them end" 0 out "100000 bans ended."
	check_equal "and nobody is banned" "0 ok" "$(bans) $(connects)"
	printf '# nobody\n\n' >"$dir/none"
	run ban add --file "$dir/none"
	expect "a file may be empty" 0 out "0 prefixes"
}

ssh() {
	local over="203.0.113.2 4000 192.0.2.1 22"
	rc=0
	SSH_CONNECTION=$over at router postern ban add 198.51.100.7 203.0.113.0/24 \
		>"$dir/out" 2>"$dir/err" || rc=$?
	expect "one's own connection is not banned" 1 err "--force"
	check_equal "nor what came with it" 0 "$(bans)"
	check "others are" env SSH_CONNECTION="$over" nsenter --net="/run/netns/$(ns router)" \
		postern ban add 198.51.100.7
	check "nor is oneself, by force" env SSH_CONNECTION="$over" nsenter --net="/run/netns/$(ns router)" \
		postern ban add 203.0.113.0/24 --force
	ban del 198.51.100.7 203.0.113.0/24 >/dev/null
}

list() {
	ban add 2001:db8::/32 203.0.113.9 10.0.0.0/8 --for 1h --comment "from the desk" >/dev/null
	ban add 9.9.9.0/24 >/dev/null
	check_equal "bans are in the order of their addresses" \
		"9.9.9.0/24 10.0.0.0/8 203.0.113.9 2001:db8::/32" "$(ban list | awk '{ print $1 }' | tr '\n' ' ' | sed 's/ *$//')"
	check "one for good says so" prints "for good" ban list
	check_equal "each says how long yet" True \
		"$(ban list --json | of 'all(0 < b["banned-ms"] <= 3600000 for b in d["bans"][1:])')"
	check_equal "and its comment" "from the desk" "$(ban list --json | of 'd["bans"][1]["comment"]')"
	ban del 2001:db8::/32 203.0.113.9 10.0.0.0/8 9.9.9.0/24 >/dev/null
}

shown() {
	fresh "rate 1/minute burst 2 per source" "rate 100/minute per network" "ban 1h after 2 refusals in 1m"
	holds 1 --source 203.0.113.25
	check_equal "one is banned" "ok ok reset reset" "$(connects --times 4)"
	connects6 >/dev/null
	check_equal "he comes first" 203.0.113.2 "$(at router postern sources | awk 'NR == 2 { print $1 }')"
	check_equal "then who has most open" 203.0.113.25 \
		"$(at router postern sources --json | of '[s["source"] for s in d["sources"] if s["level"] == "source"][1]')"
	check_equal "his account" "banned 0 2 2 limit-rate 2" \
		"$(source_of 203.0.113.2 'str.join(" ", (s["state"], str(s["open"]), str(s["accepted"]), str(s["refused"]), s["why"], str(s["burst-used"])))')"
	check_equal "an open one" "open 1 1 0" \
		"$(source_of 203.0.113.25 'str.join(" ", (s["state"], str(s["open"]), str(s["accepted"]), str(s["refused"])))')"
	check_equal "an IPv6 source is a /64" 2001:db8:0:1::/64 "$(source_of 2001:db8:0:1::2 's["source"]')"
	check_equal "a network has those in it" "203.0.113.0/24 3" \
		"$(at router postern sources show 203.0.113.77 --json | of '[s["source"] + " " + str(s["accepted"]) for s in d["sources"]][0]')"
	check_equal "the first of them alone" 1 "$(at router postern sources --top 1 --json | of 'len(d["sources"])')"
	check "and how many more" prints "and 4 more." at router postern sources --top 1
	ban add 198.51.100.0/24 --comment reported >/dev/null
	check "a ban of his prefix is told of an address" \
		prints "banned by 'postern ban' with 198.51.100.0/24: reported" at router postern sources show 198.51.100.7
	ban del 198.51.100.0/24 >/dev/null
	check "of others nothing is known" prints "Nothing is known of 198.51.100.7." at router postern sources show 198.51.100.7
	run sources --limit "in$number"
	expect "those of one limit" 0 out 203.0.113.2
	run sources --limit other
	expect "or of none" 1 err "'other'"
	check "/proc has the ten" grep -qE "^203.0.113.2/32 in$number 0 2 2 limit-rate banned 3[0-9]*\$" \
		<(at router cat /proc/net/postern/sources)
	check "and how full it is" grep -qE '^sources +5 of 1024 \(0%\), evicted [0-9]+$' <(at router cat /proc/net/postern/sources)
	check "status has it" prints "5 of 1024 known" at router postern status
	check "/proc's too" grep -qE '^limits +sources 5 of 1024, under attack 0$' <(at router cat /proc/net/postern/status)
	run reset sources 203.0.113.2 --limit "in$number"
	expect "he is forgotten, with his network" 0 out "2 sources forgotten."
	check_equal "and gets in" ok "$(connects)"
	run reset sources
	expect "all are" 0 out "sources forgotten."
	check_equal "but those who have connections open" "open 1 0" \
		"$(source_of 203.0.113.25 'str.join(" ", (s["state"], str(s["open"]), str(s["accepted"])))')"
	released
}

events() {
	monitor
	busywait 20 listens
	fresh "half-open 5" "rate 1/minute burst 1 per source" "ban 2s after 1 refusals in 1m"
	connects --times 2 >/dev/null
	check "a ban is told" busywait 20 hear '"ban"' '203.0.113.2"' "\"in$number\""
	check_not "which is no attack" hear '"attack"'
	check "its end is" busywait 40 hear '"unban"' '203.0.113.2"'
	forges "$mail" 25 --from 198.18.0.0/16 --count 100
	check "an attack is told" busywait 20 hear '"attack"' "\"in$number\""
	check "status says it, too" prints "attack     on in$number" at router postern status
	check "and /proc" grep -qE "^limits +in$number: half open 5 of 5, under attack" <(at router cat /proc/net/postern/sources)
	fresh "half-open 5"
	check "with the limit it is over" busywait 20 hear '"attack-over"'
	check_not "also in status" prints "attack  " at router postern status
	unheard
	forges "$mail" 25 --from 198.18.0.0/16 --count 100
	check "an attack on the next limit is told" busywait 20 hear '"attack"' "\"in$number\""
	check "the end of the attack is told" busywait 60 hear '"attack-over"' "\"in$number\""
}

# told: what 'postern ban' does is told, too, each prefix, but not each of a list
told() {
	local i
	monitor
	busywait 20 listens
	ban add 203.0.113.0/30 2001:db8:77::/48 --for 2s --comment "a test" >/dev/null
	check "a ban of a prefix is told" busywait 20 hear '"ban"' '"203.0.113.0/30"' '"banned-ms":' '"a test"'
	check "each of them is" busywait 20 hear '"ban"' '"2001:db8:77::/48"'
	check "its end by time is" busywait 40 hear '"unban"' '"203.0.113.0/30"'
	check "of each" busywait 20 hear '"unban"' '"2001:db8:77::/48"'
	check_not "they are of no limit" hear '"limit"'
	unheard
	ban add 198.51.100.0/24 >/dev/null
	check "one for good is told without a time" busywait 20 hear '"ban"' '"198.51.100.0/24"'
	check_not "or comment" hear '"banned-ms"'
	ban del 198.51.100.0/24 10.0.0.0/8 >/dev/null
	check "its end by command is told" busywait 20 hear '"unban"' '"198.51.100.0/24"'
	check_not "of what was not banned none is" hear '10.0.0.0/8'
	unheard
	for i in {1..101}; do echo "10.0.$i.0/24"; done >"$dir/more"
	ban add --file "$dir/more" --for 2s >/dev/null
	check "of a list the number is told" busywait 20 hear '"ban"' '"prefixes":101'
	check "and that of those whose time is over" busywait 40 hear '"unban"' '"prefixes":101'
	check_not "but none of them" hear '10.0.'
	unheard
	head -n 100 "$dir/more" >"$dir/fewer"
	ban add --file "$dir/fewer" >/dev/null
	check "up to 100 are told one by one" busywait 20 heard_each 100 '"ban"'
	ban del --file "$dir/more" >/dev/null
	check "and so are their ends" busywait 20 heard_each 100 '"unban"'
	check_equal "nothing was lost" 0 "$(counter events-lost)"
	spawn router postern monitor >"$dir/people"
	busywait 20 for_people
	check "people read it like that" grep -qE " source banned +10.0.0.0/8 by 'postern ban' for (59|60) min: listed\$" "$dir/people"
	kill "$spawned"
	ban del 10.0.0.0/8 >/dev/null
}
# heard_each N EVENT: so many, each with a prefix
heard_each() { [ "$(tail -n +$((heard + 1)) "$dir/events" | grep -F "$2" | grep -cE '"source":"10\.0\.[0-9]+\.0/24"')" = "$1" ]; }
for_people() {
	ban add 10.0.0.0/8 --for 1h --comment listed && grep -q 'source banned' "$dir/people"
}

# A load is heard once the monitor listens.
listens() { open_policy && hear '"load"'; }

restart() {
	local saved=$dir/saved rules="open 2 per source"
	fresh "half-open 5" "$rules" "ban 1h after 2 refusals in 1m"
	at inet ip addr add 203.0.113.26/25 dev eth0
	connects >/dev/null
	holds 4 --source 203.0.113.25
	check_equal "a banned source" "banned" "$(source_of 203.0.113.25 's["state"]')"
	released
	# one that has a connection open and is forgotten is no known sender
	holds 1 --source 198.51.100.7
	at router postern reset sources 198.51.100.7 >/dev/null
	ban add 198.51.100.0/24 --for 1h --comment "from before" >/dev/null
	ban add 2001:db8:77::/48 >/dev/null
	run save "$saved"
	expect "known senders and bans are saved" 0 out "2 bans, $(sources_in "$saved") sources and 0 endpoints saved."
	run save -
	expect "also to the standard output" 0 out "ban 2001:db8:77::/48 -"
	released
	check_equal "for root only" 600 "$(stat -c %a "$saved")"
	if [ -z "$module_ours" ]; then
		ktap_skip "what was saved comes back" "the module was loaded before"
		return
	fi
	rmmod postern
	module_insert
	load "half-open 5" "$rules" "rate 100/second per source" "ban 1h after 2 refusals in 1m"
	check_equal "a new module knows nobody" "0 0" \
		"$(bans) $(at router postern sources --json | of 'len(d["sources"])')"
	check "and says so" prints "Nobody is banned" at router postern ban list
	run restore "$saved"
	expect "they are restored" 0 out "2 bans, 2 sources and 0 endpoints restored."
	forges "$mail" 25 --from 198.18.0.0/16 --count 100
	check "who is known gets in at once during an attack" quick
	check "who is not must come again" slow --source 203.0.113.26
	check_equal "a banned source is" silence "$(connects --wait 1 --source 203.0.113.25)"
	check_equal "and a banned prefix" "silence silence" \
		"$(connects --wait 1 --source 198.51.100.7) $(connects6 --wait 1 --source 2001:db8:77::7)"
	check_equal "with comment and time" "from before True" \
		"$(ban list --json | of '"{} {}".format(d["bans"][0]["comment"], 3000000 < d["bans"][0]["banned-ms"] <= 3600000)')"
	check_equal "and one for good" False "$(ban list --json | of '"banned-ms" in d["bans"][1]')"
	# as if it were older
	ban del 198.51.100.0/24 >/dev/null
	written 1800 "$saved" >"$dir/older"
	at router postern restore "$dir/older" >/dev/null
	check_equal "what passed meanwhile is gone" True \
		"$(ban list --json | of '1700000 < d["bans"][0]["banned-ms"] <= 1800000')"
	ban del 198.51.100.0/24 >/dev/null
	written 7200 "$saved" >"$dir/older"
	at router postern restore - <"$dir/older" >/dev/null
	check_equal "bans that ended are" 1 "$(bans)"
	at router postern reset sources >/dev/null
	sed "s/in$number/elsewhere/" "$saved" >"$dir/other"
	run restore "$dir/other"
	expect "who was under another limit is left out" 0 out "2 sources were of limits that are not in force."
	ban del 198.51.100.0/24 2001:db8:77::/48 >/dev/null
}
sources_in() { grep -cE '^(source|network) ' "$1"; }
# written AGO FILE: what FILE would be, had it been written AGO seconds before
written() { awk -v ago="$1" 'NR == 1 { $4 -= ago } { print }' "$2"; }

# refuses NAME WHERE TEXT: restore, of the standard input
refuses() {
	cat >"$dir/hostile"
	run restore "$dir/hostile"
	expect "$1" 1 err "$dir/hostile:$2: error: "
	check "$1: why" grep -qF -- "$3" "$dir/err"
	check_equal "$1: nothing is restored" 0 "$(bans)"
}
hostile() {
	local head
	head="postern-known 1 at $(date +%s)"
	refuses "another file" 1:1 "no file of 'postern save'" <<<"zone internet { eth0 }"
	refuses "a later version" 1:15 "version 1" <<<"postern-known 2 at 5"
	refuses "no time" 1:17 "seconds of the epoch" <<<"postern-known 1 on 5"
	refuses "half a line" 3:15 "stands here" <<<"$head"$'\nban 10.0.0.0/8 -\nban 11.0.0.0/8'
	refuses "another word" 2:1 "ban, source, network or endpoint" <<<"$head"$'\nbann 10.0.0.0/8 -'
	refuses "host bits" 2:5 "10.0.0.0/8" <<<"$head"$'\nban 10.0.0.1/8 -'
	refuses "a source that is a prefix" 2:12 "only a ban is of a prefix" <<<"$head"$'\nsource in1 10.0.0.0/8 1 -'
	refuses "a number that is none" 2:21 "how many connections" <<<"$head"$'\nsource in1 10.0.0.1 4294967296 -'
	refuses "a ban that no limit has" 2:23 "how many seconds" <<<"$head"$'\nsource in1 10.0.0.1 1 2592002'
	refuses "more than stands there" 2:25 "nothing more" <<<"$head"$'\nsource in1 10.0.0.1 1 - x'
	refuses "a comment too long" 2:21 "at most 127 bytes" <<<"$head"$'\nban 10.0.0.0/8 3600 '"$(printf %200s x | tr ' ' x)"
	refuses "a comment with control characters" 2:21 "control characters" <<<"$head"$'\nban 10.0.0.0/8 3600 \e[2J'
	refuses "an endpoint at no port" 2:19 "a port" <<<"$head"$'\nendpoint 10.0.0.1 0 12345678-1234-abcd-ef00-01234567cffb 1 60'
	refuses "an interface that is none" 2:25 "the UUID" <<<"$head"$'\nendpoint 10.0.0.1 49152 netlogon 1 60'
	refuses "an endpoint for ever" 2:64 "how many seconds" <<<"$head"$'\nendpoint 10.0.0.1 49152 12345678-1234-abcd-ef00-01234567cffb 1 604801'
	refuses "an endpoint without an end" 2:65 "for ever" <<<"$head"$'\nendpoint 10.0.0.1 49152 12345678-1234-abcd-ef00-01234567cffb 1 -'
	run restore /dev/null
	expect "an empty file" 1 err "empty"
	run restore "$dir/nonexistent"
	expect "none at all" 1 err "$dir/nonexistent"
	head -c 100000 /dev/urandom >"$dir/noise"
	run restore "$dir/noise"
	expect "noise" 1
}

# wrong NAME WORD...: an error of usage
wrong() {
	run "${@:2}"
	expect "$1" 1
	check "$1: why" test -s "$dir/err"
}
wrong_words() {
	wrong "ban needs a verb" ban
	wrong "one that exists" ban remove 10.0.0.1
	wrong "add needs prefixes" ban add
	wrong "del does" ban del
	wrong "list takes none" ban list 10.0.0.1
	wrong "a range is none" ban add 10.0.0.1-10.0.0.9
	wrong "nor a name" ban add example.org
	wrong "nor what is too long" ban add 10.0.0.0/33
	wrong "a time has a unit" ban add 10.0.0.1 --for 1x
	wrong "and a bound" ban add 10.0.0.1 --for 4000d
	wrong "a comment too" ban add 10.0.0.1 --comment "$(printf %128s x)"
	wrong "a file that is not there" ban add --file "$dir/nonexistent"
	run ban add 10.0.0.1/24
	expect "host bits are shown right" 1 err 10.0.0.0/24
	wrong "sources knows two verbs" sources all
	wrong "show needs an address" sources show
	wrong "which is one" sources show nobody
	wrong "top needs a number" sources --top none
	wrong "from 1 on" sources --top 0
	wrong "reset knows one word" reset all
	wrong "and one address" reset sources 10.0.0.0/8
	wrong "save into no folder" save "$dir/nonexistent/file"
	check_equal "nobody was banned" 0 "$(bans)"
}

foreign() {
	local words
	open_policy
	connects >/dev/null
	ban add 10.0.0.0/8 >/dev/null
	for words in "ban list" "ban add 10.0.0.1" "ban del 10.0.0.0/8" "sources" "reset sources" "save -"; do
		# shellcheck disable=SC2086 # words
		check "nobody may: $words" forbidden CAP_NET_ADMIN nobody postern $words
	done
	printf 'postern-known 1 at 5\nban 10.0.0.0/8 -\n' >"$dir/known"
	chmod 644 "$dir/known"
	check "nobody may: restore" forbidden CAP_NET_ADMIN nobody postern restore "$dir/known"
	check_equal "his ban stands" 1 "$(bans)"
	check_equal "another namespace has none" "0 0" \
		"$(at perim postern ban list --json | of 'len(d["bans"])') $(at perim postern sources --json | of 'len(d["sources"])')"
	at perim postern ban add 203.0.113.0/24 >/dev/null
	check_equal "and its own" 1 "$(at perim postern ban list --json | of 'len(d["bans"])')"
	check_equal "which is not ours" "1 ok" "$(bans) $(connects)"
	check_not "nor may nobody read /proc" nobody cat /proc/net/postern/sources
	at perim postern ban del 203.0.113.0/24 >/dev/null
	ban del 10.0.0.0/8 >/dev/null
}

serve_mail
[ $# -gt 0 ] || set -- prefixes ending flows many ssh list shown events told restart hostile wrong_words foreign
for group; do "$group"; done
module_goes
ktap_done
