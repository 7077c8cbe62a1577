// SPDX-License-Identifier: GPL-2.0
/* What stands behind rpc: interfaces, their versions and ports, and options. */
#include <string.h>

#include "build.h"
#include "rpc.h"

/* In a longer list nobody looks whether an interface is named twice. */
#define TWICE_MAX 1000

struct rpc *rpc_new(struct arena *arena)
{
	struct rpc *rpc = arena_alloc(arena, sizeof(*rpc));

	rpc->idle_ms = RPC_IDLE_MS;
	rpc->per_client = RPC_PER_CLIENT;
	rpc->remember_ms = RPC_REMEMBER_MS;
	return rpc;
}

/* What is said of the interfaces of one element. */
struct limits {
	long major, minor; /* -1: not said */
	uint16_t lo, hi;
	uint32_t flags;
	bool ports; /* were said */
	struct loc version_loc, port_loc;
};

static struct rpc_entry *add_entry(struct arena *arena, struct rpc *rpc, const uint8_t *uuid,
				   uint16_t major, uint16_t minor, const struct limits *limits)
{
	struct rpc_entry *e = arena_alloc(arena, sizeof(*e));

	if (uuid)
		memcpy(e->rpc.uuid, uuid, sizeof(e->rpc.uuid));
	e->rpc.major = major;
	e->rpc.minor = limits->minor < 0 ? minor : (uint16_t)limits->minor;
	e->rpc.lo = limits->lo;
	e->rpc.hi = limits->hi;
	e->rpc.flags = limits->flags;
	vec_push(arena, &rpc->interfaces, e);
	return e;
}

/* Return: how many lines have this name, and this version if one is said. */
static unsigned int add_lines(struct arena *arena, struct rpc *rpc, const char *name,
			      const struct limits *limits)
{
	uint8_t uuid[16];
	unsigned int i, n = 0;

	for (i = 0; i < nr_interfaces; i++) {
		const struct interface *line = &interfaces[i];

		if (strcmp(line->name, name) ||
		    (limits->major >= 0 && limits->major != line->major))
			continue;
		uuid_parse(line->uuid, uuid);
		add_entry(arena, rpc, uuid, line->major, line->minor, limits);
		n++;
	}
	return n;
}

void rpc_add_name(struct arena *arena, struct rpc *rpc, const char *name, uint16_t port)
{
	struct limits limits = {
		.major = -1,
		.minor = -1,
		.lo = port ? port : RPC_PORT_MIN,
		.hi = port ? port : RPC_PORT_MAX,
		.flags = port ? POSTERN_RPC_PINNED : 0,
	};

	add_lines(arena, rpc, name, &limits);
}

bool rpc_same(const struct rpc *a, const struct rpc *b)
{
	struct rpc_entry *e, *other;

	if (!a || !b)
		return a == b;
	if (a->interfaces.n != b->interfaces.n || a->flags != b->flags ||
	    a->idle_ms != b->idle_ms || a->per_client != b->per_client ||
	    a->remember_ms != b->remember_ms)
		return false;
	vec_for_each(e, &a->interfaces) {
		other = b->interfaces.v[e_i];
		if (memcmp(&e->rpc, &other->rpc, sizeof(e->rpc)))
			return false;
	}
	return true;
}

/* MAJOR or MAJOR.MINOR */
static bool parse_version(const char *text, struct limits *limits)
{
	long *to = &limits->major;

	for (;; text++) {
		size_t digits = strspn(text, "0123456789");

		if (!digits || digits > 5 || (*text == '0' && digits > 1))
			return false;
		for (*to = 0; digits; digits--)
			*to = *to * 10 + (*text++ - '0');
		if (*to > UINT16_MAX)
			return false;
		if (!*text || *text != '.' || to == &limits->minor)
			return !*text;
		to = &limits->minor;
	}
}

static bool take_version(struct policy *p, const struct ref *value, struct limits *limits)
{
	if (limits->major >= 0) {
		diag_error(&p->diags, value->loc, "the version is said twice.");
		return false;
	}
	limits->version_loc = value->loc;
	if (parse_version(value->name, limits))
		return true;
	diag_error(&p->diags, value->loc,
		   "'%.*s' is not a version, which is MAJOR or MAJOR.MINOR, like 1 or 0.81.",
		   shown(value->name), value->name);
	return false;
}

static bool take_ports(struct policy *p, const struct ref *value, bool pinned,
		       struct limits *limits)
{
	long lo, hi;

