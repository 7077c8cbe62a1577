# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Honest mail, floods, filters and what is measured of them, for flood.sh, which has a
# topology and a scratch folder. Sourced after ../lib.sh, which is where selftests, dir
# and spawned come from; main says how many mails and seconds.
# shellcheck disable=SC2154

here=$selftests/flood
mail=192.0.2.10
mail6=2001:db8:0:2::10
box=/home/alice/Maildir/new
# Who sends has a user of his own, by whom the address is chosen that he sends from.
first_user=2000

# ---- the server

server_prepare() {
	useradd -m alice
	cp "$here/main.cf" /etc/postfix/main.cf
	cp /etc/postfix/master.cf.proto /etc/postfix/master.cf
	postconf -F '*/*/chroot=n'
	on_exit at perim postfix stop
}

server_stop() { at perim postfix stop >/dev/null 2>&1 || true; }

# server_fresh: nothing is left of what a flood did to it
server_fresh() {
	server_stop
	rm -rf "${box%/new}"
	at perim postfix start >/dev/null 2>&1
	busywait 60 listening perim 25
}

# What a flood sends is known by what is left of its TTL.
arrivals_prepare() {
	at perim nft -f - <<-'END'
		table inet arrivals {
			chain first {
				type filter hook prerouting priority -400
				tcp flags & (syn | ack) != syn return
				ip ttl 76 counter
				ip6 hoplimit 76 counter
			}
		}
	END
}

# arrivals: SYNs of floods that reached the server up to now
arrivals() { at perim nft list table inet arrivals | awk '/packets/ { n += $6 } END { print n }'; }

# ---- honest senders

# senders_prepare N: the known one, and N who are new
senders_prepare() {
	local i u
	for ((i = 0; i <= $1; i++)); do
		u=$((first_user + i))
		if [ "$i" = 0 ]; then
			set -- "$1" 203.0.113.25 2001:db8:0:1::25
		else
			set -- "$1" "198.51.100.$((i + 10))" "2001:db8:77:$i::7"
			echo "addr add $2/32 dev eth0" >>"$dir/four"
			echo "addr add $3/128 dev eth0 nodad" >>"$dir/six"
		fi
		printf '%s\n' "rule add uidrange $u-$u lookup $u" \
			"route add default via 203.0.113.1 src $2 table $u" >>"$dir/four"
		printf '%s\n' "rule add uidrange $u-$u lookup $u" \
			"route add default via 2001:db8:0:1::1 src $3 table $u" >>"$dir/six"
	done
	at inet ip -batch "$dir/four"
	at inet ip -6 -batch "$dir/six"
}

# send_mail WHO NUMBER USER TO: one try, as long as Postfix waits for a connection; what
# came of it, and the ms that it took, in $dir/mails
send_mail() {
	local rc=0 begin=${EPOCHREALTIME/[.,]/}
	at inet setpriv --reuid "$3" --clear-groups timeout 30 smtp-source \
		-f bob@example.org -t alice@example.com -S "honest-$1-$2" "inet:$4:25" 2>>"$dir/senders" || rc=$?
	echo "$1 $rc $(((${EPOCHREALTIME/[.,]/} - begin) / 1000))" >>"$dir/mails"
}

# honest_mail TO: $mails of the known one and of new ones, over $seconds; until all of
# them were taken or given up
honest_mail() {
	local i pids=()
	: >"$dir/mails"
	for ((i = 1; i <= mails; i++)); do
		send_mail known "$i" $first_user "$1" &
		pids+=($!)
		send_mail new "$i" $((first_user + i)) "$1" &
		pids+=($!)
		sleep "$gap"
	done
	wait "${pids[@]}" || true
}

in_the_box() { [ "$(find "$box" -type f 2>/dev/null | wc -l)" -ge "$1" ]; }

# delivered WHO: how many of his mails are in the mailbox
delivered() { grep -lsr "^Subject: honest-$1-[1-9]" "$box" | wc -l; }

# delay WHO: median and 95th percentile of the ms that those took which were taken
delay() {
	awk -v w="$1" '$1 == w && $2 == 0 { print $3 }' "$dir/mails" | sort -n | awk '
		{ t[NR] = $1 }
		END { if (NR) print t[int((NR + 1) / 2)], t[int(NR * .95 + .999)]; else print "- -" }'
}

# ---- floods

# What the cases are, for people; and the arguments of the flood.
# shellcheck disable=SC2034 # for whoever sources this
declare -A title=(
	[quiet]="no flood"
	[one]="(a) one source"
	[network]="(b) 256 sources of a /24"
	[spoofed]="(c) 2^24 forged sources"
	[again]="(c) the same, each SYN twice"
	[spoofed6]="(d) forged, of 2^40 /64s"
	[copies]="(e) forged in the known sender's name"
	[silent]="(f) 1000 that complete and are silent"
	[patient]="(f) the same, each SYN twice"
)
declare -A kind=(
	[one]="$mail 25 198.18.0.1/32"
	[network]="$mail 25 198.18.1.0/24"
	[spoofed]="$mail 25 11.0.0.0/8"
	[again]="$mail 25 11.0.0.0/8"
	[spoofed6]="$mail6 25 2a00::/24"
	[copies]="$mail 25 203.0.113.25/32"
	[silent]="$mail 25 44.0.0.0/8"
	[patient]="$mail 25 44.0.0.0/8"
)
declare -A option=(
	[again]="--again 1.5"
	[silent]="--handshake --hosts 1000"
	[patient]="--handshake --hosts 1000 --again 1.5"
)

