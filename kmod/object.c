// SPDX-License-Identifier: GPL-2.0
/*
 * Objects of a policy as they come over netlink. Arrays and strings are not
 * copied here: struct pn_policy copies what the message holds.
 */
#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <linux/ctype.h>
#include <linux/netlink.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <net/netlink.h>

#include "object.h"
#include "policy.h"

#define REFUSE(extack, attr, err, msg)					\
	({								\
		NL_SET_ERR_MSG_ATTR(extack, attr, msg);			\
		(err);							\
	})

int pn_check_text(const struct nlattr *attr, struct netlink_ext_ack *extack)
{
	const char *s;

	for (s = nla_data(attr); *s; s++)
		if (iscntrl((unsigned char)*s))
			return REFUSE(extack, attr, -EINVAL,
				      "a control character in a text");
	return 0;
}

int pn_check_name(const struct nlattr *attr, struct netlink_ext_ack *extack)
{
	const char *s = nla_data(attr);

	if (!*s)
		return REFUSE(extack, attr, -EINVAL, "an empty name");
	for (; *s; s++)
		if (*s == ' ' || iscntrl((unsigned char)*s))
			return REFUSE(extack, attr, -EINVAL,
				      "a blank or control character in a name");
	return 0;
}

static int check_array(const struct nlattr *attr, size_t size,
		       struct netlink_ext_ack *extack)
{
	if (nla_len(attr) % size)
		return REFUSE(extack, attr, -EINVAL,
			      "not a whole number of array elements");
	if (nla_len(attr) / size > POSTERN_LIST_MAX)
		return REFUSE(extack, attr, -E2BIG,
			      "more than 8000 elements in one list");
	return 0;
}

int pn_check_words(const struct nlattr *attr, struct netlink_ext_ack *extack)
{
	return check_array(attr, sizeof(u32), extack);
}

static int check_pairs(const struct nlattr *attr, struct netlink_ext_ack *extack)
{
	/* endpoints, IPv4 ranges and ports are of one size */
	BUILD_BUG_ON(sizeof(struct postern_endpoint) != 8);
	BUILD_BUG_ON(sizeof(struct postern_range4) != 8);
	BUILD_BUG_ON(sizeof(struct postern_ports) != 8);
	return check_array(attr, 8, extack);
}

static int check_range6(const struct nlattr *attr,
			struct netlink_ext_ack *extack)
{
	return check_array(attr, sizeof(struct postern_range6), extack);
}

static int check_interfaces(const struct nlattr *attr,
			    struct netlink_ext_ack *extack)
{
	return check_array(attr, sizeof(struct postern_rpc), extack);
}

#define NAME	NLA_POLICY_VALIDATE_FN(NLA_NUL_STRING, pn_check_name,	\
				       POSTERN_NAME_MAX)
#define WORDS	NLA_POLICY_VALIDATE_FN(NLA_BINARY, pn_check_words)
#define PAIRS	NLA_POLICY_VALIDATE_FN(NLA_BINARY, check_pairs)
#define RANGE6	NLA_POLICY_VALIDATE_FN(NLA_BINARY, check_range6)
#define RPC	NLA_POLICY_VALIDATE_FN(NLA_BINARY, check_interfaces)

#define PLACE								\
	[POSTERN_A_FILE] = { .type = NLA_U32 },				\
	[POSTERN_A_LINE] = NLA_POLICY_MIN(NLA_U32, 1)

static const struct nla_policy file_attrs[] = {
	[POSTERN_A_NAME] = NLA_POLICY_VALIDATE_FN(NLA_NUL_STRING, pn_check_text,
						  POSTERN_PATH_MAX),
};

static const struct nla_policy iface_attrs[] = {
	[POSTERN_A_NAME] = NAME,
};

static const struct nla_policy zone_attrs[] = {
	[POSTERN_A_NAME] = NAME,
	[POSTERN_A_FLAGS] = NLA_POLICY_MASK(NLA_U32, POSTERN_ZONE_REJECT),
	PLACE,
	[POSTERN_A_IFACES] = NLA_POLICY_NESTED(iface_attrs),
};

