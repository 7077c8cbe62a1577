// SPDX-License-Identifier: GPL-2.0
/*
 * A port where RPC is pinned, and which a rule to the same hosts opens as a plain
 * TCP service: nobody would be held to the interface there. The same hosts are those
 * that two rules name alike, or whose addresses meet in one zone; a whole zone, or
 * any, is no server, and owns no port of those in it. What is opened whole, as by
 * tcp any, names no port.
 */
#include <stdlib.h>
#include <string.h>

#include "cover.h"
#include "policy.h"

/* One place in the text that says what a TCP port is for. */
struct claim {
	uint16_t lo, hi;
	struct loc loc;
	bool refused; /* once is enough */
};

struct claims {
	struct claim *v;
	size_t n, cap;
};

/* The hosts at one end of rules, however they are ordered. */
struct list {
	const struct vec *endpoints;
	struct claims plain, pinned;
	bool flattened;
	struct flat flat;
};

/* That hosts have a port, and the first place that says so. */
struct stake {
	struct list *list;
	struct loc first;
};

/* A port where RPC is pinned. */
struct port {
	uint16_t port;
	struct vec pinned; /* struct stake */
	struct vec plain; /* struct stake, of those that may have hosts of @pinned */
	struct addrset addresses; /* of @pinned, in whichever zone */
};

struct check {
	struct policy *policy;
	struct names names; /* struct list, by what is in it */
	struct vec lists; /* the same */
	struct vec ports; /* struct port, ascending */
};

/* Two claims to one port. */
struct clash {
	struct loc first, later;
	uint16_t port;
	bool pinned; /* by the later one */
};

struct clashes {
	struct clash *v;
	size_t n, cap;
};

/* ---- who claims what */

static int by_value(const void *pa, const void *pb)
{
	const uint64_t *a = pa, *b = pb;

	return *a < *b ? -1 : *a > *b;
}

static uint64_t endpoint_value(const struct endpoint *e)
{
	uint32_t index = e->kind == POSTERN_ENDPOINT_ZONE  ? e->zone->index :
			 e->kind == POSTERN_ENDPOINT_HOSTS ? e->hosts->index :
							     0;

	return (uint64_t)e->kind << 32 | index;
}

static struct list *list_of(struct check *c, const struct vec *endpoints)
{
	uint64_t *values = xrealloc(NULL, endpoints->n, sizeof(*values));
	struct arena *arena = &c->policy->arena;
	size_t len = endpoints->n * 17, at = 0;
	struct endpoint *e;
	struct list *list;
	unsigned int i;
	char *key;

	vec_for_each(e, endpoints)
		values[e_i] = endpoint_value(e);
	qsort(values, endpoints->n, sizeof(*values), by_value);
	key = xrealloc(NULL, len + 1, 1);
	*key = 0;
	for (i = 0; i < endpoints->n; i++)
		if (!i || values[i] != values[i - 1])
			at += (size_t)sprintf(key + at, "%llx ", (unsigned long long)values[i]);
	list = names_get(&c->names, key);
	if (!list) {
		list = arena_alloc(arena, sizeof(*list));
		*list = (struct list){ .endpoints = endpoints };
		vec_push(arena, &c->lists, list);
		names_put(&c->names, arena_strdup(arena, key), list);
	}
	free(values);
	free(key);
	return list;
}

static void claim(struct claims *c, uint16_t lo, uint16_t hi, const struct loc *loc)
{
	if (c->n == c->cap) {
		c->cap = c->cap ? c->cap * 2 : 8;
		c->v = xrealloc(c->v, c->cap, sizeof(*c->v));
	}
	c->v[c->n++] = (struct claim){ .lo = lo, .hi = hi, .loc = *loc };
}

static void claim_service(struct list *list, struct service *s, const struct loc *loc,
			  unsigned int walk)
{
	struct service *member;
	struct port_spec *spec;
	struct rpc_entry *e;

	if (s->walk == walk)
		return;
	s->walk = walk;
	vec_for_each(spec, &s->ports)
		if (spec->ports.proto == IPPROTO_TCP && !(spec->ports.flags & POSTERN_PORTS_ANY))
			claim(&list->plain, spec->ports.lo, spec->ports.hi, loc);
	/* The mapper's own port is every RPC service's. */
	if (s->rpc)
		vec_for_each(e, &s->rpc->interfaces)
			if (e->rpc.flags & POSTERN_RPC_PINNED && e->rpc.lo >= 1024)
				claim(&list->pinned, e->rpc.lo, e->rpc.lo, loc);
	vec_for_each(member, &s->members)
		claim_service(list, member, loc, walk);
}

