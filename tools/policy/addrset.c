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

void addrset_add_set(struct addrset *set, const struct addrset *more)
{
	struct range4 *v4 = set->v4;
	struct range6 *v6 = set->v6;

	if (!set->n4) {
		set->v4 = more->v4;
		set->n4 = more->n4;
	} else if (more->n4) {
		set->v4 = xrealloc(set->cap4 ? v4 : NULL, set->n4 + more->n4, sizeof(*v4));
		if (!set->cap4)
			memcpy(set->v4, v4, set->n4 * sizeof(*v4));
		memcpy(set->v4 + set->n4, more->v4, more->n4 * sizeof(*v4));
		set->n4 += more->n4;
		set->cap4 = set->n4;
	}
	if (!set->n6) {
		set->v6 = more->v6;
		set->n6 = more->n6;
	} else if (more->n6) {
		set->v6 = xrealloc(set->cap6 ? v6 : NULL, set->n6 + more->n6, sizeof(*v6));
		if (!set->cap6)
			memcpy(set->v6, v6, set->n6 * sizeof(*v6));
		memcpy(set->v6 + set->n6, more->v6, more->n6 * sizeof(*v6));
		set->n6 += more->n6;
		set->cap6 = set->n6;
	}
}

#define SMALL 32

static void sort_small4(struct range4 *r, size_t n)
{
	struct range4 one;
	size_t i, k;

	for (i = 1; i < n; i++) {
		one = r[i];
		for (k = i; k && r[k - 1].lo > one.lo; k--)
			r[k] = r[k - 1];
		r[k] = one;
	}
}

/*
 * By the first address, a byte at a time from the highest, in place: for a million
 * prefixes a fraction of what qsort takes, and no second copy of them.
 */
static void radix_sort4(struct range4 *r, size_t n, unsigned int shift)
{
	size_t next[256], end[256] = { 0 }, from = 0, i;
	struct range4 one, other;
	unsigned int b, to;

	for (i = 0; i < n; i++)
		end[r[i].lo >> shift & 255]++;
	for (b = 0; b < 256; b++) {
		next[b] = from;
		from += end[b];
		end[b] = from;
	}
	for (b = 0; b < 256; b++) {
		while (next[b] < end[b]) {
			one = r[next[b]];
			while ((to = one.lo >> shift & 255) != b) {
				other = r[next[to]];
				r[next[to]++] = one;
				one = other;
			}
			r[next[b]++] = one;
		}
	}
	if (!shift)
		return;
	for (from = 0, b = 0; b < 256; from = end[b++]) {
		if (end[b] - from > SMALL)
			radix_sort4(r + from, end[b] - from, shift - 8);
		else
			sort_small4(r + from, end[b] - from);
	}
}

static void sort_small6(struct range6 *r, size_t n)
{
	struct range6 one;
	size_t i, k;

	for (i = 1; i < n; i++) {
		one = r[i];
		for (k = i; k && compare6(&r[k - 1].lo, &one.lo) > 0; k--)
			r[k] = r[k - 1];
		r[k] = one;
	}
}

static void radix_sort6(struct range6 *r, size_t n, unsigned int byte)
{
	size_t next[256], end[256] = { 0 }, from = 0, i;
	struct range6 one, other;
	unsigned int b, to;

	for (i = 0; i < n; i++)
		end[r[i].lo.s6_addr[byte]]++;
	for (b = 0; b < 256; b++) {
		next[b] = from;
		from += end[b];
		end[b] = from;
	}
	for (b = 0; b < 256; b++) {
		while (next[b] < end[b]) {
			one = r[next[b]];
			while ((to = one.lo.s6_addr[byte]) != b) {
				other = r[next[to]];
				r[next[to]++] = one;
				one = other;
			}
			r[next[b]++] = one;
		}
	}
	if (byte == 15)
		return;
	for (from = 0, b = 0; b < 256; from = end[b++]) {
		if (end[b] - from > SMALL)
			radix_sort6(r + from, end[b] - from, byte + 1);
		else
			sort_small6(r + from, end[b] - from);
	}
}

static void sort4(struct addrset *set)
{
	size_t i, kept = 0;

	for (i = 1; i < set->n4 && set->v4[i - 1].hi < set->v4[i].lo; i++)
		;
	if (i >= set->n4)
		return;
	radix_sort4(set->v4, set->n4, 24);
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
	radix_sort6(set->v6, set->n6, 0);
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

bool addrset_meets(const struct addrset *set, const struct range *r)
{
	const struct range4 *in4;
	const struct range6 *in6;

	if (r->family == AF_INET) {
		in4 = find4(set, r->r4.hi);
		return in4 && in4->hi >= r->r4.lo;
	}
	in6 = find6(set, &r->r6.hi);
	return in6 && compare6(&in6->hi, &r->r6.lo) >= 0;
}
