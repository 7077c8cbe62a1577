/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One direction of a TCP connection, read in order, each byte once, before the
 * receiver can act on it.
 *
 * THEORY OF OPERATION. A receiver acts on a byte when it has all bytes before it.
 * So a segment that comes too early is forwarded at once, and a clone of it kept;
 * the segment that fills the gap is forwarded only when everything that it makes
 * whole has been read. Nobody waits, and nothing is read too late.
 *
 * A receiver keeps what it has, or takes what comes later, as it likes; what was
 * forwarded may have been lost, or meant to get lost. So whatever is sent a second
 * time must say the same: it is compared with what is kept of early segments, and
 * with the journal of bytes that were read and are not yet acknowledged. In bytes
 * that mean nothing to the reader, the sender may say what it likes.
 *
 * Bounds: PN_EARLY_BYTES and PN_EARLY_SEGMENTS a direction, PN_JOURNAL_MAX or _BULK, and over
 * all of a namespace PN_STREAM_TOTAL of memory, of which early segments have half at
 * most: what comes in order must not wait for what does not. What is above is dropped,
 * as if it were lost on the way (stream-full).
 */
#ifndef PN_STREAM_H
#define PN_STREAM_H

#include <linux/atomic.h>
#include <linux/types.h>

#include "journal.h"
#include "stats.h"

struct sk_buff;

#define PN_EARLY_BYTES		1048576
#define PN_EARLY_SEGMENTS	1024

/**
 * struct pn_segment - a TCP segment
 * @skb: its packet, which also goes by GRO's super-segments
 * @off: of its data in @skb
 * @len: of its data
 * @seq: sequence number of the first byte of data
 */
struct pn_segment {
	struct sk_buff *skb;
	u32 off, len, seq;
};

/**
 * struct pn_reader - who reads
 * @skippable: how many of the next bytes mean nothing
 * @skip: pass over some of them
 * @wanted: if none does: how many it wants at once, at least 1; NULL: as many as come
 * @read: the next bytes; they are at @seg, if @seg is not NULL, where they may
 *	still be changed; else they were forwarded before
 */
struct pn_reader {
	u32 (*skippable)(const struct pn_reader *reader);
	enum pn_reason (*skip)(const struct pn_reader *reader, u32 len);
	u32 (*wanted)(const struct pn_reader *reader);
	enum pn_reason (*read)(const struct pn_reader *reader, const u8 *bytes,
			       u32 len, const struct pn_segment *seg);
};

/**
 * struct pn_stream - one direction
 * @next: sequence number of the next byte to read
 * @sent: up to which bytes all were forwarded in order; @next is beyond it if a
 *	segment was dropped in the middle of its reading
 * @all: each byte is read, so that the journal must hold them
 * @acked: what the receiver has acknowledged
 * @journal: see above
 * @early: clones of segments beyond @next, ascending, each byte in one of them
 * @early_bytes: data of those
 * @nr_early: how many
 * @gap_since: since when no byte came that fills the gap before them, in jiffies
 */
struct pn_stream {
	u32 next, sent, acked;
	bool all;
	struct pn_journal journal;
	struct sk_buff *early;
	u32 early_bytes, nr_early;
	unsigned long gap_since;
};

void pn_stream_begin(struct pn_stream *s, u32 seq, atomic_t *total);

/**
 * pn_stream_take - a segment with data
 * @s: direction
 * @seg: segment; its data may be changed by the reader
 * @reader: who reads
 *
 * Context: BH disabled, the connection's lock held.
 * Return: PN_OK: forward it. PN_STREAM_FULL: drop it. Else: refuse the connection.
 */
enum pn_reason pn_stream_take(struct pn_stream *s, const struct pn_segment *seg,
			      const struct pn_reader *reader);

/* Those that were forwarded are read no more: a segment before them is dropped. */
void pn_stream_forget_early(struct pn_stream *s);

/* The receiver has everything before @ack. */
void pn_stream_acked(struct pn_stream *s, u32 ack);

/* Is some of the bytes from @from up to @to kept of early segments? */
bool pn_stream_has_early(const struct pn_stream *s, u32 from, u32 to);

/* Gives back memory that holds nothing. */
void pn_stream_rest(struct pn_stream *s);

void pn_stream_free(struct pn_stream *s);

#endif /* PN_STREAM_H */
