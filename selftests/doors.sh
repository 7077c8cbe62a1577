#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Pinholes and endpoints as the administrator sees them: listed, filtered, closed,
# learned from servers, told to listeners; each namespace its own, and none of it for
# unprivileged users.
set -eu
. "$(dirname "$(readlink -f "$0")")/lib.sh"
. "$selftests/rpc/peers.sh"
needs python3 setpriv
topology_up
postern_ready

scratch
chmod 755 "$dir"

# shown WORD...: what a list shows, without the time that is left, sorted
shown() { at router postern "$@" | sed -E 's/ +([0-9]+ [a-z]+ left|in use)$//; s/  +/ /g' | sort; }
lines() { at router postern "$@" | wc -l; }

# policy OPTION...: of the RPC service
policy() {
	cat <<-END
		zone internet { eth0 }
		zone perimeter { eth1 }
		zone internal { eth2 }
		server exchange in perimeter { 192.0.2.10, 192.0.2.11, 2001:db8:0:2::10 }
		hosts other in perimeter { 192.0.2.80 }
		allow internet -> exchange : rpc { exchange-ds, exchange-is, exchange-mta, netlogon port 5000 } $*
		allow internet -> other    : https
	END
}
# long enough for the slowest guest
load() { policy "${*:-idle 30m}" | at router postern load - >/dev/null; }

monitor
load_and_hear() { load && hear '"event":"load"'; }

ktap_plan ''
server
check "the monitor listens" busywait 20 load_and_hear

# ---- listed

run pinholes
expect "there is none at first" 0
check_equal "and nothing is shown" "" "$(cat "$dir/out")"
start=$SECONDS
client map 192.0.2.10 ds is mta >/dev/null
# a time in which some clients can start one after the other
life=$((20 + 4 * (SECONDS - start)))
ds='192.0.2.10:49152 exchange-ds version 56'
is='192.0.2.10:49153 exchange-is version 0'
# the store has two interfaces by this name, and both are there
known="$ds
$is
$is
192.0.2.10:49154 exchange-mta version 2"
mta='192.0.2.10:49154 exchange-mta version 2'
all=$(printf '203.0.113.2 -> %s\n' "$ds" "$is" "$mta")
check_equal "what the mapper told is open" "$all" "$(shown pinholes)"
client map 192.0.2.11 ds >/dev/null
client map 2001:db8:0:2::10 is >/dev/null
check_equal "a server with several addresses is one" "2001:db8:0:1::2 -> $is
$all" "$(shown pinholes)"
client map 192.0.2.10 ds --from 203.0.113.25 >/dev/null
check_equal "of one client" "203.0.113.25 -> $ds" "$(shown pinholes --client 203.0.113.25)"
check_equal "of a client over IPv6" "2001:db8:0:1::2 -> $is" "$(shown pinholes list --client 2001:db8:0:1::2)"
check_equal "to one server, by any of its addresses" "5 5 5 0" \
	"$(for a in 192.0.2.10 192.0.2.11 2001:db8:0:2::10 192.0.2.80; do lines pinholes --server $a; done | xargs)"
check_equal "for one interface" "203.0.113.2 -> $mta" "$(shown pinholes --interface exchange-mta)"
check_equal "for one by its UUID" "203.0.113.2 -> $mta" \
	"$(shown pinholes --interface 9e8ee830-4459-11ce-979b-00aa005ffebe)"
check_equal "for a name of several interfaces" 2 "$(lines pinholes --interface exchange-ds)"
check_equal "by everything at once" "203.0.113.2 -> $ds" \
	"$(shown pinholes --client 203.0.113.2 --server 192.0.2.11 --interface exchange-ds)"
run pinholes --interface exchange-dx
expect "an interface that nobody knows" 1 err "did you mean 'exchange-ds'?"
run pinholes --client 203.0.113.0/24
expect "a client that is many" 1 err "is more than one address"
run pinholes everything
expect "a word that is none" 1 err "usage: postern pinholes"
run --json pinholes --client 203.0.113.25
check_equal "as JSON" '203.0.113.25 192.0.2.10 49152 exchange-ds f5cc5a18-4264-101a-8c59-08002b2f8426 56 False True' \
	"$(python3 -c 'import json, sys
