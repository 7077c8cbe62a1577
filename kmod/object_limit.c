// SPDX-License-Identifier: GPL-2.0
/*
 * A limit as it comes over netlink, and as it goes back.
 */
#include <linux/netlink.h>
#include <linux/string.h>
#include <net/netlink.h>

#include "object.h"
#include "policy.h"

#define RATE	NLA_POLICY_EXACT_LEN(sizeof(struct postern_rate))

const struct nla_policy pn_limit_attrs[POSTERN_A_LIMIT_PREFIXES + 1] = {
	[POSTERN_A_NAME] = NLA_POLICY_VALIDATE_FN(NLA_NUL_STRING, pn_check_name,
						  POSTERN_NAME_MAX),
	[POSTERN_A_FLAGS] = NLA_POLICY_MASK(NLA_U32, POSTERN_LIMIT_STRICT |
						     POSTERN_LIMIT_OBSERVE),
	[POSTERN_A_FILE] = { .type = NLA_U32 },
	[POSTERN_A_LINE] = NLA_POLICY_MIN(NLA_U32, 1),
	[POSTERN_A_LIMIT_RATE_SOURCE] = RATE,
	[POSTERN_A_LIMIT_RATE_NETWORK] = RATE,
	[POSTERN_A_LIMIT_TOTAL] = RATE,
	[POSTERN_A_LIMIT_OPEN_SOURCE] = NLA_POLICY_MIN(NLA_U32, 1),
	[POSTERN_A_LIMIT_OPEN_NETWORK] = NLA_POLICY_MIN(NLA_U32, 1),
	[POSTERN_A_LIMIT_HALF_OPEN] = NLA_POLICY_MIN(NLA_U32, 1),
	[POSTERN_A_LIMIT_SILENT] = NLA_POLICY_MIN(NLA_U32, 1),
	[POSTERN_A_LIMIT_BAN] =
		NLA_POLICY_EXACT_LEN(sizeof(struct postern_ban)),
	[POSTERN_A_LIMIT_EXEMPT] = NLA_POLICY_VALIDATE_FN(NLA_BINARY,
							  pn_check_words),
	[POSTERN_A_LIMIT_PREFIXES] =
		NLA_POLICY_EXACT_LEN(sizeof(struct postern_prefixes)),
};

int pn_object_take_rate(const struct nlattr *attr, struct pn_limit_rate *rate,
			struct netlink_ext_ack *extack)
{
	const struct postern_rate *from;

	if (!attr)
		return 0;
	from = nla_data(attr);
	if (from->pad) {
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "the padding of a rate is not 0");
		return -EINVAL;
	}
	/* which a struct pn_limit_rate takes for none */
	if (!from->count) {
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "a rate of nothing at all");
		return -EINVAL;
	}
	rate->count = from->count;
	rate->per_ms = from->per_ms;
	rate->burst = from->burst;
	return 0;
}

static int take_rates(struct nlattr **tb, struct pn_limit *limit,
		      struct netlink_ext_ack *extack)
{
	return pn_object_take_rate(tb[POSTERN_A_LIMIT_RATE_SOURCE],
				   &limit->rate[PN_LEVEL_SOURCE], extack) ?:
	       pn_object_take_rate(tb[POSTERN_A_LIMIT_RATE_NETWORK],
				   &limit->rate[PN_LEVEL_NETWORK], extack) ?:
	       pn_object_take_rate(tb[POSTERN_A_LIMIT_TOTAL], &limit->total,
				   extack);
}

static int take_ban(const struct nlattr *attr, struct pn_limit *limit,
		    struct netlink_ext_ack *extack)
{
	const struct postern_ban *from;

	if (!attr)
		return 0;
	from = nla_data(attr);
	/* likewise */
	if (!from->ms) {
		NL_SET_ERR_MSG_ATTR(extack, attr, "a ban for no time");
		return -EINVAL;
	}
	limit->ban_ms = from->ms;
	limit->ban_max_ms = from->max_ms;
	limit->ban_refusals = from->refusals;
	limit->ban_window_ms = from->window_ms;
	return 0;
}

static void take_prefixes(const struct nlattr *attr, struct pn_limit *limit)
{
	static const struct postern_prefixes otherwise = {
		.source4 = PN_PREFIX4_SOURCE,
		.source6 = PN_PREFIX6_SOURCE,
		.network4 = PN_PREFIX4_NETWORK,
		.network6 = PN_PREFIX6_NETWORK,
	};
	const struct postern_prefixes *from = attr ? nla_data(attr) : &otherwise;

	limit->prefix4[PN_LEVEL_SOURCE] = from->source4;
	limit->prefix6[PN_LEVEL_SOURCE] = from->source6;
	limit->prefix4[PN_LEVEL_NETWORK] = from->network4;
	limit->prefix6[PN_LEVEL_NETWORK] = from->network6;
}

