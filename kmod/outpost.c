// SPDX-License-Identifier: GPL-2.0
/*
 * The outpost: see outpost.h. What it does there is hook.c's.
 */
#include <linux/rtnetlink.h>

#include "hook.h"
#include "house.h"
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

/* Return: whether it is as it shall be. */
static bool change(struct pn_net *pn, bool on)
{
	if (READ_ONCE(pn->outpost.on) == on)
		return true;
	/* a load holds it, and this shall not wait for it: there is a next time */
	if (!rtnl_trylock())
		return false;
	pn_ingress_change(&pn->outpost, on);
	rtnl_unlock();
	return true;
}

void pn_outpost_watch(struct pn_net *pn, u64 drops)
{
	bool flooded = READ_ONCE(pn->flooded);

	if (drops >= (flooded ? PN_OUTPOST_PEACE : PN_OUTPOST_FLOOD)) {
		pn->peace = 0;
		WRITE_ONCE(pn->flooded, change(pn, true));
		return;
	}
	WRITE_ONCE(pn->flooded, false);
	if (pn->peace < PN_OUTPOST_HOLD_SECONDS / PN_HOUSE_SECONDS)
		pn->peace++;
	else
		change(pn, false);
}

void pn_outpost_review(struct pn_net *pn)
{
	rtnl_lock();
	pn_ingress_change(&pn->outpost, pn->outpost.on);
	rtnl_unlock();
}

void pn_outpost_end(struct pn_net *pn)
{
	WRITE_ONCE(pn->flooded, false);
	rtnl_lock();
	pn_ingress_change(&pn->outpost, false);
	rtnl_unlock();
}
