#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# limits.sh [GROUP...]: limits on connections. Who completed handshakes is held to his
# rate, to so many open at once, and banned if he goes on; what others forge in his
# name costs him nothing; under attack those who are known get in at once, and the
# others when they come again.
#
#	groups: rate strict again prefix hits open network ban exempt attack forged swamped total observed kept
#	bounds ends refused evicted queued proof borrowed neighbours copies crowded resized
#	left_alone forgotten silent outpost stormed
set -eu
. "$(dirname "$(readlink -f "$0")")/lib.sh"
. "$selftests/limits/lib.sh"
needs python3
[ -x "$selftests/flood/obj/flood" ] || ktap_skip_all "needs flood/obj/flood: make -C selftests all"
postern_ready
ktap_plan ''
topology_up
scratch

# ---- groups

rate() {
	fresh "rate 1/minute burst 3 per source"
	check_equal "as many connections as the burst, and no more" "ok ok ok reset" "$(connects --times 4)"
	check_equal "the fourth had to knock, and then was refused" "1 1" "$(dropped limit-unproven) $(dropped limit-rate)"
	check_equal "three handshakes were charged" 3 "$(counter handshakes)"
	check_equal "another source has its own" "ok ok ok reset" "$(connects --times 4 --source 203.0.113.25)"
	check_equal "and another of the same machine by IPv6" "ok ok ok reset" "$(connects6 --times 4)"
	check_equal "an IPv6 source is a /64" "reset" "$(connects6 --source 2001:db8:0:1::25)"
	check_equal "and no more than that" "ok" "$(connects6 --source 2001:db8:77::7)"
	fresh "rate 2/second burst 1 per source"
	connects >/dev/null
	check "and it comes back" busywait 20 greeted
}
greeted() { [ "$(connects)" = ok ]; }

# strict: who goes on does not get in by it, as he would in leaky mode
strict() {
	fresh "rate 10/minute burst 1 per source"
	check "in leaky mode one in each interval gets in, whoever is refused meanwhile" \
		test "$(connects --times 9 | grep -o ok | wc -l)" -ge 2
	fresh "rate 10/minute burst 1 per source" "mode strict"
	check_equal "in strict mode a refused attempt costs as much as one that gets in" \
		"ok reset reset reset reset reset reset reset reset" "$(connects --times 9)"
	check "that passes" busywait 30 rested 203.0.113.2
	check_equal "and one gets in again" ok "$(connects)"
	fresh "rate 10/minute burst 1 per network" "mode strict"
	check_equal "so it is with networks" "ok reset reset reset reset reset reset reset reset" \
		"$(connects --times 9)"
}

# rested ADDRESS: has it all of its burst again? (for busywait)
rested() { [ "$(at router postern --json sources show "$1" | said '["sources"][0].get("burst-used", 0)')" = 0 ]; }

# again: a SYN that is sent again is the same attempt
again() {
	fresh "rate 1/minute burst 2 per source"
	check_equal "a SYN that comes three times is charged once" "SA PA 1" \
		"$(raw 198.51.100.61 2000 S w0.7 S w0.7 S '?SA' A:1:1 '?PA') $(counter handshakes)"
	check_equal "so that another attempt is left, and no third" "SA PA - 2" \
		"$(raw 198.51.100.61 2001 S w0.7 S '?SA' A:1:1 '?PA' =2002 S '?SA') $(counter handshakes)"
}

prefix() {
	fresh "rate 1/minute burst 3 per source" "prefix 24 48"
	check_equal "sources can be larger" "ok ok ok" "$(connects --times 3)"
	check_equal "so that one uses up what its neighbour has" "reset" "$(connects --source 203.0.113.25)"
}

# Where the guard does not decide, as of hosts that are translated.
hits() {
	settings="hosts translated in perimeter nat { $mail }"
	fresh "half-open 5"
	forges "$mail" 25 --from 198.18.0.0/16 --count 100
	check_equal "what the limit refuses is no new flow of its rule" "5 95" \
		"$(at router awk '/ smtp limit / { print $2 }' /proc/net/postern/rules) $(dropped limit-unproven)"
	settings=''
}

