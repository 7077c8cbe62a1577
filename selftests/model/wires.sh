# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# A router whose networks are wires' ends that a test holds in its hand; after lib.sh.
#
#	   peers (no addresses)                        router
#	   pz0 pz1 pz2 pz3 pn0 pn1 ------------- z0 z1 z2 z3 n0 n1
#
# Each of the router's interfaces has routes to the networks that generate.py puts
# behind it, by a neighbour that is there for ever. See wire.py for what is sent.

wire() { # NUMBER DEVICE NET...
	local i=$1 dev=$2 net mac
	shift 2
	ip link add "$dev" netns "$(ns router)" type veth peer name "p$dev" netns "$(ns peers)"
	at peers sysctl -qw "net.ipv6.conf.p$dev.disable_ipv6=1"
	at peers ip link set "p$dev" up
	mac=$(at peers ip -o link show "p$dev" | sed 's,.*link/ether \([0-9a-f:]*\).*,\1,')
	at router sysctl -qw "net.ipv4.conf.$dev.rp_filter=0" "net.ipv4.conf.$dev.send_redirects=0"
	at router ip addr add "10.255.$i.1/30" dev "$dev"
	at router ip addr add "fd00:0:0:$i::1/64" dev "$dev" nodad
	at router ip link set "$dev" up
	at router ip neigh add "10.255.$i.2" lladdr "$mac" nud permanent dev "$dev"
	at router ip neigh add "fd00:0:0:$i::2" lladdr "$mac" nud permanent dev "$dev"
	for net; do
		case $net in
		*:*) at router ip -6 route add "$net" via "fd00:0:0:$i::2" dev "$dev" ;;
		*) at router ip route add "$net" via "10.255.$i.2" dev "$dev" ;;
		esac
	done
}

wires_up() {
	local n
	for n in router peers; do
		namespace "$n" || ktap_skip_all "no network namespaces"
	done
	at router sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 \
		net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.all.send_redirects=0
	wire 0 z0 10.0.0.0/24 2001:db8::/64 198.51.100.0/24 2001:db8:77::/48
	wire 1 z1 10.0.1.0/24 2001:db8:0:1::/64 203.0.113.0/24
	wire 2 z2 10.0.2.0/24 2001:db8:0:2::/64
	wire 3 z3 10.0.3.0/24 2001:db8:0:3::/64
	wire 4 n0 10.9.0.0/24
	wire 5 n1 2001:db8:9::/64
	export WIRES_ROUTER WIRES_PEERS
	WIRES_ROUTER=$(ns router)
	WIRES_PEERS=$(ns peers)
}

# wires_ready: the wires, and postern on the router, or skip the test
wires_ready() {
	needs python3
	postern_ready
	wires_up
}
