/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Limits on connections: what the administrator wrote.
 *
 * Only a source that completed a handshake is charged, see source.h.
 */
#ifndef PN_LIMIT_H
#define PN_LIMIT_H

#include <linux/types.h>
#include <uapi/linux/postern.h>

#include "gcra.h"

/**
 * enum pn_level - for whom one limit is kept
 * @PN_LEVEL_SOURCE: one machine, /32 and /64 by default
 * @PN_LEVEL_NETWORK: those near it, /24 and /48 by default
 */
enum pn_level {
	PN_LEVEL_SOURCE,
	PN_LEVEL_NETWORK,
	PN_LEVELS,
};

/**
 * struct pn_limit_rate - connections, recipients or messages in a time
 * @count: so many ...
 * @per_ms: ... in so many ms, in the long run
 * @burst: at once, at least 1
 * @gcra: derived from these when it is added to a policy; an interval of 0: no limit
 */
struct pn_limit_rate {
	u32 count;
	u32 per_ms;
	u32 burst;
	struct pn_gcra gcra;
};

#define PN_LIMITS_MAX		POSTERN_LIMITS_MAX
#define PN_SILENT_MAX		1000

/* What a limit has where it says nothing. */
#define PN_PREFIX4_SOURCE	32
#define PN_PREFIX6_SOURCE	64
#define PN_PREFIX4_NETWORK	24
#define PN_PREFIX6_NETWORK	48
#define PN_SOURCES_DEFAULT	65536

struct netlink_ext_ack;

/* May a policy say it? A @count of 0 is none. Return: 0 or -EINVAL. */
int pn_limit_check_rate(const struct pn_limit_rate *rate,
			struct netlink_ext_ack *extack);

/* Sets its @gcra. */
void pn_limit_derive(struct pn_limit_rate *rate);

#endif /* PN_LIMIT_H */
