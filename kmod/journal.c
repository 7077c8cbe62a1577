// SPDX-License-Identifier: GPL-2.0
/*
 * Bytes that were read and are not acknowledged.
 */
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <net/tcp.h>

#include "journal.h"

struct run {
	u32 seq;
	u32 len;
};

static inline struct run run_at(const struct pn_journal *j, u32 at)
{
	struct run r;

	memcpy(&r, j->data + at, sizeof(r));
	return r;
}

static inline void set_run(struct pn_journal *j, u32 at, struct run r)
{
	memcpy(j->data + at, &r, sizeof(r));
}

static bool make_room(struct pn_journal *j, u32 want)
{
	u32 used = j->end - j->begin, size = j->size, total;
	u8 *data;

	/* moving is dear: not for every run of a full journal */
	if (used + want > size / 2)
		size = max_t(u32, 256, roundup_pow_of_two((used + want) * 2));
	data = j->data;
	if (size != j->size) {
		total = size > PN_JOURNAL_SMALL ? PN_BULK_TOTAL :
						  PN_STREAM_TOTAL;
		if (!pn_stream_charge(j->total, size, total))
			return false;
		data = kmalloc(size, GFP_ATOMIC | __GFP_NOWARN);
		if (!data) {
			atomic_sub(size, j->total);
			return false;
		}
	}
	memmove(data, j->data + j->begin, used);
	if (data != j->data) {
		pn_journal_free(j);
		j->data = data;
		j->size = size;
	}
	j->last -= j->begin;
	j->end = used;
	j->begin = 0;
	return true;
}

/* Makes room for @want more bytes at the end, if there is none. */
static inline bool reserve(struct pn_journal *j, u32 want)
{
	if (j->end - j->begin + want > j->most)
		return false;
	return j->size - j->end >= want || make_room(j, want);
}

bool pn_journal_reserve(struct pn_journal *j, u32 bytes)
{
	return reserve(j, sizeof(struct run) + bytes);
}

bool pn_journal_add(struct pn_journal *j, u32 seq, const u8 *bytes, u32 len)
{
	struct run r = { .seq = seq };
	bool extend = false;

	if (!reserve(j, sizeof(r) + len))
		return false;
	if (j->begin != j->end) {
		struct run last = run_at(j, j->last);

		extend = last.seq + last.len == seq;
		if (extend)
			r = last;
	}
	if (!extend) {
		j->last = j->end;
		j->end += sizeof(r);
	}
	memcpy(j->data + j->end, bytes, len);
	j->end += len;
	r.len += len;
	set_run(j, j->last, r);
	return true;
}

/* A stream that is never acknowledged to its end would fill it with one run. */
static void trim_first(struct pn_journal *j, struct run r, u32 acked)
{
	u32 n = acked - r.seq;

	if (j->last == j->begin)
		j->last += n;
	j->begin += n;
	set_run(j, j->begin, (struct run){ acked, r.len - n });
}

void pn_journal_trim(struct pn_journal *j, u32 acked)
{
	while (j->begin != j->end) {
		struct run r = run_at(j, j->begin);

		if (after(r.seq + r.len, acked)) {
			if (after(acked, r.seq))
				trim_first(j, r, acked);
			return;
		}
		j->begin += sizeof(r) + r.len;
	}
	j->begin = 0;
	j->end = 0;
}

void pn_journal_rest(struct pn_journal *j)
{
	if (j->data && j->begin == j->end &&
	    (j->size > PN_JOURNAL_IDLE ||
	     atomic_read(j->total) > PN_JOURNAL_AMPLE))
		pn_journal_free(j);
}

static bool bytes_are(const struct sk_buff *skb, u32 off, const u8 *bytes,
		      u32 len)
{
	u8 buffer[128];

	while (len) {
		u32 n = min_t(u32, len, sizeof(buffer));

		if (skb_copy_bits(skb, off, buffer, n) ||
		    memcmp(buffer, bytes, n))
			return false;
		off += n;
		bytes += n;
		len -= n;
	}
	return true;
}

bool pn_journal_same(const struct pn_journal *j, u32 seq,
		     const struct sk_buff *skb, u32 off, u32 len)
{
	u32 at, end = seq + len;
	struct run r;

	for (at = j->begin; at != j->end; at += sizeof(r) + r.len) {
		u32 from, to;

		r = run_at(j, at);
		from = before(r.seq, seq) ? seq : r.seq;
		to = after(r.seq + r.len, end) ? end : r.seq + r.len;
		if (before(from, to) &&
		    !bytes_are(skb, off + (from - seq),
			       j->data + at + sizeof(r) + (from - r.seq),
			       to - from))
			return false;
	}
	return true;
}

void pn_journal_free(struct pn_journal *j)
{
	if (!j->data)
		return;
	atomic_sub(j->size, j->total);
	kfree(j->data);
	j->data = NULL;
	j->size = 0;
}
