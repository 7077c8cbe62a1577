// SPDX-License-Identifier: GPL-2.0
/* What is allowed, and probably not meant. */
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "inspect.h"
#include "policy.h"
#include "warn.h"

static void warn_empty_hosts(struct policy *p)
{
	struct hosts *h;

	vec_for_each(h, &p->hosts_order)
		if (addrset_is_empty(&h->set) && !h->members.n)
			diag_warning(&p->diags, h->name_loc,
				     "'%s' is empty, and no packet matches it.", h->name);
}

/* A name written out is stronger than any pattern, but of patterns the first one takes all. */
static void warn_shadowed_iface(struct policy *p, const struct zone *zone, const struct ref *iface)
{
	const struct zone *earlier;
	struct ref *pattern;
	unsigned int i;

	for (i = 0; (earlier = p->zones.v[i]) != zone; i++) {
		vec_for_each(pattern, &earlier->ifaces) {
			if (!iface_matches(pattern->name, iface->name))
				continue;
			diag_warning(&p->diags, iface->loc,
				     "what matches '%s' is in zone '%s' by '%s' at %s, since that comes first.",
				     iface->name, earlier->name, pattern->name,
				     policy_place(p, &pattern->loc));
			return;
		}
	}
}

static void warn_shadowed_ifaces(struct policy *p)
{
	struct zone *zone;
	struct ref *iface;

	vec_for_each(zone, &p->zones)
		vec_for_each(iface, &zone->ifaces)
			if (strpbrk(iface->name, "*?"))
				warn_shadowed_iface(p, zone, iface);
}

/* One range of a list of services, and where it comes from. */
struct claim {
	struct postern_ports ports;
	struct loc loc;
	unsigned int seq;
};

struct claims {
	struct claim *claims;
	unsigned int nr, cap;
};

static void add_claim(struct claims *c, struct postern_ports ports, struct loc loc)
{
	if (c->nr == c->cap) {
		c->cap = c->cap ? c->cap * 2 : 16;
		c->claims = xrealloc(c->claims, c->cap, sizeof(*c->claims));
	}
	if (ports.flags & POSTERN_PORTS_ANY) {
		ports.lo = 0;
		ports.hi = UINT16_MAX;
	}
	c->claims[c->nr] = (struct claim){ .ports = ports, .loc = loc, .seq = c->nr };
	c->nr++;
}

static void add_claims(struct claims *c, struct service *s, const struct loc *loc,
		       unsigned int walk)
{
	struct service *member;
	struct port_spec *spec;

	/* What it says twice itself is told there, and its own members only once. */
	if (s->walk == walk)
		return;
	s->walk = walk;
	vec_for_each(spec, &s->ports)
		add_claim(c, spec->ports, loc ? *loc : spec->loc);
	vec_for_each(member, &s->members)
		add_claims(c, member, loc ? loc : &((struct ref *)s->refs.v[member_i])->loc, walk);
}

static int by_port(const void *pa, const void *pb)
{
	const struct claim *a = pa, *b = pb;

	if (a->ports.proto != b->ports.proto)
		return a->ports.proto < b->ports.proto ? -1 : 1;
	if (a->ports.lo != b->ports.lo)
		return a->ports.lo < b->ports.lo ? -1 : 1;
	return a->seq < b->seq ? -1 : a->seq > b->seq;
}

static const char *ports_text(struct policy *p, uint8_t proto, unsigned int lo, unsigned int hi)
{
	const char *name = protocol_name(proto);

	if (!name)
		name = arena_printf(&p->arena, "protocol %u", proto);
	if (lo == 0 && hi == UINT16_MAX)
		return name;
	if (proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6)
		return arena_printf(&p->arena, "%s %u", name, lo >> 8);
	return arena_printf(&p->arena, lo == hi ? "%s %u" : "%s %u-%u", name, lo, hi);
}

static void warn_claims(struct policy *p, struct claims *c, const char *where)
{
	struct claim *widest = NULL, *claim, *later;
	unsigned int i, hi;

	if (c->nr)
		qsort(c->claims, c->nr, sizeof(*c->claims), by_port);
	for (i = 0; i < c->nr; i++) {
		claim = &c->claims[i];
		if (widest && widest->ports.proto == claim->ports.proto &&
		    widest->ports.hi >= claim->ports.lo && loc_compare(&widest->loc, &claim->loc)) {
			later = loc_compare(&widest->loc, &claim->loc) > 0 ? widest : claim;
			hi = widest->ports.hi < claim->ports.hi ? widest->ports.hi :
								  claim->ports.hi;
			diag_warning(&p->diags, later->loc, "%s is named twice in this %s.",
				     ports_text(p, claim->ports.proto, claim->ports.lo, hi), where);
		}
		if (!widest || widest->ports.proto != claim->ports.proto ||
		    claim->ports.hi > widest->ports.hi)
			widest = claim;
	}
	free(c->claims);
	*c = (struct claims){ 0 };
}

