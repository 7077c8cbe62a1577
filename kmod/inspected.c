// SPDX-License-Identifier: GPL-2.0
/*
 * The table of inspected connections: see inspected.h.
 */
#include <linux/hash.h>
#include <linux/module.h>
#include <linux/rhashtable.h>
#include <linux/slab.h>
#include <linux/tcp.h>
#include <linux/user_namespace.h>
#include <net/netfilter/nf_conntrack.h>

#include "farewell.h"
#include "inspect.h"
#include "inspected.h"
#include "net.h"
#include "standing.h"

static unsigned int max_inspected = 65536;
module_param(max_inspected, uint, 0644);
MODULE_PARM_DESC(max_inspected, "inspected connections that a network namespace may have; a sixteenth in those of unprivileged user namespaces (65536)");

/* Of all there may be, so many wait for the client's first answer at most. */
#define OPENING_SHARE	4

/* A sender gives up before: tcp(7), tcp_retries2 takes it 924 s. */
#define GAP_SECONDS	1200

/**
 * struct pn_flows - those of a namespace
 * @table: by conntrack entry
 * @nr: of them
 * @share: of max_inspected, one part in so many
 * @early: bytes, see stream.h
 * @lock: of @opening
 * @opening: whose client has not answered the server's SYN+ACK, oldest first
 * @nr_opening: of those
 */
struct pn_flows {
	struct rhashtable table;
	atomic_t nr;
	u32 share;
	atomic_t early;
	spinlock_t lock;		/* see above */
	struct list_head opening;
	u32 nr_opening;
};

/* An address of the kernel's: nobody chooses it. */
static u32 hash_of(const void *key, u32 len, u32 seed)
{
	/* hash_long() of 32 bits leaves the low ones, which are zero in addresses */
	return (u64)(*(const unsigned long *)key ^ seed) * GOLDEN_RATIO_64 >> 32;
}

static int compare(struct rhashtable_compare_arg *arg, const void *obj)
{
	const struct pn_flow *f = obj;

	return f->ct != *(struct nf_conn *const *)arg->key;
}

static const struct rhashtable_params params = {
	.head_offset = offsetof(struct pn_flow, node),
	.key_offset = offsetof(struct pn_flow, ct),
	.key_len = sizeof(struct nf_conn *),
	.hashfn = hash_of,
	.obj_cmpfn = compare,
	.automatic_shrinking = true,
};

/* What pn_inspected_init() has made, all of it; NULL: no RPC policy came yet. */
static struct pn_flows *flows_of(const struct pn_net *pn)
{
	/* pairs with pn_inspected_init() */
	return smp_load_acquire(&pn->flows);
}

/* How many there may be. */
static u32 most(const struct pn_flows *flows)
{
	return READ_ONCE(max_inspected) / flows->share;
}

int pn_inspected_init(struct pn_net *pn)
{
	struct pn_flows *flows;
	int err;

	lockdep_assert_held(&pn->mutex);
	if (pn->flows)
		return 0;
	flows = kzalloc(sizeof(*flows), GFP_KERNEL_ACCOUNT);
	if (!flows)
		return -ENOMEM;
	flows->share = pn->net->user_ns == &init_user_ns ? 1 : 16;
	spin_lock_init(&flows->lock);
	INIT_LIST_HEAD(&flows->opening);
	err = rhashtable_init(&flows->table, &params);
	if (err) {
		kfree(flows);
		return err;
	}
	/* see flows_of() */
	smp_store_release(&pn->flows, flows);
	return 0;
}

u32 pn_inspected_number(const struct pn_net *pn)
{
	const struct pn_flows *flows = flows_of(pn);

	return flows ? atomic_read(&flows->nr) : 0;
}

struct pn_flow *pn_inspected_find(const struct pn_net *pn,
				  const struct nf_conn *ct)
{
	struct pn_flows *flows = flows_of(pn);

	return flows ? rhashtable_lookup(&flows->table, &ct, params) : NULL;
}

bool pn_inspected_has(const struct pn_net *pn, const struct nf_conn *ct)
{
	bool has;

	rcu_read_lock();
	has = pn_inspected_find(pn, ct);
	rcu_read_unlock();
	return has;
}

