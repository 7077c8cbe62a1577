// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "door.h"
#include "known.h"
#include "policy/words.h"

/* How often a list may change while it is read. */
#define TRIES 4

/* One copy of each name: a million sources may have few limits. */
static const char *limit_name(struct known *k, const char *text)
{
	char *name;

	vec_for_each(name, &k->limits)
		if (!strcmp(name, text))
			return name;
	name = arena_strdup(&k->arena, text);
	vec_push(&k->arena, &k->limits, name);
	return name;
}

static void take_source(const struct nl_attrs *attrs, void *arg)
{
	struct known *k = arg;
	struct known_source *s;
	struct nl_attrs object;
	struct postern_prefix prefix;

	if (!attrs->a[POSTERN_A_SOURCE])
		return;
	attrs_nest(&object, attrs->a[POSTERN_A_SOURCE]);
	if (!attrs_prefix(&object, &prefix))
		return;
	s = arena_alloc(&k->arena, sizeof(*s));
	*s = (struct known_source){
		.prefix = prefix,
		.limit = limit_name(k, attrs_string(&object, POSTERN_A_NAME)),
		.network = object.a[POSTERN_A_NETWORK],
		.open = attrs_u32(&object, POSTERN_A_NR_OPEN),
		.accepted = attrs_u32(&object, POSTERN_A_NR_ACCEPTED),
		.refused = attrs_u32(&object, POSTERN_A_NR_REFUSED),
		.reason = attrs_u32(&object, POSTERN_A_REASON),
		.burst_used = attrs_u32(&object, POSTERN_A_BURST_USED),
		.seen_ms = attrs_u64(&object, POSTERN_A_SEEN_MS),
		.banned_ms = attrs_u64(&object, POSTERN_A_BANNED_MS),
	};
	vec_push(&k->arena, &k->sources, s);
}

enum status known_sources(struct nl *nl, struct known *k, const char *limit,
			  const struct range *addr)
{
	struct nl_msg *msg = kernel_request(nl, POSTERN_CMD_SOURCE_GET, NLM_F_DUMP);

	if (limit)
		nla_put_string(msg, POSTERN_A_NAME, limit);
	if (addr)
		put_address(msg, POSTERN_A_SADDR, addr);
	return kernel_dump_some(nl, msg, take_source, k) ?
		       kernel_complain(nl, "reading the sources") :
		       STATUS_OK;
}

static void take_ban(const struct nl_attrs *attrs, void *arg)
{
	struct known *k = arg;
	struct nl_attrs object;
	struct postern_prefix prefix;
	struct known_ban *b;

	if (!attrs->a[POSTERN_A_BAN])
		return;
	attrs_nest(&object, attrs->a[POSTERN_A_BAN]);
	if (!attrs_prefix(&object, &prefix))
		return;
	b = arena_alloc(&k->arena, sizeof(*b));
	*b = (struct known_ban){
		.prefix = prefix,
		.ends = object.a[POSTERN_A_BANNED_MS],
		.banned_ms = attrs_u64(&object, POSTERN_A_BANNED_MS),
		.was_hit = object.a[POSTERN_A_HIT_MS],
		.hit_ms = attrs_u64(&object, POSTERN_A_HIT_MS),
		.comment = arena_strdup(&k->arena, attrs_string(&object, POSTERN_A_COMMENT)),
	};
	/* one that is over waits to be swept up */
	if (!b->ends || b->banned_ms)
		vec_push(&k->arena, &k->bans, b);
}

static int by_prefix(const void *pa, const void *pb)
{
	const struct known_ban *a = *(struct known_ban *const *)pa;
	const struct known_ban *b = *(struct known_ban *const *)pb;

	return prefix_compare(&a->prefix, &b->prefix);
}

enum status known_bans(struct nl *nl, struct known *k)
{
	if (kernel_dump(nl, POSTERN_CMD_BAN_GET, take_ban, k))
		return kernel_complain(nl, "reading the bans");
	if (k->bans.n)
		qsort(k->bans.v, k->bans.n, sizeof(*k->bans.v), by_prefix);
	return STATUS_OK;
}

static void take_endpoint(const struct nl_attrs *attrs, void *arg)
{
	struct known *k = arg;
	struct known_endpoint *e;
	struct nl_attrs object;
	struct nlattr *server, *uuid;

	if (!attrs->a[POSTERN_A_ENDPOINT])
		return;
	attrs_nest(&object, attrs->a[POSTERN_A_ENDPOINT]);
	server = object.a[POSTERN_A_SERVER];
	uuid = object.a[POSTERN_A_UUID];
	if (!server || (nla_len(server) != 4 && nla_len(server) != 16) || !uuid ||
	    nla_len(uuid) != sizeof(e->uuid))
		return;
	e = arena_alloc(&k->arena, sizeof(*e));
	e->server.v6 = nla_len(server) == 16;
	e->server.length = (uint8_t)(8 * nla_len(server));
	memcpy(e->server.addr, nla_data(server), (size_t)nla_len(server));
	memcpy(e->uuid, nla_data(uuid), sizeof(e->uuid));
	e->port = attrs_u16(&object, POSTERN_A_PORT);
	e->version = attrs_u16(&object, POSTERN_A_VERSION);
	e->left_ms = attrs_u32(&object, POSTERN_A_LEFT_MS);
	vec_push(&k->arena, &k->endpoints, e);
}

enum status known_endpoints(struct nl *nl, struct known *k)
{
	struct nl_msg *msg = kernel_request(nl, POSTERN_CMD_ENDPOINT_GET, NLM_F_DUMP);

	return kernel_dump_some(nl, msg, take_endpoint, k) ?
		       kernel_complain(nl, "reading the endpoints") :
		       STATUS_OK;
}

void known_free(struct known *k)
{
	arena_free(&k->arena);
	memset(k, 0, sizeof(*k));
}

static void take_limit(const struct nl_attrs *attrs, void *arg)
{
	struct nl_attrs object;

	if (!attrs->a[POSTERN_A_LIMIT])
		return;
	attrs_nest(&object, attrs->a[POSTERN_A_LIMIT]);
	limit_name(arg, attrs_string(&object, POSTERN_A_NAME));
}

enum status known_limit(struct nl *nl, const char *name)
{
	enum status status = STATUS_USAGE;
	struct known k = { 0 };
	struct nearest near;
	int err, tries = 0;
	char *one;

	do {
		err = kernel_dump(nl, POSTERN_CMD_LIMIT_GET, take_limit, &k);
	} while (err == -EAGAIN && ++tries < TRIES);
	if (err) {
		known_free(&k);
		return kernel_complain(nl, "reading the limits");
	}
	nearest_init(&near, name);
	vec_for_each(one, &k.limits) {
		nearest_try(&near, one);
		if (!strcmp(one, name))
			status = STATUS_OK;
	}
	if (status != STATUS_OK && near.best)
		complain("no limit is called '%s'; did you mean '%s'?", name, near.best);
	else if (status != STATUS_OK)
		complain("no limit of the policy in force is called '%s'.", name);
	known_free(&k);
	return status;
}
