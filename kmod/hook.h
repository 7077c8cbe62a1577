/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where packets meet the policy.
 */
#ifndef PN_HOOK_H
#define PN_HOOK_H

#include "net.h"

/* Context: net->mutex held, may sleep. Return: 0 or a negative errno. */
int pn_hook_register(struct pn_net *pn);
/* Afterwards no packet is in a hook of @pn. */
void pn_hook_unregister(struct pn_net *pn);

#endif /* PN_HOOK_H */
