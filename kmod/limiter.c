// SPDX-License-Identifier: GPL-2.0
/*
 * The limiter of a namespace: see limiter.h.
 */
#include <linux/string.h>
#include <net/netfilter/nf_conntrack.h>

#include "events.h"
#include "flow.h"
#include "inspector.h"
#include "limiter.h"
#include "memory.h"

#define CONNS_PER_SOURCE	2
#define KNOCKS_PER_SOURCE	4
/* 8 MiB: a flood must not drown all knocks, however few sources there are */
#define KNOCKS_MIN		BIT(20)

/* Who is root only in a user namespace of his own cannot take as much. */
#define CONFINED_SOURCES_MAX	65536

/* ---- coming and going */

static void free_limiter(struct pn_limiter *l)
{
	u32 i;

	for (i = 0; i < PN_NUMBERS; i++)
		pn_table_free(l->limit[i].silents, PN_TRUSTS,
			      sizeof(struct pn_silents));
	pn_sources_free(l->sources);
	pn_conns_free(l->conns);
	pn_knocks_free(l->knocks);
	pn_table_free(l, 1, sizeof(*l));
}

static struct pn_limiter *alloc_limiter(u32 nr, bool confined)
{
	u32 knocks = nr * KNOCKS_PER_SOURCE;
	struct pn_limiter *l = pn_table_alloc(1, sizeof(*l), confined);

	if (!l)
		return NULL;
	l->sources = pn_sources_alloc(nr, confined);
	l->conns = pn_conns_alloc(nr * CONNS_PER_SOURCE, confined);
	if (!confined)
		knocks = max_t(u32, knocks, KNOCKS_MIN);
	l->knocks = pn_knocks_alloc(knocks, confined);
	if (l->sources && l->conns && l->knocks)
		return l;
	free_limiter(l);
	return NULL;
}

size_t pn_limiter_size(const struct pn_limiter *l)
{
	size_t silents = 0;
	u32 i;

	for (i = 0; i < PN_NUMBERS; i++)
		if (l->limit[i].silents)
			silents += PN_TRUSTS * sizeof(struct pn_silents);
	return sizeof(*l) + pn_sources_size(l->sources) +
	       pn_conns_size(l->conns) + pn_knocks_size(l->knocks) + silents;
}

static int make_silents(struct pn_limit_state *s, bool confined)
{
	struct pn_silents *silents;
	u32 i;

	if (s->silents)
		return 0;
	silents = pn_table_alloc(PN_TRUSTS, sizeof(*silents), confined);
	if (!silents)
		return -ENOMEM;
	for (i = 0; i < PN_TRUSTS; i++)
		pn_silents_init(&silents[i]);
	/* pairs with admit.c, which may have seen another policy with the limit */
	smp_store_release(&s->silents, silents);
	return 0;
}

struct copies {
	struct pn_source source[PN_SOURCE_WAYS];
	u32 nr;
};

static bool copy_source(struct pn_source *s, void *data)
{
	struct copies *copies = data;

	copies->source[copies->nr++] = *s;
	return true;
}

static void keep_source(struct pn_sources *to, const struct pn_source *s)
{
	struct pn_source_held copy;

	local_bh_disable();
	pn_source_hold(to, &s->key, 1, true, s->due, &copy);
	*copy.entry[0] = *s;
	/* connections are adopted by their next packets */
	copy.entry[0]->open = 0;
	pn_source_release(to, &copy);
	local_bh_enable();
}

/* Set by set: nobody holds locks of two tables. */
static void keep_sources(struct pn_sources *to, struct pn_sources *from)
{
	u32 i, n;

	for (i = 0; i <= from->mask; i++) {
		struct copies copies = {};

		pn_source_visit(from, i, copy_source, &copies);
		for (n = 0; n < copies.nr; n++)
			keep_source(to, &copies.source[n]);
		cond_resched();
	}
}

/*
 * Half-open ones are not adopted: see conn.h. Those that are not held cannot be looked
 * at, and begin anew.
 */
static void keep_half_open(const struct pn_conn *c, void *data)
{
	struct pn_limiter *to = data;
	struct pn_conn gone, pushed;

	if (c->state != PN_CONN_HALF || !c->held ||
	    pn_conn_get(to->conns, c->ct).state != PN_CONN_NONE)
		return;
	atomic_inc(&to->limit[c->limit].half_open);
	pn_conn_put(to->conns, c, &gone, &pushed);
	if (gone.ct)
		pn_limiter_gone(to, &gone);
	if (pushed.ct)
		pn_limiter_drop(to, &pushed);
	if (pushed.held)
		nf_ct_put(pushed.ct);
}

