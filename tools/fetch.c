// SPDX-License-Identifier: GPL-2.0
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "fetch.h"
#include "policy/inspect.h"
#include "policy/policy.h"
#include "policy/rpc.h"

/* How often a policy may change under a dump before that is told. */
#define TRIES 20

struct fetch {
	struct policy *p;
	struct state *state;
	uint32_t generation;
	int error; /* -EAGAIN: changed; -EPROTO: not what the header says */
};

static void take_names(struct arena *arena, struct vec *to, struct nlattr *nest)
{
	struct nlattr *a;
	int rest;

	nla_for_each_nested(a, nest, rest)
		vec_push(arena, to,
			 arena_strndup(arena, nla_data(a), strnlen(nla_data(a), nla_len(a))));
}

struct take_state {
	struct arena *arena;
	struct state *state;
};

static void take_state(const struct nl_attrs *attrs, void *arg)
{
	struct take_state *t = arg;
	struct state *s = t->state;

	s->generation = attrs_u32(attrs, POSTERN_A_GENERATION);
	s->version = arena_strdup(t->arena, attrs_string(attrs, POSTERN_A_STATUS_VERSION));
	s->flags = attrs_u32(attrs, POSTERN_A_STATUS_FLAGS);
	s->policy_flags = attrs_u32(attrs, POSTERN_A_POLICY_FLAGS);
	s->uptime_ms = attrs_u64(attrs, POSTERN_A_STATUS_UPTIME_MS);
	s->loaded_at = attrs_u64(attrs, POSTERN_A_STATUS_LOADED_AT);
	s->confirm_ms = attrs_u64(attrs, POSTERN_A_STATUS_CONFIRM_MS);
	s->memory = attrs_u64(attrs, POSTERN_A_MEMORY);
	s->nr_zones = attrs_u32(attrs, POSTERN_A_STATUS_NR_ZONES);
	s->nr_hosts = attrs_u32(attrs, POSTERN_A_STATUS_NR_HOSTS);
	s->nr_services = attrs_u32(attrs, POSTERN_A_STATUS_NR_SERVICES);
	s->nr_limits = attrs_u32(attrs, POSTERN_A_STATUS_NR_LIMITS);
	s->nr_inspects = attrs_u32(attrs, POSTERN_A_STATUS_NR_INSPECTS);
	s->nr_rules = attrs_u32(attrs, POSTERN_A_STATUS_NR_RULES);
	s->table_sources = attrs_u32(attrs, POSTERN_A_SOURCES);
	s->nr_ranges = attrs_u32(attrs, POSTERN_A_NR_RANGES);
	s->nr_classes = attrs_u32(attrs, POSTERN_A_STATUS_NR_CLASSES);
	s->nr_cells = attrs_u32(attrs, POSTERN_A_STATUS_NR_CELLS);
	s->ct_count = attrs_u32(attrs, POSTERN_A_STATUS_CT_COUNT);
	s->ct_max = attrs_u32(attrs, POSTERN_A_STATUS_CT_MAX);
	s->nr_pinholes = attrs_u32(attrs, POSTERN_A_STATUS_NR_PINHOLES);
	s->nr_endpoints = attrs_u32(attrs, POSTERN_A_STATUS_NR_ENDPOINTS);
	s->nr_inspected = attrs_u32(attrs, POSTERN_A_STATUS_NR_INSPECTED);
	s->nr_sources = attrs_u32(attrs, POSTERN_A_STATUS_NR_SOURCES);
	s->sources_room = attrs_u32(attrs, POSTERN_A_STATUS_SOURCES_ROOM);
	s->limiter_memory = attrs_u64(attrs, POSTERN_A_STATUS_LIMITER_MEMORY);
	s->nr_bans = attrs_u32(attrs, POSTERN_A_STATUS_NR_BANS);
	s->mark = attrs_u32(attrs, POSTERN_A_MARK);
	s->mark_mask = attrs_u32(attrs, POSTERN_A_MARK_MASK);
	s->fastpath = attrs_u32(attrs, POSTERN_A_FASTPATH);
	s->fastpath_state = attrs_u32(attrs, POSTERN_A_STATUS_FASTPATH);
	s->nr_fast = attrs_u32(attrs, POSTERN_A_STATUS_NR_FAST);
	s->foreign = arena_strdup(t->arena, attrs_string(attrs, POSTERN_A_STATUS_FOREIGN));
	if (attrs->a[POSTERN_A_FILES])
		take_names(t->arena, &s->files, attrs->a[POSTERN_A_FILES]);
	if (attrs->a[POSTERN_A_STATUS_ATTACKED])
		take_names(t->arena, &s->attacked, attrs->a[POSTERN_A_STATUS_ATTACKED]);
}

