# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
#
# The mail server that the guest's root has, in perim: it takes mail for acme.com into
# the maildir /run/mail/box. After lib.sh, for a test with a topology and a $dir of its
# own, in a guest that is thrown away.

# server_found: which one it is, $mta
server_found() {
	if [ -e /usr/sbin/postfix ]; then
		mta=postfix
	elif [ -e /usr/sbin/exim4 ]; then
		mta=exim
	elif [ -e /usr/sbin/smtpd ]; then
		mta=opensmtpd
	else
		return 1
	fi
}

# certificate: for STARTTLS; OpenSMTPD wants RSA
certificate() {
	openssl req -x509 -newkey rsa:2048 -nodes -days 3650 \
		-keyout /run/mail.key -out /run/mail.pem -subj /CN=mail.acme.com
	cat /run/mail.key /run/mail.pem >/run/mail.both
	chmod 640 /run/mail.key /run/mail.both
}

postfix_up() {
	cat >/etc/postfix/main.cf <<-'END'
		compatibility_level = 3.6
		myhostname = mail.acme.com
		mydestination =
		virtual_mailbox_domains = acme.com
		virtual_mailbox_base = /run/mail
		virtual_mailbox_maps = static:box/
		virtual_mailbox_limit = 0
		virtual_uid_maps = static:2000
		virtual_gid_maps = static:2000
		message_size_limit = 0
		smtpd_peername_lookup = no
		smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination
		smtpd_tls_chain_files = /run/mail.both
		smtpd_tls_security_level = may
		smtpd_sasl_auth_enable = yes
		maillog_file = /var/log/mail.log
		alias_maps =
	END
	cp /etc/postfix/master.cf.proto /etc/postfix/master.cf
	postconf -F '*/*/chroot=n'
	printf '%s\n' 'pwcheck_method: auxprop' 'auxprop_plugin: sasldb' 'mech_list: PLAIN LOGIN' \
		>/etc/postfix/sasl/smtpd.conf
	echo secret | saslpasswd2 -p -c -u mail.acme.com alice
	chgrp postfix /etc/sasldb2
	at perim postfix start
}

exim_up() {
	chgrp Debian-exim /run/mail.key
	cat >/etc/exim4/exim4.conf <<-'END'
		primary_hostname = mail.acme.com
		host_lookup =
		rfc1413_query_timeout = 0s
		smtp_accept_queue_per_connection = 0
		smtp_accept_max = 0
		message_size_limit = 0
		tls_advertise_hosts = *
		tls_certificate = /run/mail.pem
		tls_privatekey = /run/mail.key
		acl_smtp_rcpt = rcpt
		acl_smtp_data = accept
		begin acl
		rcpt:
			accept domains = acme.com
			accept authenticated = *
			deny message = no relay
		begin routers
		box:
			driver = accept
			domains = acme.com
			transport = box
		begin transports
		box:
			driver = appendfile
			directory = /run/mail/box
			maildir_format
			envelope_to_add
			user = 2000
			group = 2000
		begin authenticators
		plain:
			driver = plaintext
			public_name = PLAIN
			server_prompts = :
			server_condition = ${if and {{eq{$auth2}{alice}}{eq{$auth3}{secret}}}}
		login:
			driver = plaintext
			public_name = LOGIN
			server_prompts = Username:: : Password::
			server_condition = ${if and {{eq{$auth1}{alice}}{eq{$auth2}{secret}}}}
	END
	at perim exim4 -bd
}

opensmtpd_up() {
	useradd -u 2000 -m box
	cat >/etc/smtpd.conf <<-'END'
		pki mail cert "/run/mail.pem"
		pki mail key "/run/mail.key"
		table box { "@acme.com" = box }
		smtp max-message-size 100M
		listen on 0.0.0.0 port 25 tls pki mail hostname mail.acme.com
		listen on :: port 25 tls pki mail hostname mail.acme.com
		action box maildir "/run/mail/%{rcpt.user}" virtual <box>
		match from any for domain "acme.com" action box
	END
	spawn perim smtpd -d >"$dir/server.log" 2>&1
}

# server_up: until it listens
server_up() {
	mkdir -p /run/mail
	chmod 777 /run/mail
	{ certificate && "${mta}_up"; } >"$dir/start" 2>&1 || { cat "$dir/start" && return 1; }
	busywait 60 server_listens
}
server_listens() {
	at perim ss -Hlnt 'sport = :25' >"$dir/ports"
	grep -qE '(\*|0\.0\.0\.0|192.0.2.10):25' "$dir/ports" && grep -qE '(\*|\[::\]):25' "$dir/ports"
}

# delivered: has the server no mail to deliver any more? (for busywait)
delivered() {
	local queue
	case $mta in
	postfix) queue=(/var/spool/postfix/{maildrop,incoming,active,deferred}) ;;
	exim) queue=(/var/spool/exim4/input) ;;
	opensmtpd) queue=(/var/spool/smtpd/{queue,incoming}) ;;
	esac
	! find "${queue[@]}" -type f | grep -q .
}

# taken_in: how many connections the server has accepted
taken_in() { at perim awk '/^Tcp:/ && n++ { print $7 }' /proc/net/snmp; }
