#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The tool and the module together: what is loaded comes back as it was, what decides
# is told with its line, and what is refused with its reason.
set -eu
. "$(dirname "$(readlink -f "$0")")/lib.sh"

topology_up
postern_ready
examples=$selftests/../examples
[ -d "$examples" ] || examples=/usr/share/doc/postern/examples

scratch
chmod 755 "$dir"

config() { at router postern show --config; }
# json EXPRESSION: of top, which the last run printed
json() { python3 -c 'import json, sys; top = json.load(sys.stdin); print('"$1"')' <"$dir/out"; }
messages='*((m["severity"], m["file"].split("/")[-1], m.get("line"), m.get("column"), m["message"]) for m in top["messages"]), top["errors"], top["warnings"]'

# round_trip NAME FILE: show --config, loaded again, is the same policy
round_trip() {
	at router postern load "$2" >/dev/null 2>&1
	config >"$dir/first"
	postern check --config "$2" >"$dir/checked" 2>/dev/null
	run load "$dir/first"
	config >"$dir/second"
	if [ "$rc" = 0 ] && [ -s "$dir/first" ] && cmp "$dir/first" "$dir/second" &&
		cmp "$dir/first" "$dir/checked"; then
		ktap_ok "$1 comes back as it was"
	else
		ktap_fail "$1 comes back as it was" "$(cat "$dir/err"; diff "$dir/first" "$dir/second"; diff "$dir/first" "$dir/checked")"
	fi
}

cat >"$dir/all.conf" <<'E2'
set observe
set mark 0x10/0xf0
zone inside { eth1, "br-*", wlan? } reject yes
zone outside { eth0 }
hosts gate self
hosts inner in inside nat { 192.0.2.10-192.0.2.12, 2001:db8:0:2::/64, more }
hosts more { 192.0.2.53 }
hosts nobody { }
server s in outside { 203.0.113.2, 203.0.113.25 }
service ssh = tcp 2222
sources 2000
limit flood {
	rate 10/second burst 20 per source
	rate 7/minute per network
	open 20 per source, 100 per network
	half-open 2000
	silent 50
	total 20000/second
	ban 90s after 5 refusals in 10s, doubling to 1h
	exempt inner, 203.0.113.77
	mode strict
	prefix 28 56
	prefix network 20 44
	observe
}
limit plain { open 5 per network }
inspect strict {
	deny commands unknown, vrfy, x-link2state
	recipients 100 per message, 1000/hour per source
	messages 50 per connection, 200/hour burst 20 per source
	message size 50M
	relay .acme.example, acme.test
	line 4096
	unfollowed pass
	refusals count
	observe
}
inspect loose { }
service dc = { tcp 389, rpc { drsuapi, activator port 135, any ports 49152-65535 } idle 90s lookup allow, ssh }
service odd = { icmp unreachable 4, icmpv6 packet-too-big, proto gre, udp any, sctp 5-9, ping, ssh }
block { 198.51.100.7, 2001:db8:77::/48, any } -> { gate, inner } : ssh, tcp { 1, 5-9 }, odd log observe
allow inner <-> { s, 203.0.113.128/25 } : tcp any, udp 53, proto 200, icmp 13 1 mark 0x1/0x3 name "both"
allow inner -> s : dc, exchange-client, rpc { 12345678-1234-abcd-ef00-0123456789ac version 1.2 } bind observe tower strict
allow gate -> any limit plain
allow { 203.0.113.0/24, s } -> inner : smtp limit flood log
allow any -> inner : tcp { 25, 26 }, submission limit flood inspect strict log
allow inner -> any : smtps inspect loose
allow any -> gate : dns observe
E2

ktap_plan ''
round_trip "a policy with everything in it" "$dir/all.conf"
for name in exterior interior bastion; do
	round_trip "the ${name} policy" "$examples/$name.conf"