enum status fetch_state(struct nl *nl, struct arena *arena, struct state *state)
{
	struct take_state t = { .arena = arena, .state = state };

	*state = (struct state){ .version = "" };
	if (kernel_call(nl, kernel_request(nl, POSTERN_CMD_STATUS_GET, 0), take_state, &t))
		return kernel_complain(nl, "reading the state");
	return STATUS_OK;
}

/* The nest of one object of the dump; false if it is not to be looked at. */
static bool open_object(struct fetch *f, const struct nl_attrs *attrs, enum postern_attr type,
			struct nl_attrs *object)
{
	if (attrs_u32(attrs, POSTERN_A_GENERATION) != f->generation) {
		f->error = -EAGAIN;
		return false;
	}
	if (!attrs->a[type]) {
		f->error = -EPROTO;
		return false;
	}
	attrs_nest(object, attrs->a[type]);
	return !f->error;
}

static const char *take_name(struct fetch *f, const struct nl_attrs *object)
{
	return arena_strdup(&f->p->arena, attrs_string(object, POSTERN_A_NAME));
}

static struct loc take_place(struct fetch *f, const struct nl_attrs *object)
{
	struct loc loc = { 0 };

	loc.source = attrs_u32(object, POSTERN_A_FILE);
	if (loc.source < f->p->sources.n)
		loc.line = attrs_u32(object, POSTERN_A_LINE);
	return loc;
}

/* Of an array attribute; 0 if it is absent. */
static unsigned int count(const struct nl_attrs *attrs, enum postern_attr attr, size_t size)
{
	return attrs->a[attr] ? (unsigned int)nla_len(attrs->a[attr]) / (unsigned int)size : 0;
}

/* The objects of @from that an array of numbers names. */
static void take_numbers(struct fetch *f, const struct nl_attrs *object, enum postern_attr attr,
			 const struct vec *from, struct vec *to)
{
	unsigned int i, n = count(object, attr, sizeof(uint32_t));
	const uint32_t *numbers = n ? nla_data(object->a[attr]) : NULL;

	for (i = 0; i < n; i++) {
		if (numbers[i] < from->n)
			vec_push(&f->p->arena, to, from->v[numbers[i]]);
		else
			f->error = -EPROTO;
	}
}

static void take_ifaces(struct fetch *f, struct vec *to, struct nlattr *nest)
{
	struct nlattr *a;
	struct ref *ref;
	int rest;

	if (!nest)
		return;
	nla_for_each_nested(a, nest, rest) {
		ref = arena_alloc(&f->p->arena, sizeof(*ref));
		ref->name =
			arena_strndup(&f->p->arena, nla_data(a), strnlen(nla_data(a), nla_len(a)));
		vec_push(&f->p->arena, to, ref);
	}
}

static void take_zone(const struct nl_attrs *attrs, void *arg)
{
	struct fetch *f = arg;
	struct nl_attrs object;
	struct zone *zone;

	if (!open_object(f, attrs, POSTERN_A_ZONE, &object))
		return;
	zone = arena_alloc(&f->p->arena, sizeof(*zone));
	zone->name = take_name(f, &object);
	zone->loc = take_place(f, &object);
	zone->flags = attrs_u32(&object, POSTERN_A_FLAGS);
	zone->index = f->p->zones.n;
	take_ifaces(f, &zone->ifaces, object.a[POSTERN_A_IFACES]);
	take_ifaces(f, &zone->matched, object.a[POSTERN_A_MATCHED]);
	vec_push(&f->p->arena, &f->p->zones, zone);
}

