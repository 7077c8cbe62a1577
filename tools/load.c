// SPDX-License-Identifier: GPL-2.0
#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "load.h"
#include "out.h"
#include "policy/inspect.h"

/* A message is sent when the next object might not fit. */
#define FILL (60 * 1024)
#define RANGES4_CHUNK 7000
#define RANGES6_CHUNK 1800
/* More than this many ranges go behind their set, in messages of their own. */
#define RANGES4_INLINE 1024
#define RANGES6_INLINE 256

struct batch {
	struct nl *nl;
	uint32_t txn;
	struct nl_msg *msg; /* NULL: nothing to send */
	const struct loc *only; /* all that is in the message stands there; NULL: several places */
	int err;
};

static void flush(struct batch *b)
{
	if (b->msg && !b->err)
		b->err = kernel_call(b->nl, b->msg, NULL, NULL);
	else
		nlmsg_free(b->msg);
	b->msg = NULL;
}

/* A nest in a message with room for @size bytes, for what stands at @loc. */
static struct nlattr *begin(struct batch *b, enum postern_attr attr, size_t size,
			    const struct loc *loc)
{
	if (b->msg && nlmsg_hdr(b->msg)->nlmsg_len + size > FILL)
		flush(b);
	if (!b->msg) {
		b->msg = kernel_request(b->nl, POSTERN_CMD_POLICY_ADD, 0);
		nla_put_u32(b->msg, POSTERN_A_TXN, b->txn);
		if (!b->err)
			b->only = loc;
	}
	if (b->only != loc && !b->err)
		b->only = NULL;
	return nla_nest_start(b->msg, (int)attr);
}

static void put_place(struct batch *b, const struct policy *p, const struct loc *loc)
{
	const struct source *src;

	if (!loc->line)
		return;
	src = p->sources.v[loc->source];
	nla_put_u32(b->msg, POSTERN_A_FILE, src->index);
	nla_put_u32(b->msg, POSTERN_A_LINE, loc->line);
}

static void add_zone(struct batch *b, const struct policy *p, const struct zone *zone)
{
	struct nlattr *nest = begin(b, POSTERN_A_ZONE, 128 + zone->ifaces.n * 24, &zone->loc);
	struct nlattr *ifaces;
	struct ref *iface;

	nla_put_string(b->msg, POSTERN_A_NAME, zone->name);
	if (zone->flags)
		nla_put_u32(b->msg, POSTERN_A_FLAGS, zone->flags);
	put_place(b, p, &zone->loc);
	ifaces = nla_nest_start(b->msg, POSTERN_A_IFACES);
	vec_for_each(iface, &zone->ifaces)
		nla_put_string(b->msg, POSTERN_A_NAME, iface->name);
	nla_nest_end(b->msg, ifaces);
	nla_nest_end(b->msg, nest);
}

static void put_ranges4(struct batch *b, const struct range4 *r, size_t n)
{
	struct nlattr *attr = nla_reserve(b->msg, POSTERN_A_RANGES4, (int)(n * 8));
	struct postern_range4 *to = nla_data(attr);
	size_t i;

	for (i = 0; i < n; i++) {
		to[i].lo = htonl(r[i].lo);
		to[i].hi = htonl(r[i].hi);
	}
}

static void put_ranges6(struct batch *b, const struct range6 *r, size_t n)
{
	_Static_assert(sizeof(*r) == sizeof(struct postern_range6), "sent as they are");
	nla_put(b->msg, POSTERN_A_RANGES6, (int)(n * sizeof(*r)), r);
}

