/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Hooks where packets enter: at the ingress of each interface that is in a zone of the
 * policy in force, before the kernel has looked at the IP header.
 *
 * The interfaces are followed as they come, go, are renamed and change hands: an
 * interface has the hook as long as it is in a zone and the hook is on.
 */
#ifndef PN_INGRESS_H
#define PN_INGRESS_H

#include <linux/list.h>
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/xarray.h>

struct pn_net;

/**
 * struct pn_ingress - one hook, on the interfaces of a namespace
 * @node: in pn->ingress
 * @ports: one for each interface that has it, by its index
 * @hook: called with @pn as its priv
 * @priority: among the hooks of an interface
 * @on: it is to be on the interfaces of zones
 *
 * All but @hook, @pn and @priority under rtnl.
 */
struct pn_ingress {
	struct list_head node;
	struct xarray ports;
	struct pn_net *pn;
	nf_hookfn *hook;
	int priority;
	bool on;
};

/* Before any other call, with the namespace. */
void pn_ingress_add(struct pn_net *pn, struct pn_ingress *ingress,
		    nf_hookfn *hook, int priority);

/**
 * pn_ingress_change - put it on the interfaces of zones, or take it off
 * @ingress: hook
 * @on: whether it is to be there; also if nothing changes but the policy
 *
 * An interface for which there is no memory goes without it. Packets may be in the hook
 * until a grace period later. To take it off drops what waits in the namespace's NFQUEUEs,
 * as the kernel has it: not to be done often.
 *
 * Context: process, rtnl held.
 */
void pn_ingress_change(struct pn_ingress *ingress, bool on);

/* Is it on @dev? Context: rtnl held. */
static inline bool pn_ingress_is_on(struct pn_ingress *ingress,
				    const struct net_device *dev)
{
	return xa_load(&ingress->ports, dev->ifindex);
}

int pn_ingress_init(void);
void pn_ingress_exit(void);

#endif /* PN_INGRESS_H */
