// SPDX-License-Identifier: GPL-2.0
/*
 * Inspectors: what is refused of them, and which rules may have one.
 */
#include "inspector.h"
#include "memory.h"
#include "random_policy.h"

#define HOUR		3600000
#define HOURLY	{ .count = 1, .per_ms = HOUR, .burst = 1 }
#define DOMAIN		"a domain is labels of a-z, 0-9, - and _ between dots, and no address"
#define L63		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define L61		"9aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define RELAY(text)	.relay = (text), .size = sizeof(text)

/* What is refused of an inspector, and with which words. */
static const struct inspector_case {
	const char *why;			/* NULL: it is taken */
	struct pn_smtp_rules smtp;
	struct pn_limit_rate recipients, messages;
	const char *relay;
	u32 size;
	u32 nr;					/* of its domains, if it is taken */
} cases[] = {
	{ .why = NULL },
	{ .smtp = { .denied = BIT_ULL(PN_VERBS) - 1, .size = BIT_ULL(40), .recipients = 1000000,
		    .messages = 1000000, .line = 65536 },
	  .recipients = { 1000, HOUR, 1000 }, .messages = { 1, 86400000, 1 },
	  RELAY(".acme.fr\0acme.com\0xn--mnchen-3ya.example"), .nr = 3 },
	{ .smtp = { .denied = 1, .size = 1024, .recipients = 1, .messages = 1, .line = 512 },
	  RELAY("a"), .nr = 1 },
	/* 253 bytes, and one more */
	{ RELAY("." L63 "." L63 "." L63 "." L61 "\0" "zz_-9.x"), .nr = 2 },
	{ RELAY("b." L63 "." L63 "." L63 "." L61), .why = DOMAIN },
	{ .why = "an inspect denies unknown commands", .smtp.denied = BIT_ULL(PN_VERBS) },
	{ .why = "an inspect denies unknown commands", .smtp.denied = BIT_ULL(63) },
	{ .why = "recipients of a message are 1 to 1000000", .smtp.recipients = 1000001 },
	{ .why = "messages of a connection are 1 to 1000000", .smtp.messages = 1000001 },
	{ .why = "the size of a message is 1024 to 2^40 bytes", .smtp.size = 1023 },
	{ .why = "the size of a message is 1024 to 2^40 bytes", .smtp.size = BIT_ULL(40) + 1 },
	{ .why = "the length of a line is 512 to 65536 bytes", .smtp.line = 511 },
	{ .why = "the length of a line is 512 to 65536 bytes", .smtp.line = 65537 },
	{ .why = "a rate of nothing at all", .recipients = { 0, HOUR, 0 } },
	{ .why = "a burst is 1 to 1000000", .recipients = { 1, HOUR, 0 } },
	{ .why = "a rate is for a second, minute, hour or day", .messages = { 1, 1, 1 } },
	{ .why = "the last domain has no 0 behind it", .relay = "acme.com", .size = 8 },
	{ .why = "domains do not ascend", RELAY("acme.com\0acme.com") },
	{ .why = "domains do not ascend", RELAY("acme.com\0.acme.fr") },
	{ .why = DOMAIN, RELAY("") },
	{ .why = DOMAIN, RELAY(".") },
	{ .why = DOMAIN, RELAY("..acme.com") },
	{ .why = DOMAIN, RELAY("acme..com") },
	{ .why = DOMAIN, RELAY("acme.com.") },
	{ .why = DOMAIN, RELAY("acme.Com") },
	{ .why = DOMAIN, RELAY("-acme.com") },
	{ .why = DOMAIN, RELAY("acme-.com") },
	{ .why = DOMAIN, RELAY("acme.com-") },
	{ .why = DOMAIN, RELAY("acme.-com") },
	{ .why = DOMAIN, RELAY("acme com") },
	{ .why = DOMAIN, RELAY("ac\xc3\xa9.com") },
	{ .why = DOMAIN, RELAY("a" L63 ".com") },
	{ .why = DOMAIN, RELAY("192.0.2.1") },
	{ .why = DOMAIN, RELAY("acme.com\0a.9_") },
	{ .why = DOMAIN, RELAY("acme.com\0") },
};

static int add_inspector(struct pn_policy *policy, const struct inspector_case *x,
			 struct netlink_ext_ack *extack)
{
	struct pn_inspector inspector = {
		.name = "inspect",
		.flags = POSTERN_INSPECT_PASS,
		.smtp = x->smtp,
		.recipients = x->recipients,
		.messages = x->messages,
		.relay_size = x->size,
		.place = { 3, 4 },
	};

	inspector.smtp.relay.names = x->relay;
	return pn_policy_add_inspector(policy, &inspector, extack);
}