open() {
	fresh "open 2 per source"
	holds 3
	check_equal "two may be open" "ok ok reset" "$(tr '\n' ' ' <"$dir/held" | sed 's/ *$//')"
	check_equal "and no third" "1" "$(dropped limit-open)"
	check_equal "of another source they may" ok "$(connects --source 203.0.113.25)"
	released
	check "those that are over do not count" busywait 20 greeted
	fresh "open 2 per source"
	for _ in 1 2 3 4 5; do connects; done >"$dir/out"
	check_equal "nor do others before them" "ok ok ok ok ok" "$(sed 's/ok/& /g; s/ $//' "$dir/out")"
}

network() {
	fresh "rate 1/minute burst 3 per network"
	check_equal "a network's connections are counted together" "ok ok" "$(connects --times 2)"
	check_equal "whoever of it connects" "ok reset" "$(connects --times 2 --source 203.0.113.25)"
	check_equal "others have theirs" "ok" "$(connects --source 198.51.100.7)"
	fresh "rate 1/minute burst 1 per network"
	check_equal "one is known, and has used up what its network has" "SA PA" \
		"$(raw 198.51.100.63 2000 S '?SA' A:1:1 '?PA')"
	check_equal "its next SYN does not get to the server" "- 1" \
		"$(raw 198.51.100.63 2001 S '?SA') $(dropped limit-unproven)"
	check_equal "until it comes again" "SA - 1" \
		"$(raw 198.51.100.63 2001 S w0.7 S '?SA' A:1:1 '?PA') $(dropped limit-rate)"
}

ban() {
	fresh "rate 1/minute burst 1 per source" "ban 1h after 2 refusals in 1m"
	check_equal "who is refused twice ..." "ok reset reset" "$(connects --times 3)"
	check_equal "... is banned" 1 "$(counter bans)"
	check_equal "which is silent" silence "$(connects --wait 1)"
	check "and has its own reason" test "$(dropped banned)" -ge 1
	check_equal "nobody else is" ok "$(connects --source 203.0.113.25)"
	load "rate 1000/second per source" "ban 1h after 2 refusals in 1m"
	check_equal "a ban outlives a load" silence "$(connects --wait 1)"
	fresh "rate 1000/second per source"
	check_equal "but not its limit" ok "$(connects)"
	fresh "rate 1/minute burst 1 per source" "ban 1s after 1 refusals in 1m"
	check_equal "a short ban" "ok reset" "$(connects --times 2)"
	check "ends by itself" busywait 20 refused_again
}
refused_again() { [ "$(connects --wait 3)" = reset ]; }

exempt() {
	fresh "rate 1/minute burst 1 per source" "exempt partner"
	check_equal "who is exempt is not counted" "ok ok ok" "$(connects --times 3 --source 203.0.113.25)"
	check_equal "nor by IPv6" "ok ok ok" "$(connects6 --times 3 --source 2001:db8:0:1::25)"
	check_equal "others are" "ok reset" "$(connects --times 2)"
}

attack() {
	fresh "half-open 5" "rate 100/second per source"
	check "before an attack nobody waits" quick
	forges "$mail" 25 --from 198.18.0.0/16 --count 300
	check_equal "of forged SYNs as many get to the server as may be half open" \
		"$((300 - 5))" "$(dropped limit-unproven)"
	check "who is known gets in at once" quick
	check "who is not must come again, and gets in" slow --source 203.0.113.25
	check_equal "which is counted" 1 "$(counter proven)"
	check "and then is known" quick --source 203.0.113.25
	forges "$mail6" 25 --from 2001:db8:9::/64 --count 100
	check_equal "forged IPv6 gets nowhere either" "$((300 - 5 + 100 + 1))" "$(dropped limit-unproven)"
}

