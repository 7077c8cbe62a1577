/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The outpost: while a flood lasts, the guard stands at the ingress of the interfaces as
 * well, where to drop a packet costs the least.
 *
 * The house work sees how many packets the guard drops, and puts it there. When the flood
 * is over it does nothing any more, but leaves only after some minutes of peace: to go
 * drops what waits in NFQUEUEs, see ingress.h. Where there never was a flood nobody pays.
 */
#ifndef PN_OUTPOST_H
#define PN_OUTPOST_H

#include <linux/types.h>

struct pn_net;

/* Packets per second that the guard drops: a flood from here on ... */
#define PN_OUTPOST_FLOOD	1000
/* ... until they are fewer. */
#define PN_OUTPOST_PEACE	100
/* And then so long until it goes. */
#define PN_OUTPOST_HOLD_SECONDS	600

void pn_outpost_init(struct pn_net *pn);

/**
 * pn_outpost_watch - is there a flood?
 * @pn: namespace
 * @drops: that the guard dropped per second, lately
 *
 * Context: house work. Waits for no lock.
 */
void pn_outpost_watch(struct pn_net *pn, u64 drops);

/* Another policy is in force, with other zones. Context: process, takes rtnl. */
void pn_outpost_review(struct pn_net *pn);

/* None is: one grace period later no packet is there. Context: process, takes rtnl. */
void pn_outpost_end(struct pn_net *pn);

#endif /* PN_OUTPOST_H */
