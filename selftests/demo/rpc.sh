# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The demo's RPC: a stand-in for Exchange and Samba's domain controller in the perimeter,
# and what their clients may do. Sourced by guest, which sets demo, who, bold and off.
# shellcheck disable=SC2154

dir=/run/demo/rpc
rpc_conf=selftests/demo/conf/rpc.conf rpc_pinned_conf=selftests/demo/conf/rpc-pinned.conf
. "$demo/../rpc/peers.sh"

who[colleague]="inet 198.51.100.8 -" # of the branch's, too
who[exchange2]="int 203.0.113.140 2001:db8:0:3::140"
who[dc]="perim $dc4 $dc6"

mail_addresses=(--address=192.0.2.1{0,1} --address=2001:db8:0:2::1{0,1})

# rpc_servers_up: with whom the branch speaks from addresses of its own
rpc_servers_up() {
	mkdir -p "$dir"
	server "${mail_addresses[@]}" || return
	# shellcheck disable=SC2119 # it may have options
	domain_controller || return
	link_up inet eth0 198.51.100.8/32
	at inet ip route add "$dc4" via 203.0.113.1 src 198.51.100.7
	at inet ip route add "$dc6" via 2001:db8:0:1::1 src 2001:db8:77::7
}

# ---- clients: rpc_PROGRAM NETWORK SOURCE HOST ARGUMENT...

rpc_exchange() { client_at "$1" "$4" "$3" "${@:5}" --from "$2"; }
rpc_impacket() { dc_client "$4" "$3" "${@:5}"; }
rpc_rpcclient() { # NETWORK SOURCE HOST WORDS COMMAND...: the answer has WORDS
	local out
	out=$(rpcclient "$3" "${@:5}" 2>&1) || true
	echo "$out"
	grep -q -- "$4" <<<"$out"
}
rpc_rpcdump() {
	local out
	out=$(rpcdump "$3" 2>&1)
	echo "$out"
	grep -q 'Received [1-9]' <<<"$out"
}

# How long the quickest use of a program took that worked, in microseconds.
declare -A usual=()

# is_late PROGRAM SEEN MICROSECONDS: it was answered, not as it wanted, and more than a second
# after what the program takes itself
is_late() {
	[ "$2" != works ] && [ "$2" != silence ] && [ "$3" -ge $((${usual[$1]:-0} + 1000000)) ]
}

# rpc_row SCENARIO FROM TO SERVICE EXPECTED PROGRAM ARGUMENT...: what gets an answer, and
# not what it wanted, gets it within a second. One that is late is asked once more: a busy
# machine is not late each time, a client that waits for its time-out is.
rpc_row() {
	local seen out from to family=1 begun took try
	[[ $2 != *6 ]] || family=2
	read -ra from <<<"${who[${2%6}]}"
	read -ra to <<<"${who[${3%6}]}"
	look
	for try in first last; do
		begun=${EPOCHREALTIME/[.,]/}
		if out=$("rpc_$6" "${from[0]}" "${from[family]}" "${to[family]}" "${@:7}" 2>&1); then
			seen=works
		else
			seen=$(outcome "$out")
		fi
		took=$((${EPOCHREALTIME/[.,]/} - begun))
		if [ $try = last ] || ! is_late "$6" "$seen" "$took"; then break; fi
	done
	if [ "$seen" = works ]; then
		[ "$took" -ge "${usual[$6]:-$took}" ] || usual[$6]=$took
		: "${usual[$6]:=$took}"
	elif is_late "$6" "$seen" "$took"; then
		seen+=" after $((took / 1000000)) s"
	fi
	! risen || seen+=": $reasons"
	judged "$1" "$2" "$3" "$4" "$5" "$seen"
	[ "$seen" = "$5" ] || echo "    ${out//$'\n'/$'\n'    }"
}

# scan_row SCENARIO FROM TO EXPECTED: of all 65535 ports, those that somebody finds open
scan_row() {
	local from to open
	read -ra from <<<"${who[$2]}"
	read -ra to <<<"${who[$3]}"
	at "${from[0]}" nmap -n -Pn -sS -T5 --min-rate 5000 --max-retries 0 -S "${from[1]}" -e eth0 \
		-p 1-65535 -oG "$dir/scan" "${to[1]}" >"$dir/nmap" 2>&1 || cat "$dir/nmap"
	open=$(grep -oE '[0-9]+/open/' "$dir/scan" | cut -d/ -f1 | paste -sd, || true)
	judged "$1" "$2" "$3" "all ports" "$4" "${open:-none}"
}

# ---- what is shown

rpc_without_postern() {
	rpc_row "all that Exchange's mapper knows" stranger mail listing works rpcdump
	rpc_row "the MTA, for anybody" stranger mail mta works exchange mail --interfaces mta
}

# exchange_rows CLIENT INTRASITE CONNECTOR [MORE]: the three scenarios of Exchange, for
# each of them what its client has to be told; MORE than ds and is that Outlook uses
exchange_rows() {
	local ndr auth sealed
	for ndr in 32 64; do
		for auth in none privacy; do
			sealed=''
			[ $auth = none ] || sealed=', sealed'
			# shellcheck disable=SC2086 # a list of words
			{
				rpc_row "Outlook, NDR$ndr$sealed" branch mail "ds is${4:-}" works \
					exchange mail $1 --ndr $ndr --auth $auth
				rpc_row "same site, NDR$ndr$sealed" exchange2 mail "ds mta" works \
					exchange mail $2 --ndr $ndr --auth $auth
				rpc_row "site connector, NDR$ndr$sealed" partner mail mta works \
					exchange mail $3 --ndr $ndr --auth $auth
			}
		done
	done
	# shellcheck disable=SC2086
	{
		rpc_row "Outlook by IPv6" branch6 mail6 "ds is${4:-}" works exchange mail $1
		rpc_row "same site by IPv6" exchange26 mail6 "ds mta" works exchange mail $2
		rpc_row "site connector by IPv6" partner6 mail6 mta works exchange mail $3
	}
	rpc_row "Outlook asks for the MTA" branch mail mta "not registered" exchange map mta
	rpc_row "same site, for the store" exchange2 mail is "not registered" exchange map is
	rpc_row "site connector, for the directory" partner mail ds "not registered" exchange map ds
	rpc_row "site connector, for the store" partner6 mail6 is "not registered" exchange map is
}

