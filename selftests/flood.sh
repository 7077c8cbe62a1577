#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# flood.sh [CASE...]: honest mail while a flood is on. A real Postfix stands behind the
# router, a sender whom it knows and new ones in front of it, and between them whoever
# floods. Whether the mails arrive, when, and what the flood costs the router is
# measured without a filter, with nftables, with iptables, and with postern, each with
# the same numbers (see flood/). Only postern is judged.
#
#	cases: quiet one network spoofed again spoofed6 copies silent patient
#
#	FLOOD_FILTERS	which, of: none nft iptables postern (default: postern)
#	FLOOD_MAILS	of each kind of sender (8)
#	FLOOD_SECONDS	over which they are sent (4); the flood goes on until the last one
#			arrived or was given up, 30 s after it began
#	FLOOD_RATE	SYNs a second that are tried for (30000 in User Mode Linux, else 3000)
#	FLOOD_LEAST	SYNs a second without which there was no flood (none)
#	FLOOD_COOKIES	0: the server has no SYN cookies, and room for 100 that are half open
#
# A table of it all goes to the file flood.md in $POSTERN_OUT, if there is one; flood/run
# makes a report of it.
set -eu
. "$(dirname "$(readlink -f "$0")")/lib.sh"
. "$selftests/flood/lib.sh"
read -ra filters <<<"${FLOOD_FILTERS:-postern}"
mails=${FLOOD_MAILS:-8} seconds=${FLOOD_SECONDS:-4}
case ${POSTERN_KERNEL:-} in uml*) rate=30000 ;; *) rate=3000 ;; esac
rate=${FLOOD_RATE:-$rate}
gap=$(awk "BEGIN { print $seconds / $mails }")
[ -n "${POSTERN_KERNEL:-}" ] || ktap_skip_all "sets up a mail server: only in a guest"
needs nft smtp-source postfix setpriv
[ -x "$here/obj/flood" ] || make -s -C "$here" >/dev/null 2>&1 || ktap_skip_all "needs flood/obj/flood"
case " ${filters[*]} " in *" iptables "*) needs iptables-legacy ipset ;; esac
postern_ready
# What others measure is measured without it.
[ -z "$module_ours" ] || rmmod postern
ktap_plan ''
topology_up
scratch
at router ip route add default via 203.0.113.2
at router ip route add default via 2001:db8:0:1::2
at router sysctl -qw net.netfilter.nf_conntrack_tcp_loose=0
# As Debian has it on a router with more than 4 GB.
sysctl -qw net.netfilter.nf_conntrack_max=262144
[ "${filters[*]}" = postern ] || touch_memory
cookies="has SYN cookies"
if [ "${FLOOD_COOKIES:-1}" = 0 ]; then
	cookies="has no SYN cookies"
	at perim sysctl -qw net.ipv4.tcp_syncookies=0
	half_open=45
fi
senders_prepare "$mails"
server_prepare
arrivals_prepare

# judged CASE: what shall be true with postern
judged() {
	local who least room=4096 new=95
	# Who comes while the attackers are not banned yet may have to give way like them.
	[ "$1" != patient ] || new=60
	for who in known:99 new:$new; do
		least=$(((mails * ${who#*:} + 99) / 100))
		who=${who%:*}
		check "${title[$1]}: mail of a $who sender arrives" test "${got[$who]}" -ge "$least"
	done
	[ "$1" != quiet ] || return 0
	if [ -n "${FLOOD_LEAST:-}" ]; then
		check "${title[$1]}: that was a flood" test "$second" -ge "$FLOOD_LEAST"
	fi
	# Of those who are known as many again, see the README; and all of them again after 10 s
	# if the server does not answer.
	check "${title[$1]}: conntrack knows who is half open, has proved himself, or is there" \
		test "${during[0]}" -le $((100 + 2 * half_open * (1 + took / 10000) + $(counter proven) + $(counter handshakes)))
	# Besides conntrack: of the server, which is on this machine, 100 processes.
	case $1 in silent | patient) room=24576 ;; esac
	check "${title[$1]}: nothing else takes memory" \
		test $((during[1] - before[1])) -le $((room + during[0] / 2))
}

# measure FILTER CASE: one line of the table
measure() {
	local target=$mail before during after sent=0 took=1 cost=0 reached second
	declare -A got
	server_fresh
	wire_ns
	at router conntrack -F 2>/dev/null || true
	"filter_$1"
	[ "$2" != spoofed6 ] || target="[$mail6]"
	send_mail known 0 $first_user "$target"
	busywait 30 in_the_box 1
	reached=$(arrivals)
	read -ra before < <(once)
	[ "$2" = quiet ] || flood_begins "$2" "$rate" $((seconds + 60))
	: >"$dir/samples"
	sample 0.5
	honest_mail "$target"
	sample_ends
	read -ra during < <(most)
	[ -z "${POSTERN_OUT:-}" ] || cp "$dir/samples" "$POSTERN_OUT/samples.$1.$2"
	if [ "$2" != quiet ]; then
		flood_ends
		read -r _ sent _ _ _ took _ cost <"$dir/flood"
		cost=$((cost - $(<"$dir/wire")))
	fi
	reached=$(($(arrivals) - reached)) second=$((sent * 1000 / took))
	read -ra after < <(once)
	busywait 30 in_the_box $((1 + $(awk '$2 == 0' "$dir/mails" | wc -l))) || true
	got=([known]=$(delivered known) [new]=$(delivered new))
	# shellcheck disable=SC2046,SC2183 # two words each
	{
		printf '| %s | %s | %d ' "${title[$2]}" "${filter[$1]}" "$second"
		printf '| %d of %d | %s / %s | %d of %d | %s / %s ' "${got[known]}" "$mails" $(delay known) \
			"${got[new]}" "$mails" $(delay new)
		printf '| %d | %d / %d / %d | %+d / %+d | %+d / %+d ' "$reached" \
			"${before[0]}" "${during[0]}" "${after[0]}" \
			$((during[1] - before[1])) $((after[1] - before[1])) \
			$((during[2] - before[2])) $((after[2] - before[2]))
		printf '| %d |\n' "$cost"
	} >>"$dir/table"
	tail -n 1 "$dir/table" | sed 's/^/# /'
	[ -z "${POSTERN_OUT:-}" ] || table >"$POSTERN_OUT/flood.md"
	if [ "$1" = postern ]; then
		[ -z "${POSTERN_OUT:-}" ] || at router cat /proc/net/postern/{counters,sources} >"$POSTERN_OUT/postern.$2"
		judged "$2"
	fi
	"unfilter_$1"
}

# table: what was measured up to now
table() {
	cat <<-END
		## $(uname -r), $POSTERN_KERNEL; the server $cookies

		Of postern, \`half-open $half_open\`, the rest as in the README.

		| flood | filter | SYNs/s | known: mails | ms, median / 95% | new: mails | ms, median / 95% | SYNs at the server | conntrack before / most / after | KiB of kernel memory, most / after | KiB available, least / after | ns a SYN |
		|---|---|---|---|---|---|---|---|---|---|---|---|
	END
	cat "$dir/table"
}

[ $# -gt 0 ] || set -- quiet one network spoofed again spoofed6 copies silent patient
for f in "${filters[@]}"; do
	for c; do measure "$f" "$c"; done
done
ktap_done
