# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the tests of this folder share: KTAP output, a router with three networks,
# waiting for conditions. Sourced, never run; wants bash and "set -eu".
#
#	. "$(dirname "$(readlink -f "$0")")/lib.sh"
#	topology_up			# or: ROUTER=init topology_up
#	postern_ready
#	ktap_plan 2
#	at router postern load - <<<'...'
#	check "mail answers" at inet nc -z 192.0.2.10 25
#	check_not "web does not" at inet nc -z 192.0.2.10 80
#	ktap_done
#
# The topology, also as IPv6 with the last number kept (2001:db8:0:N::/64):
#
#     inet                        router                          perim
#    +----------------+  N=1  +---------------+  N=2  +---------------------+
#    | 203.0.113.2    |eth0---|eth0       eth1|---eth0| 192.0.2.10  .11 mail|
#    | 203.0.113.25   |       | .1         .1 |       | 192.0.2.53  resolver|
#    | 198.51.100.7   |       |     eth2      |       | 192.0.2.80  other   |
#    | 2001:db8:77::7 |       +------|.129----+       +---------------------+
#    +----------------+              | N=3
#                              +-----|eth0------+
#      branch is 198.51.100.7  | 203.0.113.140  | int
#      and 2001:db8:77::7      +----------------+
#
# The networks are 203.0.113.0/25, 192.0.2.0/24 and 203.0.113.128/25. The router is
# a namespace too, unless ROUTER=init makes it the one that the test runs in.

selftests=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
PATH=$selftests/../tools:$PATH:/usr/sbin:/sbin

# ---- KTAP

ktap_planned='' ktap_count=0 ktap_failed=0 ktap_open=''

ktap_plan() { # N, or '' for as many as ktap_done counts
	ktap_planned=$1 ktap_open=1
	echo "TAP version 13"
	[ -z "$ktap_planned" ] || echo "1..$ktap_planned"
}

ktap_ok() { # NAME
	ktap_count=$((ktap_count + 1))
	echo "ok $ktap_count $1"
}

ktap_skip() { # NAME WHY
	ktap_count=$((ktap_count + 1))
	echo "ok $ktap_count $1 # SKIP $2"
}

ktap_fail() { # NAME [WHY]
	ktap_count=$((ktap_count + 1))
	ktap_failed=$((ktap_failed + 1))
	[ -z "${2:-}" ] || echo "# ${2//$'\n'/$'\n'# }"
	echo "not ok $ktap_count $1"
}

# ktap_skip_all WHY: this machine cannot run the test; before the first result.
ktap_skip_all() {
	ktap_open=''
	echo "1..0 # SKIP $1"
	exit 4
}

# needs TOOL...: have all of them, or skip the test
needs() {
	local tool
	for tool; do command -v "$tool" >/dev/null || ktap_skip_all "needs $tool"; done
}

# relay PREFIX: the results of another program, whose KTAP comes in, as our own
relay() {
	local line
	while read -r line; do
		case $line in
		"ok "*) ktap_ok "$1${line#ok * }" ;;
		"not ok "*) ktap_fail "$1${line#not ok * }" ;;
		"TAP version"* | 1..*) ;;
		*) echo "# ${line#\# }" ;;
		esac
	done
}

# results NAME COMMAND...: those of a program as our own; without any it has failed
results() {
	local name=$1 before=$ktap_count out nr rc=0
	shift
	out=$(mktemp)
	"$@" >"$out" 2>&1 || rc=$?
	relay "$name: " <"$out"
	rm -f "$out"
	nr=$((ktap_count - before))
	[ "$rc" = 0 ] || ktap_fail "$name" "$* -> $rc after $nr results"
	[ "$nr" -gt 0 ] || ktap_fail "$name" "no results"
}

# ktap_done: end with the status that kselftest expects.
ktap_done() {
	ktap_open=''
	if [ -z "$ktap_planned" ]; then
		echo "1..$ktap_count"
	elif [ "$ktap_planned" != "$ktap_count" ]; then
		echo "# planned $ktap_planned tests, ran $ktap_count"
	fi
	echo "# passed $((ktap_count - ktap_failed)), failed $ktap_failed"
	[ "$ktap_failed" = 0 ] && [ "${ktap_planned:-$ktap_count}" = "$ktap_count" ] || exit 1
	exit 0
}

# check NAME COMMAND...: passes if COMMAND does; else its output says why.
check() {
	local name=$1 out rc=0
	shift
	out=$("$@" 2>&1) || rc=$?
	if [ "$rc" = 0 ]; then
		ktap_ok "$name"
	else
		ktap_fail "$name" "$* -> $rc"$'\n'"$out"
	fi
}

# check_not NAME COMMAND...: passes if COMMAND fails
check_not() {
	local name=$1 out
	shift
	if out=$("$@" 2>&1); then
		ktap_fail "$name" "$* -> 0"$'\n'"$out"
	else
		ktap_ok "$name"
	fi
}

# check_equal NAME EXPECTED SEEN
check_equal() {
	if [ "$2" = "$3" ]; then
		ktap_ok "$1"
	else
		ktap_fail "$1" "expected: $2"$'\n'"seen:     $3"
	fi
}

