/* SPDX-License-Identifier: GPL-2.0 */
/*
 * DCE/RPC to order: PDUs, stubs and towers, right or wrong.
 */
#ifndef BUILD_H
#define BUILD_H

#include "epm.h"

/**
 * struct out - bytes to be sent
 * @pdu: where the PDU under way begins
 * @stub: and its stub
 * @fill: what padding is made of
 * @level: of the auth trailer that each PDU gets; 0: none
 * @pad: bytes of padding before it
 */
struct out {
	u8 b[1 << 18];
	u32 n, pdu, stub;
	bool big, wide;
	u8 fill, level, pad, flags;
};

static inline void put(struct out *o, u64 x, u32 size)
{
	u32 i;

	for (i = 0; i < size; i++)
		o->b[o->n++] = x >> 8 * (o->big ? size - 1 - i : i);
}

static inline void put_bytes(struct out *o, const void *bytes, u32 n)
{
	memcpy(o->b + o->n, bytes, n);
	o->n += n;
}

static inline void put_fill(struct out *o, u32 n)
{
	memset(o->b + o->n, o->fill, n);
	o->n += n;
}

static inline void put_align(struct out *o, u32 from, u32 to)
{
	put_fill(o, -(o->n - from) & (to - 1));
}

/* u32, u16, u16 in the sender's order, and 8 bytes */
static inline void put_uuid(struct out *o, const struct pn_uuid *u)
{
	put(o, (u32)u->b[0] << 24 | u->b[1] << 16 | u->b[2] << 8 | u->b[3], 4);
	put(o, u->b[4] << 8 | u->b[5], 2);
	put(o, u->b[6] << 8 | u->b[7], 2);
	put_bytes(o, u->b + 8, 8);
}

/* A pointer or size of the stub, aligned. */
static inline void put_word(struct out *o, u64 x)
{
	u32 size = o->wide ? 8 : 4;

	put_align(o, o->stub, size);
	put(o, x, size);
}

static inline void put_u32(struct out *o, u32 x)
{
	put_align(o, o->stub, 4);
	put(o, x, 4);
}

static inline void begin_pdu(struct out *o, u8 type, u32 call)
{
	o->pdu = o->n;
	put(o, 5, 1);
	put(o, 0, 1);
	put(o, type, 1);
	put(o, o->flags, 1);
	put(o, o->big ? 0 : 0x10, 1);
	put_bytes(o, "\0\0", 3);
	put(o, 0, 4);			/* lengths: end_pdu() */
	put(o, call, 4);
}

static inline void patch(struct out *o, u32 at, u32 x, u32 size)
{
	u32 n = o->n;

	o->n = at;
	put(o, x, size);
	o->n = n;
}

static inline void end_pdu(struct out *o)
{
	u32 auth = 0;

	if (o->level) {
		put_fill(o, o->pad);
		put(o, 10, 1);
		put(o, o->level, 1);
		put(o, o->pad, 1);
		put(o, 0, 1);
		put(o, 1, 4);
		put_bytes(o, "a sixteen byte sig", auth = 16);
	}
	patch(o, o->pdu + 8, o->n - o->pdu, 2);
	patch(o, o->pdu + 10, auth, 2);
}

static const struct pn_uuid EPM = PN_UUID(e1af8308, 5d1f, 11c9, 91a4, 08002b14a0fa);
static const struct pn_uuid NSPI = PN_UUID(f5cc5a18, 4264, 101a, 8c59, 08002b2f8426);
static const struct pn_uuid EMSMDB = PN_UUID(a4f1db00, ca47, 1067, b31f, 00dd010662da);
static const struct pn_uuid DRSUAPI = PN_UUID(e3514235, 4b06, 11d1, ab04, 00c04fc2dcd2);
static const struct pn_uuid LSARPC = PN_UUID(12345778, 1234, abcd, ef00, 0123456789ab);
static const struct pn_uuid NDR32 = PN_UUID(8a885d04, 1ceb, 11c9, 9fe8, 08002b104860);
static const struct pn_uuid NDR64 = PN_UUID(71710533, beba, 4937, 8319, b5dbef9ccc36);
static const struct pn_uuid BTFN = PN_UUID(6cb71c2c, 9812, 4540, 0300, 000000000000);
static const struct pn_uuid NIL = {};

