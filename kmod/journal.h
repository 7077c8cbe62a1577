/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What was read of a TCP stream and forwarded, but not yet acknowledged: the
 * receiver may still take other bytes for these, if somebody sends them. Only bytes
 * that mean something are kept.
 */
#ifndef PN_JOURNAL_H
#define PN_JOURNAL_H

#include <linux/atomic.h>
#include <linux/types.h>

struct sk_buff;

#define PN_JOURNAL_MAX	65536		/* of who reads headers */
#define PN_JOURNAL_BULK	524288		/* of who reads all of a message */
#define PN_JOURNAL_IDLE	1024		/* kept where nothing is to be kept */
#define PN_JOURNAL_AMPLE (PN_STREAM_TOTAL / 4)	/* below, empty ones may wait */
#define PN_STREAM_TOTAL	(64 * 1048576)	/* of a namespace, see stream.h */
#define PN_EARLY_TOTAL	(PN_STREAM_TOTAL / 2)
/* Larger ones leave a quarter of the memory to those that are not. */
#define PN_JOURNAL_SMALL 4096
#define PN_BULK_TOTAL	(PN_STREAM_TOTAL / 4 * 3)

/**
 * struct pn_journal - runs of bytes, in the order of the stream
 * @data: each run is a struct run and its bytes; NULL: never needed
 * @size: of @data
 * @most: that @size may be
 * @begin: of the first run that is not acknowledged
 * @end: behind the last
 * @last: where the last run begins
 * @total: where the namespace counts the memory of its streams
 */
struct pn_journal {
	u8 *data;
	u32 size, most, begin, end, last;
	atomic_t *total;
};

/* Counts @bytes, if all streams together have at most @most. Return: whether. */
static inline bool pn_stream_charge(atomic_t *total, u32 bytes, u32 most)
{
	if (atomic_add_return(bytes, total) <= most)
		return true;
	atomic_sub(bytes, total);
	return false;
}

/* Return: whether there was room and memory. Context: any. */
bool pn_journal_add(struct pn_journal *j, u32 seq, const u8 *bytes, u32 len);

/* Is there room for @bytes more, now or when they come? Context: any. */
bool pn_journal_reserve(struct pn_journal *j, u32 bytes);

static inline bool pn_journal_is_empty(const struct pn_journal *j)
{
	return j->begin == j->end;
}

/* Forgets what is before @acked. */
void pn_journal_trim(struct pn_journal *j, u32 acked);

/* Are @len bytes of @skb at @off, sequence number @seq on, what was read there? */
bool pn_journal_same(const struct pn_journal *j, u32 seq,
		     const struct sk_buff *skb, u32 off, u32 len);

/* For a while nothing came: memory that holds nothing is given back. */
void pn_journal_rest(struct pn_journal *j);

void pn_journal_free(struct pn_journal *j);

#endif /* PN_JOURNAL_H */
