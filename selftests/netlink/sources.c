// SPDX-License-Identifier: GPL-2.0
/*
 * sources: does the module keep what the header promises of sources and bans? Prints
 * KTAP. Wants a network namespace without a policy.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "talk.h"

#define SOURCES	500

static uint16_t family;
static struct message m;
static struct answer answer;
static int tests, failures;

static void result(bool good, const char *what)
{
	if (!good) {
		failures++;
		printf("# last answer: %s, \"%s\", %u messages, blames %u\n",
		       answer.acked ? strerror(-answer.error) : "none", answer.text,
		       answer.messages, answer.offset);
	}
	printf("%sok %d %s\n", good ? "" : "not ", ++tests, what);
}

static void begin(struct peer *p, uint8_t cmd)
{
	bool dump = cmd == POSTERN_CMD_SOURCE_GET || cmd == POSTERN_CMD_BAN_GET;

	message_begin(&m, family, cmd, NLM_F_REQUEST | NLM_F_ACK | (dump ? NLM_F_DUMP : 0),
		      p->seq + 1);
}

/* Return: 0 or a negative errno. */
static int finish(struct peer *p)
{
	int error;

	message_end(&m);
	error = peer_exchange(p, &m, 10000, &answer);
	if (error)
		return error;
	return answer.acked ? answer.error : -ENODATA;
}

/* ---- what comes back */

struct seen {
	uint32_t closed, added, accepted;
	unsigned int networks, banned, comments;
	uint64_t banned_ms;
};

static void see_u32(const struct nlmsghdr *h, int type, uint32_t *value)
{
	const struct nlattr *attr = find_attr_in(h, type);

	if (attr && LENGTH(attr) == 4)
		memcpy(value, PAYLOAD(attr), 4);
}

static void see(const struct nlmsghdr *h, void *data)
{
	const struct nlattr *nest = find_attr_in(h, POSTERN_A_SOURCE), *attr;
	struct seen *seen = data;

	see_u32(h, POSTERN_A_NR_CLOSED, &seen->closed);
	see_u32(h, POSTERN_A_NR_ADDED, &seen->added);
	if (!nest)
		nest = find_attr_in(h, POSTERN_A_BAN);
	if (!nest)
		return;
	seen->networks += !!find_attr(PAYLOAD(nest), LENGTH(nest), POSTERN_A_NETWORK);
	seen->comments += !!find_attr(PAYLOAD(nest), LENGTH(nest), POSTERN_A_COMMENT);
	attr = find_attr(PAYLOAD(nest), LENGTH(nest), POSTERN_A_NR_ACCEPTED);
	if (attr)
		memcpy(&seen->accepted, PAYLOAD(attr), 4);
	attr = find_attr(PAYLOAD(nest), LENGTH(nest), POSTERN_A_BANNED_MS);
	seen->banned += !!attr;
	if (attr)
		memcpy(&seen->banned_ms, PAYLOAD(attr), 8);
}

static struct seen seen;

static void open_seeing(struct peer *p)
{
	peer_open(p);
	p->seen = see;
	p->data = &seen;
}

/* How many messages a dump of @cmd has; -1: it failed. */
static int dumped(struct peer *p, uint8_t cmd)
{
	memset(&seen, 0, sizeof(seen));
	begin(p, cmd);
	return finish(p) ? -1 : (int)answer.messages;
}

/* ---- bans */

static const struct postern_prefix v4 = { .addr = { 10, 1 }, .length = 16 };
static const struct postern_prefix v6 = { .addr = { 0x20, 1, 0xd, 0xb8 }, .length = 32, .v6 = 1 };

static int bans(struct peer *p, uint8_t cmd, const struct postern_prefix *prefix, size_t len)
{
	begin(p, cmd);
	put(&m, POSTERN_A_BANS, prefix, len);
	return finish(p);
}

static void refuses(struct peer *p, struct postern_prefix wrong, const char *what)
{
	struct postern_prefix both[2] = { v4, wrong };

	result(bans(p, POSTERN_CMD_BAN_ADD, both, sizeof(both)) == -EINVAL &&
	       strstr(answer.text, "not a prefix"), what);
}

