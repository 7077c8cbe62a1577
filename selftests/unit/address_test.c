// SPDX-License-Identifier: GPL-2.0
/*
 * Address look-up against a plain binary search, over boundaries that are kind
 * and boundaries that are not.
 */
#include "address.h"
#include "memory.h"
#include "policy.h"
#include "test.h"

#define MAX	200000

static struct pn_key key[MAX];
static u32 class[MAX];
static u32 nr;

static int compare(const void *va, const void *vb)
{
	const struct pn_key *a = va, *b = vb;

	return pn_key_below(*a, *b) ? -1 : pn_key_below(*b, *a);
}

/* Sorted, each once, and beginning with 0, as pn_address_build() wants them. */
static void tidy(void)
{
	u32 i, n = 1;

	key[nr++] = (struct pn_key){};
	qsort(key, nr, sizeof(*key), compare);
	for (i = 1; i < nr; i++)
		if (!pn_key_same(key[i], key[n - 1]))
			key[n++] = key[i];
	nr = n;
	/* every boundary its own class: a wrong neighbour is seen */
	for (i = 0; i < nr; i++)
		class[i] = i * 7 + 3;
}

static u32 expected(struct pn_key addr)
{
	u32 lo = 0, hi = nr;

	while (hi - lo > 1) {
		u32 mid = (lo + hi) / 2;

		if (pn_key_below(addr, key[mid]))
			hi = mid;
		else
			lo = mid;
	}
	return class[lo];
}

static struct pn_key neighbour(bool v6, struct pn_key k, int step)
{
	if (!v6) {
		k.hi = (u32)(k.hi + step);
		return k;
	}
	k.lo += step;
	if (step > 0 && !k.lo)
		k.hi++;
	if (step < 0 && k.lo == U64_MAX)
		k.hi--;
	return k;
}

static struct pn_key random_key(bool v6)
{
	return v6 ? (struct pn_key){ rnd(), rnd() } :
		    (struct pn_key){ (u32)rnd(), 0 };
}

static void compare_all(bool v6)
{
	struct pn_policy policy = {};
	struct pn_addresses a = {};
	struct pn_key k;
	u32 i, got;
	int step;

	tidy();
	CHECK(!pn_address_alloc(&policy, &a, v6, nr), "no memory");
	for (i = 0; i < nr; i++)
		pn_address_add(&a, key[i], class[i]);
	CHECK(!pn_address_build(&policy, &a), "no memory");
	for (i = 0; i < nr && !test_failed; i++) {
		for (step = -1; step <= 1; step++) {
			k = neighbour(v6, key[i], step);
			got = v6 ? pn_address_class6(&a, k) :
				   pn_address_class4(&a, k.hi);
			CHECK(got == expected(k),
			      "v6 %d, %u boundaries, key %llx %llx: %u not %u",
			      v6, nr, (unsigned long long)k.hi,
			      (unsigned long long)k.lo, got, expected(k));
		}
		k = random_key(v6);
		/* something near, too: same upper bits as a boundary */
		if (i % 2)
			k.hi = key[i].hi ^ (v6 ? 0 : below(1U << below(32)));
		/* or a neighbour of its network, with its own low bits */
		if (v6 && i % 4 == 3) {
			k = key[i];
			k.hi ^= 1ULL << below(64);
		}
		got = v6 ? pn_address_class6(&a, k) :
			   pn_address_class4(&a, k.hi);
		CHECK(got == expected(k), "v6 %d, %u boundaries, key %llx %llx",
		      v6, nr, (unsigned long long)k.hi,
		      (unsigned long long)k.lo);
	}
	/* what address.h says of memory, with a little room for the nodes */
	if (nr > 1000)
		CHECK(policy.memory <= nr * (v6 ? 20 : 8) + nr * 24ULL,
		      "%llu bytes for %u boundaries",
		      (unsigned long long)policy.memory, nr);
	pn_address_free(&policy, &a);
	CHECK(!policy.memory, "%llu bytes not given back",
	      (unsigned long long)policy.memory);
}

static void both(void (*fill)(bool v6))
{
	int v6;

	for (v6 = 0; v6 < 2; v6++) {
		nr = 0;
		fill(v6);
		compare_all(v6);
		if (test_failed)
			return;
	}
}

static u32 wanted;

static void fill_random(bool v6)
{
	while (nr < wanted)
		key[nr++] = random_key(v6);
}

static void test_random(void)
{
	static const u32 sizes[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 15, 16, 17, 100,
				     1000, 65536, 150000 };
	u32 i;

	for (i = 0; i < ARRAY_SIZE(sizes) && !test_failed; i++) {
		wanted = sizes[i];
		both(fill_random);
	}
}

/* Every count around the bound of a scan, many times. */
static void test_small(void)
{
	u32 round;

	for (round = 0; round < 2000 && !test_failed; round++) {
		wanted = below(24);
		both(fill_random);
	}
}

