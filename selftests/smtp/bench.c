// SPDX-License-Identifier: GPL-2.0
/*
 * What the text of a message costs: nanoseconds for the 1,448 bytes of a segment, beside
 * those of memchr() alone, both as the C library has it and a byte at a time as the
 * kernel has it on x86. Best of many runs, for text of several kinds.
 */
#include <time.h>

#include "smtp_shim.h"

#include "smtp.h"
#include "test.h"

u64 shim_seed;
long shim_live;

#define SEGMENT		1448
#define SEGMENTS	256
#define RUNS		40

static u8 text[SEGMENT * SEGMENTS];
static volatile u64 sink;

/* lib/string.c */
static void * __attribute__((__noinline__, optimize("no-tree-vectorize")))
kernel_memchr(const void *s, int c, size_t n)
{
	const u8 *p = s;

	while (n-- != 0)
		if ((u8)c == *p++)
			return (void *)(p - 1);
	return NULL;
}

static u64 now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

/* The connection is in the text of a message. */
static void text_begins(struct pn_smtp *s)
{
	static const struct pn_smtp_rules rules;
	const struct pn_smtp_terms terms = { .rules = &rules };
	struct pn_smtp_refusal f;

	pn_smtp_init(s);
	pn_smtp_server(s, "220 x\r\n", 7, &f);
	pn_smtp_client(s, &terms, "DATA\r\n", 6, &f);
	pn_smtp_server(s, "354 x\r\n", 7, &f);
}

static void feed_all(void)
{
	static const struct pn_smtp_rules rules = { .size = 1ULL << 40 };
	const struct pn_smtp_terms terms = { .rules = &rules };
	struct pn_smtp_refusal f;
	struct pn_smtp s;
	u32 i;

	text_begins(&s);
	for (i = 0; i < SEGMENTS; i++)
		sink += pn_smtp_client(&s, &terms, text + i * SEGMENT, SEGMENT, &f);
	if (pn_smtp_opaque(&s))
		abort();
}

static void memchr_all(void)
{
	u32 i;

	for (i = 0; i < SEGMENTS; i++) {
		const u8 *at = text + i * SEGMENT, *end = at + SEGMENT;

		while ((at = memchr(at, '\n', end - at))) {
			sink++;
			at++;
		}
	}
}

static void kernel_memchr_all(void)
{
	u32 i;

	for (i = 0; i < SEGMENTS; i++) {
		const u8 *at = text + i * SEGMENT, *end = at + SEGMENT;

		while ((at = kernel_memchr(at, '\n', end - at))) {
			sink++;
			at++;
		}
	}
}

static double best(void (*run)(void))
{
	u64 least = U64_MAX;
	u32 i;

	for (i = 0; i < RUNS; i++) {
		u64 begun = now();

		run();
		least = min(least, now() - begun);
	}
	return (double)least / SEGMENTS;
}

/* Lines of up to @longest bytes with CR LF; @dots: of a line begins with a stuffed one */
static void fill(u32 shortest, u32 longest, u32 dots, const char *letters)
{
	u32 n = 0, size = strlen(letters);

	while (n < sizeof(text)) {
		u32 line = shortest + below(longest - shortest + 1);

		if (below(100) < dots && n + 2 < sizeof(text)) {
			text[n++] = '.';
			text[n++] = '.';
		}
		if (line && n < sizeof(text))
			text[n++] = letters[0], line--;
		while (line-- && n < sizeof(text))
			text[n++] = letters[below(size)];
		if (n + 2 > sizeof(text))
			break;
		text[n++] = '\r';
		text[n++] = '\n';
	}
}

static void report(const char *name)
{
	printf("%-28s %8.1f %8.1f %8.1f\n", name, best(feed_all), best(memchr_all),
	       best(kernel_memchr_all));
}

int main(void)
{
	static const char base64[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	static const char prose[] = "etaoin shrdlu etaoin shrdlu cmfwyp vbgkqjxz.,";

	printf("ns per %u bytes               parser   memchr   memchr of the kernel\n", SEGMENT);
	fill(76, 76, 0, base64);
	report("base64, lines of 76");
	fill(0, 72, 0, prose);
	report("prose, lines up to 72");
	fill(998, 998, 0, base64);
	report("lines of 998");
	fill(0, 20, 10, prose);
	report("lines up to 20, some dots");
	fill(20, 60, 0, "ab\t\t\tc");
	report("half of it tabs");
	fill(0, 0, 0, "x");
	report("nothing but line ends");
	memset(text, '\n', sizeof(text));
	report("nothing but LF");
	return 0;
}
