/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sets of addresses: inclusive ranges, each family apart. After addrset_sort
 * they ascend and do not overlap; everything but what adds expects that.
 */
#ifndef POLICY_ADDRSET_H
#define POLICY_ADDRSET_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct range4 {
	uint32_t lo, hi; /* host order */
};

struct range6 {
	struct in6_addr lo, hi;
};

struct range {
	int family;
	union {
		struct range4 r4;
		struct range6 r6;
	};
};

struct addrset {
	struct range4 *v4;
	struct range6 *v6;
	size_t n4, cap4; /* cap 0: borrowed */
	size_t n6, cap6;
};

void addrset_add(struct addrset *set, const struct range *r);
/*
 * An empty set borrows the ranges of @more, which is sorted and stays as long: of a
 * million a copy takes longer than all the rest. Not for sets that addrset_add fills.
 */
void addrset_add_set(struct addrset *set, const struct addrset *more);
void addrset_sort(struct addrset *set);
void addrset_release(struct addrset *set);

/* Whether @a holds every address of @b. */
bool addrset_covers(const struct addrset *a, const struct addrset *b);
bool addrset_contains(const struct addrset *set, const struct range *address);
/* Whether an address of @r is in it. */
bool addrset_meets(const struct addrset *set, const struct range *r);
/* Whether an address is in both. */
bool addrset_meet(const struct addrset *a, const struct addrset *b);

static inline bool addrset_is_empty(const struct addrset *set)
{
	return !set->n4 && !set->n6;
}

#endif
