/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Hazards of conversations: binds, contexts, fragments, trailers, order. Part of rpc_test.c.
 */

/* Two 64-bit Windows: the mapper itself speaks NDR64, in context 1. */
static void hazard_ndr64_only(void)
{
	const u8 results[] = { 0, PN_RPC_NDR64, PN_RPC_FEATURES };

	PASSES(offered(true, windows, 3));
	put_ack(&o, PN_RPC_BIND_ACK, 1, results, 3);
	PASSES(server());
	o.wide = true;
	put_map_request(&o, 2, 1, &DRSUAPI, 4, 0);
	CHECK(o.n == 24 + 144, "%u bytes", o.n);
	PASSES(client());
	put_map_response(&o, 2, 1, &drsuapi, 1);
	PASSES(server());
	SAYS("answer 2 map drsuapi 4.0 status 0 towers 1 port 49667 10.0.0.4\n");
	/* the one that was refused cannot be used */
	put_map_request(&o, 3, 0, &DRSUAPI, 4, 0);
	REFUSED(client(), CONTEXT);
}

/* The server's choice decides, not what was offered, nor what fits. */
static void hazard_ndr64_refused(void)
{
	const u8 results[] = { PN_RPC_NDR32, 0, PN_RPC_FEATURES };

	PASSES(offered(true, windows, 3));
	put_ack(&o, PN_RPC_BIND_ACK, 1, results, 3);
	PASSES(server());
	put_map_request(&o, 2, 0, &DRSUAPI, 4, 0);
	PASSES(client());
	SAYS("question 2 map drsuapi 4.0");
	o.wide = true;
	put_map_response(&o, 2, 0, &drsuapi, 1);
	REFUSED(server(), EPM_NDR);
}

/* Many contexts, many syntaxes in each, some unknown. */
static void hazard_many_contexts(void)
{
	struct offer offer[255];
	u8 results[255] = {};
	u32 i;

	for (i = 0; i < 255; i++)
		offer[i] = (struct offer){ i, &EPM, 3, 0, 15 };
	results[15] = PN_RPC_NDR32;
	PASSES(offered(true, offer, 16));
	put_ack(&o, PN_RPC_BIND_ACK, 1, results, 16);
	PASSES(server());
	put_map_request(&o, 2, 15, &DRSUAPI, 4, 0);
	PASSES(client());
	SAYS("bind 15 epmapper 3.0 ndr32,ndr64,features,other\n");
	SAYS("question 2 map drsuapi");

	REFUSED(offered(true, offer, 17), CONTEXTS);

	/* a connection held to its interface keeps none of them */
	PASSES(offered(false, offer, 255));
	SAYS("bind 254 epmapper");
}

/* NT4 and Windows 9x: neither FIRST nor LAST. */
static void hazard_flags_zero(void)
{
	const u8 result = PN_RPC_NDR32;

	fresh(true);
	o.flags = 0;
	put_bind(&o, PN_RPC_BIND, 1, windows, 1);
	PASSES(client());
	put_ack(&o, PN_RPC_BIND_ACK, 1, &result, 1);
	PASSES(server());
	put_map_request(&o, 2, 0, &DRSUAPI, 4, 0);
	PASSES(client());
	put_map_response(&o, 2, 0, &drsuapi, 1);
	PASSES(server());
	SAYS("answer 2 map drsuapi 4.0 status 0 towers 1 port 49667");
	put_map_request(&o, 3, 0, &DRSUAPI, 4, 0);
	PASSES(client());
	SAYS("question 3 map drsuapi");
}

/* Calls in fragments of any size, in both directions, also of several calls mixed. */
static void hazard_fragments(void)
{
	static struct out a, b;
	u32 size;

	for (size = 1; size < 140; size++) {
		PASSES(bound(PN_RPC_NDR32));
		put_map_fragments(&o, size, 2, &DRSUAPI, 4);
		PASSES(client());
		other.n = 0;
		put_map_response(&other, 2, 0, &drsuapi, 1);
		put_fragments(&o, &other, size);
		PASSES(server());
		SAYS("answer 2 map drsuapi 4.0 status 0 towers 1 port 49667 10.0.0.4\n");
	}

	PASSES(bound(PN_RPC_NDR32));
	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
	put_map_fragments(&a, 100, 2, &DRSUAPI, 4);
	put_map_fragments(&b, 100, 3, &NSPI, 56);
	put_bytes(&o, a.b, 124);
	put_bytes(&o, b.b, 124);
	put_bytes(&o, a.b + 124, a.n - 124);
	put_bytes(&o, b.b + 124, b.n - 124);
	PASSES(client());
	put_map_response(&o, 2, 0, &drsuapi, 1);
	PASSES(server());
	SAYS("question 2 map drsuapi 4.0");
	SAYS("question 3 map exchange-ds 56.0");
	SAYS("port 49667 10.0.0.4\n");
}

