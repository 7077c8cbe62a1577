/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Whom a RCPT command names, and whether that is one of ours.
 *
 *	TO:<user@acme.com>		the domain decides
 *	TO:<postmaster>			no domain: the server's own
 *	TO:<"a b"@acme.com>		quoted: what is in the quotes counts
 *	TO:<user@[192.0.2.1]>		an address, in brackets like a domain
 *
 * Servers are generous when they read this, and each in its own way. A path in any
 * other form might mean another domain to them than to us, so it is not one of
 * ours. Nor is one that asks the server to send the mail on:
 *
 *	<@a.example:user@acme.com>	source route (RFC 5321, appendix C)
 *	<user%b.example@acme.com>	the percent hack, and its kin with @ and !
 *	<IMCEASMTP-user+40b@acme.com>	Exchange's encapsulated addresses
 */
#ifndef PN_SMTP_PATH_H
#define PN_SMTP_PATH_H

#include <linux/types.h>

#define PN_SMTP_DOMAIN_MAX	255	/* RFC 5321, 4.5.3.1.2 */

/**
 * struct pn_smtp_relay - domains that mail may be for
 * @nr: how many; 0: any
 * @at: where the name of each begins in @names, in the order of strcmp()
 * @names: "acme.com" is that domain, ".acme.com" it and all below; in lower case,
 *	without a dot at the end, each with a NUL behind it
 */
struct pn_smtp_relay {
	u32 nr;
	const u32 *at;
	const char *names;
};

/**
 * struct pn_smtp_path - what was read of it
 * @step: what may come now
 * @at: bytes of the keyword or of the local part so far, up to U8_MAX
 * @same: of these, as many as begin as an encapsulated address does
 * @len: of @domain
 * @foreign: not in a form of which we know how it is read, or a relay trick
 */
struct pn_smtp_path {
	u8 step;
	u8 at;
	u8 same;
	u8 len;
	bool foreign;
	char domain[PN_SMTP_DOMAIN_MAX + 1];
};

void pn_smtp_path_begin(struct pn_smtp_path *p);

/* One byte behind RCPT and what parts it from that. */
void pn_smtp_path_byte(struct pn_smtp_path *p, u8 byte);

/* The line is complete: does @relay have it? */
bool pn_smtp_path_allowed(struct pn_smtp_path *p,
			  const struct pn_smtp_relay *relay);

#endif /* PN_SMTP_PATH_H */
