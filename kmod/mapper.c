// SPDX-License-Identifier: GPL-2.0
/*
 * What the parsers tell of a connection, and what the policy says of it: binds,
 * and the endpoint mapper's questions and answers.
 */
#include <linux/in.h>
#include <net/tcp.h>

#include "events.h"
#include "inspect.h"
#include "inspected.h"
#include "judge.h"
#include "rpc.h"
#include "rpc_reader.h"

static const struct pn_uuid mapper_uuid =
	PN_UUID(e1af8308, 5d1f, 11c9, 91a4, 08002b14a0fa);

#define MAPPER_MAJOR	3

static struct pn_flow *flow_of(struct pn_rpc *rpc)
{
	return container_of(rpc, struct pn_flow, rpc);
}

/* Where the policy observes, it is told and goes on. */
static enum pn_rpc_reason refused(struct pn_flow *f, enum pn_rpc_reason reason)
{
	if (!pn_inspected_observes(f))
		return reason;
	pn_judge_report(f->pn, f->policy, f->p, pn_rpc_reason(reason), f->rule,
			true);
	return PN_RPC_OK;
}

/* Remembers what a connection is bound to, for the next policy. */
static enum pn_rpc_reason remember_bound(struct pn_flow *f,
					 const struct pn_uuid *uuid, u16 major)
{
	u32 i;

	for (i = 0; i < f->nr_bound; i++)
		if (f->bound[i].major == major &&
		    pn_uuid_same(&f->bound[i].uuid, uuid))
			return PN_RPC_OK;
	if (f->nr_bound == PN_BOUND_MAX) {
		f->bound_more = true;
		return f->observe ? PN_RPC_OK : refused(f, PN_RPC_CONTEXTS);
	}
	f->bound[f->nr_bound++] = (struct pn_bound){ *uuid, major };
	return PN_RPC_OK;
}

static enum pn_rpc_reason held_context(struct pn_rpc *rpc,
				       const struct pn_rpc_context *context)
{
	struct pn_flow *f = flow_of(rpc);

	if (!pn_basis_allows(f->pn, f->policy, &f->t, &context->uuid,
			     context->major)) {
		if (f->observe)
			pn_count(f->pn->stats, PN_COUNT_RPC_OBSERVED);
		else if (refused(f, PN_RPC_INTERFACE))
			return PN_RPC_INTERFACE;
	}
	return remember_bound(f, &context->uuid, context->major);
}

const struct pn_rpc_ops pn_held_ops = {
	.context = held_context,
};

/* On the mapper's own connection: the mapper, and what is pinned to its port. */
static enum pn_rpc_reason mapper_bind(struct pn_epm *epm,
				      const struct pn_rpc_context *context)
{
	if (context->major == MAPPER_MAJOR &&
	    pn_uuid_same(&context->uuid, &mapper_uuid))
		return PN_RPC_OK;
	return held_context(&epm->rpc, context);
}

/* May the client use this interface of the server, at whatever port? */
static bool may_ask(const struct pn_flow *f, const struct pn_uuid *uuid,
		    u16 major)
{
	struct pn_rpc_slots slots = pn_rpc_slots(f->policy, uuid, major);
	const struct pn_rpc_slot *slot;
	u32 i, rule;

	for (i = 0; (slot = pn_rpc_slot(&slots, i)); i++)
		if (pn_rpc_allows(f->policy, &f->t, PN_PROTO_RPC, slot->number,
				  &rule))
			return true;
	return false;
}

/* Was some of the 16 bytes from @seq on forwarded already? */
static bool forwarded(const struct pn_flow *f, u32 seq)
{
	const struct pn_segment *seg = f->segment;

	return !seg || before(seq, f->fresh) ||
	       after(seq + 16, seg->seq + seg->len) ||
	       pn_stream_has_early(&f->stream[PN_RPC_CLIENT], seq, seq + 16);
}

static void tell_refused(const struct pn_flow *f, const struct pn_epm_question *q)
{
	struct pn_door asked = {
		.uuid = q->uuid,
		.major = q->major,
		.port = f->t.port,
	};
	struct pn_host client;

	pn_basis_client(&f->t, &client);
	pn_basis_server(f->policy, &f->t, &asked.server);
	pn_event_pinhole(f->pn, POSTERN_EVENT_PINHOLE_REFUSE, &client, &asked, 0);
}

