/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Before 5.13 the number of entries was a field of struct net, and there was no
 * function: Kbuild looks which it is.
 */
#ifndef PN_COMPAT_CONNTRACK_COUNT_H
#define PN_COMPAT_CONNTRACK_COUNT_H

#include <net/netfilter/nf_conntrack.h>

#ifndef PN_HAVE_CT_COUNT
static inline u32 nf_conntrack_count(const struct net *net)
{
	return atomic_read(&net->ct.count);
}
#endif

#endif /* PN_COMPAT_CONNTRACK_COUNT_H */
