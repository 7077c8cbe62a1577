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

#include "events.h"
#include "house.h"
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
	u32 changed;			/* READ_ONCE, see struct pn_pinholes */
	struct rcu_head rcu;
};

struct client {
	struct rhash_head node;
	struct pn_host key;
	struct hlist_head pinholes;
	u32 nr;				/* under lock */
	u32 changed;			/* READ_ONCE */
	struct rcu_head rcu;
};

/* Of a client or, as an endpoint, of a server. */
struct door {
	struct hlist_node node;
	const struct server *server;
	unsigned long expires;		/* jiffies; READ_ONCE */
	unsigned long used;		/* a connection was seen; 0: never */
	u32 idle;			/* jiffies */
	u16 port;
	u16 major;
	struct pn_uuid uuid;
	struct rcu_head rcu;
};

/*
 * @changes counts what is done to lists. A list that has the number of its last
 * change is told from every other, and from itself before it.
 */
struct pn_pinholes {
	spinlock_t lock;		/* whoever writes */
	struct rhashtable clients;
	struct rhashtable servers;
	struct pn_net *pn;
	u32 nr;				/* READ_ONCE */
	u32 nr_endpoints;		/* READ_ONCE */
	u32 max;
	u32 changes;
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
	p->pn = pn;
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

static struct pn_door key_of(const struct door *d)
{
	return (struct pn_door){
		.server = d->server->key,
		.uuid = d->uuid,
		.major = d->major,
		.port = d->port,
	};
}

static void tell(const struct pn_pinholes *p, enum postern_event event,
		 const struct client *c, const struct door *d, u32 value)
{
	struct pn_door key = key_of(d);

	pn_event_pinhole(p->pn, event, &c->key, &key, value);
}

/* Context: lock held. */
static void add_pinhole(struct pn_pinholes *p, struct client *c, struct door *d)
{
	struct server *s = (struct server *)d->server;

	c->nr++;
	s->nr_pinholes++;
	WRITE_ONCE(p->nr, p->nr + 1);
	WRITE_ONCE(c->changed, ++p->changes);
	hlist_add_head_rcu(&d->node, &c->pinholes);
	tell(p, POSTERN_EVENT_PINHOLE_OPEN, c, d, jiffies_to_msecs(d->idle));
}

static void close_pinhole(struct pn_pinholes *p, struct client *c,
			  struct door *d, enum postern_closed why)
{
	struct server *s = (struct server *)d->server;

	hlist_del_rcu(&d->node);
	WRITE_ONCE(c->changed, ++p->changes);
	WRITE_ONCE(p->nr, p->nr - 1);
	c->nr--;
	s->nr_pinholes--;
	tell(p, POSTERN_EVENT_PINHOLE_CLOSE, c, d, why);
	kfree_rcu(d, rcu);
}

static void add_endpoint(struct pn_pinholes *p, struct server *s, struct door *d)
{
	s->nr_endpoints++;
	WRITE_ONCE(p->nr_endpoints, p->nr_endpoints + 1);
	WRITE_ONCE(s->changed, ++p->changes);
	hlist_add_head_rcu(&d->node, &s->endpoints);
}

static void forget_endpoint(struct pn_pinholes *p, struct server *s,
			    struct door *d)
{
	hlist_del_rcu(&d->node);
	WRITE_ONCE(s->changed, ++p->changes);
	WRITE_ONCE(p->nr_endpoints, p->nr_endpoints - 1);
	s->nr_endpoints--;
	kfree_rcu(d, rcu);
}

/*
 * The one that ends first: of a client's, the one that was idle for longest, and of
 * those that end at once the oldest, which stands last.
 */
static struct door *first_to_end(const struct hlist_head *head)
{
	struct door *d, *first = NULL;

