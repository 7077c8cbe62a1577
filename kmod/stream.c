// SPDX-License-Identifier: GPL-2.0
/*
 * TCP streams, read in order before they are acted on: see stream.h.
 */
#include <linux/minmax.h>
#include <linux/skbuff.h>
#include <linux/string.h>
#include <net/tcp.h>

#include "stream.h"

/* For what fills a gap: the largest segment, as GRO makes them. */
#define GAP_ROOM	65536

/* Of a clone in stream->early. */
struct early {
	u32 seq, len, off;
	u32 memory;
};

static struct early *early_of(struct sk_buff *skb)
{
	BUILD_BUG_ON(sizeof(struct early) > sizeof(skb->cb));
	return (struct early *)skb->cb;
}

static u32 end_of(struct sk_buff *skb)
{
	return early_of(skb)->seq + early_of(skb)->len;
}

void pn_stream_begin(struct pn_stream *s, u32 seq, atomic_t *total)
{
	memset(s, 0, sizeof(*s));
	s->next = seq;
	s->sent = seq;
	s->acked = seq;
	s->journal.total = total;
	s->journal.most = PN_JOURNAL_MAX;
}

static bool same_bytes(const struct sk_buff *a, u32 a_off,
		       const struct sk_buff *b, u32 b_off, u32 len)
{
	u8 one[128], two[128];

	while (len) {
		u32 n = min_t(u32, len, sizeof(one));

		if (skb_copy_bits(a, a_off, one, n) ||
		    skb_copy_bits(b, b_off, two, n) || memcmp(one, two, n))
			return false;
		a_off += n;
		b_off += n;
		len -= n;
	}
	return true;
}

/* Does @seg say what the early segments say that it overlaps? */
static bool same_as_early(const struct pn_stream *s, const struct pn_segment *seg)
{
	u32 end = seg->seq + seg->len;
	struct sk_buff *skb;

	for (skb = s->early; skb; skb = skb->next) {
		const struct early *e = early_of(skb);
		u32 from = before(e->seq, seg->seq) ? seg->seq : e->seq;
		u32 to = after(end_of(skb), end) ? end : end_of(skb);

		if (before(from, to) &&
		    !same_bytes(seg->skb, seg->off + (from - seg->seq), skb,
				e->off + (from - e->seq), to - from))
			return false;
	}
	return true;
}

/* Of the memory that a clone takes: a segment of one byte takes as much as others. */
static bool charge(struct pn_stream *s, const struct early *e)
{
	if (s->nr_early >= PN_EARLY_SEGMENTS ||
	    s->early_bytes + e->len > PN_EARLY_BYTES ||
	    !pn_stream_charge(s->journal.total, e->memory, PN_EARLY_TOTAL))
		return false;
	s->early_bytes += e->len;
	s->nr_early++;
	return true;
}

static void uncharge(struct pn_stream *s, const struct early *e)
{
	atomic_sub(e->memory, s->journal.total);
	s->early_bytes -= e->len;
	s->nr_early--;
}

static void free_early(struct pn_stream *s, struct sk_buff **link)
{
	struct sk_buff *skb = *link;

	*link = skb->next;
	skb->next = NULL;
	uncharge(s, early_of(skb));
	consume_skb(skb);
}

/*
 * Of @seg what is from @from up to @to; @first: of its pieces, which share the data.
 * Return: whether there was room.
 */
static bool keep_piece(struct pn_stream *s, struct sk_buff **link,
		       const struct pn_segment *seg, u32 from, u32 to,
		       bool first)
{
	struct early early = {
		.seq = from,
		.len = to - from,
		.off = seg->off + (from - seg->seq),
		.memory = first ? seg->skb->truesize : sizeof(struct sk_buff),
	};
	struct sk_buff *clone;

	if (!charge(s, &early))
		return false;
	clone = skb_clone(seg->skb, GFP_ATOMIC | __GFP_NOWARN);
	if (!clone) {
		uncharge(s, &early);
		return false;
	}
	/* it outlives this packet's way, and must hold nothing of it */
	skb_orphan(clone);
	nf_reset_ct(clone);
	skb_dst_drop(clone);
	skb_ext_reset(clone);
	clone->dev = NULL;
	*early_of(clone) = early;
	clone->next = *link;
	*link = clone;
	return true;
}

