// SPDX-License-Identifier: GPL-2.0
/*
 * The packet parser: each of its reasons by a packet of its own, and mutated
 * packets, of which none may be read out of bounds.
 */
#include "packet_fuzz.c"
#include "test.h"

struct packet {
	u8 byte[512];
	u32 len;
};

static void put(struct packet *p, const void *bytes, u32 n)
{
	if (n)
		memcpy(p->byte + p->len, bytes, n);
	p->len += n;
}

#define PUT(p, ...)							\
	put(p, (const u8[]){ __VA_ARGS__ }, sizeof((const u8[]){ __VA_ARGS__ }))

/* 192.0.2.1 -> 198.51.100.2 */
static struct packet ipv4(u8 proto, const u8 *options, u32 n)
{
	struct packet p = {};

	PUT(&p, 0x45 + n / 4, 0, 0, 0, 0, 1, 0, 0, 64, proto, 0, 0,
	    192, 0, 2, 1, 198, 51, 100, 2);
	put(&p, options, n);
	return p;
}

/* 2001:db8::1 -> 2001:db8::2 */
static struct packet ipv6(u8 nexthdr)
{
	struct packet p = {};
	u8 addr[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 };

	PUT(&p, 0x60, 0, 0, 0, 0, 0, nexthdr, 64);
	put(&p, addr, 16);
	addr[15] = 2;
	put(&p, addr, 16);
	return p;
}

static void tcp(struct packet *p, u8 doff, u8 flags)
{
	PUT(p, 0x04, 0xd2, 0, 25, 0, 0, 0, 1, 0, 0, 0, 0, doff << 4, flags,
	    0, 0, 0, 0, 0, 0);
}

static enum pn_reason parse(const struct packet *from, struct pn_packet *p,
			    bool v6)
{
	/* what is behind the packet must not matter */
	struct sk_buff skb = { .data = from->byte, .len = from->len };
	enum pn_reason reason;

	*p = (struct pn_packet){ .skb = &skb };
	reason = pn_packet_parse(p, v6);
	check_parsed(p, reason);
	p->skb = NULL;
	return reason;
}

static void expect(struct packet p, bool v6, enum pn_reason want,
		   const char *what)
{
	struct pn_packet parsed;
	enum pn_reason got = parse(&p, &parsed, v6);

	CHECK(got == want, "%s: reason %d instead of %d", what, got, want);
}

static void test_fields(void)
{
	struct packet p = ipv4(6, NULL, 0);
	struct pn_packet x;

	tcp(&p, 5, 0x02);
	CHECK(!parse(&p, &x, false), "SYN refused");
	CHECK(x.t.saddr.hi == 0xc0000201 && x.t.daddr.hi == 0xc6336402 &&
	      x.t.proto == 6 && x.sport == 1234 && x.t.port == 25 &&
	      x.thoff == 20 && pn_packet_opens_tcp(&x), "fields of IPv4");
	p = ipv4(6, (const u8[]){ 7, 7, 4, 0, 0, 0, 0, 1 }, 8);
	tcp(&p, 5, 0x12);
	CHECK(!parse(&p, &x, false), "record route refused");
	CHECK(x.thoff == 28 && x.t.port == 25 && !pn_packet_opens_tcp(&x),
	      "fields behind options");
	p = ipv6(0);
	PUT(&p, 60, 0, 1, 4, 0, 0, 0, 0);	/* hop-by-hop */
	PUT(&p, 17, 1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0); /* destination */
	PUT(&p, 0x14, 0xe9, 0, 53, 0, 8, 0, 0);
	CHECK(!parse(&p, &x, true), "UDP behind two headers refused");
	CHECK(x.t.saddr.hi == 0x20010db800000000ULL && x.t.saddr.lo == 1 &&
	      x.t.daddr.lo == 2 && x.t.proto == 17 && x.sport == 5353 &&
	      x.t.port == 53 && x.thoff == 64, "fields of IPv6");
	p = ipv6(58);
	PUT(&p, 2, 0, 0, 0, 0, 0, 5, 0);
	CHECK(!parse(&p, &x, true), "packet too big refused");
	CHECK(x.icmp_error && x.t.port == 0x200, "packet too big");
	p = ipv4(1, NULL, 0);
	PUT(&p, 8, 0, 0, 0, 0, 1, 0, 1);
	CHECK(!parse(&p, &x, false), "echo refused");
	CHECK(!x.icmp_error && x.t.port == 0x800, "echo");
	p = ipv4(1, NULL, 0);
	PUT(&p, 3, 4, 0, 0, 0, 0, 5, 0);
	CHECK(!parse(&p, &x, false), "fragmentation needed refused");
	CHECK(x.icmp_error && x.t.port == 0x304, "fragmentation needed");
	p = ipv4(47, NULL, 0);
	CHECK(!parse(&p, &x, false) && !x.t.port, "GRE has no port");
}

