#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# SMTP between real sockets: what an inspect lets pass comes unchanged, and who sends
# what it refuses is told so for good. The server is mail/server.py, which tells all
# that it reads; the client is mail/talk.py.
#
#	mail.sh [GROUP...]
set -eu
. "$(dirname "$(readlink -f "$0")")/lib.sh"
needs python3
topology_up
postern_ready
ktap_plan ''

mail4=192.0.2.10 mail6=2001:db8:0:2::10
scratch

load() { # LINES OF THE INSPECT...
	{
		cat <<-'END'
			zone outside { eth0 }
			zone inside { eth1 }
			server mail in inside { 192.0.2.10, 2001:db8:0:2::10 }
			limit smtp-in { ban 60s after 3 refusals in 10s }
			inspect strict {
		END
		printf '%s\n' "$@"
		cat <<-'END'
			}
			allow any -> mail : imap
			allow any -> mail : smtp limit smtp-in inspect strict
		END
	} >"$dir/policy"
	at router postern load "$dir/policy" >/dev/null
}

server=''
server() { # OPTION...
	if [ -n "$server" ]; then
		kill "$server"
		wait "$server" || true
	fi
	: >"$dir/server"
	spawn perim python3 -B "$selftests/mail/server.py" "$@" >"$dir/server" 2>&1
	server=$spawned
	busywait 60 grep -q ready "$dir/server" || { cat "$dir/server" && return 1; }
}

patience=120
talk() { at inet timeout "$patience" python3 -B "$selftests/mail/talk.py" "$@"; }

# Has the server read that, in the last connection?
read_by_server() { grep -F -- "$1" "$dir/server"; }
nothing_read() { ! grep -F -- "$1" "$dir/server"; }

works() {
	load
	server
	local a
	for a in "$mail4" $mail6; do
		check "a message: $a" talk "$a" hello mail text quit
		check "one byte a segment: $a" talk --cut 1 "$a" hello mail text quit
	done
	check "pipelined" talk "$mail4" hello \
		'>> MAIL FROM:<a@b.c>\r\nRCPT TO:<b@acme.com>\r\nDATA\r\n' '< 250' '< 250' '< 354' '>> .\r\n' '< 250' quit
	check "BDAT" talk "$mail4" hello mail '>> BDAT 5\r\nhello' '< 250' '>> BDAT 5 LAST\r\nworld' '< 250' quit
	check "AUTH" talk "$mail4" hello '> AUTH LOGIN' '< 334' '> VRFY' '< 235' mail text quit
	check "STARTTLS" talk "$mail4" hello '> STARTTLS' '< 220' '>> \x16\x03\x01aa' '>> VRFY x\r\n' fin
	check "it is counted" test "$(counter smtp-tls)" = 1
	check "so are the others" test "$(counter smtp-flows)" = 8
	check "nobody was refused" test "$(counter smtp-told)" = 0
}

denied() {
	load "deny commands vrfy, expn, turn, unknown"
	server
	local a
	for a in "$mail4" $mail6; do
		check "VRFY is denied: $a" talk "$a" hello '> VRFY x' '< 502' eof
		busywait 5 grep -q reset "$dir/server" || true
		check "the server is reset: $a" read_by_server " reset"
		check "and has read nothing of it: $a" nothing_read VRFY
		: >"$dir/server"
	done
	check "one byte a segment" talk --cut 1 "$mail4" hello '> EXPN list' '< 502' eof
	check "unknown ones" talk "$mail4" hello '> FROB' '< 500' eof
	check "what was before it is answered" talk "$mail4" hello \
		'>> MAIL FROM:<a@b.c>\r\nRCPT TO:<b@acme.com>\r\nVRFY x\r\nDATA\r\n' '< 250' '< 250' '< 502' eof
	server --slow 0.3
	check "also if that takes time" talk "$mail4" hello \
		'>> MAIL FROM:<a@b.c>\r\nRCPT TO:<b@acme.com>\r\nVRFY x\r\nDATA\r\n' '< 250' '< 250' '< 502' eof
	check "and byte by byte" talk --cut 1 "$mail4" hello \
		'>> MAIL FROM:<a@b.c>\r\nRCPT TO:<b@acme.com>\r\nVRFY x\r\n' '< 250' '< 250' '< 502' eof
}