/*
 * Other tables of another size, which take over what is known. What happens meanwhile
 * is lost: a handshake, a refusal, or a SYN, which comes again.
 */
static int resize(struct pn_net *pn, struct pn_limiter *old, u32 nr,
		  bool confined)
{
	struct pn_limiter *l = alloc_limiter(nr, confined);
	u32 i;

	if (!l)
		return -ENOMEM;
	mutex_lock(&pn->limiter_mutex);
	for (i = 0; i < PN_NUMBERS; i++) {
		l->limit[i] = old->limit[i];
		atomic_set(&l->limit[i].half_open, 0);
		/* those who are silent are adopted as if they had spoken */
		atomic_set(&l->limit[i].silent, 0);
		l->limit[i].silents = NULL;
		if (!old->limit[i].silents ||
		    !make_silents(&l->limit[i], confined))
			continue;
		mutex_unlock(&pn->limiter_mutex);
		free_limiter(l);
		return -ENOMEM;
	}
	keep_sources(l->sources, old->sources);
	/* see pn_limiter_of() */
	smp_store_release(&pn->limiter, l);
	synchronize_net();
	pn_conn_sweep(old->conns, NULL, keep_half_open, l);
	mutex_unlock(&pn->limiter_mutex);
	free_limiter(old);
	return 0;
}

int pn_limiter_init(struct pn_net *pn, const struct pn_policy *policy)
{
	struct pn_limiter *l = pn->limiter;
	u32 nr = policy->nr_sources;

	lockdep_assert_held(&pn->mutex);
	if (policy->confined)
		nr = min_t(u32, nr, CONFINED_SOURCES_MAX);
	if (l && pn_sources_room(l->sources) == roundup_pow_of_two(nr))
		return 0;
	if (l)
		return resize(pn, l, nr, policy->confined);
	l = alloc_limiter(nr, policy->confined);
	if (!l)
		return -ENOMEM;
	/* see pn_limiter_of() */
	smp_store_release(&pn->limiter, l);
	return 0;
}

void pn_limiter_exit(struct pn_net *pn)
{
	struct pn_limiter *l = pn->limiter;

	if (!l)
		return;
	/* the hooks are gone, and who was in them */
	pn->limiter = NULL;
	pn_conn_sweep(l->conns, NULL, NULL, NULL);
	free_limiter(l);
}

/* ---- numbers of limits and inspects */

static bool is_of(const struct pn_limit_state *s, const char *name,
		  const u8 *prefix4, const u8 *prefix6)
{
	return !strcmp(s->name, name) &&
	       !memcmp(s->prefix4, prefix4, sizeof(s->prefix4)) &&
	       !memcmp(s->prefix6, prefix6, sizeof(s->prefix6));
}

/*
 * From @first on, one of @nr: the one that it has, or one that nobody has, or
 * PN_NUMBERS. @taken: the bit of one that nobody had is set.
 */
static u32 take_number(struct pn_limiter *limiter, u32 first, u32 nr,
		       const char *name, const u8 *prefix4, const u8 *prefix6,
		       unsigned long *taken)
{
	struct pn_limit_state *s;
	u32 i, number = PN_NUMBERS;

	for (i = first + nr; i-- > first;) {
		s = &limiter->limit[i];
		if (is_of(s, name, prefix4, prefix6))
			return i;
		if (!s->name[0])
			number = i;
	}
	if (number == PN_NUMBERS)
		return number;
	s = &limiter->limit[number];
	strscpy(s->name, name, sizeof(s->name));
	memcpy(s->prefix4, prefix4, sizeof(s->prefix4));
	memcpy(s->prefix6, prefix6, sizeof(s->prefix6));
	__set_bit(number, taken);
	return number;
}

u32 pn_limiter_find(const struct pn_limiter *limiter, const char *name)
{
	u32 i;

	for (i = 0; i < PN_NUMBERS; i++)
		if (!strcmp(limiter->limit[i].name, name))
			break;
	return i;
}

