/* SPDX-License-Identifier: GPL-2.0 */
/*
 * /proc/net/postern: for people, and for tools that only read files. What
 * programs want to know in full they ask over netlink.
 */
#ifndef PN_PROC_H
#define PN_PROC_H

struct pn_net;

int pn_proc_init_net(struct pn_net *pn);
void pn_proc_exit_net(struct pn_net *pn);

#endif /* PN_PROC_H */