p, = json.load(sys.stdin)["pinholes"]
print(*(p[k] for k in "client server port interface uuid version in-use".split()), 0 < p["left-ms"] <= 1800000)' <"$dir/out")"
run --json status
expect "status counts them" 0 out '"pinholes": 5'
expect "and what was learned" 0 out '"endpoints": 3'

proc=/proc/net/postern/pinholes
check_equal "/proc shows as many" 5 "$(at router grep -vc '^#' $proc)"
line='^203\.0\.113\.2 192\.0\.2\.10:49154 9e8ee830-4459-11ce-979b-00aa005ffebe 2 [1-9][0-9]*$'
check "a line each" at router grep -qE "$line" $proc
check_equal "which only root reads" "440 0" "$(at router stat -c '%a %u' $proc)"
check "and status counts there too" at router grep -qE '^rpc +pinholes 5, endpoints learned 3, connections inspected [0-9]+$' /proc/net/postern/status

# ---- told

check "an event tells that one opened" busywait 10 hear '"event":"pinhole-open","client":"203.0.113.25","server":"192.0.2.10","port":49152,"interface":"exchange-ds"' '"left-ms":1'
client map 192.0.2.11 rfr >/dev/null || true
check "and that an interface was asked for that is not allowed" busywait 10 \
	hear '"event":"pinhole-refuse","client":"203.0.113.2","server":"192.0.2.10","port":135,"interface":"exchange-rfr"'
in_use() { at router postern pinholes --client 203.0.113.2 --interface exchange-is | grep -q "in use"; }
idle() { ! in_use; }
mkfifo "$dir/hold"
client call 192.0.2.10 49153 is --hold <"$dir/hold" >/dev/null &
holder=$!
exec {hold}>"$dir/hold"
check "a connection uses one" busywait 20 in_use
check "which is told" busywait 10 hear '"event":"pinhole-use","client":"203.0.113.2"' '"port":49153'
check "and stands in /proc" at router grep -qE '^203\.0\.113\.2 192\.0\.2\.10:49153 .* used$' $proc
check_not "one that nobody used is not told" hear '"event":"pinhole-use"' '"port":49154'
exec {hold}>&-
wait "$holder" || true
check "it ends, and with it the use" busywait 60 idle

# ---- explained

explain() { at router postern --json explain 203.0.113.2 "$@" | grep -oE '"(basis|reason)": "[a-z-]*"' | tr -d '"' | xargs; }
check_equal "explain: the mapper" "basis: mapper" "$(explain 192.0.2.10 tcp 135)"
check_equal "explain: a pinned port" "basis: pinned" "$(explain 192.0.2.10 tcp 5000)"
check_equal "explain: a pinhole" "basis: pinhole" "$(explain 192.0.2.11 tcp 49152)"
check_equal "explain: a port that nobody was told" "reason: no-pinhole" "$(explain 192.0.2.10 tcp 50000)"
check_equal "explain: where no RPC is allowed" "reason: no-rule" "$(explain 192.0.2.80 tcp 50000)"
check_equal "explain: UDP has no pinholes" "reason: no-rule" "$(explain 192.0.2.10 udp 49152)"

# ---- closed

run pinholes flush --interface exchange-mta
expect "those for an interface are closed" 0 out "1 pinhole closed."
check_equal "explain: what others were told is known" "basis: learned" "$(explain 192.0.2.10 tcp 49154)"
check "which is told" busywait 10 hear '"event":"pinhole-close","client":"203.0.113.2"' '"port":49154' '"why":"flushed"'
check_equal "no other is" 4 "$(lines pinholes)"
run --json pinholes flush --client 203.0.113.25
expect "those of a client" 0 out '"closed": 1'
run pinholes flush --server 192.0.2.11
expect "those to a server" 0 out "3 pinholes closed."
check_equal "and then there is none" 0 "$(lines pinholes)"
check_equal "the endpoints are still known" "$ds
$is
$mta" "$(shown endpoints)"
run endpoints flush --server 192.0.2.80
expect "those of another server are none" 0 out "0 endpoints forgotten."
run endpoints flush --interface exchange-is
expect "those of an interface are forgotten" 0 out "1 endpoint forgotten."
run endpoints flush --server 2001:db8:0:2::10
expect "those of a server are forgotten" 0 out "2 endpoints forgotten."
check_equal "explain: then a port is one like others" "reason: no-pinhole" "$(explain 192.0.2.10 tcp 49154)"

