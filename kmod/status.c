// SPDX-License-Identifier: GPL-2.0
/*
 * POSTERN_CMD_STATUS_GET.
 */
#include <linux/math64.h>
#include <linux/ktime.h>
#include <net/genetlink.h>

#include "ban.h"
#include "compat/conntrack_count.h"
#include "inspected.h"
#include "limiter.h"
#include "net.h"
#include "netlink.h"
#include "pinhole.h"
#include "policy.h"
#include "status.h"

/* Bytes of the names of all limits. */
#define ATTACKED_MAX							\
	(POSTERN_LIMITS_MAX * nla_total_size(POSTERN_NAME_MAX + 1))

static u64 ms_since(u64 then_ns, u64 now_ns)
{
	return now_ns > then_ns ? div_u64(now_ns - then_ns, NSEC_PER_MSEC) : 0;
}

static u32 status_flags(const struct pn_net *pn, const struct pn_policy *policy)
{
	u32 flags = 0;

	if (pn_net_lockdown(pn))
		flags |= POSTERN_STATUS_LOCKDOWN;
	if (READ_ONCE(pn->open))
		flags |= POSTERN_STATUS_OPEN;
	if (policy && policy->flags & POSTERN_POLICY_OBSERVE)
		flags |= POSTERN_STATUS_OBSERVE;
	if (READ_ONCE(pn->trial))
		flags |= POSTERN_STATUS_TRIAL;
	if (READ_ONCE(pn->ct_full))
		flags |= POSTERN_STATUS_CT_FULL;
	if (READ_ONCE(pn->one_way))
		flags |= POSTERN_STATUS_ONE_WAY;
	if (READ_ONCE(pn->flooded))
		flags |= POSTERN_STATUS_FLOODED;
	return flags;
}

/* Unknown senders must prove themselves to limit @l of the policy in force. */
static bool is_attacked(const struct pn_limiter *limiter,
			const struct pn_limit *l)
{
	return limiter && READ_ONCE(limiter->limit[l->number].attack);
}

/* Context: RCU read side, for which a limiter that is replaced stays. */
static void read_limiter(const struct pn_net *pn, const struct pn_policy *policy,
			 struct pn_status *s)
{
	const struct pn_limiter *limiter = pn_limiter_of(pn);
	u32 i;

	if (!limiter)
		return;
	s->sources = atomic_read(&limiter->sources->nr);
	s->sources_room = pn_sources_room(limiter->sources);
	s->limiter_memory = pn_limiter_size(limiter);
	for (i = 0; policy && i < policy->nr_limits; i++)
		s->attacked += is_attacked(limiter, &policy->limits[i]);
}

void pn_status_read(const struct pn_net *pn, const struct pn_policy *policy,
		    struct pn_status *s)
{
	u64 now = ktime_get_boottime_ns();

	*s = (struct pn_status){
		.flags = status_flags(pn, policy),
		.ct_count = nf_conntrack_count(pn->net),
		.ct_max = READ_ONCE(nf_conntrack_max),
		.inspected = pn_inspected_number(pn),
		.bans = pn_bans_number(pn),
	};
	pn_pinhole_numbers(pn, &s->pinholes, &s->endpoints);
	read_limiter(pn, policy, s);
	pn_fastpath_read(pn, policy, &s->fast);
	if (policy) {
		s->generation = policy->generation;
		s->uptime_ms = ms_since(policy->loaded_ns, now);
		s->loaded_at = policy->loaded_at;
	}
	if (s->flags & POSTERN_STATUS_TRIAL)
		s->confirm_ms = ms_since(now, READ_ONCE(pn->trial_ends_ns));
}