static void take_hosts(const struct nl_attrs *attrs, void *arg)
{
	struct fetch *f = arg;
	struct nl_attrs object;
	struct hosts *h;
	uint32_t zone;

	if (!open_object(f, attrs, POSTERN_A_HOSTS, &object))
		return;
	h = arena_alloc(&f->p->arena, sizeof(*h));
	h->name = take_name(f, &object);
	h->loc = take_place(f, &object);
	h->flags = attrs_u32(&object, POSTERN_A_FLAGS);
	h->nr_ranges = attrs_u32(&object, POSTERN_A_NR_RANGES);
	h->index = f->p->hosts_order.n;
	zone = attrs_u32(&object, POSTERN_A_ZONE_INDEX);
	if (object.a[POSTERN_A_ZONE_INDEX] && zone < f->p->zones.n)
		h->zone = f->p->zones.v[zone];
	take_numbers(f, &object, POSTERN_A_MEMBERS, &f->p->hosts_order, &h->members);
	vec_push(&f->p->arena, &f->p->hosts, h);
	vec_push(&f->p->arena, &f->p->hosts_order, h);
}

static void take_ranges(const struct nl_attrs *attrs, void *arg)
{
	const struct postern_range4 *r4;
	const struct postern_range6 *r6;
	struct fetch *f = arg;
	struct nl_attrs object;
	struct range r;
	struct hosts *h;
	unsigned int i, n;
	uint32_t index;

	if (!open_object(f, attrs, POSTERN_A_RANGES, &object))
		return;
	index = attrs_u32(&object, POSTERN_A_HOSTS_INDEX);
	if (index >= f->p->hosts_order.n) {
		f->error = -EPROTO;
		return;
	}
	h = f->p->hosts_order.v[index];
	n = count(&object, POSTERN_A_RANGES4, sizeof(*r4));
	r4 = n ? nla_data(object.a[POSTERN_A_RANGES4]) : NULL;
	r.family = AF_INET;
	for (i = 0; i < n; i++) {
		r.r4.lo = ntohl(r4[i].lo);
		r.r4.hi = ntohl(r4[i].hi);
		addrset_add(&h->set, &r);
	}
	n = count(&object, POSTERN_A_RANGES6, sizeof(*r6));
	r6 = n ? nla_data(object.a[POSTERN_A_RANGES6]) : NULL;
	r.family = AF_INET6;
	for (i = 0; i < n; i++) {
		memcpy(&r.r6, &r6[i], sizeof(r.r6));
		addrset_add(&h->set, &r);
	}
}

static struct rpc *take_rpc(struct fetch *f, const struct nl_attrs *object)
{
	unsigned int i, n = count(object, POSTERN_A_RPC, sizeof(struct postern_rpc));
	const struct postern_rpc *from;
	struct rpc_entry *e;
	struct rpc *rpc;

	if (!n)
		return NULL;
	rpc = rpc_new(&f->p->arena);
	from = nla_data(object->a[POSTERN_A_RPC]);
	for (i = 0; i < n; i++) {
		e = arena_alloc(&f->p->arena, sizeof(*e));
		e->rpc = from[i];
		vec_push(&f->p->arena, &rpc->interfaces, e);
	}
	rpc->flags = attrs_u32(object, POSTERN_A_RPC_FLAGS);
	rpc->idle_ms = attrs_u32(object, POSTERN_A_RPC_IDLE_MS);
	rpc->per_client = attrs_u32(object, POSTERN_A_RPC_PER_CLIENT);
	rpc->remember_ms = attrs_u32(object, POSTERN_A_RPC_REMEMBER_MS);
	return rpc;
}

static void take_service(const struct nl_attrs *attrs, void *arg)
{
	const struct postern_ports *ports;
	struct fetch *f = arg;
	struct port_spec *spec;
	struct nl_attrs object;
	struct service *s;
	unsigned int i, n;

	if (!open_object(f, attrs, POSTERN_A_SERVICE, &object))
		return;
	s = arena_alloc(&f->p->arena, sizeof(*s));
	s->name = take_name(f, &object);
	s->loc = take_place(f, &object);
	s->index = f->p->services_order.n;
	n = count(&object, POSTERN_A_PORTS, sizeof(*ports));
	ports = n ? nla_data(object.a[POSTERN_A_PORTS]) : NULL;
	for (i = 0; i < n; i++) {
		spec = arena_alloc(&f->p->arena, sizeof(*spec));
		spec->ports = ports[i];
		vec_push(&f->p->arena, &s->ports, spec);
	}
	s->rpc = take_rpc(f, &object);
	take_numbers(f, &object, POSTERN_A_MEMBERS, &f->p->services_order, &s->members);
	vec_push(&f->p->arena, &f->p->services_order, s);
}

