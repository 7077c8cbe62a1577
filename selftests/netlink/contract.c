// SPDX-License-Identifier: GPL-2.0
/*
 * contract: does the module keep what the header promises of transactions, dumps,
 * refusals and events? Prints KTAP. Wants a network namespace without a policy.
 *
 * contract [--idle]: also that a transaction ends after a minute without a message
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "talk.h"

#define RANGES4		200000
#define RANGES6		50000
#define RULES		3000

static uint16_t family;
static uint32_t group;
static struct message m;
static struct answer answer;
static int tests, failures;

static void result(bool good, const char *what)
{
	if (!good) {
		failures++;
		printf("# last answer: %s%s, \"%s\", %u messages, blames %u, line %u\n",
		       answer.acked ? strerror(-answer.error) : "none",
		       answer.interrupted ? ", interrupted" : "", answer.text,
		       answer.messages, answer.offset, answer.place.line);
	}
	printf("%sok %d %s\n", good ? "" : "not ", ++tests, what);
	fflush(stdout);
}

static void begin(struct peer *p, uint8_t cmd, uint16_t flags)
{
	message_begin(&m, family, cmd, NLM_F_REQUEST | NLM_F_ACK | flags, p->seq + 1);
}

/* Return: 0 or a negative errno. */
static int finish(struct peer *p, unsigned int reads)
{
	int error;

	message_end(&m);
	error = peer_exchange(p, &m, reads, &answer);
	if (error)
		return error;
	return answer.acked ? answer.error : -ENODATA;
}

static int simple(struct peer *p, uint8_t cmd)
{
	begin(p, cmd, 0);
	return finish(p, 100);
}

static int begin_txn(struct peer *p)
{
	size_t nest;

	begin(p, POSTERN_CMD_POLICY_BEGIN, 0);
	nest = nest_begin(&m, POSTERN_A_FILES);
	put_string(&m, POSTERN_A_NAME, "/etc/postern/postern.conf");
	nest_end(&m, nest);
	return finish(p, 100);
}

static void begin_add(struct peer *p)
{
	begin(p, POSTERN_CMD_POLICY_ADD, 0);
	put_u32(&m, POSTERN_A_TXN, p->dialogue.txn);
}

static int add_good(struct peer *p)
{
	begin_add(p);
	put_good_objects(&m);
	return finish(p, 100);
}

static int commit(struct peer *p, uint32_t flags)
{
	begin(p, POSTERN_CMD_POLICY_COMMIT, 0);
	put_u32(&m, POSTERN_A_TXN, p->dialogue.txn);
	put_u32(&m, POSTERN_A_COMMIT_FLAGS, flags);
	return finish(p, 100);
}

static int load_good(struct peer *p)
{
	return begin_txn(p) ?: add_good(p) ?: commit(p, 0);
}

static void see_generation(const struct nlmsghdr *h, void *data)
{
	const struct nlattr *attr = find_attr_in(h, POSTERN_A_GENERATION);

	if (attr)
		memcpy(data, PAYLOAD(attr), sizeof(uint32_t));
}

static uint32_t generation(void)
{
	uint32_t generation = ~0U;
	struct peer p;

	peer_open(&p);
	p.seen = see_generation;
	p.data = &generation;
	simple(&p, POSTERN_CMD_STATUS_GET);
	peer_close(&p);
	return generation;
}

/* ---- transactions */

static void test_owners(void)
{
	struct peer a, b, more[POSTERN_TXN_MAX];
	int i, error = 0;

	peer_open(&a);
	peer_open(&b);
	result(!begin_txn(&a) && a.dialogue.txn, "a transaction begins");
	b.dialogue = a.dialogue;
	result(add_good(&b) == -ENOENT && answer.text[0], "another socket cannot add to it");
	result(commit(&b, 0) == -ENOENT, "nor commit it");
	result(!add_good(&a), "its own can");
	for (i = 1; i < POSTERN_TXN_MAX; i++) {
		peer_open(&more[i]);
		error |= begin_txn(&more[i]);
	}
	result(!error, "as many as there may be are open");
	result(begin_txn(&b) == -EBUSY && answer.text[0], "one more is refused");
	peer_close(&more[1]);
	result(!begin_txn(&b), "one ends with its socket and makes room");
	for (i = 2; i < POSTERN_TXN_MAX; i++)
		peer_close(&more[i]);
	begin(&a, POSTERN_CMD_POLICY_DISCARD, 0);
	put_u32(&m, POSTERN_A_TXN, a.dialogue.txn);
	result(!finish(&a, 1), "it is discarded");
	result(commit(&a, 0) == -ENOENT, "and gone");
	peer_close(&a);
	peer_close(&b);
}

static void test_refusals(void)
{
	uint32_t offset;
	struct peer p;
	size_t nest;

	peer_open(&p);
	begin_txn(&p);
	begin_add(&p);
	put_good_zone(&m);
	put_u32(&m, POSTERN_A_GENERATION, 1);
	result(finish(&p, 1) == -EINVAL && answer.text[0], "an attribute that is not the command's");
	begin_add(&p);
	nest = nest_begin(&m, POSTERN_A_ZONE);
	put_u32(&m, POSTERN_A_INDEX, 1);
	nest_end(&m, nest);
	result(finish(&p, 1) == -EINVAL && answer.offset == nest + NLA_HDRLEN,
	       "an attribute that is not the object's, and which");
	result(!add_good(&p), "malformed messages did nothing");

	begin_add(&p);
	put_good_service(&m);
	offset = m.len;
	nest = nest_begin(&m, POSTERN_A_RULE);
	put_string(&m, POSTERN_A_TEXT, "allow nowhere -> any");
	put_u32(&m, POSTERN_A_ACTION, POSTERN_ACTION_ALLOW);
	put(&m, POSTERN_A_SRC, &(struct postern_endpoint){ POSTERN_ENDPOINT_ZONE, 7 }, 8);
	put(&m, POSTERN_A_DST, &(struct postern_endpoint){ POSTERN_ENDPOINT_ANY, 0 }, 8);
	put_u32(&m, POSTERN_A_FILE, 0);
	put_u32(&m, POSTERN_A_LINE, 42);
	nest_end(&m, nest);
	result(finish(&p, 1) == -EINVAL && answer.text[0], "a rule that names what is not there");
	result(answer.offset == offset, "the rule is blamed");
	result(answer.place.file == 0 && answer.place.line == 42, "and its line");
	result(add_good(&p) == -ENOENT, "its transaction is over");
	result(generation() == 0, "nothing was loaded");
	peer_close(&p);
}

