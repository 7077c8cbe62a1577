// SPDX-License-Identifier: GPL-2.0
/*
 * Admission of opening SYNs: see admit.h. Nobody is charged for one.
 */
#include <linux/ktime.h>

#include "compat/compiler.h"
#include "admission.h"
#include "admit.h"
#include "events.h"
#include "gcra.h"

/* What is known of who sent it; it is read without a lock. */
struct sender {
	struct pn_source *source;	/* or NULL */
	bool banned;
	bool known;			/* something was heard from it before */
	bool over;			/* has all that it may have */
};

static struct pn_source *find(const struct pn_admission *a, enum pn_level level)
{
	struct pn_source_key key = pn_admission_key(a, level);

	return pn_source_find(a->limiter->sources, &key);
}

static void look_up(const struct pn_admission *a, struct sender *s)
{
	u64 next;

	*s = (struct sender){ .source = find(a, PN_LEVEL_SOURCE) };
	if (!s->source)
		return;
	s->banned = pn_source_banned(s->source, pn_tick(a->now));
	s->known = READ_ONCE(s->source->known);
	s->over = pn_admission_over(a, PN_LEVEL_SOURCE, s->source, &next);
}

/* Has its network all that it may have? Not asked for each of a flood: it is far away. */
static bool network_is_over(const struct pn_admission *a)
{
	const struct pn_source *network;
	u64 next;

	network = a->network ? find(a, PN_LEVEL_NETWORK) : NULL;
	return network && pn_admission_over(a, PN_LEVEL_NETWORK, network, &next);
}

/*
 * How much of `total` a sender may use: unknown ones leave half of it to those who
 * knocked before or are known, and the former a quarter to the latter.
 */
static u64 share(const struct pn_gcra *total, bool known, bool knocked)
{
	u64 part = total->tolerance;

	if (!known)
		part -= knocked ? part >> 2 : part >> 1;
	return max(part, total->interval);
}

/* May one more be let in, of all? With @take it is. */
static bool within_total(const struct pn_admission *a, bool known, bool knocked,
			 bool take)
{
	const struct pn_gcra *total = &a->limit->total.gcra;
	s64 due = atomic64_read(&a->state->total_due);
	u64 next;

	if (!total->interval)
		return true;
	do {
		if (!pn_gcra_take(total, due, a->now,
				  share(total, known, knocked), &next))
			return false;
	} while (take && !atomic64_try_cmpxchg(&a->state->total_due, &due, next));
	return true;
}

/*
 * Is there an attack, so that the unknown must prove themselves? As many are half open
 * as may be, or as the table holds: then each costs another one.
 */
static bool attacked(const struct pn_admission *a)
{
	const struct pn_limit *l = a->limit;

	return (l->half_open &&
		atomic_read(&a->state->half_open) >= l->half_open) ||
	       ((l->half_open || l->silent) && READ_ONCE(a->state->crowded));
}

/*
 * Are as many more half open, of those who are known? Then they are among the
 * attackers, or others use their names, and they must prove themselves like anybody.
 */
static bool swamped(const struct pn_admission *a)
{
	return a->limit->half_open &&
	       atomic_read(&a->state->half_open) >= 2 * a->limit->half_open;
}

/*
 * Is it in the rate of its source, SYNs counted that others may have forged? Without a
 * rate, nothing bounds what is forged in one name, and he who bears it is like others.
 */
static bool within_asked(const struct pn_admission *a, struct pn_source *s,
			 bool take)
{
	const struct pn_gcra *g = &a->limit->rate[PN_LEVEL_SOURCE].gcra;
	s64 due = atomic64_read(&s->asked);
	u64 next;

	if (!g->interval)
		return !attacked(a) && within_total(a, false, false, false);
	if (!pn_gcra_take(g, due, a->now, g->tolerance, &next))
		return false;
	/* who loses a race lets one more in */
	if (take)
		atomic64_try_cmpxchg(&s->asked, &due, next);
	return true;
}

/* All unknown senders must prove themselves from now on, for a while. */
static void note_attack(const struct pn_admission *a)
{
	u32 tick = pn_tick(a->now);

	/* each of a flood would write it */
	if (READ_ONCE(a->state->challenged) != tick)
		WRITE_ONCE(a->state->challenged, tick);
	if (!READ_ONCE(a->state->attack) && !xchg(&a->state->attack, true))
		pn_event_attack(a->pn, a->limit->name, true);
}

static struct pn_knock_place place_of(const struct pn_admission *a,
				      const struct pn_packet *p)
{
	struct pn_knock k = {
		.saddr = p->t.saddr,
		.daddr = p->t.daddr,
		.sport = p->sport,
		.dport = p->t.port,
		.seq = p->tcp_seq,
	};

	return pn_knock_place(a->limiter->knocks, &k);
}

/* Somebody must prove himself. Return: whether he did. */
static bool challenge(const struct pn_admission *a,
		      const struct pn_knock_place *at)
{
	bool knocked, evicted;

	knocked = pn_knock(at, a->now, &evicted);
	if (evicted)
		pn_count(a->pn->stats, PN_COUNT_KNOCKS_EVICTED);
	return knocked;
}

/* @proven: set to whether it had to come again, and did. */
static enum pn_reason judge_syn(const struct pn_admission *a,
				const struct pn_packet *p, bool take,
				bool *proven)
{
	bool trusted, attack, knocked = false;
	struct pn_knock_place at = {};
	struct sender s;

	/* most likely it will be needed: early enough to be there when it is */
	if (READ_ONCE(a->state->attack))
		at = place_of(a, p);
	look_up(a, &s);
	if (s.banned)
		return PN_BANNED;
	trusted = s.known && !s.over && !network_is_over(a) && !swamped(a) &&
		  within_asked(a, s.source, take);
	/* one who is over his own limits must prove himself, too: that is no attack */
	attack = !trusted && (attacked(a) ||
			      !within_total(a, false, false, false));
	if (attack)
		note_attack(a);
	if (attack ||
	    (!trusted && (s.known || s.over || network_is_over(a)))) {
		if (!at.set)
			at = place_of(a, p);
		knocked = challenge(a, &at);
		if (!knocked)
			return PN_LIMIT_UNPROVEN;
	}
	if (!within_total(a, trusted, knocked, take))
		return PN_LIMIT_TOTAL;
	if (take && knocked)
		pn_count(a->pn->stats, PN_COUNT_PROVEN);
	*proven = knocked;
	return PN_OK;
}

enum pn_reason pn_admit_early(struct pn_net *pn, const struct pn_policy *policy,
			      const struct pn_packet *p, u32 rule)
{
	struct pn_admission a pn_uncleared;
	bool unused;

	if (!pn_admission_begin(&a, pn, policy, rule, p->t.v6, p->t.saddr) ||
	    a.observe)
		return PN_OK;
	return judge_syn(&a, p, false, &unused);
}

enum pn_reason pn_admit_syn(struct pn_net *pn, const struct pn_policy *policy,
			    const struct pn_packet *p, u32 rule,
			    struct nf_conn *ct, enum pn_reason *observed)
{
	struct pn_conn conn = {
		.ct = ct,
		.state = PN_CONN_HALF,
	};
	enum pn_reason reason;
	struct pn_admission a pn_uncleared;
	bool proven = false;

	if (!pn_admission_begin(&a, pn, policy, rule, p->t.v6, p->t.saddr))
		return PN_OK;
	reason = judge_syn(&a, p, true, &proven);
	conn.proven = proven;
	if (reason && a.observe) {
		*observed = reason;
		reason = PN_OK;
	}
	if (!reason)
		pn_admission_enter(&a, &conn);
	return reason;
}
