// SPDX-License-Identifier: GPL-2.0
/*
 * Going through all doors: to close some, to name their servers anew, to show them.
 */
#include <linux/rculist.h>
#include <linux/sched.h>

#include "door.h"
#include "house.h"

/*
 * A party under the lock at a time, so that no packet waits for all of them. What
 * appears meanwhile is of the policy in force.
 */
static void walk(struct pn_doors *doors, struct pn_parties *parties,
		 void (*visit)(struct pn_doors *doors, struct pn_party *party,
			       void *data),
		 void *data)
{
	struct pn_party *party;
	unsigned long id = 0;

	do {
		spin_lock_bh(&doors->lock);
		party = xa_find(&parties->all, &id, ULONG_MAX, XA_PRESENT);
		if (party) {
			visit(doors, party, data);
			pn_party_put(parties, party);
		}
		spin_unlock_bh(&doors->lock);
		id++;
		cond_resched();
	} while (party);
}

/* ---- closed */

struct review {
	bool (*stays)(const struct pn_host *client, const struct pn_door *door,
		      void *data);
	void *data;
	enum postern_closed why;
	u32 nr;				/* that @stays refused */
};

static bool is_refused(const struct review *r, const struct pn_party *party,
		       const struct pn_one_door *d)
{
	struct pn_door key = pn_door_key(d);

	return r->stays &&
	       !r->stays(party == d->server ? NULL : &party->key, &key, r->data);
}

static void review_party(struct pn_doors *doors, struct pn_party *party,
			 void *data)
{
	struct review *r = data;
	struct pn_one_door *d;
	struct hlist_node *next;

	hlist_for_each_entry_safe(d, next, &party->doors, node) {
		if (pn_door_is_over(d)) {
			pn_door_close(doors, party, d, POSTERN_CLOSED_IDLE);
		} else if (is_refused(r, party, d)) {
			pn_door_close(doors, party, d, r->why);
			r->nr++;
		}
	}
}

u32 pn_pinhole_review(struct pn_net *pn,
		      bool (*stays)(const struct pn_host *client,
				    const struct pn_door *door, void *data),
		      void *data, enum postern_closed why)
{
	struct review r = { .stays = stays, .data = data, .why = why };
	struct pn_doors *doors = pn_doors(pn);

	if (!doors)
		return 0;
	walk(doors, &doors->clients, review_party, &r);
	walk(doors, &doors->servers, review_party, &r);
	return r.nr;
}

/* ---- named anew */

struct naming {
	bool (*renamed)(struct pn_host *server, const void *data);
	const void *data;
	bool done;			/* the new names are in force */
	bool any;			/* a server has another one */
};

static void look_for_names(struct pn_doors *doors, struct pn_party *server,
			   void *data)
{
	struct pn_host name = server->key;
	struct naming *n = data;

	n->any |= n->renamed(&name, n->data);
}

/* Return: @server by its new name; NULL if that is its old one, or there is no room. */
static struct pn_party *by_new_name(struct pn_doors *doors,
				    const struct naming *n,
				    const struct pn_party *server)
{
	struct pn_host name = server->key;
	struct pn_party *now;

	if (!n->renamed(&name, n->data))
		return NULL;
	now = pn_party_get(&doors->servers, &name);
	if (!now)
		pn_count(doors->pn->stats, PN_COUNT_PINHOLES_FULL);
	return now;
}

/* @d once more, as one of @party to @server. */
static void copy_door(struct pn_doors *doors, struct pn_party *party,
		      struct pn_party *server, const struct pn_one_door *d)
{
	struct pn_door key = pn_door_key(d);
	struct pn_one_door *copy;

	copy = pn_door_add(doors, party, server, &key, 0);
	if (!copy) {
		pn_count(doors->pn->stats, PN_COUNT_PINHOLES_FULL);
		return;
	}
	WRITE_ONCE(copy->idle, READ_ONCE(d->idle));
	WRITE_ONCE(copy->used, READ_ONCE(d->used));
	WRITE_ONCE(copy->expires, READ_ONCE(d->expires));
}

