/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Random policies over a small universe, so that rules meet, and what they mean,
 * found by walking over them.
 */
#ifndef RANDOM_POLICY_H
#define RANDOM_POLICY_H

#include "policy.h"
#include "test.h"

#define ZONES	6
#define HOSTS	10
#define RANGES	5
#define SERVICES 8
#define LIMITS	PN_LIMITS_MAX
#define RULES	16
#define ENDS	4
#define SPAN	64			/* addresses of the universe, by family */

struct range {
	u32 lo, hi;			/* offsets into the universe */
};

struct random_policy {
	u32 nr_zones, nr_hosts, nr_services, nr_limits, nr_rules;
	struct {
		u32 zone, flags, nr4, nr6, nr_members, members[3];
		struct range r4[RANGES], r6[RANGES];
	} hosts[HOSTS];
	struct {
		u32 nr_ports, nr_members, members[3];
		struct postern_ports ports[4];
	} services[SERVICES];
	struct {
		u32 nr_exempt, exempt[4];
	} limits[LIMITS];
	struct {
		u32 action, flags, nr_src, nr_dst, nr_services, services[3], limit;
		struct postern_endpoint src[ENDS], dst[ENDS];
	} rules[RULES];
};

struct universe {
	u32 v4;
	struct pn_key v6;
};

/* Of all places the first, the last, the middle, and where words meet. */
static const struct universe universes[] = {
	{ 0, { 0, 0 } },
	{ 0x0a000000, { 0x20010db8ULL << 32, 0 } },
	{ 0x7fffffe0, { 0x7fffffffffffffffULL, U64_MAX - 31 } },
	{ U32_MAX - SPAN + 1, { U64_MAX, U64_MAX - SPAN + 1 } },
};
static const struct universe *universe;

static inline struct pn_key address_at(bool v6, u32 offset)
{
	struct pn_key k = universe->v6;

	if (!v6)
		return (struct pn_key){ .hi = universe->v4 + offset };
	k.lo += offset;
	if (k.lo < universe->v6.lo)
		k.hi++;
	return k;
}

static const u8 protos[] = { 6, 6, 6, 17, 17, 1, 58, 47, 0, 255 };
static const u32 edges[] = { 0, 1, 79, 80, 81, 255, 256, 257, 2048, 65534, 65535 };

static inline u32 random_ranges(struct range *r)
{
	u32 at = below(8), nr = 0, n = below(RANGES + 1);

	while (nr < n && at < SPAN) {
		r[nr].lo = at;
		r[nr].hi = min(at + below(3) * below(12), SPAN - 1U);
		/* often the very next one */
		at = r[nr++].hi + 1 + below(2) * below(12);
	}
	return nr;
}

static inline u32 random_members(u32 *to, u32 nr)
{
	u32 n = nr && !below(2) ? below(4) : 0, i;

	for (i = 0; i < n; i++)
		to[i] = below(nr);
	return n;
}

static inline u32 random_ends(const struct random_policy *p,
			      struct postern_endpoint *e)
{
	u32 n = 1 + below(3) * below(2), i;

	for (i = 0; i < n; i++) {
		switch (below(8)) {
		case 0:
			e[i] = (struct postern_endpoint){ POSTERN_ENDPOINT_ANY, 0 };
			break;
		case 1:
			e[i] = (struct postern_endpoint){ POSTERN_ENDPOINT_SELF, 0 };
			break;
		case 2:
		case 3:
			e[i].kind = POSTERN_ENDPOINT_ZONE;
			e[i].index = below(p->nr_zones);
			break;
		default:
			e[i].kind = POSTERN_ENDPOINT_HOSTS;
			e[i].index = below(p->nr_hosts);
		}
	}
	return n;
}

static inline bool service_has_tcp(const struct random_policy *p, u32 s)
{
	u32 i;

	for (i = 0; i < p->services[s].nr_ports; i++)
		if (p->services[s].ports[i].proto == 6)
			return true;
	for (i = 0; i < p->services[s].nr_members; i++)
		if (service_has_tcp(p, p->services[s].members[i]))
			return true;
	return false;
}

