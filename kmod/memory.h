/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory of policies, and of the tables of their limits: charged to the caller's memory
 * cgroup and counted against one ceiling over all namespaces (module parameter
 * max_memory, MiB).
 */
#ifndef PN_MEMORY_H
#define PN_MEMORY_H

#include <linux/types.h>

struct pn_policy;

/*
 * Zeroed, may be large. Return: NULL if there is none, or above the ceiling.
 * pn_free() takes the same size back.
 */
void *pn_alloc(struct pn_policy *policy, size_t n, size_t size);
void pn_free(struct pn_policy *policy, const void *p, size_t n, size_t size);

/* The same for what outlives a policy. @confined: see struct pn_policy. */
void *pn_table_alloc(size_t n, size_t size, bool confined);
void pn_table_free(const void *p, size_t n, size_t size);

/* Grows @p, of @nr elements in use, to hold @want more; doubles. */
int pn_grow(struct pn_policy *policy, void **p, u32 nr, u32 *cap, u32 want,
	    u32 max, size_t size);

/*
 * Copies @nr elements of @size to what the pointer @to points at. Return: 0 or
 * -ENOMEM; nothing happens if @nr is 0.
 */
int pn_copy(struct pn_policy *policy, void *to, const void *from, u32 nr,
	    size_t size);
char *pn_strdup(struct pn_policy *policy, const char *s);
void pn_strfree(struct pn_policy *policy, const char *s);

u64 pn_memory_total(void);
u64 pn_memory_ceiling(void);

#endif /* PN_MEMORY_H */
