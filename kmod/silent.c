// SPDX-License-Identifier: GPL-2.0
/*
 * Queues of silent connections: see silent.h.
 */
#include <linux/build_bug.h>

#include "conn.h"
#include "silent.h"
#include "source.h"

static_assert(PN_SILENT_ROOM > 2 * PN_SILENT_MAX,
	      "more than half of a full queue is of no use");

/* So much younger they are taken for, in s. */
static const u8 believed[PN_TRUSTS] = {
	[PN_TRUST_PROVEN] = 5,
	[PN_TRUST_KNOWN] = 20,
};

void pn_silents_init(struct pn_silents *q)
{
	spin_lock_init(&q->lock);
	q->first = 0;
	q->nr = 0;
}

static struct pn_silent *nth(struct pn_silents *q, u32 n)
{
	return &q->at[(q->first + n) % PN_SILENT_ROOM];
}

/* Takes out those that are silent no more. */
static void clean(struct pn_silents *q, struct pn_conns *conns, u8 limit)
{
	u32 from, to = 0;

	for (from = 0; from < q->nr; from++) {
		const struct pn_silent *s = nth(q, from);

		if (pn_conn_is_silent(conns, s->ct, s->id, limit))
			*nth(q, to++) = *s;
	}
	q->nr = to;
}

bool pn_silents_add(struct pn_silents *q, struct pn_conns *conns, u8 limit,
		    const struct pn_silent *s)
{
	bool room;

	spin_lock(&q->lock);
	if (q->nr == PN_SILENT_ROOM)
		clean(q, conns, limit);
	room = q->nr < PN_SILENT_ROOM;
	if (room)
		*nth(q, q->nr++) = *s;
	spin_unlock(&q->lock);
	return room;
}

/* The first that is still silent. */
static bool first_of(struct pn_silents *q, struct pn_conns *conns, u8 limit,
		     struct pn_silent *s)
{
	bool found = false;

	spin_lock(&q->lock);
	while (!found && q->nr) {
		*s = *nth(q, 0);
		found = pn_conn_is_silent(conns, s->ct, s->id, limit);
		if (!found) {
			q->first++;
			q->nr--;
		}
	}
	spin_unlock(&q->lock);
	return found;
}

bool pn_silents_choose(struct pn_silents queues[PN_TRUSTS], struct pn_conns *conns,
		       u8 limit, struct pn_silent *s)
{
	bool found = false;
	u32 trust, since, oldest = 0;

	for (trust = 0; trust < PN_TRUSTS; trust++) {
		struct pn_silent one;

		if (!first_of(&queues[trust], conns, limit, &one))
			continue;
		since = one.since + pn_tick(believed[trust] * NSEC_PER_SEC);
		if (found && (s32)(since - oldest) >= 0)
			continue;
		oldest = since;
		*s = one;
		found = true;
	}
	return found;
}
