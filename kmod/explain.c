// SPDX-License-Identifier: GPL-2.0
/*
 * POSTERN_CMD_EXPLAIN: the steps of hook.c, for a packet that is only described.
 * What needs the packet itself (headers, options, TCP flags) is taken to be in
 * order, and conntrack not to know the flow.
 */
#include <linux/inetdevice.h>
#include <linux/netfilter.h>
#include <net/addrconf.h>
#include <net/dst.h>
#include <net/genetlink.h>
#include <net/l3mdev.h>
#include <net/route.h>

#include "ban.h"
#include "basis.h"
#include "explain.h"
#include "flow.h"
#include "guard.h"
#include "hook.h"
#include "net.h"
#include "netlink.h"
#include "object.h"
#include "packet.h"
#include "zone.h"

#define ZONE_NAME							\
	NLA_POLICY_VALIDATE_FN(NLA_NUL_STRING, pn_check_name, POSTERN_NAME_MAX)

const struct nla_policy pn_explain_attrs[POSTERN_A_ZONE_OUT_NAME + 1] = {
	[POSTERN_A_SADDR] = NLA_POLICY_RANGE(NLA_BINARY, 4, 16),
	[POSTERN_A_DADDR] = NLA_POLICY_RANGE(NLA_BINARY, 4, 16),
	[POSTERN_A_PROTO] = { .type = NLA_U8 },
	[POSTERN_A_PORT] = { .type = NLA_U16 },
	[POSTERN_A_ZONE_NAME] = ZONE_NAME,
	[POSTERN_A_ZONE_OUT_NAME] = ZONE_NAME,
};

/* one end of the packet's way */
struct end {
	const void *addr;		/* network order */
	const char *name;		/* of the zone, or NULL: find it */
	const struct nlattr *attr;	/* to blame */
	u32 zone;			/* number, PN_ZONE_NONE or zone_self */
	bool self;			/* this router */
};

/* what happens, and who says so */
struct answer {
	enum postern_verdict verdict;
	enum pn_reason reason;
	u32 rule;			/* U32_MAX: none */
	enum pn_basis basis;		/* of an inspected connection */
	bool early;
	bool observed;
};

struct question {
	struct net *net;
	const struct pn_policy *policy;
	struct pn_packet packet;
	struct end from, to;
	struct answer answer;
};

static bool is_local(struct net *net, bool v6, const void *addr)
{
	if (v6)
		return ipv6_chk_addr(net, addr, NULL, 0);
	return inet_addr_type(net, *(const __be32 *)addr) == RTN_LOCAL;
}

/* Return: zone of the interface by which the router would reach it, or < 0. */
static int zone_by_route(const struct question *q, const struct end *end)
{
	bool v6 = q->packet.t.v6;
	struct dst_entry *dst = NULL;
	struct flowi fl = {};
	int zone = PN_ZONE_NONE;

	if (v6)
		memcpy(&fl.u.ip6.daddr, end->addr, 16);
	else
		memcpy(&fl.u.ip4.daddr, end->addr, 4);
	if (nf_route(q->net, &dst, &fl, false, v6 ? AF_INET6 : AF_INET) || !dst)
		return -ENETUNREACH;
	if (q->policy) {
		zone = pn_zone_of(q->policy, dst->dev->ifindex);
		if (zone == PN_ZONE_NONE && netif_is_l3_slave(dst->dev))
			zone = pn_zone_of(q->policy,
					  l3mdev_master_ifindex_rcu(dst->dev));
	}
	dst_release(dst);
	return zone;
}

static int zone_by_name(const struct question *q, struct end *end,
			struct netlink_ext_ack *extack)
{
	const struct pn_policy *policy = q->policy;
	u32 zone;

	end->self = !strcmp(end->name, "self");
	if (end->self) {
		end->zone = policy ? policy->tables.zone_self : PN_ZONE_NONE;
		return 0;
	}
	for (zone = 0; policy && zone < policy->nr_zones; zone++) {
		if (strcmp(end->name, policy->zones[zone].name))
			continue;
		end->zone = zone;
		return 0;
	}
	NL_SET_ERR_MSG_ATTR(extack, end->attr,
			    "the policy in force has no zone of this name");
	return -ENOENT;
}

static int find_zone(const struct question *q, struct end *end,
		     struct netlink_ext_ack *extack)
{
	int zone;

	if (end->name)
		return zone_by_name(q, end, extack);
	end->self = is_local(q->net, q->packet.t.v6, end->addr);
	if (end->self) {
		end->zone = q->policy ? q->policy->tables.zone_self :
					PN_ZONE_NONE;
		return 0;
	}
	zone = zone_by_route(q, end);
	if (zone < 0) {
		NL_SET_ERR_MSG_ATTR(extack, end->attr,
				    "no route to this address: name the zone");
		return zone;
	}
	end->zone = zone;
	return 0;
}

