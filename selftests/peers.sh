#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# RPC between real peers: a domain controller of Samba's behind the router, rpcclient and
# impacket before it; and the three scenarios of Exchange with the stand-in of
# rpc/server.py. What the policy allows works by whatever port the mapper hands out, the
# rest is refused within a second. Needs the root peers, see
# selftests/roots/peers.packages.
#
#	peers.sh [GROUP...]
set -eu
. "$(dirname "$(readlink -f "$0")")/lib.sh"
. "$selftests/rpc/peers.sh"
needs python3 nmap samba rpcclient
python3 -c 'import impacket, samba' 2>/dev/null || ktap_skip_all "needs impacket and Samba's modules"
# Nobody else's domain: Samba keeps it where the packages say.
grep -qs 'realm = AD.EXAMPLE.COM' /etc/samba/smb.conf || ktap_skip_all "needs the domain of roots/peers.setup"
topology_up
postern_ready
ktap_plan ''

mail4=192.0.2.10 mail6=2001:db8:0:2::10
office=203.0.113.2 colleague=203.0.113.25 branch=198.51.100.7
scratch

load() { # RULES...
	{
		cat <<-END
			zone internet  { eth0 }
			zone perimeter { eth1 }
			zone internal  { eth2 }
			server dc   in perimeter { $dc4, $dc6 }
			server mail in perimeter { $mail4, $mail6 }
			hosts office    in internet { $office, $colleague, 2001:db8:0:1::2 }
			hosts branch    in internet { $branch, 2001:db8:77::7 }
			hosts exchange2 in internal { 203.0.113.140, 2001:db8:0:3::140 }
		END
		printf '%s\n' "$@"
	} >"$dir/policy"
	at router postern load "$dir/policy" >/dev/null
}

# answers WORDS COMMAND...: what COMMAND says has WORDS, however long it takes
answers() {
	local out
	out=$("${@:2}" 2>&1) || true
	grep -q -- "$1" <<<"$out" || { echo "expected: $1"$'\n'"seen:     $out" && return 1; }
}
# taken COMMAND...: the microseconds that it takes
taken() {
	local begun=${EPOCHREALTIME/[.,]/}
	"$@" >/dev/null 2>&1 || true
	echo $((${EPOCHREALTIME/[.,]/} - begun))
}
# soon USUAL WORDS COMMAND...: a program that answers WORDS, and takes at most a second
# more than USUAL, which is what it takes to start and to do its work
soon() {
	local took begun
	# Who waits for nothing is soon at least once, however busy the machine is.
	for _ in 1 2 3; do
		begun=${EPOCHREALTIME/[.,]/}
		answers "${@:2}" || return
		took=$((${EPOCHREALTIME/[.,]/} - begun))
		[ "$took" -ge $(($1 + 1000000)) ] || return 0
		echo "took $took us, usual are $1"
	done
	return 1
}
# open_ports ADDRESS FROM: of those where somebody may listen, and many others
open_ports() {
	at inet nmap -n -Pn -sS --min-rate 1000 --max-retries 1 -S "$2" -e eth0 \
		-p 1-1300,49152-49251,50100-50199 -oG "$dir/scan" "$1" >/dev/null
	grep -oE '[0-9]+/open/' "$dir/scan" | cut -d/ -f1 | paste -sd,
}
# handed_out CLIENT: what is open for it, as "port interface", in one line
handed_out() {
	at router postern pinholes --client "$1" | awk '{ sub(/.*:/, "", $3); print $3, $4 }' | sort | paste -sd,
}

# ---- a domain controller

# Open long enough for the slowest guest.
dc_allowed="service dc = rpc { drsuapi, samr, lsarpc, netlogon } idle 30m"
# Where Samba 4.17 listens, if nobody else is there.
dc_ports='49152 netlogon,49153 drsuapi,49153 lsarpc,49154 samr'

