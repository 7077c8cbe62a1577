// SPDX-License-Identifier: GPL-2.0
/*
 * An inspect as it comes over netlink, and as it goes back.
 */
#include <linux/netlink.h>
#include <net/netlink.h>

#include "inspector.h"
#include "object.h"

#define RATE	NLA_POLICY_EXACT_LEN(sizeof(struct postern_rate))

const struct nla_policy pn_inspect_attrs[POSTERN_A_INSPECT_LINE + 1] = {
	[POSTERN_A_NAME] = NLA_POLICY_VALIDATE_FN(NLA_NUL_STRING, pn_check_name,
						  POSTERN_NAME_MAX),
	[POSTERN_A_FLAGS] = NLA_POLICY_MASK(NLA_U32, POSTERN_INSPECT_OBSERVE |
						     POSTERN_INSPECT_COUNT |
						     POSTERN_INSPECT_PASS),
	[POSTERN_A_FILE] = { .type = NLA_U32 },
	[POSTERN_A_LINE] = NLA_POLICY_MIN(NLA_U32, 1),
	[POSTERN_A_INSPECT_DENY] = { .type = NLA_U64 },
	[POSTERN_A_INSPECT_RECIPIENTS] = NLA_POLICY_MIN(NLA_U32, 1),
	[POSTERN_A_INSPECT_RECIPIENTS_RATE] = RATE,
	[POSTERN_A_INSPECT_MESSAGES] = NLA_POLICY_MIN(NLA_U32, 1),
	[POSTERN_A_INSPECT_MESSAGES_RATE] = RATE,
	[POSTERN_A_INSPECT_SIZE] = NLA_POLICY_MIN(NLA_U64, 1),
	[POSTERN_A_INSPECT_RELAY] = { .type = NLA_BINARY },
	[POSTERN_A_INSPECT_LINE] = NLA_POLICY_MIN(NLA_U32, 1),
};

static u32 number(const struct nlattr *attr)
{
	return attr ? nla_get_u32(attr) : 0;
}

static u64 big_number(const struct nlattr *attr)
{
	return attr ? nla_get_u64(attr) : 0;
}

int pn_object_add_inspect(struct pn_policy *policy, struct nlattr **tb,
			  const struct pn_place *place,
			  struct netlink_ext_ack *extack)
{
	const struct nlattr *relay = tb[POSTERN_A_INSPECT_RELAY];
	struct pn_inspector inspector = {
		.flags = number(tb[POSTERN_A_FLAGS]),
		.smtp = {
			.denied = big_number(tb[POSTERN_A_INSPECT_DENY]),
			.size = big_number(tb[POSTERN_A_INSPECT_SIZE]),
			.recipients = number(tb[POSTERN_A_INSPECT_RECIPIENTS]),
			.messages = number(tb[POSTERN_A_INSPECT_MESSAGES]),
			.line = number(tb[POSTERN_A_INSPECT_LINE]),
		},
		.place = *place,
	};
	int err;

	if (!tb[POSTERN_A_NAME]) {
		NL_SET_ERR_MSG(extack, "an inspect needs NAME");
		return -EINVAL;
	}
	inspector.name = nla_data(tb[POSTERN_A_NAME]);
	err = pn_object_take_rate(tb[POSTERN_A_INSPECT_RECIPIENTS_RATE],
				  &inspector.recipients, extack) ?:
	      pn_object_take_rate(tb[POSTERN_A_INSPECT_MESSAGES_RATE],
				  &inspector.messages, extack);
	if (err)
		return err;
	if (relay) {
		/* which the parser takes for any domain */
		if (!nla_len(relay)) {
			NL_SET_ERR_MSG_ATTR(extack, relay,
					    "an empty list of domains");
			return -EINVAL;
		}
		inspector.smtp.relay.names = nla_data(relay);
		inspector.relay_size = nla_len(relay);
	}
	return pn_policy_add_inspector(policy, &inspector, extack);
}

static int put_number(struct sk_buff *skb, int type, u32 value)
{
	return value ? nla_put_u32(skb, type, value) : 0;
}

static int put_big_number(struct sk_buff *skb, int type, u64 value)
{
	return value ? nla_put_u64_64bit(skb, type, value, POSTERN_A_PAD) : 0;
}

int pn_object_put_inspect(struct sk_buff *skb,
			  const struct pn_inspector *inspector)
{
	const struct pn_smtp_rules *smtp = &inspector->smtp;

	if (put_big_number(skb, POSTERN_A_INSPECT_DENY, smtp->denied) ||
	    put_number(skb, POSTERN_A_INSPECT_RECIPIENTS, smtp->recipients) ||
	    pn_object_put_rate(skb, POSTERN_A_INSPECT_RECIPIENTS_RATE,
			       &inspector->recipients) ||
	    put_number(skb, POSTERN_A_INSPECT_MESSAGES, smtp->messages) ||
	    pn_object_put_rate(skb, POSTERN_A_INSPECT_MESSAGES_RATE,
			       &inspector->messages) ||
	    put_big_number(skb, POSTERN_A_INSPECT_SIZE, smtp->size) ||
	    put_number(skb, POSTERN_A_INSPECT_LINE, smtp->line))
		return -EMSGSIZE;
	if (!inspector->relay_size)
		return 0;
	return nla_put(skb, POSTERN_A_INSPECT_RELAY, inspector->relay_size,
		       smtp->relay.names);
}