/* RFC 9293 says which combinations there are; Linux adds the URG ones. */
static void test_tcp_flags(void)
{
	static const u8 good[] = { 0x02, 0x22, 0x12, 0x04, 0x14, 0x11, 0x31, 0x10,
				   0x30 };
	u32 flags, i;

	for (flags = 0; flags < 256 && !test_failed; flags++) {
		struct packet p = ipv4(6, NULL, 0);
		bool ok = false;

		for (i = 0; i < ARRAY_SIZE(good); i++)
			ok |= (flags & 0x37) == good[i];
		tcp(&p, 5, flags);
		expect(p, false, ok ? PN_OK : PN_TCP_FLAGS, "TCP flags");
	}
}

static void test_ipv4_reasons(void)
{
	static const struct {
		const char *what;
		enum pn_reason want;
		u8 n, bytes[8];
	} options[] = {
		{ "loose source route", PN_SOURCE_ROUTE, 8, { 1, 131, 7, 4, 198, 51, 100, 9 } },
		{ "strict source route", PN_SOURCE_ROUTE, 8, { 137, 7, 4, 198, 51, 100, 9, 0 } },
		{ "option beyond the header", PN_MALFORMED, 8, { 7, 9, 4, 0, 0, 0, 0, 0 } },
		{ "option of one byte", PN_MALFORMED, 4, { 1, 1, 7, 1 } },
		{ "option without its length", PN_MALFORMED, 4, { 1, 1, 1, 7 } },
		{ "what stands behind the end of options", PN_OK, 4, { 0, 131, 7, 4 } },
	};
	static const struct {
		const char *what;
		u8 proto, n, bytes[8];
	} malformed[] = {
		{ "UDP longer than the packet", 17, 8, { 0, 1, 0, 53, 0, 9, 0, 0 } },
		{ "UDP shorter than its header", 17, 8, { 0, 1, 0, 53, 0, 7, 0, 0 } },
		{ "UDP header cut", 17, 7, { 0, 1, 0, 53, 0, 8, 0 } },
		{ "SCTP cut", 132, 3, { 0, 1, 0 } },
		{ "ICMP cut", 1, 3, { 8, 0, 0 } },
	};
	struct packet p;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(options); i++) {
		p = ipv4(6, options[i].bytes, options[i].n);
		tcp(&p, 5, 2);
		expect(p, false, options[i].want, options[i].what);
	}
	for (i = 0; i < ARRAY_SIZE(malformed); i++) {
		p = ipv4(malformed[i].proto, NULL, 0);
		put(&p, malformed[i].bytes, malformed[i].n);
		expect(p, false, PN_MALFORMED, malformed[i].what);
	}

	p = ipv4(6, NULL, 0);
	tcp(&p, 4, 2);
	expect(p, false, PN_MALFORMED, "TCP header of 16 bytes");
	p = ipv4(6, NULL, 0);
	tcp(&p, 6, 2);
	expect(p, false, PN_MALFORMED, "TCP header longer than the packet");
	p = ipv4(6, NULL, 0);
	tcp(&p, 5, 2);
	p.len--;
	expect(p, false, PN_MALFORMED, "TCP header cut");
	p = ipv4(6, NULL, 0);
	tcp(&p, 5, 2);
	p.byte[0] = 0x44;
	expect(p, false, PN_MALFORMED, "IPv4 header of 16 bytes");
	p.byte[0] = 0x4f;
	expect(p, false, PN_MALFORMED, "IPv4 header longer than the packet");
	p.byte[0] = 0x45;
	p.byte[6] = 0x20;
	expect(p, false, PN_MALFORMED, "a fragment behind defragmentation");
	p.byte[6] = 0x40;
	expect(p, false, PN_OK, "do not fragment");
}

static void put_headers(struct packet *p, u32 n, u8 nexthdr)
{
	while (n--)
		PUT(p, n ? 60 : nexthdr, 0, 1, 4, 0, 0, 0, 0);
}

static void test_ipv6_reasons(void)
{
	/* what stands between the IPv6 header and TCP */
	static const struct {
		const char *what;
		enum pn_reason want;
		u8 first, n, bytes[16];
	} between[] = {
		{ "hop-by-hop in second place", PN_EXT_HEADERS,
		  60, 16, { 0, 0, 1, 4, 0, 0, 0, 0, 6, 0, 1, 4, 0, 0, 0, 0 } },
		{ "an experiment", PN_EXT_HEADERS, 253, 8, { 6, 0, 1, 4, 0, 0, 0, 0 } },
		{ "extension header longer than the packet", PN_MALFORMED,
		  60, 8, { 6, 3, 1, 4, 0, 0, 0, 0 } },
		{ "authentication header counts in fours", PN_OK,
		  51, 12, { 6, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 } },
		{ "a later fragment behind defragmentation", PN_MALFORMED,
		  44, 8, { 6, 0, 0, 8, 0, 0, 0, 1 } },
	};
	struct packet p;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(between); i++) {
		p = ipv6(between[i].first);
		put(&p, between[i].bytes, between[i].n);
		tcp(&p, 5, 2);
		expect(p, true, between[i].want, between[i].what);
	}
	p = ipv6(60);
	put_headers(&p, 8, 6);
	tcp(&p, 5, 2);
	expect(p, true, PN_OK, "eight extension headers");
	p = ipv6(60);
	put_headers(&p, 9, 6);
	tcp(&p, 5, 2);
	expect(p, true, PN_EXT_HEADERS, "nine extension headers");
	p = ipv6(43);
	PUT(&p, 6, 2, 0, 1, 0, 0, 0, 0);
	PUT(&p, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9);
	tcp(&p, 5, 2);
	expect(p, true, PN_ROUTING_HEADER, "routing header 0");
	p.byte[42] = 4;
	expect(p, true, PN_OK, "routing header 4 (segment routing)");
	p = ipv6(60);
	PUT(&p, 6, 0, 1, 4);
	expect(p, true, PN_MALFORMED, "extension header cut");
	p = ipv6(59);
	expect(p, true, PN_OK, "no next header");
	p = ipv6(6);
	p.len = 39;
	expect(p, true, PN_MALFORMED, "IPv6 header cut");
}

