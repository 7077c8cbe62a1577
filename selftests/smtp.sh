#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The SMTP parser in user space: unit tests, the fuzzer's inputs, random conversations
# against a slow model, and whether the tests see it when a check is missing. Needs
# neither root nor the module. SMTP_CONVERSATIONS=20000 says how many random ones.
set -eu
. "$(dirname "$(readlink -f "$0")")/lib.sh"

smtp=$selftests/smtp
command -v "${CC:-gcc}" >/dev/null || ktap_skip_all "needs a compiler"
[ -e "$selftests/../kmod/smtp.c" ] || ktap_skip_all "no source of the module here"

# An INSTALLed copy may be read-only.
OBJ=$(mktemp -d)
on_exit rm -rf "$OBJ"
export OBJ

ktap_plan ''
check "smtp: builds" make -s -C "$smtp" OBJ="$OBJ" all
[ "$ktap_failed" = 0 ] || ktap_done

results "smtp" "$OBJ/smtp_test"
results "smtp: fuzz" "$OBJ/smtp_run" "$smtp/fuzz/smtp.corpus"
if command -v python3 >/dev/null; then
	results "smtp" python3 "$smtp/differential.py" "$OBJ/dialogue" "${SMTP_CONVERSATIONS:-20000}"
	results "smtp" python3 "$smtp/mutants.py"
else
	ktap_skip "smtp: model and mutants" "needs python3"
fi
ktap_done