/* Fragments that do not fit: of no call, begun twice, of another kind of call. */
static void hazard_fragments_misfit(void)
{
	u32 i;

	for (i = 0; i < 4; i++) {
		PASSES(bound(PN_RPC_NDR32));
		if (i) {
			o.flags = PN_RPC_FIRST;
			put_request(&o, 2, 0, PN_EPT_MAP, 4);
			PASSES(client());
		}
		o.flags = i == 1 ? PN_RPC_FIRST : PN_RPC_LAST;
		if (i == 3)
			o.big = true;
		put_request(&o, 2, 0, i == 2 ? PN_EPT_LOOKUP : PN_EPT_MAP, 4);
		if (i == 1)
			REFUSED(client(), CALL);
		else
			REFUSED(client(), FRAGMENTS);
	}
	for (i = 0; i < 3; i++) {
		PASSES(asked(PN_RPC_NDR32));
		o.flags = i ? PN_RPC_FIRST : PN_RPC_LAST;
		put_response(&o, 2, 0, 4);
		if (i)
			PASSES(server());
		else
			REFUSED(server(), FRAGMENTS);
		if (!i)
			continue;
		o.big = i == 2;
		o.flags = i == 1 ? PN_RPC_FIRST : 0;
		put_response(&o, 2, 0, 4);
		REFUSED(server(), FRAGMENTS);
	}
}

/* Lengths of PDU and auth trailer that contradict each other. */
static void hazard_auth_underflow(void)
{
	static const struct {
		u16 length, auth;
	} wrong[] = {
		{ 24, 1 }, { 32, 1 }, { 24, 65535 }, { 0, 0 }, { 15, 0 }, { 23, 0 },
		{ 40, 9 }, { 65535, 65535 }, { 65535, 65504 },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		PASSES(bound(PN_RPC_NDR32));
		begin_request(&o, 2, 0, PN_EPT_MAP);
		put_fill(&o, 100);
		patch(&o, 8, wrong[i].length, 2);
		patch(&o, 10, wrong[i].auth, 2);
		REFUSED(client(), LENGTH);
	}
}

/* Padding of the trailer is no part of the stub, however much of it there is. */
static void hazard_auth_pad(void)
{
	o.level = 5;
	PASSES(bound(PN_RPC_NDR32));
	o.pad = 12;
	put_map_request(&o, 2, 0, &DRSUAPI, 4, 0);
	PASSES(client());
	put_map_response(&o, 2, 0, &drsuapi, 1);
	PASSES(server());
	SAYS("port 49667");

	/* the last bytes of the arguments are called padding */
	put_map_request(&o, 3, 0, &DRSUAPI, 4, 0);
	o.b[o.n - 24 + 2] = 13;
	REFUSED(client(), EPM_NDR);

	o.level = 5;
	PASSES(bound(PN_RPC_NDR32));
	put_map_request(&o, 2, 0, &DRSUAPI, 4, 0);
	o.b[o.n - 24 + 2] = 255;
	REFUSED(client(), EPM_NDR);
	o.level = 0;
}

/* Padding in the middle of a call cannot be told from stub before it is read. */
static void hazard_auth_pad_between(void)
{
	o.level = 5;
	PASSES(bound(PN_RPC_NDR32));
	o.flags = PN_RPC_FIRST;
	o.pad = 4;
	o.fill = 1;
	put_request(&o, 2, 0, PN_EPT_MAP, 20);
	o.level = 0;
	REFUSED(client(), FRAGMENTS);
}

/* Context numbers used again, and lists of results that do not match. */
static void hazard_context_reuse(void)
{
	const struct offer twice[] = { windows[0], windows[0] };
	const struct offer another = { 0, &LSARPC, 0, 0, PN_RPC_NDR32 };
	const struct offer version = { 0, &EPM, 3, 1, PN_RPC_NDR32 };
	const struct offer wide = { 0, &EPM, 3, 0, PN_RPC_NDR64 };
	const u8 ndr64 = PN_RPC_NDR64;

	REFUSED(offered(true, twice, 2), CONTEXT);

	PASSES(bound(PN_RPC_NDR32));
	put_bind(&o, PN_RPC_ALTER, 2, &another, 1);
	REFUSED(client(), CONTEXT);
	PASSES(bound(PN_RPC_NDR32));
	put_bind(&o, PN_RPC_ALTER, 2, &version, 1);
	REFUSED(client(), CONTEXT);

	/* as a client does that goes on with its authentication */
	PASSES(bound(PN_RPC_NDR32));
	put_bind(&o, PN_RPC_ALTER, 2, windows, 1);
	PASSES(client());
	put_ack(&o, PN_RPC_ALTER_ACK, 2, (u8[]){ PN_RPC_NDR32 }, 1);
	PASSES(server());
	SAYS("alter 0 epmapper 3.0 ndr32\n");

	put_bind(&o, PN_RPC_ALTER, 3, &wide, 1);
	PASSES(client());
	put_ack(&o, PN_RPC_ALTER_ACK, 3, &ndr64, 1);
	REFUSED(server(), CONTEXT);
}

