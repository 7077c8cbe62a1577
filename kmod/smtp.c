// SPDX-License-Identifier: GPL-2.0
/*
 * SMTP conversations: see smtp.h for how they are followed.
 */
#include <linux/kernel.h>
#include <linux/string.h>

#include "smtp.h"

static void refuse(struct pn_smtp *s, enum pn_reason reason,
		   struct pn_smtp_refusal *refusal)
{
	refusal->verb = s->command.verb;
	refusal->reply = pn_smtp_refusal_reply(reason, refusal->verb);
	if (pn_smtp_refusal_loses(reason))
		s->mode = PN_SMTP_MODE_LOST;
}

/* ---- what the client sends */

static void end_transaction(struct pn_smtp *s)
{
	memset(&s->total, 0, sizeof(s->total));
	memset(&s->since, 0, sizeof(s->since));
	s->mail = false;
}

static enum pn_reason count_message(struct pn_smtp *s,
				    const struct pn_smtp_terms *terms)
{
	const struct pn_smtp_rules *rules = terms->rules;
	bool counted = s->total.counted;

	s->total.counted = true;
	s->since.counted = true;
	if (counted)
		return PN_OK;
	s->messages++;
	if (rules->messages && s->messages > rules->messages)
		return PN_DROP_SMTP_MESSAGES;
	if (terms->allow && !terms->allow(terms->ctx, PN_SMTP_MESSAGE))
		return PN_DROP_SMTP_RATE;
	return PN_OK;
}

static enum pn_reason count_recipient(struct pn_smtp *s,
				      const struct pn_smtp_terms *terms)
{
	const struct pn_smtp_rules *rules = terms->rules;

	s->total.recipients++;
	s->since.recipients++;
	if (rules->relay.nr &&
	    !pn_smtp_path_allowed(&s->command.path, &rules->relay))
		return PN_DROP_SMTP_RELAY;
	if (rules->recipients && s->total.recipients > rules->recipients)
		return PN_DROP_SMTP_RECIPIENTS;
	if (terms->allow && !terms->allow(terms->ctx, PN_SMTP_RECIPIENT))
		return PN_DROP_SMTP_RATE;
	return PN_OK;
}

static enum pn_reason take_mail(struct pn_smtp *s, const struct pn_smtp_rules *rules)
{
	memset(&s->since, 0, sizeof(s->since));
	s->mail = true;
	if (rules->size && s->command.number > rules->size)
		return PN_DROP_SMTP_SIZE;
	return PN_OK;
}

/* RFC 5321, 4.1.1.5: without arguments it is always accepted. */
static void take_reset(struct pn_smtp *s)
{
	const struct pn_smtp_command *c = &s->command;

	if (c->verb == PN_VERB_RSET && !c->arguments)
		end_transaction(s);
	else
		memset(&s->since, 0, sizeof(s->since));
	/* Whoever greets without EHLO is not offered any extensions. */
	if (c->verb != PN_VERB_RSET)
		s->chunking = false;
}

static enum pn_reason take_chunk(struct pn_smtp *s, const struct pn_smtp_terms *terms)
{
	const struct pn_smtp_rules *rules = terms->rules;
	const struct pn_smtp_command *c = &s->command;
	enum pn_reason reason;
	bool within;

	if (!s->chunking || !s->mail || c->chunk_odd)
		return PN_DROP_SMTP_CHUNK;
	within = s->total.octets <= rules->size;
	s->total.octets += c->number;
	s->since.octets += c->number;
	s->left = c->number;
	s->mode = PN_SMTP_MODE_CHUNK;
	reason = count_message(s, terms);
	if (rules->size && within && s->total.octets > rules->size)
		reason = PN_DROP_SMTP_SIZE;
	/* RFC 3030, 2: whatever the answer is, this was the last of it. */
	if (c->last)
		end_transaction(s);
	return reason;
}

/* The command's line is complete. */
static enum pn_reason take_command(struct pn_smtp *s, const struct pn_smtp_terms *terms)
{
	const struct pn_smtp_command *c = &s->command;
	enum pn_smtp_awaited kind = PN_SMTP_ANY;
	enum pn_reason reason = PN_OK;

