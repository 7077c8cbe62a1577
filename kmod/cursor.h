/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A cursor over bytes that a stranger chose. Every take checks for itself; one
 * that would leave the bytes gives 0, moves nothing and makes the cursor bad,
 * and a bad cursor gives nothing more. So a parser may take all it wants and
 * ask once, at the end, whether it was there.
 */
#ifndef PN_CURSOR_H
#define PN_CURSOR_H

#include <linux/string.h>
#include <linux/types.h>

/**
 * struct pn_cursor - the bytes from @at, as far as @left
 * @big: integers are big-endian
 * @bad: more was taken than there was
 */
struct pn_cursor {
	const u8 *at;
	u32 left;
	bool big;
	bool bad;
};

static inline struct pn_cursor pn_cursor(const void *bytes, u32 len, bool big)
{
	return (struct pn_cursor){ .at = bytes, .left = len, .big = big };
}

/* Return: where @n bytes lie, or NULL. */
static inline const u8 *pn_take_bytes(struct pn_cursor *c, u32 n)
{
	const u8 *bytes = c->at;

	if (c->bad || n > c->left) {
		c->bad = true;
		return NULL;
	}
	c->at += n;
	c->left -= n;
	return bytes;
}

static inline u64 pn_take_integer(struct pn_cursor *c, u32 size)
{
	const u8 *b = pn_take_bytes(c, size);
	u64 x = 0;
	u32 i;

	if (!b)
		return 0;
	for (i = 0; i < size; i++)
		x = x << 8 | b[c->big ? i : size - 1 - i];
	return x;
}

static inline u8 pn_take_u8(struct pn_cursor *c)
{
	return pn_take_integer(c, 1);
}

static inline u16 pn_take_u16(struct pn_cursor *c)
{
	return pn_take_integer(c, 2);
}

static inline u32 pn_take_u32(struct pn_cursor *c)
{
	return pn_take_integer(c, 4);
}

static inline u64 pn_take_u64(struct pn_cursor *c)
{
	return pn_take_integer(c, 8);
}

/* Bytes from @offset to the next multiple of @to, a power of two. */
static inline u32 pn_align(u32 offset, u32 to)
{
	return -offset & (to - 1);
}

#endif /* PN_CURSOR_H */
