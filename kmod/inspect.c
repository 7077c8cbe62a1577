// SPDX-License-Identifier: GPL-2.0
/*
 * Packets of connections that are inspected: see inspect.h.
 */
#include <linux/tcp.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/tcp.h>

#include "farewell.h"
#include "flow.h"
#include "inspect.h"
#include "inspected.h"
#include "judge.h"
#include "kept.h"
#include "mail.h"
#include "mangle.h"
#include "net.h"
#include "rpc.h"
#include "rpc_reader.h"
#include "standing.h"

#define CUT_SECONDS		10	/* until conntrack forgets a connection */
#define RESETS_PER_SECOND	10	/* of one that was cut */

enum pn_reason pn_inspect_open(const struct pn_packet *p)
{
	struct tcphdr buffer;
	const struct tcphdr *th;

	th = skb_header_pointer(p->skb, p->thoff, sizeof(buffer), &buffer);
	if (!th)
		return PN_MALFORMED;
	/*
	 * RFC 7413: data in a SYN is sent again in a segment of its own if it is
	 * not acknowledged; there it can be read in order.
	 */
	if (p->skb->len > p->thoff + th->doff * 4)
		return PN_STREAM_SYN_DATA;
	return pn_mangle_mptcp(p) ? PN_OK : PN_MALFORMED;
}

/* Where the policy observes, what it denies of RPC is read all the same. */
static bool is_read_on(const struct pn_flow *f)
{
	return pn_inspected_observes(f) && f->basis != PN_BASIS_SMTP;
}

/* Another policy is in force: does it allow what this connection is, and does? */
static enum pn_reason review(struct pn_flow *f)
{
	enum pn_basis basis;
	bool observe;
	u32 rule;

	if (f->generation == f->policy->generation)
		return PN_OK;
	basis = pn_standing(f, f->policy, &rule, &observe);
	if (!basis && !is_read_on(f))
		return PN_REVOKED;
	if (basis) {
		f->basis = basis;
	} else {
		/* told once, and read on for the next policy */
		rule = U32_MAX;
		pn_judge_report(f->pn, f->policy, f->p, PN_REVOKED, rule, true);
	}
	WRITE_ONCE(f->generation, f->policy->generation);
	f->rule = rule;
	f->observe = observe;
	return PN_OK;
}

/*
 * Conntrack goes on with its entry if both ends begin anew with the same ports and
 * it saw no end: a reset that only the receiver believed. But a server answers a SYN
 * only where it has no connection any more, so nothing of the old one counts.
 */
static enum pn_reason begin_again(struct pn_flow *f, const struct tcphdr *th)
{
	u32 client = ntohl(th->ack_seq), server = ntohl(th->seq) + 1, rule;
	enum pn_basis basis;

	if (f->synced[PN_RPC_CLIENT] && f->base[PN_RPC_CLIENT] == client &&
	    f->synced[PN_RPC_SERVER] && f->base[PN_RPC_SERVER] == server)
		return PN_OK;
	basis = pn_standing_by(f, f->policy, &f->t, &rule);
	if (!basis && is_read_on(f)) {
		basis = f->basis;
		rule = U32_MAX;
	}
	/* the policy is the same, or review() would have said so */
	if (!basis)
		return PN_NO_PINHOLE;
	pn_stream_free(&f->stream[PN_RPC_CLIENT]);
	pn_stream_free(&f->stream[PN_RPC_SERVER]);
	memset(f->rewrites, 0, sizeof(f->rewrites));
	f->nr_bound = 0;
	f->bound_more = false;
	f->rule = rule;
	f->observe = pn_basis_observes(f->pn, f->policy, &f->t, basis);
	pn_inspected_set_up(f, basis);
	pn_inspected_begin(f, PN_RPC_CLIENT, client);
	pn_inspected_begin(f, PN_RPC_SERVER, server);
	pn_inspected_count(f, true);
	return PN_OK;
}

/* On a connection that is known; what @len bytes of data are in. */
static enum pn_reason take_syn(struct pn_flow *f, enum pn_rpc_way way,
			       const struct tcphdr *th, u32 len)
{
	enum pn_reason reason = PN_OK;
	bool answers = way == PN_RPC_SERVER;

	if (len)
		return PN_STREAM_SYN_DATA;
	if (th->ack != answers)
		return PN_STREAM_OPEN;
	if (th->ack)
		reason = begin_again(f, th);
	if (!reason && !pn_mangle_mptcp(f->p))
		reason = PN_MALFORMED;
	return reason;
}

