/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Since 5.13 a route of nf_flow_table says how packets are sent, and takes over the
 * references; before, it had references of its own, and the way in was that of the
 * other route. By which interface they leave newer kernels want to be told, others know
 * it by the route.
 *
 * Since 5.15 nf_flow_table asks of each packet whether its route still holds. Before, that
 * is asked here; of IPv6 only that the route was not deleted, for whether there is a
 * better one tells nothing but a number that grows with every change of routes.
 *
 * Kbuild looks which it is.
 */
#ifndef PN_COMPAT_FLOW_TABLE_H
#define PN_COMPAT_FLOW_TABLE_H

#include <net/ip6_fib.h>
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
	route.tuple[dir].out.ifindex = to->dev->ifindex;
	route.tuple[dir].xmit_type = FLOW_OFFLOAD_XMIT_NEIGH;
	route.tuple[!dir].dst = back;
	route.tuple[!dir].in.ifindex = to->dev->ifindex;
	route.tuple[!dir].out.ifindex = back->dev->ifindex;
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

/*
 * Up to 5.14 conntrack's entry of a flow that was idle for 30 s in nf_flow_table has two
 * minutes left, whatever its own timeouts say: PN_FLOW_LASTS is false.
 *
 * pn_flow_holds(): does a flow's route hold? pn_flow_routes(): if this is another number
 * than before, IPv6 may have better ones. Context: RCU read side.
 */
/* PN_FLOW_ASKS: of each packet nf_flow_table asks that itself. */
#ifdef PN_HAVE_FLOW_COOKIE
#define PN_FLOW_ASKS	true
#define PN_FLOW_LASTS	true

static inline bool pn_flow_holds(const struct flow_offload_tuple *tuple)
{
	return true;
}

static inline int pn_flow_routes(const struct net *net)
{
	return 0;
}
#else
#define PN_FLOW_ASKS	false
#define PN_FLOW_LASTS	false

static inline bool pn_flow_holds(const struct flow_offload_tuple *tuple)
{
	struct dst_entry *dst = tuple->dst_cache;
	u32 cookie = tuple->l3proto == AF_INET6 ?
		     rt6_get_cookie((struct rt6_info *)dst) : 0;

	return dst_check(dst, cookie);
}

static inline int pn_flow_routes(const struct net *net)
{
	return atomic_read(&net->ipv6.fib6_sernum);
}
#endif

#endif /* PN_COMPAT_FLOW_TABLE_H */
