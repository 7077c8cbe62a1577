/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Dumps of the policy in force. Each call fills one message buffer under RCU and
 * takes no lock. A dump during which the policy changes ends there, marked as
 * interrupted: so no dump ever mixes two policies.
 */
#ifndef PN_DUMP_H
#define PN_DUMP_H

struct netlink_callback;
struct sk_buff;

int pn_dump_start(struct netlink_callback *cb);

int pn_dump_zones(struct sk_buff *skb, struct netlink_callback *cb);
int pn_dump_hosts(struct sk_buff *skb, struct netlink_callback *cb);
int pn_dump_ranges(struct sk_buff *skb, struct netlink_callback *cb);
int pn_dump_services(struct sk_buff *skb, struct netlink_callback *cb);
int pn_dump_limits(struct sk_buff *skb, struct netlink_callback *cb);
int pn_dump_inspects(struct sk_buff *skb, struct netlink_callback *cb);
int pn_dump_rules(struct sk_buff *skb, struct netlink_callback *cb);
int pn_dump_counters(struct sk_buff *skb, struct netlink_callback *cb);

#endif /* PN_DUMP_H */
