// SPDX-License-Identifier: GPL-2.0
/*
 * Limits: what is refused of them, whom they belong to, and whom they exempt.
 */
#include "memory.h"
#include "random_policy.h"

#define POLICIES	1500

static struct random_policy random_one;

static bool set_holds(const struct random_policy *p, u32 h, bool v6, u32 offset)
{
	u32 i;

	if (offset < SPAN &&
	    (v6 ? in_ranges(p->hosts[h].r6, p->hosts[h].nr6, offset) :
		  in_ranges(p->hosts[h].r4, p->hosts[h].nr4, offset)))
		return true;
	for (i = 0; i < p->hosts[h].nr_members; i++)
		if (set_holds(p, p->hosts[h].members[i], v6, offset))
			return true;
	return false;
}

static u64 exempt_by_walk(const struct random_policy *p, bool v6, u32 offset)
{
	u64 map = 0;
	u32 l, i;

	for (l = 0; l < p->nr_limits; l++)
		for (i = 0; i < p->limits[l].nr_exempt; i++)
			if (set_holds(p, p->limits[l].exempt[i], v6, offset))
				map |= BIT_ULL(l);
	return map;
}

static void check_exempt(const struct pn_policy *policy, bool v6, u32 offset)
{
	const struct pn_tables *t = &policy->tables;
	struct pn_key k = address_at(v6, offset);
	u64 got = t->class[pn_address_class(t, v6, k)].exempt;
	u64 want = exempt_by_walk(&random_one, v6, offset);

	CHECK(got == want, "v6 %d address %u: %llx instead of %llx", v6, offset,
	      (unsigned long long)got, (unsigned long long)want);
}

static void test_exempt(void)
{
	u32 round, offset, some = 0, last = 0;

	for (round = 0; round < POLICIES && !test_failed; round++) {
		struct netlink_ext_ack extack = {};
		struct pn_policy *policy = pn_policy_alloc(&extack);
		struct pn_place place;

		do {
			random_policy(&random_one);
		} while (crosses_zones(&random_one));
		CHECK(!pn_policy_set_sources(policy, 2048, &extack) &&
		      !stage_policy(policy, &random_one, &extack) &&
		      !pn_policy_compile(policy, &place, &extack),
		      "refused: %s", extack._msg);
		for (offset = 0; offset < SPAN && !test_failed; offset++) {
			check_exempt(policy, false, offset);
			check_exempt(policy, true, offset);
			some += !!exempt_by_walk(&random_one, true, offset);
			last += exempt_by_walk(&random_one, false, offset) >>
				(LIMITS - 1);
		}
		CHECK(policy->nr_sources == (random_one.nr_limits ? 2048 : 0),
		      "%u limits and %u sources", random_one.nr_limits,
		      policy->nr_sources);
		pn_policy_free(policy);
	}
	CHECK(some > POLICIES && last > POLICIES / 10,
	      "too few to mean anything: %u, %u", some, last);
}

