// SPDX-License-Identifier: GPL-2.0
/*
 * Combinations of classes: (destination, service) to the list of rules that fit
 * both, (list, source) to the outcome. Plain C: also built in user space.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/sched.h>
#include <linux/sort.h>
#include <linux/string.h>

#include "compile.h"
#include "memory.h"

/* Up to as many terms a class's lists of refs are merged, not sorted. */
#define MERGED_TERMS	8

struct vector {
	u32 *item;
	u32 nr, cap;
};

struct cell_vector {
	struct pn_cell *cell;
	u32 nr, cap;
};

struct combine {
	struct pn_compile *c;
	struct pn_intern lists;		/* k: lists of refs, ascending */
	struct cell_vector by_service, by_source;
	struct pn_csr dst_refs;		/* by destination term */
	struct pn_intern outcomes;	/* members: rule, next */
};

static int push(struct pn_compile *c, struct vector *v, u32 item)
{
	int err = pn_grow(c->policy, (void **)&v->item, v->nr, &v->cap, 1,
			  PN_CELLS_MAX * 4, sizeof(*v->item));

	if (!err)
		v->item[v->nr++] = item;
	return err;
}

static int add_cell(struct pn_compile *c, struct cell_vector *v, u32 a, u32 b,
		    u32 value)
{
	int err = pn_grow(c->policy, (void **)&v->cell, v->nr, &v->cap, 1,
			  PN_CELLS_MAX, sizeof(*v->cell));

	if (!err)
		v->cell[v->nr++] = (struct pn_cell){ a, b, value };
	return err;
}

static int compare_u32(const void *va, const void *vb)
{
	u32 a = *(const u32 *)va, b = *(const u32 *)vb;

	return a < b ? -1 : a > b;
}

/* By the term that their destination names, and within it ascending. */
static int sort_refs_by_destination(struct combine *m)
{
	struct pn_compile *c = m->c;
	u32 i;
	int err;

	err = pn_csr_init(c, &m->dst_refs, c->dst.terms.nr);
	if (err)
		return err;
	for (i = 0; i < c->nr_refs; i++)
		pn_csr_count(&m->dst_refs, c->dst.ref_term[i]);
	err = pn_csr_alloc(c, &m->dst_refs);
	if (err)
		return err;
	for (i = c->nr_refs; i--;)
		pn_csr_put(&m->dst_refs, c->dst.ref_term[i], i);
	return 0;
}

/* Work space of pass one: the refs of one destination class. */
struct by_class {
	struct vector refs;		/* all, ascending */
	struct vector any;		/* of them those for any service */
	struct vector merged;
	struct vector used;		/* service classes with refs of their own */
	struct vector pairs;		/* their refs, class by class */
	u32 *count;			/* by service class */
};

/* Appends to @to what @a and @b hold, both ascending, in ascending order. */
static int merge(struct pn_compile *c, struct vector *to, const u32 *a, u32 nr_a,
		 const u32 *b, u32 nr_b)
{
	u32 *item;
	int err;

	err = pn_grow(c->policy, (void **)&to->item, to->nr, &to->cap,
		      nr_a + nr_b, PN_CELLS_MAX * 4, sizeof(*to->item));
	if (err)
		return err;
	item = to->item + to->nr;
	to->nr += nr_a + nr_b;
	while (nr_a && nr_b) {
		if (*a < *b) {
			*item++ = *a++;
			nr_a--;
		} else {
			*item++ = *b++;
			nr_b--;
		}
	}
	/* one of them is left, if any */
	if (nr_a)
		memcpy(item, a, nr_a * sizeof(*a));
	if (nr_b)
		memcpy(item, b, nr_b * sizeof(*b));
	return 0;
}

/* The list of @nr refs and those for any service, ascending, as a number. */
static int intern_list(struct combine *m, struct by_class *w, const u32 *ref,
		       u32 nr, u32 *k)
{
	struct pn_compile *c = m->c;
	struct pn_hash hash = {};
	u32 i;
	int err;

	w->merged.nr = 0;
	err = merge(c, &w->merged, ref, nr, w->any.item, w->any.nr);
	if (!err)
		err = pn_compile_steps(c, 4ULL * w->merged.nr);
	if (err)
		return err;
	for (i = 0; i < w->merged.nr; i++)
		pn_hash_toggle(&hash, pn_hash_of(&c->seed, PN_SPACE_REF,
						 w->merged.item[i]));
	return pn_intern_get(&m->lists, hash, w->merged.item, w->merged.nr, k);
}

