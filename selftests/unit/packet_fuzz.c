// SPDX-License-Identifier: GPL-2.0
/*
 * libFuzzer's way into the packet parser, and what must hold for any bytes. Also
 * part of packet_test.c, which feeds it mutated packets without libFuzzer.
 */
#include "packet.h"
#include "shim.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static void check_parsed(const struct pn_packet *p, enum pn_reason reason)
{
	assert(reason >= PN_OK && reason < PN_NR_REASONS);
	if (reason)
		return;
	/* whatever comes later may rely on this */
	assert(p->thoff >= (p->t.v6 ? 40 : 20) && p->thoff <= p->skb->len);
	assert(p->t.v6 || (!p->t.saddr.lo && !p->t.daddr.lo &&
			   p->t.saddr.hi <= U32_MAX && p->t.daddr.hi <= U32_MAX));
	switch (p->t.proto) {
	case IPPROTO_TCP:
		assert(p->skb->len - p->thoff >= 20);
		break;
	case IPPROTO_UDP:
		assert(p->skb->len - p->thoff >= 8);
		break;
	default:
		assert(!p->tcp_flags);
	}
	assert(!p->icmp_error || p->t.proto == (p->t.v6 ? 58 : 1));
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	/* exactly as long as the packet, so that ASan sees one byte more */
	u8 *copy = malloc(size ?: 1);
	struct sk_buff skb = { .data = copy, .len = size };
	struct pn_packet p;
	int v6;

	if (size)
		memcpy(copy, data, size);
	for (v6 = 0; v6 < 2; v6++) {
		memset(&p, 0xa5, sizeof(p));
		p.skb = &skb;
		check_parsed(&p, pn_packet_parse(&p, v6));
	}
	if (size >= sizeof(struct ipv6hdr)) {
		enum pn_reason reason = pn_packet_check_fragment(&skb);

		assert(reason >= PN_OK && reason < PN_NR_REASONS);
	}
	free(copy);
	return 0;
}
