// SPDX-License-Identifier: GPL-2.0
/*
 * Why a connection that is inspected may be.
 */
#include <linux/in.h>

#include "basis.h"
#include "ept.h"
#include "rpc.h"

void pn_basis_client(const struct pn_tuple *t, struct pn_host *client)
{
	*client = (struct pn_host){ .addr = t->saddr, .v6 = t->v6 };
}

void pn_basis_server(const struct pn_policy *policy, const struct pn_tuple *t,
		     struct pn_host *server)
{
	bool v6;

	server->addr = pn_rpc_server(policy, t->v6, t->daddr, &v6);
	server->v6 = v6;
}

static bool may_be_at(const struct pn_rpc_slot *slot, u16 port)
{
	return port >= slot->lo && port <= slot->hi;
}

enum pn_basis pn_basis_static(const struct pn_policy *policy,
			      const struct pn_tuple *t, u32 *rule)
{
	if (t->proto != IPPROTO_TCP)
		return PN_BASIS_NONE;
	if (t->port == PN_MAPPER_PORT &&
	    pn_rpc_allows(policy, t, PN_PROTO_RPC, PN_RPC_MAPPER, rule))
		return PN_BASIS_MAPPER;
	if (pn_rpc_allows(policy, t, PN_PROTO_RPC_PORT, t->port, rule))
		return PN_BASIS_PINNED;
	return PN_BASIS_NONE;
}

/* Whether a door to @t's port for some interface is good for @t. */
struct fit {
	const struct pn_policy *policy;
	const struct pn_tuple *t;
	bool learned, observed;
	u32 *rule;
};

static bool slot_fits(const struct fit *f, const struct pn_rpc_slot *slot)
{
	const struct pn_service *service = pn_rpc_service(f->policy, slot);

	/* a pinned interface has no other port, whatever the mapper says */
	return !(slot->flags & POSTERN_RPC_PINNED) &&
	       may_be_at(slot, f->t->port) &&
	       !(f->learned &&
		 service->rpc_flags & POSTERN_RPC_OPT_NO_REMEMBER) &&
	       !(f->observed &&
		 !(service->rpc_flags & POSTERN_RPC_OPT_BIND_OBSERVE)) &&
	       pn_rpc_allows(f->policy, f->t, PN_PROTO_RPC, slot->number,
			     f->rule);
}

static bool fits(const struct pn_uuid *uuid, u16 major, void *data)
{
	const struct fit *f = data;
	struct pn_rpc_slots slots = pn_rpc_slots(f->policy, uuid, major);
	const struct pn_rpc_slot *slot;
	u32 i;

	for (i = 0; (slot = pn_rpc_slot(&slots, i)); i++)
		if (slot_fits(f, slot))
			return true;
	return false;
}

bool pn_basis_may_be_dynamic(const struct pn_policy *policy,
			     const struct pn_tuple *t)
{
	u32 rule;

	/* every RPC service brings the mapper along: a cheap no for all others */
	return t->proto == IPPROTO_TCP &&
	       pn_rpc_allows(policy, t, PN_PROTO_RPC, PN_RPC_MAPPER, &rule) &&
	       !pn_classify_owned(&policy->tables, t);
}

enum pn_basis pn_basis_dynamic(struct pn_net *pn, const struct pn_policy *policy,
			       const struct pn_tuple *t, u32 *rule)
{
	struct fit f = { .policy = policy, .t = t, .rule = rule };
	struct pn_host client, server;

	if (!pn_basis_may_be_dynamic(policy, t))
		return PN_BASIS_NONE;
	pn_basis_client(t, &client);
	pn_basis_server(policy, t, &server);
	if (pn_pinhole_any(pn, &client, &server, t->port, fits, &f))
		return PN_BASIS_PINHOLE;
	f.learned = true;
	if (pn_pinhole_any(pn, NULL, &server, t->port, fits, &f))
		return PN_BASIS_LEARNED;
	return PN_BASIS_NONE;
}

