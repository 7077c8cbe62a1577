/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Hazards of what the calls carry: counts, pointers, padding, towers. Part of rpc_test.c.
 */

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
	const struct tower towers[] = {
		drsuapi, { .uuid = &DRSUAPI, .major = 4, .port = 49155 }
	};

	PASSES(asked(PN_RPC_NDR64));
	begin_response(&o, 2, 0);
	put_towers(&o, towers, 2);
	CHECK(o.n - o.stub == 244, "%u bytes", o.n - o.stub);
	end_pdu(&o);
	PASSES(server());
	SAYS("answer 2 map drsuapi 4.0 status 0 towers 2 port 49667 10.0.0.4 port 49155\n");
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
		{ 1, 3, 0, 1, PN_RPC_OK },
		{ 1, 5, 0, 1, PN_RPC_EPM_NDR },
		{ 0x40000001, 0xffffffff, 0, 0x40000001, PN_RPC_EPM_NDR },
	};
	const struct tower nulls[] = { {}, drsuapi, {} };
	u8 octets[256];
	u32 i, j;

	for (i = 0; i < ARRAY_SIZE(arrays); i++) {
		PASSES(asked(i & 1 ? PN_RPC_NDR64 : PN_RPC_NDR32));
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

	PASSES(asked(PN_RPC_NDR64));
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
		PASSES(asked(PN_RPC_NDR32));
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

	PASSES(asked(PN_RPC_NDR32));
	towers[1].uuid = &LSARPC;
	put_map_response(&o, 2, 0, towers, 2);
	REFUSED(server(), EPM_OTHER);
	SILENT("port");

	PASSES(asked(PN_RPC_NDR32));
	towers[0].major = 3;
	put_map_response(&o, 2, 0, towers, 1);
	REFUSED(server(), EPM_OTHER);
}

/* Ports that are not the mapper's to give. */
static void hazard_ports(void)
{
	static const u16 low[] = { 0, 1, 25, 135, 445, 1023 };
	struct tower t = drsuapi;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(low); i++) {
		PASSES(asked(PN_RPC_NDR32));
		t.port = low[i];
		put_map_response(&o, 2, 0, &t, 1);
		PASSES(server());
		SAYS("status 0 towers 1 others 1\n");
	}
	PASSES(asked(PN_RPC_NDR32));
	t.port = 1024;
	put_map_response(&o, 2, 0, &t, 1);
	PASSES(server());
	SAYS("port 1024 ");
}
