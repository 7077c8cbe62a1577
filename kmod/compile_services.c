// SPDX-License-Identifier: GPL-2.0
/*
 * Service classes: protocol and port to the set of services that name them.
 * Plain C: also built in user space.
 */
#include <linux/errno.h>
#include <linux/in.h>
#include <linux/kernel.h>
#include <linux/sched.h>
#include <linux/sort.h>
#include <linux/string.h>

#include "compile.h"
#include "memory.h"

#define REACH_MAX	1000000
#define PORTS		65536U

/* What the tables are built from: where a service term begins and ends. */
struct edge {
	u32 port;			/* 65536: behind the last */
	u32 term;
	u16 proto;
};

/* struct postern_ports, and the protocols of classify.h that no packet has. */
struct span {
	u16 proto;
	u16 lo, hi;
};

struct edges {
	struct edge *edge;
	u32 nr, cap;
};

struct list {
	u32 *item;
	u32 nr, cap;
};

static int push(struct pn_compile *c, struct list *l, u32 item)
{
	int err = pn_grow(c->policy, (void **)&l->item, l->nr, &l->cap, 1,
			  REACH_MAX, sizeof(*l->item));

	if (!err)
		l->item[l->nr++] = item;
	return err;
}

/* All services that @rule names, members included, each once. */
static int reach(struct pn_compile *c, const struct pn_rule *rule,
		 struct list *l, struct pn_hash *hash)
{
	u32 i, m;
	int err;

	c->stamp_now++;
	l->nr = 0;
	*hash = (struct pn_hash){};
	for (i = 0; i < rule->nr_services; i++) {
		err = push(c, l, rule->services[i]);
		if (err)
			return err;
	}
	/* the list grows while it is walked; each service stays in it once */
	for (i = 0; i < l->nr; ) {
		u32 service = l->item[i];
		const struct pn_service *s = &c->policy->services[service];

		if (c->stamp[service] == c->stamp_now) {
			l->item[i] = l->item[--l->nr];
			continue;
		}
		c->stamp[service] = c->stamp_now;
		pn_hash_toggle(hash, pn_hash_of(&c->seed, PN_SPACE_SERVICE,
						service));
		for (m = 0; m < s->nr_members; m++) {
			err = push(c, l, s->members[m]);
			if (err)
				return err;
		}
		err = pn_compile_steps(c, 1 + s->nr_members);
		if (err)
			return err;
		i++;
	}
	return 0;
}

static int intern_terms(struct pn_compile *c)
{
	struct list l = {};
	struct pn_hash hash;
	u32 i, any;
	int err;

	c->ref_service = pn_alloc(c->policy, c->nr_refs, sizeof(*c->ref_service));
	if (!c->ref_service)
		return -ENOMEM;
	err = pn_intern_init(&c->service_terms, c->policy, PN_CELLS_MAX);
	/* number 0: any service; no other set has this hash */
	if (!err)
		err = pn_intern_get(&c->service_terms,
				    pn_hash_of(&c->seed, PN_SPACE_SERVICE,
					       U32_MAX), NULL, 0, &any);
	for (i = 0; i < c->nr_refs && !err; i++) {
		const struct pn_rule *rule = &c->policy->rules[c->refs[i].rule];

		if (!rule->nr_services)
			continue;
		*c->place = rule->place;
		err = reach(c, rule, &l, &hash);
		if (!err)
			err = pn_intern_get(&c->service_terms, hash, l.item,
					    l.nr, &c->ref_service[i]);
	}
	pn_free(c->policy, l.item, l.cap, sizeof(*l.item));
	if (!err)
		*c->place = (struct pn_place){};
	return err;
}

static int add_edge(struct pn_compile *c, struct edges *e, u16 proto, u32 port,
		    u32 term)
{
	int err = pn_grow(c->policy, (void **)&e->edge, e->nr, &e->cap, 1,
			  PN_CELLS_MAX, sizeof(*e->edge));

	if (!err)
		e->edge[e->nr++] = (struct edge){ port, term, proto };
	return err;
}