static void add_more_ranges(struct batch *b, const struct hosts *h, size_t from4, size_t from6)
{
	struct nlattr *nest;
	size_t n;

	for (; from4 < h->set.n4 && !b->err; from4 += n) {
		n = h->set.n4 - from4 > RANGES4_CHUNK ? RANGES4_CHUNK : h->set.n4 - from4;
		nest = begin(b, POSTERN_A_RANGES, 64 + n * 8, &h->loc);
		nla_put_u32(b->msg, POSTERN_A_HOSTS_INDEX, h->index);
		put_ranges4(b, h->set.v4 + from4, n);
		nla_nest_end(b->msg, nest);
	}
	for (; from6 < h->set.n6 && !b->err; from6 += n) {
		n = h->set.n6 - from6 > RANGES6_CHUNK ? RANGES6_CHUNK : h->set.n6 - from6;
		nest = begin(b, POSTERN_A_RANGES, 64 + n * 32, &h->loc);
		nla_put_u32(b->msg, POSTERN_A_HOSTS_INDEX, h->index);
		put_ranges6(b, h->set.v6 + from6, n);
		nla_nest_end(b->msg, nest);
	}
}

/* An array of the numbers of @members, whose number is found at @offset. */
static void put_numbers(struct batch *b, enum postern_attr attr, const struct vec *members,
			size_t offset)
{
	uint32_t *to;
	char *member;

	if (!members->n)
		return;
	to = nla_data(nla_reserve(b->msg, (int)attr, (int)(members->n * sizeof(*to))));
	vec_for_each(member, members)
		memcpy(&to[member_i], member + offset, sizeof(*to));
}

static void add_hosts(struct batch *b, const struct policy *p, const struct hosts *h)
{
	size_t n4 = h->set.n4 > RANGES4_INLINE ? 0 : h->set.n4;
	size_t n6 = h->set.n6 > RANGES6_INLINE ? 0 : h->set.n6;
	struct nlattr *nest;

	nest = begin(b, POSTERN_A_HOSTS, 192 + h->members.n * 4 + n4 * 8 + n6 * 32, &h->loc);
	nla_put_string(b->msg, POSTERN_A_NAME, h->name);
	if (h->zone)
		nla_put_u32(b->msg, POSTERN_A_ZONE_INDEX, h->zone->index);
	if (h->flags)
		nla_put_u32(b->msg, POSTERN_A_FLAGS, h->flags);
	put_place(b, p, &h->loc);
	put_numbers(b, POSTERN_A_MEMBERS, &h->members, offsetof(struct hosts, index));
	if (n4)
		put_ranges4(b, h->set.v4, n4);
	if (n6)
		put_ranges6(b, h->set.v6, n6);
	nla_nest_end(b->msg, nest);
	add_more_ranges(b, h, n4, n6);
}

static void put_rpc(struct batch *b, const struct rpc *rpc)
{
	unsigned int n = rpc->interfaces.n;
	struct postern_rpc *to;
	struct rpc_entry *e;

	to = nla_data(nla_reserve(b->msg, POSTERN_A_RPC, (int)(n * sizeof(*to))));
	vec_for_each(e, &rpc->interfaces)
		to[e_i] = e->rpc;
	nla_put_u32(b->msg, POSTERN_A_RPC_FLAGS, rpc->flags);
	nla_put_u32(b->msg, POSTERN_A_RPC_IDLE_MS, rpc->idle_ms);
	nla_put_u32(b->msg, POSTERN_A_RPC_PER_CLIENT, rpc->per_client);
	nla_put_u32(b->msg, POSTERN_A_RPC_REMEMBER_MS, rpc->remember_ms);
}

static void add_service(struct batch *b, const struct policy *p, const struct service *s)
{
	size_t nr_rpc = s->rpc ? s->rpc->interfaces.n : 0;
	struct postern_ports *to;
	struct port_spec *spec;
	struct nlattr *nest;

	nest = begin(b, POSTERN_A_SERVICE,
		     256 + s->members.n * 4 + s->ports.n * sizeof(*to) +
			     nr_rpc * sizeof(struct postern_rpc),
		     &s->loc);
	nla_put_string(b->msg, POSTERN_A_NAME, s->name);
	put_place(b, p, &s->loc);
	if (s->ports.n) {
		to = nla_data(
			nla_reserve(b->msg, POSTERN_A_PORTS, (int)(s->ports.n * sizeof(*to))));
		vec_for_each(spec, &s->ports)
			to[spec_i] = spec->ports;
	}
	put_numbers(b, POSTERN_A_MEMBERS, &s->members, offsetof(struct service, index));
	if (s->rpc)
		put_rpc(b, s->rpc);
	nla_nest_end(b->msg, nest);
}

