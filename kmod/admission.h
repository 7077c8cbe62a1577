/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One connection, or the SYN that would begin one, before its limit: what opening.c and
 * admit.c decide on, and how sources are charged. For who uses it: see admit.h.
 *
 * Context: packet path, BH disabled.
 */
#ifndef PN_ADMISSION_H
#define PN_ADMISSION_H

#include "limiter.h"
#include "policy.h"

/**
 * struct pn_admission - before its limit
 * @policy: in force
 * @rule: of it, that has the limit
 * @limit: of it
 * @state: what is known of it
 * @addr: of the client
 * @network: there is a limit for networks
 * @observe: nothing may be refused
 * @now: ns
 *
 * pn_admission_begin() sets each field: it is not cleared before.
 */
struct pn_admission {
	struct pn_net *pn;
	const struct pn_policy *policy;
	u32 rule;
	struct pn_limiter *limiter;
	const struct pn_limit *limit;
	struct pn_limit_state *state;
	struct pn_key addr;
	bool v6;
	bool network;
	bool observe;
	u64 now;
};

/* Of @addr, under rule @rule. Return: false if its limit does not touch @addr. */
bool pn_admission_begin(struct pn_admission *a, struct pn_net *pn,
			const struct pn_policy *policy, u32 rule, bool v6,
			struct pn_key addr);

/* Whose entry it counts for at @level. */
static inline struct pn_source_key pn_admission_key(const struct pn_admission *a,
						    enum pn_level level)
{
	return pn_limiter_key(a->limiter, a->limit->number, level, a->v6, a->addr);
}

/*
 * Why @s may not have one more connection, or PN_OK. @next: what is due after it,
 * either way. Without a lock.
 */
enum pn_reason pn_admission_over(const struct pn_admission *a,
				 enum pn_level level, const struct pn_source *s,
				 u64 *next);

static inline u32 pn_admission_ticks(u32 ms)
{
	return pn_tick((u64)ms * NSEC_PER_MSEC) + 1;
}

/*
 * The client has acknowledged the server's SYN, so it exists: it is charged, or, if its
 * limit does not allow that, refused. @levels: set to where it counts as open. @known:
 * set to whether something was heard from its source before.
 */
enum pn_reason pn_admission_charge(const struct pn_admission *a, u8 *levels,
				   bool *known);

/* It was let in though nobody was charged. Return: the levels where it counts. */
u8 pn_admission_adopt(const struct pn_admission *a);

/* Its source is refused something, for what it did itself: that may ban it. */
void pn_admission_refuse(const struct pn_admission *a, enum pn_reason why);

/*
 * Likewise; but if it is known, it only is not any more, and is banned for no less than the
 * next time.
 */
void pn_admission_doubt(const struct pn_admission *a, enum pn_reason why);

/* Something was heard from its source, which is known then, if nothing speaks against it. */
void pn_admission_hear(const struct pn_admission *a);

/* Something of its limit had to give way. */
static inline void pn_admission_crowd(const struct pn_admission *a)
{
	if (!READ_ONCE(a->state->crowded))
		WRITE_ONCE(a->state->crowded, true);
}

/* @conn, whose @ct and @state are set, is under the limit now. Return: its @id. */
u32 pn_admission_enter(const struct pn_admission *a, struct pn_conn *conn);

#endif /* PN_ADMISSION_H */
