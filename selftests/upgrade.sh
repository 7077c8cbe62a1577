#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Stop, restart and upgrade never open the router: the commands of postern.service
# are run as systemd would, while every 10 ms somebody tries what no rule allows.
# None of it may arrive, and a connection that the policy allows must live on.
#
# It takes the policy of the whole machine away, so it runs in a guest only.
set -euo pipefail
export ROUTER=init
. "$(dirname "$(readlink -f "$0")")/lib.sh"

rounds=${POSTERN_UPGRADES:-3}
dist=$selftests/../dist
[ -n "${POSTERN_KO:-}" ] || ktap_skip_all "would stop this router's postern"
needs nft python3 nc

scratch
conf=$dir/postern.conf

# unit KEY: run the KEY= lines of the unit, one after the other until one fails
unit() {
	local line may_fail
	while IFS= read -r line; do
		may_fail=''
		case $line in -*) may_fail=1 line=${line#-} ;; esac
		# As installed, but from here, with the module that was built for this kernel.
		echo "$EPOCHREALTIME $line" >>"$dir/times"
		line=${line//\/usr\/sbin\/postern/postern}
		line=${line//\/usr\/libexec\/postern/$dist}
		line=${line//\/sbin\/modprobe postern/test -e \/sys\/module\/postern || insmod $POSTERN_KO}
		line=${line//\/etc\/postern\/postern.conf/$conf}
		case $line in *" save" | *" restore") line="$line $dir/known" ;; esac
		bash -c "$line" || [ -n "$may_fail" ] || return
	done < <(sed -n "s/^$1=//p" "$dist/postern.service")
}
start() { unit ExecStartPre && unit ExecStart && unit ExecStartPost; }
stop() { unit ExecStop; }
guarded() { nft list table inet postern_guard; }

policy() {
	cat <<-'END'
		zone internet { eth0 }
		zone perimeter { eth1 }
		hosts mail in perimeter { 192.0.2.10, 2001:db8:0:2::10 }
		allow internet -> mail : smtp
	END
}

in_file() { tr -dc 0-9 <"$1"; }
number() { echo $((10#0$(in_file "$1"))); }
# further FILE BY: the number there grows by BY
further() {
	local from
	from=$(number "$1")
	busywait 60 beyond "$1" $((from + $2))
}
beyond() { [ "$(number "$1")" -ge "$2" ]; }
arrived() { grep -vc ready "$dir/seen" || true; }
may_not_connect() { ! at inet nc -nzw 1 192.0.2.10 25; }

topology_up
modprobe -aq nf_conntrack nf_reject_ipv4 nf_reject_ipv6 nf_flow_table || true
policy >"$conf"
ktap_plan $((16 + 8 * rounds))

check "the unit starts" start
on_exit rmmod postern
check_not "and leaves no guard behind" guarded
spawn perim python3 "$selftests/upgrade.py" echo
spawn perim python3 "$selftests/upgrade.py" watch "$dir/seen"
busywait 30 grep -q ready "$dir/seen"
busywait 30 listening perim 25
spawn inet python3 "$selftests/upgrade.py" flow "$dir/flow"
flow=$spawned
check "an allowed connection is made" busywait 30 beyond "$dir/flow" 5
spawn inet python3 "$selftests/upgrade.py" try "$dir/tried"
busywait 30 beyond "$dir/tried" 5

postern ban add 198.51.100.0/24 --for 1h --comment before >/dev/null

for ((i = 1; i <= rounds; i++)); do
	check "$i: the unit stops" stop
	check "$i: the guard stands" guarded
	check "$i: no new connection meanwhile" may_not_connect
	check "$i: the old one lives" further "$dir/flow" 5
	further "$dir/tried" 20 || true
	check "$i: the unit starts with the new module" start
	check_not "$i: the guard is gone" guarded
	check "$i: the old connection still lives" further "$dir/flow" 5
	check "$i: new ones are made" at inet nc -nzw 10 192.0.2.10 25
done
check "a ban from before stands" prints before postern ban list

# A policy that cannot be loaded leaves the gate shut.
echo 'allow nobody -> any' >"$conf"
stop >/dev/null
check_not "the unit does not start with a wrong policy" start
check "then the guard stays" guarded
check "and nothing new passes" may_not_connect
policy >"$conf"
check "until it does" start
check "$(number "$dir/tried") attempts" further "$dir/tried" 20
leaks=$(arrived)
check_equal "none of them arrived" 0 "$leaks"
[ "$leaks" = 0 ] || grep -hv ready "$dir/times" "$dir/seen" | sort -n | sed 's/^/# /'
check "the connection was one and the same" kill -0 "$flow"

# The same attempts do arrive, where nothing keeps them away.
postern unload --open >/dev/null
some_arrived() { [ "$(arrived)" -gt 0 ]; }
check "they would be seen" busywait 30 some_arrived

# A kernel that has no such module, as after a boot, is no open gate either.
rmmod postern
export POSTERN_KO=/nonexistent/postern.ko
check_not "the unit does not start without a module" start
check "then the guard stands" guarded
before=$(arrived)
further "$dir/tried" 20 || true
check_equal "and nothing arrives any more" "$before" "$(arrived)"
# Each start closes the gate once more.
spawn inet python3 "$selftests/upgrade.py" hurry "$dir/hurried"
busywait 30 beyond "$dir/hurried" 5
for i in {1..30}; do "$dist/postern-guard" close; done
further "$dir/hurried" 5 || true
check_equal "nor while it is closed again, $(number "$dir/hurried") attempts" "$before" "$(arrived)"
ktap_done
