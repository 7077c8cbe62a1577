#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What a zone means, with every kind of interface: VLAN, bond, bridge, VRF, macvlan,
# tunnels; and interfaces that appear, are renamed or go elsewhere after the load.
# (Packets between zones and networks of no zone: see model/guard.py.)
#
#	zones.sh [GROUP...]
#
#	near                router               far
#	10.1.0.2 ---- in0 (10.1.0.1)  out0 ---- 10.2.0.2, 2001:db8:2::2
#	2001:db8:1::2         of many kinds
set -eu
. "$(dirname "$(readlink -f "$0")")/lib.sh"
postern_ready
ktap_plan ''

for n in router near far; do
	namespace "$n" || ktap_skip_all "no network namespaces"
	at "$n" sysctl -qw net.ipv6.conf.default.accept_dad=0 net.ipv4.conf.all.rp_filter=0 \
		net.ipv4.conf.default.rp_filter=0
done
at router sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
ip link add out0 netns "$(ns router)" type veth peer name eth0 netns "$(ns far)"
link_up router out0 10.2.0.1/24 2001:db8:2::1/64
link_up far eth0 10.2.0.2/24 2001:db8:2::2/64
at far ip route add default via 10.2.0.1
at far ip route add default via 2001:db8:2::1

# wire: in0 of the router to eth0 of near, without addresses
wire() {
	ip link add "${1:-in0}" netns "$(ns router)" type veth peer name eth0 netns "$(ns near)"
	at near ip link set eth0 up
	at router ip link set "${1:-in0}" up
}

# ends ROUTER_DEVICE NEAR_DEVICE: addresses and routes, those that they lost too
ends() {
	at router ip link set "$1" up
	at near ip link set "$2" up
	at router ip addr replace 10.1.0.1/24 dev "$1"
	at router ip addr replace 2001:db8:1::1/64 dev "$1" nodad
	at near ip addr replace 10.1.0.2/24 dev "$2"
	at near ip addr replace 2001:db8:1::2/64 dev "$2" nodad
	at near ip route replace default via 10.1.0.1
	at near ip route replace default via 2001:db8:1::1
}

load() { # ZONE_INTERFACES [RULE]
	at router postern load - >/dev/null <<-END
		zone left { $1 }
		zone right { out0 }
		${2:-allow left -> right : echo}
	END
}

load_one() { # INTERFACES_OF_THE_ZONE_ALL RULE
	at router postern load - >/dev/null <<-END
		zone all { $1 }
		$2
	END
}

load_nowhere() { # zones that have none of the interfaces here
	at router postern load - >/dev/null <<-'END'
		zone left { nothing0 }
		zone right { nothing1 }
		allow left -> right
	END
}

pings() { at near ping -qc 1 -W "${2:-5}" "$1"; }
both_ping() { busywait 10 pings 10.2.0.2 && busywait 10 pings 2001:db8:2::2; }
# denied REASON: one ping of each family is dropped, for that reason
denied() {
	local before
	before=$(counter "drop-$1")
	if pings 10.2.0.2 1 || pings 2001:db8:2::2 1; then
		echo "a ping passed" && return 1
	fi
	[ "$(counter "drop-$1")" -ge $((before + 2)) ] ||
		{ echo "drop-$1: $before, then $(counter "drop-$1")" && return 1; }
}
# once: three packets that pass are counted as three
once() {
	local before
	before=$(counter accepted)
	at near ping -qc 3 -i 0.2 -W 5 10.2.0.2 || return
	[ $(($(counter accepted) - before)) = 6 ] ||
		{ echo "accepted $(($(counter accepted) - before)) instead of 6" && return 1; }
}

# kind NAME DEVICE: its zone by its name, without a rule, and in no zone
kind() {
	load "$2"
	check "$1: passes by a rule between the zones" both_ping
	check "$1: each packet is counted once" once
	load "$2" "allow right -> left"
	check "$1: needs that rule" denied no-rule
	load "nothing0"
	check "$1: in no zone, it is denied" denied no-zone
}

fresh() {
	at near ip link del eth0 2>/dev/null || true
	at router ip link del in0 2>/dev/null || true
	busywait 5 at router sh -c '! ip link show in0'
}

plain() {
	wire
	ends in0 eth0
	kind "plain interface" in0
	load_one "in0, out0" "allow 10.9.9.9 -> all"
	check "inside one zone it needs a rule" denied no-rule
	load_one "in0, out0" "allow all -> all : echo"
	check "inside one zone a rule lets it pass" both_ping
	load_nowhere
	alone=$(counter left-alone)
	check "between interfaces of no zone it is left alone" both_ping
	check "and counted so" test "$(counter left-alone)" -gt "$alone"
	fresh
}

