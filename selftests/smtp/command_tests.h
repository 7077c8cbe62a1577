/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Command lines: verbs, their ends, and how long they may be. Part of smtp_test.c.
 */

/* Each verb that has a name, as every server might read it. */
static void verbs_denied(void)
{
	static const char *const forms[] = {
		"%s x", "%s\r\n", "%s\n", " \t%s x", "%s\tx", "%s\vx", "%s\fx",
	};
	char line[64], upper[32];
	u32 i, j, k, verb;

	for (verb = 1; verb < PN_VERBS; verb++) {
		for (j = 0; j < 2 * ARRAY_SIZE(forms); j++) {
			const char *name = pn_smtp_verb_name(verb);

			/* without a number it is refused for that */
			if (verb == PN_VERB_BDAT && j / 2 == 2)
				continue;
			for (k = 0; name[k]; k++)
				upper[k] = j & 1 && name[k] >= 'a' ? name[k] - 32 : name[k];
			upper[k] = '\0';
			greeted();
			rules.denied = BIT_ULL(verb);
			snprintf(line, sizeof(line), forms[j / 2], upper);
			k = strlen(line) - (j / 2 != 1 && j / 2 != 2);
			/* no longer than to the end of the verb */
			say(PN_SMTP_CLIENT, line, j / 2 == 1 ? k - 1 : k);
			CHECK(whole.reason == PN_DROP_SMTP_COMMAND, "%s: %s", line, whole.text);
			CHECK(whole.first.verb == verb, "%s: %s", line, whole.text);
			CHECK(!strncmp(whole.first.reply, "502 5.5.1 ", 10), "%s", whole.text);
			greeted();
			rules.denied = ~BIT_ULL(verb);
			say(PN_SMTP_CLIENT, line, k);
			CHECK(whole.reason != PN_DROP_SMTP_COMMAND, "%s: %s", line, whole.text);
		}
	}
	for (i = 0; i < PN_VERBS; i++)
		for (j = 0; j < i; j++)
			CHECK(strcmp(pn_smtp_verb_name(i), pn_smtp_verb_name(j)), "%u", i);
}

/* Refused where they begin, whatever came before; only once. */
static void verb_refused_at(void)
{
	greeted();
	rules.denied = BIT_ULL(PN_VERB_VRFY) | BIT_ULL(PN_VERB_EXPN);
	REFUSED(C("NOOP\r\nMAIL FROM:<>\r\nVRFY root\r\nNOOP\r\n"), COMMAND, 20, "502 5.5.1");
	CHECK(whole.first.outstanding == 2, "%u", whole.first.outstanding);
	OUTSTANDING(4);
	PASSES(S("250 ok\r\n250 ok\r\n252 perhaps\r\n250 ok\r\n"));
	OUTSTANDING(0);
	PASSES(C("VRF"));
	REFUSED(C("Y\n"), COMMAND, 0, "502 5.5.1");
	OUTSTANDING(1);
}

static void verbs_unknown(void)
{
	greeted();
	rules.denied = BIT_ULL(PN_VERB_VRFY);
	PASSES(C("VRF x\r\nVRFYY x\r\nQVRFY x\r\n\r\nVRFY-x\r\nx-link2stateandmore x\r\n"));
	CHECK(whole.s.unknown == 6, "%u", whole.s.unknown);
	OUTSTANDING(6);
	PASSES(C("HELP\r\n"));
	CHECK(whole.s.unknown == 6, "%u", whole.s.unknown);
	rules.denied = BIT_ULL(PN_VERB_UNKNOWN);
	REFUSED(C("HTTP x\r\n"), COMMAND, 0, "500 5.5.2");
	REFUSED(C("\r\n"), COMMAND, 0, "500 5.5.2");
	PASSES(C("HELP\r\n"));
}

static enum pn_reason long_line(const char *begin, u32 length)
{
	static char line[70000];
	u32 n = strlen(begin);

	memset(line, 'x', sizeof(line));
	memcpy(line, begin, n);
	memcpy(line + length - 2, "\r\n", 2);
	return say(PN_SMTP_CLIENT, line, length);
}

static void lines_long(void)
{
	greeted();
	PASSES(long_line("NOOP ", 2048));
	REFUSED(long_line("NOOP ", 2049), LINE, 0, "500 5.5.2 Line");
	OUTSTANDING(2);
	REFUSED(long_line("", 5000), LINE, 0, "500 5.5.2 Line");
	CHECK(whole.first.used == 2049, "%u", whole.first.used);
	CHECK(whole.first.verb == PN_VERB_UNKNOWN, "%s", whole.text);
	PASSES(S("250 ok\r\n250 ok\r\n500 what\r\n"));
	PASSES(long_line("AUTH x ", 12288));
	PASSES(S("535 no\r\n"));
	REFUSED(long_line("AUTH x ", 12289), LINE, 0, "500 5.5.2 Line");
	rules.line = 100;
	PASSES(S("535 no\r\n"));
	PASSES(long_line("NOOP ", 100));
	REFUSED(long_line("NOOP ", 101), LINE, 0, "500 5.5.2 Line");
	REFUSED(long_line("AUTH x ", 101), LINE, 0, "500 5.5.2 Line");
	rules.line = 70000;
	PASSES(S("250 ok\r\n250 ok\r\n535 no\r\n"));
	PASSES(long_line("AUTH x ", 66000));
	REFUSED(long_line("NOOP ", 2049), LINE, 0, "500 5.5.2 Line");
	PASSES(S("535 no\r\n250 ok\r\n"));
	PASSES(C("AUTH x\r\n"));
	PASSES(S("334 \r\n"));
	PASSES(long_line("x", 66000));
}

