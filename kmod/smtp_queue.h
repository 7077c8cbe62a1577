/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Commands that wait for their answers, the oldest first: a server answers in order.
 */
#ifndef PN_SMTP_QUEUE_H
#define PN_SMTP_QUEUE_H

#include <linux/types.h>

/* At least as many as honest clients send at once; a power of two. */
#define PN_SMTP_QUEUE		256

/**
 * enum pn_smtp_awaited - what an answer may mean; 4 bits
 * @PN_SMTP_ANY: nothing but itself
 * @PN_SMTP_RESET: accepted, a transaction has ended
 * @PN_SMTP_HELLO: that, and extensions are announced
 * @PN_SMTP_DATA: 354, text follows
 * @PN_SMTP_AUTH: 334, a response follows
 * @PN_SMTP_STARTTLS: 220, TLS follows
 * @PN_SMTP_TURN: accepted, nobody knows what follows
 */
enum pn_smtp_awaited {
	PN_SMTP_ANY,
	PN_SMTP_RESET,
	PN_SMTP_HELLO,
	PN_SMTP_DATA,
	PN_SMTP_AUTH,
	PN_SMTP_STARTTLS,
	PN_SMTP_TURN,
};

/**
 * struct pn_smtp_queue - commands without answer
 * @kinds: enum pn_smtp_awaited, two a byte
 * @first: the oldest
 * @length: how many there are
 * @resets: how many of them may end a transaction
 */
struct pn_smtp_queue {
	u8 kinds[PN_SMTP_QUEUE / 2];
	u16 first, length, resets;
};

static inline bool pn_smtp_awaited_resets(enum pn_smtp_awaited kind)
{
	return kind == PN_SMTP_RESET || kind == PN_SMTP_HELLO;
}

/* Return: there was room. */
static inline bool pn_smtp_queue_add(struct pn_smtp_queue *q,
				     enum pn_smtp_awaited kind)
{
	u32 i = (q->first + q->length) % PN_SMTP_QUEUE;
	u32 shift = i % 2 * 4;

	if (q->length == PN_SMTP_QUEUE)
		return false;
	q->kinds[i / 2] &= ~(0xf << shift);
	q->kinds[i / 2] |= kind << shift;
	q->length++;
	q->resets += pn_smtp_awaited_resets(kind);
	return true;
}

/* The oldest; there is one. */
static inline enum pn_smtp_awaited pn_smtp_queue_take(struct pn_smtp_queue *q)
{
	u32 i = q->first;
	enum pn_smtp_awaited kind = q->kinds[i / 2] >> i % 2 * 4 & 0xf;

	q->first = (i + 1) % PN_SMTP_QUEUE;
	q->length--;
	q->resets -= pn_smtp_awaited_resets(kind);
	return kind;
}

static inline void pn_smtp_queue_clear(struct pn_smtp_queue *q)
{
	q->length = 0;
	q->resets = 0;
}

#endif /* PN_SMTP_QUEUE_H */