# ---- learned

run learn 192.0.2.10
expect "a server is asked" 0
check_equal "all that the policy names" "192.0.2.10 exchange-ds version 56 port 49152 learned
192.0.2.10 exchange-is version 0 port 49153 learned
192.0.2.10 exchange-is version 0 port 49153 learned
192.0.2.10 exchange-mta version 2 port 49154 learned" "$(sed 's/  */ /g' "$dir/out" | grep ' learned$' | sort)"
check "and what the server does not have" grep -qE 'not registered$' "$dir/out"
check_equal "is known then" "$known" "$(shown endpoints)"
check "a client that has not asked may connect" client call 192.0.2.10 49154 mta
check_not "and not for another interface" client call 192.0.2.10 49154 is
at router postern endpoints flush >/dev/null
printf '# servers\n  192.0.2.11 # the second address\n\n2001:db8:0:2::10\r\n' >"$dir/servers"
run --json learn --file "$dir/servers"
check_equal "servers of a file, as JSON" "0 192.0.2.11 True 4 2001:db8:0:2::10 True 4" "$rc $(python3 -c 'import json, sys
print(*(w for s in json.load(sys.stdin)["servers"]
        for w in (s["server"], s["answers"], sum(e["learned"] for e in s["endpoints"]))))' <"$dir/out")"
check_equal "they are one server" 4 "$(lines endpoints)"
run learn --file "$dir/none"
expect "a file that is not there" 1 err "cannot read"
run learn exchange
expect "a name is no address" 1
run learn
expect "nobody to be asked" 1 err "usage: postern learn"
at router postern endpoints flush >/dev/null
run learn 203.0.113.140 192.0.2.10
expect "one does not answer" 1 err "the endpoint mapper of 203.0.113.140 does not answer: Connection refused."
check_equal "the others are asked all the same" 4 "$(lines endpoints)"
start=$SECONDS
run learn 203.0.113.141
expect "one is not there" 1 err "does not answer"
check "which does not take long" test $((SECONDS - start)) -le 15

for how in --big-endian "--fragment 24" "--cut 1" "--ndr 32" "--mode null-tower" "--mode twice"; do
	at router postern endpoints flush >/dev/null
	# shellcheck disable=SC2086 # two words
	server $how
	at router timeout 20 postern learn 192.0.2.10 >"$dir/out" 2>&1 || true
	if [ "$how" = "--mode twice" ]; then
		check "server.py $how: is found out" grep -q "answered another call" "$dir/out"
	else
		check_equal "server.py $how: is understood" 4 "$(lines endpoints)"
	fi
done
for mode in other-interface wrong-call low-port zero-port udp pipe count offset tower-length fault \
	silent reset cut few-results many-results nak; do
	at router postern endpoints flush >/dev/null
	server --mode $mode
	rc=0
	at router timeout 20 postern learn 192.0.2.10 >"$dir/out" 2>&1 || rc=$?
	n=$(lines endpoints)
	case $mode in
	other-interface | zero-port | udp | pipe) want="0 0" ;;
	low-port) want="0 0" ;;
	few-results | wrong-call | count | offset | tower-length | fault | silent | reset | cut) want="1 0" ;;
	*) want="$rc $n" && [ "$rc" -le 1 ] || want="no crash" ;;
	esac
	check_equal "server.py --mode $mode: teaches nothing wrong" "$want" "$rc $n"
done
server --ndr 64
run learn 192.0.2.10
expect "a mapper that has only NDR64" 1 err "no endpoint mapper in NDR32"
server

# ---- bounds

load "pinholes 2 idle ${life}s remember no"
at router postern endpoints flush >/dev/null
unheard
client map 192.0.2.10 ds is mta >/dev/null
check_equal "as many as a client may have" 2 "$(lines pinholes)"
check "the first one gave way, which is told" busywait 10 hear '"event":"pinhole-close"' '"port":49152' '"why":"evicted"'
run learn 192.0.2.10
expect "nothing is learned that is not remembered" 2 err "nothing to learn"
run endpoints
check_equal "nor known from the mapper's answers" "" "$(cat "$dir/out")"
none_left() { [ "$(lines pinholes)" = 0 ]; }
check "they end when nobody uses them" busywait $((life + 40)) none_left
check "which is told as well" busywait 20 hear '"event":"pinhole-close"' '"why":"idle"'
client map 192.0.2.10 ds >/dev/null
printf '%s\n' 'zone internet { eth0 }' 'zone perimeter { eth1 }' 'allow internet -> perimeter : https' |
	at router postern load - >/dev/null
