// SPDX-License-Identifier: GPL-2.0
/* Names become what they stand for, and the bounds of the kernel are checked. */
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "inspect.h"
#include "policy.h"

#define NEST_MAX 64
#define SUGGESTIONS_MAX 100
/*
 * The kernel takes at most 30 KiB for one object; a port is as long as two members,
 * an RPC interface as eight.
 */
#define MEMBERS_MAX 7400

static void unknown(struct policy *p, const struct loc *loc, const char *name, const char *what,
		    const struct nearest *near)
{
	if (near->best)
		diag_error(&p->diags, *loc, "%s '%.*s'; did you mean '%s'?", what, shown(name),
			   name, near->best);
	else
		diag_error(&p->diags, *loc, "%s '%.*s'.", what, shown(name), name);
}

/* In a file that is wrong from top to bottom nobody reads them, and they take time. */
static void begin_suggestion(const struct policy *p, struct nearest *near, const char *name)
{
	nearest_init(near, p->diags.nr_errors < SUGGESTIONS_MAX ? name : "");
}

static struct zone *find_zone(struct policy *p, const struct ref *ref)
{
	struct place *place = names_get(&p->places, ref->name);
	struct nearest near;
	struct zone *zone;

	if (place && place->zone)
		return place->zone;
	if (place) {
		diag_error(&p->diags, ref->loc, "'%s' is the name of hosts, not of a zone.",
			   ref->name);
		return NULL;
	}
	begin_suggestion(p, &near, ref->name);
	vec_for_each(zone, &p->zones)
		nearest_try(&near, zone->name);
	unknown(p, &ref->loc, ref->name, "there is no zone", &near);
	return NULL;
}

static uint64_t zone_bit(const struct zone *zone)
{
	return zone && zone->index < 64 ? 1ULL << zone->index : 0;
}

static void resolve_hosts(struct policy *p, struct hosts *h, unsigned int depth);

static void add_member(struct policy *p, struct hosts *h, const struct ref *ref, unsigned int depth)
{
	struct place *place = names_get(&p->places, ref->name);
	struct hosts *member;
	struct nearest near;

	if (!place) {
		begin_suggestion(p, &near, ref->name);
		vec_for_each(member, &p->hosts)
			if (member != h)
				nearest_try(&near, member->name);
		unknown(p, &ref->loc, ref->name, "there are no hosts", &near);
		return;
	}
	member = place->hosts;
	if (!member) {
		diag_error(&p->diags, ref->loc,
			   "'%s' is a zone; hosts hold addresses and other hosts.", ref->name);
		return;
	}
	if (member->self) {
		diag_error(&p->diags, ref->loc,
			   "'%s' is this router and cannot be in a set; name it in the rule, beside the set.",
			   ref->name);
		return;
	}
	if (member->visit == VISIT_OPEN) {
		if (member == h)
			diag_error(&p->diags, ref->loc, "'%s' contains itself.", ref->name);
		else
			diag_error(&p->diags, ref->loc, "'%s' contains itself by way of '%s'.",
				   ref->name, h->name);
		return;
	}
	if (depth == NEST_MAX) {
		diag_error(&p->diags, ref->loc, "hosts are nested more than %d deep.", NEST_MAX);
		return;
	}
	resolve_hosts(p, member, depth + 1);
	if (member->depth + 1 > h->depth)
		h->depth = member->depth + 1;
	if (h->depth == NEST_MAX && member->depth + 1 == NEST_MAX)
		diag_error(&p->diags, ref->loc, "hosts are nested more than %d deep.", NEST_MAX);
	if (h->zone && member->zone_mask & ~zone_bit(h->zone)) {
		if (member->zone)
			diag_error(&p->diags, ref->loc, "'%s' is in zone '%s', and '%s' in '%s'.",
				   member->name, member->zone->name, h->name, h->zone->name);
		else
			diag_error(&p->diags, ref->loc,
				   "'%s' holds hosts of another zone than '%s', the zone of '%s'.",
				   member->name, h->zone->name, h->name);
		return;
	}
	h->zone_mask |= member->zone_mask;
	vec_push(&p->arena, &h->members, member);
}

static void resolve_hosts(struct policy *p, struct hosts *h, unsigned int depth)
{
	struct ref *ref;

	if (h->visit != VISIT_NEVER)
		return;
	h->visit = VISIT_OPEN;
	if (h->zone_ref)
		h->zone = find_zone(p, h->zone_ref);
	h->zone_mask = zone_bit(h->zone);
	vec_for_each(ref, &h->files)
		prefix_file_read(p, h, ref);
	vec_for_each(ref, &h->refs)
		add_member(p, h, ref, depth);
	addrset_sort(&h->set);
	if (h->members.n > MEMBERS_MAX)
		diag_error(&p->diags, h->name_loc, "'%s' names %u other hosts, and %d is the most.",
			   h->name, h->members.n, MEMBERS_MAX);
	h->visit = VISIT_DONE;
	if (h->self)
		return;
	h->index = p->hosts_order.n;
	vec_push(&p->arena, &p->hosts_order, h);
}