	if (limits->ports) {
		diag_error(&p->diags, value->loc, "the port is said twice.");
		return false;
	}
	if (!build_ports(p, value, &lo, &hi))
		return false;
	if (pinned && lo != hi) {
		diag_error(&p->diags, value->loc,
			   "'port' is the one where the server listens; what the mapper may hand out is 'ports %s'.",
			   value->name);
		return false;
	}
	if (lo < RPC_PORT_MIN && !(pinned && lo == RPC_MAPPER_PORT)) {
		diag_error(&p->diags, value->loc,
			   "port %ld is outside 1024 to 65535, where RPC servers listen.", lo);
		return false;
	}
	limits->lo = (uint16_t)lo;
	limits->hi = (uint16_t)hi;
	limits->flags = pinned ? POSTERN_RPC_PINNED : 0;
	limits->ports = true;
	limits->port_loc = value->loc;
	return true;
}

static const char *const limit_words[] = { "version", "port", "ports" };

bool rpc_is_limit(const char *word)
{
	size_t i;

	for (i = 0; i < sizeof(limit_words) / sizeof(*limit_words); i++)
		if (!strcmp(limit_words[i], word))
			return true;
	return false;
}

void build_unknown_limit(struct policy *p, const struct ref *word)
{
	struct nearest near;
	size_t i;

	nearest_init(&near, word->name);
	for (i = 0; i < sizeof(limit_words) / sizeof(*limit_words); i++)
		nearest_try(&near, limit_words[i]);
	if (near.best)
		diag_error(&p->diags, word->loc,
			   "'%.*s' does not follow an interface; did you mean '%s'?",
			   shown(word->name), word->name, near.best);
	else
		diag_error(&p->diags, word->loc,
			   "'%.*s' does not follow an interface; version, port and ports do, or a comma and the next one.",
			   shown(word->name), word->name);
}

/* Pairs of words behind an interface. */
static bool take_limits(struct policy *p, const struct vec *words, struct limits *limits)
{
	const struct ref *word, *value;
	unsigned int i;
	bool good;

	for (i = 0; i + 1 < words->n; i += 2) {
		word = words->v[i];
		value = words->v[i + 1];
		if (!strcmp(word->name, "version")) {
			good = take_version(p, value, limits);
		} else if (!strcmp(word->name, "port") || !strcmp(word->name, "ports")) {
			good = take_ports(p, value, !strcmp(word->name, "port"), limits);
		} else {
			build_unknown_limit(p, word);
			good = false;
		}
		if (!good)
			return false;
	}
	return true;
}

static void add_any(struct policy *p, struct rpc *rpc, const struct rpc_element *element,
		    struct limits *limits)
{
	if (limits->major >= 0)
		diag_error(&p->diags, limits->version_loc, "any interface has no version.");
	else if (!limits->ports)
		diag_error(&p->diags, element->loc,
			   "any interface needs the ports that the mapper may hand out, as in any ports 49152-65535.");
	else if (limits->flags & POSTERN_RPC_PINNED)
		diag_error(&p->diags, limits->port_loc,
			   "any interface cannot be pinned to a port; name the interfaces that listen there.");
	else {
		limits->flags = POSTERN_RPC_ANY;
		add_entry(&p->arena, rpc, NULL, 0, 0, limits);
	}
}

static bool uuid_is_meant(const char *text)
{
	return strchr(text, '-') && strpbrk(text, "0123456789") &&
	       strspn(text, "0123456789abcdefABCDEF-") == strlen(text);
}

static void add_uuid(struct policy *p, struct rpc *rpc, const struct ref *ref,
		     const struct limits *limits)
{
	const struct interface *line;
	uint8_t uuid[16], own[16];
	unsigned int i, n = 0;

	if (!uuid_parse(ref->name, uuid)) {
		diag_error(&p->diags, ref->loc,
			   "'%.*s' is not a UUID, which has 8-4-4-4-12 digits from 0 to f.",
			   shown(ref->name), ref->name);
		return;
	}
	if (limits->major >= 0) {
		line = interface_find(uuid, (uint16_t)limits->major);
		add_entry(&p->arena, rpc, uuid, (uint16_t)limits->major, line ? line->minor : 0,
			  limits);
		return;
	}
	for (i = 0; i < nr_interfaces; i++) {
		uuid_parse(interfaces[i].uuid, own);
		if (memcmp(own, uuid, sizeof(own)))
			continue;
		add_entry(&p->arena, rpc, uuid, interfaces[i].major, interfaces[i].minor, limits);
		n++;
	}
	if (!n)
		diag_error(&p->diags, ref->loc,
			   "this interface is not in the catalogue; say its version too, as in %s version 1.",
			   ref->name);
}