/* An attribute of one struct, if it is there. */
static void take_struct(struct fetch *f, const struct nl_attrs *object, enum postern_attr attr,
			void *to, int size)
{
	const struct nlattr *a = object->a[attr];

	if (!a)
		return;
	if (nla_len(a) == size)
		memcpy(to, nla_data(a), (size_t)size);
	else
		f->error = -EPROTO;
}

static void take_limit(const struct nl_attrs *attrs, void *arg)
{
	struct fetch *f = arg;
	struct vec exempt = { 0 };
	struct nl_attrs object;
	struct endpoint *e;
	struct limit *l;
	struct hosts *h;

	if (!open_object(f, attrs, POSTERN_A_LIMIT, &object))
		return;
	l = arena_alloc(&f->p->arena, sizeof(*l));
	l->name = take_name(f, &object);
	l->loc = take_place(f, &object);
	l->flags = attrs_u32(&object, POSTERN_A_FLAGS);
	l->open_source = attrs_u32(&object, POSTERN_A_LIMIT_OPEN_SOURCE);
	l->open_network = attrs_u32(&object, POSTERN_A_LIMIT_OPEN_NETWORK);
	l->half_open = attrs_u32(&object, POSTERN_A_LIMIT_HALF_OPEN);
	l->silent = attrs_u32(&object, POSTERN_A_LIMIT_SILENT);
	take_struct(f, &object, POSTERN_A_LIMIT_RATE_SOURCE, &l->rate_source,
		    sizeof(l->rate_source));
	take_struct(f, &object, POSTERN_A_LIMIT_RATE_NETWORK, &l->rate_network,
		    sizeof(l->rate_network));
	take_struct(f, &object, POSTERN_A_LIMIT_TOTAL, &l->total, sizeof(l->total));
	take_struct(f, &object, POSTERN_A_LIMIT_BAN, &l->ban, sizeof(l->ban));
	take_struct(f, &object, POSTERN_A_LIMIT_PREFIXES, &l->prefixes, sizeof(l->prefixes));
	take_numbers(f, &object, POSTERN_A_LIMIT_EXEMPT, &f->p->hosts_order, &exempt);
	vec_for_each(h, &exempt) {
		e = arena_alloc(&f->p->arena, sizeof(*e));
		e->kind = POSTERN_ENDPOINT_HOSTS;
		e->hosts = h;
		vec_push(&f->p->arena, &l->exempt, e);
	}
	vec_push(&f->p->arena, &f->p->limits, l);
}

/* Domains, each with a 0 behind it. */
static void take_relay(struct fetch *f, const struct nl_attrs *object, struct vec *to)
{
	const struct nlattr *a = object->a[POSTERN_A_INSPECT_RELAY];
	const char *at = a ? nla_data(a) : NULL, *end = a ? at + nla_len(a) : NULL;
	struct ref *domain;

	for (; at < end; at += strlen(domain->name) + 1) {
		domain = arena_alloc(&f->p->arena, sizeof(*domain));
		domain->name = arena_strndup(&f->p->arena, at, strnlen(at, (size_t)(end - at)));
		vec_push(&f->p->arena, to, domain);
	}
}

static void take_inspect(const struct nl_attrs *attrs, void *arg)
{
	struct fetch *f = arg;
	struct nl_attrs object;
	struct inspect *i;

	if (!open_object(f, attrs, POSTERN_A_INSPECT, &object))
		return;
	i = arena_alloc(&f->p->arena, sizeof(*i));
	i->name = take_name(f, &object);
	i->loc = take_place(f, &object);
	i->flags = attrs_u32(&object, POSTERN_A_FLAGS);
	i->deny = attrs_u64(&object, POSTERN_A_INSPECT_DENY);
	if (i->deny >> (nr_inspect_verbs - 1) > 1)
		f->error = -EPROTO;
	i->size = attrs_u64(&object, POSTERN_A_INSPECT_SIZE);
	i->recipients = attrs_u32(&object, POSTERN_A_INSPECT_RECIPIENTS);
	i->messages = attrs_u32(&object, POSTERN_A_INSPECT_MESSAGES);
	i->line = attrs_u32(&object, POSTERN_A_INSPECT_LINE);
	take_struct(f, &object, POSTERN_A_INSPECT_RECIPIENTS_RATE, &i->recipients_rate,
		    sizeof(i->recipients_rate));
	take_struct(f, &object, POSTERN_A_INSPECT_MESSAGES_RATE, &i->messages_rate,
		    sizeof(i->messages_rate));
	take_relay(f, &object, &i->relay);
	vec_push(&f->p->arena, &f->p->inspects, i);
}

