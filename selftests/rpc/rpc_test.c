// SPDX-License-Identifier: GPL-2.0
/*
 * DCE/RPC and the endpoint mapper: what has to work, and what each check refuses. The
 * hazards are those that have bitten shipped parsers. mutants says for most tests
 * which line of the parser it is that they watch.
 *
 * rpc_test [NAME...]
 */
#include "talk.h"

/* of the shim, for test.h: nothing here allocates, or needs chance */
u64 shim_seed;
long shim_live;

static const struct tower drsuapi = {
	.uuid = &DRSUAPI, .major = 4, .port = 49667, .addr = 0x0a000004,
};

static const struct offer windows[3] = {
	{ 0, &EPM, 3, 0, PN_RPC_NDR32 },
	{ 1, &EPM, 3, 0, PN_RPC_NDR64 },
	{ 2, &EPM, 3, 0, PN_RPC_FEATURES },
};

/* ---- the hazards */

/* Two 64-bit Windows: the mapper itself speaks NDR64, in context 1. */
static void hazard_ndr64_only(void)
{
	const u8 results[] = { 0, PN_RPC_NDR64, PN_RPC_FEATURES };

	fresh(true);
	put_bind(&o, PN_RPC_BIND, 1, windows, 3);
	PASSES(client());
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

	fresh(true);
	put_bind(&o, PN_RPC_BIND, 1, windows, 3);
	PASSES(client());
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
	fresh(true);
	put_bind(&o, PN_RPC_BIND, 1, offer, 16);
	PASSES(client());
	put_ack(&o, PN_RPC_BIND_ACK, 1, results, 16);
	PASSES(server());
	put_map_request(&o, 2, 15, &DRSUAPI, 4, 0);
	PASSES(client());
	SAYS("bind 15 epmapper 3.0 ndr32,ndr64,features,other\n");
	SAYS("question 2 map drsuapi");

	fresh(true);
	put_bind(&o, PN_RPC_BIND, 1, offer, 17);
	REFUSED(client(), CONTEXTS);

	/* a connection held to its interface keeps none of them */
	fresh(false);
	put_bind(&o, PN_RPC_BIND, 1, offer, 255);
	PASSES(client());
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
		memset(&other, 0, sizeof(other));
		other.flags = 3;
		put_map_request(&other, 2, 0, &DRSUAPI, 4, 0);
		put_fragments(&o, &other, size);
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
	memset(&other, 0, sizeof(other));
	other.flags = 3;
	put_map_request(&other, 2, 0, &DRSUAPI, 4, 0);
	put_fragments(&a, &other, 100);
	other.n = 0;
	put_map_request(&other, 3, 0, &NSPI, 56, 0);
	put_fragments(&b, &other, 100);
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
			begin_request(&o, 2, 0, PN_EPT_MAP);
			put(&o, 0, 4);
			end_pdu(&o);
			PASSES(client());
		}
		o.flags = i == 1 ? PN_RPC_FIRST : PN_RPC_LAST;
		if (i == 3)
			o.big = true;
		begin_request(&o, 2, 0, i == 2 ? PN_EPT_LOOKUP : PN_EPT_MAP);
		put(&o, 0, 4);
		end_pdu(&o);
		if (i == 1)
			REFUSED(client(), CALL);
		else
			REFUSED(client(), FRAGMENTS);
	}
	for (i = 0; i < 3; i++) {
		PASSES(bound(PN_RPC_NDR32));
		put_map_request(&o, 2, 0, &DRSUAPI, 4, 0);
		PASSES(client());
		o.flags = i ? PN_RPC_FIRST : PN_RPC_LAST;
		begin_response(&o, 2, 0);
		put(&o, 0, 4);
		end_pdu(&o);
		if (i)
			PASSES(server());
		else
			REFUSED(server(), FRAGMENTS);
		if (!i)
			continue;
		o.big = i == 2;
		o.flags = i == 1 ? PN_RPC_FIRST : 0;
		begin_response(&o, 2, 0);
		put(&o, 0, 4);
		end_pdu(&o);
		REFUSED(server(), FRAGMENTS);
	}
}

/* All pointers first, then what they point to, each aligned: NDR32 and NDR64. */
static void hazard_several_towers(void)
{
	const struct tower towers[] = {
		{ .uuid = &DRSUAPI, .major = 4, .port = 49667, .addr = 0x0a000004 },
		{ .uuid = &DRSUAPI, .major = 4, .transport = 0x0f, .more = 13 },
		{ .uuid = &DRSUAPI, .major = 4, .port = 49155, .more = 1 },
		{ .uuid = &DRSUAPI, .major = 4, .port = 50000, .rpc = 0x0a, .transport = 8 },
	};
	u8 syntax;

	for (syntax = PN_RPC_NDR32; syntax <= PN_RPC_NDR64; syntax++) {
		PASSES(bound(syntax));
		o.fill = 0xab;
		put_map_request(&o, 2, 0, &DRSUAPI, 4, 0);
		PASSES(client());
		put_map_response(&o, 2, 0, towers, 4);
		PASSES(server());
		SAYS("answer 2 map drsuapi 4.0 status 0 towers 4 others 2 "
		     "port 49667 10.0.0.4 port 49155\n");
	}
}

/* The real answer of a mapper with two towers in NDR64 is 244 bytes. */
static void hazard_alignment(void)
{
	const struct tower towers[] = { drsuapi, drsuapi };

	PASSES(bound(PN_RPC_NDR64));
	begin_response(&o, 2, 0);
	put_towers(&o, towers, 2);
	CHECK(o.n - o.stub == 244, "%u bytes", o.n - o.stub);
}

/* Padding is anything, and a question may have a verification trailer. */
static void hazard_padding(void)
{
	PASSES(bound(PN_RPC_NDR32));
	o.fill = 0xc3;
	begin_request(&o, 2, 0, PN_EPT_MAP);
	put_map(&o, &DRSUAPI, 4, 0);
	CHECK(o.n - o.stub == 132, "%u bytes", o.n - o.stub);
	put_bytes(&o, "\x8a\xe3\x13\x71\x02\xf4\x36\x71", 8);
	put_fill(&o, 44);
	end_pdu(&o);
	PASSES(client());
	SAYS("question 2 map drsuapi 4.0");

	/* but an answer that goes on was read wrong */
	begin_response(&o, 2, 0);
	put_towers(&o, &drsuapi, 1);
	put(&o, 0, 4);
	end_pdu(&o);
	REFUSED(server(), EPM_NDR);
	SILENT("port 49667");
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
	begin_request(&o, 2, 0, PN_EPT_MAP);
	put_fill(&o, 20);
	end_pdu(&o);
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

	fresh(true);
	put_bind(&o, PN_RPC_BIND, 1, twice, 2);
	REFUSED(client(), CONTEXT);

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
		fresh(true);
		put_bind(&o, PN_RPC_BIND, 1, windows, 3);
		PASSES(client());
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

	fresh(true);
	put_bind(&o, PN_RPC_BIND, 1, windows, 1);
	PASSES(client());
	put_ack(&o, PN_RPC_BIND_ACK, 1, &result, 1);
	REFUSED(server(), RESULT);

	fresh(true);
	put_bind(&o, PN_RPC_BIND, 1, windows, 1);
	PASSES(client());
	result = PN_RPC_NDR32;
	put_ack(&o, PN_RPC_BIND_ACK, 9, &result, 1);
	REFUSED(server(), ORDER);
	fresh(false);
	put_bind(&o, PN_RPC_BIND, 1, windows, 1);
	PASSES(client());
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
	fresh(true);
	put_bind(&o, PN_RPC_BIND, 1, &(struct offer){ 0, &EPM, 3, 0, PN_RPC_OTHER }, 1);
	PASSES(client());
	result = PN_RPC_OTHER;
	put_ack(&o, PN_RPC_BIND_ACK, 1, &result, 1);
	REFUSED(server(), RESULT);
}

