// SPDX-License-Identifier: GPL-2.0
/*
 * SMTP connections: see mail.h.
 */
#include <linux/string.h>
#include <linux/tcp.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/tcp.h>

#include "admit.h"
#include "farewell.h"
#include "inspected.h"
#include "inspector.h"
#include "judge.h"
#include "mail.h"
#include "mangle.h"
#include "net.h"
#include "quota.h"

/* RFC 5321, 4.5.3.2: longer than most servers think about a command */
#define OWED_SECONDS	30
/* RFC 5321, 4.5.3.2.6: or about a message that it has, which must not come twice */
#define TAKEN_SECONDS	600
/* RFC 5321, 4.5.3.2.6: so long a client waits at the end of its message */
#define TOLD_SECONDS	600
/* Until conntrack forgets it: the client sends on, or is done. */
#define IDLE_SECONDS	60
#define DONE_SECONDS	10

void pn_mail_init(struct pn_mail *m)
{
	memset(m, 0, sizeof(*m));
	pn_smtp_init(&m->smtp);
}

void pn_mail_resume(struct pn_mail *m)
{
	pn_smtp_give_up(&m->smtp);
}

static const struct pn_inspector *inspector_of(const struct pn_flow *f)
{
	return &f->policy->inspectors[f->policy->rules[f->rule].inspector];
}

static bool observes(const struct pn_flow *f)
{
	return pn_inspected_observes(f) ||
	       inspector_of(f)->flags & POSTERN_INSPECT_OBSERVE;
}

/* ---- reading */

struct reading {
	struct pn_reader reader;
	struct pn_flow *f;
	u8 way;
	bool refused;			/* by the parser */
	u32 from;			/* sequence number of what is */
	u16 owed;			/* by what was forwarded before */
	struct pn_smtp_refusal refusal;
};

static struct reading *reading_of(const struct pn_reader *reader)
{
	return container_of(reader, struct reading, reader);
}

static u32 skippable(const struct pn_reader *reader)
{
	const struct reading *r = reading_of(reader);

	return pn_smtp_skippable(&r->f->mail.smtp, r->way);
}

static enum pn_reason skip(const struct pn_reader *reader, u32 len)
{
	const struct reading *r = reading_of(reader);

	pn_smtp_skip(&r->f->mail.smtp, r->way, len);
	return PN_OK;
}

static bool may_have(void *ctx, enum pn_smtp_charge what)
{
	const struct pn_flow *f = ctx;

	return pn_quota_take(f->pn, inspector_of(f), &f->t, what);
}

/* The one under way; what the server says is none. */
static const char *command_of(const struct pn_smtp_refusal *refusal)
{
	return refusal && refusal->reply ? pn_smtp_verb_name(refusal->verb) :
					   NULL;
}

static void report(struct pn_flow *f, enum pn_reason reason,
		   const struct pn_smtp_refusal *refusal, bool observed)
{
	f->p->command = command_of(refusal);
	pn_judge_report(f->pn, f->policy, f->p, reason, f->rule, observed);
	f->p->command = NULL;
}

/* May it be let pass? Then it is only counted. */
static bool lets_pass(struct pn_flow *f, enum pn_reason reason,
		      const struct pn_smtp_refusal *refusal)
{
	if (observes(f)) {
		report(f, reason, refusal, true);
		return true;
	}
	if (!(inspector_of(f)->flags & POSTERN_INSPECT_PASS) ||
	    (reason != PN_DROP_SMTP_REPLY && reason != PN_DROP_SMTP_UNFOLLOWED))
		return false;
	pn_count(f->pn->stats, PN_COUNT_SMTP_UNREAD);
	return true;
}

/*
 * Where the refused begins. @at: sequence number of these bytes; @line: how many of a
 * command came before them; @live: they were not forwarded.
 */
static void find_refused(struct reading *r, u32 at, u32 line, bool live)
{
	u32 from = r->refusal.at ? at + r->refusal.at : at - line;
	struct pn_flow *f = r->f;

	/* its beginning is with the server, which waits for the rest of the line */
	r->from = before(from, f->fresh) ? f->fresh : from;
	if (live && !pn_stream_has_early(&f->stream[r->way], r->from, r->from + 1))
		return;
	/* all of it is, behind a gap: which nothing may fill */
	r->from = f->fresh;
	r->refusal.outstanding = r->owed;
}