/* ---- going */

/* Context: flows->lock held. */
static void leave_opening(struct pn_flows *flows, struct pn_flow *f)
{
	if (list_empty(&f->opening))
		return;
	list_del_init(&f->opening);
	flows->nr_opening--;
}

static void free_flow_rcu(struct rcu_head *rcu)
{
	struct pn_flow *f = container_of(rcu, struct pn_flow, rcu);

	nf_ct_put(f->ct);
	kfree(f);
}

/* Nobody finds it any more, but who did may have it in hand. */
static void let_go(struct pn_flows *flows, struct pn_flow *f)
{
	spin_lock_bh(&flows->lock);
	leave_opening(flows, f);
	f->left = true;
	spin_unlock_bh(&flows->lock);
	spin_lock_bh(&f->lock);
	f->gone = true;
	pn_stream_free(&f->stream[PN_RPC_CLIENT]);
	pn_stream_free(&f->stream[PN_RPC_SERVER]);
	spin_unlock_bh(&f->lock);
	atomic_dec(&flows->nr);
	call_rcu(&f->rcu, free_flow_rcu);
}

/* Return: whether it was there. */
static bool drop(struct pn_flows *flows, struct pn_flow *f)
{
	if (rhashtable_remove_fast(&flows->table, &f->node, params))
		return false;
	let_go(flows, f);
	return true;
}

void pn_inspected_leave(struct pn_flow *f)
{
	drop(f->pn->flows, f);
}

static void free_at_exit(void *object, void *data)
{
	let_go(data, object);
}

void pn_inspected_exit(struct pn_net *pn)
{
	struct pn_flows *flows = pn->flows;

	if (!flows)
		return;
	/* the hooks are gone, and who was in them */
	pn->flows = NULL;
	rhashtable_free_and_destroy(&flows->table, free_at_exit, flows);
	/* conntrack waits for its entries: free_flow_rcu() must have run */
	rcu_barrier();
	kfree(flows);
}

/* ---- coming */

/*
 * Who forges addresses can have a server answer him, and never answers back. What
 * that leaves behind must not take the place of connections: the oldest goes, and
 * from conntrack as well, or its late answer would seem to be of one to be resumed.
 */
static void enter_opening(struct pn_net *pn, struct pn_flows *flows,
			  struct pn_flow *f)
{
	u32 share = max(1U, most(flows) / OPENING_SHARE);
	struct pn_flow *oldest = NULL;

	spin_lock(&flows->lock);
	/* house work may have let go of it already */
	if (!f->left) {
		list_add_tail(&f->opening, &flows->opening);
		flows->nr_opening++;
	}
	if (flows->nr_opening > share) {
		oldest = list_first_entry(&flows->opening, struct pn_flow,
					  opening);
		leave_opening(flows, oldest);
	}
	spin_unlock(&flows->lock);
	if (!oldest || !drop(flows, oldest))
		return;
	nf_ct_kill(oldest->ct);
	pn_count(pn->stats, PN_COUNT_RPC_EVICTED);
}

void pn_inspected_open(struct pn_flow *f)
{
	struct pn_flows *flows = f->pn->flows;

	spin_lock(&flows->lock);
	leave_opening(flows, f);
	spin_unlock(&flows->lock);
}

void pn_inspected_count(const struct pn_flow *f, bool opens)
{
	bool mail = f->basis == PN_BASIS_SMTP;

	if (opens)
		pn_count(f->pn->stats, mail ? PN_COUNT_SMTP_FLOWS :
					      PN_COUNT_RPC_FLOWS);
	else
		pn_count(f->pn->stats, mail ? PN_COUNT_SMTP_RESUMED :
					      PN_COUNT_RPC_RESUMED);
}

void pn_inspected_set_up(struct pn_flow *f, enum pn_basis basis)
{
	f->basis = basis;
	if (basis == PN_BASIS_MAPPER)
		pn_epm_init(&f->epm, &pn_mapper_ops);
	else if (basis == PN_BASIS_SMTP)
		pn_mail_init(&f->mail);
	else
		pn_rpc_init(&f->rpc, &pn_held_ops);
}