/* A limit that the rule may have, or none. */
static inline u32 random_limit(const struct random_policy *p, u32 r)
{
	bool tcp = !p->rules[r].nr_services;
	u32 i;

	for (i = 0; i < p->rules[r].nr_services; i++)
		tcp |= service_has_tcp(p, p->rules[r].services[i]);
	if (!p->nr_limits || !tcp || p->rules[r].action != POSTERN_ACTION_ALLOW)
		return PN_LIMIT_NONE;
	return below(3) ? below(p->nr_limits) : PN_LIMIT_NONE;
}

static inline void random_policy(struct random_policy *p)
{
	u32 i, j;

	memset(p, 0, sizeof(*p));
	universe = &universes[below(ARRAY_SIZE(universes))];
	p->nr_zones = 1 + below(ZONES);
	p->nr_hosts = 1 + below(HOSTS);
	p->nr_services = 1 + below(SERVICES);
	p->nr_rules = below(RULES + 1);
	for (i = 0; i < p->nr_hosts; i++) {
		p->hosts[i].zone = below(2) ? PN_ZONE_ANY : below(p->nr_zones);
		p->hosts[i].flags = below(4) ? 0 : POSTERN_HOSTS_NAT;
		p->hosts[i].nr4 = random_ranges(p->hosts[i].r4);
		p->hosts[i].nr6 = random_ranges(p->hosts[i].r6);
		p->hosts[i].nr_members = random_members(p->hosts[i].members, i);
	}
	for (i = 0; i < p->nr_services; i++) {
		p->services[i].nr_ports = below(5);
		for (j = 0; j < p->services[i].nr_ports; j++) {
			struct postern_ports *r = &p->services[i].ports[j];

			r->proto = protos[below(ARRAY_SIZE(protos))];
			if (!below(4)) {
				r->flags = POSTERN_PORTS_ANY;
				continue;
			}
			r->lo = edges[below(ARRAY_SIZE(edges))];
			r->hi = max(r->lo, (u16)edges[below(ARRAY_SIZE(edges))]);
		}
		p->services[i].nr_members =
			random_members(p->services[i].members, i);
	}
	p->nr_limits = below(3) ? below(4) : LIMITS;
	for (i = 0; i < p->nr_limits; i++) {
		p->limits[i].nr_exempt = below(5);
		for (j = 0; j < p->limits[i].nr_exempt; j++)
			p->limits[i].exempt[j] = below(p->nr_hosts);
	}
	for (i = 0; i < p->nr_rules; i++) {
		p->rules[i].action = below(3) ? POSTERN_ACTION_ALLOW :
						POSTERN_ACTION_BLOCK;
		p->rules[i].flags = (below(3) ? 0 : POSTERN_RULE_BOTH) |
				    (below(3) ? 0 : POSTERN_RULE_OBSERVE);
		p->rules[i].nr_src = random_ends(p, p->rules[i].src);
		p->rules[i].nr_dst = random_ends(p, p->rules[i].dst);
		p->rules[i].nr_services = below(3);
		for (j = 0; j < p->rules[i].nr_services; j++)
			p->rules[i].services[j] = below(p->nr_services);
		p->rules[i].limit = random_limit(p, i);
	}
}

/* Hands it to the module's own staging. Return: what that returned. */
static inline int stage_policy(struct pn_policy *policy,
			       const struct random_policy *p,
			       struct netlink_ext_ack *extack)
{
	char *ifaces[] = { "eth0", "ppp*" };
	u32 i, j;
	int err;

