// SPDX-License-Identifier: GPL-2.0
/*
 * Headers of a packet, from bytes that a stranger chose: read once, each through near() or
 * skb_header_pointer(), which do not read out of bounds.
 */
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "packet.h"

/*
 * The combinations of FIN, SYN, RST, ACK and URG that stacks send, as conntrack
 * knows them; PSH, ECE and CWR may come with any. Bit i: flags i are valid.
 */
#define URG	0x20
#define VALID(flags)	BIT_ULL(flags)
#define VALID_FLAGS							\
	(VALID(PN_TCP_SYN) | VALID(PN_TCP_SYN | URG) |			\
	 VALID(PN_TCP_SYN | PN_TCP_ACK) | VALID(PN_TCP_RST) |		\
	 VALID(PN_TCP_RST | PN_TCP_ACK) | VALID(PN_TCP_FIN | PN_TCP_ACK) | \
	 VALID(PN_TCP_FIN | PN_TCP_ACK | URG) | VALID(PN_TCP_ACK) |	\
	 VALID(PN_TCP_ACK | URG))
#define CHECKED_FLAGS	(PN_TCP_FIN | PN_TCP_SYN | PN_TCP_RST | PN_TCP_ACK | URG)

/* What nearly every packet has where it can be read. Return: NULL if it is not there. */
static const void *near(const struct sk_buff *skb, unsigned int offset,
			unsigned int len)
{
	return likely(offset + len <= skb_headlen(skb)) ? skb->data + offset :
							  NULL;
}

static __always_inline enum pn_reason read_tcp(struct pn_packet *p,
					       const struct tcphdr *th,
					       unsigned int len)
{
	if (th->doff < 5 || th->doff * 4U > len)
		return PN_MALFORMED;
	p->sport = ntohs(th->source);
	p->t.port = ntohs(th->dest);
	p->tcp_flags = ((const u8 *)th)[13];
	p->tcp_seq = ntohl(th->seq);
	p->tcp_ack = ntohl(th->ack_seq);
	if (!(VALID_FLAGS >> (p->tcp_flags & CHECKED_FLAGS) & 1))
		return PN_TCP_FLAGS;
	return PN_OK;
}

static noinline enum pn_reason parse_far_tcp(struct pn_packet *p, unsigned int len)
{
	struct tcphdr buf;
	const struct tcphdr *th;

	th = skb_header_pointer(p->skb, p->thoff, sizeof(buf), &buf);
	return th ? read_tcp(p, th, len) : PN_MALFORMED;
}

static __always_inline enum pn_reason parse_tcp(struct pn_packet *p,
						unsigned int len)
{
	const struct tcphdr *th = near(p->skb, p->thoff, sizeof(*th));

	return likely(th) ? read_tcp(p, th, len) : parse_far_tcp(p, len);
}

static enum pn_reason parse_udp(struct pn_packet *p, unsigned int len)
{
	struct udphdr buf;
	const struct udphdr *uh;

	uh = skb_header_pointer(p->skb, p->thoff, sizeof(buf), &buf);
	if (!uh)
		return PN_MALFORMED;
	p->sport = ntohs(uh->source);
	p->t.port = ntohs(uh->dest);
	/* 0 is a jumbogram's (RFC 2675) or, for UDP-Lite, all of it (RFC 3828) */
	if (p->t.proto == IPPROTO_UDP && uh->len &&
	    (ntohs(uh->len) < sizeof(*uh) || ntohs(uh->len) > len))
		return PN_MALFORMED;
	return PN_OK;
}

static enum pn_reason parse_ports(struct pn_packet *p)
{
	__be16 buf[2];
	const __be16 *ports;

	ports = skb_header_pointer(p->skb, p->thoff, sizeof(buf), buf);
	if (!ports)
		return PN_MALFORMED;
	p->sport = ntohs(ports[0]);
	p->t.port = ntohs(ports[1]);
	return PN_OK;
}

static enum pn_reason parse_icmp(struct pn_packet *p)
{
	u8 buf[4];
	const u8 *icmp;

	icmp = skb_header_pointer(p->skb, p->thoff, sizeof(buf), buf);
	if (!icmp)
		return PN_MALFORMED;
	p->t.port = icmp[0] << 8 | icmp[1];
	if (p->t.v6)
		p->icmp_error = icmp[0] < 128;
	else
		p->icmp_error = icmp[0] == ICMP_DEST_UNREACH ||
				icmp[0] == ICMP_SOURCE_QUENCH ||
				icmp[0] == ICMP_REDIRECT ||
				icmp[0] == ICMP_TIME_EXCEEDED ||
				icmp[0] == ICMP_PARAMETERPROB;
	return PN_OK;
}

