#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The RPC parsers in user space: unit tests, captured conversations cut in every way,
# the fuzzers' inputs, and whether the tests see it when a check is missing. And the
# peers that other tests put before and behind the router. Needs neither root nor the
# module.
set -eu
. "$(dirname "$(readlink -f "$0")")/lib.sh"

rpc=$selftests/rpc
command -v "${CC:-gcc}" >/dev/null || ktap_skip_all "needs a compiler"
[ -e "$selftests/../kmod/dcerpc.c" ] || ktap_skip_all "no source of the module here"

# An INSTALLed copy may be read-only.
OBJ=$(mktemp -d)
on_exit rm -rf "$OBJ"
export OBJ

ktap_plan ''
check "rpc: builds" make -s -C "$rpc" OBJ="$OBJ" all
[ "$ktap_failed" = 0 ] || ktap_done

results "rpc" "$OBJ/rpc_test"
results "rpc" "$OBJ/replay" "$rpc"/captures/*.conv
for target in stream mapper tower; do
	results "rpc: fuzz" "$OBJ/${target}_run" "$rpc/fuzz/$target.corpus"
done
if command -v python3 >/dev/null; then
	results "rpc" python3 "$rpc/mutants.py"
fi

# The peers that the module is tested with, on a loopback of their own. Who is root
# needs no user namespace, which a chroot cannot have.
own_net=(unshare -n)
[ "$(id -u)" = 0 ] || own_net+=(-r)
if ! command -v python3 >/dev/null; then
	ktap_skip "rpc: peers" "needs python3"
elif ! "${own_net[@]}" test -e /proc/net/if_inet6 2>/dev/null; then
	ktap_skip "rpc: peers" "no network namespaces with IPv6"
else
	results "rpc: peers" "${own_net[@]}" -pf --kill-child python3 "$rpc/peers_test.py"
fi
ktap_done
