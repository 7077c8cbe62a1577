#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# From one policy to the next, and to none: lockdown before the first, a refusal leaves
# the old one in force, load --confirm goes back by itself, load --keep-flows, unload
# with and without --open, counters of rules that stay. The router is the initial
# namespace, for lockdown to be seen: so run it in a guest.
set -eu
. "$(dirname "$(readlink -f "$0")")/lib.sh"
needs python3
[ ! -e /sys/module/postern ] || ktap_skip_all "wants to load the module itself"
[ -n "${POSTERN_KO:-}" ] || ktap_skip_all "would cut this machine's own network: run it in a guest"
# shellcheck disable=SC2034 # lib.sh reads it
ROUTER=init
topology_up
ktap_plan ''

mail=192.0.2.10
scratch
cat >"$dir/open.conf" <<-'END'
	zone outside { eth0 }
	zone inside { eth1 }
	hosts mail in inside { 192.0.2.10, 2001:db8:0:2::10 }
	allow outside -> mail : echo
	allow outside -> mail : tcp 7, udp 7
END
sed 's/: tcp 7, udp 7/: tcp 8/' "$dir/open.conf" >"$dir/closed.conf"
cat >"$dir/none.conf" <<-'END'
	zone outside { eth0 }
	zone inside { eth1 }
	block any -> any
END

pings() { at inet ping -qc 1 -W "${1:-5}" "$mail" && at inet ping -qc 1 -W "${1:-5}" 2001:db8:0:2::10; }
blind() { ! at inet ping -qc 1 -W 1 "$mail" && ! at inet ping -qc 1 -W 1 2001:db8:0:2::10; }
hits() { awk -v r="$1" '$0 ~ r { print $2 }' /proc/net/postern/rules; }

# ---- flows that last, and that nftables forwards around the hooks

spawn perim python3 "$selftests/model/flow.py" server 7
busywait 20 listening perim 7
# grows FILE...: are all of these answered?
grows() {
	local f
	for f; do
		[ -s "$dir/$f" ] || return 1
		grep -q ended "$dir/$f" && return 1
		local was
		was=$(cat "$dir/$f")
		busywait "${patience:-15}" sh -c "[ \"\$(cat $dir/$f)\" != '$was' ]" || return 1
		grep -q ended "$dir/$f" && return 1
	done
	return 0
}
all_grow() { grows "${flows[@]}"; }
none_grows() {
	local f
	for f in "${flows[@]}"; do
		if patience=1 grows "$f"; then echo "$f is still answered" && return 1; fi
	done
}
offloaded() { [ "$(grep -c OFFLOAD /proc/net/nf_conntrack)" -ge 2 ]; }
flowtable() {
	nft -f - <<-'END'
		table inet fast {
			flowtable f { hook ingress priority 0; devices = { eth0, eth1 }; }
			chain forward {
				type filter hook forward priority 0;
				meta l4proto tcp flow add @f
			}
		}
	END
}
# offload NAME: have nftables offload new flows, which are $flows until offload_ends;
# it took $took seconds, half a minute where the kernel looks at everything
took=0
offload() {
	local start=$SECONDS
	flowtable
	flows=("$1$mail" "${1}2001:db8:0:2::10") clients=()
	for a in "$mail" 2001:db8:0:2::10; do
		spawn inet python3 "$selftests/model/flow.py" client tcp "$a" 7 "$dir/$1$a"
		clients+=("$spawned")
	done
	check "nftables offloads flows" busywait 30 offloaded
	check "which go on" busywait 30 all_grow
	took=$((SECONDS - start))
}
offload_ends() {
	nft delete table inet fast
	kill "${clients[@]}" 2>/dev/null || true
}
nft=''
modprobe -aq nf_conntrack || true
if [ -e /proc/net/nf_conntrack ] && command -v nft >/dev/null && flowtable; then
	nft=1
	nft delete table inet fast
fi

# ---- lockdown

busywait 10 pings || ktap_fail "before the module, everything passes"
[ -z "$nft" ] || offload before
postern_ready
[ -z "$nft" ] || check "lockdown: what nftables offloaded before has ended" none_grows
check "lockdown: before the first policy nothing is forwarded" blind
check "and no-policy is the reason" test "$(counter drop-no-policy)" -ge 2
check "the router itself is reached" at inet ping -qc 1 -W 5 203.0.113.1
check "and reaches out" ping -qc 1 -W 5 $mail
check "status says so" prints lockdown postern status
check "unload has nothing to unload: status 2" sh -c 'postern unload; [ $? = 2 ]'
check "unload --open opens" postern unload --open
[ -z "$nft" ] || offload_ends
check "and all passes" pings
check "status says that too" prints "everything is forwarded" postern status

