/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The connections that are inspected.
 *
 * The state of a connection is made when the server's SYN+ACK passes, whose numbers
 * are those with which both directions begin: a flood of SYNs makes none. It holds a
 * reference to the conntrack entry, by whose address it is found, so that the
 * address means nothing else while the state is there; house work lets it go when
 * conntrack has given the entry up.
 *
 * Bounds: module parameter max_inspected per namespace, beyond which no more begin
 * (flows-full); of these a quarter for connections whose client has not yet answered
 * the server, beyond which the oldest gives way (rpc-evicted).
 */
#ifndef PN_INSPECTED_H
#define PN_INSPECTED_H

#include <linux/list.h>
#include <linux/rhashtable-types.h>
#include <linux/spinlock.h>

#include "basis.h"
#include "epm.h"
#include "mail.h"
#include "stream.h"

struct nf_conn;
struct pn_net;
struct pn_packet;
struct tcphdr;

#define PN_BOUND_MAX	8		/* interfaces of one data connection */
#define PN_REWRITES_MAX	4		/* replaced questions not acknowledged */

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
 * @opening: see inspected.c
 * @cut: why it was refused, or PN_OK
 * @gone: it is not in the table any more
 * @synced: a direction's numbers are known
 * @unsynced: bytes of a resumed direction before that
 * @base: sequence number of the first byte that was fed, by direction
 * @left: likewise, under the lock of the table
 * @generation: of the policy that allowed it
 * @zoned: of the policy that numbered the zones in @t
 * @rule: of that policy
 * @bound: what it is bound to, @nr_bound of them; @bound_more: and to others, that were
 *	only observed
 * @pn: namespace, @policy, @p, @segment and @fresh: of the packet at hand
 * @fresh: sequence number from which its bytes were never forwarded
 *
 * All under @lock but what identifies it; @cut and @generation READ_ONCE without it.
 */
struct pn_flow {
	struct rhash_head node;
	struct nf_conn *ct;
	struct list_head opening;
	spinlock_t lock;		/* of all that changes, see above */
	u8 basis;
	u8 cut;
	bool gone;
	bool left;
	bool observe;
	bool synced[2];
	u32 unsynced[2];
	u32 base[2];
	u32 generation;
	u32 zoned;
	u32 rule;
	unsigned long reset_due;	/* jiffies */
	struct pn_tuple t;
	struct pn_stream stream[2];
	struct pn_bound bound[PN_BOUND_MAX];
	u8 nr_bound;
	bool bound_more;
	struct pn_rewrite rewrites[PN_REWRITES_MAX];

	struct pn_net *pn;
	const struct pn_policy *policy;
	struct pn_packet *p;
	const struct pn_segment *segment;
	u32 fresh;
	struct rcu_head rcu;
	union {
		struct pn_rpc rpc;
		struct pn_epm epm;	/* begins with its rpc */
		struct pn_mail mail;
	};
};

int pn_inspected_init(struct pn_net *pn);
void pn_inspected_exit(struct pn_net *pn);

/* Context: RCU read side. */
struct pn_flow *pn_inspected_find(const struct pn_net *pn,
				  const struct nf_conn *ct);

/* Is @ct inspected? If so, conntrack's purge leaves it to its next packet. */
bool pn_inspected_has(const struct pn_net *pn, const struct nf_conn *ct);

/**
 * pn_inspected_add - a connection begins, or is resumed
 * @pn: namespace
 * @policy: in force
 * @ct: its conntrack entry
 * @t: client to server
 * @basis: why it may be
 * @rule: that allows it
 * @opening: the server's SYN+ACK, or NULL where the connection is resumed
 *
 * Context: packet path, BH disabled, RCU read side.
 * Return: it, or NULL if there is no room or no memory.
 */
struct pn_flow *pn_inspected_add(struct pn_net *pn,
				 const struct pn_policy *policy,
				 struct nf_conn *ct, const struct pn_tuple *t,
				 enum pn_basis basis, u32 rule,
				 const struct tcphdr *opening);

void pn_inspected_open(struct pn_flow *f);

/* The client has answered the server's SYN+ACK. Context: BH disabled. */
static inline void pn_inspected_opened(struct pn_flow *f)
{
	if (unlikely(!list_empty_careful(&f->opening)))
		pn_inspected_open(f);
}

/* Nothing of it may be refused, nor cut, by the policy of the packet at hand. */
static inline bool pn_inspected_observes(const struct pn_flow *f)
{
	return f->policy->flags & POSTERN_POLICY_OBSERVE;
}

/* Its client is told that it is refused, or will be. Context: lock held. */
static inline bool pn_inspected_is_refused(const struct pn_flow *f)
{
	return f->basis == PN_BASIS_SMTP && f->mail.state != PN_MAIL_OPEN;
}

/* It is not read any more: if it is to be again, it is resumed. Context: BH disabled. */
void pn_inspected_leave(struct pn_flow *f);

/* One more, which @opens or is resumed. */
void pn_inspected_count(const struct pn_flow *f, bool opens);

/* It is read as what @basis says, from the beginning. Context: lock held. */
void pn_inspected_set_up(struct pn_flow *f, enum pn_basis basis);

/* Its direction @way begins at @seq. Context: lock held. */
void pn_inspected_begin(struct pn_flow *f, enum pn_rpc_way way, u32 seq);

/* The pinholes that it came through are used. Context: RCU read side. */
void pn_inspected_touch(const struct pn_policy *policy,
			const struct pn_flow *f);

/*
 * Lets go of connections that are not read any more: those that plain rules of
 * @policy allow, or all if it is NULL. They are resumed, if they are to be read again.
 * Context: process, @policy in force, which replaced @old.
 */
void pn_inspected_review(struct pn_net *pn, const struct pn_policy *old,
			 const struct pn_policy *policy);

/*
 * Lets go of what is over, keeps pinholes that are used. Context: process.
 * Return: whether any is left.
 */
bool pn_inspected_house(struct pn_net *pn);

/* How many there are. */
u32 pn_inspected_number(const struct pn_net *pn);

#endif /* PN_INSPECTED_H */
