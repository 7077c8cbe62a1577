# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
#
# The stand-in for an Exchange server, on all addresses of perim, and its clients in
# inet; a domain controller and its clients; and what is looked for. After lib.sh, for a
# test with a topology and a $dir of its own.

server=''

# server OPTION...: the stand-in, anew; what it tells is in $dir/server. See server.py.
# It is at $server_at.
server_at=perim
server() {
	if [ -n "$server" ]; then
		kill "$server"
		# its status says whether a client broke the protocol
		wait "$server" || true
	fi
	: >"$dir/server"
	spawn "$server_at" python3 -B "$selftests/rpc/server.py" "$@" >"$dir/server" 2>&1
	server=$spawned
	busywait 60 grep -q ready "$dir/server" || { cat "$dir/server" && return 1; }
}

# port_of INTERFACE: where the stand-in has it
port_of() { awk -v i="$1/" '$1 == "port" { for (n = 3; n <= NF; n++) if (index($n, i) == 1) print $2 }' "$dir/server" | tail -n 1; }

# client WORD...: see client.py
client() { client_at inet "$@"; }
client_at() { at "$1" timeout 300 python3 -B "$selftests/rpc/client.py" "${@:2}"; }

# ---- a domain controller, Samba's, where the root has one (roots/peers.packages)

dc4=192.0.2.20 dc6=2001:db8:0:2::20
dc_user='EXAMPLE\Administrator%Let-me-in-1'

# domain_controller OPTION...: in perim, anew
domain_controller() {
	if [ -n "${dc_pid:-}" ]; then
		kill "$dc_pid" || true
		wait "$dc_pid" 2>/dev/null || true
	else
		link_up perim eth0 "$dc4/24" "$dc6/64"
	fi
	# In one process, which is the one that is ended; of its services only the one that matters.
	spawn perim samba --foreground --no-process-group --model=single --debug-stdout \
		--option='server services=rpc' --option='bind interfaces only=yes' \
		--option="interfaces=$dc4/24 $dc6/64" "$@" >"$dir/dc" 2>&1
	dc_pid=$spawned
	busywait 120 dc_listens || { tail "$dir/dc" && return 1; }
}
dc_listens() {
	at perim ss -Hlnt "src $dc4:135" | grep -q . && at perim ss -Hlnt "src [$dc6]:135" | grep -q .
}

# By impacket, by rpcclient, and by an example program of impacket's.
dc_client() { at inet timeout 60 python3 -B "$selftests/rpc/dc_client.py" "$@"; }
rpcclient() { # ADDRESS COMMAND...
	at inet timeout 60 rpcclient -U "$dc_user" "ncacn_ip_tcp:$1[seal]" -c "${*:2}"
}
rpcdump() { at inet timeout 60 python3 -B /usr/share/doc/python3-impacket/examples/rpcdump.py "$@"; }

# ---- what is looked for

# says WORDS COMMAND...: a line of the client's begins with WORDS; what fails does so
# within a second
says() {
	local out line seconds
	out=$("${@:2}" 2>&1) || true
	line=$(grep -m 1 "^$1" <<<"$out") || { echo "expected: $1"$'\n'"seen:     $out" && return 1; }
	seconds=$(awk '{ for (n = 2; n <= NF; n++) if ($n == "s") print $(n - 1) }' <<<"$line")
	awk -v s="$seconds" 'BEGIN { exit s >= 1 }' || { echo "after $seconds s: $out" && return 1; }
}
# grew COUNTER BEFORE [BY]
grew() { [ $(($(counter "$1") - $2)) -ge "${3:-1}" ] || { echo "$1: $2, then $(counter "$1")" && return 1; }; }
# shut ADDRESS PORT [FROM]: no connection
shut() { ! at inet nc -nzw 1 ${3:+-s "$3"} "$1" "$2"; }
# pinholes that were opened since, or nothing if none
opened() { echo $(($(counter pinholes-opened) - $1)); }
