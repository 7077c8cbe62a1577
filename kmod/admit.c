// SPDX-License-Identifier: GPL-2.0
/*
 * Admission: see admit.h.
 */
#include <linux/ktime.h>
#include <linux/tcp.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/netfilter/nf_conntrack_synproxy.h>

#include "compat/compiler.h"
#include "admission.h"
#include "admit.h"
#include "craft.h"
#include "flow.h"
#include "judge.h"
#include "silent.h"

/*
 * After an opening SYN, so long no other one of it is let through: senders wait for a
 * second at least (RFC 6298 2.1).
 */
#define ASK_AGAIN_MS	500

void pn_admit_refused(struct pn_net *pn, const struct pn_policy *policy, u32 rule,
		      const struct pn_tuple *t, enum pn_reason why)
{
	struct pn_admission a;

	if (pn_admit_limits(policy, rule) &&
	    pn_admission_begin(&a, pn, policy, rule, t->v6, t->saddr))
		pn_admission_refuse(&a, why);
}

/* ---- what a connection is, and a segment of it */

/* What became of a connection under way. */
enum phase {
	OPENING,
	UNDER_WAY,
	AT_ITS_END,			/* both ends are done, or one has reset it */
};

static enum phase phase_of(const struct nf_conn *ct)
{
	switch (READ_ONCE(ct->proto.tcp.state)) {
	case TCP_CONNTRACK_ESTABLISHED:
	case TCP_CONNTRACK_FIN_WAIT:
	case TCP_CONNTRACK_CLOSE_WAIT:
		return UNDER_WAY;
	case TCP_CONNTRACK_LAST_ACK:
	case TCP_CONNTRACK_TIME_WAIT:
	case TCP_CONNTRACK_CLOSE:
		return AT_ITS_END;
	default:
		return OPENING;
	}
}

/* A segment at hand, and its connection. */
struct segment {
	const struct pn_packet *p;
	struct nf_conn *ct;
	struct pn_conn conn;
	enum phase phase;
	bool original;			/* from the client */
};

static bool is_reset(const struct segment *s)
{
	return s->p->tcp_flags & PN_TCP_RST;
}

static bool opens(const struct segment *s)
{
	return s->original && pn_packet_opens_tcp(s->p);
}

/* ---- its end */

/* Context: the caller has a reference to @ct of its own, or its packet does. */
static void leave(const struct pn_admission *a, const struct nf_conn *ct)
{
	struct pn_conn gone = pn_conn_take(a->limiter->conns, ct);

	if (!gone.ct)
		return;
	pn_limiter_gone(a->limiter, &gone);
	if (gone.held)
		nf_ct_put(gone.ct);
}

/*
 * Conntrack forgets @ct, and so does the limiter: in this order, so that nobody takes it
 * for one from before the limit.
 */
static void forget(const struct pn_admission *a, struct nf_conn *ct)
{
	nf_ct_kill(ct);
	leave(a, ct);
}

/*
 * It is over: a SYN comes again and is judged anew, a reset may tell the other end, and
 * nothing else of it passes.
 */
static enum pn_reason end(const struct pn_admission *a, const struct segment *s)
{
	if (a->observe) {
		if (s->phase == AT_ITS_END)
			leave(a, s->ct);
		return PN_OK;
	}
	forget(a, s->ct);
	if (opens(s))
		return PN_LIMIT_UNPROVEN;
	return is_reset(s) ? PN_OK : PN_TCP_NO_FLOW;
}

/*
 * Has the server said that it is done? What the client alone says proves nothing:
 * conntrack believes a FIN or RST with a sequence number that the server only
 * challenges (RFC 5961 3.2), and the connection lives on.
 */
static bool server_is_done(const struct segment *s)
{
	const struct ip_ct_tcp *tcp = &s->ct->proto.tcp;

	return (!s->original &&
		s->p->tcp_flags & (PN_TCP_FIN | PN_TCP_RST)) ||
	       READ_ONCE(tcp->seen[IP_CT_DIR_REPLY].flags) &
	       IP_CT_TCP_FLAG_CLOSE_INIT;
}