# flood_begins CASE RATE SECONDS
flood_begins() {
	local to
	read -ra to <<<"${kind[$1]}"
	seed=$((${seed:-0} + 1))
	# shellcheck disable=SC2086 # each its words
	spawn inet "$here/obj/flood" eth0 "$(at router ip -br link show eth0 | awk '{ print $3 }')" \
		"${to[@]}" "$2" "$3" --seed $seed ${option[$1]:-} >"$dir/flood"
	flooder=$spawned
}

flood_ends() {
	kill "$flooder" 2>/dev/null || true
	wait "$flooder" || true
}

# ---- filters

# shellcheck disable=SC2034
declare -A filter=(
	[none]="none"
	[nft]="nftables"
	[iptables]="iptables"
	[postern]="postern"
)

filter_none() { :; }
filter_nft() { at router nft -f "$here/perimeter.nft"; }
filter_iptables() {
	at router ipset restore <"$here/perimeter.ipset"
	at router iptables-legacy-restore <"$here/perimeter.iptables"
	at router ip6tables-legacy-restore <"$here/perimeter.ip6tables"
}

# The limit is the one of the README; another name each time, which knows nobody.
number=0
filter_postern() {
	number=$((number + 1))
	postern_ready
	at router postern load - >/dev/null <<-END
		zone internet { eth0 }
		zone perimeter { eth1 }
		hosts mail in perimeter { $mail, $mail6 }
		hosts filter-provider in internet { 203.0.113.8 }
		sources 65536
		limit in$number {
			rate 10/second burst 20 per source
			rate 50/second burst 100 per network
			open 20 per source, 100 per network
			half-open $half_open
			silent 50
			total 20000/second
			ban 60s after 5 refusals in 10s, doubling to 1h
			exempt filter-provider, 192.0.2.7
		}
		allow internet -> mail : smtp limit in$number
	END
	at router postern reset >/dev/null
}
half_open=2000

unfilter_none() { :; }
unfilter_nft() { at router nft delete table inet perimeter; }
unfilter_iptables() {
	local t
	for t in iptables ip6tables; do
		printf '%s\n' '*raw' COMMIT '*filter' ':FORWARD ACCEPT' COMMIT | at router $t-legacy-restore
	done
	at router ipset destroy
}
unfilter_postern() {
	at router postern unload --open >/dev/null
	[ -z "$module_ours" ] || rmmod postern
}

# ---- what is measured

# sample SECONDS: what the router holds, every so often (or: once), into $dir/samples,
# until it is ended: conntrack entries, KiB that the kernel cannot give back, KiB that
# are available
sample() {
	# shellcheck disable=SC2016 # for the shell over there
	spawn router bash -c '
		while :; do
			held=0 left=0 entries=0
			read -r entries </proc/sys/net/netfilter/nf_conntrack_count
			while read -r key value _; do
				case $key in
				SUnreclaim: | VmallocUsed: | Percpu:) held=$((held + value)) ;;
				MemAvailable:) left=$value ;;
				esac
			done </proc/meminfo
			echo "$entries $held $left"
			[ "$0" != once ] || break
			sleep "$0"
		done' "$1" >>"$dir/samples"
	sampler=$spawned
}
sample_ends() {
	kill "$sampler"
	wait "$sampler" || true
}
# once: before or after, into $dir/samples
once() {
	: >"$dir/samples"
	sample once
	wait "$sampler"
	cat "$dir/samples"
}
# most: of the samples, the most entries, the most that was held, the least that was left
most() {
	awk '{ if ($1 > a) a = $1; if ($2 > b) b = $2; if (!c || $3 < c) c = $3 } END { print a + 0, b, c }' "$dir/samples"
}

# wire_ns: of a packet that is made, sent, and dropped where it comes in
wire_ns() {
	at router nft "add table netdev wire; add chain netdev wire in { type filter hook ingress device eth0 priority 0; policy drop; }"
	flood_begins spoofed "$rate" 0.5
	wait "$flooder"
	at router nft delete table netdev wire
	awk '{ print $8 }' "$dir/flood" >"$dir/wire"
}

# touch_memory: what a guest has not used yet, its host must find first, which is slow
touch_memory() {
	local kib
	kib=$(awk '/^MemAvailable:/ { print int($2 * .8) }' /proc/meminfo)
	mkdir "$dir/memory"
	mount -t tmpfs -o size="${kib}k" tmpfs "$dir/memory"
	head -c "${kib}K" /dev/zero >"$dir/memory/all" || true
	umount "$dir/memory"
}
