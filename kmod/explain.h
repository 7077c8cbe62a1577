/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What would happen to a packet that opened a flow now, and why: the policy's own
 * classifier, asked without a packet.
 */
#ifndef PN_EXPLAIN_H
#define PN_EXPLAIN_H

#include <net/netlink.h>
#include <uapi/linux/postern.h>

struct genl_info;
struct sk_buff;

extern const struct nla_policy pn_explain_attrs[POSTERN_A_ZONE_OUT_NAME + 1];

/* POSTERN_CMD_EXPLAIN */
int pn_explain(struct sk_buff *skb, struct genl_info *info);

#endif /* PN_EXPLAIN_H */
