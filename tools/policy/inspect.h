/* SPDX-License-Identifier: GPL-2.0 */
/* What is said of SMTP: what stands in the braces of an inspect. */
#ifndef POLICY_INSPECT_H
#define POLICY_INSPECT_H

#include "model.h"

/* The commands that have a name, in the order of the bits of struct inspect. */
extern const char *const inspect_verbs[];
extern const unsigned int nr_inspect_verbs;

/* Whether some inspect needs the table of sources. */
bool inspects_rated(const struct policy *p);

/* The first that is not a single port of TCP, which is what an inspect is for; or NULL. */
const struct port_spec *inspect_other(const struct vec *ports);

/* Complains if @rule has services that it must not have with its inspect. */
void inspect_check_rule(struct policy *p, const struct rule *rule);

/* domain.c: as it is kept, in lower case; NULL: it is none, and that is told. */
const char *domain_take(struct policy *p, const struct ref *word);

/* print_inspect.c: as the braces hold it, each statement between @before and @after. */
void print_inspect(FILE *f, const struct inspect *inspect, const char *before, const char *after);

#endif
