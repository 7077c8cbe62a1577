// SPDX-License-Identifier: GPL-2.0
/*
 * A network namespace's policy: put in force, put on trial, taken away.
 */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/rtnetlink.h>
#include <linux/sched.h>
#include <linux/siphash.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <net/netfilter/nf_conntrack.h>

#include "answer.h"
#include "ban.h"
#include "events.h"
#include "fastpath.h"
#include "flow.h"
#include "hook.h"
#include "house.h"
#include "inspected.h"
#include "kept.h"
#include "limiter.h"
#include "net.h"
#include "outpost.h"
#include "proc.h"
#include "route.h"
#include "transaction.h"
#include "zone.h"

unsigned int pn_net_id __read_mostly;

static bool lockdown = true;
module_param(lockdown, bool, 0444);
MODULE_PARM_DESC(lockdown, "drop what is forwarded in the initial network namespace while it has no policy (1)");

bool pn_net_lockdown(const struct pn_net *pn)
{
	return lockdown && net_eq(pn->net, &init_net) && !READ_ONCE(pn->open);
}

/*
 * Lockdown, if it is in force, is also for what an administrator's nf_flow_table
 * forwards around the hooks. Context: a grace period after it came into force, so that
 * no packet that passed before makes a flow join that any more.
 */
static void lock_down(struct pn_net *pn)
{
	if (pn_net_lockdown(pn))
		pn_flow_purge_offloaded(pn->net);
}

static struct pn_policy *current_policy(struct pn_net *pn)
{
	return rcu_dereference_protected(pn->policy,
					 lockdep_is_held(&pn->mutex));
}

/*
 * Puts @policy, or none, in force. rtnl, because the map of interfaces and the
 * pointer must change together for whoever adds an interface meanwhile.
 */
static int publish(struct pn_net *pn, struct pn_policy *policy)
{
	int err = 0;

	lockdep_assert_held(&pn->mutex);
	if (policy)
		pn_basis_prepare(pn, policy);
	rtnl_lock();
	if (policy)
		err = pn_zone_map(policy, pn->net);
	/* the last that can fail: see there */
	if (!err && policy && policy->nr_sources)
		err = pn_limiter_number(pn, policy);
	if (!err && policy)
		pn_net_restamp(pn, policy);
	if (!err)
		rcu_assign_pointer(pn->policy, policy);
	rtnl_unlock();
	return err;
}

/* Whether rules @a and @b are one rule in two policies. */
static bool same_rule(const struct pn_rule *a, const struct pn_rule *b)
{
	return !strcmp(a->text, b->text) && !strcmp(a->name ?: "", b->name ?: "");
}

/* Of what same_rule() compares, with a secret key: nobody can make all alike. */
static u32 hash_rule(const struct pn_rule *rule, const siphash_key_t *key)
{
	const char *name = rule->name ?: "";

	return siphash_2u64(siphash(rule->text, strlen(rule->text), key),
			    siphash(name, strlen(name), key), key);
}

/*
 * For each rule of @new, the number of the same rule of @old, or U32_MAX. The
 * n-th of equal rules is the n-th again.
 */
static u32 *match_rules(const struct pn_policy *old, const struct pn_policy *new)
{
	gfp_t gfp = GFP_KERNEL_ACCOUNT | __GFP_NOWARN;
	u32 *match, *head, *next, i, b, buckets;
	siphash_key_t key;

	get_random_bytes(&key, sizeof(key));
	buckets = roundup_pow_of_two(old->nr_rules + 1);
	match = kvmalloc_array(new->nr_rules + 1, sizeof(*match), gfp);
	head = kvmalloc_array(buckets, sizeof(*head), gfp);
	next = kvmalloc_array(old->nr_rules + 1, sizeof(*next), gfp);
	if (!match || !head || !next) {
		kvfree(match);
		match = NULL;
		goto out;
	}
	for (b = 0; b < buckets; b++)
		head[b] = U32_MAX;
	for (i = old->nr_rules; i--;) {
		b = hash_rule(&old->rules[i], &key) & (buckets - 1);
		next[i] = head[b];
		head[b] = i;
		cond_resched();
	}
	for (i = 0; i < new->nr_rules; i++) {
		u32 *link;

		b = hash_rule(&new->rules[i], &key) & (buckets - 1);
		for (link = &head[b]; *link != U32_MAX; link = &next[*link])
			if (same_rule(&old->rules[*link], &new->rules[i]))
				break;
		match[i] = *link;
		/* taken: the next equal rule finds the next one */
		if (*link != U32_MAX)
			*link = next[*link];
		cond_resched();
	}
out:
	kvfree(head);
	kvfree(next);
	return match;
}

