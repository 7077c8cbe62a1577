/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Answers to what is denied from a zone that says `reject yes`.
 */
#ifndef PN_REJECT_H
#define PN_REJECT_H

#include "net.h"
#include "packet.h"

/*
 * Sends a TCP reset or an ICMP "administratively prohibited", within the
 * namespace's rate, if @reason is one that the policy gave. Context: forward or
 * input hook.
 */
void pn_reject(struct pn_net *pn, const struct pn_packet *p,
	       enum pn_reason reason, const struct nf_hook_state *state);

#endif /* PN_REJECT_H */
