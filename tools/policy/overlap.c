// SPDX-License-Identifier: GPL-2.0
/*
 * An address in hosts of two zones: the spoof check cannot tell from where it may
 * come. Small sets are swept together in the order of their addresses; the few
 * large ones (lists from files) are searched for each range of the others.
 */
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "warn.h"

#define LARGE 4096
#define LARGE_SETS_MAX 64

struct span {
	struct in6_addr lo, hi; /* IPv4 as mapped addresses */
	struct range range;
	struct hosts *hosts;
};

struct spans {
	struct span *spans;
	size_t nr, cap;
};

static void map4(struct in6_addr *to, uint32_t addr)
{
	memset(to, 0, sizeof(*to));
	to->s6_addr[10] = 0xff;
	to->s6_addr[11] = 0xff;
	addr = htonl(addr);
	memcpy(&to->s6_addr[12], &addr, 4);
}

static bool is_everything(const struct range *r)
{
	static const struct in6_addr zeros;

	if (r->family == AF_INET)
		return !r->r4.lo && r->r4.hi == UINT32_MAX;
	return !memcmp(&r->r6.lo, &zeros, 16) && r->r6.hi.s6_addr[0] == 0xff;
}

static void add_span(struct spans *s, const struct range *r, struct hosts *h)
{
	struct span *span;

	/* Who writes 0.0.0.0/0 in a zone means the rest of the world. */
	if (is_everything(r))
		return;
	if (s->nr == s->cap) {
		s->cap = s->cap ? s->cap * 2 : 64;
		s->spans = xrealloc(s->spans, s->cap, sizeof(*s->spans));
	}
	span = &s->spans[s->nr++];
	span->range = *r;
	span->hosts = h;
	if (r->family == AF_INET) {
		map4(&span->lo, r->r4.lo);
		map4(&span->hi, r->r4.hi);
	} else {
		span->lo = r->r6.lo;
		span->hi = r->r6.hi;
	}
}

static void add_spans(struct spans *s, struct hosts *h)
{
	struct range r;
	size_t i;

	r.family = AF_INET;
	for (i = 0; i < h->set.n4; i++) {
		r.r4 = h->set.v4[i];
		add_span(s, &r, h);
	}
	r.family = AF_INET6;
	for (i = 0; i < h->set.n6; i++) {
		r.r6 = h->set.v6[i];
		add_span(s, &r, h);
	}
}

static void report(struct policy *p, struct hosts *a, struct hosts *b, const struct range *r)
{
	struct hosts *later = a->name_loc.source > b->name_loc.source ||
					      (a->name_loc.source == b->name_loc.source &&
					       a->name_loc.line >= b->name_loc.line) ?
				      a :
				      b;
	struct hosts *first = later == a ? b : a;
	const struct source *src = p->sources.v[first->name_loc.source];
	char text[RANGE_TEXT_MAX];

	/* Once for each set is enough. */
	if (later->in_two_zones)
		return;
	later->in_two_zones = true;
	address_print(r, text);
	diag_warning(&p->diags, later->name_loc,
		     "%s is in zone '%s' here, and in zone '%s' by '%s' at %s:%u.", text,
		     later->zone->name, first->zone->name, first->name, src->path,
		     first->name_loc.line);
}

static int by_lo(const void *pa, const void *pb)
{
	const struct span *a = pa, *b = pb;
	int order = memcmp(&a->lo, &b->lo, sizeof(a->lo));

	return order ? order : a->hosts < b->hosts ? -1 : a->hosts > b->hosts;
}

/* At each range, of each other zone the one that reaches furthest. */
static void sweep(struct policy *p, struct spans *s)
{
	/* The families apart: a wide IPv6 range may go around the mapped addresses. */
	const struct span *both[2][POSTERN_ZONES_MAX] = { 0 }, **furthest, *span, *other;
	uint32_t zone, z;
	size_t i;

	if (s->nr)
		qsort(s->spans, s->nr, sizeof(*s->spans), by_lo);
	for (i = 0; i < s->nr; i++) {
		span = &s->spans[i];
		zone = span->hosts->zone->index;
		furthest = both[span->range.family == AF_INET6];
		for (z = 0; z < p->zones.n; z++) {
			other = furthest[z];
			if (z != zone && other && memcmp(&other->hi, &span->lo, 16) >= 0)
				report(p, other->hosts, span->hosts, &span->range);
		}
		if (!furthest[zone] || memcmp(&furthest[zone]->hi, &span->hi, 16) < 0)
			furthest[zone] = span;
	}
}

static void search(struct policy *p, struct hosts *large, const struct spans *s)
{
	const struct span *span;
	size_t i;

	for (i = 0; i < s->nr; i++) {
		span = &s->spans[i];
		if (span->hosts->zone != large->zone && addrset_meets(&large->set, &span->range))
			report(p, large, span->hosts, &span->range);
	}
}

void warn_two_zones(struct policy *p)
{
	struct vec large = { 0 };
	struct spans small = { 0 }, one = { 0 };
	struct hosts *h, *other;

	vec_for_each(h, &p->hosts_order) {
		if (!h->zone)
			continue;
		if (h->set.n4 + h->set.n6 > LARGE && large.n < LARGE_SETS_MAX)
			vec_push(&p->arena, &large, h);
		else
			add_spans(&small, h);
	}
	sweep(p, &small);
	vec_for_each(h, &large) {
		search(p, h, &small);
		vec_for_each(other, &large) {
			if (other_i >= h_i || other->zone == h->zone)
				continue;
			add_spans(&one, other);
			search(p, h, &one);
			one.nr = 0;
		}
	}
	free(small.spans);
	free(one.spans);
}
