// SPDX-License-Identifier: GPL-2.0
/*
 * Packets of connections that are inspected: see inspect.h.
 */
#include <linux/tcp.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/tcp.h>

#include "inspect.h"
#include "inspected.h"
#include "kept.h"
#include "mangle.h"
#include "net.h"
#include "rpc.h"

/* What a client is told to ask for instead: an interface that nobody has. */
static const struct pn_uuid nobody =
	PN_UUID(706f7374, 6572, 4e21, 8000, 6e6f626f6479);

#define CUT_SECONDS		10	/* until conntrack forgets a connection */
#define RESETS_PER_SECOND	10	/* of one that was cut */
#define RESUME_MAX		65536	/* bytes until a resumed direction is found */

/* The parsers' reasons among all reasons. */
static enum pn_reason reason_of(enum pn_rpc_reason reason)
{
	static const u8 reasons[] = {
		[PN_RPC_OK] = PN_OK,
#define REASON(id, name, help)
#define RPC_REASON(id, name, help) \
		[PN_RPC_##id] = PN_DROP_RPC_##id,
#include <postern/reasons.inc>
#undef RPC_REASON
#undef REASON
	};

	return reasons[reason];
}

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
		return PN_STREAM_OPEN;
	return pn_mangle_mptcp(p) ? PN_OK : PN_MALFORMED;
}

/* ---- reading */

struct reading {
	struct pn_reader reader;
	struct pn_flow *f;
	enum pn_rpc_way way;
};

static u32 skippable(const struct pn_reader *reader)
{
	const struct reading *r = container_of(reader, struct reading, reader);

	return pn_rpc_skippable(&r->f->rpc, r->way);
}

static enum pn_reason skip(const struct pn_reader *reader, u32 len)
{
	const struct reading *r = container_of(reader, struct reading, reader);

	return reason_of(pn_rpc_skip(&r->f->rpc, r->way, len));
}

/* A header, or what else is gathered, and no more: what follows may be skipped. */
static u32 wanted(const struct pn_reader *reader)
{
	const struct reading *r = container_of(reader, struct reading, reader);
	const struct pn_rpc_stream *s = &r->f->rpc.stream[r->way];

	return s->need > s->have ? s->need - s->have : U32_MAX;
}

static enum pn_reason read(const struct pn_reader *reader, const u8 *bytes,
			   u32 len, const struct pn_segment *seg)
{
	const struct reading *r = container_of(reader, struct reading, reader);
	struct pn_flow *f = r->f;
	enum pn_rpc_reason reason;

	f->segment = seg;
	reason = f->basis == PN_BASIS_MAPPER ?
		 pn_epm_feed(&f->epm, r->way, bytes, len) :
		 pn_rpc_feed(&f->rpc, r->way, bytes, len);
	return reason_of(reason);
}

/* Puts what stands for a refused interface where a question has it, each time. */
static bool rewrite(struct pn_flow *f, const struct pn_segment *seg)
{
	u32 i, end = seg->seq + seg->len;
	u8 bytes[16];

	pn_uuid_to_tower(&nobody, bytes);
	for (i = 0; i < PN_REWRITES_MAX; i++) {
		u32 at = f->rewrites[i].seq, from, to;

		if (!f->rewrites[i].used)
			continue;
		if (!after(at + 16, f->stream[PN_RPC_CLIENT].acked)) {
			f->rewrites[i].used = false;
			continue;
		}
		from = before(at, seg->seq) ? seg->seq : at;
		to = after(at + 16, end) ? end : at + 16;
		if (before(from, to) &&
		    !pn_mangle_bytes(f->p, seg->off + (from - seg->seq),
				     bytes + (from - at), to - from))
			return false;
	}
	return true;
}

