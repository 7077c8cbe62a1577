/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A packet of a connection that is inspected: the endpoint mapper's, and those of RPC.
 *
 * A connection that is refused is cut: both ends get a reset, so that both know at
 * once, and nothing of it passes any more.
 */
#ifndef PN_INSPECT_H
#define PN_INSPECT_H

#include <linux/types.h>

#include "epm.h"
#include "net.h"
#include "packet.h"

struct nf_conn;

/**
 * struct pn_cut - what is to be done about a connection that is refused
 * @seq: what the receiver of the packet at hand waits for
 * @now: by this packet
 * @done: nothing of it, which is not refused, will be read any more
 * @leaves: it is denied, but spared, and is not read from now on
 */
struct pn_cut {
	u32 seq;
	bool now;
	bool done;
	bool leaves;
};

/**
 * pn_inspect_packet - a TCP packet of a flow that conntrack has confirmed
 * @pn: namespace
 * @policy: in force
 * @p: the packet, may be changed
 * @ct: its conntrack entry
 * @ctinfo: tells the direction
 * @allowed: a plain rule allows it
 * @cut: set if both ends are to be reset
 * @rule: set to the rule that allows it
 * @reason: set to PN_OK or why it is dropped
 *
 * Context: packet path, BH disabled, RCU read side.
 * Return: whether it is for the inspectors at all.
 */
bool pn_inspect_packet(struct pn_net *pn, const struct pn_policy *policy,
		       struct pn_packet *p, struct nf_conn *ct,
		       enum ip_conntrack_info ctinfo, bool allowed,
		       struct pn_cut *cut, u32 *rule, enum pn_reason *reason);

/* A SYN that opens a connection on @basis. Return: PN_OK or why not. */
enum pn_reason pn_inspect_open(const struct pn_packet *p);

/* What the parsers tell: mapper.c. */
extern const struct pn_epm_ops pn_mapper_ops;
extern const struct pn_rpc_ops pn_held_ops;

#endif /* PN_INSPECT_H */
