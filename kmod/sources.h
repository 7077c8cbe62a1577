/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sources and bans over netlink: listed, forgotten, restored, set.
 */
#ifndef PN_SOURCES_H
#define PN_SOURCES_H

#include <net/netlink.h>
#include <uapi/linux/postern.h>

struct genl_info;
struct netlink_callback;
struct sk_buff;

extern const struct nla_policy pn_source_get_attrs[POSTERN_A_SADDR + 1];
extern const struct nla_policy pn_source_add_attrs[POSTERN_A_SOURCE + 1];
extern const struct nla_policy pn_ban_attrs[POSTERN_A_COMMENT + 1];
extern const struct nla_policy pn_ban_del_attrs[POSTERN_A_BANS + 1];

/* POSTERN_CMD_SOURCE_GET and BAN_GET, behind pn_dump_start() */
int pn_dump_sources(struct sk_buff *skb, struct netlink_callback *cb);
int pn_dump_bans(struct sk_buff *skb, struct netlink_callback *cb);

int pn_source_add(struct sk_buff *skb, struct genl_info *info);
int pn_source_reset(struct sk_buff *skb, struct genl_info *info);
int pn_ban_add(struct sk_buff *skb, struct genl_info *info);
int pn_ban_del(struct sk_buff *skb, struct genl_info *info);

#endif /* PN_SOURCES_H */
