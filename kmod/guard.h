/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ingress guard: what can be said of a packet before conntrack sees it.
 */
#ifndef PN_GUARD_H
#define PN_GUARD_H

#include "net.h"
#include "packet.h"

/**
 * pn_guard_source - may this address be a sender's, in this zone?
 * @policy: in force
 * @p: parsed; its class is set if PN_OK or PN_SPOOFED
 * @zone: where it came from, a real zone
 *
 * Return: PN_OK, PN_MARTIAN, PN_BROADCAST_SOURCE or PN_SPOOFED.
 */
enum pn_reason pn_guard_source(const struct pn_policy *policy,
			       struct pn_packet *p, u32 zone);

/**
 * pn_guard_open - decide about an opening SYN before routing, if that can be
 * @pn: namespace
 * @policy: in force
 * @p: parsed, an opening SYN; class and t.zone_in are set
 * @outcome: set if rules decided
 *
 * Drops only what the forward hook would drop: neither end is translated here,
 * at least one is a guarded host, and the destination is not this router. That no
 * zone at all would let it pass is why it is dropped; the zone it is routed to
 * tells which rule or reason is named.
 *
 * Return: PN_OK (undecided), PN_NO_RULE, PN_BLOCKED, PN_NO_ZONE or
 * PN_BROADCAST_SOURCE.
 */
enum pn_reason pn_guard_open(struct pn_net *pn, const struct pn_policy *policy,
			     struct pn_packet *p, u32 *outcome);

#endif /* PN_GUARD_H */
