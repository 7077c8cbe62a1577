// SPDX-License-Identifier: GPL-2.0
/*
 * Classification: five look-ups, whatever the policy. How it works is told in
 * classify.h. Plain C: also built in user space.
 */
#include <linux/kernel.h>

#include "classify.h"

/* The stored value of (@a, @b), or @otherwise. */
static u32 cell_value(const struct pn_cells *cells, u32 a, u32 b, u32 otherwise)
{
	u32 i;

	/* the table is at most half full: an empty cell ends every search */
	for (i = pn_cell_hash(cells, a, b); ; i++) {
		const struct pn_cell *cell = &cells->cell[i & cells->mask];

		if (cell->a == a && cell->b == b)
			return cell->value;
		if (cell->a == U32_MAX)
			return otherwise;
	}
}

static u32 service_class(const struct pn_tables *t, u16 proto, u16 port)
{
	const struct pn_port_table *table = t->ports[proto];

	if (!table)
		return t->service[proto];
	return table->page[port / PN_PORT_PAGE][port % PN_PORT_PAGE];
}

/* The list of rules that fit the destination and the service. */
static u32 list_of(const struct pn_tables *t, const struct pn_tuple *p, u16 proto)
{
	u32 destination = pn_address_class(t, p->v6, p->daddr);
	u32 v = service_class(t, proto, p->port);
	u32 d = t->dst_class[p->zone_out * t->nr_classes + destination];

	return cell_value(&t->by_service, d, v, t->default_k[d]);
}

u32 pn_classify(const struct pn_tables *t, const struct pn_tuple *p)
{
	u32 source = pn_address_class(t, p->v6, p->saddr);
	u32 s = t->src_class[p->zone_in * t->nr_classes + source];
	u32 k = list_of(t, p, p->proto);

	return cell_value(&t->by_source, k, s,
			  t->default_outcome[k * (t->nr_zones + 2) +
					     p->zone_in]);
}

bool pn_classify_owned(const struct pn_tables *t, const struct pn_tuple *p)
{
	/* of no certain zone, more rules fit than will in the end */
	return t->owned && p->zone_out != t->zone_early &&
	       t->owned[list_of(t, p, PN_PROTO_OWNED)];
}
