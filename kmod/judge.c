// SPDX-License-Identifier: GPL-2.0
/*
 * What becomes of a packet. This is the only file that says NF_DROP.
 */
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/netfilter.h>
#include <net/netfilter/ipv4/nf_reject.h>
#include <net/netfilter/ipv6/nf_reject.h>
#include <net/netfilter/nf_conntrack.h>

#include "admit.h"
#include "answer.h"
#include "ban.h"
#include "events.h"
#include "fastpath.h"
#include "flow.h"
#include "inspect.h"
#include "inspected.h"
#include "judge.h"
#include "kept.h"
#include "log.h"
#include "mangle.h"
#include "reject.h"
#include "route.h"
#include "trace.h"

static void count_rule(const struct pn_policy *policy, u32 rule,
		       unsigned int hits, unsigned int bytes)
{
	struct pn_rule_count *c;

	c = &policy->counts[smp_processor_id()][rule];
	c->hits += hits;
	c->packets++;
	c->bytes += bytes;
}

void pn_judge_report(struct pn_net *pn, const struct pn_policy *policy,
		     const struct pn_packet *p, enum pn_reason reason, u32 rule,
		     bool observed)
{
	pn_count_drop(pn->stats, reason, observed);
	trace_postern_drop(p, reason, rule, observed);
	pn_event_drop(pn, policy, p, reason, rule, observed);
}

/* The same, by @rule, which counts it, and may have it logged. */
static __always_inline void
report_by(struct pn_net *pn, const struct pn_policy *policy,
	  const struct pn_packet *p, enum pn_reason reason, u32 rule,
	  bool observed, const struct nf_hook_state *state)
{
	pn_judge_report(pn, policy, p, reason, rule, observed);
	if (rule == U32_MAX)
		return;
	/* of an allow rule, a hit is a flow that it let begin */
	count_rule(policy, rule,
		   policy->rules[rule].action == POSTERN_ACTION_BLOCK,
		   p->skb->len);
	if (policy->rules[rule].flags & POSTERN_RULE_LOG)
		pn_log_packet(pn, p, state, pn_reason_name[reason]);
}

unsigned int pn_judge_drop(struct pn_net *pn, const struct pn_policy *policy,
			   const struct pn_packet *p, enum pn_reason reason,
			   u32 rule, const struct nf_hook_state *state)
{
	bool observe = policy && policy->flags & POSTERN_POLICY_OBSERVE;

	report_by(pn, policy, p, reason, rule, observe, state);
	if (observe)
		return NF_ACCEPT;
	if (policy && state->hook != NF_INET_PRE_ROUTING &&
	    p->zone_in != PN_ZONE_NONE &&
	    policy->zones[p->zone_in].flags & POSTERN_ZONE_REJECT)
		pn_reject(pn, p, reason, state);
	return NF_DROP;
}

/* @first: of its flow */
static void let_through(struct pn_net *pn, const struct pn_policy *policy,
			struct sk_buff *skb, u32 rule, bool first)
{
	struct pn_stats *s = this_cpu_ptr(pn->stats);

	u64_stats_update_begin(&s->sync);
	s->counts.value[PN_COUNT_PACKETS]++;
	s->counts.value[PN_COUNT_ACCEPTED]++;
	s->counts.value[PN_COUNT_BYTES] += skb->len;
	s->counts.value[PN_COUNT_FLOWS_NEW] += first;
	u64_stats_update_end(&s->sync);
	skb->mark = pn_judge_mark(policy, rule, skb->mark);
	if (rule != U32_MAX)
		count_rule(policy, rule, first, skb->len);
}

/* It was let through, and begins a flow. */
static void begin(struct pn_net *pn, const struct pn_policy *policy,
		  const struct pn_packet *p, u32 rule,
		  const struct nf_hook_state *state)
{
	u32 flags;

	if (rule == U32_MAX)
		return;
	flags = policy->rules[rule].flags;
	if (flags & POSTERN_RULE_LOG)
		pn_log_packet(pn, p, state, "allow");
	if (flags & POSTERN_RULE_OBSERVE)
		pn_judge_report(pn, policy, p, PN_NO_RULE, rule, true);
}

void pn_judge_pass(struct pn_net *pn, const struct pn_policy *policy,
		   struct sk_buff *skb, u32 rule,
		   const struct nf_hook_state *state)
{
	/* it waits for nothing, or would not pass so */
	pn_fastpath_offer(pn, policy, skb, state);
	let_through(pn, policy, skb, rule, false);
}

