// SPDX-License-Identifier: GPL-2.0
/*
 * The rate algorithm against its definition, which knows nothing of due times: one
 * more may come at t if, counted with it from each earlier one on at t0, there are not
 * more than burst + (t - t0) / interval.
 */
#include "gcra.h"
#include "test.h"

#define MOST	24

/* Those that came, as offsets from the first moment. */
static u64 came[MOST];
static u32 nr;

static bool may_come(u64 interval, u32 burst, u64 at)
{
	u32 i;

	for (i = 0; i < nr; i++)
		if ((nr - i + 1) * interval > burst * interval + (at - came[i]))
			return false;
	return burst > 0;
}

/* A moment that is near where something changes, or anywhere. */
static u64 later(u64 at, u64 interval)
{
	switch (below(4)) {
	case 0:
		return at;
	case 1:
		return at + interval + below(3) - 1;
	case 2:
		return at + rnd() % (interval * 2 + 1);
	default:
		return at + interval * below(8) + below(2);
	}
}

static u64 any_interval(void)
{
	return 1 + rnd() % (1ULL << below(48));
}

/* Times go round at 2^64: some schedules begin just before. */
static u64 any_beginning(void)
{
	return below(3) ? rnd() : -(rnd() % (1ULL << below(40)));
}

static void schedules(void)
{
	u32 n, i;

	for (n = 0; n < 1000000; n++) {
		u64 begin = any_beginning(), due = begin, at = 0, next;
		u64 interval = any_interval();
		u32 burst = 1 + below(6);
		struct pn_gcra g = pn_gcra(interval, burst);

		nr = 0;
		for (i = 0; i < MOST; i++) {
			bool wanted, seen;

			at = later(at, interval);
			wanted = may_come(interval, burst, at);
			seen = pn_gcra_take(&g, due, begin + at, g.tolerance,
					    &next);
			CHECK(seen == wanted, "schedule %u, number %u: %d, not %d",
			      n, i, seen, wanted);
			if (!seen)
				continue;
			due = next;
			came[nr++] = at;
		}
	}
}

/* Who charges for what is refused too must be quiet for an interval, and no longer. */
static void strict(void)
{
	struct pn_gcra g = pn_gcra(1000, 3);
	u64 due = 0, now = 0, next;
	u32 i;

	for (i = 0; i < 50; i++, now += 10) {
		CHECK(pn_gcra_take(&g, due, now, g.tolerance, &next) == (i < 3),
		      "number %u", i);
		due = next;
	}
	CHECK(!pn_gcra_take(&g, due, now - 10 + 999, g.tolerance, &next), "too early");
	CHECK(pn_gcra_take(&g, due, now - 10 + 1000, g.tolerance, &next), "in time");
}

/* A clock that is set back costs a whole burst at most. */
static void clock_steps(void)
{
	u32 n;

	for (n = 0; n < 100000; n++) {
		u64 interval = any_interval(), now = rnd(), due = now, next;
		u32 i, burst = 1 + below(6);
		struct pn_gcra g = pn_gcra(interval, burst);

		for (i = 0; i < burst; i++)
			if (pn_gcra_take(&g, due, now, g.tolerance, &next))
				due = next;
		now -= rnd() >> 1;
		CHECK(pn_gcra_ahead(&g, due, now) <= g.tolerance, "ahead");
		/* what is looked at is as if it had been just now */
		CHECK(!pn_gcra_take(&g, due, now, g.tolerance, &next) ||
		      due - now > 1ULL << 63, "more than a burst");
		due = now + pn_gcra_ahead(&g, due, now);
		now += g.tolerance;
		for (i = 0; i < burst; i++) {
			CHECK(pn_gcra_take(&g, due, now, g.tolerance, &next),
			      "it does not recover");
			due = next;
		}
	}
}

/* Who must leave something to others does. */
static void shares(void)
{
	struct pn_gcra g = pn_gcra(1000, 8);
	u64 due = 0, next;
	u32 i;

	for (i = 0; i < 8; i++)
		if (pn_gcra_take(&g, due, 0, g.tolerance / 2, &next))
			due = next;
	CHECK(due == 4000, "due %llu", (unsigned long long)due);
	for (i = 0; i < 8; i++)
		if (pn_gcra_take(&g, due, 0, g.tolerance, &next))
			due = next;
	CHECK(due == 8000, "due %llu", (unsigned long long)due);
}

static void bounds(void)
{
	struct pn_gcra g = pn_gcra(1ULL << 50, 1U << 31);

	CHECK(g.tolerance == PN_GCRA_MAX, "a product that wraps");
	g = pn_gcra(PN_GCRA_MAX / 7, 7);
	CHECK(g.tolerance == PN_GCRA_MAX / 7 * 7, "one that does not");
}

int main(int argc, char **argv)
{
	static const struct test tests[] = {
		{ "gcra: a million schedules", schedules },
		{ "gcra: refused attempts count", strict },
		{ "gcra: clocks that are set back", clock_steps },
		{ "gcra: shares", shares },
		{ "gcra: bounds", bounds },
	};

	(void)argc;
	return run_tests(tests, ARRAY_SIZE(tests), argv);
}
