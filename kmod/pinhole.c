// SPDX-License-Identifier: GPL-2.0
/*
 * Pinholes and learned endpoints: see pinhole.h.
 */
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/rculist.h>
#include <linux/rhashtable.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/user_namespace.h>

#include "net.h"
#include "pinhole.h"

static unsigned int max_pinholes = 524288;
module_param(max_pinholes, uint, 0644);
MODULE_PARM_DESC(max_pinholes, "RPC pinholes that a network namespace may have; a sixteenth in those of unprivileged user namespaces (524288)");

/* What pinholes and endpoints point to; goes when none does. */
struct server {
	struct rhash_head node;
	struct pn_host key;
	struct hlist_head endpoints;
	u32 nr_pinholes;		/* under lock */
	u32 nr_endpoints;
	struct rcu_head rcu;
};

struct client {
	struct rhash_head node;
	struct pn_host key;
	struct hlist_head pinholes;
	u32 nr;				/* under lock */
	struct rcu_head rcu;
};

/* Of a client or, as an endpoint, of a server. */
struct door {
	struct hlist_node node;
	const struct server *server;
	unsigned long expires;		/* jiffies; READ_ONCE */
	u32 idle;			/* jiffies */
	u16 port;
	u16 major;
	struct pn_uuid uuid;
	struct rcu_head rcu;
};

struct pn_pinholes {
	spinlock_t lock;		/* whoever writes */
	struct rhashtable clients;
	struct rhashtable servers;
	u32 nr;
	u32 max;
};

/* What pn_pinhole_init() has made, all of it; NULL: no RPC policy came yet. */
static struct pn_pinholes *tables_of(const struct pn_net *pn)
{
	/* pairs with pn_pinhole_init() */
	return smp_load_acquire(&pn->pinholes);
}

static const struct rhashtable_params client_params = {
	.head_offset = offsetof(struct client, node),
	.key_offset = offsetof(struct client, key),
	.key_len = sizeof(struct pn_host),
	.automatic_shrinking = true,
};

static const struct rhashtable_params server_params = {
	.head_offset = offsetof(struct server, node),
	.key_offset = offsetof(struct server, key),
	.key_len = sizeof(struct pn_host),
	.automatic_shrinking = true,
	.max_size = PN_SERVERS_MAX,
};

int pn_pinhole_init(struct pn_net *pn)
{
	struct pn_pinholes *p;
	int err;

	lockdep_assert_held(&pn->mutex);
	if (pn->pinholes)
		return 0;
	p = kzalloc(sizeof(*p), GFP_KERNEL_ACCOUNT);
	if (!p)
		return -ENOMEM;
	spin_lock_init(&p->lock);
	p->max = READ_ONCE(max_pinholes);
	if (pn->net->user_ns != &init_user_ns)
		p->max /= 16;
	err = rhashtable_init(&p->clients, &client_params);
	if (err)
		goto err_free;
	err = rhashtable_init(&p->servers, &server_params);
	if (err)
		goto err_clients;
	/* see tables_of() */
	smp_store_release(&pn->pinholes, p);
	return 0;

err_clients:
	rhashtable_destroy(&p->clients);
err_free:
	kfree(p);
	return err;
}

static void free_doors(struct hlist_head *head)
{
	struct hlist_node *next;
	struct door *d;

	hlist_for_each_entry_safe(d, next, head, node)
		kfree(d);
}

static void free_client(void *object, void *unused)
{
	struct client *c = object;

	free_doors(&c->pinholes);
	kfree(c);
}

static void free_server(void *object, void *unused)
{
	struct server *s = object;

	free_doors(&s->endpoints);
	kfree(s);
}

void pn_pinhole_exit(struct pn_net *pn)
{
	struct pn_pinholes *p = pn->pinholes;

	if (!p)
		return;
	/* the hooks are gone, and who was in them */
	pn->pinholes = NULL;
	rhashtable_free_and_destroy(&p->clients, free_client, NULL);
	rhashtable_free_and_destroy(&p->servers, free_server, NULL);
	kfree(p);
}

static bool over(const struct door *d)
{
	return time_after(jiffies, READ_ONCE(d->expires));
}

static bool is_for(const struct door *d, const struct pn_uuid *uuid, u16 major)
{
	return d->major == major && pn_uuid_same(&d->uuid, uuid);
}

static struct door *find_door(const struct hlist_head *head,
			      const struct server *server,
			      const struct pn_door *key)
{
	struct door *d;

	hlist_for_each_entry_rcu(d, head, node, true)
		if (d->server == server && d->port == key->port &&
		    is_for(d, &key->uuid, key->major))
			return d;
	return NULL;
}

/* Finds or makes. Context: lock held. */
static struct server *get_server(struct pn_pinholes *p, const struct pn_host *key)
{
	struct server *s;