/*
 * Does conntrack know it, and the limiter not? One from before the limit, or that gave
 * way to others, has completed its handshake, or else SYNPROXY has. Others were half
 * open when their entry went.
 */
static bool is_lost(const struct segment *s)
{
	return s->conn.state == PN_CONN_NONE &&
	       (nf_ct_is_dying(s->ct) ||
		!(test_bit(IPS_ASSURED_BIT, &s->ct->status) ||
		  nfct_synproxy(s->ct)));
}

static enum pn_reason at_its_end(const struct pn_admission *a,
				 const struct segment *s)
{
	if (s->conn.state == PN_CONN_HALF || opens(s))
		return end(a, s);
	if (server_is_done(s))
		leave(a, s->ct);
	return PN_OK;
}

/* ---- clients that say nothing */

/*
 * Has the server got anything from the client? That is what counts: what the client sends
 * may be meant to get lost, or to be dropped. @first: sequence number of what it says
 * first.
 */
static bool was_heard(const struct nf_conn *ct, u32 first)
{
	const struct ip_ct_tcp *tcp = &ct->proto.tcp;
	s32 got = READ_ONCE(tcp->seen[IP_CT_DIR_REPLY].td_maxack) - first;
	/* the client's end takes one as well */
	bool end = READ_ONCE(tcp->seen[IP_CT_DIR_ORIGINAL].flags) &
		   IP_CT_TCP_FLAG_CLOSE_INIT;

	return got > end;
}

/* It does not count as silent any more. Return: as pn_conn_hear() does. */
static struct pn_conn release(const struct pn_admission *a, const struct nf_conn *ct,
			      u32 id)
{
	struct pn_conn c = pn_conn_hear(a->limiter->conns, ct, id,
					a->limit->number);

	if (c.ct)
		atomic_dec(&a->state->silent);
	return c;
}

static void ignore(const struct pn_admission *a, const struct segment *s)
{
	struct pn_conn c = release(a, s->ct, s->conn.id);

	if (c.ct)
		nf_ct_put(c.ct);
}

static void hear(const struct pn_admission *a, const struct segment *s)
{
	ignore(a, s);
	pn_admission_hear(a);
}

/* Both ends of @c, which are those of @p, are told that it is over. */
static void reset(const struct pn_admission *a, const struct pn_conn *c,
		  const struct pn_silent *s, const struct pn_packet *p)
{
	const struct ip_ct_tcp *tcp = &c->ct->proto.tcp;
	struct pn_craft craft = {
		.t = &p->t,
		.mark = s->mark,
		.sport = p->sport,
		.flags = PN_TCP_RST,
	};

	craft.l3 = s->l3[PN_SILENT_SERVER];
	craft.seq = READ_ONCE(tcp->seen[IP_CT_DIR_REPLY].td_maxack);
	pn_craft_send(a->pn->net, c->ct, &craft);
	craft.l3 = s->l3[PN_SILENT_CLIENT];
	craft.seq = READ_ONCE(tcp->seen[IP_CT_DIR_REPLY].td_end);
	craft.to_client = true;
	pn_craft_send(a->pn->net, c->ct, &craft);
}