/* Counts of the array, and pointers to nothing. */
static void hazard_counts(void)
{
	static const struct {
		u32 nr, room, offset, actual;
		enum pn_rpc_reason reason;
	} arrays[] = {
		{ 1, 4, 0, 1, PN_RPC_OK },
		{ 1, 1, 0, 1, PN_RPC_OK },
		{ 2, 4, 0, 1, PN_RPC_EPM_NDR },
		{ 1, 4, 1, 1, PN_RPC_EPM_NDR },
		{ 1, 0, 0, 1, PN_RPC_EPM_NDR },
		{ 5, 9, 0, 5, PN_RPC_EPM_NDR },
		{ 0x40000001, 0xffffffff, 0, 0x40000001, PN_RPC_EPM_NDR },
	};
	const struct tower nulls[] = { {}, drsuapi, {} };
	u8 octets[256];
	u32 i, j;

	for (i = 0; i < ARRAY_SIZE(arrays); i++) {
		PASSES(bound(i & 1 ? PN_RPC_NDR64 : PN_RPC_NDR32));
		put_map_request(&o, 2, 0, &DRSUAPI, 4, 0);
		PASSES(client());
		begin_response(&o, 2, 0);
		put_handle(&o);
		put_u32(&o, arrays[i].nr);
		put_word(&o, arrays[i].room);
		put_word(&o, arrays[i].offset);
		put_word(&o, arrays[i].actual);
		for (j = 0; j < min(arrays[i].actual, 9U); j++)
			put_word(&o, 3 + j);
		for (j = 0; j < min(arrays[i].actual, 9U); j++)
			put_tower(&o, &drsuapi);
		put_u32(&o, 0);
		end_pdu(&o);
		server();
		CHECK(whole.reason == arrays[i].reason, "array %u: %s", i, whole.text);
	}

	PASSES(bound(PN_RPC_NDR64));
	put_map_request(&o, 2, 0, &DRSUAPI, 4, 0);
	PASSES(client());
	put_map_response(&o, 2, 0, nulls, 3);
	PASSES(server());
	SAYS("towers 1 port 49667 10.0.0.4\n");

	/* 2^32 is not 0 */
	PASSES(bound(PN_RPC_NDR64));
	begin_request(&o, 2, 0, PN_EPT_MAP);
	put_word(&o, 0);
	put_word(&o, 2);
	put_word(&o, 0x100000000ULL + make_tower(octets, &drsuapi));
	put_u32(&o, 75);
	put_bytes(&o, octets, 75);
	put_handle(&o);
	put_u32(&o, 4);
	end_pdu(&o);
	REFUSED(client(), EPM_TOWER);
}

/* Who asks for nothing. */
static void hazard_null_tower(void)
{
	PASSES(bound(PN_RPC_NDR32));
	begin_request(&o, 2, 0, PN_EPT_MAP);
	put_word(&o, 0);
	put_word(&o, 0);
	put_handle(&o);
	put_u32(&o, 4);
	end_pdu(&o);
	REFUSED(client(), EPM_NDR);
}

/* A question with these octets for a tower, said to be so many. */
static enum pn_rpc_reason ask_octets(const u8 *octets, u32 n, u32 room, u32 length)
{
	if (bound(PN_RPC_NDR32))
		return whole.reason;
	begin_request(&o, 2, 0, PN_EPT_MAP);
	put_word(&o, 0);
	put_word(&o, 2);
	put_word(&o, room);
	put_u32(&o, length);
	put_bytes(&o, octets, n);
	put_handle(&o);
	put_u32(&o, 4);
	end_pdu(&o);
	return client();
}

/* Lengths in and of a tower. */
static void hazard_tower_lengths(void)
{
	u8 octets[256] = {};
	u32 n = make_tower(octets, &drsuapi), i;

	CHECK(n == 75, "%u octets", n);
	PASSES(ask_octets(octets, n, n, n));
	REFUSED(ask_octets(octets, n, n + 1, n), EPM_TOWER);
	REFUSED(ask_octets(octets, n, n, n - 1), EPM_TOWER);
	REFUSED(ask_octets(octets, n, 0xffffffff, 0xffffffff), EPM_TOWER);
	REFUSED(ask_octets(octets, n, 0, 0), EPM_TOWER);
	REFUSED(ask_octets(octets, n, 1, 1), EPM_TOWER);
	/* shorter or longer than its floors */
	for (i = 0; i < n; i++)
		REFUSED(ask_octets(octets, i, i, i), EPM_TOWER);
	for (i = n + 1; i < n + 9; i++)
		REFUSED(ask_octets(octets, i, i, i), EPM_TOWER);
	/* more floors, fewer floors, none */
	for (i = 0; i < 9; i++) {
		octets[0] = i;
		if (i == 5)
			PASSES(ask_octets(octets, n, n, n));
		else
			REFUSED(ask_octets(octets, n, n, n), EPM_TOWER);
	}
	REFUSED(ask_octets((const u8[]){ 0, 0 }, 2, 2, 2), EPM_TOWER);
	octets[0] = octets[1] = 0xff;
	REFUSED(ask_octets(octets, n, n, n), EPM_TOWER);
}

/* A floor whose sides are empty, or not what its protocol has. */
static void hazard_tower_floors(void)
{
	static const struct {
		u8 octets[64];
		u8 n;
		const char *says;
	} ends[] = {
		/* floors 3 to 5 */
		{ "\1\0\x0b\2\0\0\0" "\1\0\7\2\0\xc2\3" "\1\0\x9\4\0\x0a\0\0\4", 23,
		  "towers 1 port 49667 10.0.0.4\n" },
		/* no protocol at all */
		{ "\0\0\2\0\0\0" "\1\0\7\2\0\xc2\3" "\1\0\x9\4\0\x0a\0\0\4", 22,
		  "towers 1 others 1\n" },
		{ "\1\0\x0b\2\0\0\0" "\0\0\2\0\xc2\3" "\1\0\x9\4\0\x0a\0\0\4", 22,
		  "towers 1 others 1\n" },
		{ "\1\0\x0b\2\0\0\0" "\1\0\7\2\0\xc2\3" "\0\0\0\0", 18,
		  "towers 1 port 49667\n" },
		/* a port of three octets, of none, an address of three */
		{ "\1\0\x0b\2\0\0\0" "\1\0\7\3\0\xc2\3\0" "\1\0\x9\4\0\x0a\0\0\4", 24,
		  "towers 1 others 1\n" },
		{ "\1\0\x0b\2\0\0\0" "\1\0\7\0\0" "\1\0\x9\4\0\x0a\0\0\4", 21,
		  "towers 1 others 1\n" },
		{ "\1\0\x0b\2\0\0\0" "\1\0\7\2\0\xc2\3" "\1\0\x9\3\0\x0a\0\0", 22,
		  "towers 1 port 49667\n" },
		/* and an address of five */
		{ "\1\0\x0b\2\0\0\0" "\1\0\7\2\0\xc2\3" "\1\0\x9\5\0\x0a\0\0\4\5", 24,
		  "towers 1 port 49667\n" },
		/* protocols of two octets */
		{ "\2\0\x0b\0\2\0\0\0" "\1\0\7\2\0\xc2\3" "\1\0\x9\4\0\x0a\0\0\4", 24,
		  "towers 1 others 1\n" },
		{ "\1\0\x0b\2\0\0\0" "\2\0\7\0\2\0\xc2\3" "\1\0\x9\4\0\x0a\0\0\4", 24,
		  "towers 1 others 1\n" },
	};
	u8 octets[256];
	u32 i;

	for (i = 0; i < ARRAY_SIZE(ends); i++) {
		make_tower(octets, &drsuapi);
		memcpy(octets + 52, ends[i].octets, ends[i].n);
		PASSES(bound(PN_RPC_NDR32));
		put_map_request(&o, 2, 0, &DRSUAPI, 4, 0);
		PASSES(client());
		begin_response(&o, 2, 0);
		put_handle(&o);
		put_array(&o, 4, 1);
		put_word(&o, 3);
		put_octets(&o, octets, 52 + ends[i].n);
		put_u32(&o, 0);
		end_pdu(&o);
		PASSES(server());
		CHECK(said(ends[i].says), "%u: %s", i, whole.text);
	}

	/* floor 1 is no interface */
	make_tower(octets, &drsuapi);
	octets[4] = 0x0c;
	REFUSED(ask_octets(octets, 75, 75, 75), EPM_TOWER);
	REFUSED(ask_octets((const u8[]){ 1, 0, 0, 0, 0, 0 }, 6, 6, 6), EPM_TOWER);
	/* or has an octet too many, on either side */
	make_tower(octets, &drsuapi);
	octets[2] = 20;
	memmove(octets + 24, octets + 23, 52);
	REFUSED(ask_octets(octets, 76, 76, 76), EPM_TOWER);
	make_tower(octets, &drsuapi);
	octets[23] = 3;
	memmove(octets + 28, octets + 27, 48);
	REFUSED(ask_octets(octets, 76, 76, 76), EPM_TOWER);
}

