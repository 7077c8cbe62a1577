/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the server's answers change: STARTTLS, AUTH, roles, and answers that are none.
 * Part of smtp_test.c.
 */

static void starttls(void)
{
	static const char *const lines[] = { "STARTTLS\r\n", "X-ANONYMOUSTLS\r\n", "STARTTLS\n" };
	u32 i;

	for (i = 0; i < ARRAY_SIZE(lines); i++) {
		greeted();
		rules.denied = BIT_ULL(PN_VERB_RSET);
		PASSES(say(PN_SMTP_CLIENT, lines[i], strlen(lines[i])));
		CHECK(!pn_smtp_opaque(&whole.s), "not yet");
		PASSES(S("220 go on\r\n"));
		CHECK(pn_smtp_opaque(&whole.s), "now");
		CHECK(!pn_smtp_skippable(&whole.s, PN_SMTP_CLIENT), "two bytes");
		PASSES(C("\x16\x03\x01\r\nRSET\r\n"));
		CHECK(pn_smtp_skippable(&whole.s, PN_SMTP_CLIENT) == U32_MAX, "all");
		CHECK(!pn_smtp_skippable(&whole.s, PN_SMTP_SERVER), "two bytes");
		PASSES(S("\x16\x03\x03hello\r\n"));
		CHECK(pn_smtp_skippable(&whole.s, PN_SMTP_SERVER) == U32_MAX, "all");
		pn_smtp_skip(&whole.s, PN_SMTP_SERVER, 1000);
		PASSES(C("RSET\r\n"));
		/* refused: commands again */
		greeted();
		rules.denied = BIT_ULL(PN_VERB_RSET);
		PASSES(say(PN_SMTP_CLIENT, lines[i], strlen(lines[i])));
		PASSES(S("454 not now\r\n"));
		REFUSED(C("RSET\r\n"), COMMAND, 0, "502 5.5.1");
	}
	greeted();
	PASSES(C("STARTTLS\r\n"));
	PASSES(S("220 go on\r\n\x15\x03\x01"));
}

static void starttls_injection(void)
{
	greeted();
	REFUSED(C("NOOP\r\nSTARTTLS\r\nRSET\r\n"), STARTTLS, 16, "554 5.5.1");
	CHECK(whole.first.outstanding == 2 && whole.first.verb == PN_VERB_STARTTLS, "%s",
	      whole.text);
	greeted();
	PASSES(C("STARTTLS\r\n"));
	PASSES(S("220 go"));
	REFUSED(C("\x16\x03\x01"), STARTTLS, 0, "554 5.5.1");
	/* and of the server's side */
	greeted();
	PASSES(C("STARTTLS\r\n"));
	REFUSED(S("220 go on\r\n250 injected\r\n"), TLS, 11, "");
	CHECK(whole.first.used == 11, "%u", whole.first.used);
	greeted();
	PASSES(C("STARTTLS\r\n"));
	PASSES(S("220 go on\r\n"));
	REFUSED(C("RSET\r\n"), TLS, 0, "");
	greeted();
	PASSES(C("STARTTLS\r\n"));
	PASSES(S("220 go on\r\n"));
	REFUSED(C("\x16RSET\r\n"), TLS, 1, "");
	greeted();
	PASSES(C("STARTTLS\r\n"));
	PASSES(S("220 go on\r\n"));
	REFUSED(C("\x15\x03"), TLS, 0, "");
	greeted();
	PASSES(C("STARTTLS\r\n"));
	PASSES(S("220 go on\r\n"));
	REFUSED(S("\x16\x02"), TLS, 1, "");
	greeted();
	PASSES(C("STARTTLS\r\n"));
	REFUSED(S("250 go on\r\n"), UNFOLLOWED, 0, "");
	greeted();
	PASSES(C("STARTTLS\r\n"));
	REFUSED(S("334 go on\r\n"), UNFOLLOWED, 0, "");
}

static void auth(void)
{
	static const char *const verbs[] = { "AUTH", "X-EXPS", "XAUTH" };
	char line[32];
	u32 i;

	for (i = 0; i < ARRAY_SIZE(verbs); i++) {
		greeted();
		rules.denied = BIT_ULL(PN_VERB_VRFY) | BIT_ULL(PN_VERB_UNKNOWN);
		sprintf(line, "%s LOGIN\r\n", verbs[i]);
		PASSES(say(PN_SMTP_CLIENT, line, strlen(line)));
		PASSES(S("334 VXNlcm5hbWU6\r\n"));
		PASSES(C("VRFY\r\n"));
		OUTSTANDING(1);
		PASSES(S("334 UGFzc3dvcmQ6\r\n"));
		PASSES(C("DATA\r\n"));
		OUTSTANDING(1);
		PASSES(S("235 ok\r\n"));
		REFUSED(C("VRFY x\r\n"), COMMAND, 0, "502 5.5.1");
		CHECK(whole.s.unknown == 0, "%u", whole.s.unknown);
	}
	greeted();
	rules.denied = BIT_ULL(PN_VERB_VRFY);
	PASSES(C("AUTH LOGIN\r\n"));
	PASSES(S("334 \r\n"));
	PASSES(C("*\r\n"));
	PASSES(S("501 cancelled\r\n"));
	REFUSED(C("VRFY x\r\n"), COMMAND, 0, "502 5.5.1");
}

