// SPDX-License-Identifier: GPL-2.0
/*
 * Connection-oriented DCE/RPC: framing, and what of each PDU is in the clear. See
 * dcerpc.h for how it works.
 */
#include <linux/kernel.h>
#include <linux/string.h>

#include "cursor.h"
#include "dcerpc.h"

enum phase {
	FRESH,				/* no bind yet */
	BINDING,			/* no answer to it yet */
	BOUND,
	RESUMED,			/* any of them: its beginning was not seen */
};

enum step {
	HEADER,
	BIND,
	CONTEXT,
	SYNTAX,
	ACK,
	RESULTS,
	RESULT,
	CALL,
	STUB,
	TRAILER,
	END,
};

/* Who sends it; a call back is a call in the other direction. */
#define CLIENT		0x01
#define SERVER		0x02
#define CALL_BACK	0x04

static const struct {
	u8 from;
	u8 length;			/* at least, without auth trailer */
} types[] = {
	[PN_RPC_REQUEST]   = { CLIENT | CALL_BACK, 24 },
	[PN_RPC_RESPONSE]  = { SERVER | CALL_BACK, 24 },
	[PN_RPC_FAULT]	   = { SERVER | CALL_BACK, 28 },
	[PN_RPC_BIND]	   = { CLIENT, 28 },
	[PN_RPC_BIND_ACK]  = { SERVER, 26 },
	[PN_RPC_BIND_NAK]  = { SERVER, 18 },
	[PN_RPC_ALTER]	   = { CLIENT, 28 },
	[PN_RPC_ALTER_ACK] = { SERVER, 26 },
	[PN_RPC_AUTH3]	   = { CLIENT, 16 },
	[PN_RPC_SHUTDOWN]  = { SERVER, 16 },
	[PN_RPC_CANCEL]	   = { CLIENT, 16 },
	[PN_RPC_ORPHANED]  = { CLIENT, 16 },
};

static bool type_from(u8 type, enum pn_rpc_way way, bool call_back)
{
	u8 from = type < ARRAY_SIZE(types) ? types[type].from : 0;

	return from & (way == PN_RPC_CLIENT ? CLIENT : SERVER) ||
	       (call_back && from & CALL_BACK);
}

/* One byte of a header, as soon as it is here. */
static enum pn_rpc_reason check_header_byte(enum pn_rpc_way way, bool call_back,
					    u32 i, u8 byte)
{
	switch (i) {
	case 0:
		return byte == 5 ? PN_RPC_OK : PN_RPC_NOT_RPC;
	case 1:
		return byte <= 1 ? PN_RPC_OK : PN_RPC_NOT_RPC;
	case 2:
		return type_from(byte, way, call_back) ? PN_RPC_OK : PN_RPC_TYPE;
	case 4:
		/* big- or little-endian, ASCII or EBCDIC */
		return byte & 0xee ? PN_RPC_NOT_RPC : PN_RPC_OK;
	case 5:
		return byte <= 3 ? PN_RPC_OK : PN_RPC_NOT_RPC;
	}
	return PN_RPC_OK;
}

static enum pn_rpc_reason take_header(struct pn_rpc_pdu *pdu, const u8 *bytes)
{
	struct pn_cursor c = pn_cursor(bytes, PN_RPC_HEADER, !(bytes[4] & 0x10));
	u32 least;

	memset(pdu, 0, sizeof(*pdu));
	pn_take_u16(&c);
	pdu->type = pn_take_u8(&c);
	pdu->flags = pn_take_u8(&c);
	pdu->big = c.big;
	pn_take_u32(&c);
	pdu->length = pn_take_u16(&c);
	pdu->auth_length = pn_take_u16(&c);
	pdu->call = pn_take_u32(&c);

	least = types[pdu->type].length;
	if (pdu->type == PN_RPC_REQUEST && pdu->flags & PN_RPC_OBJECT)
		least += 16;
	if (pdu->auth_length)
		least += 8 + pdu->auth_length;
	if (pdu->length < least)
		return PN_RPC_LENGTH;
	pdu->body_end = pdu->length;
	if (pdu->auth_length)
		pdu->body_end -= 8 + pdu->auth_length;
	return PN_RPC_OK;
}

static enum pn_rpc_reason check_order(const struct pn_rpc *rpc, enum pn_rpc_way way)
{
	const struct pn_rpc_pdu *pdu = &rpc->stream[way].pdu;

