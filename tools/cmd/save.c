// SPDX-License-Identifier: GPL-2.0
/* Known senders, bans and RPC endpoints over a restart: to a file and back. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../cmd.h"
#include "../out.h"
#include "../policy/rpc.h"
#include "../saved.h"

/* What one message holds: it is sent when another source might not fit. */
#define SOURCE_BYTES_MAX 256

/* ---- save */

/* Beside the old file first: whoever is interrupted has one of the two. */
static bool write_file(const struct known *k, const char *path, unsigned int *sources)
{
	char *beside = NULL;
	bool good = false;
	FILE *f;
	int fd;

	if (asprintf(&beside, "%s.XXXXXX", path) < 0)
		return false;
	fd = mkostemp(beside, O_CLOEXEC);
	f = fd < 0 ? NULL : fdopen(fd, "w");
	if (f) {
		*sources = saved_write(f, k, time(NULL));
		good = !fflush(f) && !ferror(f) && !fsync(fd);
		good = !fclose(f) && good && !rename(beside, path);
	} else if (fd >= 0) {
		close(fd);
	}
	if (!good) {
		complain("cannot write %s: %s.", path, strerror(errno));
		if (fd >= 0)
			unlink(beside);
	}
	free(beside);
	return good;
}

enum status cmd_save(const struct args *args)
{
	const char *path = args->nr ? args->words[0] : SAVED_FILE;
	struct known k = { 0 };
	unsigned int sources;
	enum status status;
	struct nl nl;

	status = kernel_open(&nl);
	if (status != STATUS_OK)
		return status;
	status = known_bans(&nl, &k);
	if (status == STATUS_OK)
		status = known_sources(&nl, &k, NULL, NULL);
	if (status == STATUS_OK)
		status = known_endpoints(&nl, &k);
	kernel_close(&nl);
	if (status == STATUS_OK && !strcmp(path, "-")) {
		saved_write(stdout, &k, time(NULL));
	} else if (status == STATUS_OK) {
		if (!args->nr)
			mkdir(SAVED_FOLDER, 0700);
		if (write_file(&k, path, &sources)) {
			out_count("bans", k.bans.n, "ban", "bans", ", ");
			out_count("sources", sources, "source", "sources", " and ");
			out_count("endpoints", k.endpoints.n, "endpoint", "endpoints", " saved.\n");
		} else {
			status = STATUS_USAGE;
		}
	}
	known_free(&k);
	return status;
}

/* ---- restore */

static int compare_text(const struct known_ban *a, const struct known_ban *b)
{
	if (a->ends != b->ends)
		return a->ends ? 1 : -1;
	if (a->banned_ms != b->banned_ms)
		return a->banned_ms < b->banned_ms ? -1 : 1;
	return strcmp(a->comment, b->comment);
}

static int by_text(const void *pa, const void *pb)
{
	return compare_text(*(struct known_ban *const *)pa, *(struct known_ban *const *)pb);
}

/* Those that came in one transaction go in one again: each ends flows. */
static enum status restore_bans(struct nl *nl, struct known *k)
{
	struct prefixes group = { 0 };
	enum status status = STATUS_OK;
	struct known_ban *b, *next;
	struct nl_msg *msg;
	unsigned int i;

	if (k->bans.n)
		qsort(k->bans.v, k->bans.n, sizeof(*k->bans.v), by_text);
	for (i = 0; status == STATUS_OK && i < k->bans.n; i++) {
		b = k->bans.v[i];
		prefixes_add(&group, &b->prefix);
		next = i + 1 < k->bans.n ? k->bans.v[i + 1] : NULL;
		if (next && !compare_text(b, next))
			continue;
		msg = prefixes_request(nl, POSTERN_CMD_BAN_ADD, group.list, group.n, "restoring");
		if (!msg) {
			status = STATUS_REFUSED;
			break;
		}
		if (b->ends)
			nla_put_u64(msg, POSTERN_A_BANNED_MS, b->banned_ms);
		if (*b->comment)
			nla_put_string(msg, POSTERN_A_COMMENT, b->comment);
		if (kernel_call(nl, msg, NULL, NULL))
			status = kernel_complain(nl, "restoring bans");
		group.n = 0;
	}
	free(group.list);
	return status;
}

