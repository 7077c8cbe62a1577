# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The demo's clients: client_SERVICE NETWORK SOURCE HOST SECONDS does what a person
# would do with the service, and fails if that does not come about; what it prints
# tells why. Sourced by guest, which sets demo, password and sink.
# shellcheck disable=SC2154

url() { if [[ $1 = *:* ]]; then echo "[$1]"; else echo "$1"; fi; }

# has ANSWER PATTERN...: in the answer is each of them
has() {
	local answer=$1
	shift
	for pattern; do grep -q "$pattern" <<<"$answer" || { echo "not as it should be: $answer" && return 1; }; done
}

# fetch NETWORK SOURCE HOST SECONDS PATTERN URL [OPTION...]: the answer has PATTERN
fetch() {
	local where=$1 src=$2 secs=$4 pattern=$5 out
	shift 5
	out=$(at "$where" curl -sS --interface "$src" --connect-timeout "$secs" --max-time 30 "$@" 2>&1) || {
		echo "$out"
		return 1
	}
	has "$out" "$pattern"
}

# secure NETWORK SOURCE HOST SECONDS PATTERN SCHEME PORT PATH [OPTION...]: the same
# by TLS, and the certificate must be that of mail.example.com
secure() {
	local scheme=$6 port=$7 path=$8
	fetch "${@:1:5}" "$scheme://mail.example.com$path" --cacert /run/demo/cert.pem \
		--connect-to "mail.example.com:$port:$(url "$3"):$port" "${@:9}"
}

login=(--user "alice:$password")
entry='dc=example,dc=com?mail?sub?(uid=alice)'

client_http() { fetch "$@" "somebody's page" "http://$(url "$3")/"; }
client_https() { secure "$@" "web mail" https 443 /; }
client_imap() { fetch "$@" INBOX "imap://$(url "$3")/" "${login[@]}"; }
client_imaps() { secure "$@" INBOX imaps 993 / "${login[@]}"; }
client_pop3() { fetch "$@" '^+OK\|^[0-9]\|^$' "pop3://$(url "$3")/" "${login[@]}"; }
client_pop3s() { secure "$@" '^+OK\|^[0-9]\|^$' pop3s 995 / "${login[@]}"; }
client_ldap() { fetch "$@" alice@example.com "ldap://$(url "$3")/$entry"; }
client_ldaps() { secure "$@" alice@example.com ldaps 636 "/$entry"; }
client_x400() { at "$1" timeout 30 "$demo/x400" connect "$2" "$3" 102 "$4"; }
client_ping() { at "$1" ping -n -c 1 -W "$4" -I "$2" "$3"; }

# nc knows how to keep a conversation short.
client_nntp() {
	local out
	out=$(printf 'MODE READER\r\nLIST\r\nQUIT\r\n' |
		at "$1" nc -nv -s "$2" -w "$4" "$3" 119 2>&1) || { echo "$out" && return 1; }
	has "$out" '^215 ' '^205 '
}

client_rdp() { at "$1" nc -nvz -s "$2" -w "$4" "$3" 3389; }

ask() { # NETWORK SOURCE HOST SECONDS OPTION...
	local out
	out=$(at "$1" dig +tries=1 +time="$4" -b "$2" "@$3" "${@:5}" 2>&1) || { echo "$out" && return 1; }
	has "$out" 'status: NOERROR' 'ANSWER: 1'
}

# The perimeter's resolver knows the mail server, the Internet's the rest.
name_known_to() { case $1 in 192.0.2.* | 2001:db8:0:2:*) echo mail.example.com ;; *) echo www.example.net ;; esac; }

client_dns() { ask "$@" +notcp "$(name_known_to "$3")" A; }
client_dns_tcp() { ask "$@" +tcp "$(name_known_to "$3")" A; }

# client_smtp: a mail, and it is in the mailbox of who it is for
client_smtp() {
	local to=alice@example.com box=/home/alice/Maildir/new
	# The Internet's mail server takes mail for everyone there.
	[ "$1" = inet ] || to=carol@example.net box=$sink
	letter
	if [[ $3 = *:* ]]; then
		send_by_curl "$@" "$to"
	else
		send_by_swaks "$@" "$to" --port 25
	fi && arrived "$box"
}

# client_submission: the same for somebody far away, by name and password: so it is
# our own server that has to find out where that is, and to go there
client_submission() {
	letter
	send_by_swaks "$@" carol@example.net --port 587 --tls --auth PLAIN \
		--auth-user alice --auth-password "$password" && arrived "$sink"
}

# letter: set token to something that nobody has written before
letter() { token=letter-$SRANDOM-$SRANDOM; }

send_by_swaks() { # NETWORK SOURCE HOST SECONDS TO OPTION...
	at "$1" timeout 40 swaks --silent 2 --server "$3" --local-interface "$2" --timeout "$4" \
		--helo client.example.org --from bob@example.org --to "$5" \
		--header "Subject: $token" --body "Does the postern open?" "${@:6}"
}

send_by_curl() { # NETWORK SOURCE HOST SECONDS TO
	printf 'From: bob@example.org\r\nTo: %s\r\nSubject: %s\r\n\r\nDoes it?\r\n' "$5" "$token" |
		at "$1" curl -sS --interface "$2" --connect-timeout "$4" --max-time 30 \
			--mail-from bob@example.org --mail-rcpt "$5" -T - "smtp://$(url "$3")/client.example.org"
}

arrived() { # FOLDER
	busywait 20 grep -rqs "$token" "$1" || { echo "accepted, but never arrived" && return 1; }
}
