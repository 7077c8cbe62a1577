#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Each network namespace has its own policy, counters and hooks, and needs
# CAP_NET_ADMIN in the user namespace that owns it: two namespaces do not see each
# other, an unprivileged user is refused, root of an unprivileged user namespace
# manages its own and no other, within its memory cgroup.
#
#	one: c1 ---- r1 ---- s1        two: c2 ---- r2 ---- s2
set -eu
. "$(dirname "$(readlink -f "$0")")/lib.sh"
needs setpriv unshare
postern_ready
ktap_plan ''

for i in 1 2; do
	for n in c r s; do
		namespace $n$i || ktap_skip_all "no network namespaces"
	done
	ip link add in0 netns "$(ns r$i)" type veth peer name eth0 netns "$(ns c$i)"
	ip link add out0 netns "$(ns r$i)" type veth peer name eth0 netns "$(ns s$i)"
	link_up r$i in0 10.1.0.1/24
	link_up r$i out0 10.2.0.1/24
	link_up c$i eth0 10.1.0.2/24
	link_up s$i eth0 10.2.0.2/24
	at c$i ip route add default via 10.1.0.1
	at s$i ip route add default via 10.2.0.1
	at r$i sysctl -qw net.ipv4.ip_forward=1
done

scratch
chmod 777 "$dir"
cat >"$dir/open" <<-'END'
	zone west { in0 }
	zone east { out0 }
	allow west -> east : echo
END
sed 's/echo/ssh/' "$dir/open" >"$dir/closed"

pings() { at "c$1" ping -qc 1 -W "${2:-5}" 10.2.0.2; }

# ---- two namespaces

check "without a policy other namespaces are left alone" busywait 10 pings 1
check "the first gets a policy" at r1 postern load "$dir/closed"
check_not "which closes it" pings 1 1
check "and not the other" pings 2
check "the other has none" prints "no policy" at r2 postern status
check "and another one then" at r2 postern load "$dir/open"
check "which opens it" pings 2
check_not "and not the first" pings 1 1
check_equal "each counts its own drops" "0" "$(counter drop-no-rule r2)"
check "and what it lets pass" test "$(counter accepted r2)" -ge 2
check_equal "the first has passed nothing" 0 "$(counter accepted r1)"
check "each shows its own rules" prints ssh at r1 postern show --config
check "each shows its own rules, the other" prints echo at r2 postern show --config
# The kernel says that somebody listens wherever he does.
spawn r1 postern --json monitor >"$dir/events"
listens() { at r1 postern load "$dir/closed" >/dev/null && [ -s "$dir/events" ]; }
check "somebody listens in the first" busywait 20 listens
at r2 postern load "$dir/closed" >/dev/null
pings 2 1 >/dev/null || true
at r2 postern load "$dir/open" >/dev/null
check_equal "events of the other are not lost, as nobody wants them" "0 0" \
	"$(counter events r2) $(counter events-lost r2)"
kill "$spawned"
at r2 postern reset >/dev/null
check "a reset is for one alone" test "$(counter drop-no-rule r1)" -gt 0
check "unload of one" at r1 postern unload
check "leaves the other" prints echo at r2 postern show --config
at r1 postern load "$dir/open" >/dev/null
ip netns del "$(ns r2)"
check "the end of one leaves the other" pings 1

# ---- who may

user=(setpriv --reuid 65534 --regid 65534 --clear-groups)
own=("${user[@]}" unshare -Urn)
check "an unprivileged user may not load" forbidden CAP_NET_ADMIN at r1 "${user[@]}" postern load "$dir/closed"
check "an unprivileged user may not unload" forbidden CAP_NET_ADMIN at r1 "${user[@]}" postern unload
check "an unprivileged user may not even look" forbidden CAP_NET_ADMIN at r1 "${user[@]}" postern show rules
check "but check policies" "${user[@]}" postern check "$dir/open"
check "the policy is what it was" prints echo at r1 postern show --config

if ! "${own[@]}" true 2>/dev/null; then
	ktap_skip "unprivileged user namespaces" "not allowed here"
	ktap_done
