/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Packets that a rule wants logged go to the kernel's packet log (nf_log), at most so
 * many a second.
 */
#ifndef PN_LOG_H
#define PN_LOG_H

struct nf_hook_state;
struct pn_net;
struct pn_packet;
struct pn_policy;

/*
 * Has the kernel load what writes its packet log, if a rule of @policy logs and nothing
 * is there to: without one, packets are logged nowhere, and nobody is told.
 * Context: process, no locks; waits for modprobe.
 */
void pn_log_prepare(const struct pn_policy *policy);

void pn_log_packet(struct pn_net *pn, const struct pn_packet *p,
		   const struct nf_hook_state *state, const char *what);

#endif /* PN_LOG_H */