# prints TEXT COMMAND...: does COMMAND say TEXT, whatever its status? (for check)
prints() {
	local out
	out=$("${@:2}" 2>&1) || true
	grep -qF -- "$1" <<<"$out" || { echo "$out" && return 1; }
}

# forbidden TEXT COMMAND...: COMMAND ends with the status for "may not", and says TEXT
forbidden() {
	local out rc=0
	out=$("${@:2}" 2>&1) || rc=$?
	if [ "$rc" != 3 ] || ! grep -qF -- "$1" <<<"$out"; then echo "status $rc: $out" && return 1; fi
}

# ---- conditions, and an end that leaves nothing behind

# busywait SECONDS COMMAND...: until COMMAND succeeds; fails after SECONDS, and says so
busywait() {
	local seconds=$1 end=$((${EPOCHREALTIME/[.,]/} + $1 * 1000000))
	shift
	until "$@" >/dev/null 2>&1; do
		if [ "${EPOCHREALTIME/[.,]/}" -ge "$end" ]; then
			echo "# waited $seconds s in vain: $*" >&2
			return 1
		fi
		sleep 0.05
	done
}

cleanups=()

# on_exit COMMAND...: to be done at the end, last one first
on_exit() { cleanups+=("$(printf '%q ' "$@")"); }