forged() {
	fresh "half-open 100" "rate 10/second burst 10 per source" "ban 1h after 3 refusals in 1m"
	check_equal "an honest sender" "ok" "$(connects)"
	forges "$mail" 25 --from 203.0.113.2/32 --count 2000
	check "in whose name thousands are forged" test "$(dropped limit-unproven)" -ge 1500
	check_equal "is not banned, and gets in" ok "$(connects)"
	check_equal "nobody was" 0 "$(counter bans)"
}

# swamped: the attackers are known
swamped() {
	fresh "half-open 5" "rate 1000/second burst 1000 per source"
	check_equal "a sender is known" "SA PA" "$(raw 198.51.100.90 2000 S '?SA' A:1:1 '?PA')"
	forges "$mail" 25 --from 198.18.0.0/16 --count 100
	forges "$mail" 25 --from 198.51.100.90/32 --count 300
	check_equal "of the SYNs of those who are known as many more may be half open" \
		"$((400 - 2 * 5))" "$(dropped limit-unproven)"
	check_equal "then they must come again, too" "- SA" \
		"$(raw 198.51.100.90 2001 S '?SA') $(raw 198.51.100.90 2002 S w0.7 S '?SA')"
}

total() {
	fresh "total 1/minute burst 8" "rate 100/second per source"
	check_equal "unknown senders leave room" "ok ok ok ok" "$(connects --times 4)"
	forges "$mail" 25 --from 198.18.0.0/16 --count 100
	check "for those who are known" quick
	check "who is not must come again" slow --source 203.0.113.25
	fresh "total 1/hour burst 2" "rate 100/second per source"
	check_equal "and beyond that nobody" "ok ok silence" "$(connects --times 3 --wait 4)"
	check "with a reason of its own" test "$(dropped limit-total)" -ge 1
}

observed() {
	fresh "rate 1/minute burst 1 per source" "open 1 per source" observe
	check_equal "observe refuses nothing" "ok ok ok" "$(connects --times 3)"
	check "and counts what it would" test "$(counter observed-limit-rate)" -ge 2
	check_equal "nothing was dropped" "0 0" "$(dropped limit-rate) $(dropped limit-unproven)"
}

kept() {
	fresh "open 2 per source"
	holds 2
	load "open 3 per source"
	mv "$dir/held" "$dir/held.first"
	first=$holder
	holds 2
	check_equal "connections from before a load count" "ok reset" "$(tr '\n' ' ' <"$dir/held" | sed 's/ *$//')"
	released
	kill "$first"
	check "and their end counts" busywait 20 three_again
}

three_again() {
	holds 3
	released
	[ "$(grep -c ok "$dir/held")" = 3 ]
}

# bounds: more sources than the table has room for
bounds() {
	local i
	fresh "rate 1000/second per source" "prefix 32 128"
	at inet ip route add local 10.99.0.0/16 dev lo
	at perim ip route add 10.99.0.0/16 via 192.0.2.1
	at router ip route add 10.99.0.0/16 via 203.0.113.2
	at inet python3 - "$mail" >"$dir/out" <<-'END'
		import socket, sys
		ok = 0
		for i in range(2000):
		    s = socket.socket()
		    s.setsockopt(socket.SOL_IP, 19, 1)
		    s.settimeout(20)
		    s.bind((f'10.99.{i >> 8}.{i & 255}', 0))
		    s.connect((sys.argv[1], 25))
		    ok += bool(s.recv(16))
		    s.close()
		print(ok)
	END
	check_equal "more sources than there is room for all get in" 2000 "$(cat "$dir/out")"
	check "the idlest are forgotten" test "$(counter sources-evicted)" -ge $((2000 - 1024))
}

# forgotten: more that knock than there is room for
forgotten() {
	fresh "half-open 1"
	spawn inet "$selftests/flood/obj/flood" eth0 "$(router_mac)" "$mail" 25 11.0.0.0/8 100000 300 >/dev/null
	check "of more SYNs than are remembered, some are forgotten" busywait 200 knocks_evicted
	kill "$spawned"
	check_equal "one can prove oneself after it" ok "$(connects)"
}
knocks_evicted() { [ "$(counter knocks-evicted)" -ge 1 ]; }

