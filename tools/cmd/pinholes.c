// SPDX-License-Identifier: GPL-2.0
/* pinholes and endpoints: two lists of the kernel that are looked at in one way. */
#include <errno.h>
#include <string.h>

#include "../cmd.h"
#include "../door.h"
#include "../mem.h"
#include "../out.h"

/* How often a list may change while it is read, before it is shown as it came. */
#define TRIES 4

/* What is asked for; @n interfaces, or 0 for all. */
struct query {
	bool by_client, by_server;
	struct range client, server;
	struct wanted_interface interfaces[INTERFACES_OF_A_NAME];
	unsigned int n;
};

struct list {
	enum postern_cmd get, flush;
	enum postern_attr nest;
	const char *key, *one, *many, *flushing;
};

static const struct list pinholes = {
	.get = POSTERN_CMD_PINHOLE_GET,
	.flush = POSTERN_CMD_PINHOLE_FLUSH,
	.nest = POSTERN_A_PINHOLE,
	.key = "pinholes",
	.one = "pinhole closed.\n",
	.many = "pinholes closed.\n",
	.flushing = "closing pinholes",
};

static const struct list endpoints = {
	.get = POSTERN_CMD_ENDPOINT_GET,
	.flush = POSTERN_CMD_ENDPOINT_FLUSH,
	.nest = POSTERN_A_ENDPOINT,
	.key = "endpoints",
	.one = "endpoint forgotten.\n",
	.many = "endpoints forgotten.\n",
	.flushing = "forgetting endpoints",
};

static bool read_query(const struct args *args, struct query *q)
{
	const char *client = args_get(args, "client"), *server = args_get(args, "server");
	const char *interface = args_get(args, "interface");

	memset(q, 0, sizeof(*q));
	q->by_client = client;
	q->by_server = server;
	if ((client && !one_address(client, &q->client)) ||
	    (server && !one_address(server, &q->server)))
		return false;
	if (interface)
		q->n = wanted_interfaces(interface, q->interfaces);
	return !interface || q->n;
}

static struct nl_msg *request(struct nl *nl, enum postern_cmd cmd, int flags, const struct query *q,
			      unsigned int i)
{
	struct nl_msg *msg = kernel_request(nl, cmd, flags);

	if (q->by_client)
		put_address(msg, POSTERN_A_CLIENT, &q->client);
	if (q->by_server)
		put_address(msg, POSTERN_A_SERVER, &q->server);
	if (!q->n)
		return msg;
	nla_put(msg, POSTERN_A_UUID, 16, q->interfaces[i].uuid);
	if (!q->interfaces[i].any_version)
		nla_put_u16(msg, POSTERN_A_VERSION, q->interfaces[i].version);
	return msg;
}

/* Kept until the list is whole: what the kernel sent of one door. */
struct seen {
	struct arena arena;
	struct vec nests; /* struct nlattr */
	enum postern_attr nest;
};

static void take(const struct nl_attrs *attrs, void *arg)
{
	struct seen *seen = arg;
	struct nlattr *nest = attrs->a[seen->nest], *copy;
	size_t len;

	if (!nest)
		return;
	len = (size_t)nla_len(nest) + NLA_HDRLEN;
	copy = arena_alloc(&seen->arena, len);
	memcpy(copy, nest, len);
	vec_push(&seen->arena, &seen->nests, copy);
}

static void print_left(const struct nl_attrs *attrs)
{
	uint32_t ms = attrs_u32(attrs, POSTERN_A_LEFT_MS);
	char text[SPAN_TEXT_MAX];

	out_uint("left-ms", NULL, ms);
	out_text("  %s left\n", span_text(ms, text));
}

static void print_one(const struct nl_attrs *attrs)
{
	char text[ADDRESS_TEXT_MAX];
	bool used = attrs->a[POSTERN_A_IN_USE];

	out_object(NULL);
	if (attrs->a[POSTERN_A_CLIENT]) {
		out_str("client", "%-15s -> ", attrs_address(attrs, POSTERN_A_CLIENT, text));
		out_bool("in-use", NULL, used);
	}
	door_print(attrs);
	if (used) {
		out_uint("left-ms", NULL, attrs_u32(attrs, POSTERN_A_LEFT_MS));
		out_color_str(COLOR_GOOD, NULL, "  %s\n", "in use");
	} else {
		print_left(attrs);
	}
	out_end();
}

static void print_all(const struct list *list, const struct seen *seen)
{
	struct nlattr *nest;
	struct nl_attrs attrs;

	out_array(list->key);
	vec_for_each(nest, &seen->nests) {
		attrs_nest(&attrs, nest);
		print_one(&attrs);
	}
	out_end();
}

static enum status show(struct nl *nl, const struct list *list, const struct query *q)
{
	struct seen seen = { .nest = list->nest };
	enum status status = STATUS_OK;
	unsigned int i, tries = 0;
	int err = 0;

	do {
		arena_free(&seen.arena);
		seen = (struct seen){ .nest = list->nest };
		for (i = 0; !i || i < q->n; i++) {
			err = kernel_dump_some(nl, request(nl, list->get, NLM_F_DUMP, q, i), take,
					       &seen);
			if (err)
				break;
		}
	} while (err == -EAGAIN && ++tries < TRIES);
	if (err && err != -EAGAIN)
		status = kernel_complain(nl, "reading the list");
	else
		print_all(list, &seen);
	if (err == -EAGAIN)
		complain(
			"the list changed while it was read: some may be missing, or be there twice.");
	arena_free(&seen.arena);
	return status;
}

static void take_closed(const struct nl_attrs *attrs, void *arg)
{
	*(uint64_t *)arg += attrs_u32(attrs, POSTERN_A_NR_CLOSED);
}

static enum status flush(struct nl *nl, const struct list *list, const struct query *q)
{
	uint64_t closed = 0;
	unsigned int i;

	for (i = 0; !i || i < q->n; i++)
		if (kernel_call(nl, request(nl, list->flush, 0, q, i), take_closed, &closed))
			return kernel_complain(nl, list->flushing);
	out_count("closed", closed, list->one, list->many, "");
	return STATUS_OK;
}

static enum status run(const struct args *args, const struct list *list)
{
	const char *verb = args->nr ? args->words[0] : "list";
	bool flushes = !strcmp(verb, "flush");
	enum status status;
	struct query q;
	struct nl nl;

	if (!flushes && strcmp(verb, "list") != 0) {
		complain("usage: postern %s %s", args->cmd->name, args->cmd->usage);
		return STATUS_USAGE;
	}
	if (!read_query(args, &q))
		return STATUS_USAGE;
	status = kernel_open(&nl);
	if (status != STATUS_OK)
		return status;
	status = flushes ? flush(&nl, list, &q) : show(&nl, list, &q);
	kernel_close(&nl);
	return status;
}

enum status cmd_pinholes(const struct args *args)
{
	return run(args, &pinholes);
}

enum status cmd_endpoints(const struct args *args)
{
	return run(args, &endpoints);
}
