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

static inline bool run_test(const struct test *test, u64 seed)
{
	test_state = seed;
	shim_seed = seed;
	test_failed = false;
	test->run();
	if (!test_failed && shim_live) {
		printf("# %ld allocations leaked\n", shim_live);
		test_failed = true;
	}
	shim_live = 0;
	return !test_failed;
}

static inline bool is_chosen(const struct test *test, char **names)
{
	char **name;

	for (name = names; *name; name++)
		if (!strcmp(*name, test->name))
			return true;
	return name == names;
}

/* Those that @names says, up to a NULL; or all. Return: the exit status. */
static inline int run_chosen(const struct test *tests, u32 nr, u64 seed, char **names)
{
	u32 i, chosen = 0, done = 0;
	bool failed = false, ok;

	for (i = 0; i < nr; i++)
		chosen += is_chosen(&tests[i], names);
	if (!chosen) {
		printf("no such test\n");
		return 2;
	}
	printf("TAP version 13\n1..%u\n", chosen);
	for (i = 0; i < nr; i++) {
		if (!is_chosen(&tests[i], names))
			continue;
		ok = run_test(&tests[i], seed);
		failed |= !ok;
		printf("%s %u %s\n", ok ? "ok" : "not ok", ++done, tests[i].name);
		fflush(stdout);
	}
	return failed;
}

/* argv[1]: seed */
static inline int run_tests(const struct test *tests, u32 nr, char **argv)
{
	return run_chosen(tests, nr, argv[1] ? strtoull(argv[1], NULL, 0) : 1,
			  (char *[]){ NULL });
}

#endif /* TEST_H */
