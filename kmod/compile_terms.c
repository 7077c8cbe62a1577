// SPDX-License-Identifier: GPL-2.0
/*
 * What the rules' ends name: expansion of nested sets, and each distinct end
 * once. Plain C: also built in user space.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/sched.h>
#include <linux/sort.h>
#include <linux/string.h>

#include "compile.h"
#include "memory.h"

/* Sets that one end may reach by nesting, counted as often as it reaches them. */
#define REACH_MAX	1000000

struct expansion {
	struct pn_spec *spec;
	u32 nr, cap;
};

static int add_spec(struct pn_compile *c, struct expansion *x, u32 zone,
		    u32 atom)
{
	int err = pn_grow(c->policy, (void **)&x->spec, x->nr, &x->cap, 1,
			  REACH_MAX, sizeof(*x->spec));

	if (!err)
		x->spec[x->nr++] = (struct pn_spec){ zone, atom };
	return err;
}

/*
 * Replaces spec @i, a set with the zone it was reached by, by the set's own
 * ranges in the zone that holds for them, and appends its members.
 */
static int expand_hosts(struct pn_compile *c, struct expansion *x, u32 i)
{
	const struct pn_hosts *h = &c->policy->hosts[x->spec[i].atom];
	u32 zone = x->spec[i].zone, m;
	int err;

	if (h->zone != PN_ZONE_ANY) {
		if (zone != PN_ZONE_ANY && zone != h->zone) {
			*c->place = h->place;
			NL_SET_ERR_MSG(c->extack,
				       "hosts of one zone are members of hosts of another zone");
			return -EINVAL;
		}
		zone = h->zone;
	}
	x->spec[i].zone = zone;
	for (m = 0; m < h->nr_members; m++) {
		err = add_spec(c, x, zone, h->members[m]);
		if (err)
			return err;
	}
	return 0;
}

static int compare_specs(const void *va, const void *vb)
{
	const struct pn_spec *a = va, *b = vb;

	if (a->atom != b->atom)
		return a->atom < b->atom ? -1 : 1;
	if (a->zone != b->zone)
		return a->zone < b->zone ? -1 : 1;
	return 0;
}

static int expand(struct pn_compile *c, struct expansion *x,
		  const struct postern_endpoint *e, u32 nr)
{
	int err = 0;
	u32 i, n;

	x->nr = 0;
	for (i = 0; i < nr && !err; i++) {
		switch (e[i].kind) {
		case POSTERN_ENDPOINT_ZONE:
			err = add_spec(c, x, e[i].index, c->any_atom);
			break;
		case POSTERN_ENDPOINT_SELF:
			err = add_spec(c, x, c->policy->tables.zone_self,
				       c->any_atom);
			break;
		case POSTERN_ENDPOINT_HOSTS:
			err = add_spec(c, x, PN_ZONE_ANY, e[i].index);
			break;
		default:
			err = add_spec(c, x, PN_ZONE_ANY, c->any_atom);
		}
	}
	/* the list grows while it is walked: members come behind */
	for (i = 0; i < x->nr && !err; i++)
		if (x->spec[i].atom != c->any_atom)
			err = expand_hosts(c, x, i);
	/* the sort below, too */
	if (!err)
		err = pn_compile_steps(c, x->nr * 16ULL);
	if (err)
		return err;

	sort(x->spec, x->nr, sizeof(*x->spec), compare_specs, NULL);
	for (i = 1, n = 1; i < x->nr; i++)
		if (compare_specs(&x->spec[i], &x->spec[n - 1]))
			x->spec[n++] = x->spec[i];
	x->nr = n;
	return 0;
}

/*
 * A term's members are its specs as pairs, then its action: where a zone is not
 * known, a block rule's ends fit less than an allow rule's.
 */
static int intern_term(struct pn_compile *c, struct pn_side *side,
		       struct expansion *x, u32 action, u32 *term)
{
	struct pn_hash hash = pn_hash_of(&c->seed, PN_SPACE_ACTION, action);
	int err;
	u32 i;

	for (i = 0; i < x->nr; i++)
		pn_hash_toggle(&hash, pn_hash_of(&c->seed, PN_SPACE_SPEC,
						 (u64)x->spec[i].zone << 32 |
						 x->spec[i].atom));
	err = add_spec(c, x, action, 0);
	if (err)
		return err;
	return pn_intern_get(&side->terms, hash, (u32 *)x->spec, x->nr * 2,
			     term);
}

static int build_side(struct pn_compile *c, struct pn_side *side, bool source)
{
	struct expansion x = {};
	u32 i, nr, j, term;
	int err = 0;

	side->ref_term = pn_alloc(c->policy, c->nr_refs, sizeof(*side->ref_term));
	if (!side->ref_term ||
	    pn_intern_init(&side->terms, c->policy, PN_CELLS_MAX))
		return -ENOMEM;

	for (i = 0; i < c->nr_refs && !err; i++) {
		const struct pn_rule *rule = &c->policy->rules[c->refs[i].rule];

		*c->place = rule->place;
		if (source != c->refs[i].swapped)
			err = expand(c, &x, rule->src, rule->nr_src);
		else
			err = expand(c, &x, rule->dst, rule->nr_dst);
		if (!err)
			err = intern_term(c, side, &x, rule->action,
					  &side->ref_term[i]);
	}
	pn_free(c->policy, x.spec, x.cap, sizeof(*x.spec));
	if (err)
		return err;
	*c->place = (struct pn_place){};

	/* by atom: which terms it is in, and in which zone */
	err = pn_csr_init(c, &side->uses, c->any_atom + 1);
	if (err)
		return err;
	for (term = 0; term < side->terms.nr; term++) {
		const u32 *m = pn_intern_members(&side->terms, term, &nr);

		for (j = 0; j + 2 < nr; j += 2) {
			pn_csr_count(&side->uses, m[j + 1]);
			pn_csr_count(&side->uses, m[j + 1]);
		}
	}
	err = pn_csr_alloc(c, &side->uses);
	if (err)
		return err;
	for (term = 0; term < side->terms.nr; term++) {
		const u32 *m = pn_intern_members(&side->terms, term, &nr);

		for (j = 0; j + 2 < nr; j += 2) {
			pn_csr_put(&side->uses, m[j + 1], m[j]);
			pn_csr_put(&side->uses, m[j + 1], term);
		}
		err = pn_compile_steps(c, nr);
		if (err)
			return err;
	}
	return 0;
}

int pn_compile_terms(struct pn_compile *c)
{
	int err = build_side(c, &c->src, true);

	return err ? err : build_side(c, &c->dst, false);
}