# ends: what the client says of the end of a connection proves nothing
ends() {
	local hello='S ?SA A:1:1 ?PA'
	fresh "open 1 per source"
	check_equal "a handshake that conntrack calls reset goes no further" "SA -" \
		"$(raw 198.51.100.20 2000 S '?SA' .R:1 A:1:1 '?PA')"
	check_equal "so that all are charged" 0 "$(counter handshakes)"
	# shellcheck disable=SC2086 # its words
	{
		check_equal "a reset that the server does not see ends nothing" "SA PA SA -" \
			"$(raw 198.51.100.21 2000 $hello .R:1 FA:-5:1 w2.5 =2001 S w0.6 $hello)"
		check_equal "nor do two FINs that it has no use for" "SA PA SA -" \
			"$(raw 198.51.100.22 2000 $hello 2*FA:-5:1 A:1:1 =2001 S w0.6 $hello)"
		check_equal "the server's reset does" "SA PA RA SA PA" \
			"$(raw 198.51.100.23 2000 $hello PA:1:1:5 '?RA' =2001 $hello)"
		check_equal "and its FIN" "SA PA FA SA PA" \
			"$(raw 198.51.100.24 2000 $hello FA:1:1 '?FA' =2001 $hello)"
		fresh "rate 1/minute burst 1 per source"
		check_equal "a port that is used again is charged again" "SA PA RA SA -" \
			"$(raw 198.51.100.25 2000 $hello PA:1:1:5 '?RA' =2000 S w0.6 2*S '?SA' A:1:1 '?PA')"
	}
	check_equal "and refused" "1 1" "$(counter handshakes) $(dropped limit-rate)"
}

# refused: who is gets nothing through by going on, whatever his segments say
refused() {
	fresh "rate 1/minute burst 1 per source"
	check_equal "a refused connection is over" "SA PA SA R -" \
		"$(raw 198.51.100.30 2000 S '?SA' A:1:1 '?PA' =2001 S w0.6 S '?SA' A:50:1 '?R' A:1:1 '?PA')"
	check_equal "one was charged, the other refused" "1 1" "$(counter handshakes) $(dropped limit-rate)"
}

# evicted: a flood that pushes half-open ones out of the table does not let them in
evicted() {
	fresh "open 10 per source"
	begins 198.51.100.40 2000 S '?SA' "@$dir/flooded" A:1:1 '?PA'
	forges "$mail" 25 --from 198.18.0.0/16 --count 6000
	touch "$dir/flooded"
	check_equal "who lost his place begins anew" "SA - 0" "$(saw 2) $(counter handshakes)"
	check "some did" test "$(counter conns-evicted)" -ge 1000
}

queue_bound() { at router cat /proc/net/netfilter/nfnetlink_queue | grep -q '^ *7 '; }

queue_unbound() { ! queue_bound; }

# queued: a program that looks at opening SYNs, and takes its time
queued() {
	at router nft -f - <<-'END' || { ktap_skip "a SYN that a program holds" "no nft"; return; }
		table inet queued {
			chain forward {
				type filter hook forward priority 10
				tcp dport 25 tcp flags & (syn | ack) == syn queue num 7
			}
		}
	END
	spawn router "$traffic" queue 7 3
	busywait 20 queue_bound
	fresh "open 10 per source"
	check_equal "a SYN that a program holds is not lost" ok "$(connects)"
	check_equal "and is charged" 1 "$(counter handshakes)"
	# what the program still has goes on to where the table was
	kill "$spawned"
	busywait 20 queue_unbound
	at router nft delete table inet queued
}

