// SPDX-License-Identifier: GPL-2.0
/*
 * Transactions. The list holds one reference to each, and a message that works on
 * one another; who drops the last frees it. So ending a transaction is taking it
 * off the list, and waits for nobody.
 */
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/random.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/user_namespace.h>
#include <net/genetlink.h>

#include "house.h"
#include "log.h"
#include "net.h"
#include "netlink.h"
#include "object.h"
#include "policy.h"
#include "transaction.h"

struct pn_txn {
	struct list_head list;		/* [T] pn->txns, or those to free */
	bool open;			/* [T] in pn->txns */
	unsigned long touched;		/* [T] jiffies of the last message */
	refcount_t refs;
	u32 id;
	u32 portid;			/* the socket that began it */
	struct mutex mutex;		/* one message at a time */
	struct pn_policy *policy;	/* [mutex] NULL after COMMIT took it */
};

/* [T] the lists of all namespaces: held for a few steps, never over a wait */
static DEFINE_SPINLOCK(txn_lock);

static void put(struct pn_txn *txn)
{
	if (!refcount_dec_and_test(&txn->refs))
		return;
	pn_policy_free(txn->policy);
	mutex_destroy(&txn->mutex);
	kfree(txn);
}

/* Takes it off the list, with the list's reference, to put later. */
static void end_later(struct pn_txn *txn, struct list_head *ended)
{
	lockdep_assert_held(&txn_lock);
	txn->open = false;
	list_move(&txn->list, ended);
}

static void put_all(struct list_head *ended)
{
	struct pn_txn *txn, *next;

	list_for_each_entry_safe(txn, next, ended, list)
		put(txn);
}

static void end(struct pn_txn *txn)
{
	LIST_HEAD(ended);

	spin_lock(&txn_lock);
	if (txn->open)
		end_later(txn, &ended);
	spin_unlock(&txn_lock);
	put_all(&ended);
}

static struct pn_txn *find(struct pn_net *pn, u32 id)
{
	struct pn_txn *txn;

	lockdep_assert_held(&txn_lock);
	list_for_each_entry(txn, &pn->txns, list)
		if (txn->id == id)
			return txn;
	return NULL;
}

static int add_to_list(struct pn_net *pn, struct pn_txn *txn)
{
	struct pn_txn *other;
	int err = -EBUSY;
	int nr = 0;

	spin_lock(&txn_lock);
	list_for_each_entry(other, &pn->txns, list)
		nr++;
	if (nr < POSTERN_TXN_MAX) {
		do {
			txn->id = get_random_u32();
		} while (!txn->id || find(pn, txn->id));
		txn->touched = jiffies;
		refcount_inc(&txn->refs);
		txn->open = true;
		list_add_tail(&txn->list, &pn->txns);
		err = 0;
	}
	spin_unlock(&txn_lock);
	return err;
}

/* The caller's transaction, with a reference. */
static struct pn_txn *get(struct pn_net *pn, struct genl_info *info)
{
	const struct nlattr *attr = info->attrs[POSTERN_A_TXN];
	struct pn_txn *txn;

	if (!attr) {
		NL_SET_ERR_MSG(info->extack, "TXN is missing");
		return ERR_PTR(-EINVAL);
	}
	spin_lock(&txn_lock);
	txn = find(pn, nla_get_u32(attr));
	if (txn && txn->portid == info->snd_portid) {
		txn->touched = jiffies;
		refcount_inc(&txn->refs);
	} else {
		txn = NULL;
	}
	spin_unlock(&txn_lock);
	if (!txn) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr,
				    "this socket has no such transaction: refused, or idle for 60 s");
		return ERR_PTR(-ENOENT);
	}
	return txn;
}

static void touch(struct pn_txn *txn)
{
	spin_lock(&txn_lock);
	txn->touched = jiffies;
	spin_unlock(&txn_lock);
}

void pn_txn_socket_gone(const struct net *net, u32 portid)
{
	struct pn_net *pn = pn_net(net);
	struct pn_txn *txn, *next;
	LIST_HEAD(ended);

	spin_lock(&txn_lock);
	list_for_each_entry_safe(txn, next, &pn->txns, list)
		if (txn->portid == portid)
			end_later(txn, &ended);
	spin_unlock(&txn_lock);
	put_all(&ended);
}

