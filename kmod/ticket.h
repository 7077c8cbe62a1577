/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tickets: by which rule the packets of a flow on the fast path pass, remembered per CPU
 * in a small direct-mapped table, so that most are forwarded with one look into
 * nf_flow_table, its own.
 *
 * A ticket is found by all that identifies a flow there, and holds for one policy. What
 * else the rule depends on, where DNAT leads and by which interface the flow leaves, is
 * told when the flow is offered, and does not change while it is in the table: so an offer
 * makes the tickets of the flow before it worthless, by the number of their group. It does
 * so while neither is in the table.
 */
#ifndef PN_TICKET_H
#define PN_TICKET_H

#include <linux/bits.h>
#include <linux/cache.h>
#include <linux/in6.h>
#include <linux/percpu.h>
#include <linux/string.h>
#include <linux/types.h>

#define PN_TICKET_BITS		8		/* per CPU, 64 bytes each */
#define PN_TICKET_GROUP_BITS	10

/**
 * struct pn_ticket_key - what identifies a flow, and the direction of its packets
 * @addr: source and destination; of IPv4 both in the first word
 * @port: likewise; @ports: both
 * @iif: index of the interface where they come in
 */
struct pn_ticket_key {
	u64 addr[4];
	union {
		__be16 port[2];
		u32 ports;
	};
	int iif;
	u8 proto;
	bool v6;
};

/**
 * struct pn_ticket - of one direction of one flow
 * @generation: of the policy; 0: no ticket
 * @group: what the number of its group was
 * @rule: that allows it
 */
struct pn_ticket {
	struct pn_ticket_key key;
	u32 generation;
	u32 group;
	u32 rule;
};

/**
 * struct pn_tickets - of one namespace
 * @secret: odd, so that nobody can choose flows that take each other's place
 * @group: grows with each offer
 */
struct pn_tickets {
	u64 secret[4];
	struct pn_ticket_book __percpu *book;
	u32 group[BIT(PN_TICKET_GROUP_BITS)];
};

struct pn_ticket_book {
	struct pn_ticket ticket[BIT(PN_TICKET_BITS)];
} ____cacheline_aligned;

/* As they lie in the header. */
static inline void pn_ticket_addr4(struct pn_ticket_key *key, __be32 src,
				   __be32 dst)
{
	__be32 both[2] = { src, dst };

	memcpy(key->addr, both, sizeof(both));
}

static inline void pn_ticket_addr6(struct pn_ticket_key *key,
				   const struct in6_addr *src,
				   const struct in6_addr *dst)
{
	memcpy(key->addr, src, sizeof(*src));
	memcpy(key->addr + 2, dst, sizeof(*dst));
}

static inline u64 pn_ticket_hash(const struct pn_tickets *t,
				 const struct pn_ticket_key *key)
{
	u64 x = key->addr[0];

	if (key->v6)
		x = (x ^ x >> 32) * t->secret[1] +
		    (key->addr[1] ^ key->addr[1] >> 32) * t->secret[2] +
		    (key->addr[2] ^ key->addr[2] >> 32) * t->secret[3] +
		    key->addr[3];
	x = (x ^ x >> 32) * t->secret[0];
	x ^= (u64)key->ports << 32 | (u32)key->iif;
	return (x ^ x >> 32) * t->secret[0];
}

/* Where the ticket of a hash is, or would be. Context: BH disabled. */
static inline struct pn_ticket *pn_ticket_at(const struct pn_tickets *t, u64 hash)
{
	return &this_cpu_ptr(t->book)->ticket[hash >> (64 - PN_TICKET_BITS)];
}

/* The number of its group, to be read before anything is looked up. */
static inline u32 pn_ticket_group(const struct pn_tickets *t, u64 hash)
{
	u64 top = hash << PN_TICKET_BITS;

	/* pairs with pn_ticket_void() */
	return smp_load_acquire(&t->group[top >> (64 - PN_TICKET_GROUP_BITS)]);
}

static inline bool pn_ticket_is_of(const struct pn_ticket *ticket,
				   const struct pn_ticket_key *key)
{
	const u64 *a = ticket->key.addr, *b = key->addr;

	return a[0] == b[0] && ticket->key.ports == key->ports &&
	       ticket->key.iif == key->iif && ticket->key.proto == key->proto &&
	       ticket->key.v6 == key->v6 &&
	       (!key->v6 || (a[1] == b[1] && a[2] == b[2] && a[3] == b[3]));
}

/* No ticket of @key that was written before holds any more. */
static inline void pn_ticket_void(struct pn_tickets *t,
				  const struct pn_ticket_key *key)
{
	u64 top = pn_ticket_hash(t, key) << PN_TICKET_BITS;
	u32 *group = &t->group[top >> (64 - PN_TICKET_GROUP_BITS)];

	/* two at once are as good as one; pairs with pn_ticket_group() */
	smp_store_release(group, READ_ONCE(*group) + 1);
}

/* Return: 0 or -ENOMEM. */
int pn_tickets_init(struct pn_tickets *t);
void pn_tickets_free(struct pn_tickets *t);

#endif /* PN_TICKET_H */
