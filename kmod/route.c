// SPDX-License-Identifier: GPL-2.0
/*
 * Routes that are asked for before routing: see route.h.
 */
#include <linux/hash.h>
#include <linux/inetdevice.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/ipv6_route.h>
#include <linux/jiffies.h>
#include <linux/log2.h>
#include <linux/percpu.h>
#include <net/ip6_fib.h>
#include <net/ip6_route.h>
#include <net/ip_fib.h>
#include <net/l3mdev.h>
#include <net/route.h>

#include "route.h"
#include "zone.h"

/*
 * Where packets to an address went, within one tick of jiffies: another route is not missed
 * for longer than a packet may be under way, and of a flood there are hundreds in a tick.
 */
struct memo {
	struct pn_key daddr;
	unsigned long tick;
	u32 stamp;
	u32 mark;
	int iif;			/* 0: none yet */
	u8 zone;
	bool v6;
	bool forwarded;
};

struct pn_routes {
	struct memo memo[PN_ROUTES];
};

struct pn_routes __percpu *pn_routes_alloc(void)
{
	return alloc_percpu_gfp(struct pn_routes,
				GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
}

/* Return: the interface, or NULL. */
static const struct net_device *route4(struct net *net,
				       const struct pn_packet *p)
{
	struct flowi4 fl = {
		.daddr = ip_hdr(p->skb)->daddr,
		.saddr = ip_hdr(p->skb)->saddr,
		.flowi4_iif = p->in->ifindex,
		.flowi4_mark = p->skb->mark,
		.flowi4_scope = RT_SCOPE_UNIVERSE,
	};
	struct fib_result res = {};

	if (fib_lookup(net, &fl, &res, FIB_LOOKUP_NOREF) ||
	    res.type != RTN_UNICAST)
		return NULL;
	return FIB_RES_DEV(res);
}

/* One of several ways, chosen by more than the destination? */
static bool is_chosen(const struct rt6_info *rt)
{
	const struct fib6_info *from = rcu_dereference(rt->from);

	return from && (from->fib6_nsiblings || from->nh);
}

/*
 * The same for IPv6, where only routes tell anycast addresses of the router. @chosen: set
 * to whether another packet to the same destination may go elsewhere.
 */
static const struct net_device *route6(struct net *net,
				       const struct pn_packet *p, bool *chosen)
{
	const struct rt6_info *rt;
	const struct net_device *dev = NULL;
	struct flowi6 fl = {
		.daddr = ipv6_hdr(p->skb)->daddr,
		.saddr = ipv6_hdr(p->skb)->saddr,
		.flowi6_iif = p->in->ifindex,
		.flowi6_mark = p->skb->mark,
	};
	struct dst_entry *dst;

	if (ipv6_addr_is_multicast(&fl.daddr))
		return NULL;
	dst = ip6_route_lookup(net, &fl, p->skb, 0);
	rt = container_of(dst, struct rt6_info, dst);
	*chosen = is_chosen(rt);
	if (!dst->error && !(rt->rt6i_flags & (RTF_LOCAL | RTF_ANYCAST)))
		dev = dst->dev;
	dst_release(dst);
	return dev;
}

#ifdef CONFIG_IP_MULTIPLE_TABLES
#define has_rules4(net)	((net)->ipv4.fib_has_custom_rules)
#else
#define has_rules4(net)	false
#endif
#ifdef CONFIG_IPV6_MULTIPLE_TABLES
#define has_rules6(net)	((net)->ipv6.fib6_has_custom_rules)
#else
#define has_rules6(net)	false
#endif

/* May more than the destination, the mark and the interface decide? */
static bool depends_on_source(struct net *net, bool v6)
{
	if (!v6)
		return has_rules4(net);
	return has_rules6(net) || fib6_routes_require_src(net);
}

static struct memo *memo_of(struct pn_net *pn, const struct pn_packet *p)
{
	u64 where = p->t.daddr.hi ^ p->t.daddr.lo * GOLDEN_RATIO_64;

	return &this_cpu_ptr(pn->routes)->memo[hash_64(where, ilog2(PN_ROUTES))];
}

bool pn_route_zone(struct pn_net *pn, const struct pn_policy *policy,
		   const struct pn_packet *p, u8 *zone)
{
	struct memo *m = memo_of(pn, p);
	struct memo new = {
		.daddr = p->t.daddr,
		.tick = jiffies,
		.stamp = pn_net_stamp(policy),
		.mark = p->skb->mark,
		.iif = p->in->ifindex,
		.zone = PN_ZONE_NONE,
		.v6 = p->t.v6,
	};
	const struct net_device *dev;
	bool chosen = false;

	if (m->tick == new.tick && pn_key_same(m->daddr, new.daddr) &&
	    m->iif == new.iif && m->mark == new.mark && m->v6 == new.v6 &&
	    m->stamp == new.stamp) {
		*zone = m->zone;
		return m->forwarded;
	}
	dev = new.v6 ? route6(pn->net, p, &chosen) : route4(pn->net, p);
	if (dev)
		new.zone = pn_zone_of_device(policy, dev);
	new.forwarded = dev;
	if (!chosen && !depends_on_source(pn->net, new.v6))
		*m = new;
	*zone = new.zone;
	return new.forwarded;
}

/* More addresses than these are not gone through for each packet. */
#define NETWORKS_MAX	8

/*
 * Nearly nobody is a neighbour, and nobody else has such an address, but if somebody wrote
 * a broadcast route by hand.
 */
static bool may_be_neighbour(const struct net_device *dev, __be32 addr)
{
	const struct in_device *in_dev = __in_dev_get_rcu(dev);
	const struct in_ifaddr *ifa;
	u32 nr = 0;

	if (!in_dev)
		return false;
	in_dev_for_each_ifa_rcu(ifa, in_dev)
		if (inet_ifa_match(addr, ifa) || ifa->ifa_broadcast == addr ||
		    ++nr > NETWORKS_MAX)
			return true;
	return false;
}

bool pn_route_is_broadcast(struct net *net, const struct pn_packet *p)
{
	__be32 addr = ip_hdr(p->skb)->saddr;

	return may_be_neighbour(p->in, addr) &&
	       inet_addr_type_dev_table(net, p->in, addr) == RTN_BROADCAST;
}