/*
 * The refs of all terms of class @d. Few terms: their lists are merged, which
 * costs less than to sort; many: sorted, as merging each anew would be quadratic.
 */
static int collect_refs(struct combine *m, struct by_class *w, u32 d)
{
	struct pn_compile *c = m->c;
	u32 i, nr;
	const u32 *terms = pn_intern_members(&c->dst.classes, d, &nr);
	int err = 0;

	w->refs.nr = 0;
	for (i = 0; i < nr && !err; i++) {
		const u32 *start = &m->dst_refs.start[terms[i]];
		const u32 *refs = m->dst_refs.item + start[0];

		if (nr > MERGED_TERMS) {
			err = merge(c, &w->refs, refs, start[1] - start[0],
				    NULL, 0);
			continue;
		}
		w->merged.nr = 0;
		err = merge(c, &w->merged, w->refs.item, w->refs.nr, refs,
			    start[1] - start[0]);
		swap(w->refs, w->merged);
		if (!err)
			err = pn_compile_steps(c, w->refs.nr);
	}
	if (nr > MERGED_TERMS && !err)
		err = pn_compile_steps(c, 16ULL * w->refs.nr);
	if (nr > MERGED_TERMS && !err)
		sort(w->refs.item, w->refs.nr, sizeof(u32), compare_u32, NULL);
	return err;
}

/* Deals the refs out to the service classes they name: a counting sort. */
static int deal_refs(struct combine *m, struct by_class *w)
{
	struct pn_compile *c = m->c;
	const struct pn_csr *classes = &c->service_classes;
	u64 total = 0;
	u32 i, j, sum = 0;
	int err;

	w->any.nr = 0;
	w->used.nr = 0;
	for (i = 0; i < w->refs.nr; i++) {
		u32 ref = w->refs.item[i], term = c->ref_service[ref];

		if (!term) {
			err = push(c, &w->any, ref);
			if (err)
				return err;
			continue;
		}
		/* before it is done: the sums below are of 32 bits */
		total += classes->start[term + 1] - classes->start[term];
		if (total > PN_CELLS_MAX * 4ULL)
			return -E2BIG;
		for (j = classes->start[term]; j < classes->start[term + 1]; j++) {
			if (!w->count[classes->item[j]]++) {
				err = push(c, &w->used, classes->item[j]);
				if (err)
					return err;
			}
		}
	}
	for (i = 0; i < w->used.nr; i++) {
		sum += w->count[w->used.item[i]];
		w->count[w->used.item[i]] = sum;
	}
	err = pn_compile_steps(c, w->refs.nr + 4 * total);
	if (err)
		return err;
	w->pairs.nr = 0;
	err = pn_grow(c->policy, (void **)&w->pairs.item, 0, &w->pairs.cap, sum,
		      PN_CELLS_MAX * 4, sizeof(u32));
	if (err)
		return err;
	w->pairs.nr = sum;
	for (i = w->refs.nr; i--;) {
		u32 ref = w->refs.item[i], term = c->ref_service[ref];

		if (!term)
			continue;
		for (j = classes->start[term]; j < classes->start[term + 1]; j++)
			w->pairs.item[--w->count[classes->item[j]]] = ref;
	}
	return 0;
}

static int combine_destination(struct combine *m, struct by_class *w, u32 d,
			       u32 *default_k)
{
	u32 i, v, end, k;
	int err;

	err = collect_refs(m, w, d);
	if (!err)
		err = deal_refs(m, w);
	if (!err)
		err = intern_list(m, w, NULL, 0, default_k);
	for (i = 0; i < w->used.nr && !err; i++) {
		v = w->used.item[i];
		end = i + 1 < w->used.nr ? w->count[w->used.item[i + 1]] :
					   w->pairs.nr;
		err = intern_list(m, w, w->pairs.item + w->count[v],
				  end - w->count[v], &k);
		if (!err)
			err = add_cell(m->c, &m->by_service, d, v, k);
	}
	for (i = 0; i < w->used.nr; i++)
		w->count[w->used.item[i]] = 0;
	return err;
}