void pn_judge_passed(struct pn_net *pn, const struct pn_policy *policy,
		     u32 rule, unsigned int bytes)
{
	pn_count(pn->stats, PN_COUNT_PACKETS);
	pn_count(pn->stats, PN_COUNT_ACCEPTED);
	pn_count(pn->stats, PN_COUNT_FAST_PACKETS);
	pn_count_add(pn->stats, PN_COUNT_BYTES, bytes);
	count_rule(policy, rule, 0, bytes);
}

void pn_judge_lost(struct pn_net *pn)
{
	pn_count(pn->stats, PN_COUNT_PACKETS);
	pn_count_drop(pn->stats, PN_NO_MEMORY, false);
}

void pn_judge_observed(struct pn_net *pn, const struct pn_policy *policy,
		       const struct pn_packet *p, u32 outcome,
		       const struct nf_hook_state *state)
{
	const struct pn_tables *t = &policy->tables;

	for (; outcome != PN_OUTCOME_NONE; outcome = t->outcome[outcome].next) {
		u32 rule = t->outcome[outcome].rule;

		if (policy->rules[rule].action != POSTERN_ACTION_BLOCK ||
		    !(policy->rules[rule].flags & POSTERN_RULE_OBSERVE))
			break;
		report_by(pn, policy, p, PN_BLOCKED, rule, true, state);
	}
}

/* RFC 792, RFC 4443: those that a flow cannot do without. */
static bool passable_error(const struct pn_packet *p)
{
	u8 type = p->t.port >> 8;

	if (p->t.v6)
		return type == ICMPV6_DEST_UNREACH ||
		       type == ICMPV6_PKT_TOOBIG || type == ICMPV6_TIME_EXCEED;
	return type == ICMP_DEST_UNREACH || type == ICMP_TIME_EXCEEDED;
}

/*
 * A SYN+ACK that answers nothing seen here. If the SYN would have been allowed,
 * it went another way; if not, somebody scans. Under a limit it may have been seen,
 * and forgotten.
 */
static bool answers_elsewhere(const struct pn_policy *policy,
			      const struct pn_packet *p)
{
	struct pn_tuple t = p->t;
	u32 rule;

	if ((p->tcp_flags & (PN_TCP_SYN | PN_TCP_ACK)) !=
	    (PN_TCP_SYN | PN_TCP_ACK))
		return false;
	t.saddr = p->t.daddr;
	t.daddr = p->t.saddr;
	t.zone_in = p->t.zone_out;
	t.zone_out = p->t.zone_in;
	t.port = p->sport;
	return pn_outcome_allows(policy, pn_classify(&policy->tables, &t),
				 &rule) &&
	       !pn_admit_limits(policy, rule);
}

/* A TCP segment that begins no flow. @reason: if it is no sign of one-way routes. */
static enum pn_reason not_opening(struct pn_net *pn,
				  const struct pn_policy *policy,
				  const struct pn_packet *p,
				  enum pn_reason reason)
{
	if (answers_elsewhere(policy, p))
		reason = PN_ONE_WAY;
	if (reason == PN_ONE_WAY && !READ_ONCE(pn->one_way))
		WRITE_ONCE(pn->one_way, true);
	return reason;
}

/* A packet that conntrack has no flow for, and will have none. */
static enum pn_reason judge_stray(struct pn_net *pn,
				  const struct pn_policy *policy,
				  const struct pn_packet *p,
				  enum ip_conntrack_info ctinfo)
{
	if (ctinfo == IP_CT_UNTRACKED)
		return PN_UNTRACKED;
	if (p->icmp_error)
		return PN_ICMP_ERROR;
	if (p->t.proto != IPPROTO_TCP)
		return PN_CT_INVALID;
	return not_opening(pn, policy, p, pn_flow_invalid(pn->net, p));
}

/* A rule's limit let a packet pass only because it observes. */
static void report_limit(struct pn_net *pn, const struct pn_policy *policy,
			 const struct pn_packet *p, enum pn_reason reason,
			 u32 rule)
{
	if (reason)
		pn_judge_report(pn, policy, p, reason, rule, true);
}

static enum pn_reason admit_syn(struct pn_net *pn,
				const struct pn_policy *policy,
				const struct pn_packet *p, struct nf_conn *ct,
				u32 rule)
{
	enum pn_reason reason, observed = PN_OK;

	reason = pn_admit_syn(pn, policy, p, rule, ct, &observed);
	report_limit(pn, policy, p, observed, rule);
	return reason;
}

/**
 * struct opinion - what is thought of a packet
 * @reason: PN_OK, or why it must not pass
 * @rule: that says so, or U32_MAX
 * @note: of its flow, if that is known
 * @cut: what an inspector has to say
 * @first: of its flow
 */
struct opinion {
	enum pn_reason reason;
	u32 rule;
	struct pn_flow_note *note;
	struct pn_cut cut;
	bool first;
};

