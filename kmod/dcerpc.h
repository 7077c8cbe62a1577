/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Connection-oriented DCE/RPC (C706 chapter 12, MS-RPCE): from the bytes of a
 * TCP connection to its PDUs.
 *
 * THEORY OF OPERATION. Each direction is fed its bytes in order, in pieces of
 * any size: segments know nothing of PDUs. Nothing is stored but what is being
 * gathered, at most 24 bytes, so a direction is always in one of three moods:
 *
 *	gather	the next n bytes mean something; when the last of them is here, a
 *		step reads them with a cursor and says what comes next
 *	skip	the next n bytes mean nothing: credentials, stubs of calls that
 *		nobody reads; a connection held to its interface spends its life here
 *	stub	bytes of a call, handed on as they come
 *
 * A bind of 116 bytes with one context, two transfer syntaxes and credentials:
 *
 *	at 0	gather 16	header: type 11, length 116, auth_length 20, call 2
 *	at 16	gather 12	sizes, association, one context
 *	at 28	gather 24	context 0: interface, two syntaxes
 *	at 52	gather 20	NDR32
 *	at 72	gather 20	NDR64  -> ops->context()
 *	at 88	gather 8	auth trailer, length - auth_length - 8: its level
 *	at 96	skip 20		-> ops->end()
 *
 * (72 + 20 is 92, and 88 is where the trailer begins: this bind is refused.) The
 * header is looked at byte by byte as it comes: what is no DCE/RPC is refused at
 * its first wrong byte, however it is cut.
 *
 * Whatever is fed, the same bytes give the same calls of @ops in the same order.
 * A refusal is final: every later call returns its reason.
 *
 * Users: a connection held to its interface has only ops->context; the endpoint
 * mapper's (epm.h) has all.
 */
#ifndef PN_DCERPC_H
#define PN_DCERPC_H

#include <linux/build_bug.h>
#include <linux/types.h>

#include "uuid.h"

enum pn_rpc_reason {
	PN_RPC_OK,
#define REASON(name, text, help)
#define RPC_REASON(name, text, help) PN_RPC_##name,
#include <postern/reasons.inc>
#undef RPC_REASON
#undef REASON
	PN_RPC_REASONS,
};

enum pn_rpc_way {
	PN_RPC_CLIENT,			/* sent by the client */
	PN_RPC_SERVER,
};

enum pn_rpc_type {
	PN_RPC_REQUEST = 0,
	PN_RPC_RESPONSE = 2,
	PN_RPC_FAULT = 3,
	PN_RPC_BIND = 11,
	PN_RPC_BIND_ACK = 12,
	PN_RPC_BIND_NAK = 13,
	PN_RPC_ALTER = 14,
	PN_RPC_ALTER_ACK = 15,
	PN_RPC_AUTH3 = 16,
	PN_RPC_SHUTDOWN = 17,
	PN_RPC_CANCEL = 18,
	PN_RPC_ORPHANED = 19,
};

/* Of a PDU's flags. */
#define PN_RPC_FIRST		0x01
#define PN_RPC_LAST		0x02
#define PN_RPC_MAYBE		0x40	/* the call has no answer */
#define PN_RPC_OBJECT		0x80	/* 16 more bytes before the stub */

/* Transfer syntaxes, as bits. */
#define PN_RPC_NDR32		0x01
#define PN_RPC_NDR64		0x02
#define PN_RPC_FEATURES		0x04	/* bind-time feature negotiation */
#define PN_RPC_OTHER		0x08

#define PN_RPC_PRIVACY		6	/* auth level: stubs are encrypted */
#define PN_RPC_HEADER		16
#define PN_RPC_GATHER		24

/**
 * struct pn_rpc_context - one element of a bind or alter_context
 * @uuid: the interface asked for, with @major and @minor
 * @id: the client's number for it
 * @offered: transfer syntaxes
 * @alter: not of the bind, but of a later alter_context
 */
struct pn_rpc_context {
	struct pn_uuid uuid;
	u16 major, minor;
	u16 id;
	u8 offered;
	bool alter;
};

/**
 * struct pn_rpc_pdu - the PDU under way in one direction
 * @length: of the whole fragment
 * @body_end: where auth trailer or next PDU begins
 * @context: of a request or response
 * @opnum: of a request
 * @status: of a fault
 * @level: of the auth trailer, once it is read; 0: none
 * @pad: bytes before the trailer that belong to no stub
 * @big: integers are big-endian
 */