static void test_commit(void)
{
	uint32_t before;
	struct peer p;

	peer_open(&p);
	begin_txn(&p);
	add_good(&p);
	result(!commit(&p, POSTERN_COMMIT_DRY_RUN), "a policy is built for trial");
	result(generation() == 0, "and not put in force");
	result(commit(&p, 0) == -ENOENT, "its transaction is over");
	result(!load_good(&p) && generation() != 0, "a policy is loaded");
	before = generation();
	begin_txn(&p);
	add_good(&p);
	begin(&p, POSTERN_CMD_POLICY_COMMIT, 0);
	put_u32(&m, POSTERN_A_TXN, p.dialogue.txn);
	put_u32(&m, POSTERN_A_EXPECT_GENERATION, before + 1);
	result(finish(&p, 1) == -ESTALE && answer.text[0], "not when another is expected");
	result(generation() == before, "and the old one stays");
	result(simple(&p, POSTERN_CMD_POLICY_CONFIRM) == -ENOENT, "nothing waits to be confirmed");
	result(!simple(&p, POSTERN_CMD_POLICY_UNLOAD) && generation() == 0, "it is unloaded");
	peer_close(&p);
}

static void test_idle(void)
{
	struct peer p, q;
	int error, s;

	peer_open(&p);
	peer_open(&q);
	begin_txn(&p);
	begin_txn(&q);
	for (s = 0; s < 50; s += 10) {
		sleep(10);
		error = add_good(&q);
	}
	result(!error, "a transaction that is used goes on");
	sleep(16);
	result(add_good(&p) == -ENOENT, "one that is not has ended");
	result(!commit(&q, POSTERN_COMMIT_DRY_RUN), "the other has not");
	peer_close(&p);
	peer_close(&q);
}

/* ---- large things */

/* The n-th range: ascending, with gaps. */
static struct postern_range4 range4(uint32_t n)
{
	return (struct postern_range4){ htonl(n * 16), htonl(n * 16 + n % 13) };
}

static struct postern_range6 range6(uint32_t n)
{
	struct postern_range6 r = { };

	r.lo.s6_addr32[0] = htonl(0x20010db8);
	r.lo.s6_addr32[1] = htonl(n);
	r.hi = r.lo;
	r.hi.s6_addr32[3] = htonl(n % 7);
	return r;
}

struct ranges_seen {
	uint32_t nr4, nr6;
	bool wrong;
};

static void see_ranges(const struct nlmsghdr *h, void *data)
{
	const struct nlattr *nest = find_attr_in(h, POSTERN_A_RANGES), *attr;
	struct ranges_seen *seen = data;
	struct postern_range4 r4;
	struct postern_range6 r6;
	size_t i;

	if (!nest) {
		seen->wrong = true;
		return;
	}
	attr = find_attr(PAYLOAD(nest), LENGTH(nest), POSTERN_A_RANGES4);
	for (i = 0; attr && i < LENGTH(attr) / sizeof(r4); i++) {
		r4 = range4(1 + seen->nr4++);
		if (memcmp(&r4, (const char *)PAYLOAD(attr) + i * sizeof(r4), sizeof(r4)))
			seen->wrong = true;
	}
	attr = find_attr(PAYLOAD(nest), LENGTH(nest), POSTERN_A_RANGES6);
	for (i = 0; attr && i < LENGTH(attr) / sizeof(r6); i++) {
		r6 = range6(1 + seen->nr6++);
		if (memcmp(&r6, (const char *)PAYLOAD(attr) + i * sizeof(r6), sizeof(r6)))
			seen->wrong = true;
	}
}

static int add_ranges(struct peer *p)
{
	uint32_t n4 = 0, n6 = 0, i;
	int error = 0;

	while (!error && (n4 < RANGES4 || n6 < RANGES6)) {
		size_t nest;
		uint32_t nr = n4 < RANGES4 ? POSTERN_LIST_MAX : 2000;
		struct postern_range4 *r4;
		struct postern_range6 *r6;

		begin_add(p);
		nest = nest_begin(&m, POSTERN_A_RANGES);
		put_u32(&m, POSTERN_A_HOSTS_INDEX, 1);
		if (n4 < RANGES4) {
			r4 = reserve(&m, POSTERN_A_RANGES4, nr * sizeof(*r4));
			for (i = 0; i < nr; i++)
				r4[i] = range4(1 + n4++);
		} else {
			r6 = reserve(&m, POSTERN_A_RANGES6, nr * sizeof(*r6));
			for (i = 0; i < nr; i++)
				r6[i] = range6(1 + n6++);
		}
		nest_end(&m, nest);
		error = finish(p, 1);
	}
	return error;
}

static void test_ranges(void)
{
	struct ranges_seen seen = { };
	struct peer p;
	double start;
	size_t nest;

	peer_open(&p);
	begin_txn(&p);
	begin_add(&p);
	put_good_zone(&m);
	nest = nest_begin(&m, POSTERN_A_HOSTS);
	put_string(&m, POSTERN_A_NAME, "empty");
	nest_end(&m, nest);
	nest = nest_begin(&m, POSTERN_A_HOSTS);
	put_string(&m, POSTERN_A_NAME, "many");
	nest_end(&m, nest);
	finish(&p, 1);
	start = now();
	result(!add_ranges(&p), "many ranges are added");
	result(!commit(&p, 0), "and loaded");
	printf("# %u IPv4 and %u IPv6 ranges in %.2f s\n", RANGES4, RANGES6, now() - start);
	start = now();
	p.seen = see_ranges;
	p.data = &seen;
	begin(&p, POSTERN_CMD_RANGES_GET, NLM_F_DUMP);
	result(!finish(&p, 10000) && !answer.interrupted, "they are dumped");
	printf("# %u messages in %.2f s; %u and %u ranges\n", answer.messages, now() - start,
	       seen.nr4, seen.nr6);
	result(seen.nr4 == RANGES4 && seen.nr6 == RANGES6 && !seen.wrong, "and are the same");
	peer_close(&p);
}

