# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# A policy with one limit, and those who connect under it: for limits.sh and
# sources.sh, which have a topology and a scratch folder. Sourced after ../lib.sh,
# which is where selftests, dir and spawned come from.
# shellcheck disable=SC2154

mail=192.0.2.10
mail6=2001:db8:0:2::10
traffic=$selftests/limits/traffic.py

# load STATEMENT...: a policy that lets the Internet reach mail under a limit of these,
# with so many $sources and $settings before it
number=0 sources=1024 settings=''
load() {
	{
		cat <<-END
			zone internet { eth0 }
			zone perimeter { eth1 }
			hosts mail in perimeter { $mail, $mail6 }
			hosts partner in internet { 203.0.113.25, 2001:db8:0:1::25 }
			sources $sources
			$settings
			allow internet -> mail : smtp limit in$number
		END
		echo "limit in$number {"
		printf '%s\n' "$@"
		echo "}"
	} >"$dir/policy"
	at router postern load "$dir/policy" >/dev/null
}

# fresh STATEMENT...: the same under another name, which knows nobody yet
fresh() {
	number=$((number + 1))
	load "$@"
	at router postern reset >/dev/null
}

connects() { at inet "$traffic" connect "$mail" 25 "$@" | tr '\n' ' ' | sed 's/ *$//'; }
connects6() { at inet "$traffic" connect "$mail6" 25 "$@" | tr '\n' ' ' | sed 's/ *$//'; }
# Other ones each time: the same SYN again within a minute would have proved itself.
seed=0
forges() {
	seed=$((seed + 1))
	at inet "$traffic" forge eth0 "$(router_mac)" --seed $seed "$@"
}
router_mac() { at router ip -br link show eth0 | awk '{ print $3 }'; }

# raw SOURCE SPORT STEP...: a connection made of segments, see traffic.py; what it saw.
# The kernel of inet answers for none of 198.51.100.0/24 but .7.
raw() { scripts "$@" | one_line; }
scripts() { at inet "$traffic" script eth0 "$(router_mac)" "$mail" 25 "$@"; }
one_line() { tr '\n' ' ' | sed 's/ *$//'; }

# begins SOURCE SPORT STEP...: the same in the background, until it has seen the first
# thing; saw N: all, which are so many
begins() {
	: >"$dir/raw"
	spawn inet "$traffic" script eth0 "$(router_mac)" "$mail" 25 "$@" >"$dir/raw"
	busywait 20 saw_so_many 1
}
saw() {
	busywait 20 saw_so_many "$1"
	one_line <"$dir/raw"
}
saw_so_many() { [ "$(wc -l <"$dir/raw")" = "$1" ]; }
dropped() { counter "drop-$1"; }

# holds N [OPTION...]: as many connections that stay open until released; what came of them
holds() {
	local n=$1
	shift
	spawn inet "$traffic" connect "$mail" 25 --keep --times "$n" "$@" >"$dir/held"
	holder=$spawned
	busywait 60 held "$n"
}
held() { [ "$(wc -l <"$dir/held")" = "$1" ]; }
released() {
	kill "$holder"
	wait "$holder" || true
}

# quick: an honest connection that did not have to come again
quick() { taken "$@" && awk '$1 == "ok" && $2 < 0.8 { is = 1 } END { exit !is }' "$dir/taken"; }
slow() { taken "$@" && awk '$1 == "ok" && $2 >= 0.8 { is = 1 } END { exit !is }' "$dir/taken"; }
taken() { connects --taken "$@" | tee "$dir/taken"; }

# A server that greets, on all addresses of mail, until the end
serve_mail() {
	local a
	for a in "$mail" "$mail6"; do spawn perim "$traffic" serve "$a" 25; done
	busywait 30 listening perim 25
}