bool pn_txn_reap(struct pn_net *pn)
{
	unsigned long idle = PN_TXN_IDLE_SECONDS * HZ;
	struct pn_txn *txn, *next;
	LIST_HEAD(ended);
	bool others;

	spin_lock(&txn_lock);
	list_for_each_entry_safe(txn, next, &pn->txns, list)
		/* a second reference is a message at work */
		if (time_after(jiffies, txn->touched + idle) &&
		    refcount_read(&txn->refs) == 1)
			end_later(txn, &ended);
	others = !list_empty(&pn->txns);
	spin_unlock(&txn_lock);
	put_all(&ended);
	return others;
}

void pn_txn_purge(struct pn_net *pn)
{
	struct pn_txn *txn, *next;
	LIST_HEAD(ended);

	spin_lock(&txn_lock);
	list_for_each_entry_safe(txn, next, &pn->txns, list)
		end_later(txn, &ended);
	spin_unlock(&txn_lock);
	put_all(&ended);
}

/* A reply that cannot fail any more once it is there. */
static struct sk_buff *prepare_reply(struct genl_info *info, u8 cmd, void **hdr)
{
	struct sk_buff *msg = genlmsg_new(128, GFP_KERNEL);

	if (!msg)
		return NULL;
	*hdr = genlmsg_put_reply(msg, info, &pn_genl_family, 0, cmd);
	if (!*hdr) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

static struct pn_txn *alloc_txn(struct genl_info *info)
{
	struct pn_txn *txn = kzalloc(sizeof(*txn), GFP_KERNEL_ACCOUNT);

	if (!txn)
		return NULL;
	mutex_init(&txn->mutex);
	refcount_set(&txn->refs, 1);
	txn->portid = info->snd_portid;
	txn->policy = pn_policy_alloc(info->extack);
	if (!txn->policy) {
		put(txn);
		return NULL;
	}
	txn->policy->confined = genl_info_net(info)->user_ns != &init_user_ns;
	return txn;
}

static int set_policy(struct pn_policy *policy, struct genl_info *info)
{
	const struct nlattr *flags = info->attrs[POSTERN_A_POLICY_FLAGS];
	const struct nlattr *files = info->attrs[POSTERN_A_FILES];
	const struct nlattr *sources = info->attrs[POSTERN_A_SOURCES];
	const struct nlattr *fastpath = info->attrs[POSTERN_A_FASTPATH];
	int err;

	if (flags)
		policy->flags = nla_get_u32(flags);
	if (fastpath)
		policy->fastpath = nla_get_u32(fastpath);
	err = pn_object_mark(info->attrs[POSTERN_A_MARK],
			     info->attrs[POSTERN_A_MARK_MASK],
			     &policy->mark, &policy->mark_mask, info->extack);
	if (!err && sources)
		err = pn_policy_set_sources(policy, nla_get_u32(sources),
					    info->extack);
	if (!err && files)
		err = pn_object_add_files(policy, files, info->extack);
	return err;
}

int pn_txn_begin(struct sk_buff *skb, struct genl_info *info)
{
	struct pn_net *pn = pn_net(genl_info_net(info));
	struct sk_buff *msg = NULL;
	struct pn_txn *txn;
	void *hdr;
	int err;

	err = pn_netlink_allowed(pn->net, info->extack);
	if (err)
		return err;
	txn = alloc_txn(info);
	if (!txn)
		return -ENOMEM;
	err = set_policy(txn->policy, info);
	if (err)
		goto out;
	msg = prepare_reply(info, POSTERN_CMD_POLICY_BEGIN, &hdr);
	if (!msg) {
		err = -ENOMEM;
		goto out;
	}
	err = add_to_list(pn, txn);
	if (err) {
		NL_SET_ERR_MSG(info->extack,
			       "four transactions are open here: idle ones end after 60 s");
		goto out;
	}
	pn_house_start(pn);
	if (nla_put_u32(msg, POSTERN_A_TXN, txn->id)) {
		err = -EMSGSIZE;
	} else {
		genlmsg_end(msg, hdr);
		err = genlmsg_reply(msg, info);
		msg = NULL;
	}
	if (err)
		end(txn);
out:
	nlmsg_free(msg);
	put(txn);
	return err;
}

static int add_objects(struct pn_txn *txn, struct genl_info *info)
{
	const struct nlattr *attr;
	int err = 0;
	int left;

	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, left) {
		if (nla_type(attr) == POSTERN_A_TXN)
			continue;
		err = pn_object_add(txn->policy, attr, info->extack);
		if (err)
			break;
		cond_resched();
	}
	return err;
}

