// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>

#include "cover.h"
#include "rpc.h"

static struct flat_part *part_for(struct flat *flat, const struct zone *zone)
{
	unsigned int i;

	for (i = 0; i < flat->nr; i++)
		if (flat->parts[i].zone == zone)
			return &flat->parts[i];
	flat->parts = xrealloc(flat->parts, flat->nr + 1, sizeof(*flat->parts));
	flat->parts[flat->nr] = (struct flat_part){ .zone = zone };
	return &flat->parts[flat->nr++];
}

/* A member without a zone of its own is in that of what holds it. */
static void add_hosts(struct flat *flat, struct hosts *h, const struct zone *outer,
		      unsigned int walk)
{
	const struct zone *zone = h->zone ? h->zone : outer;
	struct hosts *member;

	/* Sets may share members many times over. */
	if (h->walk == walk && h->walk_zone == zone)
		return;
	h->walk = walk;
	h->walk_zone = zone;
	if (!addrset_is_empty(&h->set))
		addrset_add_set(&part_for(flat, zone)->set, &h->set);
	vec_for_each(member, &h->members)
		add_hosts(flat, member, zone, walk);
}

void flat_end(struct flat *flat, const struct vec *endpoints)
{
	static unsigned int walk;
	struct endpoint *e;
	unsigned int i;

	*flat = (struct flat){ 0 };
	walk++;
	vec_for_each(e, endpoints) {
		if (e->kind == POSTERN_ENDPOINT_ANY)
			flat->any = true;
		else if (e->kind == POSTERN_ENDPOINT_SELF)
			flat->self = true;
		else if (e->kind == POSTERN_ENDPOINT_ZONE)
			flat->zones |= 1ULL << e->zone->index;
		else
			add_hosts(flat, e->hosts, NULL, walk);
	}
	for (i = 0; i < flat->nr; i++)
		addrset_sort(&flat->parts[i].set);
}

void flat_release(struct flat *flat)
{
	unsigned int i;

	for (i = 0; i < flat->nr; i++)
		addrset_release(&flat->parts[i].set);
	free(flat->parts);
	*flat = (struct flat){ 0 };
}

static const struct addrset *set_of(const struct flat *flat, const struct zone *zone)
{
	unsigned int i;

	for (i = 0; i < flat->nr; i++)
		if (flat->parts[i].zone == zone)
			return &flat->parts[i].set;
	return NULL;
}

static bool covers_part(const struct flat *a, const struct flat_part *part)
{
	const struct addrset *here, *everywhere = set_of(a, NULL);

	if (everywhere && addrset_covers(everywhere, &part->set))
		return true;
	if (!part->zone)
		return false;
	if (a->zones & 1ULL << part->zone->index)
		return true;
	here = set_of(a, part->zone);
	return here && addrset_covers(here, &part->set);
}

/* May say no where the union of several parts of @a covers one of @b. */
bool flat_covers(const struct flat *a, const struct flat *b)
{
	unsigned int i;

	if (a->any)
		return true;
	if (b->any || (b->self && !a->self) || b->zones & ~a->zones)
		return false;
	for (i = 0; i < b->nr; i++)
		if (!covers_part(a, &b->parts[i]))
			return false;
	return true;
}

bool flat_contains(const struct flat *flat, const struct zone *zone, const struct range *address)
{
	unsigned int i;

	if (flat->any || (zone && flat->zones & 1ULL << zone->index))
		return true;
	for (i = 0; i < flat->nr; i++)
		if ((!flat->parts[i].zone || flat->parts[i].zone == zone) &&
		    addrset_contains(&flat->parts[i].set, address))
			return true;
	return false;
}

bool flat_contains_self(const struct flat *flat, const struct range *address)
{
	return flat->self || flat_contains(flat, NULL, address);
}

