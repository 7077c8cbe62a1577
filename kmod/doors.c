// SPDX-License-Identifier: GPL-2.0
/*
 * POSTERN_CMD_PINHOLE_* and _ENDPOINT_*.
 */
#include <linux/bitmap.h>
#include <linux/slab.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include "doors.h"
#include "net.h"
#include "netlink.h"
#include "policy.h"
#include "rpc.h"

#define ADDRESS		NLA_POLICY_RANGE(NLA_BINARY, 4, 16)

const struct nla_policy pn_pinhole_attrs[POSTERN_A_VERSION + 1] = {
	[POSTERN_A_CLIENT] = ADDRESS,
	[POSTERN_A_SERVER] = ADDRESS,
	[POSTERN_A_UUID] = NLA_POLICY_EXACT_LEN(sizeof(struct pn_uuid)),
	[POSTERN_A_VERSION] = { .type = NLA_U16 },
};

const struct nla_policy pn_endpoint_attrs[POSTERN_A_VERSION + 1] = {
	[POSTERN_A_SERVER] = ADDRESS,
	[POSTERN_A_UUID] = NLA_POLICY_EXACT_LEN(sizeof(struct pn_uuid)),
	[POSTERN_A_VERSION] = { .type = NLA_U16 },
};

/* not const, since kernels before 6.7 do not point to const */
static struct netlink_range_validation remember_ms = {
	.min = 60 * 1000,
	.max = 7 * 24 * 60 * 60 * 1000,
};

const struct nla_policy pn_endpoint_add_attrs[POSTERN_A_VERSION + 1] = {
	[POSTERN_A_SERVER] = ADDRESS,
	[POSTERN_A_PORT] = { .type = NLA_U16 },
	[POSTERN_A_UUID] = NLA_POLICY_EXACT_LEN(sizeof(struct pn_uuid)),
	[POSTERN_A_VERSION] = { .type = NLA_U16 },
	[POSTERN_A_RPC_REMEMBER_MS] = NLA_POLICY_FULL_RANGE(NLA_U32,
							    &remember_ms),
};

/* ---- putting */

int pn_put_address(struct sk_buff *msg, int type, bool v6, struct pn_key addr)
{
	u8 bytes[16];

	if (!v6)
		return nla_put_be32(msg, type, htonl(addr.hi));
	pn_key_to_bytes(v6, addr, bytes);
	return nla_put(msg, type, sizeof(bytes), bytes);
}

int pn_put_host(struct sk_buff *msg, int type, const struct pn_host *host)
{
	return pn_put_address(msg, type, host->v6, host->addr);
}

int pn_put_door(struct sk_buff *msg, const struct pn_door *door)
{
	return pn_put_host(msg, POSTERN_A_SERVER, &door->server) ?:
	       nla_put_u16(msg, POSTERN_A_PORT, door->port) ?:
	       nla_put(msg, POSTERN_A_UUID, sizeof(door->uuid), &door->uuid) ?:
	       nla_put_u16(msg, POSTERN_A_VERSION, door->major);
}

static int put_seen(struct sk_buff *msg, const struct pn_door_seen *seen)
{
	if (seen->client && pn_put_host(msg, POSTERN_A_CLIENT, seen->client))
		return -EMSGSIZE;
	if (seen->in_use && nla_put_flag(msg, POSTERN_A_IN_USE))
		return -EMSGSIZE;
	return pn_put_door(msg, &seen->door) ?:
	       nla_put_u32(msg, POSTERN_A_LEFT_MS, seen->left_ms);
}

/* ---- which of them */

/* What is asked for. An attribute that is absent stands for all. */
struct filter {
	const struct nlattr *by_client, *by_server, *by_uuid, *by_version;
	struct pn_host client, server;
	struct pn_host same;		/* as the policy in force knows @server */
	struct pn_uuid uuid;
	u16 major;
};

