/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Silent connections: the handshake is complete, and the server has got nothing from the
 * client yet. A server has a process for each, or a place in a list, until it loses
 * patience, which takes minutes; so a few hundred of them are an attack that no rate sees.
 *
 * A limit lets so many be silent at a time (`silent`). With one more the one that has
 * been silent for the longest time ends, whereby who is trusted more is taken for younger
 * than he is: who had to come again to be let in, and did, and more so whose source spoke
 * before. That is held against its source; or, if that spoke before, costs it its good
 * name first, and only if the server did not let it wait.
 *
 * They stand in queues of fixed size, in the order in which they came, for each trust one.
 * Who speaks or ends stays in the queue, and is passed over: an entry means something only
 * as long as the table of connections says so. Little more than PN_SILENT_MAX are silent,
 * so that most entries of a full queue are of no use any more, and are taken out: less
 * than two for each that is put in.
 *
 * Only a completed handshake takes the lock.
 */
#ifndef PN_SILENT_H
#define PN_SILENT_H

#include <linux/spinlock.h>
#include <linux/types.h>

#include "limit.h"

struct nf_conn;
struct pn_conns;

#define PN_SILENT_ROOM	4096

enum pn_trust {
	PN_TRUST_NONE,
	PN_TRUST_PROVEN,
	PN_TRUST_KNOWN,
	PN_TRUSTS,
};

enum pn_silent_end {
	PN_SILENT_CLIENT,
	PN_SILENT_SERVER,
	PN_SILENT_ENDS,
};

/**
 * struct pn_silent - one of them; and how to tell both ends that it is over
 * @ct: where its conntrack entry was; it may be gone
 * @id: of its entry in the table of connections
 * @l3: index of the VRF of either end, or 0
 * @trust: enum pn_trust
 * @since: tick
 * @said: what the server's next sequence number was
 * @mark: of its client's packets
 */
struct pn_silent {
	const struct nf_conn *ct;
	u32 id;
	u32 since;
	u32 said;
	u32 mark;
	int l3[PN_SILENT_ENDS];
	u8 trust;
};

struct pn_silents {
	spinlock_t lock;		/* of the rest */
	u32 first, nr;
	struct pn_silent at[PN_SILENT_ROOM];
};

void pn_silents_init(struct pn_silents *q);

/*
 * Puts @s, of limit @limit, at the end. Context: BH disabled. Return: whether there was
 * room; there is, if no more than PN_SILENT_MAX are silent.
 */
bool pn_silents_add(struct pn_silents *q, struct pn_conns *conns, u8 limit,
		    const struct pn_silent *s);

/*
 * Of @queues, for each trust one, the one that gives way. It stays where it is. Context:
 * BH disabled. Return: whether there is one.
 */
bool pn_silents_choose(struct pn_silents queues[PN_TRUSTS], struct pn_conns *conns,
		       u8 limit, struct pn_silent *s);

#endif /* PN_SILENT_H */
