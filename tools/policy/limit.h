/* SPDX-License-Identifier: GPL-2.0 */
/* Limits on connections: what stands in their braces. */
#ifndef POLICY_LIMIT_H
#define POLICY_LIMIT_H

#include "model.h"

/* What a limit has where it says nothing. */
#define LIMIT_SOURCES 65536u
#define LIMIT_SOURCES_MIN 1024u
extern const struct postern_prefixes limit_prefixes;

/* print_limit.c: as the braces hold it, each statement between @before and @after. */
void print_limit(FILE *f, const struct limit *limit, const char *before, const char *after);

#endif
