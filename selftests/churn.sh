#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The module is loaded and unloaded, and policies with it, under traffic: flows that
# the policy allows survive, nothing leaks, the kernel does not complain (the runner
# looks). Meant for the debug kernel.
#
#	CHURNS=200 churn.sh
set -eu
. "$(dirname "$(readlink -f "$0")")/lib.sh"
needs python3
[ -n "${POSTERN_KO:-}" ] || ktap_skip_all "needs \$POSTERN_KO"
[ ! -e /sys/module/postern ] || ktap_skip_all "wants to load the module itself"
topology_up
ktap_plan 4
churns=${CHURNS:-200}

scratch
cat >"$dir/0.conf" <<-'END'
	zone outside { eth0 }
	zone inside { eth1 }
	server mail in inside { 192.0.2.10, 2001:db8:0:2::10 }
	allow outside -> mail : echo, tcp 7, udp 7
END
cat >"$dir/1.conf" <<-'END'
	zone inside { eth1* } reject yes
	zone other { eth2 }
	zone outside { eth0 }
	hosts listed in outside { 198.51.100.0/24, 2001:db8:77::/48 }
	server mail in inside { 192.0.2.10, 192.0.2.11, 2001:db8:0:2::10 }
	block listed -> any log
	allow { outside, other } -> mail : tcp 1-20, udp { 6-8, 53 }
END

spawn perim python3 "$selftests/model/flow.py" server 7
busywait 60 listening perim 7
module_insert
on_exit rmmod postern
at router postern load "$dir/0.conf" >/dev/null
# A processor that has no time left for RCU has none for memory to be given back.
pause=0.002
[ "${POSTERN_KERNEL:-}" != debug ] || pause=0.05
flows=()
for a in 192.0.2.10 2001:db8:0:2::10; do
	for kind in tcp udp; do
		flows+=("$dir/$kind$a")
		spawn inet python3 "$selftests/model/flow.py" client $kind $a 7 "$dir/$kind$a"
	done
	spawn inet python3 "$selftests/model/flow.py" noise $a 5 9 $pause
	spawn perim python3 "$selftests/model/flow.py" noise 203.0.113.2 1 40 $pause
done
# answered: has every flow had an answer since the last call?
declare -A was
answered() {
	local f new
	for f in "${flows[@]}"; do
		new=$(cat "$f")
		case $new in
		ended*) echo "$f $new" && return 1 ;;
		"${was[$f]:-}" | '') return 1 ;;
		esac
	done
	for f in "${flows[@]}"; do was[$f]=$(cat "$f"); done
}
check "flows are open" busywait 120 answered

done_=0 first=0 why=''
for ((i = 1; i <= churns; i++)); do
	# while it is gone, and while it comes, packets flow
	rmmod postern || { why="the module does not go" && break; }
	module_insert || { why="the module does not come" && break; }
	at router postern load "$dir/$((i % 2)).conf" >/dev/null || { why="load" && break; }
	at router postern load "$dir/$(((i + 1) % 2)).conf" >/dev/null || { why="load" && break; }
	case $((i % 4)) in
	1) at router postern unload >/dev/null ;;
	2) at router postern load --confirm 60 "$dir/0.conf" >/dev/null ;;
	esac
	if [ $((i % 10)) = 0 ]; then
		at router postern load "$dir/0.conf" >/dev/null
		busywait 120 answered || { why="a flow is dead: $(tail -vn 1 "${flows[@]}")" && break; }
		echo "# $i turns after $SECONDS s"
		[ "$i" != 20 ] || first=$(slab)
	fi
	done_=$i
done
check_equal "$churns loads and unloads of the module under traffic $why" "$churns" "$done_"
at router postern load "$dir/0.conf" >/dev/null || true
check "flows from before the first are still alive" busywait 120 answered
memory_stays "$first" 20 "$churns" 10
ktap_done
