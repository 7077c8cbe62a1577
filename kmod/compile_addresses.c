// SPDX-License-Identifier: GPL-2.0
/*
 * Address classes: one sweep over the boundaries of all sets in ascending order,
 * keeping the set of sets one is in. Plain C: also built in user space.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "compile.h"
#include "memory.h"

#define CLASSES_MAX	1000000U

/*
 * A walk over the boundaries of one set: range 0's first address, the one behind
 * its last, range 1's first, ...
 */
struct walk {
	struct pn_key key;
	u32 set;
	u32 step;
};

struct sweep {
	struct pn_compile *c;
	bool v6;
	struct walk *heap;		/* the lowest boundary on top */
	u32 nr_heap;
	u32 *active, nr_active;		/* the sets one is in */
	u32 *where;			/* by set: place in active + 1, or 0 */
	struct pn_hash *hash;		/* by set */
	struct pn_hash now;
	struct pn_addresses *to;
};

static struct pn_key next_key(struct pn_key k, bool v6)
{
	if (v6 && !++k.lo)
		k.hi++;
	else if (!v6)
		k.hi++;
	return k;
}

/* Moves @w to its next boundary. Return: false at the end. */
static bool step(const struct sweep *s, struct walk *w)
{
	const struct pn_hosts *h = &s->c->policy->hosts[w->set];
	u32 range = w->step / 2, end = w->step % 2;
	struct pn_key lo, hi, max;

	if (range == (s->v6 ? h->nr6 : h->nr4))
		return false;
	if (s->v6) {
		lo = h->r6[range].lo;
		hi = h->r6[range].hi;
		max = (struct pn_key){ U64_MAX, U64_MAX };
	} else {
		lo = (struct pn_key){ h->r4[range].lo, 0 };
		hi = (struct pn_key){ h->r4[range].hi, 0 };
		max = (struct pn_key){ U32_MAX, 0 };
	}
	w->step++;
	if (!end) {
		w->key = lo;
		return true;
	}
	/* behind the last address there is nothing */
	if (pn_key_same(hi, max))
		return false;
	w->key = next_key(hi, s->v6);
	return true;
}

static void sift_down(struct sweep *s, u32 i)
{
	struct walk w = s->heap[i];

	for (;;) {
		u32 child = i * 2 + 1;

		if (child >= s->nr_heap)
			break;
		if (child + 1 < s->nr_heap &&
		    pn_key_below(s->heap[child + 1].key, s->heap[child].key))
			child++;
		if (!pn_key_below(s->heap[child].key, w.key))
			break;
		s->heap[i] = s->heap[child];
		i = child;
	}
	s->heap[i] = w;
}

static void toggle(struct sweep *s, u32 set)
{
	pn_hash_toggle(&s->now, s->hash[set]);
	if (s->where[set]) {
		u32 last = s->active[--s->nr_active];

		s->active[s->where[set] - 1] = last;
		s->where[last] = s->where[set];
		s->where[set] = 0;
	} else {
		s->active[s->nr_active++] = set;
		s->where[set] = s->nr_active;
	}
}

/* The class that begins at @key, unless it is the one that is in force. */
static int add_boundary(struct sweep *s, struct pn_key key)
{
	struct pn_addresses *to = s->to;
	u32 class;
	int err;

	err = pn_intern_get(&s->c->addresses, s->now, s->active, s->nr_active,
			    &class);
	if (!err && !(to->nr && to->class[to->nr - 1] == class))
		pn_address_add(to, key, class);
	return err;
}

static int sweep(struct sweep *s)
{
	const struct pn_policy *policy = s->c->policy;
	struct pn_key key = {};
	u32 set, nr, i;
	int err;

	for (set = 0; set < policy->nr_hosts; set++) {
		struct walk w = { .set = set };

		s->hash[set] = pn_hash_of(&s->c->seed, PN_SPACE_ATOM, set);
		if (step(s, &w))
			s->heap[s->nr_heap++] = w;
	}
	for (i = s->nr_heap / 2; i--;)
		sift_down(s, i);

	for (;;) {
		for (nr = 0; s->nr_heap && pn_key_same(s->heap[0].key, key); nr++) {
			toggle(s, s->heap[0].set);
			if (!step(s, &s->heap[0]))
				s->heap[0] = s->heap[--s->nr_heap];
			sift_down(s, 0);
		}
		err = pn_compile_steps(s->c, nr * 8ULL);
		if (!err)
			err = add_boundary(s, key);
		if (err || !s->nr_heap)
			return err;
		key = s->heap[0].key;
	}
}