static void put_rate(struct batch *b, enum postern_attr attr, const struct postern_rate *rate)
{
	if (rate->count)
		nla_put(b->msg, (int)attr, sizeof(*rate), rate);
}

static void put_number(struct batch *b, enum postern_attr attr, uint32_t number)
{
	if (number)
		nla_put_u32(b->msg, (int)attr, number);
}

static void add_limit(struct batch *b, const struct policy *p, const struct limit *limit)
{
	struct nlattr *nest;
	struct endpoint *e;
	uint32_t *to;

	nest = begin(b, POSTERN_A_LIMIT, 512 + limit->exempt.n * sizeof(*to), &limit->loc);
	nla_put_string(b->msg, POSTERN_A_NAME, limit->name);
	put_number(b, POSTERN_A_FLAGS, limit->flags);
	put_place(b, p, &limit->loc);
	put_rate(b, POSTERN_A_LIMIT_RATE_SOURCE, &limit->rate_source);
	put_rate(b, POSTERN_A_LIMIT_RATE_NETWORK, &limit->rate_network);
	put_rate(b, POSTERN_A_LIMIT_TOTAL, &limit->total);
	put_number(b, POSTERN_A_LIMIT_OPEN_SOURCE, limit->open_source);
	put_number(b, POSTERN_A_LIMIT_OPEN_NETWORK, limit->open_network);
	put_number(b, POSTERN_A_LIMIT_HALF_OPEN, limit->half_open);
	put_number(b, POSTERN_A_LIMIT_SILENT, limit->silent);
	if (limit->ban.ms)
		nla_put(b->msg, POSTERN_A_LIMIT_BAN, sizeof(limit->ban), &limit->ban);
	nla_put(b->msg, POSTERN_A_LIMIT_PREFIXES, sizeof(limit->prefixes), &limit->prefixes);
	if (limit->exempt.n) {
		to = nla_data(nla_reserve(b->msg, POSTERN_A_LIMIT_EXEMPT,
					  (int)(limit->exempt.n * sizeof(*to))));
		vec_for_each(e, &limit->exempt)
			to[e_i] = e->hosts->index;
	}
	nla_nest_end(b->msg, nest);
}

/* Each domain with a 0 behind it. */
static void put_relay(struct batch *b, const struct vec *relay, size_t size)
{
	struct ref *domain;
	char *to;

	if (!size)
		return;
	to = nla_data(nla_reserve(b->msg, POSTERN_A_INSPECT_RELAY, (int)size));
	vec_for_each(domain, relay)
		to = stpcpy(to, domain->name) + 1;
}

static void add_inspect(struct batch *b, const struct policy *p, const struct inspect *inspect)
{
	struct nlattr *nest;
	struct ref *domain;
	size_t size = 0;

	vec_for_each(domain, &inspect->relay)
		size += strlen(domain->name) + 1;
	nest = begin(b, POSTERN_A_INSPECT, 512 + size, &inspect->loc);
	nla_put_string(b->msg, POSTERN_A_NAME, inspect->name);
	put_number(b, POSTERN_A_FLAGS, inspect->flags);
	put_place(b, p, &inspect->loc);
	if (inspect->deny)
		nla_put_u64(b->msg, POSTERN_A_INSPECT_DENY, inspect->deny);
	put_number(b, POSTERN_A_INSPECT_RECIPIENTS, inspect->recipients);
	put_rate(b, POSTERN_A_INSPECT_RECIPIENTS_RATE, &inspect->recipients_rate);
	put_number(b, POSTERN_A_INSPECT_MESSAGES, inspect->messages);
	put_rate(b, POSTERN_A_INSPECT_MESSAGES_RATE, &inspect->messages_rate);
	if (inspect->size)
		nla_put_u64(b->msg, POSTERN_A_INSPECT_SIZE, inspect->size);
	put_relay(b, &inspect->relay, size);
	put_number(b, POSTERN_A_INSPECT_LINE, inspect->line);
	nla_nest_end(b->msg, nest);
}

