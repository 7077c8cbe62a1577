// SPDX-License-Identifier: GPL-2.0
/*
 * POSTERN_CMD_BAN_*.
 */
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include "ban.h"
#include "doors.h"
#include "house.h"
#include "net.h"
#include "netlink.h"
#include "object.h"
#include "source.h"
#include "sources.h"

/* A ban ends within ten years, or never: that fits into ns. */
static struct netlink_range_validation banned_ms = {
	.min = 1000,
	.max = 10ULL * 365 * 24 * 3600 * 1000,
};

const struct nla_policy pn_ban_attrs[POSTERN_A_COMMENT + 1] = {
	[POSTERN_A_BANNED_MS] = NLA_POLICY_FULL_RANGE(NLA_U64, &banned_ms),
	[POSTERN_A_BANS] = { .type = NLA_BINARY },
	[POSTERN_A_COMMENT] = NLA_POLICY_VALIDATE_FN(NLA_NUL_STRING,
						     pn_check_text,
						     POSTERN_COMMENT_MAX),
};

const struct nla_policy pn_ban_del_attrs[POSTERN_A_BANS + 1] = {
	[POSTERN_A_BANS] = { .type = NLA_BINARY },
};

static u64 ms_until(u64 ns, u64 now)
{
	return ns > now ? div_u64(ns - now, NSEC_PER_MSEC) : 0;
}

static int put_ban(struct sk_buff *msg, const struct pn_ban *ban, u64 now)
{
	u64 until = READ_ONCE(ban->until);

	if (pn_put_address(msg, POSTERN_A_SADDR, ban->key.v6, ban->key.addr) ||
	    nla_put_u8(msg, POSTERN_A_PREFIX_LENGTH, ban->key.bits))
		return -EMSGSIZE;
	if (until && nla_put_u64_64bit(msg, POSTERN_A_BANNED_MS,
				       ms_until(until, now), POSTERN_A_PAD))
		return -EMSGSIZE;
	if (READ_ONCE(ban->was_hit) &&
	    nla_put_u64_64bit(msg, POSTERN_A_HIT_MS,
			      pn_ticks_ms(pn_tick(now) - READ_ONCE(ban->hit)),
			      POSTERN_A_PAD))
		return -EMSGSIZE;
	return ban->comment[0] ?
	       nla_put_string(msg, POSTERN_A_COMMENT, ban->comment) : 0;
}

struct job {
	struct sk_buff *skb;
	struct netlink_callback *cb;
	u64 now;
};

static int put_message(const struct pn_ban *ban, void *data)
{
	struct job *job = data;
	struct sk_buff *skb = job->skb;
	struct nlattr *nest;
	void *hdr;

	hdr = genlmsg_put(skb, NETLINK_CB(job->cb->skb).portid,
			  job->cb->nlh->nlmsg_seq, &pn_genl_family, NLM_F_MULTI,
			  POSTERN_CMD_BAN_GET);
	if (!hdr)
		return -EMSGSIZE;
	nest = nla_nest_start(skb, POSTERN_A_BAN);
	if (!nest || put_ban(skb, ban, job->now)) {
		genlmsg_cancel(skb, hdr);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	genlmsg_end(skb, hdr);
	return 0;
}

int pn_dump_bans(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct pn_net *pn = pn_net(sock_net(skb->sk));
	unsigned long *at = (unsigned long *)cb->ctx;
	struct job job = {
		.skb = skb,
		.cb = cb,
		.now = ktime_get_boottime_ns(),
	};
	int err = pn_bans_show(pn, at, put_message, &job);

	return err && !skb->len ? err : skb->len;
}

/* Return: 0 or -EINVAL. */
static int read_prefix(const struct postern_prefix *from, struct pn_ban_key *to)
{
	u32 most = from->v6 ? 128 : 32;
	struct pn_key addr = pn_key_from_bytes(from->v6, from->addr);

	if (from->v6 > 1 || from->pad || from->length > most)
		return -EINVAL;
	*to = (struct pn_ban_key){
		.addr = pn_source_prefix(addr, from->v6, from->length),
		.bits = from->length,
		.v6 = from->v6,
	};
	return pn_key_same(to->addr, addr) ? 0 : -EINVAL;
}

static int read_array(const struct nlattr *attr, struct pn_ban_key *to, u32 *nr,
		      struct netlink_ext_ack *extack)
{
	const struct postern_prefix *from = nla_data(attr);
	u32 i, n = nla_len(attr) / sizeof(*from);

	if (nla_len(attr) % sizeof(*from)) {
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "not a whole number of array elements");
		return -EINVAL;
	}
	for (i = 0; i < n; i++) {
		if (read_prefix(&from[i], &to[*nr + i])) {
			NL_SET_ERR_MSG_ATTR(extack, attr,
					    "not a prefix: too long, or bits behind its length");
			return -EINVAL;
		}
	}
	*nr += n;
	return 0;
}

