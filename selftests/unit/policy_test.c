// SPDX-License-Identifier: GPL-2.0
/*
 * Compilation and classification against a walk over the rules.
 */
#include <time.h>

#include "classify.h"
#include "memory.h"
#include "random_policy.h"

#define POLICIES	3000
#define PROBES		300

static struct random_policy random_one;

static struct pn_key key_of(bool v6, u32 offset)
{
	if (offset < SPAN)
		return address_at(v6, offset);
	/* next door, below or above; at both ends of the world there is none */
	if (universe == universes)
		return address_at(v6, SPAN);
	return v6 ? (struct pn_key){ 1, 1 } : (struct pn_key){ .hi = 1 };
}

static struct pn_tuple tuple_of(const struct probe *x)
{
	return (struct pn_tuple){
		.saddr = key_of(x->v6, x->src),
		.daddr = key_of(x->v6, x->dst),
		.v6 = x->v6,
		.proto = x->proto,
		.port = x->port,
		.zone_in = x->zone_in,
		.zone_out = x->zone_out,
	};
}

static void random_probe(struct probe *x)
{
	*x = (struct probe){
		.v6 = below(2),
		.src = below(SPAN + 2),
		.dst = below(SPAN + 2),
		.zone_in = below(random_one.nr_zones + 1),
		.zone_out = below(random_one.nr_zones + 1),
		.proto = protos[below(ARRAY_SIZE(protos))],
		.port = edges[below(ARRAY_SIZE(edges))] + below(3) - 1,
	};
}

static void describe(const struct random_policy *p, const struct probe *x)
{
	u32 i, j;

	printf("# probe v6 %d src %u dst %u in %u out %u proto %u port %u\n",
	       x->v6, x->src, x->dst, x->zone_in, x->zone_out, x->proto, x->port);
	for (i = 0; i < p->nr_hosts; i++) {
		printf("# hosts %u zone %d flags %u:", i, (int)p->hosts[i].zone,
		       p->hosts[i].flags);
		for (j = 0; j < (x->v6 ? p->hosts[i].nr6 : p->hosts[i].nr4); j++) {
			const struct range *r = x->v6 ? p->hosts[i].r6 : p->hosts[i].r4;

			printf(" %u-%u", r[j].lo, r[j].hi);
		}
		for (j = 0; j < p->hosts[i].nr_members; j++)
			printf(" #%u", p->hosts[i].members[j]);
		printf("\n");
	}
	for (i = 0; i < p->nr_rules; i++) {
		printf("# rule %u action %u flags %u:", i, p->rules[i].action,
		       p->rules[i].flags);
		for (j = 0; j < p->rules[i].nr_src; j++)
			printf(" %u/%u", p->rules[i].src[j].kind,
			       p->rules[i].src[j].index);
		printf(" ->");
		for (j = 0; j < p->rules[i].nr_dst; j++)
			printf(" %u/%u", p->rules[i].dst[j].kind,
			       p->rules[i].dst[j].index);
		printf(" :");
		for (j = 0; j < p->rules[i].nr_services; j++)
			printf(" %u", p->rules[i].services[j]);
		printf("\n");
	}
}

/* The rules of the list that begins at @outcome. */
static u32 list_of(const struct pn_policy *policy, u32 outcome, u32 *rules)
{
	u32 nr = 0;

	while (outcome != PN_OUTCOME_NONE) {
		assert(outcome < policy->tables.nr_outcomes && nr < RULES * 2);
		rules[nr++] = policy->tables.outcome[outcome].rule;
		outcome = policy->tables.outcome[outcome].next;
	}
	return nr;
}

static void check_probe(const struct pn_policy *policy, const struct probe *x)
{
	struct pn_tuple t = tuple_of(x);
	u32 want[RULES], got[RULES * 2], nr_want, nr_got;

	nr_want = walk_rules(&random_one, x, want);
	nr_got = list_of(policy, pn_classify(&policy->tables, &t), got);
	if (nr_want == nr_got && !memcmp(want, got, nr_want * sizeof(*want)))
		return;
	describe(&random_one, x);
	CHECK(false, "%u rules, first %d, instead of %u rules, first %d",
	      nr_got, nr_got ? (int)got[0] : -1, nr_want,
	      nr_want ? (int)want[0] : -1);
}