static void put_endpoints(struct batch *b, enum postern_attr attr, const struct vec *list)
{
	struct postern_endpoint *to;
	struct endpoint *e;

	to = nla_data(nla_reserve(b->msg, (int)attr, (int)(list->n * sizeof(*to))));
	vec_for_each(e, list) {
		to[e_i].kind = e->kind;
		to[e_i].index = e->kind == POSTERN_ENDPOINT_ZONE  ? e->zone->index :
				e->kind == POSTERN_ENDPOINT_HOSTS ? e->hosts->index :
								    0;
	}
}

static void put_services(struct batch *b, const struct vec *services)
{
	uint32_t *to;
	struct wanted *w;

	if (!services->n)
		return;
	to = nla_data(nla_reserve(b->msg, POSTERN_A_SERVICES, (int)(services->n * sizeof(*to))));
	vec_for_each(w, services)
		to[w_i] = w->service->index;
}

static void add_rule(struct batch *b, const struct policy *p, const struct rule *rule)
{
	struct nlattr *nest;

	nest = begin(b, POSTERN_A_RULE,
		     2048 + (rule->src.n + rule->dst.n) * sizeof(struct postern_endpoint) +
			     rule->services.n * 4,
		     &rule->loc);
	nla_put_string(b->msg, POSTERN_A_TEXT, rule->text);
	nla_put_u32(b->msg, POSTERN_A_ACTION, rule->action);
	put_endpoints(b, POSTERN_A_SRC, &rule->src);
	put_endpoints(b, POSTERN_A_DST, &rule->dst);
	put_services(b, &rule->services);
	if (rule->name)
		nla_put_string(b->msg, POSTERN_A_NAME, rule->name);
	if (rule->flags)
		nla_put_u32(b->msg, POSTERN_A_FLAGS, rule->flags);
	if (rule->limit)
		nla_put_u32(b->msg, POSTERN_A_LIMIT_INDEX, rule->limit->index);
	if (rule->inspect)
		nla_put_u32(b->msg, POSTERN_A_INSPECT_INDEX, rule->inspect->index);
	if (rule->mark_mask) {
		nla_put_u32(b->msg, POSTERN_A_MARK, rule->mark);
		nla_put_u32(b->msg, POSTERN_A_MARK_MASK, rule->mark_mask);
	}
	put_place(b, p, &rule->loc);
	nla_nest_end(b->msg, nest);
}

static void add_all(struct batch *b, const struct policy *p)
{
	struct zone *zone;
	struct hosts *h;
	struct service *s;
	struct limit *limit;
	struct inspect *inspect;
	struct rule *rule;

	vec_for_each(zone, &p->zones)
		add_zone(b, p, zone);
	vec_for_each(h, &p->hosts_order)
		add_hosts(b, p, h);
	vec_for_each(s, &p->services_order)
		add_service(b, p, s);
	vec_for_each(limit, &p->limits)
		add_limit(b, p, limit);
	vec_for_each(inspect, &p->inspects)
		add_inspect(b, p, inspect);
	vec_for_each(rule, &p->rules)
		add_rule(b, p, rule);
	flush(b);
}

/*
 * The kernel remembers where the files are, so that its answers make sense in
 * another directory; the end of a path that is too long says more than its start.
 */
static void put_file(struct nl_msg *msg, const struct source *src)
{
	char whole[PATH_MAX];
	const char *path = src->path;
	size_t len;

	if (*path != '<' && realpath(path, whole))
		path = whole;
	len = strlen(path);
	nla_put_string(msg, POSTERN_A_NAME,
		       len > POSTERN_PATH_MAX ? path + len - POSTERN_PATH_MAX : path);
}

static void take_txn(const struct nl_attrs *attrs, void *arg)
{
	uint32_t *txn = arg;

	*txn = attrs_u32(attrs, POSTERN_A_TXN);
}

