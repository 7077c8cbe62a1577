/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where packets meet the policy.
 */
#ifndef PN_HOOK_H
#define PN_HOOK_H

#include "net.h"
#include "packet.h"

struct nf_hook_state;

/* Context: net->mutex held, may sleep. Return: 0 or a negative errno. */
int pn_hook_register(struct pn_net *pn);
/* Afterwards no packet is in a hook of @pn. */
void pn_hook_unregister(struct pn_net *pn);

/* nf_hookfn of the outpost, see there. Its priv is the struct pn_net. */
unsigned int pn_hook_ingress(void *priv, struct sk_buff *skb,
			     const struct nf_hook_state *state);

/* Neighbour discovery and the like, which no policy denies the router itself. */
bool pn_hook_needed_by_link(const struct pn_packet *p);

#endif /* PN_HOOK_H */