/* The answer names another interface than the question. */
static void hazard_other_interface(void)
{
	struct tower towers[] = { drsuapi, drsuapi };

	PASSES(bound(PN_RPC_NDR32));
	put_map_request(&o, 2, 0, &DRSUAPI, 4, 0);
	PASSES(client());
	towers[1].uuid = &LSARPC;
	put_map_response(&o, 2, 0, towers, 2);
	REFUSED(server(), EPM_OTHER);
	SILENT("port");

	PASSES(bound(PN_RPC_NDR32));
	put_map_request(&o, 2, 0, &DRSUAPI, 4, 0);
	PASSES(client());
	towers[0].major = 3;
	put_map_response(&o, 2, 0, towers, 1);
	REFUSED(server(), EPM_OTHER);
}

/* Answers that nobody asked for, twice, or before the question is out. */
static void hazard_unasked_answer(void)
{
	PASSES(bound(PN_RPC_NDR32));
	put_map_response(&o, 2, 0, &drsuapi, 1);
	REFUSED(server(), CALL);

	PASSES(bound(PN_RPC_NDR32));
	put_map_request(&o, 2, 0, &DRSUAPI, 4, 0);
	PASSES(client());
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
	fresh(true);
	put_bind(&o, PN_RPC_BIND, 1, windows, 1);
	PASSES(client());
	put_map_response(&o, 2, 0, &drsuapi, 1);
	REFUSED(server(), ORDER);
}

/* Ports that are not the mapper's to give. */
static void hazard_ports(void)
{
	static const u16 low[] = { 0, 1, 25, 135, 445, 1023 };
	struct tower t = drsuapi;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(low); i++) {
		PASSES(bound(PN_RPC_NDR32));
		put_map_request(&o, 2, 0, &DRSUAPI, 4, 0);
		PASSES(client());
		t.port = low[i];
		put_map_response(&o, 2, 0, &t, 1);
		PASSES(server());
		SAYS("status 0 towers 1 others 1\n");
	}
	PASSES(bound(PN_RPC_NDR32));
	put_map_request(&o, 2, 0, &DRSUAPI, 4, 0);
	PASSES(client());
	t.port = 1024;
	put_map_response(&o, 2, 0, &t, 1);
	PASSES(server());
	SAYS("port 1024 ");
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

/* ---- what has to work */

static void big_endian(void)
{
	const u8 results[] = { 0, PN_RPC_NDR64, PN_RPC_FEATURES };
	u8 syntax;

	for (syntax = PN_RPC_NDR32; syntax <= PN_RPC_NDR64; syntax++) {
		fresh(true);
		o.big = true;
		put_bind(&o, PN_RPC_BIND, 1, windows, syntax == PN_RPC_NDR32 ? 1 : 3);
		PASSES(client());
		if (syntax == PN_RPC_NDR32)
			put_ack(&o, PN_RPC_BIND_ACK, 1, &syntax, 1);
		else
			put_ack(&o, PN_RPC_BIND_ACK, 1, results, 3);
		PASSES(server());
		o.wide = syntax == PN_RPC_NDR64;
		put_map_request(&o, 0x01020304, o.wide, &DRSUAPI, 4, 0);
		PASSES(client());
		/* and a server that is not */
		o.big = false;
		put_map_response(&o, 0x01020304, o.wide, &drsuapi, 1);
		PASSES(server());
		SAYS("question 16909060 map drsuapi 4.0");
		SAYS("answer 16909060 map drsuapi 4.0 status 0 towers 1 port 49667 10.0.0.4");
	}
}

/* Several calls under way, answered in another order. */
static void multiplexed(void)
{
	struct tower t = drsuapi;
	u32 i;

	PASSES(bound(PN_RPC_NDR32));
	for (i = 0; i < PN_EPM_CALLS; i++)
		put_map_request(&o, 100 + i, 0, i & 1 ? &NSPI : &DRSUAPI, 4, 0);
	PASSES(client());
	for (i = PN_EPM_CALLS; i-- > 0; ) {
		t.uuid = i & 1 ? &NSPI : &DRSUAPI;
		t.port = 50000 + i;
		put_map_response(&o, 100 + i, 0, &t, 1);
	}
	PASSES(server());
	SAYS("answer 103 map f5cc5a18-4264-101a-8c59-08002b2f8426 4.0 status 0 towers 1 port 50003");
	SAYS("answer 100 map drsuapi 4.0 status 0 towers 1 port 50000");
	CHECK(whole.answers == PN_EPM_CALLS, "%u answers", whole.answers);

	for (i = 0; i <= PN_EPM_CALLS; i++)
		put_map_request(&o, 200 + i, 0, &DRSUAPI, 4, 0);
	REFUSED(client(), CALLS);
}

static void decoders_bounded(void)
{
	u32 i;

	PASSES(bound(PN_RPC_NDR32));
	o.flags = PN_RPC_FIRST;
	for (i = 0; i < PN_EPM_DECODERS; i++) {
		begin_request(&o, 2 + i, 0, PN_EPT_MAP);
		put(&o, 0, 4);
		end_pdu(&o);
	}
	PASSES(client());
	begin_request(&o, 2 + i, 0, PN_EPT_MAP);
	put(&o, 0, 4);
	end_pdu(&o);
	REFUSED(client(), FRAGMENTS);
}

static void not_registered(void)
{
	PASSES(bound(PN_RPC_NDR32));
	put_map_request(&o, 2, 0, &DRSUAPI, 4, 0);
	PASSES(client());
	begin_response(&o, 2, 0);
	put_handle(&o);
	put_array(&o, 4, 0);
	put_u32(&o, 0x16c9a0d6);
	end_pdu(&o);
	PASSES(server());
	SAYS("answer 2 map drsuapi 4.0 status 0x16c9a0d6\n");
}

