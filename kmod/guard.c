// SPDX-License-Identifier: GPL-2.0
/*
 * The ingress guard: senders that cannot be, and SYNs that no rule or limit lets pass.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/ipv6_route.h>
#include <linux/netfilter.h>
#include <net/addrconf.h>
#include <net/ip6_fib.h>
#include <net/ip6_route.h>
#include <net/ip_fib.h>
#include <net/route.h>

#include "admit.h"
#include "ban.h"
#include "basis.h"
#include "flow.h"
#include "guard.h"
#include "zone.h"

#define DHCP_SERVER	67
#define DHCP_CLIENT	68

/* Who has no address yet: DHCP asks from 0.0.0.0, IGMP reports (RFC 3376 4.2.13). */
static bool unnumbered(const struct pn_packet *p)
{
	return p->t.proto == IPPROTO_IGMP ||
	       (p->t.proto == IPPROTO_UDP && p->sport == DHCP_CLIENT &&
		p->t.port == DHCP_SERVER);
}

/* RFC 6890: addresses that are no sender's. */
static enum pn_reason check_sender4(const struct pn_packet *p)
{
	u32 addr = p->t.saddr.hi;
	u8 net = addr >> 24;

	if (addr == INADDR_BROADCAST)
		return PN_BROADCAST_SOURCE;
	if (net == 127 || net >= 224)
		return PN_MARTIAN;
	if (net == 0 && !(addr == 0 && unnumbered(p)))
		return PN_MARTIAN;
	return PN_OK;
}

/* The same for IPv6; duplicate address detection and MLD send from ::. */
static enum pn_reason check_sender6(const struct pn_packet *p)
{
	struct pn_key a = p->t.saddr;

	if (a.hi >> 56 == 0xff)
		return PN_MARTIAN;
	if (a.hi)
		return PN_OK;
	if (a.lo == 0)
		return p->t.proto == IPPROTO_ICMPV6 ? PN_OK : PN_MARTIAN;
	/* loopback; IPv4-mapped and the long gone IPv4-compatible ones */
	if (a.lo >> 32 == 0xffff || a.lo >> 32 == 0)
		return PN_MARTIAN;
	return PN_OK;
}

static bool link_local(const struct pn_packet *p)
{
	if (p->t.v6)
		return p->t.saddr.hi >> 54 == 0xfe80 >> 6 ||
		       !(p->t.saddr.hi | p->t.saddr.lo);
	return p->t.saddr.hi >> 16 == 0xa9fe || !p->t.saddr.hi;
}

enum pn_reason pn_guard_source(const struct pn_policy *policy,
			       const struct pn_packet *p, u32 zone)
{
	const struct pn_tables *t = &policy->tables;
	const struct pn_class *class;
	enum pn_reason reason;

	reason = p->t.v6 ? check_sender6(p) : check_sender4(p);
	if (reason || link_local(p))
		return reason;
	class = &t->class[pn_address_class(t, p->t.v6, p->t.saddr)];
	if (class->zones && !(class->zones & BIT_ULL(zone)))
		return PN_SPOOFED;
	return PN_OK;
}

/*
 * Where a packet would be forwarded to. Marks that are set later, and TPROXY, are not
 * known here: hosts whose packets do not go by these routes are named nat.
 *
 * Return: the interface, or NULL if the packet is for this router or has no route.
 * Context: RCU read side.
 */
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

/* The same for IPv6, where only routes tell anycast addresses of the router. */
static const struct net_device *route6(struct net *net,
				       const struct pn_packet *p)
{
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
	if (!dst->error &&
	    !(container_of(dst, struct rt6_info, dst)->rt6i_flags &
	      (RTF_LOCAL | RTF_ANYCAST)))
		dev = dst->dev;
	dst_release(dst);
	return dev;
}

/* Which rule, if any, lets a packet pass from its zone to that of @dev. */
static enum pn_reason judge_towards(const struct pn_policy *policy,
				    struct pn_packet *p,
				    const struct net_device *dev,
				    u32 *outcome, u32 *rule)
{
	p->zone_out = pn_zone_of_device(policy, dev);
	if (p->zone_out == PN_ZONE_NONE)
		return PN_NO_ZONE;
	p->t.zone_out = p->zone_out;
	*outcome = pn_classify(&policy->tables, &p->t);
	if (pn_outcome_allows(policy, *outcome, rule))
		return PN_OK;
	return *rule == U32_MAX ? pn_basis_denied(policy, &p->t) : PN_BLOCKED;
}

enum pn_reason pn_guard_open(struct net *net, const struct pn_policy *policy,
			     struct pn_packet *p, u32 *outcome)
{
	const struct pn_tables *t = &policy->tables;
	const struct pn_class *src, *dst;
	const struct net_device *dev;
	enum pn_reason reason;
	bool allowed;
	u32 rule;

	src = &t->class[pn_address_class(t, p->t.v6, p->t.saddr)];
	dst = &t->class[pn_address_class(t, p->t.v6, p->t.daddr)];
	if ((src->flags | dst->flags) & PN_CLASS_NAT ||
	    !((src->flags | dst->flags) & PN_CLASS_GUARDED))
		return PN_OK;
	if (pn_ban_has(pn_net(net), p->t.v6, p->t.saddr))
		return PN_BANNED;
	p->t.zone_out = t->zone_early;
	allowed = pn_outcome_allows(policy, pn_classify(t, &p->t), &rule) ||
		  (rule == U32_MAX &&
		   pn_basis_of(pn_net(net), policy, &p->t, false, &rule));
	/* most of what is allowed has no limit, and needs no route here */
	if (allowed && !pn_admit_limits(policy, rule))
		return PN_OK;
	dev = p->t.v6 ? route6(net, p) : route4(net, p);
	if (!dev)
		return PN_OK;
	if (!p->t.v6 &&
	    inet_addr_type_dev_table(net, p->in, ip_hdr(p->skb)->saddr) ==
	    RTN_BROADCAST)
		return PN_BROADCAST_SOURCE;
	reason = judge_towards(policy, p, dev, outcome, &rule);
	if (!allowed || reason)
		return allowed ? PN_OK : reason;
	*outcome = PN_OUTCOME_NONE;
	return pn_admit_limits(policy, rule) ?
	       pn_admit_early(pn_net(net), policy, p, rule) : PN_OK;
}