static enum pn_reason read(const struct pn_reader *reader, const u8 *bytes,
			   u32 len, const struct pn_segment *seg)
{
	struct reading *r = reading_of(reader);
	struct pn_flow *f = r->f;
	struct pn_smtp *smtp = &f->mail.smtp;
	struct pn_smtp_terms terms = {
		.rules = &inspector_of(f)->smtp,
		.allow = may_have,
		.ctx = f,
	};
	u32 at = f->stream[r->way].next;
	enum pn_reason reason;

	for (;;) {
		u32 line = pn_smtp_in_command(smtp) ? smtp->command.length : 0;

		reason = r->way == PN_SMTP_CLIENT ?
			 pn_smtp_client(smtp, &terms, bytes, len, &r->refusal) :
			 pn_smtp_server(smtp, bytes, len, &r->refusal);
		if (!reason)
			return PN_OK;
		find_refused(r, at, line, seg);
		if (!lets_pass(f, reason, &r->refusal))
			break;
		bytes += r->refusal.used;
		len -= r->refusal.used;
		at += r->refusal.used;
	}
	r->refused = true;
	return reason;
}

static void count(struct pn_flow *f)
{
	struct pn_smtp *smtp = &f->mail.smtp;

	if (smtp->bare_lf)
		pn_count_add(f->pn->stats, PN_COUNT_SMTP_BARE_LF, smtp->bare_lf);
	smtp->bare_lf = 0;
	if (smtp->unknown)
		pn_count_add(f->pn->stats, PN_COUNT_SMTP_UNKNOWN, smtp->unknown);
	smtp->unknown = 0;
	if (!f->mail.tls && pn_smtp_in_tls(smtp)) {
		f->mail.tls = true;
		pn_count(f->pn->stats, PN_COUNT_SMTP_TLS);
	}
}

bool pn_mail_lost(struct pn_flow *f, enum pn_reason reason)
{
	if (!observes(f))
		return false;
	report(f, reason, NULL, true);
	pn_smtp_give_up(&f->mail.smtp);
	pn_stream_free(&f->stream[PN_SMTP_CLIENT]);
	pn_stream_free(&f->stream[PN_SMTP_SERVER]);
	f->synced[PN_SMTP_CLIENT] = false;
	f->synced[PN_SMTP_SERVER] = false;
	return true;
}

bool pn_mail_done(const struct pn_flow *f)
{
	const struct pn_stream *client = &f->stream[PN_SMTP_CLIENT];
	const struct pn_stream *server = &f->stream[PN_SMTP_SERVER];

	/* what is in a journal may come again, and say something else */
	return f->basis == PN_BASIS_SMTP && pn_smtp_is_done(&f->mail.smtp) &&
	       f->mail.state == PN_MAIL_OPEN && !f->cut && !f->gone &&
	       pn_journal_is_empty(&client->journal) && !client->early &&
	       pn_journal_is_empty(&server->journal) && !server->early;
}

/* ---- refusing */

/* Drops of a packet what is at @from and behind. Return: whether that was possible. */
static bool trim(struct pn_flow *f, const struct tcphdr *th,
		 const struct pn_segment *seg, u32 from)
{
	u32 keep = before(seg->seq, from) ? from - seg->seq : 0;

	if (!after(seg->seq + seg->len + th->fin, from))
		return true;
	return pn_mangle_trim(f->p, seg->off + min(keep, seg->len));
}

/* The client has all that the server said: it is told, and the server is left. */
static void tell(struct pn_flow *f, const struct tcphdr *th)
{
	struct pn_mail *m = &f->mail;

	pn_farewell_reply(f, th);
	pn_farewell_reset(f, PN_SMTP_SERVER, m->refused);
	pn_stream_free(&f->stream[PN_SMTP_CLIENT]);
	pn_stream_free(&f->stream[PN_SMTP_SERVER]);
	pn_farewell_shorten(f, IDLE_SECONDS);
	m->state = PN_MAIL_TOLD;
	m->deadline = jiffies + TOLD_SECONDS * HZ;
	pn_count(f->pn->stats, PN_COUNT_SMTP_TOLD);
}

static bool may_tell(const struct pn_mail *m, const struct tcphdr *th)
{
	return !m->owed && th->ack && !before(ntohl(th->ack_seq), m->said);
}

/* Conntrack will see acknowledged what it did not see sent. */
static void be_liberal(struct nf_conn *ct)
{
	spin_lock(&ct->lock);
	ct->proto.tcp.seen[0].flags |= IP_CT_TCP_FLAG_BE_LIBERAL;
	ct->proto.tcp.seen[1].flags |= IP_CT_TCP_FLAG_BE_LIBERAL;
	spin_unlock(&ct->lock);
}

