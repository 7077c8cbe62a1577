// SPDX-License-Identifier: GPL-2.0
/*
 * Sums of what the CPUs counted, and resets that touch nothing which a packet
 * writes: what was there at the reset is subtracted.
 */
#include <linux/build_bug.h>
#include <linux/cpumask.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "net.h"
#include "policy.h"
#include "stats.h"

/* The tracepoint has no room for longer ones. */
#define NAME(name)	((name) + BUILD_BUG_ON_ZERO(sizeof(name) > PN_REASON_NAME_SIZE))

const char * const pn_reason_name[PN_NR_REASONS] = {
	[PN_OK] = "ok",
#define REASON(id, name, help) \
	[PN_##id] = NAME(name),
#define RPC_REASON(id, name, help) \
	[PN_DROP_RPC_##id] = NAME(name),
#define SMTP_REASON(id, name, help) \
	[PN_DROP_SMTP_##id] = NAME(name),
#include <postern/reasons.inc>
#undef SMTP_REASON
#undef RPC_REASON
#undef REASON
};

const char * const pn_reason_help[PN_NR_REASONS] = {
	[PN_OK] = "not dropped",
#define REASON(id, name, help) \
	[PN_##id] = help,
#define RPC_REASON(id, name, help) \
	[PN_DROP_RPC_##id] = help,
#define SMTP_REASON(id, name, help) \
	[PN_DROP_SMTP_##id] = help,
#include <postern/reasons.inc>
#undef SMTP_REASON
#undef RPC_REASON
#undef REASON
};

const char * const pn_counter_name[PN_NR_COUNTERS] = {
#define COUNTER(id, name, unit, help) \
	[PN_COUNT_##id] = name,
#include <postern/counters.inc>
#undef COUNTER
};

const char * const pn_counter_unit[PN_NR_COUNTERS] = {
#define COUNTER(id, name, unit, help) \
	[PN_COUNT_##id] = unit,
#include <postern/counters.inc>
#undef COUNTER
};

const char * const pn_counter_help[PN_NR_COUNTERS] = {
#define COUNTER(id, name, unit, help) \
	[PN_COUNT_##id] = help,
#include <postern/counters.inc>
#undef COUNTER
};

/* struct pn_counts is nothing but u64 */
#define NR_WORDS	(sizeof(struct pn_counts) / sizeof(u64))

struct pn_stats __percpu *pn_stats_alloc(void)
{
	struct pn_stats __percpu *stats;
	unsigned int cpu;

	stats = alloc_percpu_gfp(struct pn_stats,
				 GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!stats)
		return NULL;
	for_each_possible_cpu(cpu)
		u64_stats_init(&per_cpu_ptr(stats, cpu)->sync);
	return stats;
}

void pn_stats_free(struct pn_net *pn)
{
	free_percpu(pn->stats);
	pn->stats = NULL;
	kfree(rcu_dereference_protected(pn->baseline, true));
	RCU_INIT_POINTER(pn->baseline, NULL);
}

void pn_stats_sum(const struct pn_net *pn, struct pn_counts *sum)
{
	u64 *to = (u64 *)sum;
	unsigned int cpu, i;

	memset(sum, 0, sizeof(*sum));
	for_each_possible_cpu(cpu) {
		const struct pn_stats *s = per_cpu_ptr(pn->stats, cpu);
		const u64 *from = (const u64 *)&s->counts;
		unsigned int start;
		u64 word;

		for (i = 0; i < NR_WORDS; i++) {
			do {
				start = u64_stats_fetch_begin(&s->sync);
				word = READ_ONCE(from[i]);
			} while (u64_stats_fetch_retry(&s->sync, start));
			to[i] += word;
		}
	}
}

void pn_stats_read(const struct pn_net *pn, struct pn_counts *sum)
{
	const struct pn_baseline *baseline;
	u64 *to = (u64 *)sum;
	unsigned int i;

	/* before the sums, which only grow: so that no difference is negative */
	rcu_read_lock();
	baseline = rcu_dereference(pn->baseline);
	pn_stats_sum(pn, sum);
	if (baseline)
		for (i = 0; i < NR_WORDS; i++)
			to[i] -= ((const u64 *)&baseline->counts)[i];
	rcu_read_unlock();
}

void pn_rule_count_read(const struct pn_policy *policy, u32 i,
			struct pn_rule_count *sum)
{
	const struct pn_rule_count *base = &policy->base[i];
	unsigned int cpu;

	sum->hits = READ_ONCE(base->hits);
	sum->packets = READ_ONCE(base->packets);
	sum->bytes = READ_ONCE(base->bytes);
	for_each_possible_cpu(cpu) {
		const struct pn_rule_count *c = &policy->counts[cpu][i];

		sum->hits += READ_ONCE(c->hits);
		sum->packets += READ_ONCE(c->packets);
		sum->bytes += READ_ONCE(c->bytes);
	}
}

/* The base becomes what makes the sum 0, modulo 2^64. */
static void reset_rule(struct pn_policy *policy, u32 i)
{
	struct pn_rule_count *base = &policy->base[i];
	struct pn_rule_count sum;

	pn_rule_count_read(policy, i, &sum);
	WRITE_ONCE(base->hits, base->hits - sum.hits);
	WRITE_ONCE(base->packets, base->packets - sum.packets);
	WRITE_ONCE(base->bytes, base->bytes - sum.bytes);
}

int pn_stats_reset(struct pn_net *pn)
{
	struct pn_baseline *new, *old;
	struct pn_policy *policy;
	u32 i;

	lockdep_assert_held(&pn->mutex);
	new = kzalloc(sizeof(*new), GFP_KERNEL_ACCOUNT);
	if (!new)
		return -ENOMEM;
	pn_stats_sum(pn, &new->counts);
	old = rcu_replace_pointer(pn->baseline, new,
				  lockdep_is_held(&pn->mutex));
	if (old)
		kfree_rcu(old, rcu);

	policy = rcu_dereference_protected(pn->policy,
					   lockdep_is_held(&pn->mutex));
	for (i = 0; policy && i < policy->nr_rules; i++) {
		reset_rule(policy, i);
		cond_resched();
	}
	return 0;
}
