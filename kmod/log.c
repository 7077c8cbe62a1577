// SPDX-License-Identifier: GPL-2.0
/*
 * The packet log.
 */
#include <linux/kmod.h>
#include <linux/ktime.h>
#include <linux/netfilter.h>
#include <linux/socket.h>
#include <net/netfilter/nf_log.h>

#include "log.h"
#include "net.h"
#include "packet.h"
#include "rate.h"

/* A console is slower than a flood, and would stop the router. */
#define LOGS_PER_SECOND		1000

static bool logs(const struct pn_policy *policy)
{
	u32 i;

	for (i = 0; i < policy->nr_rules; i++)
		if (policy->rules[i].flags & POSTERN_RULE_LOG)
			return true;
	return false;
}

/* Its alias is the same on all kernels; the module was one for each family once. */
static void want_logger(int pf)
{
	if (nf_logger_find_get(pf, NF_LOG_TYPE_LOG))
		request_module("nf-logger-%d-%d", pf, NF_LOG_TYPE_LOG);
	else
		nf_logger_put(pf, NF_LOG_TYPE_LOG);
}

void pn_log_prepare(const struct pn_policy *policy)
{
	if (!logs(policy))
		return;
	want_logger(AF_INET);
	want_logger(AF_INET6);
}

void pn_log_packet(struct pn_net *pn, const struct pn_packet *p,
		   const struct nf_hook_state *state, const char *what)
{
	if (!pn_rate_allow(&pn->logs_due, ktime_get_ns(),
			   NSEC_PER_SEC / LOGS_PER_SECOND, LOGS_PER_SECOND)) {
		pn_count(pn->stats, PN_COUNT_LOGS_LIMITED);
		return;
	}
	pn_count(pn->stats, PN_COUNT_LOGGED);
	nf_log_packet(state->net, state->pf, state->hook, p->skb, p->in, p->out,
		      NULL, "postern: %s ", what);
}
