/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is sent in the place of one end of an SMTP connection that is refused: the last
 * reply, what acknowledges the rest, and resets. All but @f's own packets may get lost
 * as any may; who waits for one asks again.
 *
 * These put it together, with the lock of the connection held; it is sent without
 * (pn_farewell_send()), since what is sent may come back to any hook before it is gone.
 *
 * Context: BH disabled.
 */
#ifndef PN_FAREWELL_H
#define PN_FAREWELL_H

#include <linux/string.h>
#include <linux/types.h>

#include "mail.h"

struct pn_flow;

/* What the client acknowledges once it has the reply and the server's end. */
static inline u32 pn_farewell_end(const struct pn_mail *m)
{
	return m->said + strlen(m->reply) + 1;
}

/* To the client: @f->mail.reply, and the end. @th: of the packet at hand. */
void pn_farewell_reply(struct pn_flow *f, const struct tcphdr *th);

/* To the client: what it sent was received. @th: of the packet at hand, its own. */
void pn_farewell_ack(struct pn_flow *f, const struct tcphdr *th);

/* To @end (enum pn_smtp_way): a reset, which waits for @seq. */
void pn_farewell_reset(struct pn_flow *f, u8 end, u32 seq);

/* Conntrack need not keep it for days, as nobody else ends it. */
void pn_farewell_shorten(struct pn_flow *f, u32 seconds);

/* Takes what is to be sent, to @farewell. */
static inline void pn_farewell_take(struct pn_mail *m, struct pn_farewell *farewell)
{
	if (!m->farewell.nr)
		return;
	*farewell = m->farewell;
	m->farewell.nr = 0;
}

/* Context: no lock held, RCU read side. */
void pn_farewell_send(const struct pn_flow *f, const struct pn_farewell *farewell);

#endif /* PN_FAREWELL_H */