static void add_name(struct policy *p, struct rpc *rpc, const struct ref *ref,
		     const struct limits *limits)
{
	const struct interface *known = NULL;
	struct nearest near;
	unsigned int i;

	if (add_lines(&p->arena, rpc, ref->name, limits))
		return;
	nearest_init(&near, ref->name);
	for (i = 0; i < nr_interfaces; i++) {
		nearest_try(&near, interfaces[i].name);
		if (!strcmp(interfaces[i].name, ref->name))
			known = &interfaces[i];
	}
	if (known)
		diag_error(&p->diags, limits->version_loc,
			   "'%s' has no version %ld; 'postern show interfaces' tells which there are.",
			   ref->name, limits->major);
	else if (near.best)
		diag_error(&p->diags, ref->loc,
			   "there is no RPC interface '%.*s'; did you mean '%s'?", shown(ref->name),
			   ref->name, near.best);
	else
		diag_error(&p->diags, ref->loc,
			   "there is no RPC interface '%.*s'; 'postern show interfaces' lists them, and others have a UUID.",
			   shown(ref->name), ref->name);
}

static bool overlap(const struct postern_rpc *a, const struct postern_rpc *b)
{
	return !memcmp(a->uuid, b->uuid, sizeof(a->uuid)) && a->major == b->major &&
	       a->flags == b->flags && a->lo <= b->hi && b->lo <= a->hi;
}

static void warn_twice(struct policy *p, const struct rpc *rpc, unsigned int from,
		       const struct rpc_element *element)
{
	struct rpc_entry *a, *b;
	unsigned int i, k;

	if (rpc->interfaces.n > TWICE_MAX)
		return;
	for (i = from; i < rpc->interfaces.n; i++) {
		for (k = 0; k < from; k++) {
			a = rpc->interfaces.v[i];
			b = rpc->interfaces.v[k];
			if (!overlap(&a->rpc, &b->rpc))
				continue;
			diag_warning(&p->diags, element->loc, "'%.*s' is named twice in this rpc.",
				     element->ref ? shown(element->ref->name) : 3,
				     element->ref ? element->ref->name : "any");
			return;
		}
	}
}

static void add_element(struct policy *p, struct rpc *rpc, const struct rpc_element *element)
{
	struct limits limits = {
		.major = -1,
		.minor = -1,
		.lo = RPC_PORT_MIN,
		.hi = RPC_PORT_MAX,
	};
	unsigned int from = rpc->interfaces.n, i;
	struct rpc_entry *e;

	if (!take_limits(p, element->words, &limits))
		return;
	if (!element->ref)
		add_any(p, rpc, element, &limits);
	else if (uuid_is_meant(element->ref->name))
		add_uuid(p, rpc, element->ref, &limits);
	else
		add_name(p, rpc, element->ref, &limits);
	for (i = from; i < rpc->interfaces.n; i++) {
		e = rpc->interfaces.v[i];
		e->loc = element->loc;
	}
	warn_twice(p, rpc, from, element);
}

/* ---- options */

enum kind {
	KIND_CHOICE,
	KIND_TIME,
	KIND_TIME_OR_NO,
	KIND_NUMBER,
};

static const struct option {
	const char *name;
	enum kind kind;
	uint32_t flag; /* set by the second word of a choice, or by "no" */
	const char *words[2]; /* of a choice; the second may be the only one */
	uint32_t min, max;
	const char *range; /* as it is written */
	size_t at; /* of the value in struct rpc */
} options[] = {
	{ "idle", KIND_TIME, 0, { 0 }, 20000, 86400000, "20s to 1d", offsetof(struct rpc, idle_ms) },
	{ "pinholes", KIND_NUMBER, 0, { 0 }, 1, 1024, "1 to 1024", offsetof(struct rpc, per_client) },
	{ "lookup", KIND_CHOICE, POSTERN_RPC_OPT_LOOKUP, { "deny", "allow" }, 0, 0, NULL, 0 },
	{ "sealed",
	  KIND_CHOICE,
	  POSTERN_RPC_OPT_SEALED_DENY,
	  { "allow-pinned", "deny" },
	  0,
	  0,
	  NULL,
	  0 },
	{ "bind", KIND_CHOICE, POSTERN_RPC_OPT_BIND_OBSERVE, { "strict", "observe" }, 0, 0, NULL, 0 },
	{ "remember",
	  KIND_TIME_OR_NO,
	  POSTERN_RPC_OPT_NO_REMEMBER,
	  { 0 },
	  RPC_REMEMBER_MIN_MS,
	  604800000,
	  "1m to 7d",
	  offsetof(struct rpc, remember_ms) },
	{ "tower", KIND_CHOICE, POSTERN_RPC_OPT_TOWER_STRICT, { NULL, "strict" }, 0, 0, NULL, 0 },
	{ "resume", KIND_CHOICE, POSTERN_RPC_OPT_RESUME_REFUSE, { NULL, "refuse" }, 0, 0, NULL, 0 },
};