# proof: a handshake is completed by who got the server's SYN
proof() {
	fresh "rate 100/second per source"
	check_equal "an ACK for less is none" "SA - 0" \
		"$(raw 198.51.100.50 2000 S '?SA' A:1:-99 '?PA') $(counter handshakes)"
	check_equal "after it the right one is" "SA PA 1" \
		"$(raw 198.51.100.50 2001 S '?SA' A:1:-99 A:1:1 '?PA') $(counter handshakes)"
	check_equal "and after the server's SYN came again" "SA SA PA 2" \
		"$(raw 198.51.100.50 2002 --wait 10 S '?SA' '?SA' A:1:1 '?PA') $(counter handshakes)"
}

# borrowed: the name of a known sender, where no rate bounds what is done in it
borrowed() {
	fresh "half-open 5" "total 1/minute burst 8"
	check_equal "a sender is known" ok "$(connects)"
	forges "$mail" 25 --from 203.0.113.2/32 --count 300
	check "of what others forge in his name little gets through" \
		test "$(dropped limit-unproven)" -ge 290
	check "and others get in" slow --source 203.0.113.25
}

# neighbours: who comes after others of his network have used up its share
neighbours() {
	fresh "rate 1/minute burst 2 per network" "ban 1h after 1 refusals in 1m"
	check_equal "a network's share is used up" "ok ok" "$(connects --times 2)"
	check_equal "the next of it is refused" reset "$(connects --source 203.0.113.25)"
	check_equal "but not banned" 0 "$(counter bans)"
}

# copies: of one SYN, which cost no more than the first
copies() {
	fresh "rate 1000/second per source"
	check_equal "of copies of a SYN one gets through, and one that comes later" "SA SA" \
		"$(raw 198.51.100.60 2000 '50*S' '?SA' w0.6 S '?SA')"
	check "the others do not" test "$(dropped limit-unproven)" -ge 40
}

# crowded: more half-open ones than there is room for
crowded() {
	fresh "half-open 1000000"
	forges "$mail" 25 --from 198.18.0.0/16 --count 6000
	check "a table that overflows is an attack" test "$(dropped limit-unproven)" -ge 1000
	check_equal "in which one can prove oneself" ok "$(connects)"
}

# resized: tables of another size take over what is known
resized() {
	local rules=("rate 1/minute burst 2 per source" "ban 1h after 1 refusals in 1m")
	fresh "${rules[@]}"
	check_equal "a source is banned" "ok ok reset" "$(connects --times 3)"
	check_equal "another one has a connection left" ok "$(connects --source 203.0.113.25)"
	rm -f "$dir/resized"
	begins 198.51.100.70 2000 S '?SA' "@$dir/resized" A:1:1 '?PA'
	sources=8192
	load "${rules[@]}"
	touch "$dir/resized"
	check_equal "one that was half open goes on, and is charged" "SA PA 4" "$(saw 2) $(counter handshakes)"
	check_equal "a larger table knows both" "silence ok reset" \
		"$(connects --wait 1) $(connects --times 2 --source 203.0.113.25)"
	sources=1024
	load "${rules[@]}"
	check_equal "and so does a smaller one" "silence silence" \
		"$(connects --wait 1) $(connects --wait 1 --source 203.0.113.25)"
}

# tracked PORT: open connections to it that conntrack knows
# Of those on the fast path it does not say the state.
tracked() { at router grep -cE "(ESTABLISHED src=203.0.113.2 .* dport=$1 .*ASSURED|src=203.0.113.2 .* dport=$1 .*OFFLOAD)" /proc/net/nf_conntrack; }

is_tracked() { [ "$(tracked "$1")" = 1 ]; }

# left_alone: a ban does not end flows of which the policy says nothing
left_alone() {
	fresh "open 100 per source"
	spawn router "$traffic" serve 203.0.113.1 2525
	busywait 30 listening router 2525
	holds 1
	spawn inet "$traffic" connect 203.0.113.1 2525 --keep >"$dir/left"
	busywait 20 is_tracked 2525
	at router postern ban add 203.0.113.0/30 >/dev/null
	check_equal "a ban ends what the policy let in, and nothing else" "0 1" "$(tracked 25) $(tracked 2525)"
	at router postern ban del 203.0.113.0/30 >/dev/null
	settings='set observe'
	load "open 100 per source"
	holds 1
	at router postern ban add 203.0.113.0/30 >/dev/null
	check_equal "under observe it ends nothing" 1 "$(tracked 25)"
	explained() { at router postern --json explain 203.0.113.2 "$mail" tcp 25 | said '["reason"]' ; }
	check_equal "explain: what is only observed is said" banned "$(explained)"
	settings=''
	load "open 100 per source"
	check_equal "but when the policy observes no more" 0 "$(tracked 25)"
	check_equal "explain: a ban decides" banned "$(explained)"
	at router postern ban del 203.0.113.0/30 >/dev/null
	released
}

