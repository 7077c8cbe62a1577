/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What state a namespace is in, read once for netlink and /proc.
 */
#ifndef PN_STATUS_H
#define PN_STATUS_H

#include <linux/types.h>

#include "fastpath.h"

struct genl_info;
struct pn_net;
struct pn_policy;
struct sk_buff;

/**
 * struct pn_status - state of a namespace
 * @generation: 0 if no policy is loaded
 * @flags: POSTERN_STATUS_*
 * @confirm_ms: left until the policy under trial goes back by itself
 * @inspected: connections
 * @sources: known
 * @sources_room: how many there may be; 0: no policy with limits came yet
 * @bans: prefixes
 * @attacked: limits under attack
 * @limiter_memory: bytes
 * @fast: the fast path
 */
struct pn_status {
	u32 generation;
	u32 flags;
	u32 ct_count, ct_max;
	u32 pinholes, endpoints, inspected;
	u32 sources, sources_room, bans, attacked;
	u64 limiter_memory;
	u64 uptime_ms;
	u64 loaded_at;
	u64 confirm_ms;
	struct pn_fastpath_status fast;
};

/* @policy: that of @pn, or NULL. Context: RCU read side. */
void pn_status_read(const struct pn_net *pn, const struct pn_policy *policy,
		    struct pn_status *s);

/* POSTERN_CMD_STATUS_GET */
int pn_status_get(struct sk_buff *skb, struct genl_info *info);

#endif /* PN_STATUS_H */