/*
 * Carries over what the rules of @old counted since @from (or in all, if NULL)
 * to the same rules of @new.
 */
static void carry_counts(struct pn_policy *new, const struct pn_policy *old,
			 const u32 *match, struct pn_rule_count *seen)
{
	struct pn_rule_count sum;
	u32 i;

	for (i = 0; i < new->nr_rules; i++) {
		if (match[i] == U32_MAX)
			continue;
		pn_rule_count_read(old, match[i], &sum);
		new->base[i].hits += sum.hits - seen[i].hits;
		new->base[i].packets += sum.packets - seen[i].packets;
		new->base[i].bytes += sum.bytes - seen[i].bytes;
		seen[i] = sum;
		cond_resched();
	}
}

/* What CPUs remember. It stays once it is there. */
static int make_memory(struct pn_net *pn)
{
	if (!pn->memo)
		pn->memo = pn_memo_alloc();
	if (!pn->answers)
		pn->answers = pn_answers_alloc();
	if (!pn->routes)
		pn->routes = pn_routes_alloc();
	return pn->memo && pn->answers && pn->routes ? 0 : -ENOMEM;
}

/* The hooks and what they use. Those of lockdown are there from the start. */
static int switch_on(struct pn_net *pn)
{
	int err;

	if (!pn->tracked) {
		err = make_memory(pn);
		if (err)
			return err;
		err = nf_ct_netns_get(pn->net, NFPROTO_INET);
		if (err)
			return err;
		pn->tracked = true;
	}
	return pn_hook_register(pn);
}

static void switch_off(struct pn_net *pn)
{
	if (!pn_net_lockdown(pn))
		pn_hook_unregister(pn);
	if (pn->tracked)
		nf_ct_netns_put(pn->net, NFPROTO_INET);
	pn->tracked = false;
}

/*
 * Replaces @old by @new. When it returns, no packet is judged by @old any more
 * and its late counts are with @new.
 */
static int replace(struct pn_net *pn, struct pn_policy *old,
		   struct pn_policy *new)
{
	struct pn_rule_count *seen = NULL;
	u32 *match = NULL;
	int err = -ENOMEM;

	if (old) {
		match = match_rules(old, new);
		seen = kvcalloc(new->nr_rules + 1, sizeof(*seen),
				GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
		if (!match || !seen)
			goto out;
		carry_counts(new, old, match, seen);
	}
	err = publish(pn, new);
	if (err)
		goto out;
	synchronize_net();
	if (old)
		carry_counts(new, old, match, seen);
out:
	kvfree(match);
	kvfree(seen);
	return err;
}

/* Deletes the flows that @policy, now in force, denies, if it wants that. */
static void purge(struct pn_net *pn, const struct pn_policy *old,
		  const struct pn_policy *policy)
{
	pn_inspected_review(pn, old, policy);
	pn_basis_review(pn, policy);
	pn_limiter_review(pn, policy);
	pn_outpost_review(pn);
	pn_fastpath_review(pn, policy);
	if (policy->kept || policy->flags & POSTERN_POLICY_OBSERVE)
		return;
	if (!old || old->kept || old->flags & POSTERN_POLICY_OBSERVE)
		pn_bans_review(pn);
	pn_flow_purge(pn->net, policy);
}

static void end_trial(struct pn_net *pn)
{
	pn->trial = false;
	pn_policy_free(pn->previous);
	pn->previous = NULL;
}

int pn_net_load(struct pn_net *pn, struct pn_policy *policy, u32 flags,
		u32 confirm_ms, const u32 *expect, u32 *generation,
		struct netlink_ext_ack *extack)
{
	struct pn_policy *old;
	int err;