static const struct nla_policy hosts_attrs[] = {
	[POSTERN_A_NAME] = NAME,
	[POSTERN_A_FLAGS] = NLA_POLICY_MASK(NLA_U32, POSTERN_HOSTS_SERVER |
						     POSTERN_HOSTS_NAT),
	PLACE,
	[POSTERN_A_ZONE_INDEX] = { .type = NLA_U32 },
	[POSTERN_A_MEMBERS] = WORDS,
	[POSTERN_A_RANGES4] = PAIRS,
	[POSTERN_A_RANGES6] = RANGE6,
};

static const struct nla_policy ranges_attrs[] = {
	[POSTERN_A_HOSTS_INDEX] = { .type = NLA_U32 },
	[POSTERN_A_RANGES4] = PAIRS,
	[POSTERN_A_RANGES6] = RANGE6,
};

static const struct nla_policy service_attrs[] = {
	[POSTERN_A_NAME] = NAME,
	PLACE,
	[POSTERN_A_MEMBERS] = WORDS,
	[POSTERN_A_PORTS] = PAIRS,
	[POSTERN_A_RPC] = RPC,
	[POSTERN_A_RPC_FLAGS] = { .type = NLA_U32 },
	[POSTERN_A_RPC_IDLE_MS] = { .type = NLA_U32 },
	[POSTERN_A_RPC_PER_CLIENT] = { .type = NLA_U32 },
	[POSTERN_A_RPC_REMEMBER_MS] = { .type = NLA_U32 },
};

static const struct nla_policy rule_attrs[] = {
	[POSTERN_A_NAME] = NAME,
	[POSTERN_A_TEXT] = NLA_POLICY_VALIDATE_FN(NLA_NUL_STRING, pn_check_text,
						  POSTERN_TEXT_MAX),
	[POSTERN_A_FLAGS] = NLA_POLICY_MASK(NLA_U32, POSTERN_RULE_LOG |
						     POSTERN_RULE_OBSERVE |
						     POSTERN_RULE_BOTH),
	PLACE,
	[POSTERN_A_ACTION] = NLA_POLICY_MAX(NLA_U32, POSTERN_ACTION_BLOCK),
	[POSTERN_A_SRC] = PAIRS,
	[POSTERN_A_DST] = PAIRS,
	[POSTERN_A_SERVICES] = WORDS,
	[POSTERN_A_MARK] = { .type = NLA_U32 },
	[POSTERN_A_MARK_MASK] = { .type = NLA_U32 },
	[POSTERN_A_LIMIT_INDEX] = { .type = NLA_U32 },
	[POSTERN_A_INSPECT_INDEX] = { .type = NLA_U32 },
};

const struct nla_policy pn_begin_attrs[POSTERN_A_FASTPATH + 1] = {
	[POSTERN_A_POLICY_FLAGS] = NLA_POLICY_MASK(NLA_U32,
						   POSTERN_POLICY_OBSERVE),
	[POSTERN_A_FILES] = NLA_POLICY_NESTED(file_attrs),
	[POSTERN_A_MARK] = { .type = NLA_U32 },
	[POSTERN_A_MARK_MASK] = { .type = NLA_U32 },
	[POSTERN_A_SOURCES] = { .type = NLA_U32 },
	[POSTERN_A_FASTPATH] = NLA_POLICY_MAX(NLA_U32, POSTERN_FASTPATH_OFF),
};

const struct nla_policy pn_add_attrs[POSTERN_A_INSPECT + 1] = {
	[POSTERN_A_TXN] = { .type = NLA_U32 },
	[POSTERN_A_ZONE] = NLA_POLICY_NESTED(zone_attrs),
	[POSTERN_A_HOSTS] = NLA_POLICY_NESTED(hosts_attrs),
	[POSTERN_A_RANGES] = NLA_POLICY_NESTED(ranges_attrs),
	[POSTERN_A_SERVICE] = NLA_POLICY_NESTED(service_attrs),
	[POSTERN_A_RULE] = NLA_POLICY_NESTED(rule_attrs),
	[POSTERN_A_LIMIT] = NLA_POLICY_NESTED(pn_limit_attrs),
	[POSTERN_A_INSPECT] = NLA_POLICY_NESTED(pn_inspect_attrs),
};