/*
 * Before routing: what is denied there is denied whatever zone the packet leaves
 * by, and for the same reason.
 */
static void check_early(const struct pn_policy *policy, const struct probe *from)
{
	const struct pn_tables *tables = &policy->tables;
	struct probe x = *from;
	struct pn_tuple t = tuple_of(&x);
	u32 rules[RULES * 2], nr;

	if (x.zone_in == random_one.nr_zones)
		return;
	t.zone_out = tables->zone_early;
	nr = list_of(policy, pn_classify(tables, &t), rules);
	if (nr && (policy->rules[rules[nr - 1]].action == POSTERN_ACTION_ALLOW))
		return;
	for (x.zone_out = 0; x.zone_out < random_one.nr_zones; x.zone_out++) {
		if (!probe_allowed(&random_one, &x))
			continue;
		describe(&random_one, &x);
		CHECK(false, "denied early, but allowed to zone %u", x.zone_out);
	}
}

static struct pn_policy *build(int *err, struct pn_place *place)
{
	struct netlink_ext_ack extack = {};
	struct pn_policy *policy = pn_policy_alloc(&extack);

	*err = stage_policy(policy, &random_one, &extack);
	if (!*err)
		*err = pn_policy_compile(policy, place, &extack);
	if (*err && !extack._msg)
		*err = -EIO;
	return policy;
}

static void test_classify(void)
{
	u32 round, i, refused = 0, pairs = 0;

	for (round = 0; round < POLICIES && !test_failed; round++) {
		struct pn_place place;
		struct pn_policy *policy;
		struct probe x;
		int err;

		random_policy(&random_one);
		policy = build(&err, &place);
		if (crosses_zones(&random_one)) {
			refused++;
			CHECK(err == -EINVAL && place.line > 0 &&
			      place.line <= random_one.nr_hosts,
			      "a set of two zones: %d, line %u", err, place.line);
		} else {
			CHECK(!err, "policy %u refused: %d", round, err);
			for (i = 0; i < PROBES && !test_failed; i++, pairs++) {
				random_probe(&x);
				check_probe(policy, &x);
				if (!test_failed)
					check_early(policy, &x);
			}
		}
		pn_policy_free(policy);
	}
	printf("# %u pairs, %u of %u policies refused\n", pairs, refused, round);
	CHECK(refused < POLICIES / 2, "too many refusals to mean anything");
}

/* Every allocation of a build fails once: -ENOMEM, and nothing stays behind. */
static void test_no_memory(void)
{
	u32 round;

	for (round = 0; round < 60 && !test_failed; round++) {
		unsigned long nth, before, total;
		struct netlink_ext_ack extack;
		struct pn_policy *policy;
		struct pn_place place;
		int err;

		do {
			random_policy(&random_one);
		} while (crosses_zones(&random_one));
		before = shim_allocations;
		policy = build(&err, &place);
		total = shim_allocations - before;
		CHECK(!err, "refused: %d", err);
		pn_policy_free(policy);
		for (nth = 1; nth <= total; nth++) {
			extack = (struct netlink_ext_ack){};
			shim_fail_nth = nth;
			policy = pn_policy_alloc(&extack);
			err = -ENOMEM;
			if (policy)
				err = stage_policy(policy, &random_one, &extack);
			if (!err)
				err = pn_policy_compile(policy, &place, &extack);
			CHECK(!shim_fail_nth, "allocation %lu of %lu not reached",
			      nth, total);
			CHECK(err == -ENOMEM, "allocation %lu: %d", nth, err);
			CHECK(extack._msg, "allocation %lu: no sentence", nth);
			pn_policy_free(policy);
			CHECK(!shim_live && !pn_memory_total(),
			      "allocation %lu: %ld left, %llu bytes", nth,
			      shim_live, (unsigned long long)pn_memory_total());
		}
	}
}

/* Stops half way through staging, as an abandoned transaction does. */
static void test_abandoned(void)
{
	struct netlink_ext_ack extack = {};
	struct pn_policy *policy = pn_policy_alloc(&extack);

	do {
		random_policy(&random_one);
	} while (crosses_zones(&random_one));
	CHECK(!stage_policy(policy, &random_one, &extack), "%s", extack._msg);
	pn_policy_free(policy);
	CHECK(!pn_memory_total(), "%llu bytes left",
	      (unsigned long long)pn_memory_total());
}

