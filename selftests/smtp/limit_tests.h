/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sizes, counts and recipients. Part of smtp_test.c.
 */

static void size_announced(void)
{
	greeted();
	rules.size = 1000;
	PASSES(C("MAIL FROM:<a@b> SIZE=1000\r\nMAIL FROM:<a@b> BODY=8BITMIME\r\n"
		 "MAIL FROM:<\"x SIZE=\"@b>\r\nMAIL FROM:<a@b> XSIZE=5000\r\n"
		 "MAIL FROM:<a@b> SIZ=5000\r\nMAIL FROM:<a@b> SIZE=x5000\r\nRSET SIZE=5000\r\n"));
	REFUSED(C("NOOP\r\nMAIL FROM:<a@b> BODY=7BIT size=1001\r\n"), SIZE, 6, "552 5.3.4");
	OUTSTANDING(9);
	REFUSED(C("MAIL FROM:<a@b> SIZE=99999999999999999999999999\r\n"), SIZE, 0, "552 5.3.4");
	REFUSED(C("MAIL FROM:<a@b> SIZE=18446744073709551617\r\n"), SIZE, 0, "552 5.3.4");
	REFUSED(C("SOML FROM:<a@b>  SIZE=2000\r\n"), SIZE, 0, "552 5.3.4");
	rules.size = 0;
	PASSES(C("MAIL FROM:<a@b> SIZE=99999999999999999999999999\r\n"));
}

static void size_sent(void)
{
	in_text();
	rules.size = 10;
	PASSES(C("12345678\r\n.\r\n"));
	PASSES(S("250 ok\r\n"));
	addressed();
	rules.size = 10;
	PASSES(C("DATA\r\n"));
	PASSES(S("354 go on\r\n"));
	REFUSED(C("12345678\r\n....\r\n.\r\n"), SIZE, 13, "552 5.3.4");
	CHECK(whole.first.used == 14, "%u", whole.first.used);
	/* said once, and its end is found */
	CHECK(whole.len == strlen("smtp-size client 62 data 0 552 5.3.4 Message too big\n"), "%s",
	      whole.text);
	OUTSTANDING(1);
	/* and the next message begins anew */
	PASSES(S("552 no\r\n"));
	PASSES(C("MAIL FROM:<>\r\nDATA\r\n"));
	PASSES(S("250 ok\r\n354 ok\r\n"));
	PASSES(C("12345678\r\n.\r\n"));
	/* of both, the one that cannot be followed */
	in_text();
	rules.size = 1;
	REFUSED(C("1\r\n.\n"), SMUGGLING, 4, "554 5.5.2");
}

static void size_chunked(void)
{
	addressed();
	rules.size = 10;
	PASSES(C("BDAT 6\r\n123456BDAT 4\r\n1234"));
	REFUSED(C("BDAT 1\r\nxBDAT 1\r\nx"), SIZE, 0, "552 5.3.4");
	CHECK(!strchr(strchr(whole.text, '\n') + 1, '\n'), "once: %s", whole.text);
	PASSES(C("BDAT 0 LAST\r\nMAIL FROM:<>\r\nBDAT 10 LAST\r\n1234567890"));
	REFUSED(C("MAIL FROM:<>\r\nBDAT 11\r\n1234567890"), SIZE, 14, "552 5.3.4");
	/* sent before MAIL was accepted */
	greeted();
	rules.size = 10;
	PASSES(C("MAIL FROM:<>\r\nBDAT 6\r\n123456"));
	PASSES(S("250 ok\r\n250 ok\r\n"));
	REFUSED(C("BDAT 5\r\n12345"), SIZE, 0, "552 5.3.4");
	/* a second MAIL begins another, but only if it is accepted */
	addressed();
	rules.size = 10;
	PASSES(C("BDAT 6\r\n123456MAIL FROM:<>\r\n"));
	PASSES(S("250 ok\r\n503 nested\r\n"));
	REFUSED(C("BDAT 5\r\n12345"), SIZE, 0, "552 5.3.4");
	addressed();
	rules.size = 10;
	PASSES(C("BDAT 6\r\n123456MAIL FROM:<>\r\n"));
	PASSES(S("250 ok\r\n250 why not\r\n"));
	PASSES(C("BDAT 5\r\n12345"));
}

