/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Housekeeping of a namespace, every PN_HOUSE_SECONDS while a policy is loaded or
 * a transaction is open: rates, abandoned transactions, the level of conntrack.
 */
#ifndef PN_HOUSE_H
#define PN_HOUSE_H

struct pn_net;

#define PN_HOUSE_SECONDS	2
#define PN_CT_FULL_PERCENT	80	/* warns from here on... */
#define PN_CT_LOW_PERCENT	75	/* ...until it is below this */

/* Once, before any other call. */
void pn_house_init(struct pn_net *pn);

/* After a load or the begin of a transaction. May be called at any time. */
void pn_house_start(struct pn_net *pn);

/* Waits for the work to end. Context: process; any lock but rtnl may be held. */
void pn_house_stop(struct pn_net *pn);

#endif /* PN_HOUSE_H */
