/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pinholes and learned endpoints over netlink: listed, closed, and learned from
 * outside.
 */
#ifndef PN_DOORS_H
#define PN_DOORS_H

#include <net/netlink.h>
#include <uapi/linux/postern.h>

#include "pinhole.h"

struct genl_info;
struct netlink_callback;
struct sk_buff;

extern const struct nla_policy pn_pinhole_attrs[POSTERN_A_VERSION + 1];
extern const struct nla_policy pn_endpoint_attrs[POSTERN_A_VERSION + 1];
extern const struct nla_policy pn_endpoint_add_attrs[POSTERN_A_VERSION + 1];

/* POSTERN_CMD_PINHOLE_GET and _ENDPOINT_GET, behind pn_dump_start() */
int pn_dump_pinholes(struct sk_buff *skb, struct netlink_callback *cb);
int pn_dump_endpoints(struct sk_buff *skb, struct netlink_callback *cb);

int pn_pinhole_flush(struct sk_buff *skb, struct genl_info *info);
int pn_endpoint_flush(struct sk_buff *skb, struct genl_info *info);
int pn_endpoint_add(struct sk_buff *skb, struct genl_info *info);

/* Return: 0 or -EMSGSIZE. */
int pn_put_address(struct sk_buff *msg, int type, bool v6, struct pn_key addr);
int pn_put_host(struct sk_buff *msg, int type, const struct pn_host *host);
/* SERVER, PORT, UUID and VERSION */
int pn_put_door(struct sk_buff *msg, const struct pn_door *door);

#endif /* PN_DOORS_H */