check "a policy that does not allow one closes it" busywait 10 hear '"event":"pinhole-close"' '"why":"policy"'
check_equal "and it is gone" 0 "$(lines pinholes)"
run learn 192.0.2.10
expect "there is nothing to be learned for it" 2 err "nothing to learn"

# ---- for how long

# ds and rfr are at one port, is and mta at others
{
	policy idle ${life}s remember no
	echo 'allow internet -> exchange : rpc { exchange-rfr } remember 1m'
} | at router postern load - >/dev/null
at router postern pinholes flush >/dev/null
unheard
client map 192.0.2.10 is rfr >/dev/null
check_equal "what is remembered" "192.0.2.10:49152 exchange-rfr version 1" "$(shown endpoints)"
check "for others as well" client call 192.0.2.10 49152 rfr --from 203.0.113.25
rm "$dir/hold" && mkfifo "$dir/hold"
client call 192.0.2.10 49153 is --hold <"$dir/hold" >/dev/null &
holder=$!
exec {hold}>"$dir/hold"
check "a connection is held, and says nothing more" busywait 20 in_use
# what is opened after its last byte ends when it was silent for longer than a pinhole lives
client map 192.0.2.10 mta >/dev/null
check "a pinhole that nobody uses ends" busywait $((life + 40)) hear '"event":"pinhole-close"' '"port":49154' '"why":"idle"'
check "one lives as long as a connection through it" in_use
check "and lets others in" client call 192.0.2.10 49153 is
exec {hold}>&-
wait "$holder" || true
check "then it ends as well" busywait $((life + 70)) hear '"event":"pinhole-close"' '"port":49153' '"why":"idle"'
check "and lets nobody in" shut 192.0.2.10 49153
nothing_known() { [ "$(lines endpoints)" = 0 ]; }
check "what is remembered is forgotten in time" busywait 90 nothing_known
check "by others as well" shut 192.0.2.10 49152 203.0.113.25
at router postern pinholes flush >/dev/null

# ---- policies

load
client map 192.0.2.10 ds >/dev/null
client map 2001:db8:0:2::10 ds >/dev/null
policy | sed 's/^allow internet -> exchange/allow 203.0.113.0\/24 -> exchange/' | at router postern load - >/dev/null
check_equal "a policy that allows it over IPv4 only closes those over IPv6" "203.0.113.2 -> $ds" "$(shown pinholes)"
at router postern pinholes flush >/dev/null

load
client map 192.0.2.10 ds is >/dev/null
unheard
{ policy && echo 'allow internal -> exchange : tcp 49152'; } | at router postern load - >/dev/null
check "nor one that has another service at the port" busywait 10 hear '"event":"pinhole-close"' '"port":49152' '"why":"policy"'
check_equal "the others stay" 1 "$(lines pinholes)"
check_equal "explain: nor for what was learned" "reason: no-pinhole" "$(explain 192.0.2.10 tcp 49152)"

load
client map 192.0.2.10 ds >/dev/null
policy | sed 's/{ 192.0.2.10, 192.0.2.11,/{ 192.0.2.9, 192.0.2.10,/' | at router postern load - >/dev/null
check_equal "a server is known by its first address, when that becomes another as well" \
	"203.0.113.2 -> ${ds/.10:/.9:} ${ds/.10:/.9:}" \
	"$({ shown pinholes --interface exchange-ds; shown endpoints --interface exchange-ds; } | xargs)"
check_equal "explain: what was open stays so" "basis: pinhole" "$(explain 192.0.2.10 tcp 49152)"
at router postern pinholes flush >/dev/null
check_equal "explain: and what was known" "basis: learned" "$(explain 192.0.2.10 tcp 49152)"
at router postern endpoints flush >/dev/null

# ---- bounds

