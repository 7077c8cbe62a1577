/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A connection whose events are written down, one a line:
 *
 *	bind 1 drsuapi 4.0 ndr32,ndr64
 *	question 2 map drsuapi 4.0 at 132
 *	answer 2 map drsuapi 4.0 status 0 port 49667 10.0.0.4
 *	refused rpc-call server 244
 */
#ifndef RECORDER_H
#define RECORDER_H

#include <stdarg.h>

#include "epm.h"
#include "interfaces.h"

#define RECORD_MAX	(1 << 16)

/**
 * struct recorder - a connection and what it said
 * @mapper: it is the mapper's, not one held to its interface
 * @deny_bind: an interface that may not be bound
 * @blind: questions are answered as changed on their way
 * @lookups: lookups are refused
 */
struct recorder {
	union {
		struct pn_epm epm;
		struct pn_rpc rpc;
	};
	bool mapper, blind, lookups_denied, sealed_denied;
	const struct pn_uuid *deny_bind;
	enum pn_rpc_reason reason;
	u32 questions, answers, ports, replaceable;
	u64 uuid_at;
	u32 len;
	char text[RECORD_MAX];
};

static struct recorder *recording;

static inline void record(const char *format, ...)
{
	struct recorder *r = recording;
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(r->text + r->len, RECORD_MAX - r->len, format, ap);
	va_end(ap);
	r->len = min_t(u32, RECORD_MAX - 1, r->len + n);
}

static inline void record_interface(const struct pn_uuid *u, u16 major, u16 minor)
{
	const struct pn_interface *known = pn_interface_find(u, major);
	int i;

	if (known) {
		record(" %s", known->name);
	} else {
		for (i = 0; i < 16; i++)
			record("%s%02x", i == 0 ? " " : i == 4 || i == 6 || i == 8 ||
			       i == 10 ? "-" : "", u->b[i]);
	}
	record(" %u.%u", major, minor);
}

static inline const char *op_name(u8 op)
{
	return op == PN_EPT_MAP ? "map" : op == PN_EPT_LOOKUP ? "lookup" : "free";
}

static inline enum pn_rpc_reason record_bind(const struct pn_rpc_context *c)
{
	static const char *const names[] = { "ndr32", "ndr64", "features", "other" };
	const char *comma = " ";
	int i;

	record("%s %u", c->alter ? "alter" : "bind", c->id);
	record_interface(&c->uuid, c->major, c->minor);
	for (i = 0; i < 4; i++) {
		if (!(c->offered & 1 << i))
			continue;
		record("%s%s", comma, names[i]);
		comma = ",";
	}
	record("\n");
	if (recording->deny_bind && pn_uuid_same(recording->deny_bind, &c->uuid))
		return PN_RPC_INTERFACE;
	return PN_RPC_OK;
}

static inline enum pn_rpc_reason record_data_bind(struct pn_rpc *rpc,
						  const struct pn_rpc_context *c)
{
	assert(rpc == &recording->rpc);
	return record_bind(c);
}

static inline enum pn_rpc_reason record_epm_bind(struct pn_epm *epm,
						 const struct pn_rpc_context *c)
{
	assert(epm == &recording->epm);
	return record_bind(c);
}

/* Which call, and about what. */
static inline void record_what(u32 call, u8 op, bool sealed, bool any, const struct pn_uuid *u,
			       u16 major, u16 minor)
{
	record("%u %s", call, op_name(op));
	if (sealed)
		record(" sealed");
	else if (any)
		record(" any");
	else
		record_interface(u, major, minor);
}

static inline enum pn_rpc_reason record_question(struct pn_epm *epm,
						 struct pn_epm_question *q)
{
	struct recorder *r = recording;

	assert(epm == &r->epm);
	r->questions++;
	record("question ");
	record_what(q->call, q->op, q->sealed, q->any, &q->uuid, q->major, q->minor);
	if (q->replaceable) {
		record(" at %llu", (unsigned long long)q->uuid_at);
		r->replaceable++;
		r->uuid_at = q->uuid_at;
	}
	record("\n");
	q->blind = r->blind;
	if (q->sealed && r->sealed_denied)
		return PN_RPC_SEALED;
	return q->op == PN_EPT_LOOKUP && r->lookups_denied ? PN_RPC_EPM_LOOKUP : PN_RPC_OK;
}

static inline enum pn_rpc_reason record_answer(struct pn_epm *epm,
					       const struct pn_epm_answer *a)
{
	struct recorder *r = recording;
	const struct pn_ept_result *result = a->result;
	u32 i;

	assert(epm == &r->epm);
	assert(result->nr <= PN_EPT_PORTS && result->nr + result->others <= result->towers);
	assert(!result->nr || (!result->status && !a->fault && !a->blind && !a->sealed));
	r->answers++;
	r->ports += result->nr;
	record("answer ");
	record_what(a->call, a->op, a->sealed, a->any, a->uuid, a->major, a->minor);
	if (a->fault)
		record(" fault %#x", a->fault);
	else if (!a->sealed)
		record(" status %#x", result->status);
	if (result->towers)
		record(" towers %u", result->towers);
	if (result->others)
		record(" others %u", result->others);
	if (result->more)
		record(" more");
	for (i = 0; i < result->nr; i++) {
		u32 addr = result->ports[i].addr;

		assert(result->ports[i].port >= PN_EPT_PORT_MIN);
		record(" port %u", result->ports[i].port);
		if (addr)
			record(" %u.%u.%u.%u", addr >> 24, addr >> 16 & 255,
			       addr >> 8 & 255, addr & 255);
	}
	record("\n");
	return PN_RPC_OK;
}

static const struct pn_rpc_ops record_rpc_ops = {
	.context = record_data_bind,
};

static const struct pn_epm_ops record_epm_ops = {
	.bind = record_epm_bind,
	.question = record_question,
	.answer = record_answer,
};

static inline void recorder_init(struct recorder *r, bool mapper)
{
	memset(r, 0, offsetof(struct recorder, text) + 1);
	r->mapper = mapper;
	if (mapper)
		pn_epm_init(&r->epm, &record_epm_ops);
	else
		pn_rpc_init(&r->rpc, &record_rpc_ops);
}

static inline enum pn_rpc_reason recorded(struct recorder *r, enum pn_rpc_way way,
					  enum pn_rpc_reason reason)
{
	if (reason && !r->reason) {
		r->reason = reason;
		record("refused %s %s\n", pn_rpc_reason_name(reason),
		       way == PN_RPC_CLIENT ? "client" : "server");
	}
	assert(reason == r->reason);
	return reason;
}

static inline enum pn_rpc_reason recorder_skip(struct recorder *r, enum pn_rpc_way way,
					       u32 len)
{
	recording = r;
	return recorded(r, way, pn_rpc_skip(&r->rpc, way, len));
}

static inline enum pn_rpc_reason recorder_feed(struct recorder *r, enum pn_rpc_way way,
					       const void *bytes, u32 len)
{
	enum pn_rpc_reason reason;
	/* The piece alone: what reads beyond it is found out. */
	u8 *piece = malloc(len ?: 1);

	if (len)
		memcpy(piece, bytes, len);
	recording = r;
	reason = r->mapper ? pn_epm_feed(&r->epm, way, piece, len) :
			     pn_rpc_feed(&r->rpc, way, piece, len);
	free(piece);
	return recorded(r, way, reason);
}

#endif /* RECORDER_H */
