/* SPDX-License-Identifier: GPL-2.0 */
/* The SSH connection over which the tool runs, and whether a policy would cut it. */
#ifndef SSH_H
#define SSH_H

#include "policy/address.h"
#include "policy/model.h"

/* Warns on stderr, or as JSON by the diagnostics of @p, if it denies what SSH_CONNECTION says. */
void ssh_warn(struct policy *p);

/* The client of the SSH connection over which this runs; false: of none. */
bool ssh_client(struct range *client);

#endif