works() {
	domain_controller
	load "$dc_allowed remember no" "allow office -> dc : dc"
	local a i
	check_equal "before any question a scan finds the mapper alone" 135 "$(open_ports "$dc4" "$office")"
	for a in "$dc4" "$dc6"; do
		for i in drsuapi samr netlogon; do
			check "impacket, $i by the port that the mapper hands out: $a" \
				answers "^$i call ok" dc_client call "$a" "$i"
		done
		check "impacket, lsarpc, which says that it is for members of the domain: $a" \
			answers "^lsarpc call fault .*access_denied" dc_client call "$a" lsarpc
		check "a member of the domain, netlogon and lsarpc by secure channel: $a" \
			answers "^lsarpc member ok .* S-1-5-21-[0-9-]*-500" dc_client member "$a"
		check "rpcclient, samr: $a" answers '^user:\[Administrator\]' rpcclient "$a" enumdomusers
		check "rpcclient, netlogon: $a" answers 'dc1.ad.example.com' rpcclient "$a" dsr_getdcname ad.example.com
		check "rpcclient, drsuapi: $a" answers 'CN=Administrator,CN=Users' rpcclient "$a" dscracknames Administrator
		check "rpcclient, lsarpc: $a" answers 'result was NT_STATUS_ACCESS_DENIED' rpcclient "$a" lsaquery
	done
	for i in integrity none; do
		check "impacket, samr, authentication: $i" answers "^samr call ok" dc_client call "$dc4" samr --auth "$i"
	done
	check_equal "open for the client is what it was handed out" "$dc_ports" "$(handed_out "$office")"
	check_equal "and a scan of its own finds that" 135,49152,49153,49154 "$(open_ports "$dc4" "$office")"
	check_equal "remember no: one of a colleague's the mapper alone" 135 "$(open_ports "$dc4" "$colleague")"
	load "$dc_allowed" "allow office -> dc : dc"
	answers "^samr map" dc_client map "$dc4" samr
	check_equal "by default a colleague's finds what the mapper said" 135,49154 "$(open_ports "$dc4" "$colleague")"
	check_equal "that of somebody whom no rule names finds nothing" '' "$(open_ports "$dc4" "$branch")"
	domain_controller --option='rpc server dynamic port range=50100-50199'
	check "after a restart it has other ports, and is asked for them" answers "^samr call ok" dc_client call "$dc4" samr
	check_equal "which are open then" 50102 "$(handed_out "$office" | grep -oE '501[0-9]+')"
}

refused() {
	domain_controller
	load "$dc_allowed" "allow office -> dc : dc"
	local a i before usual
	before=$(counter epm-replaced)
	for a in "$dc4" "$dc6"; do
		for i in dssetup backupkey; do
			check "impacket asks for $i, not registered: $a" says "$i map error" dc_client map "$a" "$i"
		done
	done
	check "the controller itself has answered" grew epm-replaced "$before" 4
	usual=$(taken rpcclient "$dc4" enumdomusers)
	for a in "$dc4" "$dc6"; do
		check "rpcclient asks for dssetup, not found: $a" \
			soon "$usual" NT_STATUS_NOT_FOUND rpcclient "$a" dsroledominfo
	done
	answers "^drsuapi map 49153" dc_client map "$dc4" drsuapi
	before=$(counter drop-rpc-interface)
	check "the port of drsuapi is dssetup's, too; a bind to that is reset" \
		says "dssetup bind reset" dc_client call "$dc4" dssetup --port 49153
	check "for that reason" grew drop-rpc-interface "$before"
	check "by alter_context, too" says "dssetup alter reset" dc_client call "$dc4" drsuapi --port 49153 --alter dssetup
	check "without a password, too" says "dssetup bind reset" dc_client call "$dc4" dssetup --port 49153 --auth none
	check "somebody whom no rule names does not reach the mapper" shut "$dc4" 135 "$branch"
	check "and not the port" shut "$dc4" 49153 "$branch"
	check "what is allowed works as before" answers "^drsuapi call ok" dc_client call "$dc4" drsuapi
}

lookup() {
	domain_controller
	server --address "$mail4" --address "$mail6"
	load "$dc_allowed lookup allow" "allow office -> dc : dc" \
		"service mapi = rpc { exchange-ds, exchange-is } lookup allow" "allow office -> mail : mapi"
	local before usual a
	for a in "$dc4" "$dc6"; do
		check "lookup allow: impacket lists what the mapper knows: $a" \
			answers "^epmapper lookup ok .* [1-9][0-9]* entries" dc_client lookup "$a"
	done
	# It takes Samba's end of the list for an error.
	check "rpcdump.py hears the controller" answers "ept_s_not_registered" rpcdump "$dc4"
	check "and lists the stand-in's" answers "ncacn_ip_tcp:$mail4\[$(port_of mta)\]" rpcdump "$mail4"
	check "listing opens nothing" shut "$mail4" "$(port_of mta)"
	usual=$(taken rpcdump "$mail4")
	load "$dc_allowed" "allow office -> dc : dc" "allow office -> mail : exchange-client"
	before=$(counter drop-epm-lookup)
	for a in "$dc4" "$dc6"; do
		check "by default impacket is reset: $a" says "epmapper lookup reset" dc_client lookup "$a"
	done
	check "for that reason" grew drop-epm-lookup "$before" 2
	check "rpcdump.py is reset" soon "$usual" "reset by peer" rpcdump "$dc4"
	check "of the stand-in, too" soon "$usual" "reset by peer" rpcdump "$mail4"
}

