/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The text of messages: its end, false ends, and chunks. Part of smtp_test.c.
 */

static void text_ends(void)
{
	in_text();
	rules.denied = ~BIT_ULL(PN_VERB_QUIT);
	PASSES(C("Subject: x\r\n\r\nVRFY root\r\n..\r\n...\r\n.x\r\nx.\r\n\r\n.\r\nQUIT\r\n"));
	OUTSTANDING(2);
	/* at once */
	in_text();
	PASSES(C(".\r\nQUIT\r\n"));
	OUTSTANDING(2);
	/* CR before the CR LF */
	in_text();
	PASSES(C("x\r\r\n.\r\nQUIT\r\n"));
	OUTSTANDING(2);
}

/* Every form that has fooled somebody, and their kin. */
static void smuggling(void)
{
	static const struct {
		const char *text;
		u32 len, from;
	} forms[] = {
#define FORM(text, from) { text, sizeof(text) - 1, from }
		FORM("x\n.\n", 3), FORM("x\n.\r\n", 3), FORM("x\r\n.\n", 4),
		FORM("x\r.\r", 3), FORM("x\r.\n", 3), FORM("x\r.\r\n", 3),
		FORM("x\n.\r", 3), FORM("x\r\n.\r.", 5), FORM("x\r\n.\rx", 5),
		FORM("x\r\n.\r\r\n", 5), FORM("x\r\n\0.\r\n", 5), FORM("x\r\n.\0\r\n", 5),
		FORM("x\r\n.\0\n", 5), FORM("x\r\n.\r\0\n", 5), FORM("x\r\0\n.\r\n", 5),
		FORM("x\r\0.\r\n", 4), FORM("x\n\0.\r\n", 4), FORM("x\n\0\0.\0\0\n", 7),
		FORM("x\r\n\n.\r\n", 5), FORM("x\n\r.\r\n", 4), FORM("\n.\r\n", 2),
		FORM("\0.\r\n", 2), FORM(".\n", 1), FORM(".\rx", 2), FORM("\r.\r\n", 2),
#undef FORM
	};
	char text[64];
	u32 i, j;

	for (i = 0; i < ARRAY_SIZE(forms); i++) {
		in_text();
		REFUSED(say(PN_SMTP_CLIENT, forms[i].text, forms[i].len), SMUGGLING,
			forms[i].from, "554 5.5.2");
		CHECK(whole.first.verb == PN_VERB_DATA, "%s", whole.text);
		CHECK(pn_smtp_opaque(&whole.s), "did the server take it for the end?");
		/* wherever eight bytes begin */
		for (j = 0; j < 24 && forms[i].text[0] == 'x'; j++) {
			memset(text, 'y', sizeof(text));
			memcpy(text + j, forms[i].text, forms[i].len);
			in_text();
			REFUSED(say(PN_SMTP_CLIENT, text, sizeof(text)), SMUGGLING,
				j + forms[i].from, "554 5.5.2");
		}
	}
}

static void bare_lf_text(void)
{
	in_text();
	PASSES(C("a\nb\r\n\nc\n\nd\re\r\nf\n"));
	CHECK(whole.s.bare_lf == 5, "%u", whole.s.bare_lf);
	PASSES(C("..\n.x\n..\r\n\n\0x\r.x\r\n.x\n"));
	CHECK(whole.s.bare_lf == 9, "%u", whole.s.bare_lf);
}

/* What the text says, by the letter: the slow way, over all that was sent. */
static enum pn_smtp_end slow_end(const u8 *text, u32 len, u32 *used, u32 *bare)
{
	static const char begin[] = "\r\n";
	u8 all[256] = "\r\n", plain[256];
	u32 at[256];
	u32 i, n = 0;

	memcpy(all, begin, 2);
	memcpy(all + 2, text, len);
	*bare = 0;
	for (i = 0; i < len + 2; i++) {
		bool line_end, was;

		if (i >= 2 && all[i] == '\n' && all[i - 1] != '\r')
			(*bare)++;
		if (all[i] && n >= 2 && plain[n - 1] == '.') {
			line_end = all[i] == '\r' || all[i] == '\n';
			was = plain[n - 2] == '\r' || plain[n - 2] == '\n';
			if (was && line_end && (all[i] == '\n' || i != at[n - 1] + 1 ||
						at[n - 1] < 2 || all[at[n - 1] - 1] != '\n' ||
						all[at[n - 1] - 2] != '\r')) {
				*used = i - 1;
				return PN_SMTP_FALSE_END;
			}
		}
		/* CR LF . CR, and what then? */
		if (i >= 4 && all[i - 4] == '\r' && all[i - 3] == '\n' && all[i - 2] == '.' &&
		    all[i - 1] == '\r') {
			*used = i - 1;
			return all[i] == '\n' ? PN_SMTP_END : PN_SMTP_FALSE_END;
		}
		if (all[i]) {
			at[n] = i;
			plain[n++] = all[i];
		}
	}
	*used = len;
	return PN_SMTP_TEXT;
}

