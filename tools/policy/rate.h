/* SPDX-License-Identifier: GPL-2.0 */
/* Rates: so many in a second, minute, hour or day. */
#ifndef POLICY_RATE_H
#define POLICY_RATE_H

#include <linux/postern.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define RATE_BURST_MAX 1000000u

/* COUNT/UNIT; only @rate->per_ms is set, since the count may be too large. */
bool rate_parse(const char *text, struct postern_rate *rate, uint64_t *count);

/* As rate_parse() takes it, with its burst if that is not the @usual one. */
void rate_print(FILE *f, const struct postern_rate *rate, uint32_t usual);

/* second to day; NULL: the kernel has none of this length. */
const char *rate_unit(uint32_t per_ms);

/* What a burst is where nobody says it: what comes in a second, or in the rate's own time. */
uint32_t rate_burst(const struct postern_rate *rate);
uint32_t rate_burst_whole(const struct postern_rate *rate);

#endif
