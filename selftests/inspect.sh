#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# RPC through the endpoint mapper, between real sockets: what is handed out opens, for
# whom and for what it was handed out, and nothing else; refusals are told at once. The
# server is rpc/server.py, a stand-in for Exchange; the client is rpc/client.py.
#
#	inspect.sh [GROUP...]
#	PROMPT_CLIENTS=200 inspect.sh prompt
set -eu
. "$(dirname "$(readlink -f "$0")")/lib.sh"
. "$selftests/rpc/peers.sh"
needs python3 taskset
topology_up
postern_ready
ktap_plan ''

mail4=192.0.2.10 mail6=2001:db8:0:2::10
scratch

load() { # RULES...
	{
		cat <<-'END'
			zone outside { eth0 }
			zone inside { eth1 }
			server mail in inside { 192.0.2.10, 192.0.2.11, 2001:db8:0:2::10, 2001:db8:0:2::11 }
			server web in inside { 192.0.2.80, 2001:db8:0:2::80 }
			hosts office in outside { 203.0.113.2, 203.0.113.25, 2001:db8:0:1::2, 2001:db8:0:1::25 }
			hosts branch in outside { 198.51.100.7, 2001:db8:77::7 }
		END
		printf '%s\n' "$@"
	} >"$dir/policy"
	at router postern load "$dir/policy" >/dev/null
}

# ---- what is meant to work

works() {
	server
	load "allow office -> mail : exchange-client"
	local ds is before a
	ds=$(port_of ds) is=$(port_of is)
	check "before a question the port is shut" shut "$mail4" "$is"
	for a in "$mail4" $mail6; do
		check "Outlook asks, connects, binds and calls: $a" client mail "$a"
	done
	for a in 192.0.2.11 2001:db8:0:2::11; do
		check "it asked one address of the server, and connects to another: $a" \
			client call "$a" "$is" is
	done
	check "two interfaces that share a port" says "rfr call ok" client call "$mail4" "$ds" rfr
	check "no port but those" shut "$mail4" "$(port_of mta)"
	before=$(counter drop-no-pinhole)
	shut "$mail4" "$(port_of mta)" >/dev/null 2>&1 || true
	check "and the reason says so" grew drop-no-pinhole "$before"
	before=$(counter rejects)
	check "a zone that does not reject says nothing" test "$before" = 0
	sed -i 's/zone outside { eth0 }/& reject yes/' "$dir/policy"
	at router postern load "$dir/policy" >/dev/null
	shut "$mail4" "$(port_of mta)" >/dev/null 2>&1 || true
	check "one that does answers" grew rejects "$before"
	load "allow office -> mail : exchange-client"
	local how
	for how in "--ndr 32" "--ndr 64" --big-endian "--fragment 8" "--cut 1" --bare --multiplex --verification \
		"--auth privacy" "--auth integrity" "--towers 1"; do
		# shellcheck disable=SC2086 # an option and its argument
		check "the client does it so: $how" client mail "$mail4" $how
	done
	for how in "--ndr 32" "--ndr 64" --no-features --big-endian "--fragment 8" "--cut 1"; do
		# shellcheck disable=SC2086
		server $how
		check "the server does it so: $how" client mail "$mail4"
	done
	server
	check "a long answer comes whole" client call "$mail4" "$(port_of is)" is --bytes 3000000
}

# ---- what fails, and how fast