/* Those of a segment that is not forwarded, since there was no room for all. */
static void free_pieces(struct pn_stream *s, const struct pn_segment *seg)
{
	struct sk_buff **link = &s->early;

	while (*link)
		if ((*link)->head == seg->skb->head)
			free_early(s, link);
		else
			link = &(*link)->next;
}

/*
 * A segment before these is forwarded only if the journal takes it and all that it makes
 * whole: room for that must be there, or it would be dropped for ever.
 */
static bool has_room(struct pn_stream *s, u32 len,
		     const struct pn_reader *reader)
{
	if (!s->all || reader->skippable(reader) == U32_MAX)
		return true;
	return pn_journal_reserve(&s->journal, s->early_bytes + len + GAP_ROOM);
}

/*
 * Of @seg what is not yet kept: so a segment is compared with as many bytes as it has,
 * however often each of them was sent before.
 */
static enum pn_reason keep_early(struct pn_stream *s,
				 const struct pn_segment *seg,
				 const struct pn_reader *reader)
{
	u32 from = seg->seq, to, end = seg->seq + seg->len;
	struct sk_buff **link = &s->early;
	bool first = true;

	if (!has_room(s, seg->len, reader))
		return PN_STREAM_FULL;
	if (!s->early)
		s->gap_since = jiffies;
	while (before(from, end)) {
		while (*link && !after(end_of(*link), from))
			link = &(*link)->next;
		if (*link && !after(early_of(*link)->seq, from)) {
			from = end_of(*link);
			continue;
		}
		to = *link && before(early_of(*link)->seq, end) ?
		     early_of(*link)->seq : end;
		if (!keep_piece(s, link, seg, from, to, first)) {
			free_pieces(s, seg);
			return PN_STREAM_FULL;
		}
		first = false;
		from = to;
	}
	return PN_OK;
}

/* So that a segment that is dropped for want of room has been read in part. */
#define READ_MAX	4096

/*
 * At most *@len bytes of @skb at @off, where they are (who may still write to them was
 * seen to before: inspect.c). Return: NULL if they cannot be reached there.
 */
static const u8 *bytes_at(const struct sk_buff *skb, u32 off, u32 *len)
{
	u32 at = skb_headlen(skb), i;

	*len = min_t(u32, *len, READ_MAX);
	if (off < at) {
		*len = min(*len, at - off);
		return skb->data + off;
	}
	for (i = 0; i < skb_shinfo(skb)->nr_frags; i++) {
		const skb_frag_t *frag = &skb_shinfo(skb)->frags[i];
		struct page *page = skb_frag_page(frag);
		u32 end = at + skb_frag_size(frag);

		if (off < end && page && !PageHighMem(page)) {
			*len = min(*len, end - off);
			return (u8 *)skb_frag_address(frag) + (off - at);
		}
		at = end;
	}
	return NULL;
}

static inline enum pn_reason read_bytes(struct pn_stream *s, const u8 *bytes,
					u32 len, const struct pn_segment *seg,
					bool live,
					const struct pn_reader *reader)
{
	/* what is early was promised its room */
	if (live && s->all && s->early &&
	    !pn_journal_reserve(&s->journal, len + s->early_bytes))
		return PN_STREAM_FULL;
	if (!pn_journal_add(&s->journal, s->next, bytes, len))
		return PN_STREAM_FULL;
	return reader->read(reader, bytes, len, live ? seg : NULL);
}

