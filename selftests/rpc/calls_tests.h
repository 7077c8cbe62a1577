/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Calls of other kinds, sealed ones, and how calls end. Part of rpc_test.c.
 */

/* Integrity can be read, privacy cannot. */
static void sealed_and_signed(void)
{
	u8 level;

	for (level = 2; level <= 5; level++) {
		o.level = level;
		PASSES(asked(PN_RPC_NDR32));
		put_map_response(&o, 2, 0, &drsuapi, 1);
		PASSES(server());
		SAYS("port 49667");
	}
	o.level = 6;
	PASSES(bound(PN_RPC_NDR32));
	put_request(&o, 2, 0, PN_EPT_MAP, 77);
	PASSES(client());
	put_response(&o, 2, 0, 99);
	PASSES(server());
	SAYS("question 2 map sealed\nanswer 2 map sealed\n");
	/* in the clear it opens nothing either, if the question was not */
	put_request(&o, 3, 0, PN_EPT_MAP, 77);
	PASSES(client());
	o.level = 0;
	put_map_response(&o, 3, 0, &drsuapi, 1);
	PASSES(server());
	SAYS("answer 3 map sealed\n");
	/* and a clear question may have a sealed answer */
	put_map_request(&o, 4, 0, &DRSUAPI, 4, 0);
	PASSES(client());
	o.level = 6;
	put_response(&o, 4, 0, 20);
	PASSES(server());
	SAYS("answer 4 map sealed\n");
	CHECK(!whole.ports, "%s", whole.text);
	/* what the caller says of it */
	whole.sealed_denied = bytewise.sealed_denied = true;
	put_request(&o, 5, 0, PN_EPT_MAP, 77);
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
	put_request(&o, 2, 0, PN_EPT_MAP, 4);
	PASSES(client());
	o.level = 6;
	o.flags = PN_RPC_LAST;
	put_request(&o, 2, 0, PN_EPT_MAP, 64);
	REFUSED(client(), FRAGMENTS);

	/* half of an answer */
	o.level = 6;
	PASSES(bound(PN_RPC_NDR32));
	o.level = 0;
	put_map_request(&o, 2, 0, &DRSUAPI, 4, 0);
	PASSES(client());
	o.flags = PN_RPC_FIRST;
	put_response(&o, 2, 0, 4);
	PASSES(server());
	o.level = 6;
	o.flags = 0;
	put_response(&o, 2, 0, 4);
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
	put_request(&o, 3, 0, PN_EPT_LOOKUP, 5);
	PASSES(client());
	SAYS("question 3 lookup sealed\n");

	o.level = 0;
	PASSES(bound(PN_RPC_NDR32));
	o.level = 6;
	begin_pdu(&o, PN_RPC_AUTH3, 1);
	put_fill(&o, 4);
	end_pdu(&o);
	PASSES(client());
	put_request(&o, 3, 0, PN_EPT_FREE, 5);
	PASSES(client());
	o.level = 0;
	put_response(&o, 3, 0, 5);
	PASSES(server());
	SILENT("question");
}

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

	PASSES(asked(PN_RPC_NDR32));
	o.flags = PN_RPC_FIRST;
	put_map_response(&o, 2, 0, &drsuapi, 1);
	o.flags = 0;
	for (i = 0; i < 5; i++) {
		put_response(&o, 2, 0, 60000);
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
		put_request(&o, 2, 0, op, 20);
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
	PASSES(asked(PN_RPC_NDR32));
	put_fault(&o, 2, 5);
	PASSES(server());
	SAYS("answer 2 map drsuapi 4.0 fault 0x5\n");
	put_map_response(&o, 2, 0, &drsuapi, 1);
	REFUSED(server(), CALL);

	/* before the question is out: the rest of it means nothing */
	PASSES(bound(PN_RPC_NDR32));
	o.flags = PN_RPC_FIRST;
	put_request(&o, 2, 0, PN_EPT_MAP, 4);
	PASSES(client());
	put_fault(&o, 2, 5);
	put_fault(&o, 77, 5);
	PASSES(server());
	o.flags = PN_RPC_LAST;
	put_request(&o, 2, 0, PN_EPT_MAP, 4);
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
	put_empty(&o, PN_RPC_CANCEL, 2);
	put_empty(&o, PN_RPC_ORPHANED, 2);
	put_empty(&o, PN_RPC_ORPHANED, 77);
	PASSES(client());
	put_map_response(&o, 2, 0, &drsuapi, 1);
	PASSES(server());
	SILENT("answer");

	o.flags = PN_RPC_FIRST;
	put_request(&o, 3, 0, PN_EPT_MAP, 4);
	put_empty(&o, PN_RPC_ORPHANED, 3);
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

	PASSES(offered(true, offers, 3));
	put_ack(&o, PN_RPC_BIND_ACK, 1, results, 3);
	PASSES(server());
	put_request(&o, 2, 1, 77, 5000);
	o.flags |= PN_RPC_MAYBE;
	put_request(&o, 3, 1, 78, 50);
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

	PASSES(offered(true, windows, 1));
	put_nak(&o, 1);
	PASSES(server());
	/* it may try again, with another list */
	put_bind(&o, PN_RPC_BIND, 2, &(struct offer){ 0, &LSARPC, 0, 0, 1 }, 1);
	PASSES(client());
	put_ack(&o, PN_RPC_BIND_ACK, 2, &result, 1);
	PASSES(server());
	put_empty(&o, PN_RPC_SHUTDOWN, 0);
	PASSES(server());

	PASSES(offered(true, windows, 1));
	put_nak(&o, 1);
	put_empty(&o, PN_RPC_SHUTDOWN, 0);
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
