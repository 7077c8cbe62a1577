// SPDX-License-Identifier: GPL-2.0
/*
 * Sources and how they are charged: see admission.h.
 */
#include <linux/ktime.h>
#include <net/netfilter/nf_conntrack.h>

#include "admission.h"
#include "gcra.h"

bool pn_admission_begin(struct pn_admission *a, struct pn_net *pn,
			const struct pn_policy *policy, u32 rule, bool v6,
			struct pn_key addr)
{
	const struct pn_tables *t = &policy->tables;
	u32 nr = policy->rules[rule].limit;

	if (policy->limits[nr].nr_exempt &&
	    t->class[pn_address_class(t, v6, addr)].exempt & BIT_ULL(nr))
		return false;
	a->pn = pn;
	a->policy = policy;
	a->rule = rule;
	a->limiter = pn_limiter_of(pn);
	a->limit = &policy->limits[nr];
	a->state = &a->limiter->limit[a->limit->number];
	a->observe = (policy->flags & POSTERN_POLICY_OBSERVE) ||
		     (a->limit->flags & POSTERN_LIMIT_OBSERVE);
	a->network = a->limit->rate[PN_LEVEL_NETWORK].gcra.interval ||
		     a->limit->open[PN_LEVEL_NETWORK];
	a->addr = addr;
	a->v6 = v6;
	a->now = ktime_get_boottime_ns();
	return true;
}

enum pn_reason pn_admission_over(const struct pn_admission *a,
				 enum pn_level level, const struct pn_source *s,
				 u64 *next)
{
	const struct pn_gcra *g = &a->limit->rate[level].gcra;
	u64 due = READ_ONCE(s->due);
	u32 open = a->limit->open[level];

	*next = due;
	if (g->interval && !pn_gcra_take(g, due, a->now, g->tolerance, next))
		return PN_LIMIT_RATE;
	if (open && READ_ONCE(s->open) >= open)
		return PN_LIMIT_OPEN;
	return PN_OK;
}

/* Context: @s is held. */
static bool refused_lately(const struct pn_admission *a, const struct pn_source *s)
{
	return s->refusals && pn_tick(a->now) - s->window <=
				      pn_admission_ticks(a->limit->ban_window_ms);
}

/*
 * One more refusal of @s. @own: for what it did itself, and not its network: only that
 * counts towards a ban. @last_chance: and not even that bans it. Return: whether that
 * banned it. Context: it is held.
 */
static bool count_refusal(const struct pn_admission *a, struct pn_source *s,
			  enum pn_reason why, bool own, bool last_chance)
{
	const struct pn_limit *l = a->limit;
	u32 now = pn_tick(a->now);
	u64 length;

	s->refused++;
	s->why = why;
	if (!own || !l->ban_ms || pn_source_banned(s, now))
		return false;
	if (!refused_lately(a, s)) {
		s->window = now;
		s->refusals = 0;
	}
	s->refusals++;
	if (s->refusals < l->ban_refusals || last_chance)
		return false;
	s->refusals = 0;
	/* who kept quiet for as long as a ban can be begins anew */
	if (s->bans &&
	    (s32)(now - s->ban_ends) > (s32)pn_admission_ticks(l->ban_max_ms))
		s->bans = 0;
	length = min((u64)l->ban_ms << min_t(u8, s->bans, 31),
		     (u64)l->ban_max_ms);
	s->bans = min(s->bans + 1, 31);
	WRITE_ONCE(s->ban_ends, now + pn_admission_ticks(length));
	WRITE_ONCE(s->banned, true);
	return true;
}

/* One more is open at @level. Context: @s is held. */
static void count_open(const struct pn_admission *a, struct pn_source *s,
		       enum pn_level level, u8 *levels)
{
	WRITE_ONCE(s->open, s->open + 1);
	if (!a->limit->silent)
		WRITE_ONCE(s->known, true);
	s->seen = pn_tick(a->now);
	*levels |= BIT(level);
}

/*
 * Charges a source, and its network, for a handshake. @levels: set to where it counts
 * as open. Context: both are held.
 */
static enum pn_reason charge(const struct pn_admission *a,
			     struct pn_source *s[PN_LEVELS], u8 *levels,
			     bool *ban)
{
	bool strict = a->limit->flags & POSTERN_LIMIT_STRICT;
	enum pn_reason reason = PN_OK;
	u64 next[PN_LEVELS];
	bool own = false;
	u32 level;

	if (s[PN_LEVEL_SOURCE] &&
	    pn_source_banned(s[PN_LEVEL_SOURCE], pn_tick(a->now)))
		reason = PN_BANNED;
	for (level = 0; level < PN_LEVELS; level++) {
		enum pn_reason why;

		if (!s[level])
			continue;
		why = pn_admission_over(a, level, s[level], &next[level]);
		own |= why && level == PN_LEVEL_SOURCE;
		if (!reason)
			reason = why;
	}
	for (level = 0; level < PN_LEVELS; level++) {
		if (!s[level])
			continue;
		if (!reason || strict)
			WRITE_ONCE(s[level]->due, next[level]);
		if (reason)
			continue;
		WRITE_ONCE(s[level]->accepted, s[level]->accepted + 1);
		count_open(a, s[level], level, levels);
	}
	if (reason && s[PN_LEVEL_SOURCE])
		*ban = count_refusal(a, s[PN_LEVEL_SOURCE], reason, own, false);
	return reason;
}