# known_of SERVERS PORTS: a file as of postern save
known_of() {
	echo "postern-known 1 at $(date +%s)"
	awk -v servers="$1" -v ports="$2" 'BEGIN {
		for (s = 0; s < servers; s++)
			for (p = 0; p < ports; p++)
				printf "endpoint 10.%d.%d.1 %d f5cc5a18-4264-101a-8c59-08002b2f8426 56 %d\n",
					s / 256, s % 256, 50000 + p, 3600 + p
	}'
}
load
known_of 1 257 >"$dir/known"
at router postern restore "$dir/known" >/dev/null
check_equal "a server has 256 endpoints" 256 "$(lines endpoints)"
check_equal "another takes the place of one, which is counted" 1 "$(counter endpoints-evicted)"
check_not "the one that ends first" prints ":50000 " at router postern endpoints
check "and not another" prints ":50001 " at router postern endpoints
at router postern endpoints flush >/dev/null
known_of 16385 1 >"$dir/known"
at router postern restore "$dir/known" >"$dir/out"
check_equal "endpoints of 16384 servers are known" 16384 "$(lines endpoints)"
check_equal "one more is not, which is counted" 1 "$(counter endpoints-full)"
check "the mapper of yet another answers" client map 192.0.2.10 ds
check "and opens nothing" test "$(lines pinholes)" = 0
at router postern endpoints flush >/dev/null
load_for_other() { # OPTION...: who is another server of RPC
	{
		policy "idle 30m $*"
		echo 'allow internet -> other : rpc { exchange-ds, exchange-mta } idle 30m'
	} | at router postern load - >/dev/null
}
if [ -w /sys/module/postern/parameters/max_pinholes ]; then
	most=$(cat /sys/module/postern/parameters/max_pinholes)
	echo 2 >/sys/module/postern/parameters/max_pinholes
	client map 192.0.2.10 ds is mta >/dev/null
	check_equal "there are as many pinholes as there may be" 2 "$(lines pinholes)"
	check "another is not opened, which is counted" test "$(counter pinholes-full)" -ge 1
	at router postern pinholes flush >/dev/null
	load_for_other
	echo 8 >/sys/module/postern/parameters/max_pinholes
	for a in 203.0.113.2 203.0.113.25 2001:db8:0:1::2; do
		case $a in *:*) mapper=2001:db8:0:2::10 ;; *) mapper=192.0.2.10 ;; esac
		client map "$mapper" ds is mta --from $a >/dev/null
	done
	check_equal "a server has seven eighths of them, and what it has not is counted" "7 2" \
		"$(lines pinholes) $(counter pinholes-server-full)"
	load_for_other pinholes 3
	client map 192.0.2.10 async-is >/dev/null
	check_equal "a client that has all of its own may have another instead" "7 2" \
		"$(lines pinholes) $(counter pinholes-server-full)"
	load_for_other
	client map 192.0.2.80 ds >/dev/null
	check_equal "the last one is for another server" 1 "$(lines pinholes --server 192.0.2.80)"
	full=$(counter pinholes-full)
	client map 192.0.2.80 mta >/dev/null
	check_equal "then there are no more" "8 $((full + 1))" "$(lines pinholes) $(counter pinholes-full)"
	load
	echo "$most" >/sys/module/postern/parameters/max_pinholes
	at router postern pinholes flush >/dev/null
	at router postern endpoints flush >/dev/null
fi

# ---- whose

load
client map 192.0.2.10 ds >/dev/null
namespace alone
check_equal "another namespace has none" "0 0" "$(at alone postern pinholes | wc -l) $(at alone postern endpoints | wc -l)"
check_equal "and nothing to be closed" "0 pinholes closed." "$(at alone postern pinholes flush)"
check_equal "those of the router are what they were" 1 "$(lines pinholes)"
user=(setpriv --reuid 65534 --regid 65534 --clear-groups)
for words in pinholes "pinholes flush" endpoints "endpoints flush" "learn 192.0.2.10"; do
	# shellcheck disable=SC2086
	check "an unprivileged user may not: $words" \
		forbidden CAP_NET_ADMIN at router "${user[@]}" postern $words
done
check_not "nor read /proc" at router "${user[@]}" cat $proc
check_equal "nothing was closed" "1 1" "$(lines pinholes) $(lines endpoints)"
check "completion knows the words" grep -q "pinholes) options='--client --server --interface .*words='list flush'" <(postern completion bash)
ktap_done
