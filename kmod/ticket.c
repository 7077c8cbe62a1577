// SPDX-License-Identifier: GPL-2.0
/*
 * Tickets of the fast path: see ticket.h.
 */
#include <linux/gfp.h>
#include <linux/random.h>

#include "ticket.h"

int pn_tickets_init(struct pn_tickets *t)
{
	unsigned int i;

	t->book = alloc_percpu_gfp(struct pn_ticket_book,
				   GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!t->book)
		return -ENOMEM;
	get_random_bytes(t->secret, sizeof(t->secret));
	for (i = 0; i < ARRAY_SIZE(t->secret); i++)
		t->secret[i] |= 1;
	return 0;
}

void pn_tickets_free(struct pn_tickets *t)
{
	free_percpu(t->book);
}