/* Kept apart, as the next: their tuples would be cleared for each packet. */
static noinline enum pn_reason admit_packet(struct pn_net *pn,
					    const struct pn_policy *policy,
					    const struct pn_packet *p,
					    struct nf_conn *ct,
					    enum ip_conntrack_info ctinfo,
					    struct opinion *o)
{
	struct pn_admitted how;
	enum pn_reason reason;
	struct pn_tuple t;

	pn_flow_tuple(&t, p, ct, ctinfo);
	reason = pn_admit_packet(pn, policy, p, &t,
				 CTINFO2DIR(ctinfo) == IP_CT_DIR_ORIGINAL,
				 o->rule, ct, &how);
	o->note->settled = how.settled;
	report_limit(pn, policy, p, how.observed, o->rule);
	if (how.refused)
		o->cut = (struct pn_cut){ .now = true, .seq = p->tcp_seq };
	return reason;
}

/* The first packet of a flow, or all of a flow that nobody answered yet. */
static enum pn_reason judge_new(struct pn_net *pn,
				const struct pn_policy *policy,
				const struct pn_packet *p, struct nf_conn *ct,
				const struct nf_hook_state *state, u32 *rule)
{
	enum pn_reason reason = PN_OK;
	struct pn_answer a;

	if (p->t.proto == IPPROTO_TCP && !pn_packet_opens_tcp(p))
		return not_opening(pn, policy, p, PN_TCP_NO_FLOW);
	if (pn_ban_has(pn, p->t.v6, p->t.saddr))
		return PN_BANNED;
	if (!p->t.v6 && p->in && pn_route_is_broadcast(pn->net, p))
		return PN_BROADCAST_SOURCE;
	a = *pn_answer(pn, policy, &p->t,
		       pn_address_class(&policy->tables, p->t.v6, p->t.saddr));
	pn_judge_observed(pn, policy, p, a.outcome, state);
	if (a.dynamic)
		a.basis = pn_basis_dynamic(pn, policy, &p->t, &a.basis_rule);
	*rule = a.basis ? a.basis_rule : a.rule;
	if (a.basis)
		reason = pn_inspect_open(p);
	else if (!a.allowed)
		reason = a.denied;
	if (!reason && p->t.proto == IPPROTO_TCP &&
	    pn_admit_limits(policy, *rule))
		reason = admit_syn(pn, policy, p, ct, *rule);
	if (!reason)
		pn_flow_begin(pn, ct);
	return reason;
}

/*
 * Is it for an inspector? Then that is asked. @allowed: by a plain rule, *@o's. Inline as
 * the next two, which to call takes as long as they do.
 */
static __always_inline bool is_read(struct pn_net *pn,
				    const struct pn_policy *policy,
				    struct pn_packet *p, struct nf_conn *ct,
				    enum ip_conntrack_info ctinfo, bool allowed,
				    struct opinion *o)
{
	if (!pn_inspect_packet(pn, policy, p, ct, ctinfo, allowed, &o->cut,
			       &o->rule, &o->reason))
		return false;
	o->note->read = !o->cut.done;
	return true;
}

/* An ICMP error about a flow that is for an inspector, or a SYN of such a one. */
static noinline bool errs_on_read(struct pn_net *pn,
				  const struct pn_policy *policy,
				  const struct pn_packet *p,
				  const struct nf_conn *ct,
				  enum ip_conntrack_info ctinfo, bool allowed,
				  u32 *rule)
{
	struct pn_tuple t;

	pn_flow_tuple(&t, p, ct, ctinfo);
	return pn_inspected_has(pn, ct) ||
	       pn_basis_of(pn, policy, &t, allowed, rule);
}

static void judge_known(struct pn_net *pn, const struct pn_policy *policy,
			struct pn_packet *p, struct nf_conn *ct,
			enum ip_conntrack_info ctinfo,
			const struct nf_hook_state *state, struct opinion *o)
{
	bool allowed, inspected;
	u32 outcome;

	outcome = pn_flow_outcome(pn, policy, p, ct, ctinfo, state, &inspected,
				  &o->note);
	allowed = pn_outcome_allows(policy, outcome, &o->rule);
	/* most flows are nobody's to read, and those that are blocked are none's */
	if (allowed ? inspected :
	    (policy->nr_rpc && o->rule == U32_MAX) ||
	    (policy->kept && pn_inspected_has(pn, ct))) {
		if (p->icmp_error &&
		    errs_on_read(pn, policy, p, ct, ctinfo, allowed, &o->rule))
			return;
		if (p->t.proto == IPPROTO_TCP &&
		    is_read(pn, policy, p, ct, ctinfo, allowed, o))
			return;
	}
	o->note->read = false;
	if (allowed)
		return;
	if (policy->kept && pn_kept_has(policy, ct)) {
		o->rule = U32_MAX;
		pn_count(pn->stats, PN_COUNT_KEPT);
		return;
	}
	o->reason = o->rule == U32_MAX ? PN_REVOKED : PN_BLOCKED;
}