static int ban_for(struct peer *p, uint64_t ms, const char *comment)
{
	begin(p, POSTERN_CMD_BAN_ADD);
	put(&m, POSTERN_A_BANS, &v4, sizeof(v4));
	put(&m, POSTERN_A_BANNED_MS, &ms, sizeof(ms));
	put_string(&m, POSTERN_A_COMMENT, comment);
	return finish(p);
}

static void test_bans(void)
{
	char longest[POSTERN_COMMENT_MAX + 2];
	struct postern_prefix p4 = v4, p6 = v6;
	struct peer p;

	memset(longest, 'c', sizeof(longest));
	longest[POSTERN_COMMENT_MAX + 1] = 0;
	open_seeing(&p);
	begin(&p, POSTERN_CMD_BAN_ADD);
	result(finish(&p) == -EINVAL && strstr(answer.text, "BANS is missing"),
	       "bans need a prefix");
	result(bans(&p, POSTERN_CMD_BAN_ADD, &v4, 0) == -EINVAL, "not none");
	result(bans(&p, POSTERN_CMD_BAN_ADD, &v4, sizeof(v4) - 1) == -EINVAL, "nor a part of one");
	p4.length = 33;
	refuses(&p, p4, "an IPv4 prefix has at most 32 bits");
	p6.length = 129;
	refuses(&p, p6, "an IPv6 prefix 128");
	p4 = v4;
	p4.addr[2] = 1;
	refuses(&p, p4, "bits behind it are 0");
	p4 = v4;
	p4.v6 = 2;
	refuses(&p, p4, "there are two families");
	p4 = v4;
	p4.pad = 1;
	refuses(&p, p4, "what is unused is 0");
	result(ban_for(&p, 999, "") < 0 && ban_for(&p, 10ULL * 365 * 86400000 + 1, "") < 0,
	       "how long a ban may be");
	result(ban_for(&p, 1000, longest) < 0 && ban_for(&p, 1000, "a\nb") < 0,
	       "and what its comment");
	result(!dumped(&p, POSTERN_CMD_BAN_GET), "of all this there is no ban");

	begin(&p, POSTERN_CMD_BAN_ADD);
	put(&m, POSTERN_A_BANS, &v4, sizeof(v4));
	put(&m, POSTERN_A_BANS, &v6, sizeof(v6));
	put(&m, POSTERN_A_BANS, &v4, sizeof(v4));
	result(!finish(&p), "many attributes, and one twice");
	result(dumped(&p, POSTERN_CMD_BAN_GET) == 2 && !seen.banned && !seen.comments,
	       "are two bans for good");
	longest[POSTERN_COMMENT_MAX] = 0;
	result(!ban_for(&p, 3600000, longest), "one gets another end");
	result(dumped(&p, POSTERN_CMD_BAN_GET) == 2 && seen.banned == 1 &&
	       seen.banned_ms <= 3600000 && seen.banned_ms > 3500000, "which it has");
	p4 = v4;
	p4.length = 17;
	memset(&seen, 0, sizeof(seen));
	result(!bans(&p, POSTERN_CMD_BAN_DEL, &p4, sizeof(p4)) && !seen.closed,
	       "a part of a prefix is another ban");
	result(!bans(&p, POSTERN_CMD_BAN_DEL, &v4, sizeof(v4)) && seen.closed == 1, "one ends");
	result(!bans(&p, POSTERN_CMD_BAN_DEL, &v6, sizeof(v6)) && seen.closed == 1, "the other, too");
	result(!dumped(&p, POSTERN_CMD_BAN_GET), "none is left");
	peer_close(&p);
}

/* ---- sources */

static void put_source(const char *limit, uint32_t addr, size_t len, uint64_t banned_ms,
		       bool network)
{
	uint32_t bytes[4] = { htonl(addr) };
	size_t nest = nest_begin(&m, POSTERN_A_SOURCE);

	put_string(&m, POSTERN_A_NAME, limit);
	put(&m, POSTERN_A_SADDR, bytes, len);
	put_u32(&m, POSTERN_A_NR_ACCEPTED, 7);
	if (banned_ms)
		put(&m, POSTERN_A_BANNED_MS, &banned_ms, sizeof(banned_ms));
	if (network)
		put(&m, POSTERN_A_NETWORK, NULL, 0);
	nest_end(&m, nest);
}

