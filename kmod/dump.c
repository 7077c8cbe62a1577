// SPDX-License-Identifier: GPL-2.0
/*
 * Dumps. POSTERN_OBJECT_MAX sees to it that each object fits a buffer.
 */
#include <linux/netdevice.h>
#include <linux/sched.h>
#include <linux/skbuff.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include "dump.h"
#include "inspector.h"
#include "net.h"
#include "netlink.h"
#include "object.h"
#include "policy.h"
#include "stats.h"
#include "zone.h"

/* buffer of one call: what one allocation of 32 KiB holds */
#define BUFFER_SIZE	SKB_WITH_OVERHEAD(32768)
#define MATCHED_MAX	1000

/* where the next call goes on, in cb->ctx */
struct cursor {
	u32 object;
	u32 done4, done6;		/* ranges of it that were dumped */
};

/* one call of a dump */
struct job {
	struct sk_buff *skb;
	struct netlink_callback *cb;
	struct pn_net *pn;
	const struct pn_policy *policy;
	const struct pn_counts *counts;		/* of pn_dump_counters() */
	struct cursor *at;
	u8 cmd;
};

int pn_dump_start(struct netlink_callback *cb)
{
	BUILD_BUG_ON(sizeof(struct cursor) > sizeof(cb->ctx));
	memset(cb->ctx, 0, sizeof(cb->ctx));
	cb->min_dump_alloc = BUFFER_SIZE;
	return pn_netlink_allowed(sock_net(cb->skb->sk), cb->extack);
}

static void *begin(struct job *job)
{
	struct netlink_callback *cb = job->cb;
	void *hdr;

	hdr = genlmsg_put(job->skb, NETLINK_CB(cb->skb).portid,
			  cb->nlh->nlmsg_seq, &pn_genl_family, NLM_F_MULTI,
			  job->cmd);
	if (!hdr)
		return NULL;
	genl_dump_check_consistent(cb, hdr);
	if (nla_put_u32(job->skb, POSTERN_A_GENERATION,
			job->policy ? job->policy->generation : 0)) {
		genlmsg_cancel(job->skb, hdr);
		return NULL;
	}
	return hdr;
}

/* Puts object job->at->object into the nest that is open. */
typedef int (*put_fn)(struct job *job);