/* Resets both ends: who sent the packet, and by the packet itself who waits for it. */
static unsigned int cut_off(const struct pn_packet *p, const struct pn_cut *cut,
			    const struct nf_hook_state *state)
{
	if (p->t.v6)
		nf_send_reset6(state->net, state->sk, p->skb, state->hook);
	else
		nf_send_reset(state->net, state->sk, p->skb, state->hook);
	return pn_mangle_reset(p, cut->seq) ? NF_ACCEPT : NF_DROP;
}

/* Need its limit not see it? */
static bool is_settled(const struct pn_packet *p, const struct opinion *o)
{
	return o->note->settled &&
	       !(p->tcp_flags & (PN_TCP_SYN | PN_TCP_FIN | PN_TCP_RST));
}

/* What is left to be asked of a packet of a flow that is confirmed. */
static __always_inline void settle(struct pn_net *pn,
				   const struct pn_policy *policy,
				   const struct pn_packet *p, struct nf_conn *ct,
				   enum ip_conntrack_info ctinfo,
				   const struct nf_hook_state *state,
				   struct opinion *o)
{
	bool waits = o->note->read;

	if (!o->reason && p->t.proto == IPPROTO_TCP &&
	    pn_admit_limits(policy, o->rule)) {
		if (!is_settled(p, o))
			o->reason = admit_packet(pn, policy, p, ct, ctinfo, o);
		waits |= !o->note->settled;
	}
	if (!o->reason && !waits && o->rule != U32_MAX)
		pn_fastpath_offer(pn, policy, p->skb, state);
}

static __always_inline unsigned int conclude(struct pn_net *pn,
					     const struct pn_policy *policy,
					     const struct pn_packet *p,
					     const struct nf_hook_state *state,
					     const struct opinion *o)
{
	unsigned int verdict;

	if (!o->reason) {
		let_through(pn, policy, p->skb, o->rule, o->first);
		if (o->first)
			begin(pn, policy, p, o->rule, state);
		return NF_ACCEPT;
	}
	pn_count(pn->stats, PN_COUNT_PACKETS);
	verdict = pn_judge_drop(pn, policy, p, o->reason,
				o->cut.now ? U32_MAX : o->rule, state);
	if (verdict == NF_DROP && o->cut.now)
		verdict = cut_off(p, &o->cut, state);
	return verdict;
}

unsigned int pn_judge(struct pn_net *pn, const struct pn_policy *policy,
		      struct pn_packet *p, const struct nf_hook_state *state)
{
	enum ip_conntrack_info ctinfo;
	struct nf_conn *ct = nf_ct_get(p->skb, &ctinfo);
	struct opinion o = { .rule = U32_MAX };

	if (!ct) {
		o.reason = judge_stray(pn, policy, p, ctinfo);
	} else if (p->icmp_error) {
		/* conntrack lets it through as related to a flow it knows */
		if (passable_error(p))
			judge_known(pn, policy, p, ct, ctinfo, state, &o);
		else
			o.reason = PN_ICMP_ERROR;
		if (!o.reason)
			pn_count(pn->stats, PN_COUNT_RELATED);
	} else if (nf_ct_is_confirmed(ct)) {
		pn_fastpath_seen(pn, p, ct, ctinfo);
		judge_known(pn, policy, p, ct, ctinfo, state, &o);
		settle(pn, policy, p, ct, ctinfo, state, &o);
	} else {
		/* also what a helper expects: a rule must name it */
		o.reason = judge_new(pn, policy, p, ct, state, &o.rule);
		o.first = !o.reason;
	}
	return conclude(pn, policy, p, state, &o);
}

unsigned int pn_judge_read(struct pn_net *pn, const struct pn_policy *policy,
			   struct pn_packet *p, const struct pn_known *known,
			   const struct nf_hook_state *state)
{
	enum ip_conntrack_info ctinfo;
	struct nf_conn *ct = nf_ct_get(p->skb, &ctinfo);
	struct opinion o = { .rule = known->rule, .note = known->note };

	/* it was let go of meanwhile, or begins anew */
	if (!is_read(pn, policy, p, ct, ctinfo, known->rule != U32_MAX, &o))
		return pn_judge(pn, policy, p, state);
	settle(pn, policy, p, ct, ctinfo, state, &o);
	return conclude(pn, policy, p, state, &o);
}
