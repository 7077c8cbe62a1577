// SPDX-License-Identifier: GPL-2.0
/*
 * What the policy alone says: see answer.h.
 */
#include <linux/hash.h>
#include <linux/log2.h>
#include <linux/percpu.h>

#include "answer.h"

/* A question and its answer. */
struct memo {
	struct pn_key daddr;
	u32 stamp;			/* 0: none yet */
	u32 class;
	u16 port;
	u16 proto;
	u8 zone_in, zone_out;
	bool v6;
	struct pn_answer answer;
} __aligned(64);

struct pn_answers {
	struct memo memo[PN_ANSWERS];
};

struct pn_answers __percpu *pn_answers_alloc(void)
{
	return alloc_percpu_gfp(struct pn_answers,
				GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
}

static void ask(const struct pn_policy *policy, const struct pn_tuple *t,
		u32 class, struct pn_answer *a)
{
	const struct pn_tables *tables = &policy->tables;

	*a = (struct pn_answer){
		.outcome = pn_classify(tables, t),
		.flags = tables->class[class].flags |
			 tables->class[pn_address_class(tables, t->v6,
							t->daddr)].flags,
	};
	a->allowed = pn_outcome_allows(policy, a->outcome, &a->rule);
	if (!a->allowed && a->rule != U32_MAX) {
		a->denied = PN_BLOCKED;
		return;
	}
	if (policy->nr_rpc)
		a->basis = pn_basis_static(policy, t, &a->basis_rule);
	if (a->basis)
		return;
	if (a->allowed) {
		a->basis = pn_basis_plain(policy, t, a->rule);
		a->basis_rule = a->rule;
		return;
	}
	a->dynamic = policy->nr_rpc && pn_basis_may_be_dynamic(policy, t);
	a->denied = pn_basis_denied(policy, t);
}

static u32 slot_of(const struct pn_tuple *t, u32 class)
{
	u64 where = t->daddr.hi ^ t->daddr.lo * GOLDEN_RATIO_64;

	return hash_64(where ^ (u64)class << 40 ^ (u64)t->port << 24 ^
		       t->zone_out << 8 ^ t->zone_in, ilog2(PN_ANSWERS));
}

const struct pn_answer *pn_answer(struct pn_net *pn,
				  const struct pn_policy *policy,
				  const struct pn_tuple *t, u32 class)
{
	struct memo *m = &this_cpu_ptr(pn->answers)->memo[slot_of(t, class)];
	/* before anything that is asked */
	u32 stamp = pn_net_stamp(policy);

	if (m->stamp == stamp && pn_key_same(m->daddr, t->daddr) &&
	    m->port == t->port && m->class == class && m->proto == t->proto &&
	    m->v6 == t->v6 && m->zone_in == t->zone_in &&
	    m->zone_out == t->zone_out)
		return &m->answer;
	*m = (struct memo){
		.daddr = t->daddr,
		.class = class,
		.port = t->port,
		.proto = t->proto,
		.zone_in = t->zone_in,
		.zone_out = t->zone_out,
		.v6 = t->v6,
	};
	ask(policy, t, class, &m->answer);
	m->stamp = stamp;
	return &m->answer;
}