refused() {
	server
	load "allow office -> mail : exchange-client"
	local before is
	is=$(port_of is)
	before=$(counter epm-replaced)
	check "a question for another interface: not registered" says "mta map error" client map "$mail4" mta
	check "is answered by the server itself" grew epm-replaced "$before"
	check "the connection stays of use" says "is map $is" client map "$mail4" mta drsuapi is
	before=$(counter drop-epm-lookup)
	check "a listing is refused" says "epmapper lookup reset" client lookup "$mail4"
	check "for that reason" grew drop-epm-lookup "$before"
	before=$(counter drop-epm-lookup)
	check "nor one that is sealed" says "epmapper lookup reset" \
		client lookup "$mail4" --auth-mapper privacy
	check "for the same reason" grew drop-epm-lookup "$before"
	before=$(counter drop-rpc-interface)
	client map "$mail4" is >/dev/null || true
	check "a bind to another interface of the port is refused" \
		says "mta bind reset" client call "$mail4" "$is" mta
	check "for that reason" grew drop-rpc-interface "$before"
	check "by alter_context, too" says "mta alter reset" client call "$mail4" "$is" is --alter mta
	check "another major version is another interface" \
		says "a4f1db00-ca47-1067-b31f-00dd010662da.* bind reset" client call "$mail4" "$is" is/1.81
	check "the management interface on the mapper's connection" \
		says "mgmt bind reset" client call "$mail4" 135 mgmt
	before=$(counter drop-rpc-not-rpc)
	check_not "what is no RPC is reset" at inet sh -c "printf 'GET / HTTP/1.0\r\n\r\n' | timeout 5 nc -nw 3 $mail4 $is | grep -q ."
	check "for that reason" grew drop-rpc-not-rpc "$before"
	check "another client, whom no rule allows" shut "$mail4" 135 198.51.100.7
	check "another server" shut 192.0.2.80 135
}

# ---- whose a pinhole is

remember() {
	server
	load "service mapi = rpc { exchange-is } remember no" "allow { office, branch } -> mail : mapi" \
		"allow office -> web : tcp 1"
	local is
	is=$(port_of is)
	check "remember no: the client that asked" says "is map $is" client map "$mail4" is --from 203.0.113.2
	check "may connect" says "is call ok" client call "$mail4" "$is" is --from 203.0.113.2
	check "another one may not" shut "$mail4" "$is" 203.0.113.25
	check "nor to the next port" shut "$mail4" $((is + 1)) 203.0.113.2
	check "nor to the same port of another server" shut 192.0.2.80 "$is" 203.0.113.2
	load "allow { office, branch } -> mail : exchange-client"
	client map "$mail4" is --from 203.0.113.2 >/dev/null || true
	check "by default another client uses what the answer taught" \
		says "is call ok" client call "$mail4" "$is" is --from 198.51.100.7
	check "but binds nothing else there" says "rfr bind reset" client call "$mail4" "$is" rfr --from 198.51.100.7
	load "allow office -> mail : exchange-client" "service mta = rpc { exchange-mta }" "allow branch -> mail : mta"
	check "whom the policy does not allow the interface cannot connect" shut "$mail4" "$is" 198.51.100.7
}

# ---- ports by configuration

pinned() {
	local ds=1225 is=1226 before
	server --on "ds,rfr=$ds" --on "is=$is" --on mta
	load "allow office -> mail : exchange-client-st"
	check "a pinned port is reached without a question" says "is call ok" client call "$mail4" "$is" is
	check "by IPv6" says "ds call ok" client call "$mail6" "$ds" ds
	check "but held to its interface" says "rfr bind reset" client call "$mail4" "$ds" rfr
	before=$(counter pinholes-opened)
	check "the mapper may be asked for it" says "is map $is" client map "$mail4" is
	check_equal "which opens nothing" 0 "$(opened "$before")"
	server --on ds --on is --on mta
	check "where the mapper has another port" says "is map" client map "$mail4" is
	check_equal "that opens nothing either" 0 "$(opened "$before")"
	check "and is shut" shut "$mail4" "$(port_of is)"
	load "service range = rpc { any ports 50000-50010 }" "allow office -> mail : range"
	server --first 50005
	check "any interface in a range of ports" client mail "$mail4"
	server --first 50011
	client map "$mail4" is >/dev/null || true
	check "and none beyond it" shut "$mail4" "$(port_of is)"
}

# cpu N: words in $cpu with which a command runs on that processor; none, if there is one only
cpu() { cpu=(); [ "$(nproc)" = 1 ] || cpu=(taskset -c "$1"); }