/*
 * The prefixes of all attributes BANS, of which a message may have many. Return: an
 * array to be freed, or an error.
 */
static struct pn_ban_key *read_bans(struct genl_info *info, u32 *nr)
{
	const struct nlmsghdr *nlh = info->nlhdr;
	struct pn_ban_key *key;
	struct nlattr *attr;
	size_t bytes = 0;
	int err = 0, left;

	nlmsg_for_each_attr(attr, nlh, GENL_HDRLEN, left)
		if (nla_type(attr) == POSTERN_A_BANS)
			bytes += nla_len(attr);
	if (bytes < sizeof(struct postern_prefix)) {
		NL_SET_ERR_MSG(info->extack, "no prefix: BANS is missing");
		return ERR_PTR(-EINVAL);
	}
	key = kvmalloc_array(bytes / sizeof(struct postern_prefix), sizeof(*key),
			     GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!key)
		return ERR_PTR(-ENOMEM);
	*nr = 0;
	nlmsg_for_each_attr(attr, nlh, GENL_HDRLEN, left) {
		if (!err && nla_type(attr) == POSTERN_A_BANS)
			err = read_array(attr, key, nr, info->extack);
	}
	if (!err)
		return key;
	kvfree(key);
	return ERR_PTR(err);
}

int pn_ban_add(struct sk_buff *skb, struct genl_info *info)
{
	const struct nlattr *ms = info->attrs[POSTERN_A_BANNED_MS];
	const struct nlattr *comment = info->attrs[POSTERN_A_COMMENT];
	struct pn_net *pn = pn_net(genl_info_net(info));
	u64 until = 0;
	struct pn_ban_key *key;
	int err;
	u32 nr;

	err = pn_netlink_allowed(pn->net, info->extack);
	if (err)
		return err;
	key = read_bans(info, &nr);
	if (IS_ERR(key))
		return PTR_ERR(key);
	if (ms)
		until = ktime_get_boottime_ns() +
			nla_get_u64(ms) * NSEC_PER_MSEC;
	err = pn_bans_add(pn, key, nr, until, comment ? nla_data(comment) : "");
	if (err == -E2BIG)
		NL_SET_ERR_MSG(info->extack,
			       "more prefixes than may be banned (parameter max_bans)");
	else if (!err)
		pn_house_start(pn);
	kvfree(key);
	return err;
}

int pn_ban_del(struct sk_buff *skb, struct genl_info *info)
{
	struct pn_net *pn = pn_net(genl_info_net(info));
	struct pn_answer answer;
	struct pn_ban_key *key;
	int err;
	u32 nr;

	err = pn_netlink_allowed(pn->net, info->extack);
	if (err)
		return err;
	key = read_bans(info, &nr);
	if (IS_ERR(key))
		return PTR_ERR(key);
	err = pn_answer_begin(&answer, info, POSTERN_CMD_BAN_DEL);
	if (!err) {
		nr = pn_bans_del(pn, key, nr);
		err = pn_answer_number(&answer, info, POSTERN_A_NR_CLOSED, nr, 0);
	}
	kvfree(key);
	return err;
}