static void resolve_service(struct policy *p, struct service *s, unsigned int depth);

static struct service *find_service(struct policy *p, const char *name, const struct loc *loc)
{
	struct service *s = names_get(&p->service_names, name);
	struct nearest near;

	if (s)
		return s;
	s = builtin_service(p, name);
	if (s) {
		names_put(&p->service_names, s->name, s);
		return s;
	}
	if (*name >= '0' && *name <= '9') {
		diag_error(&p->diags, *loc,
			   "'%.*s' is not a service; a port needs its protocol, as in tcp { 80, 443 }.",
			   shown(name), name);
		return NULL;
	}
	begin_suggestion(p, &near, name);
	nearest_try_all(&near, &p->service_names);
	builtin_suggest(&near);
	unknown(p, loc, name, "there is no service", &near);
	return NULL;
}

static void add_service_member(struct policy *p, struct service *s, const struct ref *ref,
			       unsigned int depth)
{
	struct service *member = find_service(p, ref->name, &ref->loc);

	if (!member)
		return;
	if (member->visit == VISIT_OPEN) {
		if (member == s)
			diag_error(&p->diags, ref->loc, "service '%s' contains itself.", ref->name);
		else
			diag_error(&p->diags, ref->loc,
				   "service '%s' contains itself by way of '%s'.", ref->name,
				   s->name);
		return;
	}
	if (depth == NEST_MAX) {
		diag_error(&p->diags, ref->loc, "services are nested more than %d deep.", NEST_MAX);
		return;
	}
	resolve_service(p, member, depth + 1);
	if (member->depth + 1 > s->depth)
		s->depth = member->depth + 1;
	if (s->depth == NEST_MAX && member->depth + 1 == NEST_MAX)
		diag_error(&p->diags, ref->loc, "services are nested more than %d deep.", NEST_MAX);
	if (member->reaches_rpc)
		s->reaches_rpc = true;
	if (member->reaches_tcp)
		s->reaches_tcp = true;
	if (!s->other)
		s->other = member->other;
	vec_push(&p->arena, &s->members, member);
}

static void check_service_size(struct policy *p, const struct service *s)
{
	if (s->members.n + s->ports.n * 2 + (s->rpc ? s->rpc->interfaces.n * 8 : 0) > MEMBERS_MAX)
		diag_error(&p->diags, s->name_loc,
			   "service '%s' is too long; split it into several.", s->name);
}

static bool has_tcp(const struct vec *ports)
{
	struct port_spec *spec;

	vec_for_each(spec, ports)
		if (spec->ports.proto == IPPROTO_TCP)
			return true;
	return false;
}

static void resolve_service(struct policy *p, struct service *s, unsigned int depth)
{
	struct service *member;
	struct ref *ref;

	if (s->visit != VISIT_NEVER)
		return;
	s->visit = VISIT_OPEN;
	s->reaches_rpc = s->rpc;
	s->reaches_tcp = s->rpc || has_tcp(&s->ports);
	s->other = inspect_other(&s->ports);
	/* Before those that are built in, as they come when the canonical text is loaded. */
	vec_for_each(ref, &s->refs) {
		member = names_get(&p->service_names, ref->name);
		if (member && !member->builtin && depth < NEST_MAX)
			resolve_service(p, member, depth + 1);
	}
	vec_for_each(ref, &s->refs)
		add_service_member(p, s, ref, depth);
	check_service_size(p, s);
	s->visit = VISIT_DONE;
	s->index = p->services_order.n;
	vec_push(&p->arena, &p->services_order, s);
}

/* A name for what has none: "@" and its text, shortened where that is too long. */
static char *anonymous_name(struct arena *arena, const char *text)
{
	uint32_t h = 2166136261u;
	const char *c;

	if (strlen(text) < POSTERN_NAME_MAX)
		return arena_printf(arena, "@%s", text);
	for (c = text; *c; c++)
		h = (h ^ (unsigned char)*c) * 16777619u;
	return arena_printf(arena, "@%.*s#%08x", POSTERN_NAME_MAX - 10, text, h);
}

static struct hosts *anonymous_hosts(struct policy *p, const struct endpoint *e)
{
	char text[RANGE_TEXT_MAX];
	struct hosts *h;

