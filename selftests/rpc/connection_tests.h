/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Connections held to their interface, framing, and the small parts. Part of rpc_test.c.
 */

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
	put_request(&o, 2, 0, 16, 65000);
	PASSES(client());
	put_response(&o, 2, 0, 65000);
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

	PASSES(offered(false, &offer, 1));
	put_request(&o, 2, 0, 16, 976);
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
	PASSES(offered(false, windows, 1));
	put_ack(&o, PN_RPC_BIND_ACK, 1, (u8[]){ 1 }, 1);
	put_request(&o, 2, 0, 5, 0);
	PASSES(server());
	put_response(&o, 2, 0, 0);
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
	PASSES(offered(true, windows, 1));
	put_ack(&o, PN_RPC_BIND_ACK, 1, many, 1);
	patch(&o, 24, 65535, 2);
	REFUSED(server(), LENGTH);
	PASSES(offered(true, windows, 1));
	put_ack(&o, PN_RPC_BIND_ACK, 1, many, 1);
	o.b[32] = 2;
	REFUSED(server(), LENGTH);
}

/* A connection that was there before us. */
static void resumed(void)
{
	fresh(false);
	whole.deny_bind = bytewise.deny_bind = &LSARPC;
	put_request(&o, 7, 0, 3, 10);
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
