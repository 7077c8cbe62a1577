// SPDX-License-Identifier: GPL-2.0
/*
 * Rules that can never match, because one that is looked at before them matches
 * all that they match. Each is compared with each before it; signatures let
 * nearly all pairs pass in a few instructions: a bit for some hash of each address
 * or port, and what covers has every bit of what is covered.
 */
#include <stdlib.h>
#include <string.h>

#include "cover.h"
#include "warn.h"

/* So many pairs take about a second; what is beyond is not looked at. */
#define PAIRS_MAX 1000000000ULL
#define RANGES_MAX 4000000
/* One bit for all RPC services: no port of a protocol has this value. */
#define ANY_RPC (1u << 24)

struct side {
	struct flat *flat;
	bool own; /* and not that of a set of hosts */
	uint64_t covers; /* bits that it may cover */
	uint64_t needs; /* bits that what covers it must have */
};

struct entry {
	struct rule *rule;
	struct side src, dst;
	struct flat_ports services;
	uint64_t services_covers, services_needs;
};

static uint64_t bit(uint32_t value)
{
	return 1ULL << (value * 2654435769u >> 26);
}

static uint32_t fold6(const struct in6_addr *a)
{
	uint32_t w[4];

	memcpy(w, a, sizeof(w));
	return w[0] ^ w[1] * 31 ^ w[2] * 961 ^ w[3] * 29791 ^ 6;
}

static void sign_set(struct side *side, const struct addrset *set)
{
	size_t i;

	for (i = 0; i < set->n4; i++) {
		if (i < 8)
			side->needs |= bit(set->v4[i].lo);
		side->covers |= set->v4[i].lo == set->v4[i].hi ? bit(set->v4[i].lo) : ~0ULL;
	}
	for (i = 0; i < set->n6; i++) {
		if (i < 8)
			side->needs |= bit(fold6(&set->v6[i].lo));
		side->covers |= memcmp(&set->v6[i].lo, &set->v6[i].hi, 16) ?
					~0ULL :
					bit(fold6(&set->v6[i].lo));
	}
}

static void sign(struct side *side)
{
	const struct flat *flat = side->flat;
	unsigned int i;

	for (i = 0; i < flat->nr; i++)
		sign_set(side, &flat->parts[i].set);
	if (flat->any || flat->zones)
		side->covers = ~0ULL;
	if (flat->any)
		side->needs = 0;
}

/* Folding keeps what is a subset of what. */
static uint64_t fold(uint64_t services, uint64_t src, uint64_t dst)
{
	services |= services >> 32;
	services |= services >> 16;
	src |= src >> 32;
	src |= src >> 16;
	dst |= dst >> 32;
	return (services & 0xffff) | (src & 0xffff) << 16 | dst << 32;
}

static uint64_t entry_covers(const struct entry *x)
{
	if (x->rule->flags & POSTERN_RULE_BOTH)
		return fold(x->services_covers, x->src.covers | x->dst.covers,
			    x->src.covers | x->dst.covers);
	return fold(x->services_covers, x->src.covers, x->dst.covers);
}

static size_t flat_size(const struct flat *flat)
{
	size_t n = 0;
	unsigned int i;

	for (i = 0; i < flat->nr; i++)
		n += flat->parts[i].set.n4 + flat->parts[i].set.n6;
	return n;
}

static size_t make_side(struct policy *p, struct side *side, const struct vec *list)
{
	struct endpoint *e = list->v[0];

	*side = (struct side){ 0 };
	/* A list of a million prefixes may stand in many rules. */
	if (list->n == 1 && e->kind == POSTERN_ENDPOINT_HOSTS) {
		if (e->hosts->flat) {
			side->flat = e->hosts->flat;
			sign(side);
			return 0;
		}
		side->flat = arena_alloc(&p->arena, sizeof(*side->flat));
		e->hosts->flat = side->flat;
	} else {
		side->flat = arena_alloc(&p->arena, sizeof(*side->flat));
		side->own = true;
	}
	flat_end(side->flat, list);
	sign(side);
	return flat_size(side->flat);
}

