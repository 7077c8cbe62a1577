// SPDX-License-Identifier: GPL-2.0
/*
 * A recipient's path: see smtp_path.h.
 */
#include <linux/kernel.h>
#include <linux/string.h>

#include "smtp_path.h"
#include "smtp_text.h"

enum step {
	KEYWORD,
	OPEN,
	FIRST,
	LOCAL,
	QUOTED,
	BACKSLASH,
	UNQUOTED,			/* behind the closing quote */
	DOMAIN,
	LITERAL,
	CLOSE,
	CLOSED,
	PARAMETERS,
};

static const char keyword[] = "to:";
static const char encapsulated[] = "imceasmtp-";

void pn_smtp_path_begin(struct pn_smtp_path *p)
{
	p->step = KEYWORD;
	p->at = 0;
	p->same = 0;
	p->len = 0;
	p->foreign = false;
}

/* One character of the local part, without its quoting. */
static void take_local(struct pn_smtp_path *p, u8 byte)
{
	if (byte == '@' || byte == '%' || byte == '!')
		p->foreign = true;
	if (p->same == p->at && p->at < strlen(encapsulated) &&
	    pn_smtp_lower(byte) == encapsulated[p->at])
		p->same++;
	if (p->same == strlen(encapsulated))
		p->foreign = true;
	if (p->at < U8_MAX)
		p->at++;
}

static void take_domain(struct pn_smtp_path *p, u8 byte)
{
	if (p->len == PN_SMTP_DOMAIN_MAX)
		p->foreign = true;
	else
		p->domain[p->len++] = pn_smtp_lower(byte);
}

/* RFC 5321's atext and dots; with RFC 6531, all but ASCII as well. */
static bool is_local(u8 byte)
{
	return pn_smtp_is_name(byte) || (byte && strchr("!#$%&'*+/=?^`{|}~", byte));
}

static enum step begin_local(struct pn_smtp_path *p, u8 byte)
{
	if (byte == '>')
		return CLOSED;
	if (byte == '"')
		return QUOTED;
	if (!is_local(byte))
		p->foreign = true;
	take_local(p, byte);
	return LOCAL;
}

static enum step end_local(struct pn_smtp_path *p, u8 byte)
{
	if (byte == '>')
		return CLOSED;
	if (byte != '@')
		p->foreign = true;
	return DOMAIN;
}

static enum step in_domain(struct pn_smtp_path *p, u8 byte)
{
	if (byte == '>') {
		/* <user@>: some say that this is the server itself */
		if (!p->len)
			p->foreign = true;
		return CLOSED;
	}
	take_domain(p, byte);
	if (byte == '[' && p->len == 1)
		return LITERAL;
	if (!pn_smtp_is_name(byte))
		p->foreign = true;
	return DOMAIN;
}

static enum step step(struct pn_smtp_path *p, u8 byte)
{
	switch ((enum step)p->step) {
	case KEYWORD:
		if (pn_smtp_lower(byte) != keyword[p->at])
			p->foreign = true;
		if (keyword[++p->at])
			return KEYWORD;
		p->at = 0;
		return OPEN;
	case OPEN:
		/* not in the grammar, and sent by many */
		if (byte == ' ')
			return OPEN;
		if (byte != '<')
			p->foreign = true;
		return FIRST;
	case FIRST:
		return begin_local(p, byte);
	case LOCAL:
		if (!is_local(byte))
			return end_local(p, byte);
		take_local(p, byte);
		return LOCAL;
	case QUOTED:
		if (byte == '"')
			return UNQUOTED;
		if (byte == '\\')
			return BACKSLASH;
		take_local(p, byte);
		return QUOTED;
	case BACKSLASH:
		take_local(p, byte);
		return QUOTED;
	case UNQUOTED:
		return end_local(p, byte);
	case DOMAIN:
		return in_domain(p, byte);
	case LITERAL:
		take_domain(p, byte);
		return byte == ']' ? CLOSE : LITERAL;
	case CLOSE:
		if (byte != '>')
			p->foreign = true;
		return CLOSED;
	case CLOSED:
		/* Behind the path only parameters may come. */
		if (byte != ' ')
			p->foreign = true;
		return PARAMETERS;
	case PARAMETERS:
		break;
	}
	return PARAMETERS;
}

void pn_smtp_path_byte(struct pn_smtp_path *p, u8 byte)
{
	/* Once foreign, whatever else is in it. */
	if (!p->foreign)
		p->step = step(p, byte);
}

static bool listed(const struct pn_smtp_relay *relay, const char *name)
{
	u32 low = 0, high = relay->nr;

	while (low < high) {
		u32 middle = low + (high - low) / 2;
		int order = strcmp(relay->names + relay->at[middle], name);

		if (!order)
			return true;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

/* @name has room before it, for the dot that means "and all below". */
static bool listed_below(const struct pn_smtp_relay *relay, char *name)
{
	char before = name[-1];
	bool found;

	name[-1] = '.';
	found = listed(relay, name - 1);
	name[-1] = before;
	return found;
}

bool pn_smtp_path_allowed(struct pn_smtp_path *p,
			  const struct pn_smtp_relay *relay)
{
	char name[PN_SMTP_DOMAIN_MAX + 2] = ".";
	char *at = name + 1;

	if (p->foreign || p->step < CLOSED)
		return false;
	if (!p->len)
		return true;
	/* One dot at the end says that nothing is to be added. */
	if (p->domain[p->len - 1] == '.')
		p->len--;
	memcpy(at, p->domain, p->len);
	at[p->len] = '\0';
	if (listed(relay, at))
		return true;
	while (at) {
		if (listed_below(relay, at))
			return true;
		at = strchr(at, '.');
		if (at)
			at++;
	}
	return false;
}