static int combine_destinations(struct combine *m)
{
	struct pn_compile *c = m->c;
	struct pn_policy *policy = c->policy;
	u32 nr = c->dst.classes.nr, d, *default_k;
	struct by_class w = {};
	int err = -ENOMEM;

	default_k = pn_alloc(policy, nr, sizeof(*default_k));
	policy->tables.default_k = default_k;
	w.count = pn_alloc(policy, c->services.nr, sizeof(*w.count));
	if (default_k && w.count)
		err = pn_intern_init(&m->lists, policy, PN_CELLS_MAX);
	for (d = 0; d < nr && !err; d++) {
		err = combine_destination(m, &w, d, &default_k[d]);
		if (!err)
			err = pn_compile_steps(c, 8);
	}
	policy->tables.nr_k = m->lists.nr;
	pn_free(policy, w.count, c->services.nr, sizeof(*w.count));
	pn_free(policy, w.refs.item, w.refs.cap, sizeof(u32));
	pn_free(policy, w.any.item, w.any.cap, sizeof(u32));
	pn_free(policy, w.merged.item, w.merged.cap, sizeof(u32));
	pn_free(policy, w.used.item, w.used.cap, sizeof(u32));
	pn_free(policy, w.pairs.item, w.pairs.cap, sizeof(u32));
	return err;
}

/* Which lists have a rule by which somebody may use a service that it names. */
static int find_owned(struct combine *m)
{
	struct pn_compile *c = m->c;
	struct pn_policy *policy = c->policy;
	bool *owned;
	u32 k, i, nr;
	int err = 0;

	if (!policy->nr_rpc)
		return 0;
	owned = pn_alloc(policy, m->lists.nr, sizeof(*owned));
	policy->tables.owned = owned;
	if (!owned)
		return -ENOMEM;
	for (k = 0; k < m->lists.nr && !err; k++) {
		const u32 *refs = pn_intern_members(&m->lists, k, &nr);

		for (i = 0; i < nr; i++)
			owned[k] |= c->ref_service[refs[i]] &&
				    policy->rules[c->refs[refs[i]].rule].action ==
				    POSTERN_ACTION_ALLOW;
		err = pn_compile_steps(c, nr);
	}
	return err;
}

/*
 * Pass two. A list is walked from its last ref to its first, each overwriting
 * what those behind it decided for the sources that it fits: for whole zones in
 * @base, for single source classes that stand out of their zone in @value.
 */
struct by_source {
	u32 *zone;			/* by source class */
	u64 *whole;			/* by source term: zones that fit entirely */
	struct pn_csr classes;		/* by source term: classes of other zones */
	u32 *base;			/* by zone */
	u32 *value, *epoch;		/* by source class */
	struct vector touched;		/* the classes whose epoch is now */
	u32 now;			/* counts the lists */
};

static int make_outcome(struct combine *m, u32 rule, u32 next, u32 *outcome)
{
	struct pn_outcome o = { rule, next };

	return pn_intern_get(&m->outcomes,
			     pn_hash_of(&m->c->seed, PN_SPACE_OUTCOME,
					(u64)rule << 32 | next),
			     (u32 *)&o, 2, outcome);
}

/* What @ref makes of a packet for which those behind it decided @behind. */
static int decide(struct combine *m, u32 ref, u32 behind, u32 *outcome)
{
	u32 r = m->c->refs[ref].rule, nr;
	const struct pn_rule *rule = &m->c->policy->rules[r];

	if (rule->action != POSTERN_ACTION_BLOCK ||
	    !(rule->flags & POSTERN_RULE_OBSERVE))
		return make_outcome(m, r, PN_OUTCOME_NONE, outcome);
	/* a <-> rule that fits both ways counts a packet once */
	if (pn_intern_members(&m->outcomes, behind, &nr)[0] == r) {
		*outcome = behind;
		return 0;
	}
	return make_outcome(m, r, behind, outcome);
}

