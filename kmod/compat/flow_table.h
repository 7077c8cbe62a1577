/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Since 5.13 a route of nf_flow_table says how packets are sent, and takes over the
 * references; before, it had references of its own, and the way in was that of the
 * other route. Kbuild looks which it is.
 */
#ifndef PN_COMPAT_FLOW_TABLE_H
#define PN_COMPAT_FLOW_TABLE_H

#include <net/netfilter/nf_flow_table.h>

/*
 * Packets of direction @dir go by @to, those that answer by @back, and come in where the
 * others go out. The references of both are given away. Return: 0 or a negative number.
 */
#ifdef PN_HAVE_FLOW_XMIT
static inline int pn_flow_route(struct flow_offload *flow, int dir,
				struct dst_entry *to, struct dst_entry *back)
{
	struct nf_flow_route route = {};

	route.tuple[dir].dst = to;
	route.tuple[dir].in.ifindex = back->dev->ifindex;
	route.tuple[dir].xmit_type = FLOW_OFFLOAD_XMIT_NEIGH;
	route.tuple[!dir].dst = back;
	route.tuple[!dir].in.ifindex = to->dev->ifindex;
	route.tuple[!dir].xmit_type = FLOW_OFFLOAD_XMIT_NEIGH;
	flow_offload_route_init(flow, &route);
	return 0;
}
#else
static inline int pn_flow_route(struct flow_offload *flow, int dir,
				struct dst_entry *to, struct dst_entry *back)
{
	struct nf_flow_route route = {};
	int err;

	route.tuple[dir].dst = to;
	route.tuple[!dir].dst = back;
	err = flow_offload_route_init(flow, &route);
	dst_release(to);
	dst_release(back);
	return err;
}
#endif

#endif /* PN_COMPAT_FLOW_TABLE_H */