# A client may connect before the packet that told it where to has left the router's
# hands: the port is open on every processor by then.
prompt() {
	local n=${PROMPT_CLIENTS:-200} before cpu
	if [ -n "$server" ]; then
		kill "$server"
		wait "$server" || true
	fi
	cpu 0
	spawn perim "${cpu[@]}" python3 -B "$selftests/rpc/many.py" server >"$dir/many" 2>&1
	server=$spawned # which the next one ends
	busywait 20 grep -q ready "$dir/many"
	load "service mapi = rpc { exchange-is } remember no" "allow outside -> mail : mapi"
	at router ip route add 10.64.0.0/16 via 203.0.113.2
	at inet ip route add local 10.64.0.0/16 dev lo
	before=$(counter drop-no-pinhole)
	cpu 1
	check_equal "who connects as soon as he was told gets through at the first try" \
		"through $n first $n" "$(at inet "${cpu[@]}" python3 -B "$selftests/rpc/many.py" prompt "$mail4" 10.64.0.0/16 "$n" | tail -n 1)"
	check_equal "and nothing was dropped" "$before" "$(counter drop-no-pinhole)"
	at router ip route del 10.64.0.0/16
	at inet ip route del local 10.64.0.0/16 dev lo
}

# ---- servers that lie

strange() {
	local mode before is
	load "allow office -> mail : exchange-client"
	for mode in other-interface wrong-call low-port zero-port unasked udp pipe count offset \
		tower-length fault; do
		server --mode "$mode"
		before=$(counter pinholes-opened)
		client map "$mail4" is --timeout 3 >/dev/null 2>&1 || true
		check_equal "no pinhole by a server's $mode" 0 "$(opened "$before")"
	done
	for mode in few-results many-results server-first not-rpc any-bind; do
		server --mode "$mode"
		is=$(port_of is)
		client map "$mail4" is --timeout 3 >/dev/null 2>&1 || true
		client call "$mail4" "$is" mta --timeout 3 >/dev/null 2>&1 || true
		check_not "an interface that is not allowed is not called by a server's $mode" \
			grep -q "call $is .* mta/" "$dir/server"
	done
	server --tower-address 192.0.2.99
	before=$(counter tower-address)
	client map "$mail4" is >/dev/null || true
	check "another address in the tower is counted" grew tower-address "$before"
	check "and the client goes where it asked" says "is call ok" client call "$mail4" "$(port_of is)" is
	load "service strict = rpc { exchange-is } tower strict" "allow office -> mail : strict"
	before=$(counter pinholes-opened)
	client map "$mail4" is >/dev/null || true
	check_equal "with tower strict it opens nothing" 0 "$(opened "$before")"
}

# ---- policies change under connections

answer="call ok|map [0-9]"
# hold NAME ARGUMENTS FD: a client that calls again for each line it gets from FD
hold() {
	rm -f "$dir/$1.in" && mkfifo "$dir/$1.in"
	spawn inet sh -c "timeout 300 python3 -B $selftests/rpc/client.py $2 --hold <$dir/$1.in >$dir/$1.out 2>&1"
	eval "exec $3>$dir/$1.in"
	busywait 20 grep -qE "$answer" "$dir/$1.out" || { cat "$dir/$1.out" && return 1; }
}
calls() { grep -cE "$answer" "$dir/$1.out"; }
again() { # NAME FD
	local before
	before=$(calls "$1")
	echo >&"$2" || return 1
	busywait 5 sh -c "[ \"\$(grep -cE '$answer' $dir/$1.out)\" -gt $before ]" || { cat "$dir/$1.out" && return 1; }
}

reload() {
	server
	load "allow office -> mail : exchange-client"
	client map "$mail4" is >/dev/null
	local is
	is=$(port_of is)
	hold one "call $mail4 $is is" 7
	check "a connection is held, and calls again" again one 7
	load "allow office -> mail : exchange-client, echo"
	check "another policy that allows it leaves it" again one 7
	check "and its pinhole" says "is call ok" client call "$mail4" "$is" is
	load "allow office -> mail : site-connector, echo"
	check_not "one that does not ends it" again one 7
	check "and closes the pinhole" shut "$mail4" "$is"
	load "allow office -> mail : exchange-client"
	client map "$mail4" is >/dev/null
	hold two "call $mail4 $is is" 8
	at router postern unload >/dev/null
	load "service mapi = rpc { exchange-is port $is }" "allow office -> mail : mapi"
	check "unload and load leave what is allowed" again two 8
}

# ---- the whole policy observes

