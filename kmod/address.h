/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Addresses to classes: which of the policy's host sets is this address in?
 *
 * THEORY OF OPERATION. The ranges of all sets cut the address space into
 * intervals in which every address is in the same sets: its class. The
 * boundaries are kept sorted, with the class that begins at each:
 *
 *	hosts a { 10.0.0.0/8 }  hosts b { 10.1.0.0-10.1.0.9 }
 *
 *	boundary   0.0.0.0  10.0.0.0  10.1.0.0  10.1.0.10  11.0.0.0
 *	class      {}       {a}       {a,b}     {a}        {}
 *
 * A look-up must find the last boundary that is not above the address. On top
 * of the sorted array lies a tree of direct-mapped nodes. A node covers a run of
 * boundaries. It takes of the address what is above its shift, less that of its
 * first boundary, so that it has about as many slots as boundaries, and random
 * ones fall about one to a slot:
 *
 *	node { first = 1, last = 4, shift = 16, base = 0x0a00, size = 0x101 }
 *	slot 0 (10.0): start at 0    slot 1 (10.1): start at 1    slot 2: at 3
 *
 * A slot says at which boundary to start a scan of at most PN_ADDRESS_SCAN
 * steps, or, where more boundaries fall into it, names a child node. Clustered
 * addresses thus cost another node; after PN_ADDRESS_DEPTH nodes the rest is
 * found by bisection, so that no policy makes a look-up longer than
 * PN_ADDRESS_DEPTH nodes and log2(boundaries) steps.
 *
 * Memory per boundary: 8 bytes (IPv4) or 20 (IPv6), and 4 to 8 for slots. A
 * prefix has two boundaries, unless it touches its neighbour.
 */
#ifndef PN_ADDRESS_H
#define PN_ADDRESS_H

#include <linux/types.h>

#define PN_ADDRESS_SCAN		4
#define PN_ADDRESS_DEPTH	8

struct pn_range4 {
	u32 lo, hi;			/* host order, inclusive */
};

/**
 * struct pn_key - an address as a number; IPv4 has it in @hi, and @lo 0
 */
struct pn_key {
	u64 hi, lo;
};

static inline bool pn_key_below(struct pn_key a, struct pn_key b)
{
	return a.hi < b.hi || (a.hi == b.hi && a.lo < b.lo);
}

static inline bool pn_key_same(struct pn_key a, struct pn_key b)
{
	return a.hi == b.hi && a.lo == b.lo;
}

/* 16 bytes in network order; IPv4 as ::ffff:a.b.c.d. */
static inline void pn_key_to_bytes(bool v6, struct pn_key k, u8 *to)
{
	int i;

	if (!v6) {
		k.lo = 0xffff00000000ULL | k.hi;
		k.hi = 0;
	}
	for (i = 0; i < 8; i++) {
		to[i] = k.hi >> (56 - 8 * i);
		to[8 + i] = k.lo >> (56 - 8 * i);
	}
}

/* Of 4 or 16 bytes in network order. */
static inline struct pn_key pn_key_from_bytes(bool v6, const u8 *from)
{
	struct pn_key k = { };
	int i;

	for (i = 0; i < (v6 ? 8 : 4); i++)
		k.hi = k.hi << 8 | from[i];
	for (; v6 && i < 16; i++)
		k.lo = k.lo << 8 | from[i];
	return k;
}

struct pn_range6 {
	struct pn_key lo, hi;		/* inclusive */
};

/**
 * struct pn_address_node - a run of boundaries, by some of their bits
 * @first: its boundaries; in the root all but boundary 0, which no address is below
 * @last: inclusive
 * @slot: where its slots begin
 * @size: how many it has; 0: bisect
 * @base: bits of @first, which slot 0 stands for
 * @shift: bits below those that it looks at
 * @low: they are of key.lo; all its boundaries have the same key.hi
 */
struct pn_address_node {
	u32 first, last;
	u32 slot;
	u32 size;
	u64 base;
	u8 shift;
	u8 low;
};

/**
 * struct pn_addresses - the intervals of one family
 * @key4: boundaries, if IPv4
 * @key6: boundaries, if IPv6
 * @class: class that begins at each boundary
 * @nr: boundaries, ascending from 0
 * @cap: for how many there is room
 */
struct pn_addresses {
	u32 *class;
	u32 *key4;
	struct pn_key *key6;
	const struct pn_address_node *nodes;
	const u32 *slots;
	u32 nr, cap, nr_nodes, nr_slots;
};

u32 pn_address_class4(const struct pn_addresses *a, u32 addr);
u32 pn_address_class6(const struct pn_addresses *a, struct pn_key addr);

struct pn_policy;

/*
 * Construction: room for @cap boundaries; boundaries one by one, the first is 0;
 * the nodes over them. Return: 0 or -ENOMEM.
 */
int pn_address_alloc(struct pn_policy *policy, struct pn_addresses *a, bool v6,
		     u32 cap);
void pn_address_add(struct pn_addresses *a, struct pn_key key, u32 class);
int pn_address_build(struct pn_policy *policy, struct pn_addresses *a);
void pn_address_free(struct pn_policy *policy, struct pn_addresses *a);

#endif /* PN_ADDRESS_H */
