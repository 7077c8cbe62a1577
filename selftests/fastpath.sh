#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The fast path: which packets take it, that they are judged and counted like the others,
# when a flow leaves it. The packets are made in model/fastpath.py.
#
#	fastpath.sh [GROUP...]
set -eu
. "$(dirname "$(readlink -f "$0")")/lib.sh"
. "$selftests/model/wires.sh"
wires_ready
at router postern load - >/dev/null <<<"zone internet { z0 }"
needs_flow_table
at router python3 -B "$selftests/model/fastpath.py" "$@"