observing() {
	local is before replaced cuts
	server --on is,mta
	is=$(port_of is) cuts=$(counter cuts)
	load "set observe" "allow office -> mail : rpc { exchange-is } remember no"
	# what was never observed is not shown
	before=$(($(counter observed-epm-interface) + 0)) replaced=$(counter epm-replaced)
	check "set observe: a question that is not allowed is answered" \
		says "mta map $is" client map "$mail4" mta
	check "and is counted" grew observed-epm-interface "$before"
	check_equal "nobody wrote into it" "$replaced" "$(counter epm-replaced)"
	check_equal "and nothing was opened" 0 "$(at router postern pinholes | wc -l)"
	check "one that is allowed is, on the same connection" says "is map $is" client map "$mail4" mta is
	check_equal "opens its port" 1 "$(at router postern pinholes | wc -l)"
	before=$(($(counter observed-epm-lookup) + 0))
	check "a listing comes whole" says "epmapper lookup ok" client lookup "$mail4"
	check "and is counted" grew observed-epm-lookup "$before"
	before=$(($(counter observed-rpc-interface) + 0))
	check "a bind to another interface passes" says "mta call ok" client call "$mail4" "$is" mta
	check "by alter_context, too" says "mta alter ok" client call "$mail4" "$is" is --alter mta
	check "and is counted" grew observed-rpc-interface "$before" 2
	check_equal "nothing was cut" "$cuts" "$(counter cuts)"
	hold eight "call $mail4 $is mta" 7
	hold nine "call $mail4 $is is" 8
	hold thirteen "call $mail4 $is mta" 6
	load "set observe" "allow office -> mail : rpc { exchange-is } remember no"
	check "another policy that observes leaves it" again thirteen 6
	load "allow office -> mail : rpc { exchange-is, exchange-mta port $is } remember no"
	check "and so does one that allows it" again thirteen 6
	load "allow office -> mail : rpc { exchange-is } remember no"
	check_not "a policy that does not observe ends what it does not allow" again eight 7
	check "and leaves what it does" again nine 8
	# of which nobody asks to have it read
	before=$(counter rpc-resumed)
	load "set observe" "block office -> mail : tcp $is" "allow office -> mail : rpc { exchange-is }"
	check "nor does one end it that observes, and blocks its port" again nine 8
	load "allow office -> mail : rpc { exchange-is } remember no"
	check "nor the next" again nine 8
	check "which has lost count of its bytes" grew rpc-resumed "$before"
	load "service mapi = rpc { exchange-is } bind observe" "allow office -> mail : mapi"
	client map "$mail4" is >/dev/null
	hold ten "call $mail4 $is mta" 9
	load "allow office -> mail : rpc { exchange-is }"
	check_not "nor does one that does not bind observe leave it" again ten 9
	local alter
	alter=$(printf -- ' --alter %s' mta ds xds async-is rfr drsuapi netlogon lsarpc mgmt)
	server --on is,mta,ds,xds,async-is,rfr,drsuapi,netlogon,lsarpc,mgmt
	is=$(port_of is)
	load "service mapi = rpc { exchange-is } bind observe" "allow office -> mail : mapi"
	client map "$mail4" is >/dev/null
	# shellcheck disable=SC2086 # options and their arguments
	check "bind observe: as many as it likes" says "mgmt alter ok" client call "$mail4" "$is" is $alter
}

# A policy of which another service of the same server is strict.
beside() {
	local is ds
	server --on is,mta --on ds
	is=$(port_of is) ds=$(port_of ds)
	load "service mapi = rpc { exchange-is } remember 1h" "service mta = rpc { exchange-mta } bind observe" \
		"service book = rpc { exchange-ds port $ds }" "allow office -> mail : mapi, mta, book"
	client map "$mail4" is >/dev/null
	check "beside a service with bind observe, who asked for another one is held to it" \
		says "ds bind reset" client call "$mail4" "$is" ds
	check "and who did not ask" says "ds bind reset" client call "$mail4" "$is" ds --from 203.0.113.25
	check "and at a pinned port" says "mta bind reset" client call "$mail4" "$ds" mta
	client map "$mail4" mta >/dev/null
	check "who asked for that service may bind any" says "rfr bind rejected" client call "$mail4" "$is" rfr
}

# ---- flows that are kept

