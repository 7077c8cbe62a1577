// SPDX-License-Identifier: GPL-2.0
/*
 * Connections that are inspected: see inspect.h.
 */
#include <linux/module.h>
#include <linux/rhashtable.h>
#include <linux/slab.h>
#include <linux/tcp.h>
#include <linux/user_namespace.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/tcp.h>

#include "inspect.h"
#include "kept.h"
#include "mangle.h"
#include "net.h"
#include "rpc.h"

static unsigned int max_inspected = 65536;
module_param(max_inspected, uint, 0644);
MODULE_PARM_DESC(max_inspected, "inspected connections that a network namespace may have; a sixteenth in those of unprivileged user namespaces (65536)");

/* What a client is told to ask for instead: an interface that nobody has. */
static const struct pn_uuid nobody =
	PN_UUID(706f7374, 6572, 4e21, 8000, 6e6f626f6479);

#define CUT_SECONDS		10	/* until conntrack forgets a connection */
#define RESETS_PER_SECOND	10	/* of one that was cut */

struct pn_flows {
	struct rhashtable table;
	atomic_t nr;
	u32 max;
	atomic_t early;			/* bytes, see stream.h */
};

static const struct rhashtable_params flow_params = {
	.head_offset = offsetof(struct pn_flow, node),
	.key_offset = offsetof(struct pn_flow, ct),
	.key_len = sizeof(struct nf_conn *),
	.automatic_shrinking = true,
};

/* What pn_inspect_init() has made, all of it; NULL: no RPC policy came yet. */
static struct pn_flows *flows_of(const struct pn_net *pn)
{
	/* pairs with pn_inspect_init() */
	return smp_load_acquire(&pn->flows);
}

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

/* ---- the table */

int pn_inspect_init(struct pn_net *pn)
{
	struct pn_flows *flows;
	int err;

	lockdep_assert_held(&pn->mutex);
	if (pn->flows)
		return 0;
	flows = kzalloc(sizeof(*flows), GFP_KERNEL_ACCOUNT);
	if (!flows)
		return -ENOMEM;
	flows->max = READ_ONCE(max_inspected);
	if (pn->net->user_ns != &init_user_ns)
		flows->max /= 16;
	err = rhashtable_init(&flows->table, &flow_params);
	if (err) {
		kfree(flows);
		return err;
	}
	/* see flows_of() */
	smp_store_release(&pn->flows, flows);
	return 0;
}

static void free_flow_rcu(struct rcu_head *rcu)
{
	struct pn_flow *f = container_of(rcu, struct pn_flow, rcu);

	nf_ct_put(f->ct);
	kfree(f);
}

/* Nobody finds it any more. */
static void let_go(struct pn_flows *flows, struct pn_flow *f)
{
	spin_lock_bh(&f->lock);
	f->cut = f->cut ?: PN_STREAM_UNKNOWN;
	pn_stream_free(&f->stream[PN_RPC_CLIENT]);
	pn_stream_free(&f->stream[PN_RPC_SERVER]);
	spin_unlock_bh(&f->lock);
	atomic_dec(&flows->nr);
	call_rcu(&f->rcu, free_flow_rcu);
}

static void free_at_exit(void *object, void *data)
{
	let_go(data, object);
}

void pn_inspect_exit(struct pn_net *pn)
{
	struct pn_flows *flows = pn->flows;

	if (!flows)
		return;
	/* the hooks are gone, and who was in them */
	pn->flows = NULL;
	rhashtable_free_and_destroy(&flows->table, free_at_exit, flows);
	/* conntrack waits for its entries: free_flow_rcu() must have run */
	rcu_barrier();
	kfree(flows);
}

static struct pn_flow *find(struct pn_net *pn, const struct nf_conn *ct)
{
	struct pn_flows *flows = flows_of(pn);

	return flows ? rhashtable_lookup(&flows->table, &ct, flow_params) :
		       NULL;
}

