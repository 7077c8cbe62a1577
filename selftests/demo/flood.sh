# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The demo's flood: opening SYNs in the names of others against the mail server, and
# one who does exist and wants too much. Sourced by guest, which sets demo, who and off.
# shellcheck disable=SC2034,SC2154

flood=$demo/../flood/obj/flood
who[newcomer]="inet 203.0.113.77 -" # has never written before
who[pest]="inet 203.0.113.66 -"     # not the kernel's: flood answers for it

attacked() { grep -q 'mail-in: .* under attack' /proc/net/postern/sources; }
pest_is_banned() { grep -q '^203.0.113.66/32 .* banned' /proc/net/postern/sources; }

all_given_up() { [ -z "$(at perim ss -Htn state syn-recv)" ]; }

flood_rows() {
	local rate=20000 router sent ms
	case $(uname -r)${POSTERN_KERNEL:-} in *uml*) ;; *) rate=2000 ;; esac
	router=$(ip -br link show eth0 | awk '{ print $3 }')
	link_up inet eth0 203.0.113.77/25
	ip route add 11.0.0.0/8 via 203.0.113.2
	# what the server sends to who was forged shall be over before the next rows
	at perim sysctl -qw net.ipv4.tcp_synack_retries=1
	# so that what is sent to the pest gets to where it listens
	ip neigh replace 203.0.113.66 lladdr "$(at inet cat /sys/class/net/eth0/address)" dev eth0
	spawn inet "$flood" eth0 "$router" 192.0.2.10 25 11.0.0.0/8 $rate 10 >/run/demo/flood
	flooder=$spawned
	busywait 10 attacked || echo "(no attack was noticed)"
	header
	row "a mail of who wrote before" stranger mail smtp "works: limit-unproven"
	row "a mail of who never did" newcomer mail smtp "works: limit-unproven"
	at inet "$flood" eth0 "$router" 192.0.2.10 25 203.0.113.66/32 100 4 --handshake --again 1.1 >/run/demo/pest
	judged "one who opens 100 a second" pest mail smtp banned \
		"$(if pest_is_banned; then echo banned; else echo not; fi)"
	wait "$flooder" || true
	read -r _ sent _ _ _ ms _ </run/demo/flood
	echo "$sent SYNs were forged in $((ms / 1000)) s"
	as_user grep -E '^(drop-(limit-[a-z]*|banned)|proven|handshakes|bans) ' /proc/net/postern/counters
	as_user postern sources --top 3
	at perim ss -K dst 203.0.113.66 >/run/demo/killed
	busywait 20 all_given_up || echo "(connections are still half open)"
}