static void see_largest(const struct nlmsghdr *h, void *data)
{
	const struct nlattr *nest = find_attr_in(h, POSTERN_A_RULE), *attr = NULL;

	if (nest)
		attr = find_attr(PAYLOAD(nest), LENGTH(nest), POSTERN_A_SRC);
	if (attr)
		*(size_t *)data = LENGTH(attr);
}

static int add_large_rule(struct peer *p, uint32_t nr)
{
	struct postern_endpoint any = { };
	char text[POSTERN_TEXT_MAX + 1];
	size_t nest;

	memset(text, 't', POSTERN_TEXT_MAX);
	text[POSTERN_TEXT_MAX] = 0;
	begin_add(p);
	nest = nest_begin(&m, POSTERN_A_RULE);
	put_string(&m, POSTERN_A_TEXT, text);
	put_u32(&m, POSTERN_A_ACTION, POSTERN_ACTION_BLOCK);
	put(&m, POSTERN_A_DST, &any, sizeof(any));
	reserve(&m, POSTERN_A_SRC, nr * sizeof(any));
	nest_end(&m, nest);
	return finish(p, 1);
}

static void test_largest(void)
{
	/* what a nest of POSTERN_OBJECT_MAX bytes has room for */
	uint32_t nr = (POSTERN_OBJECT_MAX - (4 + 1024) - 8 - 12 - 4) / 8;
	size_t seen = 0;
	struct peer p;

	peer_open(&p);
	begin_txn(&p);
	result(add_large_rule(&p, nr + 1) == -E2BIG && answer.text[0], "too large a rule is refused");
	begin_txn(&p);
	begin_add(&p);
	put_good_zone(&m);
	finish(&p, 1);
	result(!add_large_rule(&p, nr) && !commit(&p, 0), "the largest is loaded");
	p.seen = see_largest;
	p.data = &seen;
	begin(&p, POSTERN_CMD_RULE_GET, NLM_F_DUMP);
	result(!finish(&p, 100) && seen == nr * 8, "and dumped whole");
	peer_close(&p);
}

/* ---- RPC services */

static int begin_rpc(struct peer *p, size_t *nest)
{
	int error = begin_txn(p);

	begin_add(p);
	*nest = nest_begin(&m, POSTERN_A_SERVICE);
	put_string(&m, POSTERN_A_NAME, "rpc");
	return error;
}

/* Does the kernel refuse @rpc with one option, in these words and at its attribute? */
static void refuses_rpc(const struct postern_rpc *rpc, size_t len, int option, uint32_t value,
			const char *text, const char *what)
{
	struct peer p;
	size_t nest;
	bool good;

	peer_open(&p);
	good = !begin_rpc(&p, &nest);
	if (rpc)
		put(&m, POSTERN_A_RPC, rpc, len);
	if (option)
		put_u32(&m, option, value);
	nest_end(&m, nest);
	result(good && finish(&p, 1) == -EINVAL && !strcmp(answer.text, text) && answer.offset,
	       what);
	peer_close(&p);
}

struct rpc_seen {
	uint32_t nr, options[4];
	struct postern_rpc rpc[4];
};

static void see_rpc(const struct nlmsghdr *h, void *data)
{
	const struct nlattr *nest = find_attr_in(h, POSTERN_A_SERVICE), *attr = NULL;
	struct rpc_seen *seen = data;
	int i;

	if (nest)
		attr = find_attr(PAYLOAD(nest), LENGTH(nest), POSTERN_A_RPC);
	if (!attr || LENGTH(attr) > sizeof(seen->rpc))
		return;
	seen->nr = LENGTH(attr) / sizeof(seen->rpc[0]);
	memcpy(seen->rpc, PAYLOAD(attr), LENGTH(attr));
	for (i = 0; i < 4; i++) {
		attr = find_attr(PAYLOAD(nest), LENGTH(nest), POSTERN_A_RPC_FLAGS + i);
		if (attr)
			memcpy(&seen->options[i], PAYLOAD(attr), 4);
	}
}