# refused NAME REASON STEP...: the client does STEP..., and REASON is counted once
refused() {
	local name=$1 reason=$2 before
	shift 2
	before=$(counter "drop-$reason")
	check "$name" talk "$mail4" "$@"
	check_equal "$name: counted" $((before + 1)) "$(counter "drop-$reason")"
}

# What each kind of refusal says, and that nothing of it gets through.
each() {
	load "deny commands etrn" "recipients 2 per message" "messages 2 per connection" \
		"message size 2K" "relay acme.com, .acme.fr" "line 600"
	server
	refused "a command" smtp-command hello '> ETRN x' '< 502' eof
	refused "a relay" smtp-relay hello '> MAIL FROM:<a@b.c>' '< 250' \
		'> RCPT TO:<b@elsewhere.com>' '< 550' eof
	refused "a relay below one that is allowed alone" smtp-relay hello '> MAIL FROM:<a@b.c>' '< 250' \
		'> RCPT TO:<b@sub.acme.com>' '< 550' eof
	refused "a relay written with a route" smtp-relay hello '> MAIL FROM:<a@b.c>' '< 250' \
		'> RCPT TO:<"b%elsewhere.com"@acme.com>' '< 550' eof
	check "domains below" talk "$mail4" hello '> MAIL FROM:<a@b.c>' '< 250' '> RCPT TO:<b@x.acme.fr>' '< 250' quit
	refused "recipients" smtp-recipients hello mail '> RCPT TO:<c@acme.com>' '< 250' \
		'> RCPT TO:<d@acme.com>' '< 550' eof
	refused "messages" smtp-messages hello mail text mail text mail '> DATA' '< 554' eof
	refused "a size announced" smtp-size hello '> MAIL FROM:<a@b.c> SIZE=2049' '< 552' eof
	refused "a size sent" smtp-size hello mail '> DATA' '< 354' '>>> 4096' '< 552' eof
	refused "a size in chunks" smtp-size hello mail '> BDAT 2049 LAST' '< 552' eof
	refused "a line" smtp-line hello ">> NOOP $(printf %0600d 0)" '< 500' eof
	refused "a control character" smtp-control hello '>> NOOP\0x\r\n' '< 500' eof
	refused "a CR alone" smtp-control hello '>> NOOP\rMAIL\r\n' '< 500' eof
	refused "text before it is asked for" smtp-pipeline hello mail '>> DATA\r\nSubject: x\r\n' '< 354' '< 554' eof
	refused "commands behind STARTTLS" smtp-starttls-injection hello '>> STARTTLS\r\nNOOP\r\n' '< 220' '< 554' eof
	local dot
	for dot in '\n.\n' '\n.\r\n' '\r.\r' '\r\n.\n' '\r\n\0.\r\n' '\r\n.\r'; do
		refused "a false end of the text: $dot" smtp-smuggling hello mail '> DATA' '< 354' \
			">> a${dot}MAIL FROM:<evil@x>\\r\\n" '< 554' eof
		check "the server has no second message: $dot" nothing_read evil
	done
	refused "a chunk that nobody announced" smtp-chunk '< 220' '> HELO me' '< 250' mail '> BDAT 5 LAST' '< 554' eof
	check "LF alone in a text is none" talk "$mail4" hello mail '> DATA' '< 354' '>> a\nb\r\n.\r\n' '< 250' quit
	check "but counted" test "$(counter smtp-bare-lf)" -ge 1
	check "the server has none of the refused" nothing_read ETRN
	refused "no TLS behind STARTTLS" smtp-tls hello '> STARTTLS' '< 220' '> NOOP' rst
}

# The longest name of a reason, as the tracepoint tells it.
traced() {
	local tracing=$dir/tracing drop
	mkdir "$tracing"
	if ! mount -t tracefs none "$tracing" 2>/dev/null; then
		ktap_skip "traced" "no tracefs here"
		return
	fi
	on_exit umount "$tracing"
	drop=$tracing/events/postern/postern_drop
	load
	server
	echo >"$tracing/trace"
	echo 1 >"$drop/enable"
	on_exit sh -c "echo 0 >$drop/enable"
	refused "what is traced" smtp-starttls-injection hello '>> STARTTLS\r\nNOOP\r\n' '< 220' '< 554' eof
	check "a reason is traced with its whole name" grep -qE \
		': postern_drop: smtp-starttls-injection rule=.* ::ffff:203\.0\.113\.2 -> ::ffff:192\.0\.2\.10 proto=6 [0-9]+ -> 25$' \
		"$tracing/trace"
}