static void add_range(struct flat_ports *flat, const struct postern_ports *ports)
{
	bool any = ports->flags & POSTERN_PORTS_ANY;

	if (flat->nr == flat->cap) {
		flat->cap = flat->cap ? flat->cap * 2 : 4;
		flat->ranges = xrealloc(flat->ranges, flat->cap, sizeof(*flat->ranges));
	}
	flat->ranges[flat->nr++] = (struct flat_range){
		.proto = ports->proto,
		.lo = any ? 0 : ports->lo,
		.hi = any ? UINT16_MAX : ports->hi,
	};
}

static void add_service(struct flat_ports *flat, struct service *s, unsigned int walk)
{
	struct service *member;
	struct port_spec *spec;

	if (s->walk == walk)
		return;
	s->walk = walk;
	if (s->rpc) {
		flat->rpc = xrealloc(flat->rpc, flat->nr_rpc + 1, sizeof(*flat->rpc));
		flat->rpc[flat->nr_rpc++] = s;
	}
	vec_for_each(spec, &s->ports)
		add_range(flat, &spec->ports);
	vec_for_each(member, &s->members)
		add_service(flat, member, walk);
}

static int compare(const void *pa, const void *pb)
{
	const struct flat_range *a = pa, *b = pb;

	if (a->proto != b->proto)
		return a->proto < b->proto ? -1 : 1;
	return a->lo < b->lo ? -1 : a->lo > b->lo;
}

void flat_services(struct flat_ports *flat, const struct vec *services)
{
	static unsigned int walk;
	unsigned int i, kept = 0;
	struct flat_range *r;
	struct wanted *w;

	walk++;
	*flat = (struct flat_ports){ .any = !services->n };
	vec_for_each(w, services)
		add_service(flat, w->service, walk);
	if (!flat->nr)
		return;
	r = flat->ranges;
	qsort(r, flat->nr, sizeof(*r), compare);
	for (i = 1; i < flat->nr; i++) {
		if (r[i].proto == r[kept].proto && r[i].lo <= (unsigned int)r[kept].hi + 1) {
			if (r[i].hi > r[kept].hi)
				r[kept].hi = r[i].hi;
		} else {
			r[++kept] = r[i];
		}
	}
	flat->nr = kept + 1;
}

void flat_services_release(struct flat_ports *flat)
{
	free(flat->ranges);
	free(flat->rpc);
	*flat = (struct flat_ports){ 0 };
}

/* All of TCP holds all of RPC; apart from that only the same rpc is known to. */
static bool covers_rpc(const struct flat_ports *a, const struct service *rpc)
{
	unsigned int i;

	for (i = 0; i < a->nr_rpc; i++)
		if (rpc_same(a->rpc[i]->rpc, rpc->rpc))
			return true;
	for (i = 0; i < a->nr; i++)
		if (a->ranges[i].proto == IPPROTO_TCP && !a->ranges[i].lo &&
		    a->ranges[i].hi == UINT16_MAX)
			return true;
	return false;
}

bool flat_services_cover(const struct flat_ports *a, const struct flat_ports *b)
{
	unsigned int i, k;

	if (a->any)
		return true;
	if (b->any)
		return false;
	for (i = 0; i < b->nr_rpc; i++)
		if (!covers_rpc(a, b->rpc[i]))
			return false;
	for (i = 0; i < b->nr; i++) {
		const struct flat_range *r = &b->ranges[i];

		for (k = 0; k < a->nr; k++)
			if (a->ranges[k].proto == r->proto && a->ranges[k].lo <= r->lo &&
			    a->ranges[k].hi >= r->hi)
				break;
		if (k == a->nr)
			return false;
	}
	return true;
}

bool flat_services_contain(const struct flat_ports *flat, uint8_t proto, uint16_t port)
{
	unsigned int i;

	if (flat->any)
		return true;
	for (i = 0; i < flat->nr; i++)
		if (flat->ranges[i].proto == proto && flat->ranges[i].lo <= port &&
		    flat->ranges[i].hi >= port)
			return true;
	return false;
}