static void claim_all(struct check *c)
{
	/* Not mixed up with the walks of cover.c and warn.c. */
	unsigned int walk = 3u << 30;
	const struct vec *ends[2];
	struct list *list;
	struct rule *rule;
	struct wanted *w;
	unsigned int i;

	vec_for_each(rule, &c->policy->rules) {
		if (rule->action == POSTERN_ACTION_BLOCK || !rule->services.n)
			continue;
		ends[0] = &rule->dst;
		ends[1] = &rule->src;
		for (i = 0; i < (rule->flags & POSTERN_RULE_BOTH ? 2 : 1); i++) {
			list = list_of(c, ends[i]);
			/* Each has its own place, even if they share what is in them. */
			vec_for_each(w, &rule->services)
				claim_service(list, w->service, &w->loc, ++walk);
		}
	}
}

/* ---- who has the port, and whether they are the same */

static const struct flat *flat_of(struct list *list)
{
	if (!list->flattened)
		flat_end(&list->flat, list->endpoints);
	list->flattened = true;
	return &list->flat;
}

/* That of @list, if it was the last one to have one. */
static struct stake *last_stake(const struct vec *stakes, const struct list *list)
{
	struct stake *s = stakes->n ? stakes->v[stakes->n - 1] : NULL;

	return s && s->list == list ? s : NULL;
}

/* That @list has the port, at the earliest of its claims. */
static void stake(struct check *c, struct vec *stakes, struct list *list, const struct claim *claim)
{
	struct stake *s = last_stake(stakes, list);

	if (!s) {
		s = arena_alloc(&c->policy->arena, sizeof(*s));
		*s = (struct stake){ list, claim->loc };
		vec_push(&c->policy->arena, stakes, s);
	}
	if (loc_compare(&claim->loc, &s->first) < 0)
		s->first = claim->loc;
}

/* The ports where RPC is pinned, and to whom. */
static void find_ports(struct check *c)
{
	struct port **at = xrealloc(NULL, 65536, sizeof(struct port *));
	struct list *list;
	struct stake *s;
	size_t i;

	memset(at, 0, 65536 * sizeof(struct port *));
	vec_for_each(list, &c->lists) {
		for (i = 0; i < list->pinned.n; i++) {
			const struct claim *claim = &list->pinned.v[i];

			if (!at[claim->lo]) {
				at[claim->lo] = arena_alloc(&c->policy->arena, sizeof(**at));
				*at[claim->lo] = (struct port){ .port = claim->lo };
			}
			stake(c, &at[claim->lo]->pinned, list, claim);
		}
	}
	for (i = 0; i < 65536; i++) {
		if (!at[i])
			continue;
		vec_push(&c->policy->arena, &c->ports, at[i]);
		vec_for_each(s, &at[i]->pinned) {
			const struct flat *flat = flat_of(s->list);
			unsigned int part;

			for (part = 0; part < flat->nr; part++)
				addrset_add_set(&at[i]->addresses, &flat->parts[part].set);
		}
		addrset_sort(&at[i]->addresses);
	}
	free(at);
}

/* The first of the ports that is not below @port. */
static unsigned int find_port(const struct check *c, uint16_t port)
{
	unsigned int from = 0, to = c->ports.n, mid;

	while (from < to) {
		mid = from + (to - from) / 2;
		if (((struct port *)c->ports.v[mid])->port < port)
			from = mid + 1;
		else
			to = mid;
	}
	return from;
}

static bool parts_meet(const struct flat_part *a, const struct flat_part *b)
{
	return (!a->zone || !b->zone || a->zone == b->zone) && addrset_meet(&a->set, &b->set);
}

static bool lists_meet(struct list *la, struct list *lb)
{
	const struct flat *a = flat_of(la), *b = flat_of(lb);
	unsigned int i, j;

	if (la == lb || (a->self && b->self))
		return true;
	for (i = 0; i < a->nr; i++)
		for (j = 0; j < b->nr; j++)
			if (parts_meet(&a->parts[i], &b->parts[j]))
				return true;
	return false;
}

/* Whether @list may share hosts with those to whom @port is pinned: most do not. */
static bool may_share(struct list *list, const struct port *port)
{
	const struct flat *flat = flat_of(list);
	unsigned int i;

	for (i = 0; i < list->pinned.n; i++)
		if (list->pinned.v[i].lo == port->port)
			return true;
	for (i = 0; i < flat->nr; i++)
		if (addrset_meet(&flat->parts[i].set, &port->addresses))
			return true;
	return flat->self;
}

