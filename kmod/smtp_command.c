// SPDX-License-Identifier: GPL-2.0
/*
 * Command lines: see smtp_command.h.
 */
#include <linux/build_bug.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "smtp_command.h"
#include "smtp_text.h"

enum step {
	VERB,
	GAP,				/* blanks behind it */
	ARGUMENTS,
	PARAMETER,			/* of MAIL: @have bytes of "size=" */
	SIZE,				/* its digits */
	OTHER,				/* to the next blank */
	DIGITS,				/* of BDAT: @have of them */
	LAST,				/* @have bytes of "last" */
	MECHANISM,			/* of AUTH */
	RESPONSE,
};

static const struct {
	const char *name;
	u8 kind;
} verbs[] = {
#define SMTP_VERB(id, name, kind) { name, PN_SMTP_KIND_##kind },
#include <postern/smtp_verbs.inc>
#undef SMTP_VERB
};

static_assert(PN_VERBS <= 64, "a policy has a bit for each");

static const char size[] = "size=";
static const char last[] = "last";

static void begin(struct pn_smtp_command *c, enum step step)
{
	c->number = 0;
	c->length = 0;
	c->step = step;
	c->have = 0;
	c->cr = false;
	c->bare = false;
	c->arguments = false;
	c->initial = false;
	c->last = false;
	c->chunk_odd = false;
	c->told = false;
}

void pn_smtp_command_begin(struct pn_smtp_command *c)
{
	begin(c, VERB);
	c->verb = PN_VERB_UNKNOWN;
}

void pn_smtp_command_begin_auth(struct pn_smtp_command *c)
{
	begin(c, RESPONSE);
	c->told = true;
}

static enum pn_smtp_verb find_verb(const struct pn_smtp_command *c)
{
	u32 i;

	for (i = PN_VERB_UNKNOWN + 1; i < PN_VERBS; i++)
		if (strlen(verbs[i].name) == c->have &&
		    !memcmp(verbs[i].name, c->word, c->have))
			return i;
	return PN_VERB_UNKNOWN;
}

static void end_verb(struct pn_smtp_command *c)
{
	c->verb = find_verb(c);
	c->step = GAP;
	c->have = 0;
	if (verbs[c->verb].kind == PN_SMTP_KIND_RCPT)
		pn_smtp_path_begin(&c->path);
}

static enum pn_smtp_event take_verb(struct pn_smtp_command *c, u8 byte)
{
	if (!pn_smtp_is_blank(byte)) {
		if (c->have < PN_SMTP_WORD)
			c->word[c->have++] = pn_smtp_lower(byte);
		return PN_SMTP_MORE;
	}
	if (byte != ' ' || !c->have)
		c->chunk_odd = true;
	if (!c->have)
		return PN_SMTP_MORE;
	end_verb(c);
	return PN_SMTP_VERB;
}

static enum step first_step(const struct pn_smtp_command *c)
{
	switch (verbs[c->verb].kind) {
	case PN_SMTP_KIND_MAIL:
		return PARAMETER;
	case PN_SMTP_KIND_BDAT:
		return DIGITS;
	case PN_SMTP_KIND_AUTH:
		return MECHANISM;
	}
	return ARGUMENTS;
}

/* Saturates where it is too much for anybody. */
static void take_digit(struct pn_smtp_command *c, u8 byte)
{
	if (c->number < (u64)1 << 60)
		c->number = c->number * 10 + (byte - '0');
}

static void take_parameter(struct pn_smtp_command *c, u8 byte)
{
	if (pn_smtp_is_blank(byte)) {
		c->step = PARAMETER;
		c->have = 0;
	} else if (c->step == SIZE && pn_smtp_is_digit(byte)) {
		take_digit(c, byte);
	} else if (c->step == PARAMETER &&
		   pn_smtp_lower(byte) == size[c->have]) {
		if (!size[++c->have]) {
			c->number = 0;
			c->step = SIZE;
		}
	} else {
		c->step = OTHER;
	}
}

static void take_chunk(struct pn_smtp_command *c, u8 byte)
{
	if (c->step == DIGITS && pn_smtp_is_digit(byte) && c->have < 20) {
		c->have++;
		take_digit(c, byte);
	} else if (c->step == DIGITS && byte == ' ' && c->have) {
		c->step = LAST;
		c->have = 0;
	} else if (c->step == LAST && last[c->have] &&
		   pn_smtp_lower(byte) == last[c->have]) {
		c->last = !last[++c->have];
	} else {
		c->chunk_odd = true;
	}
}

static void take_argument(struct pn_smtp_command *c, u8 byte)
{
	switch ((enum step)c->step) {
	case PARAMETER:
	case SIZE:
	case OTHER:
		take_parameter(c, byte);
		break;
	case DIGITS:
	case LAST:
		take_chunk(c, byte);
		break;
	case MECHANISM:
		if (pn_smtp_is_blank(byte))
			c->step = RESPONSE;
		break;
	case RESPONSE:
		if (!pn_smtp_is_blank(byte))
			c->initial = true;
		break;
	default:
		if (verbs[c->verb].kind == PN_SMTP_KIND_RCPT)
			pn_smtp_path_byte(&c->path, byte);
	}
}

static void end_line(struct pn_smtp_command *c)
{
	if (c->step == VERB)
		end_verb(c);
	if (c->step == LAST ? !c->last : c->step != DIGITS || !c->have)
		c->chunk_odd = true;
	if (c->number > PN_SMTP_CHUNK_MAX)
		c->chunk_odd = true;
}

enum pn_smtp_event pn_smtp_command_byte(struct pn_smtp_command *c, u8 byte)
{
	if (c->length < U32_MAX)
		c->length++;
	if (!byte || (c->cr && byte != '\n'))
		return PN_SMTP_CONTROL;
	switch (byte) {
	case '\n':
		c->bare = !c->cr;
		end_line(c);
		return PN_SMTP_LINE;
	case '\r':
		c->cr = true;
		if (c->step != VERB)
			return PN_SMTP_MORE;
		end_verb(c);
		return PN_SMTP_VERB;
	}
	if (c->step == VERB)
		return take_verb(c, byte);
	if (c->step == GAP) {
		if (pn_smtp_is_blank(byte)) {
			c->chunk_odd = true;
			return PN_SMTP_MORE;
		}
		c->arguments = true;
		c->step = first_step(c);
	}
	take_argument(c, byte);
	return PN_SMTP_MORE;
}

enum pn_smtp_kind pn_smtp_verb_kind(enum pn_smtp_verb verb)
{
	return verbs[verb].kind;
}

const char *pn_smtp_verb_name(enum pn_smtp_verb verb)
{
	return verbs[verb].name;
}
