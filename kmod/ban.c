// SPDX-License-Identifier: GPL-2.0
/*
 * Banned prefixes: see ban.h.
 */
#include <linux/bitmap.h>
#include <linux/jhash.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rhashtable.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>
#include <linux/xarray.h>
#include <net/netfilter/nf_conntrack.h>

#include "ban.h"
#include "compat/conntrack.h"
#include "events.h"
#include "flow.h"
#include "net.h"
#include "source.h"

static unsigned int max_bans = 1048576;
module_param(max_bans, uint, 0644);
MODULE_PARM_DESC(max_bans, "prefixes that postern ban may hold for a network namespace; a sixteenth in those of unprivileged user namespaces (1048576)");

#define LENGTHS		129		/* 0 to 128 bits */

/**
 * struct pn_bans - of one namespace
 * @table: by key
 * @all: by number, which no walk loses its place in
 * @mutex: of all changes
 * @next: where to look for a free number
 * @nr: of them
 * @share: of max_bans, one part in so many
 * @length: how many there are of each length, by family
 * @used: lengths of which there are any
 * @ended: of house work, which have just ended
 */
struct pn_bans {
	struct rhashtable table;
	struct xarray all;
	struct mutex mutex;		/* see above */
	u32 next;
	u32 nr;
	u32 share;
	u32 length[2][LENGTHS];
	unsigned long used[2][BITS_TO_LONGS(LENGTHS)];
	struct pn_ban_key ended[PN_BANS_TOLD];
};

/* Inline where it is looked up; in general words, hash and comparison are twice as dear. */
static u32 hash_of(const void *data, u32 size, u32 seed)
{
	const struct pn_ban_key *key = data;

	/* IPv4: the rest is 0 */
	if (!key->v6)
		return jhash_2words(key->addr.hi, key->bits, seed);
	return jhash2((const u32 *)key, sizeof(*key) / sizeof(u32), seed);
}

static int differs(struct rhashtable_compare_arg *arg, const void *object)
{
	const struct pn_ban_key *a = arg->key;
	const struct pn_ban_key *b = &((const struct pn_ban *)object)->key;

	return !pn_key_same(a->addr, b->addr) || a->bits != b->bits ||
	       a->v6 != b->v6;
}

static const struct rhashtable_params params = {
	.head_offset = offsetof(struct pn_ban, node),
	.key_offset = offsetof(struct pn_ban, key),
	.key_len = sizeof(struct pn_ban_key),
	.hashfn = hash_of,
	.obj_cmpfn = differs,
	.automatic_shrinking = true,
};

int pn_bans_init(struct pn_net *pn)
{
	struct pn_bans *bans = kzalloc(sizeof(*bans), GFP_KERNEL_ACCOUNT);
	int err;

	if (!bans)
		return -ENOMEM;
	mutex_init(&bans->mutex);
	xa_init_flags(&bans->all, XA_FLAGS_ALLOC);
	bans->share = pn->net->user_ns == &init_user_ns ? 1 : 16;
	err = rhashtable_init(&bans->table, &params);
	if (err) {
		kfree(bans);
		return err;
	}
	pn->bans = bans;
	return 0;
}

static void free_ban(void *object, void *unused)
{
	kfree(object);
}

void pn_bans_exit(struct pn_net *pn)
{
	struct pn_bans *bans = pn->bans;

	xa_destroy(&bans->all);
	rhashtable_free_and_destroy(&bans->table, free_ban, NULL);
	kfree(bans);
}

u32 pn_bans_number(const struct pn_net *pn)
{
	return READ_ONCE(pn->bans->nr);
}

static bool has_ended(const struct pn_ban *ban, u64 now)
{
	u64 until = READ_ONCE(ban->until);

	return until && now >= until;
}

/* Not at each packet of a flood, which all would write to one place. */
static void note_hit(struct pn_ban *ban, u64 now)
{
	if (READ_ONCE(ban->hit) != pn_tick(now))
		WRITE_ONCE(ban->hit, pn_tick(now));
	if (!READ_ONCE(ban->was_hit))
		WRITE_ONCE(ban->was_hit, true);
}