static void control_bytes(void)
{
	greeted();
	REFUSED(C("NOOP\r\nNOOP a\0b\r\nNOOP\r\n"), CONTROL, 6, "500 5.5.2 NUL");
	CHECK(pn_smtp_opaque(&whole.s), "and nothing more is looked at");
	rules.denied = ~0ULL;
	PASSES(C("VRFY x\r\n"));
	PASSES(S("bla\r\n"));
	greeted();
	REFUSED(C("NOOP\rVRFY x\r\n"), CONTROL, 0, "500 5.5.2 NUL");
	greeted();
	REFUSED(C("NOOP\r\r\n"), CONTROL, 0, "500 5.5.2 NUL");
	greeted();
	REFUSED(C("\0"), CONTROL, 0, "500 5.5.2 NUL");
	/* in an AUTH exchange as well: these are lines too */
	greeted();
	PASSES(C("AUTH LOGIN\r\n"));
	PASSES(S("334 VXNlcm5hbWU6\r\n"));
	REFUSED(C("eA=\r=\r\n"), CONTROL, 0, "500 5.5.2 NUL");
}

/* Who takes LF alone for an end answers; who does not has not read it yet. */
static void bare_lf_commands(void)
{
	greeted();
	PASSES(C("NOOP\n"));
	OUTSTANDING(1);
	PASSES(S("250 ok\r\n"));
	PASSES(C("NOOP\n"));
	REFUSED(C("NOOP\n"), PIPELINE, 0, "554 5.5.1");
	greeted();
	REFUSED(C("NOOP\nDATA\r\n"), PIPELINE, 5, "554 5.5.1");
	addressed();
	REFUSED(C("BDAT 4\nNOOP"), PIPELINE, 7, "554 5.5.1");
	addressed();
	PASSES(C("BDAT 4\n"));
	CHECK(!pn_smtp_skippable(&whole.s, PN_SMTP_CLIENT), "not yet");
	PASSES(S("250 ok\r\n"));
	PASSES(C("NOOPNOOP\r\n"));
	OUTSTANDING(1);
}

static void pipelining(void)
{
	u32 i;

	greeted();
	rules.denied = BIT_ULL(PN_VERB_VRFY);
	PASSES(C("MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nRCPT TO:<e@d>\r\nDATA\r\n"));
	OUTSTANDING(4);
	PASSES(S("250 ok\r\n250 ok\r\n550 no\r\n"));
	REFUSED(C("Subject: x\r\n"), PIPELINE, 0, "554 5.5.1");
	CHECK(whole.first.verb == PN_VERB_DATA && whole.first.outstanding == 1, "%s", whole.text);
	CHECK(pn_smtp_opaque(&whole.s), "either way");
	/* after no, commands again */
	greeted();
	rules.denied = BIT_ULL(PN_VERB_VRFY);
	PASSES(C("DATA\r\n"));
	PASSES(S("503 no\r\n"));
	REFUSED(C("VRFY x\r\n"), COMMAND, 0, "502 5.5.1");
	/* QUIT with the dot */
	in_text();
	PASSES(C("x\r\n.\r\nQUIT\r\n"));
	OUTSTANDING(2);
	PASSES(S("250 ok\r\n221 bye\r\n"));
	OUTSTANDING(0);
	/* the queue goes round */
	fresh();
	PASSES(S("220 mx\r\n"));
	for (i = 0; i < 300; i++) {
		PASSES(C("NOOP\r\nRSET\r\nNOOP\r\n"));
		PASSES(S("250 ok\r\n250 ok\r\n250 ok\r\n"));
	}
	greeted();
	for (i = 0; i < PN_SMTP_QUEUE; i++) {
		PASSES(C("TURN\r\n"));
		PASSES(S("502 no\r\n"));
	}
	PASSES(C("NOOP\r\n"));
	PASSES(S("250 ok\r\n"));
	for (i = 0; i < PN_SMTP_QUEUE; i++)
		PASSES(C("NOOP\r\n"));
	REFUSED(C("NOOP\r\n"), PIPELINE, 0, "554 5.5.1");
}

static void pregreet(void)
{
	fresh();
	PASSES(S("220-mx\r\n"));
	CHECK(!whole.s.pregreet, "not yet");
	PASSES(C("EHLO a\r\n"));
	CHECK(whole.s.pregreet, "it is");
	OUTSTANDING(2);
	PASSES(S("220 mx\r\n250-mx\r\n250 CHUNKING\r\n"));
	CHECK(whole.s.chunking, "the second answer is EHLO's");
	greeted();
	CHECK(!whole.s.pregreet, "waited");
	rules.denied = BIT_ULL(PN_VERB_HELO);
	fresh();
	rules.denied = BIT_ULL(PN_VERB_HELO);
	REFUSED(C("HELO a\r\n"), COMMAND, 0, "502 5.5.1");
}

static void in_command(void)
{
	greeted();
	CHECK(!pn_smtp_in_command(&whole.s), "between two");
	PASSES(C("TURN"));
	CHECK(pn_smtp_in_command(&whole.s), "begun");
	PASSES(C("\r\n"));
	CHECK(!pn_smtp_in_command(&whole.s), "complete");
	in_text();
	PASSES(C("TURN"));
	CHECK(!pn_smtp_in_command(&whole.s), "text");
}