static int put_files(struct sk_buff *msg, const struct pn_policy *policy)
{
	struct nlattr *nest;
	u32 i;

	if (!policy->nr_files)
		return 0;
	nest = nla_nest_start(msg, POSTERN_A_FILES);
	if (!nest)
		return -EMSGSIZE;
	for (i = 0; i < policy->nr_files; i++)
		if (nla_put_string(msg, POSTERN_A_NAME, policy->files[i]))
			return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

static int put_attacked(struct sk_buff *msg, const struct pn_net *pn,
			const struct pn_policy *policy)
{
	const struct pn_limiter *limiter = pn_limiter_of(pn);
	struct nlattr *nest;
	u32 i;

	nest = nla_nest_start(msg, POSTERN_A_STATUS_ATTACKED);
	if (!nest)
		return -EMSGSIZE;
	for (i = 0; i < policy->nr_limits; i++)
		if (is_attacked(limiter, &policy->limits[i]) &&
		    nla_put_string(msg, POSTERN_A_NAME, policy->limits[i].name))
			return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

static int put_policy(struct sk_buff *msg, const struct pn_policy *p)
{
	const struct pn_tables *t = &p->tables;

	if (nla_put_u32(msg, POSTERN_A_POLICY_FLAGS, p->flags) ||
	    nla_put_u64_64bit(msg, POSTERN_A_MEMORY, p->memory,
			      POSTERN_A_PAD) ||
	    nla_put_u32(msg, POSTERN_A_NR_RANGES, p->nr_ranges) ||
	    nla_put_u32(msg, POSTERN_A_STATUS_NR_ZONES, p->nr_zones) ||
	    nla_put_u32(msg, POSTERN_A_STATUS_NR_HOSTS, p->nr_hosts) ||
	    nla_put_u32(msg, POSTERN_A_STATUS_NR_SERVICES, p->nr_services) ||
	    nla_put_u32(msg, POSTERN_A_STATUS_NR_RULES, p->nr_rules) ||
	    nla_put_u32(msg, POSTERN_A_STATUS_NR_LIMITS, p->nr_limits) ||
	    nla_put_u32(msg, POSTERN_A_STATUS_NR_INSPECTS, p->nr_inspectors) ||
	    nla_put_u32(msg, POSTERN_A_STATUS_NR_CLASSES, t->nr_classes) ||
	    nla_put_u32(msg, POSTERN_A_STATUS_NR_CELLS,
			t->by_service.nr + t->by_source.nr))
		return -EMSGSIZE;
	if (p->mark_mask &&
	    (nla_put_u32(msg, POSTERN_A_MARK, p->mark) ||
	     nla_put_u32(msg, POSTERN_A_MARK_MASK, p->mark_mask)))
		return -EMSGSIZE;
	if (p->nr_sources &&
	    nla_put_u32(msg, POSTERN_A_SOURCES, p->nr_sources))
		return -EMSGSIZE;
	if (nla_put_u32(msg, POSTERN_A_FASTPATH, p->fastpath))
		return -EMSGSIZE;
	return put_files(msg, p);
}

static int put_limiter(struct sk_buff *msg, const struct pn_status *s)
{
	if (nla_put_u32(msg, POSTERN_A_STATUS_NR_BANS, s->bans))
		return -EMSGSIZE;
	if (!s->sources_room)
		return 0;
	if (nla_put_u32(msg, POSTERN_A_STATUS_NR_SOURCES, s->sources) ||
	    nla_put_u32(msg, POSTERN_A_STATUS_SOURCES_ROOM, s->sources_room) ||
	    nla_put_u64_64bit(msg, POSTERN_A_STATUS_LIMITER_MEMORY,
			      s->limiter_memory, POSTERN_A_PAD))
		return -EMSGSIZE;
	return 0;
}

static int put_fastpath(struct sk_buff *msg, const struct pn_fastpath_status *f)
{
	if (nla_put_u32(msg, POSTERN_A_STATUS_FASTPATH, f->state) ||
	    nla_put_u32(msg, POSTERN_A_STATUS_NR_FAST, f->flows))
		return -EMSGSIZE;
	if (f->state == POSTERN_FAST_FOREIGN)
		return nla_put_string(msg, POSTERN_A_STATUS_FOREIGN, f->foreign);
	return 0;
}

static int put_status(struct sk_buff *msg, const struct pn_status *s)
{
	if (nla_put_u32(msg, POSTERN_A_GENERATION, s->generation) ||
	    nla_put_string(msg, POSTERN_A_STATUS_VERSION, POSTERN_VERSION) ||
	    nla_put_u32(msg, POSTERN_A_STATUS_FLAGS, s->flags) ||
	    nla_put_u64_64bit(msg, POSTERN_A_STATUS_UPTIME_MS, s->uptime_ms,
			      POSTERN_A_PAD) ||
	    nla_put_u64_64bit(msg, POSTERN_A_STATUS_LOADED_AT, s->loaded_at,
			      POSTERN_A_PAD) ||
	    nla_put_u64_64bit(msg, POSTERN_A_STATUS_CONFIRM_MS, s->confirm_ms,
			      POSTERN_A_PAD) ||
	    nla_put_u32(msg, POSTERN_A_STATUS_CT_COUNT, s->ct_count) ||
	    nla_put_u32(msg, POSTERN_A_STATUS_CT_MAX, s->ct_max) ||
	    nla_put_u32(msg, POSTERN_A_STATUS_NR_PINHOLES, s->pinholes) ||
	    nla_put_u32(msg, POSTERN_A_STATUS_NR_ENDPOINTS, s->endpoints) ||
	    nla_put_u32(msg, POSTERN_A_STATUS_NR_INSPECTED, s->inspected))
		return -EMSGSIZE;
	return put_limiter(msg, s) ?: put_fastpath(msg, &s->fast);
}

int pn_status_get(struct sk_buff *skb, struct genl_info *info)
{
	struct pn_net *pn = pn_net(genl_info_net(info));
	const struct pn_policy *policy;
	struct pn_status s;
	struct sk_buff *msg;
	void *hdr;
	int err;

	err = pn_netlink_allowed(pn->net, info->extack);
	if (err)
		return err;
	/* the names of files and of limits, and some 50 small attributes */
	msg = genlmsg_new(POSTERN_OBJECT_MAX + ATTACKED_MAX + 832, GFP_KERNEL);
	if (!msg)
		return -ENOMEM;
	hdr = genlmsg_put_reply(msg, info, &pn_genl_family, 0,
				POSTERN_CMD_STATUS_GET);
	if (!hdr) {
		nlmsg_free(msg);
		return -EMSGSIZE;
	}

	rcu_read_lock();
	policy = rcu_dereference(pn->policy);
	pn_status_read(pn, policy, &s);
	err = put_status(msg, &s);
	if (!err && policy)
		err = put_policy(msg, policy) ?:
		      put_attacked(msg, pn, policy);
	rcu_read_unlock();
	if (err) {
		nlmsg_free(msg);
		return err;
	}
	genlmsg_end(msg, hdr);
	return genlmsg_reply(msg, info);
}