/* What comes with an error opens nothing. */
static void status_and_towers(void)
{
	PASSES(bound(PN_RPC_NDR32));
	put_map_request(&o, 2, 0, &DRSUAPI, 4, 0);
	PASSES(client());
	put_map_response(&o, 2, 0, &drsuapi, 1);
	patch(&o, o.n - 4, 0x6d8, 4);
	PASSES(server());
	SAYS("status 0x6d8 towers 1\n");
}

/* A client that asks for one tower at a time. */
static void entry_handle(void)
{
	u32 at;

	PASSES(bound(PN_RPC_NDR32));
	put_map_request(&o, 2, 0, &DRSUAPI, 4, 0);
	PASSES(client());
	put_map_response(&o, 2, 0, &drsuapi, 1);
	at = o.stub + 7;
	o.b[at] = 0x55;
	PASSES(server());
	SAYS("towers 1 more port 49667");
	begin_request(&o, 3, 0, PN_EPT_FREE);
	put_handle(&o);
	end_pdu(&o);
	PASSES(client());
	begin_response(&o, 3, 0);
	put_handle(&o);
	put_u32(&o, 0);
	end_pdu(&o);
	PASSES(server());
	CHECK(whole.questions == 1 && whole.answers == 1, "%s", whole.text);
	begin_request(&o, 4, 0, PN_EPT_FREE);
	put_fill(&o, 19);
	end_pdu(&o);
	REFUSED(client(), EPM_NDR);
}

/* IPv6: the tower says 0.0.0.0. A minor version of its own is the server's affair. */
static void any_address(void)
{
	const struct tower t = { .uuid = &EMSMDB, .port = 6001 };

	PASSES(bound(PN_RPC_NDR32));
	put_map_request(&o, 2, 0, &EMSMDB, 0, 81);
	PASSES(client());
	put_map_response(&o, 2, 0, &t, 1);
	PASSES(server());
	SAYS("answer 2 map exchange-is 0.81 status 0 towers 1 port 6001\n");
	CHECK(whole.ports == 1, "%u ports", whole.ports);
}

/* More ports than are kept, and the same one on several addresses. */
static void ports_bounded(void)
{
	struct tower towers[12];
	u32 i;

	for (i = 0; i < 12; i++) {
		towers[i] = drsuapi;
		towers[i].port += i / 3;
	}
	PASSES(bound(PN_RPC_NDR32));
	begin_request(&o, 2, 0, PN_EPT_MAP);
	put_map(&o, &DRSUAPI, 4, 0);
	patch(&o, o.n - 4, 500, 4);
	end_pdu(&o);
	PASSES(client());
	begin_response(&o, 2, 0);
	put_towers(&o, towers, 12);
	patch(&o, o.stub + 24, 500, 4);
	end_pdu(&o);
	PASSES(server());
	SAYS("towers 12 port 49667 10.0.0.4 port 49668 10.0.0.4 port 49669 10.0.0.4 "
	     "port 49670 10.0.0.4\n");

	for (i = 0; i < 12; i++)
		towers[i].port = 50000 + i;
	begin_request(&o, 3, 0, PN_EPT_MAP);
	put_map(&o, &DRSUAPI, 4, 0);
	patch(&o, o.n - 4, 500, 4);
	end_pdu(&o);
	PASSES(client());
	begin_response(&o, 3, 0);
	put_towers(&o, towers, 12);
	patch(&o, o.stub + 24, 500, 4);
	end_pdu(&o);
	PASSES(server());
	SAYS("answer 3 map drsuapi 4.0 status 0 towers 12 port 50000");
	CHECK(whole.ports == 4 + PN_EPT_PORTS, "%u ports", whole.ports);
}

static void object_uuid(void)
{
	PASSES(bound(PN_RPC_NDR32));
	o.flags |= PN_RPC_OBJECT;
	put_map_request(&o, 2, 0, &DRSUAPI, 4, 0);
	PASSES(client());
	SAYS("question 2 map drsuapi 4.0");

	PASSES(bound(PN_RPC_NDR32));
	o.flags |= PN_RPC_OBJECT;
	begin_pdu(&o, PN_RPC_REQUEST, 2);
	put_fill(&o, 16);
	end_pdu(&o);
	REFUSED(client(), LENGTH);
}

/* Where the UUID is: the caller may overwrite it there. */
static void replaceable(void)
{
	static struct out sent;
	u8 uuid[16];
	u32 size;

	PASSES(bound(PN_RPC_NDR32));
	o.flags |= PN_RPC_OBJECT;
	put_map_request(&o, 2, 0, &DRSUAPI, 4, 0);
	memcpy(&sent, &o, sizeof(o));
	PASSES(client());
	CHECK(whole.replaceable == 1, "%s", whole.text);
	/* the bind was 72 bytes; little-endian, whatever else */
	memcpy(uuid, sent.b + whole.uuid_at - 72, 16);
	CHECK(!memcmp(uuid, "\x35\x42\x51\xe3\x06\x4b\xd1\x11\xab\x04\x00\xc0\x4f\xc2\xdc\xd2", 16),
	      "%s", whole.text);

	/*
	 * Not if it lies in two fragments (in the stub it begins at 37, and floor 1
	 * ends at 59), nor if it is signed.
	 */
	for (size = 37; size < 132; size++) {
		bool apart = size != 37 && size < 59;

		PASSES(bound(PN_RPC_NDR32));
		memset(&other, 0, sizeof(other));
		other.flags = 3;
		put_map_request(&other, 2, 0, &DRSUAPI, 4, 0);
		put_fragments(&o, &other, size);
		PASSES(client());
		CHECK(whole.replaceable == !apart, "%u: %s", size, whole.text);
	}
	o.level = 5;
	PASSES(bound(PN_RPC_NDR32));
	put_map_request(&o, 2, 0, &DRSUAPI, 4, 0);
	o.level = 0;
	PASSES(client());
	SAYS("question 2 map drsuapi 4.0\n");
	CHECK(!whole.replaceable, "signed");
}

static void blind(void)
{
	PASSES(bound(PN_RPC_NDR32));
	whole.blind = bytewise.blind = true;
	put_map_request(&o, 2, 0, &DRSUAPI, 4, 0);
	PASSES(client());
	put_map_response(&o, 2, 0, &drsuapi, 1);
	PASSES(server());
	SAYS("answer 2 map drsuapi 4.0 status 0 towers 1\n");
	CHECK(!whole.ports, "%u ports", whole.ports);
}

/* Integrity can be read, privacy cannot. */
static void sealed_and_signed(void)
{
	u8 level;

	for (level = 2; level <= 5; level++) {
		o.level = level;
		PASSES(bound(PN_RPC_NDR32));
		put_map_request(&o, 2, 0, &DRSUAPI, 4, 0);
		PASSES(client());
		put_map_response(&o, 2, 0, &drsuapi, 1);
		PASSES(server());
		SAYS("port 49667");
	}
	o.level = 6;
	PASSES(bound(PN_RPC_NDR32));
	begin_request(&o, 2, 0, PN_EPT_MAP);
	put_fill(&o, 77);
	end_pdu(&o);
	PASSES(client());
	begin_response(&o, 2, 0);
	put_fill(&o, 99);
	end_pdu(&o);
	PASSES(server());
	SAYS("question 2 map sealed\nanswer 2 map sealed\n");
	/* in the clear it opens nothing either, if the question was not */
	begin_request(&o, 3, 0, PN_EPT_MAP);
	put_fill(&o, 77);
	end_pdu(&o);
	PASSES(client());
	o.level = 0;
	put_map_response(&o, 3, 0, &drsuapi, 1);
	PASSES(server());
	SAYS("answer 3 map sealed\n");
	/* and a clear question may have a sealed answer */
	put_map_request(&o, 4, 0, &DRSUAPI, 4, 0);
	PASSES(client());
	o.level = 6;
	begin_response(&o, 4, 0);
	put_fill(&o, 20);
	end_pdu(&o);
	PASSES(server());
	SAYS("answer 4 map sealed\n");
	CHECK(!whole.ports, "%s", whole.text);
	/* what the caller says of it */
	whole.sealed_denied = bytewise.sealed_denied = true;
	begin_request(&o, 5, 0, PN_EPT_MAP);
	put_fill(&o, 77);
	end_pdu(&o);
	REFUSED(client(), SEALED);
	o.level = 0;
}

