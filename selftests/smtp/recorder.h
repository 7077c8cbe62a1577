/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A connection that goes on whatever is refused, and what was refused, one a line:
 * the reason, the direction and how many of its bytes were read by then, the verb,
 * the answers outstanding, and the reply.
 *
 *	smtp-command client 15 vrfy 1 502 5.5.1 Command not allowed
 */
#ifndef RECORDER_H
#define RECORDER_H

#include "smtp_shim.h"

#include "smtp.h"

#define RECORD_MAX	(1 << 14)

/**
 * struct recorder - a connection and what it said
 * @allowed: how many more of each its source may have
 * @fed: bytes of each direction
 * @reason: of the first refusal of the last piece
 * @first: that refusal
 */
struct recorder {
	struct pn_smtp s;
	const struct pn_smtp_rules *rules;
	u32 allowed[2];
	u64 fed[2];
	enum pn_reason reason;
	struct pn_smtp_refusal first;
	u32 len;
	char text[RECORD_MAX];
};

static inline const char *reason_name(enum pn_reason reason)
{
	static const char *const names[] = {
		"ok",
#define REASON(id, name, help) name,
#include <postern/reasons.inc>
#undef REASON
	};

	return names[reason];
}

static inline bool recorder_allow(void *ctx, enum pn_smtp_charge what)
{
	struct recorder *r = ctx;

	if (!r->allowed[what])
		return false;
	r->allowed[what]--;
	return true;
}

static inline void recorder_init(struct recorder *r, const struct pn_smtp_rules *rules)
{
	memset(r, 0, sizeof(*r));
	pn_smtp_init(&r->s);
	r->rules = rules;
	r->allowed[PN_SMTP_RECIPIENT] = U32_MAX;
	r->allowed[PN_SMTP_MESSAGE] = U32_MAX;
}

/* A copy; of the text, as much as there is. */
static inline void recorder_copy(struct recorder *to, const struct recorder *from)
{
	memcpy(to, from, offsetof(struct recorder, text) + from->len + 1);
}

static inline void record(struct recorder *r, enum pn_smtp_way way, enum pn_reason reason,
			  const struct pn_smtp_refusal *f)
{
	r->len += snprintf(r->text + r->len, RECORD_MAX - r->len, "%s %s %llu %s %u %.*s\n",
			   reason_name(reason), way ? "server" : "client",
			   (unsigned long long)r->fed[way], pn_smtp_verb_name(f->verb),
			   f->outstanding, f->reply ? (int)strcspn(f->reply, "\r") : 1,
			   f->reply ?: "-");
	r->len = min_t(u32, r->len, RECORD_MAX - 1);
}

/* Bytes of a direction, and on after each refusal. */
static inline void recorder_feed(struct recorder *r, enum pn_smtp_way way, const u8 *bytes,
				 u32 len)
{
	const struct pn_smtp_terms terms = {
		.rules = r->rules, .allow = recorder_allow, .ctx = r,
	};
	struct pn_smtp_refusal f;
	enum pn_reason reason;
	u32 at = 0;

	do {
		/* a copy of the very size: who reads beyond it is found out */
		u8 *copy = malloc(len - at ?: 1);

		memcpy(copy, bytes + at, len - at);
		memset(&f, 0xa5, sizeof(f));
		reason = way == PN_SMTP_CLIENT ?
				 pn_smtp_client(&r->s, &terms, copy, len - at, &f) :
				 pn_smtp_server(&r->s, copy, len - at, &f);
		free(copy);
		if (!reason) {
			r->fed[way] += len - at;
			break;
		}
		assert(f.used <= len - at && f.at <= f.used);
		if (!r->reason) {
			r->reason = reason;
			r->first = f;
			r->first.at += at;
		}
		r->fed[way] += f.used;
		at += f.used;
		record(r, way, reason, &f);
	} while (at < len);
}

/* The same meaning, however it came. */
static inline bool recorder_same(const struct recorder *a, const struct recorder *b)
{
	return !memcmp(&a->s, &b->s, sizeof(a->s)) && !memcmp(a->allowed, b->allowed, 8) &&
	       !memcmp(a->fed, b->fed, 16) && a->reason == b->reason && a->len == b->len &&
	       !memcmp(a->text, b->text, a->len);
}

#endif /* RECORDER_H */
