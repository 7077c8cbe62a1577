/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A command line (RFC 5321, 4.1): its verb, and what of its arguments matters.
 *
 * Where servers differ in how they read a line, ours has to be the reading that is
 * safe with all of them:
 *
 *	"  VRFY x"	some skip blanks before the verb, so it is VRFY
 *	"VRFY<TAB>x"	some take any white space for the end of the verb: so do we
 *	"NOOP<LF>"	most take LF alone for the end of the line. So do we, but the
 *			line is marked: who does not will answer later
 *	"NOOP<CR>x"	nobody should send that, and it is refused; as is a NUL
 *	"BDAT +1"	must be read by all alike, or not at all: see @chunk_odd
 */
#ifndef PN_SMTP_COMMAND_H
#define PN_SMTP_COMMAND_H

#include <linux/types.h>

#include "smtp_path.h"

enum pn_smtp_verb {
#define SMTP_VERB(id, name, kind)	PN_VERB_##id,
#include <postern/smtp_verbs.inc>
#undef SMTP_VERB
	PN_VERBS,
};

/**
 * enum pn_smtp_kind - what a command is to who follows the conversation
 * @PN_SMTP_KIND_PLAIN: one answer, and nothing else
 * @PN_SMTP_KIND_MAIL: begins a transaction, if it is accepted
 * @PN_SMTP_KIND_RCPT: adds a recipient to it
 * @PN_SMTP_KIND_RESET: ends it, if it is accepted
 * @PN_SMTP_KIND_HELLO: that, and the answer lists extensions
 * @PN_SMTP_KIND_DATA: the answer says whether text follows
 * @PN_SMTP_KIND_BDAT: so many bytes follow
 * @PN_SMTP_KIND_BURL: text from elsewhere
 * @PN_SMTP_KIND_AUTH: the answer says whether a line that is no command follows
 * @PN_SMTP_KIND_STARTTLS: the answer says whether TLS follows
 * @PN_SMTP_KIND_TURN: once accepted, what follows is another protocol
 */
enum pn_smtp_kind {
	PN_SMTP_KIND_PLAIN,
	PN_SMTP_KIND_MAIL,
	PN_SMTP_KIND_RCPT,
	PN_SMTP_KIND_RESET,
	PN_SMTP_KIND_HELLO,
	PN_SMTP_KIND_DATA,
	PN_SMTP_KIND_BDAT,
	PN_SMTP_KIND_BURL,
	PN_SMTP_KIND_AUTH,
	PN_SMTP_KIND_STARTTLS,
	PN_SMTP_KIND_TURN,
};

/*
 * Exim has read a chunk's size into 32 bits, others into an int: more than that,
 * and the rest of the chunk would be commands.
 */
#define PN_SMTP_CHUNK_MAX	0x7fffffffU
#define PN_SMTP_WORD		16	/* longer than any verb */

enum pn_smtp_event {
	PN_SMTP_MORE,
	PN_SMTP_VERB,			/* the verb is complete */
	PN_SMTP_LINE,			/* the line is; perhaps the verb as well */
	PN_SMTP_CONTROL,		/* a NUL, or a CR that no LF follows */
};

/**
 * struct pn_smtp_command - the line under way, or the last one
 * @number: of SIZE= or BDAT
 * @length: bytes so far; 0: the line has not begun
 * @verb: enum pn_smtp_verb, once it is complete
 * @step: what the next bytes are
 * @have: how many of them there were
 * @cr: a CR came
 * @bare: the line ended in LF alone
 * @arguments: there are some
 * @initial: AUTH has an initial response
 * @last: of BDAT
 * @chunk_odd: a BDAT that is not exactly as RFC 3030 has it
 * @told: the verb was complete before
 */
struct pn_smtp_command {
	u64 number;
	u32 length;
	u8 verb, step, have;
	bool cr : 1, bare : 1, arguments : 1, initial : 1;
	bool last : 1, chunk_odd : 1, told : 1;
	char word[PN_SMTP_WORD];
	struct pn_smtp_path path;
};

void pn_smtp_command_begin(struct pn_smtp_command *c);

/* A line that goes on with the AUTH exchange of @c->verb. */
void pn_smtp_command_begin_auth(struct pn_smtp_command *c);

enum pn_smtp_event pn_smtp_command_byte(struct pn_smtp_command *c, u8 byte);

enum pn_smtp_kind pn_smtp_verb_kind(enum pn_smtp_verb verb);

/* As in the policy. */
const char *pn_smtp_verb_name(enum pn_smtp_verb verb);

#endif /* PN_SMTP_COMMAND_H */