/* Privacy that no bind announced. */
static void sealed_by_surprise(void)
{
	o.level = 5;
	PASSES(bound(PN_RPC_NDR32));
	o.level = 6;
	put_map_request(&o, 2, 0, &DRSUAPI, 4, 0);
	REFUSED(client(), SEALED);

	/* half of a question in the clear, half sealed */
	o.level = 6;
	PASSES(bound(PN_RPC_NDR32));
	o.level = 0;
	o.flags = PN_RPC_FIRST;
	begin_request(&o, 2, 0, PN_EPT_MAP);
	put(&o, 0, 4);
	end_pdu(&o);
	PASSES(client());
	o.level = 6;
	o.flags = PN_RPC_LAST;
	begin_request(&o, 2, 0, PN_EPT_MAP);
	put_fill(&o, 64);
	end_pdu(&o);
	REFUSED(client(), FRAGMENTS);

	/* half of an answer */
	o.level = 6;
	PASSES(bound(PN_RPC_NDR32));
	o.level = 0;
	put_map_request(&o, 2, 0, &DRSUAPI, 4, 0);
	PASSES(client());
	o.flags = PN_RPC_FIRST;
	begin_response(&o, 2, 0);
	put(&o, 0, 4);
	end_pdu(&o);
	PASSES(server());
	o.level = 6;
	o.flags = 0;
	begin_response(&o, 2, 0);
	put(&o, 0, 4);
	end_pdu(&o);
	o.level = 0;
	REFUSED(server(), FRAGMENTS);
}

/* Level 6 can come late: in an alter_context or in an auth3. */
static void sealed_late(void)
{
	const u8 result = PN_RPC_NDR32;

	PASSES(bound(PN_RPC_NDR32));
	o.level = 6;
	put_bind(&o, PN_RPC_ALTER, 2, windows, 1);
	PASSES(client());
	put_ack(&o, PN_RPC_ALTER_ACK, 2, &result, 1);
	PASSES(server());
	begin_request(&o, 3, 0, PN_EPT_LOOKUP);
	put_fill(&o, 5);
	end_pdu(&o);
	PASSES(client());
	SAYS("question 3 lookup sealed\n");

	o.level = 0;
	PASSES(bound(PN_RPC_NDR32));
	o.level = 6;
	begin_pdu(&o, PN_RPC_AUTH3, 1);
	put_fill(&o, 4);
	end_pdu(&o);
	PASSES(client());
	begin_request(&o, 3, 0, PN_EPT_FREE);
	put_fill(&o, 5);
	end_pdu(&o);
	PASSES(client());
	o.level = 0;
	begin_response(&o, 3, 0);
	put_fill(&o, 5);
	end_pdu(&o);
	PASSES(server());
	SILENT("question");
}

/* ---- the other calls of the mapper */

struct entry {
	const struct pn_uuid *uuid;
	u16 major;
	u16 port;
	u8 note;			/* length of its annotation */
};

static void put_lookup(u32 call, u32 inquiry, const struct pn_uuid *uuid, u16 major)
{
	begin_request(&o, call, 0, PN_EPT_LOOKUP);
	put_u32(&o, inquiry);
	put_word(&o, 1);
	put_align(&o, o.stub, 4);
	put_uuid(&o, &NIL);
	put_word(&o, uuid ? 2 : 0);
	if (uuid) {
		put_align(&o, o.stub, 4);
		put_uuid(&o, uuid);
		put(&o, major, 2);
		put(&o, 0, 2);
	}
	put_u32(&o, 1);
	put_handle(&o);
	put_u32(&o, 500);
	end_pdu(&o);
}

static void put_entries(u32 call, const struct entry *e, u32 nr, u32 offset)
{
	u32 i;

	begin_response(&o, call, 0);
	put_handle(&o);
	put_array(&o, 500, nr);
	for (i = 0; i < nr; i++) {
		put_align(&o, o.stub, o.wide ? 8 : 4);
		put_uuid(&o, &LSARPC);
		put_word(&o, e[i].uuid ? 3 + i : 0);
		put_word(&o, offset);
		put_word(&o, e[i].note);
		put_fill(&o, e[i].note);
	}
	for (i = 0; i < nr; i++) {
		const struct tower t = {
			.uuid = e[i].uuid, .major = e[i].major, .port = e[i].port,
		};

		if (e[i].uuid)
			put_tower(&o, &t);
	}
	put_u32(&o, 0);
	end_pdu(&o);
}

static void lookups(void)
{
	const struct entry entries[] = {
		{ &NSPI, 56, 50001, 13 }, { NULL, 0, 0, 0 }, { &LSARPC, 0, 50002, 64 },
		{ &NSPI, 56, 135, 1 }, { &NSPI, 55, 50003, 3 },
	};
	u8 syntax, inquiry;

	for (syntax = PN_RPC_NDR32; syntax <= PN_RPC_NDR64; syntax++) {
		PASSES(bound(syntax));
		o.fill = 0xdd;
		for (inquiry = 0; inquiry <= 4; inquiry++) {
			put_lookup(2 + inquiry, inquiry, &NSPI, 56);
			PASSES(client());
			put_entries(2 + inquiry, entries, 5, 0);
			PASSES(server());
		}
		/* only a lookup by interface names one, and may learn its ports */
		SAYS("question 2 lookup any\nanswer 2 lookup any status 0 towers 4\n");
		SAYS("question 3 lookup exchange-ds 56.0\n"
		     "answer 3 lookup exchange-ds 56.0 status 0 towers 4 others 1 port 50001\n");
		SAYS("question 4 lookup any\nanswer 4 lookup any status 0 towers 4\n");
		SAYS("question 5 lookup exchange-ds 56.0\n"
		     "answer 5 lookup exchange-ds 56.0 status 0 towers 4 others 1 port 50001\n");
		SAYS("question 6 lookup any\n");
		put_lookup(9, 1, NULL, 0);
		PASSES(client());
		SAYS("question 9 lookup any\n");
	}
	put_entries(9, entries, 5, 1);
	REFUSED(server(), EPM_NDR);

	PASSES(bound(PN_RPC_NDR32));
	whole.lookups_denied = bytewise.lookups_denied = true;
	put_lookup(2, 0, NULL, 0);
	REFUSED(client(), EPM_LOOKUP);
}