/* Who opens these ports as plain services; what is not needed again is let go. */
static void find_plain(struct check *c)
{
	struct list *list;
	unsigned int i;
	size_t j;

	vec_for_each(list, &c->lists) {
		bool kept = list->flattened;

		for (j = 0; j < list->plain.n; j++) {
			const struct claim *claim = &list->plain.v[j];

			for (i = find_port(c, claim->lo); i < c->ports.n; i++) {
				struct port *port = c->ports.v[i];

				if (port->port > claim->hi)
					break;
				if (!last_stake(&port->plain, list) && !may_share(list, port))
					continue;
				stake(c, &port->plain, list, claim);
				kept = true;
			}
		}
		if (list->flattened && !kept) {
			flat_release(&list->flat);
			list->flattened = false;
		}
	}
}

/* ---- what is refused */

/* The first place where others have what @list has; NULL: nowhere. */
static const struct loc *first_of(struct list *list, const struct vec *others)
{
	const struct loc *first = NULL;
	struct stake *s;

	vec_for_each(s, others)
		if ((!first || loc_compare(&s->first, first) < 0) && lists_meet(list, s->list))
			first = &s->first;
	return first;
}

/* Of each of the two, what comes after the first place that says otherwise. */
static void clash_later(struct clashes *found, const struct port *port, bool pinned)
{
	const struct vec *stakes = pinned ? &port->pinned : &port->plain;
	struct stake *s;
	size_t i;

	vec_for_each(s, stakes) {
		const struct loc *first = first_of(s->list, pinned ? &port->plain : &port->pinned);
		struct claims *claims = pinned ? &s->list->pinned : &s->list->plain;

		for (i = 0; first && i < claims->n; i++) {
			struct claim *c = &claims->v[i];

			/* One place may say both, which is told once. */
			if (c->refused || port->port < c->lo || port->port > c->hi ||
			    loc_compare(&c->loc, first) < pinned)
				continue;
			c->refused = true;
			if (found->n == found->cap) {
				found->cap = found->cap ? found->cap * 2 : 8;
				found->v = xrealloc(found->v, found->cap, sizeof(*found->v));
			}
			found->v[found->n++] = (struct clash){ *first, c->loc, port->port, pinned };
		}
	}
}

static int by_place(const void *pa, const void *pb)
{
	const struct clash *a = pa, *b = pb;
	int order = loc_compare(&a->later, &b->later);

	return order ? order : a->port < b->port ? -1 : a->port > b->port;
}

static void refuse(struct policy *p, const struct clash *c)
{
	const struct source *src = p->sources.v[c->first.source];

	if (c->pinned)
		diag_error(&p->diags, c->later,
			   "RPC is pinned to TCP port %u here, which %s:%u opens as a plain service to the same hosts.",
			   c->port, src->path, c->first.line);
	else
		diag_error(&p->diags, c->later,
			   "TCP port %u is a plain service here, and %s:%u pins RPC to it on the same hosts.",
			   c->port, src->path, c->first.line);
}

/* Once for each place: an interface stands for several UUIDs. */
static void refuse_all(struct check *c)
{
	struct clashes found = { 0 };
	struct port *port;
	size_t i;

	vec_for_each(port, &c->ports) {
		clash_later(&found, port, false);
		clash_later(&found, port, true);
	}
	if (found.n)
		qsort(found.v, found.n, sizeof(*found.v), by_place);
	for (i = 0; i < found.n; i++)
		if (!i || loc_compare(&found.v[i].later, &found.v[i - 1].later))
			refuse(c->policy, &found.v[i]);
	free(found.v);
}

static void check_end(struct check *c)
{
	struct list *list;
	struct port *port;

	vec_for_each(port, &c->ports)
		addrset_release(&port->addresses);
	vec_for_each(list, &c->lists) {
		if (list->flattened)
			flat_release(&list->flat);
		free(list->plain.v);
		free(list->pinned.v);
	}
}

void policy_check_pinned(struct policy *p)
{
	struct check c = { .policy = p, .names = { .arena = &p->arena } };
	struct rule *rule;
	struct wanted *w;
	bool any = false;

	vec_for_each(rule, &p->rules)
		vec_for_each(w, &rule->services)
			any = any || w->service->reaches_rpc;
	if (!any)
		return;
	claim_all(&c);
	find_ports(&c);
	if (c.ports.n)
		find_plain(&c);
	refuse_all(&c);
	check_end(&c);
}
