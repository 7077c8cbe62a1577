// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>

#include "../mem.h"
#include "addrset.h"

static int compare6(const struct in6_addr *a, const struct in6_addr *b)
{
	return memcmp(a, b, sizeof(*a));
}

void addrset_add(struct addrset *set, const struct range *r)
{
	if (r->family == AF_INET) {
		if (set->n4 == set->cap4) {
			set->cap4 = set->cap4 ? set->cap4 * 2 : 4;
			set->v4 = xrealloc(set->v4, set->cap4, sizeof(*set->v4));
		}
		set->v4[set->n4++] = r->r4;
	} else {
		if (set->n6 == set->cap6) {
			set->cap6 = set->cap6 ? set->cap6 * 2 : 4;
			set->v6 = xrealloc(set->v6, set->cap6, sizeof(*set->v6));
		}
		set->v6[set->n6++] = r->r6;
	}
}

/* Joins @nr more ranges to the @n at @to, which are borrowed if @cap is 0. */
static void *join(void *to, size_t *n, size_t *cap, const void *more, size_t nr, size_t size)
{
	char *own;

	if (!nr)
		return to;
	own = xrealloc(*cap ? to : NULL, *n + nr, size);
	if (!*cap)
		memcpy(own, to, *n * size);
	memcpy(own + *n * size, more, nr * size);
	*n += nr;
	*cap = *n;
	return own;
}

void addrset_add_set(struct addrset *set, const struct addrset *more)
{
	if (set->n4) {
		set->v4 = join(set->v4, &set->n4, &set->cap4, more->v4, more->n4, sizeof(*set->v4));
	} else {
		set->v4 = more->v4;
		set->n4 = more->n4;
	}
	if (set->n6) {
		set->v6 = join(set->v6, &set->n6, &set->cap6, more->v6, more->n6, sizeof(*set->v6));
	} else {
		set->v6 = more->v6;
		set->n6 = more->n6;
	}
}

/* Ranges of a family: their size, and their first addresses, byte by byte. */
struct kind {
	size_t size;
	unsigned int bytes;
	unsigned int (*byte)(const void *range, unsigned int n);
	int (*compare)(const void *a, const void *b);
};

static unsigned int byte4(const void *range, unsigned int n)
{
	const struct range4 *r = range;

	return r->lo >> (24 - 8 * n) & 255;
}

static unsigned int byte6(const void *range, unsigned int n)
{
	const struct range6 *r = range;

	return r->lo.s6_addr[n];
}

static int by_lo4(const void *pa, const void *pb)
{
	const struct range4 *a = pa, *b = pb;

	return (a->lo > b->lo) - (a->lo < b->lo);
}

static int by_lo6(const void *pa, const void *pb)
{
	const struct range6 *a = pa, *b = pb;

	return compare6(&a->lo, &b->lo);
}

static const struct kind kind4 = { sizeof(struct range4), 4, byte4, by_lo4 };
static const struct kind kind6 = { sizeof(struct range6), 16, byte6, by_lo6 };

#define SMALL 32

/*
 * By the first address, from its byte @at on, in place: for a million prefixes a
 * fraction of what qsort takes, and no second copy of them.
 */
static void radix_sort(char *r, size_t n, const struct kind *k, unsigned int at)
{
	size_t next[256], end[256] = { 0 }, from = 0, i, size = k->size;
	union {
		struct range4 r4;
		struct range6 r6;
	} one, other;
	unsigned int b, to;

	/* behind the last byte all are equal */
	if (n < 2 || at == k->bytes)
		return;
	if (n <= SMALL) {
		qsort(r, n, size, k->compare);
		return;
	}
	for (i = 0; i < n; i++)
		end[k->byte(r + i * size, at)]++;
	for (b = 0; b < 256; b++) {
		next[b] = from;
		from += end[b];
		end[b] = from;
	}
	for (b = 0; b < 256; b++) {
		while (next[b] < end[b]) {
			memcpy(&one, r + next[b] * size, size);
			while ((to = k->byte(&one, at)) != b) {
				memcpy(&other, r + next[to] * size, size);
				memcpy(r + next[to]++ * size, &one, size);
				memcpy(&one, &other, size);
			}
			memcpy(r + next[b]++ * size, &one, size);
		}
	}
	for (from = 0, b = 0; b < 256; from = end[b++])
		radix_sort(r + from * size, end[b] - from, k, at + 1);
}

static void sort4(struct addrset *set)
{
	size_t i, kept = 0;

	for (i = 1; i < set->n4 && set->v4[i - 1].hi < set->v4[i].lo; i++)
		;
	if (i >= set->n4)
		return;
	radix_sort((char *)set->v4, set->n4, &kind4, 0);
	/* Neighbours stay apart: people wrote them so, and see them so again. */
	for (i = 1; i < set->n4; i++) {
		if (set->v4[i].lo > set->v4[kept].hi)
			set->v4[++kept] = set->v4[i];
		else if (set->v4[i].hi > set->v4[kept].hi)
			set->v4[kept].hi = set->v4[i].hi;
	}
	set->n4 = kept + 1;
}