/* Return: 0 or -EINVAL. */
static int read_host(const struct nlattr *attr, struct pn_host *host,
		     struct netlink_ext_ack *extack)
{
	if (nla_len(attr) != 4 && nla_len(attr) != 16) {
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "an address has 4 or 16 bytes");
		return -EINVAL;
	}
	host->v6 = nla_len(attr) == 16;
	host->addr = pn_key_from_bytes(host->v6, nla_data(attr));
	return 0;
}

static void same_server(const struct pn_policy *policy,
			const struct pn_host *server, struct pn_host *same)
{
	bool v6 = server->v6;

	*same = *server;
	if (!policy)
		return;
	same->addr = pn_rpc_server(policy, v6, server->addr, &v6);
	same->v6 = v6;
}

static int read_filter(struct filter *f, struct pn_net *pn,
		       struct netlink_ext_ack *extack)
{
	if (f->by_client && read_host(f->by_client, &f->client, extack))
		return -EINVAL;
	if (f->by_server) {
		if (read_host(f->by_server, &f->server, extack))
			return -EINVAL;
		rcu_read_lock();
		same_server(rcu_dereference(pn->policy), &f->server, &f->same);
		rcu_read_unlock();
	}
	if (f->by_version && !f->by_uuid) {
		NL_SET_ERR_MSG_ATTR(extack, f->by_version,
				    "a version, and no UUID");
		return -EINVAL;
	}
	if (f->by_uuid)
		memcpy(&f->uuid, nla_data(f->by_uuid), sizeof(f->uuid));
	if (f->by_version)
		f->major = nla_get_u16(f->by_version);
	return 0;
}

static bool same_host(const struct pn_host *a, const struct pn_host *b)
{
	return a->v6 == b->v6 && pn_key_same(a->addr, b->addr);
}

static bool matches(const struct filter *f, const struct pn_host *client,
		    const struct pn_door *door)
{
	if (f->by_client && !same_host(&f->client, client))
		return false;
	if (f->by_server && !same_host(&f->server, &door->server) &&
	    !same_host(&f->same, &door->server))
		return false;
	if (f->by_uuid && !pn_uuid_same(&f->uuid, &door->uuid))
		return false;
	return !f->by_version || f->major == door->major;
}

/* ---- dumps */

struct job {
	struct sk_buff *skb;
	struct netlink_callback *cb;
	struct filter filter;
	u32 generation;
	u8 cmd;
	int type;
};

static bool put_message(const struct pn_door_seen *seen, void *data)
{
	struct job *job = data;
	struct sk_buff *skb = job->skb;
	struct nlattr *nest;
	void *hdr;

	if (!matches(&job->filter, seen->client, &seen->door))
		return true;
	hdr = genlmsg_put(skb, NETLINK_CB(job->cb->skb).portid,
			  job->cb->nlh->nlmsg_seq, &pn_genl_family, NLM_F_MULTI,
			  job->cmd);
	if (!hdr)
		return false;
	genl_dump_check_consistent(job->cb, hdr);
	if (nla_put_u32(skb, POSTERN_A_GENERATION, job->generation))
		goto full;
	nest = nla_nest_start(skb, job->type);
	if (!nest || put_seen(skb, seen))
		goto full;
	nla_nest_end(skb, nest);
	genlmsg_end(skb, hdr);
	return true;

full:
	genlmsg_cancel(skb, hdr);
	return false;
}

static const struct nlattr *asked(const struct netlink_callback *cb, int type)
{
	return nlmsg_find_attr(cb->nlh, GENL_HDRLEN, type);
}