/*
 * Resets get lost, and conntrack sees none of them: its entry ends soon, but not that
 * of a connection which goes on, unread, because the policy observes.
 */
static enum pn_reason cut_again(struct pn_flow *f, struct pn_cut *cut)
{
	if (!pn_inspected_observes(f))
		WRITE_ONCE(f->ct->timeout, nfct_time_stamp + CUT_SECONDS * HZ);
	cut->now = time_after_eq(jiffies, f->reset_due);
	if (cut->now)
		f->reset_due = jiffies + HZ / RESETS_PER_SECOND;
	return PN_CUT;
}

static void cut_off(struct pn_flow *f, enum pn_reason reason, struct pn_cut *cut)
{
	WRITE_ONCE(f->cut, reason);
	if (!pn_inspected_observes(f))
		pn_count(f->pn->stats, PN_COUNT_CUTS);
	cut_again(f, cut);
}

/* What a program on this machine sends from a file that it may still write to. */
static bool may_change(struct sk_buff *skb)
{
	struct sk_buff *part;

	if (skb_has_shared_frag(skb))
		return true;
	skb_walk_frags(skb, part)
		if (skb_has_shared_frag(part))
			return true;
	return false;
}

static enum pn_reason after_cut(struct pn_flow *f, const struct tcphdr *th,
				struct pn_cut *cut)
{
	if (th->rst)
		return PN_OK;
	return th->syn ? PN_CUT : cut_again(f, cut);
}

/*
 * Does a client send mail who does not know what the server said? Conntrack lets pass
 * what is far off, as a server drops it; but what is refused here is held against its
 * source, and a quota is used up.
 */
static bool is_unproven(const struct pn_flow *f, enum pn_rpc_way way,
			const struct tcphdr *th)
{
	u32 ack = ntohl(th->ack_seq);

	if (f->basis != PN_BASIS_SMTP || way != PN_RPC_CLIENT ||
	    !f->synced[PN_RPC_SERVER] || th->syn || th->rst)
		return false;
	/* or its end */
	return !th->ack || before(ack, f->base[PN_RPC_SERVER]) ||
	       after(ack, f->stream[PN_RPC_SERVER].next + 1);
}

static enum pn_reason read(struct pn_flow *f, enum pn_rpc_way way,
			   const struct tcphdr *th, const struct pn_segment *seg)
{
	const struct pn_stream *s = &f->stream[way];
	bool mail = f->basis == PN_BASIS_SMTP;

	if (th->urg && (f->synced[way] || !mail))
		return PN_STREAM_URGENT;
	if (!seg->len && !(mail && th->fin))
		return PN_OK;
	if (!f->synced[way])
		return mail ? PN_OK : pn_rpc_find(f, way, seg);
	if (after(seg->seq, s->next))
		pn_count(f->pn->stats, PN_COUNT_STREAM_EARLY);
	else if (before(seg->seq, s->next))
		pn_count(f->pn->stats, PN_COUNT_STREAM_AGAIN);
	f->fresh = s->sent;
	return mail ? pn_mail_take(f, way, th, seg) : pn_rpc_take(f, way, seg);
}

