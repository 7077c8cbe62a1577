// SPDX-License-Identifier: GPL-2.0
/*
 * Doors, and whose they are: see door.h.
 */
#include <linux/module.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>

#include "door.h"
#include "events.h"

static unsigned int max_pinholes = 524288;
module_param(max_pinholes, uint, 0644);
MODULE_PARM_DESC(max_pinholes, "RPC pinholes that a network namespace may have, of them seven eighths one server; a sixteenth in those of unprivileged user namespaces (524288)");

static const struct rhashtable_params params = {
	.head_offset = offsetof(struct pn_party, node),
	.key_offset = offsetof(struct pn_party, key),
	.key_len = sizeof(struct pn_host),
	.automatic_shrinking = true,
};

/* ---- all of a namespace */

static int init_parties(struct pn_parties *parties, u32 max)
{
	parties->limit = XA_LIMIT(0, max - 1);
	xa_init_flags(&parties->all, XA_FLAGS_ALLOC);
	return rhashtable_init(&parties->table, &params);
}

static void exit_parties(struct pn_parties *parties)
{
	struct pn_party *party;
	struct hlist_node *next;
	struct pn_one_door *d;
	unsigned long id;

	rhashtable_destroy(&parties->table);
	xa_for_each(&parties->all, id, party) {
		hlist_for_each_entry_safe(d, next, &party->doors, node)
			kfree(d);
		kfree(party);
	}
	xa_destroy(&parties->all);
}

int pn_pinhole_init(struct pn_net *pn)
{
	struct pn_doors *doors;
	int err;

	lockdep_assert_held(&pn->mutex);
	if (pn->doors)
		return 0;
	doors = kzalloc(sizeof(*doors), GFP_KERNEL_ACCOUNT);
	if (!doors)
		return -ENOMEM;
	spin_lock_init(&doors->lock);
	doors->pn = pn;
	doors->share = pn->net->user_ns == &init_user_ns ? 1 : 16;
	err = init_parties(&doors->clients, U32_MAX);
	if (err)
		goto err_free;
	err = init_parties(&doors->servers, PN_SERVERS_MAX);
	if (err)
		goto err_clients;
	/* see pn_doors() */
	smp_store_release(&pn->doors, doors);
	return 0;

err_clients:
	exit_parties(&doors->clients);
err_free:
	kfree(doors);
	return err;
}

void pn_pinhole_exit(struct pn_net *pn)
{
	struct pn_doors *doors = pn->doors;

	if (!doors)
		return;
	/* the hooks are gone, and who was in them */
	pn->doors = NULL;
	exit_parties(&doors->clients);
	exit_parties(&doors->servers);
	kfree(doors);
}

u32 pn_door_most(const struct pn_doors *doors)
{
	return READ_ONCE(max_pinholes) / doors->share;
}

void pn_pinhole_numbers(const struct pn_net *pn, u32 *pinholes, u32 *endpoints)
{
	const struct pn_doors *doors = pn_doors(pn);

	*pinholes = doors ? READ_ONCE(doors->nr) : 0;
	*endpoints = doors ? READ_ONCE(doors->nr_endpoints) : 0;
}

/* ---- parties */

struct pn_party *pn_party_find(struct pn_parties *parties,
			       const struct pn_host *key)
{
	return rhashtable_lookup(&parties->table, key, params);
}

struct pn_party *pn_party_get(struct pn_parties *parties,
			      const struct pn_host *key)
{
	struct pn_party *party;

	party = rhashtable_lookup_fast(&parties->table, key, params);
	if (party)
		return party;
	party = kzalloc(sizeof(*party), GFP_ATOMIC | __GFP_NOWARN);
	if (!party)
		return NULL;
	party->key = *key;
	if (xa_alloc(&parties->all, &party->id, party, parties->limit,
		     GFP_ATOMIC | __GFP_NOWARN))
		goto err_free;
	if (rhashtable_insert_fast(&parties->table, &party->node, params))
		goto err_id;
	return party;

err_id:
	xa_erase(&parties->all, party->id);
err_free:
	/* who goes through all may have seen it */
	kfree_rcu(party, rcu);
	return NULL;
}

void pn_party_put(struct pn_parties *parties, struct pn_party *party)
{
	if (party->nr || party->nr_pinholes)
		return;
	rhashtable_remove_fast(&parties->table, &party->node, params);
	xa_erase(&parties->all, party->id);
	kfree_rcu(party, rcu);
}

/* ---- doors */

struct pn_one_door *pn_door_find(const struct pn_party *party,
				 const struct pn_party *server,
				 const struct pn_door *key)
{
	struct pn_one_door *d;

	hlist_for_each_entry_rcu(d, &party->doors, node, true)
		if (READ_ONCE(d->server) == server && d->port == key->port &&
		    d->major == key->major && pn_uuid_same(&d->uuid, &key->uuid))
			return d;
	return NULL;
}

void pn_door_tell(const struct pn_doors *doors, enum postern_event event,
		  const struct pn_party *client,
		  const struct pn_one_door *d, u32 value)
{
	struct pn_door key = pn_door_key(d);

	pn_event_pinhole(doors->pn, event, &client->key, &key, value);
}

static void note_change(struct pn_doors *doors, struct pn_party *party)
{
	/* pairs with changed(): who sees the number sees the change */
	smp_store_release(&party->changed, ++doors->changes);
}

struct pn_one_door *pn_door_add(struct pn_doors *doors, struct pn_party *party,
				struct pn_party *server,
				const struct pn_door *key, u32 ms)
{
	struct pn_one_door *d = kzalloc(sizeof(*d), GFP_ATOMIC | __GFP_NOWARN);

	lockdep_assert_held(&doors->lock);
	if (!d)
		return NULL;
	d->server = server;
	d->port = key->port;
	d->major = key->major;
	d->uuid = key->uuid;
	d->idle = msecs_to_jiffies(ms);
	d->expires = jiffies + d->idle;
	party->nr++;
	hlist_add_head_rcu(&d->node, &party->doors);
	note_change(doors, party);
	if (party == server) {
		WRITE_ONCE(doors->nr_endpoints, doors->nr_endpoints + 1);
	} else {
		server->nr_pinholes++;
		WRITE_ONCE(doors->nr, doors->nr + 1);
	}
	return d;
}

void pn_door_del(struct pn_doors *doors, struct pn_party *party,
		 struct pn_one_door *d)
{
	lockdep_assert_held(&doors->lock);
	hlist_del_rcu(&d->node);
	note_change(doors, party);
	party->nr--;
	if (party == d->server) {
		WRITE_ONCE(doors->nr_endpoints, doors->nr_endpoints - 1);
	} else {
		d->server->nr_pinholes--;
		WRITE_ONCE(doors->nr, doors->nr - 1);
	}
	kfree_rcu(d, rcu);
}

void pn_door_close(struct pn_doors *doors, struct pn_party *party,
		   struct pn_one_door *d, enum postern_closed why)
{
	if (party != d->server)
		pn_door_tell(doors, POSTERN_EVENT_PINHOLE_CLOSE, party, d, why);
	pn_door_del(doors, party, d);
}

void pn_door_move(struct pn_doors *doors, struct pn_party *client,
		  struct pn_one_door *d, struct pn_party *server)
{
	lockdep_assert_held(&doors->lock);
	d->server->nr_pinholes--;
	server->nr_pinholes++;
	/* with all that was written to it when it was made */
	smp_store_release(&d->server, server);
	note_change(doors, client);
}