/* Is it a response, or a command? */
static void auth_pipelined(void)
{
	greeted();
	REFUSED(C("AUTH LOGIN\r\nDATA\r\n"), PIPELINE, 12, "554 5.5.1");
	CHECK(whole.first.verb == PN_VERB_AUTH, "%s", whole.text);
	greeted();
	REFUSED(C("AUTH LOGIN  \r\nDATA\r\n"), PIPELINE, 14, "554 5.5.1");
	greeted();
	PASSES(C("AUTH LOGIN\r\n"));
	PASSES(S("334 \r\n"));
	REFUSED(C("eA==\r\nDATA\r\n"), PIPELINE, 6, "554 5.5.1");
	/* all in one */
	greeted();
	PASSES(C("AUTH PLAIN AHgAeA==\r\nMAIL FROM:<a@b>\r\n"));
	PASSES(S("235 ok\r\n250 ok\r\n"));
	/* so it was not */
	greeted();
	PASSES(C("AUTH PLAIN AHgAeA==\r\nMAIL FROM:<a@b>\r\n"));
	REFUSED(S("334 more\r\n"), UNFOLLOWED, 0, "");
	greeted();
	PASSES(C("AUTH PLAIN AHgAeA==\r\nM"));
	REFUSED(S("334 more\r\n"), UNFOLLOWED, 0, "");
	greeted();
	PASSES(C("AUTH PLAIN AHgAeA==\r\n"));
	PASSES(S("334 more\r\n"));
	PASSES(C("RCPT\r\n"));
	CHECK(!whole.s.total.recipients, "a response");
	greeted();
	PASSES(C("AUTH PLAIN x\r\n"));
	REFUSED(S("354 what\r\n"), UNFOLLOWED, 0, "");
}

static void turned(void)
{
	static const char *const lines[] = { "TURN\r\n", "ATRN x\r\n", "LHLO x\r\n", "XTRN\r\n" };
	u32 i;

	for (i = 0; i < ARRAY_SIZE(lines); i++) {
		greeted();
		PASSES(say(PN_SMTP_CLIENT, lines[i], strlen(lines[i])));
		REFUSED(S("250 ok\r\n"), UNFOLLOWED, 0, "");
		CHECK(pn_smtp_opaque(&whole.s), "the other way round");
		greeted();
		PASSES(say(PN_SMTP_CLIENT, lines[i], strlen(lines[i])));
		PASSES(S("502 no\r\n"));
		PASSES(C("NOOP\r\n"));
		greeted();
		PASSES(say(PN_SMTP_CLIENT, lines[i], strlen(lines[i])));
		REFUSED(C("NOOP\r\n"), PIPELINE, 0, "554 5.5.1");
	}
}

/* A server that wants more, and we do not know what. */
static void intermediate(void)
{
	static const char *const lines[] = {
		"XEXCH50 100 1\r\n", "NOOP\r\n", "MAIL FROM:<>\r\n", "EHLO x\r\n", "RCPT TO:<x>\r\n",
		"RSET\r\n", "QUIT\r\n", "WHAT\r\n",
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(lines); i++) {
		greeted();
		PASSES(say(PN_SMTP_CLIENT, lines[i], strlen(lines[i])));
		REFUSED(S("354 go on\r\n"), UNFOLLOWED, 0, "");
		greeted();
		PASSES(say(PN_SMTP_CLIENT, lines[i], strlen(lines[i])));
		REFUSED(S("334 go on\r\n"), UNFOLLOWED, 0, "");
		greeted();
		PASSES(say(PN_SMTP_CLIENT, lines[i], strlen(lines[i])));
		PASSES(S("250 ok\r\n"));
	}
	addressed();
	PASSES(C("DATA\r\n"));
	REFUSED(S("334 go on\r\n"), UNFOLLOWED, 0, "");
	addressed();
	PASSES(C("DATA\r\n"));
	REFUSED(S("250 ok\r\n"), UNFOLLOWED, 0, "");
	addressed();
	PASSES(C("BDAT 1\r\n"));
	REFUSED(S("354 go on\r\n"), UNFOLLOWED, 0, "");
	fresh();
	REFUSED(S("354 go on\r\n"), UNFOLLOWED, 0, "");
}