static int compare_spans(const void *va, const void *vb)
{
	const struct span *a = va, *b = vb;

	if (a->proto != b->proto)
		return a->proto < b->proto ? -1 : 1;
	return (int)a->lo - (int)b->lo;
}

static int compare_edges(const void *va, const void *vb)
{
	const struct edge *a = va, *b = vb;

	if (a->proto != b->proto)
		return a->proto < b->proto ? -1 : 1;
	if (a->port != b->port)
		return a->port < b->port ? -1 : 1;
	return 0;
}

/* Edges of one term: its ranges are merged, so that each opens and closes once. */
static int add_term(struct pn_compile *c, struct edges *e,
		    struct span *ports, u32 nr, u32 term)
{
	u32 i, hi;
	int err;

	sort(ports, nr, sizeof(*ports), compare_spans, NULL);
	for (i = 0; i < nr; ) {
		const struct span *first = &ports[i];

		hi = first->hi;
		for (i++; i < nr && ports[i].proto == first->proto &&
		     ports[i].lo <= hi + 1; i++)
			hi = max_t(u32, hi, ports[i].hi);
		err = add_edge(c, e, first->proto, first->lo, term);
		if (!err)
			err = add_edge(c, e, first->proto, hi + 1, term);
		if (err)
			return err;
	}
	return 0;
}

struct spans {
	struct span *span;
	u32 nr, cap;
};

static int add_span(struct pn_compile *c, struct spans *s, u16 proto, u16 lo,
		    u16 hi)
{
	int err = pn_grow(c->policy, (void **)&s->span, s->nr, &s->cap, 1,
			  PN_CELLS_MAX, sizeof(*s->span));

	if (!err)
		s->span[s->nr++] = (struct span){ proto, lo, hi };
	return err;
}

/* Options of a service that are asked of a client and a server. */
static const struct {
	u32 option;
	u16 number;
} rpc_options[] = {
	{ POSTERN_RPC_OPT_LOOKUP, PN_RPC_LOOKUP },
	{ POSTERN_RPC_OPT_SEALED_DENY, PN_RPC_SEALED_DENY },
	{ POSTERN_RPC_OPT_BIND_OBSERVE, PN_RPC_OBSERVE },
	{ POSTERN_RPC_OPT_RESUME_REFUSE, PN_RPC_NO_RESUME },
};

static int add_rpc(struct pn_compile *c, struct spans *to,
		   const struct pn_service *s)
{
	u32 i;
	int err;

	if (!s->nr_rpc)
		return 0;
	err = add_span(c, to, PN_PROTO_RPC, s->rpc_first,
		       s->rpc_first + s->nr_rpc - 1);
	if (!err)
		err = add_span(c, to, PN_PROTO_RPC, PN_RPC_MAPPER,
			       PN_RPC_MAPPER);
	for (i = 0; i < ARRAY_SIZE(rpc_options) && !err; i++)
		if (s->rpc_flags & rpc_options[i].option)
			err = add_span(c, to, PN_PROTO_RPC,
				       rpc_options[i].number,
				       rpc_options[i].number);
	for (i = 0; i < s->nr_rpc && !err; i++) {
		if (!(s->rpc[i].flags & POSTERN_RPC_PINNED))
			continue;
		err = add_span(c, to, PN_PROTO_RPC_PORT, s->rpc[i].lo,
			       s->rpc[i].hi);
		if (!err && s->rpc_flags & POSTERN_RPC_OPT_BIND_OBSERVE)
			err = add_span(c, to, PN_PROTO_RPC_LOOSE, s->rpc[i].lo,
				       s->rpc[i].hi);
	}
	return err;
}