# ---- policies

check "a policy closes it again" postern load "$dir/none.conf"
check "nothing passes" blind
check "another opens what it names" postern load "$dir/open.conf"
check "which passes" pings
now=$(generation)
check "a wrong policy is refused: status 1" sh -c 'echo nonsense | postern load -; [ $? = 1 ]'
ceiling=$(cat /sys/module/postern/parameters/max_memory)
echo 0 >/sys/module/postern/parameters/max_memory
check "one that the kernel refuses: status 2" \
	sh -c "postern load $dir/none.conf; [ \$? = 2 ]"
echo "$ceiling" >/sys/module/postern/parameters/max_memory
check_equal "the old one is still in force" "$now" "$(generation)"
check "and passes what it did" pings

# ---- counters of rules

before=$(hits ': echo')
check "hits of a rule are counted" test "$before" -ge 2
postern load "$dir/closed.conf" >/dev/null
check_equal "and survive a load that leaves the rule as it is" "$before" "$(hits ': echo')"
check_equal "another rule begins anew" 0 "$(hits ': tcp 8')"

# ---- flows

postern load "$dir/open.conf" >/dev/null
for a in 192.0.2.10 2001:db8:0:2::10; do
	spawn inet python3 "$selftests/model/flow.py" client tcp $a 7 "$dir/tcp$a"
	spawn inet python3 "$selftests/model/flow.py" client udp $a 7 "$dir/udp$a"
done
flows=("tcp$mail" "udp$mail" tcp2001:db8:0:2::10 udp2001:db8:0:2::10)
check "flows are open" busywait 30 all_grow
check "a load that allows them" postern load "$dir/open.conf"
check "leaves them" all_grow
check "load --keep-flows of one that does not" postern load --keep-flows "$dir/closed.conf"
check "leaves them too" all_grow
check "and counts what it keeps" test "$(counter kept)" -gt 0
check_not "but opens no new one" at inet nc -nzw 1 $mail 7
check "a load that does not allow them" postern load "$dir/closed.conf"
check "cuts them" none_grows
postern load "$dir/open.conf" >/dev/null
check "where they are allowed again, who asks again is answered" grows udp$mail

# ---- flows that nftables forwards around the hooks

if [ -z "$nft" ]; then
	ktap_skip "flows that nftables offloads" "no flowtable here"
else
	offload fast
	# a pair of zones that they do not pass, so that conntrack alone cannot tell
	(cat "$dir/closed.conf" && echo "zone third { eth2 }" &&
		echo "allow third -> mail : tcp 7") >"$dir/third.conf"
	check "a load that allows them" postern load "$dir/open.conf"
	check "leaves them" all_grow
	check "a load that does not" postern load "$dir/third.conf"
	check "ends them" none_grows
	offload_ends
	postern load "$dir/open.conf" >/dev/null
fi

# ---- confirm

check "load --confirm" postern load --confirm 20 "$dir/none.conf"
check "is in force at once" blind
check "status says how long" prints "on trial" postern status
check "and goes back by itself" busywait 60 pings
check "to the policy before" prints "udp 7" postern show --config
check_not "there is nothing left to confirm" postern confirm
postern load --confirm 3 "$dir/closed.conf" >/dev/null
check "confirm in time" postern confirm
# There is no event for what does not happen: the time has to pass.
sleep 4
check "keeps it" prints "tcp 8" postern show --config
postern load --confirm 3 "$dir/open.conf" >/dev/null
postern load --confirm 4 "$dir/none.conf" >/dev/null
check "a trial within a trial goes back to what was last confirmed" \
	busywait 15 prints "tcp 8" postern show --config

# ---- no policy

postern load "$dir/open.conf" >/dev/null
[ -z "$nft" ] || offload unload
check "unload" postern unload
[ -z "$nft" ] || check "ends what nftables offloads" none_grows
check "falls back into lockdown" blind
[ -z "$nft" ] || offload_ends
postern load --confirm $((20 + 2 * took)) "$dir/open.conf" >/dev/null
check "a first policy on trial" pings
[ -z "$nft" ] || offload trial
check "goes back to none: lockdown" busywait $((60 + 2 * took)) blind
if [ -n "$nft" ]; then
	check "which ends what nftables offloads" none_grows
	offload_ends
fi
postern load "$dir/open.conf" >/dev/null
check "unload --open of a policy" postern unload --open
check "leaves everything open" pings
check "and says so" prints "everything is forwarded" postern status
rmmod postern
insmod "$POSTERN_KO" lockdown=0
check "lockdown=0: before the first policy everything passes" pings
check "and status says so" prints "nothing is filtered here" cat /proc/net/postern/status
ktap_done
