// SPDX-License-Identifier: GPL-2.0
/*
 * Inspectors of a policy: what they may say, and their staging. Plain C: also built
 * in user space.
 */
#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "inspector.h"
#include "memory.h"

#define COUNT_MAX	1000000
#define MESSAGE_MIN	1024
#define MESSAGE_MAX	BIT_ULL(40)
#define LINE_MIN	512
#define LINE_MAX	65536
#define LABEL_MAX	63

static int check_numbers(const struct pn_smtp_rules *smtp,
			 struct netlink_ext_ack *extack)
{
	if (smtp->denied >> PN_VERBS)
		return PN_REFUSE(extack, -EINVAL,
			      "an inspect denies unknown commands");
	if (smtp->recipients > COUNT_MAX)
		return PN_REFUSE(extack, -EINVAL,
			      "recipients of a message are 1 to 1000000");
	if (smtp->messages > COUNT_MAX)
		return PN_REFUSE(extack, -EINVAL,
			      "messages of a connection are 1 to 1000000");
	if (smtp->size && (smtp->size < MESSAGE_MIN || smtp->size > MESSAGE_MAX))
		return PN_REFUSE(extack, -EINVAL,
			      "the size of a message is 1024 to 2^40 bytes");
	if (smtp->line && (smtp->line < LINE_MIN || smtp->line > LINE_MAX))
		return PN_REFUSE(extack, -EINVAL,
			      "the length of a line is 512 to 65536 bytes");
	return 0;
}

static bool is_letter(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_of_label(char c)
{
	return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* Labels of a domain (RFC 5321, 2.3.5; _ as in names of Windows). */
static bool is_domain(const char *name)
{
	u32 len = 0;
	bool letter = false;

	name += *name == '.';
	if (strlen(name) > POSTERN_DOMAIN_MAX)
		return false;
	for (; *name; name++) {
		if (*name == '.') {
			if (!len || name[-1] == '-')
				return false;
			len = 0;
			letter = false;
			continue;
		}
		if (!is_of_label(*name) || (!len && *name == '-') ||
		    ++len > LABEL_MAX)
			return false;
		letter |= is_letter(*name);
	}
	/* or it is an address */
	return len && name[-1] != '-' && letter;
}

/* Counts the domains in @inspector's names. */
static int check_relay(const struct pn_inspector *inspector, u32 *nr,
		       struct netlink_ext_ack *extack)
{
	const char *name = inspector->smtp.relay.names, *before = NULL;
	const char *end = name + inspector->relay_size;

	*nr = 0;
	if (!inspector->relay_size)
		return 0;
	if (end[-1])
		return PN_REFUSE(extack, -EINVAL,
			      "the last domain has no 0 behind it");
	for (; name < end; name += strlen(name) + 1) {
		if (!is_domain(name))
			return PN_REFUSE(extack, -EINVAL,
				      "a domain is labels of a-z, 0-9, - and _ between dots, and no address");
		/* the parser looks them up by halves */
		if (before && strcmp(before, name) >= 0)
			return PN_REFUSE(extack, -EINVAL,
				      "domains do not ascend");
		before = name;
		(*nr)++;
	}
	return 0;
}

static void free_inspector(struct pn_policy *policy,
			   struct pn_inspector *inspector)
{
	const struct pn_smtp_relay *relay = &inspector->smtp.relay;

	pn_free(policy, relay->at, relay->nr, sizeof(*relay->at));
	pn_free(policy, relay->names, inspector->relay_size,
		sizeof(*relay->names));
	pn_strfree(policy, inspector->name);
}

static int copy_relay(struct pn_policy *policy, struct pn_inspector *new,
		      const char *names, u32 size, u32 nr)
{
	u32 *at, i, offset = 0;

	if (pn_copy(policy, &new->smtp.relay.names, names, size,
		    sizeof(*names)))
		return -ENOMEM;
	new->relay_size = size;
	if (!nr)
		return 0;
	at = pn_alloc(policy, nr, sizeof(*at));
	if (!at)
		return -ENOMEM;
	for (i = 0; i < nr; i++) {
		at[i] = offset;
		offset += strlen(names + offset) + 1;
	}
	new->smtp.relay.at = at;
	new->smtp.relay.nr = nr;
	return 0;
}

static int copy_inspector(struct pn_policy *policy, struct pn_inspector *new,
			  const struct pn_inspector *inspector, u32 nr)
{
	*new = *inspector;
	new->smtp.relay = (struct pn_smtp_relay){ };
	new->relay_size = 0;
	new->name = pn_strdup(policy, inspector->name);
	if (!new->name ||
	    copy_relay(policy, new, inspector->smtp.relay.names,
		       inspector->relay_size, nr))
		return -ENOMEM;
	pn_limit_derive(&new->recipients);
	pn_limit_derive(&new->messages);
	return 0;
}

int pn_policy_add_inspector(struct pn_policy *policy,
			    const struct pn_inspector *inspector,
			    struct netlink_ext_ack *extack)
{
	struct pn_inspector *new;
	u32 nr;
	int err;

	err = check_numbers(&inspector->smtp, extack);
	if (!err)
		err = pn_limit_check_rate(&inspector->recipients, extack);
	if (!err)
		err = pn_limit_check_rate(&inspector->messages, extack);
	if (!err)
		err = check_relay(inspector, &nr, extack);
	if (err)
		return err;
	err = pn_grow(policy, (void **)&policy->inspectors,
		      policy->nr_inspectors, &policy->cap_inspectors, 1,
		      POSTERN_INSPECTS_MAX, sizeof(*new));
	if (err == -E2BIG)
		return PN_REFUSE(extack, err, "more than 60 inspects");
	if (err)
		return pn_policy_no_memory(extack);

	new = &policy->inspectors[policy->nr_inspectors];
	if (copy_inspector(policy, new, inspector, nr)) {
		free_inspector(policy, new);
		return pn_policy_no_memory(extack);
	}
	policy->nr_inspectors++;
	if (!policy->nr_sources && pn_inspectors_rated(policy))
		policy->nr_sources = PN_SOURCES_DEFAULT;
	return 0;
}

bool pn_inspectors_rated(const struct pn_policy *policy)
{
	u32 i;

	for (i = 0; i < policy->nr_inspectors; i++)
		if (pn_inspector_is_rated(&policy->inspectors[i]))
			return true;
	return false;
}

int pn_inspector_check_rule(const struct pn_policy *policy,
			    const struct pn_rule *rule,
			    struct netlink_ext_ack *extack)
{
	bool single_tcp = rule->nr_services;
	u32 i;

	if (rule->inspector == PN_INSPECTOR_NONE)
		return 0;
	if (rule->inspector >= policy->nr_inspectors)
		return PN_REFUSE(extack, -EINVAL,
			      "a rule names an inspect that does not exist");
	if (rule->action == POSTERN_ACTION_BLOCK)
		return PN_REFUSE(extack, -EINVAL,
			      "a block rule has no inspect: it lets nothing pass");
	for (i = 0; i < rule->nr_services; i++)
		single_tcp &= policy->services[rule->services[i]].single_tcp;
	if (!single_tcp)
		return PN_REFUSE(extack, -EINVAL,
			      "an inspect is for single ports of TCP, and the rule has others");
	return 0;
}

void pn_inspectors_free(struct pn_policy *policy)
{
	u32 i;

	for (i = 0; i < policy->nr_inspectors; i++)
		free_inspector(policy, &policy->inspectors[i]);
	pn_free(policy, policy->inspectors, policy->cap_inspectors,
		sizeof(*policy->inspectors));
}