static void multiline(void)
{
	addressed();
	rules.denied = BIT_ULL(PN_VERB_VRFY);
	PASSES(C("DATA\r\n"));
	PASSES(S("354-one\r\n354-\r\n"));
	OUTSTANDING(1);
	PASSES(S("354\r\n"));
	OUTSTANDING(0);
	PASSES(C("VRFY x\r\n.\r\n"));
	PASSES(S("250-ok\n250\n"));
	OUTSTANDING(0);
	/* the last line counts */
	addressed();
	rules.denied = BIT_ULL(PN_VERB_VRFY);
	PASSES(C("DATA\r\n"));
	PASSES(S("354-one\r\n550 no\r\n"));
	REFUSED(C("VRFY x\r\n"), COMMAND, 0, "502 5.5.1");
}

static void replies_bad(void)
{
	static const char *const replies[] = {
		"\r\n", "ok\r\n", "2", "25x ok\r\n", "2 50 ok\r\n", "250x\r\n", "250\tok\r\n",
		"150 what\r\n", "050 verbose\r\n", "650 what\r\n", "-250 ok\r\n", " 250 ok\r\n",
		"250-ok\r\nok\r\n", "2\r\n", "25\r\n", "HTTP/1.1 200 OK\r\n", "\x16\x03\x01", "*",
	};
	char line[PN_SMTP_REPLY_LINE + 8];
	u32 i;

	for (i = 0; i < ARRAY_SIZE(replies); i++) {
		greeted();
		PASSES(C("NOOP\r\nNOOP\r\n"));
		PASSES(S("250 ok\r\n"));
		if (!replies[i][1] && replies[i][0] == '2')
			continue;
		say(PN_SMTP_SERVER, replies[i], strlen(replies[i]));
		CHECK(whole.reason == PN_DROP_SMTP_REPLY, "%s: %s", replies[i], whole.text);
		CHECK(!whole.first.reply && pn_smtp_opaque(&whole.s), "%s", whole.text);
	}
	for (i = 0; i < 2; i++) {
		greeted();
		PASSES(C("NOOP\r\n"));
		memset(line, 'x', sizeof(line));
		memcpy(line, "250 ", 4);
		memcpy(line + PN_SMTP_REPLY_LINE - 2 + i, "\r\n", 2);
		say(PN_SMTP_SERVER, line, PN_SMTP_REPLY_LINE + i);
		CHECK(whole.reason == (i ? PN_DROP_SMTP_REPLY : PN_OK), "%s", whole.text);
	}
	/* any number of lines */
	greeted();
	PASSES(C("NOOP\r\n"));
	for (i = 0; i < 10000; i++)
		PASSES(S("250-ok\r\n"));
	PASSES(S("250 ok\r\n"));
}

static void replies_unasked(void)
{
	greeted();
	REFUSED(S("250 ok\r\n"), REPLY, 0, "");
	/* of a server that is about to close, as Exchange has it */
	greeted();
	PASSES(S("451 4.7.0 Timeout waiting for client input\r\n"));
	greeted();
	PASSES(C("NOOP\r\n"));
	REFUSED(S("250 ok\r\n250 again\r\n"), REPLY, 8, "");
	/* 421 is never asked for, and what follows it is */
	greeted();
	PASSES(S("421 closing\r\n"));
	PASSES(S("421 closing\r\n"));
	PASSES(C("NOOP\r\nNOOP\r\nDATA\r\n"));
	PASSES(S("421 closing\r\n"));
	OUTSTANDING(0);
	rules.denied = BIT_ULL(PN_VERB_VRFY);
	PASSES(C("QUIT\r\n"));
	REFUSED(C("VRFY x\r\n"), COMMAND, 0, "502 5.5.1");
	greeted();
	PASSES(C("NOOP\r\nNOOP\r\n"));
	PASSES(S("421 closing\r\n"));
	REFUSED(S("250 ok\r\n"), REPLY, 0, "");
	/* those that may end a transaction are forgotten with the others */
	greeted();
	rules.recipients = 1;
	PASSES(C("NOOP\r\nMAIL FROM:<>\r\nRCPT TO:<x>\r\n"));
	PASSES(S("421 closing\r\n"));
	PASSES(C("MAIL FROM:<>\r\n"));
	PASSES(S("250 ok\r\n"));
	PASSES(C("RCPT TO:<x>\r\n"));
}