rpc_exchange_rows() {
	local ds is mta
	as_user grep '^allow.*mail' "$rpc_conf"
	as_user postern load "$rpc_conf"
	header
	exchange_rows "--interfaces ds,is,rfr" "--interfaces ds,mta" "--interfaces mta" " rfr"
	ds=$(port_of ds) is=$(port_of is) mta=$(port_of mta)
	rpc_row "same site, the directory's port" exchange2 mail ds works exchange call "$ds" ds
	rpc_row "and what else has that port" exchange2 mail rfr "reset: rpc-interface" exchange call "$ds" rfr
	rpc_row "site connector, the store's port" partner mail is "silence: no-pinhole" exchange call "$is" is --timeout 1
	rpc_row "Outlook, the MTA's port" branch mail mta "silence: no-pinhole" exchange call "$mta" mta --timeout 1
	echo "# Exchange is started again, and has other ports"
	kill -HUP "$server"
	busywait 20 sh -c "[ \$(grep -c ready $dir/server) = 2 ]"
	[ "$(port_of is)" = "$is" ] || is="another one"
	judged "the store's port" - mail - "another one" "$is"
	rpc_row "Outlook" branch mail "ds is rfr" works exchange mail
	rpc_row "same site" exchange2 mail "ds mta" works exchange mail --interfaces ds,mta
	rpc_row "site connector" partner mail mta works exchange mail --interfaces mta
}

rpc_pinned_rows() {
	local before
	before=$(counter pinholes-opened)
	server "${mail_addresses[@]}" --on ds,rfr=1225 --on is=1226 --on mta=1227
	as_user grep '^service\|^allow' "$rpc_pinned_conf"
	as_user postern load "$rpc_pinned_conf"
	header
	exchange_rows "--interfaces ds,is --pinned ds=1225 --pinned is=1226" \
		"--interfaces ds,mta --pinned ds=1225 --pinned mta=1227" "--interfaces mta --pinned mta=1227"
	rpc_row "Outlook may ask first" branch mail "ds is" works exchange mail --interfaces ds,is
	rpc_row "site connector may ask first" partner mail mta works exchange mail --interfaces mta
	rpc_row "what else has the directory's port" branch mail rfr "reset: rpc-interface" exchange call 1225 rfr
	rpc_row "Outlook, the MTA's port" branch mail mta "silence: no-pinhole" exchange call 1227 mta --timeout 1
	judged "pinholes that this took" - mail - 0 "$(opened "$before")"
}

rpc_controller_rows() {
	sed '/^service logon/s/}/} remember no/' "$rpc_conf" >"$dir/remember-no.conf"
	as_user grep '^service\|^allow.*dc' "$dir/remember-no.conf"
	as_user postern load "$dir/remember-no.conf"
	header
	scan_row "before any question" branch dc 135
	rpc_row "rpcclient, users" branch dc samr works rpcclient Administrator enumdomusers
	scan_row "remember no: who asked" branch dc 135,49154
	scan_row "remember no: a colleague" colleague dc 135
	as_user postern load "$rpc_conf"
	header
	rpc_row "impacket, users" branch dc samr works impacket call samr
	rpc_row "impacket, directory" branch dc drsuapi works impacket call drsuapi
	rpc_row "impacket, logon" branch dc netlogon works impacket call netlogon
	rpc_row "impacket by IPv6" branch6 dc6 drsuapi works impacket call drsuapi
	rpc_row "a member looks up a name" branch dc lsarpc works impacket member
	rpc_row "rpcclient, users" branch6 dc6 samr works rpcclient Administrator enumdomusers
	rpc_row "rpcclient, directory" branch dc drsuapi works rpcclient CN=Users dscracknames Administrator
	rpc_row "rpcclient, logon" branch dc netlogon works rpcclient dc1.ad dsr_getdcname ad.example.com
	rpc_row "rpcclient, what is not allowed" branch dc dssetup "not registered" rpcclient "Machine Role" dsroledominfo
	rpc_row "impacket, the same" branch6 dc6 dssetup "not registered" impacket map dssetup
	rpc_row "by the port of drsuapi" branch dc dssetup "reset: rpc-interface" impacket call dssetup --port 49153
	rpc_row "by alter_context" branch dc dssetup "reset: rpc-interface" impacket call drsuapi --port 49153 --alter dssetup
	rpc_row "rpcdump" branch dc listing "reset: epm-lookup" rpcdump
	rpc_row "a listing by impacket" branch6 dc6 listing "reset: epm-lookup" impacket lookup
	scan_row "by default: a colleague" colleague dc 135,49152,49153,49154
	scan_row "whom no rule names" stranger dc none
	as_user postern pinholes --server "$dc4"
	as_user postern endpoints --server "$dc4"
	sed '/^service logon/s/}/} lookup allow/' "$rpc_conf" >"$dir/lookup.conf"
	as_user postern load "$dir/lookup.conf"
	header
	rpc_row "lookup allow" branch dc listing works impacket lookup
}