static const u8 odd_bytes[] = "\r\n.\r\n.\0ab\r\n.\t\xc3\x8d";

static u8 odd_byte(void)
{
	return odd_bytes[below(sizeof(odd_bytes) - 1)];
}

/* Is it read as the slow way does? Where it ends, its memory does. */
static void read_both_ways(const u8 *text, u32 len, u32 *seen)
{
	u32 used, expected, bare = 0, bares;
	enum pn_smtp_end end, want;
	u8 *alone = malloc(len);
	struct pn_smtp_data d;

	memcpy(alone, text, len);
	want = slow_end(text, len, &expected, &bares);
	pn_smtp_data_begin(&d);
	used = pn_smtp_data_read(&d, alone, len, &bare, &end);
	CHECK(end == want && used == expected && bare == bares,
	      "end %u not %u, %u not %u, bare %u not %u", end, want, used, expected, bare,
	      bares);
	seen[end]++;
	free(alone);
}

static void text_random(void)
{
	u32 seen[3] = { };
	u32 i, j;

	for (i = 0; i < 300000; i++) {
		u32 n = 1 + below(40);
		u8 text[64];

		memset(text, 'a', sizeof(text));
		for (j = 0; j < n; j++)
			if (below(4))
				text[j] = odd_byte();
		read_both_ways(text, n, seen);
	}
	CHECK(seen[0] > 1000 && seen[1] > 1000 && seen[2] > 1000, "%u %u %u", seen[0], seen[1],
	      seen[2]);
}

/* Lines of one length, of which a few bytes are others. */
static void text_lines(void)
{
	u32 seen[3] = { };
	u32 i, j;

	for (i = 0; i < 300000; i++) {
		u32 n = 1 + below(240), line = 3 + below(90), at = below(line), others = below(4);
		u8 text[240];

		for (j = 0; j < n; j++, at++)
			text[j] = at % line == line - 2 ? '\r' :
				  at % line == line - 1 ? '\n' : below(200) ? 'a' : 0xc3;
		for (j = 0; j < others; j++) {
			/* near each other, so that they say something */
			at = below(n);
			text[at] = odd_byte();
			text[at + 1 < n ? at + 1 : at] = odd_byte();
			text[at + 2 < n ? at + 2 : at] = odd_byte();
		}
		if (n > 8 && below(2))
			memcpy(text + below(n - 7), below(2) ? "\r\n.\r\n" : "x\n.\r\n", 5);
		read_both_ways(text, n, seen);
	}
	CHECK(seen[0] > 1000 && seen[1] > 1000 && seen[2] > 1000, "%u %u %u", seen[0], seen[1],
	      seen[2]);
}

/* The answer to a message may come before its end: of a server that closes, or reads on. */
static void answered_early(void)
{
	in_text();
	PASSES(C("x\r\n"));
	PASSES(S("552 too much\r\n"));
	PASSES(C("VRFY x\r\n.\r\n"));
	OUTSTANDING(0);
	PASSES(C("QUIT\r\n"));
	PASSES(S("221 bye\r\n"));
	in_text();
	PASSES(S("451 not now\r\n"));
	REFUSED(S("250 ok\r\n"), REPLY, 0, "");
	in_text();
	PASSES(S("552 too much\r\n"));
	REFUSED(S("552 too much\r\n"), REPLY, 0, "");
	in_text();
	REFUSED(S("250 ok\r\n"), REPLY, 0, "");
	/* once for each */
	in_text();
	PASSES(S("552 too much\r\n"));
	PASSES(C(".\r\nDATA\r\n"));
	PASSES(S("354 again\r\n"));
	PASSES(C(".\r\n"));
	OUTSTANDING(1);
}

static void chunks(void)
{
	addressed();
	rules.denied = BIT_ULL(PN_VERB_VRFY);
	PASSES(C("BDAT 12\r\nVRFY root\r\n.BDAT 0\r\nBDAT 3 LAST\r\n.\r\nQUIT\r\n"));
	OUTSTANDING(4);
	PASSES(S("250 ok\r\n250 ok\r\n250 ok\r\n221 bye\r\n"));
	/* refused, and the bytes follow all the same */
	addressed();
	PASSES(C("BDAT 6\r\n"));
	PASSES(S("552 no\r\n"));
	CHECK(pn_smtp_skippable(&whole.s, PN_SMTP_CLIENT) == 6, "6");
	CHECK(!pn_smtp_skippable(&whole.s, PN_SMTP_SERVER), "0");
	pn_smtp_skip(&whole.s, PN_SMTP_CLIENT, 4);
	PASSES(C("\r\nNOOP\r\n"));
	OUTSTANDING(1);
	addressed();
	PASSES(C("bdat 00000000000000000002 last\r\n\0\rNOOP\r\n"));
	OUTSTANDING(2);
	addressed();
	PASSES(C("BDAT 2147483647\r\n"));
	CHECK(pn_smtp_skippable(&whole.s, PN_SMTP_CLIENT) == 2147483647, "all");
	pn_smtp_skip(&whole.s, PN_SMTP_CLIENT, 2147483647);
	PASSES(C("NOOP\r\n"));
	OUTSTANDING(2);
}

