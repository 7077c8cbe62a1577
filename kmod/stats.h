/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counters: one list each of reasons and counters (include/postern), one
 * structure per CPU, summed when somebody reads.
 */
#ifndef PN_STATS_H
#define PN_STATS_H

#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/types.h>
#include <linux/u64_stats_sync.h>

#include "reason.h"

/* Of the longest name of a reason, with its NUL. */
#define PN_REASON_NAME_SIZE	24

enum pn_counter {
#define COUNTER(id, name, unit, help)	PN_COUNT_##id,
#include <postern/counters.inc>
#undef COUNTER
	PN_NR_COUNTERS,
};

/**
 * struct pn_counts - the sums
 * @dropped: packets by reason
 * @observed: packets that would have been dropped, but for observe
 */
struct pn_counts {
	u64 value[PN_NR_COUNTERS];
	u64 dropped[PN_NR_REASONS];
	u64 observed[PN_NR_REASONS];
};

/**
 * struct pn_stats - what one CPU counted
 *
 * Written with BH disabled on its own CPU. 64-bit words are read whole on
 * 64-bit machines; @sync is for the others.
 */
struct pn_stats {
	struct pn_counts counts;
	struct u64_stats_sync sync;
};

/**
 * struct pn_rates - per second, over the last @period_ms
 */
struct pn_rates {
	u64 accepted;
	u64 dropped;
	u64 flows_new;
	u32 period_ms;			/* 0: not measured yet */
};

/**
 * struct pn_meter - what the rates are the difference to
 */
struct pn_meter {
	u64 accepted;
	u64 dropped;
	u64 flows_new;
	u64 early;			/* dropped by the guard */
	u64 at_ns;			/* ktime_get_boottime_ns(), 0: never */
};

/**
 * struct pn_baseline - the sums at the last reset
 */
struct pn_baseline {
	struct pn_counts counts;
	struct rcu_head rcu;
};

struct pn_net;

extern const char * const pn_reason_name[PN_NR_REASONS];
extern const char * const pn_reason_help[PN_NR_REASONS];
extern const char * const pn_counter_name[PN_NR_COUNTERS];
extern const char * const pn_counter_unit[PN_NR_COUNTERS];
extern const char * const pn_counter_help[PN_NR_COUNTERS];

static inline void pn_count_add(struct pn_stats __percpu *stats,
				enum pn_counter c, u64 n)
{
	struct pn_stats *s = this_cpu_ptr(stats);

	u64_stats_update_begin(&s->sync);
	s->counts.value[c] += n;
	u64_stats_update_end(&s->sync);
}

static inline void pn_count(struct pn_stats __percpu *stats, enum pn_counter c)
{
	pn_count_add(stats, c, 1);
}

static inline void pn_count_drop(struct pn_stats __percpu *stats,
				 enum pn_reason reason, bool observed)
{
	struct pn_stats *s = this_cpu_ptr(stats);

	u64_stats_update_begin(&s->sync);
	if (observed)
		s->counts.observed[reason]++;
	else
		s->counts.dropped[reason]++;
	u64_stats_update_end(&s->sync);
}

struct pn_stats __percpu *pn_stats_alloc(void);

/* Sums over all CPUs since the module was loaded. */
void pn_stats_sum(const struct pn_net *pn, struct pn_counts *sum);

/* The same, less what was there at the last reset. */
void pn_stats_read(const struct pn_net *pn, struct pn_counts *sum);

/*
 * Sets every counter and rule counter to 0, as readers see them: nothing that a
 * packet writes is touched. Context: net->mutex held. Return: 0 or -ENOMEM.
 */
int pn_stats_reset(struct pn_net *pn);

/* Frees stats and baseline. Context: no reader any more. */
void pn_stats_free(struct pn_net *pn);

struct pn_policy;
struct pn_rule_count;

/* Sums of rule @i over all CPUs, with what was carried over. */
void pn_rule_count_read(const struct pn_policy *policy, u32 i,
			struct pn_rule_count *sum);

#endif /* PN_STATS_H */