static void test_refused(void)
{
	struct pn_policy *policy = pn_policy_alloc(NULL);
	struct netlink_ext_ack extack = {};
	u32 i, good = 0;
	int err;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct inspector_case *x = &cases[i];

		extack = (struct netlink_ext_ack){};
		err = add_inspector(policy, x, &extack);
		CHECK(err == (x->why ? -EINVAL : 0), "case %u: %d", i, err);
		CHECK(x->why ? extack._msg && !strcmp(extack._msg, x->why) : !extack._msg,
		      "case %u: %s", i, extack._msg);
		good += !x->why;
		CHECK(policy->nr_inspectors == good, "case %u: %u inspectors", i,
		      policy->nr_inspectors);
		CHECK(x->why || policy->inspectors[good - 1].smtp.relay.nr == x->nr,
		      "case %u: %u domains", i, policy->inspectors[good - 1].smtp.relay.nr);
	}
	while (policy->nr_inspectors < POSTERN_INSPECTS_MAX)
		CHECK(!add_inspector(policy, &cases[0], &extack), "%s", extack._msg);
	err = add_inspector(policy, &cases[0], &extack);
	CHECK(err == -E2BIG && !strcmp(extack._msg, "more than 60 inspects"),
	      "too many: %d %s", err, extack._msg);
	pn_policy_free(policy);
	CHECK(!pn_memory_total(), "%llu bytes left",
	      (unsigned long long)pn_memory_total());
}

/* As the parser asks for it. */
static bool is_ours(const struct pn_inspector *i, const char *path)
{
	struct pn_smtp_path p;

	pn_smtp_path_begin(&p);
	while (*path)
		pn_smtp_path_byte(&p, *path++);
	return pn_smtp_path_allowed(&p, &i->smtp.relay);
}

static void test_kept(void)
{
	struct pn_policy *policy = pn_policy_alloc(NULL);
	char relay[] = ".acme.fr\0acme.com\0xn--mnchen-3ya.example";
	struct inspector_case x = cases[1];
	const struct pn_inspector *i;

	x.relay = relay;
	CHECK(!add_inspector(policy, &x, NULL), "refused");
	memset(relay, 'x', sizeof(relay));
	i = policy->inspectors;
	CHECK(i->flags == POSTERN_INSPECT_PASS && i->place.file == 3 && i->place.line == 4 &&
	      !strcmp(i->name, "inspect"), "the head");
	CHECK(i->smtp.denied == x.smtp.denied && i->smtp.size == x.smtp.size &&
	      i->smtp.recipients == x.smtp.recipients && i->smtp.messages == x.smtp.messages &&
	      i->smtp.line == x.smtp.line, "the numbers");
	CHECK(i->recipients.gcra.interval == 3600000000 &&
	      i->recipients.gcra.tolerance == 3600000000000 &&
	      i->messages.gcra.interval == 86400000000000 &&
	      i->messages.gcra.tolerance == 86400000000000, "the rates");
	CHECK(is_ours(i, "TO:<a@acme.com>") && is_ours(i, "TO:<a@b.acme.fr>") &&
	      is_ours(i, "TO:<a@acme.fr>") && is_ours(i, "TO:<a@XN--mnchen-3ya.Example>"),
	      "a domain is lost");
	CHECK(!is_ours(i, "TO:<a@b.acme.com>") && !is_ours(i, "TO:<a@acme.de>"),
	      "a domain too many");
	pn_policy_free(policy);
}

static void test_sources(void)
{
	static const struct {
		struct pn_limit_rate recipients, messages;
		u32 said, got;
	} x[] = {
		{ { 0 }, { 0 }, 0, 0 }, { { 0 }, { 0 }, 1024, 0 },
		{ HOURLY, { 0 }, 0, PN_SOURCES_DEFAULT },
		{ { 0 }, HOURLY, 0, PN_SOURCES_DEFAULT },
		{ HOURLY, { 0 }, 1024, 1024 },
	};
	struct pn_policy *policy;
	struct pn_place place;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(x); i++) {
		struct inspector_case c = { .recipients = x[i].recipients,
					    .messages = x[i].messages };

		policy = pn_policy_alloc(NULL);
		CHECK(!x[i].said || !pn_policy_set_sources(policy, x[i].said, NULL),
		      "%u: sources", i);
		CHECK(!add_inspector(policy, &c, NULL), "%u: refused", i);
		CHECK(!pn_policy_compile(policy, &place, NULL), "%u: not compiled", i);
		CHECK(policy->nr_sources == x[i].got, "%u: %u sources", i, policy->nr_sources);
		pn_policy_free(policy);
	}
}

