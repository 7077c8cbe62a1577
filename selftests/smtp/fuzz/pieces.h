/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A fuzzer's input as a conversation: pieces, each with a head of two bytes, the
 * highest bit of which says who sent it and the rest how long it is.
 */
#ifndef PIECES_H
#define PIECES_H

#include "recorder.h"

static struct recorder whole, cut;

/*
 * Feeds all pieces to @r; if @step, cut into so much and 1, 2, ... more, and what need
 * not be seen is not.
 */
static inline void feed_pieces(struct recorder *r, const u8 *data, size_t size, u32 step)
{
	while (size >= 2) {
		enum pn_smtp_way way = data[0] >> 7 ? PN_SMTP_SERVER : PN_SMTP_CLIENT;
		u32 len = min_t(u32, (data[0] & 127) << 8 | data[1], size - 2);
		u32 at = 0, i = step;

		data += 2;
		size -= 2;
		do {
			u32 n = step ? min(i++ % 37 + 1, len - at) : len;

			if (step && n <= pn_smtp_skippable(&r->s, way)) {
				pn_smtp_skip(&r->s, way, n);
				r->fed[way] += n;
			} else {
				recorder_feed(r, way, data + at, n);
			}
			at += n;
		} while (at < len);
		data += len;
		size -= len;
	}
}

#endif /* PIECES_H */