done
at router postern load "$dir/all.conf" >/dev/null 2>&1
run show services
expect "services with RPC are shown" 0 out "tcp 389, rpc { drsuapi, activator port 135, any ports 49152-65535 } idle 90s lookup allow, ssh  $dir/all.conf:"
expect "those that are built in too" 0 out "rpc { exchange-ds, exchange-is, exchange-rfr }  built in"
run --json show services
expect "RPC as JSON has its UUIDs" 0 out '"uuid": "e3514235-4b06-11d1-ab04-00c04fc2dcd2"'
expect "and its options" 0 out '"idle": 90000'
run show limits
expect "limits are shown" 0 out "limit flood                { rate 10/second burst 20 per source; rate 7/minute per network; open 20 per source, 100 per network; half-open 2000; silent 50; total 20000/second; ban 90s after 5 refusals in 10s, doubling to 1h; exempt inner, 203.0.113.77; mode strict; prefix 28 56; prefix network 20 44; observe }  $dir/all.conf:"
expect "and how many sources they know" 0 out "a table of 2048 sources"
run --json show limits
check_equal "limits as JSON" \
	'2048 flood 10 second 20 7 minute 1 20 100 2000 50 20000 90000 3600000 5 10000 inner 203.0.113.77 true true 28 56 20 44 plain 5 false 32 64 24 48' \
	"$(python3 -c '
import json, sys
top = json.load(sys.stdin)
a, b = top["limits"]
say = [top["sources"], a["name"], *a["rate-source"].values(), *a["rate-network"].values(),
       a["open-source"], a["open-network"], a["half-open"], a["silent"], a["total"]["count"], *a["ban"].values(),
       *a["exempt"], a["strict"], a["observe"], *a["prefix"].values(),
       b["name"], b["open-network"], b["strict"], *b["prefix"].values()]
print(*(str(x).lower() if isinstance(x, bool) else x for x in say))' <"$dir/out")"
run show inspects
expect "inspects are shown" 0 out "inspect strict             { deny commands unknown, vrfy, x-link2state; recipients 100 per message, 1000/hour per source; messages 50 per connection, 200/hour burst 20 per source; message size 50M; relay .acme.example, acme.test; line 4096; unfollowed pass; refusals count; observe }  $dir/all.conf:"
expect "also one that says nothing" 0 out "inspect loose              { }  $dir/all.conf:"
run --json show inspects
check_equal "inspects as JSON" \
	'strict unknown vrfy x-link2state 100 1000 hour 1000 50 200 hour 20 52428800 .acme.example acme.test 4096 pass true true loose refuse false false []' \
	"$(python3 -c '
import json, sys
a, b = json.load(sys.stdin)["inspects"]
say = [a["name"], *a["deny"], a["recipients"], *a["recipients-source"].values(), a["messages"],
       *a["messages-source"].values(), a["size"], *a["relay"], a["line-length"], a["unfollowed"],
       a["count-refusals"], a["observe"],
       b["name"], b["unfollowed"], b["count-refusals"], b["observe"], b["deny"] + b["relay"]]
print(*(str(x).lower() if isinstance(x, bool) else x for x in say))' <"$dir/out")"
run show rules
expect "rules are shown with their inspect" 0 out "submission limit flood inspect strict log"
expect "rules are shown with their limit" 0 out "inner : smtp limit flood log"
run --json show rules
expect "as JSON too" 0 out '"limit": "flood"'
expect "and the inspect" 0 out '"inspect": "strict"'
run --json status
expect "status counts them" 0 out '"limits": 2'
expect "and inspects" 0 out '"inspects": 2'

# ---- what decides

at router postern load "$examples/exterior.conf" >/dev/null
line=$(grep -n '^allow internet .*smtp' "$examples/exterior.conf" | cut -d : -f 1)
run explain 203.0.113.2 192.0.2.10 tcp smtp
expect "explain names the rule" 0 out "allow internet -> mail : smtp limit mail-in"
expect "and its line" 0 out "exterior.conf:$line"
run --json explain 203.0.113.2 192.0.2.10 tcp 26
expect "explain names the reason" 0 out '"reason": "no-rule"'
run explain 2001:db8:0:1::2 2001:db8:0:2::53 udp 53 --from internet --to perimeter
expect "explain knows zones and IPv6" 0 out "internet -> perimeter"
run explain 203.0.113.2 192.0.2.10 tcp 25 --from nowhere
expect "a zone that is not there" 2 err "no zone of this name"
run explain 203.0.113.2 2001:db8::1 tcp 25
expect "addresses of two families" 1 err "one address is IPv4 and the other IPv6."