/* Kept apart: the buffer would be cleared for each segment. */
static noinline enum pn_reason read_copied(struct pn_stream *s, u32 off, u32 *len,
					   const struct pn_segment *seg, bool live,
					   const struct pn_reader *reader)
{
	u8 buffer[128];

	*len = min_t(u32, *len, sizeof(buffer));
	if (skb_copy_bits(seg->skb, off, buffer, *len))
		return PN_MALFORMED;
	return read_bytes(s, buffer, *len, seg, live, reader);
}

/* Reads @seg from s->next on. @live: it is the packet at hand. */
static enum pn_reason read_segment(struct pn_stream *s,
				   const struct pn_segment *seg, bool live,
				   const struct pn_reader *reader)
{
	u32 done = s->next - seg->seq;

	while (done < seg->len) {
		u32 left = seg->len - done;
		u32 n = min(left, reader->skippable(reader));
		enum pn_reason reason;
		const u8 *bytes;

		if (n) {
			reason = reader->skip(reader, n);
		} else {
			n = reader->wanted ? min(left, reader->wanted(reader)) :
					     left;
			bytes = bytes_at(seg->skb, seg->off + done, &n);
			reason = bytes ?
				 read_bytes(s, bytes, n, seg, live, reader) :
				 read_copied(s, seg->off + done, &n, seg, live,
					     reader);
		}
		if (reason)
			return reason;
		done += n;
		s->next += n;
		s->gap_since = jiffies;
	}
	return PN_OK;
}

/* Reads early segments that are now in order. */
static enum pn_reason read_early(struct pn_stream *s,
				 const struct pn_reader *reader)
{
	while (s->early && !after(early_of(s->early)->seq, s->next)) {
		struct early *e = early_of(s->early);
		struct pn_segment seg = { s->early, e->off, e->len, e->seq };
		enum pn_reason reason = PN_OK;

		if (after(e->seq + e->len, s->next))
			reason = read_segment(s, &seg, false, reader);
		if (reason)
			return reason;
		free_early(s, &s->early);
	}
	return PN_OK;
}

bool pn_stream_has_early(const struct pn_stream *s, u32 from, u32 to)
{
	struct sk_buff *skb;

	for (skb = s->early; skb; skb = skb->next) {
		if (before(early_of(skb)->seq, to) && after(end_of(skb), from))
			return true;
	}
	return false;
}

enum pn_reason pn_stream_take(struct pn_stream *s, const struct pn_segment *seg,
			      const struct pn_reader *reader)
{
	u32 end = seg->seq + seg->len;
	enum pn_reason reason = PN_OK;

	if (before(seg->seq, s->next) && after(end, s->acked) &&
	    !pn_journal_same(&s->journal, seg->seq, seg->skb, seg->off,
			     seg->len))
		return PN_STREAM_CHANGED;
	if (!same_as_early(s, seg))
		return PN_STREAM_CHANGED;
	if (after(seg->seq, s->next))
		return keep_early(s, seg, reader);
	if (after(end, s->next))
		reason = read_segment(s, seg, true, reader);
	/* also for what comes again: there was no room for the journal before */
	if (!reason)
		reason = read_early(s, reader);
	if (!reason && !after(seg->seq, s->sent))
		s->sent = s->next;
	return reason;
}

void pn_stream_acked(struct pn_stream *s, u32 ack)
{
	if (!after(ack, s->acked))
		return;
	s->acked = ack;
	pn_journal_trim(&s->journal, ack);
	if (atomic_read(s->journal.total) > PN_JOURNAL_AMPLE)
		pn_stream_rest(s);
}

void pn_stream_rest(struct pn_stream *s)
{
	/* or it was promised to what fills the gap */
	if (!s->early)
		pn_journal_rest(&s->journal);
}

void pn_stream_forget_early(struct pn_stream *s)
{
	while (s->early)
		free_early(s, &s->early);
}

void pn_stream_free(struct pn_stream *s)
{
	pn_stream_forget_early(s);
	pn_journal_free(&s->journal);
}
