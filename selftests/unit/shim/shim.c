// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's services for the module's plain C files, and what the tests ask of
 * them: that the n-th allocation fails, and that all are given back.
 */
#include "kept.h"
#include "shim.h"
#include "zone.h"

unsigned long shim_fail_nth;
unsigned long shim_allocations;
long shim_live;
u64 shim_seed = 1;
unsigned int nr_cpu_ids = 3;

/* What kmalloc(0) returns: no pointer to anything, and not NULL. */
#define ZERO_SIZE	((void *)16)

void *kvzalloc(size_t size, gfp_t flags)
{
	void *p;

	(void)flags;
	shim_allocations++;
	if (shim_fail_nth && !--shim_fail_nth)
		return NULL;
	if (!size)
		return ZERO_SIZE;
	p = calloc(1, size);
	assert(p);
	shim_live++;
	return p;
}

void kvfree(const void *p)
{
	if (!p || p == ZERO_SIZE)
		return;
	shim_live--;
	free((void *)p);
}

void get_random_bytes(void *to, int size)
{
	u8 *byte = to;

	while (size--) {
		shim_seed = shim_seed * 6364136223846793005ULL + 1442695040888963407ULL;
		*byte++ = shim_seed >> 56;
	}
}

void sort(void *base, size_t num, size_t size,
	  int (*cmp)(const void *a, const void *b),
	  void (*swap)(void *a, void *b, int size))
{
	assert(!swap);
	if (num)
		qsort(base, num, size, cmp);
}

/* The policies of these tests never meet an interface, nor a flow. */
void pn_kept_free(struct pn_policy *policy)
{
	assert(!policy->kept);
}

void pn_zone_map_free(struct pn_policy *policy)
{
	assert(!policy->zonemap);
}

static u64 mix(u64 hash, u64 word)
{
	hash = (hash ^ word) * 0xbf58476d1ce4e5b9ULL;
	return hash ^ hash >> 29;
}

u64 siphash(const void *data, size_t len, const siphash_key_t *key)
{
	u64 hash = key->key[0] ^ len, word;

	assert(len % sizeof(word) == 0);
	for (; len; len -= sizeof(word), data = (const char *)data + sizeof(word)) {
		memcpy(&word, data, sizeof(word));
		hash = mix(hash, word);
	}
	return mix(mix(hash, key->key[1]), 0x9e3779b97f4a7c15ULL);
}

u64 siphash_1u64(u64 a, const siphash_key_t *key)
{
	return siphash(&a, sizeof(a), key);
}

u64 siphash_2u64(u64 a, u64 b, const siphash_key_t *key)
{
	u64 words[] = { a, b };

	return siphash(words, sizeof(words), key);
}

u64 siphash_3u64(u64 a, u64 b, u64 c, const siphash_key_t *key)
{
	u64 words[] = { a, b, c };

	return siphash(words, sizeof(words), key);
}
