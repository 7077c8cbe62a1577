#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The module goes and comes, and policies change, under live RPC: connections to a pinned
# port are resumed each time and go on, clients of the mapper ask again, nobody gets bytes
# that were not sent, nothing leaks, the kernel does not complain (the runner looks).
#
#	CHURNS=30 rpcchurn.sh
set -eu
. "$(dirname "$(readlink -f "$0")")/lib.sh"
. "$selftests/rpc/peers.sh"
needs python3
[ -n "${POSTERN_KO:-}" ] || ktap_skip_all "needs \$POSTERN_KO"
[ ! -e /sys/module/postern ] || ktap_skip_all "wants to load the module itself"
topology_up
ktap_plan 7
churns=${CHURNS:-30}
scratch
# shellcheck disable=SC2119 # without options
server
is=$(port_of is)

# policy SERVICE...
policy() {
	cat <<-END
		zone outside { eth0 }
		zone inside { eth1 }
		server mail in inside { 192.0.2.10, 2001:db8:0:2::10 }
		allow outside -> mail : $*
	END
}
policy "rpc { exchange-is port $is, exchange-ds, exchange-mta }" >"$dir/held"
policy "rpc { exchange-is port $is, exchange-ds } remember no, echo" >"$dir/less"
policy "rpc { exchange-is port $is } idle 1h, tcp any" >"$dir/plain"
load() { at router postern load "$dir/$1" >/dev/null; }

module_insert
on_exit rmmod postern
load held
traffic=()
go() { # NAME WORD...
	traffic+=("$dir/$1")
	spawn inet python3 -B "$selftests/rpc/traffic.py" "$2" "$dir/$1" "${@:3}"
}
for a in 192.0.2.10 2001:db8:0:2::10; do
	go "hold$a" hold "$a" "$is" is
	go "ask$a" ask "$a" ds mta
done

# moved: has each got further since the last call? What ended never does.
declare -A was
moved() {
	local f now
	for f in "${traffic[@]}"; do
		now=$(sed 's/ .*//' "$f" 2>/dev/null) || return 1
		case $now in
		ended | deviation) cat "$f" && return 1 ;;
		"${was[$f]:-}" | '') return 1 ;;
		esac
	done
	for f in "${traffic[@]}"; do was[$f]=$(sed 's/ .*//' "$f"); done
}
check "traffic flows" busywait 120 moved

done_=0 first=0 resumed=0 why=''
for ((i = 1; i <= churns; i++)); do
	rmmod postern || { why="the module does not go" && break; }
	module_insert || { why="the module does not come" && break; }
	load held || { why="load" && break; }
	busywait 120 moved || { why="$(tail -vn 1 "${traffic[@]}")" && break; }
	resumed=$((resumed + $(counter rpc-resumed)))
	load less || { why="load" && break; }
	load plain || { why="load" && break; }
	load held || { why="load" && break; }
	[ $((i % 3)) != 0 ] || at router postern unload >/dev/null
	[ "$i" != 10 ] || first=$(slab)
	done_=$i
done
check_equal "$churns times unloaded, loaded, and other policies $why" "$churns" "$done_"
load held || true
check "traffic flows at the end" busywait 120 moved
check "the held connections were resumed each time" test "$resumed" -ge $((churns * 2))
check "most rounds of the others ended well" awk '{ well += $1; not += $2 } END { exit well < not }' "$dir"/ask*:* "$dir"/ask*.10
check_not "nobody got what was not sent" grep -l deviation "${traffic[@]}"
memory_stays "$first" 10 "$churns" 20
ktap_done
