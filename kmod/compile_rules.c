// SPDX-License-Identifier: GPL-2.0
/*
 * Combinations of classes, pass by pass, and what the classifier looks them up in.
 * Plain C: also built in user space.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/sched.h>

#include "combine.h"
#include "memory.h"

int pn_u32_list_add(struct pn_compile *c, struct pn_u32_list *v, u32 item)
{
	int err = pn_grow(c->policy, (void **)&v->item, v->nr, &v->cap, 1,
			  PN_CELLS_MAX * 4, sizeof(*v->item));

	if (!err)
		v->item[v->nr++] = item;
	return err;
}

int pn_cell_list_add(struct pn_compile *c, struct pn_cell_list *v, u32 a, u32 b,
		     u32 value)
{
	int err = pn_grow(c->policy, (void **)&v->cell, v->nr, &v->cap, 1,
			  PN_CELLS_MAX, sizeof(*v->cell));

	if (!err)
		v->cell[v->nr++] = (struct pn_cell){ a, b, value };
	return err;
}

/* Which lists have a rule by which somebody may use a service that it names. */
static int find_owned(struct pn_combine *m)
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

static int freeze_cells(struct pn_compile *c, struct pn_cells *cells,
			const struct pn_cell_list *v, u64 seed)
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

static int freeze(struct pn_combine *m)
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
	struct pn_combine m = { .c = c };
	int err;

	err = pn_combine_destinations(&m);
	if (!err)
		err = find_owned(&m);
	if (!err)
		err = pn_combine_sources(&m);
	if (!err)
		err = freeze(&m);
	pn_intern_free(&m.lists);
	pn_intern_free(&m.outcomes);
	pn_free(c->policy, m.by_service.cell, m.by_service.cap,
		sizeof(*m.by_service.cell));
	pn_free(c->policy, m.by_source.cell, m.by_source.cap,
		sizeof(*m.by_source.cell));
	return err;
}