static int dump(struct sk_buff *skb, struct netlink_callback *cb,
		bool endpoints)
{
	struct pn_net *pn = pn_net(sock_net(skb->sk));
	struct pn_door_place *at = (struct pn_door_place *)cb->ctx;
	const struct pn_policy *policy;
	struct job job = {
		.skb = skb,
		.cb = cb,
		.filter = {
			.by_client = asked(cb, POSTERN_A_CLIENT),
			.by_server = asked(cb, POSTERN_A_SERVER),
			.by_uuid = asked(cb, POSTERN_A_UUID),
			.by_version = asked(cb, POSTERN_A_VERSION),
		},
		.cmd = endpoints ? POSTERN_CMD_ENDPOINT_GET :
				   POSTERN_CMD_PINHOLE_GET,
		.type = endpoints ? POSTERN_A_ENDPOINT : POSTERN_A_PINHOLE,
	};
	int err;

	BUILD_BUG_ON(sizeof(*at) > sizeof(cb->ctx));
	err = read_filter(&job.filter, pn, cb->extack);
	if (err)
		return err;
	rcu_read_lock();
	policy = rcu_dereference(pn->policy);
	job.generation = policy ? policy->generation : 0;
	rcu_read_unlock();
	/* what was disturbed is told by the next message, or by the last one */
	cb->seq = 1 + at->disturbed;
	pn_door_walk(pn, endpoints, at, put_message, &job);
	cb->seq = 1 + at->disturbed;
	if (!at->end && !skb->len)
		return -EMSGSIZE;
	return skb->len;
}

int pn_dump_pinholes(struct sk_buff *skb, struct netlink_callback *cb)
{
	return dump(skb, cb, false);
}

int pn_dump_endpoints(struct sk_buff *skb, struct netlink_callback *cb)
{
	return dump(skb, cb, true);
}

/* ---- flushes */

static bool stays_pinhole(const struct pn_host *client,
			  const struct pn_door *door, void *data)
{
	return !client || !matches(data, client, door);
}

static bool stays_endpoint(const struct pn_host *client,
			   const struct pn_door *door, void *data)
{
	return client || !matches(data, client, door);
}

static int flush(struct genl_info *info, u8 cmd,
		 bool (*stays)(const struct pn_host *client,
			       const struct pn_door *door, void *data))
{
	struct pn_net *pn = pn_net(genl_info_net(info));
	struct filter filter = {
		/* other commands' policies end before it */
		.by_client = cmd == POSTERN_CMD_PINHOLE_FLUSH ?
			     info->attrs[POSTERN_A_CLIENT] : NULL,
		.by_server = info->attrs[POSTERN_A_SERVER],
		.by_uuid = info->attrs[POSTERN_A_UUID],
		.by_version = info->attrs[POSTERN_A_VERSION],
	};
	struct pn_answer answer;
	u32 nr;
	int err;

	err = pn_netlink_allowed(pn->net, info->extack) ?:
	      read_filter(&filter, pn, info->extack);
	if (err)
		return err;
	err = pn_answer_begin(&answer, info, cmd);
	if (err)
		return err;
	nr = pn_pinhole_review(pn, stays, &filter, POSTERN_CLOSED_FLUSHED);
	return pn_answer_number(&answer, info, POSTERN_A_NR_CLOSED, nr, 0);
}

int pn_pinhole_flush(struct sk_buff *skb, struct genl_info *info)
{
	return flush(info, POSTERN_CMD_PINHOLE_FLUSH, stays_pinhole);
}

int pn_endpoint_flush(struct sk_buff *skb, struct genl_info *info)
{
	return flush(info, POSTERN_CMD_ENDPOINT_FLUSH, stays_endpoint);
}

/* ---- what others learned */

/* Marks the services that some rule allows, themselves or as members. */
static void mark_allowed(const struct pn_policy *policy, unsigned long *allowed)
{
	u32 i, k;

	for (i = 0; i < policy->nr_rules; i++) {
		const struct pn_rule *rule = &policy->rules[i];

		if (rule->action != POSTERN_ACTION_ALLOW)
			continue;
		for (k = 0; k < rule->nr_services; k++)
			__set_bit(rule->services[k], allowed);
		cond_resched();
	}
	/* members have lower numbers */
	for (i = policy->nr_services; i--;) {
		const struct pn_service *service = &policy->services[i];

		if (!test_bit(i, allowed))
			continue;
		for (k = 0; k < service->nr_members; k++)
			__set_bit(service->members[k], allowed);
		cond_resched();
	}
}