	mutex_lock(&pn->mutex);
	old = current_policy(pn);
	if (expect && *expect != (old ? old->generation : 0)) {
		NL_SET_ERR_MSG(extack, "another policy was loaded in between");
		err = -ESTALE;
		goto refuse;
	}
	err = switch_on(pn);
	if (err) {
		NL_SET_ERR_MSG(extack, "the hooks or conntrack could not be switched on");
		goto refuse;
	}
	if (policy->nr_rpc || policy->nr_inspectors)
		err = pn_inspected_init(pn);
	if (!err && policy->nr_rpc)
		err = pn_pinhole_init(pn);
	if (!err && policy->nr_sources)
		err = pn_limiter_init(pn, policy);
	if (err) {
		NL_SET_ERR_MSG(extack,
			       "not enough memory, or above max_memory, for the tables of connections or limits");
		if (!old)
			switch_off(pn);
		goto refuse;
	}
	policy->generation = ++pn->generation;
	*generation = policy->generation;
	policy->loaded_at = ktime_get_real_seconds();
	policy->loaded_ns = ktime_get_boottime_ns();
	err = flags & POSTERN_COMMIT_KEEP_FLOWS ?
	      pn_kept_collect(policy, pn->net) : 0;
	if (!err)
		err = replace(pn, old, policy);
	if (err) {
		NL_SET_ERR_MSG(extack,
			       "not enough memory, or above max_memory, to put the policy in force");
		if (!old)
			switch_off(pn);
		goto refuse;
	}
	if (!pn->trial)
		pn->previous_open = pn->open;
	WRITE_ONCE(pn->open, false);
	WRITE_ONCE(pn->one_way, false);
	purge(pn, old, policy);