# ---- counters, and events as they come

monitor
load_and_hear() { at router postern load "$examples/exterior.conf" >/dev/null && hear '"event":"load"'; }
check "monitor tells of a load" busywait 10 load_and_hear
run reset
expect "reset" 0
run --json reset
check_equal "reset as JSON" "{'reset': True}" "$(json top)"
at inet nc -nzw 1 192.0.2.10 26 || true
check "monitor tells of a drop" busywait 10 hear '"reason":"no-rule","proto":6,"src":"203.0.113.2"'
run --json stats
expect "stats as JSON" 0 out '"no-rule": {'
check_equal "stats count it" yes "$(grep -A 1 '"no-rule"' "$dir/out" | grep -qE '"dropped": [1-9]' && echo yes)"
at inet nc -nzw 1 192.0.2.10 25 || true
hits() { at router postern --json show rules | grep -A 2 "\"index\": $1," | sed -n 's/.*"hits": \([0-9]*\).*/\1/p'; }
before=$(hits 1)
config >"$dir/same"
at router postern load "$dir/same" >/dev/null
check_equal "rules that stay keep their counts" "1 $before" "$([ "$before" -gt 0 ] && echo 1) $(hits 1)"

# ---- conntrack, almost full

# Of all namespaces, and only from the initial one.
ct_max=/proc/sys/net/netfilter/nf_conntrack_max
if [ -w $ct_max ]; then
	at router ping -qc 1 -W 5 192.0.2.10 >/dev/null || true
	unheard
	was=$(cat $ct_max)
	on_exit eval "echo $was >$ct_max"
	echo 1 >$ct_max
	check "monitor tells that conntrack is 80% full" busywait 20 hear '"event":"conntrack-full"'
	check "status warns" prints "raise net.netfilter.nf_conntrack_max" at router cat /proc/net/postern/status
	echo "$was" >$ct_max
	warns_no_more() { ! grep -q "raise net.netfilter" <(at router cat /proc/net/postern/status); }
	check "and no more when it is not" busywait 20 warns_no_more
else
	ktap_skip "conntrack that is almost full" "only from the initial network namespace"
fi

# ---- loads that do not stay, or do not happen

at router postern load "$examples/interior.conf" >/dev/null
was=$(generation)
run load --dry-run "$examples/exterior.conf"
expect "a dry run" 0 out "would load"
check_equal "changes nothing" "$was" "$(generation)"
run --json load --dry-run "$examples/exterior.conf"
check_equal "a dry run as JSON" "True 0" "$(json 'top["dry-run"], top["errors"]' | tr -d '(,)')"
run load --confirm 1 "$examples/exterior.conf"
expect "a load on trial" 0 out "comes back in 1 s"
is_back() { [ "$(generation)" = "$was" ]; }
check "goes back by itself" busywait 20 is_back
run load --confirm 600 "$examples/exterior.conf"
run status
expect "status tells of the trial" 0 out "unless 'postern confirm' comes first"
run confirm
expect "confirm" 0
run confirm
expect "there is nothing more to confirm" 2 err "no policy waits"
run --json load --confirm 600 "$examples/exterior.conf"
check_equal "a load on trial as JSON" "False $(generation) True 600000 [] 0 0" \
	"$(json 'top["dry-run"], top["generation"], top["memory"] > 4096, top["confirm-ms"], top["messages"], top["errors"], top["warnings"]' | tr -d '(,)')"
