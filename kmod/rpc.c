// SPDX-License-Identifier: GPL-2.0
/*
 * What a policy says of RPC. Plain C: also built in user space.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/sort.h>
#include <linux/string.h>

#include "compile.h"
#include "ept.h"
#include "memory.h"
#include "rpc.h"

/* ---- as it is sent */

static int check_interface(const struct postern_rpc *rpc,
			   struct netlink_ext_ack *extack)
{
	static const u8 none[sizeof(rpc->uuid)];
	bool pinned = rpc->flags & POSTERN_RPC_PINNED;

	if (rpc->flags & ~(POSTERN_RPC_ANY | POSTERN_RPC_PINNED))
		return PN_REFUSE(extack, -EINVAL,
			      "unknown flags of an RPC interface");
	if (rpc->pad)
		return PN_REFUSE(extack, -EINVAL,
			      "the padding of an RPC interface is not 0");
	if (rpc->flags & POSTERN_RPC_ANY) {
		if (pinned)
			return PN_REFUSE(extack, -EINVAL,
				      "any RPC interface cannot be pinned to a port");
		if (memcmp(rpc->uuid, none, sizeof(none)) ||
		    rpc->major || rpc->minor)
			return PN_REFUSE(extack, -EINVAL,
				      "any RPC interface has no UUID and no version");
	}
	if (rpc->lo > rpc->hi)
		return PN_REFUSE(extack, -EINVAL,
			      "a range of RPC ports ends before it begins");
	/* which stands for the mapper's own connection */
	if (pinned && rpc->lo == PN_MAPPER_PORT && rpc->hi == PN_MAPPER_PORT)
		return 0;
	if (rpc->lo < PN_EPT_PORT_MIN)
		return PN_REFUSE(extack, -EINVAL,
			      "RPC ports are 1024 to 65535, or a pinned 135");
	return 0;
}

int pn_rpc_check(const struct pn_policy *policy,
		 const struct pn_service *service,
		 struct netlink_ext_ack *extack)
{
	u32 i;
	int err;

	if (!service->nr_rpc)
		return 0;
	if (service->nr_rpc > POSTERN_RPC_MAX - policy->nr_rpc)
		return PN_REFUSE(extack, -E2BIG,
			      "more than 8192 RPC interfaces in all");
	for (i = 0; i < service->nr_rpc; i++) {
		err = check_interface(&service->rpc[i], extack);
		if (err)
			return err;
	}
	if (service->rpc_flags & ~(POSTERN_RPC_OPT_LOOKUP |
				   POSTERN_RPC_OPT_SEALED_DENY |
				   POSTERN_RPC_OPT_BIND_OBSERVE |
				   POSTERN_RPC_OPT_NO_REMEMBER |
				   POSTERN_RPC_OPT_TOWER_STRICT |
				   POSTERN_RPC_OPT_RESUME_REFUSE))
		return PN_REFUSE(extack, -EINVAL,
			      "unknown options of an RPC service");
	if (service->rpc_idle_ms < 20000 || service->rpc_idle_ms > 86400000)
		return PN_REFUSE(extack, -EINVAL,
			      "the idle time of pinholes is 20 s to 1 day");
	if (!service->rpc_per_client || service->rpc_per_client > 1024)
		return PN_REFUSE(extack, -EINVAL,
			      "a client may have 1 to 1024 pinholes");
	if (service->rpc_remember_ms < 60000 ||
	    service->rpc_remember_ms > 7 * 86400000)
		return PN_REFUSE(extack, -EINVAL,
			      "the mapper's answers are remembered 1 minute to 7 days");
	/* a client that never asked would be held to nothing at all */
	if (service->rpc_flags & POSTERN_RPC_OPT_BIND_OBSERVE &&
	    !(service->rpc_flags & POSTERN_RPC_OPT_NO_REMEMBER))
		return PN_REFUSE(extack, -EINVAL,
			      "the mapper's answers are remembered only where binds are checked");
	return 0;
}

/* ---- as it is asked */

/* By interface; any (all zero) before the others. */
static int compare(const struct pn_uuid *a, u16 a_major, const struct pn_uuid *b,
		   u16 b_major)
{
	int c = memcmp(a, b, sizeof(*a));

	return c ? c : (int)a_major - (int)b_major;
}

static int compare_slots(const void *va, const void *vb)
{
	const struct pn_rpc_slot *a = va, *b = vb;
	int c = compare(&a->uuid, a->major, &b->uuid, b->major);

	return c ? c : (int)a->number - (int)b->number;
}