static noinline enum pn_reason parse_other(struct pn_packet *p, unsigned int len)
{
	switch (p->t.proto) {
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
		return parse_udp(p, len);
	case IPPROTO_SCTP:
	case IPPROTO_DCCP:
		return parse_ports(p);
	case IPPROTO_ICMP:
		return p->t.v6 ? PN_OK : parse_icmp(p);
	case IPPROTO_ICMPV6:
		return p->t.v6 ? parse_icmp(p) : PN_OK;
	}
	return PN_OK;
}

static __always_inline enum pn_reason parse_transport(struct pn_packet *p)
{
	unsigned int len = p->skb->len - p->thoff;

	return likely(p->t.proto == IPPROTO_TCP) ? parse_tcp(p, len) :
						   parse_other(p, len);
}

/*
 * RFC 791: loose and strict source routing, the only options refused. Kept apart, as what
 * follows extension headers: what has buffers costs each packet that has neither.
 */
static noinline enum pn_reason check_options(const struct pn_packet *p,
					     unsigned int offset,
					     unsigned int end)
{
	while (offset < end) {
		u8 buf[2];
		const u8 *opt = skb_header_pointer(p->skb, offset, 1, buf);

		if (!opt)
			return PN_MALFORMED;
		if (opt[0] == IPOPT_END)
			break;
		if (opt[0] == IPOPT_NOOP) {
			offset++;
			continue;
		}
		if (opt[0] == IPOPT_LSRR || opt[0] == IPOPT_SSRR)
			return PN_SOURCE_ROUTE;
		opt = skb_header_pointer(p->skb, offset, 2, buf);
		if (!opt || opt[1] < 2 || opt[1] > end - offset)
			return PN_MALFORMED;
		offset += opt[1];
	}
	return PN_OK;
}

static enum pn_reason parse_ipv4(struct pn_packet *p)
{
	unsigned int offset = skb_network_offset(p->skb);
	enum pn_reason reason;
	const struct iphdr *iph;

	/* hooks get no packet of which the header is not there: ip_rcv_core() */
	iph = near(p->skb, offset, sizeof(*iph));
	if (!iph || iph->ihl < 5)
		return PN_MALFORMED;
	p->t.saddr = (struct pn_key){ .hi = ntohl(iph->saddr) };
	p->t.daddr = (struct pn_key){ .hi = ntohl(iph->daddr) };
	p->t.proto = iph->protocol;
	p->thoff = offset + iph->ihl * 4;
	if (p->thoff > p->skb->len)
		return PN_MALFORMED;
	if (iph->ihl > 5) {
		reason = check_options(p, offset + sizeof(*iph), p->thoff);
		if (reason)
			return reason;
	}
	/* the kernel has put fragments together; what is left is none */
	if (iph->frag_off & htons(IP_OFFSET | IP_MF))
		return PN_MALFORMED;
	return parse_transport(p);
}

struct pn_key pn_packet_key6(const struct in6_addr *a)
{
	return (struct pn_key){
		.hi = (u64)ntohl(a->s6_addr32[0]) << 32 | ntohl(a->s6_addr32[1]),
		.lo = (u64)ntohl(a->s6_addr32[2]) << 32 | ntohl(a->s6_addr32[3]),
	};
}

enum {
	HEADER_UPPER,			/* not an extension header */
	HEADER_EXTENSION,
	HEADER_FRAGMENT,
	HEADER_AUTH,
	HEADER_REFUSED,
};

/*
 * RFC 8200. Mobility, HIP and Shim6 are protocols to conntrack, and so to rules: if
 * the two looked at different headers, a flow would be one thing when it begins
 * and another when it goes on.
 */
static int kind_of_header(u8 nexthdr)
{
	switch (nexthdr) {
	case NEXTHDR_HOP:
	case NEXTHDR_ROUTING:
	case NEXTHDR_DEST:
		return HEADER_EXTENSION;
	case NEXTHDR_FRAGMENT:
		return HEADER_FRAGMENT;
	case NEXTHDR_AUTH:
		return HEADER_AUTH;
	case 253:			/* experiments, RFC 4727 */
	case 254:
		return HEADER_REFUSED;
	}
	return HEADER_UPPER;
}

/* Where a walk over extension headers stands. */
struct header_walk {
	unsigned int offset;
	u8 nexthdr;
	unsigned int seen;
	bool fragment;			/* a fragment header was passed */
	bool later;			/* ... of a fragment that is not the first */
};

/* One header further. Return: PN_OK, or why the packet must not pass. */
static enum pn_reason next_header(const struct sk_buff *skb,
				  struct header_walk *w, int kind)
{
	u8 buf[8];
	const u8 *h = skb_header_pointer(skb, w->offset, sizeof(buf), buf);
	unsigned int len;