static void fill_clusters(bool v6)
{
	u32 clusters = 1 + below(20), i, j;

	for (i = 0; i < clusters; i++) {
		struct pn_key k = random_key(v6);
		u32 n = 1 + below(60), gap = 1 + below(3);

		for (j = 0; j < n; j++) {
			key[nr++] = k;
			for (u32 g = 0; g < gap; g++)
				k = neighbour(v6, k, 1);
		}
	}
}

static void test_clusters(void)
{
	u32 round;

	for (round = 0; round < 2000 && !test_failed; round++)
		both(fill_clusters);
}

static void fill_edges(bool v6)
{
	struct pn_key k = v6 ? (struct pn_key){ U64_MAX, U64_MAX } :
			       (struct pn_key){ U32_MAX, 0 };
	u32 i;

	for (i = 0; i < wanted; i++, k = neighbour(v6, k, -1))
		key[nr++] = k;
	k = (struct pn_key){};
	for (i = 0; i < wanted; i++, k = neighbour(v6, k, 1))
		key[nr++] = k;
	/* the middle, and for IPv6 where the words meet */
	k = v6 ? (struct pn_key){ 1ULL << 63, U64_MAX } :
		 (struct pn_key){ 0x80000000, 0 };
	for (i = 0; i < wanted; i++, k = neighbour(v6, k, 1))
		key[nr++] = k;
}

static void test_edges(void)
{
	for (wanted = 1; wanted < 40 && !test_failed; wanted++)
		both(fill_edges);
}

/* Powers of two: each node separates but one bit; deeper than the nodes go. */
static void fill_geometric(bool v6)
{
	u32 bits = v6 ? 128 : 32, i, j;

	for (i = 0; i < bits; i++) {
		struct pn_key k = {};

		if (!v6)
			k.hi = 1ULL << i;
		else if (i < 64)
			k.lo = 1ULL << i;
		else
			k.hi = 1ULL << (i - 64);
		for (j = 0; j < wanted; j++) {
			key[nr++] = k;
			k = neighbour(v6, k, 1);
		}
	}
}

static void test_geometric(void)
{
	for (wanted = 1; wanted < 12 && !test_failed; wanted++)
		both(fill_geometric);
}

/* A million-line block list looks like this: /24 and /32, some adjacent. */
static void fill_prefixes(bool v6)
{
	u32 i;

	for (i = 0; i < 60000; i++) {
		struct pn_key k = random_key(v6);
		u32 len = below(3) ? 24 : 32;
		u64 mask = v6 ? U64_MAX << (64 - len * 2 + len / 2) :
				U32_MAX << (32 - len);

		k.hi &= mask;
		k.lo = 0;
		key[nr++] = k;
		k.hi += ~mask + 1;
		if (!v6)
			k.hi = (u32)k.hi;
		key[nr++] = k;
	}
}

static void test_prefixes(void)
{
	both(fill_prefixes);
}

/* Crowds at both ends of the world, and few elsewhere. */
static void fill_ends(bool v6)
{
	u64 top = v6 ? ~(U64_MAX >> 7) : 0xfe000000;

	fill_random(v6);
	while (nr < wanted * 8) {
		struct pn_key k = random_key(v6);

		k.hi = nr % 2 ? k.hi | top : k.hi & ~top;
		key[nr++] = k;
	}
}

static void test_ends(void)
{
	for (wanted = 4; wanted < 4000 && !test_failed; wanted *= 2)
		both(fill_ends);
}

/* IPv6 networks of which each has hosts that differ in @k low bits alone. */
static void fill_networks(bool v6)
{
	u32 k, i;

	fill_random(v6);
	for (k = 1; v6 && k < 64; k++) {
		u64 network = rnd();

		for (i = 0; i < 12; i++)
			key[nr++] = (struct pn_key){ network, rnd() >> (64 - k) };
	}
}

static void test_networks(void)
{
	for (wanted = 16; wanted < 40000 && !test_failed; wanted *= 2)
		both(fill_networks);
}

static void fill_dense(bool v6)
{
	struct pn_key k = v6 ? (struct pn_key){ 0x20010db8ULL << 32, 0 } :
			       (struct pn_key){ 0xc0000200, 0 };

	for (; nr < 100000; k = neighbour(v6, k, 1))
		key[nr++] = k;
}

static void test_dense(void)
{
	both(fill_dense);
}

int main(int argc, char **argv)
{
	static const struct test tests[] = {
		{ "address: random boundaries", test_random },
		{ "address: few boundaries", test_small },
		{ "address: clusters", test_clusters },
		{ "address: first, last and middle addresses", test_edges },
		{ "address: powers of two", test_geometric },
		{ "address: prefixes", test_prefixes },
		{ "address: crowds at both ends", test_ends },
		{ "address: networks of few hosts", test_networks },
		{ "address: 100,000 neighbours", test_dense },
	};

	(void)argc;
	return run_tests(tests, ARRAY_SIZE(tests), argv);
}