/* What is refused of a limit, and with which words. */
static const struct limit_case {
	const char *why;			/* NULL: it is taken */
	struct pn_limit_rate source, network, total;
	u32 open[PN_LEVELS], half_open, silent;
	u32 ban_ms, ban_max_ms, ban_refusals, ban_window_ms;
	u8 prefix[4];				/* 0: the defaults */
	u32 exempt;				/* number + 1 */
} cases[] = {
	{ .why = NULL },
	{ .source = { 10, 1000, 20 }, .network = { 1, 86400000, 365 },
	  .total = { 1000000, 1000, 1000000 }, .open = { 1, 10000000 },
	  .half_open = 10000000, .silent = 1000, .ban_ms = 1000, .ban_max_ms = 2592000000U,
	  .ban_refusals = 65535, .ban_window_ms = 86400000,
	  .prefix = { 28, 128, 28, 1 }, .exempt = 1 },
	{ .source = { 7, 60000, 1 }, .network = { 7, 3600000, 1 },
	  .ban_ms = 2592000000U, .ban_max_ms = 2592000000U, .ban_refusals = 1,
	  .ban_window_ms = 1000, .prefix = { 32, 64, 1, 64 } },
	{ .why = "a rate of nothing at all", .source = { 0, 1000, 0 } },
	{ .why = "a rate of nothing at all", .total = { 0, 0, 1 } },
	{ .why = "a rate is for a second, minute, hour or day",
	  .network = { 10, 1001, 20 } },
	{ .why = "a rate is for a second, minute, hour or day",
	  .network = { 10, 0, 20 } },
	{ .why = "a rate is at most one in 1000 ns",
	  .total = { 1000001, 1000, 1 } },
	{ .why = "a rate is at most one in 1000 ns",
	  .source = { U32_MAX, 60000, 1 } },
	{ .why = "a burst is 1 to 1000000", .source = { 1, 1000, 0 } },
	{ .why = "a burst is 1 to 1000000", .source = { 1, 1000, 1000001 } },
	{ .why = "a burst takes longer than 365 days to come back",
	  .source = { 1, 86400000, 366 } },
	/* whose product has no room in 64 bits: all but 1.5 s of it fall away */
	{ .why = "a burst takes longer than 365 days to come back",
	  .source = { 1, 86400000, 213504 } },
	{ .why = "a limit on open connections is 1 to 10000000",
	  .open = { 0, 10000001 } },
	{ .why = "a limit on half-open connections is 1 to 10000000",
	  .half_open = 10000001 },
	{ .why = "a limit on silent connections is 1 to 1000",
	  .silent = 1001 },
	{ .why = "a ban for no time", .ban_max_ms = 1000, .ban_refusals = 1,
	  .ban_window_ms = 1000 },
	{ .why = "a ban is for 1 s to 30 days", .ban_ms = 999,
	  .ban_max_ms = 1000, .ban_refusals = 1, .ban_window_ms = 1000 },
	{ .why = "a ban is for 1 s to 30 days", .ban_ms = 2592000001U,
	  .ban_max_ms = 2592000001U, .ban_refusals = 1, .ban_window_ms = 1000 },
	{ .why = "the longest ban is the first one at least, and 30 days at most",
	  .ban_ms = 2000, .ban_max_ms = 1999, .ban_refusals = 1,
	  .ban_window_ms = 1000 },
	{ .why = "the longest ban is the first one at least, and 30 days at most",
	  .ban_ms = 2000, .ban_max_ms = 2592000001U, .ban_refusals = 1,
	  .ban_window_ms = 1000 },
	{ .why = "a ban comes after 1 to 65535 refusals", .ban_ms = 1000,
	  .ban_max_ms = 1000, .ban_window_ms = 1000 },
	{ .why = "a ban comes after 1 to 65535 refusals", .ban_ms = 1000,
	  .ban_max_ms = 1000, .ban_refusals = 65536, .ban_window_ms = 1000 },
	{ .why = "refusals are counted over 1 s to 1 day", .ban_ms = 1000,
	  .ban_max_ms = 1000, .ban_refusals = 1, .ban_window_ms = 999 },
	{ .why = "refusals are counted over 1 s to 1 day", .ban_ms = 1000,
	  .ban_max_ms = 1000, .ban_refusals = 1, .ban_window_ms = 86400001 },
	{ .why = "prefixes are 1 to 32 bits of IPv4, and 1 to 128 of IPv6",
	  .prefix = { 33, 64, 24, 48 } },
	{ .why = "prefixes are 1 to 32 bits of IPv4, and 1 to 128 of IPv6",
	  .prefix = { 32, 129, 24, 48 } },
	{ .why = "prefixes are 1 to 32 bits of IPv4, and 1 to 128 of IPv6",
	  .prefix = { 32, 64, 0, 48 } },
	{ .why = "prefixes are 1 to 32 bits of IPv4, and 1 to 128 of IPv6",
	  .prefix = { 32, 64, 24, 0 } },
	{ .why = "the prefix of a network is longer than that of a source",
	  .prefix = { 24, 64, 25, 48 } },
	{ .why = "the prefix of a network is longer than that of a source",
	  .prefix = { 32, 56, 24, 57 } },
	{ .why = "a limit exempts hosts that do not exist", .exempt = 2 },
};

static int add_limit(struct pn_policy *policy, const struct limit_case *x,
		     struct netlink_ext_ack *extack)
{
	static const u8 otherwise[] = { 32, 64, 24, 48 };
	const u8 *prefix = x->prefix[1] ? x->prefix : otherwise;
	u32 exempt[] = { 0, x->exempt - 1 };