static enum pn_reason inspect(struct pn_flow *f, enum pn_rpc_way way,
			      const struct tcphdr *th, struct pn_cut *cut)
{
	struct pn_segment seg = {
		.skb = f->p->skb,
		.off = f->p->thoff + th->doff * 4,
		.seq = ntohl(th->seq) + th->syn,
	};
	enum pn_rpc_way back = way == PN_RPC_CLIENT ? PN_RPC_SERVER :
						      PN_RPC_CLIENT;
	enum pn_reason reason;
	bool reset = false;

	if (seg.off > f->p->skb->len)
		return PN_MALFORMED;
	seg.len = f->p->skb->len - seg.off;
	if (may_change(seg.skb) && skb_linearize(seg.skb))
		return PN_STREAM_FULL;
	cut->seq = f->synced[way] ? f->stream[way].next : seg.seq;
	/* with what comes again it begins anew, or is not read */
	if (f->gone)
		return PN_STREAM_UNKNOWN;
	if (f->cut)
		return after_cut(f, th, cut);
	if (way == PN_RPC_CLIENT && !th->syn && !th->rst && th->ack &&
	    !before(ntohl(th->ack_seq), f->base[PN_RPC_SERVER]))
		pn_inspected_opened(f);
	reason = review(f);
	if (reason && pn_standing_is_spared(f, f->policy)) {
		cut->leaves = true;
		if (pn_inspected_observes(f))
			return reason;
		pn_count(f->pn->stats, PN_COUNT_KEPT);
		return PN_OK;
	}
	if (!reason && pn_inspected_is_refused(f)) {
		reason = pn_mail_end(f, way, th, &seg, &reset);
		if (reset)
			cut_off(f, reason, cut);
		return reason;
	}
	if (!reason && is_unproven(f, way, th))
		return PN_CT_INVALID;
	if (!reason && th->syn)
		reason = take_syn(f, way, th, seg.len);
	if (!reason && th->ack && f->synced[back])
		pn_stream_acked(&f->stream[back], ntohl(th->ack_seq));
	if (!reason) {
		reason = read(f, way, th, &seg);
		if (pn_inspected_is_refused(f))
			return reason;
		if (reason && f->basis == PN_BASIS_SMTP &&
		    reason != PN_MALFORMED && pn_mail_lost(f, reason))
			reason = PN_OK;
	}
	/*
	 * Like a packet that was lost: it will come again. Nor is a connection cut
	 * for a SYN, which conntrack lets pass whatever its sequence number.
	 */
	if (reason && reason != PN_STREAM_FULL && reason != PN_MALFORMED &&
	    !th->syn)
		cut_off(f, reason, cut);
	return reason;
}

/* The first packet of a flow that is not a client's SYN. */
static struct pn_flow *begin(struct pn_net *pn, const struct pn_policy *policy,
			     const struct pn_packet *p, struct nf_conn *ct,
			     enum pn_rpc_way way, const struct tcphdr *th,
			     const struct pn_tuple *t, enum pn_basis basis,
			     u32 rule, struct pn_cut *cut,
			     enum pn_reason *reason)
{
	bool opens = th->syn && th->ack && way == PN_RPC_SERVER;
	struct pn_flow *f;
	u32 unused;

	/* what answers a SYN to a closed port, and needs no reading */
	*reason = PN_OK;
	if (th->rst)
		return NULL;
	*reason = PN_STREAM_OPEN;
	if (th->syn && !opens)
		return NULL;
	*reason = PN_STREAM_UNKNOWN;
	/* its beginning was to be seen here, and was dropped */
	if (!opens && !test_bit(IPS_ASSURED_BIT, &ct->status))
		return NULL;
	if (!opens && basis != PN_BASIS_SMTP &&
	    (basis == PN_BASIS_MAPPER ||
	     pn_rpc_allows(policy, t, PN_PROTO_RPC, PN_RPC_NO_RESUME,
			   &unused))) {
		cut->now = true;
		cut->seq = ntohl(th->seq);
		return NULL;
	}
	f = pn_inspected_add(pn, policy, ct, t, basis, rule,
			     opens ? th : NULL);
	*reason = f ? PN_OK : PN_FLOWS_FULL;
	if (f)
		pn_inspected_touch(policy, f);
	return f;
}

/* By other zones than before. Kept apart: its tuple would be cleared for each packet. */
static noinline bool may_turn(struct pn_flow *f, enum ip_conntrack_info ctinfo)
{
	struct pn_tuple t;
	u32 rule;

	pn_flow_tuple(&t, f->p, f->ct, ctinfo);
	return pn_standing_by(f, f->policy, &t, &rule) || is_read_on(f);
}

/*
 * Who forges packets of the other end, to acknowledge for it, has them come from
 * where he is himself: no policy allows that. Ways by yet other zones are as it says.
 */
static bool may_travel(struct pn_flow *f, enum pn_rpc_way way,
		       enum ip_conntrack_info ctinfo)
{
	const struct pn_tuple *p = &f->p->t;
	u8 in = way == PN_RPC_CLIENT ? p->zone_in : p->zone_out;
	u8 out = way == PN_RPC_CLIENT ? p->zone_out : p->zone_in;

	if (f->zoned != f->policy->generation) {
		/* the numbers of zones are a policy's own */
		f->t.zone_in = in;
		f->t.zone_out = out;
		f->zoned = f->policy->generation;
		return true;
	}
	if (f->t.zone_in == in && f->t.zone_out == out)
		return true;
	if (way == PN_RPC_SERVER ? out == f->t.zone_in : in == f->t.zone_out)
		return false;
	return may_turn(f, ctinfo);
}