static size_t make_entry(struct policy *p, struct entry *x, struct rule *rule)
{
	const struct flat_range *r;
	unsigned int i;
	size_t n;

	*x = (struct entry){ .rule = rule };
	n = make_side(p, &x->src, &rule->src);
	n += make_side(p, &x->dst, &rule->dst);
	flat_services(&x->services, &rule->services);
	if (x->services.any)
		x->services_covers = ~0ULL;
	for (i = 0; i < x->services.nr; i++) {
		r = &x->services.ranges[i];
		x->services_needs |= bit(r->lo | (uint32_t)r->proto << 16);
		x->services_covers |= r->lo == r->hi ? bit(r->lo | (uint32_t)r->proto << 16) :
						       ~0ULL;
	}
	if (x->services.nr_rpc) {
		x->services_needs |= bit(ANY_RPC);
		x->services_covers |= bit(ANY_RPC);
	}
	return n;
}

static bool may_cover(const struct side *a, const struct side *b)
{
	return !(b->needs & ~a->covers);
}

static bool side_covers(const struct side *a, const struct side *b)
{
	return may_cover(a, b) && flat_covers(a->flat, b->flat);
}

/* Whether @a matches what goes from @src to @dst. */
static bool covers_way(const struct entry *a, const struct side *src, const struct side *dst)
{
	if (side_covers(&a->src, src) && side_covers(&a->dst, dst))
		return true;
	return a->rule->flags & POSTERN_RULE_BOTH && side_covers(&a->dst, src) &&
	       side_covers(&a->src, dst);
}

static bool covers(const struct entry *a, const struct entry *b)
{
	if (b->services_needs & ~a->services_covers)
		return false;
	if (!(a->rule->flags & POSTERN_RULE_BOTH) &&
	    (!may_cover(&a->src, &b->src) || !may_cover(&a->dst, &b->dst)))
		return false;
	if (!flat_services_cover(&a->services, &b->services))
		return false;
	if (!covers_way(a, &b->src, &b->dst))
		return false;
	return !(b->rule->flags & POSTERN_RULE_BOTH) || covers_way(a, &b->dst, &b->src);
}

static void report(struct policy *p, const struct rule *first, const struct rule *rule)
{
	const struct source *src = p->sources.v[first->loc.source];

	diag_warning(&p->diags, rule->loc, "this rule never matches: that at %s:%u %s.", src->path,
		     first->loc.line,
		     first->action == POSTERN_ACTION_BLOCK && rule->action == POSTERN_ACTION_ALLOW ?
			     "blocks all of it" :
			     "comes first and covers it");
}

/* The rules in the order in which they are looked at: block, then allow. */
static void in_order(const struct policy *p, struct vec *order, struct arena *arena)
{
	struct rule *rule;

	vec_for_each(rule, &p->rules)
		if (rule->action == POSTERN_ACTION_BLOCK)
			vec_push(arena, order, rule);
	vec_for_each(rule, &p->rules)
		if (rule->action == POSTERN_ACTION_ALLOW)
			vec_push(arena, order, rule);
}

void warn_unreachable(struct policy *p)
{
	unsigned long long pairs = 0;
	struct vec order = { 0 };
	struct entry *entries, *x;
	size_t nr = 0, ranges = 0, i;
	uint64_t *signatures, needs;
	struct hosts *h;
	struct rule *rule;

	in_order(p, &order, &p->arena);
	entries = xrealloc(NULL, order.n, sizeof(*entries));
	signatures = xrealloc(NULL, order.n, sizeof(*signatures));
	vec_for_each(rule, &order) {
		x = &entries[nr];
		ranges += make_entry(p, x, rule);
		signatures[nr] = entry_covers(x);
		/* Under observe it lets the packet go on to the next rule. */
		if (rule->flags & POSTERN_RULE_OBSERVE && rule->action == POSTERN_ACTION_BLOCK)
			signatures[nr] = 0;
		pairs += ++nr;
		if (ranges > RANGES_MAX || pairs > PAIRS_MAX)
			break;
		needs = fold(x->services_needs, x->src.needs, x->dst.needs);
		for (i = 0; i < nr - 1; i++) {
			if (needs & ~signatures[i] || !signatures[i] || !covers(&entries[i], x))
				continue;
			report(p, entries[i].rule, rule);
			break;
		}
	}
	free(signatures);
	for (x = entries; x < entries + nr; x++) {
		if (x->src.own)
			flat_release(x->src.flat);
		if (x->dst.own)
			flat_release(x->dst.flat);
		flat_services_release(&x->services);
	}
	free(entries);
	vec_for_each(h, &p->hosts) {
		if (h->flat)
			flat_release(h->flat);
		h->flat = NULL;
	}
}