	return pn_policy_add_limit(policy, &(struct pn_limit){
		.name = "limit",
		.rate = { x->source, x->network },
		.total = x->total,
		.open = { x->open[0], x->open[1] },
		.half_open = x->half_open,
		.silent = x->silent,
		.ban_ms = x->ban_ms,
		.ban_max_ms = x->ban_max_ms,
		.ban_refusals = x->ban_refusals,
		.ban_window_ms = x->ban_window_ms,
		.prefix4 = { prefix[0], prefix[2] },
		.prefix6 = { prefix[1], prefix[3] },
		.exempt = exempt,
		.nr_exempt = x->exempt ? 2 : 0,
	}, extack);
}

static void add_hosts(struct pn_policy *policy)
{
	CHECK(!pn_policy_add_hosts(policy, &(struct pn_hosts){
		.name = "h", .zone = PN_ZONE_ANY }, NULL), "hosts");
}

static void test_refused(void)
{
	struct pn_policy *policy = pn_policy_alloc(NULL);
	struct netlink_ext_ack extack = {};
	u32 i, good = 0;
	int err;

	add_hosts(policy);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct limit_case *x = &cases[i];

		extack = (struct netlink_ext_ack){};
		err = add_limit(policy, x, &extack);
		CHECK(err == (x->why ? -EINVAL : 0), "case %u: %d", i, err);
		CHECK(x->why ? extack._msg && !strcmp(extack._msg, x->why) : !extack._msg,
		      "case %u: %s", i, extack._msg);
		good += !x->why;
		CHECK(policy->nr_limits == good, "case %u: %u limits", i,
		      policy->nr_limits);
	}
	CHECK(policy->nr_sources == PN_SOURCES_DEFAULT, "%u sources", policy->nr_sources);
	CHECK(policy->limits[1].rate[PN_LEVEL_SOURCE].gcra.interval == 100000000 &&
	      policy->limits[1].rate[PN_LEVEL_NETWORK].gcra.interval == 86400000000000 &&
	      policy->limits[1].total.gcra.interval == 1000 &&
	      !policy->limits[0].total.gcra.interval, "intervals");
	CHECK(policy->limits[2].rate[PN_LEVEL_SOURCE].gcra.interval == 60000000000 / 7,
	      "an interval that is no whole number");
	CHECK(policy->limits[1].nr_exempt == 2 && !policy->limits[1].exempt[1],
	      "exempt is not kept");
	while (policy->nr_limits < PN_LIMITS_MAX)
		CHECK(!add_limit(policy, &cases[0], &extack), "%s", extack._msg);
	err = add_limit(policy, &cases[0], &extack);
	CHECK(err == -E2BIG && !strcmp(extack._msg, "more than 60 limits"),
	      "too many: %d %s", err, extack._msg);
	pn_policy_free(policy);
	CHECK(!pn_memory_total(), "%llu bytes left",
	      (unsigned long long)pn_memory_total());
}

static void test_sources(void)
{
	static const struct {
		u32 said, got;			/* 0: refused */
	} x[] = {
		{ 1023, 0 }, { 1024, 1024 }, { 1025, 2048 }, { 65536, 65536 },
		{ 4194303, 4194304 }, { 4194304, 4194304 }, { 4194305, 0 },
		{ 0, 0 }, { U32_MAX, 0 },
	};
	struct netlink_ext_ack extack;
	struct pn_policy *policy;
	u32 i;
	int err;

	for (i = 0; i < ARRAY_SIZE(x); i++) {
		extack = (struct netlink_ext_ack){};
		policy = pn_policy_alloc(NULL);
		err = pn_policy_set_sources(policy, x[i].said, &extack);
		CHECK(err == (x[i].got ? 0 : -EINVAL) && policy->nr_sources == x[i].got,
		      "%u: %d, %u", x[i].said, err, policy->nr_sources);
		CHECK(!err || !strcmp(extack._msg,
				      "the table of sources has 1024 to 4194304 entries"),
		      "%u: %s", x[i].said, extack._msg);
		/* a limit does not change what was said */
		CHECK(err || (!add_limit(policy, &cases[0], NULL) &&
			      policy->nr_sources == x[i].got), "%u", x[i].said);
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
		add_hosts(policy);
		shim_fail_nth = nth;
		err = add_limit(policy, &cases[1], &extack);
		reached = !shim_fail_nth;
		shim_fail_nth = 0;
		CHECK(err == (reached ? -ENOMEM : 0), "allocation %lu: %d", nth, err);
		CHECK(!reached == !extack._msg, "allocation %lu: %s", nth, extack._msg);
		CHECK(policy->nr_limits == !reached, "allocation %lu: half of it is there",
		      nth);
		pn_policy_free(policy);
		CHECK(!shim_live && !pn_memory_total(), "allocation %lu: %ld left", nth,
		      shim_live);
	}
	/* the limits, the name and the exempt */
	CHECK(nth > 4, "only %lu allocations", nth - 2);
}