static enum pn_reason take(struct pn_flow *f, enum pn_rpc_way way,
			   const struct pn_segment *seg)
{
	struct pn_stream *s = &f->stream[way];
	struct reading r = {
		.reader = {
			.skippable = skippable,
			.skip = skip,
			.wanted = wanted,
			.read = read,
		},
		.f = f,
		.way = way,
	};
	enum pn_reason reason;

	if (after(seg->seq, s->next))
		pn_count(f->pn->stats, PN_COUNT_STREAM_EARLY);
	else if (before(seg->seq, s->next))
		pn_count(f->pn->stats, PN_COUNT_STREAM_AGAIN);
	f->fresh = s->next;
	reason = pn_stream_take(s, seg, &r.reader);
	f->segment = NULL;
	if (!reason && way == PN_RPC_CLIENT && !rewrite(f, seg))
		reason = PN_STREAM_FULL;
	return reason;
}

/*
 * A direction whose beginning was not seen: it is found again where a segment
 * begins as a PDU does.
 */
static enum pn_reason find_again(struct pn_flow *f, enum pn_rpc_way way,
				 const struct pn_segment *seg)
{
	u8 buffer[PN_RPC_HEADER];
	u32 len = min_t(u32, seg->len, sizeof(buffer));

	if (skb_copy_bits(seg->skb, seg->off, buffer, len))
		return PN_MALFORMED;
	if (pn_rpc_resumes(way, buffer, len)) {
		pn_inspected_begin(f, way, seg->seq);
		return take(f, way, seg);
	}
	f->unsynced[way] += seg->len;
	return f->unsynced[way] > RESUME_MAX ? PN_STREAM_UNKNOWN : PN_OK;
}

/* ---- one packet */

/* A mapper's connection stays one: only that has room for all that is read. */
static bool may_become(const struct pn_flow *f, enum pn_basis basis)
{
	if (f->basis == PN_BASIS_MAPPER)
		return basis == PN_BASIS_MAPPER;
	return basis && basis != PN_BASIS_MAPPER;
}

/* Another policy is in force: does it allow what this connection is, and does? */
static enum pn_reason review(struct pn_flow *f)
{
	enum pn_basis basis;
	u32 i, rule;

	if (f->generation == f->policy->generation)
		return PN_OK;
	basis = pn_basis_of(f->pn, f->policy, &f->t, false, &rule);
	if (!may_become(f, basis))
		return PN_REVOKED;
	f->basis = basis;
	for (i = 0; i < f->nr_bound; i++)
		if (!pn_basis_allows(f->pn, f->policy, &f->t, &f->bound[i].uuid,
				     f->bound[i].major))
			return PN_REVOKED;
	WRITE_ONCE(f->generation, f->policy->generation);
	f->rule = rule;
	f->observe = pn_rpc_allows(f->policy, &f->t, PN_PROTO_RPC,
				   PN_RPC_OBSERVE, &rule);
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
	basis = pn_basis_of(f->pn, f->policy, &f->t, false, &rule);
	if (!may_become(f, basis))
		return PN_STREAM_OPEN;
	pn_stream_free(&f->stream[PN_RPC_CLIENT]);
	pn_stream_free(&f->stream[PN_RPC_SERVER]);
	memset(f->rewrites, 0, sizeof(f->rewrites));
	f->nr_bound = 0;
	f->rule = rule;
	pn_inspected_set_up(f, basis);
	pn_inspected_begin(f, PN_RPC_CLIENT, client);
	pn_inspected_begin(f, PN_RPC_SERVER, server);
	pn_count(f->pn->stats, PN_COUNT_RPC_FLOWS);
	return PN_OK;
}

/* On a connection that is known; what @len bytes of data are in. */
static enum pn_reason take_syn(struct pn_flow *f, enum pn_rpc_way way,
			       const struct tcphdr *th, u32 len)
{
	enum pn_reason reason = PN_OK;
	bool answers = way == PN_RPC_SERVER;

	if (len || th->ack != answers)
		return PN_STREAM_OPEN;
	if (th->ack)
		reason = begin_again(f, th);
	if (!reason && !pn_mangle_mptcp(f->p))
		reason = PN_MALFORMED;
	return reason;
}