	if (!h)
		return PN_MALFORMED;
	if (++w->seen > PN_EXT_HEADERS_MAX)
		return PN_EXT_HEADERS;
	if (w->nexthdr == NEXTHDR_HOP && w->seen > 1)
		return PN_EXT_HEADERS;
	if (w->nexthdr == NEXTHDR_ROUTING && h[2] == 0)
		return PN_ROUTING_HEADER;
	if (kind == HEADER_FRAGMENT) {
		w->fragment = true;
		w->later = (h[2] << 8 | h[3]) & 0xfff8;
		len = 8;
	} else if (kind == HEADER_AUTH) {
		len = (h[1] + 2) * 4;
	} else {
		len = (h[1] + 1) * 8;
	}
	if (len > skb->len - w->offset)
		return PN_MALFORMED;
	w->nexthdr = h[0];
	w->offset += len;
	return PN_OK;
}

static enum pn_reason walk_headers(const struct sk_buff *skb,
				   struct header_walk *w)
{
	for (;;) {
		int kind = kind_of_header(w->nexthdr);
		enum pn_reason reason;

		if (kind == HEADER_UPPER)
			return PN_OK;
		if (kind == HEADER_REFUSED)
			return PN_EXT_HEADERS;
		reason = next_header(skb, w, kind);
		/* behind a later fragment's header comes payload */
		if (reason || w->later)
			return reason;
	}
}

static noinline enum pn_reason parse_extended(struct pn_packet *p,
					      unsigned int offset, u8 nexthdr)
{
	struct header_walk w = { .offset = offset, .nexthdr = nexthdr };
	enum pn_reason reason = walk_headers(p->skb, &w);

	if (reason)
		return reason;
	if (w.later)
		return PN_MALFORMED;
	p->t.proto = w.nexthdr;
	p->thoff = w.offset;
	return parse_transport(p);
}

static enum pn_reason parse_ipv6(struct pn_packet *p)
{
	unsigned int offset = skb_network_offset(p->skb);
	const struct ipv6hdr *iph;
	u8 nexthdr;

	/* likewise, ip6_rcv_core() */
	iph = near(p->skb, offset, sizeof(*iph));
	if (!iph)
		return PN_MALFORMED;
	p->t.saddr = pn_packet_key6(&iph->saddr);
	p->t.daddr = pn_packet_key6(&iph->daddr);
	nexthdr = iph->nexthdr;
	offset += sizeof(*iph);
	/* nearly every packet has no other header */
	if (kind_of_header(nexthdr) != HEADER_UPPER)
		return parse_extended(p, offset, nexthdr);
	p->t.proto = nexthdr;
	p->thoff = offset;
	return parse_transport(p);
}

enum pn_reason pn_packet_parse(struct pn_packet *p, bool v6)
{
	p->t.v6 = v6;
	p->t.port = 0;
	p->sport = 0;
	p->tcp_flags = 0;
	p->icmp_error = false;
	return v6 ? parse_ipv6(p) : parse_ipv4(p);
}

bool pn_packet_is_segment(const struct sk_buff *skb, bool v6)
{
	const struct iphdr *ip = ip_hdr(skb);

	if (skb_headlen(skb) < (v6 ? sizeof(struct ipv6hdr) : sizeof(*ip)))
		return false;
	if (v6)
		return ip->version == 6 && ipv6_hdr(skb)->nexthdr == IPPROTO_TCP;
	return ip->version == 4 && ip->protocol == IPPROTO_TCP &&
	       !(ip->frag_off & htons(IP_OFFSET | IP_MF));
}

enum pn_reason pn_packet_check_fragment(const struct sk_buff *skb)
{
	struct header_walk w = {
		.offset = skb_network_offset(skb) + sizeof(struct ipv6hdr),
		.nexthdr = ipv6_hdr(skb)->nexthdr,
	};
	enum pn_reason reason;
	unsigned int need;

	/* nearly every packet ends here */
	if (kind_of_header(w.nexthdr) == HEADER_UPPER)
		return PN_OK;
	reason = walk_headers(skb, &w);
	if (w.later || !w.fragment)
		return PN_OK;
	if (reason)
		return reason == PN_MALFORMED ? PN_FRAG_HEADERS : reason;
	switch (w.nexthdr) {
	case IPPROTO_TCP:
		need = sizeof(struct tcphdr);
		break;
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
		need = sizeof(struct udphdr);
		break;
	case IPPROTO_ICMPV6:
		need = sizeof(struct icmp6hdr);
		break;
	default:
		need = 4;
	}
	return need > skb->len - w.offset ? PN_FRAG_HEADERS : PN_OK;
}
