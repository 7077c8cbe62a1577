// SPDX-License-Identifier: GPL-2.0
/*
 * Addresses to classes: look-up and construction of the intervals of a family.
 * How it works is told in address.h. Plain C: also built in user space.
 */
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "address.h"
#include "memory.h"

/* A slot that names a child node, not a boundary. */
#define CHILD	0x80000000U

/* The last boundary that is not above @addr; it is one of @first to @end - 1. */
static u32 bisect4(const struct pn_addresses *a, u32 addr, u32 first, u32 end)
{
	while (end - first > 1) {
		u32 mid = first + (end - first) / 2;

		if (a->key4[mid] <= addr)
			first = mid;
		else
			end = mid;
	}
	return first;
}

static u32 bisect6(const struct pn_addresses *a, struct pn_key addr, u32 first,
		   u32 end)
{
	while (end - first > 1) {
		u32 mid = first + (end - first) / 2;

		if (pn_key_below(addr, a->key6[mid]))
			end = mid;
		else
			first = mid;
	}
	return first;
}

/*
 * An address at a node lies between the boundaries before and behind those of
 * the node. Without a slot there it lies before or behind all of the node's.
 */
u32 pn_address_class4(const struct pn_addresses *a, u32 addr)
{
	const struct pn_address_node *n = a->nodes;
	u32 i, slot;

	/* so there is one above it, where every scan ends */
	if (addr >= a->key4[a->nr - 1])
		return a->class[a->nr - 1];
	for (;;) {
		slot = (addr >> n->shift) - (u32)n->base;
		if (unlikely(slot >= n->size))
			break;
		i = a->slots[n->slot + slot];
		if (!(i & CHILD))
			goto scan;
		n = &a->nodes[i & ~CHILD];
	}
	if (!n->size)
		return a->class[bisect4(a, addr, n->first - 1, n->last + 1)];
	return a->class[addr < a->key4[n->first] ? n->first - 1 : n->last];
scan:
	while (addr >= a->key4[i + 1])
		i++;
	return a->class[i];
}

u32 pn_address_class6(const struct pn_addresses *a, struct pn_key addr)
{
	const struct pn_address_node *n = a->nodes;
	u64 word, slot;
	u32 i;

	if (!pn_key_below(addr, a->key6[a->nr - 1]))
		return a->class[a->nr - 1];
	for (;;) {
		word = addr.hi;
		if (n->low) {
			if (addr.hi != a->key6[n->first].hi)
				break;
			word = addr.lo;
		}
		slot = (word >> n->shift) - n->base;
		if (unlikely(slot >= n->size))
			break;
		i = a->slots[n->slot + slot];
		if (!(i & CHILD))
			goto scan;
		n = &a->nodes[i & ~CHILD];
	}
	if (!n->size)
		return a->class[bisect6(a, addr, n->first - 1, n->last + 1)];
	return a->class[pn_key_below(addr, a->key6[n->first]) ? n->first - 1 :
								 n->last];
scan:
	while (!pn_key_below(addr, a->key6[i + 1]))
		i++;
	return a->class[i];
}

/* Construction. */

struct builder {
	struct pn_policy *policy;
	const struct pn_addresses *a;
	struct pn_address_node *nodes;
	u32 *slots;
	u32 nr_nodes, cap_nodes;
	u32 nr_slots, cap_slots;
};

static struct pn_key key_at(const struct builder *b, u32 i)
{
	if (b->a->key6)
		return b->a->key6[i];
	return (struct pn_key){ .hi = b->a->key4[i] };
}

/* The half of boundary @i that a node looks at. */
static u64 word_at(const struct builder *b, u32 i, bool low)
{
	struct pn_key key = key_at(b, i);

	return low ? key.lo : key.hi;
}

/* How many slots have a boundary, if those look at what is above @shift. */
static u32 occupied(const struct builder *b, const struct pn_address_node *n,
		    u32 shift)
{
	u64 seen = word_at(b, n->first, n->low);
	u32 used = 1, i;

	for (i = n->first + 1; i <= n->last; i++) {
		u64 word = word_at(b, i, n->low);

		if (word >> shift != seen >> shift)
			used++;
		seen = word;
	}
	return used;
}

/* Chooses which address bits node @n takes: its ends differ in the highest. */
static void choose_bits(const struct builder *b, struct pn_address_node *n)
{
	u32 count = n->last - n->first + 1, top, bits, used;
	u64 first, last;

	n->low = key_at(b, n->first).hi == key_at(b, n->last).hi &&
		 b->a->key6;
	first = word_at(b, n->first, n->low);
	last = word_at(b, n->last, n->low);
	top = fls64(last - first);
	bits = min3(top, (u32)ilog2(count) + 1, 24U);
	/* few of many slots in use: a smaller node, and a child, take less */
	used = occupied(b, n, top - bits);
	if (used < (1U << bits) / 16)
		bits = min(bits, (u32)ilog2(used) + 3);
	n->shift = top - bits;
	n->base = first >> n->shift;
	n->size = (last >> n->shift) - n->base + 1;
}

static int add_node(struct builder *b, u32 first, u32 last, u32 *index)
{
	if (pn_grow(b->policy, (void **)&b->nodes, b->nr_nodes, &b->cap_nodes,
		    1, CHILD - 1, sizeof(*b->nodes)))
		return -ENOMEM;
	b->nodes[b->nr_nodes] = (struct pn_address_node){
		.first = first,
		.last = last,
	};
	*index = b->nr_nodes++;
	return 0;
}