void pn_object_blame(struct netlink_ext_ack *extack, u32 file, u32 line)
{
	struct postern_place place = { .file = file, .line = line };

	BUILD_BUG_ON(sizeof(place) > NETLINK_MAX_COOKIE_LEN);
	if (!extack || !line)
		return;
	memcpy(extack->cookie, &place, sizeof(place));
	extack->cookie_len = sizeof(place);
}

int pn_object_mark(const struct nlattr *mark, const struct nlattr *mask,
		   u32 *to_mark, u32 *to_mask, struct netlink_ext_ack *extack)
{
	if (!mark && !mask)
		return 0;
	if (!mark || !mask)
		return REFUSE(extack, mark ?: mask, -EINVAL,
			      "MARK and MARK_MASK come together");
	*to_mark = nla_get_u32(mark);
	*to_mask = nla_get_u32(mask);
	if (!*to_mask)
		return REFUSE(extack, mask, -EINVAL, "the mask of a mark is 0");
	if (*to_mark & ~*to_mask)
		return REFUSE(extack, mark, -EINVAL,
			      "a mark has bits that are not in its mask");
	return 0;
}

int pn_object_add_files(struct pn_policy *policy, const struct nlattr *nest,
			struct netlink_ext_ack *extack)
{
	const struct nlattr *attr;
	int err, left;

	if (nla_len(nest) > POSTERN_OBJECT_MAX)
		return REFUSE(extack, nest, -E2BIG,
			      "the names of the files take more than 30 KiB");
	nla_for_each_nested(attr, nest, left) {
		err = pn_policy_add_file(policy, nla_data(attr), extack);
		if (err)
			return err;
	}
	return 0;
}

static u32 number(const struct nlattr *attr, u32 absent)
{
	return attr ? nla_get_u32(attr) : absent;
}

static char *string(const struct nlattr *attr)
{
	return attr ? nla_data(attr) : NULL;
}

/* Points into the message. */
static u32 array(const struct nlattr *attr, size_t size, void *to)
{
	if (!attr)
		return 0;
	*(void **)to = nla_data(attr);
	return nla_len(attr) / size;
}

/* Its names, and every attribute that there is, are too much for one frame. */
static noinline_for_stack int
add_zone(struct pn_policy *policy, struct nlattr **tb, struct pn_place place,
	 struct netlink_ext_ack *extack)
{
	char *ifaces[POSTERN_IFACES_MAX];
	struct pn_zone zone = {
		.name = string(tb[POSTERN_A_NAME]),
		.ifaces = ifaces,
		.flags = number(tb[POSTERN_A_FLAGS], 0),
		.place = place,
	};
	const struct nlattr *attr;
	int left;

	if (!zone.name || !tb[POSTERN_A_IFACES])
		return REFUSE(extack, NULL, -EINVAL, "a zone needs NAME and IFACES");
	nla_for_each_nested(attr, tb[POSTERN_A_IFACES], left) {
		if (zone.nr_ifaces == POSTERN_IFACES_MAX)
			return REFUSE(extack, attr, -E2BIG,
				      "more than 64 interface names in one zone");
		ifaces[zone.nr_ifaces++] = nla_data(attr);
	}
	return pn_policy_add_zone(policy, &zone, extack);
}

static int add_ranges(struct pn_policy *policy, u32 hosts, struct nlattr **tb,
		      struct netlink_ext_ack *extack)
{
	const struct postern_range4 *r4 = NULL;
	const struct postern_range6 *r6 = NULL;
	u32 nr4 = array(tb[POSTERN_A_RANGES4], sizeof(*r4), &r4);
	u32 nr6 = array(tb[POSTERN_A_RANGES6], sizeof(*r6), &r6);
	int err = 0;

	if (nr4)
		err = pn_policy_add_ranges4(policy, hosts, r4, nr4, extack);
	if (!err && nr6)
		err = pn_policy_add_ranges6(policy, hosts, r6, nr6, extack);
	return err;
}

static int add_hosts(struct pn_policy *policy, struct nlattr **tb,
		     struct pn_place place, struct netlink_ext_ack *extack)
{
	struct pn_hosts hosts = {
		.name = string(tb[POSTERN_A_NAME]),
		.zone = number(tb[POSTERN_A_ZONE_INDEX], PN_ZONE_ANY),
		.flags = number(tb[POSTERN_A_FLAGS], 0),
		.place = place,
	};
	int err;

