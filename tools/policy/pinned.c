// SPDX-License-Identifier: GPL-2.0
/*
 * A port where RPC is pinned, and which a rule to the same hosts opens as a plain
 * TCP service: nobody would be held to the interface there. The same hosts are those
 * that two rules name alike; what is opened whole, as by tcp any, names no port.
 */
#include <stdlib.h>
#include <string.h>

#include "policy.h"

/* One place in the text that says what a TCP port is for. */
struct claim {
	uint32_t hosts;
	uint16_t lo, hi;
	bool pinned;
	struct loc loc;
};

struct claims {
	struct claim *v;
	size_t n, cap;
};

/* Numbers for lists of hosts, however they are ordered. */
struct lists {
	struct arena *arena;
	struct names names;
	uint32_t nr;
};

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

static uint32_t list_number(struct lists *lists, const struct vec *endpoints)
{
	uint64_t *values = xrealloc(NULL, endpoints->n, sizeof(*values));
	size_t len = endpoints->n * 17, at = 0;
	struct endpoint *e;
	unsigned int i;
	uint32_t *nr;
	char *key;

	vec_for_each(e, endpoints)
		values[e_i] = endpoint_value(e);
	qsort(values, endpoints->n, sizeof(*values), by_value);
	key = xrealloc(NULL, len + 1, 1);
	*key = 0;
	for (i = 0; i < endpoints->n; i++)
		if (!i || values[i] != values[i - 1])
			at += (size_t)sprintf(key + at, "%llx ", (unsigned long long)values[i]);
	nr = names_get(&lists->names, key);
	if (!nr) {
		nr = arena_alloc(lists->arena, sizeof(*nr));
		*nr = lists->nr++;
		names_put(&lists->names, arena_strdup(lists->arena, key), nr);
	}
	free(values);
	free(key);
	return *nr;
}

static void claim(struct claims *c, const struct claim *from)
{
	if (c->n == c->cap) {
		c->cap = c->cap ? c->cap * 2 : 64;
		c->v = xrealloc(c->v, c->cap, sizeof(*c->v));
	}
	c->v[c->n++] = *from;
}

static void claim_service(struct claims *c, struct service *s, uint32_t hosts,
			  const struct loc *loc, unsigned int walk)
{
	struct claim one = { .hosts = hosts, .loc = *loc };
	struct service *member;
	struct port_spec *spec;
	struct rpc_entry *e;

	if (s->walk == walk)
		return;
	s->walk = walk;
	vec_for_each(spec, &s->ports) {
		if (spec->ports.proto != IPPROTO_TCP || spec->ports.flags & POSTERN_PORTS_ANY)
			continue;
		one.lo = spec->ports.lo;
		one.hi = spec->ports.hi;
		claim(c, &one);
	}
	if (s->rpc) {
		one.pinned = true;
		vec_for_each(e, &s->rpc->interfaces) {
			if (!(e->rpc.flags & POSTERN_RPC_PINNED) || e->rpc.hi < 1024)
				continue;
			one.lo = e->rpc.lo;
			one.hi = e->rpc.hi;
			claim(c, &one);
		}
	}
	vec_for_each(member, &s->members)
		claim_service(c, member, hosts, loc, walk);
}

static int by_port(const void *pa, const void *pb)
{
	const struct claim *a = pa, *b = pb;

	if (a->hosts != b->hosts)
		return a->hosts < b->hosts ? -1 : 1;
	if (a->lo != b->lo)
		return a->lo < b->lo ? -1 : 1;
	return loc_compare(&a->loc, &b->loc);
}

static void refuse(struct policy *p, const struct claim *a, const struct claim *b)
{
	const struct claim *later = loc_compare(&b->loc, &a->loc) > 0 ? b : a;
	const struct claim *first = later == a ? b : a;
	const struct source *src = p->sources.v[first->loc.source];
	unsigned int port = a->lo > b->lo ? a->lo : b->lo;

	if (later->pinned)
		diag_error(&p->diags, later->loc,
			   "RPC is pinned to TCP port %u here, which %s:%u opens as a plain service to the same hosts.",
			   port, src->path, first->loc.line);
	else
		diag_error(&p->diags, later->loc,
			   "TCP port %u is a plain service here, and %s:%u pins RPC to it on the same hosts.",
			   port, src->path, first->loc.line);
}

/* Of each kind, the one that reaches furthest so far may meet the next of the other. */
static void compare_claims(struct policy *p, struct claims *c)
{
	const struct claim *furthest[2] = { 0 }, *now, *other;
	struct loc told = { 0 };
	size_t i;

	if (c->n)
		qsort(c->v, c->n, sizeof(*c->v), by_port);
	for (i = 0; i < c->n; i++) {
		now = &c->v[i];
		if (i && now->hosts != now[-1].hosts)
			furthest[0] = furthest[1] = NULL;
		other = furthest[!now->pinned];
		if (other && other->hi >= now->lo) {
			const struct loc *later =
				loc_compare(&other->loc, &now->loc) > 0 ? &other->loc : &now->loc;

			/* Once for each place: an interface stands for several UUIDs. */
			if (loc_compare(later, &told))
				refuse(p, now, other);
			told = *later;
		}
		if (!furthest[now->pinned] || furthest[now->pinned]->hi < now->hi)
			furthest[now->pinned] = now;
	}
	free(c->v);
}

void policy_check_pinned(struct policy *p)
{
	struct lists lists = { .arena = &p->arena, .names = { .arena = &p->arena } };
	/* Not mixed up with the walks of cover.c and warn.c. */
	unsigned int walk = 3u << 30;
	struct claims claims = { 0 };
	const struct vec *ends[2];
	struct rule *rule;
	struct wanted *w;
	unsigned int i;
	uint32_t hosts;
	bool any = false;

	vec_for_each(rule, &p->rules)
		vec_for_each(w, &rule->services)
			any = any || w->service->reaches_rpc;
	if (!any)
		return;
	vec_for_each(rule, &p->rules) {
		if (rule->action == POSTERN_ACTION_BLOCK || !rule->services.n)
			continue;
		ends[0] = &rule->dst;
		ends[1] = &rule->src;
		for (i = 0; i < (rule->flags & POSTERN_RULE_BOTH ? 2 : 1); i++) {
			hosts = list_number(&lists, ends[i]);
			/* Each has its own place, even if they share what is in them. */
			vec_for_each(w, &rule->services)
				claim_service(&claims, w->service, hosts, &w->loc, ++walk);
		}
	}
	compare_claims(p, &claims);
}