/* Ranges are opened because nobody knows the port, by RPC for one: they own none. */
static bool names_ports(const struct postern_ports *p)
{
	return p->proto == IPPROTO_TCP && !(p->flags & POSTERN_PORTS_ANY) &&
	       p->hi - p->lo < PN_OWNED_PORTS_MAX;
}

static int add_service(struct pn_compile *c, struct spans *to,
		       const struct pn_service *s)
{
	int err = 0;
	u32 i;

	for (i = 0; i < s->nr_ports && !err; i++) {
		const struct postern_ports *p = &s->ports[i];

		err = add_span(c, to, p->proto, p->lo,
			       p->flags & POSTERN_PORTS_ANY ? PORTS - 1 : p->hi);
		if (!err && c->policy->nr_rpc && names_ports(p))
			err = add_span(c, to, PN_PROTO_OWNED, p->lo, p->hi);
	}
	return err ? err : add_rpc(c, to, s);
}

static int collect_edges(struct pn_compile *c, struct edges *e)
{
	struct spans spans = {};
	u32 term, i, nr;
	int err = 0;

	for (term = 1; term < c->service_terms.nr && !err; term++) {
		const u32 *m = pn_intern_members(&c->service_terms, term, &nr);

		spans.nr = 0;
		for (i = 0; i < nr && !err; i++)
			err = add_service(c, &spans,
					  &c->policy->services[m[i]]);
		if (!err)
			err = pn_compile_steps(c, spans.nr * 16ULL);
		if (!err)
			err = add_term(c, e, spans.span, spans.nr, term);
	}
	pn_free(c->policy, spans.span, spans.cap, sizeof(*spans.span));
	if (!err)
		err = pn_compile_steps(c, e->nr * 16ULL);
	if (!err)
		sort(e->edge, e->nr, sizeof(*e->edge), compare_edges, NULL);
	return err;
}

/* The terms that one port is in, while the ports are walked. */
struct ports_walk {
	u16 *class;			/* by port: the result */
	u32 *active, nr_active;
	u32 *where;			/* by term: place in active + 1, or 0 */
	struct pn_hash now;
};

static void toggle(struct pn_compile *c, struct ports_walk *w, u32 term)
{
	pn_hash_toggle(&w->now, pn_hash_of(&c->seed, PN_SPACE_TERM, term));
	if (w->where[term]) {
		u32 last = w->active[--w->nr_active];

		w->active[w->where[term] - 1] = last;
		w->where[last] = w->where[term];
		w->where[term] = 0;
	} else {
		w->active[w->nr_active++] = term;
		w->where[term] = w->nr_active;
	}
}

/* Shares equal pages; most protocols have but few different ones. */
static struct pn_port_table *make_table(struct pn_policy *policy,
					const u16 *class)
{
	struct pn_port_table *t;
	u16 first[PORTS / PN_PORT_PAGE];
	u32 nr = 0, i, j;

	for (i = 0; i < PORTS / PN_PORT_PAGE; i++) {
		for (j = 0; j < nr; j++)
			if (!memcmp(class + i * PN_PORT_PAGE,
				    class + first[j] * PN_PORT_PAGE,
				    PN_PORT_PAGE * sizeof(*class)))
				break;
		if (j == nr)
			first[nr++] = i;
	}
	t = pn_alloc(policy, 1, pn_port_table_size(nr));
	if (!t)
		return NULL;
	t->nr_pages = nr;
	for (j = 0; j < nr; j++)
		memcpy(t->pages + j * PN_PORT_PAGE,
		       class + first[j] * PN_PORT_PAGE,
		       PN_PORT_PAGE * sizeof(*class));
	for (i = 0; i < PORTS / PN_PORT_PAGE; i++) {
		for (j = 0; j < nr; j++)
			if (!memcmp(class + i * PN_PORT_PAGE,
				    t->pages + j * PN_PORT_PAGE,
				    PN_PORT_PAGE * sizeof(*class)))
				break;
		t->page[i] = t->pages + j * PN_PORT_PAGE;
	}
	return t;
}