struct pn_rpc_pdu {
	u32 call;
	u32 status;
	u16 length, auth_length, body_end;
	u16 context, opnum;
	u8 type, flags, level, pad;
	bool big;
};

/**
 * struct pn_rpc_stream - one direction
 * @at: offset of the next byte from the first that was fed
 * @skip: bytes to come that mean nothing
 * @pos: offset of the next byte in the PDU
 * @step: what the bytes being gathered are
 * @need: how many these are, of which @have are here
 * @elements: contexts or results of the list to come
 * @syntaxes: transfer syntaxes of @element to come
 * @element: the context under way
 */
struct pn_rpc_stream {
	u64 at;
	u32 skip;
	u16 pos;
	u8 step, need, have;
	u8 elements, syntaxes;
	struct pn_rpc_context element;
	struct pn_rpc_pdu pdu;
	u8 gathered[PN_RPC_GATHER];
};

struct pn_rpc;

/**
 * struct pn_rpc_ops - what the user of a connection wants to be told
 * @context: a bind or alter_context names an interface
 * @begin: a PDU's header is read
 * @result: a bind_ack or alter_context_resp answers the next context of the list
 *	with result @result and transfer syntax @syntax (a bit)
 * @call: a request's or response's own header is read, its stub follows
 * @stub: bytes of the stub, with the padding that pdu->pad will tell. The first
 *	has offset stream->at.
 * @end: the PDU's last byte is read, and pdu->level and pdu->pad are known
 *
 * Each returns PN_RPC_OK or the reason to refuse the connection. With @stub NULL
 * nothing is read but headers, binds and alter_contexts, @begin, @result, @call
 * and @end are not called, and a server may call back.
 */
struct pn_rpc_ops {
	enum pn_rpc_reason (*context)(struct pn_rpc *rpc,
				      const struct pn_rpc_context *context);
	enum pn_rpc_reason (*begin)(struct pn_rpc *rpc, enum pn_rpc_way way);
	enum pn_rpc_reason (*result)(struct pn_rpc *rpc, u16 result, u8 syntax);
	enum pn_rpc_reason (*call)(struct pn_rpc *rpc, enum pn_rpc_way way);
	enum pn_rpc_reason (*stub)(struct pn_rpc *rpc, enum pn_rpc_way way,
				   const u8 *bytes, u32 len);
	enum pn_rpc_reason (*end)(struct pn_rpc *rpc, enum pn_rpc_way way);
};

/**
 * struct pn_rpc - one connection
 * @bind_call: number of the bind, which its answer must carry
 * @phase: fresh, binding, bound, or resumed in the middle
 */
struct pn_rpc {
	const struct pn_rpc_ops *ops;
	struct pn_rpc_stream stream[2];
	u32 bind_call;
	u8 phase;
	u8 reason;
};

#define PN_RPC_STATE_MAX	224
static_assert(sizeof(struct pn_rpc) <= PN_RPC_STATE_MAX,
	      "an inspected connection has bounded state");

void pn_rpc_init(struct pn_rpc *rpc, const struct pn_rpc_ops *ops);

/**
 * pn_rpc_resume - follow a connection whose beginning was not seen
 * @rpc: fresh
 *
 * Feed a direction from the first segment for which pn_rpc_resumes() says true.
 */
void pn_rpc_resume(struct pn_rpc *rpc);

/* Does a segment of @len bytes begin as a PDU of direction @way does? */
bool pn_rpc_resumes(enum pn_rpc_way way, const u8 *bytes, u32 len);

/**
 * pn_rpc_feed - the next bytes of a direction
 * @rpc: the connection
 * @way: who sent them
 * @bytes: in order, each once
 * @len: how many
 *
 * Return: PN_RPC_OK, or why the connection has to end.
 */
enum pn_rpc_reason pn_rpc_feed(struct pn_rpc *rpc, enum pn_rpc_way way,
			       const u8 *bytes, u32 len);

/*
 * The next bytes of a direction mean nothing: how many, and passing over @len
 * of them unseen. Return of pn_rpc_skip(): as pn_rpc_feed().
 */
u32 pn_rpc_skippable(const struct pn_rpc *rpc, enum pn_rpc_way way);
enum pn_rpc_reason pn_rpc_skip(struct pn_rpc *rpc, enum pn_rpc_way way, u32 len);

const char *pn_rpc_reason_name(enum pn_rpc_reason reason);

#endif /* PN_DCERPC_H */
