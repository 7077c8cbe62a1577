/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Flows that conntrack knows: which rule each belongs to, now.
 *
 * Every packet of a flow is judged by the policy that is in force, not by the
 * one under which the flow began: so nothing that a new policy denies passes,
 * however old the flow. To judge a packet is to classify its flow, and the
 * answer is remembered per CPU in a small direct-mapped table of memos. A memo
 * holds for one stamp (net.h), one flow (conntrack entry and its ends: the memory of an
 * entry is used again) and one pair of zones; or of interfaces, for packets of which
 * there is nothing else to know: see pn_flow_known().
 */
#ifndef PN_FLOW_H
#define PN_FLOW_H

#include <net/netfilter/nf_conntrack.h>

#include "net.h"
#include "packet.h"

#define PN_MEMOS	256		/* per CPU, 80 bytes each */

struct nf_hook_state;

/*
 * A flow as the rules see it: the original direction, after DNAT and before SNAT;
 * zones as in pn_flow_outcome().
 */
void pn_flow_tuple(struct pn_tuple *t, const struct pn_packet *p,
		   const struct nf_conn *ct, enum ip_conntrack_info ctinfo);

/**
 * struct pn_flow_note - of a flow, on this CPU, for as long as its rule is known
 * @settled: its limit need not see packets within it any more
 * @read: an inspector reads it
 */
struct pn_flow_note {
	bool settled;
	bool read;
};

/**
 * pn_flow_outcome - classify the flow that a packet belongs to
 * @pn: namespace
 * @policy: in force
 * @p: packet; zones as it travels, tables.zone_self for the router's end
 * @ct: its conntrack entry
 * @ctinfo: tells the direction
 * @state: of the hook
 * @inspected: set if a rule allows the flow, and it is inspected nonetheless
 * @note: set to its note; it is the packet's as long as BH is disabled
 *
 * Context: packet path, BH disabled.
 * Return: outcome, see pn_classify().
 */
u32 pn_flow_outcome(struct pn_net *pn, const struct pn_policy *policy,
		    const struct pn_packet *p, const struct nf_conn *ct,
		    enum ip_conntrack_info ctinfo,
		    const struct nf_hook_state *state, bool *inspected,
		    struct pn_flow_note **note);

/**
 * struct pn_known - what became of packets of a flow before, and becomes of this one
 * @rule: that allows it, or U32_MAX
 * @stamp: pn_net_stamp(), for which that is so
 * @zone_in: of the interface that the packet came from
 * @zone_out: ... and leaves by
 * @note: NULL if it passes; else an inspector reads it
 */
struct pn_known {
	u32 rule;
	u32 stamp;
	u8 zone_in, zone_out;
	struct pn_flow_note *note;
};

/**
 * pn_flow_known - does a forwarded packet go the way of those of its flow before it?
 * @pn: namespace
 * @policy: in force
 * @skb: the packet
 * @state: of the hook forward
 * @known: set to what is known of it
 *
 * Those that pass need not be parsed: only of flows that nothing inspects, and packets that
 * no limit waits for. Whether a packet can be at all was seen before conntrack.
 *
 * Context: packet path, BH disabled. Return: false if that must be found out.
 */
bool pn_flow_known(struct pn_net *pn, const struct pn_policy *policy,
		   const struct sk_buff *skb, const struct nf_hook_state *state,
		   struct pn_known *known);

/* @ct begins: another one may have been at its address, with the same ends. */
void pn_flow_begin(struct pn_net *pn, const struct nf_conn *ct);

/*
 * Its ends, as the rules see them, and its port; without zones. Return: the client's
 * port.
 */
u16 pn_flow_ends(struct pn_tuple *t, const struct nf_conn *ct);

/* The address of a flow's client. */
struct pn_key pn_flow_client(const struct nf_conn *ct, bool *v6);

/**
 * pn_flow_invalid - why conntrack has no flow for a TCP segment
 *
 * Return: PN_TCP_NO_FLOW; PN_ONE_WAY if a client acknowledges an answer that
 * never came by here; PN_CT_INVALID if the flow exists and the segment is wrong.
 */
enum pn_reason pn_flow_invalid(struct net *net, const struct pn_packet *p);

/*
 * Deletes the entries that @policy denies whatever way they take, and the offloaded
 * ones that it denies by their routes. Context: process.
 */
void pn_flow_purge(struct net *net, const struct pn_policy *policy);

/* Deletes all that are offloaded. Context: process. */
void pn_flow_purge_offloaded(struct net *net);

/*
 * Has @policy anything to say of a flow? By the routes: it passes a zone at either end,
 * or the policy guards this router, to which it leads. Context: RCU read side.
 */
bool pn_flow_is_governed(struct net *net, const struct pn_policy *policy,
			 const struct nf_conn *ct);

struct pn_memo __percpu *pn_memo_alloc(void);

#endif /* PN_FLOW_H */
