// SPDX-License-Identifier: GPL-2.0
/*
 * The endpoint mapper's conversation. See epm.h for how it works.
 */
#include <linux/kernel.h>
#include <linux/string.h>

#include "epm.h"

enum state {
	FREE,
	ASKING,				/* fragments of the request are under way */
	ASKED,
	ANSWERING,
};

static struct pn_epm *epm_of(struct pn_rpc *rpc)
{
	return container_of(rpc, struct pn_epm, rpc);
}

/* ---- presentation contexts */

static struct pn_epm_context *context_find(struct pn_epm *epm, u16 id)
{
	u32 i;

	for (i = 0; i < PN_EPM_CONTEXTS; i++)
		if (epm->contexts[i].used && epm->contexts[i].id == id)
			return &epm->contexts[i];
	return NULL;
}

static struct pn_epm_context *context_add(struct pn_epm *epm,
					  const struct pn_rpc_context *from)
{
	static const struct pn_uuid mapper =
		PN_UUID(e1af8308, 5d1f, 11c9, 91a4, 08002b14a0fa);
	u32 i;

	for (i = 0; i < PN_EPM_CONTEXTS; i++) {
		if (epm->contexts[i].used)
			continue;
		epm->contexts[i] = (struct pn_epm_context){
			.uuid = from->uuid, .major = from->major,
			.minor = from->minor, .id = from->id, .used = true,
			.mapper = from->major == 3 && pn_uuid_same(&from->uuid, &mapper),
		};
		return &epm->contexts[i];
	}
	return NULL;
}

static bool same_interface(const struct pn_epm_context *a, const struct pn_rpc_context *b)
{
	return a->major == b->major && a->minor == b->minor &&
	       pn_uuid_same(&a->uuid, &b->uuid);
}

/* What was offered and is not accepted is forgotten. */
static void forget_refused(struct pn_epm *epm)
{
	u32 i;

	for (i = 0; i < PN_EPM_CONTEXTS; i++)
		if (!epm->contexts[i].syntax)
			epm->contexts[i].used = false;
	epm->negotiating = false;
}

static enum pn_rpc_reason on_context(struct pn_rpc *rpc, const struct pn_rpc_context *c)
{
	struct pn_epm *epm = epm_of(rpc);
	struct pn_epm_context *context = context_find(epm, c->id);
	u32 i, slot;

	if (context && !same_interface(context, c))
		return PN_RPC_CONTEXT;
	if (!context)
		context = context_add(epm, c);
	if (!context)
		return PN_RPC_CONTEXTS;
	slot = context - epm->contexts;
	for (i = 0; i < epm->nr_pending; i++)
		if (epm->pending[i] == slot)
			return PN_RPC_CONTEXT;
	context->offered = c->offered;
	epm->pending[epm->nr_pending++] = slot;
	return epm->ops->bind(epm, c);
}

static enum pn_rpc_reason on_result(struct pn_rpc *rpc, u16 result, u8 syntax)
{
	struct pn_epm *epm = epm_of(rpc);
	struct pn_epm_context *context;

	if (epm->nr_results == epm->nr_pending)
		return PN_RPC_RESULT;
	context = &epm->contexts[epm->pending[epm->nr_results++]];
	if (result)
		return PN_RPC_OK;
	if (!(syntax & context->offered))
		return PN_RPC_RESULT;
	if (context->mapper && syntax != PN_RPC_NDR32 && syntax != PN_RPC_NDR64)
		return PN_RPC_RESULT;
	if (context->syntax && context->syntax != syntax)
		return PN_RPC_CONTEXT;
	context->syntax = syntax;
	return PN_RPC_OK;
}

/* ---- calls */

static struct pn_epm_call *call_find(struct pn_epm *epm, u32 id)
{
	u32 i;

	for (i = 0; i < PN_EPM_CALLS; i++)
		if (epm->calls[i].state != FREE && epm->calls[i].id == id)
			return &epm->calls[i];
	return NULL;
}

static struct pn_ept *decoder_of(struct pn_epm *epm, const struct pn_epm_call *call)
{
	return call->decoder < PN_EPM_DECODERS ? &epm->decoder[call->decoder] : NULL;
}

static struct pn_ept *decoder_get(struct pn_epm *epm, struct pn_epm_call *call)
{
	u32 i;

	for (i = 0; i < PN_EPM_DECODERS; i++) {
		if (epm->decoders & 1 << i)
			continue;
		epm->decoders |= 1 << i;
		call->decoder = i;
		return &epm->decoder[i];
	}
	return NULL;
}

