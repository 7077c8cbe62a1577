#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# SMTP between real mail servers and clients: whatever an inspect lets pass comes once,
# and the same as without. All is done twice, without an inspect and with one. The
# server is the one that the guest's root has: roots postfix, exim, opensmtpd.
#
#	mailpeers.sh [GROUP...]
#
# MAILPEERS_LARGE is the size of the largest message, MAILPEERS_STEP how many bytes lie
# between two places where a conversation is cut.
set -eu
. "$(dirname "$(readlink -f "$0")")/lib.sh"
. "$selftests/mail/servers.sh"
. "$selftests/mail/senders.sh"
needs python3 swaks curl msmtp openssl
server_found || ktap_skip_all "needs Postfix, Exim or OpenSMTPD"
[ ! -d /run/systemd/system ] || ktap_skip_all "needs a guest that is thrown away"
topology_up
postern_ready
ktap_plan ''

mail4=192.0.2.10 mail6=2001:db8:0:2::10
large=${MAILPEERS_LARGE:-2000000} step=${MAILPEERS_STEP:-1}
# Messages that nobody minds.
kept=(plain dots long commands eightbit lines)
scratch

load() { # LINES OF THE INSPECT...
	{
		cat <<-'END'
			zone outside { eth0 }
			zone inside { eth1 }
			server mail in inside { 192.0.2.10, 2001:db8:0:2::10 }
		END
		if [ $# -gt 0 ]; then
			printf '%s\n' "inspect strict {" "$@" "}" "allow outside -> mail : smtp inspect strict"
		else
			echo "allow outside -> mail : smtp"
		fi
	} >"$dir/policy"
	at router postern load "$dir/policy" >/dev/null
}

# The README's, but for what an hour of this has.
strict=(
	"deny commands vrfy, expn, turn, etrn, atrn, send, soml, saml, xexch50, x-link2state"
	"recipients 100 per message, 100000/hour per source"
	"messages 50 per connection, 100000/hour per source"
	"message size 50M"
	"relay acme.com, .acme.fr"
)

# refusals: how much was, for any reason that has to do with what is read
refusals() {
	at router awk '/^(drop-(smtp|cut|stream-changed|stream-open|stream-syn-data|stream-u|flows)|smtp-(told|unread)|observed|cuts)/ {
		n += $2 } END { print n }' /proc/net/postern/counters
}

