// SPDX-License-Identifier: GPL-2.0
/*
 * Answers to what is denied, rate limited: a reflector is no better than a flood.
 */
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/netfilter.h>
#include <linux/timekeeping.h>
#include <net/netfilter/ipv4/nf_reject.h>
#include <net/netfilter/ipv6/nf_reject.h>

#include "rate.h"
#include "reject.h"

#define REJECTS_INTERVAL	(NSEC_PER_SEC / 100)
#define REJECTS_BURST		50

/*
 * What conntrack calls invalid may be a late or forged segment of a connection
 * that is well: a reset for it would end that.
 */
static bool said_by_policy(enum pn_reason reason)
{
	switch (reason) {
	case PN_NO_RULE:
	case PN_NO_ZONE:
	case PN_BLOCKED:
	case PN_REVOKED:
	case PN_NO_PINHOLE:
		return true;
	default:
		return false;
	}
}

void pn_reject(struct pn_net *pn, const struct pn_packet *p,
	       enum pn_reason reason, const struct nf_hook_state *state)
{
	if (!said_by_policy(reason))
		return;
	/* RFC 1122 3.2.2: no error about an error, nor about a reset */
	if (p->icmp_error || p->tcp_flags & PN_TCP_RST)
		return;
	if (!pn_rate_allow(&pn->rejects_due, ktime_get_ns(), REJECTS_INTERVAL,
			   REJECTS_BURST)) {
		pn_count(pn->stats, PN_COUNT_REJECTS_LIMITED);
		return;
	}
	pn_count(pn->stats, PN_COUNT_REJECTS);
	if (p->t.v6 && p->t.proto == IPPROTO_TCP)
		nf_send_reset6(state->net, state->sk, p->skb, state->hook);
	else if (p->t.v6)
		nf_send_unreach6(state->net, p->skb, ICMPV6_ADM_PROHIBITED,
				 state->hook);
	else if (p->t.proto == IPPROTO_TCP)
		nf_send_reset(state->net, state->sk, p->skb, state->hook);
	else
		nf_send_unreach(p->skb, ICMP_PKT_FILTERED, state->hook);
}
