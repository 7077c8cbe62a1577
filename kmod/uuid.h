/* SPDX-License-Identifier: GPL-2.0 */
/*
 * UUIDs, kept in the order in which they are written (RFC 4122, %pUb). On the
 * wire the first three fields follow the sender's byte order, in a tower they
 * are always little-endian.
 */
#ifndef PN_UUID_H
#define PN_UUID_H

#include <linux/string.h>
#include <linux/types.h>

#include "cursor.h"

struct pn_uuid {
	u8 b[16];
};

/*
 * PN_UUID(8a885d04, 1ceb, 11c9, 9fe8, 08002b104860): as it is written, with
 * commas for dashes.
 */
#define PN_UUID(a, b, c, d, e)						\
	{ { PN_UUID_BYTE(0x##a, 24), PN_UUID_BYTE(0x##a, 16),		\
	    PN_UUID_BYTE(0x##a, 8), PN_UUID_BYTE(0x##a, 0),		\
	    PN_UUID_BYTE(0x##b, 8), PN_UUID_BYTE(0x##b, 0),		\
	    PN_UUID_BYTE(0x##c, 8), PN_UUID_BYTE(0x##c, 0),		\
	    PN_UUID_BYTE(0x##d, 8), PN_UUID_BYTE(0x##d, 0),		\
	    PN_UUID_BYTE(0x##e, 40), PN_UUID_BYTE(0x##e, 32),		\
	    PN_UUID_BYTE(0x##e, 24), PN_UUID_BYTE(0x##e, 16),		\
	    PN_UUID_BYTE(0x##e, 8), PN_UUID_BYTE(0x##e, 0) } }
#define PN_UUID_BYTE(x, shift)	((u8)(x##ULL >> (shift) & 0xff))

static inline bool pn_uuid_same(const struct pn_uuid *a, const struct pn_uuid *b)
{
	return !memcmp(a, b, sizeof(*a));
}

/* Byte @i of a UUID in little-endian order: which of those in written order? */
static inline u32 pn_uuid_little(u32 i)
{
	return i < 4 ? 3 - i : i < 8 ? i ^ 1 : i;
}

/* 16 bytes of @c, in its byte order. */
static inline void pn_take_uuid(struct pn_cursor *c, struct pn_uuid *to)
{
	const u8 *from = pn_take_bytes(c, sizeof(to->b));
	u32 i;

	for (i = 0; i < sizeof(to->b); i++)
		to->b[i] = !from ? 0 : from[c->big ? i : pn_uuid_little(i)];
}

/* The 16 bytes that stand for @uuid in a tower. */
static inline void pn_uuid_to_tower(const struct pn_uuid *uuid, u8 *to)
{
	u32 i;

	for (i = 0; i < sizeof(uuid->b); i++)
		to[i] = uuid->b[pn_uuid_little(i)];
}

#endif /* PN_UUID_H */
