/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A conversation made up for a test. All that is said is fed twice, to a parser that
 * gets it whole and to one that gets it byte by byte; they must agree.
 */
#ifndef TALK_H
#define TALK_H

#include "build.h"
#include "recorder.h"
#include "test.h"

static struct recorder whole, bytewise;
static struct out o, other;
static u8 spoken[4096];			/* as a fuzzer's input, see fuzz/pieces.h */
static u32 nr_spoken;

/* With RPC_SEEDS=DIR, what was said becomes seeds for the fuzzers. */
static inline void keep_spoken(void)
{
	const char *dir = getenv("RPC_SEEDS");
	static u32 nr;
	char name[256];
	FILE *f;

	if (dir && nr_spoken > 1) {
		snprintf(name, sizeof(name), "%s/%s/said-%u", dir,
			 whole.mapper ? "mapper" : "stream", nr++);
		f = fopen(name, "w");
		assert(f);
		fwrite(spoken, 1, nr_spoken, f);
		fclose(f);
	}
	nr_spoken = 1;
}

static inline void keep_piece(enum pn_rpc_way way, const struct out *from)
{
	if (nr_spoken + 2 + from->n > sizeof(spoken))
		return;
	spoken[nr_spoken++] = from->n >> 8 | way << 7;
	spoken[nr_spoken++] = from->n;
	memcpy(spoken + nr_spoken, from->b, from->n);
	nr_spoken += from->n;
}

static inline void fresh(bool mapper)
{
	keep_spoken();
	memset(&o, 0, offsetof(struct out, pdu) + sizeof(o) - offsetof(struct out, pdu));
	o.flags = PN_RPC_FIRST | PN_RPC_LAST;
	recorder_init(&whole, mapper);
	recorder_init(&bytewise, mapper);
}

/* What is in @from; then it is empty. Return: why it was refused. */
static inline enum pn_rpc_reason say_out(enum pn_rpc_way way, struct out *from)
{
	u32 i;

	keep_piece(way, from);
	recorder_feed(&whole, way, from->b, from->n);
	for (i = 0; i < from->n; i++)
		recorder_feed(&bytewise, way, from->b + i, 1);
	if (whole.reason != bytewise.reason || strcmp(whole.text, bytewise.text)) {
		printf("# whole:\n%s# byte by byte:\n%s", whole.text, bytewise.text);
		test_failed = true;
	}
	from->n = 0;
	return whole.reason;
}

static inline enum pn_rpc_reason say(enum pn_rpc_way way)
{
	return say_out(way, &o);
}

#define client()	say(PN_RPC_CLIENT)
#define server()	say(PN_RPC_SERVER)

static inline bool said(const char *text)
{
	return strstr(whole.text, text);
}

#define SAYS(expected)	CHECK(said(expected), "%s", whole.text)
#define SILENT(words)	CHECK(!said(words), "%s", whole.text)
#define PASSES(spoken)							\
	do {								\
		enum pn_rpc_reason reason_ = (spoken);			\
									\
		CHECK(!reason_, "refused: %s\n%s", pn_rpc_reason_name(reason_), whole.text); \
	} while (0)
#define REFUSED(spoken, why)						\
	do {								\
		enum pn_rpc_reason reason_ = (spoken);			\
									\
		CHECK(reason_ == PN_RPC_##why, "refused: %s\n%s",	\
		      pn_rpc_reason_name(reason_), whole.text);		\
	} while (0)

/* A connection that begins with a bind. Return: why it was refused, as below. */
static inline enum pn_rpc_reason offered(bool mapper, const struct offer *offers, u32 nr)
{
	fresh(mapper);
	put_bind(&o, PN_RPC_BIND, 1, offers, nr);
	return client();
}

/* Bound to the mapper in context 0 with one syntax. */
static inline enum pn_rpc_reason bound(u8 syntax)
{
	const struct offer offer = { 0, &EPM, 3, 0, syntax };
	u8 level = o.level;

	fresh(true);
	o.level = level;
	put_bind(&o, PN_RPC_BIND, 1, &offer, 1);
	client();
	o.level = 0;
	put_ack(&o, PN_RPC_BIND_ACK, 1, &syntax, 1);
	server();
	o.wide = syntax == PN_RPC_NDR64;
	o.level = level;
	return whole.reason;
}

/* Then, in call 2, asked for the ports of one interface. */
static inline enum pn_rpc_reason asked(u8 syntax)
{
	if (bound(syntax))
		return whole.reason;
	put_map_request(&o, 2, 0, &DRSUAPI, 4, 0);
	return client();
}

/* Such a question to @to, by way of @other, in fragments of at most @size bytes of stub. */
static inline void put_map_fragments(struct out *to, u32 size, u32 call,
				     const struct pn_uuid *uuid, u16 major)
{
	memset(&other, 0, sizeof(other));
	other.flags = PN_RPC_FIRST | PN_RPC_LAST;
	put_map_request(&other, call, 0, uuid, major, 0);
	put_fragments(to, &other, size);
}

#endif /* TALK_H */