kept() {
	local is before
	server
	load "allow office -> mail : exchange-client"
	client map "$mail4" is >/dev/null
	is=$(port_of is)
	hold eleven "call $mail4 $is is" 7
	load "allow branch -> mail : exchange-client"
	check_not "a load that denies a connection ends it" again eleven 7
	load "allow office -> mail : exchange-client"
	client map "$mail4" is >/dev/null
	hold eleven "call $mail4 $is is" 7
	sed -i 's/allow office/allow branch/' "$dir/policy"
	before=$(counter kept)
	# one that is busy meanwhile
	client call "$mail4" "$is" is --bytes 20000000 --timeout 120 >"$dir/busy" &
	local busy=$!
	busywait 60 grep -q "is bind ok" "$dir/busy"
	at router postern load --keep-flows "$dir/policy" >/dev/null
	check "the answer has not come whole by then" kill -0 "$busy"
	wait "$busy" || true
	check "load --keep-flows leaves one that is busy" grep -q "^is call ok" "$dir/busy"
	check "load --keep-flows leaves one through a pinhole" again eleven 7
	check "and counts what it keeps" grew kept "$before"
	check "but opens no new one" shut "$mail4" "$is"
	load "allow office -> mail : rpc { exchange-is port $is }"
	hold twelve "call $mail4 $is is" 8
	sed -i 's/outside/lan/; s/allow office/allow branch/' "$dir/policy"
	at router postern load --keep-flows "$dir/policy" >/dev/null
	check "so does one that knows its zones by other names" again twelve 8
	sed -i 's/allow branch/allow office/' "$dir/policy"
	at router postern load "$dir/policy" >/dev/null
	check "and who is allowed again goes on" again twelve 8
}

# ---- the router itself

itself() {
	local is
	server
	is=$(port_of is)
	load "hosts router self" "allow router -> mail : exchange-client"
	check "the router asks a mapper" says "is map $is" client_at router map "$mail4" mta is
	check "and may not have all that it has" says "mta map error" client_at router map "$mail4" mta
	check "it learns" prints " learned" at router postern learn "$mail4"
	check "and is a client" says "is call ok" client_at router call "$mail4" "$is" is
	check "which is held to its interface" says "mta bind reset" client_at router call "$mail4" "$is" mta
	server_at=router
	server
	is=$(port_of is)
	load "hosts router self" "allow office -> router : exchange-client"
	check "the router's own mapper answers" says "is map $is" client map 203.0.113.1 mta is
	check "but not every question" says "mta map error" client map 203.0.113.1 mta
	check "the port is open" says "is call ok" client call 203.0.113.1 "$is" is
	check "for the interface" says "mta bind reset" client call 203.0.113.1 "$is" mta
	check "and no other port is" shut 203.0.113.1 "$(port_of mta)"
	server_at=perim
}

# forgotten INTERFACE: no endpoint of it is known
forgotten() { ! at router postern endpoints | grep -q " $1 "; }

# What was learned is remembered for a time, which is a minute at least, or for as long as a
# connection uses it.
in_use() {
	server
	load "allow office -> mail : rpc { exchange-ds, exchange-is } remember 1m"
	at router postern learn "$mail4" >/dev/null
	hold seven "call $mail4 $(port_of is) is" 7
	check "what nobody uses is forgotten in time" busywait 90 forgotten exchange-ds
	check_not "what a connection uses is not" forgotten exchange-is
	load "allow office -> mail : echo, rpc { exchange-ds, exchange-is } remember 1m"
	check "and it goes on under another policy" again seven 7
	exec 7>&-
	check "until it has ended" busywait 90 forgotten exchange-is
}

# ---- the module goes and comes