	if (c->bare)
		s->barrier = PN_DROP_SMTP_PIPELINE;
	if (c->verb == PN_VERB_UNKNOWN)
		s->unknown++;
	switch (pn_smtp_verb_kind(c->verb)) {
	case PN_SMTP_KIND_PLAIN:
		break;
	case PN_SMTP_KIND_MAIL:
		kind = PN_SMTP_RESET;
		reason = take_mail(s, terms->rules);
		break;
	case PN_SMTP_KIND_RCPT:
		reason = count_recipient(s, terms);
		break;
	case PN_SMTP_KIND_RESET:
		kind = PN_SMTP_RESET;
		take_reset(s);
		break;
	case PN_SMTP_KIND_HELLO:
		kind = PN_SMTP_HELLO;
		take_reset(s);
		break;
	case PN_SMTP_KIND_DATA:
		kind = PN_SMTP_DATA;
		s->barrier = PN_DROP_SMTP_PIPELINE;
		reason = count_message(s, terms);
		break;
	case PN_SMTP_KIND_BDAT:
		reason = take_chunk(s, terms);
		break;
	case PN_SMTP_KIND_BURL:
		reason = count_message(s, terms);
		break;
	case PN_SMTP_KIND_AUTH:
		/* RFC 4954, 4: nothing may follow, but an AUTH that is all in one */
		kind = PN_SMTP_AUTH;
		if (!c->initial || s->mode == PN_SMTP_MODE_EXCHANGE)
			s->barrier = PN_DROP_SMTP_PIPELINE;
		s->mode = PN_SMTP_MODE_COMMAND;
		break;
	case PN_SMTP_KIND_STARTTLS:
		kind = PN_SMTP_STARTTLS;
		s->barrier = PN_DROP_SMTP_STARTTLS;
		break;
	case PN_SMTP_KIND_TURN:
		kind = PN_SMTP_TURN;
		s->barrier = PN_DROP_SMTP_PIPELINE;
		break;
	}
	return pn_smtp_queue_add(&s->queue, kind) ? reason : PN_DROP_SMTP_PIPELINE;
}

static u32 line_max(const struct pn_smtp *s, const struct pn_smtp_rules *rules)
{
	const struct pn_smtp_command *c = &s->command;
	u32 line = rules->line ?: PN_SMTP_LINE_AUTH;

	if (pn_smtp_verb_kind(c->verb) == PN_SMTP_KIND_AUTH)
		return line;
	return min_t(u32, line, PN_SMTP_LINE_MAX);
}

static u32 feed_command(struct pn_smtp *s, const struct pn_smtp_terms *terms,
			const u8 *bytes, u32 len, enum pn_reason *reason)
{
	struct pn_smtp_command *c = &s->command;
	enum pn_smtp_event event;
	u32 i = 0;

	do {
		event = pn_smtp_command_byte(c, bytes[i++]);
		if (event == PN_SMTP_CONTROL) {
			*reason = PN_DROP_SMTP_CONTROL;
			return i;
		}
		if (event != PN_SMTP_MORE && !c->told) {
			c->told = true;
			if (terms->rules->denied & BIT_ULL(c->verb))
				*reason = PN_DROP_SMTP_COMMAND;
		}
		if (c->length == line_max(s, terms->rules) + 1 && !*reason)
			*reason = PN_DROP_SMTP_LINE;
	} while (i < len && event != PN_SMTP_LINE && !*reason);
	if (event == PN_SMTP_LINE) {
		enum pn_reason taken = take_command(s, terms);

		/* What nobody can follow is worse than what is only denied. */
		if (!*reason || taken == PN_DROP_SMTP_CHUNK ||
		    taken == PN_DROP_SMTP_PIPELINE)
			*reason = taken ?: *reason;
		c->length = 0;
	}
	return i;
}

