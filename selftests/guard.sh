#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Every reason for which a packet is dropped, provoked by a packet of its own and seen
# in its own counter; what is never dropped; the router itself; reject, mark, observe,
# log, NAT, sizes. The packets are made in model/guard.py.
#
#	guard.sh [GROUP...]
set -eu
. "$(dirname "$(readlink -f "$0")")/lib.sh"
. "$selftests/model/wires.sh"
wires_ready
at router python3 -B "$selftests/model/guard.py" "$@"
