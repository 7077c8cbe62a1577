/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Connections that are inspected: the endpoint mapper's, and those of RPC.
 *
 * The state of a connection is made when the server's SYN+ACK passes, whose numbers
 * are those with which both directions begin: a flood of SYNs makes none. It holds a
 * reference to the conntrack entry, by whose address it is found, so that the
 * address means nothing else while the state is there; house work lets it go when
 * conntrack has given the entry up.
 *
 * A connection that is refused is cut: both ends get a reset, so that both know at
 * once, and nothing of it passes any more.
 */
#ifndef PN_INSPECT_H
#define PN_INSPECT_H

#include <linux/rhashtable-types.h>
#include <linux/spinlock.h>

#include "basis.h"
#include "epm.h"
#include "packet.h"
#include "stream.h"

struct nf_conn;
struct pn_net;

#define PN_BOUND_MAX	8		/* interfaces of one data connection */
#define PN_REWRITES_MAX	4		/* replaced questions not acknowledged */
#define PN_RESUME_MAX	65536		/* bytes until a resumed direction is found */

/* A question for an interface was replaced: in the stream, 16 bytes from @seq. */
struct pn_rewrite {
	u32 seq;
	bool used;
};

struct pn_bound {
	struct pn_uuid uuid;
	u16 major;
};

/**
 * struct pn_flow - one inspected connection
 * @t: client to server, zones as it travels
 * @basis: why it may be
 * @cut: why it was refused, or PN_OK
 * @synced: a direction's numbers are known
 * @unsynced: bytes of a resumed direction before that
 * @base: sequence number of the first byte that was fed, by direction
 * @generation: of the policy that allowed it
 * @rule: of that policy
 * @pn: namespace, @policy, @p, @segment and @fresh: of the packet at hand
 * @fresh: sequence number from which its bytes were never forwarded
 *
 * All under @lock but what identifies it.
 */
struct pn_flow {
	struct rhash_head node;
	struct nf_conn *ct;
	spinlock_t lock;		/* of all that changes, see above */
	u8 basis;
	u8 cut;
	bool observe;
	bool synced[2];
	u32 unsynced[2];
	u32 base[2];
	u32 generation;
	u32 rule;
	unsigned long reset_due;	/* jiffies */
	struct pn_tuple t;
	struct pn_stream stream[2];
	struct pn_bound bound[PN_BOUND_MAX];
	u8 nr_bound;
	struct pn_rewrite rewrites[PN_REWRITES_MAX];

	struct pn_net *pn;
	const struct pn_policy *policy;
	const struct pn_packet *p;
	const struct pn_segment *segment;
	u32 fresh;
	struct rcu_head rcu;
	union {
		struct pn_rpc rpc;
		struct pn_epm epm;	/* begins with its rpc */
	};
};

/**
 * struct pn_cut - what is to be done about a connection that is refused
 * @seq: what the receiver of the packet at hand waits for
 * @now: by this packet
 */
struct pn_cut {
	u32 seq;
	bool now;
};

/**
 * pn_inspect_packet - a TCP packet of a flow that conntrack has confirmed
 * @pn: namespace
 * @policy: in force
 * @p: the packet, may be changed
 * @ct: its conntrack entry
 * @ctinfo: tells the direction
 * @t: the flow as the rules see it
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
		       enum ip_conntrack_info ctinfo, const struct pn_tuple *t,
		       bool allowed, struct pn_cut *cut, u32 *rule,
		       enum pn_reason *reason);

/* A SYN that opens a connection on @basis. Return: PN_OK or why not. */
enum pn_reason pn_inspect_open(const struct pn_packet *p);

/* Is @ct inspected? If so, conntrack's purge leaves it to its next packet. */
bool pn_inspect_knows(struct pn_net *pn, const struct nf_conn *ct);

/*
 * Lets go what is over, keeps pinholes that are used. Context: process.
 * Return: whether any connection or pinhole is left.
 */
bool pn_inspect_house(struct pn_net *pn);

/*
 * Lets go of connections that are not read any more: those that plain rules of
 * @policy allow, or all if it is NULL. They are resumed, if they are to be read again.
 * Context: process, @policy in force.
 */
void pn_inspect_review(struct pn_net *pn, const struct pn_policy *policy);
/* How many connections are inspected. */
u32 pn_inspect_number(const struct pn_net *pn);

int pn_inspect_init(struct pn_net *pn);
void pn_inspect_exit(struct pn_net *pn);

/* What the parsers tell: mapper.c. */
extern const struct pn_epm_ops pn_mapper_ops;
extern const struct pn_rpc_ops pn_held_ops;

#endif /* PN_INSPECT_H */