int pn_limiter_number(struct pn_net *pn, struct pn_policy *policy)
{
	static const u8 prefix4[PN_LEVELS] = { PN_PREFIX4_SOURCE,
						  PN_PREFIX4_NETWORK };
	static const u8 prefix6[PN_LEVELS] = { PN_PREFIX6_SOURCE,
						  PN_PREFIX6_NETWORK };
	struct pn_limiter *limiter = pn->limiter;
	DECLARE_BITMAP(taken, PN_NUMBERS) = {};
	int err = -ENOSPC;
	u32 i;

	lockdep_assert_held(&pn->mutex);
	mutex_lock(&pn->limiter_mutex);
	for (i = 0; i < policy->nr_limits; i++) {
		struct pn_limit *l = &policy->limits[i];
		u32 number = take_number(limiter, 0, PN_LIMIT_NUMBERS, l->name,
					 l->prefix4, l->prefix6, taken);

		if (number == PN_NUMBERS)
			goto out;
		l->number = number;
		if (l->silent && make_silents(&limiter->limit[number],
					      policy->confined)) {
			err = -ENOMEM;
			goto out;
		}
	}
	for (i = 0; i < policy->nr_inspectors; i++) {
		struct pn_inspector *in = &policy->inspectors[i];
		u32 number;

		if (!pn_inspector_is_rated(in))
			continue;
		number = take_number(limiter, PN_LIMIT_NUMBERS,
				     PN_NUMBERS - PN_LIMIT_NUMBERS, in->name,
				     prefix4, prefix6, taken);
		if (number == PN_NUMBERS)
			goto out;
		in->number = number;
	}
	err = 0;
out:
	/* no review comes after a policy that is not put in force */
	for (i = 0; err && i < PN_NUMBERS; i++)
		if (test_bit(i, taken))
			limiter->limit[i].name[0] = '\0';
	mutex_unlock(&pn->limiter_mutex);
	return err;
}

u8 pn_limiter_bits(const struct pn_limiter *limiter, u8 limit,
		   enum pn_level level, bool v6)
{
	const struct pn_limit_state *s = &limiter->limit[limit];

	return v6 ? s->prefix6[level] : s->prefix4[level];
}

struct pn_source_key pn_limiter_key(const struct pn_limiter *limiter, u8 limit,
				    enum pn_level level, bool v6,
				    struct pn_key addr)
{
	u8 bits = pn_limiter_bits(limiter, limit, level, v6);

	return (struct pn_source_key){
		.addr = pn_source_prefix(addr, v6, bits),
		.limit = limit,
		.level = level,
		.v6 = v6,
	};
}

void pn_limiter_tell_ban(struct pn_net *pn, const struct pn_limiter *limiter,
			 const struct pn_source_key *key, bool banned)
{
	pn_event_ban(pn, limiter->limit[key->limit].name,
		     pn_limiter_bits(limiter, key->limit, key->level, key->v6),
		     key, banned);
}

/* ---- connections that are over */

/* One open less. */
static void close(struct pn_limiter *limiter, const struct pn_conn *c)
{
	struct pn_source_key key[PN_LEVELS];
	struct pn_source_held held;
	struct pn_key addr;
	u32 level;
	bool v6;

	addr = pn_flow_client(c->ct, &v6);
	for (level = 0; level < PN_LEVELS; level++)
		key[level] = pn_limiter_key(limiter, c->limit, level, v6, addr);
	pn_source_hold(limiter->sources, key, PN_LEVELS, false, 0, &held);
	for (level = 0; level < PN_LEVELS; level++) {
		struct pn_source *s = held.entry[level];

		if (c->counted & BIT(level) && s && s->open)
			WRITE_ONCE(s->open, s->open - 1);
	}
	pn_source_release(limiter->sources, &held);
}

void pn_limiter_gone(struct pn_limiter *limiter, const struct pn_conn *c)
{
	if (c->state == PN_CONN_HALF)
		atomic_dec(&limiter->limit[c->limit].half_open);
	else
		close(limiter, c);
	if (c->silent)
		atomic_dec(&limiter->limit[c->limit].silent);
}

void pn_limiter_drop(struct pn_limiter *limiter, const struct pn_conn *c)
{
	/* one that is not held has no entry when its next packet comes */
	if (c->state == PN_CONN_HALF && c->held && !c->observed)
		nf_ct_kill(c->ct);
	pn_limiter_gone(limiter, c);
}