static void sort6(struct addrset *set)
{
	size_t i, kept = 0;

	for (i = 1; i < set->n6 && compare6(&set->v6[i - 1].hi, &set->v6[i].lo) < 0; i++)
		;
	if (i >= set->n6)
		return;
	radix_sort((char *)set->v6, set->n6, &kind6, 0);
	for (i = 1; i < set->n6; i++) {
		if (compare6(&set->v6[i].lo, &set->v6[kept].hi) > 0)
			set->v6[++kept] = set->v6[i];
		else if (compare6(&set->v6[i].hi, &set->v6[kept].hi) > 0)
			set->v6[kept].hi = set->v6[i].hi;
	}
	set->n6 = kept + 1;
}

void addrset_sort(struct addrset *set)
{
	sort4(set);
	sort6(set);
}

void addrset_release(struct addrset *set)
{
	if (set->cap4)
		free(set->v4);
	if (set->cap6)
		free(set->v6);
	memset(set, 0, sizeof(*set));
}

/* The last range that begins at or before @lo, NULL if there is none. */
static const struct range4 *find4(const struct addrset *set, uint32_t lo)
{
	size_t from = 0, to = set->n4, mid;

	while (from < to) {
		mid = from + (to - from) / 2;
		if (set->v4[mid].lo <= lo)
			from = mid + 1;
		else
			to = mid;
	}
	return from ? &set->v4[from - 1] : NULL;
}

static const struct range6 *find6(const struct addrset *set, const struct in6_addr *lo)
{
	size_t from = 0, to = set->n6, mid;

	while (from < to) {
		mid = from + (to - from) / 2;
		if (compare6(&set->v6[mid].lo, lo) <= 0)
			from = mid + 1;
		else
			to = mid;
	}
	return from ? &set->v6[from - 1] : NULL;
}

static bool covers4(const struct addrset *a, const struct range4 *r)
{
	const struct range4 *in = find4(a, r->lo), *last = in ? &a->v4[a->n4 - 1] : NULL;

	/* Several neighbours may cover one range together. */
	while (in && in->hi < r->hi) {
		if (in->hi < r->lo || in == last || in[1].lo - 1 != in->hi)
			return false;
		in++;
	}
	return in;
}

static bool follows6(const struct in6_addr *next, const struct in6_addr *last)
{
	struct in6_addr sum = *last;
	int i;

	for (i = 15; i >= 0 && !++sum.s6_addr[i]; i--)
		;
	return i >= 0 && !compare6(&sum, next);
}

static bool covers6(const struct addrset *a, const struct range6 *r)
{
	const struct range6 *in = find6(a, &r->lo), *last = in ? &a->v6[a->n6 - 1] : NULL;

	while (in && compare6(&in->hi, &r->hi) < 0) {
		if (compare6(&in->hi, &r->lo) < 0 || in == last || !follows6(&in[1].lo, &in->hi))
			return false;
		in++;
	}
	return in;
}

bool addrset_covers(const struct addrset *a, const struct addrset *b)
{
	size_t i;

	if ((b->n4 && !a->n4) || (b->n6 && !a->n6))
		return false;
	for (i = 0; i < b->n4; i++)
		if (!covers4(a, &b->v4[i]))
			return false;
	for (i = 0; i < b->n6; i++)
		if (!covers6(a, &b->v6[i]))
			return false;
	return true;
}

bool addrset_contains(const struct addrset *set, const struct range *address)
{
	if (address->family == AF_INET)
		return covers4(set, &address->r4);
	return covers6(set, &address->r6);
}

static bool meets4(const struct addrset *set, const struct range4 *r)
{
	const struct range4 *in = find4(set, r->hi);

	return in && in->hi >= r->lo;
}

static bool meets6(const struct addrset *set, const struct range6 *r)
{
	const struct range6 *in = find6(set, &r->hi);

	return in && compare6(&in->hi, &r->lo) >= 0;
}

bool addrset_meets(const struct addrset *set, const struct range *r)
{
	return r->family == AF_INET ? meets4(set, &r->r4) : meets6(set, &r->r6);
}

/* Those of the smaller one are looked for in the other. */
bool addrset_meet(const struct addrset *a, const struct addrset *b)
{
	const struct addrset *few = a->n4 < b->n4 ? a : b, *many = few == a ? b : a;
	size_t i;

	for (i = 0; i < few->n4; i++)
		if (meets4(many, &few->v4[i]))
			return true;
	few = a->n6 < b->n6 ? a : b;
	many = few == a ? b : a;
	for (i = 0; i < few->n6; i++)
		if (meets6(many, &few->v6[i]))
			return true;
	return false;
}