/* How many slots, from @i on, are of the same interface. */
static u32 count_same(const struct pn_policy *policy, u32 i)
{
	const struct pn_rpc_slot *s = policy->rpc + i;
	u32 n = 1;

	while (i + n < policy->nr_rpc &&
	       !compare(&s->uuid, s->major, &s[n].uuid, s[n].major))
		n++;
	return n;
}

int pn_compile_rpc(struct pn_compile *c)
{
	struct pn_policy *policy = c->policy;
	u32 service, i, n = 0;

	if (!policy->nr_rpc)
		return 0;
	policy->rpc = pn_alloc(policy, policy->nr_rpc, sizeof(*policy->rpc));
	if (!policy->rpc)
		return -ENOMEM;
	for (service = 0; service < policy->nr_services; service++) {
		struct pn_service *s = &policy->services[service];

		s->rpc_first = n;
		for (i = 0; i < s->nr_rpc; i++, n++) {
			struct pn_rpc_slot *slot = &policy->rpc[n];

			memcpy(&slot->uuid, s->rpc[i].uuid, sizeof(slot->uuid));
			slot->major = s->rpc[i].major;
			slot->number = n;
			slot->lo = s->rpc[i].lo;
			slot->hi = s->rpc[i].hi;
			slot->flags = s->rpc[i].flags;
			slot->service = service;
		}
	}
	sort(policy->rpc, n, sizeof(*policy->rpc), compare_slots, NULL);
	for (i = 0; i < n; i += count_same(policy, i)) {
		if (count_same(policy, i) <= PN_RPC_SAME_MAX)
			continue;
		*c->place = policy->services[policy->rpc[i].service].place;
		return pn_compile_refuse(c, -E2BIG,
					 "one RPC interface is named by more than 64 services");
	}
	return 0;
}

void pn_rpc_slots_free(struct pn_policy *policy)
{
	pn_free(policy, policy->rpc, policy->nr_rpc, sizeof(*policy->rpc));
}

/* First slot that is not before the interface. */
static u32 find(const struct pn_policy *policy, const struct pn_uuid *uuid,
		u16 major)
{
	u32 lo = 0, hi = policy->nr_rpc;

	while (lo < hi) {
		u32 mid = lo + (hi - lo) / 2;
		const struct pn_rpc_slot *s = &policy->rpc[mid];

		if (compare(&s->uuid, s->major, uuid, major) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

struct pn_rpc_slots pn_rpc_slots(const struct pn_policy *policy,
				 const struct pn_uuid *uuid, u16 major)
{
	struct pn_rpc_slots s = {};
	u32 i;

	if (!policy->nr_rpc)
		return s;
	if (policy->rpc[0].flags & POSTERN_RPC_ANY) {
		s.any = policy->rpc;
		s.nr_any = count_same(policy, 0);
	}
	i = find(policy, uuid, major);
	if (i < policy->nr_rpc && !(policy->rpc[i].flags & POSTERN_RPC_ANY) &&
	    !compare(&policy->rpc[i].uuid, policy->rpc[i].major, uuid, major)) {
		s.named = policy->rpc + i;
		s.nr_named = count_same(policy, i);
	}
	return s;
}

bool pn_rpc_allows(const struct pn_policy *policy, const struct pn_tuple *t,
		   u16 proto, u16 port, u32 *rule)
{
	struct pn_tuple asked = *t;

	if (!policy->nr_rpc)
		return false;
	asked.proto = proto;
	asked.port = port;
	return pn_outcome_allows(policy, pn_classify(&policy->tables, &asked),
				 rule) &&
	       policy->rules[*rule].nr_services;
}

/* The server that has the address, or NULL. */
static const struct pn_hosts *server_at(const struct pn_policy *policy, bool v6,
					struct pn_key addr)
{
	const struct pn_tables *t = &policy->tables;
	u32 server = t->class[pn_address_class(t, v6, addr)].server;

	return server == PN_SERVER_NONE ? NULL : &policy->hosts[server];
}

struct pn_key pn_rpc_server(const struct pn_policy *policy, bool v6,
			    struct pn_key addr, bool *server_v6)
{
	const struct pn_hosts *h = server_at(policy, v6, addr);

	*server_v6 = v6;
	if (!h)
		return addr;
	*server_v6 = !h->nr4;
	return h->nr4 ? (struct pn_key){ .hi = h->r4[0].lo } : h->r6[0].lo;
}

bool pn_rpc_other_family(const struct pn_policy *policy, bool v6,
			 struct pn_key *addr)
{
	const struct pn_hosts *h = server_at(policy, v6, *addr);

	if (!h || !(v6 ? h->nr4 : h->nr6))
		return false;
	*addr = v6 ? (struct pn_key){ .hi = h->r4[0].lo } : h->r6[0].lo;
	return true;
}