static bool policy_observes(const struct question *q)
{
	return q->policy && q->policy->flags & POSTERN_POLICY_OBSERVE;
}

static void drop(struct question *q, enum pn_reason reason)
{
	q->answer.reason = reason;
	q->answer.observed = policy_observes(q);
	q->answer.verdict = q->answer.observed ? POSTERN_VERDICT_ACCEPT :
						 POSTERN_VERDICT_DROP;
}

/* Return: whether the policy has anything to say of this way; else the answer. */
static bool is_ours(struct question *q)
{
	const struct pn_policy *policy = q->policy;
	bool in = q->from.zone != PN_ZONE_NONE;
	bool out = q->to.zone != PN_ZONE_NONE;

	q->answer.verdict = POSTERN_VERDICT_LEFT_ALONE;
	if (!policy) {
		if (!q->from.self && !q->to.self &&
		    pn_net_lockdown(pn_net(q->net)))
			drop(q, PN_NO_POLICY);
		return false;
	}
	if (q->from.self)
		return policy->guards_output && !q->to.self && out;
	if (q->to.self)
		return in;
	return in || out;
}

/* Before conntrack. Return: whether that decided. */
static bool ask_guard(struct question *q)
{
	const struct pn_policy *policy = q->policy;
	struct pn_packet *p = &q->packet;
	enum pn_reason reason;

	if (q->from.self || q->from.zone == PN_ZONE_NONE)
		return false;
	reason = pn_guard_source(policy, p, q->from.zone);
	if (!reason)
		return false;
	drop(q, reason);
	q->answer.early = true;
	return true;
}

/* Whether what is denied is denied before conntrack: see pn_guard_open(). */
static bool denied_early(const struct question *q)
{
	const struct pn_policy *policy = q->policy;
	const struct pn_tables *t = &policy->tables;
	struct pn_tuple tuple = q->packet.t;
	u32 flags, rule;

	if (tuple.proto != IPPROTO_TCP || q->from.self || q->to.self ||
	    policy_observes(q) || policy->kept ||
	    policy->zones[q->from.zone].flags & POSTERN_ZONE_REJECT)
		return false;
	flags = t->class[pn_address_class(t, tuple.v6, tuple.saddr)].flags |
		t->class[pn_address_class(t, tuple.v6, tuple.daddr)].flags;
	if (flags & PN_CLASS_NAT || !(flags & PN_CLASS_GUARDED))
		return false;
	tuple.zone_out = t->zone_early;
	return !pn_outcome_allows(policy, pn_classify(t, &tuple), &rule) &&
	       (rule != U32_MAX ||
		!pn_basis_of(pn_net(q->net), policy, &tuple, false, &rule));
}

static void ask_rules(struct question *q)
{
	const struct pn_policy *policy = q->policy;
	struct pn_tuple *tuple = &q->packet.t;
	struct answer *a = &q->answer;
	bool allowed;

	tuple->zone_in = q->from.zone;
	tuple->zone_out = q->to.zone;
	allowed = pn_outcome_allows(policy,
				    pn_classify(&policy->tables, tuple),
				    &a->rule);
	if (allowed || a->rule == U32_MAX)
		a->basis = pn_basis_of(pn_net(q->net), policy, tuple, allowed,
				       &a->rule);
	if (!allowed && !a->basis) {
		drop(q, a->rule == U32_MAX ? pn_basis_denied(policy, tuple) :
					     PN_BLOCKED);
		a->early = denied_early(q);
		return;
	}
	a->verdict = POSTERN_VERDICT_ACCEPT;
	if (policy->rules[a->rule].flags & POSTERN_RULE_OBSERVE) {
		a->reason = PN_NO_RULE;
		a->observed = true;
	}
}

static void decide(struct question *q)
{
	q->answer.rule = U32_MAX;
	if (!is_ours(q) || ask_guard(q))
		return;
	if (q->to.self && !q->policy->guards_input)
		return;
	if ((q->from.self || q->to.self) && pn_hook_needed_by_link(&q->packet))
		return;
	if (q->from.zone == PN_ZONE_NONE || q->to.zone == PN_ZONE_NONE)
		drop(q, PN_NO_ZONE);
	else if (pn_ban_is(pn_net(q->net), q->packet.t.v6, q->packet.t.saddr))
		drop(q, PN_BANNED);
	else if (!q->packet.t.v6 && !q->from.self &&
		 inet_addr_type(q->net, *(const __be32 *)q->from.addr) ==
		 RTN_BROADCAST)
		drop(q, PN_BROADCAST_SOURCE);
	else
		ask_rules(q);
}

static int read_end(struct end *end, const struct nlattr *addr,
		    const struct nlattr *zone, struct netlink_ext_ack *extack)
{
	if (!addr || (nla_len(addr) != 4 && nla_len(addr) != 16)) {
		NL_SET_ERR_MSG_ATTR(extack, addr,
				    "SADDR and DADDR have 4 or 16 bytes");
		return -EINVAL;
	}
	end->addr = nla_data(addr);
	end->name = zone ? nla_data(zone) : NULL;
	end->attr = zone ?: addr;
	return 0;
}