run --json confirm
check_equal "confirm as JSON" "{'confirmed': True}" "$(json top)"
run --json confirm
expect "what is refused is told as text" 2 err "no policy waits"
was=$(generation)
printf 'zone internet { eth0 }\nallow internet -> nowhere\n' >"$dir/bad.conf"
run load "$dir/bad.conf"
expect "a bad policy" 1 err "bad.conf:2:19: error:"
run --json load "$dir/bad.conf"
check_equal "a bad policy as JSON" "1 ('error', 'bad.conf', 2, 19, \"there is no zone and there are no hosts 'nowhere'.\") 1 0" "$rc $(json "$messages")"
check_equal "leaves the old one in force" "$was" "$(generation)"
export SSH_CONNECTION="203.0.113.2 40000 203.0.113.1 22"
run load --dry-run "$examples/bastion.conf"
expect "the loader's own connection would be cut" 0 err "cuts your own SSH connection: nothing lets 203.0.113.2 in zone 'internet' come to port 22"
run --json load --dry-run "$examples/bastion.conf"
check_equal "as JSON it is a message" "('warning', 'bastion.conf', None, None, \"this policy cuts your own SSH connection" \
	"$(json "$messages" | grep -o "('warning', 'bastion.conf', None, .* SSH connection")"
SSH_CONNECTION="203.0.113.2 40000 203.0.113.1 25"
run load --dry-run "$examples/bastion.conf"
check_equal "no warning if it is allowed" '' "$(cat "$dir/err")"
printf 'zone a { eth0 }\nzone b { eth1 }\nhosts x in b { 203.0.113.0/28 }\n' >"$dir/spoof.conf"
run load --dry-run "$dir/spoof.conf"
expect "the loader's own address belongs elsewhere" 0 err "it comes from zone 'a', and the hosts of the policy say that 203.0.113.2 is in another"

# The tool has to know the zone of an interface as the module does: a name written out is
# stronger than a pattern before it, of patterns the first one takes all.
SSH_CONNECTION="203.0.113.2 40000 203.0.113.1 22"
cat >"$dir/names.conf" <<'E2'
zone wide { "eth*" }
zone named { eth0 }
zone narrow { "eth?" }
hosts gate self
allow wide -> gate : ssh
allow narrow -> gate : ssh
E2
run load --dry-run "$dir/names.conf"
expect "a name is stronger than a pattern to the tool" 0 err "nothing lets 203.0.113.2 in zone 'named' come"
check_not "which warns of no name behind a pattern" grep -F "names.conf:2" "$dir/err"
check "but of a pattern behind one" grep -qF "names.conf:3:15: warning: what matches 'eth?' is in zone 'wide'" "$dir/err"
unset SSH_CONNECTION
at router postern load --keep-flows "$dir/names.conf" >/dev/null 2>&1
run --json show zones
check_equal "and to the module" 'wide eth1 eth2 named eth0 narrow' "$(python3 -c '
import json, sys
print(*(w for z in json.load(sys.stdin)["zones"] for w in [z["name"], *sorted(z["matched"])]))' <"$dir/out")"
at router postern load "$examples/exterior.conf" >/dev/null
was=$(generation)

# The kernel refuses while sets of some MiB in all are added, and knows which.
ceiling=/sys/module/postern/parameters/max_memory
# taken: MiB, of all namespaces; for who looks from the initial one
taken() {
	awk '/^all policies/ { print int($4 == "GiB" ? $3 * 1024 : $4 == "MiB" ? $3 : 0) }' /proc/net/postern/status
}
if [ -w $ceiling ] && [ -n "$(taken)" ]; then
	awk 'BEGIN {
		for (h = 0; h < 1200; h++) {
			printf "hosts h%d { 10.%d.%d.0", h, h / 256, h % 256
			for (i = 1; i < 500; i++)
				printf ", %d.%d.%d.%d", 11 + i / 250, h / 250, h % 250, i % 250
			print " }"
		}
	}' >"$dir/large.conf"
	{
		echo 'zone internet { eth0 }'
		echo 'hosts listed in internet { file "list" }'
	} >"$dir/long.conf"
	awk 'BEGIN { for (i = 0; i < 300000; i++) print "10." int(i / 65536) "." int(i / 256) % 256 "." i % 256 }' >"$dir/list"
	full=$(cat $ceiling)
	on_exit eval "echo $full >$ceiling"
	echo $(($(taken) + 2)) >$ceiling
	run load "$dir/large.conf"
	expect "a refusal by the kernel" 2 err "not enough memory"
	check_equal "points at the line" yes "$(grep -qE "^$dir/large.conf:[0-9]+:1: error: " "$dir/err" && echo yes)"
	check_equal "and leaves the old one in force" "$was" "$(generation)"
	run load "$dir/long.conf"
	expect "a list that the kernel refuses" 2 err "$dir/long.conf:2:1: error: not enough memory"
	run --json load "$dir/long.conf"
	check_equal "as JSON with its line" "2 ('error', 'long.conf', 2, 1) 1 0" \
		"$rc $(json "$messages" | sed 's/, "not enough memory[^"]*"//')"
	cat >"$dir/limited.conf" <<-'END'
		sources 200000
		zone internet { eth0 }
		hosts mail { 192.0.2.10 }
		limit few { open 5 per source }
		allow internet -> mail : smtp limit few
	END
	run load "$dir/limited.conf"
	expect "the tables of a limit count as well" 2 err "above max_memory, for the tables of connections or limits"
	check_equal "nor is that in force" "$was" "$(generation)"
	echo "$full" >$ceiling
	before=$(taken)
	run load "$dir/limited.conf"
	expect "below the ceiling they are made" 0
	check "and counted" test "$(taken)" -gt $((before + 8))
	was=$(generation)
else
	ktap_skip "a refusal by the kernel" "no parameter max_memory"
fi

# ---- who may

rc=0
at router setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all \
	"$(command -v postern)" status >"$dir/out" 2>"$dir/err" || rc=$?
expect "an unprivileged user" 3 err "needs CAP_NET_ADMIN in this network namespace: run it as root"
rc=0
at router setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all \
	"$(command -v postern)" --json load - <<<'zone a { eth0 }' >"$dir/out" 2>"$dir/err" || rc=$?
check_equal "his load as JSON" "3 ('error', '<stdin>', None, None, 'loading a policy needs CAP_NET_ADMIN in this network namespace: run it as root (sudo postern ...).') 1 0" "$rc $(json "$messages")"

# ---- shown as a whole, whatever happens meanwhile

at router postern load "$dir/all.conf" >/dev/null 2>&1
config >"$dir/a"
at router postern load "$examples/exterior.conf" >/dev/null
config >"$dir/b"
swap() { # until it is told to stop
	while [ ! -e "$dir/stop" ]; do
		at router postern load "$dir/all.conf"
		at router postern load "$examples/exterior.conf"
	done >/dev/null 2>&1
}
swap &
swapper=$!
on_exit touch "$dir/stop"
whole=0
for ((i = 0; i < 40; i++)); do
	config >"$dir/seen" 2>"$dir/err" || break
	cmp -s "$dir/seen" "$dir/a" || cmp -s "$dir/seen" "$dir/b" || break
	whole=$((whole + 1))
done
touch "$dir/stop"
wait "$swapper"
check_equal "a policy is shown as a whole while others are loaded" 40 "$whole"

# ---- the end

run unload
expect "unload" 0 out "No policy is in force"
at router postern load "$examples/exterior.conf" >/dev/null
run --json unload
check_equal "unload as JSON" "{'unloaded': True, 'open': True}" "$(json top)"
run --json version
check_equal "versions as JSON" "True True" "$(json 'top["tool"] == top["module"] != "", top["interface"] == top["module-interface"] > 0' | tr -d '(,)')"
run show rules
expect "there is nothing to show" 0 err "no policy is loaded"
run
expect "a bare postern is the status" 0 out "no policy is loaded"
ktap_done
