/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where the text of a message ends (RFC 5321, 4.1.1.4 and 4.5.2): at CR LF . CR LF,
 * or at . CR LF if it is the first line, and nowhere else.
 *
 * Servers have taken other things for the end: LF.LF, LF.CRLF, CR.CR, CRLF.CR, and
 * the same with a NUL in between (CVE-2023-51764 and its kin). What one server
 * hands on as text, and the next takes for the end, is a second message that
 * nobody looked at. So a lone dot is either the end or refused: read as if there
 * were no NUL, a dot between two line ends must have CR LF on both sides, and no
 * NUL among them. A bare LF elsewhere is only counted.
 */
#ifndef PN_SMTP_DATA_H
#define PN_SMTP_DATA_H

#include <linux/types.h>

enum pn_smtp_end {
	PN_SMTP_TEXT,			/* goes on */
	PN_SMTP_END,
	PN_SMTP_FALSE_END,
};

/**
 * struct pn_smtp_data - the last bytes of the text, as far as they matter
 */
struct pn_smtp_data {
	u8 state;
};

void pn_smtp_data_begin(struct pn_smtp_data *d);

/**
 * pn_smtp_data_read - look for the end
 * @d: text begun
 * @bytes: the next, as many as there are
 * @len: how many; more than 0
 * @bare_lf: LFs without CR are added to it
 * @end: what was found
 *
 * Return: how many were read. Of an end, or what might be taken for one, the last
 * of these is its last byte.
 */
u32 pn_smtp_data_read(struct pn_smtp_data *d, const u8 *bytes, u32 len,
		      u32 *bare_lf, enum pn_smtp_end *end);

#endif /* PN_SMTP_DATA_H */