/* @c, which was silent, gives way to the one at hand, or is it. Return: whether it is. */
static bool give_way(const struct pn_admission *a, const struct pn_conn *c,
		     const struct pn_silent *s, const struct nf_conn *at_hand)
{
	const struct ip_ct_tcp *tcp = &c->ct->proto.tcp;
	struct pn_admission other = *a;
	struct pn_packet p = {
		.tcp_seq = c->first,
		.zone_in = PN_ZONE_NONE,
		.zone_out = PN_ZONE_NONE,
	};

	p.sport = pn_flow_ends(&p.t, c->ct);
	other.v6 = p.t.v6;
	other.addr = p.t.saddr;
	pn_admission_crowd(a);
	/* whom the server lets wait has nothing to say; but who knows who that is? */
	if (s->trust != PN_TRUST_KNOWN ||
	    READ_ONCE(tcp->seen[IP_CT_DIR_REPLY].td_end) != s->said)
		pn_admission_doubt(&other, PN_LIMIT_SILENT);
	if (a->observe || c->ct != at_hand)
		pn_judge_report(a->pn, a->policy, &p, PN_LIMIT_SILENT, a->rule,
				a->observe);
	if (a->observe)
		return false;
	if (c->ct == at_hand)
		return true;
	forget(a, c->ct);
	reset(a, c, s, &p);
	return false;
}

/* A flowtable has it, or had it while its rule had no limit, and nobody knows. */
static bool is_offloaded(const struct nf_conn *ct)
{
	return test_bit(IPS_OFFLOAD_BIT, &ct->status) ||
	       ct->proto.tcp.seen[IP_CT_DIR_ORIGINAL].flags &
	       IP_CT_TCP_FLAG_BE_LIBERAL;
}

/* There is one too many. Return: whether that is the one @at_hand. */
static bool end_one(const struct pn_admission *a, struct pn_silents *queues,
		    const struct nf_conn *at_hand)
{
	struct pn_conn c = {};
	struct pn_silent s;
	bool is = false;

	while (!c.ct && pn_silents_choose(queues, a->limiter->conns,
					  a->limit->number, &s))
		c = release(a, s.ct, s.id);
	if (!c.ct)
		return false;
	if (!was_heard(c.ct, c.first) && !is_offloaded(c.ct))
		is = give_way(a, &c, &s, at_hand);
	nf_ct_put(c.ct);
	return is;
}

/* A policy with a lower limit may have come. */
#define END_AT_ONCE	4

/* The one at hand is silent. Return: whether it may stay. */
static enum pn_reason wait_for(const struct pn_admission *a,
			       const struct segment *s, enum pn_trust trust,
			       struct pn_silents *queues)
{
	struct pn_silent silent = {
		.ct = s->ct,
		.id = s->conn.id,
		.trust = trust,
		.since = pn_tick(a->now),
		.said = s->p->tcp_ack,
		.mark = s->p->skb->mark,
		.l3[PN_SILENT_CLIENT] = pn_craft_l3(s->p->in),
		.l3[PN_SILENT_SERVER] = pn_craft_l3(s->p->out),
	};
	bool stays = true;
	u32 i;

	if (!pn_silents_add(&queues[trust], a->limiter->conns,
			    a->limit->number, &silent))
		ignore(a, s);
	for (i = 0; stays && i < END_AT_ONCE &&
	     atomic_read(&a->state->silent) > a->limit->silent; i++)
		stays = !end_one(a, queues, s->ct);
	return stays ? PN_OK : PN_LIMIT_SILENT;
}

/* ---- its handshake */

/*
 * Does it prove that the client got the server's SYN? Conntrack lets pass what
 * acknowledges less than was sent, or 66000 bytes less; here nothing but the SYN was
 * sent yet (and data with it, RFC 7413), of which no helper can have changed the length.
 */
static bool proves(const struct segment *s)
{
	const struct ip_ct_tcp *tcp = &s->ct->proto.tcp;

	return s->phase == UNDER_WAY && s->p->tcp_flags & PN_TCP_ACK &&
	       !is_reset(s) &&
	       s->p->tcp_ack == READ_ONCE(tcp->seen[IP_CT_DIR_REPLY].td_end);
}

/*
 * A segment of one that is half open. @open: @state is set if its handshake is complete;
 * then it says what it is, unless it is refused. @known: set to whether its source was
 * heard before.
 */
