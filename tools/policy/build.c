// SPDX-License-Identifier: GPL-2.0
/* Names, zones and hosts. */
#include <net/if.h>
#include <string.h>

#include "address.h"
#include "build.h"

bool build_check_name(struct policy *p, const struct ref *name)
{
	if (!name_is_valid(name->name)) {
		diag_error(&p->diags, name->loc,
			   "'%.*s' cannot be a name; a name is letters, digits, '_', '-' and '.', and begins with a letter.",
			   shown(name->name), name->name);
		return false;
	}
	if (strlen(name->name) > POSTERN_NAME_MAX) {
		diag_error(&p->diags, name->loc, "the name is longer than %d bytes.",
			   POSTERN_NAME_MAX);
		return false;
	}
	return true;
}

static bool claim_place(struct policy *p, const struct ref *name)
{
	struct place *other;

	if (!build_check_name(p, name))
		return false;
	other = names_get(&p->places, name->name);
	if (!other)
		return true;
	diag_error(&p->diags, name->loc, "'%s' is already the name of %s, defined at %s.",
		   name->name, other->zone ? "a zone" : "hosts", policy_place(p, &other->loc));
	return false;
}

static void put_place(struct policy *p, const struct ref *name, struct zone *zone,
		      struct hosts *hosts)
{
	struct place *place = arena_alloc(&p->arena, sizeof(*place));

	place->zone = zone;
	place->hosts = hosts;
	place->loc = name->loc;
	names_put(&p->places, name->name, place);
}

static void check_iface(struct policy *p, const struct ref *iface)
{
	const char *name = iface->name;

	if (!*name)
		diag_error(&p->diags, iface->loc, "the interface name is empty.");
	else if (strlen(name) >= IFNAMSIZ)
		diag_error(&p->diags, iface->loc,
			   "'%.*s' is too long for an interface name, which has at most %d bytes.",
			   shown(name), name, IFNAMSIZ - 1);
	else if (strpbrk(name, "/ \t"))
		diag_error(&p->diags, iface->loc, "'%s' cannot be the name of an interface.", name);
}

static void add_ifaces(struct policy *p, struct zone *zone, const struct vec *ifaces)
{
	struct ref *iface, *other_iface;
	struct zone *other;

	vec_for_each(iface, ifaces) {
		bool twice = false;

		check_iface(p, iface);
		vec_for_each(other, &p->zones) {
			vec_for_each(other_iface, &other->ifaces) {
				if (strcmp(other_iface->name, iface->name))
					continue;
				twice = true;
				diag_error(&p->diags, iface->loc,
					   "interface '%s' is already in zone '%s', see %s.",
					   iface->name, other->name,
					   policy_place(p, &other_iface->loc));
			}
		}
		vec_for_each(other_iface, &zone->ifaces) {
			if (!strcmp(other_iface->name, iface->name)) {
				twice = true;
				diag_error(&p->diags, iface->loc,
					   "interface '%s' is named twice in this zone.",
					   iface->name);
			}
		}
		if (!twice)
			vec_push(&p->arena, &zone->ifaces, iface);
	}
	if (ifaces->n > POSTERN_IFACES_MAX)
		diag_error(&p->diags, zone->loc,
			   "zone '%s' has %u interfaces, and %d is the most; a pattern like eth* names many.",
			   zone->name, ifaces->n, POSTERN_IFACES_MAX);
}

void build_zone(struct policy *p, const struct ref *name, const struct vec *ifaces, uint32_t flags,
		struct loc loc)
{
	struct zone *zone = arena_alloc(&p->arena, sizeof(*zone));
	bool fresh = claim_place(p, name);

	zone->name = name->name;
	zone->loc = loc;
	zone->flags = flags;
	add_ifaces(p, zone, ifaces);
	if (!fresh)
		return;
	put_place(p, name, zone, NULL);
	zone->index = p->zones.n;
	vec_push(&p->arena, &p->zones, zone);
	if (p->zones.n == POSTERN_ZONES_MAX + 1)
		diag_error(&p->diags, name->loc, "a policy has at most %d zones.",
			   POSTERN_ZONES_MAX);
}

uint32_t build_reject(struct policy *p, const struct ref *word)
{
	if (!strcmp(word->name, "yes"))
		return POSTERN_ZONE_REJECT;
	if (strcmp(word->name, "none") && strcmp(word->name, "no"))
		diag_error(&p->diags, word->loc, "reject is 'yes' or 'none', and not '%.*s'.",
			   shown(word->name), word->name);
	return 0;
}

struct item *build_item(struct policy *p, const struct ref *ref, bool file)
{
	struct item *item = arena_alloc(&p->arena, sizeof(*item));

	item->ref = ref;
	item->file = file;
	return item;
}

static struct hosts *new_hosts(struct policy *p, const struct ref *name, struct loc loc)
{
	struct hosts *h = arena_alloc(&p->arena, sizeof(*h));

	h->name = name->name;
	h->name_loc = name->loc;
	h->loc = loc;
	if (claim_place(p, name))
		put_place(p, name, NULL, h);
	/* Even if it is a duplicate: what is in it is checked, and its memory freed. */
	vec_push(&p->arena, &p->hosts, h);
	return h;
}

void build_self(struct policy *p, const struct ref *name, struct loc loc)
{
	new_hosts(p, name, loc)->self = true;
}

void build_hosts(struct policy *p, const struct ref *name, const struct ref *zone, uint32_t flags,
		 const struct vec *items, struct loc loc)
{
	struct hosts *h = new_hosts(p, name, loc);
	char why[ADDRESS_ERROR_MAX];
	struct item *item;
	struct range r;

	h->zone_ref = zone;
	h->flags = flags;
	vec_for_each(item, items) {
		const struct ref *ref = item->ref;

		if (item->file)
			vec_push(&p->arena, &h->files, (void *)ref);
		else if (!address_is_meant(ref->name, strlen(ref->name)))
			vec_push(&p->arena, &h->refs, (void *)ref);
		else if (address_parse(ref->name, strlen(ref->name), &r, why))
			addrset_add(&h->set, &r);
		else
			diag_error(&p->diags, ref->loc, "%s", why);
	}
}

void build_broken_zone(struct policy *p, const struct ref *name)
{
	struct zone *zone = arena_alloc(&p->arena, sizeof(*zone));

	zone->name = name->name;
	zone->loc = name->loc;
	if (!names_get(&p->places, name->name))
		put_place(p, name, zone, NULL);
}

void build_broken_hosts(struct policy *p, const struct ref *name)
{
	struct hosts *h = arena_alloc(&p->arena, sizeof(*h));

	h->name = name->name;
	h->loc = name->loc;
	h->visit = VISIT_DONE;
	if (!names_get(&p->places, name->name))
		put_place(p, name, NULL, h);
}

void build_broken_service(struct policy *p, const struct ref *name)
{
	struct service *s = arena_alloc(&p->arena, sizeof(*s));

	s->name = name->name;
	s->name_loc = name->loc;
	s->visit = VISIT_DONE;
	if (!names_get(&p->service_names, name->name))
		names_put(&p->service_names, name->name, s);
}
