/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Characters as SMTP sees them: ASCII letters of either case are the same.
 */
#ifndef PN_SMTP_TEXT_H
#define PN_SMTP_TEXT_H

#include <linux/types.h>

static inline u8 pn_smtp_lower(u8 byte)
{
	return byte >= 'A' && byte <= 'Z' ? byte | 0x20 : byte;
}

static inline bool pn_smtp_is_digit(u8 byte)
{
	return byte >= '0' && byte <= '9';
}

/* What parts words for those who use isspace(); RFC 5321 has but the first. */
static inline bool pn_smtp_is_blank(u8 byte)
{
	return byte == ' ' || byte == '\t' || byte == '\v' || byte == '\f';
}

/* Of a host's name, or more than ASCII (RFC 6531). */
static inline bool pn_smtp_is_name(u8 byte)
{
	u8 lower = pn_smtp_lower(byte);

	return (lower >= 'a' && lower <= 'z') || pn_smtp_is_digit(byte) ||
	       byte == '-' || byte == '.' || byte == '_' || byte >= 0x80;
}

#endif /* PN_SMTP_TEXT_H */
