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

/* 16 bytes of @c, in its byte order. */
static inline void pn_take_uuid(struct pn_cursor *c, struct pn_uuid *to)
{
	static const u8 little[16] = { 3, 2, 1, 0, 5, 4, 7, 6,
				       8, 9, 10, 11, 12, 13, 14, 15 };
	const u8 *from = pn_take_bytes(c, sizeof(to->b));
	int i;

	for (i = 0; i < 16; i++)
		to->b[i] = !from ? 0 : from[c->big ? i : little[i]];
}

#endif /* PN_UUID_H */
