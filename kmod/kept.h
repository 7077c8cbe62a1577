/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The flows that a load with KEEP_FLOWS found: what the new policy denies of
 * them may go on. A flow that conntrack learns later, on a way that no policy
 * looks at, is not among them.
 */
#ifndef PN_KEPT_H
#define PN_KEPT_H

#include <linux/types.h>

struct net;
struct nf_conn;
struct pn_policy;

/*
 * Remembers the flows that exist now in policy->kept: 16 to 32 bytes each, 4 KiB
 * at least. Of those that begin meanwhile some may be missing.
 *
 * Context: process; @policy is not in force yet.
 * Return: 0 or -ENOMEM.
 */
int pn_kept_collect(struct pn_policy *policy, struct net *net);

/* Context: packet path. */
bool pn_kept_has(const struct pn_policy *policy, const struct nf_conn *ct);

void pn_kept_free(struct pn_policy *policy);

#endif /* PN_KEPT_H */
