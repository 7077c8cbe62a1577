// SPDX-License-Identifier: GPL-2.0
/*
 * A policy's objects become its tables: the order of the steps, and what they
 * share. Plain C: also built in user space.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/string.h>

#include "compile.h"
#include "inspector.h"
#include "memory.h"
#include "rpc.h"

int pn_compile_refuse(struct pn_compile *c, int err, const char *too_big)
{
	if (c->extack && !c->extack->_msg)
		c->extack->_msg = err == -E2BIG ? too_big :
			"not enough memory, or above the module's ceiling (parameter max_memory)";
	return err;
}

int pn_compile_steps(struct pn_compile *c, u64 nr)
{
	c->steps += nr;
	if (c->steps < c->pause)
		return 0;
	c->pause = c->steps + PN_STEPS_PAUSE;
	cond_resched();
	if (c->steps > PN_STEPS_MAX)
		return pn_compile_refuse(c, -E2BIG,
					 "the policy is too intricate: its parts combine in too many ways");
	return fatal_signal_pending(current) ? -EINTR : 0;
}

int pn_csr_init(struct pn_compile *c, struct pn_csr *csr, u32 nr)
{
	csr->nr = nr;
	csr->start = pn_alloc(c->policy, nr + 1, sizeof(*csr->start));
	return csr->start ? 0 : -ENOMEM;
}

int pn_csr_alloc(struct pn_compile *c, struct pn_csr *csr)
{
	u64 sum = 0;
	u32 i;

	for (i = 0; i < csr->nr; i++) {
		sum += csr->start[i];
		csr->start[i] = sum;
	}
	if (sum > PN_CELLS_MAX * 4ULL)
		return -E2BIG;
	csr->start[i] = sum;
	csr->nr_items = sum;
	csr->item = pn_alloc(c->policy, sum, sizeof(*csr->item));
	return csr->item ? 0 : -ENOMEM;
}

void pn_csr_free(struct pn_compile *c, struct pn_csr *csr)
{
	if (csr->start)
		pn_free(c->policy, csr->start, csr->nr + 1, sizeof(*csr->start));
	pn_free(c->policy, csr->item, csr->nr_items, sizeof(*csr->item));
}

/* Block rules come first; then the order of the file. */
static int number_refs(struct pn_compile *c)
{
	static const u32 order[] = { POSTERN_ACTION_BLOCK, POSTERN_ACTION_ALLOW };
	struct pn_policy *policy = c->policy;
	u32 a, i;

	c->refs = pn_alloc(policy, policy->nr_rules * 2, sizeof(*c->refs));
	if (!c->refs)
		return -ENOMEM;
	for (a = 0; a < ARRAY_SIZE(order); a++) {
		for (i = 0; i < policy->nr_rules; i++) {
			const struct pn_rule *rule = &policy->rules[i];

			if (rule->action != order[a])
				continue;
			c->refs[c->nr_refs++].rule = i;
			if (!(rule->flags & POSTERN_RULE_BOTH))
				continue;
			c->refs[c->nr_refs].rule = i;
			c->refs[c->nr_refs++].swapped = true;
		}
	}
	return 0;
}

static bool names_self(const struct postern_endpoint *e, u32 nr)
{
	while (nr--)
		if (e[nr].kind == POSTERN_ENDPOINT_SELF)
			return true;
	return false;
}

static void find_guarded_hooks(struct pn_policy *policy)
{
	u32 i;

	for (i = 0; i < policy->nr_rules; i++) {
		const struct pn_rule *rule = &policy->rules[i];
		bool src = names_self(rule->src, rule->nr_src);
		bool dst = names_self(rule->dst, rule->nr_dst);
		bool both = rule->flags & POSTERN_RULE_BOTH;

		policy->guards_input |= dst || (both && src);
		policy->guards_output |= src || (both && dst);
	}
}