static void test_rpc(void)
{
	struct postern_rpc rpc = { .uuid = { 1 }, .lo = 1024, .hi = 65535 };
	struct postern_endpoint any = { };
	struct rpc_seen seen = { };
	uint32_t service = 1;
	struct peer p;
	size_t nest;

	refuses_rpc(NULL, 0, POSTERN_A_RPC_IDLE_MS, 60000, "an option of RPC, and no RPC",
		    "an option of RPC without RPC");
	refuses_rpc(&rpc, 0, 0, 0, "an empty list of RPC interfaces", "no RPC interface at all");
	refuses_rpc(&rpc, sizeof(rpc) - 4, 0, 0, "not a whole number of array elements",
		    "half an RPC interface");
	refuses_rpc(&rpc, sizeof(rpc), POSTERN_A_RPC_FLAGS, 64,
		    "unknown options of an RPC service", "an unknown option of RPC");
	refuses_rpc(&rpc, sizeof(rpc), POSTERN_A_RPC_IDLE_MS, 0,
		    "the idle time of pinholes is 20 s to 1 day", "no idle time");
	refuses_rpc(&rpc, sizeof(rpc), POSTERN_A_RPC_PER_CLIENT, 0,
		    "a client may have 1 to 1024 pinholes", "no pinhole");
	refuses_rpc(&rpc, sizeof(rpc), POSTERN_A_RPC_REMEMBER_MS, 0,
		    "the mapper's answers are remembered 1 minute to 7 days", "no memory");
	refuses_rpc(&rpc, sizeof(rpc), POSTERN_A_RPC_FLAGS, POSTERN_RPC_OPT_BIND_OBSERVE,
		    "the mapper's answers are remembered only where binds are checked",
		    "memory without a check of binds");
	rpc.lo = 80;
	refuses_rpc(&rpc, sizeof(rpc), 0, 0, "RPC ports are 1024 to 65535, or a pinned 135",
		    "a port below those of RPC");

	peer_open(&p);
	result(!load_good(&p), "a policy with RPC is loaded");
	p.seen = see_rpc;
	p.data = &seen;
	begin(&p, POSTERN_CMD_SERVICE_GET, NLM_F_DUMP);
	result(!finish(&p, 100) && answer.messages == 2, "its services are dumped");
	result(seen.nr == 3 && seen.rpc[0].uuid[2] == 3 && seen.rpc[0].major == 4 &&
	       seen.rpc[0].minor == 5 && seen.rpc[1].flags == POSTERN_RPC_PINNED &&
	       seen.rpc[1].lo == 1225 && seen.rpc[2].flags == POSTERN_RPC_ANY &&
	       seen.rpc[2].lo == 49152, "and the RPC interfaces are the same");
	result(seen.options[0] == 0 && seen.options[1] == 60000 && seen.options[2] == 10 &&
	       seen.options[3] == 8 * 3600 * 1000, "with the options, and the defaults of others");
	p.seen = NULL;
	begin_txn(&p);
	add_good(&p);
	begin_add(&p);
	nest = nest_begin(&m, POSTERN_A_RULE);
	put_string(&m, POSTERN_A_TEXT, "block any -> any : good-rpc");
	put_u32(&m, POSTERN_A_ACTION, POSTERN_ACTION_BLOCK);
	put(&m, POSTERN_A_SRC, &any, sizeof(any));
	put(&m, POSTERN_A_DST, &any, sizeof(any));
	put(&m, POSTERN_A_SERVICES, &service, sizeof(service));
	nest_end(&m, nest);
	result(finish(&p, 1) == -EINVAL &&
	       !strcmp(answer.text, "a block rule cannot name an RPC service"),
	       "a block rule that names RPC");
	peer_close(&p);
}

/* ---- limits */

/* Does the kernel refuse an object with this attribute, in these words and there? */
static void refuses_object(int kind, int type, const void *data, size_t len, const char *text,
			   const char *what)
{
	struct peer p;
	size_t nest;
	bool good;

	peer_open(&p);
	good = !begin_txn(&p);
	begin_add(&p);
	nest = nest_begin(&m, kind);
	put_string(&m, POSTERN_A_NAME, "name");
	put(&m, type, data, len);
	nest_end(&m, nest);
	result(good && finish(&p, 1) < 0 && (!text || !strcmp(answer.text, text)) &&
	       answer.offset, what);
	peer_close(&p);
}

static void refuses_limit(int type, const void *data, size_t len, const char *text,
			  const char *what)
{
	refuses_object(POSTERN_A_LIMIT, type, data, len, text, what);
}

static void refuses_number(int type, uint32_t number, const char *text, const char *what)
{
	refuses_limit(type, &number, sizeof(number), text, what);
}

/*
 * Does the kernel refuse a rule for service @service (none if it is below 0) that names
 * number @index of its limits or inspects, where there is one of each?
 */
static void refuses_rule_for(int32_t service, int type, uint32_t index, uint32_t action,
			     const char *text, const char *what)
{
	struct postern_endpoint any = { };
	struct peer p;
	size_t nest;
	bool good;

	peer_open(&p);
	good = !begin_txn(&p) && !add_good(&p);
	begin_add(&p);
	nest = nest_begin(&m, POSTERN_A_RULE);
	put_string(&m, POSTERN_A_TEXT, "any -> any");
	put_u32(&m, POSTERN_A_ACTION, action);
	put(&m, POSTERN_A_SRC, &any, sizeof(any));
	put(&m, POSTERN_A_DST, &any, sizeof(any));
	if (service >= 0)
		put(&m, POSTERN_A_SERVICES, &service, sizeof(service));
	put_u32(&m, type, index);
	nest_end(&m, nest);
	result(good && finish(&p, 1) == -EINVAL && !strcmp(answer.text, text), what);
	peer_close(&p);
}

static void refuses_rule(uint32_t limit, uint32_t action, const char *text, const char *what)
{
	refuses_rule_for(-1, POSTERN_A_LIMIT_INDEX, limit, action, text, what);
}

/* Return: what BEGIN answers to a table of so many sources. */
static int sources(uint32_t number)
{
	struct peer p;
	int error;

	peer_open(&p);
	begin(&p, POSTERN_CMD_POLICY_BEGIN, 0);
	put_u32(&m, POSTERN_A_SOURCES, number);
	error = finish(&p, 100);
	peer_close(&p);
	return error;
}

struct limit_seen {
	uint32_t flags, open, half_open, silent, exempt, limit, sources, nr;
	struct postern_rate rate;
	struct postern_ban ban;
	struct postern_prefixes prefixes;
};

static void see_part(const struct nlattr *nest, int type, void *to, size_t size)
{
	const struct nlattr *attr = nest ? find_attr(PAYLOAD(nest), LENGTH(nest), type) : NULL;

	if (attr && LENGTH(attr) == size)
		memcpy(to, PAYLOAD(attr), size);
}

static void see_limit(const struct nlmsghdr *h, void *data)
{
	const struct nlattr *rule = find_attr_in(h, POSTERN_A_RULE);
	const struct nlattr *limit = find_attr_in(h, POSTERN_A_LIMIT);
	const struct nlattr *entries = find_attr_in(h, POSTERN_A_SOURCES);
	const struct nlattr *nr = find_attr_in(h, POSTERN_A_STATUS_NR_LIMITS);
	struct limit_seen *seen = data;

	see_part(rule, POSTERN_A_LIMIT_INDEX, &seen->limit, 4);
	see_part(limit, POSTERN_A_FLAGS, &seen->flags, 4);
	see_part(limit, POSTERN_A_LIMIT_OPEN_SOURCE, &seen->open, 4);
	see_part(limit, POSTERN_A_LIMIT_HALF_OPEN, &seen->half_open, 4);
	see_part(limit, POSTERN_A_LIMIT_SILENT, &seen->silent, 4);
	see_part(limit, POSTERN_A_LIMIT_EXEMPT, &seen->exempt, 4);
	see_part(limit, POSTERN_A_LIMIT_RATE_NETWORK, &seen->rate, sizeof(seen->rate));
	see_part(limit, POSTERN_A_LIMIT_BAN, &seen->ban, sizeof(seen->ban));
	see_part(limit, POSTERN_A_LIMIT_PREFIXES, &seen->prefixes, sizeof(seen->prefixes));
	if (entries)
		memcpy(&seen->sources, PAYLOAD(entries), 4);
	if (nr)
		memcpy(&seen->nr, PAYLOAD(nr), 4);
}

