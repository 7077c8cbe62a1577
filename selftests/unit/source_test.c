// SPDX-License-Identifier: GPL-2.0
/*
 * The table of sources and that of knocks.
 */
#include "knock.h"
#include "source.h"
#include "test.h"

static struct pn_source_key key_of(u32 addr)
{
	return (struct pn_source_key){ .addr = { .hi = addr } };
}

/* The entry of @addr, made if it is not there; what gave way is counted in @evicted. */
static struct pn_source *make(struct pn_sources *sources, u32 addr, u64 now,
			      u32 *evicted)
{
	struct pn_source_key key = key_of(addr);
	struct pn_source_held held;

	*evicted += pn_source_hold(sources, &key, 1, true, now, &held);
	pn_source_release(sources, &held);
	return held.entry[0];
}

static struct pn_source *find(struct pn_sources *sources, u32 addr)
{
	struct pn_source_key key = key_of(addr);

	return pn_source_find(sources, &key);
}

#define SECONDS(s)	((u64)(s) * NSEC_PER_SEC)

static void forgotten_in_order(void)
{
	struct pn_sources *sources = pn_sources_alloc(PN_SOURCE_WAYS, false);
	u32 i, evicted = 0;

	CHECK(pn_sources_room(sources) == PN_SOURCE_WAYS, "one set");
	for (i = 1; i <= PN_SOURCE_WAYS; i++) {
		make(sources, i, SECONDS(i), &evicted);
		/* of limits with other rates, which says nothing of who is idle */
		find(sources, i)->due = SECONDS(100 - i);
	}
	CHECK(evicted == 0 && atomic_read(&sources->nr) == PN_SOURCE_WAYS, "room");
	/* 1 is the idlest, but has a connection open; 2 is banned; so 3 goes */
	find(sources, 1)->open = 1;
	find(sources, 2)->banned = true;
	make(sources, 100, SECONDS(9), &evicted);
	CHECK(evicted == 1 && !find(sources, 3) && find(sources, 1) &&
	      find(sources, 2) && find(sources, 4), "the idlest goes");
	for (i = 4; i <= PN_SOURCE_WAYS; i++)
		find(sources, i)->banned = true;
	find(sources, 100)->open = 1;
	make(sources, 101, SECONDS(9), &evicted);
	CHECK(evicted == 2 && !find(sources, 1) && find(sources, 100),
	      "of those with open connections the idlest");
	find(sources, 100)->banned = true;
	find(sources, 101)->banned = true;
	make(sources, 102, SECONDS(9), &evicted);
	CHECK(evicted == 3 && !find(sources, 2) && find(sources, 102),
	      "even of the banned, if all are");
	CHECK(find(sources, 102)->due == SECONDS(9) && !find(sources, 102)->banned,
	      "who comes anew has nothing of who was there");
	pn_sources_free(sources);
}

static void two_at_once(void)
{
	struct pn_sources *sources = pn_sources_alloc(64, false);
	struct pn_source_held held;
	u32 i, same = 0;

	for (i = 0; i < 2000; i++) {
		struct pn_source_key key[2] = { key_of(i), key_of(i & ~255U) };
		struct pn_source **s = held.entry;

		key[1].level = PN_LEVEL_NETWORK;
		pn_source_hold(sources, key, 2, true, SECONDS(i), &held);
		CHECK(s[1] && s[1]->key.level == PN_LEVEL_NETWORK, "the network");
		/* in a full set of one, the second takes the place of the first */
		CHECK(!s[0] || s[0]->key.addr.hi == i, "the source");
		CHECK(s[0] != s[1], "two entries");
		same += !s[0];
		pn_source_release(sources, &held);
	}
	CHECK(same < 100, "seldom without an entry: %u", same);
	for (i = 0; i <= sources->mask; i++)
		CHECK(!sources->set[i].lock.held, "a lock is left");
	pn_sources_free(sources);
}

/* Ticks go round at 2^32: who came before that is the idlest still. */
static void clock_goes_round(void)
{
	struct pn_sources *sources = pn_sources_alloc(PN_SOURCE_WAYS, false);
	u64 end = 1ULL << (32 + PN_TICK_SHIFT);
	u32 i, evicted = 0;

	for (i = 1; i <= PN_SOURCE_WAYS; i++)
		make(sources, i, end + SECONDS(i) - SECONDS(4), &evicted);
	make(sources, 100, end + SECONDS(100), &evicted);
	CHECK(evicted == 1 && !find(sources, 1) && find(sources, PN_SOURCE_WAYS),
	      "the idlest goes");
	pn_sources_free(sources);
}

/* As long as there is room, nobody is forgotten, and nobody is found who never came. */
static void like_a_map(void)
{
	enum { ADDRESSES = 4096 };
	struct pn_sources *sources = pn_sources_alloc(ADDRESSES * 8, false);
	static bool there[ADDRESSES];
	u32 i, evicted = 0, n = 0;

	memset(there, 0, sizeof(there));
	for (i = 0; i < 50000; i++) {
		u32 addr = below(ADDRESSES);

		CHECK(!!find(sources, addr) == there[addr], "address %u", addr);
		if (below(4))
			continue;
		n += !there[addr];
		there[addr] = true;
		CHECK(make(sources, addr, i, &evicted)->key.addr.hi == addr, "key");
	}
	CHECK(!evicted && atomic_read(&sources->nr) == (int)n, "%u evicted", evicted);
	pn_sources_free(sources);
}