bool pn_basis_observes(struct pn_net *pn, const struct pn_policy *policy,
		       const struct pn_tuple *t, enum pn_basis basis)
{
	u32 rule;
	struct fit f = {
		.policy = policy, .t = t, .observed = true, .rule = &rule,
	};
	struct pn_host client, server;

	if (basis == PN_BASIS_PINNED)
		return pn_rpc_allows(policy, t, PN_PROTO_RPC_LOOSE, t->port,
				     &rule);
	if (basis != PN_BASIS_PINHOLE ||
	    !pn_rpc_allows(policy, t, PN_PROTO_RPC, PN_RPC_OBSERVE, &rule))
		return false;
	pn_basis_client(t, &client);
	pn_basis_server(policy, t, &server);
	return pn_pinhole_any(pn, &client, &server, t->port, fits, &f);
}

enum pn_reason pn_basis_denied(const struct pn_policy *policy,
			       const struct pn_tuple *t)
{
	u32 rule;

	return t->proto == IPPROTO_TCP && t->port >= PN_EPT_PORT_MIN &&
	       pn_rpc_allows(policy, t, PN_PROTO_RPC, PN_RPC_MAPPER, &rule) ?
	       PN_NO_PINHOLE : PN_NO_RULE;
}

bool pn_basis_allows(struct pn_net *pn, const struct pn_policy *policy,
		     const struct pn_tuple *t, const struct pn_uuid *uuid,
		     u16 major)
{
	struct pn_rpc_slots slots = pn_rpc_slots(policy, uuid, major);
	struct pn_door door = {
		.uuid = *uuid,
		.major = major,
		.port = t->port,
	};
	const struct pn_rpc_slot *slot;
	struct pn_host client;
	u32 i, rule;

	pn_basis_client(t, &client);
	pn_basis_server(policy, t, &door.server);
	for (i = 0; (slot = pn_rpc_slot(&slots, i)); i++) {
		const struct pn_service *service = pn_rpc_service(policy, slot);

		if (!may_be_at(slot, t->port) ||
		    !pn_rpc_allows(policy, t, PN_PROTO_RPC, slot->number,
				   &rule))
			continue;
		if (slot->flags & POSTERN_RPC_PINNED ||
		    pn_pinhole_is_open(pn, &client, &door) ||
		    (!(service->rpc_flags & POSTERN_RPC_OPT_NO_REMEMBER) &&
		     pn_endpoint_is_known(pn, &door)))
			return true;
	}
	return false;
}

/* Of the server's zone, if that is certain. */
static bool is_owned(const struct pn_policy *policy, struct pn_tuple t)
{
	u32 class = pn_address_class(&policy->tables, t.v6, t.daddr);
	u64 zones = policy->tables.class[class].zones;

	if (hweight64(zones) == 1)
		t.zone_out = __ffs64(zones);
	return pn_classify_owned(&policy->tables, &t);
}

/*
 * Zones are not known here: the pseudo-zone of the early step closes only what no
 * zone would allow. The rest is judged when it is used.
 */
static bool stays(const struct pn_host *client, const struct pn_door *door,
		  void *data)
{
	const struct pn_policy *policy = data;
	u32 early = policy->tables.zone_early, rule;
	struct pn_tuple t = {
		.daddr = door->server.addr,
		.v6 = door->server.v6,
		.proto = IPPROTO_TCP,
		.port = door->port,
		.zone_in = early,
		.zone_out = early,
	};
	struct fit f = {
		.policy = policy, .t = &t, .learned = !client, .rule = &rule,
	};

	if (is_owned(policy, t))
		return false;
	/* of an endpoint only its use can tell */
	if (!client)
		return policy->nr_rpc;
	if (client->v6 != t.v6 &&
	    !pn_rpc_other_family(policy, t.v6, &t.daddr))
		return false;
	t.v6 = client->v6;
	t.saddr = client->addr;
	return fits(&door->uuid, door->major, &f);
}

static bool renamed(struct pn_host *server, const void *data)
{
	struct pn_host before = *server;
	bool v6;

	server->addr = pn_rpc_server(data, before.v6, before.addr, &v6);
	server->v6 = v6;
	return server->v6 != before.v6 ||
	       !pn_key_same(server->addr, before.addr);
}

void pn_basis_prepare(struct pn_net *pn, const struct pn_policy *policy)
{
	pn_pinhole_rename(pn, renamed, policy, false);
}

void pn_basis_review(struct pn_net *pn, const struct pn_policy *policy)
{
	pn_pinhole_rename(pn, renamed, policy, true);
	pn_pinhole_review(pn, stays, (void *)policy, POSTERN_CLOSED_POLICY);
}