static void test_limits(void)
{
	struct limit_seen seen = { .exempt = 9, .limit = 9 };
	struct postern_prefixes prefixes = { 32, 64, 24, 65 };
	struct postern_ban ban = { 0, 1000, 1, 1000 };
	struct postern_rate rate = { 0, 1000, 1, 0 };
	struct peer p;

	refuses_limit(POSTERN_A_LIMIT_TOTAL, &rate, sizeof(rate),
		      "a rate of nothing at all", "a rate of nothing");
	rate.count = 1;
	rate.pad = 1;
	refuses_limit(POSTERN_A_LIMIT_RATE_SOURCE, &rate, sizeof(rate),
		      "the padding of a rate is not 0", "the padding of a rate");
	rate.pad = 0;
	refuses_limit(POSTERN_A_LIMIT_RATE_SOURCE, &rate, sizeof(rate) - 4, NULL, "half a rate");
	rate.burst = 0;
	refuses_limit(POSTERN_A_LIMIT_RATE_NETWORK, &rate, sizeof(rate),
		      "a burst is 1 to 1000000", "no burst");
	refuses_limit(POSTERN_A_LIMIT_BAN, &ban, sizeof(ban), "a ban for no time", "no ban");
	refuses_limit(POSTERN_A_LIMIT_PREFIXES, &prefixes, sizeof(prefixes),
		      "the prefix of a network is longer than that of a source",
		      "a network in a source");
	refuses_number(POSTERN_A_LIMIT_OPEN_SOURCE, 0, NULL, "no open connection");
	refuses_number(POSTERN_A_LIMIT_HALF_OPEN, 10000001,
		       "a limit on half-open connections is 1 to 10000000",
		       "too many half-open connections");
	refuses_number(POSTERN_A_LIMIT_SILENT, 1001,
		       "a limit on silent connections is 1 to 1000",
		       "too many silent connections");
	refuses_number(POSTERN_A_LIMIT_EXEMPT, 0, "a limit exempts hosts that do not exist",
		       "exempt hosts that are not there");
	refuses_number(POSTERN_A_FLAGS, 4, NULL, "unknown flags of a limit");
	refuses_number(POSTERN_A_ACTION, 0, NULL, "what a rule has, and a limit has not");
	refuses_rule(1, POSTERN_ACTION_ALLOW, "a rule names a limit that does not exist",
		     "a rule with a limit that is not there");
	refuses_rule(~0U, POSTERN_ACTION_ALLOW, "a rule names a limit that does not exist",
		     "a rule with the last limit that there could be");
	refuses_rule(0, POSTERN_ACTION_BLOCK, "a block rule has no limit: it lets nothing pass",
		     "a block rule with a limit");
	result(sources(1023) == -EINVAL && sources(4194305) == -EINVAL && !sources(1024) &&
	       !sources(4194304), "how large the table of sources may be");

	peer_open(&p);
	result(!load_good(&p), "a policy with a limit is loaded");
	p.seen = see_limit;
	p.data = &seen;
	begin(&p, POSTERN_CMD_LIMIT_GET, NLM_F_DUMP);
	result(!finish(&p, 100) && answer.messages == 1, "its limits are dumped");
	result(seen.flags == POSTERN_LIMIT_STRICT && seen.open == 20 && seen.half_open == 2000 &&
	       seen.silent == 50 && !seen.exempt && seen.rate.count == 7 && seen.rate.per_ms == 60000 &&
	       seen.rate.burst == 3 && seen.ban.ms == 1000 && seen.ban.max_ms == 60000 &&
	       seen.ban.refusals == 5 && seen.ban.window_ms == 10000, "and say the same");
	result(seen.prefixes.source4 == 32 && seen.prefixes.source6 == 64 &&
	       seen.prefixes.network4 == 24 && seen.prefixes.network6 == 48,
	       "with the defaults of others");
	begin(&p, POSTERN_CMD_RULE_GET, NLM_F_DUMP);
	result(!finish(&p, 100) && !seen.limit, "the rule still has it");
	simple(&p, POSTERN_CMD_STATUS_GET);
	result(seen.sources == 65536 && seen.nr == 1, "the status has the table of sources");
	peer_close(&p);
}

/* ---- inspects */

static void refuses_inspect(int type, const void *data, size_t len, const char *text,
			    const char *what)
{
	refuses_object(POSTERN_A_INSPECT, type, data, len, text, what);
}

static void refuses_rule_inspected(int32_t service, uint32_t inspect, uint32_t action,
				   const char *text, const char *what)
{
	refuses_rule_for(service, POSTERN_A_INSPECT_INDEX, inspect, action, text, what);
}

struct inspect_seen {
	uint32_t flags, recipients, line, index, sources, nr;
	uint64_t deny, size;
	struct postern_rate rate, no_rate;
	char relay[24];
};