static int apply_ref(struct combine *m, struct by_source *w, u32 ref)
{
	struct pn_compile *c = m->c;
	u32 term = c->src.ref_term[ref], nr_zones = c->policy->nr_zones + 2;
	const u32 *start = &w->classes.start[term];
	u32 nr_touched = w->touched.nr, zone, i, s;
	int err;

	err = pn_compile_steps(c, 8ULL * (start[1] - start[0] + 1) +
			       (w->whole[term] ? 8ULL * nr_touched + nr_zones : 0));
	if (err)
		return err;
	for (i = start[0]; i < start[1]; i++) {
		s = w->classes.item[i];
		if (w->epoch[s] != w->now) {
			w->epoch[s] = w->now;
			w->value[s] = w->base[w->zone[s]];
			err = push(c, &w->touched, s);
			if (err)
				return err;
		}
		err = decide(m, ref, w->value[s], &w->value[s]);
		if (err)
			return err;
	}
	if (!w->whole[term])
		return 0;
	for (i = 0; i < nr_touched; i++) {
		s = w->touched.item[i];
		if (!(w->whole[term] & BIT_ULL(w->zone[s])))
			continue;
		err = decide(m, ref, w->value[s], &w->value[s]);
		if (err)
			return err;
	}
	for (zone = 0; zone < nr_zones; zone++) {
		if (!(w->whole[term] & BIT_ULL(zone)))
			continue;
		err = decide(m, ref, w->base[zone], &w->base[zone]);
		if (err)
			return err;
	}
	return 0;
}

static int combine_list(struct combine *m, struct by_source *w, u32 k,
			u32 *default_outcome)
{
	u32 nr_zones = m->c->policy->nr_zones + 2, zone, i, nr;
	const u32 *refs;
	int err;

	w->now++;
	w->touched.nr = 0;
	for (zone = 0; zone < nr_zones; zone++)
		w->base[zone] = PN_OUTCOME_NONE;
	refs = pn_intern_members(&m->lists, k, &nr);
	for (i = nr; i--;) {
		err = apply_ref(m, w, refs[i]);
		if (err)
			return err;
	}
	for (i = 0; i < w->touched.nr; i++) {
		u32 s = w->touched.item[i];

		if (w->value[s] == w->base[w->zone[s]])
			continue;
		err = add_cell(m->c, &m->by_source, k, s, w->value[s]);
		if (err)
			return err;
	}
	memcpy(default_outcome, w->base, nr_zones * sizeof(u32));
	return 0;
}

/* Finds the terms that fit whole zones. */
static void find_whole_zones(struct pn_compile *c, struct by_source *w)
{
	u32 nr_zones = c->policy->nr_zones + 2, zone, i, j, nr;

	for (i = 0; i < c->src.terms.nr; i++) {
		const u32 *specs = pn_intern_members(&c->src.terms, i, &nr);

		for (j = 0; j + 2 < nr; j += 2) {
			if (specs[j + 1] != c->any_atom)
				continue;
			for (zone = 0; zone < nr_zones; zone++)
				if (pn_zone_fits(c, specs[j], zone, specs[nr - 2]))
					w->whole[i] |= BIT_ULL(zone);
		}
	}
}

/* Inverts class -> terms, less what find_whole_zones() tells. */
static int invert_classes(struct pn_compile *c, struct by_source *w)
{
	u32 i, j, nr;
	int err;

	err = pn_csr_init(c, &w->classes, c->src.terms.nr);
	if (err)
		return err;
	for (i = 0; i < c->src.classes.nr; i++) {
		const u32 *terms = pn_intern_members(&c->src.classes, i, &nr);

		for (j = 0; j < nr; j++)
			if (!(w->whole[terms[j]] & BIT_ULL(w->zone[i])))
				pn_csr_count(&w->classes, terms[j]);
	}
	err = pn_csr_alloc(c, &w->classes);
	if (err)
		return err;
	for (i = 0; i < c->src.classes.nr; i++) {
		const u32 *terms = pn_intern_members(&c->src.classes, i, &nr);

		for (j = 0; j < nr; j++)
			if (!(w->whole[terms[j]] & BIT_ULL(w->zone[i])))
				pn_csr_put(&w->classes, terms[j], i);
	}
	return 0;
}

static int describe_sources(struct pn_compile *c, struct by_source *w)
{
	const struct pn_tables *t = &c->policy->tables;
	u32 nr_zones = t->nr_zones + 2, i;

	for (i = 0; i < nr_zones * t->nr_classes; i++)
		w->zone[t->src_class[i]] = i / t->nr_classes;
	find_whole_zones(c, w);
	return invert_classes(c, w);
}

