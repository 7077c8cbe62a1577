#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The kernel's verdict is that of an independent slow model (model/model.py), for
# random policies and packets: asked by netlink, and with real packets that go
# through the hooks.
#
#	MODEL_SEED=1 MODEL_POLICIES=400 MODEL_PACKETS=300 model.sh
set -eu
. "$(dirname "$(readlink -f "$0")")/lib.sh"
. "$selftests/model/wires.sh"
wires_ready
ktap_plan ''

seed=${MODEL_SEED:-1}
compare() { at router python3 -B "$selftests/model/compare.py" "$@"; }

for what in ${MODEL_ONLY:-explain packets}; do
	case $what in
	explain) set -- "${MODEL_POLICIES:-400}" "${MODEL_PACKETS:-300}" ;;
	packets) set -- "${MODEL_POLICIES_SENT:-60}" 100 ;;
	esac
	if out=$(compare "$what" "$seed" "$@" 2>&1); then
		echo "# ${out//$'\n'/$'\n'# }"
		ktap_ok "model: ${out##*$'\n'}"
	else
		ktap_fail "model: $what, from seed $seed" "$out"
	fi
done
ktap_done