# ---- kinds of interfaces

vlan() {
	local have
	wire
	at router ip link add link in0 name in0.5 type vlan id 5 2>/dev/null && have=1 || have=''
	if [ -n "$have" ]; then
		at near ip link add link eth0 name eth0.5 type vlan id 5
		ends in0.5 eth0.5
		kind "VLAN" "in0.*"
	else
		ktap_skip "VLAN" "no such interfaces here"
	fi
	fresh
}

bond() {
	if at router ip link add bond9 type bond mode active-backup miimon 100 2>/dev/null; then
		wire
		at router ip link set in0 down
		at router ip link set in0 master bond9
		at router ip link set bond9 up
		ends bond9 eth0
		busywait 10 at router grep -q "MII Status: up" /proc/net/bonding/bond9 || true
		kind "bond" bond9
		at router ip link del bond9
	else
		ktap_skip "bond" "no such interfaces here"
	fi
	fresh
}

bridge() {
	if at router ip link add br9 type bridge 2>/dev/null; then
		wire
		at router ip link set in0 master br9
		at router ip link set br9 up
		ends br9 eth0
		kind "bridge, routed" br9
		load "br9"
		if modprobe -q br_netfilter && at router sysctl -qw net.bridge.bridge-nf-call-iptables=1 \
			net.bridge.bridge-nf-call-ip6tables=1 2>/dev/null; then
			check "bridge, routed, with br_netfilter" both_ping
			check "bridge, routed, with br_netfilter, counted once" once
			# another host on the same bridge: frames between the two are only bridged
			namespace next
			at next sysctl -qw net.ipv6.conf.default.accept_dad=0
			ip link add in1 netns "$(ns router)" type veth peer name eth0 netns "$(ns next)"
			at router ip link set in1 master br9
			at router ip link set in1 up
			link_up next eth0 10.1.0.3/24 2001:db8:1::3/64
			dropped=$(counter drop-no-rule)
			check "frames that are only bridged are left alone" busywait 10 pings 10.1.0.3
			check "frames that are only bridged are left alone, IPv6" busywait 10 pings 2001:db8:1::3
			check_equal "and not counted" "$dropped" "$(counter drop-no-rule)"
			at router ip link del in1
			rmmod br_netfilter || true
		else
			ktap_skip "frames that are only bridged" "no br_netfilter"
		fi
		at router ip link del br9
	else
		ktap_skip "bridge" "no such interfaces here"
	fi
	fresh
}

vrf() {
	if at router ip link add vrf9 type vrf table 9 2>/dev/null; then
		wire
		at router ip link set vrf9 up
		at router ip link set in0 master vrf9
		at router ip link set out0 master vrf9
		# enslaving takes the IPv6 addresses away
		link_up router out0 2001:db8:2::1/64
		ends in0 eth0
		kind "VRF, by the interface" in0
		load_one vrf9 "allow all -> all : echo"
		check "VRF, by its own name" both_ping
		check "VRF, by its own name, counted once" once
		load_one vrf9 "allow 10.9.9.9 -> all"
		check "VRF, by its own name, needs a rule" denied no-rule
		at router ip link del vrf9
		link_up router out0 2001:db8:2::1/64 || true
		at router ip addr replace 10.2.0.1/24 dev out0
	else
		ktap_skip "VRF" "no such interfaces here"
	fi
	fresh
}

macvlan() {
	wire
	if at router ip link add in9 link in0 type macvlan mode bridge 2>/dev/null; then
		# or in0 answers for in9, and the packets come in there
		at router sysctl -qw net.ipv4.conf.in0.arp_ignore=1
		ends in9 eth0
		kind "macvlan" in9
		at router ip link del in9
	else
		ktap_skip "macvlan" "no such interfaces here"
	fi
	fresh
}

tunnel() { # KIND
	wire
	link_up router in0 10.3.0.1/24
	link_up near eth0 10.3.0.2/24
	if ! at router ip link add tun9 type "$1" local 10.3.0.1 remote 10.3.0.2 2>/dev/null; then
		ktap_skip "tunnel $1" "no such interfaces here"
		fresh
		return
	fi
	at near ip link add tun9 type "$1" local 10.3.0.2 remote 10.3.0.1
	ends tun9 tun9
	case $1 in
	ipip)
		load "tun*"
		check "tunnel $1: passes by a rule" busywait 10 pings 10.2.0.2
		check "tunnel $1: each packet is counted once" once
		;;
	*) kind "tunnel $1" "tun*" ;;
	esac
	at near ip link del tun9
	at router ip link del tun9
	fresh
}