static void take_endpoints(struct fetch *f, const struct nl_attrs *object, enum postern_attr attr,
			   struct vec *to)
{
	unsigned int i, n = count(object, attr, sizeof(struct postern_endpoint));
	const struct postern_endpoint *from = n ? nla_data(object->a[attr]) : NULL;
	struct endpoint *e;

	for (i = 0; i < n; i++) {
		e = arena_alloc(&f->p->arena, sizeof(*e));
		e->kind = from[i].kind;
		if (e->kind == POSTERN_ENDPOINT_ZONE && from[i].index < f->p->zones.n)
			e->zone = f->p->zones.v[from[i].index];
		else if (e->kind == POSTERN_ENDPOINT_HOSTS && from[i].index < f->p->hosts_order.n)
			e->hosts = f->p->hosts_order.v[from[i].index];
		else if (e->kind != POSTERN_ENDPOINT_ANY && e->kind != POSTERN_ENDPOINT_SELF)
			f->error = -EPROTO;
		vec_push(&f->p->arena, to, e);
	}
}

static void take_rule(const struct nl_attrs *attrs, void *arg)
{
	struct fetch *f = arg;
	struct nl_attrs object;
	struct vec services = { 0 }, limits = { 0 }, inspects = { 0 };
	struct service *s;
	struct wanted *w;
	struct rule *rule;

	if (!open_object(f, attrs, POSTERN_A_RULE, &object))
		return;
	rule = arena_alloc(&f->p->arena, sizeof(*rule));
	rule->text = arena_strdup(&f->p->arena, attrs_string(&object, POSTERN_A_TEXT));
	if (object.a[POSTERN_A_NAME])
		rule->name = take_name(f, &object);
	rule->loc = take_place(f, &object);
	rule->action = attrs_u32(&object, POSTERN_A_ACTION);
	rule->flags = attrs_u32(&object, POSTERN_A_FLAGS);
	rule->mark = attrs_u32(&object, POSTERN_A_MARK);
	rule->mark_mask = attrs_u32(&object, POSTERN_A_MARK_MASK);
	rule->hits = attrs_u64(&object, POSTERN_A_HITS);
	rule->packets = attrs_u64(&object, POSTERN_A_PACKETS);
	rule->bytes = attrs_u64(&object, POSTERN_A_BYTES);
	take_endpoints(f, &object, POSTERN_A_SRC, &rule->src);
	take_endpoints(f, &object, POSTERN_A_DST, &rule->dst);
	take_numbers(f, &object, POSTERN_A_SERVICES, &f->p->services_order, &services);
	vec_for_each(s, &services) {
		w = arena_alloc(&f->p->arena, sizeof(*w));
		w->service = s;
		vec_push(&f->p->arena, &rule->services, w);
	}
	take_numbers(f, &object, POSTERN_A_LIMIT_INDEX, &f->p->limits, &limits);
	if (limits.n)
		rule->limit = limits.v[0];
	take_numbers(f, &object, POSTERN_A_INSPECT_INDEX, &f->p->inspects, &inspects);
	if (inspects.n)
		rule->inspect = inspects.v[0];
	vec_push(&f->p->arena, &f->p->rules, rule);
}

static bool name_is_taken(const struct policy *p, const char *name)
{
	struct zone *zone;
	struct hosts *h;

	vec_for_each(zone, &p->zones)
		if (!strcmp(zone->name, name))
			return true;
	vec_for_each(h, &p->hosts)
		if (!strcmp(h->name, name))
			return true;
	return false;
}

/*
 * The kernel knows this router by no name. The one that the administrator gave it
 * stands in the rule's text, at the same place of the list.
 */
static void name_self(struct policy *p, const struct vec *list, const struct vec *written,
		      const char *otherwise)
{
	struct endpoint *e, *w;

	vec_for_each(e, list) {
		if (e->kind != POSTERN_ENDPOINT_SELF)
			continue;
		e->word = otherwise;
		if (!written || written->n != list->n)
			continue;
		w = written->v[e_i];
		if (w->word && name_is_valid(w->word) && !name_is_taken(p, w->word))
			e->word = arena_strdup(&p->arena, w->word);
	}
}