restart() {
	[ -n "${POSTERN_KO:-}" ] || { ktap_skip "restart" "only where this test loads the module" && return; }
	server
	load "allow office -> mail : exchange-client"
	client map "$mail4" is >/dev/null
	local is before
	is=$(port_of is)
	hold three "call $mail4 $is is" 6
	hold mapper "map $mail4 is" 5
	rmmod postern
	insmod "$POSTERN_KO"
	load "allow office -> mail : exchange-client"
	check_not "a connection whose pinhole nobody remembers ends" again three 6
	check_not "a mapper's connection ends" again mapper 5
	check "a cached port is shut" shut "$mail4" "$is"
	client map "$mail4" is >/dev/null
	hold four "call $mail4 $is is" 4
	rmmod postern
	insmod "$POSTERN_KO"
	before=$(counter rpc-resumed)
	load "service mapi = rpc { exchange-is port $is }" "allow office -> mail : mapi"
	check "one that the policy allows by itself goes on" again four 4
	check "as resumed" grew rpc-resumed "$before"
	hold five "call $mail4 $is is" 9
	rmmod postern
	insmod "$POSTERN_KO"
	load "service mapi = rpc { exchange-is port $is } resume refuse" "allow office -> mail : mapi"
	check_not "with resume refuse it does not" again five 9
}

# What was learned is saved, and there when the first policy looks at flows.
saved() {
	[ -n "${POSTERN_KO:-}" ] || { ktap_skip "saved" "only where this test loads the module" && return; }
	server
	load "allow office -> mail : exchange-client"
	client map "$mail4" is ds >/dev/null
	local is before
	is=$(port_of is)
	hold six "call $mail4 $is is" 6
	at router postern save "$dir/known" >/dev/null
	check "a file says what was learned" grep -qE "^endpoint 192.0.2.10 $is .* 0 28[0-9]{3}\$" "$dir/known"
	rmmod postern
	insmod "$POSTERN_KO"
	check "without a policy it is restored" prints " 2 endpoints restored." at router postern restore "$dir/known"
	before=$(counter rpc-resumed)
	load "allow office -> mail : exchange-client"
	check "a connection goes on" again six 6
	check "as resumed" grew rpc-resumed "$before"
	check "who cached the port may connect" says "is call ok" client call "$mail4" "$is" is
	check_not "and not for another interface" client call "$mail4" "$is" ds
	check "with a policy it is restored again" prints " 2 endpoints restored." at router postern restore "$dir/known"
	load "allow office -> mail : site-connector"
	check "what the policy would not have learned is left out" \
		prints "2 endpoints are none that the policy would remember" at router postern restore "$dir/known"
	check_not "a connection that it denies ends" again six 6
	exec 6>&-
}

# ---- what clients remember, and the router does not

cached() {
	[ -n "${POSTERN_KO:-}" ] || { ktap_skip "cached ports" "only where this test loads the module" && return; }
	local is before asked_only="service mapi = rpc { exchange-is } remember no"
	again_with() { rmmod postern && insmod "$POSTERN_KO" && load "$@"; }
	server
	load "$asked_only" "allow office -> mail : mapi"
	client map "$mail4" is >/dev/null
	is=$(port_of is)
	check "a client that asked may come again" says "is call ok" client call "$mail4" "$is" is
	again_with "$asked_only" "allow office -> mail : mapi"
	check "the router restarts, and it may not" shut "$mail4" "$is"
	check_not "with remember no the router learns nothing" at router postern learn "$mail4"
	check "so that it stays shut" shut "$mail4" "$is"
	again_with "allow office -> mail : exchange-client"
	check "by default it is shut as well" shut "$mail4" "$is"
	check "until the router asks the server" at router postern learn "$mail4"
	check "then it is open" says "is call ok" client call "$mail4" "$is" is
	check "by IPv6" says "is call ok" client call "$mail6" "$is" is
	check "to others whom the policy allows it" \
		says "is call ok" client call "$mail4" "$is" is --from 203.0.113.25
	check "and not to those whom it does not" shut "$mail4" "$is" 198.51.100.7
	before=$(counter drop-rpc-interface)
	check "a bind to another interface is refused there" \
		says "rfr bind reset" client call "$mail4" "$is" rfr
	check "by alter_context, too" says "ds alter reset" client call "$mail4" "$is" is --alter ds
	check "for that reason" grew drop-rpc-interface "$before" 2
}

# ---- what a service may say

