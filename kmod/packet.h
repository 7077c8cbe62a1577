/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A packet, parsed once: what every later step reads instead of the headers.
 */
#ifndef PN_PACKET_H
#define PN_PACKET_H

#include <linux/skbuff.h>
#include <linux/types.h>

#include "classify.h"
#include "stats.h"

struct in6_addr;
struct net_device;

#define PN_EXT_HEADERS_MAX	8

/**
 * struct pn_packet - descriptor of one packet
 * @t: addresses, protocol and destination port; the zones are the hook's to fill
 * @sport: source port, host order; 0 without ports
 * @thoff: offset of the transport header
 * @tcp_flags: byte 13 of the TCP header
 * @tcp_seq: its sequence number, if it is TCP; host order
 * @tcp_ack: likewise what it acknowledges
 * @stamp: pn_net_stamp(), read before its zones were looked up
 * @class: of its source address; the guard's to fill
 * @icmp_error: an ICMP or ICMPv6 error message
 * @in: interface it came from, or NULL (sent by the router)
 * @out: interface it leaves by, or NULL
 * @zone_in: PN_ZONE_NONE if @in is in none
 * @command: of SMTP, that is refused; for reports, else NULL
 */
struct pn_packet {
	struct pn_tuple t;
	struct sk_buff *skb;
	const struct net_device *in, *out;
	unsigned int thoff;
	u32 tcp_seq, tcp_ack;
	u32 stamp;
	u32 class;
	u16 sport;
	u8 tcp_flags;
	bool icmp_error;
	u8 zone_in, zone_out;
	const char *command;
};

#define PN_TCP_FIN	0x01
#define PN_TCP_SYN	0x02
#define PN_TCP_RST	0x04
#define PN_TCP_PSH	0x08
#define PN_TCP_ACK	0x10

static inline bool pn_packet_opens_tcp(const struct pn_packet *p)
{
	return p->t.proto == IPPROTO_TCP &&
	       (p->tcp_flags & (PN_TCP_FIN | PN_TCP_SYN | PN_TCP_RST |
				PN_TCP_ACK)) == PN_TCP_SYN;
}

/**
 * pn_packet_parse - fill a descriptor from an IPv4 or IPv6 packet
 * @p: skb, in and out are set by the caller; the rest is filled
 * @v6: family
 *
 * Return: PN_OK, or why the packet must not pass.
 */
enum pn_reason pn_packet_parse(struct pn_packet *p, bool v6);

/* As the policy's tables have it. */
struct pn_key pn_packet_key6(const struct in6_addr *a);

/**
 * pn_packet_is_segment - is it TCP, no fragment, and can it be parsed already?
 * @skb: a packet at ingress, of which nothing was looked at
 * @v6: family that its link says it is of
 *
 * Return: false as well for what is in doubt: IPv6 with extension headers, and an IP header
 * that is not linear.
 */
bool pn_packet_is_segment(const struct sk_buff *skb, bool v6);

/**
 * pn_packet_check_fragment - RFC 7112: the first fragment holds all headers
 * @skb: an IPv6 packet, not yet put together; its fixed header is linear
 *
 * Return: PN_OK (also for what is no first fragment), or the reason.
 */
enum pn_reason pn_packet_check_fragment(const struct sk_buff *skb);

#endif /* PN_PACKET_H */
