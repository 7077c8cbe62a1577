/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A server's replies (RFC 5321, 4.2): "250 text", or "250-text" and more lines, the
 * last of which has no hyphen. Its code is the one that counts.
 */
#ifndef PN_SMTP_REPLY_H
#define PN_SMTP_REPLY_H

#include <linux/types.h>

/* RFC 5321 has 512, servers that tell much about a message have more. */
#define PN_SMTP_REPLY_LINE	4096

enum pn_smtp_reply_event {
	PN_SMTP_REPLY_MORE,
	PN_SMTP_REPLY_DONE,
	PN_SMTP_REPLY_BAD,		/* is none */
};

/**
 * struct pn_smtp_reply - the reply under way, or the last one
 * @code: of the last line
 * @length: of the line so far
 * @have: bytes of it that are those of a keyword; U8_MAX: of none
 * @begun: it has a line already
 * @more: another one follows this
 * @chunking: a line behind the first has the keyword CHUNKING (RFC 3030)
 */
struct pn_smtp_reply {
	u16 code;
	u16 length;
	u8 have;
	bool begun : 1, more : 1, chunking : 1;
};

void pn_smtp_reply_begin(struct pn_smtp_reply *r);

enum pn_smtp_reply_event pn_smtp_reply_byte(struct pn_smtp_reply *r, u8 byte);

#endif /* PN_SMTP_REPLY_H */
