// SPDX-License-Identifier: GPL-2.0
/*
 * The outpost: see outpost.h. What it does there is hook.c's.
 */
#include <linux/rtnetlink.h>

#include "hook.h"
#include "net.h"
#include "outpost.h"

/*
 * Behind what the administrator may have there: what he drops is not ours to count, and
 * what he sends elsewhere never comes to the guard.
 */
#define PRIORITY	INT_MAX

void pn_outpost_init(struct pn_net *pn)
{
	pn_ingress_add(pn, &pn->outpost, pn_hook_ingress, PRIORITY);
}

void pn_outpost_watch(struct pn_net *pn, u64 drops)
{
	bool on = READ_ONCE(pn->outpost.on);

	if (on ? drops >= PN_OUTPOST_PEACE : drops < PN_OUTPOST_FLOOD)
		return;
	/* a load holds it, and this shall not wait for it */
	if (!rtnl_trylock())
		return;
	pn_ingress_change(&pn->outpost, !on);
	rtnl_unlock();
}

void pn_outpost_review(struct pn_net *pn)
{
	rtnl_lock();
	pn_ingress_change(&pn->outpost, pn->outpost.on);
	rtnl_unlock();
}