# at_server SOURCE: connections of it that the server has open
at_server() { at perim ss -Htn state established "( dst = $1 )" | wc -l; }
server_has() { [ "$(at_server "$2")" = "$1" ]; }

# silent: clients who complete the handshake, and say nothing
# shellcheck disable=SC2086 # each its words
silent() {
	local hello='S ?SA A:1:1 ?PA'
	# whether it must come again or not
	local patient='S w0.6 S ?SA A:1:1 ?PA'
	fresh "silent 3"
	rm -f "$dir/silent"
	begins 198.51.100.80 2000 --wait 60 S '?SA' "@$dir/silent" A:1:1 '?PA' '?R'
	touch "$dir/silent"
	busywait 20 saw_so_many 2
	check_equal "so many may be silent, and others that have spoken" "SA PA A SA PA A SA PA SA PA" \
		"$(raw 198.51.100.81 2000 $hello PA:1:1:4 '?A' =2001 $hello PA:1:1:4 '?A' =2002 $hello) \
$(raw 198.51.100.82 2000 $hello)"
	check_equal "as /proc says" "silent 3 of 3" "$(at router grep -o 'silent . of 3' /proc/net/postern/sources)"
	check_equal "with one more" "SA PA" "$(raw 198.51.100.83 2000 $hello)"
	check_equal "the first one ends, and is told" "SA PA R" "$(saw 3)"
	check "so is the server" busywait 20 server_has 0 198.51.100.80
	check_equal "with a reason of its own" 1 "$(dropped limit-silent)"
	check_equal "which is that of its source" "limit-silent" "$(why 198.51.100.80)"
	check_equal "what comes too early says nothing" "SA PA" "$(raw 198.51.100.84 2000 $patient PA:100:1:4)"
	check_equal "nor does what gets lost behind the router" "SA PA" "$(raw 198.51.100.85 2000 $patient .PA:1:1:4)"
	raw 198.51.100.86 2000 $patient >/dev/null
	raw 198.51.100.87 2000 $patient >/dev/null
	check_equal "all of these end in their turn" 5 "$(dropped limit-silent)"
	check_equal "but none that has spoken, nor who has on another" 3 "$(at_server 198.51.100.81)"
	silent_known
	silent_banned
	silent_asked
	silent_observed
	silent_many
	silent_left
}

# at_server SOURCE: connections of it that the server has open
at_server() { at perim ss -Htn state established "( dst = $1 )" | wc -l; }
server_has() { [ "$(at_server "$2")" = "$1" ]; }
why() { at router postern --json sources show "$1" | said '["sources"][0].get("why", "-")'; }
said() { python3 -c "import json, sys; print(json.load(sys.stdin)$1)"; }

# of whom something was heard before gives way last
# shellcheck disable=SC2086 # each its words
silent_known() {
	fresh "silent 3"
	raw 198.51.100.78 2000 $hello PA:1:1:4 '?A' =2001 $hello >/dev/null
	raw 198.51.100.91 2000 $hello =2001 $hello =2002 $hello >/dev/null
	check_equal "before one of whom something was heard others end" "1 -" \
		"$(dropped limit-silent) $(why 198.51.100.78)"
	raw 198.51.100.78 2002 $patient =2003 $patient >/dev/null
	check_equal "as long as there are any" "3 -" "$(dropped limit-silent) $(why 198.51.100.78)"
	raw 198.51.100.78 2004 $patient >/dev/null
	check_equal "and then it does" "4 limit-silent" "$(dropped limit-silent) $(why 198.51.100.78)"
	fresh "silent 1"
	raw 198.51.100.92 2000 $hello PA:1:1:4 '?A' =2001 $hello w21 >/dev/null
	raw 198.51.100.93 2000 $hello >/dev/null
	check_equal "or once it has been silent for long" "1 limit-silent" \
		"$(dropped limit-silent) $(why 198.51.100.92)"
}

