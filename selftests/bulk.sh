#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What the text of a message costs where an inspect reads it, next to a connection that
# nobody reads, by the same hooks: mail/bulk.c sends it, and what sending alone costs is
# taken off.
#
# On a machine that counts instructions (vm/run --kernel icount) the bound is a test;
# elsewhere the times are only printed.
set -eu
. "$(dirname "$(readlink -f "$0")")/lib.sh"
. "$selftests/model/wires.sh"
wires_ready
scratch
bulk=$selftests/mail/obj/bulk
[ -x "$bulk" ] || ktap_skip_all "make -C selftests all"
ktap_plan ''

mac() { at router ip -o link show "$1" | sed 's,.*link/ether \([0-9a-f:]*\).*,\1,'; }

load() { # WORDS OF THE RULE...
	at router postern load - >/dev/null <<-END
		fastpath off
		zone outside { z0 }
		zone dmz { z1 }
		server mail in dmz { 10.0.1.1 }
		inspect strict {
			deny commands vrfy
			message size 1G
		}
		allow outside -> mail : smtp $*
	END
}

run() { at router "$bulk" "/run/netns/$(ns peers)" "$1" "$(mac z1)" "${BULK_SEGMENTS:-4096}" 3; }

nowhere=$(run 02:00:00:00:00:99)
load
plain=$(run "$(mac z0)")
before=$(counter smtp-flows)
load inspect strict
read_=$(run "$(mac z0)")
check "the connections were read" test "$(counter smtp-flows)" -gt "$before"
check "nothing was dropped" test "$(counter drop-stream-full)" = 0
echo "# a segment of 1,448 bytes: sending $nowhere ns, forwarding $((plain - nowhere)), with an inspect $((read_ - nowhere))"
ratio=$(((read_ - nowhere) * 1000 / (plain - nowhere)))
echo "# $ratio thousandths of a connection that nobody reads"
if [ "${POSTERN_KERNEL:-}" = icount ]; then
	check "at most 1.40 times" test "$ratio" -le 1400
else
	ktap_skip "at most 1.40 times" "only --kernel icount counts instructions"
fi
ktap_done