static void add_service(struct pn_policy *policy, u8 proto, struct postern_rpc *rpc,
			const u32 *member)
{
	struct postern_ports ports = { .proto = proto, .lo = 25, .hi = 25 };

	CHECK(!pn_policy_add_service(policy, &(struct pn_service){
		.name = "s", .ports = &ports, .nr_ports = proto ? 1 : 0, .rpc = rpc,
		.nr_rpc = rpc ? 1 : 0, .rpc_idle_ms = PN_RPC_IDLE_MS,
		.rpc_per_client = PN_RPC_PER_CLIENT,
		.rpc_remember_ms = PN_RPC_REMEMBER_MS, .members = (u32 *)member,
		.nr_members = member ? 1 : 0 }, NULL), "service");
}

static void check_rule(struct pn_policy *policy, u32 limit, u32 action, const u32 *services,
		       u32 nr, const char *why)
{
	struct postern_endpoint any = { POSTERN_ENDPOINT_ANY, 0 };
	struct netlink_ext_ack extack = {};
	int err;

	err = pn_policy_add_rule(policy, &(struct pn_rule){
		.text = "t", .limit = limit, .inspector = PN_INSPECTOR_NONE, .action = action,
		.src = &any,
		.nr_src = 1, .dst = &any, .nr_dst = 1, .services = (u32 *)services,
		.nr_services = nr }, &extack);
	CHECK(err == (why ? -EINVAL : 0) && (!why || !strcmp(extack._msg, why)),
	      "limit %d action %u, %u services from %u: %d %s", (int)limit, action, nr,
	      nr ? services[0] : 0, err, extack._msg);
}

static void test_rules(void)
{
	static const char no_tcp[] =
		"a limit is on TCP connections, and the rule has no TCP service";
	static const u32 numbers[] = { 0, 1, 2, 3, 4, 5 }, mixed[] = { 1, 3 };
	struct postern_rpc rpc = { { 1 }, 1, 0, 1024, 65535, 0, 0 };
	struct pn_policy *policy = pn_policy_alloc(NULL);
	u32 i;

	CHECK(!add_limit(policy, &cases[0], NULL), "limit");
	/* TCP, UDP, RPC, and services that have one of them as their member */
	add_service(policy, 6, NULL, NULL);
	add_service(policy, 17, NULL, NULL);
	add_service(policy, 0, &rpc, NULL);
	for (i = 0; i < 3; i++)
		add_service(policy, i ? 17 : 0, NULL, &numbers[i]);

	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		check_rule(policy, 0, POSTERN_ACTION_ALLOW, &numbers[i], 1,
			   i % 3 == 1 ? no_tcp : NULL);
		check_rule(policy, PN_LIMIT_NONE, POSTERN_ACTION_ALLOW, &numbers[i], 1,
			   NULL);
	}
	check_rule(policy, 0, POSTERN_ACTION_ALLOW, mixed, 2, NULL);
	check_rule(policy, 0, POSTERN_ACTION_ALLOW, NULL, 0, NULL);
	check_rule(policy, 1, POSTERN_ACTION_ALLOW, NULL, 0,
		   "a rule names a limit that does not exist");
	check_rule(policy, 0, POSTERN_ACTION_BLOCK, NULL, 0,
		   "a block rule has no limit: it lets nothing pass");
	CHECK(!policy->rules[0].limit && policy->rules[1].limit == PN_LIMIT_NONE,
	      "it is not kept");
	pn_policy_free(policy);
}

int main(int argc, char **argv)
{
	static const struct test tests[] = {
		{ "limit: who is exempt is what a walk over the sets finds", test_exempt },
		{ "limit: what is refused", test_refused },
		{ "limit: how many sources", test_sources },
		{ "limit: any allocation may fail", test_no_memory },
		{ "limit: which rules may have one", test_rules },
	};

	(void)argc;
	return run_tests(tests, ARRAY_SIZE(tests), argv);
}
