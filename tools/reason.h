/* SPDX-License-Identifier: GPL-2.0 */
/* Names of what the kernel numbers. */
#ifndef REASON_H
#define REASON_H

#include <stdint.h>

/* "unknown" for one of a later module. */
const char *reason_name(uint32_t reason);
const char *reason_help(uint32_t reason);
const char *verdict_name(uint32_t verdict);

/* enum postern_basis, and enum postern_closed */
const char *basis_name(uint32_t basis);
const char *basis_help(uint32_t basis);
const char *closed_name(uint32_t why);

#endif