/* How long the policy remembers @door at most; 0: not at all. */
static u32 memory_for(const struct pn_policy *policy,
		      const struct pn_door *door, const unsigned long *allowed)
{
	struct pn_rpc_slots slots = pn_rpc_slots(policy, &door->uuid,
						 door->major);
	const struct pn_rpc_slot *slot;
	u32 i, ms = 0;

	for (i = 0; (slot = pn_rpc_slot(&slots, i)); i++) {
		const struct pn_service *service = pn_rpc_service(policy, slot);

		if (!(slot->flags & POSTERN_RPC_PINNED) &&
		    door->port >= slot->lo && door->port <= slot->hi &&
		    !(service->rpc_flags & POSTERN_RPC_OPT_NO_REMEMBER) &&
		    test_bit(slot->service, allowed))
			ms = max(ms, service->rpc_remember_ms);
	}
	return ms;
}

static int learn(struct pn_net *pn, struct pn_door *door,
		 const struct nlattr *remember, unsigned long *allowed,
		 struct netlink_ext_ack *extack)
{
	u32 ms = remember ? nla_get_u32(remember) : U32_MAX;
	const struct pn_policy *policy;
	bool learned;

	policy = rcu_dereference_protected(pn->policy,
					   lockdep_is_held(&pn->mutex));
	if (policy ? !policy->nr_rpc : !remember) {
		NL_SET_ERR_MSG(extack,
			       "no policy with RPC services is in force");
		return -ENOENT;
	}
	/* else it is from before a restart, for flows that the first policy finds */
	if (policy) {
		mark_allowed(policy, allowed);
		ms = min(ms, memory_for(policy, door, allowed));
	} else if (pn_pinhole_init(pn)) {
		NL_SET_ERR_MSG(extack, "not enough memory for endpoints");
		return -ENOMEM;
	}
	if (!ms) {
		NL_SET_ERR_MSG(extack,
			       "no RPC service that a rule allows would remember this endpoint");
		return -EINVAL;
	}
	same_server(policy, &door->server, &door->server);
	local_bh_disable();
	learned = pn_endpoint_learn(pn, door, ms);
	local_bh_enable();
	if (learned)
		return 0;
	NL_SET_ERR_MSG(extack,
		       "endpoints of as many servers are known as can be, or no memory");
	return -ENOSPC;
}

int pn_endpoint_add(struct sk_buff *skb, struct genl_info *info)
{
	struct pn_net *pn = pn_net(genl_info_net(info));
	struct nlattr **attrs = info->attrs;
	struct pn_door door = {};
	unsigned long *allowed;
	int err;

	err = pn_netlink_allowed(pn->net, info->extack);
	if (err)
		return err;
	if (!attrs[POSTERN_A_SERVER] || !attrs[POSTERN_A_PORT] ||
	    !attrs[POSTERN_A_UUID] || !attrs[POSTERN_A_VERSION]) {
		NL_SET_ERR_MSG(info->extack,
			       "an endpoint has SERVER, PORT, UUID and VERSION");
		return -EINVAL;
	}
	err = read_host(attrs[POSTERN_A_SERVER], &door.server, info->extack);
	if (err)
		return err;
	door.port = nla_get_u16(attrs[POSTERN_A_PORT]);
	memcpy(&door.uuid, nla_data(attrs[POSTERN_A_UUID]), sizeof(door.uuid));
	door.major = nla_get_u16(attrs[POSTERN_A_VERSION]);
	allowed = bitmap_zalloc(POSTERN_SERVICES_MAX, GFP_KERNEL);
	if (!allowed)
		return -ENOMEM;
	/* of the policy that is asked, and not of the next one */
	mutex_lock(&pn->mutex);
	err = learn(pn, &door, attrs[POSTERN_A_RPC_REMEMBER_MS], allowed,
		    info->extack);
	mutex_unlock(&pn->mutex);
	bitmap_free(allowed);
	return err;
}
