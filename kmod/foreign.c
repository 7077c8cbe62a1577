// SPDX-License-Identifier: GPL-2.0
/*
 * Hooks of others where packets are forwarded: see foreign.h.
 */
#include <linux/kernel.h>

#include "foreign.h"
#include "net.h"

/* Return: whether there is one. */
static bool name_first(const struct pn_net *pn, const char *family,
		       const struct nf_hook_entries *hooks, char *name)
{
	unsigned int i;

	for (i = 0; hooks && i < hooks->num_hook_entries; i++) {
		const struct nf_hook_ops *ops =
			READ_ONCE(nf_hook_entries_get_hook_ops(hooks)[i]);

		if (hooks->hooks[i].priv == pn)
			continue;
		/* which module it is of says whose it is */
		snprintf(name, PN_FOREIGN_NAME_MAX + 1,
			 "%ps at priority %d of %s forward",
			 (void *)hooks->hooks[i].hook, ops->priority, family);
		return true;
	}
	return false;
}

void pn_foreign_name(const struct pn_net *pn, char *name)
{
	const struct netns_nf *nf = &pn->net->nf;

	*name = '\0';
	if (!name_first(pn, "IPv4",
			rcu_dereference(nf->hooks_ipv4[NF_INET_FORWARD]), name))
		name_first(pn, "IPv6",
			   rcu_dereference(nf->hooks_ipv6[NF_INET_FORWARD]),
			   name);
}