static u32 feed_text(struct pn_smtp *s, const struct pn_smtp_rules *rules,
		     const u8 *bytes, u32 len, enum pn_reason *reason)
{
	/* RFC 1870, 3: without the . CR LF at its end */
	u64 most = rules->size + 3, *octets = &s->total.octets;
	enum pn_smtp_end end;

	/* Not beyond the byte that is one too many. */
	if (rules->size && *octets <= most)
		len = min_t(u64, len, most + 1 - *octets);
	len = pn_smtp_data_read(&s->data, bytes, len, &s->bare_lf, &end);
	*octets += len;
	if (rules->size && *octets == most + 1)
		*reason = PN_DROP_SMTP_SIZE;
	if (end == PN_SMTP_FALSE_END) {
		*reason = PN_DROP_SMTP_SMUGGLING;
	} else if (end == PN_SMTP_END) {
		end_transaction(s);
		s->mode = PN_SMTP_MODE_COMMAND;
		if (!s->answered)
			pn_smtp_queue_add(&s->queue, PN_SMTP_ANY);
	}
	return len;
}

/* RFC 8446, 5.1: a handshake of version 3.x; or a server's alert. */
static u32 feed_tls(struct pn_smtp *s, enum pn_smtp_way way, const u8 *bytes, u32 len,
		    enum pn_reason *reason)
{
	u32 i;

	for (i = 0; i < len && s->tls[way] < 2; i++) {
		bool good = s->tls[way] ? bytes[i] == 0x03 :
			    bytes[i] == 0x16 ||
			    (way == PN_SMTP_SERVER && bytes[i] == 0x15);

		if (!good) {
			*reason = PN_DROP_SMTP_TLS;
			return i;
		}
		s->tls[way]++;
	}
	return len;
}

static u32 pass_chunk(struct pn_smtp *s, u32 len)
{
	u32 n = min(len, s->left);

	s->left -= n;
	if (!s->left)
		s->mode = PN_SMTP_MODE_COMMAND;
	return n;
}

static void begin_line(struct pn_smtp *s)
{
	if (s->command.length)
		return;
	if (s->mode == PN_SMTP_MODE_EXCHANGE)
		pn_smtp_command_begin_auth(&s->command);
	else
		pn_smtp_command_begin(&s->command);
}

enum pn_reason pn_smtp_client(struct pn_smtp *s, const struct pn_smtp_terms *terms,
			      const u8 *bytes, u32 len,
			      struct pn_smtp_refusal *refusal)
{
	enum pn_reason reason = PN_OK;
	u32 i = 0;

	refusal->at = 0;
	refusal->outstanding = s->queue.length;
	while (i < len && s->mode != PN_SMTP_MODE_LOST) {
		if (!s->greeted)
			s->pregreet = true;
		/* A command's own refusal is at its beginning. */
		if (!s->command.length || s->mode > PN_SMTP_MODE_EXCHANGE)
			refusal->at = i;
		refusal->outstanding = s->queue.length;
		if (s->barrier) {
			reason = s->barrier;
		} else if (s->mode == PN_SMTP_MODE_CHUNK) {
			i += pass_chunk(s, len - i);
		} else if (s->mode == PN_SMTP_MODE_TLS) {
			i += feed_tls(s, PN_SMTP_CLIENT, bytes + i, len - i, &reason);
			refusal->at = i;
		} else if (s->mode == PN_SMTP_MODE_TEXT) {
			i += feed_text(s, terms->rules, bytes + i, len - i, &reason);
			refusal->at = i - 1;
		} else {
			begin_line(s);
			i += feed_command(s, terms, bytes + i, len - i, &reason);
		}
		if (reason) {
			refusal->used = i;
			refuse(s, reason, refusal);
			return reason;
		}
	}
	return PN_OK;
}

/* ---- what the server answers */

static enum pn_reason accept_auth(struct pn_smtp *s)
{
	/* Has the client sent on, and the server takes that for its response? */
	if (s->queue.length || s->command.length)
		return PN_DROP_SMTP_UNFOLLOWED;
	s->mode = PN_SMTP_MODE_EXCHANGE;
	return PN_OK;
}