gre() {
	tunnel gre
}

ipip() {
	tunnel ipip
}

wireguard() {
	if ip link add wg9 netns "$(ns router)" type wireguard 2>/dev/null && command -v wg >/dev/null; then
		wire
		link_up router in0 10.3.0.1/24
		link_up near eth0 10.3.0.2/24
		ip link add wg9 netns "$(ns near)" type wireguard
		k1=$(wg genkey) k2=$(wg genkey)
		at router wg set wg9 private-key <(echo "$k1") listen-port 5000 peer "$(wg pubkey <<<"$k2")" \
			allowed-ips 0.0.0.0/0,::/0 endpoint 10.3.0.2:5000
		at near wg set wg9 private-key <(echo "$k2") listen-port 5000 peer "$(wg pubkey <<<"$k1")" \
			allowed-ips 0.0.0.0/0,::/0 endpoint 10.3.0.1:5000
		ends wg9 wg9
		kind "wireguard" wg9
		at near ip link del wg9
		at router ip link del wg9
		fresh
	else
		at router ip link del wg9 2>/dev/null || true
		ktap_skip "wireguard" "no such interfaces, or no wg(8)"
	fi
}

# ---- interfaces come, go, and change their names

# rename OLD NEW: one of the router's, which is down then
rename() {
	at router ip link set "$1" down
	at router ip link set "$1" name "$2"
}

revoked() { [ "$(counter drop-revoked)" -ge "$1" ]; }
moved() { [ "$(cat "$1")" != "$2" ]; }

# A flow that is left alone when a load keeps all flows, and one that comes later.
later() {
	local first second was dropped
	scratch
	first=$dir/first second=$dir/second
	load_nowhere
	spawn far python3 "$selftests/model/flow.py" server 7
	spawn near python3 "$selftests/model/flow.py" client udp 10.2.0.2 7 "$first" 4001
	busywait 20 test -s "$first"
	at router postern load --keep-flows - >/dev/null <<-'END'
		zone left { late2 }
		zone right { out2 }
		allow left -> right : echo
	END
	spawn near python3 "$selftests/model/flow.py" client udp 10.2.0.2 7 "$second" 4002
	check "between interfaces of no zone flows go on, and begin" busywait 20 test -s "$second"
	rename late1 late2
	rename out0 out2
	ends late2 eth0
	link_up router out2
	at router ip -6 addr replace 2001:db8:2::1/64 dev out2 nodad
	was=$(cat "$first")
	check "in zones, load --keep-flows keeps the flow it found" busywait 20 moved "$first" "$was"
	dropped=$(counter drop-revoked)
	check "but not the one that began later" busywait 20 revoked $((dropped + 5))
	was=$(cat "$second")
	busywait 20 revoked $((dropped + 20)) || true
	check_equal "of which nothing passes" "$was" "$(cat "$second")"
	rename late2 late1
	rename out2 out0
	ends late1 eth0
	link_up router out0
	at router ip -6 addr replace 2001:db8:2::1/64 dev out0 nodad
	load "late*, in0"
}

names() {
	load "late*, in0"
	wire late0
	ends late0 eth0
	check "an interface that appears after the load is in its zone" both_ping
	rename late0 other0
	ends other0 eth0
	check "renamed, it is in none" denied no-zone
	rename other0 late1
	ends late1 eth0
	check "renamed again, it is back" both_ping
	later
	namespace away
	at router ip link set late1 netns "$(ns away)"
	check_not "moved to another namespace, it is gone" pings 10.2.0.2 1
	at away ip link set late1 name in0
	at away ip link set in0 netns "$(ns router)"
	ends in0 eth0
	check "moved back under another name of the zone, it is in it" both_ping
	matched=$(at router postern show zones --json | tr -d ' \n')
	check "show zones names it" grep -q '"matched":\["in0"\]' <<<"$matched"
	at router ip link del in0
	check "deleted, it is in none" busywait 5 sh -c "! ip netns exec $(ns router) \
		postern show zones --json | grep -q in0.,"
}

[ $# -gt 0 ] || set -- plain vlan bond bridge vrf macvlan gre ipip wireguard names
for group; do "$group"; done
ktap_done