static int put_object(struct job *job, int type, put_fn put)
{
	struct sk_buff *skb = job->skb;
	struct nlattr *nest;
	void *hdr;

	hdr = begin(job);
	if (!hdr)
		return -EMSGSIZE;
	nest = nla_nest_start(skb, type);
	if (!nest || put(job)) {
		genlmsg_cancel(skb, hdr);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	genlmsg_end(skb, hdr);
	return 0;
}

/* One call of a dump of @nr objects, which begin() and put() need no lock for. */
static int put_objects(struct job *job, u32 nr, int type, put_fn put)
{
	while (job->at->object < nr) {
		if (put_object(job, type, put)) {
			/* one that does not even fit an empty buffer */
			if (!job->skb->len)
				return -EMSGSIZE;
			break;
		}
		job->at->object++;
		if (need_resched())
			break;
	}
	return job->skb->len;
}

/*
 * Return: false if there is nothing to dump (any more): none is loaded, or not
 * the one with which the dump began.
 */
static bool open_policy(struct job *job)
{
	struct netlink_callback *cb = job->cb;

	job->policy = rcu_dereference(job->pn->policy);
	/* 0 would mean that there is nothing to compare */
	cb->seq = job->policy ? job->policy->generation + 1 : 1;
	return job->policy && (!cb->prev_seq || cb->prev_seq == cb->seq);
}

static int put_place(struct sk_buff *skb, const struct pn_place *place)
{
	if (!place->line)
		return 0;
	return nla_put_u32(skb, POSTERN_A_FILE, place->file) ?:
	       nla_put_u32(skb, POSTERN_A_LINE, place->line);
}

/* Index, name, flags and place, as far as an object has them. */
static int put_head(struct job *job, const char *name, u32 flags,
		    const struct pn_place *place)
{
	struct sk_buff *skb = job->skb;

	if (nla_put_u32(skb, POSTERN_A_INDEX, job->at->object) ||
	    (name && nla_put_string(skb, POSTERN_A_NAME, name)) ||
	    (flags && nla_put_u32(skb, POSTERN_A_FLAGS, flags)))
		return -EMSGSIZE;
	return put_place(skb, place);
}

static int put_list(struct sk_buff *skb, int type, const void *list, u32 nr,
		    size_t size)
{
	return nr ? nla_put(skb, type, nr * size, list) : 0;
}

static int put_ifaces(struct sk_buff *skb, const struct pn_zone *zone)
{
	struct nlattr *nest = nla_nest_start(skb, POSTERN_A_IFACES);
	u32 i;

	if (!nest)
		return -EMSGSIZE;
	for (i = 0; i < zone->nr_ifaces; i++)
		if (nla_put_string(skb, POSTERN_A_NAME, zone->ifaces[i]))
			return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_matched(struct job *job)
{
	struct sk_buff *skb = job->skb;
	struct net_device *dev;
	struct nlattr *nest;
	char name[IFNAMSIZ];
	u32 nr = 0;

	nest = nla_nest_start(skb, POSTERN_A_MATCHED);
	if (!nest)
		return -EMSGSIZE;
	for_each_netdev_rcu(job->pn->net, dev) {
		if (pn_zone_of(job->policy, dev->ifindex) != job->at->object)
			continue;
		if (nr++ >= MATCHED_MAX)
			continue;
		/* a copy: it may be renamed while its length is taken */
		strscpy(name, dev->name, sizeof(name));
		if (nla_put_string(skb, POSTERN_A_NAME, name))
			return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return nla_put_u32(skb, POSTERN_A_NR_MATCHED, nr);
}

static int put_zone(struct job *job)
{
	const struct pn_zone *zone = &job->policy->zones[job->at->object];

	return put_head(job, zone->name, zone->flags, &zone->place) ?:
	       put_ifaces(job->skb, zone) ?:
	       put_matched(job);
}

static int put_hosts(struct job *job)
{
	const struct pn_hosts *h = &job->policy->hosts[job->at->object];

	if (put_head(job, h->name, h->flags, &h->place) ||
	    (h->zone != PN_ZONE_ANY &&
	     nla_put_u32(job->skb, POSTERN_A_ZONE_INDEX, h->zone)) ||
	    put_list(job->skb, POSTERN_A_MEMBERS, h->members, h->nr_members,
		     sizeof(*h->members)))
		return -EMSGSIZE;
	return nla_put_u32(job->skb, POSTERN_A_NR_RANGES, h->nr4 + h->nr6);
}

static int put_rpc(struct sk_buff *skb, const struct pn_service *s)
{
	if (!s->nr_rpc)
		return 0;
	return put_list(skb, POSTERN_A_RPC, s->rpc, s->nr_rpc,
			sizeof(*s->rpc)) ?:
	       nla_put_u32(skb, POSTERN_A_RPC_FLAGS, s->rpc_flags) ?:
	       nla_put_u32(skb, POSTERN_A_RPC_IDLE_MS, s->rpc_idle_ms) ?:
	       nla_put_u32(skb, POSTERN_A_RPC_PER_CLIENT, s->rpc_per_client) ?:
	       nla_put_u32(skb, POSTERN_A_RPC_REMEMBER_MS, s->rpc_remember_ms);
}

static int put_service(struct job *job)
{
	const struct pn_service *s = &job->policy->services[job->at->object];

	return put_head(job, s->name, 0, &s->place) ?:
	       put_list(job->skb, POSTERN_A_PORTS, s->ports, s->nr_ports,
			sizeof(*s->ports)) ?:
	       put_list(job->skb, POSTERN_A_MEMBERS, s->members, s->nr_members,
			sizeof(*s->members)) ?:
	       put_rpc(job->skb, s);
}

static int put_limit(struct job *job)
{
	const struct pn_limit *l = &job->policy->limits[job->at->object];

	return put_head(job, l->name, l->flags, &l->place) ?:
	       pn_object_put_limit(job->skb, l);
}

static int put_inspect(struct job *job)
{
	const struct pn_inspector *i =
		&job->policy->inspectors[job->at->object];

	return put_head(job, i->name, i->flags, &i->place) ?:
	       pn_object_put_inspect(job->skb, i);
}

static int put_rule_count(struct job *job)
{
	struct pn_rule_count count;

	pn_rule_count_read(job->policy, job->at->object, &count);
	return nla_put_u64_64bit(job->skb, POSTERN_A_HITS, count.hits,
				 POSTERN_A_PAD) ?:
	       nla_put_u64_64bit(job->skb, POSTERN_A_PACKETS, count.packets,
				 POSTERN_A_PAD) ?:
	       nla_put_u64_64bit(job->skb, POSTERN_A_BYTES, count.bytes,
				 POSTERN_A_PAD);
}

static int put_rule(struct job *job)
{
	const struct pn_rule *r = &job->policy->rules[job->at->object];
	struct sk_buff *skb = job->skb;

	if (put_head(job, r->name, r->flags, &r->place) ||
	    nla_put_string(skb, POSTERN_A_TEXT, r->text) ||
	    nla_put_u32(skb, POSTERN_A_ACTION, r->action) ||
	    put_list(skb, POSTERN_A_SRC, r->src, r->nr_src, sizeof(*r->src)) ||
	    put_list(skb, POSTERN_A_DST, r->dst, r->nr_dst, sizeof(*r->dst)) ||
	    put_list(skb, POSTERN_A_SERVICES, r->services, r->nr_services,
		     sizeof(*r->services)) ||
	    (r->mark_mask &&
	     (nla_put_u32(skb, POSTERN_A_MARK, r->mark) ||
	      nla_put_u32(skb, POSTERN_A_MARK_MASK, r->mark_mask))) ||
	    (r->limit != PN_LIMIT_NONE &&
	     nla_put_u32(skb, POSTERN_A_LIMIT_INDEX, r->limit)) ||
	    (r->inspector != PN_INSPECTOR_NONE &&
	     nla_put_u32(skb, POSTERN_A_INSPECT_INDEX, r->inspector)))
		return -EMSGSIZE;
	return put_rule_count(job);
}

static struct job job_of(struct sk_buff *skb, struct netlink_callback *cb,
			 u8 cmd)
{
	return (struct job){
		.skb = skb,
		.cb = cb,
		.pn = pn_net(sock_net(skb->sk)),
		.at = (struct cursor *)cb->ctx,
		.cmd = cmd,
	};
}

int pn_dump_zones(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct job job = job_of(skb, cb, POSTERN_CMD_ZONE_GET);
	int err = 0;

	rcu_read_lock();
	if (open_policy(&job))
		err = put_objects(&job, job.policy->nr_zones, POSTERN_A_ZONE,
				  put_zone);
	rcu_read_unlock();
	return err;
}

int pn_dump_hosts(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct job job = job_of(skb, cb, POSTERN_CMD_HOSTS_GET);
	int err = 0;

	rcu_read_lock();
	if (open_policy(&job))
		err = put_objects(&job, job.policy->nr_hosts, POSTERN_A_HOSTS,
				  put_hosts);
	rcu_read_unlock();
	return err;
}

int pn_dump_services(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct job job = job_of(skb, cb, POSTERN_CMD_SERVICE_GET);
	int err = 0;

	rcu_read_lock();
	if (open_policy(&job))
		err = put_objects(&job, job.policy->nr_services,
				  POSTERN_A_SERVICE, put_service);
	rcu_read_unlock();
	return err;
}

int pn_dump_limits(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct job job = job_of(skb, cb, POSTERN_CMD_LIMIT_GET);
	int err = 0;

	rcu_read_lock();
	if (open_policy(&job))
		err = put_objects(&job, job.policy->nr_limits, POSTERN_A_LIMIT,
				  put_limit);
	rcu_read_unlock();
	return err;
}

int pn_dump_inspects(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct job job = job_of(skb, cb, POSTERN_CMD_INSPECT_GET);
	int err = 0;

	rcu_read_lock();
	if (open_policy(&job))
		err = put_objects(&job, job.policy->nr_inspectors,
				  POSTERN_A_INSPECT, put_inspect);
	rcu_read_unlock();
	return err;
}

int pn_dump_rules(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct job job = job_of(skb, cb, POSTERN_CMD_RULE_GET);
	int err = 0;

	rcu_read_lock();
	if (open_policy(&job))
		err = put_objects(&job, job.policy->nr_rules, POSTERN_A_RULE,
				  put_rule);
	rcu_read_unlock();
	return err;
}

/* How many of @left elements of @size fit into what is left of the buffer. */
static u32 fitting(const struct sk_buff *skb, u32 left, size_t size)
{
	int room = skb_tailroom(skb) - NLA_HDRLEN;

	if (room < (int)size)
		return 0;
	return min3(left, (u32)(room / size), (u32)POSTERN_LIST_MAX);
}

static void put_ranges4(struct job *job, const struct pn_hosts *h)
{
	u32 nr = fitting(job->skb, h->nr4 - job->at->done4,
			 sizeof(struct postern_range4));
	const struct pn_range4 *from = h->r4 + job->at->done4;
	struct postern_range4 *to;
	struct nlattr *attr;
	u32 i;

	if (!nr)
		return;
	attr = nla_reserve(job->skb, POSTERN_A_RANGES4, nr * sizeof(*to));
	if (!attr)
		return;
	to = nla_data(attr);
	for (i = 0; i < nr; i++) {
		to[i].lo = htonl(from[i].lo);
		to[i].hi = htonl(from[i].hi);
	}
	job->at->done4 += nr;
}

static void put_ranges6(struct job *job, const struct pn_hosts *h)
{
	u32 nr = fitting(job->skb, h->nr6 - job->at->done6,
			 sizeof(struct postern_range6));
	const struct pn_range6 *from = h->r6 + job->at->done6;
	struct postern_range6 *to;
	struct nlattr *attr;
	u32 i;

	if (!nr)
		return;
	attr = nla_reserve(job->skb, POSTERN_A_RANGES6, nr * sizeof(*to));
	if (!attr)
		return;
	to = nla_data(attr);
	for (i = 0; i < nr; i++) {
		pn_key_to_bytes(true, from[i].lo, to[i].lo.s6_addr);
		pn_key_to_bytes(true, from[i].hi, to[i].hi.s6_addr);
	}
	job->at->done6 += nr;
}

/* As many ranges of the set as fit; an error if that is none. */
static int put_ranges(struct job *job)
{
	const struct pn_hosts *h = &job->policy->hosts[job->at->object];
	struct cursor before = *job->at;

	if (nla_put_u32(job->skb, POSTERN_A_HOSTS_INDEX, job->at->object))
		return -EMSGSIZE;
	put_ranges4(job, h);
	if (job->at->done4 == h->nr4)
		put_ranges6(job, h);
	return job->at->done4 == before.done4 &&
	       job->at->done6 == before.done6 ? -EMSGSIZE : 0;
}

static int put_all_ranges(struct job *job)
{
	const struct pn_policy *policy = job->policy;
	struct cursor *at = job->at;

	while (at->object < policy->nr_hosts) {
		const struct pn_hosts *h = &policy->hosts[at->object];

		if (at->done4 == h->nr4 && at->done6 == h->nr6) {
			*at = (struct cursor){ .object = at->object + 1 };
			continue;
		}
		if (put_object(job, POSTERN_A_RANGES, put_ranges)) {
			if (!job->skb->len)
				return -EMSGSIZE;
			break;
		}
	}
	return job->skb->len;
}

int pn_dump_ranges(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct job job = job_of(skb, cb, POSTERN_CMD_RANGES_GET);
	int err = 0;

	rcu_read_lock();
	if (open_policy(&job))
		err = put_all_ranges(&job);
	rcu_read_unlock();
	return err;
}

static int put_value(struct sk_buff *skb, const char *name, const char *unit,
		     const char *help, u64 value)
{
	return nla_put_string(skb, POSTERN_A_NAME, name) ?:
	       nla_put_string(skb, POSTERN_A_UNIT, unit) ?:
	       nla_put_string(skb, POSTERN_A_HELP, help) ?:
	       nla_put_u64_64bit(skb, POSTERN_A_VALUE, value, POSTERN_A_PAD);
}

/* The counters, and behind them the reasons but for PN_OK. */
static int put_counter(struct job *job)
{
	struct sk_buff *skb = job->skb;
	const struct pn_counts *counts = job->counts;
	u32 i = job->at->object;

	if (i < PN_NR_COUNTERS)
		return put_value(skb, pn_counter_name[i], pn_counter_unit[i],
				 pn_counter_help[i], counts->value[i]);
	i -= PN_NR_COUNTERS - 1;
	return put_value(skb, pn_reason_name[i], "packets", pn_reason_help[i],
			 counts->dropped[i]) ?:
	       nla_put_u64_64bit(skb, POSTERN_A_OBSERVED, counts->observed[i],
				 POSTERN_A_PAD) ?:
	       nla_put_u32(skb, POSTERN_A_REASON, i);
}

int pn_dump_counters(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct job job = job_of(skb, cb, POSTERN_CMD_COUNTER_GET);
	struct pn_counts *counts = kmalloc(sizeof(*counts), GFP_KERNEL);
	int err;

	if (!counts)
		return -ENOMEM;
	pn_stats_read(job.pn, counts);
	job.counts = counts;
	/* they outlive policies: whether there is one, or it changed, is the same */
	rcu_read_lock();
	open_policy(&job);
	err = put_objects(&job, PN_NR_COUNTERS + PN_NR_REASONS - 1,
			  POSTERN_A_COUNTER, put_counter);
	rcu_read_unlock();
	kfree(counts);
	return err;
}