static void recipients(void)
{
	greeted();
	rules.recipients = 3;
	PASSES(C("MAIL FROM:<>\r\nRCPT TO:<a>\r\nRCPT TO:<b>\r\nRCPT TO:<c>\r\n"));
	REFUSED(C("RCPT TO:<d>\r\n"), RECIPIENTS, 0, "550 5.5.3");
	CHECK(whole.first.verb == PN_VERB_RCPT && whole.first.outstanding == 4, "%s", whole.text);
	OUTSTANDING(5);
	/* RSET needs no answer to be believed */
	PASSES(C("RSET\r\nMAIL FROM:<>\r\nRCPT TO:<a>\r\nRCPT TO:<b>\r\nRCPT TO:<c>\r\n"));
	REFUSED(C("RCPT TO:<d>\r\n"), RECIPIENTS, 0, "550 5.5.3");
	/* a message's end neither */
	addressed();
	rules.recipients = 1;
	PASSES(C("BDAT 1 LAST\r\n.MAIL FROM:<>\r\nRCPT TO:<c@d>\r\nDATA\r\n"));
	PASSES(S("250 ok\r\n250 ok\r\n250 ok\r\n354 ok\r\n"));
	PASSES(C(".\r\nMAIL FROM:<>\r\nRCPT TO:<c@d>\r\n"));
	REFUSED(C("RCPT TO:<d>\r\n"), RECIPIENTS, 0, "550 5.5.3");
}

/* What does not end a transaction does not begin the count anew. */
static void recipients_go_on(void)
{
	static const char *const lines[] = {
		"MAIL FROM:<>\r\n", "EHLO x\r\n", "HELO x\r\n", "RSET now\r\n", "SEND FROM:<>\r\n",
		"XCLIENT NAME=x\r\n",
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(lines); i++) {
		const char *line = lines[i];

		addressed();
		rules.recipients = 2;
		PASSES(say(PN_SMTP_CLIENT, line, strlen(line)));
		PASSES(S("503 nested\r\n"));
		PASSES(C("RCPT TO:<a>\r\n"));
		REFUSED(C("RCPT TO:<b>\r\n"), RECIPIENTS, 0, "550 5.5.3");
		/* not answered yet */
		addressed();
		rules.recipients = 2;
		PASSES(say(PN_SMTP_CLIENT, line, strlen(line)));
		PASSES(C("RCPT TO:<a>\r\n"));
		REFUSED(C("RCPT TO:<b>\r\n"), RECIPIENTS, 0, "550 5.5.3");
		/* accepted: those behind it count */
		PASSES(S("250 ok\r\n250 ok\r\n250 ok\r\n"));
		REFUSED(C("RCPT TO:<c>\r\n"), RECIPIENTS, 0, "550 5.5.3");
		addressed();
		rules.recipients = 2;
		PASSES(say(PN_SMTP_CLIENT, line, strlen(line)));
		PASSES(C("RCPT TO:<a>\r\n"));
		PASSES(S("250 ok\r\n250 ok\r\n"));
		PASSES(C("RCPT TO:<b>\r\n"));
		REFUSED(C("RCPT TO:<c>\r\n"), RECIPIENTS, 0, "550 5.5.3");
		/* two under way: the answer to the first says nothing of the second */
		addressed();
		rules.recipients = 3;
		PASSES(say(PN_SMTP_CLIENT, line, strlen(line)));
		PASSES(C("RCPT TO:<a>\r\n"));
		PASSES(say(PN_SMTP_CLIENT, line, strlen(line)));
		PASSES(S("250 ok\r\n"));
		PASSES(C("RCPT TO:<b>\r\n"));
		PASSES(S("250 ok\r\n503 no\r\n250 ok\r\n"));
		REFUSED(C("RCPT TO:<c>\r\n"), RECIPIENTS, 0, "550 5.5.3");
	}
}

static void messages(void)
{
	addressed();
	rules.messages = 2;
	PASSES(C("BDAT 1\r\nxBDAT 1 LAST\r\nxMAIL FROM:<>\r\nBDAT 1 LAST\r\nxMAIL FROM:<>\r\n"));
	CHECK(whole.s.messages == 2, "%u", whole.s.messages);
	REFUSED(C("BDAT 1\r\nxBDAT 1 LAST\r\nx"), MESSAGES, 0, "554 5.7.1");
	CHECK(!strchr(strchr(whole.text, '\n') + 1, '\n'), "once: %s", whole.text);
	/* asking again is not another one */
	addressed();
	rules.messages = 1;
	PASSES(C("DATA\r\n"));
	PASSES(S("451 not now\r\n"));
	PASSES(C("DATA\r\n"));
	PASSES(S("354 now\r\n"));
	PASSES(C(".\r\nMAIL FROM:<>\r\n"));
	PASSES(S("250 ok\r\n250 ok\r\n"));
	REFUSED(C("DATA\r\n"), MESSAGES, 0, "554 5.7.1");
	addressed();
	rules.messages = 1;
	PASSES(C("BURL imap://x LAST\r\nMAIL FROM:<>\r\n"));
	PASSES(S("250 ok\r\n250 ok\r\n"));
	REFUSED(C("BURL imap://x LAST\r\n"), MESSAGES, 0, "554 5.7.1");
}

