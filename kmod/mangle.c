// SPDX-License-Identifier: GPL-2.0
/*
 * Changes to TCP segments.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/tcp.h>

#include "mangle.h"

static struct tcphdr *tcp_of(const struct pn_packet *p)
{
	return (struct tcphdr *)(p->skb->data + p->thoff);
}

static __sum16 pseudo(const struct pn_packet *p, u32 len, __wsum sum)
{
	if (p->t.v6)
		return csum_ipv6_magic(&ipv6_hdr(p->skb)->saddr,
				       &ipv6_hdr(p->skb)->daddr, len,
				       IPPROTO_TCP, sum);
	return csum_tcpudp_magic(ip_hdr(p->skb)->saddr, ip_hdr(p->skb)->daddr,
				 len, IPPROTO_TCP, sum);
}

static void fix_checksum(const struct pn_packet *p)
{
	struct sk_buff *skb = p->skb;
	u32 len = skb->len - p->thoff;

	if (skb->ip_summed == CHECKSUM_PARTIAL) {
		/* the rest is summed when it is sent */
		tcp_of(p)->check = ~pseudo(p, len, 0);
		return;
	}
	tcp_of(p)->check = 0;
	tcp_of(p)->check = pseudo(p, len, skb_checksum(skb, p->thoff, len, 0));
	skb->ip_summed = CHECKSUM_NONE;
}

static bool make_writable(struct sk_buff *skb, u32 len)
{
	/* there each packet that was put on the list has a checksum of its own */
	if (skb_is_gso(skb) && skb_shinfo(skb)->gso_type & SKB_GSO_FRAGLIST) {
		if (skb_linearize(skb))
			return false;
		skb_shinfo(skb)->gso_type &= ~SKB_GSO_FRAGLIST;
	}
	return !skb_ensure_writable(skb, len);
}

bool pn_mangle_bytes(const struct pn_packet *p, u32 off, const u8 *bytes, u32 len)
{
	if (!make_writable(p->skb, off + len))
		return false;
	memcpy(p->skb->data + off, bytes, len);
	fix_checksum(p);
	return true;
}

#define OPTION_MPTCP	30

bool pn_mangle_mptcp(const struct pn_packet *p)
{
	u32 at = p->thoff + sizeof(struct tcphdr), end;
	bool changed = false;
	u8 *data;

	if (!pskb_may_pull(p->skb, at))
		return false;
	end = p->thoff + tcp_of(p)->doff * 4;
	if (!pskb_may_pull(p->skb, end))
		return false;
	while (at < end) {
		u8 kind = p->skb->data[at], len;

		if (kind == TCPOPT_EOL)
			break;
		if (kind == TCPOPT_NOP) {
			at++;
			continue;
		}
		if (at + 1 >= end)
			return false;
		len = p->skb->data[at + 1];
		if (len < 2 || at + len > end)
			return false;
		if (kind == OPTION_MPTCP) {
			if (!make_writable(p->skb, end))
				return false;
			data = p->skb->data;
			memset(data + at, TCPOPT_NOP, len);
			changed = true;
		}
		at += len;
	}
	if (changed)
		fix_checksum(p);
	return true;
}

static void set_length(const struct pn_packet *p, u32 len)
{
	struct sk_buff *skb = p->skb;

	if (p->t.v6) {
		ipv6_hdr(skb)->payload_len =
			htons(len - skb_network_offset(skb) -
			      sizeof(struct ipv6hdr));
	} else {
		ip_hdr(skb)->tot_len = htons(len - skb_network_offset(skb));
		ip_send_check(ip_hdr(skb));
	}
}

bool pn_mangle_trim(const struct pn_packet *p, u32 len)
{
	u32 headers = p->thoff + sizeof(struct tcphdr), data;
	struct sk_buff *skb = p->skb;

	if (!make_writable(skb, headers) || pskb_trim(skb, len))
		return false;
	data = len - p->thoff - tcp_of(p)->doff * 4;
	if (skb_is_gso(skb) && data > skb_shinfo(skb)->gso_size)
		skb_shinfo(skb)->gso_segs =
			DIV_ROUND_UP(data, skb_shinfo(skb)->gso_size);
	else
		skb_gso_reset(skb);
	tcp_flag_word(tcp_of(p)) &= ~TCP_FLAG_FIN;
	set_length(p, len);
	fix_checksum(p);
	return true;
}

bool pn_mangle_reset(const struct pn_packet *p, u32 seq)
{
	u32 len = p->thoff + sizeof(struct tcphdr);
	struct sk_buff *skb = p->skb;
	struct tcphdr *th;

	if (pskb_trim(skb, len) || skb_ensure_writable(skb, len))
		return false;
	skb_gso_reset(skb);
	th = tcp_of(p);
	th->doff = sizeof(*th) / 4;
	th->seq = htonl(seq);
	tcp_flag_word(th) &= ~(TCP_FLAG_FIN | TCP_FLAG_SYN | TCP_FLAG_PSH |
			       TCP_FLAG_URG);
	tcp_flag_word(th) |= TCP_FLAG_RST;
	th->urg_ptr = 0;
	set_length(p, len);
	fix_checksum(p);
	return true;
}
