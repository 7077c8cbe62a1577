// SPDX-License-Identifier: GPL-2.0
/*
 * Limits of a policy: what they may say, and their staging. Plain C: also built
 * in user space.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/math64.h>
#include <linux/string.h>

#include "memory.h"
#include "policy.h"

#define SOURCES_MIN	1024
#define OPEN_MAX	10000000
#define BURST_MAX	1000000
#define INTERVAL_MIN_NS	1000
#define DAY_MS		86400000U
#define BAN_MAX_MS	(30 * DAY_MS)
#define YEAR_MS		(365ULL * DAY_MS)

int pn_policy_set_sources(struct pn_policy *policy, u32 nr,
			  struct netlink_ext_ack *extack)
{
	if (nr < SOURCES_MIN || nr > POSTERN_SOURCES_MAX)
		return PN_REFUSE(extack, -EINVAL,
			      "the table of sources has 1024 to 4194304 entries");
	policy->nr_sources = roundup_pow_of_two(nr);
	return 0;
}

static u64 interval_of(const struct pn_limit_rate *rate)
{
	return rate->count ? div_u64(rate->per_ms * 1000000ULL, rate->count) : 0;
}

void pn_limit_derive(struct pn_limit_rate *rate)
{
	rate->gcra = pn_gcra(interval_of(rate), rate->burst);
}

int pn_limit_check_rate(const struct pn_limit_rate *rate,
			struct netlink_ext_ack *extack)
{
	u64 interval = interval_of(rate);

	if (!rate->count) {
		if (rate->per_ms || rate->burst)
			return PN_REFUSE(extack, -EINVAL,
				      "a rate of nothing at all");
		return 0;
	}
	switch (rate->per_ms) {
	case 1000:
	case 60 * 1000:
	case 3600 * 1000:
	case DAY_MS:
		break;
	default:
		return PN_REFUSE(extack, -EINVAL,
			      "a rate is for a second, minute, hour or day");
	}
	if (interval < INTERVAL_MIN_NS)
		return PN_REFUSE(extack, -EINVAL,
			      "a rate is at most one in 1000 ns");
	if (!rate->burst || rate->burst > BURST_MAX)
		return PN_REFUSE(extack, -EINVAL, "a burst is 1 to 1000000");
	/* so that sums of times stay far from the end of 64 bits */
	if (rate->burst > div64_u64(YEAR_MS * 1000000, interval))
		return PN_REFUSE(extack, -EINVAL,
			      "a burst takes longer than 365 days to come back");
	return 0;
}

static int check_rates(const struct pn_limit *limit,
		       struct netlink_ext_ack *extack)
{
	u32 level;
	int err;

	for (level = 0; level < PN_LEVELS; level++) {
		err = pn_limit_check_rate(&limit->rate[level], extack);
		if (err)
			return err;
		if (limit->open[level] > OPEN_MAX)
			return PN_REFUSE(extack, -EINVAL,
				      "a limit on open connections is 1 to 10000000");
	}
	if (limit->half_open > OPEN_MAX)
		return PN_REFUSE(extack, -EINVAL,
			      "a limit on half-open connections is 1 to 10000000");
	if (limit->silent > PN_SILENT_MAX)
		return PN_REFUSE(extack, -EINVAL,
			      "a limit on silent connections is 1 to 1000");
	return pn_limit_check_rate(&limit->total, extack);
}

static int check_ban(const struct pn_limit *limit,
		     struct netlink_ext_ack *extack)
{
	if (!limit->ban_ms) {
		if (limit->ban_max_ms || limit->ban_refusals ||
		    limit->ban_window_ms)
			return PN_REFUSE(extack, -EINVAL, "a ban for no time");
		return 0;
	}
	if (limit->ban_ms < 1000 || limit->ban_ms > BAN_MAX_MS)
		return PN_REFUSE(extack, -EINVAL, "a ban is for 1 s to 30 days");
	if (limit->ban_max_ms < limit->ban_ms ||
	    limit->ban_max_ms > BAN_MAX_MS)
		return PN_REFUSE(extack, -EINVAL,
			      "the longest ban is the first one at least, and 30 days at most");
	if (!limit->ban_refusals || limit->ban_refusals > U16_MAX)
		return PN_REFUSE(extack, -EINVAL,
			      "a ban comes after 1 to 65535 refusals");
	if (limit->ban_window_ms < 1000 || limit->ban_window_ms > DAY_MS)
		return PN_REFUSE(extack, -EINVAL,
			      "refusals are counted over 1 s to 1 day");
	return 0;
}

