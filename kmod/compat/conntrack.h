/* SPDX-License-Identifier: GPL-2.0 */
/*
 * nf_ct_iterate_cleanup_net() takes a structure since 5.19. Kbuild looks into
 * the kernel's headers which one it is.
 */
#ifndef PN_COMPAT_CONNTRACK_H
#define PN_COMPAT_CONNTRACK_H

#include <net/netfilter/nf_conntrack.h>

#ifdef PN_HAVE_NF_CT_ITER_DATA
static inline void pn_ct_iterate(struct net *net,
				 int (*iter)(struct nf_conn *ct, void *data),
				 void *data)
{
	struct nf_ct_iter_data iter_data = { .net = net, .data = data };

	nf_ct_iterate_cleanup_net(iter, &iter_data);
}
#else
static inline void pn_ct_iterate(struct net *net,
				 int (*iter)(struct nf_conn *ct, void *data),
				 void *data)
{
	nf_ct_iterate_cleanup_net(net, iter, data, 0, 0);
}
#endif

#endif /* PN_COMPAT_CONNTRACK_H */
