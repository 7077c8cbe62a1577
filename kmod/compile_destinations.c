// SPDX-License-Identifier: GPL-2.0
/*
 * (destination, service) to the list of rules that fit both. Plain C: also built in
 * user space.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/sort.h>
#include <linux/string.h>

#include "combine.h"
#include "memory.h"

/* Up to as many terms a class's lists of refs are merged, not sorted. */
#define MERGED_TERMS	8

static int compare_u32(const void *va, const void *vb)
{
	u32 a = *(const u32 *)va, b = *(const u32 *)vb;

	return a < b ? -1 : a > b;
}

/* Work space: the refs by destination term, and those of one destination class. */
struct by_class {
	struct pn_csr by_term;
	struct pn_u32_list refs;		/* all, ascending */
	struct pn_u32_list any;		/* of them those for any service */
	struct pn_u32_list merged;
	struct pn_u32_list used;		/* service classes with refs of their own */
	struct pn_u32_list pairs;		/* their refs, class by class */
	u32 *count;			/* by service class */
};

/* By the term that their destination names, and within it ascending. */
static int sort_refs(struct pn_compile *c, struct by_class *w)
{
	u32 i;
	int err;

	err = pn_csr_init(c, &w->by_term, c->dst.terms.nr);
	if (err)
		return err;
	for (i = 0; i < c->nr_refs; i++)
		pn_csr_count(&w->by_term, c->dst.ref_term[i]);
	err = pn_csr_alloc(c, &w->by_term);
	if (err)
		return err;
	for (i = c->nr_refs; i--;)
		pn_csr_put(&w->by_term, c->dst.ref_term[i], i);
	return 0;
}

/* Appends to @to what @a and @b hold, both ascending, in ascending order. */
static int merge(struct pn_compile *c, struct pn_u32_list *to, const u32 *a,
		 u32 nr_a, const u32 *b, u32 nr_b)
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
static int intern_list(struct pn_combine *m, struct by_class *w, const u32 *ref,
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
static int collect_refs(struct pn_combine *m, struct by_class *w, u32 d)
{
	struct pn_compile *c = m->c;
	u32 i, nr;
	const u32 *terms = pn_intern_members(&c->dst.classes, d, &nr);
	int err = 0;

	w->refs.nr = 0;
	for (i = 0; i < nr && !err; i++) {
		const u32 *start = &w->by_term.start[terms[i]];
		const u32 *refs = w->by_term.item + start[0];

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
static int deal_refs(struct pn_combine *m, struct by_class *w)
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
			err = pn_u32_list_add(c, &w->any, ref);
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
				err = pn_u32_list_add(c, &w->used, classes->item[j]);
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

static int combine_destination(struct pn_combine *m, struct by_class *w, u32 d,
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
			err = pn_cell_list_add(m->c, &m->by_service, d, v, k);
	}
	for (i = 0; i < w->used.nr; i++)
		w->count[w->used.item[i]] = 0;
	return err;
}

int pn_combine_destinations(struct pn_combine *m)
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
		err = sort_refs(c, &w);
	if (!err)
		err = pn_intern_init(&m->lists, policy, PN_CELLS_MAX);
	for (d = 0; d < nr && !err; d++) {
		err = combine_destination(m, &w, d, &default_k[d]);
		if (!err)
			err = pn_compile_steps(c, 8);
	}
	policy->tables.nr_k = m->lists.nr;
	pn_csr_free(c, &w.by_term);
	pn_free(policy, w.count, c->services.nr, sizeof(*w.count));
	pn_free(policy, w.refs.item, w.refs.cap, sizeof(u32));
	pn_free(policy, w.any.item, w.any.cap, sizeof(u32));
	pn_free(policy, w.merged.item, w.merged.cap, sizeof(u32));
	pn_free(policy, w.used.item, w.used.cap, sizeof(u32));
	pn_free(policy, w.pairs.item, w.pairs.cap, sizeof(u32));
	return err;
}
