/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A conversation made up for a test. All that is said is fed whole, cut in two at every
 * byte, and byte by byte: that must be the same.
 */
#ifndef TALK_H
#define TALK_H

#include "recorder.h"
#include "test.h"

static struct recorder whole, before, cut;
static struct pn_smtp_rules rules;
static u8 spoken[4096];			/* as a fuzzer's input, see fuzz/pieces.h */
static u32 nr_spoken;

/* With SMTP_SEEDS=DIR, what was said becomes seeds for the fuzzer. */
static inline void keep_spoken(void)
{
	const char *dir = getenv("SMTP_SEEDS");
	static u32 nr;
	char name[256];
	FILE *f;

	if (dir && nr_spoken > 2) {
		snprintf(name, sizeof(name), "%s/said-%u", dir, nr++);
		f = fopen(name, "w");
		assert(f);
		fwrite(spoken, 1, nr_spoken, f);
		fclose(f);
	}
	nr_spoken = 2;
	spoken[0] = 3;
	spoken[1] = 0x1f;
}

static inline void keep_piece(enum pn_smtp_way way, const u8 *bytes, u32 len)
{
	if (nr_spoken + 2 + len > sizeof(spoken))
		return;
	spoken[nr_spoken++] = len >> 8 | way << 7;
	spoken[nr_spoken++] = len;
	memcpy(spoken + nr_spoken, bytes, len);
	nr_spoken += len;
}

static inline void disagree(const char *how, u32 i)
{
	printf("# whole:\n%s# %s at %u:\n%s", whole.text, how, i, cut.text);
	test_failed = true;
}

/* Return: why it was refused, the first time. */
static inline enum pn_reason say(enum pn_smtp_way way, const void *text, u32 len)
{
	const u8 *bytes = text;
	u32 i, step = len > 4096 ? len / 64 : 1;

	keep_piece(way, bytes, len);
	whole.reason = PN_OK;
	recorder_copy(&before, &whole);
	recorder_feed(&whole, way, bytes, len);
	for (i = 1; i < len && !test_failed; i += step) {
		recorder_copy(&cut, &before);
		recorder_feed(&cut, way, bytes, i);
		recorder_feed(&cut, way, bytes + i, len - i);
		if (!recorder_same(&whole, &cut))
			disagree("cut in two", i);
	}
	recorder_copy(&cut, &before);
	for (i = 0; i < len; i++)
		recorder_feed(&cut, way, bytes + i, 1);
	if (!recorder_same(&whole, &cut))
		disagree("byte by byte", i);
	return whole.reason;
}

/* Of a literal, which may have NULs in it. */
#define C(text)		say(PN_SMTP_CLIENT, text, sizeof(text) - 1)
#define S(text)		say(PN_SMTP_SERVER, text, sizeof(text) - 1)

#define PASSES(spoken)							\
	do {								\
		enum pn_reason reason_ = (spoken);			\
									\
		CHECK(!reason_, "%s", whole.text);			\
	} while (0)

/* Refused for @why, with @reply, and nothing from byte @from on may be sent. */
#define REFUSED(spoken, why, from, answer)				\
	do {								\
		enum pn_reason reason_ = (spoken);			\
									\
		CHECK(reason_ == PN_DROP_SMTP_##why, "%s: %s", reason_name(reason_), \
		      whole.text);					\
		CHECK(whole.first.at == (from), "at %u: %s", whole.first.at, whole.text); \
		CHECK(!whole.first.reply || strstr(whole.first.reply, answer), "%s", \
		      whole.text);					\
		CHECK(!whole.first.reply == !(answer)[0], "%s", whole.text); \
	} while (0)

#define OUTSTANDING(n)	CHECK(whole.s.queue.length == (n), "%u", whole.s.queue.length)

/* A new connection; its rules are none. */
static inline void fresh(void)
{
	keep_spoken();
	memset(&rules, 0, sizeof(rules));
	recorder_init(&whole, &rules);
}

static inline void greeted(void)
{
	fresh();
	S("220 mx ESMTP\r\n");
	C("EHLO client\r\n");
	S("250-mx\r\n250-PIPELINING\r\n250-CHUNKING\r\n250 STARTTLS\r\n");
}

/* With a recipient, so that a message may follow. */
static inline void addressed(void)
{
	greeted();
	C("MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n");
	S("250 ok\r\n250 ok\r\n");
}

/* In the text of a message. */
static inline void in_text(void)
{
	addressed();
	C("DATA\r\n");
	S("354 go on\r\n");
}

#endif /* TALK_H */