static inline void put_syntax(struct out *o, u8 syntax)
{
	put_uuid(o, syntax == PN_RPC_NDR32 ? &NDR32 : syntax == PN_RPC_NDR64 ? &NDR64 :
		    syntax == PN_RPC_FEATURES ? &BTFN : syntax ? &LSARPC : &NIL);
	put(o, syntax == PN_RPC_NDR32 ? 2 : syntax ? 1 : 0, 4);
}

struct offer {
	u16 id;
	const struct pn_uuid *uuid;
	u16 major, minor;
	u8 syntaxes;			/* bits */
};

static inline void put_bind(struct out *o, u8 type, u32 call, const struct offer *offer,
			    u32 nr)
{
	u32 i, bit;

	begin_pdu(o, type, call);
	put(o, 5840, 2);
	put(o, 5840, 2);
	put(o, 0, 4);
	put(o, nr, 1);
	put_fill(o, 3);
	for (i = 0; i < nr; i++) {
		put(o, offer[i].id, 2);
		put(o, __builtin_popcount(offer[i].syntaxes), 1);
		put_fill(o, 1);
		put_uuid(o, offer[i].uuid);
		put(o, offer[i].major | (u32)offer[i].minor << 16, 4);
		for (bit = 1; bit < 16; bit <<= 1)
			if (offer[i].syntaxes & bit)
				put_syntax(o, bit);
	}
	end_pdu(o);
}

/* Of each context, the syntax that is accepted; 0: refused. */
static inline void put_ack(struct out *o, u8 type, u32 call, const u8 *syntaxes, u32 nr)
{
	u32 i;

	begin_pdu(o, type, call);
	put(o, 5840, 2);
	put(o, 5840, 2);
	put(o, 0x1234, 4);
	if (type == PN_RPC_BIND_ACK) {
		put(o, 4, 2);
		put_bytes(o, "135", 4);
	} else {
		put(o, 0, 2);
	}
	put_align(o, o->pdu, 4);
	put(o, nr, 1);
	put_fill(o, 3);
	for (i = 0; i < nr; i++) {
		if (syntaxes[i] == PN_RPC_FEATURES) {
			put(o, 3, 2);
			put(o, 3, 2);
			put_syntax(o, 0);
			continue;
		}
		put(o, syntaxes[i] ? 0 : 2, 2);
		put(o, syntaxes[i] ? 0 : 2, 2);
		put_syntax(o, syntaxes[i]);
	}
	end_pdu(o);
}

static inline void put_nak(struct out *o, u32 call)
{
	begin_pdu(o, PN_RPC_BIND_NAK, call);
	put(o, 4, 2);
	put(o, 0, 2);
	end_pdu(o);
}

static inline void begin_request(struct out *o, u32 call, u16 context, u16 opnum)
{
	begin_pdu(o, PN_RPC_REQUEST, call);
	put(o, 0, 4);
	put(o, context, 2);
	put(o, opnum, 2);
	if (o->flags & PN_RPC_OBJECT)
		put_uuid(o, &LSARPC);
	o->stub = o->n;
}

static inline void begin_response(struct out *o, u32 call, u16 context)
{
	begin_pdu(o, PN_RPC_RESPONSE, call);
	put(o, 0, 4);
	put(o, context, 2);
	put_fill(o, 2);
	o->stub = o->n;
}

/* Calls whose stubs are @n bytes that mean nothing. */
static inline void put_request(struct out *o, u32 call, u16 context, u16 opnum, u32 n)
{
	begin_request(o, call, context, opnum);
	put_fill(o, n);
	end_pdu(o);
}

static inline void put_response(struct out *o, u32 call, u16 context, u32 n)
{
	begin_response(o, call, context);
	put_fill(o, n);
	end_pdu(o);
}

/* A header alone. */
static inline void put_empty(struct out *o, u8 type, u32 call)
{
	begin_pdu(o, type, call);
	end_pdu(o);
}

/* Towers: little-endian, whatever the rest is. */
struct tower {
	const struct pn_uuid *uuid;
	u16 major, minor;
	u8 rpc, transport;		/* protocols of floors 3 and 4 */
	u16 port;
	u32 addr;
	u8 more;			/* octets of a sixth floor */
};