static void decoder_put(struct pn_epm *epm, struct pn_epm_call *call)
{
	if (decoder_of(epm, call))
		epm->decoders &= ~(1 << call->decoder);
	call->decoder = PN_EPM_DECODERS;
}

static void call_end(struct pn_epm *epm, struct pn_epm_call *call)
{
	decoder_put(epm, call);
	call->state = FREE;
}

/* From now on nothing of it is read. */
static void call_abandon(struct pn_epm *epm, struct pn_epm_call *call)
{
	decoder_put(epm, call);
	call->opaque = true;
	call->abandoned = true;
}

static struct pn_epm_call *call_add(struct pn_epm *epm, u32 id)
{
	struct pn_epm_call *call = NULL;
	u32 i;

	for (i = 0; i < PN_EPM_CALLS; i++) {
		struct pn_epm_call *c = &epm->calls[i];

		if (c->state == FREE || (!call && c->state == ASKED && c->abandoned))
			call = c;
		if (c->state == FREE)
			break;
	}
	if (!call)
		return NULL;
	*call = (struct pn_epm_call){
		.id = id, .state = ASKING, .decoder = PN_EPM_DECODERS,
	};
	return call;
}

static struct pn_epm_call *call_of(struct pn_epm *epm, enum pn_rpc_way way)
{
	u8 i = epm->now[way];

	return i < PN_EPM_CALLS ? &epm->calls[i] : NULL;
}

/*
 * Is a fragment the first of its call? Neither flag, and none before it: the call
 * is whole, as those are that were sent before there were fragments.
 */
static bool begins(struct pn_epm *epm, enum pn_rpc_way way, bool under_way)
{
	u8 flags = epm->rpc.stream[way].pdu.flags & (PN_RPC_FIRST | PN_RPC_LAST);
	bool whole = !flags && !under_way;

	epm->last[way] = flags & PN_RPC_LAST || whole;
	return flags & PN_RPC_FIRST || whole;
}

static bool sealed(const struct pn_epm *epm, const struct pn_rpc_pdu *pdu)
{
	return epm->seals && pdu->auth_length;
}

static enum pn_rpc_reason ask(struct pn_epm *epm, struct pn_epm_call *call,
			      struct pn_epm_question *q)
{
	enum pn_rpc_reason reason;

	q->call = call->id;
	q->op = call->opnum;
	reason = epm->ops->question(epm, q);
	call->blind = q->blind;
	return reason;
}

static enum pn_rpc_reason answer(struct pn_epm *epm, struct pn_epm_call *call,
				 u32 fault, struct pn_ept_result *result)
{
	static const struct pn_ept_result nothing;
	struct pn_epm_answer a = {
		.uuid = &call->uuid, .major = call->major, .minor = call->minor,
		.call = call->id, .op = call->opnum, .sealed = call->sealed,
		.any = call->any, .blind = call->blind, .fault = fault,
		.result = result ?: &nothing,
	};

	if (!call->mapper || call->abandoned || call->opnum == PN_EPT_FREE)
		return PN_RPC_OK;
	if (call->blind && result)
		result->nr = 0;
	return epm->ops->answer(epm, &a);
}

static enum pn_rpc_reason request_begins(struct pn_epm *epm, const struct pn_rpc_pdu *pdu,
					 const struct pn_epm_context *context)
{
	struct pn_epm_call *call;
	struct pn_ept *decoder;

	call = call_add(epm, pdu->call);
	if (!call)
		return PN_RPC_CALLS;
	epm->now[PN_RPC_CLIENT] = call - epm->calls;
	call->context = context - epm->contexts;
	call->opnum = pdu->opnum;
	call->big = pdu->big;
	call->mapper = context->mapper;
	call->opaque = !context->mapper;
	if (!context->mapper)
		return PN_RPC_OK;

	if (pdu->opnum < PN_EPT_LOOKUP || pdu->opnum > PN_EPT_FREE)
		return PN_RPC_EPM_CALL;
	if (sealed(epm, pdu)) {
		struct pn_epm_question q = { .sealed = true };

		call->opaque = true;
		call->sealed = true;
		return pdu->opnum == PN_EPT_FREE ? PN_RPC_OK : ask(epm, call, &q);
	}
	decoder = decoder_get(epm, call);
	if (!decoder)
		return PN_RPC_FRAGMENTS;
	pn_ept_question(decoder, pdu->opnum, context->syntax == PN_RPC_NDR64, pdu->big);
	return PN_RPC_OK;
}

static enum pn_rpc_reason on_request(struct pn_epm *epm, const struct pn_rpc_pdu *pdu)
{
	const struct pn_epm_context *context = context_find(epm, pdu->context);
	struct pn_epm_call *call = call_find(epm, pdu->call);
	struct pn_ept *decoder;