static void rates(void)
{
	greeted();
	whole.allowed[PN_SMTP_RECIPIENT] = 3;
	whole.allowed[PN_SMTP_MESSAGE] = 1;
	rules.recipients = 2;
	PASSES(C("MAIL FROM:<>\r\nRCPT TO:<a>\r\nRCPT TO:<b>\r\n"));
	/* what is refused costs its source nothing */
	REFUSED(C("RCPT TO:<c>\r\n"), RECIPIENTS, 0, "550 5.5.3");
	CHECK(whole.allowed[PN_SMTP_RECIPIENT] == 1, "%u", whole.allowed[PN_SMTP_RECIPIENT]);
	PASSES(C("BDAT 1 LAST\r\nxMAIL FROM:<>\r\nRCPT TO:<a>\r\n"));
	REFUSED(C("RCPT TO:<d>\r\n"), RATE, 0, "554 5.7.1");
	REFUSED(C("BDAT 1 LAST\r\nx"), RATE, 0, "554 5.7.1");
	CHECK(!whole.allowed[0] && !whole.allowed[1], "spent");
}

/* In the order of strcmp(). */
static const char relay_names[] =
	".acme.fr\0" "[192.0.2.1]\0" "acme.com\0" "b.example\0" "xn--bcher-kva.example";
static const u32 relay_at[] = { 0, 9, 21, 30, 40 };

static void relay(void)
{
	static const struct {
		const char *path;
		bool ours;
	} paths[] = {
		{ "TO:<user@acme.com>", true },
		{ "TO:<User@ACME.Com>", true },
		{ "to: <user@acme.com>", true },
		{ "tO:   <user@acme.com>", true },
		{ "TO:<user@acme.com> NOTIFY=NEVER ORCPT=rfc822;x@evil.com", true },
		{ "TO:<user@acme.com>\n", true },
		{ "TO:<user@acme.com.>", true },
		{ "TO:<user@acme.fr>", true },
		{ "TO:<user@a.b.acme.fr>", true },
		{ "TO:<user@[192.0.2.1]>", true },
		{ "TO:<user@b.example>", true },
		{ "TO:<postmaster>", true },
		{ "TO:<\"post master\">", true },
		{ "TO:<>", true },
		{ "TO:<\"a b>\\\"<\"@acme.com>", true },
		{ "TO:<\"\"@acme.com>", true },
		{ "TO:<a+b=c/d{e}~'*#$&?^`|_-.f@acme.com>", true },
		{ "TO:<b\xc3\xbcro@acme.com>", true },
		{ "TO:<IMCEAEX-_O=ACME_CN=x@acme.com>", true },
		{ "TO:<xIMCEASMTP-a@acme.com>", true },
		{ "TO:<IMCEASMTP@acme.com>", true },
		{ "TO:<IMCEASMT-P-@acme.com>", true },

		{ "TO:<user@evil.com>", false },
		{ "TO:<user:acme.com>", false },
		{ "TO:<user@evil.com,b.acme.fr>", false },
		{ "TO:<user@evil.com:b.acme.fr>", false },
		{ "TX:<user@acme.com>", false },
		{ "OT:<user@acme.com>", false },
		{ "TO:(user@acme.com>", false },
		{ "TO:<user@[192.0.2.1]x", false },
		{ "TO:<user@a.acme.com>", false },
		{ "TO:<user@xacme.fr>", false },
		{ "TO:<user@acme.com.evil.com>", false },
		{ "TO:<user@acme.fr.evil.com>", false },
		{ "TO:<user@fr>", false },
		{ "TO:<user@com>", false },
		{ "TO:<user@.>", false },
		{ "TO:<user@acme.com..>", false },
		{ "TO:<user@.acme.com>", false },
		{ "TO:<user@>", false },
		{ "TO:<@>", false },
		{ "TO:<user@[192.0.2.2]>", false },
		{ "TO:<user@[192.0.2.1]x>", false },
		{ "TO:<user@[192.0.2.1]@acme.com>", false },
		{ "TO:<user@[192.0.2.1>", false },
		{ "TO:<user@evil[192.0.2.1]>", false },
		{ "TO:<user@evil.com@acme.com>", false },
		{ "TO:<user%evil.com@acme.com>", false },
		{ "TO:<evil.com!user@acme.com>", false },
		{ "TO:<user%evil.com>", false },
		{ "TO:<evil.com!user>", false },
		{ "TO:<\"user@evil.com\"@acme.com>", false },
		{ "TO:<\"user\\@evil.com\"@acme.com>", false },
		{ "TO:<\"user%evil.com\"@acme.com>", false },
		{ "TO:<\"evil.com\\!user\">", false },
		{ "TO:<user\\@evil.com@acme.com>", false },
		{ "TO:<@evil.com:user@acme.com>", false },
		{ "TO:<@acme.com:user@acme.com>", false },
		{ "TO:<@evil.com,@acme.com:user@acme.com>", false },
		{ "TO:<IMCEASMTP-user+40evil+2Ecom@acme.com>", false },
		{ "TO:<imceasmtp-@acme.com>", false },
		{ "TO:<\"IMCEA\\SMTP-user+40evil+2Ecom\"@acme.com>", false },
		{ "TO:<IMCEASMTP-user>", false },
		{ "TO:user@acme.com", false },
		{ "TO:user@evil.com", false },
		{ "TO:<user@acme.com", false },
		{ "TO:<user", false },
		{ "TO:<\"user", false },
		{ "TO:<\"user@acme.com>", false },
		{ "TO:<\"user\\", false },
		{ "TO:<\"user\"x@acme.com>", false },
		{ "TO:<us\"er\"@acme.com>", false },
		{ "TO:<us er@acme.com>", false },
		{ "TO:< user@acme.com>", false },
		{ "TO:<user@acme.com >", false },
		{ "TO:<user@ acme.com>", false },
		{ "TO:<user@acme.com>x", false },
		{ "TO:<user@acme.com>,<user@evil.com>", false },
		{ "TO:<user@acme.com><user@evil.com>", false },
		{ "TO:<user@acme.com>(x)", false },
		{ "TO:<user(x)@acme.com>", false },
		{ "TO:<user@acme.com(x)>", false },
		{ "TO:<<user@acme.com>>", false },
		{ "TO:evil.com<user@acme.com>", false },
		{ "TO:\t<user@acme.com>", false },
		{ "TO :<user@acme.com>", false },
		{ "TO<user@acme.com>", false },
		{ "T:<user@acme.com>", false },
		{ "FROM:<user@acme.com>", false },
		{ "<user@acme.com>", false },
		{ "", false },
		{ "TO", false },
		{ "TO:", false },
	};
	char line[512];
	u32 i;

	for (i = 0; i < ARRAY_SIZE(paths); i++) {
		greeted();
		rules.relay = (struct pn_smtp_relay){ ARRAY_SIZE(relay_at), relay_at, relay_names };
		PASSES(C("MAIL FROM:<x@evil.com>\r\n"));
		snprintf(line, sizeof(line), "RCPT %s\r\n", paths[i].path);
		if (strchr(paths[i].path, '\n'))
			snprintf(line, sizeof(line), "rcpt  %s", paths[i].path);
		say(PN_SMTP_CLIENT, line, strlen(line));
		if (paths[i].ours) {
			CHECK(!whole.reason, "%s: %s", line, whole.text);
			continue;
		}
		CHECK(whole.reason == PN_DROP_SMTP_RELAY, "%s: %s", line, whole.text);
		CHECK(!strncmp(whole.first.reply, "550 5.7.1 ", 10), "%s", whole.text);
		CHECK(!whole.first.at && whole.first.outstanding == 1, "%s", whole.text);
		/* the next one is judged on its own */
		PASSES(C("RCPT TO:<user@acme.com>\r\n"));
		rules.relay.nr = 0;
		say(PN_SMTP_CLIENT, line, strlen(line));
		CHECK(!whole.reason, "%s: %s", line, whole.text);
	}
}