# Who is in the middle of a long message writes it to its end before it reads.
long() {
	load "message size 1M"
	server
	check "a message that is too long is refused at its end" talk "$mail4" hello mail '> DATA' '< 354' '>>> 8000000' '>> .\r\n' '< 552' eof
	check "one that is not comes whole" talk "$mail4" hello mail '> DATA' '< 354' '>>> 1000000' '>> .\r\n' '< 250' quit
	check "the same by IPv6" talk "$mail6" hello mail '> DATA' '< 354' '>>> 3000000' '>> .\r\n' '< 552' eof
}

unfollowed() {
	load
	server --reply noop=99
	check "what is no reply ends the connection" talk "$mail4" hello '> NOOP' rst
	load "unfollowed pass"
	check "or not" talk "$mail4" hello '> NOOP' '< 99' '> VRFY x' '< 250'
	check "which is counted" test "$(counter smtp-unread)" = 1
	server --reply turn=250
	load
	check "nobody knows what follows TURN" talk "$mail4" hello '> TURN' rst
}

observed() {
	load "deny commands vrfy" observe
	server
	check "observe lets it pass" talk "$mail4" hello '> VRFY x' '< 250' '> NOOP' '< 250' '> VRFY y' '< 250' quit
	check "and counts it" test "$(counter observed-smtp-command)" = 2
	check "also what cannot be followed" talk "$mail4" hello '>> NOOP\0\r\n' '< 250' '> VRFY x' '< 250' quit
	check "the server has all" read_by_server VRFY
}

counts() {
	load "deny commands vrfy" "refusals count"
	server
	local i
	for i in 1 2 3; do
		check "refused, $i" talk --from 203.0.113.25 "$mail4" hello '> VRFY x' '< 502' eof
	done
	check "banned" test "$(counter bans)" = 1
	check_not "who is banned does not come in" talk --from 203.0.113.25 --patience 3 "$mail4" hello
}

rates() {
	load "recipients 3/hour per source" "messages 2/hour per source"
	server
	check "two messages" talk "$mail4" hello mail text mail text quit
	check "not a third" talk "$mail4" hello mail '> DATA' '< 554' eof
	check "nor a fourth recipient" talk "$mail4" hello '> MAIL FROM:<a@b.c>' '< 250' '> RCPT TO:<b@acme.com>' '< 554' eof
	check "others may" talk --from 198.51.100.7 "$mail4" hello mail text quit
	load "recipients 3/hour per source" "messages 2/hour per source"
	check "a load forgets nothing" talk "$mail4" hello '> MAIL FROM:<a@b.c>' '< 250' '> RCPT TO:<b@acme.com>' '< 554' eof
}

# A conversation that goes on when its $dir/go has a line.
paused() {
	rm -f "$dir/go"
	mkfifo "$dir/go"
	spawn inet sh -c 'exec python3 -B "$0" "$@" <"'"$dir/go"'"' "$selftests/mail/talk.py" "$@" >"$dir/talk" 2>&1
	talker=$spawned
	exec 9>"$dir/go"
	busywait 20 grep -q '^250 ' "$dir/talk"
}
go_on() { # NAME
	local rc=0
	echo >&9
	exec 9>&-
	wait "$talker" || rc=$?
	check "$1" test "$rc" = 0
	[ "$rc" = 0 ] || sed 's/^/# /' "$dir/talk"
}

