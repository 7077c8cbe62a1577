/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Questions to the mapper, and answers. Part of rpc_test.c.
 */

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
		put_request(&o, 2 + i, 0, PN_EPT_MAP, 4);
	}
	PASSES(client());
	put_request(&o, 2 + i, 0, PN_EPT_MAP, 4);
	REFUSED(client(), FRAGMENTS);

	PASSES(bound(PN_RPC_NDR32));
	for (i = 0; i <= PN_EPM_DECODERS; i++)
		put_map_request(&o, 2 + i, 0, &DRSUAPI, 4, 0);
	PASSES(client());
	o.flags = PN_RPC_FIRST;
	for (i = 0; i < PN_EPM_DECODERS; i++) {
		put_response(&o, 2 + i, 0, 4);
	}
	PASSES(server());
	put_response(&o, 2 + i, 0, 4);
	REFUSED(server(), FRAGMENTS);
}

static void not_registered(void)
{
	PASSES(asked(PN_RPC_NDR32));
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
	PASSES(asked(PN_RPC_NDR32));
	put_map_response(&o, 2, 0, &drsuapi, 1);
	patch(&o, o.n - 4, 0x6d8, 4);
	PASSES(server());
	SAYS("status 0x6d8 towers 1\n");
}

/* A client that asks for one tower at a time. */
static void entry_handle(void)
{
	u32 at;

	PASSES(asked(PN_RPC_NDR32));
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
	put_request(&o, 4, 0, PN_EPT_FREE, 19);
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

/* What a client is told that takes up to 500 towers. */
static enum pn_rpc_reason told(u32 call, const struct tower *towers, u32 nr)
{
	begin_request(&o, call, 0, PN_EPT_MAP);
	put_map(&o, &DRSUAPI, 4, 0);
	patch(&o, o.n - 4, 500, 4);
	end_pdu(&o);
	if (client())
		return whole.reason;
	begin_response(&o, call, 0);
	put_towers(&o, towers, nr);
	patch(&o, o.stub + 24, 500, 4);
	end_pdu(&o);
	return server();
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
	PASSES(told(2, towers, 12));
	SAYS("towers 12 port 49667 10.0.0.4 port 49668 10.0.0.4 port 49669 10.0.0.4 "
	     "port 49670 10.0.0.4\n");

	for (i = 0; i < 12; i++)
		towers[i].port = 50000 + i;
	PASSES(told(3, towers, 12));
	SAYS("answer 3 map drsuapi 4.0 status 0 towers 12 port 50000");
	CHECK(whole.ports == 4 + PN_EPT_PORTS, "%u ports", whole.ports);
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
	pn_uuid_to_tower(&DRSUAPI, uuid);
	CHECK(!memcmp(uuid, sent.b + whole.uuid_at - 72, 16), "to a tower");

	/*
	 * Not if it lies in two fragments (in the stub it begins at 37, and floor 1
	 * ends at 59), nor if it is signed.
	 */
	for (size = 37; size < 132; size++) {
		bool apart = size != 37 && size < 59;

		PASSES(bound(PN_RPC_NDR32));
		put_map_fragments(&o, size, 2, &DRSUAPI, 4);
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