static u32 number(const struct nlattr *attr)
{
	return attr ? nla_get_u32(attr) : 0;
}

int pn_object_add_limit(struct pn_policy *policy, struct nlattr **tb,
			const struct pn_place *place,
			struct netlink_ext_ack *extack)
{
	const struct nlattr *exempt = tb[POSTERN_A_LIMIT_EXEMPT];
	struct pn_limit limit = {
		.flags = number(tb[POSTERN_A_FLAGS]),
		.half_open = number(tb[POSTERN_A_LIMIT_HALF_OPEN]),
		.silent = number(tb[POSTERN_A_LIMIT_SILENT]),
		.place = *place,
	};
	int err;

	if (!tb[POSTERN_A_NAME]) {
		NL_SET_ERR_MSG(extack, "a limit needs NAME");
		return -EINVAL;
	}
	limit.name = nla_data(tb[POSTERN_A_NAME]);
	limit.open[PN_LEVEL_SOURCE] = number(tb[POSTERN_A_LIMIT_OPEN_SOURCE]);
	limit.open[PN_LEVEL_NETWORK] = number(tb[POSTERN_A_LIMIT_OPEN_NETWORK]);
	take_prefixes(tb[POSTERN_A_LIMIT_PREFIXES], &limit);
	err = take_rates(tb, &limit, extack);
	if (!err)
		err = take_ban(tb[POSTERN_A_LIMIT_BAN], &limit, extack);
	if (err)
		return err;
	if (exempt) {
		limit.exempt = nla_data(exempt);
		limit.nr_exempt = nla_len(exempt) / sizeof(*limit.exempt);
	}
	return pn_policy_add_limit(policy, &limit, extack);
}

int pn_object_put_rate(struct sk_buff *skb, int type,
		       const struct pn_limit_rate *rate)
{
	struct postern_rate to = {
		.count = rate->count,
		.per_ms = rate->per_ms,
		.burst = rate->burst,
	};

	return rate->count ? nla_put(skb, type, sizeof(to), &to) : 0;
}

static int put_number(struct sk_buff *skb, int type, u32 value)
{
	return value ? nla_put_u32(skb, type, value) : 0;
}

static int put_ban(struct sk_buff *skb, const struct pn_limit *limit)
{
	struct postern_ban to = {
		.ms = limit->ban_ms,
		.max_ms = limit->ban_max_ms,
		.refusals = limit->ban_refusals,
		.window_ms = limit->ban_window_ms,
	};

	return to.ms ? nla_put(skb, POSTERN_A_LIMIT_BAN, sizeof(to), &to) : 0;
}

static int put_prefixes(struct sk_buff *skb, const struct pn_limit *limit)
{
	struct postern_prefixes to = {
		.source4 = limit->prefix4[PN_LEVEL_SOURCE],
		.source6 = limit->prefix6[PN_LEVEL_SOURCE],
		.network4 = limit->prefix4[PN_LEVEL_NETWORK],
		.network6 = limit->prefix6[PN_LEVEL_NETWORK],
	};

	return nla_put(skb, POSTERN_A_LIMIT_PREFIXES, sizeof(to), &to);
}

int pn_object_put_limit(struct sk_buff *skb, const struct pn_limit *limit)
{
	if (pn_object_put_rate(skb, POSTERN_A_LIMIT_RATE_SOURCE,
			       &limit->rate[PN_LEVEL_SOURCE]) ||
	    pn_object_put_rate(skb, POSTERN_A_LIMIT_RATE_NETWORK,
			       &limit->rate[PN_LEVEL_NETWORK]) ||
	    pn_object_put_rate(skb, POSTERN_A_LIMIT_TOTAL, &limit->total) ||
	    put_number(skb, POSTERN_A_LIMIT_OPEN_SOURCE,
		       limit->open[PN_LEVEL_SOURCE]) ||
	    put_number(skb, POSTERN_A_LIMIT_OPEN_NETWORK,
		       limit->open[PN_LEVEL_NETWORK]) ||
	    put_number(skb, POSTERN_A_LIMIT_HALF_OPEN, limit->half_open) ||
	    put_number(skb, POSTERN_A_LIMIT_SILENT, limit->silent) ||
	    put_ban(skb, limit) || put_prefixes(skb, limit))
		return -EMSGSIZE;
	if (!limit->nr_exempt)
		return 0;
	return nla_put(skb, POSTERN_A_LIMIT_EXEMPT,
		       limit->nr_exempt * sizeof(*limit->exempt),
		       limit->exempt);
}
