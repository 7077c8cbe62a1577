/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The outpost: while a flood lasts, the guard stands at the ingress of the interfaces as
 * well, where to drop a packet costs the least.
 *
 * It is put there, and taken away, by the house work, which sees how many packets the
 * guard drops. In peace nobody pays for it.
 */
#ifndef PN_OUTPOST_H
#define PN_OUTPOST_H

#include <linux/types.h>

struct pn_net;

/* Packets per second that the guard drops: a flood from here on ... */
#define PN_OUTPOST_FLOOD	1000
/* ... until they are fewer. */
#define PN_OUTPOST_PEACE	100

void pn_outpost_init(struct pn_net *pn);

/**
 * pn_outpost_watch - is there a flood?
 * @pn: namespace
 * @drops: that the guard dropped per second, lately
 *
 * Context: house work. Waits for no lock: if it cannot have it, there is a next time.
 */
void pn_outpost_watch(struct pn_net *pn, u64 drops);

/*
 * Another policy is in force, with other zones, or none. Afterwards, without one, no
 * packet is there, one grace period later. Context: process, takes rtnl.
 */
void pn_outpost_review(struct pn_net *pn);

#endif /* PN_OUTPOST_H */
