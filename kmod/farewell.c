// SPDX-License-Identifier: GPL-2.0
/*
 * The end of refused SMTP connections: see farewell.h.
 */
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/tcp.h>

#include "craft.h"
#include "farewell.h"
#include "inspected.h"
#include "net.h"
#include "packet.h"

#define SENT_PER_SECOND		50	/* where nothing else bounds it */

#define OPTIONS_MAX		40

/*
 * RFC 7323, 3.2: segments without timestamps are not taken where there were some.
 * The client's own packet has the last ones of both ends.
 */
static void put_timestamps(struct pn_craft *c, const struct pn_packet *p,
			   const struct tcphdr *th)
{
	u8 buffer[OPTIONS_MAX];
	u32 i, len = th->doff * 4 - sizeof(*th);
	const u8 *o;

	if (th->doff * 4 <= sizeof(*th))
		return;
	o = skb_header_pointer(p->skb, p->thoff + sizeof(*th), len, buffer);
	if (!o)
		return;
	for (i = 0; i < len && o[i] != TCPOPT_EOL;) {
		if (o[i] == TCPOPT_NOP) {
			i++;
			continue;
		}
		if (i + 1 >= len || o[i + 1] < 2 || i + o[i + 1] > len)
			return;
		if (o[i] == TCPOPT_TIMESTAMP && o[i + 1] == TCPOLEN_TIMESTAMP) {
			c->stamped = true;
			memcpy(&c->stamp, o + i + 6, sizeof(c->stamp));
			memcpy(&c->echo, o + i + 2, sizeof(c->echo));
			return;
		}
		i += o[i + 1];
	}
}

static struct pn_craft to(const struct pn_flow *f, u8 end, u8 flags, u32 seq)
{
	const struct nf_conntrack_tuple *client =
		&f->ct->tuplehash[IP_CT_DIR_ORIGINAL].tuple;

	return (struct pn_craft){
		.t = &f->t,
		.l3 = f->mail.l3[end],
		/* what comes back from there had it */
		.mark = f->mail.mark[!end],
		.sport = ntohs(client->src.u.tcp.port),
		.to_client = end == PN_SMTP_CLIENT,
		.flags = flags,
		.seq = seq,
	};
}

static void add(struct pn_flow *f, const struct pn_craft *c)
{
	struct pn_farewell *farewell = &f->mail.farewell;

	if (farewell->nr < PN_FAREWELLS)
		farewell->craft[farewell->nr++] = *c;
}

void pn_farewell_send(const struct pn_flow *f, const struct pn_farewell *farewell)
{
	u32 i;

	for (i = 0; i < farewell->nr; i++)
		pn_craft_send(nf_ct_net(f->ct), f->ct, &farewell->craft[i]);
}

void pn_farewell_reply(struct pn_flow *f, const struct tcphdr *th)
{
	const struct pn_mail *m = &f->mail;
	struct pn_craft c = to(f, PN_SMTP_CLIENT,
			       PN_TCP_FIN | PN_TCP_PSH | PN_TCP_ACK, m->said);

	/* who sends much without the answer gets it often enough */
	if (m->state == PN_MAIL_TOLD && time_before(jiffies, f->reset_due))
		return;
	f->reset_due = jiffies + HZ / SENT_PER_SECOND;
	c.ack = m->taken;
	c.data = m->reply;
	c.len = strlen(m->reply);
	put_timestamps(&c, f->p, th);
	add(f, &c);
}

void pn_farewell_ack(struct pn_flow *f, const struct tcphdr *th)
{
	struct pn_craft c = to(f, PN_SMTP_CLIENT, PN_TCP_ACK,
			       pn_farewell_end(&f->mail));

	c.ack = f->mail.taken;
	put_timestamps(&c, f->p, th);
	add(f, &c);
}

void pn_farewell_reset(struct pn_flow *f, u8 end, u32 seq)
{
	struct pn_craft c = to(f, end, PN_TCP_RST, seq);

	add(f, &c);
}

void pn_farewell_shorten(struct pn_flow *f, u32 seconds)
{
	WRITE_ONCE(f->ct->timeout, nfct_time_stamp + seconds * HZ);
}