reloads() {
	server
	printf '%s\n' 'zone outside { eth0 }' 'zone inside { eth1 }' 'allow any -> 192.0.2.10 : smtp' |
		at router postern load - >/dev/null
	paused "$mail4" hello wait '> VRFY x' '< 250' quit
	load "deny commands vrfy"
	go_on "one from before passes"
	check "and is counted" test "$(counter smtp-resumed)" = 1
	load
	paused "$mail4" hello wait '> VRFY x' '< 502' eof
	load "deny commands vrfy"
	go_on "another inspect holds for those under way"
	paused "$mail4" hello wait '> VRFY x' '< 250' quit
	printf '%s\n' 'zone outside { eth0 }' 'zone inside { eth1 }' 'allow any -> 192.0.2.10 : smtp' |
		at router postern load - >/dev/null
	go_on "without one nobody is read any more"
	load "deny commands vrfy"
	paused --patience 2 "$mail4" hello wait '> NOOP' 'none 1'
	printf '%s\n' 'zone outside { eth0 }' 'zone inside { eth1 }' 'allow any -> 192.0.2.10 : tcp 26' |
		at router postern load - >/dev/null
	go_on "without a rule nothing passes"
}

# restart: the module comes while connections are open, and while conntrack knew them
restart() {
	if [ -z "$module_ours" ]; then
		ktap_skip "a module that comes later" "it was loaded before"
		return
	fi
	load "deny commands vrfy"
	server
	paused "$mail4" hello wait '> VRFY x' '< 250' quit
	rmmod postern
	module_insert
	load "deny commands vrfy"
	go_on "one from before a new module passes"
	check_equal "and is counted" 1 "$(counter smtp-resumed)"
	check "a new one is read" talk "$mail4" hello '> VRFY x' '< 502' eof
	rmmod postern
	if at router nft -f - <<<'table inet knows { chain passing { type filter hook forward priority 0; ct state invalid drop; }; }'; then
		paused "$mail4" hello wait '> VRFY x' '< 250' quit
		module_insert
		load "deny commands vrfy"
		go_on "one from before the first module passes, if conntrack knows it"
		check_equal "and is counted, too" 1 "$(counter smtp-resumed)"
		at router nft delete table inet knows
	else
		module_insert
		ktap_skip "one from before the first module" "no nft"
	fi
}

told() {
	load "deny commands vrfy"
	server
	spawn router postern monitor >"$dir/monitor"
	local monitor=$spawned
	busywait 5 listens
	check "refused" talk "$mail4" hello '> VRFY x' '< 502' eof
	busywait 5 grep -q smtp-command "$dir/monitor" || true
	check "monitor tells who, and the command" grep -E 'smtp-command.*203.0.113.2.*command vrfy' "$dir/monitor"
	kill "$monitor"
}
listens() { grep -q . /proc/net/netlink; }

# The server answers nothing that is owed: within a bound, both ends are reset.
owed() {
	load "deny commands vrfy"
	server --slow 45
	check "a server that does not answer" talk --patience 60 "$mail4" '< 220' '>> EHLO x\r\nVRFY x\r\n' rst
	server --think 45
	check "one that thinks about a message may take longer" talk --patience 60 "$mail4" hello mail \
		'> DATA' '< 354' '>> x\r\n.\r\nVRFY x\r\n' '< 250' '< 502' eof
	[ "${POSTERN_KERNEL:-}" = uml-leap ] || return 0
	server --think 1000
	patience=900
	check "but not for ever" talk --patience 800 "$mail4" hello mail \
		'> DATA' '< 354' '>> x\r\n.\r\nVRFY x\r\n' rst
	patience=120
}

# What the answer in the server's place does when packets get lost: after the greeting,
# since an end that saw the handshake take seconds waits for minutes with its next try.
lossy() {
	load "deny commands vrfy"
	server
	local i
	for i in {1..20}; do
		paused --patience 60 "$mail4" hello wait \
			'>> MAIL FROM:<a@b.c>\r\nRCPT TO:<b@acme.com>\r\nVRFY x\r\n' '< 250' '< 250' '< 502' eof
		lose add
		go_on "refused, with losses, $i"
		lose del
	done
}
lose() { # add|del
	at inet tc qdisc "$1" dev eth0 root netem loss 20%
	at router tc qdisc "$1" dev eth0 root netem loss 20%
}

groups=("$@")
[ $# -gt 0 ] || groups=(works denied each traced long unfollowed observed counts rates reloads restart told lossy owed)
for group in "${groups[@]}"; do "$group"; done
ktap_done
