/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the routes say of a packet, before the kernel asks them.
 *
 * Context: packet path, BH disabled, RCU read side.
 */
#ifndef PN_ROUTE_H
#define PN_ROUTE_H

#include "net.h"
#include "packet.h"

#define PN_ROUTES	64		/* per CPU, 40 bytes each */

/**
 * pn_route_zone - to which zone would a packet be forwarded?
 * @pn: namespace
 * @policy: in force
 * @p: the packet, with the interface it came in by
 * @zone: set to it, or PN_ZONE_NONE
 *
 * Marks that are set later, or between the interface and the guard while a flood lasts,
 * and TPROXY, are not known here: hosts whose packets do not
 * go by these routes are named nat.
 *
 * Return: false if the packet is for this router or has no route.
 */
bool pn_route_zone(struct pn_net *pn, const struct pn_policy *policy,
		   const struct pn_packet *p, u8 *zone);

/* Is the source of an IPv4 packet a broadcast address of the interface it came from? */
bool pn_route_is_broadcast(struct net *net, const struct pn_packet *p);

struct pn_routes __percpu *pn_routes_alloc(void);

#endif /* PN_ROUTE_H */