static enum pn_rpc_way way_of(enum ip_conntrack_info ctinfo)
{
	return CTINFO2DIR(ctinfo) == IP_CT_DIR_ORIGINAL ? PN_RPC_CLIENT :
							  PN_RPC_SERVER;
}

/* The lock was given back: what is sent would come back to this connection. */
static noinline void say_farewell(struct pn_flow *f)
{
	struct pn_farewell farewell;

	farewell.nr = 0;
	spin_lock(&f->lock);
	pn_farewell_take(&f->mail, &farewell);
	spin_unlock(&f->lock);
	pn_farewell_send(f, &farewell);
}

/* A packet of @f, with its TCP header. */
static enum pn_reason take(struct pn_flow *f, struct pn_net *pn,
			   const struct pn_policy *policy, struct pn_packet *p,
			   enum ip_conntrack_info ctinfo,
			   const struct tcphdr *th, struct pn_cut *cut,
			   u32 *rule)
{
	enum pn_rpc_way way = way_of(ctinfo);
	enum pn_reason reason = PN_REVOKED;
	bool parts = false;

	spin_lock(&f->lock);
	f->pn = pn;
	f->policy = policy;
	f->p = p;
	if (may_travel(f, way, ctinfo)) {
		reason = inspect(f, way, th, cut);
		parts = f->basis == PN_BASIS_SMTP && f->mail.farewell.nr;
		cut->done = !reason && pn_mail_done(f);
		/* of a connection that was cut before, it may be another policy's */
		*rule = f->generation == policy->generation ? f->rule : U32_MAX;
	}
	f->p = NULL;
	spin_unlock(&f->lock);
	if (unlikely(parts))
		say_farewell(f);
	if (unlikely(cut->leaves))
		pn_inspected_leave(f);
	return reason;
}

/*
 * Of a packet whose connection is not in the table. Return: false if it is for no
 * inspector; else *@found is the connection, which begins or goes on with it, or NULL, and
 * *@reason what becomes of the packet.
 */
static noinline bool find_basis(struct pn_net *pn,
				const struct pn_policy *policy,
				struct pn_packet *p, struct nf_conn *ct,
				enum ip_conntrack_info ctinfo, bool allowed,
				const struct tcphdr *th, struct pn_cut *cut,
				u32 *rule, struct pn_flow **found,
				enum pn_reason *reason)
{
	enum pn_rpc_way way = way_of(ctinfo);
	enum pn_basis basis;
	struct pn_tuple t;
	u32 by = *rule;

	pn_flow_tuple(&t, p, ct, ctinfo);
	basis = pn_basis_of(pn, policy, &t, allowed, &by);
	/* what opens a connection is none of one that is kept */
	if (!basis || (policy->kept && !(p->tcp_flags & PN_TCP_SYN) &&
		       pn_kept_has(policy, ct)))
		return false;
	*rule = by;
	*found = NULL;
	if (!th)
		*reason = PN_MALFORMED;
	else if (way == PN_RPC_CLIENT && pn_packet_opens_tcp(p))
		*reason = pn_inspect_open(p);
	else
		*found = begin(pn, policy, p, ct, way, th, &t, basis, by, cut,
			       reason);
	return true;
}

bool pn_inspect_packet(struct pn_net *pn, const struct pn_policy *policy,
		       struct pn_packet *p, struct nf_conn *ct,
		       enum ip_conntrack_info ctinfo, bool allowed,
		       struct pn_cut *cut, u32 *rule, enum pn_reason *reason)
{
	struct pn_flow *f = pn_inspected_find(pn, ct);
	const struct tcphdr *header;
	struct tcphdr th;

	header = skb_header_pointer(p->skb, p->thoff, sizeof(th), &th);
	if (!f && !find_basis(pn, policy, p, ct, ctinfo, allowed, header, cut,
			      rule, &f, reason))
		return false;
	if (!f)
		return true;
	*reason = PN_MALFORMED;
	if (!header)
		return true;
	/* the packet may be made anew */
	th = *header;
	*reason = take(f, pn, policy, p, ctinfo, &th, cut, rule);
	/* the ports are used again, and the SYN will come again as well */
	if (*reason == PN_CUT && way_of(ctinfo) == PN_RPC_CLIENT &&
	    pn_packet_opens_tcp(p) &&
	    !(policy->flags & POSTERN_POLICY_OBSERVE))
		nf_ct_kill(ct);
	return true;
}
