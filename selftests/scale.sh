#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Big policies: 2,000 servers with 10 services each, and 1,000,000 blocked prefixes.
# Prints how long a load takes and how much memory, and in a guest that counts
# instructions (vm/run --icount) what a look-up costs next to a policy of ten lines.
#
#	SCALE_PREFIXES=1000000 scale.sh [load] [lookup]
#
# The bound of 3 s for a load holds in the uml guest, with the machine to itself; on
# other kernels the time is only printed.
set -eu
. "$(dirname "$(readlink -f "$0")")/lib.sh"
prefixes=${SCALE_PREFIXES:-1000000}
if [ $# = 0 ]; then
	if [ "${POSTERN_KERNEL:-}" = icount ]; then set -- lookup; else set -- load; fi
fi

scratch

zones() {
	echo "zone outside { eth0 }"
	echo "zone inside { eth1 }"
}

ten_lines() {
	zones
	cat <<-'END'
		server mail in inside { 192.168.0.1, 2001:db8:0:2::1 }
		server web in inside { 192.168.0.2, 2001:db8:0:2::2 }
		hosts branch in outside { 198.51.100.0/24 }
		service alt = tcp 8443
		allow outside -> mail : smtp, submission
		allow outside -> web : http, https, alt
		allow branch -> mail : imap, imaps
		allow mail -> outside : smtp
	END
}

# Each has two addresses and ten services of its own choice.
servers() {
	zones
	awk 'BEGIN {
		for (i = 0; i < 2000; i++)
			printf "server s%d in inside { 192.168.%d.%d, 2001:db8:0:2::%x }\n",
				i, i / 250, i % 250 + 1, i + 1
		for (i = 0; i < 2000; i++) {
			printf "allow outside -> s%d : ", i
			for (j = 0; j < 10; j++)
				printf "%stcp %d", j ? ", " : "", 1000 + (i * 7 + j * 13) % 97
			print ""
		}
	}'
}

# Spread over the address space, in no order; half of them single addresses.
list4() {
	awk -v n="$prefixes" 'BEGIN {
		for (i = 0; i < n; i++) {
			a = 184549376 + (i * 2654435761 % 9437183) * 256
			printf "%d.%d.%d.%d%s\n", a / 16777216, a / 65536 % 256, a / 256 % 256,
				0, i % 2 ? "/24" : ""
		}
	}'
}

list6() {
	awk -v n="$prefixes" 'BEGIN {
		for (i = 0; i < n; i++) {
			a = i * 2654435761 % 4294967291
			printf "2%x:%x:%x::/48\n", 1024 + a % 512, a / 512 % 65536, i % 65536
		}
	}'
}

blocked() { # FILE
	ten_lines
	echo "hosts listed in outside { file \"$1\" }"
	echo "block listed -> any"
}

now_ms() { echo $((${EPOCHREALTIME/[.,]/} / 1000)); }
memory() { at router postern status --json | sed -n 's/.*"memory": *\([0-9]*\).*/\1/p' | head -n 1; }

# measure NAME FILE [UNITS WHAT]
measure() {
	local begun ms ended='' bytes limit=3000 out try
	# The machine may have other things to do: the best of three counts.
	for try in 1 2 3; do
		[ -z "$ended" ] || [ "$ended" -gt $limit ] || break
		begun=$(now_ms)
		if ! out=$(at router postern load "$2" 2>&1); then
			ktap_fail "$1: load ($try)" "$out"
			return
		fi
		ms=$(($(now_ms) - begun))
		[ -n "$ended" ] && [ "$ended" -le $ms ] || ended=$ms
	done
	bytes=$(memory)
	echo "# figure: $1: loaded in $ended ms, $bytes bytes${3:+, $((bytes / $3)) bytes per $4}"
	if [ "${POSTERN_KERNEL:-}" = uml ]; then
		check "$1: loaded within 3 s ($ended ms)" test "$ended" -le $limit
	else
		ktap_ok "$1: loaded ($ended ms)"
	fi
	check "$1: its memory is counted" test "$bytes" -gt 0
}

ktap_plan ''
for what; do
	case $what in
	load)
		postern_ready
		namespace router || ktap_skip_all "no network namespaces"
		ten_lines >"$dir/ten"
		servers >"$dir/servers"
		list4 >"$dir/list4"
		list6 >"$dir/list6"
		blocked list4 >"$dir/blocked4"
		blocked list6 >"$dir/blocked6"
		measure "ten lines" "$dir/ten"
		measure "2,000 servers with 10 services" "$dir/servers" 2000 server
		measure "$prefixes blocked prefixes, IPv4" "$dir/blocked4" "$prefixes" prefix
		measure "$prefixes blocked prefixes, IPv6" "$dir/blocked6" "$prefixes" prefix
		;;
	lookup)
		bench=$selftests/unit/obj/scale_bench
		if [ ! -x "$bench" ]; then
			ktap_skip "look-up" "make -C selftests/unit bench"
			continue
		fi
		rc=0
		out=$("$bench" "$prefixes") || rc=$?
		echo "# ${out//$'\n'/$'\n'# }"
		if [ "${POSTERN_KERNEL:-}" = icount ]; then
			check_equal "a look-up takes at most 1.3 times that of ten lines" 0 "$rc"
		else
			ktap_skip "look-up within 1.3 times" "only --kernel icount counts instructions"
		fi
		;;
	*) ktap_fail "no measurement $what" ;;
	esac
done
ktap_done
