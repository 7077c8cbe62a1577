/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Why a connection that is inspected may be: the policy, and for RPC what endpoint
 * mappers said.
 */
#ifndef PN_BASIS_H
#define PN_BASIS_H

#include <linux/in.h>

#include "net.h"
#include "pinhole.h"
#include "policy.h"

/**
 * enum pn_basis - on what grounds; enum postern_basis without its prefix
 * @PN_BASIS_NONE: none: nothing is inspected
 * @PN_BASIS_MAPPER: it is the endpoint mapper's port
 * @PN_BASIS_PINNED: a service pins an interface to the port
 * @PN_BASIS_PINHOLE: the mapper named the port to this client
 * @PN_BASIS_LEARNED: or to somebody else, for an interface that this one may use
 * @PN_BASIS_SMTP: a plain rule, which has an inspect; not among POSTERN_BASIS_
 */
enum pn_basis {
	PN_BASIS_NONE = POSTERN_BASIS_NONE,
	PN_BASIS_MAPPER = POSTERN_BASIS_MAPPER,
	PN_BASIS_PINNED = POSTERN_BASIS_PINNED,
	PN_BASIS_PINHOLE = POSTERN_BASIS_PINHOLE,
	PN_BASIS_LEARNED = POSTERN_BASIS_LEARNED,
	PN_BASIS_SMTP = 0x80,
};

/**
 * pn_basis_static - by the policy alone: mapper or pinned
 * @policy: in force
 * @t: a TCP connection, from client to server
 * @rule: set to the rule that allows it
 */
enum pn_basis pn_basis_static(const struct pn_policy *policy,
			      const struct pn_tuple *t, u32 *rule);

/* Can what the mapper says allow @t, by @policy? */
bool pn_basis_may_be_dynamic(const struct pn_policy *policy,
			     const struct pn_tuple *t);

/**
 * pn_basis_dynamic - by what the mapper said: pinhole or learned
 * @pn: namespace
 * @policy: in force
 * @t: a TCP connection, from client to server
 * @rule: set to the rule that allows it
 *
 * Context: RCU read side.
 */
enum pn_basis pn_basis_dynamic(struct pn_net *pn, const struct pn_policy *policy,
			       const struct pn_tuple *t, u32 *rule);

/* By the plain rule @rule, which allows @t. */
static inline enum pn_basis pn_basis_plain(const struct pn_policy *policy,
					   const struct pn_tuple *t, u32 rule)
{
	return policy->nr_inspectors && t->proto == IPPROTO_TCP &&
	       policy->rules[rule].inspector != PN_INSPECTOR_NONE ?
	       PN_BASIS_SMTP : PN_BASIS_NONE;
}

/*
 * Any; dynamic only if no plain rule allows @t (@allowed: *@rule does), whose
 * connections are not inspected unless it says so.
 */
static inline enum pn_basis pn_basis_of(struct pn_net *pn,
					const struct pn_policy *policy,
					const struct pn_tuple *t, bool allowed,
					u32 *rule)
{
	enum pn_basis basis = PN_BASIS_NONE;
	u32 by;

	if (policy->nr_rpc)
		basis = pn_basis_static(policy, t, &by);
	if (policy->nr_rpc && !basis && !allowed)
		basis = pn_basis_dynamic(pn, policy, t, &by);
	if (basis)
		*rule = by;
	else if (allowed)
		basis = pn_basis_plain(policy, t, *rule);
	return basis;
}

/*
 * Is a connection on @basis held to no interface? Only what itself comes of a service
 * with `bind observe` is: its pinned port, or a pinhole. Who did not ask is held.
 * Context: RCU read side.
 */
bool pn_basis_observes(struct pn_net *pn, const struct pn_policy *policy,
		       const struct pn_tuple *t, enum pn_basis basis);

/* What is said of a TCP connection that nothing allows. */
enum pn_reason pn_basis_denied(const struct pn_policy *policy,
			       const struct pn_tuple *t);

/* Whether @t, on whatever basis, may use an interface. Context: RCU read side. */
bool pn_basis_allows(struct pn_net *pn, const struct pn_policy *policy,
		     const struct pn_tuple *t, const struct pn_uuid *uuid,
		     u16 major);

void pn_basis_client(const struct pn_tuple *t, struct pn_host *client);
void pn_basis_server(const struct pn_policy *policy, const struct pn_tuple *t,
		     struct pn_host *server);

/* Before @policy is in force. Context: process. */
void pn_basis_prepare(struct pn_net *pn, const struct pn_policy *policy);

/* Closes what @policy no longer allows. Context: process. */
void pn_basis_review(struct pn_net *pn, const struct pn_policy *policy);

#endif /* PN_BASIS_H */