/* A listing of 300 entries in fragments, as a server sends it; and one without end. */
static void lookup_long(void)
{
	static struct entry entries[500];
	u32 i;

	for (i = 0; i < ARRAY_SIZE(entries); i++)
		entries[i] = (struct entry){ &NSPI, 56, 50000, 64 };
	PASSES(bound(PN_RPC_NDR32));
	put_lookup(2, 1, &NSPI, 56);
	PASSES(client());
	put_entries(2, entries, 300, 0);
	memset(&other, 0, sizeof(other));
	put_fragments(&other, &o, 4000);
	o.n = 0;
	PASSES(say_out(PN_RPC_SERVER, &other));
	SAYS("towers 300 port 50000\n");

	PASSES(bound(PN_RPC_NDR32));
	put_map_request(&o, 2, 0, &DRSUAPI, 4, 0);
	PASSES(client());
	o.flags = PN_RPC_FIRST;
	put_map_response(&o, 2, 0, &drsuapi, 1);
	o.flags = 0;
	for (i = 0; i < 5; i++) {
		begin_response(&o, 2, 0);
		put_fill(&o, 60000);
		end_pdu(&o);
		if (i < 4)
			PASSES(server());
		else
			REFUSED(server(), EPM_NDR);
	}
}

/* Inserting and deleting are not a client's affair; nor are calls without answer. */
static void other_calls(void)
{
	u32 op;

	for (op = 0; op < 10; op++) {
		PASSES(bound(PN_RPC_NDR32));
		begin_request(&o, 2, 0, op);
		put_fill(&o, 20);
		end_pdu(&o);
		if (op < PN_EPT_LOOKUP || op > PN_EPT_FREE)
			REFUSED(client(), EPM_CALL);
		else if (op == PN_EPT_FREE)
			PASSES(client());
		else
			REFUSED(client(), EPM_NDR);
	}
	PASSES(bound(PN_RPC_NDR32));
	o.flags |= PN_RPC_MAYBE;
	put_map_request(&o, 2, 0, &DRSUAPI, 4, 0);
	REFUSED(client(), EPM_CALL);
}

static void faults(void)
{
	PASSES(bound(PN_RPC_NDR32));
	put_map_request(&o, 2, 0, &DRSUAPI, 4, 0);
	PASSES(client());
	put_fault(&o, 2, 5);
	PASSES(server());
	SAYS("answer 2 map drsuapi 4.0 fault 0x5\n");
	put_map_response(&o, 2, 0, &drsuapi, 1);
	REFUSED(server(), CALL);

	/* before the question is out: the rest of it means nothing */
	PASSES(bound(PN_RPC_NDR32));
	o.flags = PN_RPC_FIRST;
	begin_request(&o, 2, 0, PN_EPT_MAP);
	put(&o, 0, 4);
	end_pdu(&o);
	PASSES(client());
	put_fault(&o, 2, 5);
	put_fault(&o, 77, 5);
	PASSES(server());
	o.flags = PN_RPC_LAST;
	begin_request(&o, 2, 0, PN_EPT_MAP);
	put(&o, 0, 4);
	end_pdu(&o);
	PASSES(client());
	o.flags = 3;
	put_map_request(&o, 2, 0, &DRSUAPI, 4, 0);
	PASSES(client());
	SAYS("question 2 map drsuapi");
}

/* The client gives up; the server may not have heard of it. */
static void orphans(void)
{
	u32 i;

	PASSES(bound(PN_RPC_NDR32));
	put_map_request(&o, 2, 0, &DRSUAPI, 4, 0);
	begin_pdu(&o, PN_RPC_CANCEL, 2);
	end_pdu(&o);
	begin_pdu(&o, PN_RPC_ORPHANED, 2);
	end_pdu(&o);
	begin_pdu(&o, PN_RPC_ORPHANED, 77);
	end_pdu(&o);
	PASSES(client());
	put_map_response(&o, 2, 0, &drsuapi, 1);
	PASSES(server());
	SILENT("answer");

	o.flags = PN_RPC_FIRST;
	begin_request(&o, 3, 0, PN_EPT_MAP);
	put(&o, 0, 4);
	end_pdu(&o);
	begin_pdu(&o, PN_RPC_ORPHANED, 3);
	end_pdu(&o);
	o.flags = 3;
	/* their places are given to others */
	for (i = 0; i < PN_EPM_CALLS; i++)
		put_map_request(&o, 10 + i, 0, &DRSUAPI, 4, 0);
	PASSES(client());
	SAYS("question 25 map");
	put_map_response(&o, 3, 0, &drsuapi, 1);
	REFUSED(server(), CALL);
}

/* Other interfaces that the caller lets be bound on a mapper's connection. */
static void other_interfaces(void)
{
	const struct offer offers[] = {
		{ 0, &EPM, 3, 0, PN_RPC_NDR32 }, { 1, &LSARPC, 0, 0, PN_RPC_OTHER },
		{ 2, &EPM, 4, 0, PN_RPC_NDR32 },
	};
	const u8 results[] = { PN_RPC_NDR32, PN_RPC_OTHER, PN_RPC_NDR32 };

	fresh(true);
	put_bind(&o, PN_RPC_BIND, 1, offers, 3);
	PASSES(client());
	put_ack(&o, PN_RPC_BIND_ACK, 1, results, 3);
	PASSES(server());
	begin_request(&o, 2, 1, 77);
	put_fill(&o, 5000);
	end_pdu(&o);
	o.flags |= PN_RPC_MAYBE;
	begin_request(&o, 3, 1, 78);
	put_fill(&o, 50);
	end_pdu(&o);
	o.flags &= ~PN_RPC_MAYBE;
	put_map_request(&o, 4, 2, &DRSUAPI, 4, 0);
	PASSES(client());
	put_map_response(&o, 2, 1, &drsuapi, 1);
	put_map_response(&o, 4, 2, &drsuapi, 1);
	PASSES(server());
	SILENT("question");
	SILENT("answer");
	put_map_response(&o, 3, 1, &drsuapi, 1);
	REFUSED(server(), CALL);

	fresh(true);
	whole.deny_bind = bytewise.deny_bind = &LSARPC;
	put_bind(&o, PN_RPC_BIND, 1, offers, 3);
	REFUSED(client(), INTERFACE);
	SILENT("bind 2");
}

static void bind_nak(void)
{
	const u8 result = PN_RPC_NDR32;

	fresh(true);
	put_bind(&o, PN_RPC_BIND, 1, windows, 1);
	PASSES(client());
	begin_pdu(&o, PN_RPC_BIND_NAK, 1);
	put(&o, 4, 2);
	put(&o, 0, 2);
	end_pdu(&o);
	PASSES(server());
	/* it may try again, with another list */
	put_bind(&o, PN_RPC_BIND, 2, &(struct offer){ 0, &LSARPC, 0, 0, 1 }, 1);
	PASSES(client());
	put_ack(&o, PN_RPC_BIND_ACK, 2, &result, 1);
	PASSES(server());
	begin_pdu(&o, PN_RPC_SHUTDOWN, 0);
	end_pdu(&o);
	PASSES(server());

	fresh(true);
	put_bind(&o, PN_RPC_BIND, 1, windows, 1);
	PASSES(client());
	begin_pdu(&o, PN_RPC_BIND_NAK, 1);
	put(&o, 4, 2);
	put(&o, 0, 2);
	end_pdu(&o);
	begin_pdu(&o, PN_RPC_SHUTDOWN, 0);
	end_pdu(&o);
	REFUSED(server(), SERVER_FIRST);
}

/* An alter_context may be answered by a fault, and one at a time is followed. */
static void alter_context(void)
{
	const struct offer lsa = { 5, &LSARPC, 0, 0, PN_RPC_NDR32 };
	const struct offer nspi = { 5, &NSPI, 56, 0, PN_RPC_NDR32 };

	PASSES(bound(PN_RPC_NDR32));
	put_bind(&o, PN_RPC_ALTER, 2, &lsa, 1);
	PASSES(client());
	put_fault(&o, 2, 5);
	PASSES(server());
	/* so number 5 is free */
	put_bind(&o, PN_RPC_ALTER, 3, &nspi, 1);
	PASSES(client());
	put_bind(&o, PN_RPC_ALTER, 4, &lsa, 1);
	REFUSED(client(), ORDER);

	fresh(true);
	put_bind(&o, PN_RPC_ALTER, 2, windows, 1);
	REFUSED(client(), ORDER);
	fresh(false);
	put_bind(&o, PN_RPC_ALTER, 2, windows, 1);
	REFUSED(client(), ORDER);
}