# shellcheck disable=SC2086 # each its words
silent_banned() {
	local n
	fresh "silent 3" "ban 1h after 2 refusals in 1m"
	for n in 1 2 3 4 5; do raw 198.51.100.95 $((2000 + n)) $patient >/dev/null; done
	check_equal "who goes on is banned" "2 1" "$(dropped limit-silent) $(counter bans)"
	check_equal "which is silent" "- -" "$(raw 198.51.100.95 2006 $patient)"
	fresh "silent 1" "ban 1h after 1 refusals in 1m"
	raw 198.51.100.98 2000 $hello PA:1:1:4 '?A' =2001 $patient =2002 $patient >/dev/null
	check_equal "who is known only loses his good name" "1 0" "$(dropped limit-silent) $(counter bans)"
	raw 198.51.100.98 2003 w21 $patient >/dev/null
	check_equal "at first" 1 "$(counter bans)"
	fresh "silent 1" "ban 1h after 1 refusals in 1m"
	raw 198.51.100.94 2000 $hello PA:1:1:4 '?A' >/dev/null
	at perim nft -f - <<-'END'
		table inet slow { chain out { type filter hook output priority 0; tcp sport 25 tcp flags & psh != 0 drop; }; }
	END
	raw 198.51.100.94 2001 S '?SA' A:1:1 w21 >/dev/null
	at perim nft delete table inet slow
	raw 198.51.100.95 2000 $hello >/dev/null
	check_equal "nor does he for the silence of the server" "1 -" "$(dropped limit-silent) $(why 198.51.100.94)"
}

# the unknown, as long as some give way
# shellcheck disable=SC2086 # each its words
silent_asked() {
	local n
	fresh "silent 3"
	for n in 1 2 3 4 5 6; do raw 198.51.100.96 $((2000 + n)) $hello >/dev/null; done
	check "meanwhile the unknown must come again" test "$(dropped limit-unproven)" -ge 1
}

# shellcheck disable=SC2086 # each its words
silent_observed() {
	local n
	fresh "silent 3" observe
	for n in 1 2 3 4 5; do raw 198.51.100.97 $((2000 + n)) $hello >/dev/null; done
	check_equal "observe ends none" "0 2" "$(dropped limit-silent) $(counter observed-limit-silent)"
}

# more than there is room for in the queue, of those who speak
# shellcheck disable=SC2086 # each its words
silent_many() {
	fresh "silent 3"
	raw 198.51.100.99 2000 $hello >/dev/null
	connects --times 6000 --says hello >/dev/null
	check_equal "however many come and speak, none ends" "0" "$(dropped limit-silent)"
	raw 198.51.100.99 2001 $hello =2002 $hello =2003 $hello >/dev/null
	check_equal "and the one that was silent before them is the first" "1" "$(dropped limit-silent)"
}

# who is exempt now, or was heard while nobody listened
# shellcheck disable=SC2086 # each its words
silent_left() {
	fresh "silent 1"
	raw 198.51.100.75 2000 $hello >/dev/null
	rm -f "$dir/silent" "$dir/exempt"
	# it acknowledges the greeting, or the server would send that again, and be heard
	begins 198.51.100.76 2000 S '?SA' "@$dir/silent" A:1:1 '?PA' "@$dir/exempt" PA:1:12:4 '?A'
	touch "$dir/silent"
	busywait 20 saw_so_many 2
	check_equal "one is silent" 1 "$(dropped limit-silent)"
	load "silent 1" "exempt 198.51.100.76"
	touch "$dir/exempt"
	# seen there, the acknowledgement has passed here
	busywait 20 saw_so_many 3
	load "silent 1"
	raw 198.51.100.77 2000 $patient >/dev/null
	check_equal "who spoke while it was exempt is left alone" "1 1" "$(dropped limit-silent) $(at_server 198.51.100.76)"
}

