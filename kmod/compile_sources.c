// SPDX-License-Identifier: GPL-2.0
/* (list of rules, source) to the outcome. Plain C: also built in user space. */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "combine.h"
#include "memory.h"

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
	struct pn_u32_list touched;	/* the classes whose epoch is now */
	u32 now;			/* counts the lists */
};

static int make_outcome(struct pn_combine *m, u32 rule, u32 next, u32 *outcome)
{
	struct pn_outcome o = { rule, next };

	return pn_intern_get(&m->outcomes,
			     pn_hash_of(&m->c->seed, PN_SPACE_OUTCOME,
					(u64)rule << 32 | next),
			     (u32 *)&o, 2, outcome);
}

/* What @ref makes of a packet for which those behind it decided @behind. */
static int decide(struct pn_combine *m, u32 ref, u32 behind, u32 *outcome)
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

static int apply_ref(struct pn_combine *m, struct by_source *w, u32 ref)
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
			err = pn_u32_list_add(c, &w->touched, s);
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

static int combine_list(struct pn_combine *m, struct by_source *w, u32 k,
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
		err = pn_cell_list_add(m->c, &m->by_source, k, s, w->value[s]);
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

int pn_combine_sources(struct pn_combine *m)
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