	s = rhashtable_lookup_fast(&p->servers, key, server_params);
	if (s)
		return s;
	s = kzalloc(sizeof(*s), GFP_ATOMIC | __GFP_NOWARN);
	if (!s)
		return NULL;
	s->key = *key;
	if (rhashtable_insert_fast(&p->servers, &s->node, server_params)) {
		kfree(s);
		return NULL;
	}
	return s;
}

static struct client *get_client(struct pn_pinholes *p, const struct pn_host *key)
{
	struct client *c;

	c = rhashtable_lookup_fast(&p->clients, key, client_params);
	if (c)
		return c;
	c = kzalloc(sizeof(*c), GFP_ATOMIC | __GFP_NOWARN);
	if (!c)
		return NULL;
	c->key = *key;
	if (rhashtable_insert_fast(&p->clients, &c->node, client_params)) {
		kfree(c);
		return NULL;
	}
	return c;
}

/* Context: lock held. */
static void close_pinhole(struct pn_pinholes *p, struct client *c, struct door *d)
{
	struct server *s = (struct server *)d->server;

	hlist_del_rcu(&d->node);
	c->nr--;
	p->nr--;
	s->nr_pinholes--;
	kfree_rcu(d, rcu);
}

static void forget_endpoint(struct server *s, struct door *d)
{
	hlist_del_rcu(&d->node);
	s->nr_endpoints--;
	kfree_rcu(d, rcu);
}

/* The one that ends first: of a client's, the one that was idle for longest. */
static struct door *first_to_end(const struct hlist_head *head)
{
	struct door *d, *first = NULL;

	hlist_for_each_entry(d, head, node)
		if (!first || time_before(READ_ONCE(d->expires),
					  READ_ONCE(first->expires)))
			first = d;
	return first;
}

static struct door *make_door(const struct server *server,
			      const struct pn_door *key, u32 ms)
{
	struct door *d = kzalloc(sizeof(*d), GFP_ATOMIC | __GFP_NOWARN);

	if (!d)
		return NULL;
	d->server = server;
	d->port = key->port;
	d->major = key->major;
	d->uuid = key->uuid;
	d->idle = msecs_to_jiffies(ms);
	d->expires = jiffies + d->idle;
	return d;
}

static bool open_locked(struct pn_net *pn, struct pn_pinholes *p,
			const struct pn_host *client, const struct pn_door *key,
			u32 idle_ms, u32 per_client)
{
	struct server *s = get_server(p, &key->server);
	struct client *c;
	struct door *d;

	c = s ? get_client(p, client) : NULL;
	if (!c)
		return false;
	d = find_door(&c->pinholes, s, key);
	if (d) {
		WRITE_ONCE(d->idle, msecs_to_jiffies(idle_ms));
		WRITE_ONCE(d->expires, jiffies + d->idle);
		return true;
	}
	if (c->nr < per_client && p->nr >= p->max)
		return false;
	while (c->nr >= per_client) {
		close_pinhole(p, c, first_to_end(&c->pinholes));
		pn_count(pn->stats, PN_COUNT_PINHOLES_EVICTED);
	}
	d = make_door(s, key, idle_ms);
	if (!d)
		return false;
	c->nr++;
	p->nr++;
	s->nr_pinholes++;
	hlist_add_head_rcu(&d->node, &c->pinholes);
	return true;
}

bool pn_pinhole_open(struct pn_net *pn, const struct pn_host *client,
		     const struct pn_door *door, u32 idle_ms, u32 per_client)
{
	struct pn_pinholes *p = tables_of(pn);
	bool open;

	if (!p)
		return false;
	spin_lock(&p->lock);
	open = open_locked(pn, p, client, door, idle_ms, per_client);
	spin_unlock(&p->lock);
	pn_count(pn->stats, open ? PN_COUNT_PINHOLES_OPENED :
				   PN_COUNT_PINHOLES_FULL);
	return open;
}

static bool learn_locked(struct pn_pinholes *p, const struct pn_door *key, u32 ms)
{
	struct server *s = get_server(p, &key->server);
	struct door *d;

	if (!s)
		return false;
	d = find_door(&s->endpoints, s, key);
	if (d) {
		WRITE_ONCE(d->expires, jiffies + msecs_to_jiffies(ms));
		return true;
	}
	if (s->nr_endpoints >= PN_ENDPOINTS_MAX)
		forget_endpoint(s, first_to_end(&s->endpoints));
	d = make_door(s, key, ms);
	if (!d)
		return false;
	s->nr_endpoints++;
	hlist_add_head_rcu(&d->node, &s->endpoints);
	return true;
}

void pn_endpoint_learn(struct pn_net *pn, const struct pn_door *door,
		       u32 remember_ms)
{
	struct pn_pinholes *p = tables_of(pn);
	bool known = false;

	if (!p)
		return;
	spin_lock(&p->lock);
	known = learn_locked(p, door, remember_ms);
	spin_unlock(&p->lock);
	if (known)
		pn_count(pn->stats, PN_COUNT_ENDPOINTS_LEARNED);
}