options() {
	local is before
	server --on is,mta
	is=$(port_of is)
	load "service mapi = rpc { exchange-is } bind observe" "allow office -> mail : mapi"
	client map "$mail4" is >/dev/null
	before=$(counter drop-rpc-interface)
	local observed
	observed=$(counter rpc-observed)
	check "bind observe: a bind to another interface passes" \
		says "mta call ok" client call "$mail4" "$is" mta
	check "and is counted" grew rpc-observed "$observed"
	check "by alter_context, too" says "mta alter ok" client call "$mail4" "$is" is --alter mta
	check_equal "nothing was dropped for it" "$before" "$(counter drop-rpc-interface)"
	check "nobody may come who has not asked" shut "$mail4" "$is" 203.0.113.25
	load "service mapi = rpc { exchange-is } bind strict" "allow office -> mail : mapi"
	client map "$mail4" is >/dev/null
	observed=$(counter rpc-observed)
	check "bind strict: it is refused" says "mta bind reset" client call "$mail4" "$is" mta
	check_equal "and not observed" "$observed" "$(counter rpc-observed)"

	server --on ds --on is=1226
	load "service mapi = rpc { exchange-ds, exchange-is port 1226 } sealed allow-pinned" \
		"allow office -> mail : mapi"
	before=$(counter pinholes-opened)
	check "sealed allow-pinned: a question that cannot be read is answered" \
		says "ds map $(port_of ds)" client map "$mail4" ds --auth-mapper privacy
	check_equal "but opens nothing" 0 "$(opened "$before")"
	check "the port is shut" shut "$mail4" "$(port_of ds)"
	check "a pinned one is open" says "is call ok" client call "$mail4" 1226 is
	check "what is signed can be read" says "ds map" client map "$mail4" ds --auth-mapper integrity
	check "and opens the port" says "ds call ok" client call "$mail4" "$(port_of ds)" ds
	load "service mapi = rpc { exchange-ds, exchange-is port 1226 } sealed deny" \
		"allow office -> mail : mapi"
	before=$(counter drop-rpc-sealed)
	check "sealed deny: it is refused" says "ds map reset" client map "$mail4" ds --auth-mapper privacy
	check "for that reason" grew drop-rpc-sealed "$before"
	check "a question that can be read is not" says "ds map" client map "$mail4" ds
}

# ---- a server whose address the router translates

# A virtual address in front of one of two servers; neither knows of it.
translated() {
	if ! command -v nft >/dev/null || ! at router nft -f - <<-END; then
		table inet virtual {
			chain pre {
				type nat hook prerouting priority dstnat;
				ip daddr 192.0.2.200 dnat to $mail4
				ip6 daddr 2001:db8:0:2::200 dnat to $mail6
			}
		}
	END
		ktap_skip "translated addresses" "no NAT by nftables"
		return
	fi
	local virtual real is before
	server
	is=$(port_of is)
	cat >"$dir/policy" <<-END
		zone outside { eth0 }
		zone inside { eth1 }
		server one in inside nat { $mail4, $mail6 }
		server two in inside nat { 192.0.2.11, 2001:db8:0:2::11 }
		service mapi = rpc { exchange-is } remember no
		allow outside -> { one, two } : mapi
	END
	at router postern load "$dir/policy" >/dev/null
	for virtual in 192.0.2.200 2001:db8:0:2::200; do
		case $virtual in *:*) real=$mail6 ;; *) real=$mail4 ;; esac
		before=$(counter tower-address)
		check "nothing is open behind $virtual" shut "$virtual" "$is"
		check "its mapper is asked there" says "is map $is" client map "$virtual" is
		check_equal "the tower names the address that was asked" "$before" "$(counter tower-address)"
		# those of one server count as one
		check "the pinhole is for where it is translated to" \
			grep -q " -> $mail4:$is " <(at router postern pinholes)
		check "and the client goes back there" says "is call ok" client call "$virtual" "$is" is
		check "or to $real" says "is call ok" client call "$real" "$is" is
		check "not to another server" shut "${real%10}11" "$is"
		at router postern pinholes flush >/dev/null
	done
	server --tower-address 192.0.2.200
	is=$(port_of is)
	before=$(counter tower-address)
	client map 192.0.2.200 is >/dev/null || true
	check "a tower that names the virtual address is counted" grew tower-address "$before"
	check "and opens all the same" says "is call ok" client call 192.0.2.200 "$is" is
	at router nft delete table inet virtual
}

# ---- bad links