static enum pn_reason refuse(struct pn_flow *f, const struct tcphdr *th,
			     const struct pn_segment *seg,
			     const struct reading *r, enum pn_reason reason)
{
	struct pn_mail *m = &f->mail;
	struct pn_stream *client = &f->stream[PN_SMTP_CLIENT];

	m->state = PN_MAIL_OWED;
	m->reason = reason;
	m->reply = r->refusal.reply;
	m->owed = r->refusal.outstanding;
	m->refused = r->from;
	m->taken = r->from;
	m->said = f->stream[PN_SMTP_SERVER].next;
	m->deadline = jiffies + HZ * (m->smtp.messages ? TAKEN_SECONDS :
						       OWED_SECONDS);
	client->next = m->refused;
	m->l3[PN_SMTP_CLIENT] = pn_craft_l3(f->p->in);
	m->l3[PN_SMTP_SERVER] = pn_craft_l3(f->p->out);
	pn_stream_forget_early(client);
	be_liberal(f->ct);
	if (inspector_of(f)->flags & POSTERN_INSPECT_COUNT)
		pn_admit_refused(f->pn, f->policy, f->rule, &f->t, reason);
	if (may_tell(m, th)) {
		tell(f, th);
		/* for who reports the drop */
		f->p->command = command_of(&r->refusal);
		return reason;
	}
	report(f, reason, &r->refusal, false);
	return trim(f, th, seg, m->refused) ? PN_OK : PN_STREAM_FULL;
}

/*
 * Some servers take the end of the connection for the end of a line. An end that comes
 * too early comes again.
 */
static enum pn_reason take_fin(struct pn_flow *f, const struct pn_segment *seg)
{
	if (after(seg->seq + seg->len, f->stream[PN_SMTP_CLIENT].next))
		return PN_STREAM_FULL;
	return pn_smtp_in_command(&f->mail.smtp) &&
	       !lets_pass(f, PN_DROP_SMTP_UNFOLLOWED, NULL) ?
	       PN_DROP_SMTP_UNFOLLOWED : PN_OK;
}

enum pn_reason pn_mail_take(struct pn_flow *f, u8 way, const struct tcphdr *th,
			    const struct pn_segment *seg)
{
	struct pn_mail *m = &f->mail;
	u16 before = m->smtp.queue.length;
	struct reading r = {
		.reader = {
			.skippable = skippable,
			.skip = skip,
			.read = read,
		},
		.f = f,
		.way = way,
		.owed = before > m->unsent ? before - m->unsent : 0,
	};
	enum pn_reason reason = PN_OK;

	m->mark[way] = f->p->skb->mark;
	if (seg->len)
		reason = pn_stream_take(&f->stream[way], seg, &r.reader);
	count(f);
	if (way == PN_SMTP_CLIENT) {
		if (f->stream[way].sent == f->stream[way].next)
			m->unsent = 0;
		else if (m->smtp.queue.length > before)
			m->unsent += m->smtp.queue.length - before;
	}
	if (!reason && th->fin && way == PN_SMTP_CLIENT)
		reason = take_fin(f, seg);
	if (r.refused && r.refusal.reply && way == PN_SMTP_CLIENT)
		return refuse(f, th, seg, &r, reason);
	return reason;
}

/* ---- answers that are owed */

/* Counts answers; stops behind the last, where the client is to be told. */
static enum pn_reason read_owed(const struct pn_reader *reader, const u8 *bytes,
				u32 len, const struct pn_segment *seg)
{
	struct reading *r = reading_of(reader);
	struct pn_mail *m = &r->f->mail;
	struct pn_smtp_reply *reply = &m->smtp.reply;
	u32 i;

	for (i = 0; i < len; i++) {
		switch (pn_smtp_reply_byte(reply, bytes[i])) {
		case PN_SMTP_REPLY_MORE:
			continue;
		case PN_SMTP_REPLY_BAD:
			return PN_DROP_SMTP_REPLY;
		case PN_SMTP_REPLY_DONE:
			break;
		}
		/* RFC 5321, 3.8: it closes */
		m->owed = reply->code == 421 ? 0 : m->owed - 1;
		pn_smtp_reply_begin(reply);
		if (m->owed)
			continue;
		m->said = r->f->stream[PN_SMTP_SERVER].next + i + 1;
		/* what is behind it went to the client before */
		return !seg && i + 1 < len ? PN_DROP_SMTP_REPLY : PN_CUT;
	}
	return PN_OK;
}

static u32 none_skippable(const struct pn_reader *reader)
{
	return 0;
}

static u32 all_skippable(const struct pn_reader *reader)
{
	return U32_MAX;
}

static enum pn_reason pass(const struct pn_reader *reader, u32 len)
{
	return PN_OK;
}

/* Of a direction that is read no more: what comes again before @end says the same. */
static enum pn_reason compare(struct pn_flow *f, u8 way,
			      const struct pn_segment *seg, u32 end)
{
	static const struct pn_reader nobody = {
		.skippable = all_skippable,
		.skip = pass,
	};
	struct pn_segment old = *seg;

	if (!before(seg->seq, end))
		return PN_OK;
	old.len = min(seg->len, end - seg->seq);
	return old.len ? pn_stream_take(&f->stream[way], &old, &nobody) : PN_OK;
}