static enum pn_reason half_open(const struct pn_admission *a,
				const struct segment *s, struct pn_conn *open,
				bool *known)
{
	/* the server may speak before the client's answer was seen */
	if (!s->original)
		return PN_OK;
	if (opens(s))
		return pn_conn_ask(a->limiter->conns, s->ct, pn_tick(a->now),
				   pn_admission_ticks(ASK_AGAIN_MS)) ?
		       PN_OK : PN_LIMIT_UNPROVEN;
	if (!proves(s))
		return PN_CT_INVALID;
	open->state = PN_CONN_OPEN;
	return pn_admission_charge(a, &open->counted, known);
}

/* Its handshake is complete, and it is let in, as @open. Return: PN_OK, or why it ends. */
static enum pn_reason let_in(const struct pn_admission *a, struct segment *s,
			     const struct pn_conn *open, bool known)
{
	/* pairs with make_silents() */
	struct pn_silents *queues = smp_load_acquire(&a->state->silents);
	const struct ip_ct_tcp *tcp = &s->ct->proto.tcp;
	enum pn_trust trust = known ? PN_TRUST_KNOWN :
			      s->conn.proven ? PN_TRUST_PROVEN : PN_TRUST_NONE;

	s->conn = *open;
	/* that is what the server has; data in a SYN are the server's to take or not */
	s->conn.first = READ_ONCE(tcp->seen[IP_CT_DIR_REPLY].td_maxack);
	s->conn.silent = a->limit->silent && queues;
	s->conn.id = pn_admission_enter(a, &s->conn);
	return s->conn.silent ? wait_for(a, s, trust, queues) : PN_OK;
}

/* A segment of one that is open: it may be under another limit, or none, up to now. */
static void open(const struct pn_admission *a, struct segment *s)
{
	struct pn_conn *c = &s->conn;

	if (c->state == PN_CONN_NONE || c->limit != a->limit->number) {
		*c = (struct pn_conn){
			.ct = s->ct,
			.state = PN_CONN_OPEN,
			.counted = pn_admission_adopt(a),
		};
		pn_admission_enter(a, c);
	} else if (c->silent && was_heard(s->ct, c->first)) {
		hear(a, s);
		c->silent = false;
	}
}

enum pn_reason pn_admit_packet(struct pn_net *pn, const struct pn_policy *policy,
			       const struct pn_packet *p, const struct pn_tuple *t,
			       bool original, u32 rule, struct nf_conn *ct,
			       struct pn_admitted *how)
{
	struct segment s = {
		.p = p,
		.ct = ct,
		.phase = phase_of(ct),
		.original = original,
	};
	struct pn_conn now = { .ct = ct };
	enum pn_reason reason = PN_OK;
	struct pn_admission a pn_uncleared;
	bool known = false;

	*how = (struct pn_admitted){};
	if (!pn_admission_begin(&a, pn, policy, rule, t->v6, t->saddr)) {
		how->settled = s.phase == UNDER_WAY;
		return PN_OK;
	}
	s.conn = pn_conn_get(a.limiter->conns, ct);
	if (is_lost(&s))
		return end(&a, &s);
	if (s.phase == AT_ITS_END)
		return at_its_end(&a, &s);
	if (s.conn.state == PN_CONN_HALF) {
		reason = half_open(&a, &s, &now, &known);
	} else if (s.phase == UNDER_WAY) {
		open(&a, &s);
		how->settled = !s.conn.silent;
		return PN_OK;
	}
	if (reason && a.observe) {
		how->observed = reason;
		reason = PN_OK;
		if (now.state == PN_CONN_OPEN)
			now.counted = pn_admission_adopt(&a);
	}
	if (now.state == PN_CONN_OPEN && !reason)
		reason = let_in(&a, &s, &now, known);
	if (now.state == PN_CONN_OPEN && reason) {
		end(&a, &s);
		how->refused = true;
	} else if (now.state == PN_CONN_OPEN) {
		how->settled = !s.conn.silent;
	}
	return reason;
}