static void chunks_odd(void)
{
	static const char *const lines[] = {
		"BDAT\r\n", "BDAT \r\n", "BDAT x\r\n", "BDAT -1\r\n", "BDAT +1\r\n",
		"BDAT 0x1\r\n", "BDAT 1x\r\n", "BDAT  1\r\n", " BDAT 1\r\n", "BDAT\t1\r\n",
		"BDAT 1 \r\n", "BDAT 1  LAST\r\n", "BDAT 1 LAS\r\n", "BDAT 1 LASTS\r\n",
		"BDAT 1 LAST \r\n", "BDAT 1\tLAST\r\n", "BDAT LAST\r\n", "BDAT 1 FIRST\r\n",
		"BDAT 2147483648\r\n", "BDAT 4294967297\r\n", "BDAT 18446744073709551617\r\n",
		"BDAT 000000000000000000001\r\n", "BDAT 1LAST\r\n", "BDAT 1 2\r\n",
		"BDAT 2147483648 LAST\r\n", "BDAT 1\vLAST\r\n",
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(lines); i++) {
		addressed();
		REFUSED(say(PN_SMTP_CLIENT, lines[i], strlen(lines[i])), CHUNK, 0, "554 5.5.1");
	}
	/* not of a transaction */
	greeted();
	REFUSED(C("BDAT 1\r\n"), CHUNK, 0, "554 5.5.1");
	addressed();
	PASSES(C("BDAT 1 LAST\r\nx"));
	REFUSED(C("BDAT 1\r\n"), CHUNK, 0, "554 5.5.1");
	in_text();
	PASSES(C(".\r\n"));
	REFUSED(C("BDAT 1\r\n"), CHUNK, 0, "554 5.5.1");
	addressed();
	PASSES(C("RSET\r\n"));
	REFUSED(C("BDAT 1\r\n"), CHUNK, 0, "554 5.5.1");
}

/* A server that has not announced it reads the chunk as commands. */
static void chunking_announced(void)
{
	static const struct {
		const char *reply;
		bool yes;
	} replies[] = {
		{ "250-mx\r\n250 CHUNKING\r\n", true },
		{ "250-mx\r\n250-chunking\r\n250 x\r\n", true },
		{ "250-mx\n250 Chunking x\n", true },
		{ "250-mx\r\n250 CHUNKIN\r\n", false },
		{ "250-mx\r\n250 CHUNKINGS\r\n", false },
		{ "250-mx\r\n250 XCHUNKING\r\n", false },
		{ "250-mx\r\n250 SIZE CHUNKING\r\n", false },
		{ "250-mx\r\n250 CHUNKI CHUNKING\r\n", false },
		{ "250 CHUNKING\r\n", false },
		{ "250-CHUNKING\r\n250 x\r\n", false },
		{ "500-mx\r\n500 CHUNKING\r\n", false },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(replies); i++) {
		fresh();
		PASSES(S("220-CHUNKING\r\n220 CHUNKING\r\n"));
		PASSES(C("EHLO x\r\n"));
		PASSES(say(PN_SMTP_SERVER, replies[i].reply, strlen(replies[i].reply)));
		PASSES(C("MAIL FROM:<>\r\n"));
		C("BDAT 1\r\n");
		CHECK(whole.reason == (replies[i].yes ? PN_OK : PN_DROP_SMTP_CHUNK), "%s: %s",
		      replies[i].reply, whole.text);
	}
	/* not any more, or not yet */
	addressed();
	PASSES(C("HELO x\r\nMAIL FROM:<>\r\n"));
	REFUSED(C("BDAT 1\r\n"), CHUNK, 0, "554 5.5.1");
	addressed();
	PASSES(C("EHLO x\r\nMAIL FROM:<>\r\n"));
	REFUSED(C("BDAT 1\r\n"), CHUNK, 0, "554 5.5.1");
	addressed();
	PASSES(C("RSET\r\nNOOP\r\n"));
	PASSES(S("250-ok\r\n250 CHUNKING\r\n250-ok\r\n250 x\r\n"));
	CHECK(whole.s.chunking, "of EHLO only");
}
