// SPDX-License-Identifier: GPL-2.0
/*
 * The ingress guard: senders that cannot be, and SYNs that no rule or limit lets pass.
 */
#include <linux/in.h>

#include "admit.h"
#include "answer.h"
#include "ban.h"
#include "guard.h"
#include "route.h"

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
			       struct pn_packet *p, u32 zone)
{
	const struct pn_tables *t = &policy->tables;
	const struct pn_class *class;
	enum pn_reason reason;

	reason = p->t.v6 ? check_sender6(p) : check_sender4(p);
	if (reason)
		return reason;
	p->class = pn_address_class(t, p->t.v6, p->t.saddr);
	if (link_local(p))
		return PN_OK;
	class = &t->class[p->class];
	if (class->zones && !(class->zones & BIT_ULL(zone)))
		return PN_SPOOFED;
	return PN_OK;
}

/* What lets it begin, wherever it is routed to; @rule: set to the rule that does. */
static bool allowed_somewhere(struct pn_net *pn, const struct pn_policy *policy,
			      const struct pn_tuple *t,
			      const struct pn_answer *a, u32 *rule)
{
	*rule = a->allowed ? a->rule : a->basis_rule;
	return a->allowed || a->basis ||
	       (a->dynamic && pn_basis_dynamic(pn, policy, t, rule));
}

enum pn_reason pn_guard_open(struct pn_net *pn, const struct pn_policy *policy,
			     struct pn_packet *p, u32 *outcome)
{
	const struct pn_answer *a;
	bool allowed;
	u32 rule;

	p->t.zone_out = policy->tables.zone_early;
	a = pn_answer(pn, policy, &p->t, p->class);
	if (a->flags & PN_CLASS_NAT || !(a->flags & PN_CLASS_GUARDED))
		return PN_OK;
	if (pn_ban_has(pn, p->t.v6, p->t.saddr))
		return PN_BANNED;
	allowed = allowed_somewhere(pn, policy, &p->t, a, &rule);
	/* most of what is allowed has no limit, and needs no route here */
	if (allowed && !pn_admit_limits(policy, rule))
		return PN_OK;
	if (!pn_route_zone(pn, policy, p, &p->zone_out))
		return PN_OK;
	if (!p->t.v6 && pn_route_is_broadcast(pn->net, p))
		return PN_BROADCAST_SOURCE;
	if (p->zone_out == PN_ZONE_NONE)
		return allowed ? PN_OK : PN_NO_ZONE;
	p->t.zone_out = p->zone_out;
	a = pn_answer(pn, policy, &p->t, p->class);
	if (!allowed)
		*outcome = a->outcome;
	if (!allowed || !a->allowed)
		return allowed || a->allowed ? PN_OK : a->denied;
	return pn_admit_limits(policy, a->rule) ?
	       pn_admit_early(pn, policy, p, a->rule) : PN_OK;
}
