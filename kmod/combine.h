/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The two passes that combine classes: what they hand to one another and to
 * pn_compile_rules(), which calls them in turn. A LIST is a set of refs, those of the
 * rules that fit one destination and one service; k is its number.
 */
#ifndef PN_COMBINE_H
#define PN_COMBINE_H

#include "compile.h"

struct pn_u32_list {
	u32 *item;
	u32 nr, cap;
};

struct pn_cell_list {
	struct pn_cell *cell;
	u32 nr, cap;
};

struct pn_combine {
	struct pn_compile *c;
	struct pn_intern lists;		/* k: lists of refs, ascending */
	struct pn_cell_list by_service, by_source;
	struct pn_intern outcomes;	/* members: rule, next */
};

/* Appends @item, or @value at (@a, @b). Return: 0, -E2BIG, -ENOMEM. */
int pn_u32_list_add(struct pn_compile *c, struct pn_u32_list *v, u32 item);
int pn_cell_list_add(struct pn_compile *c, struct pn_cell_list *v, u32 a, u32 b,
		     u32 value);

/* Pass one: the lists, and tables.default_k. */
int pn_combine_destinations(struct pn_combine *m);

/* Pass two: the outcomes, and tables.default_outcome. */
int pn_combine_sources(struct pn_combine *m);

#endif /* PN_COMBINE_H */
