// SPDX-License-Identifier: GPL-2.0
/*
 * The table of connections under a limit: see conn.h.
 */
#include <linux/hash.h>
#include <linux/log2.h>
#include <linux/overflow.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <net/netfilter/nf_conntrack.h>

#include "conn.h"
#include "memory.h"

struct pn_conns *pn_conns_alloc(u32 nr, bool confined)
{
	u32 i, sets = roundup_pow_of_two(DIV_ROUND_UP(nr, PN_CONN_WAYS));
	struct pn_conns *conns;

	conns = pn_table_alloc(1, struct_size(conns, set, sets), confined);
	if (!conns)
		return NULL;
	conns->bits = ilog2(sets);
	get_random_bytes(&conns->secret, sizeof(conns->secret));
	for (i = 0; i < sets; i++)
		spin_lock_init(&conns->set[i].lock);
	return conns;
}

void pn_conns_free(struct pn_conns *conns)
{
	if (conns)
		pn_table_free(conns, 1, pn_conns_size(conns));
}

size_t pn_conns_size(const struct pn_conns *conns)
{
	return struct_size(conns, set, 1U << conns->bits);
}

static struct pn_conn_set *set_of(struct pn_conns *conns,
				  const struct nf_conn *ct)
{
	/* hash_ptr() cannot choose one of one */
	return &conns->set[conns->bits ? hash_ptr(ct, conns->bits) : 0];
}

static u32 identity(const struct pn_conns *conns, const struct nf_conn *ct)
{
	const struct nf_conntrack_tuple *tuple =
		&ct->tuplehash[IP_CT_DIR_ORIGINAL].tuple;

	return siphash(tuple, sizeof(*tuple), &conns->secret);
}

/* At its address, but not necessarily it. */
static struct pn_conn *at_address(struct pn_conn_set *set,
				  const struct nf_conn *ct)
{
	u32 i;

	for (i = 0; i < PN_CONN_WAYS; i++)
		if (set->way[i].ct == ct)
			return &set->way[i];
	return NULL;
}

static struct pn_conn *find_in(struct pn_conn_set *set,
			       const struct nf_conn *ct, u32 id)
{
	struct pn_conn *c = at_address(set, ct);

	return c && c->id == id ? c : NULL;
}

/* Does @a give way before @b? */
static bool goes_before(const struct pn_conn *a, const struct pn_conn *b)
{
	if (a->state != b->state)
		return a->state == PN_CONN_HALF;
	return (s32)(a->since - b->since) < 0;
}

/* A free one, or the one that gives way. */
static struct pn_conn *choose_way(struct pn_conn_set *set)
{
	struct pn_conn *chosen = &set->way[0];
	u32 i;

	for (i = 0; i < PN_CONN_WAYS; i++) {
		if (!set->way[i].ct)
			return &set->way[i];
		if (goes_before(&set->way[i], chosen))
			chosen = &set->way[i];
	}
	return chosen;
}

u32 pn_conn_put(struct pn_conns *conns, const struct pn_conn *new,
		struct pn_conn *gone, struct pn_conn *pushed)
{
	struct pn_conn_set *set = set_of(conns, new->ct);
	u32 id = identity(conns, new->ct);
	struct pn_conn *c;
	bool held = false;

	*gone = (struct pn_conn){};
	*pushed = (struct pn_conn){};
	spin_lock(&set->lock);
	c = at_address(set, new->ct);
	if (c) {
		*gone = *c;
		/* if it is another one, that is gone, and was not held */
		held = c->held;
	} else {
		c = choose_way(set);
		*pushed = *c;
	}
	*c = *new;
	c->id = id;
	c->held = held || new->state == PN_CONN_OPEN;
	if (c->held && !held)
		nf_conntrack_get(&c->ct->ct_general);
	spin_unlock(&set->lock);
	return id;
}

