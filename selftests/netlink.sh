#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The netlink interface. First what its header promises. Then hostility: right, wrong
# and mutilated messages by the thousand, transactions and dumps that nobody ends,
# failing allocations. All is in namespaces of its own; a policy that is in force
# elsewhere stays.
#
#	FUZZ_COUNT	mutilated messages (20000)
#	FUZZ_SEED	the same seed sends the same messages
#	IDLE=1		also wait for a transaction to end by itself (a minute)
set -eu
. "$(dirname "$(readlink -f "$0")")/lib.sh"

count=${FUZZ_COUNT:-20000} seed=${FUZZ_SEED:-$(date +%s)}
bin=$selftests/netlink/obj
if ! make -qs -C "$selftests/netlink" 2>/dev/null; then
	if [ -e "$selftests/../include/uapi/linux/postern.h" ] &&
		command -v "${CC:-cc}" >/dev/null && command -v make >/dev/null; then
		tmp=$(mktemp -d)
		on_exit rm -rf "$tmp"
		make -s -C "$selftests/netlink" OBJ="$tmp" || ktap_skip_all "netlink/ does not build"
		bin=$tmp
		chmod 755 "$tmp"
	elif [ ! -x "$bin/fuzz" ]; then
		ktap_skip_all "needs a compiler and postern.h, or netlink/obj/fuzz built"
	fi
fi
fuzz=$bin/fuzz
postern_ready

# Addresses and routes of its own, so that explain finds a way.
namespace fuzz || ktap_skip_all "no network namespaces"
at fuzz ip link add good0 type dummy
at fuzz ip link set good0 up
at fuzz ip addr add 10.9.9.1/24 dev good0
at fuzz ip addr add 2001:db8:9::1/64 dev good0 nodad
at fuzz ip route add default via 10.9.9.2
at fuzz ip route add default via 2001:db8:9::2

taken() { sed -n 's/^all policies //p' /proc/net/postern/status; }
as_before() { [ "$(taken)" = "$before" ]; }
# Without what IPv6 shows of its stack when we have an allocation of it fail, as vm/run.
complaints() {
	dmesg | sed '/sysctl could not get directory.* -12$/,/Call Trace/d' |
		grep -cE 'BUG|WARNING:|KASAN|UBSAN|Oops|Call Trace|possible circular|suspicious RCU|stall|refcount_t' || true
}
run_fuzz() { # LIMIT OF COUNT, OPTION...
	local n=$((count < $1 ? count : $1))
	shift
	at fuzz "$fuzz" -n "$n" -s "$seed" "$@"
}
# fuzzed NAME ARG...: shows what fuzz counted, whatever comes of it
fuzzed() {
	local name=$1 out rc=0
	shift
	out=$("$@" 2>&1) || rc=$?
	echo "# ${out//$'\n'/$'\n'# }"
	check_equal "$name" 0 "$rc"
}
failslab() {
	local knobs=/sys/kernel/debug/failslab
	[ -e /proc/self/fail-nth ] || return
	[ -e $knobs ] || mount -t debugfs debugfs /sys/kernel/debug 2>/dev/null || true
	# what may sleep may fail too; and an injected failure is no news
	echo N >$knobs/ignore-gfp-wait && echo 0 >$knobs/verbose
}
# As an unprivileged user who makes himself root of a user namespace.
as_nobody() {
	setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all -- unshare -Urn "$@"
}

# What is loaded may take all that it may, in each of many namespaces.
ceiling=/sys/module/postern/parameters/max_memory
third=$(awk '/^MemTotal/ { print int($2 / 3072) }' /proc/meminfo)
if [ -w $ceiling ] && [ "$(cat $ceiling)" -gt "$third" ]; then
	on_exit sh -c "[ ! -e $ceiling ] || echo $(cat $ceiling) >$ceiling"
	echo "$third" >$ceiling
fi
before=$(taken)
old=$(complaints)
ktap_plan ''
relay '' < <(at fuzz "$bin/contract" ${IDLE:+--idle} 2>&1)
# Where no limit was ever in force.
relay '' < <(unshare -n "$bin/sources" 2>&1)
[ "$ktap_count" -ge 80 ] || ktap_fail "all of the contract was looked at"
echo "# seed $seed"
fuzzed "messages of one process" run_fuzz 100000000
fuzzed "messages of four processes" run_fuzz 200000 -j 4
if failslab; then
	fuzzed "messages and failing allocations" run_fuzz 100000000 -f
	fuzzed "failing allocations in four processes" run_fuzz 200000 -f -j 4
else
	ktap_skip "messages and failing allocations" "this kernel cannot inject failures"
	ktap_skip "failing allocations in four processes" "this kernel cannot inject failures"
fi
if as_nobody true 2>/dev/null; then
	n=$((count < 20000 ? count : 20000))
	fuzzed "messages of root in a user namespace" as_nobody "$fuzz" -n "$n" -s "$seed"
	echo 0 >/sys/module/postern/parameters/allow_userns
	check "who can be kept out" prints allow_userns as_nobody "$(command -v postern)" load - <<<'zone a { b }'
	echo 1 >/sys/module/postern/parameters/allow_userns
else
	ktap_skip "messages of root in a user namespace" "no user namespaces for everybody"
	ktap_skip "who can be kept out" "no user namespaces for everybody"
fi
# The tables of limits stay as long as their namespace, which ends when the kernel finds
# the time.
ip netns del "$(ns fuzz)"
check "no memory stays behind" busywait 30 as_before
check_equal "the kernel has not complained" "$old" "$(complaints)"
module_goes
ktap_done
