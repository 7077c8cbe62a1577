/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The endpoint mapper's conversation: who asked for which interface, and which
 * port the server named.
 *
 * THEORY OF OPERATION. On top of the PDUs (dcerpc.h) a mapper connection has a
 * table of presentation contexts and one of calls under way:
 *
 *	client	bind 2: context 0 mapper in NDR32, 1 mapper in NDR64, 2 features
 *	server	bind_ack 2: refused, accepted NDR64, features
 *			contexts { 1: mapper, NDR64 }
 *	client	request 5 in context 1, opnum 3, tower { drsuapi 4.0, TCP }
 *			calls { 5: map drsuapi 4 }		-> ops->question()
 *	server	response 5, tower { drsuapi 4.0, TCP, 49667 }, status 0
 *			calls { }				-> ops->answer()
 *
 * The server's results go by their place in the list, and only they say whether
 * stubs are NDR32 or NDR64. A stub is decoded as it comes (ept.h), in one of a few
 * decoders that a call has while its fragments are under way; so fragments of
 * several calls may be mixed.
 *
 * A question is told as soon as the interface is read, when the caller may still
 * change its bytes in the segment at hand; an answer, when its last byte is read,
 * before which no client acts on it. An answer counts only for a call that asked,
 * in the context in which it asked, and for the interface that it asked.
 *
 * Not decoded, and opening nothing: calls whose stubs are encrypted, calls of
 * other interfaces that the caller lets be bound here, calls that the client
 * abandoned.
 *
 * Bounds, each of which refuses the connection when it is reached:
 *
 *	PN_EPM_CONTEXTS	  16  presentation contexts
 *	PN_EPM_CALLS	  16  calls under way
 *	PN_EPM_DECODERS	   4  calls whose fragments are under way
 *	PN_EPT_STUB_MAX	256K  bytes of one call's stub, PN_TOWER_MAX 4K of a tower
 *
 * and one that does not: of an answer PN_EPT_PORTS (8) different ports are kept.
 */
#ifndef PN_EPM_H
#define PN_EPM_H

#include "dcerpc.h"
#include "ept.h"

#define PN_EPM_CONTEXTS		16
#define PN_EPM_CALLS		16
#define PN_EPM_DECODERS		4

/**
 * struct pn_epm_question - a client asks the mapper
 * @uuid: the interface asked for, with @major and @minor
 * @call: number of the call
 * @op: PN_EPT_MAP or PN_EPT_LOOKUP
 * @sealed: it is encrypted; nothing is known but @call and @op
 * @any: a lookup that names no interface
 * @replaceable: the request is not signed, and @uuid lies in one piece of the
 *	stream, as pn_uuid_to_tower() writes it
 * @uuid_at: where, from the first byte of the client's
 * @blind: set by the callee: whatever is answered opens nothing, because the
 *	question was changed on its way, or is one that only an observing policy lets pass
 */
struct pn_epm_question {
	struct pn_uuid uuid;
	u16 major, minor;
	u32 call;
	u8 op;
	bool sealed, any, replaceable, blind;
	u64 uuid_at;
};

/**
 * struct pn_epm_answer - and is answered
 * @uuid: the interface asked for, with @major and @minor
 * @call: number of the call
 * @op: PN_EPT_MAP or PN_EPT_LOOKUP
 * @sealed: question or answer is encrypted; nothing is known but @call and @op
 * @any: as asked
 * @blind: as the callee of the question said; @result has no ports
 * @fault: status of a fault instead of an answer, or 0
 * @result: ports are there only with status 0
 */
struct pn_epm_answer {
	const struct pn_uuid *uuid;
	u16 major, minor;
	u32 call;
	u8 op;
	bool sealed, any, blind;
	u32 fault;
	const struct pn_ept_result *result;
};

struct pn_epm;

/**
 * struct pn_epm_ops - what is told
 * @bind: a context of a bind or alter_context names an interface, perhaps not
 *	the mapper's. PN_RPC_OK lets it pass.
 * @question: a client asks the mapper
 * @answer: the mapper answers
 *
 * Each returns PN_RPC_OK, or the reason to refuse the connection.
 */
struct pn_epm_ops {
	enum pn_rpc_reason (*bind)(struct pn_epm *epm,
				   const struct pn_rpc_context *context);
	enum pn_rpc_reason (*question)(struct pn_epm *epm,
				       struct pn_epm_question *question);
	enum pn_rpc_reason (*answer)(struct pn_epm *epm,
				     const struct pn_epm_answer *answer);
};

/**
 * struct pn_epm_context - a presentation context
 * @syntax: accepted transfer syntax, as a bit; 0: none yet
 * @offered: in the bind or alter_context under way
 * @used: this slot is
 */
struct pn_epm_context {
	struct pn_uuid uuid;
	u16 major, minor;
	u16 id;
	u8 syntax, offered;
	bool used, mapper;
};

/**
 * struct pn_epm_call - a call under way
 * @uuid: what it asks for, with @major and @minor
 * @max: and how many of it
 * @context: slot of its presentation context
 * @decoder: slot, or PN_EPM_DECODERS
 * @state: asking, asked, answering
 * @big: byte order of the fragments under way
 * @opaque: its stubs are not decoded
 * @mapper: it is one of the mapper's
 * @abandoned: by the client, or ended by a fault before it was asked
 */
struct pn_epm_call {
	struct pn_uuid uuid;
	u16 major, minor;
	u32 id, max;
	u16 opnum;
	u8 context, decoder, state;
	bool big, opaque, mapper, sealed, any, blind, abandoned;
};

/**
 * struct pn_epm - one mapper connection
 * @pending: slots that the bind or alter_context under way names, in its order
 * @pending_call: its number
 * @nr_pending: how many
 * @nr_results: how many of them are answered
 * @negotiating: it waits for its answer
 * @seals: some security context of this connection may encrypt
 * @now: slot of the call of the PDU under way in each direction, or PN_EPM_CALLS
 * @last: that PDU is the last of its call
 * @decoders: slots in use, as bits
 */
struct pn_epm {
	struct pn_rpc rpc;
	const struct pn_epm_ops *ops;
	u32 pending_call;
	u8 pending[PN_EPM_CONTEXTS];
	u8 nr_pending, nr_results;
	bool negotiating, seals;
	u8 now[2];
	bool last[2];
	u8 decoders;
	struct pn_epm_context contexts[PN_EPM_CONTEXTS];
	struct pn_epm_call calls[PN_EPM_CALLS];
	struct pn_ept decoder[PN_EPM_DECODERS];
};

#define PN_EPM_STATE_MAX	2560
static_assert(sizeof(struct pn_epm) <= PN_EPM_STATE_MAX,
	      "a mapper connection has bounded state");

void pn_epm_init(struct pn_epm *epm, const struct pn_epm_ops *ops);

/* As pn_rpc_feed(), for a mapper connection. */
enum pn_rpc_reason pn_epm_feed(struct pn_epm *epm, enum pn_rpc_way way,
			       const u8 *bytes, u32 len);

#endif /* PN_EPM_H */