/* Has the server be asked for an interface that it cannot have. */
static bool replace_question(struct pn_flow *f,
			     const struct pn_epm_question *q)
{
	u32 seq = f->base[PN_RPC_CLIENT] + (u32)q->uuid_at, i;
	u32 acked = f->stream[PN_RPC_CLIENT].acked;

	if (!q->replaceable || forwarded(f, seq))
		return false;
	for (i = 0; i < PN_REWRITES_MAX; i++)
		if (!f->rewrites[i].used ||
		    !after(f->rewrites[i].seq + 16, acked))
			break;
	if (i == PN_REWRITES_MAX)
		return false;
	f->rewrites[i] = (struct pn_rewrite){ .seq = seq, .used = true };
	pn_count(f->pn->stats, PN_COUNT_EPM_REPLACED);
	tell_refused(f, q);
	return true;
}

static bool allows(const struct pn_flow *f, u16 number)
{
	u32 rule;

	return pn_rpc_allows(f->policy, &f->t, PN_PROTO_RPC, number, &rule);
}

static enum pn_rpc_reason mapper_question(struct pn_epm *epm,
					  struct pn_epm_question *q)
{
	struct pn_flow *f = flow_of(&epm->rpc);

	pn_count(f->pn->stats, PN_COUNT_EPM_QUESTIONS);
	/* which operation it is stands in the header, which nothing seals */
	if (q->op == PN_EPT_LOOKUP && !allows(f, PN_RPC_LOOKUP))
		return refused(f, PN_RPC_EPM_LOOKUP);
	if (q->sealed)
		return allows(f, PN_RPC_SEALED_DENY) ?
		       refused(f, PN_RPC_SEALED) : PN_RPC_OK;
	if (q->op == PN_EPT_LOOKUP)
		return PN_RPC_OK;
	if (may_ask(f, &q->uuid, q->major))
		return PN_RPC_OK;
	q->blind = true;
	if (!pn_inspected_observes(f) && replace_question(f, q))
		return PN_RPC_OK;
	return refused(f, PN_RPC_EPM_INTERFACE);
}

/* Whether the address in a tower is good enough for @service. */
static bool address_fits(struct pn_flow *f, const struct pn_service *service,
			 u32 addr)
{
	if (!addr || f->t.v6 || addr == f->t.daddr.hi)
		return true;
	pn_count(f->pn->stats, PN_COUNT_TOWER_ADDRESS);
	return !(service->rpc_flags & POSTERN_RPC_OPT_TOWER_STRICT);
}

/* Opens what one tower gives, by the first service that allows it. */
static void open_door(struct pn_flow *f, const struct pn_epm_answer *a,
		      const struct pn_ept_port *port)
{
	struct pn_rpc_slots slots = pn_rpc_slots(f->policy, a->uuid, a->major);
	struct pn_door door = {
		.uuid = *a->uuid,
		.major = a->major,
		.port = port->port,
	};
	const struct pn_rpc_slot *slot;
	struct pn_tuple there = f->t;
	struct pn_host client;
	u32 i;

	there.port = port->port;
	if (pn_classify_owned(&f->policy->tables, &there)) {
		pn_count(f->pn->stats, PN_COUNT_PINHOLES_OWNED);
		return;
	}
	pn_basis_client(&f->t, &client);
	pn_basis_server(f->policy, &f->t, &door.server);
	for (i = 0; (slot = pn_rpc_slot(&slots, i)); i++) {
		const struct pn_service *service;

		service = pn_rpc_service(f->policy, slot);
		if (slot->flags & POSTERN_RPC_PINNED ||
		    port->port < slot->lo || port->port > slot->hi ||
		    !allows(f, slot->number) ||
		    !address_fits(f, service, port->addr))
			continue;
		pn_pinhole_open(f->pn, &client, &door, service->rpc_idle_ms,
				service->rpc_per_client);
		if (!(service->rpc_flags & POSTERN_RPC_OPT_NO_REMEMBER))
			pn_endpoint_learn(f->pn, &door,
					  service->rpc_remember_ms);
		return;
	}
}

static enum pn_rpc_reason mapper_answer(struct pn_epm *epm,
					const struct pn_epm_answer *a)
{
	struct pn_flow *f = flow_of(&epm->rpc);
	u32 i;

	/* a listing is nobody's question for an interface */
	if (a->sealed || a->any || a->blind || a->fault ||
	    a->op != PN_EPT_MAP || a->result->status)
		return PN_RPC_OK;
	for (i = 0; i < a->result->nr; i++)
		open_door(f, a, &a->result->ports[i]);
	return PN_RPC_OK;
}

const struct pn_epm_ops pn_mapper_ops = {
	.bind = mapper_bind,
	.question = mapper_question,
	.answer = mapper_answer,
};
