#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Conversations of real DCE/RPC clients and servers as they were captured, once more
# between sockets that have the captured addresses: what the endpoint mappers handed out
# opens and nothing else, what followed passes, and what is refused is for the expected
# reason. See rpc/replays.py and rpc/captures/expected.
#
#	replays.sh [CAPTURE...]
#	POSTERN_PCAPS=DIR replays.sh	also whole captures, wherever below DIR
#
#	   clients            router            servers
#	   eth0 ------------- eth0 eth1 ------------- eth0
#	   198.18.1.2           .1   .1         198.18.2.2
set -eu
# shellcheck source=selftests/lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"
[ "$(id -u)" = 0 ] || ktap_skip_all "needs root"
needs ip nsenter ping python3
postern_ready

namespace router || ktap_skip_all "no network namespaces"
network eth0 clients
network eth1 servers
side() { # NUMBER DEVICE NAME
	link_up router "$2" "198.18.$1.1/30" "fd00:18:$1::1/64"
	link_up "$3" eth0 "198.18.$1.2/30" "fd00:18:$1::2/64"
	at "$3" ip route add default via "198.18.$1.1"
	at "$3" ip route add default via "fd00:18:$1::1"
}
side 1 eth0 clients
side 2 eth1 servers
at router sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 \
	net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.eth{0,1}.rp_filter=0
for n in 1:clients 2:servers; do
	busywait 60 at "${n#*:}" ping -qc 1 -W 1 "fd00:18:${n%:*}::1"
done

export PYTHONPATH=$selftests/model REPLAYS_ROUTER REPLAYS_CLIENTS REPLAYS_SERVERS
REPLAYS_ROUTER=$(ns router)
REPLAYS_CLIENTS=$(ns clients)
REPLAYS_SERVERS=$(ns servers)
at router python3 -B "$selftests/rpc/replays.py" "$@"
