#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# TCP as it is spoken by those who want to be misunderstood: both ends of inspected
# connections, segment by segment. What passes arrives unchanged and in order, what
# does not is counted by its reason, and both ends are reset. See model/evasion.py.
#
#	evasion.sh [GROUP...]
set -eu
. "$(dirname "$(readlink -f "$0")")/lib.sh"
. "$selftests/model/wires.sh"
wires_ready
export PYTHONPATH=$selftests/rpc
at router python3 -B "$selftests/model/evasion.py" "$@"