/*
 * Fills the slots of node @index; boundaries that crowd one slot get a child
 * node, behind all nodes so far: the nodes are their own work queue.
 */
static int fill_node(struct builder *b, u32 index, bool deepest)
{
	struct pn_address_node n = b->nodes[index];
	u32 value, i, slot;

	if (deepest)
		return 0;
	choose_bits(b, &n);
	if (pn_grow(b->policy, (void **)&b->slots, b->nr_slots, &b->cap_slots,
		    n.size, CHILD - 1, sizeof(*b->slots)))
		return -ENOMEM;
	n.slot = b->nr_slots;
	b->nr_slots += n.size;
	b->nodes[index] = n;

	for (value = 0, i = n.first; value < n.size; value++) {
		u32 begin = i;

		while (i <= n.last &&
		       (word_at(b, i, n.low) >> n.shift) - n.base == value)
			i++;
		/* the boundary in force where the slot begins */
		slot = begin - 1;
		if (i - begin > PN_ADDRESS_SCAN) {
			if (add_node(b, begin, i - 1, &slot))
				return -ENOMEM;
			slot |= CHILD;
		}
		b->slots[n.slot + value] = slot;
	}
	return 0;
}

static int build_nodes(struct builder *b, u32 nr)
{
	u32 depth, i = 0, end, root;

	/* no address is below boundary 0; if it is the only one, none needs a node */
	if (nr == 1)
		return 0;
	if (add_node(b, 1, nr - 1, &root))
		return -ENOMEM;
	for (depth = 1; i < b->nr_nodes; depth++) {
		for (end = b->nr_nodes; i < end; i++) {
			if (fill_node(b, i, depth > PN_ADDRESS_DEPTH))
				return -ENOMEM;
			cond_resched();
		}
	}
	return 0;
}

int pn_address_alloc(struct pn_policy *policy, struct pn_addresses *a, bool v6,
		     u32 cap)
{
	a->cap = cap;
	a->class = pn_alloc(policy, cap, sizeof(*a->class));
	if (v6)
		a->key6 = pn_alloc(policy, cap, sizeof(*a->key6));
	else
		a->key4 = pn_alloc(policy, cap, sizeof(*a->key4));
	return a->class && (a->key4 || a->key6) ? 0 : -ENOMEM;
}

void pn_address_add(struct pn_addresses *a, struct pn_key key, u32 class)
{
	if (a->key6)
		a->key6[a->nr] = key;
	else
		a->key4[a->nr] = key.hi;
	a->class[a->nr++] = class;
}

/* Gives back room that is not used. */
static int trim(struct pn_policy *policy, void *array, u32 nr, u32 cap,
		size_t size)
{
	void **p = array, *new;

	if (nr == cap || !*p)
		return 0;
	new = pn_alloc(policy, nr, size);
	if (!new)
		return -ENOMEM;
	memcpy(new, *p, nr * size);
	pn_free(policy, *p, cap, size);
	*p = new;
	return 0;
}

/* Sets of hosts that touch or overlap have fewer boundaries than there is room. */
static int trim_boundaries(struct pn_policy *policy, struct pn_addresses *a)
{
	struct pn_addresses old = *a;

	/* less than a quarter to gain is not worth the copy */
	if (old.nr > old.cap - old.cap / 4)
		return 0;
	*a = (struct pn_addresses){ .nr = old.nr };
	if (pn_address_alloc(policy, a, old.key6, old.nr)) {
		pn_address_free(policy, a);
		*a = old;
		return -ENOMEM;
	}
	memcpy(a->class, old.class, old.nr * sizeof(*a->class));
	if (old.key6)
		memcpy(a->key6, old.key6, old.nr * sizeof(*a->key6));
	else
		memcpy(a->key4, old.key4, old.nr * sizeof(*a->key4));
	pn_address_free(policy, &old);
	return 0;
}

int pn_address_build(struct pn_policy *policy, struct pn_addresses *a)
{
	struct builder b = { .policy = policy, .a = a };
	int err;

	err = trim_boundaries(policy, a);
	if (!err)
		err = build_nodes(&b, a->nr);
	if (!err)
		err = trim(policy, &b.nodes, b.nr_nodes, b.cap_nodes,
			   sizeof(*b.nodes));
	if (err)
		goto no_memory;
	b.cap_nodes = b.nr_nodes;
	err = trim(policy, &b.slots, b.nr_slots, b.cap_slots, sizeof(*b.slots));
	if (err)
		goto no_memory;
	a->nodes = b.nodes;
	a->nr_nodes = b.nr_nodes;
	a->slots = b.slots;
	a->nr_slots = b.nr_slots;
	return 0;

no_memory:
	pn_free(policy, b.nodes, b.cap_nodes, sizeof(*b.nodes));
	pn_free(policy, b.slots, b.cap_slots, sizeof(*b.slots));
	return err;
}

void pn_address_free(struct pn_policy *policy, struct pn_addresses *a)
{
	pn_free(policy, a->class, a->cap, sizeof(*a->class));
	pn_free(policy, a->key4, a->cap, sizeof(*a->key4));
	pn_free(policy, a->key6, a->cap, sizeof(*a->key6));
	pn_free(policy, a->nodes, a->nr_nodes, sizeof(*a->nodes));
	pn_free(policy, a->slots, a->nr_slots, sizeof(*a->slots));
}