/* The list where doors of @client, or endpoints, are. Context: RCU read side. */
static const struct hlist_head *doors_of(struct pn_pinholes *p,
					 const struct pn_host *client,
					 struct server *server)
{
	struct client *c;

	if (!client)
		return &server->endpoints;
	c = rhashtable_lookup(&p->clients, client, client_params);
	return c ? &c->pinholes : NULL;
}

static bool is_open(struct pn_net *pn, const struct pn_host *client,
		    const struct pn_door *door)
{
	struct pn_pinholes *p = tables_of(pn);
	const struct hlist_head *head;
	struct server *s;
	struct door *d;

	s = p ? rhashtable_lookup(&p->servers, &door->server, server_params) :
		NULL;
	head = s ? doors_of(p, client, s) : NULL;
	d = head ? find_door(head, s, door) : NULL;
	return d && !over(d);
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
	struct pn_pinholes *p = tables_of(pn);
	const struct hlist_head *head;
	struct server *s;
	struct door *d;

	s = p ? rhashtable_lookup(&p->servers, server, server_params) : NULL;
	head = s ? doors_of(p, client, s) : NULL;
	if (!head)
		return false;
	hlist_for_each_entry_rcu(d, head, node)
		if (d->server == s && d->port == port && !over(d) &&
		    fits(&d->uuid, d->major, data))
			return true;
	return false;
}

void pn_pinhole_touch(struct pn_net *pn, const struct pn_host *client,
		      const struct pn_host *server, u16 port)
{
	struct pn_pinholes *p = tables_of(pn);
	const struct hlist_head *head;
	struct server *s;
	struct door *d;

	if (!p)
		return;
	rcu_read_lock();
	s = rhashtable_lookup(&p->servers, server, server_params);
	head = s ? doors_of(p, client, s) : NULL;
	if (head)
		hlist_for_each_entry_rcu(d, head, node)
			if (d->server == s && d->port == port && !over(d))
				WRITE_ONCE(d->expires,
					   jiffies + READ_ONCE(d->idle));
	rcu_read_unlock();
}

struct review {
	struct pn_pinholes *p;
	bool (*stays)(const struct pn_host *client, const struct pn_door *door,
		      void *data);
	void *data;
};

static bool stays(const struct review *r, const struct pn_host *client,
		  const struct door *d)
{
	struct pn_door key = {
		.server = d->server->key,
		.uuid = d->uuid,
		.major = d->major,
		.port = d->port,
	};

	return !over(d) && (!r->stays || r->stays(client, &key, r->data));
}

static void review_client(const struct review *r, struct client *c)
{
	struct hlist_node *next;
	struct door *d;

	hlist_for_each_entry_safe(d, next, &c->pinholes, node)
		if (!stays(r, &c->key, d))
			close_pinhole(r->p, c, d);
	if (!c->nr &&
	    !rhashtable_remove_fast(&r->p->clients, &c->node, client_params))
		kfree_rcu(c, rcu);
}

static void review_server(const struct review *r, struct server *s)
{
	struct hlist_node *next;
	struct door *d;

	hlist_for_each_entry_safe(d, next, &s->endpoints, node)
		if (!stays(r, NULL, d))
			forget_endpoint(s, d);
	if (!s->nr_endpoints && !s->nr_pinholes &&
	    !rhashtable_remove_fast(&r->p->servers, &s->node, server_params))
		kfree_rcu(s, rcu);
}

/*
 * Walks one table, an object under the lock at a time, so that no packet waits
 * for the walk. What appears meanwhile is of the policy in force.
 */
static void walk(const struct review *r, struct rhashtable *table, bool clients)
{
	struct rhashtable_iter iter;
	void *object;

	rhashtable_walk_enter(table, &iter);
	rhashtable_walk_start(&iter);
	while ((object = rhashtable_walk_next(&iter))) {
		/* the table was resized: some come twice */
		if (IS_ERR(object))
			continue;
		spin_lock_bh(&r->p->lock);
		if (clients)
			review_client(r, object);
		else
			review_server(r, object);
		spin_unlock_bh(&r->p->lock);
		if (need_resched()) {
			rhashtable_walk_stop(&iter);
			cond_resched();
			rhashtable_walk_start(&iter);
		}
	}
	rhashtable_walk_stop(&iter);
	rhashtable_walk_exit(&iter);
}

void pn_pinhole_review(struct pn_net *pn,
		       bool (*stays_or_not)(const struct pn_host *client,
					    const struct pn_door *door,
					    void *data),
		       void *data)
{
	struct review r = {
		.p = tables_of(pn),
		.stays = stays_or_not,
		.data = data,
	};

	if (!r.p)
		return;
	walk(&r, &r.p->clients, true);
	walk(&r, &r.p->servers, false);
}