/* Each range has two boundaries at most, and the first is 0. */
static u32 most_boundaries(const struct pn_policy *policy, bool v6)
{
	u32 nr = 1, i;

	for (i = 0; i < policy->nr_hosts; i++)
		nr += 2 * (v6 ? policy->hosts[i].nr6 : policy->hosts[i].nr4);
	return nr;
}

static int sweep_family(struct pn_compile *c, struct pn_addresses *to, bool v6)
{
	struct pn_policy *policy = c->policy;
	u32 n = policy->nr_hosts + 1;	/* room for the step behind the last */
	struct sweep s = { .c = c, .v6 = v6, .to = to };
	int err = -ENOMEM;

	s.heap = pn_alloc(policy, n, sizeof(*s.heap));
	s.active = pn_alloc(policy, n, sizeof(*s.active));
	s.where = pn_alloc(policy, n, sizeof(*s.where));
	s.hash = pn_alloc(policy, n, sizeof(*s.hash));
	if (s.heap && s.active && s.where && s.hash)
		err = pn_address_alloc(policy, to, v6,
				       most_boundaries(policy, v6));
	if (!err)
		err = sweep(&s);
	if (!err)
		err = pn_address_build(policy, to);
	pn_free(policy, s.heap, n, sizeof(*s.heap));
	pn_free(policy, s.active, n, sizeof(*s.active));
	pn_free(policy, s.where, n, sizeof(*s.where));
	pn_free(policy, s.hash, n, sizeof(*s.hash));
	return err;
}

/* Bit i of a set's exempt: limit i names it. */
static void describe_exempt(const struct pn_policy *policy,
			    struct pn_class *set)
{
	u32 limit, i;

	for (limit = 0; limit < policy->nr_limits; limit++) {
		const struct pn_limit *l = &policy->limits[limit];

		for (i = 0; i < l->nr_exempt; i++)
			set[l->exempt[i]].exempt |= BIT_ULL(limit);
	}
}

/*
 * Which zones claim the addresses of each set: its own, or those of the sets
 * that it is a member of; and which limits exempt them, in whatever zone. Members
 * have lower numbers, so one pass downwards.
 */
static int describe_classes(struct pn_compile *c)
{
	struct pn_policy *policy = c->policy;
	struct pn_class *set, *class;
	u32 i, m, nr;
	int err = 0;

	set = pn_alloc(policy, policy->nr_hosts, sizeof(*set));
	class = pn_alloc(policy, c->addresses.nr, sizeof(*class));
	policy->tables.class = class;
	policy->tables.nr_classes = c->addresses.nr;
	if (!set || !class) {
		pn_free(policy, set, policy->nr_hosts, sizeof(*set));
		return -ENOMEM;
	}
	describe_exempt(policy, set);
	for (i = policy->nr_hosts; i--;) {
		const struct pn_hosts *h = &policy->hosts[i];

		if (h->zone != PN_ZONE_ANY)
			set[i].zones = BIT_ULL(h->zone);
		if (h->flags & POSTERN_HOSTS_NAT)
			set[i].flags |= PN_CLASS_NAT;
		for (m = 0; m < h->nr_members; m++) {
			struct pn_class *member = &set[h->members[m]];

			if (policy->hosts[h->members[m]].zone == PN_ZONE_ANY)
				member->zones |= set[i].zones;
			member->flags |= set[i].flags;
			member->exempt |= set[i].exempt;
		}
	}
	for (i = 0; i < c->addresses.nr; i++) {
		const u32 *sets = pn_intern_members(&c->addresses, i, &nr);

		class[i].server = PN_SERVER_NONE;
		for (m = 0; m < nr; m++) {
			if (policy->hosts[sets[m]].flags & POSTERN_HOSTS_SERVER)
				class[i].server = min(class[i].server, sets[m]);
			class[i].zones |= set[sets[m]].zones;
			class[i].flags |= set[sets[m]].flags;
			class[i].exempt |= set[sets[m]].exempt;
		}
		err = pn_compile_steps(c, nr);
		if (err)
			break;
		if (class[i].zones && !(class[i].flags & PN_CLASS_NAT))
			class[i].flags |= PN_CLASS_GUARDED;
	}
	pn_free(policy, set, policy->nr_hosts, sizeof(*set));
	return err;
}