/* ---- a connection held to its interface */

static void data_connection(void)
{
	const struct offer offers[] = {
		{ 0, &DRSUAPI, 4, 0, PN_RPC_NDR32 }, { 1, &DRSUAPI, 4, 0, PN_RPC_NDR64 },
		{ 2, &LSARPC, 0, 0, PN_RPC_NDR32 },
	};
	const u8 results[] = { PN_RPC_NDR32, 0 };

	fresh(false);
	whole.deny_bind = bytewise.deny_bind = &LSARPC;
	put_bind(&o, PN_RPC_BIND, 1, offers, 2);
	PASSES(client());
	put_ack(&o, PN_RPC_BIND_ACK, 1, results, 2);
	PASSES(server());
	o.level = 6;
	begin_request(&o, 2, 0, 16);
	put_fill(&o, 65000);
	end_pdu(&o);
	PASSES(client());
	begin_response(&o, 2, 0);
	put_fill(&o, 65000);
	end_pdu(&o);
	PASSES(server());
	/* sealed or not, an alter_context is in the clear; the last of them counts */
	put_bind(&o, PN_RPC_ALTER, 3, offers, 3);
	REFUSED(client(), INTERFACE);
	SAYS("alter 2 lsarpc 0.0 ndr32\nrefused rpc-interface client\n");
	o.level = 0;
}

/* Bytes that mean nothing need not be touched. */
static void skipping(void)
{
	const struct offer offer = { 0, &DRSUAPI, 4, 0, PN_RPC_NDR32 };
	struct pn_rpc *rpc = &whole.rpc;

	fresh(false);
	put_bind(&o, PN_RPC_BIND, 1, &offer, 1);
	PASSES(client());
	begin_request(&o, 2, 0, 16);
	put_fill(&o, 976);
	end_pdu(&o);
	recorder_feed(&whole, PN_RPC_CLIENT, o.b, 16);
	CHECK(pn_rpc_skippable(rpc, PN_RPC_CLIENT) == 984, "%u",
	      pn_rpc_skippable(rpc, PN_RPC_CLIENT));
	CHECK(!pn_rpc_skippable(rpc, PN_RPC_SERVER), "nothing came");
	CHECK(!pn_rpc_skip(rpc, PN_RPC_CLIENT, 500), "in part");
	CHECK(!pn_rpc_skip(rpc, PN_RPC_CLIENT, 484), "the rest");
	CHECK(!pn_rpc_skippable(rpc, PN_RPC_CLIENT), "a header comes");
	CHECK(rpc->stream[PN_RPC_CLIENT].at == 72 + 1000, "at %llu",
	      (unsigned long long)rpc->stream[PN_RPC_CLIENT].at);
	recorder_feed(&whole, PN_RPC_CLIENT, o.b, o.n);
	CHECK(!whole.reason, "%s", whole.text);
	CHECK(pn_rpc_skip(rpc, PN_RPC_CLIENT, 1) == PN_RPC_NOT_RPC, "lost");
	CHECK(!pn_rpc_skippable(rpc, PN_RPC_CLIENT), "refused");
}

static void server_first(void)
{
	fresh(false);
	put(&o, 5, 1);
	REFUSED(server(), SERVER_FIRST);
	/* not before the bind is complete */
	fresh(false);
	put_bind(&o, PN_RPC_BIND, 1, windows, 1);
	o.n--;
	PASSES(client());
	put(&o, 5, 1);
	REFUSED(server(), SERVER_FIRST);
}

/* Each at its first wrong byte. */
static void not_rpc(void)
{
	static const struct {
		u8 bytes[7];
		u8 n;
		enum pn_rpc_reason reason;
	} wrong[] = {
		{ "GET ", 1, PN_RPC_NOT_RPC },
		{ { 4 }, 1, PN_RPC_NOT_RPC },
		{ { 5, 2 }, 2, PN_RPC_NOT_RPC },
		{ { 5, 0, 12 }, 3, PN_RPC_TYPE },
		{ { 5, 0, 1 }, 3, PN_RPC_TYPE },
		{ { 5, 0, 20 }, 3, PN_RPC_TYPE },
		{ { 5, 0, 255 }, 3, PN_RPC_TYPE },
		{ { 5, 0, 11, 3, 0x20 }, 5, PN_RPC_NOT_RPC },
		{ { 5, 0, 11, 3, 0x12 }, 5, PN_RPC_NOT_RPC },
		{ { 5, 0, 11, 3, 0x10, 4 }, 6, PN_RPC_NOT_RPC },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		fresh(false);
		if (wrong[i].n > 1) {
			put_bytes(&o, wrong[i].bytes, wrong[i].n - 1);
			PASSES(client());
		}
		put_bytes(&o, wrong[i].bytes + wrong[i].n - 1, 1);
		client();
		CHECK(whole.reason == wrong[i].reason, "%u: %s", i, whole.text);
	}
}

/* What one end may not send. */
static void directions(void)
{
	static const u8 clients[] = { 0, 11, 14, 16, 18, 19 };
	static const u8 servers[] = { 2, 3, 12, 13, 15, 17 };
	u32 i;

	for (i = 0; i < 6; i++) {
		PASSES(bound(PN_RPC_NDR32));
		begin_pdu(&o, servers[i], 1);
		REFUSED(client(), TYPE);
		PASSES(bound(PN_RPC_NDR32));
		begin_pdu(&o, clients[i], 1);
		REFUSED(server(), TYPE);
	}
	/* a server may call back, but not on the mapper's connection; nobody binds back */
	fresh(false);
	put_bind(&o, PN_RPC_BIND, 1, windows, 1);
	PASSES(client());
	put_ack(&o, PN_RPC_BIND_ACK, 1, (u8[]){ 1 }, 1);
	begin_request(&o, 2, 0, 5);
	end_pdu(&o);
	PASSES(server());
	begin_response(&o, 2, 0);
	end_pdu(&o);
	PASSES(client());
	put_bind(&o, PN_RPC_BIND, 1, windows, 1);
	REFUSED(server(), TYPE);
}

/* The lists of a bind and of its answer end where the PDU does. */
static void lists_end(void)
{
	u8 many[64] = {};
	u32 i;

	for (i = 0; i < 2; i++) {
		fresh(i);
		put_bind(&o, PN_RPC_BIND, 1, windows, 1);
		o.b[24] = 2;
		REFUSED(client(), LENGTH);
		fresh(i);
		put_bind(&o, PN_RPC_BIND, 1, windows, 1);
		o.b[30] = 2;
		REFUSED(client(), LENGTH);
		/* with an auth trailer, where that begins */
		fresh(i);
		o.level = 5;
		put_bind(&o, PN_RPC_BIND, 1, windows, 1);
		o.level = 0;
		o.b[30] = 2;
		REFUSED(client(), LENGTH);
	}
	fresh(true);
	put_bind(&o, PN_RPC_BIND, 1, windows, 1);
	PASSES(client());
	put_ack(&o, PN_RPC_BIND_ACK, 1, many, 1);
	patch(&o, 24, 65535, 2);
	REFUSED(server(), LENGTH);
	fresh(true);
	put_bind(&o, PN_RPC_BIND, 1, windows, 1);
	PASSES(client());
	put_ack(&o, PN_RPC_BIND_ACK, 1, many, 1);
	o.b[32] = 2;
	REFUSED(server(), LENGTH);
}