# ---- the three scenarios of Exchange

# scenario WHO INTERFACES: as WHO does it, with each NDR, with and without authentication
scenario() {
	local ndr auth a
	for ndr in 32 64; do
		for auth in none privacy; do
			for a in "$mail4" "$mail6"; do
				check "$1: $2, NDR$ndr, authentication $auth: $a" as "$1" mail "$a" --interfaces "$2" \
					--ndr "$ndr" --auth "$auth" "${@:3}"
			done
		done
	done
}
# as WHO COMMAND SERVER ARGUMENT...: the stand-in's client
as() {
	local from
	case $1 in
	client) client "${@:2}" && return ;;
	intrasite) client_at int "${@:2}" && return ;;
	site-connector)
		case $3 in *:*) from=2001:db8:77::7 ;; *) from=$branch ;; esac
		client "${@:2}" --from "$from" && return
		;;
	esac
	return 1
}

dynamic() {
	server --address "$mail4" --address "$mail6"
	load "allow office -> mail : exchange-client" "allow exchange2 -> mail : exchange-intrasite" \
		"allow branch -> mail : site-connector"
	local n before
	for n in "" "after the server's restart, "; do
		scenario client ds,is,rfr
		scenario intrasite ds,mta
		scenario site-connector mta
		check "${n}client: not the MTA" says "mta map error" as client map "$mail4" mta
		check "${n}intrasite: not the store" says "is map error" as intrasite map "$mail4" is
		check "${n}site connector: not the directory" says "ds map error" as site-connector map "$mail4" ds
		check "${n}site connector: not the store" says "is map error" as site-connector map "$mail4" is
		check "${n}site connector: nor where the clients go" shut "$mail4" "$(port_of is)" "$branch"
		check "${n}client: nor where the MTA is" shut "$mail4" "$(port_of mta)" "$office"
		check "${n}intrasite: the referral on the directory's port" \
			says "rfr bind reset" as intrasite call "$mail4" "$(port_of ds)" rfr
		[ -z "$n" ] || break
		before=$(port_of is)
		kill -HUP "$server"
		busywait 20 sh -c "[ \$(grep -c ready $dir/server) = 2 ]"
		check_not "the server has other ports now" test "$before" = "$(port_of is)"
	done
}

pinned() {
	server --address "$mail4" --address "$mail6" --on ds,rfr=1225 --on is=1226 --on mta=1227
	load "service intrasite-st = rpc { exchange-ds port 1225, exchange-mta port 1227 }" \
		"service connector-st = rpc { exchange-mta port 1227 }" \
		"allow office -> mail : exchange-client-st" "allow exchange2 -> mail : intrasite-st" \
		"allow branch -> mail : connector-st"
	local before
	before=$(counter pinholes-opened)
	check_equal "a scan finds the mapper and the clients' pinned ports" 135,1225,1226 "$(open_ports "$mail4" "$office")"
	scenario client ds,is --pinned ds=1225 --pinned is=1226
	scenario intrasite ds,mta --pinned ds=1225 --pinned mta=1227
	scenario site-connector mta --pinned mta=1227
	check "client: the mapper may be asked first" as client mail "$mail4" --interfaces ds,is
	check "intrasite: the mapper may be asked first" as intrasite mail "$mail4" --interfaces ds,mta
	check "site connector: the mapper may be asked first" as site-connector mail "$mail4" --interfaces mta
	check_equal "no pinhole was needed" 0 "$(opened "$before")"
	check "client: not the MTA" says "mta map error" as client map "$mail4" mta
	check "client: nor its port" shut "$mail4" 1227 "$office"
	check "client: the referral on the directory's port" says "rfr bind reset" as client call "$mail4" 1225 rfr
	check "intrasite: not the store" says "is map error" as intrasite map "$mail4" is
	check "site connector: not the directory" says "ds map error" as site-connector map "$mail4" ds
	check "site connector: nor its port" shut "$mail4" 1225 "$branch"
}

[ $# -gt 0 ] || set -- works refused lookup dynamic pinned
for group; do "$group"; done
ktap_done