static void rename_pinholes(struct pn_doors *doors, struct pn_party *client,
			    void *data)
{
	const struct naming *n = data;
	struct hlist_node *next;
	struct pn_one_door *d;

	hlist_for_each_entry_safe(d, next, &client->doors, node) {
		struct pn_party *now = by_new_name(doors, n, d->server);
		struct pn_door key = pn_door_key(d);

		if (!now)
			continue;
		if (!n->done && !pn_door_find(client, now, &key))
			copy_door(doors, client, now, d);
		else if (n->done && pn_door_find(client, now, &key))
			pn_door_del(doors, client, d);
		else if (n->done)
			pn_door_move(doors, client, d, now);
		pn_party_put(&doors->servers, now);
	}
}

static void rename_endpoints(struct pn_doors *doors, struct pn_party *server,
			     void *data)
{
	const struct naming *n = data;
	struct pn_party *now = by_new_name(doors, n, server);
	struct hlist_node *next;
	struct pn_one_door *d;

	if (!now)
		return;
	hlist_for_each_entry_safe(d, next, &server->doors, node) {
		struct pn_door key = pn_door_key(d);

		if (now->nr < PN_ENDPOINTS_MAX && !pn_door_find(now, now, &key))
			copy_door(doors, now, now, d);
		if (n->done)
			pn_door_del(doors, server, d);
	}
	pn_party_put(&doors->servers, now);
}

void pn_pinhole_rename(struct pn_net *pn,
		       bool (*renamed)(struct pn_host *server, const void *data),
		       const void *data, bool done)
{
	struct naming n = { .renamed = renamed, .data = data, .done = done };
	struct pn_doors *doors = pn_doors(pn);

	if (!doors)
		return;
	/* servers are few, and clients many */
	walk(doors, &doors->servers, look_for_names, &n);
	if (!n.any)
		return;
	walk(doors, &doors->clients, rename_pinholes, &n);
	walk(doors, &doors->servers, rename_endpoints, &n);
}

/* ---- shown */

/* House work looks after connections every few seconds, or a little later. */
static bool in_use(const struct pn_one_door *d)
{
	unsigned long used = READ_ONCE(d->used);

	return used && time_before(jiffies, used + 3 * PN_HOUSE_SECONDS * HZ);
}

/* Return: false if there was no room for it. */
static bool show_door(const struct pn_party *party,
		      const struct pn_one_door *d, pn_door_fn show, void *data)
{
	unsigned long now = jiffies, expires = READ_ONCE(d->expires);
	struct pn_door_seen seen = {
		.client = party == d->server ? NULL : &party->key,
		.door = pn_door_key(d),
		.in_use = in_use(d),
	};

	if (time_after(now, expires))
		return true;
	seen.left_ms = jiffies_to_msecs(expires - now);
	return show(&seen, data);
}

static u32 changed(const struct pn_party *party)
{
	/* pairs with note_change() of door.c */
	return smp_load_acquire(&party->changed);
}

/* From the one @at says. Return: whether all were shown. */
static bool show_party(const struct pn_party *party, struct pn_door_place *at,
		       pn_door_fn show, void *data)
{
	const struct pn_one_door *d;
	u32 i = 0;

	at->changed = changed(party);
	hlist_for_each_entry_rcu(d, &party->doors, node) {
		if (i++ < at->index)
			continue;
		if (!show_door(party, d, show, data))
			return false;
		at->index++;
	}
	at->index = 0;
	return true;
}

/* Is the list in which a piece ended another one now? Then it is begun anew. */
static void check_place(struct pn_door_place *at,
			const struct pn_party *party, unsigned long id)
{
	if (!at->index ||
	    (party && id == at->id && changed(party) == at->changed))
		return;
	at->disturbed = true;
	at->index = 0;
}

void pn_door_walk(struct pn_net *pn, bool endpoints, struct pn_door_place *at,
		  pn_door_fn show, void *data)
{
	struct pn_doors *doors = pn_doors(pn);
	const struct pn_party *party;
	unsigned long id = at->id;
	struct xarray *all;
	bool room = true;

	if (!doors)
		at->end = true;
	if (at->end)
		return;
	all = endpoints ? &doors->servers.all : &doors->clients.all;
	do {
		rcu_read_lock();
		party = xa_find(all, &id, ULONG_MAX, XA_PRESENT);
		check_place(at, party, id);
		at->id = id;
		if (party)
			room = show_party(party, at, show, data);
		rcu_read_unlock();
		id++;
		cond_resched();
	} while (party && room);
	at->end = !party;
}