	switch (pdu->type) {
	case PN_RPC_BIND:
		if (rpc->phase != FRESH && rpc->phase != RESUMED)
			return PN_RPC_ORDER;
		break;
	case PN_RPC_BIND_ACK:
	case PN_RPC_BIND_NAK:
		if (rpc->phase == RESUMED)
			break;
		if (rpc->phase != BINDING || pdu->call != rpc->bind_call)
			return PN_RPC_ORDER;
		break;
	case PN_RPC_RESPONSE:
	case PN_RPC_ALTER_ACK:
		if (rpc->phase == FRESH || rpc->phase == BINDING)
			return PN_RPC_ORDER;
		break;
	default:
		if (way == PN_RPC_CLIENT && rpc->phase == FRESH)
			return PN_RPC_ORDER;
	}
	return PN_RPC_OK;
}

/* What the next @n bytes of the PDU are; they must be in its body. */
static enum pn_rpc_reason expect(struct pn_rpc_stream *s, enum step step, u32 n)
{
	if (s->pos + s->skip + n > s->pdu.body_end)
		return PN_RPC_LENGTH;
	s->step = step;
	s->need = n;
	return PN_RPC_OK;
}

static enum pn_rpc_reason expect_rest(const struct pn_rpc *rpc, struct pn_rpc_stream *s)
{
	if (!s->pdu.auth_length || !rpc->ops->stub) {
		s->skip = s->pdu.length - s->pos;
		s->step = END;
		return PN_RPC_OK;
	}
	s->skip = s->pdu.body_end - s->pos;
	s->step = TRAILER;
	s->need = 8;
	return PN_RPC_OK;
}

static enum pn_rpc_reason take_pdu(struct pn_rpc *rpc, enum pn_rpc_way way)
{
	struct pn_rpc_stream *s = &rpc->stream[way];
	enum pn_rpc_reason reason;

	reason = take_header(&s->pdu, s->gathered);
	if (!reason)
		reason = check_order(rpc, way);
	if (!reason && rpc->ops->stub)
		reason = rpc->ops->begin(rpc, way);
	if (reason)
		return reason;

	switch (s->pdu.type) {
	case PN_RPC_BIND:
	case PN_RPC_ALTER:
		return expect(s, BIND, 12);
	case PN_RPC_BIND_ACK:
	case PN_RPC_ALTER_ACK:
		if (rpc->ops->stub)
			return expect(s, ACK, 10);
		break;
	case PN_RPC_REQUEST:
	case PN_RPC_RESPONSE:
		if (rpc->ops->stub)
			return expect(s, CALL, 8);
		break;
	case PN_RPC_FAULT:
		if (rpc->ops->stub)
			return expect(s, CALL, 12);
		break;
	}
	return expect_rest(rpc, s);
}

static u8 take_syntax(struct pn_cursor *c)
{
	static const struct pn_uuid ndr32 =
		PN_UUID(8a885d04, 1ceb, 11c9, 9fe8, 08002b104860);
	static const struct pn_uuid ndr64 =
		PN_UUID(71710533, beba, 4937, 8319, b5dbef9ccc36);
	/* the second half says which features */
	static const struct pn_uuid features =
		PN_UUID(6cb71c2c, 9812, 4540, 0000, 000000000000);
	struct pn_uuid uuid;
	u32 version;

	pn_take_uuid(c, &uuid);
	version = pn_take_u32(c);
	if (version == 2 && pn_uuid_same(&uuid, &ndr32))
		return PN_RPC_NDR32;
	if (version == 1 && pn_uuid_same(&uuid, &ndr64))
		return PN_RPC_NDR64;
	if (version == 1 && !memcmp(&uuid, &features, 8))
		return PN_RPC_FEATURES;
	return PN_RPC_OTHER;
}

static enum pn_rpc_reason next_context(struct pn_rpc *rpc, struct pn_rpc_stream *s)
{
	if (!s->elements)
		return expect_rest(rpc, s);
	s->elements--;
	return expect(s, CONTEXT, 24);
}

static enum pn_rpc_reason next_syntax(struct pn_rpc *rpc, struct pn_rpc_stream *s)
{
	enum pn_rpc_reason reason;

	if (s->syntaxes) {
		s->syntaxes--;
		return expect(s, SYNTAX, 20);
	}
	reason = rpc->ops->context(rpc, &s->element);
	return reason ?: next_context(rpc, s);
}

static enum pn_rpc_reason next_result(struct pn_rpc *rpc, struct pn_rpc_stream *s)
{
	if (!s->elements)
		return expect_rest(rpc, s);
	s->elements--;
	return expect(s, RESULT, 24);
}

