#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A TCP transfer through the fast path, IPv4 and IPv6: while it is open, and when it has
# ended, what is counted for its rule and in all is what the interfaces counted.
#
#	TRANSFER_BYTES=1000000000 transfer.sh
set -eu
. "$(dirname "$(readlink -f "$0")")/lib.sh"
needs python3
bytes=${TRANSFER_BYTES:-1000000000}
scratch
postern_ready
topology_up

# Nobody asks for neighbours, or for routers.
known() { # WHERE
	local a dev mac
	at "$1" ip neigh show nud all | sed -n 's/^\(\S*\) dev \(\S*\) lladdr \(\S*\).*/\1 \2 \3/p' |
		while read -r a dev mac; do
			at "$1" ip neigh replace "$a" dev "$dev" lladdr "$mac" nud permanent
		done
}
for a in 203.0.113.2 2001:db8:0:1::2 192.0.2.10 2001:db8:0:2::10; do
	at router ping -qc 1 -W 5 "$a" >"$dir/ping"
done
for w in inet perim int; do at "$w" sysctl -qw net.ipv6.conf.eth0.router_solicitations=0; done
for w in inet perim int router; do known "$w"; done

# wires FIELD: "packets bytes" that both interfaces counted, without link headers
wires() {
	local dev packets=0 bytes=0 p b
	for dev in eth0 eth1; do
		p=$(at router cat "/proc/net/dev" | awk -v d="$dev:" -v f="$1" '$1 == d { print $(f + 1) }')
		b=$(at router cat "/proc/net/dev" | awk -v d="$dev:" -v f="$1" '$1 == d { print $f }')
		packets=$((packets + p)) bytes=$((bytes + b - 14 * p))
	done
	echo "$packets $bytes"
}
quiet() {
	local before
	before=$(wires 2)$(wires 10)
	read -rt 1 <>"$dir/never" || true
	[ "$before" = "$(wires 2)$(wires 10)" ]
}
mkfifo "$dir/never"

counted() { echo "$(counter accepted) $(counter bytes)"; }
of_rule() { at router awk '$1 == 0 { print $3, $4 }' /proc/net/postern/rules; }
less() { # "A B" "C D": differences
	echo "$((${2% *} - ${1% *})) $((${2#* } - ${1#* }))"
}

# Of itself the fast path is taken from 5.15 on.
fastpath=''
[ "$(printf '%s\n' 5.15 "$(uname -r)" | sort -V | head -n 1)" = 5.15 ] || fastpath="fastpath on"
at router postern load - >"$dir/load" <<-EOF
	$fastpath
	zone internet { eth0 }
	zone perimeter { eth1 }
	server mail in perimeter { 192.0.2.10, 2001:db8:0:2::10 }
	allow internet -> mail : tcp 8000
EOF
needs_flow_table
spawn perim python3 -c '
import socket
server = socket.create_server(("::", 8000), family=socket.AF_INET6, dualstack_ipv6=True)
while True:
    client, _ = server.accept()
    want = int(client.recv(20).decode())
    client.sendall(b"go")
    while want:
        want -= len(client.recv(1 << 20))
    client.sendall(b"ok")
    client.recv(1)
    client.close()
'
busywait 30 listening perim 8000
mkfifo "$dir/end" "$dir/sent"

compare() { # WHEN
	local rx tx
	rx=$(less "$rx0" "$(wires 2)") tx=$(less "$tx0" "$(wires 10)")
	check_equal "$1: in all as many as came in" "$rx" "$(less "$all0" "$(counted)")"
	check_equal "$1: and as went out" "$tx" "$(less "$all0" "$(counted)")"
	check_equal "$1: and for the rule" "$rx" "$(less "$rule0" "$(of_rule)")"
}

ktap_plan 18
for server in 192.0.2.10 2001:db8:0:2::10; do
	busywait 60 quiet
	rx0=$(wires 2) tx0=$(wires 10) all0=$(counted) rule0=$(of_rule)
	fast0=$(counter fast-packets) flows0=$(counter fast-flows)
	spawn inet python3 -c '
import socket, sys
_, address, left, sent, end = sys.argv
left = int(left)
sock = socket.create_connection((address, 8000))
sock.sendall(b"%d" % left)
sock.recv(2)
block = bytes(1 << 20)
while left:
    left -= sock.send(block[:left])
assert sock.recv(2) == b"ok"
open(sent, "w").close()
open(end).close()
sock.close()
' "$server" "$bytes" "$dir/sent" "$dir/end"
	: <"$dir/sent"
	busywait 60 quiet
	check_equal "one flow, to $server" 1 $(($(counter fast-flows) - flows0))
	compare "$bytes bytes, still open"
	packets=$(less "$all0" "$(counted)") fast=$(($(counter fast-packets) - fast0))
	echo "# ${packets% *} packets, ${packets#* } bytes, $fast packets on the fast path"
	check "all but the handshake took the fast path" test "$fast" -ge $((${packets% *} - 4))
	: >"$dir/end"
	wait "$spawned" || true
	busywait 60 quiet
	compare "at its end"
	check_equal "its end did not" "$fast" $(($(counter fast-packets) - fast0))
done
ktap_done
