/* SPDX-License-Identifier: GPL-2.0 */
/* Prefixes as bans know them: as text, in messages, in order. */
#ifndef PREFIX_H
#define PREFIX_H

#include <linux/postern.h>

#include "nl.h"
#include "policy/address.h"

#define PREFIX_TEXT_MAX 56

/* False: @why says what is wrong, as one sentence. */
bool prefix_parse(const char *text, size_t len, struct postern_prefix *p,
		  char why[ADDRESS_ERROR_MAX]);
void prefix_print(const struct postern_prefix *p, char text[PREFIX_TEXT_MAX]);

/* IPv4 first, by address, the larger one first. */
int prefix_compare(const struct postern_prefix *a, const struct postern_prefix *b);

/* Is all of @inner in @outer? */
bool prefix_has(const struct postern_prefix *outer, const struct postern_prefix *inner);

/* SADDR and PREFIX_LENGTH. False: they are not there. */
bool attrs_prefix(const struct nl_attrs *attrs, struct postern_prefix *p);

struct prefixes {
	struct postern_prefix *list;
	unsigned int n, cap;
};

void prefixes_add(struct prefixes *all, const struct postern_prefix *p);

/*
 * A message of @cmd with @n prefixes. NULL: complained that they are more than fit
 * into one; @what is like "banning".
 */
struct nl_msg *prefixes_request(struct nl *nl, enum postern_cmd cmd,
				const struct postern_prefix *list, unsigned int n,
				const char *what);

#endif