static size_t size_of(enum pn_basis basis)
{
	if (basis == PN_BASIS_MAPPER)
		return sizeof(struct pn_flow);
	if (basis == PN_BASIS_SMTP)
		return offsetofend(struct pn_flow, mail);
	return offsetofend(struct pn_flow, rpc);
}

void pn_inspected_begin(struct pn_flow *f, enum pn_rpc_way way, u32 seq)
{
	struct pn_flows *flows = f->pn->flows;

	pn_stream_begin(&f->stream[way], seq, &flows->early);
	if (f->basis == PN_BASIS_SMTP) {
		f->stream[way].journal.most = PN_JOURNAL_BULK;
		f->stream[way].all = true;
	}
	f->base[way] = seq;
	f->synced[way] = true;
}

static struct pn_flow *make(struct pn_net *pn, const struct pn_policy *policy,
			    struct nf_conn *ct, const struct pn_tuple *t,
			    enum pn_basis basis, u32 rule,
			    const struct tcphdr *opening)
{
	struct pn_flow *f = kzalloc(size_of(basis), GFP_ATOMIC | __GFP_NOWARN);

	if (!f)
		return NULL;
	spin_lock_init(&f->lock);
	INIT_LIST_HEAD(&f->opening);
	f->ct = ct;
	f->t = *t;
	f->generation = policy->generation;
	f->zoned = policy->generation;
	f->rule = rule;
	f->observe = pn_basis_observes(pn, policy, t, basis);
	f->pn = pn;
	f->reset_due = jiffies;
	pn_inspected_set_up(f, basis);
	if (opening) {
		pn_inspected_begin(f, PN_RPC_CLIENT, ntohl(opening->ack_seq));
		pn_inspected_begin(f, PN_RPC_SERVER, ntohl(opening->seq) + 1);
	} else if (basis == PN_BASIS_SMTP) {
		pn_mail_resume(&f->mail);
	} else {
		pn_rpc_resume(&f->rpc);
	}
	nf_conntrack_get(&ct->ct_general);
	return f;
}

struct pn_flow *pn_inspected_add(struct pn_net *pn,
				 const struct pn_policy *policy,
				 struct nf_conn *ct, const struct pn_tuple *t,
				 enum pn_basis basis, u32 rule,
				 const struct tcphdr *opening)
{
	struct pn_flows *flows = flows_of(pn);
	struct pn_flow *f, *other;

	if (!flows || nf_ct_is_dying(ct))
		return NULL;
	f = (u32)atomic_inc_return(&flows->nr) > most(flows) ?
	    NULL : make(pn, policy, ct, t, basis, rule, opening);
	if (!f)
		goto full;
	other = rhashtable_lookup_get_insert_fast(&flows->table, &f->node,
						  params);
	if (!other) {
		pn_inspected_count(f, opening);
		if (opening)
			enter_opening(pn, flows, f);
		return f;
	}
	/* another CPU was faster, or there is no memory */
	nf_ct_put(ct);
	kfree(f);
	atomic_dec(&flows->nr);
	return IS_ERR(other) ? NULL : other;

full:
	atomic_dec(&flows->nr);
	return NULL;
}

/* ---- all of them */

/*
 * Return: whether @visit said yes of any. Where it takes some away, others may be
 * left out: a walk that pauses at one that is gone does not find back.
 */
static bool walk(struct pn_flows *flows,
		 bool (*visit)(struct pn_flows *flows, struct pn_flow *f,
			       const void *data),
		 const void *data)
{
	struct rhashtable_iter iter;
	struct pn_flow *f;
	bool any = false;

	rhashtable_walk_enter(&flows->table, &iter);
	rhashtable_walk_start(&iter);
	while ((f = rhashtable_walk_next(&iter))) {
		/* the table was resized: some come twice */
		if (IS_ERR(f))
			continue;
		any |= visit(flows, f, data);
		if (need_resched()) {
			rhashtable_walk_stop(&iter);
			cond_resched();
			rhashtable_walk_start(&iter);
		}
	}
	rhashtable_walk_stop(&iter);
	rhashtable_walk_exit(&iter);
	return any;
}

