# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
#
# Clients in inet that people send mail with: by_NAME HOW SERVER TO FILE, where HOW is
# plain, tls or auth. After lib.sh and mail/servers.sh.

by_swaks() {
	local how=()
	case $1 in
	tls) how=(-tls) ;;
	auth) how=(--auth LOGIN --auth-user alice --auth-password secret) ;;
	pipelined) how=(--pipeline) ;;
	esac
	at inet swaks --silent 2 --server "$2" --ehlo client.example --from a@client.example --to "$3" \
		--data "@$4" "${how[@]}"
}

by_curl() {
	local how=() host=$2
	case $1 in
	tls) how=(--ssl-reqd --insecure) ;;
	auth) how=(--user alice:secret --login-options AUTH=PLAIN) ;;
	esac
	case $host in *:*) host="[$host]" ;; esac
	at inet curl -sS "smtp://$host/client.example" --mail-from a@client.example --mail-rcpt "$3" \
		--upload-file "$4" "${how[@]}"
}

by_msmtp() {
	local how=(--tls=off)
	case $1 in
	tls) how=(--tls=on --tls-starttls=on --tls-certcheck=off) ;;
	auth) how=(--tls=off --auth=plain --user=alice --passwordeval='echo secret') ;;
	esac
	# It takes files with the line ends of the system.
	tr -d '\r' <"$4" | at inet msmtp --host="$2" --port=25 --domain=client.example \
		--from=a@client.example "${how[@]}" "$3"
}

by_smtplib() {
	local how=()
	case $1 in
	tls) how=(--tls) ;;
	auth) how=(--auth plain) ;;
	esac
	local name=${3%@*}
	mkdir -p "$dir/named"
	cp "$4" "$dir/named/${name#*-}"
	at inet python3 -B "$selftests/mail/deliver.py" --by library "${how[@]}" "$2" "$dir/named" \
		"${name%%-*}" "${name#*-}" >/dev/null
}

# Only Postfix has one: messages of its own, several connections at once.
by_smtp_source() { # HOW SERVER TO
	local host=$2
	case $host in *:*) host="[$host]" ;; esac
	at inet smtp-source -s 4 -m 20 -l 3000 -M client.example -f a@client.example -t "$3" "$host:25"
}

# ---- the root's mail server as a sender, with a place of its own for what it keeps

# in_sender COMMAND...: where it is
in_sender() { nsenter -t "$sender" -m --net="/run/netns/$(ns inet)" "$@"; }

# sender_place: before the server is up, and has something to keep
sender_place() {
	local keeps
	case $mta in
	postfix) keeps=(/etc/postfix /var/spool/postfix /var/lib/postfix) ;;
	exim) keeps=(/etc/exim4 /var/spool/exim4 /var/log/exim4) ;;
	opensmtpd) keeps=(/var/spool/smtpd /run) ;;
	esac
	# shellcheck disable=SC2016 # for the inner shell
	spawn inet unshare -m --propagation private sh -euc '
		for d; do
			# as OpenSMTPD wants its own
			[ -e "$d" ] || mkdir -m 711 "$d"
			mkdir -p "$0$d"
			[ "$d" = /run ] || cp -a "$d/." "$0$d"
			mount --bind "$0$d" "$d"
		done
		touch "$0/there"
		exec sleep infinity' "$dir/place" "${keeps[@]}"
	sender=$spawned
	busywait 20 test -e "$dir/place/there"
	mkdir "$dir/bounced"
	chmod 755 "$dir"
	chmod 777 "$dir/bounced"
}

# sender_up: what it sends goes to the server, for mta-tls by TLS, for mta-six by IPv6,
# for mta-sizeless without a word of its size, and Postfix's for mta-kept on a connection
# that it keeps for the next one; what comes back, for a@client.example, into $dir/bounced
sender_up() { "sender_$mta" >"$dir/started" 2>&1 || { cat "$dir/started" && return 1; }; }

