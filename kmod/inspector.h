/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Inspectors: what a policy says of the SMTP on a rule's connections.
 */
#ifndef PN_INSPECTOR_H
#define PN_INSPECTOR_H

#include <linux/types.h>
#include <uapi/linux/postern.h>

#include "limit.h"
#include "policy.h"
#include "smtp.h"

/**
 * struct pn_inspector - what the policy calls an inspect
 * @flags: POSTERN_INSPECT_*
 * @smtp: for the parser, as it wants it
 * @relay_size: bytes of @smtp.relay.names
 * @recipients: of one source
 * @messages: likewise
 */
struct pn_inspector {
	char *name;
	u32 flags;
	struct pn_smtp_rules smtp;
	u32 relay_size;
	struct pn_limit_rate recipients, messages;
	u8 number;			/* see limiter.h; of one that has a rate */
	struct pn_place place;
};

/*
 * Staging, as the other pn_policy_add_*(). Of the rates, what is derived from others
 * is set here, and so are the number of domains and where each begins.
 */
int pn_policy_add_inspector(struct pn_policy *policy,
			    const struct pn_inspector *inspector,
			    struct netlink_ext_ack *extack);

/* Does it have a rate, and so need the table of sources? */
static inline bool pn_inspector_is_rated(const struct pn_inspector *inspector)
{
	return inspector->recipients.count || inspector->messages.count;
}

/* Does any? */
bool pn_inspectors_rated(const struct pn_policy *policy);

#endif /* PN_INSPECTOR_H */
