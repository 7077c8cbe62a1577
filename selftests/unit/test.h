/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the unit tests share: random numbers that can be repeated, and KTAP.
 */
#ifndef TEST_H
#define TEST_H

#include "shim.h"

#define CHECK(condition, ...)						\
	do {								\
		if (!(condition)) {					\
			printf("# %s:%d: %s\n# ", __FILE__, __LINE__, #condition); \
			printf(__VA_ARGS__);				\
			printf("\n");					\
			test_failed = true;				\
			return;						\
		}							\
	} while (0)

static bool test_failed;
static u64 test_state;

/* splitmix64 */
static inline u64 rnd(void)
{
	u64 z = test_state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

static inline u32 below(u32 n)
{
	return n ? rnd() % n : 0;
}

struct test {
	const char *name;
	void (*run)(void);
};

/* argv[1]: seed */
static inline int run_tests(const struct test *tests, u32 nr, char **argv)
{
	u64 seed = argv[1] ? strtoull(argv[1], NULL, 0) : 1;
	int failed = 0;
	u32 i;

	printf("TAP version 13\n1..%u\n", nr);
	for (i = 0; i < nr; i++) {
		test_state = seed;
		shim_seed = seed;
		test_failed = false;
		tests[i].run();
		if (!test_failed && shim_live) {
			printf("# %ld allocations leaked\n", shim_live);
			test_failed = true;
		}
		shim_live = 0;
		failed += test_failed;
		printf("%s %u %s\n", test_failed ? "not ok" : "ok", i + 1,
		       tests[i].name);
		fflush(stdout);
	}
	return failed > 0;
}

#endif /* TEST_H */