bool pn_inspect_knows(struct pn_net *pn, const struct nf_conn *ct)
{
	bool known;

	rcu_read_lock();
	known = find(pn, ct);
	rcu_read_unlock();
	return known;
}

/* conntrack remembers a connection for a while after its end */
static bool is_closed(const struct pn_flow *f)
{
	u8 state = READ_ONCE(f->ct->proto.tcp.state);

	return state == TCP_CONNTRACK_TIME_WAIT || state == TCP_CONNTRACK_CLOSE;
}

static void keep_doors_open(struct pn_net *pn, const struct pn_policy *policy,
			    const struct pn_flow *f)
{
	struct pn_host client, server;

	if (f->basis != PN_BASIS_PINHOLE || f->cut || is_closed(f))
		return;
	pn_basis_client(&f->t, &client);
	pn_basis_server(policy, &f->t, &server);
	pn_pinhole_touch(pn, &client, &server, f->t.port);
}

/* Whether a plain rule of @policy may let the flow pass, so that nobody reads it. */
static bool unread(const struct pn_policy *policy, const struct pn_flow *f)
{
	u32 early = policy->tables.zone_early, rule;
	struct pn_tuple t = f->t;

	t.zone_in = early;
	t.zone_out = early;
	return !policy->nr_rpc ||
	       pn_outcome_allows(policy, pn_classify(&policy->tables, &t),
				 &rule);
}

void pn_inspect_review(struct pn_net *pn, const struct pn_policy *policy)
{
	struct pn_flows *flows = flows_of(pn);
	struct rhashtable_iter iter;
	struct pn_flow *f;

	if (!flows)
		return;
	rhashtable_walk_enter(&flows->table, &iter);
	rhashtable_walk_start(&iter);
	while ((f = rhashtable_walk_next(&iter))) {
		/* the table was resized: some come twice */
		if (IS_ERR(f) || (policy && !unread(policy, f)))
			continue;
		if (!rhashtable_remove_fast(&flows->table, &f->node,
					    flow_params))
			let_go(flows, f);
	}
	rhashtable_walk_stop(&iter);
	rhashtable_walk_exit(&iter);
}

bool pn_inspect_house(struct pn_net *pn)
{
	struct pn_flows *flows = flows_of(pn);
	const struct pn_policy *policy;
	struct rhashtable_iter iter;
	u32 pinholes, endpoints;
	struct pn_flow *f;

	if (!flows)
		return false;
	rhashtable_walk_enter(&flows->table, &iter);
	rhashtable_walk_start(&iter);
	while ((f = rhashtable_walk_next(&iter))) {
		/* the table was resized: some come twice */
		if (IS_ERR(f))
			continue;
		/* under the walk's RCU */
		policy = rcu_dereference(pn->policy);
		if (nf_ct_is_dying(f->ct)) {
			if (!rhashtable_remove_fast(&flows->table, &f->node,
						    flow_params))
				let_go(flows, f);
		} else if (policy) {
			keep_doors_open(pn, policy, f);
		}
		if (need_resched()) {
			rhashtable_walk_stop(&iter);
			cond_resched();
			rhashtable_walk_start(&iter);
		}
	}
	rhashtable_walk_stop(&iter);
	rhashtable_walk_exit(&iter);
	pn_pinhole_review(pn, NULL, NULL, POSTERN_CLOSED_IDLE);
	pn_pinhole_numbers(pn, &pinholes, &endpoints);
	return atomic_read(&flows->nr) || pinholes;
}

u32 pn_inspect_number(const struct pn_net *pn)
{
	const struct pn_flows *flows = flows_of(pn);

	return flows ? atomic_read(&flows->nr) : 0;
}

/* ---- beginning */

static void set_up(struct pn_flow *f, enum pn_basis basis)
{
	f->basis = basis;
	if (basis == PN_BASIS_MAPPER)
		pn_epm_init(&f->epm, &pn_mapper_ops);
	else
		pn_rpc_init(&f->rpc, &pn_held_ops);
}