# pass GROUP WITHOUT|WITH: what was said is in $dir/said-..., what came in $dir/came-...
pass() {
	local begun=${EPOCHREALTIME/[.,]/}
	rm -rf /run/mail/*
	"$1" >"$dir/said-$2"
	if grep -B2 '^failed' "$dir/said-$2"; then return 1; fi
	busywait 300 sent
	busywait 300 delivered
	python3 -B "$selftests/mail/corpus.py" stored /run/mail >"$dir/came-$2"
	echo "# $mta, $1, $2: $((${EPOCHREALTIME/[.,]/} / 1000 - begun / 1000)) ms"
}

# came_once: each message that a client was told to be taken
came_once() {
	awk '$2 == 250 { print $1, 1 }' "$dir/said-with" | sort >"$dir/taken"
	[ -s "$dir/taken" ] && cut -d ' ' -f 1,2 "$dir/came-with" | grep -v '^source' | diff "$dir/taken" -
}

# twice GROUP: each message that it sends
twice() {
	local flows taken refused name rest
	load
	pass "$1" without || ktap_fail "$1: works without an inspect"
	load "${strict[@]}"
	flows=$(counter smtp-flows) taken=$(taken_in) refused=$(refusals)
	if pass "$1" with; then
		while read -r name rest; do
			check_equal "$1: $name" "$rest" "$(sed -n "s/^$name //p" "$dir/came-with")"
		done <"$dir/came-without"
	else
		ktap_fail "$1: what works without an inspect works with it"
	fi
	check "$1: nothing else" cmp "$dir/came-without" "$dir/came-with"
	check "$1: all that was taken came once" came_once
	check "$1: the same answers" diff "$dir/said-without" "$dir/said-with"
	check_equal "$1: nothing refused" "$refused" "$(refusals)"
	check_equal "$1: every connection read" $(($(taken_in) - taken)) $(($(counter smtp-flows) - flows))
}

as_sent() { # FOLDER NAME...
	check "$group: as it was sent" python3 -B "$selftests/mail/corpus.py" kept "$@" <"$dir/came-with"
}

# try COMMAND...: what fails, with or without an inspect
try() { "$@" 2>&1 || echo "failed: $*"; }
deliver() { try at inet timeout 500 python3 -B "$selftests/mail/deliver.py" "$@"; }

# Programs that people send mail with.
clients() {
	local client how to
	for client in swaks curl msmtp smtplib mta; do
		for how in plain tls auth six; do
			to=$mail4
			[ "$how" != six ] || to=$mail6
			[ "$how" != auth ] || { offered AUTH && [ "$client" != mta ]; } || continue
			try "by_$client" "$how" "$to" "$client-$how@acme.com" "$dir/corpus/dots"
			echo "$client-$how 250"
		done
	done
	try by_swaks pipelined "$mail4" swaks-pipelined@acme.com "$dir/corpus/dots"
	echo "swaks-pipelined 250"
	if [ "$mta" = postfix ]; then
		try by_smtp_source plain "$mail4" source@acme.com
		try by_smtp_source plain "$mail6" source-six@acme.com
	fi
}

# offered EXTENSION: by the server
offered() { grep -qi "$1" "$dir/extensions"; }

# Every message, in every way.
corpus() {
	local c=$dir/corpus how
	deliver "$mail4" "$c" plain
	if offered PIPELINING; then
		deliver --by pipelined "$mail6" "$c" pipelined
		deliver --by once "$mail4" "$c" once "${kept[@]}"
	fi
	deliver --tls "$mail6" "$c" tls
	deliver --by library "$mail4" "$c" library "${kept[@]}"
	if offered CHUNKING; then
		deliver --by bdat "$mail6" "$c" bdat
		deliver --by chunks "$mail4" "$c" chunks
	fi
	if offered AUTH; then
		for how in plain plain-late login; do deliver --auth "$how" "$mail4" "$c" "auth.$how" plain dots; done
	fi
}


# One byte a segment, and in two at every place.
cuts() {
	deliver --cut 1 "$mail4" "$dir/short" bytes
	deliver --step "$step" "$mail4" "$dir/short" plain
	! offered PIPELINING || deliver --by pipelined --step "$step" "$mail4" "$dir/short" pipelined
	! offered CHUNKING || deliver --by chunks --step "$step" "$mail6" "$dir/short" chunks
}

# What gets lost, and comes in another order.
losses() {
	at inet tc qdisc add dev eth0 root netem delay 2ms loss 3% reorder 30%
	at router tc qdisc add dev eth1 root netem delay 2ms loss 3% reorder 30%
	at router tc qdisc add dev eth0 root netem delay 2ms loss 3% reorder 30%
	lossy
	at inet tc qdisc del dev eth0 root
	at router tc qdisc del dev eth1 root
	at router tc qdisc del dev eth0 root
}
lossy() {
	deliver "$mail4" "$dir/corpus" plain "${kept[@]}"
	if offered PIPELINING; then
		deliver --by pipelined "$mail4" "$dir/corpus" pipelined
		deliver --by once "$mail6" "$dir/corpus" once "${kept[@]}"
	fi
	deliver --tls "$mail4" "$dir/corpus" tls "${kept[@]}"
	! offered CHUNKING || deliver --by chunks "$mail4" "$dir/corpus" chunks
}

large() {
	deliver "$mail4" "$dir/large" plain
	! offered CHUNKING || deliver --by chunks "$mail6" "$dir/large" chunks
	try by_mta plain "$mail4" mta-large@acme.com "$dir/large/large"
	echo "mta-large 250"
}

# ---- bounces

# returned TEXT: something comes back to the sender that has it
returned() { busywait 60 in_returned "$1" || { what_it_said | tail && return 1; }; }
in_returned() { find "$dir/bounced" -path '*/new/*' -type f -exec cat {} + | grep -F -- "$1"; }

# bounces NAME REASON TEXT MESSAGE TO...: MESSAGE to TO... is refused for REASON, and
# comes back at once, with TEXT: whoever tries again does so after minutes
bounces() {
	local before begun=${EPOCHREALTIME/[.,]/} ms
	before=$(counter "drop-$2")
	rm -rf "$dir/bounced/box"
	check "$1: is sent" by_mta plain "$mail4" "${*:5}" "$dir/corpus/$4"
	check "$1: comes back with the reason" returned "$3"
	ms=$(((${EPOCHREALTIME/[.,]/} - begun) / 1000))
	echo "# $mta, $1: came back after $ms ms"
	check "$1: comes back at once" test "$ms" -le 30000
	check "$1: is counted" test "$(counter "drop-$2")" -gt "$before"
}
final() {
	bounces "$@"
	busywait 60 sent || true
	check "$1: is not sent again" nothing_waits
}

# others_come NAME TO...: of a message that came back for some, who are none of these.
# A refusal ends the connection, so a sender sends it again for those who were accepted.
others_come() {
	local tries
	# Its queue does not tell what is put off from what is new.
	[ "$mta" != opensmtpd ] || return 0
	for tries in 0 1 2 3; do
		busywait 60 sent
		! nothing_waits >/dev/null || break
		try_again
	done
	busywait 60 delivered
	echo "# $mta, $1: $tries times more"
	python3 -B "$selftests/mail/corpus.py" stored /run/mail | cut -d ' ' -f 1,2 >"$dir/came"
	check_equal "$1: the others come, once" "$(printf '%s 1\n' "${@:2}")" "$(<"$dir/came")"
	rm -rf /run/mail/*
}
# told NAME TEXT COMMAND...: a client that says what it was told, and fails
told() {
	local before
	before=$(counter drop-smtp-command)
	check "$1" prints "$2" at inet timeout 30 "${@:3}"
	check_equal "$1: counted" $((before + 1)) "$(counter drop-smtp-command)"
}

# too_many: messages and recipients in a time; messages on one connection
too_many() {
	local rates=("messages 1/hour per source" "recipients 2/hour per source")
	rm -rf /run/mail/*
	load "${rates[@]}"
	# what came under the rates of others counts
	at router postern reset sources >/dev/null
	check "one of an hour's messages" by_mta plain "$mail4" mta-first@acme.com "$dir/corpus/plain"
	busywait 60 arrived
	final "another one in that time" smtp-rate "554 5.7.1 Too much mail from you" plain b@acme.com
	final "another recipient in that time" smtp-rate "554 5.7.1 Too much mail from you" plain c@acme.com
	# Others begin a connection for each when they are asked for one message after the other.
	[ "$mta" = postfix ] || return 0
	rm -rf /run/mail/*
	load "messages 1 per connection"
	check "one message on a connection" by_mta plain "$mail4" mta-kept@acme.com "$dir/corpus/plain"
	busywait 60 arrived
	final "the next one on it" smtp-messages "554 5.7.1 Too many messages" plain mta-kept@acme.com
}
arrived() { find /run/mail -path '*/new/*' -type f | grep -q .; }

refused() {
	# before others wait, of whom some senders cannot tell it
	too_many
	rm -rf /run/mail/*
	load "deny commands etrn, vrfy, expn" "relay acme.com" "message size 10K" "recipients 3 per message"
	final "another domain" smtp-relay "550 5.7.1 Relaying denied" plain b@elsewhere.com
	final "a size that is announced" smtp-size "552 5.3.4 Message too big" lines b@acme.com
	final "a size that is sent" smtp-size "552 5.3.4 Message too big" lines mta-sizeless@acme.com
	bounces "another domain among others" smtp-relay "550 5.7.1 Relaying denied" plain \
		{a,b}@acme.com c@elsewhere.com
	others_come "another domain among others" a b
	bounces "recipients" smtp-recipients "550 5.5.3 Too many recipients" plain {a,b,c,d,e}@acme.com
	others_come "recipients" a b c
	told "curl asks for a name" "502" curl -sSv "smtp://$mail4" -X "VRFY b"
	! offered ETRN || told "msmtp asks for its queue" "502 5.5.1 Command not allowed" \
		msmtp --host="$mail4" --tls=off --rmqs=acme.com
}

# ---- all of it

python3 -B "$selftests/mail/corpus.py" write "$dir/corpus" 200000
mkdir "$dir/short" "$dir/large"
python3 -B "$selftests/mail/corpus.py" write "$dir/made" "$large"
mv "$dir/made/large" "$dir/large"
rm -r "$dir/made"
printf 'X: y\r\n\r\n.\r\n..\r\n' >"$dir/short/short"
load
sender_place
server_up
sender_up
at inet curl -sv "smtp://$mail4" -X NOOP >"$dir/extensions" 2>&1

[ $# -gt 0 ] || set -- clients corpus cuts losses large refused
for group; do
	case $group in
	refused) refused && continue ;;
	esac
	twice "$group"
	case $group in
	corpus | losses) as_sent "$dir/corpus" "${kept[@]}" ;;
	large) as_sent "$dir/large" large ;;
	esac
done
ktap_done