	address_print(&e->literal, text);
	h = names_get(&p->anonymous_hosts, text);
	if (h)
		return h;
	h = arena_alloc(&p->arena, sizeof(*h));
	h->name = anonymous_name(&p->arena, text);
	h->loc = e->loc;
	h->name_loc = e->loc;
	addrset_add(&h->set, &e->literal);
	h->visit = VISIT_DONE;
	h->index = p->hosts_order.n;
	vec_push(&p->arena, &p->hosts, h);
	vec_push(&p->arena, &p->hosts_order, h);
	names_put(&p->anonymous_hosts, arena_strdup(&p->arena, text), h);
	return h;
}

static void resolve_endpoint(struct policy *p, struct endpoint *e)
{
	struct place *place;
	struct nearest near;

	if (e->literal.family) {
		e->kind = POSTERN_ENDPOINT_HOSTS;
		e->hosts = anonymous_hosts(p, e);
		return;
	}
	if (!e->word)
		return;
	place = names_get(&p->places, e->word);
	if (!place) {
		begin_suggestion(p, &near, e->word);
		nearest_try_all(&near, &p->places);
		nearest_try(&near, "any");
		unknown(p, &e->loc, e->word, "there is no zone and there are no hosts", &near);
	} else if (place->zone) {
		e->kind = POSTERN_ENDPOINT_ZONE;
		e->zone = place->zone;
	} else if (place->hosts->self) {
		e->kind = POSTERN_ENDPOINT_SELF;
	} else {
		e->kind = POSTERN_ENDPOINT_HOSTS;
		e->hosts = place->hosts;
	}
}

/* What tells one rpc from another: its text, of which a name has no blanks. */
static const char *rpc_text(struct policy *p, const struct rpc *rpc)
{
	char *text = NULL, *kept, *c;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return "rpc";
	print_rpc(f, rpc);
	fclose(f);
	kept = arena_strndup(&p->arena, text, len);
	free(text);
	for (c = kept; *c; c++)
		if (*c == ' ')
			*c = '_';
	return kept;
}

static const char *ports_text(struct policy *p, const struct wanted *w)
{
	const char *text = "", *proto;
	struct port_spec *spec;

	vec_for_each(spec, &w->ports) {
		const struct postern_ports *ports = &spec->ports;

		proto = protocol_name(ports->proto);
		if (!spec_i)
			text = proto ? arena_strdup(&p->arena, proto) :
				       arena_printf(&p->arena, "proto/%u", ports->proto);
		if (ports->flags & POSTERN_PORTS_ANY)
			continue;
		text = arena_printf(&p->arena, ports->lo == ports->hi ? "%s%c%u" : "%s%c%u-%u",
				    text, spec_i ? ',' : '/', ports->lo, ports->hi);
	}
	return text;
}

static struct service *anonymous_service(struct policy *p, const struct wanted *w)
{
	const char *text = w->rpc ? rpc_text(p, w->rpc) : ports_text(p, w);
	struct service *s;

	s = names_get(&p->anonymous_services, text);
	if (s)
		return s;
	s = arena_alloc(&p->arena, sizeof(*s));
	s->name = anonymous_name(&p->arena, text);
	s->loc = w->loc;
	s->name_loc = w->loc;
	s->ports = w->ports;
	s->rpc = w->rpc;
	s->reaches_rpc = w->rpc;
	s->reaches_tcp = w->rpc || has_tcp(&w->ports);
	s->other = inspect_other(&w->ports);
	s->visit = VISIT_DONE;
	s->index = p->services_order.n;
	vec_push(&p->arena, &p->services_order, s);
	names_put(&p->anonymous_services, text, s);
	check_service_size(p, s);
	return s;
}

static void resolve_exempt(struct policy *p, struct endpoint *e)
{
	struct place *place;
	struct nearest near;
	struct hosts *h;

	e->kind = POSTERN_ENDPOINT_HOSTS;
	if (e->literal.family) {
		e->hosts = anonymous_hosts(p, e);
		return;
	}
	if (!e->word)
		return;
	place = names_get(&p->places, e->word);
	if (!place) {
		begin_suggestion(p, &near, e->word);
		vec_for_each(h, &p->hosts)
			if (*h->name != '@')
				nearest_try(&near, h->name);
		unknown(p, &e->loc, e->word, "there are no hosts", &near);
	} else if (place->zone) {
		diag_error(&p->diags, e->loc,
			   "'%s' is a zone; a limit exempts hosts and addresses.", e->word);
	} else if (place->hosts->self) {
		diag_error(&p->diags, e->loc,
			   "'%s' is this router and cannot be exempt; leave the limit out of its rule.",
			   e->word);
	} else {
		e->hosts = place->hosts;
	}
}