static enum pn_reason take_owed(struct pn_flow *f, const struct tcphdr *th,
				const struct pn_segment *seg)
{
	struct pn_stream *server = &f->stream[PN_SMTP_SERVER];
	struct pn_mail *m = &f->mail;
	struct reading r = {
		.reader = {
			.skippable = none_skippable,
			.read = read_owed,
		},
		.f = f,
		.way = PN_SMTP_SERVER,
	};
	u32 end = seg->seq + seg->len;
	enum pn_reason reason = PN_OK;

	if (m->owed) {
		if (seg->len)
			reason = pn_stream_take(server, seg, &r.reader);
		if (reason && reason != PN_CUT)
			return reason;
		/* it has closed, and will answer no more */
		if (m->owed && th->fin && !after(end, server->next)) {
			m->said = server->next;
			m->owed = 0;
		}
		if (m->owed)
			return th->fin ? PN_STREAM_FULL : PN_OK;
		server->next = m->said;
		pn_stream_forget_early(server);
	} else {
		reason = compare(f, PN_SMTP_SERVER, seg, m->said);
		if (reason)
			return reason;
	}
	return trim(f, th, seg, m->said) ? PN_OK : PN_STREAM_FULL;
}

static enum pn_reason take_client(struct pn_flow *f, const struct tcphdr *th,
				  const struct pn_segment *seg)
{
	struct pn_mail *m = &f->mail;
	enum pn_reason reason;

	if (may_tell(m, th)) {
		tell(f, th);
		return PN_CUT;
	}
	reason = compare(f, PN_SMTP_CLIENT, seg, m->refused);
	if (reason)
		return reason;
	return trim(f, th, seg, m->refused) ? PN_OK : PN_STREAM_FULL;
}

/* ---- in the server's place */

static void answer(struct pn_flow *f, const struct tcphdr *th,
		   const struct pn_segment *seg)
{
	struct pn_mail *m = &f->mail;
	u32 end = seg->seq + seg->len + th->fin;

	if (!th->ack || before(ntohl(th->ack_seq), pn_farewell_end(m))) {
		pn_farewell_reply(f, th);
		return;
	}
	if (end == seg->seq)
		return;
	if (!after(seg->seq, m->taken) && after(end, m->taken))
		m->taken = end;
	pn_farewell_ack(f, th);
	if (th->fin && m->taken == end)
		pn_farewell_shorten(f, DONE_SECONDS);
}

static enum pn_reason after_told(struct pn_flow *f, u8 way,
				 const struct tcphdr *th,
				 const struct pn_segment *seg)
{
	if (th->syn || th->rst)
		return PN_CUT;
	if (way == PN_SMTP_CLIENT)
		answer(f, th, seg);
	else if (th->ack)
		pn_farewell_reset(f, PN_SMTP_SERVER, ntohl(th->ack_seq));
	return PN_CUT;
}

enum pn_reason pn_mail_end(struct pn_flow *f, u8 way, const struct tcphdr *th,
			   const struct pn_segment *seg, bool *reset)
{
	struct pn_mail *m = &f->mail;
	struct pn_stream *back = &f->stream[!way];
	enum pn_reason reason;

	if (time_after(jiffies, m->deadline)) {
		*reset = true;
		return PN_CUT;
	}
	if (m->state == PN_MAIL_TOLD) {
		pn_farewell_shorten(f, IDLE_SECONDS);
		return after_told(f, way, th, seg);
	}
	if (th->syn)
		return PN_CUT;
	/* as in inspect.c */
	if (th->urg) {
		*reset = true;
		return PN_STREAM_URGENT;
	}
	if (way == PN_SMTP_SERVER)
		m->mark[way] = f->p->skb->mark;
	if (th->ack)
		pn_stream_acked(back, ntohl(th->ack_seq));
	if (th->rst)
		return PN_OK;
	reason = way == PN_SMTP_CLIENT ? take_client(f, th, seg) :
					 take_owed(f, th, seg);
	*reset = reason && reason != PN_STREAM_FULL && reason != PN_CUT;
	return reason;
}

void pn_mail_house(struct pn_flow *f)
{
	struct pn_mail *m = &f->mail;

	if (f->cut || m->state != PN_MAIL_OWED ||
	    !time_after(jiffies, m->deadline))
		return;
	pn_farewell_reset(f, PN_SMTP_SERVER, m->refused);
	pn_farewell_reset(f, PN_SMTP_CLIENT, f->stream[PN_SMTP_SERVER].next);
	pn_stream_free(&f->stream[PN_SMTP_CLIENT]);
	pn_stream_free(&f->stream[PN_SMTP_SERVER]);
	WRITE_ONCE(f->cut, m->reason);
	pn_count(f->pn->stats, PN_COUNT_CUTS);
}