static void see_inspect(const struct nlmsghdr *h, void *data)
{
	const struct nlattr *rule = find_attr_in(h, POSTERN_A_RULE);
	const struct nlattr *inspect = find_attr_in(h, POSTERN_A_INSPECT);
	const struct nlattr *entries = find_attr_in(h, POSTERN_A_SOURCES);
	const struct nlattr *nr = find_attr_in(h, POSTERN_A_STATUS_NR_INSPECTS);
	struct inspect_seen *seen = data;

	see_part(rule, POSTERN_A_INSPECT_INDEX, &seen->index, 4);
	see_part(inspect, POSTERN_A_FLAGS, &seen->flags, 4);
	see_part(inspect, POSTERN_A_INSPECT_DENY, &seen->deny, 8);
	see_part(inspect, POSTERN_A_INSPECT_SIZE, &seen->size, 8);
	see_part(inspect, POSTERN_A_INSPECT_RECIPIENTS, &seen->recipients, 4);
	see_part(inspect, POSTERN_A_INSPECT_LINE, &seen->line, 4);
	see_part(inspect, POSTERN_A_INSPECT_MESSAGES_RATE, &seen->rate, sizeof(seen->rate));
	see_part(inspect, POSTERN_A_INSPECT_RECIPIENTS_RATE, &seen->no_rate,
		 sizeof(seen->no_rate));
	see_part(inspect, POSTERN_A_INSPECT_RELAY, seen->relay, sizeof(seen->relay));
	if (entries)
		memcpy(&seen->sources, PAYLOAD(entries), 4);
	if (nr)
		memcpy(&seen->nr, PAYLOAD(nr), 4);
}

/* The good policy, and a rule with its inspect for its first service. */
static int load_inspected(struct peer *p)
{
	struct postern_endpoint any = { };
	uint32_t service = 0;
	int error = begin_txn(p) ?: add_good(p);
	size_t nest;

	begin_add(p);
	nest = nest_begin(&m, POSTERN_A_RULE);
	put_string(&m, POSTERN_A_TEXT, "allow any -> any : good inspect good");
	put_u32(&m, POSTERN_A_ACTION, POSTERN_ACTION_ALLOW);
	put(&m, POSTERN_A_SRC, &any, sizeof(any));
	put(&m, POSTERN_A_DST, &any, sizeof(any));
	put(&m, POSTERN_A_SERVICES, &service, sizeof(service));
	put_u32(&m, POSTERN_A_INSPECT_INDEX, 0);
	nest_end(&m, nest);
	return error ?: finish(p, 100) ?: commit(p, 0);
}

static void test_inspects(void)
{
	static const char relay[] = ".acme.example\0acme.test";
	struct inspect_seen seen = { .index = 9 };
	struct postern_rate rate = { 1, 1, 1, 0 };
	uint64_t number = ~0ULL;
	uint32_t line = 511;
	struct peer p;

	refuses_inspect(POSTERN_A_INSPECT_DENY, &number, sizeof(number),
			"an inspect denies unknown commands", "commands that nobody knows");
	refuses_inspect(POSTERN_A_INSPECT_SIZE, &number, sizeof(number),
			"the size of a message is 1024 to 2^40 bytes", "a size beyond all bounds");
	refuses_inspect(POSTERN_A_INSPECT_SIZE, &number, 4, NULL, "half a size");
	refuses_inspect(POSTERN_A_INSPECT_LINE, &line, sizeof(line),
			"the length of a line is 512 to 65536 bytes", "a line too short");
	refuses_inspect(POSTERN_A_INSPECT_MESSAGES_RATE, &rate, sizeof(rate),
			"a rate is for a second, minute, hour or day", "a rate in another time");
	refuses_inspect(POSTERN_A_INSPECT_RECIPIENTS_RATE, &rate, sizeof(rate) - 4, NULL,
			"half a rate of recipients");
	refuses_inspect(POSTERN_A_INSPECT_RELAY, relay, 0, "an empty list of domains",
			"no domain at all");
	refuses_inspect(POSTERN_A_INSPECT_RELAY, relay, sizeof(relay) - 1,
			"the last domain has no 0 behind it", "a domain without its end");
	refuses_inspect(POSTERN_A_INSPECT_RELAY, "b\0a", 4, "domains do not ascend",
			"domains that descend");
	refuses_inspect(POSTERN_A_LIMIT_OPEN_SOURCE, &line, sizeof(line), NULL,
			"what a limit has, and an inspect has not");
	refuses_rule_inspected(0, 1, POSTERN_ACTION_ALLOW,
			       "a rule names an inspect that does not exist",
			       "a rule with an inspect that is not there");
	refuses_rule_inspected(0, ~0U, POSTERN_ACTION_ALLOW,
			       "a rule names an inspect that does not exist",
			       "a rule with the last inspect that there could be");
	refuses_rule_inspected(0, 0, POSTERN_ACTION_BLOCK,
			       "a block rule has no inspect: it lets nothing pass",
			       "a block rule with an inspect");
	refuses_rule_inspected(-1, 0, POSTERN_ACTION_ALLOW,
			       "an inspect is for single ports of TCP, and the rule has others",
			       "an inspect on a rule of all services");
	refuses_rule_inspected(1, 0, POSTERN_ACTION_ALLOW,
			       "an inspect is for single ports of TCP, and the rule has others",
			       "an inspect on a rule of RPC");

	peer_open(&p);
	result(!load_inspected(&p), "a policy with an inspect is loaded");
	p.seen = see_inspect;
	p.data = &seen;
	begin(&p, POSTERN_CMD_INSPECT_GET, NLM_F_DUMP);
	result(!finish(&p, 100) && answer.messages == 1, "its inspects are dumped");
	result(seen.flags == POSTERN_INSPECT_COUNT && seen.deny == 0x81 &&
	       seen.size == 50 << 20 && seen.recipients == 100 && seen.line == 512 &&
	       seen.rate.count == 9 && seen.rate.per_ms == 3600000 && seen.rate.burst == 4 &&
	       !seen.no_rate.per_ms && !memcmp(seen.relay, relay, sizeof(relay)),
	       "and say the same of SMTP");
	begin(&p, POSTERN_CMD_RULE_GET, NLM_F_DUMP);
	result(!finish(&p, 100) && answer.messages == 2 && !seen.index,
	       "the inspected rule still is");
	simple(&p, POSTERN_CMD_STATUS_GET);
	result(seen.sources == 65536 && seen.nr == 1, "the status counts inspects");
	peer_close(&p);
}

/* ---- dumps under which the policy changes */