sender_postfix() {
	local etc=$dir/place/etc/postfix
	cat >"$etc/main.cf" <<-END
		compatibility_level = 3.6
		myhostname = client.example
		mydestination =
		inet_interfaces = loopback-only
		disable_dns_lookups = yes
		virtual_mailbox_domains = client.example
		virtual_mailbox_base = $dir/bounced
		virtual_mailbox_maps = static:box/
		virtual_uid_maps = static:2000
		virtual_gid_maps = static:2000
		transport_maps = regexp:/etc/postfix/ways
		message_size_limit = 0
		virtual_mailbox_limit = 0
		smtp_tls_security_level = none
		maillog_file = /var/log/sender.log
		maximal_queue_lifetime = 1d
		connection_cache_ttl_limit = 20s
		alias_maps =
	END
	printf '%s\n' "/^mta-tls/ secure:[$mail4]" "/^mta-six/ smtp:[$mail6]" \
		"/^mta-sizeless/ sizeless:[$mail4]" "/^mta-kept/ kept:[$mail4]" '/@client\.example$/ virtual:' \
		"/./ smtp:[$mail4]" >"$etc/ways"
	cp /etc/postfix/master.cf.proto "$etc/master.cf"
	in_sender postconf -F '*/*/chroot=n'
	in_sender postconf -M 'secure/unix=secure unix - - n - - smtp -o smtp_tls_security_level=encrypt' \
		'sizeless/unix=sizeless unix - - n - - smtp -o smtp_discard_ehlo_keywords=size' \
		"kept/unix=kept unix - - n - - smtp -o smtp_connection_cache_destinations=$mail4 -o smtp_connection_cache_time_limit=20s"
	in_sender postfix start
}

# It uses BDAT wherever it can.
sender_exim() {
	cat >"$dir/place/etc/exim4/exim4.conf" <<-END
		primary_hostname = client.example
		host_lookup =
		message_size_limit = 0
		trusted_users = root
		keep_environment =
		begin retry
		* * F,1d,10m
		begin routers
		back:
			driver = accept
			domains = client.example
			transport = box
		secure:
			driver = manualroute
			local_parts = mta-tls
			route_list = * $mail4 byname
			transport = secure
		six:
			driver = manualroute
			local_parts = mta-six
			route_list = * "<, $mail6" byname
			transport = smtp
		sizeless:
			driver = manualroute
			local_parts = mta-sizeless
			route_list = * $mail4 byname
			transport = sizeless
		rest:
			driver = manualroute
			route_list = * $mail4 byname
			transport = smtp
		begin transports
		smtp:
			driver = smtp
			hosts_avoid_tls = *
		secure:
			driver = smtp
			hosts_require_tls = *
			tls_verify_hosts =
			tls_try_verify_hosts =
		sizeless:
			driver = smtp
			hosts_avoid_tls = *
			size_addition = -1
		box:
			driver = appendfile
			directory = $dir/bounced/box
			maildir_format
			user = 2000
			group = 2000
	END
}

sender_opensmtpd() {
	cat >"$dir/place/run/smtpd.conf" <<-END
		listen on 127.0.0.1
		smtp max-message-size 100M
		table box { "@client.example" = box }
		action box maildir "$dir/bounced/box" virtual <box>
		action plain relay host "smtp+notls://$mail4"
		action secure relay host "smtp+tls://$mail4" tls no-verify
		action six relay host "smtp+notls://[$mail6]"
		match from any for domain "client.example" action box
		match from any for rcpt-to "mta-tls@acme.com" action secure
		match from any for rcpt-to "mta-six@acme.com" action six
		match from any for any action plain
	END
	spawn inet nsenter -t "$sender" -m smtpd -d -f /run/smtpd.conf >"$dir/sender.log" 2>&1
	busywait 20 test -e "$dir/place/run/smtpd.sock"
}

# by_mta HOW SERVER TO FILE: TO, one or more, says how and where
by_mta() {
	local command=(sendmail -i -f a@client.example)
	[ "$mta" != exim ] || command=(exim4 -odf -i -f a@client.example)
	# shellcheck disable=SC2086 # recipients
	tr -d '\r' <"$4" | in_sender "${command[@]}" $3
}

# sent: has it tried to send all that it has, and left? nothing_waits: and done so?
# (for busywait)
sent() {
	# Exim's sends while it is called, and its queue does not tell what is put off.
	[ "$mta" = exim ] || ! waiting ! -path '*/defer*' | grep -q . || return 1
	! at inet ss -Hnt 'dport = :25' | grep -q .
}
nothing_waits() { ! waiting | grep .; }
waiting() {
	case $mta in
	postfix) find "$dir"/place/var/spool/postfix/{maildrop,incoming,active,deferred} -type f "$@" ;;
	exim) find "$dir/place/var/spool/exim4/input" -type f "$@" ;;
	opensmtpd) find "$dir"/place/var/spool/smtpd/{queue,incoming} -type f "$@" ;;
	esac
}
# try_again: now, what is put off
try_again() {
	case $mta in
	postfix) in_sender postqueue -f ;;
	exim) in_sender exim4 -qff ;;
	opensmtpd) in_sender smtpctl schedule all ;;
	esac
}
# what_it_said: of what it sent
what_it_said() {
	case $mta in
	postfix) cat /var/log/sender.log ;;
	exim) cat "$dir/place/var/log/exim4/mainlog" ;;
	opensmtpd) cat "$dir/sender.log" ;;
	esac
}