struct pn_conn pn_conn_get(struct pn_conns *conns, struct nf_conn *ct)
{
	struct pn_conn_set *set = set_of(conns, ct);
	u32 id = identity(conns, ct);
	struct pn_conn *c, found = {};

	spin_lock(&set->lock);
	c = find_in(set, ct, id);
	if (c && !c->held) {
		nf_conntrack_get(&ct->ct_general);
		c->held = true;
	}
	if (c)
		found = *c;
	spin_unlock(&set->lock);
	return found;
}

struct pn_conn pn_conn_take(struct pn_conns *conns, const struct nf_conn *ct)
{
	struct pn_conn_set *set = set_of(conns, ct);
	u32 id = identity(conns, ct);
	struct pn_conn *c, found = {};

	spin_lock(&set->lock);
	c = find_in(set, ct, id);
	if (c) {
		found = *c;
		*c = (struct pn_conn){};
	}
	spin_unlock(&set->lock);
	return found;
}

bool pn_conn_ask(struct pn_conns *conns, const struct nf_conn *ct, u32 tick,
		 u32 ticks)
{
	struct pn_conn_set *set = set_of(conns, ct);
	u32 id = identity(conns, ct);
	struct pn_conn *c;
	bool may;

	spin_lock(&set->lock);
	c = find_in(set, ct, id);
	may = c && (s32)(tick - c->asked) >= (s32)ticks;
	if (may)
		c->asked = tick;
	spin_unlock(&set->lock);
	return may;
}

static struct pn_conn *find_silent(struct pn_conn_set *set,
				   const struct nf_conn *ct, u32 id, u8 limit)
{
	struct pn_conn *c = find_in(set, ct, id);

	return c && c->silent && c->limit == limit ? c : NULL;
}

bool pn_conn_is_silent(struct pn_conns *conns, const struct nf_conn *ct, u32 id,
		       u8 limit)
{
	struct pn_conn_set *set = set_of(conns, ct);
	bool is;

	spin_lock(&set->lock);
	is = find_silent(set, ct, id, limit);
	spin_unlock(&set->lock);
	return is;
}

struct pn_conn pn_conn_hear(struct pn_conns *conns, const struct nf_conn *ct,
			    u32 id, u8 limit)
{
	struct pn_conn_set *set = set_of(conns, ct);
	struct pn_conn *c, found = {};

	spin_lock(&set->lock);
	c = find_silent(set, ct, id, limit);
	if (c) {
		c->silent = false;
		found = *c;
		nf_conntrack_get(&found.ct->ct_general);
	}
	spin_unlock(&set->lock);
	return found;
}

static u32 sweep_set(struct pn_conn_set *set,
		     bool (*over)(const struct pn_conn *c, void *data),
		     struct pn_conn *out, u32 *left, void *data)
{
	u32 i, nr = 0;

	spin_lock_bh(&set->lock);
	for (i = 0; i < PN_CONN_WAYS; i++) {
		struct pn_conn *c = &set->way[i];

		if (!c->ct)
			continue;
		if (over && !over(c, data)) {
			++*left;
			continue;
		}
		out[nr++] = *c;
		*c = (struct pn_conn){};
	}
	spin_unlock_bh(&set->lock);
	return nr;
}

bool pn_conn_sweep(struct pn_conns *conns,
		   bool (*over)(const struct pn_conn *c, void *data),
		   void (*gone)(const struct pn_conn *c, void *data), void *data)
{
	struct pn_conn out[PN_CONN_WAYS];
	u32 i, nr, left = 0;

	for (i = 0; i < 1U << conns->bits; i++) {
		nr = sweep_set(&conns->set[i], over, out, &left, data);
		/* not under the lock: conntrack may free what it holds */
		while (nr--) {
			if (gone) {
				local_bh_disable();
				gone(&out[nr], data);
				local_bh_enable();
			}
			if (out[nr].held)
				nf_ct_put(out[nr].ct);
		}
		cond_resched();
	}
	return left;
}