#define NR_OPTIONS (sizeof(options) / sizeof(*options))

static const struct option *find_option(const char *name)
{
	size_t i;

	for (i = 0; i < NR_OPTIONS; i++)
		if (!strcmp(options[i].name, name))
			return &options[i];
	return NULL;
}

bool rpc_is_option(const char *word)
{
	return find_option(word);
}

static void take_choice(struct policy *p, struct rpc *rpc, const struct option *option,
			const struct ref *value)
{
	const char *off = option->words[0], *on = option->words[1];

	if (!strcmp(value->name, on))
		rpc->flags |= option->flag;
	else if (!off)
		diag_error(&p->diags, value->loc, "%s is '%s', and not '%.*s'.", option->name, on,
			   shown(value->name), value->name);
	else if (strcmp(value->name, off))
		diag_error(&p->diags, value->loc, "%s is '%s' or '%s', and not '%.*s'.",
			   option->name, off, on, shown(value->name), value->name);
}

static void take_amount(struct policy *p, struct rpc *rpc, const struct option *option,
			const struct ref *value)
{
	bool is_time = option->kind != KIND_NUMBER;
	uint32_t *to = (uint32_t *)((char *)rpc + option->at);
	uint64_t amount;

	if (option->kind == KIND_TIME_OR_NO && !strcmp(value->name, "no"))
		rpc->flags |= option->flag;
	else if (!amount_parse(value->name, is_time, &amount))
		diag_error(&p->diags, value->loc,
			   is_time ?
				   "'%.*s' is not a time, which is a number with ms, s, m, h or d, like 90s." :
				   "'%.*s' is not a number.",
			   shown(value->name), value->name);
	else if (amount < option->min || amount > option->max)
		diag_error(&p->diags, value->loc, "%s is %s, and not %.*s.", option->name,
			   option->range, shown(value->name), value->name);
	else
		*to = (uint32_t)amount;
}

void build_unknown_option(struct policy *p, const struct ref *word)
{
	static const char *const of_rules[] = {
		"limit", "inspect", "log", "observe", "mark", "name"
	};
	struct nearest near;
	size_t i;

	nearest_init(&near, word->name);
	for (i = 0; i < NR_OPTIONS; i++)
		nearest_try(&near, options[i].name);
	/* Behind the last rpc of a rule stand its own options. */
	for (i = 0; i < sizeof(of_rules) / sizeof(*of_rules); i++)
		nearest_try(&near, of_rules[i]);
	if (near.best)
		diag_error(&p->diags, word->loc,
			   "'%.*s' is not an option of rpc; did you mean '%s'?", shown(word->name),
			   word->name, near.best);
	else
		diag_error(&p->diags, word->loc,
			   "'%.*s' is not an option of rpc, which are idle, pinholes, lookup, sealed, bind, remember, tower and resume.",
			   shown(word->name), word->name);
}

static void take_options(struct policy *p, struct rpc *rpc, const struct vec *words)
{
	const struct ref *given[NR_OPTIONS] = { 0 }, *word, *remember = NULL;
	const struct option *option;
	unsigned int i;

	for (i = 0; i + 1 < words->n; i += 2) {
		word = words->v[i];
		option = find_option(word->name);
		if (!option) {
			build_unknown_option(p, word);
			continue;
		}
		if (given[option - options]) {
			diag_error(&p->diags, word->loc, "the option stands here twice.");
			continue;
		}
		given[option - options] = word;
		if (option->kind == KIND_TIME_OR_NO)
			remember = word;
		if (option->kind == KIND_CHOICE)
			take_choice(p, rpc, option, words->v[i + 1]);
		else
			take_amount(p, rpc, option, words->v[i + 1]);
	}
	if (!(rpc->flags & POSTERN_RPC_OPT_BIND_OBSERVE))
		return;
	if (remember && !(rpc->flags & POSTERN_RPC_OPT_NO_REMEMBER))
		diag_error(&p->diags, remember->loc,
			   "remember needs 'bind strict': nothing else holds a client that has not asked to its interface.");
	rpc->flags |= POSTERN_RPC_OPT_NO_REMEMBER;
}

struct wanted *build_wanted_rpc(struct policy *p, const struct vec *elements,
				const struct vec *words, struct loc loc)
{
	struct wanted *w = arena_alloc(&p->arena, sizeof(*w));
	struct rpc_element *element;

	w->loc = loc;
	w->rpc = rpc_new(&p->arena);
	w->rpc->loc = loc;
	vec_for_each(element, elements)
		add_element(p, w->rpc, element);
	take_options(p, w->rpc, words);
	return w;
}