static void test_interrupted(void)
{
	struct peer p, q;
	unsigned int i, first;

	peer_open(&p);
	peer_open(&q);
	begin_txn(&p);
	add_good(&p);
	for (i = 1; i < RULES; i++) {
		begin_add(&p);
		put_good_rule(&m);
		finish(&p, 1);
	}
	result(!commit(&p, 0), "a policy of many rules is loaded");
	begin(&p, POSTERN_CMD_RULE_GET, NLM_F_DUMP);
	result(!finish(&p, 10000) && answer.messages == RULES && !answer.interrupted,
	       "all are dumped");
	begin(&p, POSTERN_CMD_RULE_GET, NLM_F_DUMP);
	finish(&p, 1);
	first = answer.messages;
	result(first && first < RULES && !answer.acked, "a dump is begun");
	result(!load_good(&q), "another policy is loaded");
	peer_read_on(&p, 10000, &answer);
	result(answer.acked && answer.interrupted && answer.messages < RULES,
	       "the dump ends, and says why");
	begin(&p, POSTERN_CMD_RULE_GET, NLM_F_DUMP);
	result(!finish(&p, 100) && answer.messages == 1 && !answer.interrupted,
	       "the next one is of the new policy");
	peer_close(&p);
	peer_close(&q);
}

/* ---- pinholes and endpoints */

#define SERVERS		6000
#define PORTS		250
#define FEW		8

static int add_endpoint(struct peer *p, uint32_t server, uint16_t port, unsigned char first)
{
	unsigned char uuid[16] = { first, 2, 3 };
	uint32_t address = htonl(server);
	uint16_t version = 4;

	begin(p, POSTERN_CMD_ENDPOINT_ADD, 0);
	put(&m, POSTERN_A_SERVER, &address, sizeof(address));
	put(&m, POSTERN_A_PORT, &port, sizeof(port));
	put(&m, POSTERN_A_UUID, uuid, sizeof(uuid));
	put(&m, POSTERN_A_VERSION, &version, sizeof(version));
	return finish(p, 1);
}

static void put_server(uint32_t server)
{
	uint32_t address = htonl(server);

	put(&m, POSTERN_A_SERVER, &address, sizeof(address));
}

static int add_servers(struct peer *p, uint32_t from, uint32_t nr)
{
	uint32_t i;
	int error = 0;

	for (i = 0; i < nr && !error; i++)
		error = add_endpoint(p, from + i, 49152, 1);
	return error;
}

/* @nr ports more, from @from on, of each of a few servers. */
static int add_ports(struct peer *p, uint16_t from, uint16_t nr)
{
	uint16_t i, port;
	int error = 0;

	for (i = 0; i < FEW; i++)
		for (port = from; port < from + nr && !error; port++)
			error = add_endpoint(p, 0x0a090900 + i, port, 1);
	return error;
}

static void see_closed(const struct nlmsghdr *h, void *data)
{
	const struct nlattr *attr = find_attr_in(h, POSTERN_A_NR_CLOSED);

	if (attr)
		memcpy(data, PAYLOAD(attr), sizeof(uint32_t));
}

struct endpoint_seen {
	uint32_t server, left;
	uint16_t port, version;
	unsigned char uuid[16];
};

static void see_endpoint(const struct nlmsghdr *h, void *data)
{
	static const struct {
		int type;
		size_t at, len;
	} parts[] = {
#define PART(type, member) { type, offsetof(struct endpoint_seen, member), \
			     sizeof(((struct endpoint_seen *)0)->member) }
		PART(POSTERN_A_SERVER, server),
		PART(POSTERN_A_LEFT_MS, left),
		PART(POSTERN_A_PORT, port),
		PART(POSTERN_A_VERSION, version),
		PART(POSTERN_A_UUID, uuid),
	};
	const struct nlattr *nest = find_attr_in(h, POSTERN_A_ENDPOINT), *attr;
	size_t i;

	for (i = 0; nest && i < sizeof(parts) / sizeof(parts[0]); i++) {
		attr = find_attr(PAYLOAD(nest), LENGTH(nest), parts[i].type);
		if (attr && LENGTH(attr) == parts[i].len)
			memcpy((char *)data + parts[i].at, PAYLOAD(attr), parts[i].len);
	}
}