static void warn_ports_twice(struct policy *p)
{
	/* Not mixed up with the walks of cover.c, which come later and count from 1. */
	unsigned int walk = 1u << 31;
	struct claims claims = { 0 };
	struct service *s;
	struct rule *rule;
	struct wanted *w;

	vec_for_each(s, &p->services) {
		add_claims(&claims, s, NULL, ++walk);
		warn_claims(p, &claims, "service");
	}
	vec_for_each(rule, &p->rules) {
		if (rule->services.n < 2)
			continue;
		walk++;
		vec_for_each(w, &rule->services)
			add_claims(&claims, w->service, &w->loc, walk);
		warn_claims(p, &claims, "rule");
	}
}

static void warn_limits(struct policy *p)
{
	struct limit *l;
	bool refuses;

	if (p->table_sources && !p->limits.n && !inspects_rated(p))
		diag_warning(&p->diags, p->table_loc,
			     "without a limit there is no table of sources.");
	vec_for_each(l, &p->limits) {
		refuses = l->rate_source.count || l->rate_network.count || l->open_source ||
			  l->open_network || l->silent || l->inspected;
		if (!l->used)
			diag_warning(&p->diags, l->name_loc, "no rule uses the limit '%s'.",
				     l->name);
		if (l->ban.ms && !refuses)
			diag_warning(&p->diags, l->ban_loc,
				     "nobody is ever banned: without rate, open or silent nothing is refused.");
		else if (!refuses && !l->half_open && !l->total.count)
			diag_warning(&p->diags, l->name_loc, "'%s' limits nothing.", l->name);
	}
}

/* Whether an inspect denies all of the commands that are named, up to a NULL. */
static bool denies_all(const struct inspect *inspect, const char *const *verbs)
{
	unsigned int i;

	for (; *verbs; verbs++)
		for (i = 0; i < nr_inspect_verbs; i++)
			if (!strcmp(*verbs, inspect_verbs[i]) && !(inspect->deny >> i & 1))
				return false;
	return true;
}

static void warn_no_mail(struct policy *p, const struct inspect *inspect)
{
	/* one way to go on each, as RFC 5321 and 3030 have it */
	static const struct {
		const char *verbs[4];
		const char *text;
	} needed[] = {
		{ { "helo", "ehlo" }, "helo and ehlo" },
		{ { "mail" }, "mail" },
		{ { "rcpt" }, "rcpt" },
		{ { "data", "bdat", "burl" }, "data, bdat and burl" },
	};
	size_t i;

	for (i = 0; i < sizeof(needed) / sizeof(*needed); i++)
		if (denies_all(inspect, needed[i].verbs))
			diag_warning(&p->diags, inspect->name_loc,
				     "no mail can be sent: '%s' denies %s.", inspect->name,
				     needed[i].text);
}

/* Domains that a .domain stands for as well. */
static void warn_covered_domains(struct policy *p, const struct inspect *inspect)
{
	struct names wide = { .arena = &p->arena };
	const char *rest;
	struct ref *domain, *other;

	vec_for_each(domain, &inspect->relay)
		if (*domain->name == '.')
			names_put(&wide, domain->name + 1, domain);
	vec_for_each(domain, &inspect->relay) {
		rest = *domain->name == '.' ? strchr(domain->name + 1, '.') : domain->name;
		for (other = NULL; rest && !other; rest = strchr(rest, '.')) {
			rest += *rest == '.';
			other = names_get(&wide, rest);
		}
		if (other)
			diag_warning(&p->diags, domain->loc, "'%s' is among '%s' already.",
				     domain->name, other->name);
	}
}

static void warn_inspects(struct policy *p)
{
	struct inspect *i;
	struct rule *rule;

	vec_for_each(i, &p->inspects) {
		if (!i->used)
			diag_warning(&p->diags, i->name_loc, "no rule uses the inspect '%s'.",
				     i->name);
		warn_no_mail(p, i);
		warn_covered_domains(p, i);
	}
	vec_for_each(rule, &p->rules)
		if (rule->inspect && rule->inspect->flags & POSTERN_INSPECT_COUNT &&
		    (!rule->limit || !rule->limit->ban.ms))
			diag_warning(&p->diags, rule->inspect_ref->loc,
				     "refusals of '%s' count for nothing here: the rule has no limit with a ban.",
				     rule->inspect->name);
}

void policy_warn(struct policy *p)
{
	warn_empty_hosts(p);
	warn_shadowed_ifaces(p);
	warn_ports_twice(p);
	warn_limits(p);
	warn_inspects(p);
	warn_two_zones(p);
	warn_unreachable(p);
}
