// SPDX-License-Identifier: GPL-2.0
/*
 * Quotas of sources: see quota.h. They stand in the table of sources, under numbers of
 * inspects: @due is of recipients there, @asked of messages, both under the lock.
 */
#include <linux/ktime.h>

#include "inspector.h"
#include "limiter.h"
#include "quota.h"

static bool take(struct pn_source *s, const struct pn_gcra *g,
		 enum pn_smtp_charge what, u64 now)
{
	bool recipient = what == PN_SMTP_RECIPIENT;
	u64 next, due = recipient ? s->due : atomic64_read(&s->asked);

	if (!pn_gcra_take(g, due, now, g->tolerance, &next)) {
		s->refused++;
		s->why = PN_DROP_SMTP_RATE;
		return false;
	}
	if (recipient)
		WRITE_ONCE(s->due, next);
	else
		atomic64_set(&s->asked, next);
	s->seen = pn_tick(now);
	WRITE_ONCE(s->accepted, s->accepted + 1);
	return true;
}

bool pn_quota_take(struct pn_net *pn, const struct pn_inspector *inspector,
		   const struct pn_tuple *t, enum pn_smtp_charge what)
{
	const struct pn_gcra *g = what == PN_SMTP_RECIPIENT ?
				  &inspector->recipients.gcra :
				  &inspector->messages.gcra;
	struct pn_source_key key;
	struct pn_source_held held;
	u64 now = ktime_get_boottime_ns();
	struct pn_limiter *limiter;
	bool may;
	u32 evicted;

	if (!g->interval)
		return true;
	limiter = pn_limiter_of(pn);
	key = pn_limiter_key(limiter, inspector->number, PN_LEVEL_SOURCE, t->v6,
			     t->saddr);
	evicted = pn_source_hold(limiter->sources, &key, 1, true, now, &held);
	may = take(held.entry[0], g, what, now);
	pn_source_release(limiter->sources, &held);
	if (evicted)
		pn_count_add(pn->stats, PN_COUNT_SOURCES_EVICTED, evicted);
	return may;
}