# outpost: while a flood lasts, what the guard denies ends at the interface, and nothing else
outpost() {
	local before sent
	settings='allow internet -> mail : echo'
	fresh "half-open 1"
	settings=''
	spawn inet "$selftests/flood/obj/flood" eth0 "$(router_mac)" "$mail" 81 11.0.0.0/8 5000 600 >"$dir/out"
	check "a flood of what is denied brings the guard to the interface" busywait 60 flooded
	check "where it is dropped" busywait 20 some_at_ingress
	check_equal "an honest one gets in" ok "$(connects)"
	check "so does what comes in fragments" at inet ping -c 1 -W 10 -s 4000 "$mail"
	check "and in those of IPv6" at inet ping -c 1 -W 10 -s 4000 "$mail6"
	check "and what is for the router itself" at inet ping -c 1 -W 10 203.0.113.1
	kill "$spawned"
	wait "$spawned"
	sent=$(awk '{ print $2 }' "$dir/out")
	check_equal "each was counted once, for the same reason" "$sent $sent" "$(counter early-drops) $(dropped no-rule)"
	check "then the guard goes back" busywait 60 not_flooded
	before=$(counter ingress-drops)
	forges "$mail" 81 --from 198.18.0.0/16 --count 10
	check_equal "and stands before conntrack" "$before $((sent + 10))" \
		"$(counter ingress-drops) $(counter early-drops)"
}
flooded() { at router postern status | grep -q 'a flood lasts'; }
not_flooded() { ! flooded; }
some_at_ingress() { [ "$(counter ingress-drops)" -ge 1000 ]; }

# storms PREFIX OPTION...: a flood of SYNs from there, until it is ended
storms() {
	local from=$1
	shift
	spawn inet "$selftests/flood/obj/flood" eth0 "$(router_mac)" "$mail" 25 "$from" 5000 600 "$@" >/dev/null
	storms+=("$spawned")
}

# stormed: policies and tables change, and the module comes and goes, while floods go on
stormed() {
	local i storms=() rules=("rate 100/second per source" "half-open 5" "silent 3" "ban 1s after 5 refusals in 10s")
	fresh "${rules[@]}"
	storms 11.0.0.0/8
	storms 44.0.0.0/8 --handshake --hosts 1000
	storms 45.0.0.0/8 --handshake --hosts 1000 --again 1.5
	busywait 30 some_unproven
	for i in 1 2 3 4 5 6; do
		sources=$((1024 << i % 3))
		if [ $((i % 2)) = 0 ]; then load "${rules[@]}"; else fresh "${rules[@]}"; fi
		busywait 30 some_unproven
	done
	sources=1024
	load "${rules[@]}"
	check_equal "after loads and resizes an honest one gets in" ok "$(connects)"
	for i in 1 2 3; do
		at router postern unload --open >/dev/null
		[ -z "$module_ours" ] || rmmod postern
		postern_ready
		load "${rules[@]}"
		busywait 30 some_unproven
	done
	check_equal "and after unloads" ok "$(connects)"
	kill "${storms[@]}"
	check "nobody is counted twice when it is over" busywait 120 nobody_half_open
}
some_unproven() { [ "$(dropped limit-unproven)" -ge 1 ]; }
nobody_half_open() { at router grep -qE 'half open 0 of 5, silent [0-3] of 3' /proc/net/postern/sources; }

serve_mail
[ $# -gt 0 ] || set -- rate strict again prefix hits open network ban exempt attack forged swamped total observed kept bounds \
	ends refused evicted queued proof borrowed neighbours copies crowded resized left_alone \
	forgotten silent outpost stormed
for group; do "$group"; done
ktap_done