static int alloc_counts(struct pn_policy *policy)
{
	unsigned int cpu;

	policy->base = pn_alloc(policy, policy->nr_rules, sizeof(*policy->base));
	policy->counts = pn_alloc(policy, nr_cpu_ids, sizeof(*policy->counts));
	if (!policy->base || !policy->counts)
		return -ENOMEM;
	for_each_possible_cpu(cpu) {
		policy->counts[cpu] = pn_alloc(policy, policy->nr_rules,
					       sizeof(**policy->counts));
		if (!policy->counts[cpu])
			return -ENOMEM;
	}
	return 0;
}

static void free_side(struct pn_compile *c, struct pn_side *side)
{
	pn_intern_free(&side->terms);
	pn_intern_free(&side->classes);
	pn_csr_free(c, &side->uses);
	pn_free(c->policy, side->ref_term, c->nr_refs, sizeof(*side->ref_term));
}

static void free_work(struct pn_compile *c)
{
	struct pn_policy *policy = c->policy;

	free_side(c, &c->src);
	free_side(c, &c->dst);
	pn_intern_free(&c->addresses);
	pn_intern_free(&c->service_terms);
	pn_intern_free(&c->services);
	pn_csr_free(c, &c->service_classes);
	pn_free(policy, c->ref_service, c->nr_refs, sizeof(*c->ref_service));
	pn_free(policy, c->refs, policy->nr_rules * 2, sizeof(*c->refs));
	pn_free(policy, c->stamp, policy->nr_services, sizeof(*c->stamp));
}

int pn_policy_compile(struct pn_policy *policy, struct pn_place *place,
		      struct netlink_ext_ack *extack)
{
	struct pn_compile c = {
		.policy = policy,
		.extack = extack,
		.place = place,
		.any_atom = policy->nr_hosts,
	};
	int err;

	*place = (struct pn_place){};
	policy->tables.nr_zones = policy->nr_zones;
	policy->tables.zone_self = policy->nr_zones;
	policy->tables.zone_early = policy->nr_zones + 1;
	pn_hash_seed(&c.seed);
	if (!policy->nr_limits && !pn_inspectors_rated(policy))
		policy->nr_sources = 0;

	err = number_refs(&c);
	if (!err)
		err = alloc_counts(policy);
	if (!err)
		err = pn_compile_terms(&c);
	if (!err)
		err = pn_compile_addresses(&c);
	if (!err)
		err = pn_compile_rpc(&c);
	if (!err)
		err = pn_compile_services(&c);
	if (!err)
		err = pn_compile_rules(&c);
	if (err)
		pn_compile_refuse(&c, err, "the rules combine in too many ways (8 million)");
	else
		find_guarded_hooks(policy);
	free_work(&c);
	return err;
}

static void free_cells(struct pn_policy *policy, struct pn_cells *cells)
{
	if (cells->cell)
		pn_free(policy, cells->cell, (size_t)cells->mask + 1,
			sizeof(*cells->cell));
}

void pn_tables_free(struct pn_policy *policy)
{
	struct pn_tables *t = &policy->tables;
	size_t zones = t->nr_zones + 2;
	u32 i;

	pn_address_free(policy, &t->v4);
	pn_address_free(policy, &t->v6);
	pn_free(policy, t->class, t->nr_classes, sizeof(*t->class));
	pn_free(policy, t->src_class, zones * t->nr_classes, sizeof(u32));
	pn_free(policy, t->dst_class, zones * t->nr_classes, sizeof(u32));
	for (i = 0; i < ARRAY_SIZE(t->ports); i++)
		if (t->ports[i])
			pn_free(policy, t->ports[i], 1,
				pn_port_table_size(t->ports[i]->nr_pages));
	pn_rpc_slots_free(policy);
	free_cells(policy, &t->by_service);
	free_cells(policy, &t->by_source);
	pn_free(policy, t->default_k, t->nr_dst_classes, sizeof(u32));
	pn_free(policy, t->default_outcome, zones * t->nr_k, sizeof(u32));
	pn_free(policy, t->owned, t->nr_k, sizeof(*t->owned));
	pn_free(policy, t->outcome, t->nr_outcomes, sizeof(*t->outcome));
}