bool pn_zone_fits(const struct pn_compile *c, u32 zone, u32 column,
		  u32 action)
{
	const struct pn_tables *t = &c->policy->tables;

	if (zone == PN_ZONE_ANY || zone == column)
		return true;
	return column == t->zone_early && zone != t->zone_self &&
	       action == POSTERN_ACTION_ALLOW;
}

struct classes {
	struct pn_side *side;
	u32 *stamp, now;		/* by term: is in the list */
	u32 *list, nr;
	struct pn_hash hash;
};

/* Adds the terms that name @atom in a zone that fits @column. */
static int add_terms(struct pn_compile *c, struct classes *k, u32 atom,
		     u32 column)
{
	const struct pn_csr *uses = &k->side->uses;
	u32 i, nr;

	for (i = uses->start[atom]; i < uses->start[atom + 1]; i += 2) {
		u32 term = uses->item[i], zone = uses->item[i + 1];
		const u32 *m;

		if (k->stamp[term] == k->now)
			continue;
		m = pn_intern_members(&k->side->terms, term, &nr);
		/* the last pair of a term is its action, see intern_term() */
		if (!pn_zone_fits(c, zone, column, m[nr - 2]))
			continue;
		k->stamp[term] = k->now;
		k->list[k->nr++] = term;
		pn_hash_toggle(&k->hash, pn_hash_of(&c->seed, PN_SPACE_TERM,
						    term));
	}
	return pn_compile_steps(c, 1 + uses->start[atom + 1] -
				   uses->start[atom]);
}

/* The table [zone][address class] -> set of terms that both fit. */
static int classify_side(struct pn_compile *c, struct pn_side *side,
			 const u32 **table)
{
	struct pn_policy *policy = c->policy;
	u32 nr_zones = policy->nr_zones + 2, nr_classes = c->addresses.nr;
	u32 nr_terms = side->terms.nr, column, class, i, nr, *to;
	struct classes k = { .side = side };
	int err = -ENOMEM;

	to = pn_alloc(policy, (size_t)nr_zones * nr_classes, sizeof(*to));
	*table = to;
	k.stamp = pn_alloc(policy, nr_terms, sizeof(*k.stamp));
	k.list = pn_alloc(policy, nr_terms, sizeof(*k.list));
	if (!to || !k.stamp || !k.list)
		goto out;
	err = pn_intern_init(&side->classes, policy, CLASSES_MAX);
	for (column = 0; column < nr_zones && !err; column++) {
		for (class = 0; class < nr_classes && !err; class++) {
			const u32 *atoms;

			k.now++;
			k.nr = 0;
			k.hash = (struct pn_hash){};
			/* a source class has one zone: see default_outcome */
			if (side == &c->src)
				k.hash = pn_hash_of(&c->seed, PN_SPACE_ZONE,
						    column);
			atoms = pn_intern_members(&c->addresses, class, &nr);
			err = add_terms(c, &k, c->any_atom, column);
			for (i = 0; i < nr && !err; i++)
				err = add_terms(c, &k, atoms[i], column);
			if (!err)
				err = pn_intern_get(&side->classes, k.hash,
						    k.list, k.nr, to++);
		}
	}
out:
	pn_free(policy, k.stamp, nr_terms, sizeof(*k.stamp));
	pn_free(policy, k.list, nr_terms, sizeof(*k.list));
	return err;
}

int pn_compile_addresses(struct pn_compile *c)
{
	struct pn_tables *t = &c->policy->tables;
	int err;

	err = pn_intern_init(&c->addresses, c->policy, CLASSES_MAX);
	if (!err)
		err = sweep_family(c, &t->v4, false);
	if (!err)
		err = sweep_family(c, &t->v6, true);
	if (!err)
		err = describe_classes(c);
	if (!err)
		err = classify_side(c, &c->src, &t->src_class);
	if (!err)
		err = classify_side(c, &c->dst, &t->dst_class);
	t->nr_src_classes = c->src.classes.nr;
	t->nr_dst_classes = c->dst.classes.nr;
	return err;
}
