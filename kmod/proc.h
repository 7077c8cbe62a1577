/* SPDX-License-Identifier: GPL-2.0 */
/*
 * /proc/net/postern: for people, and for tools that only read files. What
 * programs want to know in full they ask over netlink.
 */
#ifndef PN_PROC_H
#define PN_PROC_H

#include "address.h"

struct pn_net;
struct seq_file;

int pn_proc_init_net(struct pn_net *pn);
void pn_proc_exit_net(struct pn_net *pn);

void pn_proc_show_address(struct seq_file *m, bool v6, struct pn_key addr);

/* /proc/net/postern/sources */
int pn_proc_sources_show(struct seq_file *m, void *v);

#endif /* PN_PROC_H */