static u32 hold_some(const struct pn_admission *a, bool make,
		     struct pn_source_held *held)
{
	struct pn_source_key key[PN_LEVELS];

	key[PN_LEVEL_SOURCE] = pn_admission_key(a, PN_LEVEL_SOURCE);
	if (a->network)
		key[PN_LEVEL_NETWORK] = pn_admission_key(a, PN_LEVEL_NETWORK);
	return pn_source_hold(a->limiter->sources, key, a->network ? 2 : 1, make,
			      a->now, held);
}

/* The entries of a source and of its network, made if they are missing. */
static void hold(const struct pn_admission *a, struct pn_source_held *held)
{
	u32 evicted = hold_some(a, true, held);

	if (evicted)
		pn_count_add(a->pn->stats, PN_COUNT_SOURCES_EVICTED, evicted);
}

/* Likewise, if they are there. Return: the source's. */
static struct pn_source *hold_known(const struct pn_admission *a,
				    struct pn_source_held *held)
{
	hold_some(a, false, held);
	return held->entry[PN_LEVEL_SOURCE];
}

static void release(const struct pn_admission *a,
		    const struct pn_source_held *held)
{
	pn_source_release(a->limiter->sources, held);
}

static void tell_ban(const struct pn_admission *a)
{
	struct pn_source_key key = pn_admission_key(a, PN_LEVEL_SOURCE);

	pn_count(a->pn->stats, PN_COUNT_BANS);
	pn_limiter_tell_ban(a->pn, a->limiter, &key, true);
}

enum pn_reason pn_admission_charge(const struct pn_admission *a, u8 *levels,
				   bool *known)
{
	struct pn_source_held held;
	enum pn_reason reason;
	struct pn_source *s;
	bool ban = false;

	hold(a, &held);
	reason = charge(a, held.entry, levels, &ban);
	s = held.entry[PN_LEVEL_SOURCE];
	*known = s && s->known;
	release(a, &held);
	if (!reason)
		pn_count(a->pn->stats, PN_COUNT_HANDSHAKES);
	if (ban)
		tell_ban(a);
	return reason;
}

u8 pn_admission_adopt(const struct pn_admission *a)
{
	struct pn_source_held held;
	u8 levels = 0;
	u32 level;

	hold(a, &held);
	for (level = 0; level < PN_LEVELS; level++) {
		struct pn_source *s = held.entry[level];

		if (!s)
			continue;
		if (!s->accepted)
			WRITE_ONCE(s->accepted, 1);
		count_open(a, s, level, &levels);
	}
	release(a, &held);
	return levels;
}

/* @doubt: the first time it costs one that is known only its good name. */
static void refuse(const struct pn_admission *a, enum pn_reason why, bool doubt)
{
	struct pn_source_held held;
	struct pn_source *s = hold_known(a, &held);
	bool ban = false;

	if (s)
		ban = count_refusal(a, s, why, true, doubt && s->known);
	if (s && doubt)
		WRITE_ONCE(s->known, false);
	release(a, &held);
	if (ban)
		tell_ban(a);
}

void pn_admission_refuse(const struct pn_admission *a, enum pn_reason why)
{
	refuse(a, why, false);
}

void pn_admission_doubt(const struct pn_admission *a, enum pn_reason why)
{
	refuse(a, why, true);
}

void pn_admission_hear(const struct pn_admission *a)
{
	struct pn_source_held held;
	struct pn_source *s = hold_known(a, &held);

	if (s && !refused_lately(a, s))
		WRITE_ONCE(s->known, true);
	release(a, &held);
}

u32 pn_admission_enter(const struct pn_admission *a, struct pn_conn *conn)
{
	struct pn_conn gone, pushed;
	u32 id;

	conn->since = pn_tick(a->now);
	conn->asked = pn_tick(a->now);
	conn->limit = a->limit->number;
	conn->observed = a->observe;
	if (conn->state == PN_CONN_HALF)
		atomic_inc(&a->state->half_open);
	if (conn->silent)
		atomic_inc(&a->state->silent);
	id = pn_conn_put(a->limiter->conns, conn, &gone, &pushed);
	if (gone.ct)
		pn_limiter_gone(a->limiter, &gone);
	if (pushed.ct) {
		pn_count(a->pn->stats, PN_COUNT_CONNS_EVICTED);
		if (conn->state == PN_CONN_HALF)
			pn_admission_crowd(a);
		pn_limiter_drop(a->limiter, &pushed);
		if (pushed.held)
			nf_ct_put(pushed.ct);
	}
	return id;
}
