#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The shortest way through everything, for every kernel: the module comes, a policy
# is loaded, a connection passes, another does not, both are counted and named, and
# the module goes while packets flow.
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/lib.sh"

needs nc
topology_up
postern_ready
ktap_plan 18

policy() {
	cat <<-'END'
		zone outside { eth0 }
		zone inside  { eth1 } reject yes
		server mail in inside { 192.0.2.10, 2001:db8:0:2::10 }
		allow outside -> mail : smtp, tcp 8080
		allow outside -> mail : dns
		block { 198.51.100.7, 2001:db8:77::7 } -> any : tcp 27 log
	END
}

# more NAME THAN: has the counter grown?
more() { [ "$(counter "$1")" -gt "$2" ]; }
check "the module is there" test -e /proc/net/postern/status
check "a wrong policy is refused" prints "line 1" \
	sh -c "echo 'allow nobody -> any' | postern check - 2>&1 | sed 's/^[^:]*:1:/line 1:/'"
policy | at router postern load - >/dev/null && loaded=0 || loaded=$?
check_equal "the policy is loaded" 0 "$loaded"
check "status says so" prints "rules 3" at router cat /proc/net/postern/status

spawn perim nc -klp 25 -s 192.0.2.10
spawn perim nc -6klp 25 -s 2001:db8:0:2::10
spawn perim nc -klp 26 -s 192.0.2.10
spawn perim nc -6klp 26 -s 2001:db8:0:2::10
busywait 20 listening perim 25 26
check "mail is open" at inet nc -nzw 10 192.0.2.10 25
check "mail is open, IPv6" at inet nc -nzw 10 2001:db8:0:2::10 25
denied=$(counter drop-no-rule)
check_not "another port is not" at inet nc -nzw 2 192.0.2.10 26
check "and has its reason" more drop-no-rule "$denied"
denied=$(counter drop-no-rule)
check_not "another port is not, IPv6" at inet nc -nzw 2 2001:db8:0:2::10 26
check "and has its reason, IPv6" more drop-no-rule "$denied"
denied=$(counter drop-no-rule)
check_not "from inside, nothing is" at perim nc -nzw 2 203.0.113.2 25
check "and is answered" more rejects 0
check "the rule has its hits" sh -c "ip netns exec $(ns router) grep -q '^0 2 ' /proc/net/postern/rules"
check "explain tells the same" prints "no-rule" at router postern explain 203.0.113.2 192.0.2.10 tcp 26

# The kernel lets only the initial namespace log, unless this says otherwise.
everywhere=/proc/sys/net/netfilter/nf_log_all_netns
# logs SOURCE SERVER AS: is the blocked SYN logged? AS the log writes its source
logs() {
	local dmesg before
	dmesg=$(dmesg) && before=$(wc -l <<<"$dmesg")
	! at inet nc -s "$1" -nzw 1 "$2" 27 || return
	dmesg=$(dmesg)
	grep -q "postern: blocked IN=eth0 .*SRC=$3 .*DPT=27 " <(tail -n +$((before + 1)) <<<"$dmesg") ||
		{ echo "$dmesg" | tail -n 5 && return 1; }
}
if [ -w $everywhere ]; then
	on_exit sysctl -qw "net.netfilter.nf_log_all_netns=$(cat $everywhere)"
	echo 1 >$everywhere
	check "what a rule logs is in the kernel's log" logs 198.51.100.7 192.0.2.10 198.51.100.7
	check "also IPv6" logs 2001:db8:77::7 2001:db8:0:2::10 2001:0db8:0077:0000:0000:0000:0000:0007
else
	ktap_skip "what a rule logs is in the kernel's log" "only from the initial network namespace"
	ktap_skip "also IPv6" "likewise"
fi

check "the policy goes" at router postern unload
module_goes
ktap_done
