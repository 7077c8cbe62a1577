/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Connections under a limit: who is half open, who is open.
 *
 * A table of fixed size, of sets like that of the sources. A connection is entered
 * when its opening SYN passes. From then on:
 *
 *	HALF	leaves with its conntrack entry, whichever of them goes first
 *	OPEN	leaves with its conntrack entry, or when the server has said that it is
 *		done, or gives way to others: its source then has one more than is counted
 *
 * So who completed no handshake that was charged has either an entry here, or no
 * conntrack entry, which is what a connection passes by. In a full set the oldest that
 * is half open gives way, or the oldest.
 *
 * An entry is found by the address of the conntrack entry and a keyed hash of its
 * tuple, as the memory of a conntrack entry is used again. A reference is held from the
 * second packet on only: who has one to an entry that is not confirmed yet keeps
 * NFQUEUE from handing out its SYN (nf_ct_drop_unconfirmed()). Before that, the
 * address is compared and never followed.
 */
#ifndef PN_CONN_H
#define PN_CONN_H

#include <linux/siphash.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct nf_conn;

#define PN_CONN_WAYS	8

enum pn_conn_state {
	PN_CONN_NONE,			/* not in the table */
	PN_CONN_HALF,			/* the client has not completed the handshake */
	PN_CONN_OPEN,
};

/**
 * struct pn_conn - one connection
 * @ct: NULL: free
 * @id: hash of its tuple
 * @since: tick at which it came into its state
 * @asked: tick at which an opening SYN of it was last let through
 * @first: sequence number of what the client says first, if it is @silent
 * @limit: number of its limit, see limiter.h
 * @state: enum pn_conn_state
 * @counted: as open, at these levels, bits of enum pn_level
 * @held: a reference to @ct
 * @proven: its client had to come again, and did
 * @observed: its limit observes: @ct must not be harmed
 * @silent: it is open, its client has said nothing, and it counts as that: silent.h
 */
struct pn_conn {
	struct nf_conn *ct;
	u32 id;
	u32 since;
	u32 asked;
	u32 first;
	u8 limit;
	u8 state;
	u8 counted;
	bool held:1;
	bool proven:1;
	bool observed:1;
	bool silent:1;
};

struct pn_conn_set {
	spinlock_t lock;		/* of @way */
	struct pn_conn way[PN_CONN_WAYS];
};

struct pn_conns {
	siphash_key_t secret;		/* of @id */
	u32 bits;			/* log2 of the number of sets */
	struct pn_conn_set set[];
};

/* Room for at least @nr. Return: the table, or NULL. Context: process. */
struct pn_conns *pn_conns_alloc(u32 nr, bool confined);

/* Context: nobody uses it any more, and every entry was taken out. */
void pn_conns_free(struct pn_conns *conns);

size_t pn_conns_size(const struct pn_conns *conns);

/**
 * pn_conn_put - enter a connection, or change the state it is in
 * @conns: table
 * @new: what is known of it; @id and @held are filled in
 * @gone: set to what it was before, @ct NULL if it was not there
 * @pushed: set to what gave way to it, @ct NULL if nothing; the caller has its
 *	reference, if it held one
 *
 * Context: BH disabled. Return: @id.
 */
u32 pn_conn_put(struct pn_conns *conns, const struct pn_conn *new,
		struct pn_conn *gone, struct pn_conn *pushed);

/* Return: what is known of @ct, which is confirmed. Context: BH disabled. */
struct pn_conn pn_conn_get(struct pn_conns *conns, struct nf_conn *ct);

/*
 * Takes @ct out. Return: what was known of it; the caller has its reference, if it
 * held one. Context: BH disabled.
 */
struct pn_conn pn_conn_take(struct pn_conns *conns, const struct nf_conn *ct);

/*
 * May another opening SYN of @ct pass at @tick, @ticks after the last one that did? It
 * is noted. Context: BH disabled.
 */
bool pn_conn_ask(struct pn_conns *conns, const struct nf_conn *ct, u32 tick,
		 u32 ticks);

/*
 * Is it in the table, under @limit, and silent? @ct: where it was, and never followed: it
 * may be gone; @id: of that which is meant. Context: BH disabled.
 */
bool pn_conn_is_silent(struct pn_conns *conns, const struct nf_conn *ct, u32 id,
		       u8 limit);

/*
 * The same, and it does not count as silent any more. Return: what was known of it, its
 * @ct NULL if it was not; the caller has a reference of his own.
 */
struct pn_conn pn_conn_hear(struct pn_conns *conns, const struct nf_conn *ct,
			    u32 id, u8 limit);

/*
 * Takes out of all sets what @over says (NULL: all), and has @gone (or nobody) look at
 * it; the reference goes after that. Context: process. Return: whether any is left.
 */
bool pn_conn_sweep(struct pn_conns *conns,
		   bool (*over)(const struct pn_conn *c, void *data),
		   void (*gone)(const struct pn_conn *c, void *data), void *data);

#endif /* PN_CONN_H */