run_cleanups() {
	local rc=$? i
	trap - EXIT
	# A test that planned more than it ran, whatever stopped it.
	[ -z "$ktap_open" ] || echo "Bail out! Ended with status $rc after $ktap_count results"
	set +e
	for ((i = ${#cleanups[@]} - 1; i >= 0; i--)); do
		eval "${cleanups[i]}"
	done >/dev/null 2>&1
	exit "$rc"
}
trap run_cleanups EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# scratch: a folder of our own until the end, $dir
scratch() {
	dir=$(mktemp -d)
	on_exit rm -rf "$dir"
}

# ---- namespaces

ROUTER=${ROUTER:-rt}
# Names of our own, so that tests may run side by side.
ns_prefix=pt$$-

# ns NAME: how ip(8) knows inet, perim, int or router
ns() { echo "$ns_prefix$1"; }

# namespace NAME: one with nothing but its loopback, until the end
namespace() {
	ip netns add "$(ns "$1")" || return
	on_exit ip netns del "$(ns "$1")"
	at "$1" ip link set lo up
}

# at NAME COMMAND...: run COMMAND in a namespace of the topology
at() {
	local where=$1
	shift
	if [ "$where" = router ] && [ "$ROUTER" = init ]; then
		"$@"
	else
		# Without ip(8)'s own /sys, which costs more than most commands.
		nsenter --net="/run/netns/$ns_prefix$where" "$@"
	fi
}

# spawn NAME COMMAND...: in the background until the end; its process is $spawned
spawn() {
	local enter=(nsenter "--net=/run/netns/$ns_prefix$1")
	if [ "$1" = router ] && [ "$ROUTER" = init ]; then enter=(); fi
	# Not by at(), whose own process would be the one that is ended.
	"${enter[@]}" "${@:2}" </dev/null &
	spawned=$!
	on_exit kill "$spawned"
}

# listening NAME PORT...: are all these TCP ports open there? (for busywait)
listening() {
	local where=$1 ports port
	shift
	ports=$(at "$where" ss -Hlnt | awk '{ sub(/.*:/, "", $4); print $4 }')
	for port; do grep -qx "$port" <<<"$ports" || return 1; done
}

link_up() { # NAMESPACE DEVICE ADDRESS...
	local where=$1 dev=$2 a nodad
	shift 2
	for a; do
		case $a in *:*) nodad="nodad" ;; *) nodad='' ;; esac
		at "$where" ip addr add "$a" dev "$dev" $nodad
	done
	at "$where" ip link set "$dev" up
}

# network DEVICE NAME: a wire from the router's DEVICE to eth0 of NAME
network() {
	local dev=$1 where=$2 to=()
	namespace "$where"
	[ "$ROUTER" = init ] || to=(netns "$(ns router)")
	ip link add "$dev" "${to[@]}" type veth peer name eth0 netns "$(ns "$where")"
	[ "$ROUTER" != init ] || on_exit ip link del "$dev"
	at "$where" sysctl -qw net.ipv6.conf.eth0.accept_dad=0
}

# topology_up: build what the drawing shows
topology_up() {
	[ "$(id -u)" = 0 ] || ktap_skip_all "needs root"
	local w
	needs ip ss ping nsenter
	[ "$ROUTER" = init ] || namespace router || ktap_skip_all "no network namespaces"
	network eth0 inet
	network eth1 perim
	network eth2 int
	link_up router eth0 203.0.113.1/25 2001:db8:0:1::1/64
	link_up router eth1 192.0.2.1/24 2001:db8:0:2::1/64
	link_up router eth2 203.0.113.129/25 2001:db8:0:3::1/64
	link_up inet eth0 203.0.113.{2,25}/25 2001:db8:0:1::{2,25}/64 \
		198.51.100.7/32 2001:db8:77::7/128
	link_up perim eth0 192.0.2.{10,11,53,80}/24 2001:db8:0:2::{10,11,53,80}/64
	link_up int eth0 203.0.113.140/25 2001:db8:0:3::140/64
	at inet ip route add default via 203.0.113.1 src 203.0.113.2
	at inet ip route add default via 2001:db8:0:1::1 src 2001:db8:0:1::2
	at perim ip route add default via 192.0.2.1 src 192.0.2.10
	at perim ip route add default via 2001:db8:0:2::1 src 2001:db8:0:2::10
	at int ip route add default via 203.0.113.129
	at int ip route add default via 2001:db8:0:3::1
	at router ip route add 198.51.100.0/24 via 203.0.113.2
	at router ip route add 2001:db8:77::/48 via 2001:db8:0:1::2
	# What is spoofed is ours to find, and not the kernel's reverse path filter.
	at router sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 \
		net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.eth{0,1,2}.rp_filter=0
	# Carrier and IPv6 addresses come when the kernel finds the time.
	for w in 1:inet 2:perim 3:int; do
		busywait 60 at "${w#*:}" ping -qc 1 -W 1 "2001:db8:0:${w%:*}::1" || return
	done
}

# ---- postern

# module_insert: $POSTERN_KO, after what it needs
module_insert() {
	modprobe -aq nf_conntrack nf_reject_ipv4 nf_reject_ipv6 nf_flow_table || true
	insmod "$POSTERN_KO"
}

# postern_ready: have the module loaded and the tool at hand, or skip the test
module_ours=''
postern_ready() {
	[ "$(id -u)" = 0 ] || ktap_skip_all "needs root"
	command -v postern >/dev/null || ktap_skip_all "the tool postern is not on PATH"
	[ ! -e /sys/module/postern ] || return 0
	if [ -n "${POSTERN_KO:-}" ]; then
		module_insert || ktap_skip_all "cannot load $POSTERN_KO"
	else
		modprobe -q postern || ktap_skip_all "no module postern for $(uname -r)"
	fi
	module_ours=1
	on_exit rmmod postern
}

# needs_flow_table: skip the test on a kernel without; a policy is in force on the router
needs_flow_table() {
	! grep -qF 'no nf_flow_table' <<<"$(at router postern status)" ||
		ktap_skip_all "this kernel has no nf_flow_table"
}

# module_goes: a test that the module, if postern_ready brought it, can be unloaded
module_goes() {
	if [ -n "$module_ours" ]; then
		check "the module goes" rmmod postern
	else
		ktap_skip "the module goes" "it was loaded before"
	fi
}

# run WORD...: postern on the router; leaves $rc, and $dir/out and $dir/err (see scratch)
run() {
	rc=0
	at router postern "$@" >"$dir/out" 2>"$dir/err" || rc=$?
}

# expect NAME STATUS [FILE TEXT]: of the last run, with TEXT in $dir/FILE
expect() {
	if [ "$rc" = "$2" ] && { [ $# -lt 4 ] || grep -qF -- "$4" "$dir/$3"; }; then
		ktap_ok "$1"
	else
		ktap_fail "$1" "wanted status $2 ${4:+and: $4}"$'\n'"seen status $rc"$'\n'"$(cat "$dir/out" "$dir/err")"
	fi
}

# counter NAME [NAMESPACE]
counter() { at "${2:-router}" awk -v n="$1" '$1 == n { print $2 }' /proc/net/postern/counters; }

# generation: of the router's policy; another one after each load
generation() { at router postern --json status | sed -n 's/^  "generation": \([0-9]*\).*/\1/p'; }

# slab: KiB of memory that the kernel holds and cannot give back
slab() { awk '/^(SUnreclaim|VmallocUsed|Percpu):/ { sum += $2 } END { print sum }' /proc/meminfo; }
# memory_stays FIRST SINCE TURNS EACH: kernel memory, FIRST KiB after SINCE turns (0: there
# were not as many), grew by EACH KiB a turn at most; some slack for caches of the rest
memory_stays() {
	local now
	now=$(slab)
	if [ "$1" = 0 ]; then
		ktap_skip "kernel memory does not grow" "only $3 turns"
		return
	fi
	echo "# unreclaimable kernel memory after $2 turns $1 KiB, after $3 $now KiB"
	check "kernel memory does not grow" test "$now" -lt $(($1 + 4096 + ($3 - $2) * $4))
}

# monitor: from now on, the router's events come in, for hear
listener=''
monitor() {
	# two would write over each other
	if [ -n "$listener" ]; then
		kill "$listener"
		wait "$listener" || true
	fi
	spawn router postern --json monitor >"$dir/events"
	listener=$spawned
	heard=0
}
# unheard: what came up to now counts no more
unheard() { heard=$(wc -l <"$dir/events"); }
# hear TEXT...: has one event come with all of them? (for busywait)
hear() {
	local text event
	event=$(tail -n +$((heard + 1)) "$dir/events")
	for text; do event=$(grep -F -- "$text" <<<"$event") || return; done
}
