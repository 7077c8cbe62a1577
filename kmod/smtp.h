/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An SMTP conversation (RFC 5321, with PIPELINING, CHUNKING, STARTTLS and AUTH):
 * which bytes of the client are commands, and which of them the policy refuses.
 *
 * THEORY OF OPERATION. Both directions are fed their bytes in order, in pieces of
 * any size; nothing is kept of them but what the line under way has said so far.
 * What a byte of the client means depends on what the server answered, so every
 * command waits in a queue until its answer takes it out:
 *
 *	client			queue		server
 *				greeting	220 mx
 *	EHLO a			hello		250-mx 250 CHUNKING
 *	MAIL RCPT DATA		mail rcpt data
 *				rcpt data	250
 *				data		550	a recipient less
 *						354	a message follows
 *	message CR LF . CR LF	message		250	commands follow
 *
 * Some bytes have two readings until an answer is here: behind DATA, behind AUTH
 * without an initial response, behind STARTTLS, behind a line that ended in LF alone
 * (not all take it for an end). RFC 2920 lets nobody send anything there, so a
 * barrier stands behind such a command until the queue is empty, and a byte that
 * meets it is refused. Everything else has one reading, whenever the answer comes.
 *
 * The text of a message has one (smtp_data.h), the path of a recipient has one or
 * is refused (smtp_path.h). A BDAT's bytes follow whatever the answer is, and no
 * server that announced CHUNKING reads its size otherwise (smtp_command.h).
 *
 * Counting recipients and bytes of a message needs to know where one begins. A MAIL,
 * HELO or the like does so only if the server accepts it: RCPTs before and behind a
 * "503 nested MAIL" are of one message. So there are two sums, of all since a
 * transaction surely ended (@total), and of all since the last command that may have
 * ended it (@since); when that one is accepted, the second becomes the first.
 *
 * A server that has answered 421 closes. If it does not, what it answers next is a
 * reply to nothing and ends the connection.
 */
#ifndef PN_SMTP_H
#define PN_SMTP_H

#include <linux/build_bug.h>
#include <linux/limits.h>
#include <linux/types.h>

#include "reason.h"
#include "smtp_command.h"
#include "smtp_data.h"
#include "smtp_queue.h"
#include "smtp_refusal.h"
#include "smtp_reply.h"

enum pn_smtp_way {
	PN_SMTP_CLIENT,			/* sent by the client */
	PN_SMTP_SERVER,
};

/* What may cost its source something, see struct pn_smtp_terms. */
enum pn_smtp_charge {
	PN_SMTP_RECIPIENT,
	PN_SMTP_MESSAGE,
};

/*
 * Bytes of a line with its end: of AUTH and what follows it (RFC 4954), and of any
 * other. Longer ones of the second kind have been read as two by servers.
 */
#define PN_SMTP_LINE_AUTH	12288
#define PN_SMTP_LINE_MAX	2048

/**
 * struct pn_smtp_rules - what the administrator wrote
 * @denied: a bit for each enum pn_smtp_verb
 * @size: bytes of a message, announced or sent; stuffed dots count as well
 * @recipients: of a message; those that the server refuses count as well
 * @messages: of a connection: transactions that came to DATA, BDAT or BURL
 * @line: bytes of a line with its end, instead of PN_SMTP_LINE_AUTH; below
 *	PN_SMTP_LINE_MAX also instead of that
 * @relay: domains that recipients may be of
 *
 * 0 is no limit. All may be other ones at every call.
 */
struct pn_smtp_rules {
	u64 denied;
	u64 size;
	u32 recipients;
	u32 messages;
	u32 line;
	struct pn_smtp_relay relay;
};

/**
 * struct pn_smtp_terms - on what terms a connection may go on
 * @rules: the policy's
 * @allow: asked for each recipient and each message that @rules allow: may its
 *	source have one more? NULL: it may
 * @ctx: for @allow
 */
struct pn_smtp_terms {
	const struct pn_smtp_rules *rules;
	bool (*allow)(void *ctx, enum pn_smtp_charge what);
	void *ctx;
};

/**
 * struct pn_smtp_transaction - sums over a message
 * @octets: of its text
 * @recipients: RCPT commands
 * @counted: it is among the messages of the connection
 */
struct pn_smtp_transaction {
	u64 octets;
	u32 recipients;
	bool counted;
};

/* What the client's next byte is. The last two: it cannot be told. */
enum pn_smtp_mode {
	PN_SMTP_MODE_COMMAND,
	PN_SMTP_MODE_EXCHANGE,		/* a line of AUTH */
	PN_SMTP_MODE_TEXT,
	PN_SMTP_MODE_CHUNK,
	PN_SMTP_MODE_TLS,
	PN_SMTP_MODE_LOST,
};

