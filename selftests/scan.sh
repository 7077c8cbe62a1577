#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# scan.sh: exactly the allowed services answer to a scanner outside, whatever kind of
# packets it sends, and every packet is accounted for.
#
# Behind the router one machine listens on allowed and on other ports, so that a leak
# answers; a port where nobody listens would answer with a reset. nft counts on either
# side of postern: what is offered to the router must be what it says to have accepted
# and dropped, and nothing for other ports may come out behind it.
#
# 2,000 ports each; SCAN_FULL=1: all 65,535 once more, which takes as long as the rest.
set -eu
. "$(dirname "$(readlink -f "$0")")/lib.sh"
tools=$selftests/scan

needs nmap nft python3 nsenter
python3 -c 'import scapy' 2>/dev/null || ktap_skip_all "needs scapy"
topology_up
postern_ready

at router postern load - >/dev/null <<-'EOP'
	zone internet  { eth0 }
	zone perimeter { eth1 } reject yes
	server mail in perimeter { 192.0.2.10, 2001:db8:0:2::10 }
	hosts perimeter-net in perimeter { 192.0.2.0/24, 2001:db8:0:2::/64 }
	allow internet -> mail : smtp, https, dns
EOP

# ---- what listens, and what counts

allowed_tcp=25,53,443
other_tcp=20,22,23,80,88,110,111,119,135,139,143,389,445,587,636,993,995,1433,1723
other_tcp+=,3268,3389,5900,5985,6001,8080,10102,47001,49152,65535
other_udp=67,69,88,111,123,137,138,161,389,500,514,1701,4500,5353
spawn perim "$tools/listeners" "$allowed_tcp,$other_tcp" "53,$other_udp" >/dev/null
busywait 60 listening perim 25 53 443 65535

# Before postern looks, which it does at the ingress while so much is dropped. Fragments
# are counted when the kernel has put them together: of two chains of one priority, the
# younger one is the first.
at router nft -f - <<-'EOP'
	table netdev scan {
		chain in {
			type filter hook ingress devices = { eth0, eth1 } priority 0
			ip frag-off & 0x3fff != 0 return
			exthdr frag exists return
			iifname eth0 ip daddr { 192.0.2.0/24, 203.0.113.128/25 } ip daddr != 192.0.2.1 jump offered
			iifname eth0 ip6 daddr { 2001:db8:0:2::/64, 2001:db8:0:3::/64 } ip6 daddr != 2001:db8:0:2::1 jump offered
			iifname eth1 ip daddr 203.0.113.0/25 ip daddr != 203.0.113.1 jump offered
			iifname eth1 ip6 daddr 2001:db8:0:1::/64 ip6 daddr != 2001:db8:0:1::1 jump offered
		}
		chain offered {
			meta priority set 0:1 counter
		}
	}
	table inet scan {
		chain in {
			type filter hook prerouting priority -399
			meta priority 0:1 return
			iifname eth0 ip daddr { 192.0.2.0/24, 203.0.113.128/25 } ip daddr != 192.0.2.1 counter
			iifname eth0 ip6 daddr { 2001:db8:0:2::/64, 2001:db8:0:3::/64 } ip6 daddr != 2001:db8:0:2::1 counter
			iifname eth1 ip daddr 203.0.113.0/25 ip daddr != 203.0.113.1 counter
			iifname eth1 ip6 daddr 2001:db8:0:1::/64 ip6 daddr != 2001:db8:0:1::1 counter
		}
		chain fragments { # too short for a TCP header: postern does not even wait for the rest
			type filter hook prerouting priority -450
			iifname eth0 frag frag-off 0 ip6 length < 28 counter
		}
	}
EOP
at perim nft -f - <<-'EOP'
	table inet scan {
		chain in {
			type filter hook prerouting priority -150
			iifname eth0 ip saddr 203.0.113.0/25 jump arrived
			iifname eth0 ip6 saddr 2001:db8:0:1::/64 icmpv6 type nd-neighbor-solicit return
			iifname eth0 ip6 saddr 2001:db8:0:1::/64 icmpv6 type nd-neighbor-advert return
			iifname eth0 ip6 saddr 2001:db8:0:1::/64 jump arrived
		}
		chain arrived {
			ip daddr 192.0.2.10 tcp dport { 25, 53, 443 } return
			ip daddr 192.0.2.10 udp dport 53 return
			ip6 daddr 2001:db8:0:2::10 tcp dport { 25, 53, 443 } return
			ip6 daddr 2001:db8:0:2::10 udp dport 53 return
			# nmap has no socket for the answers that it gets by UDP.
			meta l4proto { icmp, ipv6-icmp } ct state related return
			counter
		}
	}