	/*
	 * A trial goes back to what was last confirmed: if one is going on
	 * already, that is what it would have gone back to.
	 */
	if (!confirm_ms) {
		end_trial(pn);
		pn_policy_free(old);
	} else {
		if (pn->trial)
			pn_policy_free(old);
		else
			pn->previous = old;
		pn->trial = true;
		pn->trial_ends_ns = ktime_get_boottime_ns() +
				    (u64)confirm_ms * NSEC_PER_MSEC;
		mod_delayed_work(system_power_efficient_wq, &pn->trial_work,
				 msecs_to_jiffies(confirm_ms));
	}
	pn_house_start(pn);
	pn_event_state(pn, POSTERN_EVENT_LOAD, policy->generation, 0);
	mutex_unlock(&pn->mutex);
	return 0;

refuse:
	mutex_unlock(&pn->mutex);
	pn_policy_free(policy);
	return err;
}

/* Takes the policy away. Context: mutex held. */
static void withdraw(struct pn_net *pn)
{
	struct pn_policy *old = current_policy(pn);

	publish(pn, NULL);
	pn_outpost_end(pn);
	synchronize_net();
	pn_inspected_review(pn, NULL, NULL);
	pn_limiter_review(pn, NULL);
	pn_fastpath_exit(pn);
	pn_policy_free(old);
	switch_off(pn);
}

/* Nobody confirmed: back to the policy before, or to none. */
static void trial_over(struct work_struct *work)
{
	struct pn_net *pn = container_of(to_delayed_work(work), struct pn_net,
					 trial_work);
	struct pn_policy *old, *previous;
	u64 now = ktime_get_boottime_ns();

	mutex_lock(&pn->mutex);
	/* confirmed while this waited for the mutex */
	if (!pn->trial)
		goto out;
	/* or a longer trial began; or this is early, as clocks differ */
	if (now < pn->trial_ends_ns) {
		mod_delayed_work(system_power_efficient_wq, &pn->trial_work,
				 nsecs_to_jiffies(pn->trial_ends_ns - now) + 1);
		goto out;
	}
	old = current_policy(pn);
	previous = pn->previous;
	if (!previous) {
		pn->trial = false;
		WRITE_ONCE(pn->open, pn->previous_open);
		withdraw(pn);
		lock_down(pn);
	} else if (!publish(pn, previous)) {
		pn->trial = false;
		pn->previous = NULL;
		synchronize_net();
		purge(pn, old, previous);
		pn_policy_free(old);
	} else {
		/* no memory for the map of interfaces: soon again */
		mod_delayed_work(system_power_efficient_wq, &pn->trial_work, HZ);
		goto out;
	}
	pn_event_state(pn, POSTERN_EVENT_ROLLBACK,
		       previous ? previous->generation : 0, 0);
out:
	mutex_unlock(&pn->mutex);
}

int pn_net_confirm(struct pn_net *pn, struct netlink_ext_ack *extack)
{
	struct pn_policy *policy;

	mutex_lock(&pn->mutex);
	if (!pn->trial) {
		mutex_unlock(&pn->mutex);
		NL_SET_ERR_MSG(extack, "no policy waits to be confirmed");
		return -ENOENT;
	}
	end_trial(pn);
	policy = current_policy(pn);
	pn_event_state(pn, POSTERN_EVENT_CONFIRM, policy->generation, 0);
	mutex_unlock(&pn->mutex);
	return 0;
}

int pn_net_unload(struct pn_net *pn, u32 flags, struct netlink_ext_ack *extack)
{
	mutex_lock(&pn->mutex);
	if (!current_policy(pn) && !(flags & POSTERN_UNLOAD_OPEN &&
				     pn_net_lockdown(pn))) {
		mutex_unlock(&pn->mutex);
		NL_SET_ERR_MSG(extack, "no policy is loaded");
		return -ENOENT;
	}
	if (flags & POSTERN_UNLOAD_OPEN)
		WRITE_ONCE(pn->open, true);
	end_trial(pn);
	withdraw(pn);
	lock_down(pn);
	pn_event_state(pn, POSTERN_EVENT_UNLOAD, flags, 0);
	mutex_unlock(&pn->mutex);
	return 0;
}

int pn_net_reset(struct pn_net *pn)
{
	int err;

	mutex_lock(&pn->mutex);
	err = pn_stats_reset(pn);
	mutex_unlock(&pn->mutex);
	return err;
}

static int __net_init net_init(struct net *net)
{
	struct pn_net *pn = pn_net(net);
	int err = -ENOMEM;

	pn->net = net;
	mutex_init(&pn->mutex);
	mutex_init(&pn->limiter_mutex);
	INIT_LIST_HEAD(&pn->txns);
	INIT_LIST_HEAD(&pn->ingress);
	pn_outpost_init(pn);
	pn_fastpath_init(pn);
	INIT_DELAYED_WORK(&pn->trial_work, trial_over);
	pn_house_init(pn);
	pn->stats = pn_stats_alloc();
	if (!pn->stats)
		return err;
	err = pn_bans_init(pn);
	if (err)
		goto err_stats;
	err = pn_proc_init_net(pn);
	if (err)
		goto err_bans;
	if (pn_net_lockdown(pn)) {
		mutex_lock(&pn->mutex);
		err = pn_hook_register(pn);
		mutex_unlock(&pn->mutex);
		if (err)
			goto err_proc;
		synchronize_net();
		lock_down(pn);
	}
	return 0;

err_proc:
	pn_proc_exit_net(pn);
err_bans:
	pn_bans_exit(pn);
err_stats:
	pn_stats_free(pn);
	return err;
}

static void __net_exit net_exit(struct net *net)
{
	struct pn_net *pn = pn_net(net);

	pn_proc_exit_net(pn);
	cancel_delayed_work_sync(&pn->trial_work);
	pn_house_stop(pn);
	pn_txn_purge(pn);
	/* closed to the end: the hooks go before the policy does */
	pn_hook_unregister(pn);
	mutex_lock(&pn->mutex);
	end_trial(pn);
	/* most namespaces never had one, and need not wait for a grace period */
	if (current_policy(pn))
		withdraw(pn);
	mutex_unlock(&pn->mutex);
	pn_inspected_exit(pn);
	pn_pinhole_exit(pn);
	pn_limiter_exit(pn);
	pn_bans_exit(pn);
	free_percpu(pn->routes);
	free_percpu(pn->answers);
	free_percpu(pn->memo);
	pn_stats_free(pn);
}

static struct pernet_operations net_ops = {
	.init = net_init,
	.exit = net_exit,
	.id = &pn_net_id,
	.size = sizeof(struct pn_net),
};

int pn_net_init(void)
{
	return register_pernet_subsys(&net_ops);
}

void pn_net_exit(void)
{
	unregister_pernet_subsys(&net_ops);
}