static void put_source(struct nl_msg *msg, const struct known_source *s)
{
	struct nlattr *nest = nla_nest_start(msg, POSTERN_A_SOURCE);

	nla_put_string(msg, POSTERN_A_NAME, s->limit);
	nla_put(msg, POSTERN_A_SADDR, s->prefix.v6 ? 16 : 4, s->prefix.addr);
	if (s->network)
		nla_put_flag(msg, POSTERN_A_NETWORK);
	nla_put_u32(msg, POSTERN_A_NR_ACCEPTED, s->accepted);
	if (s->banned_ms)
		nla_put_u64(msg, POSTERN_A_BANNED_MS, s->banned_ms);
	nla_nest_end(msg, nest);
}

static void take_added(const struct nl_attrs *attrs, void *arg)
{
	*(uint64_t *)arg += attrs_u32(attrs, POSTERN_A_NR_ADDED);
}

static enum status restore_sources(struct nl *nl, const struct known *k, uint64_t *added)
{
	struct nl_msg *msg = NULL;
	struct known_source *s;

	vec_for_each(s, &k->sources) {
		if (!msg)
			msg = kernel_request(nl, POSTERN_CMD_SOURCE_ADD, 0);
		put_source(msg, s);
		if (s_i + 1 < k->sources.n &&
		    nlmsg_hdr(msg)->nlmsg_len + SOURCE_BYTES_MAX < NL_MESSAGE_MAX)
			continue;
		if (kernel_call(nl, msg, take_added, added))
			return kernel_complain(nl, "restoring sources");
		msg = NULL;
	}
	return STATUS_OK;
}

/* Those that the policy would not have learned are left out. Return: how many are there. */
static uint64_t restore_endpoints(struct nl *nl, const struct known *k)
{
	struct known_endpoint *e;
	struct nl_msg *msg;
	uint64_t added = 0, ms;

	vec_for_each(e, &k->endpoints) {
		ms = e->left_ms < RPC_REMEMBER_MIN_MS ? RPC_REMEMBER_MIN_MS : e->left_ms;
		msg = kernel_request(nl, POSTERN_CMD_ENDPOINT_ADD, 0);
		nla_put(msg, POSTERN_A_SERVER, e->server.v6 ? 16 : 4, e->server.addr);
		nla_put_u16(msg, POSTERN_A_PORT, e->port);
		nla_put(msg, POSTERN_A_UUID, sizeof(e->uuid), e->uuid);
		nla_put_u16(msg, POSTERN_A_VERSION, e->version);
		nla_put_u32(msg, POSTERN_A_RPC_REMEMBER_MS, (uint32_t)ms);
		if (!kernel_call(nl, msg, NULL, NULL))
			added++;
	}
	return added;
}

static void print_restored(const struct known *k, uint64_t added, uint64_t endpoints)
{
	out_count("bans", k->bans.n, "ban", "bans", ", ");
	out_count("sources", added, "source", "sources", " and ");
	out_count("endpoints", endpoints, "endpoint", "endpoints", " restored.");
	out_uint("left-out", NULL, k->sources.n - added);
	out_uint("endpoints-left-out", NULL, k->endpoints.n - endpoints);
	if (added < k->sources.n)
		out_text(" %llu sources were of limits that are not in force.",
			 (unsigned long long)(k->sources.n - added));
	if (endpoints < k->endpoints.n)
		out_text(" %llu endpoints are none that the policy would remember.",
			 (unsigned long long)(k->endpoints.n - endpoints));
	out_text("\n");
}

enum status cmd_restore(const struct args *args)
{
	const char *path = args->nr ? args->words[0] : SAVED_FILE;
	struct known k = { 0 };
	uint64_t added = 0, endpoints = 0;
	enum status status;
	struct nl nl;

	/* the first start of all has nothing */
	if (!args->nr && access(path, F_OK)) {
		out_text("There is nothing to be restored: no %s.\n", path);
		out_uint("bans", NULL, 0);
		out_uint("sources", NULL, 0);
		out_uint("endpoints", NULL, 0);
		return STATUS_OK;
	}
	status = saved_read(&k, path, time(NULL));
	if (status == STATUS_OK)
		status = kernel_open(&nl);
	if (status == STATUS_OK) {
		status = restore_bans(&nl, &k);
		if (status == STATUS_OK)
			status = restore_sources(&nl, &k, &added);
		if (status == STATUS_OK)
			endpoints = restore_endpoints(&nl, &k);
		kernel_close(&nl);
	}
	if (status == STATUS_OK)
		print_restored(&k, added, endpoints);
	known_free(&k);
	return status;
}
