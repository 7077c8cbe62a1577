// SPDX-License-Identifier: GPL-2.0
/*
 * POSTERN_CMD_SOURCE_*.
 */
#include <linux/ktime.h>
#include <linux/math64.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include "doors.h"
#include "gcra.h"
#include "limiter.h"
#include "net.h"
#include "netlink.h"
#include "object.h"
#include "sources.h"

#define ADDRESS		NLA_POLICY_RANGE(NLA_BINARY, 4, 16)

const struct nla_policy pn_source_get_attrs[POSTERN_A_SADDR + 1] = {
	[POSTERN_A_NAME] = NLA_POLICY_VALIDATE_FN(NLA_NUL_STRING, pn_check_name,
						  POSTERN_NAME_MAX),
	[POSTERN_A_SADDR] = ADDRESS,
};

static struct netlink_range_validation banned_ms = {
	.min = 1,
	.max = 30ULL * 24 * 3600 * 1000,
};

static const struct nla_policy source_attrs[] = {
	[POSTERN_A_NAME] = NLA_POLICY_VALIDATE_FN(NLA_NUL_STRING, pn_check_name,
						  POSTERN_NAME_MAX),
	[POSTERN_A_SADDR] = ADDRESS,
	[POSTERN_A_NETWORK] = { .type = NLA_FLAG },
	[POSTERN_A_NR_ACCEPTED] = { .type = NLA_U32 },
	[POSTERN_A_BANNED_MS] = NLA_POLICY_FULL_RANGE(NLA_U64, &banned_ms),
};

const struct nla_policy pn_source_add_attrs[POSTERN_A_SOURCE + 1] = {
	[POSTERN_A_SOURCE] = NLA_POLICY_NESTED(source_attrs),
};

/* ---- which of them */

struct filter {
	const char *name;		/* of a limit, or NULL */
	bool by_addr, v6;
	struct pn_key addr;
};

static int read_address(const struct nlattr *attr, bool *v6, struct pn_key *addr,
			struct netlink_ext_ack *extack)
{
	if (nla_len(attr) != 4 && nla_len(attr) != 16) {
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "an address has 4 or 16 bytes");
		return -EINVAL;
	}
	*v6 = nla_len(attr) == 16;
	*addr = pn_key_from_bytes(*v6, nla_data(attr));
	return 0;
}

static int read_filter(struct filter *f, const struct nlattr *name,
		       const struct nlattr *addr, struct netlink_ext_ack *extack)
{
	f->name = name ? nla_data(name) : NULL;
	f->by_addr = addr;
	return addr ? read_address(addr, &f->v6, &f->addr, extack) : 0;
}

static bool matches(const struct filter *f, const struct pn_limiter *limiter,
		    const struct pn_source *s)
{
	const struct pn_source_key *key = &s->key;
	struct pn_source_key same;

	if (f->name && strcmp(f->name, limiter->limit[key->limit].name))
		return false;
	if (!f->by_addr)
		return true;
	same = pn_limiter_key(limiter, key->limit, key->level, f->v6, f->addr);
	return f->v6 == key->v6 && pn_key_same(same.addr, key->addr);
}

/* ---- dumps */

struct seen {
	struct pn_source source[PN_SOURCE_WAYS];
	u32 nr;
};

static bool copy(struct pn_source *s, void *data)
{
	struct seen *seen = data;

	seen->source[seen->nr++] = *s;
	return true;
}

/* Of the burst of its limit, which the policy in force has. */
static u32 burst_used(const struct pn_policy *policy, const struct pn_source *s,
		      u64 now)
{
	const struct pn_gcra *g;
	u32 i;

	for (i = 0; policy && i < policy->nr_limits; i++) {
		if (policy->limits[i].number != s->key.limit)
			continue;
		g = &policy->limits[i].rate[s->key.level].gcra;
		if (g->interval)
			return div64_u64(pn_gcra_ahead(g, s->due, now) +
					 g->interval - 1, g->interval);
	}
	return 0;
}

static int put_state(struct sk_buff *msg, const struct pn_source *s, u64 now)
{
	s32 left = s->ban_ends - pn_tick(now);

	if (s->refused && nla_put_u32(msg, POSTERN_A_REASON, s->why))
		return -EMSGSIZE;
	if (s->accepted &&
	    nla_put_u64_64bit(msg, POSTERN_A_SEEN_MS,
			      pn_ticks_ms(pn_tick(now) - s->seen),
			      POSTERN_A_PAD))
		return -EMSGSIZE;
	if (!s->banned || left <= 0)
		return 0;
	return nla_put_u64_64bit(msg, POSTERN_A_BANNED_MS, pn_ticks_ms(left),
				 POSTERN_A_PAD);
}