/* What is refused of an RPC service, and with which words. */
struct rpc_case {
	const char *why;			/* NULL: it is taken */
	struct postern_rpc rpc;
	u32 flags, idle_ms, per_client, remember_ms;	/* 0: the default */
};

static const struct rpc_case rpc_cases[] = {
	{ .rpc = { { 1 }, 1, 0, 1024, 65535, 0, 0 } },
	{ .rpc = { { 1 }, 1, 0, 1225, 1225, POSTERN_RPC_PINNED, 0 } },
	{ .rpc = { { 1 }, 1, 0, 135, 135, POSTERN_RPC_PINNED, 0 } },
	{ .rpc = { { 0 }, 0, 0, 49152, 65535, POSTERN_RPC_ANY, 0 } },
	{ .rpc = { { 1 }, 1, 0, 1024, 65535, 0, 0 },
	  .flags = 0x3f, .idle_ms = 20000, .per_client = 1, .remember_ms = 60000 },
	{ .rpc = { { 1 }, 1, 0, 1024, 65535, 0, 0 },
	  .idle_ms = 86400000, .per_client = 1024, .remember_ms = 604800000 },
	{ .why = "unknown flags of an RPC interface",
	  .rpc = { { 1 }, 1, 0, 1024, 65535, 4, 0 } },
	{ .why = "the padding of an RPC interface is not 0",
	  .rpc = { { 1 }, 1, 0, 1024, 65535, 0, 1 } },
	{ .why = "any RPC interface cannot be pinned to a port",
	  .rpc = { { 0 }, 0, 0, 1225, 1225, POSTERN_RPC_ANY | POSTERN_RPC_PINNED, 0 } },
	{ .why = "any RPC interface has no UUID and no version",
	  .rpc = { { [15] = 1 }, 0, 0, 1024, 65535, POSTERN_RPC_ANY, 0 } },
	{ .why = "any RPC interface has no UUID and no version",
	  .rpc = { { 0 }, 1, 0, 1024, 65535, POSTERN_RPC_ANY, 0 } },
	{ .why = "any RPC interface has no UUID and no version",
	  .rpc = { { 0 }, 0, 1, 1024, 65535, POSTERN_RPC_ANY, 0 } },
	{ .why = "a range of RPC ports ends before it begins",
	  .rpc = { { 1 }, 1, 0, 5001, 5000, 0, 0 } },
	{ .why = "RPC ports are 1024 to 65535, or a pinned 135",
	  .rpc = { { 1 }, 1, 0, 1023, 65535, 0, 0 } },
	{ .why = "RPC ports are 1024 to 65535, or a pinned 135",
	  .rpc = { { 1 }, 1, 0, 135, 135, 0, 0 } },
	{ .why = "RPC ports are 1024 to 65535, or a pinned 135",
	  .rpc = { { 1 }, 1, 0, 135, 1024, POSTERN_RPC_PINNED, 0 } },
	{ .why = "unknown options of an RPC service",
	  .rpc = { { 1 }, 1, 0, 1024, 65535, 0, 0 },
	  .flags = 1 << 6 },
	{ .why = "the idle time of pinholes is 20 s to 1 day",
	  .rpc = { { 1 }, 1, 0, 1024, 65535, 0, 0 },
	  .idle_ms = 19999 },
	{ .why = "the idle time of pinholes is 20 s to 1 day",
	  .rpc = { { 1 }, 1, 0, 1024, 65535, 0, 0 },
	  .idle_ms = 86400001 },
	{ .why = "a client may have 1 to 1024 pinholes",
	  .rpc = { { 1 }, 1, 0, 1024, 65535, 0, 0 },
	  .per_client = 1025 },
	{ .why = "the mapper's answers are remembered 1 minute to 7 days",
	  .rpc = { { 1 }, 1, 0, 1024, 65535, 0, 0 },
	  .remember_ms = 59999 },
	{ .why = "the mapper's answers are remembered 1 minute to 7 days",
	  .rpc = { { 1 }, 1, 0, 1024, 65535, 0, 0 },
	  .remember_ms = 604800001 },
	{ .why = "the mapper's answers are remembered only where binds are checked",
	  .rpc = { { 1 }, 1, 0, 1024, 65535, 0, 0 },
	  .flags = POSTERN_RPC_OPT_BIND_OBSERVE },
};