static int add(struct peer *p, const char *limit, size_t len, uint64_t banned_ms)
{
	begin(p, POSTERN_CMD_SOURCE_ADD);
	put_source(limit, 0x0a000001, len, banned_ms, false);
	memset(&seen, 0, sizeof(seen));
	return finish(p);
}

static int load_good(struct peer *p)
{
	int error;

	begin(p, POSTERN_CMD_POLICY_BEGIN);
	error = finish(p);
	if (error)
		return error;
	begin(p, POSTERN_CMD_POLICY_ADD);
	put_u32(&m, POSTERN_A_TXN, p->dialogue.txn);
	put_good_objects(&m);
	error = finish(p);
	if (error)
		return error;
	begin(p, POSTERN_CMD_POLICY_COMMIT);
	put_u32(&m, POSTERN_A_TXN, p->dialogue.txn);
	return finish(p);
}

static int reset(struct peer *p, const char *limit, uint32_t addr)
{
	uint32_t bytes = htonl(addr);

	begin(p, POSTERN_CMD_SOURCE_RESET);
	if (limit)
		put_string(&m, POSTERN_A_NAME, limit);
	if (addr)
		put(&m, POSTERN_A_SADDR, &bytes, 4);
	memset(&seen, 0, sizeof(seen));
	return finish(p);
}

static void test_sources(void)
{
	struct peer p;
	unsigned int i;

	open_seeing(&p);
	result(!dumped(&p, POSTERN_CMD_SOURCE_GET), "without a limit there is no source");
	result(!add(&p, "good", 4, 0) && !seen.added, "and none is added");
	result(!load_good(&p), "a policy with a limit is loaded");
	result(!add(&p, "bad", 4, 0) && !seen.added, "those of other limits are left out");
	result(add(&p, "good", 5, 0) == -EINVAL, "an address has 4 or 16 bytes");
	result(add(&p, "good", 4, 30ULL * 86400000 + 1) < 0, "a ban has an end within 30 days");
	begin(&p, POSTERN_CMD_SOURCE_ADD);
	put_u32(&m, POSTERN_A_SOURCE, 0);
	result(finish(&p) == -EINVAL, "a source has more than a number");
	result(!add(&p, "good", 4, 60000) && seen.added == 1, "one that is banned");
	result(dumped(&p, POSTERN_CMD_SOURCE_GET) == 1 && seen.accepted == 7 && seen.banned == 1 &&
	       seen.banned_ms <= 61000 && seen.banned_ms > 50000, "is dumped");
	result(!reset(&p, "bad", 0) && !seen.closed, "under another limit none is forgotten");
	result(!reset(&p, "good", 0x0a000002) && !seen.closed, "nor another one");
	result(!reset(&p, "good", 0x0a000001) && seen.closed == 1, "but it is");
	begin(&p, POSTERN_CMD_SOURCE_ADD);
	for (i = 0; i < SOURCES; i++)
		put_source("good", 0x0a010000 + i, i & 1 ? 16 : 4, 0, i % 4 == 2);
	memset(&seen, 0, sizeof(seen));
	result(!finish(&p) && seen.added == SOURCES, "hundreds in one message");
	result(dumped(&p, POSTERN_CMD_SOURCE_GET) > SOURCES / 2 && seen.networks > 0 && seen.networks < 5,
	       "are dumped, of networks each once");
	begin(&p, POSTERN_CMD_POLICY_UNLOAD);
	finish(&p);
	result(dumped(&p, POSTERN_CMD_SOURCE_GET) > SOURCES / 2, "they outlive the policy");
	result(!reset(&p, NULL, 0) && seen.closed && !dumped(&p, POSTERN_CMD_SOURCE_GET),
	       "until all are forgotten");
	peer_close(&p);
}

int main(void)
{
	uint32_t group;

	printf("TAP version 13\n");
	family = find_family(&group);
	test_bans();
	test_sources();
	printf("1..%d\n# passed %d, failed %d\n", tests, tests - failures, failures);
	return failures ? 1 : 0;
}
