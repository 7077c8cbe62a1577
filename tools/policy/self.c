// SPDX-License-Identifier: GPL-2.0
/* What a policy says about packets to this router. */
#include <string.h>

#include "cover.h"
#include "policy.h"

bool names_self(const struct vec *list)
{
	struct endpoint *e;

	vec_for_each(e, list)
		if (e->kind == POSTERN_ENDPOINT_SELF)
			return true;
	return false;
}

static bool guards_self(const struct policy *p)
{
	struct rule *rule;

	vec_for_each(rule, &p->rules)
		if (names_self(&rule->dst) ||
		    (rule->flags & POSTERN_RULE_BOTH && names_self(&rule->src)))
			return true;
	return false;
}

static bool matches(const struct rule *rule, const struct range *client, const struct range *self,
		    const struct zone *zone, uint16_t port)
{
	struct flat src, dst;
	struct flat_ports services;
	bool yes;

	flat_end(&src, &rule->src);
	flat_end(&dst, &rule->dst);
	flat_services(&services, &rule->services);
	yes = flat_contains(&src, zone, client) && flat_contains_self(&dst, self);
	if (!yes && rule->flags & POSTERN_RULE_BOTH)
		yes = flat_contains(&dst, zone, client) && flat_contains_self(&src, self);
	yes = yes && flat_services_contain(&services, IPPROTO_TCP, port);
	flat_release(&src);
	flat_release(&dst);
	flat_services_release(&services);
	return yes;
}

/* Whether the address is in hosts of other zones, and of this one in none. */
static bool is_spoofed(const struct policy *p, const struct range *address, const struct zone *zone)
{
	bool elsewhere = false;
	struct hosts *h;

	vec_for_each(h, &p->hosts_order) {
		if (!h->zone || !addrset_contains(&h->set, address))
			continue;
		if (h->zone == zone)
			return false;
		elsewhere = true;
	}
	return elsewhere;
}

enum self_verdict policy_allows_self(struct policy *p, const struct range *client,
				     const struct range *self, const struct zone *zone,
				     uint16_t port)
{
	struct rule *rule;

	if (is_spoofed(p, client, zone))
		return SELF_SPOOFED;
	if (!guards_self(p))
		return SELF_ALLOWED;
	vec_for_each(rule, &p->rules)
		if (rule->action == POSTERN_ACTION_BLOCK && !(rule->flags & POSTERN_RULE_OBSERVE) &&
		    matches(rule, client, self, zone, port))
			return SELF_DENIED;
	vec_for_each(rule, &p->rules)
		if (rule->action == POSTERN_ACTION_ALLOW && matches(rule, client, self, zone, port))
			return SELF_ALLOWED;
	return SELF_DENIED;
}

/*
 * As the module does: '*' is any run of characters, '?' any one. @name may be a pattern
 * too, of which all is matched then; so '?' is not its '*'.
 */
bool iface_matches(const char *pattern, const char *name)
{
	const char *star = NULL, *resume = NULL;

	while (*name) {
		if (*pattern == '*') {
			star = ++pattern;
			resume = name;
		} else if ((*pattern == '?' && *name != '*') || *pattern == *name) {
			pattern++;
			name++;
		} else if (star) {
			pattern = star;
			name = ++resume;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

/* As the module does: that which names it, or else the first that matches it. */
const struct zone *policy_zone_of(const struct policy *p, const char *iface)
{
	struct zone *zone;
	struct ref *name;

	vec_for_each(zone, &p->zones)
		vec_for_each(name, &zone->ifaces)
			if (!strcmp(name->name, iface))
				return zone;
	vec_for_each(zone, &p->zones)
		vec_for_each(name, &zone->ifaces)
			if (iface_matches(name->name, iface))
				return zone;
	return NULL;
}