	if (!hosts.name)
		return REFUSE(extack, NULL, -EINVAL, "a set of hosts needs NAME");
	if (tb[POSTERN_A_ZONE_INDEX] && hosts.zone == PN_ZONE_ANY)
		return REFUSE(extack, tb[POSTERN_A_ZONE_INDEX], -EINVAL,
			      "the zone of the hosts does not exist");
	hosts.nr_members = array(tb[POSTERN_A_MEMBERS],
				 sizeof(*hosts.members), &hosts.members);
	err = pn_policy_add_hosts(policy, &hosts, extack);
	if (err)
		return err;
	return add_ranges(policy, policy->nr_hosts - 1, tb, extack);
}

static int add_more_ranges(struct pn_policy *policy, struct nlattr **tb,
			   struct netlink_ext_ack *extack)
{
	const struct nlattr *hosts = tb[POSTERN_A_HOSTS_INDEX];

	if (!hosts)
		return REFUSE(extack, NULL, -EINVAL, "ranges need HOSTS_INDEX");
	if (nla_get_u32(hosts) >= policy->nr_hosts)
		return REFUSE(extack, hosts, -EINVAL, "no such set of hosts");
	return add_ranges(policy, nla_get_u32(hosts), tb, extack);
}

static int check_rpc_attrs(struct nlattr **tb, struct netlink_ext_ack *extack)
{
	u32 i;

	for (i = POSTERN_A_RPC_FLAGS; i <= POSTERN_A_RPC_REMEMBER_MS; i++)
		if (tb[i] && !tb[POSTERN_A_RPC])
			return REFUSE(extack, tb[i], -EINVAL,
				      "an option of RPC, and no RPC");
	if (tb[POSTERN_A_RPC] && !nla_len(tb[POSTERN_A_RPC]))
		return REFUSE(extack, tb[POSTERN_A_RPC], -EINVAL,
			      "an empty list of RPC interfaces");
	return 0;
}

static int add_service(struct pn_policy *policy, struct nlattr **tb,
		       struct pn_place place, struct netlink_ext_ack *extack)
{
	struct pn_service service = {
		.name = string(tb[POSTERN_A_NAME]),
		.rpc_flags = number(tb[POSTERN_A_RPC_FLAGS], 0),
		.rpc_idle_ms = number(tb[POSTERN_A_RPC_IDLE_MS],
				      PN_RPC_IDLE_MS),
		.rpc_per_client = number(tb[POSTERN_A_RPC_PER_CLIENT],
					 PN_RPC_PER_CLIENT),
		.rpc_remember_ms = number(tb[POSTERN_A_RPC_REMEMBER_MS],
					  PN_RPC_REMEMBER_MS),
		.place = place,
	};
	int err;

	if (!service.name)
		return REFUSE(extack, NULL, -EINVAL, "a service needs NAME");
	err = check_rpc_attrs(tb, extack);
	if (err)
		return err;
	service.nr_rpc = array(tb[POSTERN_A_RPC], sizeof(*service.rpc),
			       &service.rpc);
	service.nr_ports = array(tb[POSTERN_A_PORTS], sizeof(*service.ports),
				 &service.ports);
	service.nr_members = array(tb[POSTERN_A_MEMBERS],
				   sizeof(*service.members), &service.members);
	return pn_policy_add_service(policy, &service, extack);
}

static int add_rule(struct pn_policy *policy, struct nlattr **tb,
		    struct pn_place place, struct netlink_ext_ack *extack)
{
	struct pn_rule rule = {
		.name = string(tb[POSTERN_A_NAME]),
		.text = string(tb[POSTERN_A_TEXT]),
		.flags = number(tb[POSTERN_A_FLAGS], 0),
		.limit = number(tb[POSTERN_A_LIMIT_INDEX], PN_LIMIT_NONE),
		.inspector = number(tb[POSTERN_A_INSPECT_INDEX],
				    PN_INSPECTOR_NONE),
		.place = place,
	};
	int err;

