// SPDX-License-Identifier: GPL-2.0
/*
 * Pinholes and endpoints as packets meet them: see pinhole.h.
 */
#include <linux/rculist.h>

#include "door.h"
#include "house.h"

/*
 * The one that ends first: of a client's, the one that was idle for longest, and of
 * those that end at once the oldest, which stands last.
 */
static struct pn_one_door *first_to_end(const struct pn_party *party)
{
	struct pn_one_door *d, *first = NULL;

	hlist_for_each_entry(d, &party->doors, node)
		if (!first || time_before_eq(READ_ONCE(d->expires),
					     READ_ONCE(first->expires)))
			first = d;
	return first;
}

/* Which of @client's gives way to another one; NULL: it has room. */
static struct pn_one_door *gives_way(const struct pn_party *client, u32 per_client)
{
	return client->nr >= per_client ? first_to_end(client) : NULL;
}

/*
 * May there be one more of @server, for a client that gives up @instead (or NULL)? No
 * server takes all: its clients may be the enemy's.
 */
static bool has_share(const struct pn_doors *doors, const struct pn_party *server,
		      const struct pn_one_door *instead)
{
	u32 most = pn_door_most(doors);

	return server->nr_pinholes < most - most / 8 ||
	       (instead && instead->server == server);
}

/* What becomes of it, as a counter. */
static enum pn_counter open_for(struct pn_doors *doors, struct pn_party *client,
				struct pn_party *server,
				const struct pn_door *key, u32 idle_ms,
				u32 per_client)
{
	struct pn_one_door *d = pn_door_find(client, server, key);

	if (d && !pn_door_is_over(d)) {
		WRITE_ONCE(d->idle, msecs_to_jiffies(idle_ms));
		WRITE_ONCE(d->expires, jiffies + d->idle);
		return PN_COUNT_PINHOLES_OPENED;
	}
	if (d)
		pn_door_close(doors, client, d, POSTERN_CLOSED_IDLE);
	d = gives_way(client, per_client);
	if (!d && doors->nr >= pn_door_most(doors))
		return PN_COUNT_PINHOLES_FULL;
	if (!has_share(doors, server, d))
		return PN_COUNT_PINHOLES_SERVER_FULL;
	for (; d; d = gives_way(client, per_client)) {
		pn_door_close(doors, client, d, POSTERN_CLOSED_EVICTED);
		pn_count(doors->pn->stats, PN_COUNT_PINHOLES_EVICTED);
	}
	d = pn_door_add(doors, client, server, key, idle_ms);
	if (!d)
		return PN_COUNT_PINHOLES_FULL;
	pn_door_tell(doors, POSTERN_EVENT_PINHOLE_OPEN, client, d, idle_ms);
	return PN_COUNT_PINHOLES_OPENED;
}

static enum pn_counter open_locked(struct pn_doors *doors,
				   const struct pn_host *client,
				   const struct pn_door *key, u32 idle_ms,
				   u32 per_client)
{
	struct pn_party *s = pn_party_get(&doors->servers, &key->server);
	struct pn_party *c = s ? pn_party_get(&doors->clients, client) : NULL;
	enum pn_counter became = PN_COUNT_PINHOLES_FULL;

	if (c)
		became = open_for(doors, c, s, key, idle_ms, per_client);
	if (c)
		pn_party_put(&doors->clients, c);
	if (s)
		pn_party_put(&doors->servers, s);
	return became;
}

void pn_pinhole_open(struct pn_net *pn, const struct pn_host *client,
		     const struct pn_door *door, u32 idle_ms, u32 per_client)
{
	struct pn_doors *doors = pn_doors(pn);
	enum pn_counter became;

	if (!doors)
		return;
	spin_lock(&doors->lock);
	became = open_locked(doors, client, door, idle_ms, per_client);
	spin_unlock(&doors->lock);
	pn_count(pn->stats, became);
}

static bool learn_for(struct pn_doors *doors, struct pn_party *server,
		      const struct pn_door *key, u32 ms)
{
	struct pn_one_door *d = pn_door_find(server, server, key);

	if (d) {
		WRITE_ONCE(d->expires, jiffies + msecs_to_jiffies(ms));
		return true;
	}
	if (server->nr >= PN_ENDPOINTS_MAX) {
		pn_door_del(doors, server, first_to_end(server));
		pn_count(doors->pn->stats, PN_COUNT_ENDPOINTS_EVICTED);
	}
	return pn_door_add(doors, server, server, key, ms);
}

