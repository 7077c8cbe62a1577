/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What rules match, as sets: whether one rule matches all that another does, and
 * whether a rule matches one packet.
 */
#ifndef POLICY_COVER_H
#define POLICY_COVER_H

#include "model.h"

/* One end of a rule: the union of its parts. */
struct flat {
	bool any, self;
	uint64_t zones; /* whole zones */
	unsigned int nr;
	struct flat_part {
		const struct zone *zone; /* NULL: in whichever zone */
		struct addrset set;
	} * parts;
};

/* Services: ranges of each protocol, ascending, neighbours joined. */
struct flat_ports {
	bool any;
	unsigned int nr, cap;
	struct flat_range {
		uint8_t proto;
		uint16_t lo, hi;
	} * ranges;
	unsigned int nr_rpc;
	const struct service **rpc; /* what they open is not known before */
};

void flat_end(struct flat *flat, const struct vec *endpoints);
void flat_release(struct flat *flat);
bool flat_covers(const struct flat *a, const struct flat *b);
bool flat_contains(const struct flat *flat, const struct zone *zone, const struct range *address);
bool flat_contains_self(const struct flat *flat, const struct range *address);

void flat_services(struct flat_ports *flat, const struct vec *services);
void flat_services_release(struct flat_ports *flat);
bool flat_services_cover(const struct flat_ports *a, const struct flat_ports *b);
bool flat_services_contain(const struct flat_ports *flat, uint8_t proto, uint16_t port);

#endif
