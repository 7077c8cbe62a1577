// SPDX-License-Identifier: GPL-2.0
/*
 * The end of a message's text: see smtp_data.h.
 */
#include <linux/bitops.h>
#include <linux/kernel.h>

#include "smtp_data.h"

enum byte {
	OTHER,
	NUL,
	LF,
	CR,
	PERIOD,
	BYTES,
};

/* ODD: there is more or less before it than CR LF. */
enum state {
	TEXT,
	AFTER_CR,
	BEGIN,				/* of a line */
	BEGIN_ODD,
	DOT,
	DOT_ODD,
	DOT_CR,
	STATES,
	END = STATES,
	FALSE_END,
	BARE = 0x80,			/* and the byte is a bare LF */
};

static const u8 next[STATES][BYTES] = {
	/*		OTHER	   NUL		LF		  CR	     PERIOD */
	[TEXT]	    = { TEXT,	   TEXT,	BEGIN_ODD | BARE, AFTER_CR,  TEXT },
	[AFTER_CR]  = { TEXT,	   BEGIN_ODD,	BEGIN,		  AFTER_CR,  DOT_ODD },
	[BEGIN]	    = { TEXT,	   BEGIN_ODD,	BEGIN_ODD | BARE, AFTER_CR,  DOT },
	[BEGIN_ODD] = { TEXT,	   BEGIN_ODD,	BEGIN_ODD | BARE, AFTER_CR,  DOT_ODD },
	[DOT]	    = { TEXT,	   DOT_ODD,	FALSE_END | BARE, DOT_CR,    TEXT },
	[DOT_ODD]   = { TEXT,	   DOT_ODD,	FALSE_END | BARE, FALSE_END, TEXT },
	[DOT_CR]    = { FALSE_END, FALSE_END,	END,		  FALSE_END, FALSE_END },
};

static const u8 kinds[256] = {
	['\0'] = NUL,
	['\n'] = LF,
	['\r'] = CR,
	['.'] = PERIOD,
};

#define ALL(byte)	(0x0101010101010101ULL * (byte))

/* As get_unaligned(), whose header has moved. */
struct eight {
	__le64 bytes;
} __packed;

static inline u64 eight(const u8 *bytes)
{
	return le64_to_cpu(((const struct eight *)bytes)->bytes);
}

/*
 * Bit 7 is set of bytes of @x up to CR, of most that are not ASCII, and perhaps behind the
 * first of the former, from which the subtraction borrows.
 */
static inline u64 odd(u64 x)
{
	return x - ALL('\r' + 1);
}

/* The first byte up to CR, if bit 7 of any is set. */
static inline u64 control(u64 x)
{
	return odd(x) & ~x & ALL(0x80);
}

/* Is bit 7 of any byte set in odd() of these thirty-two? */
static inline bool any_odd(const u8 *at)
{
	return (odd(eight(at)) | odd(eight(at + 8)) | odd(eight(at + 16)) |
		odd(eight(at + 24))) & ALL(0x80);
}

/*
 * Passes over fewer than sixteen bytes above CR, before which eight can be read as well.
 * Return: @end, or where the first is that is not.
 */
static const u8 *skip_last(const u8 *at, const u8 *end)
{
	u32 seen;
	u64 found;

	if (end - at >= 8) {
		found = control(eight(at));
		if (found)
			return at + __ffs64(found) / 8;
		at += 8;
	}
	if (at == end)
		return end;
	seen = 8 * (8 - (end - at));
	/* what was seen already gives way to bytes that are not ASCII */
	found = control(eight(end - 8) >> seen | ~(~0ULL >> seen));
	return found ? at + __ffs64(found) / 8 : end;
}

/* Does @at end a line with CR LF, and the next one begins with a letter? */
static inline bool ends_line(const u8 *at)
{
	return *at == '\r' && at[2] > '.';
}

/*
 * Passes over lines of @len bytes, before which another was read, without CR and LF. Kept
 * apart, for what its loop has in registers. The last eight bytes of a shorter line begin
 * in the one before it.
 */
static noinline const u8 *skip_alike(const u8 *at, const u8 *end, size_t len)
{
	const u8 *behind = end - (len + 2), *a;
	size_t blocks = (len - 1) / 32, n;

	for (; at < behind && ends_line(at + len); at += len + 3) {
		const u8 *last = at + len - 8;
		u64 any = odd(eight(last));

		for (a = at, n = blocks; n; a += 32, n--)
			any |= odd(eight(a)) | odd(eight(a + 8)) |
			       odd(eight(a + 16)) | odd(eight(a + 24));
		for (; a < last; a += 8)
			any |= odd(eight(a));
		if (any & ALL(0x80))
			break;
	}
	return at;
}

/*
 * Inside a line nothing but its end matters: passes over what is neither CR nor LF, and
 * over ends of lines that are CR LF and have a letter behind them. (Behind CR and
 * whatever else that is no lone dot.) Where one line is as long as the one before it, as
 * in most that is large, its end need not be searched for. Return: where something else
 * may be, or @end.
 */
static const u8 *skip_lines(const u8 *at, const u8 *end)
{
	const u8 *last32 = end - 32, *last8 = end - (8 + 2), *begin = NULL;

	if (end - at < 32)
		return at;
	for (;;) {
		u64 found = 0;
		size_t len;

		while (at <= last32 && likely(!any_odd(at)))
			at += 32;
		while (at <= last8) {
			found = control(eight(at));
			if (found)
				break;
			at += 8;
		}
		if (!found)
			return skip_last(at, end);
		at += __ffs64(found) / 8;
		if (!ends_line(at))
			return at;
		len = begin ? at - begin : 0;
		at += 3;
		if (len)
			at = skip_alike(at, end, len);
		begin = at;
	}
}

void pn_smtp_data_begin(struct pn_smtp_data *d)
{
	d->state = BEGIN;
}

u32 pn_smtp_data_read(struct pn_smtp_data *d, const u8 *bytes, u32 len,
		      u32 *bare_lf, enum pn_smtp_end *end)
{
	u8 state = d->state;
	u32 i = 0;

	*end = PN_SMTP_TEXT;
	while (i < len) {
		if (state == TEXT) {
			i = skip_lines(bytes + i, bytes + len) - bytes;
			if (i == len)
				break;
		}
		state = next[state][kinds[bytes[i++]]];
		if (state & BARE)
			(*bare_lf)++;
		state &= ~BARE;
		if (state >= STATES) {
			*end = state == END ? PN_SMTP_END : PN_SMTP_FALSE_END;
			/* What may follow is text, for who reads on. */
			state = TEXT;
			break;
		}
	}
	d->state = state;
	return i;
}
