// SPDX-License-Identifier: GPL-2.0
/*
 * Memory of policies and of what they need, against one ceiling.
 */
#include <linux/atomic.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "memory.h"
#include "policy.h"

static unsigned int max_memory = 1024;
module_param(max_memory, uint, 0644);
MODULE_PARM_DESC(max_memory, "MiB that the policies of all network namespaces, and the tables of their limits, may take together (1024)");

static atomic64_t total = ATOMIC64_INIT(0);

u64 pn_memory_total(void)
{
	return atomic64_read(&total);
}

u64 pn_memory_ceiling(void)
{
	return (u64)READ_ONCE(max_memory) << 20;
}

/*
 * Who is root only in a user namespace of his own cannot take all of it: the
 * machine's administrator must always be able to load.
 */
static u64 ceiling_of(bool confined)
{
	return pn_memory_ceiling() / (confined ? 2 : 1);
}

void *pn_table_alloc(size_t n, size_t size, bool confined)
{
	size_t bytes;
	void *p;

	if (check_mul_overflow(n, size, &bytes))
		return NULL;
	/* before the allocation, so that racing loads cannot pass it together */
	if (atomic64_add_return(bytes, &total) > ceiling_of(confined))
		goto refuse;
	/* a refusal is answered, and no reason to fill the log */
	p = kvzalloc(bytes, GFP_KERNEL_ACCOUNT | __GFP_NOWARN |
		     __GFP_RETRY_MAYFAIL);
	if (!p)
		goto refuse;
	return p;

refuse:
	atomic64_sub(bytes, &total);
	return NULL;
}

void pn_table_free(const void *p, size_t n, size_t size)
{
	if (!p)
		return;
	atomic64_sub(n * size, &total);
	kvfree(p);
}

void *pn_alloc(struct pn_policy *policy, size_t n, size_t size)
{
	void *p = pn_table_alloc(n, size, policy->confined);

	if (p)
		policy->memory += n * size;
	return p;
}

void pn_free(struct pn_policy *policy, const void *p, size_t n, size_t size)
{
	if (p)
		policy->memory -= n * size;
	pn_table_free(p, n, size);
}

int pn_grow(struct pn_policy *policy, void **p, u32 nr, u32 *cap, u32 want,
	    u32 max, size_t size)
{
	u32 new_cap;
	void *new;

	if (want > max - nr)
		return -E2BIG;
	if (nr + want <= *cap)
		return 0;
	new_cap = min(max, max3(nr + want, *cap * 2, 16U));
	new = pn_alloc(policy, new_cap, size);
	if (!new)
		return -ENOMEM;
	if (nr)
		memcpy(new, *p, nr * size);
	pn_free(policy, *p, *cap, size);
	*p = new;
	*cap = new_cap;
	return 0;
}

int pn_copy(struct pn_policy *policy, void *to, const void *from, u32 nr,
	    size_t size)
{
	void *copy;

	if (!nr)
		return 0;
	copy = pn_alloc(policy, nr, size);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, from, nr * size);
	*(void **)to = copy;
	return 0;
}

char *pn_strdup(struct pn_policy *policy, const char *s)
{
	size_t n = strlen(s) + 1;
	char *copy = pn_alloc(policy, n, 1);

	if (copy)
		memcpy(copy, s, n);
	return copy;
}

void pn_strfree(struct pn_policy *policy, const char *s)
{
	if (s)
		pn_free(policy, s, strlen(s) + 1, 1);
}
