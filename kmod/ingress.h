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
#include <linux/netfilter.h>

struct pn_net;

/**
 * struct pn_ingress - one hook, on the interfaces of a namespace
 * @node: in pn->ingress
 * @ports: one for each interface that has it
 * @hook: called with @pn as its priv
 * @priority: among the hooks of an interface
 * @on: it is to be on the interfaces of zones
 *
 * All but @hook, @pn and @priority under rtnl.
 */
struct pn_ingress {
	struct list_head node;
	struct list_head ports;
	struct pn_net *pn;
	nf_hookfn *hook;
	int priority;
	bool on;
};

/* Before any other call, with the namespace. */
void pn_ingress_add(struct pn_net *pn, struct pn_ingress *ingress,
		    nf_hookfn *hook, int priority);

/**
 * pn_ingress_set - a policy, or none, was put in force
 * @ingress: hook
 * @on: whether it is to be there
 *
 * An interface for which there is no memory goes without it. Packets may be in the hook
 * until a grace period later. Context: process, takes rtnl.
 */
void pn_ingress_set(struct pn_ingress *ingress, bool on);

int pn_ingress_init(void);
void pn_ingress_exit(void);

#endif /* PN_INGRESS_H */