struct review {
	const struct pn_policy *old, *policy;
};

static bool drop_unread(struct pn_flows *flows, struct pn_flow *f,
			const void *data)
{
	const struct review *r = data;

	return (!r->policy || pn_standing_is_unread(f, r->old, r->policy)) &&
	       drop(flows, f);
}

void pn_inspected_review(struct pn_net *pn, const struct pn_policy *old,
			 const struct pn_policy *policy)
{
	struct review r = { .old = old, .policy = policy };
	struct pn_flows *flows = flows_of(pn);

	if (!flows)
		return;
	/* see walk(); nobody begins to read what this lets go of */
	while (walk(flows, drop_unread, &r))
		;
}

/* conntrack remembers a connection for a while after its end */
static bool is_closed(const struct pn_flow *f)
{
	u8 state = READ_ONCE(f->ct->proto.tcp.state);

	return state == TCP_CONNTRACK_TIME_WAIT || state == TCP_CONNTRACK_CLOSE;
}

void pn_inspected_touch(const struct pn_policy *policy, const struct pn_flow *f)
{
	struct pn_host client, server;

	if ((f->basis != PN_BASIS_PINHOLE && f->basis != PN_BASIS_LEARNED) ||
	    READ_ONCE(f->cut) || is_closed(f))
		return;
	pn_basis_client(&f->t, &client);
	pn_basis_server(policy, &f->t, &server);
	pn_pinhole_touch(f->pn,
			 f->basis == PN_BASIS_PINHOLE ? &client : NULL,
			 &server, f->t.port);
}

static bool is_given_up(const struct pn_stream *s)
{
	return s->nr_early &&
	       time_after(jiffies, s->gap_since + GAP_SECONDS * HZ);
}

/* Who never fills a gap shall not have the clones of what is behind it kept. */
static void give_up_gaps(struct pn_flow *f)
{
	spin_lock_bh(&f->lock);
	if (!f->cut && (is_given_up(&f->stream[PN_RPC_CLIENT]) ||
			is_given_up(&f->stream[PN_RPC_SERVER]))) {
		WRITE_ONCE(f->cut, PN_STREAM_UNKNOWN);
		pn_count(f->pn->stats, PN_COUNT_CUTS);
		pn_stream_free(&f->stream[PN_RPC_CLIENT]);
		pn_stream_free(&f->stream[PN_RPC_SERVER]);
	}
	spin_unlock_bh(&f->lock);
}

static void rest(struct pn_flow *f)
{
	struct pn_farewell farewell = {};

	spin_lock_bh(&f->lock);
	pn_stream_rest(&f->stream[PN_RPC_CLIENT]);
	pn_stream_rest(&f->stream[PN_RPC_SERVER]);
	if (f->basis == PN_BASIS_SMTP) {
		pn_mail_house(f);
		pn_farewell_take(&f->mail, &farewell);
	}
	spin_unlock_bh(&f->lock);
	if (!farewell.nr)
		return;
	local_bh_disable();
	pn_farewell_send(f, &farewell);
	local_bh_enable();
}

static bool drop_dying(struct pn_flows *flows, struct pn_flow *f,
		       const void *unused)
{
	return nf_ct_is_dying(f->ct) && drop(flows, f);
}

static bool look_after(struct pn_flows *flows, struct pn_flow *f,
		       const void *data)
{
	const struct pn_net *pn = data;
	/* under the walk's RCU */
	const struct pn_policy *policy = rcu_dereference(pn->policy);

	give_up_gaps(f);
	rest(f);
	if (policy)
		pn_inspected_touch(policy, f);
	return false;
}

bool pn_inspected_house(struct pn_net *pn)
{
	struct pn_flows *flows = flows_of(pn);

	if (!flows)
		return false;
	/* what this leaves out is found the next time */
	walk(flows, drop_dying, NULL);
	walk(flows, look_after, pn);
	return atomic_read(&flows->nr);
}
