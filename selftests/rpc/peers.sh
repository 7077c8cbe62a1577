# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
#
# The stand-in for an Exchange server, on all addresses of perim, and its clients in
# inet; after lib.sh, for a test with a topology and a $dir of its own.

server=''

# server OPTION...: the stand-in, anew; what it tells is in $dir/server. See server.py.
server() {
	if [ -n "$server" ]; then
		kill "$server"
		# its status says whether a client broke the protocol
		wait "$server" || true
	fi
	: >"$dir/server"
	spawn perim python3 -B "$selftests/rpc/server.py" "$@" >"$dir/server" 2>&1
	server=$spawned
	busywait 60 grep -q ready "$dir/server" || { cat "$dir/server" && return 1; }
}

# client WORD...: see client.py
client() { at inet timeout 60 python3 -B "$selftests/rpc/client.py" "$@"; }