	hlist_for_each_entry(d, head, node)
		if (!first || time_before_eq(READ_ONCE(d->expires),
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
	if (d && !over(d)) {
		WRITE_ONCE(d->idle, msecs_to_jiffies(idle_ms));
		WRITE_ONCE(d->expires, jiffies + d->idle);
		return true;
	}
	if (d)
		close_pinhole(p, c, d, POSTERN_CLOSED_IDLE);
	if (c->nr < per_client && p->nr >= p->max)
		return false;
	while (c->nr >= per_client) {
		close_pinhole(p, c, first_to_end(&c->pinholes),
			      POSTERN_CLOSED_EVICTED);
		pn_count(pn->stats, PN_COUNT_PINHOLES_EVICTED);
	}
	d = make_door(s, key, idle_ms);
	if (!d)
		return false;
	add_pinhole(p, c, d);
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
		forget_endpoint(p, s, first_to_end(&s->endpoints));
	d = make_door(s, key, ms);
	if (!d)
		return false;
	add_endpoint(p, s, d);
	return true;
}

bool pn_endpoint_learn(struct pn_net *pn, const struct pn_door *door,
		       u32 remember_ms)
{
	struct pn_pinholes *p = tables_of(pn);
	bool known = false;

	if (!p)
		return false;
	spin_lock(&p->lock);
	known = learn_locked(p, door, remember_ms);
	spin_unlock(&p->lock);
	if (known)
		pn_count(pn->stats, PN_COUNT_ENDPOINTS_LEARNED);
	return known;
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

static void use(const struct pn_pinholes *p, const struct client *c,
		struct door *d)
{
	unsigned long now = jiffies ?: 1;

	WRITE_ONCE(d->expires, now + READ_ONCE(d->idle));
	if (!xchg(&d->used, now))
		tell(p, POSTERN_EVENT_PINHOLE_USE, c, d, 0);
}

/* House work looks after connections every few seconds, or a little later. */
static bool in_use(const struct door *d)
{
	unsigned long used = READ_ONCE(d->used);

	return used && time_before(jiffies, used + 3 * PN_HOUSE_SECONDS * HZ);
}

void pn_pinhole_touch(struct pn_net *pn, const struct pn_host *client,
		      const struct pn_host *server, u16 port)
{
	struct pn_pinholes *p = tables_of(pn);
	struct client *c;
	struct server *s;
	struct door *d;

	if (!p)
		return;
	rcu_read_lock();
	s = rhashtable_lookup(&p->servers, server, server_params);
	c = s ? rhashtable_lookup(&p->clients, client, client_params) : NULL;
	if (c)
		hlist_for_each_entry_rcu(d, &c->pinholes, node)
			if (d->server == s && d->port == port && !over(d))
				use(p, c, d);
	rcu_read_unlock();
}

struct review {
	struct pn_pinholes *p;
	bool (*stays)(const struct pn_host *client, const struct pn_door *door,
		      void *data);
	void *data;
	enum postern_closed why;
	u32 nr;				/* that @stays refused */
};

static bool is_refused(struct review *r, const struct pn_host *client,
		       const struct door *d)
{
	struct pn_door key = key_of(d);

	if (over(d) || !r->stays || r->stays(client, &key, r->data))
		return false;
	r->nr++;
	return true;
}

static void review_client(struct review *r, struct client *c)
{
	struct hlist_node *next;
	struct door *d;

	hlist_for_each_entry_safe(d, next, &c->pinholes, node)
		if (is_refused(r, &c->key, d))
			close_pinhole(r->p, c, d, r->why);
		else if (over(d))
			close_pinhole(r->p, c, d, POSTERN_CLOSED_IDLE);
	if (!c->nr &&
	    !rhashtable_remove_fast(&r->p->clients, &c->node, client_params))
		kfree_rcu(c, rcu);
}

static void review_server(struct review *r, struct server *s)
{
	struct hlist_node *next;
	struct door *d;

	hlist_for_each_entry_safe(d, next, &s->endpoints, node)
		if (is_refused(r, NULL, d) || over(d))
			forget_endpoint(r->p, s, d);
	if (!s->nr_endpoints && !s->nr_pinholes &&
	    !rhashtable_remove_fast(&r->p->servers, &s->node, server_params))
		kfree_rcu(s, rcu);
}

/*
 * Walks one table, an object under the lock at a time, so that no packet waits
 * for the walk. What appears meanwhile is of the policy in force.
 */
static void walk(struct review *r, struct rhashtable *table, bool clients)
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

u32 pn_pinhole_review(struct pn_net *pn,
		      bool (*stays)(const struct pn_host *client,
				    const struct pn_door *door, void *data),
		      void *data, enum postern_closed why)
{
	struct review r = {
		.p = tables_of(pn),
		.stays = stays,
		.data = data,
		.why = why,
	};

	if (!r.p)
		return 0;
	walk(&r, &r.p->clients, true);
	walk(&r, &r.p->servers, false);
	return r.nr;
}

void pn_pinhole_numbers(const struct pn_net *pn, u32 *pinholes, u32 *endpoints)
{
	const struct pn_pinholes *p = tables_of(pn);

	*pinholes = p ? READ_ONCE(p->nr) : 0;
	*endpoints = p ? READ_ONCE(p->nr_endpoints) : 0;
}

/* ---- as seen from outside */

struct view {
	struct rhashtable_iter iter;
	struct pn_door_place *at;
	bool endpoints;
	pn_door_fn show;
	void *data;
};

static u32 changed(const struct view *v, const void *object)
{
	return v->endpoints ? READ_ONCE(((struct server *)object)->changed) :
			      READ_ONCE(((struct client *)object)->changed);
}

static bool show_door(const struct view *v, const void *object,
		      const struct door *d)
{
	const struct client *c = object;
	unsigned long now = jiffies, expires = READ_ONCE(d->expires);
	struct pn_door_seen seen = {
		.client = v->endpoints ? NULL : &c->key,
		.door = key_of(d),
		.in_use = in_use(d),
	};

	if (time_after(now, expires))
		return true;
	seen.left_ms = jiffies_to_msecs(expires - now);
	return v->show(&seen, v->data);
}

/* The doors of one client or server. Return: whether all were shown. */
static bool show_list(const struct view *v, const void *object)
{
	const struct hlist_head *head = v->endpoints ?
		&((struct server *)object)->endpoints :
		&((struct client *)object)->pinholes;
	struct pn_door_place *at = v->at;
	struct door *d;
	u32 i = 0;

	at->changed = changed(v, object);
	hlist_for_each_entry_rcu(d, head, node) {
		if (i++ < at->index)
			continue;
		if (!show_door(v, object, d))
			return false;
		at->index++;
	}
	at->index = 0;
	return true;
}

/*
 * Where the walk was, if the table is the same. No iterator of the table's own is
 * kept in between: somebody would have to let go of it.
 */
static void *find_place(struct view *v)
{
	struct pn_door_place *at = v->at;
	void *object;

	if (!at->begun) {
		at->begun = true;
		return rhashtable_walk_peek(&v->iter);
	}
	if (!v->iter.walker.tbl || v->iter.walker.tbl->hash_rnd != at->table) {
		at->disturbed++;
		at->index = 0;
		return rhashtable_walk_peek(&v->iter);
	}
	v->iter.slot = at->slot;
	v->iter.skip = at->skip;
	object = rhashtable_walk_peek(&v->iter);
	if (IS_ERR_OR_NULL(object) || changed(v, object) != at->changed) {
		at->disturbed++;
		at->index = 0;
	}
	return object;
}

static void keep_place(const struct view *v)
{
	const struct bucket_table *table = v->iter.walker.tbl;

	v->at->table = table ? table->hash_rnd : 0;
	v->at->slot = v->iter.slot;
	v->at->skip = v->iter.skip;
}

/* Others' turn. Context: as rhashtable_walk_start(). */
static void breathe(struct view *v)
{
	rhashtable_walk_stop(&v->iter);
	cond_resched();
	if (rhashtable_walk_start_check(&v->iter) || !v->iter.p)
		v->at->disturbed++;
}

void pn_door_walk(struct pn_net *pn, bool endpoints, struct pn_door_place *at,
		  pn_door_fn show, void *data)
{
	struct pn_pinholes *p = tables_of(pn);
	struct view v = {
		.at = at,
		.endpoints = endpoints,
		.show = show,
		.data = data,
	};
	void *object;

	if (!p)
		at->end = true;
	if (at->end)
		return;
	rhashtable_walk_enter(endpoints ? &p->servers : &p->clients, &v.iter);
	rhashtable_walk_start(&v.iter);
	object = find_place(&v);
	while (object) {
		/* the table is resized: some come twice */
		if (IS_ERR(object))
			at->disturbed++;
		else if (!show_list(&v, object))
			break;
		if (need_resched())
			breathe(&v);
		object = rhashtable_walk_next(&v.iter);
	}
	at->end = !object;
	keep_place(&v);
	rhashtable_walk_stop(&v.iter);
	rhashtable_walk_exit(&v.iter);
}
