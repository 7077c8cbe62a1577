/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Arguments of the endpoint mapper's calls, as they are on the wire (NDR32 and
 * NDR64), in pieces of any size. Of each call there is a question and an answer:
 *
 *	map	 [object] tower handle max	-> handle {tower...} status
 *	lookup	 inquiry [object] [interface]	-> handle {entry...} {tower...}
 *		 vers_option handle max		   status
 *	free	 handle				-> handle status
 *
 * Example: the answer of map in NDR64 with one tower, offsets in the stub:
 *
 *	0	20 bytes	handle
 *	20	u32 1		towers
 *	24	u64 4, 0, 1	array: room for 4, from 0, 1 is here
 *	48	u64 3		a pointer that is not NULL: its tower comes later
 *	56	u64 75		tower: room
 *	64	u32 75		tower: octets
 *	68	75 bytes	octets (tower.h)
 *	144	u32 0		status, after one byte of padding, which may be any
 *
 * Of a pointer only counts whether it is NULL. C706 lets two with one number share
 * what they point to; nobody does, and such an answer is refused as too short.
 *
 * Alignment counts from the beginning of the call's stub, over all its fragments.
 */
#ifndef PN_EPT_H
#define PN_EPT_H

#include "tower.h"

/* Operations. */
#define PN_EPT_LOOKUP		2
#define PN_EPT_MAP		3
#define PN_EPT_FREE		4

#define PN_EPT_PORTS		8	/* that are kept of one answer */
#define PN_EPT_PORT_MIN		1024	/* lower ones are not the mapper's to give */
#define PN_EPT_STUB_MAX		(256 * 1024)
#define PN_EPT_NOTE_MAX		256	/* annotation of an entry */

/**
 * struct pn_ept_port - one TCP tower of an answer
 * @addr: IPv4 address as a number; 0: none or any
 */
struct pn_ept_port {
	u32 addr;
	u16 port;
	u16 minor;			/* the server's version of the interface */
};

/**
 * struct pn_ept_result - what an answer says
 * @status: 0: well
 * @towers: how many came
 * @others: of those that were asked for, how many are for other protocols, or
 *	have a port below PN_EPT_PORT_MIN
 * @more: the server has more (the handle is not zero)
 * @nr: ports kept; towers that differ in nothing are kept once
 */
struct pn_ept_result {
	u32 status;
	u16 towers, others;
	u8 nr;
	bool more;
	struct pn_ept_port ports[PN_EPT_PORTS];
};

/**
 * struct pn_ept - the stub of one call on its way
 * @at: bytes of the stub so far
 * @fragment: @at when the fragment under way began
 * @used: where the arguments ended; 0: not yet
 * @skip: bytes that mean nothing
 * @count: of an array or string, or the room for a tower
 * @elements: of an array, to come
 * @pointees: towers to come
 * @max: question: what it asked for; answer: what had been asked for
 * @inquiry: of lookup: by interface is 1, by object 2, by both 3
 * @known: of a question: what it asks for is in @uuid, @major, @minor
 * @any: of lookup: it asks for no interface, whatever @uuid says
 * @uuid_at: where in the stub @uuid begins, of map
 */
struct pn_ept {
	struct pn_uuid uuid;
	u16 major, minor;
	u32 at, fragment, used;
	u32 skip, count, elements, pointees;
	u32 max;
	u32 inquiry;
	u32 uuid_at;
	u8 op, step, need, have;
	bool answer, wide, big;
	bool known, any;
	u8 gathered[PN_RPC_GATHER];
	struct pn_tower tower;
	struct pn_ept_result result;
};

/**
 * pn_ept_question - a question's stub follows
 * @e: to be set up
 * @op: PN_EPT_*
 * @wide: NDR64
 * @big: integers are big-endian
 */
void pn_ept_question(struct pn_ept *e, u8 op, bool wide, bool big);

/**
 * pn_ept_answer - an answer's stub follows
 * @e: to be set up
 * @op: PN_EPT_*
 * @wide: NDR64
 * @big: integers are big-endian
 * @uuid: what was asked for; NULL: no interface
 * @major: its version
 * @max: towers or entries that were asked for
 */
void pn_ept_answer(struct pn_ept *e, u8 op, bool wide, bool big,
		   const struct pn_uuid *uuid, u16 major, u32 max);

/**
 * pn_ept_feed - the next bytes of the stub
 * @e: set up
 * @bytes: in order
 * @len: how many
 * @reason: set if the call is refused
 *
 * Stops when @known becomes true; what follows the arguments is taken too.
 * Return: bytes used.
 */
u32 pn_ept_feed(struct pn_ept *e, const u8 *bytes, u32 len,
		enum pn_rpc_reason *reason);

/**
 * pn_ept_end - the stub is over
 * @e: the call
 * @pad: bytes at the end that were not part of it
 *
 * Return: PN_RPC_OK, or that it was cut short, or an answer too long.
 */
enum pn_rpc_reason pn_ept_end(struct pn_ept *e, u32 pad);

#endif /* PN_EPT_H */