fi
check "root of a user namespace has a policy for its own network namespace" \
	"${own[@]}" sh -c "postern load $dir/open && postern show --config | grep -q echo && postern unload"
check "and none of another: of the network it was born in" \
	forbidden CAP_NET_ADMIN at r1 "${user[@]}" \
	unshare -Ur postern load "$dir/closed"
check "whose policy is what it was" prints echo at r1 postern show --config

# in its namespace: two interfaces, and a router of its own
cat >"$dir/inside" <<-'END'
	set -e
	ip link add in0 type dummy 2>/dev/null || ip link add in0 type veth peer name x0
	ip link add out0 type veth peer name y0
	ip addr add 10.1.0.1/24 dev in0
	ip addr add 10.2.0.1/24 dev out0
	ip link set in0 up
	ip link set out0 up
	postern load "$1"
	postern explain 10.1.0.2 10.2.0.2 icmp 8 | grep -i accept
	postern show zones | grep 'now in0'
END
check "where it decides" "${own[@]}" sh "$dir/inside" "$dir/open"

userns=/sys/module/postern/parameters/allow_userns
echo N >$userns
check "with allow_userns=N it is kept out" forbidden userns "${own[@]}" postern load "$dir/open"
check "and root of the machine is not" at r1 postern load "$dir/open"
echo Y >$userns

# ---- memory

group=/sys/fs/cgroup/postern-test-$$
if ! grep -qw memory /sys/fs/cgroup/cgroup.controllers 2>/dev/null; then
	mkdir -p "$dir/cgroup"
	if mount -t cgroup2 none "$dir/cgroup" 2>/dev/null; then
		on_exit umount "$dir/cgroup"
		group=$dir/cgroup/postern-test
	fi
fi
root=${group%/*}
if ! echo +memory >"$root/cgroup.subtree_control" || ! mkdir "$group" ||
	[ ! -e "$group/memory.max" ]; then
	ktap_skip "memory cgroups" "not here"
	ktap_done
fi 2>/dev/null
on_exit rmdir "$group"
awk 'BEGIN { for (i = 0; i < 200000; i++)
	printf "%d.%d.%d.%d\n", 11 + i / 4194304, i / 16384 % 256, i / 64 % 256, i % 64 * 4 }' \
	>"$dir/many.txt"
cat >"$dir/big" <<-END
	zone west { in0 }
	zone east { out0 }
	hosts many { file "$dir/many.txt" }
	block many -> any
	allow west -> east : echo
END
# within LIMIT COMMAND...: in a cgroup of so much memory
within() {
	local limit=$1
	shift
	echo "$limit" >"$group/memory.max"
	# shellcheck disable=SC2016
	sh -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$group" "$@"
}
current() { cat "$group/memory.current"; }
check "a policy of 200,000 addresses within a limit that is wide enough" \
	within 300M "${own[@]}" postern load "$dir/big"

# the namespace outlives the tool, to see what its policy is charged to
hold() {
	within 300M "${own[@]}" sh -c "postern load $dir/big >/dev/null && echo >$dir/held &&
		exec sleep 1000" </dev/null >/dev/null 2>&1 &
	held=$!
	on_exit kill "$held"
	busywait 60 test -e "$dir/held"
}
if hold; then
	ktap_ok "its namespace is kept for a while"
else
	ktap_fail "its namespace is kept for a while"
fi
hold_bytes=0
[ ! -e "$dir/held" ] || hold_bytes=$(current)
echo "# $hold_bytes bytes are charged to the cgroup"
check "the policy's memory is charged to the cgroup of who loaded it" \
	test "$hold_bytes" -gt 2000000
# the namespace's last process is the child of that one
pkill -P "$held" || true
kill "$held" 2>/dev/null || true
wait "$held" 2>/dev/null || true
given_back() { [ "$(current)" -lt $((hold_bytes / 2)) ]; }
check "and given back with the namespace" busywait 60 given_back
tight() { ! within 4M "${own[@]}" sh -c "postern load $dir/big && echo >$dir/loaded"; }
check "within a limit that is too tight it fails" tight
check_not "and is not in force" test -e "$dir/loaded"
check "others do not suffer" at r1 postern load "$dir/open"
ktap_done
