# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The demo's servers, from Debian's packages, with the configuration of conf/.
# All of them listen on every address they can, so that a connection which the
# policy denies would be answered if the router let it through. Sourced by guest,
# which is thrown away afterwards with all that is written here; it sets demo, password and sink.
# shellcheck disable=SC2154

conf=$demo/conf

# certificate: for TLS; the clients check it against itself
certificate() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 \
		-keyout /run/demo/key.pem -out /run/demo/cert.pem -subj /CN=mail.example.com \
		-addext subjectAltName=DNS:mail.example.com
	chmod 644 /run/demo/key.pem
}

start_postfix() {
	cp "$conf/main.cf" /etc/postfix/main.cf
	cp /etc/postfix/master.cf.proto /etc/postfix/master.cf
	postconf -F '*/*/chroot=n'
	postconf -M 'submission/inet=submission inet n - n - - smtpd -o smtpd_tls_security_level=encrypt -o smtpd_sasl_auth_enable=yes -o smtpd_relay_restrictions=permit_sasl_authenticated,reject'
	at perim postfix start &
}

start_dovecot() {
	echo "alice:{PLAIN}$password" >/run/demo/passwd
	at perim dovecot -c "$conf/dovecot.conf"
}

start_slapd() {
	mkdir /run/demo/ldap
	slapadd -f "$conf/slapd.conf" -l "$conf/directory.ldif"
	at perim slapd -f "$conf/slapd.conf" -h "ldap:/// ldaps:///"
}

# It serves its own network only, unless told so, and insists on a name that is not
# one of an example.
start_news() {
	printf '%s\n' "server = news.example.net" "hostname = news.home.arpa" "allowSTRANGERS = 42" \
		>/etc/news/leafnode/config
	spawn perim socat TCP6-LISTEN:119,fork,reuseaddr,ipv6only=0 EXEC:/usr/sbin/leafnode,nofork
}

start_nginx() { at perim nginx -c "$conf/nginx.conf"; }
start_resolver() { at perim unbound -c "$conf/resolver.conf" & }
start_x400() { spawn perim "$demo/x400" serve; }

# What people of the perimeter want from the Internet: mail taken, names, pages.
start_internet() {
	mkdir "$sink"
	chmod 777 "$sink"
	spawn inet smtp-sink -u postfix -d "$sink/" inet:203.0.113.2:25 100
	at inet unbound -c "$conf/nameserver.conf" &
	at inet nginx -c "$conf/web.conf"
	spawn inet "$demo/x400" serve
}

# Somebody inside, with whom nobody outside has any business.
start_inside() { spawn int socat TCP6-LISTEN:3389,fork,ipv6only=0 EXEC:/bin/cat; }

# servers_up: all of them at once, and then until the last one listens
servers_up() {
	local s
	mkdir -p /run/demo
	useradd -m alice
	certificate >/run/demo/start.log 2>&1 || { cat /run/demo/start.log && return 1; }
	for s in postfix dovecot slapd news nginx resolver x400 internet inside; do
		start_$s >"/run/demo/start-$s.log" 2>&1 || { cat "/run/demo/start-$s.log" && return 1; }
	done
	echo "waiting for Postfix, Dovecot, slapd, leafnode, nginx, unbound and X.400"
	busywait 60 listening perim 25 587 110 143 993 995 389 636 119 443 53 102 &&
		busywait 20 listening inet 25 53 80 102 &&
		busywait 20 listening int 3389
}
