// SPDX-License-Identifier: GPL-2.0
/*
 * The standing of an inspected connection under a policy: see standing.h.
 */
#include "inspected.h"
#include "kept.h"
#include "standing.h"

enum pn_basis pn_standing_by(const struct pn_flow *f,
			     const struct pn_policy *policy,
			     const struct pn_tuple *t, u32 *rule)
{
	bool mail = f->basis == PN_BASIS_SMTP, may;
	bool allowed = mail &&
		       pn_outcome_allows(policy,
					 pn_classify(&policy->tables, t), rule);
	enum pn_basis basis = pn_basis_of(f->pn, policy, t, allowed, rule);

	/*
	 * A mapper's connection stays one, as only that has room for all that is read;
	 * mail and RPC have nothing to do with each other.
	 */
	may = mail || f->basis == PN_BASIS_MAPPER ? basis == f->basis :
	      basis != PN_BASIS_MAPPER && basis != PN_BASIS_SMTP;
	return may ? basis : PN_BASIS_NONE;
}

enum pn_basis pn_standing(const struct pn_flow *f,
			  const struct pn_policy *policy, u32 *rule,
			  bool *observe)
{
	enum pn_basis basis = pn_standing_by(f, policy, &f->t, rule);
	u32 i;

	*observe = pn_basis_observes(f->pn, policy, &f->t, basis);
	if (*observe)
		return basis;
	if (f->bound_more)
		return PN_BASIS_NONE;
	for (i = 0; i < f->nr_bound; i++)
		if (!pn_basis_allows(f->pn, policy, &f->t, &f->bound[i].uuid,
				     f->bound[i].major))
			return PN_BASIS_NONE;
	return basis;
}

static bool may_be_spared(const struct pn_flow *f)
{
	return !f->cut && !pn_inspected_is_refused(f);
}

bool pn_standing_is_spared(const struct pn_flow *f,
			   const struct pn_policy *policy)
{
	if (!may_be_spared(f))
		return false;
	/* RPC is read on, for the next policy */
	if (policy->flags & POSTERN_POLICY_OBSERVE)
		return f->basis == PN_BASIS_SMTP;
	return policy->kept && pn_kept_has(policy, f->ct);
}

/* The number that zone @zone of @old has in @policy, or PN_ZONE_NONE. */
static u32 renumber(const struct pn_policy *old, const struct pn_policy *policy,
		    u32 zone)
{
	u32 i;

	if (zone == old->tables.zone_self)
		return policy->tables.zone_self;
	if (zone >= old->nr_zones)
		return PN_ZONE_NONE;
	for (i = 0; i < policy->nr_zones; i++)
		if (!strcmp(policy->zones[i].name, old->zones[zone].name))
			return i;
	return PN_ZONE_NONE;
}

/* Return: whether its zones are those of @policy. Context: lock held. */
static bool rezone(struct pn_flow *f, const struct pn_policy *old,
		   const struct pn_policy *policy)
{
	u32 in, out;

	if (f->zoned == policy->generation)
		return true;
	if (!old || f->zoned != old->generation)
		return false;
	in = renumber(old, policy, f->t.zone_in);
	out = renumber(old, policy, f->t.zone_out);
	if (in == PN_ZONE_NONE || out == PN_ZONE_NONE)
		return false;
	f->t.zone_in = in;
	f->t.zone_out = out;
	f->zoned = policy->generation;
	return true;
}

/*
 * By the rules alone: does one let it pass that has nobody read it, or does none, and
 * @policy, which observes, lets it pass without that anybody is asked to read it?
 */
static bool passes_plainly(const struct pn_flow *f,
			   const struct pn_policy *policy)
{
	u32 rule;

	if (pn_outcome_allows(policy, pn_classify(&policy->tables, &f->t),
			      &rule))
		return !pn_basis_of(f->pn, policy, &f->t, true, &rule);
	return policy->flags & POSTERN_POLICY_OBSERVE && may_be_spared(f) &&
	       (rule != U32_MAX || !policy->nr_rpc);
}

bool pn_standing_is_unread(struct pn_flow *f, const struct pn_policy *old,
			   const struct pn_policy *policy)
{
	bool unread, observe;
	u32 rule;

	if (!policy->nr_rpc && !policy->nr_inspectors && !policy->kept)
		return true;
	spin_lock_bh(&f->lock);
	/* whose zones are not known is for its next packet */
	unread = rezone(f, old, policy) &&
		 (passes_plainly(f, policy) ||
		  (pn_standing_is_spared(f, policy) &&
		   !pn_standing(f, policy, &rule, &observe)));
	spin_unlock_bh(&f->lock);
	return unread;
}