static void prefixes(void)
{
	struct pn_key all = { ~0ULL, ~0ULL }, v4 = { .hi = 0xffffffff }, p;
	u32 bits;

	for (bits = 0; bits <= 32; bits++) {
		p = pn_source_prefix(v4, false, bits);
		CHECK(p.hi == (0xffffffff00000000ULL >> bits & 0xffffffff) && !p.lo,
		      "%u bits: %llx", bits, (unsigned long long)p.hi);
	}
	for (bits = 0; bits <= 128; bits++) {
		u32 i, set = 0;

		p = pn_source_prefix(all, true, bits);
		for (i = 0; i < 64; i++)
			set += (p.hi >> (63 - i) & 1) == (i < bits) &&
			       (p.lo >> (63 - i) & 1) == (i + 64 < bits);
		CHECK(set == 64, "%u bits", bits);
	}
}

#define MS	1000000ULL

static u32 evicted;

static bool knock(struct pn_knocks *knocks, const struct pn_knock *k, u64 now)
{
	struct pn_knock_place at = pn_knock_place(knocks, k);
	bool one, knocked = pn_knock(&at, now, &one);

	evicted += one;
	return knocked;
}

static void knocks(void)
{
	struct pn_knocks *knocks = pn_knocks_alloc(1024, false);
	struct pn_knock k = { .saddr = { 1, 0 }, .sport = 9, .dport = 25, .seq = 7 };
	struct pn_knock other = k;
	/* across the end of the clock's 24 bits */
	u64 now = (1ULL << 44) - 700 * MS;

	CHECK(!knock(knocks, &k, now), "the first time");
	CHECK(!knock(knocks, &k, now + 400 * MS), "a copy of the network's");
	CHECK(knock(knocks, &k, now + 1000 * MS), "again, a second later");
	CHECK(knock(knocks, &k, now + 3000 * MS), "and again");
	other.seq++;
	CHECK(!knock(knocks, &other, now + 3000 * MS), "another one");
	other = k;
	other.sport++;
	CHECK(!knock(knocks, &other, now + 3000 * MS), "of another port");
	other = k;
	other.daddr.lo = 1;
	CHECK(!knock(knocks, &other, now + 3000 * MS), "to somebody else");
	CHECK(!knock(knocks, &k, now + 66000 * MS), "too late");
	CHECK(knock(knocks, &k, now + 67000 * MS), "which began anew");
	pn_knocks_free(knocks);
}

/* A flood of as many others as a quarter of the table does not drown a knock. */
static void knocks_in_a_flood(void)
{
	enum { ROOM = 4096, HONEST = 500 };
	struct pn_knocks *knocks = pn_knocks_alloc(ROOM, false);
	u32 i, found = 0;

	for (i = 0; i < HONEST + ROOM / 4; i++) {
		struct pn_knock k = { .saddr = { i, 0 }, .seq = i };

		CHECK(!knock(knocks, &k, 1000 * MS + i), "the first time");
	}
	for (i = 0; i < HONEST; i++) {
		struct pn_knock k = { .saddr = { i, 0 }, .seq = i };

		found += knock(knocks, &k, 2100 * MS);
	}
	CHECK(found > HONEST * 95 / 100, "%u of %u", found, HONEST);
	pn_knocks_free(knocks);
}

/* Each that is written over before its time is counted, and no other. */
static void knocks_evicted(void)
{
	enum { ROOM = 1024, MORE = 3 * ROOM };
	struct pn_knocks *knocks = pn_knocks_alloc(ROOM, false);
	u32 i, full;

	evicted = 0;
	for (i = 0; i < MORE; i++)
		knock(knocks, &(struct pn_knock){ .seq = i }, 1000 * MS);
	full = MORE - evicted;
	CHECK(full > ROOM * 9 / 10 && full <= ROOM, "%u are left of %u", full, ROOM);
	evicted = 0;
	for (i = 0; i < MORE; i++)
		knock(knocks, &(struct pn_knock){ .seq = MORE + i }, 66000 * MS);
	CHECK(evicted <= MORE - full, "%u evicted, %u had been too old", evicted, full);
	pn_knocks_free(knocks);
}

int main(int argc, char **argv)
{
	static const struct test tests[] = {
		{ "sources: who is forgotten first", forgotten_in_order },
		{ "sources: when the clock goes round", clock_goes_round },
		{ "sources: a source and its network", two_at_once },
		{ "sources: like a map", like_a_map },
		{ "sources: prefixes", prefixes },
		{ "knocks: when they count", knocks },
		{ "knocks: in a flood", knocks_in_a_flood },
		{ "knocks: what a full table forgets", knocks_evicted },
	};

	(void)argc;
	return run_tests(tests, ARRAY_SIZE(tests), argv);
}
