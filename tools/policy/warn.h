/* SPDX-License-Identifier: GPL-2.0 */
/* The warnings that take more than a look. */
#ifndef POLICY_WARN_H
#define POLICY_WARN_H

#include "model.h"

/* overlap.c: an address in hosts of two zones */
void warn_two_zones(struct policy *p);

/* unreachable.c: a rule that an earlier rule covers */
void warn_unreachable(struct policy *p);

#endif