bool pn_endpoint_learn(struct pn_net *pn, const struct pn_door *door,
		       u32 remember_ms)
{
	struct pn_doors *doors = pn_doors(pn);
	struct pn_party *server;
	bool known = false;

	if (!doors)
		return false;
	spin_lock(&doors->lock);
	server = pn_party_get(&doors->servers, &door->server);
	if (server) {
		known = learn_for(doors, server, door, remember_ms);
		pn_party_put(&doors->servers, server);
	}
	spin_unlock(&doors->lock);
	pn_count(pn->stats, known ? PN_COUNT_ENDPOINTS_LEARNED :
				    PN_COUNT_ENDPOINTS_FULL);
	return known;
}

/*
 * Where pinholes of @client to @server are, or where its endpoints are, and as what
 * doors name it. Context: RCU read side.
 */
static const struct pn_party *doors_to(const struct pn_net *pn,
				       const struct pn_host *client,
				       const struct pn_host *server,
				       struct pn_party **s)
{
	struct pn_doors *doors = pn_doors(pn);

	*s = doors ? pn_party_find(&doors->servers, server) : NULL;
	return *s && client ? pn_party_find(&doors->clients, client) : *s;
}

static bool is_open(struct pn_net *pn, const struct pn_host *client,
		    const struct pn_door *door)
{
	const struct pn_party *party;
	const struct pn_one_door *d;
	struct pn_party *s;

	party = doors_to(pn, client, &door->server, &s);
	d = party ? pn_door_find(party, s, door) : NULL;
	return d && !pn_door_is_over(d);
}

bool pn_pinhole_is_open(struct pn_net *pn, const struct pn_host *client,
			const struct pn_door *door)
{
	return is_open(pn, client, door);
}

bool pn_endpoint_is_known(struct pn_net *pn, const struct pn_door *door)
{
	return is_open(pn, NULL, door);
}

bool pn_pinhole_any(struct pn_net *pn, const struct pn_host *client,
		    const struct pn_host *server, u16 port,
		    bool (*fits)(const struct pn_uuid *uuid, u16 major,
				 void *data),
		    void *data)
{
	const struct pn_party *party;
	const struct pn_one_door *d;
	struct pn_party *s;

	party = doors_to(pn, client, server, &s);
	if (!party)
		return false;
	hlist_for_each_entry_rcu(d, &party->doors, node)
		if (READ_ONCE(d->server) == s && d->port == port && !pn_door_is_over(d) &&
		    fits(&d->uuid, d->major, data))
			return true;
	return false;
}

static void use(const struct pn_doors *doors, const struct pn_party *client,
		struct pn_one_door *d)
{
	unsigned long now = jiffies ?: 1;

	WRITE_ONCE(d->expires, now + READ_ONCE(d->idle));
	if (!xchg(&d->used, now))
		pn_door_tell(doors, POSTERN_EVENT_PINHOLE_USE, client, d, 0);
}

/* Housekeeping comes several times meanwhile. */
#define ENDPOINT_KEPT	(60 * HZ)

static void keep(struct pn_one_door *d)
{
	unsigned long expires = READ_ONCE(d->expires), until = jiffies + ENDPOINT_KEPT;

	/* not in the place of what an answer has just taught */
	if (time_before(expires, until))
		cmpxchg(&d->expires, expires, until);
}

void pn_pinhole_touch(struct pn_net *pn, const struct pn_host *client,
		      const struct pn_host *server, u16 port)
{
	const struct pn_party *party;
	struct pn_party *s;
	struct pn_one_door *d;

	rcu_read_lock();
	party = doors_to(pn, client, server, &s);
	if (!party)
		goto out;
	hlist_for_each_entry_rcu(d, &party->doors, node) {
		if (READ_ONCE(d->server) != s || d->port != port ||
		    pn_door_is_over(d))
			continue;
		if (client)
			use(pn_doors(pn), party, d);
		else
			keep(d);
	}
out:
	rcu_read_unlock();
}
