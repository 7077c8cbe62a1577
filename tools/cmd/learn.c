// SPDX-License-Identifier: GPL-2.0
/* Asks servers' endpoint mappers what their clients would ask. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../cmd.h"
#include "../door.h"
#include "../epm.h"
#include "../fetch.h"
#include "../out.h"
#include "../policy/rpc.h"

#define SECONDS 5 /* for all that is asked of one server */

struct learning {
	struct nl nl;
	struct arena arena;
	struct vec interfaces; /* struct epm_interface */
	struct vec servers; /* char */
	enum status status;
};

static void want(struct learning *l, const struct postern_rpc *rpc)
{
	struct epm_interface *i;

	vec_for_each(i, &l->interfaces) {
		if (i->major == rpc->major && !memcmp(i->uuid, rpc->uuid, sizeof(i->uuid))) {
			/* who serves the higher one serves the lower one */
			if (rpc->minor < i->minor)
				i->minor = rpc->minor;
			return;
		}
	}
	i = arena_alloc(&l->arena, sizeof(*i));
	memcpy(i->uuid, rpc->uuid, sizeof(i->uuid));
	i->major = rpc->major;
	i->minor = rpc->minor;
	vec_push(&l->arena, &l->interfaces, i);
}

/* What the policy says is not learned: pinned ports, and what is not remembered. */
static enum status find_interfaces(struct learning *l)
{
	struct policy *p = NULL;
	struct rpc_entry *e;
	enum status status;
	struct service *s;
	struct state state;

	status = fetch_policy(&l->nl, 0, &p, &state);
	if (status != STATUS_OK)
		return status;
	vec_for_each(s, &p->services_order) {
		if (!s->rpc || s->rpc->flags & POSTERN_RPC_OPT_NO_REMEMBER)
			continue;
		vec_for_each(e, &s->rpc->interfaces)
			if (!(e->rpc.flags & (POSTERN_RPC_ANY | POSTERN_RPC_PINNED)))
				want(l, &e->rpc);
	}
	policy_free(p);
	if (l->interfaces.n)
		return STATUS_OK;
	complain(
		"there is nothing to learn: the policy in force names no interface that it remembers.");
	return STATUS_REFUSED;
}

static bool read_file(struct learning *l, const char *path)
{
	FILE *f = fopen(path, "re");
	size_t size = 0, len;
	char *line = NULL, *word;

	if (!f) {
		complain("cannot read %s: %s.", path, strerror(errno));
		return false;
	}
	while (getline(&line, &size, f) >= 0) {
		word = line + strspn(line, " \t");
		len = strcspn(word, " \t\r\n#");
		if (len)
			vec_push(&l->arena, &l->servers, arena_strndup(&l->arena, word, len));
	}
	free(line);
	fclose(f);
	return true;
}

/* Return: whether to go on. */
static bool add(struct learning *l, const struct range *server, const struct epm_interface *i,
		uint16_t port)
{
	struct nl_msg *msg = kernel_request(&l->nl, POSTERN_CMD_ENDPOINT_ADD, 0);
	int err;

	put_address(msg, POSTERN_A_SERVER, server);
	nla_put_u16(msg, POSTERN_A_PORT, port);
	nla_put(msg, POSTERN_A_UUID, sizeof(i->uuid), i->uuid);
	nla_put_u16(msg, POSTERN_A_VERSION, i->major);
	err = kernel_call(&l->nl, msg, NULL, NULL);
	out_bool("learned", NULL, !err);
	if (!err) {
		out_color_str(COLOR_GOOD, NULL, "  %s\n", "learned");
		return true;
	}
	out_color_str(COLOR_WARN, NULL, "  %s", "not learned");
	out_str("why", ": %s\n", l->nl.sentence);
	if (err == -EINVAL)
		return true;
	l->status = kernel_complain(&l->nl, "learning");
	return false;
}

static bool report(struct learning *l, const char *name, const struct range *server,
		   const struct epm_interface *i, const uint16_t *ports, int n)
{
	bool good = true;
	int k;

	for (k = 0; good && k < n; k++) {
		out_object(NULL);
		out_text("%s  ", name);
		interface_print(i->uuid, i->major);
		out_uint("port", "  port %llu", ports[k]);
		good = add(l, server, i, ports[k]);
		out_end();
	}
	if (n)
		return good;
	out_object(NULL);
	out_text("%s  ", name);
	interface_print(i->uuid, i->major);
	out_bool("learned", NULL, false);
	out_str("why", "  %s\n", "not registered");
	out_end();
	return true;
}

static socklen_t socket_address(const struct range *r, struct sockaddr_storage *to)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)to;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)to;

	memset(to, 0, sizeof(*to));
	to->ss_family = (sa_family_t)r->family;
	if (r->family == AF_INET) {
		v4->sin_port = htons(RPC_MAPPER_PORT);
		v4->sin_addr.s_addr = htonl(r->r4.lo);
		return sizeof(*v4);
	}
	v6->sin6_port = htons(RPC_MAPPER_PORT);
	memcpy(&v6->sin6_addr, &r->r6.lo, sizeof(v6->sin6_addr));
	return sizeof(*v6);
}

/* Return: whether to go on with the next one. */
static bool ask_server(struct learning *l, const char *name, const struct range *server)
{
	uint16_t ports[EPM_PORTS_MAX];
	struct sockaddr_storage to;
	struct epm_interface *i;
	bool answers, good = true;
	struct epm epm;
	int n;

	out_object(NULL);
	out_str("server", NULL, name);
	answers = epm_open(&epm, (struct sockaddr *)&to, socket_address(server, &to), SECONDS);
	out_array("endpoints");
	if (answers) {
		vec_for_each(i, &l->interfaces) {
			n = epm_map(&epm, i, ports);
			answers = n >= 0;
			good = answers && report(l, name, server, i, ports, n);
			if (!good)
				break;
		}
		epm_close(&epm);
	}
	out_end();
	out_bool("answers", NULL, answers);
	if (!answers) {
		out_str("why", NULL, epm.why);
		complain("the endpoint mapper of %s does not answer: %s.", name, epm.why);
		if (l->status == STATUS_OK)
			l->status = STATUS_USAGE;
	}
	out_end();
	return good || !answers;
}

static enum status learn_all(struct learning *l)
{
	struct range *servers = NULL;
	char *name;

	/* all of them first: a slip of the pen is told before anybody is asked */
	servers = arena_alloc(&l->arena, sizeof(*servers) * (l->servers.n + 1));
	vec_for_each(name, &l->servers)
		if (!one_address(name, &servers[name_i]))
			return STATUS_USAGE;
	l->status = kernel_open(&l->nl);
	if (l->status != STATUS_OK)
		return l->status;
	l->status = find_interfaces(l);
	if (l->status == STATUS_OK) {
		out_array("servers");
		vec_for_each(name, &l->servers)
			if (!ask_server(l, name, &servers[name_i]))
				break;
		out_end();
	}
	kernel_close(&l->nl);
	return l->status;
}

enum status cmd_learn(const struct args *args)
{
	const char *path = args_get(args, "file");
	struct learning l = { 0 };
	enum status status;
	int i;

	if (!path && !args->nr) {
		complain("usage: postern %s %s", args->cmd->name, args->cmd->usage);
		return STATUS_USAGE;
	}
	for (i = 0; i < args->nr; i++)
		vec_push(&l.arena, &l.servers, args->words[i]);
	status = path && !read_file(&l, path) ? STATUS_USAGE : learn_all(&l);
	arena_free(&l.arena);
	return status;
}