static int add_rpc(struct pn_policy *policy, const struct rpc_case *x,
		   struct postern_rpc *rpc, u32 nr, struct netlink_ext_ack *extack)
{
	return pn_policy_add_service(policy, &(struct pn_service){
		.name = "rpc", .rpc = rpc, .nr_rpc = nr, .rpc_flags = x->flags,
		.rpc_idle_ms = x->idle_ms ?: PN_RPC_IDLE_MS,
		.rpc_per_client = x->per_client ?: PN_RPC_PER_CLIENT,
		.rpc_remember_ms = x->remember_ms ?: PN_RPC_REMEMBER_MS }, extack);
}

static void test_rpc(void)
{
	static struct postern_rpc many[POSTERN_RPC_MAX + 1];
	struct pn_policy *policy = pn_policy_alloc(NULL);
	struct netlink_ext_ack extack = {};
	const struct rpc_case *x;
	u32 i, good = 0;
	int err;

	for (i = 0; i < ARRAY_SIZE(rpc_cases); i++) {
		struct postern_rpc two[2];

		x = &rpc_cases[i];
		extack = (struct netlink_ext_ack){};
		/* the second is looked at as well */
		two[0] = rpc_cases[0].rpc;
		two[1] = x->rpc;
		err = add_rpc(policy, x, two, 2, &extack);
		CHECK(err == (x->why ? -EINVAL : 0), "case %u: %d", i, err);
		CHECK(x->why ? extack._msg && !strcmp(extack._msg, x->why) : !extack._msg,
		      "case %u: %s", i, extack._msg);
		good += !x->why;
		CHECK(policy->nr_rpc == good * 2, "case %u: %u interfaces", i, policy->nr_rpc);
		CHECK(policy->nr_services == good, "case %u: %u services", i,
		      policy->nr_services);
	}
	CHECK(policy->services[0].nr_rpc == 2 && policy->services[0].reaches_rpc &&
	      !memcmp(policy->services[0].rpc, &rpc_cases[0].rpc, sizeof(many[0])),
	      "it is not kept as it was");
	for (i = 0; i < ARRAY_SIZE(many); i++)
		many[i] = rpc_cases[0].rpc;
	err = add_rpc(policy, &rpc_cases[0], many, POSTERN_RPC_MAX - policy->nr_rpc + 1, &extack);
	CHECK(err == -E2BIG && !strcmp(extack._msg, "more than 8192 RPC interfaces in all"),
	      "too many: %d %s", err, extack._msg);
	CHECK(!add_rpc(policy, &rpc_cases[0], many, POSTERN_RPC_MAX - policy->nr_rpc, &extack),
	      "as many as there may be: %s", extack._msg);
	pn_policy_free(policy);
	CHECK(!pn_memory_total(), "%llu bytes left", (unsigned long long)pn_memory_total());
}

static void test_rpc_no_memory(void)
{
	struct postern_rpc rpc = rpc_cases[0].rpc;
	struct netlink_ext_ack extack;
	struct pn_policy *policy;
	unsigned long nth;
	bool reached = true;
	int err;

	for (nth = 1; reached; nth++) {
		extack = (struct netlink_ext_ack){};
		policy = pn_policy_alloc(NULL);
		shim_fail_nth = nth;
		err = add_rpc(policy, &rpc_cases[0], &rpc, 1, &extack);
		reached = !shim_fail_nth;
		shim_fail_nth = 0;
		CHECK(err == (reached ? -ENOMEM : 0), "allocation %lu: %d", nth, err);
		CHECK(!reached == !extack._msg, "allocation %lu: %s", nth, extack._msg);
		CHECK(policy->nr_rpc == !reached && policy->nr_services == !reached,
		      "allocation %lu: half of it is there", nth);
		pn_policy_free(policy);
		CHECK(!shim_live && !pn_memory_total(), "allocation %lu: %ld left", nth,
		      shim_live);
	}
	/* the services, the name and the interfaces */
	CHECK(nth > 4, "only %lu allocations", nth - 2);
}