static void begin_direction(struct pn_flow *f, enum pn_rpc_way way, u32 seq)
{
	struct pn_flows *flows = f->pn->flows;

	pn_stream_begin(&f->stream[way], seq, &flows->early);
	f->base[way] = seq;
	f->synced[way] = true;
}

/* @opening: the server's SYN+ACK, or NULL where the connection is resumed. */
static struct pn_flow *add_flow(struct pn_net *pn, const struct pn_policy *policy,
				struct nf_conn *ct, const struct pn_tuple *t,
				enum pn_basis basis, u32 rule,
				const struct tcphdr *opening)
{
	struct pn_flows *flows = flows_of(pn);
	size_t size = basis == PN_BASIS_MAPPER ?
		      sizeof(struct pn_flow) :
		      offsetof(struct pn_flow, rpc) + sizeof(struct pn_rpc);
	struct pn_flow *f, *other;

	if (!flows || nf_ct_is_dying(ct))
		return NULL;
	if (atomic_inc_return(&flows->nr) > flows->max)
		goto full;
	f = kzalloc(size, GFP_ATOMIC | __GFP_NOWARN);
	if (!f)
		goto full;
	spin_lock_init(&f->lock);
	f->ct = ct;
	f->t = *t;
	f->generation = policy->generation;
	f->rule = rule;
	f->observe = pn_rpc_allows(policy, t, PN_PROTO_RPC, PN_RPC_OBSERVE,
				   &rule);
	f->pn = pn;
	f->reset_due = jiffies;
	set_up(f, basis);
	if (opening) {
		begin_direction(f, PN_RPC_CLIENT, ntohl(opening->ack_seq));
		begin_direction(f, PN_RPC_SERVER, ntohl(opening->seq) + 1);
	} else {
		pn_rpc_resume(&f->rpc);
	}
	nf_conntrack_get(&ct->ct_general);
	other = rhashtable_lookup_get_insert_fast(&flows->table, &f->node,
						  flow_params);
	if (!other) {
		pn_count(pn->stats, opening ? PN_COUNT_RPC_FLOWS :
					      PN_COUNT_RPC_RESUMED);
		return f;
	}
	/* another CPU was faster, or there is no memory */
	nf_ct_put(ct);
	kfree(f);
	atomic_dec(&flows->nr);
	return IS_ERR(other) ? NULL : other;

full:
	atomic_dec(&flows->nr);
	return NULL;
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
		begin_direction(f, way, seg->seq);
		return take(f, way, seg);
	}
	f->unsynced[way] += seg->len;
	return f->unsynced[way] > PN_RESUME_MAX ? PN_STREAM_UNKNOWN : PN_OK;
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
	f->generation = f->policy->generation;
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
	set_up(f, basis);
	begin_direction(f, PN_RPC_CLIENT, client);
	begin_direction(f, PN_RPC_SERVER, server);
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
	cut->seq = f->synced[way] ? f->stream[way].next : seg.seq;
	if (f->cut)
		return th->rst ? PN_OK : th->syn ? PN_CUT : cut_again(f, cut);
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
		f->cut = reason;
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
	f = add_flow(pn, policy, ct, t, basis, rule, opens ? th : NULL);
	*reason = f ? PN_OK : PN_FLOWS_FULL;
	if (f)
		keep_doors_open(pn, policy, f);
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
	if (f->generation == policy->generation) {
		same = f->t.zone_in == t->zone_in &&
		       f->t.zone_out == t->zone_out;
		forged = way == PN_RPC_SERVER ?
			 t->zone_out == f->t.zone_in :
			 t->zone_in == f->t.zone_out;
	} else {
		/* the numbers of zones are a policy's own */
		f->t.zone_in = t->zone_in;
		f->t.zone_out = t->zone_out;
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
	struct pn_flow *f = find(pn, ct);
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