static int put_source(struct sk_buff *msg, const struct pn_limiter *limiter,
		      const struct pn_policy *policy, const struct pn_source *s,
		      u64 now)
{
	const struct pn_source_key *key = &s->key;
	u8 bits = pn_limiter_bits(limiter, key->limit, key->level, key->v6);

	if (nla_put_string(msg, POSTERN_A_NAME, limiter->limit[key->limit].name) ||
	    pn_put_address(msg, POSTERN_A_SADDR, key->v6, key->addr) ||
	    nla_put_u8(msg, POSTERN_A_PREFIX_LENGTH, bits) ||
	    (key->level == PN_LEVEL_NETWORK &&
	     nla_put_flag(msg, POSTERN_A_NETWORK)) ||
	    nla_put_u32(msg, POSTERN_A_NR_OPEN, s->open) ||
	    nla_put_u32(msg, POSTERN_A_NR_ACCEPTED, s->accepted) ||
	    nla_put_u32(msg, POSTERN_A_NR_REFUSED, s->refused) ||
	    nla_put_u32(msg, POSTERN_A_BURST_USED, burst_used(policy, s, now)))
		return -EMSGSIZE;
	return put_state(msg, s, now);
}

static int put_message(struct sk_buff *skb, struct netlink_callback *cb,
		       struct pn_net *pn, const struct pn_limiter *limiter,
		       const struct pn_source *s)
{
	struct nlattr *nest;
	void *hdr;
	int err;

	hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
			  &pn_genl_family, NLM_F_MULTI, POSTERN_CMD_SOURCE_GET);
	if (!hdr)
		return -EMSGSIZE;
	nest = nla_nest_start(skb, POSTERN_A_SOURCE);
	if (!nest)
		goto full;
	rcu_read_lock();
	err = put_source(skb, limiter, rcu_dereference(pn->policy), s,
			 ktime_get_boottime_ns());
	rcu_read_unlock();
	if (err)
		goto full;
	nla_nest_end(skb, nest);
	genlmsg_end(skb, hdr);
	return 0;

full:
	genlmsg_cancel(skb, hdr);
	return -EMSGSIZE;
}

/* Where a dump goes on: it is no snapshot, and sources come and go meanwhile. */
struct place {
	u32 set;
	u32 way;
};

static int dump_set(struct sk_buff *skb, struct netlink_callback *cb,
		    struct pn_net *pn, const struct pn_limiter *limiter,
		    const struct filter *f, struct place *at)
{
	struct seen seen = {};

	pn_source_visit(limiter->sources, at->set, copy, &seen);
	for (; at->way < seen.nr; at->way++) {
		const struct pn_source *s = &seen.source[at->way];

		if (matches(f, limiter, s) &&
		    put_message(skb, cb, pn, limiter, s))
			return -EMSGSIZE;
	}
	at->set++;
	at->way = 0;
	return 0;
}

int pn_dump_sources(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct pn_net *pn = pn_net(sock_net(skb->sk));
	struct place *at = (struct place *)cb->ctx;
	const struct pn_limiter *limiter;
	struct filter filter;
	int err;

	err = read_filter(&filter,
			  nlmsg_find_attr(cb->nlh, GENL_HDRLEN, POSTERN_A_NAME),
			  nlmsg_find_attr(cb->nlh, GENL_HDRLEN, POSTERN_A_SADDR),
			  cb->extack);
	if (err)
		return err;
	mutex_lock(&pn->limiter_mutex);
	limiter = pn_limiter_of(pn);
	while (limiter && !err && at->set <= limiter->sources->mask) {
		err = dump_set(skb, cb, pn, limiter, &filter, at);
		cond_resched();
	}
	mutex_unlock(&pn->limiter_mutex);
	return err && !skb->len ? err : skb->len;
}

/* ---- restored */

static const struct nlattr *of_nest(const struct nlattr *nest, int type)
{
	return nla_find_nested(nest, type);
}