static void test_no_memory(void)
{
	struct netlink_ext_ack extack;
	struct pn_policy *policy;
	unsigned long nth;
	bool reached = true;
	int err;

	for (nth = 1; reached; nth++) {
		extack = (struct netlink_ext_ack){};
		policy = pn_policy_alloc(NULL);
		shim_fail_nth = nth;
		err = add_inspector(policy, &cases[1], &extack);
		reached = !shim_fail_nth;
		shim_fail_nth = 0;
		CHECK(err == (reached ? -ENOMEM : 0), "allocation %lu: %d", nth, err);
		CHECK(!reached == !extack._msg, "allocation %lu: %s", nth, extack._msg);
		CHECK(policy->nr_inspectors == !reached, "allocation %lu: half of it is there",
		      nth);
		pn_policy_free(policy);
		CHECK(!shim_live && !pn_memory_total(), "allocation %lu: %ld left", nth,
		      shim_live);
	}
	/* the inspectors, the name, the domains and where they begin */
	CHECK(nth > 5, "only %lu allocations", nth - 2);
}

static void add_service(struct pn_policy *policy, struct postern_ports ports,
			struct postern_rpc *rpc, const u32 *member)
{
	CHECK(!pn_policy_add_service(policy, &(struct pn_service){
		.name = "s", .ports = &ports, .nr_ports = ports.proto ? 1 : 0, .rpc = rpc,
		.nr_rpc = rpc ? 1 : 0, .rpc_idle_ms = PN_RPC_IDLE_MS,
		.rpc_per_client = PN_RPC_PER_CLIENT,
		.rpc_remember_ms = PN_RPC_REMEMBER_MS, .members = (u32 *)member,
		.nr_members = member ? 1 : 0 }, NULL), "service");
}

static void check_rule(struct pn_policy *policy, u32 inspector, u32 action,
		       const u32 *services, u32 nr, const char *why)
{
	struct postern_endpoint any = { POSTERN_ENDPOINT_ANY, 0 };
	struct netlink_ext_ack extack = {};
	int err;

	err = pn_policy_add_rule(policy, &(struct pn_rule){
		.text = "t", .limit = PN_LIMIT_NONE, .inspector = inspector,
		.action = action, .src = &any, .nr_src = 1, .dst = &any, .nr_dst = 1,
		.services = (u32 *)services, .nr_services = nr }, &extack);
	CHECK(err == (why ? -EINVAL : 0) && (!why || !strcmp(extack._msg, why)),
	      "inspector %d action %u, %u services from %u: %d %s", (int)inspector, action,
	      nr, nr ? services[0] : 0, err, extack._msg);
}

static void test_rules(void)
{
	static const char others[] =
		"an inspect is for single ports of TCP, and the rule has others";
	static const struct postern_ports ports[] = {
		{ .proto = 6, .lo = 25, .hi = 25 },
		{ .proto = 17, .lo = 25, .hi = 25 },
		{ .proto = 6, .lo = 25, .hi = 26 },
		{ .proto = 6, .flags = POSTERN_PORTS_ANY },
	};
	static const u32 numbers[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 };
	static const u32 mixed[] = { 0, 1 };
	struct postern_rpc rpc = { { 1 }, 1, 0, 1024, 65535, 0, 0 };
	struct pn_policy *policy = pn_policy_alloc(NULL);
	u32 i;

	CHECK(!add_inspector(policy, &cases[0], NULL), "inspector");
	/* each of them, RPC, nothing but a member, and a member beside a port */
	for (i = 0; i < 4; i++)
		add_service(policy, ports[i], NULL, NULL);
	add_service(policy, (struct postern_ports){ }, &rpc, NULL);
	for (i = 0; i < 5; i++)
		add_service(policy, i ? ports[0] : (struct postern_ports){ }, NULL,
			    &numbers[i]);
	/* a member of a member; and RPC behind a port */
	add_service(policy, ports[0], NULL, &numbers[6]);
	add_service(policy, ports[0], &rpc, NULL);

	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		check_rule(policy, 0, POSTERN_ACTION_ALLOW, &numbers[i], 1,
			   i % 5 || i == 10 ? others : NULL);
		check_rule(policy, PN_INSPECTOR_NONE, POSTERN_ACTION_ALLOW, &numbers[i], 1,
			   NULL);
	}
	check_rule(policy, 0, POSTERN_ACTION_ALLOW, mixed, 2, others);
	check_rule(policy, 0, POSTERN_ACTION_ALLOW, NULL, 0, others);
	check_rule(policy, 1, POSTERN_ACTION_ALLOW, &numbers[0], 1,
		   "a rule names an inspect that does not exist");
	check_rule(policy, 0, POSTERN_ACTION_BLOCK, &numbers[0], 1,
		   "a block rule has no inspect: it lets nothing pass");
	CHECK(!policy->rules[0].inspector &&
	      policy->rules[1].inspector == PN_INSPECTOR_NONE, "it is not kept");
	pn_policy_free(policy);
}

int main(int argc, char **argv)
{
	static const struct test tests[] = {
		{ "inspector: what is refused", test_refused },
		{ "inspector: what is kept, as the parser reads it", test_kept },
		{ "inspector: when there is a table of sources", test_sources },
		{ "inspector: any allocation may fail", test_no_memory },
		{ "inspector: which rules may have one", test_rules },
	};

	(void)argc;
	return run_tests(tests, ARRAY_SIZE(tests), argv);
}
