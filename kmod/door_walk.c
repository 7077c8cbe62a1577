// SPDX-License-Identifier: GPL-2.0
/*
 * Going through all doors, to close some or to show them.
 */
#include <linux/rculist.h>
#include <linux/sched.h>

#include "door.h"
#include "house.h"

/* ---- closed */

struct review {
	struct pn_doors *doors;
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

static void review_party(struct review *r, struct pn_party *party)
{
	struct pn_one_door *d;
	struct hlist_node *next;

	hlist_for_each_entry_safe(d, next, &party->doors, node) {
		if (pn_door_is_over(d)) {
			pn_door_del(r->doors, party, d, POSTERN_CLOSED_IDLE);
		} else if (is_refused(r, party, d)) {
			pn_door_del(r->doors, party, d, r->why);
			r->nr++;
		}
	}
}

/*
 * A party under the lock at a time, so that no packet waits for all of them. What
 * appears meanwhile is of the policy in force.
 */
static void review_parties(struct review *r, struct pn_parties *parties)
{
	struct pn_party *party;
	unsigned long id = 0;

	do {
		spin_lock_bh(&r->doors->lock);
		party = xa_find(&parties->all, &id, ULONG_MAX, XA_PRESENT);
		if (party) {
			review_party(r, party);
			pn_party_put(parties, party);
		}
		spin_unlock_bh(&r->doors->lock);
		id++;
		cond_resched();
	} while (party);
}

u32 pn_pinhole_review(struct pn_net *pn,
		      bool (*stays)(const struct pn_host *client,
				    const struct pn_door *door, void *data),
		      void *data, enum postern_closed why)
{
	struct review r = {
		.doors = pn_doors(pn),
		.stays = stays,
		.data = data,
		.why = why,
	};

	if (!r.doors)
		return 0;
	review_parties(&r, &r.doors->clients);
	review_parties(&r, &r.doors->servers);
	return r.nr;
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

/* From the one @at says. Return: whether all were shown. */
static bool show_party(const struct pn_party *party, struct pn_door_place *at,
		       pn_door_fn show, void *data)
{
	const struct pn_one_door *d;
	u32 i = 0;

	at->changed = READ_ONCE(party->changed);
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
	    (party && id == at->id && READ_ONCE(party->changed) == at->changed))
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