	err = pn_policy_add_file(policy, "test.conf", extack);
	for (i = 0; i < p->nr_zones && !err; i++)
		err = pn_policy_add_zone(policy, &(struct pn_zone){
			.name = "zone",
			.ifaces = ifaces,
			.nr_ifaces = ARRAY_SIZE(ifaces),
		}, extack);
	for (i = 0; i < p->nr_hosts && !err; i++) {
		struct postern_range4 r4[RANGES];
		struct postern_range6 r6[RANGES];

		err = pn_policy_add_hosts(policy, &(struct pn_hosts){
			.name = "hosts",
			.zone = p->hosts[i].zone,
			.flags = p->hosts[i].flags,
			.members = (u32 *)p->hosts[i].members,
			.nr_members = p->hosts[i].nr_members,
			.place = { 0, i + 1 },
		}, extack);
		for (j = 0; j < p->hosts[i].nr4; j++) {
			r4[j].lo = htonl(universe->v4 + p->hosts[i].r4[j].lo);
			r4[j].hi = htonl(universe->v4 + p->hosts[i].r4[j].hi);
		}
		for (j = 0; j < p->hosts[i].nr6; j++) {
			pn_key_to_bytes(true, address_at(true, p->hosts[i].r6[j].lo),
					r6[j].lo.s6_addr);
			pn_key_to_bytes(true, address_at(true, p->hosts[i].r6[j].hi),
					r6[j].hi.s6_addr);
		}
		if (!err)
			err = pn_policy_add_ranges4(policy, i, r4,
						    p->hosts[i].nr4, extack);
		if (!err)
			err = pn_policy_add_ranges6(policy, i, r6,
						    p->hosts[i].nr6, extack);
	}
	for (i = 0; i < p->nr_services && !err; i++)
		err = pn_policy_add_service(policy, &(struct pn_service){
			.name = "service",
			.ports = (struct postern_ports *)p->services[i].ports,
			.nr_ports = p->services[i].nr_ports,
			.members = (u32 *)p->services[i].members,
			.nr_members = p->services[i].nr_members,
		}, extack);
	for (i = 0; i < p->nr_limits && !err; i++)
		err = pn_policy_add_limit(policy, &(struct pn_limit){
			.name = "limit",
			.open = { i + 1, 0 },
			.prefix4 = { PN_PREFIX4_SOURCE, PN_PREFIX4_NETWORK },
			.prefix6 = { PN_PREFIX6_SOURCE, PN_PREFIX6_NETWORK },
			.exempt = (u32 *)p->limits[i].exempt,
			.nr_exempt = p->limits[i].nr_exempt,
			.place = { 0, 50 + i },
		}, extack);
	for (i = 0; i < p->nr_rules && !err; i++)
		err = pn_policy_add_rule(policy, &(struct pn_rule){
			.name = i % 2 ? "name" : NULL,
			.text = "text",
			.action = p->rules[i].action,
			.flags = p->rules[i].flags,
			.limit = p->rules[i].limit,
			.inspector = PN_INSPECTOR_NONE,
			.src = (struct postern_endpoint *)p->rules[i].src,
			.dst = (struct postern_endpoint *)p->rules[i].dst,
			.nr_src = p->rules[i].nr_src,
			.nr_dst = p->rules[i].nr_dst,
			.services = (u32 *)p->rules[i].services,
			.nr_services = p->rules[i].nr_services,
			.place = { 0, 100 + i },
		}, extack);
	return err;
}

/* What a packet of the tests is: offsets into the universe, zones as numbers. */
struct probe {
	bool v6;
	u32 src, dst;			/* SPAN: an address outside the universe */
	u32 zone_in, zone_out;		/* nr_zones: this router */
	u8 proto;
	u16 port;
};

static inline bool in_ranges(const struct range *r, u32 nr, u32 offset)
{
	while (nr--)
		if (offset >= r[nr].lo && offset <= r[nr].hi)
			return true;
	return false;
}

static inline bool hosts_match(const struct random_policy *p, u32 h, bool v6,
			       u32 offset, u32 zone, u32 bound)
{
	u32 i;

	if (p->hosts[h].zone != PN_ZONE_ANY)
		bound = p->hosts[h].zone;
	if ((bound == PN_ZONE_ANY || bound == zone) &&
	    (v6 ? in_ranges(p->hosts[h].r6, p->hosts[h].nr6, offset) :
		  in_ranges(p->hosts[h].r4, p->hosts[h].nr4, offset)))
		return true;
	for (i = 0; i < p->hosts[h].nr_members; i++)
		if (hosts_match(p, p->hosts[h].members[i], v6, offset, zone,
				bound))
			return true;
	return false;
}