# As fast as a client says it was: what an interpreter takes to start is the same either way.
slow_client() { at inet timeout 300 python3 -B "$selftests/rpc/client.py" "$@" --timeout 120; }
transfer() { # BYTES: a second
	slow_client call "$mail4" "$is" is --bytes "$1" | awk '/ call ok / { print $(NF - 1) }'
}
questions() { # N: that are answered on one connection, a second
	local names i
	for ((i = 0; i < $1; i++)); do names+=(is); done
	slow_client map "$mail4" "${names[@]}" |
		awk -v n="$1" '$2 == "map" && $3 ~ /^[0-9]/ { sum += $4; ok++ } END { if (ok == n) print n / sum }'
}
median() { xargs -n 1 | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
# keep SHARE WITH WITHOUT: is the median of the one at least that share of the other's?
keep() {
	awk -v share="$1" -v a="$(median <<<"$2")" -v b="$(median <<<"$3")" 'BEGIN { exit !(b && a >= share * b) }'
}
# doubt WITH WITHOUT: is it too near to what it must be, for so few runs?
doubt() { keep 0.4 "$@" && ! keep 0.75 "$@"; }
keeps() { # NAME WITH WITHOUT
	echo "# figure: $1, a second: $2with the module, $3without; medians $(median <<<"$2"), $(median <<<"$3")"
	check "$1 keeps 60% of its throughput" keep 0.6 "$2" "$3"
}

# bad_link add|del: two packets in a hundred are lost, half of them before they come to
# the router and half behind it, either way, and others overtake
bad_link() {
	local how=(netem delay 1ms 1ms loss 1%)
	[ "$1" = add ] || how=()
	at inet tc qdisc "$1" dev eth0 root "${how[@]}" && at perim tc qdisc "$1" dev eth0 root "${how[@]}" &&
		at router tc qdisc "$1" dev eth0 root "${how[@]}" && at router tc qdisc "$1" dev eth1 root "${how[@]}"
}

# Losses are random, and one run says little: medians, of runs with and without in turn as
# the machine may get busy meanwhile, and of more of them where the first ones leave a doubt.
lossy() {
	if ! bad_link add 2>/dev/null; then
		ktap_skip "lossy links" "no netem"
		return
	fi
	server
	load "allow office -> mail : exchange-client"
	local is run=0 asked='' plainly_asked='' sent='' plainly_sent=''
	local runs=${LOSSY_RUNS:-5} n=${LOSSY_QUESTIONS:-100} bytes=${LOSSY_BYTES:-20000000}
	check "Outlook, where a packet in fifty is lost and others overtake" client mail "$mail4" --timeout 30
	is=$(port_of is)
	# what did not come to its end once is no matter of medians
	while [ "$(wc -w <<<"$asked$sent$plainly_asked$plainly_sent")" = $((run * 4)) ]; do
		[ "$run" -lt "$runs" ] || { [ "$run" -lt $((runs * 3)) ] &&
			{ doubt "$asked" "$plainly_asked" || doubt "$sent" "$plainly_sent"; }; } || break
		load "allow office -> mail : exchange-client"
		asked+="$(questions "$n") "
		sent+="$(transfer "$bytes") "
		if [ -n "${POSTERN_KO:-}" ]; then
			rmmod postern
		else
			load "allow office -> mail : epmap, tcp 1024-65535"
		fi
		plainly_asked+="$(questions "$n") "
		plainly_sent+="$(transfer "$bytes") "
		[ -z "${POSTERN_KO:-}" ] || insmod "$POSTERN_KO"
		run=$((run + 1))
	done
	check_equal "every question is answered, and every answer comes whole" "$run $run $run $run" \
		"$(for r in "$asked" "$sent" "$plainly_asked" "$plainly_sent"; do wc -w <<<"$r"; done | xargs)"
	keeps "a mapper's conversation, $n questions" "$asked" "$plainly_asked"
	keeps "an answer of $bytes bytes" "$sent" "$plainly_sent"
	bad_link del
}

# in_use waits for minutes, and is for kernels that leap over them
[ $# -gt 0 ] || set -- works refused remember pinned prompt options strange reload observing beside kept itself restart cached translated saved lossy
# Each begins with nothing known of what the one before it asked for.
for group; do
	at router postern pinholes flush >/dev/null
	at router postern endpoints flush >/dev/null
	"$group"
done
ktap_done