/* Of those that have not ended by @now. */
static __always_inline struct pn_ban *find_for(struct pn_bans *bans, bool v6,
					       struct pn_key addr, u64 now)
{
	struct pn_ban_key key = { .v6 = v6 };
	u32 bits;

	for_each_set_bit(bits, bans->used[v6], LENGTHS) {
		struct pn_ban *ban;

		key.bits = bits;
		key.addr = pn_source_prefix(addr, v6, bits);
		ban = rhashtable_lookup(&bans->table, &key, params);
		if (ban && !has_ended(ban, now))
			return ban;
	}
	return NULL;
}

bool pn_ban_has(const struct pn_net *pn, bool v6, struct pn_key addr)
{
	struct pn_bans *bans = pn->bans;
	struct pn_ban *ban;
	u64 now;

	if (likely(!READ_ONCE(bans->nr)))
		return false;
	/* some ms late, and half as dear */
	now = ktime_get_coarse_boottime_ns();
	ban = find_for(bans, v6, addr, now);
	if (ban)
		note_hit(ban, now);
	return ban;
}

bool pn_ban_is(const struct pn_net *pn, bool v6, struct pn_key addr)
{
	return find_for(pn->bans, v6, addr, ktime_get_boottime_ns());
}

/* ---- coming */

/* Context: mutex held. */
static int enter(struct pn_bans *bans, struct pn_ban *ban)
{
	u32 bits = ban->key.bits, v6 = ban->key.v6;
	int err;

	err = xa_alloc_cyclic(&bans->all, &ban->id, ban, xa_limit_32b,
			      &bans->next, GFP_KERNEL_ACCOUNT);
	if (err < 0)
		return err;
	err = rhashtable_insert_fast(&bans->table, &ban->node, params);
	if (err) {
		xa_erase(&bans->all, ban->id);
		return err;
	}
	if (!bans->length[v6][bits]++)
		set_bit(bits, bans->used[v6]);
	WRITE_ONCE(bans->nr, bans->nr + 1);
	return 0;
}

/* Context: mutex held. */
static void leave(struct pn_bans *bans, struct pn_ban *ban)
{
	u32 bits = ban->key.bits, v6 = ban->key.v6;

	rhashtable_remove_fast(&bans->table, &ban->node, params);
	xa_erase(&bans->all, ban->id);
	if (!--bans->length[v6][bits])
		clear_bit(bits, bans->used[v6]);
	WRITE_ONCE(bans->nr, bans->nr - 1);
	kfree_rcu(ban, rcu);
}

static struct pn_ban *find(struct pn_bans *bans, const struct pn_ban_key *key)
{
	/* the mutex keeps it */
	return rhashtable_lookup_fast(&bans->table, key, params);
}

static struct pn_ban *make(const struct pn_ban_key *key, u64 until,
			   const char *comment)
{
	size_t length = strlen(comment) + 1;
	struct pn_ban *ban;

	ban = kmalloc(struct_size(ban, comment, length),
		      GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!ban)
		return NULL;
	*ban = (struct pn_ban){ .key = *key, .until = until };
	memcpy(ban->comment, comment, length);
	return ban;
}

/*
 * Enters those of @key that are not there. Return: how many it got through, and the
 * error that stopped it.
 */
static u32 enter_new(struct pn_bans *bans, const struct pn_ban_key *key, u32 nr,
		     u64 until, const char *comment, unsigned long *new, int *err)
{
	u32 i, most = READ_ONCE(max_bans) / bans->share;
	struct pn_ban *ban;

	for (i = 0; i < nr; i++) {
		if (!(i % 1024))
			cond_resched();
		if (find(bans, &key[i]))
			continue;
		*err = -E2BIG;
		if (bans->nr >= most)
			return i;
		*err = -ENOMEM;
		ban = make(&key[i], until, comment);
		if (!ban)
			return i;
		*err = enter(bans, ban);
		if (*err) {
			kfree(ban);
			return i;
		}
		__set_bit(i, new);
	}
	*err = 0;
	return i;
}