static void name_selves(struct policy *p)
{
	const char *otherwise = name_is_taken(p, "router") ? "router-self" : "router";
	struct policy *text;
	struct rule *rule, *written;

	vec_for_each(rule, &p->rules) {
		if (!names_self(&rule->src) && !names_self(&rule->dst))
			continue;
		text = policy_new();
		policy_parse_text(text, "rule", rule->text, strlen(rule->text));
		written = !text->diags.nr_errors && text->rules.n == 1 ? text->rules.v[0] : NULL;
		name_self(p, &rule->src, written ? &written->src : NULL, otherwise);
		name_self(p, &rule->dst, written ? &written->dst : NULL, otherwise);
		policy_free(text);
	}
}

static struct policy *start(struct state *state)
{
	struct policy *p = policy_new();
	struct source *src;
	char *file;

	vec_for_each(file, &state->files) {
		src = arena_alloc(&p->arena, sizeof(*src));
		src->path = arena_strdup(&p->arena, file);
		src->is_policy = true;
		src->index = p->sources.n;
		vec_push(&p->arena, &p->sources, src);
	}
	p->observe = state->policy_flags & POSTERN_POLICY_OBSERVE;
	p->mark = state->mark;
	p->mark_mask = state->mark_mask;
	p->table_sources = state->table_sources;
	p->fastpath = state->fastpath;
	return p;
}

static int dump_all(struct nl *nl, struct fetch *f, int what)
{
	static const struct {
		enum postern_cmd cmd;
		nl_reply_fn take;
	} dumps[] = {
		{ POSTERN_CMD_ZONE_GET, take_zone },	 { POSTERN_CMD_HOSTS_GET, take_hosts },
		{ POSTERN_CMD_RANGES_GET, take_ranges }, { POSTERN_CMD_SERVICE_GET, take_service },
		{ POSTERN_CMD_LIMIT_GET, take_limit },	 { POSTERN_CMD_INSPECT_GET, take_inspect },
		{ POSTERN_CMD_RULE_GET, take_rule },
	};
	unsigned int i;
	int err;

	for (i = 0; i < sizeof(dumps) / sizeof(*dumps); i++) {
		if (dumps[i].cmd == POSTERN_CMD_RANGES_GET && !(what & FETCH_RANGES))
			continue;
		err = kernel_dump(nl, dumps[i].cmd, dumps[i].take, f);
		if (err || f->error)
			return err ? err : f->error;
	}
	/* Half a dump, when the policy went away, looks like a small one. */
	if (f->p->zones.n != f->state->nr_zones || f->p->hosts.n != f->state->nr_hosts ||
	    f->p->services_order.n != f->state->nr_services ||
	    f->p->limits.n != f->state->nr_limits || f->p->inspects.n != f->state->nr_inspects ||
	    f->p->rules.n != f->state->nr_rules)
		return -EAGAIN;
	return 0;
}

enum status fetch_policy(struct nl *nl, int what, struct policy **p, struct state *state)
{
	struct fetch f = { .state = state };
	struct arena arena = { 0 };
	enum status status;
	int err = -EAGAIN, i;

	for (i = 0; i < TRIES && err == -EAGAIN; i++) {
		status = fetch_state(nl, &arena, state);
		if (status != STATUS_OK) {
			arena_free(&arena);
			return status;
		}
		f.p = start(state);
		f.generation = state->generation;
		f.error = 0;
		err = dump_all(nl, &f, what);
		if (!err) {
			/* What the state points to lives as long as the policy. */
			fetch_state(nl, &f.p->arena, state);
			name_selves(f.p);
			*p = f.p;
			break;
		}
		policy_free(f.p);
		arena_free(&arena);
	}
	arena_free(&arena);
	if (!err)
		return STATUS_OK;
	if (err == -EAGAIN)
		complain("the policy changes faster than it can be shown; try again.");
	else if (err == -EPROTO)
		complain(
			"the kernel's answer makes no sense; is the module of the same version? see 'postern version'.");
	else
		return kernel_complain(nl, "reading the policy");
	return STATUS_REFUSED;
}
