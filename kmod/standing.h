/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The standing of an inspected connection under a policy: may it go on, and is it read?
 */
#ifndef PN_STANDING_H
#define PN_STANDING_H

#include "basis.h"

struct pn_flow;
struct pn_policy;

/**
 * pn_standing - on what basis a connection may go on as what it is
 * @f: with all that it is bound to
 * @policy: by which
 * @rule: set to the one that allows it
 * @observe: set to whether what it binds is only observed
 *
 * Context: lock of @f held, RCU read side.
 * Return: PN_BASIS_NONE if it may not.
 */
enum pn_basis pn_standing(const struct pn_flow *f,
			  const struct pn_policy *policy, u32 *rule,
			  bool *observe);

/* The same, whatever it is bound to, by way of the zones of @t. */
enum pn_basis pn_standing_by(const struct pn_flow *f,
			     const struct pn_policy *policy,
			     const struct pn_tuple *t, u32 *rule);

/*
 * May it go on without being read, if @policy denies it? Not what was refused before.
 * Context: lock held.
 */
bool pn_standing_is_spared(const struct pn_flow *f,
			   const struct pn_policy *policy);

/*
 * A load put @policy in the place of @old (or NULL): does nobody read it from now on? Zones
 * that it still has are numbered as @policy does. Context: process, RCU read side.
 */
bool pn_standing_is_unread(struct pn_flow *f, const struct pn_policy *old,
			   const struct pn_policy *policy);

#endif /* PN_STANDING_H */