static int end_banned(struct nf_conn *ct, void *data)
{
	const struct pn_net *pn = data;
	const struct pn_policy *policy;
	struct pn_key addr;
	bool v6, ends;

	addr = pn_flow_client(ct, &v6);
	/* conntrack holds a spinlock here, which RCU's checks do not count */
	rcu_read_lock();
	policy = rcu_dereference(pn->policy);
	ends = policy && !(policy->flags & POSTERN_POLICY_OBSERVE) &&
	       pn_ban_has(pn, v6, addr) &&
	       pn_flow_is_governed(pn->net, policy, ct);
	rcu_read_unlock();
	return ends;
}

int pn_bans_add(struct pn_net *pn, const struct pn_ban_key *key, u32 nr,
		u64 until, const char *comment)
{
	struct pn_bans *bans = pn->bans;
	unsigned long *new;
	u32 i, reached;
	int err;

	new = kvcalloc(BITS_TO_LONGS(nr), sizeof(*new), GFP_KERNEL_ACCOUNT);
	if (!new)
		return -ENOMEM;
	mutex_lock(&bans->mutex);
	reached = enter_new(bans, key, nr, until, comment, new, &err);
	for (i = 0; i < reached; i++) {
		/* one that stands twice in @key was entered once */
		struct pn_ban *ban = find(bans, &key[i]);

		if (!err)
			WRITE_ONCE(ban->until, until);
		else if (test_bit(i, new))
			leave(bans, ban);
	}
	/* in the order in which they happened, as all that comes and goes */
	if (!err)
		pn_event_bans(pn, key, nr, until, comment, true);
	mutex_unlock(&bans->mutex);
	kvfree(new);
	if (err || !rcu_access_pointer(pn->policy))
		return err;
	/* those whose first packet passed before the ban, and that are not there yet */
	synchronize_net();
	pn_ct_iterate(pn->net, end_banned, pn);
	return 0;
}

void pn_bans_review(struct pn_net *pn)
{
	if (pn_bans_number(pn))
		pn_ct_iterate(pn->net, end_banned, pn);
}

/* ---- going */

u32 pn_bans_del(struct pn_net *pn, struct pn_ban_key *key, u32 nr)
{
	struct pn_bans *bans = pn->bans;
	struct pn_ban *ban;
	u32 i, found = 0;

	mutex_lock(&bans->mutex);
	for (i = 0; i < nr; i++) {
		ban = find(bans, &key[i]);
		if (ban) {
			leave(bans, ban);
			key[found++] = key[i];
		}
		if (!(i % 1024))
			cond_resched();
	}
	pn_event_bans(pn, key, found, 0, "", false);
	mutex_unlock(&bans->mutex);
	return found;
}

bool pn_bans_house(struct pn_net *pn)
{
	struct pn_bans *bans = pn->bans;
	u64 now = ktime_get_boottime_ns();
	struct pn_ban *ban;
	unsigned long id;
	u32 nr = 0;
	bool left;

	if (!pn_bans_number(pn))
		return false;
	mutex_lock(&bans->mutex);
	xa_for_each(&bans->all, id, ban) {
		if (has_ended(ban, now)) {
			if (nr < PN_BANS_TOLD)
				bans->ended[nr] = ban->key;
			nr++;
			leave(bans, ban);
		}
		cond_resched();
	}
	pn_event_bans(pn, bans->ended, nr, 0, "", false);
	left = bans->nr;
	mutex_unlock(&bans->mutex);
	return left;
}

int pn_bans_show(struct pn_net *pn, unsigned long *from,
		 int (*visit)(const struct pn_ban *ban, void *data), void *data)
{
	struct pn_bans *bans = pn->bans;
	struct pn_ban *ban;
	unsigned long id;
	int err = 0;

	mutex_lock(&bans->mutex);
	xa_for_each_start(&bans->all, id, ban, *from) {
		err = visit(ban, data);
		if (err)
			break;
		*from = id + 1;
		cond_resched();
	}
	mutex_unlock(&bans->mutex);
	return err;
}