static void hazard_results_short(void)
{
	const u8 results[255] = { PN_RPC_NDR32 };
	u32 nr;

	for (nr = 0; nr < 256; nr += nr < 5 ? 1 : 125) {
		PASSES(offered(true, windows, 3));
		put_ack(&o, PN_RPC_BIND_ACK, 1, results, nr);
		if (nr == 3)
			PASSES(server());
		else
			REFUSED(server(), RESULT);
	}
}

/* An answer to another bind, or with a syntax that nobody offered. */
static void hazard_results_other(void)
{
	u8 result = PN_RPC_NDR64;

	PASSES(offered(true, windows, 1));
	put_ack(&o, PN_RPC_BIND_ACK, 1, &result, 1);
	REFUSED(server(), RESULT);

	PASSES(offered(true, windows, 1));
	result = PN_RPC_NDR32;
	put_ack(&o, PN_RPC_BIND_ACK, 9, &result, 1);
	REFUSED(server(), ORDER);
	PASSES(offered(false, windows, 1));
	put_ack(&o, PN_RPC_BIND_ACK, 9, &result, 1);
	REFUSED(server(), ORDER);

	PASSES(bound(PN_RPC_NDR32));
	put_bind(&o, PN_RPC_ALTER, 2, windows, 1);
	PASSES(client());
	put_ack(&o, PN_RPC_ALTER_ACK, 1, &result, 1);
	REFUSED(server(), ORDER);

	PASSES(bound(PN_RPC_NDR32));
	put_ack(&o, PN_RPC_ALTER_ACK, 1, &result, 1);
	REFUSED(server(), ORDER);

	/* the mapper in a syntax that we cannot read */
	PASSES(offered(true, &(struct offer){ 0, &EPM, 3, 0, PN_RPC_OTHER }, 1));
	result = PN_RPC_OTHER;
	put_ack(&o, PN_RPC_BIND_ACK, 1, &result, 1);
	REFUSED(server(), RESULT);
}

/* Answers that nobody asked for, twice, or before the question is out. */
static void hazard_unasked_answer(void)
{
	PASSES(bound(PN_RPC_NDR32));
	put_map_response(&o, 2, 0, &drsuapi, 1);
	REFUSED(server(), CALL);

	PASSES(asked(PN_RPC_NDR32));
	put_map_response(&o, 2, 0, &drsuapi, 1);
	PASSES(server());
	put_map_response(&o, 2, 0, &drsuapi, 1);
	REFUSED(server(), CALL);

	PASSES(bound(PN_RPC_NDR32));
	put_map_request(&o, 2, 0, &DRSUAPI, 4, 0);
	o.n -= 1;
	PASSES(client());
	put_map_response(&o, 2, 0, &drsuapi, 1);
	REFUSED(server(), CALL);
	SILENT("port");
}

/* From the middle of a connection a mapper's conversation is not followed. */
static void hazard_no_beginning(void)
{
	fresh(true);
	put_map_request(&o, 2, 0, &DRSUAPI, 4, 0);
	REFUSED(client(), ORDER);
	fresh(true);
	put_map_response(&o, 2, 0, &drsuapi, 1);
	REFUSED(server(), SERVER_FIRST);

	/* nor before the server has said in which syntax */
	fresh(true);
	put_bind(&o, PN_RPC_BIND, 1, windows, 1);
	put_map_request(&o, 2, 0, &DRSUAPI, 4, 0);
	REFUSED(client(), CONTEXT);
	PASSES(offered(true, windows, 1));
	put_map_response(&o, 2, 0, &drsuapi, 1);
	REFUSED(server(), ORDER);
}

/* Bytes that come twice, as a retransmission would that nobody has taken out. */
static void hazard_bytes_twice(void)
{
	const u8 result = PN_RPC_NDR32;

	fresh(true);
	put_bind(&o, PN_RPC_BIND, 1, windows, 1);
	put_bind(&o, PN_RPC_BIND, 1, windows, 1);
	REFUSED(client(), ORDER);

	PASSES(bound(PN_RPC_NDR32));
	put_ack(&o, PN_RPC_BIND_ACK, 1, &result, 1);
	REFUSED(server(), ORDER);
	PASSES(bound(PN_RPC_NDR32));
	put_bind(&o, PN_RPC_BIND, 1, windows, 1);
	REFUSED(client(), ORDER);

	PASSES(bound(PN_RPC_NDR32));
	put_map_request(&o, 2, 0, &DRSUAPI, 4, 0);
	put_map_request(&o, 2, 0, &LSARPC, 0, 0);
	REFUSED(client(), CALL);
	/* and what is refused stays so */
	put_map_request(&o, 3, 0, &DRSUAPI, 4, 0);
	REFUSED(client(), CALL);
	SILENT("question 3");
}