	if (!context || !context->syntax)
		return PN_RPC_CONTEXT;
	if (begins(epm, PN_RPC_CLIENT, call && call->state == ASKING)) {
		if (call)
			return PN_RPC_CALL;
		if (pdu->flags & PN_RPC_MAYBE) {
			/* There will be no answer, so there is no call to keep. */
			return context->mapper ? PN_RPC_EPM_CALL : PN_RPC_OK;
		}
		return request_begins(epm, pdu, context);
	}

	if (!call || call->state != ASKING || pdu->opnum != call->opnum ||
	    pdu->big != call->big || context != &epm->contexts[call->context])
		return PN_RPC_FRAGMENTS;
	decoder = decoder_of(epm, call);
	if (decoder) {
		if (sealed(epm, pdu))
			return PN_RPC_FRAGMENTS;
		decoder->fragment = decoder->at;
	}
	epm->now[PN_RPC_CLIENT] = call - epm->calls;
	return PN_RPC_OK;
}

static enum pn_rpc_reason on_response(struct pn_epm *epm, const struct pn_rpc_pdu *pdu)
{
	struct pn_epm_call *call = call_find(epm, pdu->call);
	struct pn_ept *decoder;
	bool under_way;

	if (!call || call->state == ASKING)
		return PN_RPC_CALL;
	epm->now[PN_RPC_SERVER] = call - epm->calls;
	under_way = call->state == ANSWERING;
	if (begins(epm, PN_RPC_SERVER, under_way) == under_way)
		return PN_RPC_FRAGMENTS;
	if (under_way) {
		decoder = decoder_of(epm, call);
		if (pdu->big != call->big || (decoder && sealed(epm, pdu)))
			return PN_RPC_FRAGMENTS;
		return PN_RPC_OK;
	}

	call->state = ANSWERING;
	call->big = pdu->big;
	if (!call->opaque && sealed(epm, pdu)) {
		call->opaque = true;
		call->sealed = true;
	}
	if (call->opaque)
		return PN_RPC_OK;
	decoder = decoder_get(epm, call);
	if (!decoder)
		return PN_RPC_FRAGMENTS;
	pn_ept_answer(decoder, call->opnum,
		      epm->contexts[call->context].syntax == PN_RPC_NDR64, pdu->big,
		      call->any ? NULL : &call->uuid, call->major, call->max);
	return PN_RPC_OK;
}

static enum pn_rpc_reason on_call(struct pn_rpc *rpc, enum pn_rpc_way way)
{
	struct pn_epm *epm = epm_of(rpc);
	const struct pn_rpc_pdu *pdu = &rpc->stream[way].pdu;

	return way == PN_RPC_CLIENT ? on_request(epm, pdu) : on_response(epm, pdu);
}

/* The decoder has just read what is asked for. */
static enum pn_rpc_reason on_known(struct pn_epm *epm, struct pn_epm_call *call,
				   const struct pn_ept *e, u64 at)
{
	const struct pn_rpc_pdu *pdu = &epm->rpc.stream[PN_RPC_CLIENT].pdu;
	struct pn_epm_question q = {
		.uuid = e->uuid, .major = e->major, .minor = e->minor, .any = e->any,
	};

	call->uuid = e->uuid;
	call->major = e->major;
	call->minor = e->minor;
	call->any = e->any;
	if (call->opnum == PN_EPT_MAP) {
		q.uuid_at = at - (e->at - e->uuid_at);
		q.replaceable = !pdu->auth_length && e->uuid_at >= e->fragment;
	}
	return ask(epm, call, &q);
}

static enum pn_rpc_reason on_stub(struct pn_rpc *rpc, enum pn_rpc_way way,
				  const u8 *bytes, u32 len)
{
	struct pn_epm *epm = epm_of(rpc);
	struct pn_epm_call *call = call_of(epm, way);
	enum pn_rpc_reason reason = PN_RPC_OK;
	struct pn_ept *decoder;
	u32 used = 0;

	decoder = call ? decoder_of(epm, call) : NULL;
	while (decoder && !reason && used < len) {
		bool known = decoder->known;

		used += pn_ept_feed(decoder, bytes + used, len - used, &reason);
		if (!reason && decoder->known && !known && way == PN_RPC_CLIENT)
			reason = on_known(epm, call, decoder, rpc->stream[way].at + used);
	}
	return reason;
}

/* ---- PDUs */

static enum pn_rpc_reason on_begin(struct pn_rpc *rpc, enum pn_rpc_way way)
{
	struct pn_epm *epm = epm_of(rpc);
	const struct pn_rpc_pdu *pdu = &rpc->stream[way].pdu;