/* A block rule reaches no RPC service, however deep below its own services. */
static void test_rpc_blocked(void)
{
	struct postern_endpoint any = { POSTERN_ENDPOINT_ANY, 0 };
	struct postern_ports smtp = { .proto = 6, .lo = 25, .hi = 25 };
	struct postern_rpc rpc = rpc_cases[0].rpc;
	struct pn_policy *policy = pn_policy_alloc(NULL);
	struct netlink_ext_ack extack = {};
	u32 i, action, member;
	int err, expected;

	CHECK(!pn_policy_add_service(policy, &(struct pn_service){
		.name = "smtp", .ports = &smtp, .nr_ports = 1 }, &extack), "smtp");
	CHECK(!add_rpc(policy, &rpc_cases[0], &rpc, 1, &extack), "rpc");
	for (member = 0; member < 4; member++)
		CHECK(!pn_policy_add_service(policy, &(struct pn_service){
			.name = "s", .members = &member, .nr_members = 1 }, &extack), "s");
	/* smtp, rpc, of smtp, of rpc, of smtp, of rpc */
	for (i = 0; i < policy->nr_services; i++) {
		for (action = 0; action < 2; action++) {
			extack = (struct netlink_ext_ack){};
			err = pn_policy_add_rule(policy, &(struct pn_rule){
				.text = "t", .limit = PN_LIMIT_NONE,
				.inspector = PN_INSPECTOR_NONE, .action = action,
				.src = &any, .nr_src = 1, .dst = &any, .nr_dst = 1, .services = &i,
				.nr_services = 1 }, &extack);
			expected = action == POSTERN_ACTION_BLOCK && i % 2 ? -EINVAL : 0;
			CHECK(err == expected, "service %u action %u: %d", i, action, err);
			CHECK(!err || !strcmp(extack._msg,
					      "a block rule cannot name an RPC service"),
			      "%s", extack._msg);
		}
	}
	pn_policy_free(policy);
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* Nested sets that reach one another in exponentially many ways. */
static void test_nesting(void)
{
	struct netlink_ext_ack extack = {};
	struct pn_policy *policy = pn_policy_alloc(&extack);
	struct postern_endpoint any = { POSTERN_ENDPOINT_ANY, 0 };
	struct postern_endpoint last = { POSTERN_ENDPOINT_HOSTS, 39 };
	double start = seconds();
	struct pn_place place;
	char *iface = "eth0";
	u32 i, m[2];
	int err;

	CHECK(!pn_policy_add_zone(policy, &(struct pn_zone){
		.name = "z", .ifaces = &iface, .nr_ifaces = 1 }, &extack), "zone");
	for (i = 0; i < 40; i++) {
		m[0] = i ? i - 1 : 0;
		m[1] = m[0];
		CHECK(!pn_policy_add_hosts(policy, &(struct pn_hosts){
			.name = "h", .zone = PN_ZONE_ANY, .members = m,
			.nr_members = i ? 2 : 0 }, &extack), "hosts");
	}
	CHECK(!pn_policy_add_rule(policy, &(struct pn_rule){
		.text = "t", .limit = PN_LIMIT_NONE, .inspector = PN_INSPECTOR_NONE,
		.src = &any, .nr_src = 1, .dst = &last, .nr_dst = 1,
		.place = { 0, 7 } }, &extack), "rule");
	err = pn_policy_compile(policy, &place, &extack);
	CHECK(err == 0 || (err == -E2BIG && place.line == 7 && extack._msg),
	      "%d line %u", err, place.line);
	CHECK(seconds() - start < 10, "took %.1f s", seconds() - start);
	pn_policy_free(policy);
}

int main(int argc, char **argv)
{
	static const struct test tests[] = {
		{ "policy: classification is what a walk over the rules finds",
		  test_classify },
		{ "policy: any allocation may fail", test_no_memory },
		{ "policy: abandoned while staged", test_abandoned },
		{ "policy: what is refused of RPC services", test_rpc },
		{ "policy: no memory for an RPC service", test_rpc_no_memory },
		{ "policy: a block rule reaches no RPC service", test_rpc_blocked },
		{ "policy: nesting cannot explode", test_nesting },
	};

	(void)argc;
	return run_tests(tests, ARRAY_SIZE(tests), argv);
}
