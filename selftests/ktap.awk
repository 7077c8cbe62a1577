# SPDX-License-Identifier: GPL-2.0
#
# Count what a test program printed (one KTAP document or several, one after the
# other): prints "passed failed skipped", then a line for each thing wrong. A
# document without a plan, or with other results than planned, is a failure.
function finish() {
	if (plan == "" && results == 0 && !version)
		return
	if (plan == "")
		wrong("a test program printed no plan")
	else if (results != plan)
		wrong("planned " plan " results, printed " results)
	else if (plan == 0 && !skip_all)
		wrong("nothing was tested")
	if (plan == 0 && skip_all)
		skipped++
	documents++
	plan = ""
	results = skip_all = version = 0
}

function wrong(why) {
	failed++
	text = text "  " why "\n"
}

/^(KTAP|TAP) version [0-9]+/ {
	finish()
	version = 1
}

/^1\.\.[0-9]+/ {
	if (plan != "")
		finish()
	plan = substr($1, 4) + 0
	skip_all = toupper($0) ~ /# *SKIP/
	skip_text = $0
	if (skip_all)
		text = text "  skipped: " substr($0, index($0, "#") + 1) "\n"
}

/^(not )?ok( [0-9]+)?/ {
	results++
	number = $1 == "not" ? $3 : $2
	if (number ~ /^[0-9]+$/ && number + 0 != results)
		wrong("result " number " came as number " results)
	if (toupper($0) ~ /# *SKIP/) {
		skipped++
		text = text "  skipped: " $0 "\n"
	} else if ($1 == "not") {
		failed++
		text = text "  " $0 "\n"
	} else {
		passed++
	}
}

END {
	finish()
	if (!documents)
		wrong("no KTAP was printed")
	printf "%d %d %d\n%s", passed, failed, skipped, text
}
