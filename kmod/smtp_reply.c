// SPDX-License-Identifier: GPL-2.0
/*
 * Replies: see smtp_reply.h.
 */
#include <linux/kernel.h>
#include <linux/string.h>

#include "smtp_reply.h"
#include "smtp_text.h"

static const char chunking[] = "chunking";

void pn_smtp_reply_begin(struct pn_smtp_reply *r)
{
	memset(r, 0, sizeof(*r));
}

static enum pn_smtp_reply_event end_line(struct pn_smtp_reply *r)
{
	if (!r->more)
		return PN_SMTP_REPLY_DONE;
	r->begun = true;
	r->length = 0;
	return PN_SMTP_REPLY_MORE;
}

static enum pn_smtp_reply_event take_digit(struct pn_smtp_reply *r, u8 byte)
{
	/* 1yz and 0yz are not SMTP's, nor is what has no code */
	if (!pn_smtp_is_digit(byte) ||
	    (r->length == 1 && (byte < '2' || byte > '5')))
		return PN_SMTP_REPLY_BAD;
	if (r->length == 1)
		r->code = 0;
	r->code = r->code * 10 + (byte - '0');
	return PN_SMTP_REPLY_MORE;
}

static void take_text(struct pn_smtp_reply *r, u8 byte)
{
	if (r->have == strlen(chunking)) {
		if (byte == ' ' || byte == '\r' || byte == '\n')
			r->chunking = true;
		r->have = U8_MAX;
	} else if (r->have < strlen(chunking) &&
		   pn_smtp_lower(byte) == chunking[r->have]) {
		r->have++;
	} else {
		r->have = U8_MAX;
	}
}

enum pn_smtp_reply_event pn_smtp_reply_byte(struct pn_smtp_reply *r, u8 byte)
{
	if (++r->length > PN_SMTP_REPLY_LINE)
		return PN_SMTP_REPLY_BAD;
	if (r->length <= 3)
		return take_digit(r, byte);
	if (r->length == 4) {
		r->more = byte == '-';
		/* What stands first in the first line is the server's name. */
		r->have = r->begun ? 0 : U8_MAX;
		if (byte != '-' && byte != ' ' && byte != '\r' && byte != '\n')
			return PN_SMTP_REPLY_BAD;
	} else {
		take_text(r, byte);
	}
	return byte == '\n' ? end_line(r) : PN_SMTP_REPLY_MORE;
}
