/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Hooks of others where packets are forwarded: the administrator's own nftables and
 * iptables, NFQUEUE, IPVS. What takes the fast path passes them by.
 */
#ifndef PN_FOREIGN_H
#define PN_FOREIGN_H

#include <linux/netfilter.h>
#include <net/net_namespace.h>

struct pn_net;

#define PN_FOREIGN_NAME_MAX	127

static inline bool pn_foreign_among(const struct nf_hook_entries *hooks)
{
	/* one of them is postern's own */
	return !hooks || hooks->num_hook_entries > 1;
}

/* Is there any, of either family? Context: packet path, RCU read side. */
static inline bool pn_foreign_here(const struct net *net)
{
	const struct netns_nf *nf = &net->nf;

	return pn_foreign_among(rcu_dereference(nf->hooks_ipv4[NF_INET_FORWARD])) ||
	       pn_foreign_among(rcu_dereference(nf->hooks_ipv6[NF_INET_FORWARD]));
}

/*
 * Names the first of them in @name, of PN_FOREIGN_NAME_MAX + 1 bytes; empty if there is
 * none. Context: RCU read side.
 */
void pn_foreign_name(const struct pn_net *pn, char *name);

#endif /* PN_FOREIGN_H */
