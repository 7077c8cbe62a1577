#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# guest.sh [WORD...]: what guest.py needs of a guest, and guest.py with the words.
# BENCH_INJECT is the module of inject/.
set -eu
here=$(dirname "$(readlink -f "$0")")

# Not all are modules everywhere.
modprobe -aq nf_conntrack nf_reject_ipv4 nf_reject_ipv6 dummy nf_conntrack_netlink nf_flow_table || true
sysctl -qw net.netfilter.nf_conntrack_max=4000000 net.netfilter.nf_conntrack_buckets=262144
insmod "$POSTERN_BENCH_INJECT"
insmod "$POSTERN_KO" lockdown=0
sysctl -qw net.core.bpf_jit_enable=1 2>/dev/null || true
exec python3 -B "$here/guest.py" "$@"