EOP

# ---- the scans

some=1-1995,3389,8080,10102,47001,65535
some_count=2000
nmap=(nmap -n -Pn --max-retries 1 --max-rtt-timeout 300ms --initial-rtt-timeout 200ms
	--min-rate 2000)
mail4=192.0.2.10 mail6=2001:db8:0:2::10 outside6=2001:db8:0:1::2

# scanned NAME FOUND REASONS COMMAND...: COMMAND from outside finds what FOUND says, drops
# have no other reasons than REASONS, nothing leaks, and the counters add up.
scanned() {
	local name=$1 want=$2 reasons=$3 out rc=0 seen
	shift 3
	out=$(timeout 240 "$tools/measure" "$(ns inet)" "$(ns router)" "$(ns perim)" "$@" 2>&1) || rc=$?
	seen=$(sed -n 's/^found //p' <<<"$out")
	seen+="; $(sed -n 's/^dropped //p' <<<"$out" | tr ' ' '\n' | cut -d= -f1 | paste -sd' ')"
	seen+="; $(grep ^leaked <<<"$out" || true)"
	echo "# $name: $(paste -sd' ' <<<"$out")"
	if [ "$rc" != 0 ]; then
		ktap_fail "$name" "$(printf 'the counters do not add up, or the scan failed:\n%s' "$out")"
	else
		check_equal "$name" "$want; $reasons; leaked 0" "$seen"
	fi
}

scans() { # NAME FOUND REASONS NMAP-OPTION...
	scanned "$1, v4" "$2" "$3" "${nmap[@]}" "${@:4}" $mail4
	scanned "$1, v6" "$2" "$3" "${nmap[@]}" -6 "${@:4}" $mail6
}

open=open:$allowed_tcp
few="$open filtered:$((some_count - 3))"
unanswered="open|filtered:$some_count"
udp=53,$other_udp
udp_found="open:53 open|filtered:$(tr , '\n' <<<"$other_udp" | wc -l)"
if [ -n "${SCAN_FULL:-}" ]; then
	ktap_plan 32
	scanned "SYN, every port, v4" "$open filtered:65532" no-rule "${nmap[@]}" -sS -p 1-65535 $mail4
else
	ktap_plan 31
fi
scans "SYN" "$few" no-rule -sS -p $some
for port in 20 53 88; do
	scans "SYN from port $port" "$few" no-rule -sS -g $port -p $some
done
scanned "SYN in fragments, v4" "$few" no-rule "${nmap[@]}" -sS -f -p $some $mail4
scanned "SYN in fragments, v6" "$open" no-rule "$tools/fragments6" $outside6 $mail6 "$allowed_tcp,$other_tcp,1,7,79"
scanned "SYN with its header in two fragments, v6" nothing frag-headers \
	"$tools/fragments6" $outside6 $mail6 "$allowed_tcp,$other_tcp" --split-header
scans "ACK" "filtered:$some_count" tcp-no-flow -sA -p $some
scans "ACK from port 20" "filtered:200" tcp-no-flow -sA -g 20 -p 1-200
scans "FIN" "$unanswered" tcp-flags -sF -p $some
scans "NULL" "$unanswered" tcp-flags -sN -p $some
scans "Xmas" "$unanswered" tcp-flags -sX -p $some
scans "UDP" "$udp_found" no-rule -sU -p $udp
for port in 53 88; do
	scans "UDP from port $port" "$udp_found" no-rule -sU -g $port -p $udp
done

# ---- machines that no rule names

scanned "SYN, another machine, v4" filtered:200 no-rule "${nmap[@]}" -sS -p 1-200 192.0.2.80
scanned "SYN, another machine, v6" filtered:200 no-rule "${nmap[@]}" -6 -sS -p 1-200 2001:db8:0:2::80
scanned "SYN, inside, v4" filtered:200 no-zone "${nmap[@]}" -sS -p 1-200 203.0.113.140
scanned "SYN, inside, v6" filtered:200 no-zone "${nmap[@]}" -6 -sS -p 1-200 2001:db8:0:3::140
ktap_done
