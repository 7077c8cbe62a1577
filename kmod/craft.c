// SPDX-License-Identifier: GPL-2.0
/*
 * Segments of our own making: see craft.h.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netfilter.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/ipv6.h>
#include <net/l3mdev.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/route.h>
#include <net/tcp.h>

#include "craft.h"
#include "packet.h"

#define HOPS		64
/* Enough for an answer of a few words. */
#define WINDOW		65535

int pn_craft_l3(const struct net_device *dev)
{
	return dev ? l3mdev_master_ifindex_rcu(dev) : 0;
}

/* Who it seems to be from, and whom it is for. */
struct ends {
	struct pn_key saddr, daddr;
	u16 sport, dport;
};

static struct ends ends_of(const struct pn_craft *c)
{
	const struct pn_tuple *t = c->t;

	if (c->to_client)
		return (struct ends){ t->daddr, t->saddr, t->port, c->sport };
	return (struct ends){ t->saddr, t->daddr, c->sport, t->port };
}

static void address6(struct in6_addr *to, struct pn_key from)
{
	pn_key_to_bytes(true, from, to->s6_addr);
}

static struct dst_entry *route(struct net *net, const struct pn_craft *c,
			       const struct ends *e)
{
	struct dst_entry *dst = NULL;
	bool v6 = c->t->v6;
	struct flowi fl = {
		.flowi_flags = FLOWI_FLAG_ANYSRC,
		.flowi_oif = c->l3,
		.flowi_mark = c->mark,
		.flowi_proto = IPPROTO_TCP,
	};

	if (v6) {
		address6(&fl.u.ip6.daddr, e->daddr);
		address6(&fl.u.ip6.saddr, e->saddr);
		fl.u.ip6.fl6_sport = htons(e->sport);
		fl.u.ip6.fl6_dport = htons(e->dport);
	} else {
		fl.u.ip4.daddr = htonl(e->daddr.hi);
		fl.u.ip4.saddr = htonl(e->saddr.hi);
		fl.u.ip4.fl4_sport = htons(e->sport);
		fl.u.ip4.fl4_dport = htons(e->dport);
	}
	if (nf_route(net, &dst, &fl, false, v6 ? AF_INET6 : AF_INET))
		return NULL;
	return dst;
}

/* RFC 7323, appendix A: aligned, as everybody sends it. */
struct stamps {
	u8 nop[2], kind, len;
	__be32 stamp, echo;
};

static u32 size_of_tcp(const struct pn_craft *c)
{
	return sizeof(struct tcphdr) + (c->stamped ? sizeof(struct stamps) : 0) +
	       c->len;
}

static void put_tcp(struct sk_buff *skb, const struct pn_craft *c,
		    const struct ends *e)
{
	struct stamps stamps = {
		.nop = { TCPOPT_NOP, TCPOPT_NOP },
		.kind = TCPOPT_TIMESTAMP,
		.len = TCPOLEN_TIMESTAMP,
		.stamp = c->stamp,
		.echo = c->echo,
	};
	struct tcphdr *th = skb_put_zero(skb, sizeof(*th));

	skb_set_transport_header(skb, (u8 *)th - skb->data);
	th->source = htons(e->sport);
	th->dest = htons(e->dport);
	th->seq = htonl(c->seq);
	th->ack_seq = htonl(c->ack);
	th->doff = (size_of_tcp(c) - c->len) / 4;
	((u8 *)th)[13] = c->flags;
	th->window = htons(WINDOW);
	if (c->stamped)
		skb_put_data(skb, &stamps, sizeof(stamps));
	if (c->len)
		skb_put_data(skb, c->data, c->len);
}

static void sum4(struct sk_buff *skb)
{
	struct tcphdr *th = tcp_hdr(skb);
	u32 len = skb_tail_pointer(skb) - (u8 *)th;

	th->check = tcp_v4_check(len, ip_hdr(skb)->saddr, ip_hdr(skb)->daddr,
				 csum_partial(th, len, 0));
}

static void sum6(struct sk_buff *skb)
{
	struct tcphdr *th = tcp_hdr(skb);
	u32 len = skb_tail_pointer(skb) - (u8 *)th;

	th->check = csum_ipv6_magic(&ipv6_hdr(skb)->saddr,
				    &ipv6_hdr(skb)->daddr, len, IPPROTO_TCP,
				    csum_partial(th, len, 0));
}

static void put_ip4(struct sk_buff *skb, const struct ends *e)
{
	struct iphdr *ip = skb_put_zero(skb, sizeof(*ip));

	skb_reset_network_header(skb);
	skb->protocol = htons(ETH_P_IP);
	ip->version = 4;
	ip->ihl = sizeof(*ip) / 4;
	ip->frag_off = htons(IP_DF);
	ip->ttl = HOPS;
	ip->protocol = IPPROTO_TCP;
	ip->saddr = htonl(e->saddr.hi);
	ip->daddr = htonl(e->daddr.hi);
}

static void put_ip6(struct sk_buff *skb, const struct ends *e, u32 len)
{
	struct ipv6hdr *ip = skb_put_zero(skb, sizeof(*ip));

	skb_reset_network_header(skb);
	skb->protocol = htons(ETH_P_IPV6);
	ip->version = 6;
	ip->payload_len = htons(len);
	ip->nexthdr = IPPROTO_TCP;
	ip->hop_limit = HOPS;
	address6(&ip->saddr, e->saddr);
	address6(&ip->daddr, e->daddr);
}

bool pn_craft_send(struct net *net, struct nf_conn *ct, const struct pn_craft *c)
{
	struct ends e = ends_of(c);
	struct sk_buff *skb;
	struct dst_entry *dst;
	bool v6 = c->t->v6;

	dst = route(net, c, &e);
	if (!dst)
		return false;
	skb = alloc_skb(LL_MAX_HEADER + sizeof(struct ipv6hdr) + size_of_tcp(c),
			GFP_ATOMIC | __GFP_NOWARN);
	if (!skb) {
		dst_release(dst);
		return false;
	}
	skb_reserve(skb, LL_MAX_HEADER);
	if (v6)
		put_ip6(skb, &e, size_of_tcp(c));
	else
		put_ip4(skb, &e);
	put_tcp(skb, c, &e);
	if (v6)
		sum6(skb);
	else
		sum4(skb);
	skb_dst_set(skb, dst);
	skb->mark = c->mark;
	nf_conntrack_get(&ct->ct_general);
	nf_ct_set(skb, ct, c->to_client ? IP_CT_RELATED_REPLY : IP_CT_RELATED);
	if (v6)
		ip6_local_out(net, NULL, skb);
	else
		ip_local_out(net, NULL, skb);
	return true;
}