/* Return: 1 if the limit of @nest is known, else 0, or a negative errno. */
static int add_source(struct pn_limiter *limiter, const struct nlattr *nest,
		      struct netlink_ext_ack *extack)
{
	const struct nlattr *name = of_nest(nest, POSTERN_A_NAME);
	const struct nlattr *saddr = of_nest(nest, POSTERN_A_SADDR);
	const struct nlattr *accepted = of_nest(nest, POSTERN_A_NR_ACCEPTED);
	const struct nlattr *banned = of_nest(nest, POSTERN_A_BANNED_MS);
	struct pn_source_held held;
	struct pn_source_key key;
	struct pn_source *s;
	u64 now = ktime_get_boottime_ns();
	enum pn_level level;
	struct pn_key addr;
	u32 number;
	bool v6;
	int err;

	if (!name || !saddr || !accepted) {
		NL_SET_ERR_MSG_ATTR(extack, nest,
				    "a source needs NAME, SADDR and NR_ACCEPTED");
		return -EINVAL;
	}
	err = read_address(saddr, &v6, &addr, extack);
	if (err)
		return err;
	number = pn_limiter_find(limiter, nla_data(name));
	if (number == PN_NUMBERS)
		return 0;
	level = of_nest(nest, POSTERN_A_NETWORK) ? PN_LEVEL_NETWORK :
						   PN_LEVEL_SOURCE;
	key = pn_limiter_key(limiter, number, level, v6, addr);
	local_bh_disable();
	pn_source_hold(limiter->sources, &key, 1, true, now, &held);
	s = held.entry[0];
	s->accepted += nla_get_u32(accepted);
	s->known = s->accepted;
	s->seen = pn_tick(now);
	if (banned) {
		s->ban_ends = 1 + pn_tick(now + NSEC_PER_MSEC *
						nla_get_u64(banned));
		s->banned = true;
	}
	pn_source_release(limiter->sources, &held);
	local_bh_enable();
	return 1;
}

static int add_sources(struct pn_net *pn, struct genl_info *info, u32 *nr)
{
	struct pn_limiter *limiter;
	struct nlattr *attr;
	int left, err = 0;

	mutex_lock(&pn->limiter_mutex);
	limiter = pn_limiter_of(pn);
	if (!limiter)
		goto out;
	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, left) {
		if (nla_type(attr) != POSTERN_A_SOURCE)
			continue;
		err = add_source(limiter, attr, info->extack);
		if (err < 0)
			goto out;
		*nr += err;
		err = 0;
	}
out:
	mutex_unlock(&pn->limiter_mutex);
	return err;
}

int pn_source_add(struct sk_buff *skb, struct genl_info *info)
{
	struct pn_net *pn = pn_net(genl_info_net(info));
	struct pn_answer answer;
	u32 nr = 0;
	int err;

	err = pn_netlink_allowed(pn->net, info->extack) ?:
	      pn_answer_begin(&answer, info, POSTERN_CMD_SOURCE_ADD);
	if (err)
		return err;
	err = add_sources(pn, info, &nr);
	return pn_answer_number(&answer, info, POSTERN_A_NR_ADDED, nr, err);
}

/* ---- forgotten */

struct forget {
	const struct pn_limiter *limiter;
	struct filter filter;
	u32 nr;
};

static bool stays(struct pn_source *s, void *data)
{
	struct forget *f = data;

	if (!matches(&f->filter, f->limiter, s))
		return true;
	f->nr++;
	/* who has connections open has them still */
	if (!s->open)
		return false;
	*s = (struct pn_source){
		.key = s->key,
		.open = s->open,
		.seen = s->seen,
	};
	return true;
}

int pn_source_reset(struct sk_buff *skb, struct genl_info *info)
{
	struct pn_net *pn = pn_net(genl_info_net(info));
	struct pn_answer answer;
	struct forget f = {};
	int err;
	u32 i;

	err = pn_netlink_allowed(pn->net, info->extack) ?:
	      read_filter(&f.filter, info->attrs[POSTERN_A_NAME],
			  info->attrs[POSTERN_A_SADDR], info->extack) ?:
	      pn_answer_begin(&answer, info, POSTERN_CMD_SOURCE_RESET);
	if (err)
		return err;
	mutex_lock(&pn->limiter_mutex);
	f.limiter = pn_limiter_of(pn);
	for (i = 0; f.limiter && i <= f.limiter->sources->mask; i++) {
		pn_source_visit(f.limiter->sources, i, stays, &f);
		cond_resched();
	}
	mutex_unlock(&pn->limiter_mutex);
	return pn_answer_number(&answer, info, POSTERN_A_NR_CLOSED, f.nr, 0);
}