static enum pn_reason answer_nothing(struct pn_smtp *s, u16 code)
{
	/*
	 * Some do not wait for the end of a text to refuse it. Most then close; the
	 * others read on to its end, and answer no more.
	 */
	if (s->mode == PN_SMTP_MODE_TEXT && !s->answered && code >= 400) {
		s->answered = true;
		return PN_OK;
	}
	/*
	 * RFC 5321, 3.8: 421 at any time, of a server that closes. Others say 451 or
	 * 554 as they do; none of these is an answer to what was not asked yet.
	 */
	return code == 421 || (code >= 400 && s->mode != PN_SMTP_MODE_TEXT) ?
	       PN_OK : PN_DROP_SMTP_REPLY;
}

static enum pn_reason answer(struct pn_smtp *s)
{
	u16 code = s->reply.code;
	bool accepted = code / 100 == 2;
	/* Something is to follow, and only the server knows what. */
	bool lost = code / 100 == 3;
	enum pn_smtp_awaited kind;

	if (!s->queue.length)
		return answer_nothing(s, code);
	s->greeted = true;
	kind = pn_smtp_queue_take(&s->queue);
	if (code == 421)
		pn_smtp_queue_clear(&s->queue);
	/* It stands behind the last command. */
	if (!s->queue.length)
		s->barrier = PN_OK;
	if (code == 421)
		return PN_OK;
	switch (kind) {
	case PN_SMTP_ANY:
		break;
	case PN_SMTP_HELLO:
		s->chunking = accepted && s->reply.chunking;
		fallthrough;
	case PN_SMTP_RESET:
		if (accepted && !s->queue.resets)
			s->total = s->since;
		break;
	case PN_SMTP_DATA:
		if (code != 354) {
			lost = code < 400;
			break;
		}
		s->mode = PN_SMTP_MODE_TEXT;
		s->answered = false;
		pn_smtp_data_begin(&s->data);
		return PN_OK;
	case PN_SMTP_AUTH:
		if (code == 334)
			return accept_auth(s);
		break;
	case PN_SMTP_STARTTLS:
		if (code != 220) {
			lost = code < 400;
			break;
		}
		s->mode = PN_SMTP_MODE_TLS;
		return PN_OK;
	case PN_SMTP_TURN:
		lost = code < 400;
		break;
	}
	return lost ? PN_DROP_SMTP_UNFOLLOWED : PN_OK;
}

static u32 feed_reply(struct pn_smtp *s, const u8 *bytes, u32 len,
		      enum pn_reason *reason)
{
	u32 i;

	for (i = 0; i < len;) {
		switch (pn_smtp_reply_byte(&s->reply, bytes[i++])) {
		case PN_SMTP_REPLY_MORE:
			break;
		case PN_SMTP_REPLY_DONE:
			*reason = answer(s);
			pn_smtp_reply_begin(&s->reply);
			return i;
		case PN_SMTP_REPLY_BAD:
			*reason = PN_DROP_SMTP_REPLY;
			return i;
		}
	}
	return i;
}

enum pn_reason pn_smtp_server(struct pn_smtp *s, const u8 *bytes, u32 len,
			      struct pn_smtp_refusal *refusal)
{
	enum pn_reason reason = PN_OK;
	u32 i = 0;

	while (i < len && s->mode != PN_SMTP_MODE_LOST) {
		refusal->at = i;
		refusal->outstanding = s->queue.length;
		if (s->mode == PN_SMTP_MODE_TLS) {
			i += feed_tls(s, PN_SMTP_SERVER, bytes + i, len - i, &reason);
			refusal->at = i;
		} else {
			i += feed_reply(s, bytes + i, len - i, &reason);
		}
		if (reason) {
			refusal->used = i;
			refuse(s, reason, refusal);
			return reason;
		}
	}
	return PN_OK;
}

/* ---- bytes that nobody needs to see */

void pn_smtp_skip(struct pn_smtp *s, enum pn_smtp_way way, u32 len)
{
	if (way == PN_SMTP_CLIENT && s->mode == PN_SMTP_MODE_CHUNK)
		pass_chunk(s, len);
}

void pn_smtp_give_up(struct pn_smtp *s)
{
	s->mode = PN_SMTP_MODE_LOST;
}

void pn_smtp_init(struct pn_smtp *s)
{
	memset(s, 0, sizeof(*s));
	/* The greeting answers nothing. */
	pn_smtp_queue_add(&s->queue, PN_SMTP_ANY);
}