static enum pn_rpc_reason take_context(struct pn_rpc *rpc, struct pn_rpc_stream *s,
				       struct pn_cursor *c)
{
	struct pn_rpc_context *element = &s->element;
	u32 version;

	element->id = pn_take_u16(c);
	s->syntaxes = pn_take_u8(c);
	pn_take_u8(c);
	pn_take_uuid(c, &element->uuid);
	version = pn_take_u32(c);
	element->major = version;
	element->minor = version >> 16;
	element->offered = 0;
	element->alter = s->pdu.type == PN_RPC_ALTER;
	return next_syntax(rpc, s);
}

static enum pn_rpc_reason take_ack(struct pn_rpc_stream *s, struct pn_cursor *c)
{
	u32 address;

	pn_take_u64(c);
	address = pn_take_u16(c);
	s->skip = address + pn_align(s->pos + address, 4);
	return expect(s, RESULTS, 4);
}

static enum pn_rpc_reason take_call(struct pn_rpc *rpc, enum pn_rpc_way way,
				    struct pn_cursor *c)
{
	struct pn_rpc_stream *s = &rpc->stream[way];
	enum pn_rpc_reason reason;

	pn_take_u32(c);
	s->pdu.context = pn_take_u16(c);
	if (s->pdu.type == PN_RPC_FAULT) {
		pn_take_u16(c);
		s->pdu.status = pn_take_u32(c);
		return expect_rest(rpc, s);
	}
	if (s->pdu.type == PN_RPC_REQUEST) {
		s->pdu.opnum = pn_take_u16(c);
		if (s->pdu.flags & PN_RPC_OBJECT)
			s->skip = 16;
	}
	reason = rpc->ops->call(rpc, way);
	return reason ?: expect(s, STUB, 0);
}

/* All bytes of a step are gathered. */
static enum pn_rpc_reason take_step(struct pn_rpc *rpc, enum pn_rpc_way way)
{
	struct pn_rpc_stream *s = &rpc->stream[way];
	struct pn_cursor c = pn_cursor(s->gathered, s->need, s->pdu.big);
	enum pn_rpc_reason reason;
	u16 result;

	switch (s->step) {
	case HEADER:
		return take_pdu(rpc, way);
	case BIND:
		pn_take_u64(&c);
		s->elements = pn_take_u8(&c);
		return next_context(rpc, s);
	case CONTEXT:
		return take_context(rpc, s, &c);
	case SYNTAX:
		s->element.offered |= take_syntax(&c);
		return next_syntax(rpc, s);
	case ACK:
		return take_ack(s, &c);
	case RESULTS:
		s->elements = pn_take_u8(&c);
		return next_result(rpc, s);
	case RESULT:
		result = pn_take_u16(&c);
		pn_take_u16(&c);
		reason = rpc->ops->result(rpc, result, take_syntax(&c));
		return reason ?: next_result(rpc, s);
	case CALL:
		return take_call(rpc, way, &c);
	case TRAILER:
		pn_take_u8(&c);
		s->pdu.level = pn_take_u8(&c);
		s->pdu.pad = pn_take_u8(&c);
		s->skip = s->pdu.auth_length;
		s->step = END;
		return PN_RPC_OK;
	}
	return PN_RPC_NOT_RPC;
}

static enum pn_rpc_reason end_pdu(struct pn_rpc *rpc, enum pn_rpc_way way)
{
	struct pn_rpc_stream *s = &rpc->stream[way];
	enum pn_rpc_reason reason = PN_RPC_OK;

	switch (s->pdu.type) {
	case PN_RPC_BIND:
		rpc->phase = BINDING;
		rpc->bind_call = s->pdu.call;
		break;
	case PN_RPC_BIND_ACK:
		rpc->phase = BOUND;
		break;
	case PN_RPC_BIND_NAK:
		rpc->phase = FRESH;
		break;
	}
	if (rpc->ops->stub)
		reason = rpc->ops->end(rpc, way);
	s->pos = 0;
	s->step = HEADER;
	s->need = PN_RPC_HEADER;
	return reason;
}

static void pass(struct pn_rpc_stream *s, u32 n)
{
	s->at += n;
	s->pos += n;
}

static u32 gather(struct pn_rpc *rpc, enum pn_rpc_way way, const u8 *bytes, u32 len,
		  enum pn_rpc_reason *reason)
{
	struct pn_rpc_stream *s = &rpc->stream[way];
	u32 i, n = min_t(u32, len, s->need - s->have);