static inline bool ends_match(const struct random_policy *p,
			      const struct postern_endpoint *e, u32 nr, bool v6,
			      u32 offset, u32 zone)
{
	while (nr--) {
		switch (e[nr].kind) {
		case POSTERN_ENDPOINT_ANY:
			return true;
		case POSTERN_ENDPOINT_SELF:
			if (zone == p->nr_zones)
				return true;
			break;
		case POSTERN_ENDPOINT_ZONE:
			if (zone == e[nr].index)
				return true;
			break;
		default:
			if (hosts_match(p, e[nr].index, v6, offset, zone,
					PN_ZONE_ANY))
				return true;
		}
	}
	return false;
}

static inline bool service_matches(const struct random_policy *p, u32 s,
				   u8 proto, u16 port)
{
	u32 i;

	for (i = 0; i < p->services[s].nr_ports; i++) {
		const struct postern_ports *r = &p->services[s].ports[i];

		if (r->proto == proto && (r->flags & POSTERN_PORTS_ANY ||
					  (port >= r->lo && port <= r->hi)))
			return true;
	}
	for (i = 0; i < p->services[s].nr_members; i++)
		if (service_matches(p, p->services[s].members[i], proto, port))
			return true;
	return false;
}

static inline bool rule_matches(const struct random_policy *p, u32 r,
				const struct probe *x)
{
	bool service = !p->rules[r].nr_services;
	u32 i;

	for (i = 0; i < p->rules[r].nr_services; i++)
		service |= service_matches(p, p->rules[r].services[i], x->proto,
					   x->port);
	if (!service)
		return false;
	if (ends_match(p, p->rules[r].src, p->rules[r].nr_src, x->v6, x->src,
		       x->zone_in) &&
	    ends_match(p, p->rules[r].dst, p->rules[r].nr_dst, x->v6, x->dst,
		       x->zone_out))
		return true;
	return p->rules[r].flags & POSTERN_RULE_BOTH &&
	       ends_match(p, p->rules[r].dst, p->rules[r].nr_dst, x->v6, x->src,
			  x->zone_in) &&
	       ends_match(p, p->rules[r].src, p->rules[r].nr_src, x->v6, x->dst,
			  x->zone_out);
}

/* The rules that a packet meets, up to the one that decides. Return: how many. */
static inline u32 walk_rules(const struct random_policy *p, const struct probe *x,
			     u32 *rules)
{
	static const u32 order[] = { POSTERN_ACTION_BLOCK, POSTERN_ACTION_ALLOW };
	u32 a, r, nr = 0;

	for (a = 0; a < 2; a++) {
		for (r = 0; r < p->nr_rules; r++) {
			if (p->rules[r].action != order[a] ||
			    !rule_matches(p, r, x))
				continue;
			rules[nr++] = r;
			if (a || !(p->rules[r].flags & POSTERN_RULE_OBSERVE))
				return nr;
		}
	}
	return nr;
}

static inline bool probe_allowed(const struct random_policy *p,
				 const struct probe *x)
{
	u32 rules[RULES], nr = walk_rules(p, x, rules);

	return nr && p->rules[rules[nr - 1]].action == POSTERN_ACTION_ALLOW;
}

/* Whether some rule's end reaches, by nesting, a set bound to another zone. */
static inline bool crosses(const struct random_policy *p, u32 h, u32 bound)
{
	u32 i;

	if (p->hosts[h].zone != PN_ZONE_ANY) {
		if (bound != PN_ZONE_ANY && bound != p->hosts[h].zone)
			return true;
		bound = p->hosts[h].zone;
	}
	for (i = 0; i < p->hosts[h].nr_members; i++)
		if (crosses(p, p->hosts[h].members[i], bound))
			return true;
	return false;
}

static inline bool crosses_zones(const struct random_policy *p)
{
	u32 r, i;

	for (r = 0; r < p->nr_rules; r++) {
		for (i = 0; i < p->rules[r].nr_src; i++)
			if (p->rules[r].src[i].kind == POSTERN_ENDPOINT_HOSTS &&
			    crosses(p, p->rules[r].src[i].index, PN_ZONE_ANY))
				return true;
		for (i = 0; i < p->rules[r].nr_dst; i++)
			if (p->rules[r].dst[i].kind == POSTERN_ENDPOINT_HOSTS &&
			    crosses(p, p->rules[r].dst[i].index, PN_ZONE_ANY))
				return true;
	}
	return false;
}

#endif /* RANDOM_POLICY_H */
