/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What becomes of a packet that a hook has parsed.
 *
 * Context: BH disabled, RCU read side. Return: a netfilter verdict.
 */
#ifndef PN_JUDGE_H
#define PN_JUDGE_H

#include "net.h"
#include "packet.h"

struct nf_hook_state;
struct pn_known;

/* Forwarded, and known to pass: it is let through and counted. */
void pn_judge_pass(struct pn_net *pn, const struct pn_policy *policy,
		   struct sk_buff *skb, u32 rule,
		   const struct nf_hook_state *state);

/* Forwarded, with the zones of its flow, which is known to be read. */
unsigned int pn_judge_read(struct pn_net *pn, const struct pn_policy *policy,
			   struct pn_packet *p, const struct pn_known *known,
			   const struct nf_hook_state *state);

/* With zones at both ends: by the policy, and by what is known of its flow. */
unsigned int pn_judge(struct pn_net *pn, const struct pn_policy *policy,
		      struct pn_packet *p, const struct nf_hook_state *state);

/**
 * pn_judge_drop - dropped, or only counted if the policy observes
 * @pn: namespace
 * @policy: in force, or NULL
 * @p: the packet, parsed as far as it went
 * @reason: why
 * @rule: the block rule that decided, or the allow rule whose limit or inspector
 *	did, or U32_MAX
 * @state: of the hook
 */
unsigned int pn_judge_drop(struct pn_net *pn, const struct pn_policy *policy,
			   const struct pn_packet *p, enum pn_reason reason,
			   u32 rule, const struct nf_hook_state *state);

/* The mark of an accepted packet that has @mark; @rule: that allows it, or U32_MAX. */
static inline u32 pn_judge_mark(const struct pn_policy *policy, u32 rule,
				u32 mark)
{
	mark = (mark & ~policy->mark_mask) | policy->mark;
	if (rule != U32_MAX)
		mark = (mark & ~policy->rules[rule].mark_mask) |
		       policy->rules[rule].mark;
	return mark;
}

/* The fast path forwarded a packet of @bytes that rule @rule allows. */
void pn_judge_passed(struct pn_net *pn, const struct pn_policy *policy,
		     u32 rule, unsigned int bytes);

/* The fast path had no memory for a packet. */
void pn_judge_lost(struct pn_net *pn);

/* Counts, traces and tells a drop, or what would have been one. */
void pn_judge_report(struct pn_net *pn, const struct pn_policy *policy,
		     const struct pn_packet *p, enum pn_reason reason, u32 rule,
		     bool observed);

/* Counts block rules under observe, which stand before the one that decides. */
void pn_judge_observed(struct pn_net *pn, const struct pn_policy *policy,
		       const struct pn_packet *p, u32 outcome,
		       const struct nf_hook_state *state);

#endif /* PN_JUDGE_H */
