// SPDX-License-Identifier: GPL-2.0
/*
 * Housekeeping. It takes no lock that a load holds.
 */
#include <linux/math64.h>
#include <linux/ktime.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "compat/conntrack_count.h"
#include "ban.h"
#include "events.h"
#include "fastpath.h"
#include "house.h"
#include "inspected.h"
#include "limiter.h"
#include "net.h"
#include "outpost.h"
#include "pinhole.h"
#include "stats.h"
#include "transaction.h"

static u64 per_second(u64 now, u64 before, u32 ms)
{
	return div_u64((now - before) * MSEC_PER_SEC, ms);
}

static void forget_rates(struct pn_net *pn)
{
	pn->meter.at_ns = 0;
	WRITE_ONCE(pn->rates.period_ms, 0);
}

/*
 * Rates are differences of sums that no reset changes. Return: how many packets per second
 * the guard dropped.
 */
static u64 measure_rates(struct pn_net *pn)
{
	struct pn_meter *last = &pn->meter;
	struct pn_meter now = { .at_ns = ktime_get_boottime_ns() };
	struct pn_counts *sum = kmalloc(sizeof(*sum), GFP_KERNEL);
	u64 early = 0;
	u32 ms;
	int i;

	/* no rates this time */
	if (!sum)
		return 0;
	pn_stats_sum(pn, sum);
	now.accepted = sum->value[PN_COUNT_ACCEPTED];
	now.flows_new = sum->value[PN_COUNT_FLOWS_NEW];
	now.early = sum->value[PN_COUNT_EARLY_DROPS];
	for (i = 0; i < PN_NR_REASONS; i++)
		now.dropped += sum->dropped[i];

	if (last->at_ns) {
		ms = max_t(u64, 1, div_u64(now.at_ns - last->at_ns,
					   NSEC_PER_MSEC));
		WRITE_ONCE(pn->rates.accepted,
			   per_second(now.accepted, last->accepted, ms));
		WRITE_ONCE(pn->rates.dropped,
			   per_second(now.dropped, last->dropped, ms));
		WRITE_ONCE(pn->rates.flows_new,
			   per_second(now.flows_new, last->flows_new, ms));
		WRITE_ONCE(pn->rates.period_ms, ms);
		early = per_second(now.early, last->early, ms);
	}
	*last = now;
	kfree(sum);
	return early;
}

static void check_conntrack(struct pn_net *pn)
{
	u64 count = nf_conntrack_count(pn->net);
	u64 max = READ_ONCE(nf_conntrack_max);
	bool full = READ_ONCE(pn->ct_full);

	if (!full && max && count * 100 >= max * PN_CT_FULL_PERCENT) {
		WRITE_ONCE(pn->ct_full, true);
		pn_event_state(pn, POSTERN_EVENT_CT_FULL, count, max);
	} else if (full && (!max || count * 100 < max * PN_CT_LOW_PERCENT)) {
		WRITE_ONCE(pn->ct_full, false);
	}
}

static void house_work(struct work_struct *work)
{
	struct pn_net *pn = container_of(to_delayed_work(work), struct pn_net,
					 house_work);
	bool loaded = rcu_access_pointer(pn->policy);
	bool open = pn_txn_reap(pn);
	bool inspected = pn_inspected_house(pn);
	bool banned = pn_bans_house(pn);
	bool limited = pn_limiter_house(pn);
	u32 pinholes, endpoints;

	if (loaded) {
		pn_outpost_watch(pn, measure_rates(pn));
		check_conntrack(pn);
	} else {
		forget_rates(pn);
		pn_outpost_watch(pn, 0);
		WRITE_ONCE(pn->ct_full, false);
	}
	pn_fastpath_house(pn);
	pn_pinhole_review(pn, NULL, NULL, POSTERN_CLOSED_IDLE);
	pn_pinhole_numbers(pn, &pinholes, &endpoints);
	if (loaded || open || inspected || limited || banned ||
	    pinholes)
		pn_house_start(pn);
}

void pn_house_init(struct pn_net *pn)
{
	INIT_DELAYED_WORK(&pn->house_work, house_work);
}

void pn_house_start(struct pn_net *pn)
{
	queue_delayed_work(system_power_efficient_wq, &pn->house_work,
			   PN_HOUSE_SECONDS * HZ);
}

void pn_house_stop(struct pn_net *pn)
{
	cancel_delayed_work_sync(&pn->house_work);
	forget_rates(pn);
}
