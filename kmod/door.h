/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Doors: pinholes and endpoints, and whose they are. For those who open, use, close and
 * show them (pinhole.c, door_walk.c), and nobody else.
 *
 * A client has the list of its pinholes, a server that of its endpoints; both are PARTIES.
 * A party has a number as well as an address, so that who goes through all of them keeps
 * a number between two parties and no place in a hash table, which may be resized or lose
 * its last object meanwhile.
 *
 * Reading is under RCU, writing under the lock.
 */
#ifndef PN_DOOR_H
#define PN_DOOR_H

#include <linux/jiffies.h>
#include <linux/rhashtable.h>
#include <linux/spinlock.h>
#include <linux/xarray.h>
#include <uapi/linux/postern.h>

#include "net.h"
#include "pinhole.h"

/**
 * struct pn_party - a client or server, and its doors
 * @node: by @key
 * @doors: its pinholes, or its endpoints
 * @id: its number among clients, or among servers; the lowest that was free
 * @nr: how many @doors there are; under lock
 * @nr_pinholes: of a server: how many pinholes of whichever client name it; under lock
 * @changed: number of the last change to @doors, see struct pn_doors; smp_load_acquire
 */
struct pn_party {
	struct rhash_head node;
	struct pn_host key;
	struct hlist_head doors;
	u32 id;
	u32 nr;
	u32 nr_pinholes;
	u32 changed;
	struct rcu_head rcu;
};

/**
 * struct pn_one_door - a pinhole or endpoint
 * @server: whose port it is, and whose endpoint, if it is one; READ_ONCE
 * @expires: jiffies; READ_ONCE
 * @used: when a connection was seen last, in jiffies; 0: never; READ_ONCE
 * @idle: jiffies; READ_ONCE
 */
struct pn_one_door {
	struct hlist_node node;
	struct pn_party *server;
	unsigned long expires;
	unsigned long used;
	u32 idle;
	u16 port;
	u16 major;
	struct pn_uuid uuid;
	struct rcu_head rcu;
};

/**
 * struct pn_parties - clients, or servers
 * @table: by address
 * @all: by number
 * @limit: of numbers
 */
struct pn_parties {
	struct rhashtable table;
	struct xarray all;
	struct xa_limit limit;
};

/**
 * struct pn_doors - all of a namespace
 * @lock: whoever writes
 * @nr: pinholes; READ_ONCE
 * @nr_endpoints: READ_ONCE
 * @share: of max_pinholes, one part in so many
 * @changes: counts what is done to lists. A list that has the number of its last
 *	change is told from every other, and from itself before it.
 */
struct pn_doors {
	spinlock_t lock;		/* see above */
	struct pn_parties clients;
	struct pn_parties servers;
	struct pn_net *pn;
	u32 nr;
	u32 nr_endpoints;
	u32 share;
	u32 changes;
};

/* What pn_pinhole_init() has made, all of it; NULL: no RPC policy came yet. */
static inline struct pn_doors *pn_doors(const struct pn_net *pn)
{
	/* pairs with pn_pinhole_init() */
	return smp_load_acquire(&pn->doors);
}

static inline bool pn_door_is_over(const struct pn_one_door *d)
{
	return time_after(jiffies, READ_ONCE(d->expires));
}

static inline struct pn_door pn_door_key(const struct pn_one_door *d)
{
	return (struct pn_door){
		.server = READ_ONCE(d->server)->key,
		.uuid = d->uuid,
		.major = d->major,
		.port = d->port,
	};
}

/* Return: how many pinholes there may be. */
u32 pn_door_most(const struct pn_doors *doors);

/* Return: the party, or NULL. Context: RCU read side, or lock held. */
struct pn_party *pn_party_find(struct pn_parties *parties,
			       const struct pn_host *key);

/* Finds or makes; NULL if there is no room for it. Context: lock held. */
struct pn_party *pn_party_get(struct pn_parties *parties,
			      const struct pn_host *key);

/* Lets go of @party if nothing points to it any more. Context: lock held. */
void pn_party_put(struct pn_parties *parties, struct pn_party *party);

/* Return: @party's door by that name, over or not. Context: RCU read side, or lock. */
struct pn_one_door *pn_door_find(const struct pn_party *party,
				 const struct pn_party *server,
				 const struct pn_door *key);

/*
 * Of @party, which is a client; or, if it is @server, an endpoint. Nobody is told.
 * Return: NULL if there is no memory. Context: lock held.
 */
struct pn_one_door *pn_door_add(struct pn_doors *doors, struct pn_party *party,
				struct pn_party *server,
				const struct pn_door *key, u32 ms);
void pn_door_del(struct pn_doors *doors, struct pn_party *party,
		 struct pn_one_door *d);

/* The same, and listeners are told @why, if it is a pinhole. */
void pn_door_close(struct pn_doors *doors, struct pn_party *party,
		   struct pn_one_door *d, enum postern_closed why);

/* A pinhole of @client is one to @server now. */
void pn_door_move(struct pn_doors *doors, struct pn_party *client,
		  struct pn_one_door *d, struct pn_party *server);

/* Tells listeners of a pinhole. */
void pn_door_tell(const struct pn_doors *doors, enum postern_event event,
		  const struct pn_party *client,
		  const struct pn_one_door *d, u32 value);

#endif /* PN_DOOR_H */