	if (!rule.text || !tb[POSTERN_A_ACTION])
		return REFUSE(extack, NULL, -EINVAL, "a rule needs TEXT and ACTION");
	rule.action = nla_get_u32(tb[POSTERN_A_ACTION]);
	rule.nr_src = array(tb[POSTERN_A_SRC], sizeof(*rule.src), &rule.src);
	rule.nr_dst = array(tb[POSTERN_A_DST], sizeof(*rule.dst), &rule.dst);
	rule.nr_services = array(tb[POSTERN_A_SERVICES],
				 sizeof(*rule.services), &rule.services);
	/* an empty list would say "any", and mean "none" */
	if (tb[POSTERN_A_SERVICES] && !rule.nr_services)
		return REFUSE(extack, tb[POSTERN_A_SERVICES], -EINVAL,
			      "an empty list of services");
	if (tb[POSTERN_A_LIMIT_INDEX] && rule.limit == PN_LIMIT_NONE)
		return REFUSE(extack, tb[POSTERN_A_LIMIT_INDEX], -EINVAL,
			      "a rule names a limit that does not exist");
	if (tb[POSTERN_A_INSPECT_INDEX] && rule.inspector == PN_INSPECTOR_NONE)
		return REFUSE(extack, tb[POSTERN_A_INSPECT_INDEX], -EINVAL,
			      "a rule names an inspect that does not exist");
	err = pn_object_mark(tb[POSTERN_A_MARK], tb[POSTERN_A_MARK_MASK],
			     &rule.mark, &rule.mark_mask, extack);
	if (err)
		return err;
	return pn_policy_add_rule(policy, &rule, extack);
}

static u32 attr_size(const struct nlattr *attr)
{
	return attr ? nla_total_size(nla_len(attr)) : 0;
}

static int add(struct pn_policy *policy, const struct nlattr *nest,
	       struct nlattr **tb, struct pn_place place,
	       struct netlink_ext_ack *extack)
{
	if (place.line && place.file >= policy->nr_files)
		return REFUSE(extack, tb[POSTERN_A_FILE], -EINVAL,
			      "FILE is not the number of a file");
	/* so that it fits the buffer of a dump */
	if (nla_len(nest) - attr_size(tb[POSTERN_A_RANGES4]) -
	    attr_size(tb[POSTERN_A_RANGES6]) > POSTERN_OBJECT_MAX)
		return REFUSE(extack, nest, -E2BIG,
			      "this takes more than 30 KiB: group what it lists into sets");

	switch (nla_type(nest)) {
	case POSTERN_A_ZONE:
		return add_zone(policy, tb, place, extack);
	case POSTERN_A_HOSTS:
		return add_hosts(policy, tb, place, extack);
	case POSTERN_A_RANGES:
		return add_more_ranges(policy, tb, extack);
	case POSTERN_A_SERVICE:
		return add_service(policy, tb, place, extack);
	case POSTERN_A_RULE:
		return add_rule(policy, tb, place, extack);
	case POSTERN_A_LIMIT:
		return pn_object_add_limit(policy, tb, &place, extack);
	case POSTERN_A_INSPECT:
		return pn_object_add_inspect(policy, tb, &place, extack);
	}
	return -EINVAL;
}

int pn_object_add(struct pn_policy *policy, const struct nlattr *nest,
		  struct netlink_ext_ack *extack)
{
	/* every nest in one array: what a kind has not, pn_add_attrs refused */
	const u32 nr = POSTERN_A_INSPECT_LINE + 1;
	struct pn_place place = { };
	struct nlattr *attr, **tb;
	int err, left;

	/* too many for a stack */
	tb = kcalloc(nr, sizeof(*tb), GFP_KERNEL);
	if (!tb)
		return pn_policy_no_memory(extack);
	nla_for_each_nested(attr, nest, left)
		if (nla_type(attr) < nr)
			tb[nla_type(attr)] = attr;
	if (tb[POSTERN_A_LINE]) {
		place.file = number(tb[POSTERN_A_FILE], 0);
		place.line = nla_get_u32(tb[POSTERN_A_LINE]);
	}
	err = add(policy, nest, tb, place, extack);
	if (err) {
		if (!extack->bad_attr)
			NL_SET_BAD_ATTR(extack, nest);
		pn_object_blame(extack, place.file, place.line);
	}
	kfree(tb);
	return err;
}