static int check_prefixes(const struct pn_limit *limit,
			  struct netlink_ext_ack *extack)
{
	u32 level;

	for (level = 0; level < PN_LEVELS; level++)
		if (!limit->prefix4[level] || limit->prefix4[level] > 32 ||
		    !limit->prefix6[level] || limit->prefix6[level] > 128)
			return PN_REFUSE(extack, -EINVAL,
				      "prefixes are 1 to 32 bits of IPv4, and 1 to 128 of IPv6");
	if (limit->prefix4[PN_LEVEL_NETWORK] > limit->prefix4[PN_LEVEL_SOURCE] ||
	    limit->prefix6[PN_LEVEL_NETWORK] > limit->prefix6[PN_LEVEL_SOURCE])
		return PN_REFUSE(extack, -EINVAL,
			      "the prefix of a network is longer than that of a source");
	return 0;
}

static int check_exempt(const struct pn_policy *policy,
			const struct pn_limit *limit,
			struct netlink_ext_ack *extack)
{
	u32 i;

	for (i = 0; i < limit->nr_exempt; i++)
		if (limit->exempt[i] >= policy->nr_hosts)
			return PN_REFUSE(extack, -EINVAL,
				      "a limit exempts hosts that do not exist");
	return 0;
}

static void free_limit(struct pn_policy *policy, struct pn_limit *limit)
{
	pn_free(policy, limit->exempt, limit->nr_exempt,
		sizeof(*limit->exempt));
	pn_strfree(policy, limit->name);
}

static int copy_limit(struct pn_policy *policy, struct pn_limit *new,
		      const struct pn_limit *limit)
{
	u32 level;

	*new = *limit;
	new->name = pn_strdup(policy, limit->name);
	new->exempt = NULL;
	new->nr_exempt = 0;
	if (!new->name ||
	    pn_copy(policy, &new->exempt, limit->exempt, limit->nr_exempt,
		    sizeof(*new->exempt)))
		return -ENOMEM;
	new->nr_exempt = limit->nr_exempt;
	for (level = 0; level < PN_LEVELS; level++)
		pn_limit_derive(&new->rate[level]);
	pn_limit_derive(&new->total);
	return 0;
}

int pn_policy_add_limit(struct pn_policy *policy, const struct pn_limit *limit,
			struct netlink_ext_ack *extack)
{
	struct pn_limit *new;
	int err;

	err = check_rates(limit, extack);
	if (!err)
		err = check_ban(limit, extack);
	if (!err)
		err = check_prefixes(limit, extack);
	if (!err)
		err = check_exempt(policy, limit, extack);
	if (err)
		return err;
	err = pn_grow(policy, (void **)&policy->limits, policy->nr_limits,
		      &policy->cap_limits, 1, PN_LIMITS_MAX, sizeof(*new));
	if (err == -E2BIG)
		return PN_REFUSE(extack, err, "more than 60 limits");
	if (err)
		return pn_policy_no_memory(extack);

	new = &policy->limits[policy->nr_limits];
	if (copy_limit(policy, new, limit)) {
		free_limit(policy, new);
		return pn_policy_no_memory(extack);
	}
	if (!policy->nr_sources)
		policy->nr_sources = PN_SOURCES_DEFAULT;
	policy->nr_limits++;
	return 0;
}

int pn_limit_check_rule(const struct pn_policy *policy,
			const struct pn_rule *rule,
			struct netlink_ext_ack *extack)
{
	bool tcp = !rule->nr_services;
	u32 i;

	if (rule->limit == PN_LIMIT_NONE)
		return 0;
	if (rule->limit >= policy->nr_limits)
		return PN_REFUSE(extack, -EINVAL,
			      "a rule names a limit that does not exist");
	if (rule->action == POSTERN_ACTION_BLOCK)
		return PN_REFUSE(extack, -EINVAL,
			      "a block rule has no limit: it lets nothing pass");
	for (i = 0; i < rule->nr_services; i++)
		tcp |= policy->services[rule->services[i]].reaches_tcp;
	if (!tcp)
		return PN_REFUSE(extack, -EINVAL,
			      "a limit is on TCP connections, and the rule has no TCP service");
	return 0;
}

void pn_limits_free(struct pn_policy *policy)
{
	u32 i;

	for (i = 0; i < policy->nr_limits; i++)
		free_limit(policy, &policy->limits[i]);
	pn_free(policy, policy->limits, policy->cap_limits,
		sizeof(*policy->limits));
}