	for (i = 0; i < n && s->step == HEADER && !*reason; i++)
		*reason = check_header_byte(way, !rpc->ops->stub, s->have + i, bytes[i]);
	memcpy(s->gathered + s->have, bytes, n);
	s->have += n;
	pass(s, n);
	if (s->have == s->need && !*reason) {
		s->have = 0;
		*reason = take_step(rpc, way);
	}
	return n;
}

static u32 give_stub(struct pn_rpc *rpc, enum pn_rpc_way way, const u8 *bytes, u32 len,
		     enum pn_rpc_reason *reason)
{
	struct pn_rpc_stream *s = &rpc->stream[way];
	u32 n = min_t(u32, len, s->pdu.body_end - s->pos);

	*reason = rpc->ops->stub(rpc, way, bytes, n);
	pass(s, n);
	return n;
}

/* Steps that need no more bytes. Return: there are such. */
static bool settle(struct pn_rpc *rpc, enum pn_rpc_way way, enum pn_rpc_reason *reason)
{
	struct pn_rpc_stream *s = &rpc->stream[way];

	if (s->skip)
		return false;
	if (s->step == END)
		*reason = end_pdu(rpc, way);
	else if (s->step == STUB && s->pos == s->pdu.body_end)
		*reason = expect_rest(rpc, s);
	else
		return false;
	return true;
}

static u32 skip(struct pn_rpc_stream *s, u32 len)
{
	u32 n = min(len, s->skip);

	s->skip -= n;
	pass(s, n);
	return n;
}

enum pn_rpc_reason pn_rpc_feed(struct pn_rpc *rpc, enum pn_rpc_way way,
			       const u8 *bytes, u32 len)
{
	struct pn_rpc_stream *s = &rpc->stream[way];
	enum pn_rpc_reason reason = rpc->reason;

	while (len && !reason) {
		u32 n;

		if (way == PN_RPC_SERVER && rpc->phase == FRESH) {
			reason = PN_RPC_SERVER_FIRST;
			break;
		}
		if (s->skip)
			n = skip(s, len);
		else if (s->step == STUB)
			n = give_stub(rpc, way, bytes, len, &reason);
		else
			n = gather(rpc, way, bytes, len, &reason);
		bytes += n;
		len -= n;
		while (!reason && settle(rpc, way, &reason))
			;
	}
	rpc->reason = reason;
	return reason;
}

u32 pn_rpc_skippable(const struct pn_rpc *rpc, enum pn_rpc_way way)
{
	return rpc->reason ? 0 : rpc->stream[way].skip;
}

enum pn_rpc_reason pn_rpc_skip(struct pn_rpc *rpc, enum pn_rpc_way way, u32 len)
{
	enum pn_rpc_reason reason = rpc->reason;

	/* Bytes that were to be read are lost: the rest cannot be followed. */
	if (!reason && len > rpc->stream[way].skip)
		reason = PN_RPC_NOT_RPC;
	if (!reason)
		skip(&rpc->stream[way], len);
	while (!reason && settle(rpc, way, &reason))
		;
	rpc->reason = reason;
	return reason;
}

void pn_rpc_init(struct pn_rpc *rpc, const struct pn_rpc_ops *ops)
{
	memset(rpc, 0, sizeof(*rpc));
	rpc->ops = ops;
	rpc->stream[PN_RPC_CLIENT].need = PN_RPC_HEADER;
	rpc->stream[PN_RPC_SERVER].need = PN_RPC_HEADER;
}

void pn_rpc_resume(struct pn_rpc *rpc)
{
	rpc->phase = RESUMED;
}

bool pn_rpc_resumes(enum pn_rpc_way way, const u8 *bytes, u32 len)
{
	struct pn_rpc_pdu pdu;
	u32 i;

	if (len < PN_RPC_HEADER)
		return false;
	for (i = 0; i < PN_RPC_HEADER; i++)
		if (check_header_byte(way, true, i, bytes[i]))
			return false;
	/* Of the reserved bytes the standard says that they are 0. */
	return !bytes[6] && !bytes[7] && !take_header(&pdu, bytes);
}

const char *pn_rpc_reason_name(enum pn_rpc_reason reason)
{
	static const char *const names[] = {
		"",
#define REASON(name, text, help)
#define RPC_REASON(name, text, help) text,
#include <postern/reasons.inc>
#undef RPC_REASON
#undef REASON
	};

	return names[reason];
}