static void resolve_limit(struct policy *p, struct limit *limit)
{
	struct endpoint *e;

	vec_for_each(e, &limit->exempt)
		resolve_exempt(p, e);
	if (limit->exempt.n > MEMBERS_MAX)
		diag_error(&p->diags, limit->name_loc,
			   "limit '%s' exempts %u hosts, and %d is the most; make a set of them.",
			   limit->name, limit->exempt.n, MEMBERS_MAX);
}

/* What a rule names, or NULL. @none: how to say that there is none. */
static void *find_named(struct policy *p, const struct ref *ref, const struct names *names,
			const char *none)
{
	struct nearest near;
	void *found;

	if (!ref)
		return NULL;
	found = names_get(names, ref->name);
	if (found)
		return found;
	begin_suggestion(p, &near, ref->name);
	nearest_try_all(&near, names);
	unknown(p, &ref->loc, ref->name, none, &near);
	return NULL;
}

static void resolve_rule(struct policy *p, struct rule *rule)
{
	bool tcp = !rule->services.n, known = true;
	struct endpoint *e;
	struct wanted *w;

	vec_for_each(e, &rule->src)
		resolve_endpoint(p, e);
	vec_for_each(e, &rule->dst)
		resolve_endpoint(p, e);
	vec_for_each(w, &rule->services) {
		w->service = w->name ? find_service(p, w->name, &w->loc) : anonymous_service(p, w);
		if (!w->service) {
			known = false;
			continue;
		}
		resolve_service(p, w->service, 0);
		tcp = tcp || w->service->reaches_tcp;
		if (rule->action == POSTERN_ACTION_BLOCK && w->service->reaches_rpc)
			diag_error(&p->diags, w->loc,
				   "a block rule cannot name an RPC service; block hosts, or do not allow it.");
	}
	rule->limit = find_named(p, rule->limit_ref, &p->limit_names, "there is no limit");
	if (rule->limit)
		rule->limit->used = true;
	if (rule->limit && known && !tcp)
		diag_error(&p->diags, rule->limit_ref->loc,
			   "a limit is on TCP connections, and this rule has no TCP service.");
	rule->inspect = find_named(p, rule->inspect_ref, &p->inspect_names, "there is no inspect");
	if (rule->inspect)
		rule->inspect->used = true;
	if (rule->inspect && rule->action != POSTERN_ACTION_BLOCK)
		inspect_check_rule(p, rule);
	if (rule->limit && rule->inspect && rule->inspect->flags & POSTERN_INSPECT_COUNT)
		rule->limit->inspected = true;
	if (p->diags.nr_errors)
		return;
	rule->text = print_rule(&p->arena, rule);
	if (strlen(rule->text) > POSTERN_TEXT_MAX)
		diag_error(&p->diags, rule->loc,
			   "the rule is longer than %d bytes; name its hosts and services elsewhere.",
			   POSTERN_TEXT_MAX);
}

static void check_bound(struct policy *p, size_t n, size_t max, const char *what)
{
	struct loc nowhere = { 0 };

	if (n > max)
		diag_error(&p->diags, nowhere, "the policy has %zu %s, and %zu is the most.", n,
			   what, max);
}

static void check_paths(struct policy *p)
{
	struct source *src;

	vec_for_each(src, &p->sources)
		if (src->is_policy && src->included.line && strlen(src->path) > POSTERN_PATH_MAX)
			diag_error(&p->diags, src->included,
				   "the path of this file is longer than %d bytes.",
				   POSTERN_PATH_MAX);
}

void policy_resolve(struct policy *p)
{
	unsigned int named = p->hosts.n;
	size_t ranges = 0, rpc = 0;
	struct service *s;
	struct hosts *h;
	struct limit *limit;
	struct rule *rule;
	unsigned int i;

	for (i = 0; i < named; i++)
		resolve_hosts(p, p->hosts.v[i], 0);
	vec_for_each(s, &p->services)
		resolve_service(p, s, 0);
	vec_for_each(limit, &p->limits)
		resolve_limit(p, limit);
	vec_for_each(rule, &p->rules)
		resolve_rule(p, rule);
	vec_for_each(h, &p->hosts_order)
		ranges += h->set.n4 + h->set.n6;
	vec_for_each(s, &p->services_order)
		rpc += s->rpc ? s->rpc->interfaces.n : 0;
	check_bound(p, p->hosts_order.n, POSTERN_HOSTS_MAX, "sets of hosts");
	check_bound(p, p->services_order.n, POSTERN_SERVICES_MAX, "services");
	check_bound(p, p->rules.n, POSTERN_RULES_MAX, "rules");
	check_bound(p, rpc, POSTERN_RPC_MAX, "RPC interfaces");
	check_bound(p, ranges, POSTERN_RANGES_MAX, "addresses and prefixes");
	check_paths(p);
	if (!p->diags.nr_errors)
		policy_check_pinned(p);
}