static int combine_sources(struct combine *m)
{
	struct pn_compile *c = m->c;
	struct pn_policy *policy = c->policy;
	u32 nr_zones = policy->nr_zones + 2, nr_classes = c->src.classes.nr;
	u32 nr_terms = c->src.terms.nr, *to, k, none;
	struct by_source w = {};
	int err = -ENOMEM;

	w.zone = pn_alloc(policy, nr_classes, sizeof(u32));
	w.value = pn_alloc(policy, nr_classes, sizeof(u32));
	w.epoch = pn_alloc(policy, nr_classes, sizeof(u32));
	w.whole = pn_alloc(policy, nr_terms, sizeof(u64));
	w.base = pn_alloc(policy, nr_zones, sizeof(u32));
	to = pn_alloc(policy, (size_t)nr_zones * m->lists.nr, sizeof(*to));
	policy->tables.default_outcome = to;
	if (w.zone && w.value && w.epoch && w.whole && w.base && to)
		err = describe_sources(c, &w);
	if (!err)
		err = pn_intern_init(&m->outcomes, policy, PN_CELLS_MAX);
	/* PN_OUTCOME_NONE */
	if (!err)
		err = make_outcome(m, U32_MAX, U32_MAX, &none);
	for (k = 0; k < m->lists.nr && !err; k++, to += nr_zones) {
		err = combine_list(m, &w, k, to);
		if (!err)
			err = pn_compile_steps(c, nr_zones);
	}
	pn_csr_free(c, &w.classes);
	pn_free(policy, w.zone, nr_classes, sizeof(u32));
	pn_free(policy, w.value, nr_classes, sizeof(u32));
	pn_free(policy, w.epoch, nr_classes, sizeof(u32));
	pn_free(policy, w.whole, nr_terms, sizeof(u64));
	pn_free(policy, w.base, nr_zones, sizeof(u32));
	pn_free(policy, w.touched.item, w.touched.cap, sizeof(u32));
	return err;
}

static int freeze_cells(struct pn_compile *c, struct pn_cells *cells,
			const struct cell_vector *v, u64 seed)
{
	struct pn_policy *policy = c->policy;
	u32 size = 2, i, j;

	while (size < v->nr * 2)
		size *= 2;
	cells->mask = size - 1;
	cells->shift = 64 - ilog2(size);
	cells->multiplier = seed | 1;
	cells->nr = v->nr;
	cells->cell = pn_alloc(policy, size, sizeof(*cells->cell));
	if (!cells->cell)
		return -ENOMEM;
	for (i = 0; i < size; i++)
		cells->cell[i].a = U32_MAX;
	for (i = 0; i < v->nr; i++) {
		j = pn_cell_hash(cells, v->cell[i].a, v->cell[i].b);
		while (cells->cell[j & cells->mask].a != U32_MAX)
			j++;
		cells->cell[j & cells->mask] = v->cell[i];
		if (i % 65536 == 0)
			cond_resched();
	}
	return 0;
}

static int freeze(struct combine *m)
{
	struct pn_policy *policy = m->c->policy;
	struct pn_tables *t = &policy->tables;
	struct pn_outcome *outcome;
	u32 i, nr;
	int err;

	err = freeze_cells(m->c, &t->by_service, &m->by_service, m->c->seed.a);
	if (!err)
		err = freeze_cells(m->c, &t->by_source, &m->by_source,
				   m->c->seed.b);
	if (err)
		return err;
	outcome = pn_alloc(policy, m->outcomes.nr, sizeof(*outcome));
	if (!outcome)
		return -ENOMEM;
	for (i = 0; i < m->outcomes.nr; i++) {
		const u32 *o = pn_intern_members(&m->outcomes, i, &nr);

		outcome[i] = (struct pn_outcome){ .rule = o[0], .next = o[1] };
	}
	t->outcome = outcome;
	t->nr_outcomes = m->outcomes.nr;
	return 0;
}

int pn_compile_rules(struct pn_compile *c)
{
	struct combine m = { .c = c };
	int err;

	err = sort_refs_by_destination(&m);
	if (!err)
		err = combine_destinations(&m);
	if (!err)
		err = find_owned(&m);
	if (!err)
		err = combine_sources(&m);
	if (!err)
		err = freeze(&m);
	pn_csr_free(c, &m.dst_refs);
	pn_intern_free(&m.lists);
	pn_intern_free(&m.outcomes);
	pn_free(c->policy, m.by_service.cell, m.by_service.cap,
		sizeof(*m.by_service.cell));
	pn_free(c->policy, m.by_source.cell, m.by_source.cap,
		sizeof(*m.by_source.cell));
	return err;
}