/* A connection that was there before us. */
static void resumed(void)
{
	fresh(false);
	whole.deny_bind = bytewise.deny_bind = &LSARPC;
	begin_request(&o, 7, 0, 3);
	put_fill(&o, 10);
	end_pdu(&o);
	CHECK(pn_rpc_resumes(PN_RPC_CLIENT, o.b, o.n), "a request");
	CHECK(pn_rpc_resumes(PN_RPC_CLIENT, o.b, 16), "its header");
	CHECK(!pn_rpc_resumes(PN_RPC_CLIENT, o.b, 15), "less than a header");
	CHECK(!pn_rpc_resumes(PN_RPC_CLIENT, o.b + 1, o.n - 1), "its middle");
	o.b[6] = 1;
	CHECK(!pn_rpc_resumes(PN_RPC_CLIENT, o.b, o.n), "reserved");
	o.b[6] = 0;
	o.b[8] = 23;
	CHECK(!pn_rpc_resumes(PN_RPC_CLIENT, o.b, o.n), "too short");
	o.b[8] = 34;
	pn_rpc_resume(&whole.rpc);
	pn_rpc_resume(&bytewise.rpc);
	PASSES(client());
	begin_response(&o, 7, 0);
	CHECK(!pn_rpc_resumes(PN_RPC_CLIENT, "\5\0\14\3\20\0\0\0\100\0\0\0\1\0\0\0", 16),
	      "the other direction");
	end_pdu(&o);
	PASSES(server());
	put_ack(&o, PN_RPC_BIND_ACK, 1, (u8[]){ 1 }, 1);
	PASSES(server());
	put_bind(&o, PN_RPC_ALTER, 8, &(struct offer){ 0, &LSARPC, 0, 0, 1 }, 1);
	REFUSED(client(), INTERFACE);

	fresh(false);
	pn_rpc_resume(&whole.rpc);
	pn_rpc_resume(&bytewise.rpc);
	put_bind(&o, PN_RPC_BIND, 8, &(struct offer){ 0, &LSARPC, 0, 0, 1 }, 1);
	PASSES(client());
	SAYS("bind 0 lsarpc");
}

/* ---- the small parts */

static void cursor(void)
{
	static const u8 bytes[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };
	struct pn_cursor c = pn_cursor(bytes, sizeof(bytes), false);

	CHECK(pn_take_u8(&c) == 1 && pn_take_u16(&c) == 0x0302, "little");
	c.big = true;
	CHECK(pn_take_u16(&c) == 0x0405 && pn_take_u32(&c) == 0x06070809, "big");
	CHECK(!c.bad && !c.left, "all");
	CHECK(pn_take_u8(&c) == 0 && c.bad, "beyond");
	c = pn_cursor(bytes, 8, true);
	CHECK(pn_take_u64(&c) == 0x0102030405060708ULL && !c.bad, "u64");
	c = pn_cursor(bytes, 7, true);
	CHECK(pn_take_u64(&c) == 0 && c.bad && c.left == 7, "cut short");
	CHECK(pn_take_u8(&c) == 0 && c.bad, "bad stays bad");
	c = pn_cursor(bytes, 2, true);
	CHECK(!pn_take_bytes(&c, 0xffffffff) && c.bad, "huge");
	CHECK(pn_align(0, 4) == 0 && pn_align(1, 4) == 3 && pn_align(9, 8) == 7, "align");
}

static void catalogue(void)
{
	const struct pn_interface *line;
	static const struct pn_uuid frs = PN_UUID(f5cc59b4, 4264, 101a, 8c59, 08002b2f8426);
	u32 i, j;

	for (i = 0; (line = pn_interface(i)); i++) {
		CHECK(line->name[0] && line->note[0], "line %u", i);
		for (j = 0; j < i; j++)
			CHECK(pn_interface(j)->major != line->major ||
			      !pn_uuid_same(&pn_interface(j)->uuid, &line->uuid),
			      "%s and %s are the same", line->name, pn_interface(j)->name);
		CHECK(pn_interface_find(&line->uuid, line->major) == line, "%s", line->name);
	}
	CHECK(i > 80, "%u lines", i);
	/* one UUID, two interfaces */
	CHECK(!strcmp(pn_interface_find(&frs, 1)->name, "frs"), "1");
	CHECK(!strcmp(pn_interface_find(&frs, 21)->name, "exchange-ds"), "21");
	CHECK(!pn_interface_find(&frs, 2), "2");
}

/* Every reason has a name, and every name one reason. */
static void reasons(void)
{
	u32 i, j;

	for (i = 1; i < PN_RPC_REASONS; i++) {
		CHECK(pn_rpc_reason_name(i)[0], "%u", i);
		for (j = 0; j < i; j++)
			CHECK(strcmp(pn_rpc_reason_name(i), pn_rpc_reason_name(j)), "%u", i);
	}
}

#define TEST(name)	{ #name, name }
static const struct test tests[] = {
	TEST(hazard_ndr64_only),
	TEST(hazard_ndr64_refused),
	TEST(hazard_many_contexts),
	TEST(hazard_flags_zero),
	TEST(hazard_fragments),
	TEST(hazard_fragments_misfit),
	TEST(hazard_several_towers),
	TEST(hazard_alignment),
	TEST(hazard_padding),
	TEST(hazard_auth_underflow),
	TEST(hazard_auth_pad),
	TEST(hazard_auth_pad_between),
	TEST(hazard_context_reuse),
	TEST(hazard_results_short),
	TEST(hazard_results_other),
	TEST(hazard_counts),
	TEST(hazard_null_tower),
	TEST(hazard_tower_lengths),
	TEST(hazard_tower_floors),
	TEST(hazard_other_interface),
	TEST(hazard_unasked_answer),
	TEST(hazard_no_beginning),
	TEST(hazard_ports),
	TEST(hazard_bytes_twice),
	TEST(big_endian),
	TEST(multiplexed),
	TEST(decoders_bounded),
	TEST(not_registered),
	TEST(status_and_towers),
	TEST(entry_handle),
	TEST(any_address),
	TEST(ports_bounded),
	TEST(object_uuid),
	TEST(replaceable),
	TEST(blind),
	TEST(sealed_and_signed),
	TEST(sealed_by_surprise),
	TEST(sealed_late),
	TEST(lookups),
	TEST(lookup_long),
	TEST(other_calls),
	TEST(faults),
	TEST(orphans),
	TEST(other_interfaces),
	TEST(bind_nak),
	TEST(alter_context),
	TEST(data_connection),
	TEST(skipping),
	TEST(server_first),
	TEST(not_rpc),
	TEST(directions),
	TEST(lists_end),
	TEST(resumed),
	TEST(cursor),
	TEST(catalogue),
	TEST(reasons),
};

int main(int argc, char **argv)
{
	struct test chosen[ARRAY_SIZE(tests)];
	u32 i, nr = 0;
	int arg;

	for (i = 0; i < ARRAY_SIZE(tests); i++)
		for (arg = 1; arg == 1 || arg < argc; arg++)
			if (argc == 1 || !strcmp(argv[arg], tests[i].name)) {
				chosen[nr++] = tests[i];
				break;
			}
	if (!nr) {
		printf("no such test\n");
		return 2;
	}
	arg = run_tests(chosen, nr, (char *[]){ argv[0], NULL });
	keep_spoken();
	return arg;
}