/* Domains of any length, and any number of them. */
static void relay_bounds(void)
{
	static char names[1000 * 12];
	static u32 at[1000];
	char line[600], domain[400];
	u32 i, n = 0;

	for (i = 0; i < 1000; i++) {
		at[i] = n;
		n += sprintf(names + n, "d%03u.net", i) + 1;
	}
	for (i = 0; i < 1000; i++) {
		greeted();
		rules.relay = (struct pn_smtp_relay){ 1 + below(1000), at, names };
		sprintf(line, "RCPT TO:<x@d%03u.net>\r\n", i);
		say(PN_SMTP_CLIENT, line, strlen(line));
		CHECK(!whole.reason == (i < rules.relay.nr), "%u of %u: %s", i, rules.relay.nr,
		      whole.text);
	}
	for (i = 1; i < 300; i++) {
		static const u32 zero;

		greeted();
		memset(domain, 'a', i);
		domain[i] = '\0';
		rules.relay = (struct pn_smtp_relay){ 1, &zero, domain };
		sprintf(line, "RCPT TO:<x@%s>\r\n", domain);
		say(PN_SMTP_CLIENT, line, strlen(line));
		CHECK(!whole.reason == (i <= 255), "%u: %s", i, whole.text);
		/* cut short it would be one of ours */
		domain[min(i, 255U)] = '\0';
		say(PN_SMTP_CLIENT, line, strlen(line));
		CHECK(!whole.reason == (i <= 255), "%u: %s", i, whole.text);
	}
}
