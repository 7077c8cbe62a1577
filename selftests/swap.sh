#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Swaps between two policies under traffic: nothing that both allow is lost, nothing
# that neither allows passes, and a flow that only one allows passes no packet after
# the load of the other returned. The traffic is made in model/swap.py.
#
#	SWAPS=1000 swap.sh
set -eu
. "$(dirname "$(readlink -f "$0")")/lib.sh"
. "$selftests/model/wires.sh"
wires_ready
at router python3 -B "$selftests/model/swap.py" "${SWAPS:-1000}"
