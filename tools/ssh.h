/* SPDX-License-Identifier: GPL-2.0 */
/* Whether a policy would cut the SSH connection over which it is loaded. */
#ifndef SSH_H
#define SSH_H

#include "policy/model.h"

/* Warns on stderr if the policy denies what SSH_CONNECTION says. */
void ssh_warn(struct policy *p);

#endif