/* Resets get lost, and conntrack sees none of them: its entry ends soon. */
static enum pn_reason cut_again(struct pn_flow *f, struct pn_cut *cut)
{
	WRITE_ONCE(f->ct->timeout, nfct_time_stamp + CUT_SECONDS * HZ);
	cut->now = time_after_eq(jiffies, f->reset_due);
	if (cut->now)
		f->reset_due = jiffies + HZ / RESETS_PER_SECOND;
	return PN_CUT;
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
	if (!reason && th->urg)
		reason = PN_STREAM_URGENT;
	if (!reason && th->syn)
		reason = take_syn(f, way, th, seg.len);
	if (!reason && th->ack && f->synced[back])
		pn_stream_acked(&f->stream[back], ntohl(th->ack_seq));
	if (!reason && seg.len)
		reason = f->synced[way] ? take(f, way, &seg) :
					  find_again(f, way, &seg);
	/*
	 * Like a packet that was lost: it will come again. Nor is a connection cut
	 * for a SYN, which conntrack lets pass whatever its sequence number.
	 */
	if (reason && reason != PN_STREAM_FULL && reason != PN_MALFORMED &&
	    !th->syn) {
		WRITE_ONCE(f->cut, reason);
		pn_count(f->pn->stats, PN_COUNT_CUTS);
		cut_again(f, cut);
	}
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
	if (!opens &&
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

/*
 * Who forges packets of the other end, to acknowledge for it, has them come from
 * where he is himself: no policy allows that. Ways by yet other zones are as it says.
 */
static bool may_travel(struct pn_net *pn, const struct pn_policy *policy,
		       struct pn_flow *f, enum pn_rpc_way way,
		       const struct pn_tuple *t)
{
	bool same = true, forged = false;
	u32 rule;

	spin_lock(&f->lock);
	if (f->zoned == policy->generation) {
		same = f->t.zone_in == t->zone_in &&
		       f->t.zone_out == t->zone_out;
		forged = way == PN_RPC_SERVER ?
			 t->zone_out == f->t.zone_in :
			 t->zone_in == f->t.zone_out;
	} else {
		/* the numbers of zones are a policy's own */
		f->t.zone_in = t->zone_in;
		f->t.zone_out = t->zone_out;
		f->zoned = policy->generation;
	}
	spin_unlock(&f->lock);
	return same || (!forged && pn_basis_of(pn, policy, t, false, &rule));
}

bool pn_inspect_packet(struct pn_net *pn, const struct pn_policy *policy,
		       struct pn_packet *p, struct nf_conn *ct,
		       enum ip_conntrack_info ctinfo, const struct pn_tuple *t,
		       bool allowed, struct pn_cut *cut, u32 *rule,
		       enum pn_reason *reason)
{
	enum pn_rpc_way way = CTINFO2DIR(ctinfo) == IP_CT_DIR_ORIGINAL ?
			      PN_RPC_CLIENT : PN_RPC_SERVER;
	struct pn_flow *f = pn_inspected_find(pn, ct);
	enum pn_basis basis = PN_BASIS_NONE;
	struct tcphdr th;
	u32 by = U32_MAX;

	if (!f) {
		basis = pn_basis_of(pn, policy, t, allowed, &by);
		/* what opens a connection is none of one that is kept */
		if (!basis || (policy->kept && !(p->tcp_flags & PN_TCP_SYN) &&
			       pn_kept_has(policy, ct)))
			return false;
		*rule = by;
	}
	*reason = PN_MALFORMED;
	if (skb_copy_bits(p->skb, p->thoff, &th, sizeof(th)))
		return true;
	if (!f && way == PN_RPC_CLIENT && pn_packet_opens_tcp(p)) {
		*reason = pn_inspect_open(p);
		return true;
	}
	if (!f)
		f = begin(pn, policy, p, ct, way, &th, t, basis, by, cut,
			  reason);
	if (!f)
		return true;
	*reason = PN_REVOKED;
	if (!may_travel(pn, policy, f, way, t))
		return true;
	spin_lock(&f->lock);
	f->pn = pn;
	f->policy = policy;
	f->p = p;
	*reason = inspect(f, way, &th, cut);
	/* of a connection that was cut before, it may be another policy's */
	*rule = f->generation == policy->generation ? f->rule : U32_MAX;
	f->p = NULL;
	spin_unlock(&f->lock);
	/* the ports are used again, and the SYN will come again as well */
	if (*reason == PN_CUT && way == PN_RPC_CLIENT && pn_packet_opens_tcp(p))
		nf_ct_kill(ct);
	return true;
}
