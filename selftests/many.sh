#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Pinholes for very many clients: what they take, how fast they open, whether a look-up
# costs the same; and a client that wants them all.
#
#	MANY_CLIENTS=100000 MANY_PORTS=1000000 many.sh
set -eu
. "$(dirname "$(readlink -f "$0")")/lib.sh"
needs python3
topology_up
postern_ready
ktap_plan ''

clients=${MANY_CLIENTS:-2000} ports=${MANY_PORTS:-10000} mail=192.0.2.10
scratch
many() { at inet python3 -B "$selftests/rpc/many.py" "$@"; }

# A network for them, behind inet.
at router ip route add 10.64.0.0/14 via 203.0.113.2
at inet ip route add local 10.64.0.0/14 dev lo
at perim sysctl -qw net.core.somaxconn=4096
sysctl -qw net.netfilter.nf_conntrack_max=1000000 2>/dev/null || true
cat >"$dir/policy" <<-'END'
	zone outside { eth0 }
	zone inside { eth1 }
	server mail in inside { 192.0.2.10 }
	service mapi = rpc { exchange-is } idle 1h remember no
	allow outside -> mail : mapi
END
at router postern load "$dir/policy" >/dev/null
spawn perim python3 -B "$selftests/rpc/many.py" server >"$dir/server"
busywait 20 grep -q ready "$dir/server"

one=10.67.0.1 # of nobody else
many clients "$mail" 10.67.0.0/30 1 >/dev/null
many connects "$mail" 50001 500 "$one" >/dev/null
before=$(many connects "$mail" 50001 2000 $one)
memory=$(slab) opened=$(counter pinholes-opened)
out=$(many clients "$mail" 10.64.0.0/14 "$clients")
echo "# figure: $(tail -n 1 <<<"$out"), four pinholes each"
check_equal "every client is answered" "answered $clients" "$(sed -n 's/ in .*//p' <<<"$out" | tail -n 1)"
opened=$(($(counter pinholes-opened) - opened))
check_equal "and has its four pinholes" $((clients * 4)) "$opened"
# conntrack and the inspectors let go of what is over
over() { [ "$(conntrack_count)" -lt 100 ]; }
conntrack_count() { at router cat /proc/sys/net/netfilter/nf_conntrack_count; }
busywait 60 over || true
# of a few the rest of the kernel hides what they take
[ "$clients" -lt 20000 ] && figure='' || figure='figure: '
echo "# $figure$((($(slab) - memory) * 1024 / (clients * 4))) bytes a pinhole"
after=$(many connects "$mail" 50001 2000 $one)
echo "# figure: 2,000 connections through a pinhole: $before s, beside $opened others $after s"
check "a look-up costs no more among so many" awk -v a="$before" -v b="$after" 'BEGIN { exit b > 1.5 * a + 0.2 }'

evicted=$(counter pinholes-evicted)
check "a client asks for $ports ports" many greedy "$mail" "$ports"
check "it has as many as it may, and takes nobody else's" test \
	$(($(counter pinholes-evicted) - evicted)) -ge $((ports - 64000 > 0 ? ports - 64064 : ports - 128))
check "which are still open" many connects "$mail" 50001 10 "$one"
ktap_done
