// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/net/postern/sources: who connects under the limits, and how full their
 * tables are.
 */
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/seq_file_net.h>
#include <linux/slab.h>

#include "ban.h"
#include "limiter.h"
#include "net.h"
#include "policy.h"
#include "proc.h"
#include "stats.h"

#define TOP_TALKERS	10

/* What one walk over the table finds. */
struct talkers {
	u32 tick;			/* now */
	u32 banned;			/* sources and networks */
	u32 nr;				/* of @top */
	struct pn_source top[TOP_TALKERS];
};

static bool talks_more(const struct pn_source *a, const struct pn_source *b)
{
	if (a->refused != b->refused)
		return a->refused > b->refused;
	return a->accepted > b->accepted;
}

static bool rank(struct pn_source *s, void *data)
{
	struct talkers *t = data;
	u32 i;

	t->banned += pn_source_banned(s, t->tick);
	if (!s->refused && !s->accepted)
		return true;
	if (t->nr < TOP_TALKERS)
		t->nr++;
	else if (!talks_more(s, &t->top[TOP_TALKERS - 1]))
		return true;
	for (i = t->nr - 1; i && talks_more(s, &t->top[i - 1]); i--)
		t->top[i] = t->top[i - 1];
	t->top[i] = *s;
	return true;
}

/* Context: limiter_mutex held. */
static void show_fill(struct seq_file *m, const struct pn_limiter *l,
		      const struct pn_counts *c)
{
	u32 nr = atomic_read(&l->sources->nr);
	u32 room = pn_sources_room(l->sources);

	seq_printf(m, "sources      %u of %u (%u%%), evicted %llu\n", nr, room,
		   (u32)div_u64((u64)nr * 100, room),
		   c->value[PN_COUNT_SOURCES_EVICTED]);
	seq_printf(m, "memory       %zu KiB\n",
		   (pn_limiter_size(l) + 1023) >> 10);
}

static void show_refusals(struct seq_file *m, const struct pn_counts *c)
{
	seq_printf(m, "handshakes   charged %llu, not counted as open any more %llu\n",
		   c->value[PN_COUNT_HANDSHAKES],
		   c->value[PN_COUNT_CONNS_EVICTED]);
	seq_printf(m, "refused      rate %llu, open %llu, total %llu, silent %llu, banned %llu\n",
		   c->dropped[PN_LIMIT_RATE],
		   c->dropped[PN_LIMIT_OPEN],
		   c->dropped[PN_LIMIT_TOTAL], c->dropped[PN_LIMIT_SILENT],
		   c->dropped[PN_BANNED]);
	seq_printf(m, "unproven     asked to come again %llu, proved themselves %llu, forgotten %llu\n",
		   c->dropped[PN_LIMIT_UNPROVEN],
		   c->value[PN_COUNT_PROVEN],
		   c->value[PN_COUNT_KNOCKS_EVICTED]);
}

static void show_limits(struct seq_file *m, const struct pn_net *pn,
			const struct pn_limiter *limiter)
{
	const struct pn_policy *p;
	u32 i;

	rcu_read_lock();
	p = rcu_dereference(pn->policy);
	for (i = 0; p && i < p->nr_limits; i++) {
		const struct pn_limit *l = &p->limits[i];
		const struct pn_limit_state *s = &limiter->limit[l->number];

		seq_printf(m, "%-12s %s: half open %d", i ? "" : "limits",
			   l->name, atomic_read(&s->half_open));
		if (l->half_open)
			seq_printf(m, " of %u", l->half_open);
		if (l->silent)
			seq_printf(m, ", silent %d of %u",
				   atomic_read(&s->silent), l->silent);
		seq_puts(m, READ_ONCE(s->attack) ? ", under attack\n" : "\n");
	}
	rcu_read_unlock();
}

static void show_talker(struct seq_file *m, const struct pn_limiter *limiter,
			const struct pn_source *s, u32 tick)
{
	const struct pn_source_key *key = &s->key;

	pn_proc_show_address(m, key->v6, key->addr);
	seq_printf(m, "/%u %s %u %u %u ",
		   pn_limiter_bits(limiter, key->limit, key->level, key->v6),
		   limiter->limit[key->limit].name, s->open, s->accepted,
		   s->refused);
	seq_puts(m, s->refused ? pn_reason_name[s->why] : "-");
	if (pn_source_banned(s, tick))
		seq_printf(m, " banned %llu\n",
			   div_u64(pn_ticks_ms(s->ban_ends - tick),
				   MSEC_PER_SEC));
	else
		seq_puts(m, s->open ? " open\n" : " known\n");
}

/* Context: limiter_mutex held. */
static void show_limiter(struct seq_file *m, struct pn_net *pn,
			 const struct pn_limiter *l, const struct pn_counts *c,
			 struct talkers *t)
{
	u32 i;

	for (i = 0; l && i <= l->sources->mask; i++) {
		pn_source_visit(l->sources, i, rank, t);
		cond_resched();
	}
	if (l) {
		show_fill(m, l, c);
		show_refusals(m, c);
	}
	seq_printf(m, "bans         prefixes %u, sources now %u, ever %llu\n",
		   pn_bans_number(pn), t->banned, c->value[PN_COUNT_BANS]);
	if (!l)
		return;
	show_limits(m, pn, l);
	seq_puts(m, "# source limit open accepted refused why state\n");
	for (i = 0; i < t->nr; i++)
		show_talker(m, l, &t->top[i], t->tick);
}

int pn_proc_sources_show(struct seq_file *m, void *v)
{
	struct pn_net *pn = pn_net(seq_file_single_net(m));
	struct pn_counts *counts = kmalloc(sizeof(*counts), GFP_KERNEL);
	struct talkers *talkers = kzalloc(sizeof(*talkers), GFP_KERNEL);

	if (!counts || !talkers) {
		kfree(counts);
		kfree(talkers);
		return -ENOMEM;
	}
	pn_stats_read(pn, counts);
	talkers->tick = pn_tick(ktime_get_boottime_ns());
	mutex_lock(&pn->limiter_mutex);
	show_limiter(m, pn, pn_limiter_of(pn), counts, talkers);
	mutex_unlock(&pn->limiter_mutex);
	kfree(counts);
	kfree(talkers);
	return 0;
}