static int read_question(struct question *q, struct genl_info *info)
{
	struct nlattr **attrs = info->attrs;
	struct pn_tuple *t = &q->packet.t;
	int err;

	err = read_end(&q->from, attrs[POSTERN_A_SADDR],
		       attrs[POSTERN_A_ZONE_NAME], info->extack);
	if (!err)
		err = read_end(&q->to, attrs[POSTERN_A_DADDR],
			       attrs[POSTERN_A_ZONE_OUT_NAME], info->extack);
	if (err)
		return err;
	if (nla_len(attrs[POSTERN_A_SADDR]) !=
	    nla_len(attrs[POSTERN_A_DADDR])) {
		NL_SET_ERR_MSG_ATTR(info->extack, attrs[POSTERN_A_DADDR],
				    "one address is IPv4 and the other IPv6");
		return -EINVAL;
	}
	if (!attrs[POSTERN_A_PROTO]) {
		NL_SET_ERR_MSG(info->extack, "PROTO is missing");
		return -EINVAL;
	}
	t->v6 = nla_len(attrs[POSTERN_A_SADDR]) == 16;
	t->saddr = pn_key_from_bytes(t->v6, q->from.addr);
	t->daddr = pn_key_from_bytes(t->v6, q->to.addr);
	t->proto = nla_get_u8(attrs[POSTERN_A_PROTO]);
	if (attrs[POSTERN_A_PORT])
		t->port = nla_get_u16(attrs[POSTERN_A_PORT]);
	return 0;
}

static int put_rule(struct sk_buff *msg, const struct pn_policy *policy, u32 i)
{
	const struct pn_rule *rule = &policy->rules[i];

	if (nla_put_u32(msg, POSTERN_A_RULE_INDEX, i) ||
	    nla_put_string(msg, POSTERN_A_TEXT, rule->text))
		return -EMSGSIZE;
	if (!rule->place.line)
		return 0;
	return nla_put_u32(msg, POSTERN_A_FILE, rule->place.file) ?:
	       nla_put_u32(msg, POSTERN_A_LINE, rule->place.line);
}

static int put_zone(struct sk_buff *msg, int type, const struct question *q,
		    const struct end *end)
{
	const char *name = end->self ? "self" :
				       pn_zone_name(q->policy, end->zone);

	return name ? nla_put_string(msg, type, name) : 0;
}

static int put_answer(struct sk_buff *msg, const struct question *q)
{
	const struct pn_policy *policy = q->policy;
	const struct answer *a = &q->answer;

	if (nla_put_u32(msg, POSTERN_A_GENERATION,
			policy ? policy->generation : 0) ||
	    nla_put_u32(msg, POSTERN_A_VERDICT, a->verdict) ||
	    nla_put_u32(msg, POSTERN_A_REASON, a->reason) ||
	    put_zone(msg, POSTERN_A_ZONE_NAME, q, &q->from) ||
	    put_zone(msg, POSTERN_A_ZONE_OUT_NAME, q, &q->to) ||
	    (a->early && nla_put_flag(msg, POSTERN_A_EARLY)) ||
	    (a->basis && a->basis != PN_BASIS_SMTP &&
	     nla_put_u32(msg, POSTERN_A_BASIS, a->basis)) ||
	    (a->observed && nla_put_u64_64bit(msg, POSTERN_A_OBSERVED, 1,
					      POSTERN_A_PAD)))
		return -EMSGSIZE;
	return policy && a->rule != U32_MAX ? put_rule(msg, policy, a->rule) : 0;
}

static int answer(struct question *q, struct sk_buff *msg,
		  struct netlink_ext_ack *extack)
{
	int err;

	rcu_read_lock();
	q->policy = rcu_dereference(pn_net(q->net)->policy);
	err = find_zone(q, &q->from, extack) ?: find_zone(q, &q->to, extack);
	if (!err) {
		decide(q);
		err = put_answer(msg, q);
	}
	rcu_read_unlock();
	return err;
}

int pn_explain(struct sk_buff *skb, struct genl_info *info)
{
	struct question q = { .net = genl_info_net(info) };
	struct sk_buff *msg;
	void *hdr;
	int err;

	err = pn_netlink_allowed(q.net, info->extack) ?:
	      read_question(&q, info);
	if (err)
		return err;
	msg = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!msg)
		return -ENOMEM;
	hdr = genlmsg_put_reply(msg, info, &pn_genl_family, 0,
				POSTERN_CMD_EXPLAIN);
	err = hdr ? answer(&q, msg, info->extack) : -EMSGSIZE;
	if (err) {
		nlmsg_free(msg);
		return err;
	}
	genlmsg_end(msg, hdr);
	return genlmsg_reply(msg, info);
}
