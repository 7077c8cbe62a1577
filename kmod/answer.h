/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the policy alone says of a packet that begins a flow: neither bans nor limits nor
 * what endpoint mappers said are in it, so it stays the same as long as the stamp does
 * (net.h), and is remembered.
 *
 * Each CPU has a small direct-mapped table. Who varies destinations and ports to miss it
 * pays what everybody would pay without it.
 */
#ifndef PN_ANSWER_H
#define PN_ANSWER_H

#include "basis.h"
#include "net.h"

#define PN_ANSWERS	256		/* per CPU, 64 bytes each */

/**
 * struct pn_answer - to: may this begin?
 * @outcome: see pn_classify()
 * @rule: that allows it or blocks it, or U32_MAX
 * @allowed: by a plain rule
 * @basis: on which it is inspected, of those that the policy knows; enum pn_basis
 * @basis_rule: that says so, if @basis
 * @dynamic: what endpoint mappers said may allow it: see pn_basis_dynamic()
 * @denied: why it must not begin, if nothing allows it; enum pn_reason
 * @flags: PN_CLASS_* of either end
 */
struct pn_answer {
	u32 outcome;
	u32 rule;
	u32 basis_rule;
	u32 flags;
	bool allowed;
	bool dynamic;
	u8 basis;
	u8 denied;
};

/**
 * pn_answer - ask the policy, or remember what it said
 * @pn: namespace
 * @policy: in force
 * @t: what begins; its zones are not PN_ZONE_NONE
 * @class: of its source address
 *
 * Context: packet path, BH disabled.
 * Return: the answer, until the next question on this CPU.
 */
const struct pn_answer *pn_answer(struct pn_net *pn,
				  const struct pn_policy *policy,
				  const struct pn_tuple *t, u32 class);

struct pn_answers __percpu *pn_answers_alloc(void);

#endif /* PN_ANSWER_H */