/* Edges @e up to @end are those of one protocol. */
static int build_proto(struct pn_compile *c, struct ports_walk *w,
		       const struct edge *e, const struct edge *end)
{
	struct pn_tables *t = &c->policy->tables;
	bool uniform = true;
	u16 proto = e->proto;
	u32 port, class;
	int err;

	for (port = 0; port < PORTS; port++) {
		if (port && (e == end || e->port != port)) {
			w->class[port] = w->class[port - 1];
			continue;
		}
		for (; e != end && e->port == port; e++)
			toggle(c, w, e->term);
		err = pn_intern_get(&c->services, w->now, w->active,
				    w->nr_active, &class);
		if (err)
			return err;
		w->class[port] = class;
		if (port && class != w->class[0])
			uniform = false;
	}
	for (; e != end; e++)
		toggle(c, w, e->term);
	if (uniform) {
		t->service[proto] = w->class[0];
		return 0;
	}
	t->ports[proto] = make_table(c->policy, w->class);
	return t->ports[proto] ? 0 : -ENOMEM;
}

static int build_tables(struct pn_compile *c, const struct edges *e)
{
	struct pn_policy *policy = c->policy;
	u32 nr_terms = c->service_terms.nr, i, j, none;
	struct ports_walk w = {};
	int err = -ENOMEM;

	w.class = pn_alloc(policy, PORTS, sizeof(*w.class));
	w.active = pn_alloc(policy, nr_terms, sizeof(*w.active));
	w.where = pn_alloc(policy, nr_terms, sizeof(*w.where));
	if (w.class && w.active && w.where)
		err = pn_intern_init(&c->services, policy, U16_MAX);
	/* number 0: in no service; what tables.service[] begins with */
	if (!err)
		err = pn_intern_get(&c->services, w.now, NULL, 0, &none);
	for (i = 0; i < e->nr && !err; i = j) {
		for (j = i; j < e->nr && e->edge[j].proto == e->edge[i].proto; )
			j++;
		err = build_proto(c, &w, e->edge + i, e->edge + j);
		if (!err)
			err = pn_compile_steps(c, PORTS + j - i);
	}
	pn_free(policy, w.class, PORTS, sizeof(*w.class));
	pn_free(policy, w.active, nr_terms, sizeof(*w.active));
	pn_free(policy, w.where, nr_terms, sizeof(*w.where));
	return err;
}

static int invert(struct pn_compile *c)
{
	u32 class, i, nr;
	int err;

	err = pn_csr_init(c, &c->service_classes, c->service_terms.nr);
	if (err)
		return err;
	for (class = 0; class < c->services.nr; class++) {
		const u32 *m = pn_intern_members(&c->services, class, &nr);

		for (i = 0; i < nr; i++)
			pn_csr_count(&c->service_classes, m[i]);
	}
	err = pn_csr_alloc(c, &c->service_classes);
	if (err)
		return err;
	for (class = 0; class < c->services.nr; class++) {
		const u32 *m = pn_intern_members(&c->services, class, &nr);

		for (i = 0; i < nr; i++)
			pn_csr_put(&c->service_classes, m[i], class);
	}
	return 0;
}

int pn_compile_services(struct pn_compile *c)
{
	struct edges e = {};
	int err;

	c->stamp = pn_alloc(c->policy, c->policy->nr_services, sizeof(*c->stamp));
	err = c->stamp ? intern_terms(c) : -ENOMEM;
	if (!err)
		err = collect_edges(c, &e);
	if (!err)
		err = build_tables(c, &e);
	pn_free(c->policy, e.edge, e.cap, sizeof(*e.edge));
	if (err == -E2BIG)
		return pn_compile_refuse(c, err,
					 "the services divide the ports into more than 65535 classes");
	if (!err)
		err = invert(c);
	c->policy->tables.nr_service_classes = c->services.nr;
	return err;
}