int pn_txn_add(struct sk_buff *skb, struct genl_info *info)
{
	struct pn_net *pn = pn_net(genl_info_net(info));
	struct pn_txn *txn;
	int err;

	err = pn_netlink_allowed(pn->net, info->extack);
	if (err)
		return err;
	txn = get(pn, info);
	if (IS_ERR(txn))
		return PTR_ERR(txn);
	mutex_lock(&txn->mutex);
	/* another thread's COMMIT may have been faster */
	if (txn->policy)
		err = add_objects(txn, info);
	else
		err = -ENOENT;
	mutex_unlock(&txn->mutex);
	if (err)
		end(txn);
	else
		touch(txn);
	put(txn);
	return err;
}

int pn_txn_discard(struct sk_buff *skb, struct genl_info *info)
{
	struct pn_net *pn = pn_net(genl_info_net(info));
	struct pn_txn *txn;
	int err;

	err = pn_netlink_allowed(pn->net, info->extack);
	if (err)
		return err;
	txn = get(pn, info);
	if (IS_ERR(txn))
		return PTR_ERR(txn);
	end(txn);
	put(txn);
	return 0;
}

/* Ends the transaction and hands out its policy. */
static struct pn_policy *take_policy(struct pn_net *pn, struct genl_info *info)
{
	struct pn_txn *txn = get(pn, info);
	struct pn_policy *policy;

	if (IS_ERR(txn))
		return ERR_CAST(txn);
	end(txn);
	mutex_lock(&txn->mutex);
	policy = txn->policy;
	txn->policy = NULL;
	mutex_unlock(&txn->mutex);
	put(txn);
	return policy ?: ERR_PTR(-ENOENT);
}

static int compile(struct pn_policy *policy, struct netlink_ext_ack *extack)
{
	struct pn_place place = { };
	int err = pn_policy_compile(policy, &place, extack);

	if (err)
		pn_object_blame(extack, place.file, place.line);
	return err;
}

static u32 generation_in_force(const struct pn_net *pn)
{
	const struct pn_policy *policy;
	u32 generation;

	rcu_read_lock();
	policy = rcu_dereference(pn->policy);
	generation = policy ? policy->generation : 0;
	rcu_read_unlock();
	return generation;
}

int pn_txn_commit(struct sk_buff *skb, struct genl_info *info)
{
	const struct nlattr *flags_attr = info->attrs[POSTERN_A_COMMIT_FLAGS];
	const struct nlattr *confirm = info->attrs[POSTERN_A_CONFIRM_MS];
	const struct nlattr *expect = info->attrs[POSTERN_A_EXPECT_GENERATION];
	u32 flags = flags_attr ? nla_get_u32(flags_attr) : 0;
	struct pn_net *pn = pn_net(genl_info_net(info));
	u32 expected = expect ? nla_get_u32(expect) : 0;
	u32 generation = generation_in_force(pn);
	struct pn_policy *policy;
	struct sk_buff *msg;
	u64 memory;
	void *hdr;
	int err;

	err = pn_netlink_allowed(pn->net, info->extack);
	if (err)
		return err;
	/* first of all: what is in force must not be reported as refused */
	msg = prepare_reply(info, POSTERN_CMD_POLICY_COMMIT, &hdr);
	if (!msg)
		return -ENOMEM;
	policy = take_policy(pn, info);
	if (IS_ERR(policy)) {
		nlmsg_free(msg);
		return PTR_ERR(policy);
	}

	err = compile(policy, info->extack);
	memory = policy->memory;
	if (err || flags & POSTERN_COMMIT_DRY_RUN) {
		pn_policy_free(policy);
	} else {
		pn_log_prepare(policy);
		err = pn_net_load(pn, policy, flags,
				  confirm ? nla_get_u32(confirm) : 0,
				  expect ? &expected : NULL, &generation,
				  info->extack);
	}
	if (!err)
		err = nla_put_u32(msg, POSTERN_A_GENERATION, generation) ||
		      nla_put_u64_64bit(msg, POSTERN_A_MEMORY, memory,
					POSTERN_A_PAD) ? -EMSGSIZE : 0;
	if (err) {
		nlmsg_free(msg);
		return err;
	}
	if (!(flags & POSTERN_COMMIT_DRY_RUN))
		pn_house_start(pn);
	genlmsg_end(msg, hdr);
	/* a full receive buffer loses the answer, not the policy */
	genlmsg_reply(msg, info);
	return 0;
}