static enum pn_reason check_fragment(const struct packet *p)
{
	struct sk_buff skb = { .data = p->byte, .len = p->len };

	return pn_packet_check_fragment(&skb);
}

static void test_fragments(void)
{
	enum pn_reason got;
	struct packet p;
	u32 n;

	/* the first fragment, cut at every byte */
	p = ipv6(60);
	PUT(&p, 44, 0, 1, 4, 0, 0, 0, 0);
	PUT(&p, 60, 0, 0, 1, 0, 0, 0, 1);	/* offset 0, more */
	PUT(&p, 6, 0, 1, 4, 0, 0, 0, 0);
	tcp(&p, 5, 2);
	for (n = p.len; n > 56; n--) {
		p.len = n;
		got = check_fragment(&p);
		CHECK(got == (n == 84 ? PN_OK : PN_FRAG_HEADERS),
		      "first fragment of %u bytes: %d", n, got);
	}
	p = ipv6(44);
	PUT(&p, 6, 0, 0, 9, 0, 0, 0, 1, 1, 2, 3);	/* offset 8 */
	CHECK(!check_fragment(&p), "a later fragment");
	p = ipv6(44);
	PUT(&p, 60, 0, 0, 1, 0, 0, 0, 1);
	put_headers(&p, 9, 6);
	tcp(&p, 5, 2);
	got = check_fragment(&p);
	CHECK(got == PN_EXT_HEADERS, "ten headers in the first fragment: %d", got);
	p = ipv6(6);
	CHECK(!check_fragment(&p), "no fragment");
}

/* Real packets with a few bytes changed, or cut, or longer. */
static void test_mutations(void)
{
	struct packet seeds[6] = {
		ipv4(6, (const u8[]){ 7, 7, 4, 0, 0, 0, 0, 1 }, 8),
		ipv4(17, NULL, 0), ipv4(1, NULL, 0), ipv6(60), ipv6(44), ipv6(0),
	};
	u32 round, i, reasons[PN_NR_REASONS] = {}, kinds = 0;

	tcp(&seeds[0], 5, 2);
	PUT(&seeds[1], 0, 1, 0, 53, 0, 8, 0, 0);
	PUT(&seeds[2], 8, 0, 0, 0, 0, 1, 0, 1);
	put_headers(&seeds[3], 7, 43);
	PUT(&seeds[3], 6, 0, 4, 0, 0, 0, 0, 0);
	tcp(&seeds[3], 5, 2);
	PUT(&seeds[4], 60, 0, 0, 1, 0, 0, 0, 1);
	put_headers(&seeds[4], 2, 6);
	tcp(&seeds[4], 5, 2);
	PUT(&seeds[5], 51, 0, 5, 2, 0, 0, 1, 0);
	PUT(&seeds[5], 58, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
	PUT(&seeds[5], 128, 0, 0, 0, 0, 1, 0, 1);
	for (round = 0; round < 2000000; round++) {
		struct packet p = seeds[below(ARRAY_SIZE(seeds))];
		struct pn_packet x;
		u32 n = below(4);

		for (i = 0; i < n; i++)
			p.byte[below(p.len)] = below(2) ? rnd() : below(64);
		if (!below(4))
			p.len = below(p.len + 1);
		else if (!below(8))
			p.len += below(40);
		LLVMFuzzerTestOneInput(p.byte, p.len);
		reasons[parse(&p, &x, p.byte[0] >> 4 == 6)]++;
	}
	for (i = 0; i < PN_NR_REASONS; i++)
		kinds += reasons[i] > 0;
	CHECK(kinds >= 6, "only %u different outcomes", kinds);
}

int main(int argc, char **argv)
{
	static const struct test tests[] = {
		{ "packet: fields", test_fields },
		{ "packet: TCP flags", test_tcp_flags },
		{ "packet: reasons of IPv4", test_ipv4_reasons },
		{ "packet: reasons of IPv6", test_ipv6_reasons },
		{ "packet: first fragments", test_fragments },
		{ "packet: mutations", test_mutations },
	};

	(void)argc;
	return run_tests(tests, ARRAY_SIZE(tests), argv);
}
