// SPDX-License-Identifier: GPL-2.0
/*
 * What is over in a limiter, and what a new policy leaves of it: see limiter.h.
 */
#include <linux/ktime.h>
#include <linux/sched.h>
#include <net/netfilter/nf_conntrack.h>

#include "events.h"
#include "inspector.h"
#include "limiter.h"
#include "policy.h"

/* A server gives up before: tcp(7), tcp_synack_retries takes it 63 s. */
#define HALF_OPEN_SECONDS	75

/* Until then the server answers, or the client asks again (RFC 6298), thrice. */
#define UNANSWERED_SECONDS	10

static u32 seconds(u32 s)
{
	return pn_tick((u64)s * NSEC_PER_SEC);
}

struct house {
	struct pn_net *pn;
	struct pn_limiter *limiter;
	u32 tick;
};

static bool conn_is_over(const struct pn_conn *c, void *data)
{
	const struct house *h = data;
	/* it may have come since, and be younger than now */
	s32 age = h->tick - c->since;

	/* perhaps another hook dropped its SYN */
	if (!c->held)
		return age > (s32)seconds(UNANSWERED_SECONDS);
	/* conntrack finds none that has expired, and takes its time to say so */
	if (nf_ct_is_dying(c->ct) || nf_ct_is_expired(c->ct))
		return true;
	return c->state == PN_CONN_HALF &&
	       age > (s32)seconds(HALF_OPEN_SECONDS);
}

static void conn_is_dropped(const struct pn_conn *c, void *data)
{
	struct house *h = data;

	pn_limiter_drop(h->limiter, c);
}

static void conn_is_gone(const struct pn_conn *c, void *data)
{
	struct house *h = data;

	pn_limiter_gone(h->limiter, c);
}

static bool end_ban(struct pn_source *s, void *data)
{
	struct house *h = data;

	if (s->banned && !pn_source_banned(s, h->tick)) {
		WRITE_ONCE(s->banned, false);
		pn_limiter_tell_ban(h->pn, h->limiter, &s->key, false);
	}
	return true;
}

static void end_attacks(struct house *h)
{
	u32 i;

	for (i = 0; i < PN_LIMIT_NUMBERS; i++) {
		struct pn_limit_state *s = &h->limiter->limit[i];

		s32 quiet = h->tick - READ_ONCE(s->challenged);

		if (READ_ONCE(s->attack) &&
		    quiet > (s32)seconds(PN_ATTACK_QUIET_SECONDS)) {
			WRITE_ONCE(s->attack, false);
			pn_event_attack(h->pn, s->name, false);
		}
	}
}

bool pn_limiter_house(struct pn_net *pn)
{
	struct house h = { .pn = pn };
	bool left;
	u32 i;

	mutex_lock(&pn->limiter_mutex);
	h.limiter = pn_limiter_of(pn);
	if (!h.limiter) {
		mutex_unlock(&pn->limiter_mutex);
		return false;
	}
	h.tick = pn_tick(ktime_get_boottime_ns());
	for (i = 0; i < PN_LIMIT_NUMBERS; i++)
		if (READ_ONCE(h.limiter->limit[i].crowded))
			WRITE_ONCE(h.limiter->limit[i].crowded, false);
	left = pn_conn_sweep(h.limiter->conns, conn_is_over, conn_is_dropped,
			     &h);
	for (i = 0; i <= h.limiter->sources->mask; i++) {
		pn_source_visit(h.limiter->sources, i, end_ban, &h);
		cond_resched();
	}
	end_attacks(&h);
	mutex_unlock(&pn->limiter_mutex);
	return left;
}

static bool conn_of_dead(const struct pn_conn *c, void *data)
{
	const struct house *h = data;

	return !h->limiter->limit[c->limit].name[0];
}

static bool source_of_living(struct pn_source *s, void *data)
{
	const struct house *h = data;

	return h->limiter->limit[s->key.limit].name[0];
}

static bool has_number(const struct pn_policy *policy, u32 number)
{
	u32 i;

	for (i = 0; i < policy->nr_limits; i++)
		if (policy->limits[i].number == number)
			return true;
	for (i = 0; i < policy->nr_inspectors; i++)
		if (pn_inspector_is_rated(&policy->inspectors[i]) &&
		    policy->inspectors[i].number == number)
			return true;
	return false;
}

/* Whoever gets the number of @s next begins anew. */
static void retire(struct pn_net *pn, struct pn_limit_state *s)
{
	if (xchg(&s->attack, false))
		pn_event_attack(pn, s->name, false);
	atomic64_set(&s->total_due, 0);
	s->name[0] = '\0';
}

/* Gives back the numbers of the limits that @policy has no more. */
static void free_numbers(struct house *h, const struct pn_policy *policy)
{
	u32 i;

	for (i = 0; i < PN_NUMBERS; i++)
		if (!has_number(policy, i))
			retire(h->pn, &h->limiter->limit[i]);
	pn_conn_sweep(h->limiter->conns, conn_of_dead, conn_is_gone, h);
	for (i = 0; i <= h->limiter->sources->mask; i++) {
		pn_source_visit(h->limiter->sources, i, source_of_living, h);
		cond_resched();
	}
}

void pn_limiter_review(struct pn_net *pn, const struct pn_policy *policy)
{
	struct house h = { .pn = pn, .limiter = pn->limiter };

	lockdep_assert_held(&pn->mutex);
	if (!h.limiter)
		return;
	mutex_lock(&pn->limiter_mutex);
	if (policy)
		free_numbers(&h, policy);
	else
		pn_conn_sweep(h.limiter->conns, NULL, conn_is_gone, &h);
	mutex_unlock(&pn->limiter_mutex);
}