static int begin_transaction(struct batch *b, const struct policy *p)
{
	struct nl_msg *msg = kernel_request(b->nl, POSTERN_CMD_POLICY_BEGIN, 0);
	struct nlattr *files = nla_nest_start(msg, POSTERN_A_FILES);
	struct source *src;

	vec_for_each(src, &p->sources)
		if (src->is_policy)
			put_file(msg, src);
	nla_nest_end(msg, files);
	if (p->observe)
		nla_put_u32(msg, POSTERN_A_POLICY_FLAGS, POSTERN_POLICY_OBSERVE);
	if (p->mark_mask) {
		nla_put_u32(msg, POSTERN_A_MARK, p->mark);
		nla_put_u32(msg, POSTERN_A_MARK_MASK, p->mark_mask);
	}
	if (p->table_sources && (p->limits.n || inspects_rated(p)))
		nla_put_u32(msg, POSTERN_A_SOURCES, p->table_sources);
	if (p->fastpath != POSTERN_FASTPATH_AUTO)
		nla_put_u32(msg, POSTERN_A_FASTPATH, p->fastpath);
	return kernel_call(b->nl, msg, take_txn, &b->txn);
}

static void take_result(const struct nl_attrs *attrs, void *arg)
{
	struct load *load = arg;

	load->generation = attrs_u32(attrs, POSTERN_A_GENERATION);
	load->memory = attrs_u64(attrs, POSTERN_A_MEMORY);
}

static int commit(struct batch *b, struct load *load)
{
	struct nl_msg *msg = kernel_request(b->nl, POSTERN_CMD_POLICY_COMMIT, 0);

	nla_put_u32(msg, POSTERN_A_TXN, b->txn);
	if (load->commit_flags)
		nla_put_u32(msg, POSTERN_A_COMMIT_FLAGS, load->commit_flags);
	if (load->confirm_ms)
		nla_put_u32(msg, POSTERN_A_CONFIRM_MS, load->confirm_ms);
	return kernel_call(b->nl, msg, take_result, load);
}

/*
 * The kernel names file and line, and the statement there is what it refuses. More
 * ranges of a set come without a place, but then they are alone.
 */
static const struct source *find_place(const struct batch *b, const struct policy *p,
				       struct loc *loc)
{
	const struct nl *nl = b->nl;
	struct postern_place place = nl->place;
	const char *line;
	struct source *src;
	size_t len, blank;

	if (!nl->sentence[0] || (!nl->has_place && !b->only))
		return NULL;
	if (!nl->has_place) {
		src = p->sources.v[b->only->source];
		place.file = src->index;
		place.line = b->only->line;
	}
	vec_for_each(src, &p->sources) {
		if (!src->is_policy || src->index != place.file)
			continue;
		line = source_line(src, place.line, &len);
		for (blank = 0; blank < len && (line[blank] == ' ' || line[blank] == '\t'); blank++)
			;
		loc->source = src_i;
		loc->line = place.line;
		loc->end_line = place.line;
		loc->col = (unsigned int)blank + 1;
		loc->end_col = (unsigned int)len + 1;
		return src;
	}
	return NULL;
}

static enum status refused(const struct batch *b, struct policy *p)
{
	struct diag d = { .severity = SEVERITY_ERROR, .text = b->nl->sentence };
	const struct source *src = NULL;
	enum status status = STATUS_REFUSED;
	char text[REFUSAL_TEXT_MAX];

	if (b->nl->error != EPERM)
		src = find_place(b, p, &d.loc);
	if (src) {
		if (!out_is_json())
			diag_print(stderr, &d, src, out_stderr_color());
		complain("the kernel refused the policy; what was in force stays.");
	} else {
		status = kernel_refusal(b->nl, "loading a policy", text);
		complain("%s", text);
		d.text = text;
	}
	diag_error(&p->diags, d.loc, "%s", d.text);
	return status;
}

enum status load_policy(struct nl *nl, struct policy *p, struct load *load)
{
	struct batch b = { .nl = nl };

	b.err = begin_transaction(&b, p);
	if (!b.err)
		add_all(&b, p);
	if (!b.err) {
		b.only = NULL;
		b.err = commit(&b, load);
	}
	return b.err ? refused(&b, p) : STATUS_OK;
}
