// SPDX-License-Identifier: GPL-2.0
/*
 * The ceiling over all policies, and vectors that grow.
 */
#include "intern.h"
#include "memory.h"
#include "policy.h"
#include "test.h"

static void test_ceiling(void)
{
	struct pn_policy a = {}, b = {};
	u64 ceiling = pn_memory_ceiling();
	void *p, *q;

	CHECK(ceiling == 1024ULL << 20, "%llu", (unsigned long long)ceiling);
	p = pn_alloc(&a, ceiling / 2, 1);
	CHECK(p, "half of what there is");
	CHECK(!pn_alloc(&b, ceiling / 2 + 1, 1), "another policy passed the ceiling");
	CHECK(!b.memory && pn_memory_total() == ceiling / 2,
	      "a refusal was counted");
	q = pn_alloc(&b, ceiling / 2, 1);
	CHECK(q && pn_memory_total() == ceiling, "up to the ceiling it goes");
	pn_free(&a, p, ceiling / 2, 1);
	pn_free(&b, q, ceiling / 2, 1);
	CHECK(!a.memory && !b.memory && !pn_memory_total(), "not given back");
	CHECK(!pn_alloc(&a, SIZE_MAX / 2, 4), "n * size wrapped around");
	CHECK(!a.memory && !pn_memory_total(), "a refusal was counted");
}

static void test_grow(void)
{
	struct pn_policy policy = {};
	u32 *v = NULL, nr, cap = 0, i;

	for (nr = 0; nr < 1000; nr++) {
		CHECK(!pn_grow(&policy, (void **)&v, nr, &cap, 1, 1000, sizeof(*v)),
		      "element %u of 1000", nr);
		v[nr] = nr;
	}
	CHECK(pn_grow(&policy, (void **)&v, nr, &cap, 1, 1000, sizeof(*v)) == -E2BIG,
	      "above its maximum");
	CHECK(pn_grow(&policy, (void **)&v, nr, &cap, U32_MAX, 2000, sizeof(*v)) == -E2BIG,
	      "nr + want wrapped around");
	CHECK(cap == 1000, "%u", cap);
	for (i = 0; i < nr; i++)
		CHECK(v[i] == i, "element %u is %u", i, v[i]);
	pn_free(&policy, v, cap, sizeof(*v));
	CHECK(!policy.memory, "not given back");
}

/* Many sets, asked for twice: the same number again, the same members. */
static void test_intern(void)
{
	struct pn_policy policy = {};
	struct pn_intern in;
	struct pn_hash seed;
	u32 i, round, number, nr;
	const u32 *m;

	pn_hash_seed(&seed);
	CHECK(!pn_intern_init(&in, &policy, 10000), "no memory");
	for (round = 0; round < 2; round++) {
		for (i = 0; i < 10000; i++) {
			u32 members[3] = { i, i / 2, i / 3 };
			struct pn_hash h = pn_hash_of(&seed, 1, i);

			pn_hash_toggle(&h, pn_hash_of(&seed, 2, i / 2));
			CHECK(!pn_intern_get(&in, h, members, i % 4, &number), "%u", i);
			CHECK(number == i, "%u is %u", i, number);
			m = pn_intern_members(&in, number, &nr);
			CHECK(nr == i % 4 &&
			      (!nr || !memcmp(m, members, nr * sizeof(*m))),
			      "members of %u", i);
		}
	}
	CHECK(pn_intern_get(&in, pn_hash_of(&seed, 3, 0), NULL, 0, &number) == -E2BIG,
	      "one more than its maximum");
	pn_intern_free(&in);
	CHECK(!policy.memory, "not given back");
}

int main(int argc, char **argv)
{
	static const struct test tests[] = {
		{ "memory: one ceiling over all policies", test_ceiling },
		{ "memory: vectors", test_grow },
		{ "memory: sets to numbers", test_intern },
	};

	(void)argc;
	return run_tests(tests, ARRAY_SIZE(tests), argv);
}