/**
 * struct pn_smtp - one connection
 * @total: since a transaction surely ended
 * @since: since the last command that may have ended it
 * @left: bytes of a chunk to come
 * @messages: so far
 * @bare_lf: LFs without CR in messages; the user may take them out
 * @unknown: commands that have no name here; likewise
 * @queue: commands without answer
 * @mode: an enum pn_smtp_mode
 * @barrier: why the client may not send anything now; PN_OK: it may
 * @tls: bytes of TLS seen of each direction, as far as they are looked at
 * @greeted: the server's greeting is complete
 * @pregreet: the client did not wait for it
 * @chunking: the server announced it
 * @mail: a transaction may be open
 * @answered: the message's answer came before its end
 */
struct pn_smtp {
	struct pn_smtp_transaction total, since;
	u32 left;
	u32 messages;
	u32 bare_lf;
	u32 unknown;
	struct pn_smtp_queue queue;
	u8 mode;
	u8 barrier;
	u8 tls[2];
	bool greeted : 1, pregreet : 1, chunking : 1, mail : 1, answered : 1;
	struct pn_smtp_data data;
	struct pn_smtp_reply reply;
	struct pn_smtp_command command;
};

#define PN_SMTP_STATE_MAX	512
static_assert(sizeof(struct pn_smtp) <= PN_SMTP_STATE_MAX,
	      "an inspected connection has bounded state");
static_assert(PN_NR_REASONS <= 256, "a barrier is a byte");

void pn_smtp_init(struct pn_smtp *s);

/* Nothing more of it is looked at or refused. */
void pn_smtp_give_up(struct pn_smtp *s);

/**
 * pn_smtp_client - the client's next bytes
 * @s: the connection
 * @terms: what it may do
 * @bytes: in order, each once
 * @len: how many
 * @refusal: filled in if some are refused
 *
 * However the bytes are cut, the same ones are refused for the same reasons.
 *
 * Who only counts refusals feeds the rest, from @refusal->used on. What was refused
 * counts as sent and accepted here: a command waits for its answer like any other,
 * a recipient or message too many has been counted. But after these reasons there
 * is no telling any more what bytes mean, and nothing more is looked at or refused
 * (pn_smtp_opaque()): smtp-control, smtp-pipeline, smtp-starttls-injection,
 * smtp-tls, smtp-smuggling, smtp-chunk, smtp-reply, smtp-unfollowed.
 *
 * Return: PN_OK, or one of PN_DROP_SMTP_.
 */
enum pn_reason pn_smtp_client(struct pn_smtp *s, const struct pn_smtp_terms *terms,
			      const u8 *bytes, u32 len,
			      struct pn_smtp_refusal *refusal);

/* The server's next bytes; as pn_smtp_client(). */
enum pn_reason pn_smtp_server(struct pn_smtp *s, const u8 *bytes, u32 len,
			      struct pn_smtp_refusal *refusal);

/* The next bytes of a direction mean nothing: how many. */
static inline u32 pn_smtp_skippable(const struct pn_smtp *s, enum pn_smtp_way way)
{
	if (s->mode == PN_SMTP_MODE_LOST ||
	    (s->mode == PN_SMTP_MODE_TLS && s->tls[way] == 2))
		return U32_MAX;
	if (way == PN_SMTP_CLIENT && s->mode == PN_SMTP_MODE_CHUNK && !s->barrier)
		return s->left;
	return 0;
}

/* Passes over @len of them unseen, at most as many as those. */
void pn_smtp_skip(struct pn_smtp *s, enum pn_smtp_way way, u32 len);

/* Nothing is, or can be, followed any more: TLS, or something was refused. */
static inline bool pn_smtp_opaque(const struct pn_smtp *s)
{
	return s->mode >= PN_SMTP_MODE_TLS;
}

/* What the client sends is TLS, and passes unseen. */
static inline bool pn_smtp_in_tls(const struct pn_smtp *s)
{
	return s->mode == PN_SMTP_MODE_TLS && s->tls[PN_SMTP_CLIENT] == 2;
}

/* Nothing that either end will send is looked at. */
static inline bool pn_smtp_is_done(const struct pn_smtp *s)
{
	return s->mode == PN_SMTP_MODE_LOST ||
	       (pn_smtp_in_tls(s) && s->tls[PN_SMTP_SERVER] == 2);
}

/*
 * The client has sent a part of a command: a server that takes the end of the
 * connection for the end of a line might act on it.
 */
static inline bool pn_smtp_in_command(const struct pn_smtp *s)
{
	return s->mode == PN_SMTP_MODE_COMMAND && s->command.length;
}

#endif /* PN_SMTP_H */
