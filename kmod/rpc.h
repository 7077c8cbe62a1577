/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a policy says of RPC: which interfaces of a server a client may use, and
 * where the port for each comes from.
 *
 * Each interface that a service names has a number, and is classified like a port
 * (PN_PROTO_RPC): so block rules, zones and the order of rules hold for it. The
 * slots are sorted by interface; few services name the same one.
 */
#ifndef PN_RPC_H
#define PN_RPC_H

#include "policy.h"
#include "uuid.h"

#define PN_MAPPER_PORT	135	/* MS-RPCE 2.1.1.1: ncacn_ip_tcp */
#define PN_RPC_SAME_MAX	64		/* slots of one interface */

/**
 * struct pn_rpc_slot - one interface of one service
 * @uuid: all zero: any interface
 * @major: its version; C706 6.2.1: another major is another interface
 * @number: as the port of PN_PROTO_RPC
 * @lo: first port it may have
 * @hi: last
 * @flags: POSTERN_RPC_*
 * @service: index
 */
struct pn_rpc_slot {
	struct pn_uuid uuid;
	u16 major;
	u16 number;
	u16 lo, hi;
	u32 flags;
	u32 service;
};

/**
 * struct pn_rpc_slots - slots of one interface, then those of any
 */
struct pn_rpc_slots {
	const struct pn_rpc_slot *named, *any;
	u32 nr_named, nr_any;
};

/* Is what a service says of RPC in order? Return: 0, -EINVAL or -E2BIG. */
int pn_rpc_check(const struct pn_policy *policy,
		 const struct pn_service *service,
		 struct netlink_ext_ack *extack);

struct pn_rpc_slots pn_rpc_slots(const struct pn_policy *policy,
				 const struct pn_uuid *uuid, u16 major);

/* Slot @i of those, or NULL behind the last. */
static inline const struct pn_rpc_slot *
pn_rpc_slot(const struct pn_rpc_slots *s, u32 i)
{
	if (i < s->nr_named)
		return s->named + i;
	i -= s->nr_named;
	return i < s->nr_any ? s->any + i : NULL;
}

/**
 * pn_rpc_allows - does the policy allow this between client and server?
 * @policy: in force
 * @t: the flow: addresses and zones
 * @proto: PN_PROTO_RPC or PN_PROTO_RPC_PORT
 * @port: of that
 * @rule: set to the rule that allows it
 *
 * A rule for any service does not: what it allows is not inspected.
 */
bool pn_rpc_allows(const struct pn_policy *policy, const struct pn_tuple *t,
		   u16 proto, u16 port, u32 *rule);

static inline const struct pn_service *
pn_rpc_service(const struct pn_policy *policy, const struct pn_rpc_slot *slot)
{
	return &policy->services[slot->service];
}

/* An address that stands for all addresses of the server that @addr belongs to. */
struct pn_key pn_rpc_server(const struct pn_policy *policy, bool v6,
			    struct pn_key addr, bool *server_v6);

void pn_rpc_slots_free(struct pn_policy *policy);

/* Changes @addr to one of the same server in the other family. Return: if there is one. */
bool pn_rpc_other_family(const struct pn_policy *policy, bool v6,
			 struct pn_key *addr);

#endif /* PN_RPC_H */