static void test_endpoints(void)
{
	struct endpoint_seen seen = { };
	unsigned int first;
	struct peer p, q;
	uint32_t minute = 60000;

	peer_open(&p);
	peer_open(&q);
	simple(&p, POSTERN_CMD_POLICY_UNLOAD);
	result(add_endpoint(&p, 0x0a090909, 49152, 1) == -ENOENT &&
	       !strcmp(answer.text, "no policy with RPC services is in force"),
	       "no endpoint without a policy");
	load_good(&p);
	begin(&p, POSTERN_CMD_ENDPOINT_ADD, 0);
	put_server(0x0a090909);
	result(finish(&p, 1) == -EINVAL &&
	       !strcmp(answer.text, "an endpoint has SERVER, PORT, UUID and VERSION"),
	       "half an endpoint");
	result(add_endpoint(&p, 0x0a090909, 2000, 9) == -EINVAL && answer.text[0],
	       "an endpoint that no service would remember");
	result(add_endpoint(&p, 0x0a090909, 1023, 1) == -EINVAL, "a port that none may have");
	result(!add_endpoint(&p, 0x0a090909, 2000, 1), "one that a service would");
	p.seen = see_endpoint;
	p.data = &seen;
	begin(&p, POSTERN_CMD_ENDPOINT_GET, NLM_F_DUMP);
	result(!finish(&p, 10) && answer.messages == 1 && seen.server == htonl(0x0a090909) &&
	       seen.port == 2000 && seen.version == 4 && seen.uuid[2] == 3 &&
	       seen.left > 7 * 3600 * 1000 && seen.left <= 8 * 3600 * 1000,
	       "is dumped, with the time that the service says");
	begin(&p, POSTERN_CMD_ENDPOINT_ADD, 0);
	put_good_endpoint(&m);
	put_u32(&m, POSTERN_A_RPC_REMEMBER_MS, minute);
	result(!finish(&p, 1), "one for a minute");
	begin(&p, POSTERN_CMD_ENDPOINT_GET, NLM_F_DUMP);
	put(&m, POSTERN_A_CLIENT, "1234", 4);
	result(finish(&p, 10) == -EINVAL, "endpoints have no clients");
	p.seen = NULL;
	result(!add_servers(&p, 0x0a000001, SERVERS), "those of many servers");
	begin(&p, POSTERN_CMD_ENDPOINT_GET, NLM_F_DUMP);
	result(!finish(&p, 1000) && answer.messages == SERVERS + 2 && !answer.interrupted,
	       "are all dumped, once");
	begin(&p, POSTERN_CMD_ENDPOINT_GET, NLM_F_DUMP);
	put_server(0x0a090909);
	result(!finish(&p, 1000) && answer.messages == 2, "or those of one server");
	begin(&p, POSTERN_CMD_ENDPOINT_GET, NLM_F_DUMP);
	finish(&p, 1);
	first = answer.messages;
	result(first && first < SERVERS && !answer.acked, "a dump of them is begun");
	result(!add_servers(&q, 0x0a400000, SERVERS), "as many again are learned");
	peer_read_on(&p, 10000, &answer);
	result(answer.acked && !answer.interrupted && answer.messages >= SERVERS + 2 - first,
	       "the dump goes on, and leaves none out for them");
	begin(&p, POSTERN_CMD_ENDPOINT_FLUSH, 0);
	finish(&p, 10);
	result(!add_ports(&p, 2000, PORTS), "a few servers with many endpoints");
	begin(&p, POSTERN_CMD_ENDPOINT_GET, NLM_F_DUMP);
	finish(&p, 1);
	first = answer.messages;
	result(first && first < FEW * PORTS && !answer.acked, "a dump of them is begun");
	result(!add_ports(&q, 2000 + PORTS, 1), "one more of each is learned");
	peer_read_on(&p, 10000, &answer);
	result(answer.acked && answer.interrupted,
	       "the dump goes on, and says that it was disturbed");
	begin(&p, POSTERN_CMD_ENDPOINT_FLUSH, 0);
	finish(&p, 10);
	result(!add_servers(&p, 0x0a000001, SERVERS) && !add_servers(&p, 0x0a400000, SERVERS) &&
	       !add_endpoint(&p, 0x0a090909, 2000, 1) && !add_endpoint(&p, 0x0a090909, 2001, 1),
	       "two of one server among those of many");
	p.seen = see_closed;
	p.data = &first;
	begin(&p, POSTERN_CMD_ENDPOINT_FLUSH, 0);
	put_server(0x0a090909);
	result(!finish(&p, 10) && first == 2, "those of one server are forgotten");
	begin(&p, POSTERN_CMD_ENDPOINT_FLUSH, 0);
	result(!finish(&p, 10) && first == 2 * SERVERS, "and then all");
	begin(&p, POSTERN_CMD_PINHOLE_FLUSH, 0);
	put_server(0x0a090909);
	result(!finish(&p, 10) && first == 0, "there is no pinhole to be closed");
	begin(&p, POSTERN_CMD_PINHOLE_GET, NLM_F_DUMP);
	result(!finish(&p, 10) && answer.messages == 0, "or to be seen");
	begin(&p, POSTERN_CMD_PINHOLE_FLUSH, 0);
	put(&m, POSTERN_A_CLIENT, "12345", 5);
	result(finish(&p, 10) == -EINVAL &&
	       !strcmp(answer.text, "an address has 4 or 16 bytes"), "nor a client by five bytes");
	peer_close(&p);
	peer_close(&q);
}

/* ---- events */

struct event_seen {
	int64_t last;
	uint32_t generation;
};

static void see_event(const struct nlmsghdr *h, void *data)
{
	const struct nlattr *event = find_attr_in(h, POSTERN_A_EVENT);
	struct event_seen *seen = data;

	if (event)
		seen->last = *(const uint32_t *)PAYLOAD(event);
	see_generation(h, &seen->generation);
}

static bool event_comes(struct peer *p, struct event_seen *seen, int event)
{
	struct pollfd pfd = { .fd = p->fd, .events = POLLIN };

	seen->last = -1;
	if (poll(&pfd, 1, 10000) == 1)
		peer_read_on(p, 1, &answer);
	return seen->last == event;
}

static void test_events(void)
{
	const struct sockaddr_nl any = { .nl_family = AF_NETLINK };
	struct event_seen seen = { };
	struct peer p, q;

	peer_open(&p);
	peer_open(&q);
	/* a broadcast passes over sockets without an address */
	bind(p.fd, (struct sockaddr *)&any, sizeof(any));
	p.seen = see_event;
	p.data = &seen;
	result(!setsockopt(p.fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)),
	       "root may listen");
	load_good(&q);
	result(event_comes(&p, &seen, POSTERN_EVENT_LOAD) && seen.generation == generation(),
	       "a load is told");
	begin_txn(&q);
	add_good(&q);
	begin(&q, POSTERN_CMD_POLICY_COMMIT, 0);
	put_u32(&m, POSTERN_A_TXN, q.dialogue.txn);
	put_u32(&m, POSTERN_A_CONFIRM_MS, 1000);
	finish(&q, 1);
	result(event_comes(&p, &seen, POSTERN_EVENT_LOAD), "a load on trial is told");
	result(event_comes(&p, &seen, POSTERN_EVENT_ROLLBACK) && seen.generation == generation(),
	       "that nobody confirmed it is told");
	simple(&q, POSTERN_CMD_POLICY_UNLOAD);
	result(event_comes(&p, &seen, POSTERN_EVENT_UNLOAD), "the end of the policy is told");
	peer_close(&p);
	peer_close(&q);
}

int main(int argc, char **argv)
{
	bool idle = argc > 1 && !strcmp(argv[1], "--idle");

	printf("TAP version 13\n");
	family = find_family(&group);
	if (generation() != 0)
		errx(4, "there is a policy in this network namespace");
	test_owners();
	test_refusals();
	test_commit();
	test_ranges();
	test_largest();
	test_rpc();
	test_limits();
	test_inspects();
	test_interrupted();
	test_endpoints();
	test_events();
	if (idle)
		test_idle();
	printf("1..%d\n# passed %d, failed %d\n", tests, tests - failures, failures);
	return failures ? 1 : 0;
}