	epm->now[way] = PN_EPM_CALLS;
	switch (pdu->type) {
	case PN_RPC_BIND:
	case PN_RPC_ALTER:
		if (epm->negotiating)
			return PN_RPC_ORDER;
		epm->nr_pending = 0;
		break;
	case PN_RPC_BIND_ACK:
	case PN_RPC_ALTER_ACK:
		if (!epm->negotiating || pdu->call != epm->pending_call)
			return PN_RPC_ORDER;
		epm->nr_results = 0;
		break;
	}
	return PN_RPC_OK;
}

static enum pn_rpc_reason end_fragment(struct pn_epm *epm, enum pn_rpc_way way,
				       enum state under_way)
{
	const struct pn_rpc_pdu *pdu = &epm->rpc.stream[way].pdu;
	struct pn_epm_call *call = call_of(epm, way);
	enum pn_rpc_reason reason = PN_RPC_OK;
	struct pn_ept *decoder;

	if (!call || call->state != under_way)
		return PN_RPC_OK;
	decoder = decoder_of(epm, call);
	if (decoder && pdu->level >= PN_RPC_PRIVACY)
		return PN_RPC_SEALED;
	if (!epm->last[way]) {
		/* The padding was read as stub: only now it is told apart. */
		return decoder && pdu->pad ? PN_RPC_FRAGMENTS : PN_RPC_OK;
	}
	if (decoder)
		reason = pn_ept_end(decoder, pdu->pad);
	if (reason)
		return reason;
	if (way == PN_RPC_SERVER) {
		reason = answer(epm, call, 0, decoder ? &decoder->result : NULL);
		call_end(epm, call);
		return reason;
	}
	if (decoder)
		call->max = decoder->max;
	decoder_put(epm, call);
	call->state = ASKED;
	/* A fault came before the question was out: there will be no answer. */
	if (call->abandoned)
		call_end(epm, call);
	return PN_RPC_OK;
}

static enum pn_rpc_reason on_fault(struct pn_epm *epm, const struct pn_rpc_pdu *pdu)
{
	struct pn_epm_call *call = call_find(epm, pdu->call);
	enum pn_rpc_reason reason;

	if (epm->negotiating && pdu->call == epm->pending_call)
		forget_refused(epm);
	/* A fault carries no port: one that nobody waits for does no harm. */
	if (!call)
		return PN_RPC_OK;
	reason = answer(epm, call, pdu->status, NULL);
	if (call->state == ASKING)
		call_abandon(epm, call);
	else
		call_end(epm, call);
	return reason;
}

static enum pn_rpc_reason on_end(struct pn_rpc *rpc, enum pn_rpc_way way)
{
	struct pn_epm *epm = epm_of(rpc);
	const struct pn_rpc_pdu *pdu = &rpc->stream[way].pdu;
	struct pn_epm_call *call;

	switch (pdu->type) {
	case PN_RPC_BIND:
	case PN_RPC_ALTER:
		epm->negotiating = true;
		epm->pending_call = pdu->call;
		fallthrough;
	case PN_RPC_AUTH3:
		if (pdu->level >= PN_RPC_PRIVACY)
			epm->seals = true;
		break;
	case PN_RPC_BIND_ACK:
	case PN_RPC_ALTER_ACK:
		if (epm->nr_results != epm->nr_pending)
			return PN_RPC_RESULT;
		forget_refused(epm);
		break;
	case PN_RPC_BIND_NAK:
		forget_refused(epm);
		break;
	case PN_RPC_REQUEST:
		return end_fragment(epm, way, ASKING);
	case PN_RPC_RESPONSE:
		return end_fragment(epm, way, ANSWERING);
	case PN_RPC_FAULT:
		return on_fault(epm, pdu);
	case PN_RPC_ORPHANED:
		call = call_find(epm, pdu->call);
		if (call) {
			call_abandon(epm, call);
			if (call->state == ASKING)
				call->state = ASKED;
		}
		break;
	}
	return PN_RPC_OK;
}

static const struct pn_rpc_ops epm_rpc_ops = {
	.context = on_context,
	.begin = on_begin,
	.result = on_result,
	.call = on_call,
	.stub = on_stub,
	.end = on_end,
};

void pn_epm_init(struct pn_epm *epm, const struct pn_epm_ops *ops)
{
	memset(epm, 0, sizeof(*epm));
	pn_rpc_init(&epm->rpc, &epm_rpc_ops);
	epm->ops = ops;
}

enum pn_rpc_reason pn_epm_feed(struct pn_epm *epm, enum pn_rpc_way way,
			       const u8 *bytes, u32 len)
{
	return pn_rpc_feed(&epm->rpc, way, bytes, len);
}