static inline u32 make_tower(u8 *to, const struct tower *t)
{
	struct out *o = calloc(1, sizeof(*o));
	u32 n;

	put(o, t->more ? 6 : 5, 2);
	put(o, 19, 2);
	put(o, 0x0d, 1);
	put_uuid(o, t->uuid);
	put(o, t->major, 2);
	put(o, 2, 2);
	put(o, t->minor, 2);
	put(o, 19, 2);
	put(o, 0x0d, 1);
	put_uuid(o, &NDR32);
	put(o, 2, 2);
	put(o, 2, 2);
	put(o, 0, 2);
	put(o, 1, 2);
	put(o, t->rpc ?: 0x0b, 1);
	put(o, 2, 2);
	put(o, 0, 2);
	put(o, 1, 2);
	put(o, t->transport ?: 7, 1);
	put(o, 2, 2);
	o->big = true;
	put(o, t->port, 2);
	o->big = false;
	put(o, 1, 2);
	put(o, 9, 1);
	put(o, 4, 2);
	o->big = true;
	put(o, t->addr, 4);
	o->big = false;
	if (t->more) {
		put(o, 1, 2);
		put(o, 0x77, 1);
		put(o, t->more, 2);
		put_fill(o, t->more);
	}
	memcpy(to, o->b, n = o->n);
	free(o);
	return n;
}

static inline void put_octets(struct out *o, const u8 *octets, u32 n)
{
	put_word(o, n);
	put_u32(o, n);
	put_bytes(o, octets, n);
}

static inline void put_tower(struct out *o, const struct tower *t)
{
	u8 octets[512];

	put_octets(o, octets, make_tower(octets, t));
}

static inline void put_handle(struct out *o)
{
	put_align(o, o->stub, 4);
	put(o, 0, 4);
	put_uuid(o, &NIL);
}

static inline void put_map(struct out *o, const struct pn_uuid *uuid, u16 major, u16 minor)
{
	struct tower t = { .uuid = uuid, .major = major, .minor = minor, .port = 135 };

	put_word(o, 1);
	put_align(o, o->stub, 4);
	put_uuid(o, &NIL);
	put_word(o, 2);
	put_tower(o, &t);
	put_handle(o);
	put_u32(o, 4);
}

static inline void put_map_request(struct out *o, u32 call, u16 context,
				   const struct pn_uuid *uuid, u16 major, u16 minor)
{
	begin_request(o, call, context, PN_EPT_MAP);
	put_map(o, uuid, major, minor);
	end_pdu(o);
}

static inline void put_array(struct out *o, u32 room, u32 nr)
{
	put_u32(o, nr);
	put_word(o, room);
	put_word(o, 0);
	put_word(o, nr);
}

/* Towers without UUID are NULL pointers. */
static inline void put_towers(struct out *o, const struct tower *t, u32 nr)
{
	u32 i;

	put_handle(o);
	put_array(o, 4, nr);
	for (i = 0; i < nr; i++)
		put_word(o, t[i].uuid ? 3 + i : 0);
	for (i = 0; i < nr; i++)
		if (t[i].uuid)
			put_tower(o, &t[i]);
	put_u32(o, 0);
}

static inline void put_map_response(struct out *o, u32 call, u16 context,
				    const struct tower *t, u32 nr)
{
	begin_response(o, call, context);
	put_towers(o, t, nr);
	end_pdu(o);
}

static inline void put_fault(struct out *o, u32 call, u32 status)
{
	begin_pdu(o, PN_RPC_FAULT, call);
	put(o, 0, 4);
	put(o, 0, 4);
	put(o, status, 4);
	put(o, 0, 4);
	end_pdu(o);
}

/* The PDU at @at, again in fragments of at most @n bytes of stub; no trailers. */
static inline void put_fragments(struct out *o, const struct out *whole, u32 n)
{
	u32 head = whole->stub - whole->pdu, left = whole->n - whole->stub, at = whole->stub;

	while (left) {
		u32 now = min(n, left);

		o->pdu = o->n;
		put_bytes(o, whole->b + whole->pdu, head);
		put_bytes(o, whole->b + at, now);
		o->b[o->pdu + 3] = (at == whole->stub ? PN_RPC_FIRST : 0) |
				   (now == left ? PN_RPC_LAST : 0);
		patch(o, o->pdu + 8, head + now, 2);
		at += now;
		left -= now;
	}
}

#endif /* BUILD_H */
