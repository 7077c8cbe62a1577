#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The policies that ship, each with connections that it is for and others that it is
# against: an exterior and an interior router, and a bastion host.
set -eu
. "$(dirname "$(readlink -f "$0")")/lib.sh"

needs nc
examples=$selftests/../examples
[ -d "$examples" ] || examples=/usr/share/doc/postern/examples
[ -d "$examples" ] || ktap_skip_all "no example policies"
topology_up
postern_ready
ktap_plan ''

# serve NAME PORT...: what listens there, in both families
serve() {
	local where=$1 port
	for port in "${@:2}"; do
		spawn "$where" nc -4klp "$port"
		spawn "$where" nc -6klp "$port"
	done
	busywait 20 listening "$@" || ktap_fail "servers in $where"
}

# reaches NAME SRC DST PORT: a connection comes about
reaches() { at "$1" nc -nzw 10 -s "$2" "$3" "$4"; }
# fails NAME SRC DST PORT: the same that should not, which is waited for less long
fails() { ! at "$1" nc -nzw 1 -s "$2" "$3" "$4"; }

# table: a row is +|- NAME SRC DST PORT; what it says is checked
table() {
	local sign where src dst port
	while read -r sign where src dst port; do
		case $sign in
		+) check "$policy: $src may reach $dst $port" reaches "$where" "$src" "$dst" "$port" ;;
		-) check "$policy: $src may not reach $dst $port" fails "$where" "$src" "$dst" "$port" ;;
		esac
	done
}

# because REASON BEFORE: there are more of them than before
because() { check "$policy: the reason is $1" test "$(counter "drop-$1")" -gt "$2"; }

use() {
	policy=$1
	check "$policy: loads" at router postern load "$examples/$policy.conf"
	at router postern reset >/dev/null
}

# Addresses that the policies name, beside those of the topology.
at inet ip addr add 198.18.0.9/32 dev eth0
at router ip route add 198.18.0.0/15 via 203.0.113.2
at int ip addr add 203.0.113.193/25 dev eth0
serve inet 25 53 80
serve perim 22 25 53 102 143 443 445 587 3128
serve int 25 445
serve router 22 25 143 993

# Without a policy all of it works: what fails later fails because of it.
policy="no policy"
table <<'END'
+ inet 203.0.113.2 192.0.2.10 143
+ inet 198.18.0.9 192.0.2.10 25
+ perim 192.0.2.10 203.0.113.140 445
+ int 203.0.113.140 203.0.113.2 80
+ inet 203.0.113.2 203.0.113.1 22
+ perim 2001:db8:0:2::53 2001:db8:0:1::2 25
END

use exterior
table <<'END'
+ inet 203.0.113.2 192.0.2.10 25
+ inet 203.0.113.2 192.0.2.11 443
+ inet 2001:db8:0:1::2 2001:db8:0:2::10 25
- inet 203.0.113.2 192.0.2.10 143
- inet 203.0.113.2 192.0.2.10 22
- inet 203.0.113.2 192.0.2.53 25
- inet 2001:db8:0:1::2 2001:db8:0:2::10 22
+ inet 198.51.100.7 192.0.2.10 143
+ inet 2001:db8:77::7 2001:db8:0:2::10 143
+ inet 198.51.100.7 192.0.2.53 53
- inet 203.0.113.2 192.0.2.53 53
+ inet 203.0.113.25 192.0.2.10 102
- inet 203.0.113.2 192.0.2.10 102
+ perim 192.0.2.10 203.0.113.2 25
- perim 192.0.2.10 203.0.113.2 80
- perim 192.0.2.53 203.0.113.2 25
- perim 2001:db8:0:2::53 2001:db8:0:1::2 25
+ perim 192.0.2.53 203.0.113.2 53
END
before=$(counter drop-blocked)
table <<<'- inet 198.18.0.9 192.0.2.10 25'
because blocked "$before"
before=$(counter drop-no-zone)
table <<<'- int 203.0.113.140 203.0.113.2 80'
because no-zone "$before"

use interior
table <<'END'
+ perim 192.0.2.10 203.0.113.140 25
+ perim 2001:db8:0:2::10 2001:db8:0:3::140 25
- perim 192.0.2.53 203.0.113.140 25
+ int 203.0.113.140 192.0.2.10 25
+ int 203.0.113.193 192.0.2.10 587
+ int 203.0.113.193 192.0.2.10 443
+ int 203.0.113.193 192.0.2.53 53
+ int 203.0.113.193 192.0.2.80 3128
- int 203.0.113.193 192.0.2.80 443
+ int 203.0.113.193 192.0.2.10 22
- int 203.0.113.140 192.0.2.10 22
+ int 203.0.113.193 203.0.113.129 22
- int 203.0.113.140 203.0.113.129 22
- perim 192.0.2.10 192.0.2.1 22
+ router 192.0.2.1 192.0.2.53 53
- router 192.0.2.1 192.0.2.10 25
END
before=$(counter drop-blocked)
table <<'END'
- perim 192.0.2.10 203.0.113.140 445
- int 203.0.113.140 192.0.2.10 445
END
because blocked "$before"

use bastion
table <<'END'
+ inet 203.0.113.2 203.0.113.1 25
+ inet 2001:db8:0:1::2 2001:db8:0:1::1 25
- inet 203.0.113.2 203.0.113.1 22
- inet 203.0.113.2 203.0.113.1 993
- inet 2001:db8:0:1::2 2001:db8:0:1::1 22
+ int 203.0.113.140 203.0.113.129 993
- int 203.0.113.140 203.0.113.129 143
- int 203.0.113.140 203.0.113.129 22
+ int 203.0.113.193 203.0.113.129 22
+ router 203.0.113.1 203.0.113.2 25
+ router 203.0.113.1 203.0.113.2 80
- router 203.0.113.1 203.0.113.2 53
+ router 203.0.113.129 203.0.113.140 25
- router 203.0.113.129 203.0.113.140 445
END
# It forwards nothing, although the kernel would.
check_equal "$policy: the kernel forwards" 1 "$(at router cat /proc/sys/net/ipv4/ip_forward)"
before=$(counter drop-no-rule)
table <<'END'
- inet 203.0.113.2 203.0.113.140 25
- int 203.0.113.140 203.0.113.2 25
END
because no-rule "$before"
ktap_done
