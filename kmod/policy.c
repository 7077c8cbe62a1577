// SPDX-License-Identifier: GPL-2.0
/*
 * Staging and the end of a policy: its objects are copied in one by one, and
 * freed together.
 */
#include <linux/ipv6.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "kept.h"
#include "memory.h"
#include "policy.h"
#include "rpc.h"
#include "zone.h"

int pn_policy_no_memory(struct netlink_ext_ack *extack)
{
	return PN_REFUSE(extack, -ENOMEM,
		      "not enough memory, or above the module's ceiling (parameter max_memory)");
}

struct pn_policy *pn_policy_alloc(struct netlink_ext_ack *extack)
{
	struct pn_policy *policy = kzalloc(sizeof(*policy), GFP_KERNEL_ACCOUNT);

	if (!policy)
		pn_policy_no_memory(extack);
	return policy;
}

int pn_policy_add_file(struct pn_policy *policy, const char *path,
		       struct netlink_ext_ack *extack)
{
	if (!policy->files)
		policy->files = pn_alloc(policy, POSTERN_FILES_MAX,
					 sizeof(*policy->files));
	if (!policy->files)
		return pn_policy_no_memory(extack);
	if (policy->nr_files == POSTERN_FILES_MAX)
		return PN_REFUSE(extack, -E2BIG, "more than 256 files");
	policy->files[policy->nr_files] = pn_strdup(policy, path);
	if (!policy->files[policy->nr_files])
		return pn_policy_no_memory(extack);
	policy->nr_files++;
	return 0;
}

static void free_zone(struct pn_policy *policy, struct pn_zone *zone)
{
	u32 i;

	for (i = 0; zone->ifaces && i < zone->nr_ifaces; i++)
		pn_strfree(policy, zone->ifaces[i]);
	pn_free(policy, zone->ifaces, zone->nr_ifaces, sizeof(*zone->ifaces));
	pn_strfree(policy, zone->name);
}

int pn_policy_add_zone(struct pn_policy *policy, const struct pn_zone *zone,
		       struct netlink_ext_ack *extack)
{
	struct pn_zone *new;
	int err;
	u32 i;

	err = pn_grow(policy, (void **)&policy->zones, policy->nr_zones,
		      &policy->cap_zones, 1, POSTERN_ZONES_MAX, sizeof(*new));
	if (err == -E2BIG)
		return PN_REFUSE(extack, err, "more than 60 zones");
	if (err)
		return pn_policy_no_memory(extack);
	if (!zone->nr_ifaces)
		return PN_REFUSE(extack, -EINVAL,
			      "a zone needs at least one interface name or pattern");
	if (zone->nr_ifaces > POSTERN_IFACES_MAX)
		return PN_REFUSE(extack, -E2BIG,
			      "more than 64 interface names in one zone");

	new = &policy->zones[policy->nr_zones];
	*new = (struct pn_zone){
		.nr_ifaces = zone->nr_ifaces,
		.flags = zone->flags,
		.place = zone->place,
	};
	new->name = pn_strdup(policy, zone->name);
	new->ifaces = pn_alloc(policy, zone->nr_ifaces, sizeof(*new->ifaces));
	if (!new->name || !new->ifaces)
		goto refuse;
	for (i = 0; i < zone->nr_ifaces; i++) {
		new->ifaces[i] = pn_strdup(policy, zone->ifaces[i]);
		if (!new->ifaces[i])
			goto refuse;
	}
	policy->nr_zones++;
	return 0;

refuse:
	free_zone(policy, new);
	return pn_policy_no_memory(extack);
}

/* Members name earlier objects of their kind: so there can be no cycle. */
static int check_members(const u32 *members, u32 nr, u32 below,
			 struct netlink_ext_ack *extack)
{
	u32 i;

	for (i = 0; i < nr; i++)
		if (members[i] >= below)
			return PN_REFUSE(extack, -EINVAL,
				      "a member is not an earlier object of the same kind");
	return 0;
}

static void free_hosts(struct pn_policy *policy, struct pn_hosts *hosts)
{
	pn_free(policy, hosts->r4, hosts->cap4, sizeof(*hosts->r4));
	pn_free(policy, hosts->r6, hosts->cap6, sizeof(*hosts->r6));
	pn_free(policy, hosts->members, hosts->nr_members,
		sizeof(*hosts->members));
	pn_strfree(policy, hosts->name);
}

int pn_policy_add_hosts(struct pn_policy *policy, const struct pn_hosts *hosts,
			struct netlink_ext_ack *extack)
{
	struct pn_hosts *new;
	int err;

	if (hosts->zone != PN_ZONE_ANY && hosts->zone >= policy->nr_zones)
		return PN_REFUSE(extack, -EINVAL,
			      "the zone of the hosts does not exist");
	err = check_members(hosts->members, hosts->nr_members,
			    policy->nr_hosts, extack);
	if (err)
		return err;
	err = pn_grow(policy, (void **)&policy->hosts, policy->nr_hosts,
		      &policy->cap_hosts, 1, POSTERN_HOSTS_MAX, sizeof(*new));
	if (err == -E2BIG)
		return PN_REFUSE(extack, err, "more than 65536 sets of hosts");
	if (err)
		return pn_policy_no_memory(extack);

	new = &policy->hosts[policy->nr_hosts];
	*new = (struct pn_hosts){
		.zone = hosts->zone,
		.flags = hosts->flags,
		.nr_members = hosts->nr_members,
		.place = hosts->place,
	};
	new->name = pn_strdup(policy, hosts->name);
	err = pn_copy(policy, &new->members, hosts->members,
		      hosts->nr_members, sizeof(*new->members));
	if (!new->name || err) {
		if (err)
			new->nr_members = 0;
		free_hosts(policy, new);
		return pn_policy_no_memory(extack);
	}
	policy->nr_hosts++;
	return 0;
}

static int room_for_ranges(struct pn_policy *policy, u32 hosts, u32 nr,
			   struct netlink_ext_ack *extack)
{
	if (hosts >= policy->nr_hosts)
		return PN_REFUSE(extack, -EINVAL, "no such set of hosts");
	if (nr > POSTERN_RANGES_MAX - policy->nr_ranges)
		return PN_REFUSE(extack, -E2BIG,
			      "more than 8000000 ranges of addresses in all");
	return 0;
}

static const char out_of_order[] =
	"ranges of addresses must ascend, not overlap, and not end before they begin";

int pn_policy_add_ranges4(struct pn_policy *policy, u32 hosts,
			  const struct postern_range4 *r, u32 nr,
			  struct netlink_ext_ack *extack)
{
	struct pn_hosts *h;
	int err;
	u32 i;

	err = room_for_ranges(policy, hosts, nr, extack);
	if (err)
		return err;
	h = &policy->hosts[hosts];
	err = pn_grow(policy, (void **)&h->r4, h->nr4, &h->cap4, nr,
		      POSTERN_RANGES_MAX, sizeof(*h->r4));
	if (err)
		return pn_policy_no_memory(extack);
	for (i = 0; i < nr; i++) {
		struct pn_range4 *new = &h->r4[h->nr4];

		new->lo = be32_to_cpu(r[i].lo);
		new->hi = be32_to_cpu(r[i].hi);
		if (new->lo > new->hi || (h->nr4 && new->lo <= new[-1].hi)) {
			if (extack)
				extack->_msg = out_of_order;
			return -EINVAL;
		}
		h->nr4++;
		policy->nr_ranges++;
	}
	return 0;
}

static struct pn_key key6(const struct in6_addr *a)
{
	return (struct pn_key){
		.hi = (u64)be32_to_cpu(a->s6_addr32[0]) << 32 |
		      be32_to_cpu(a->s6_addr32[1]),
		.lo = (u64)be32_to_cpu(a->s6_addr32[2]) << 32 |
		      be32_to_cpu(a->s6_addr32[3]),
	};
}

int pn_policy_add_ranges6(struct pn_policy *policy, u32 hosts,
			  const struct postern_range6 *r, u32 nr,
			  struct netlink_ext_ack *extack)
{
	struct pn_hosts *h;
	int err;
	u32 i;

	err = room_for_ranges(policy, hosts, nr, extack);
	if (err)
		return err;
	h = &policy->hosts[hosts];
	err = pn_grow(policy, (void **)&h->r6, h->nr6, &h->cap6, nr,
		      POSTERN_RANGES_MAX, sizeof(*h->r6));
	if (err)
		return pn_policy_no_memory(extack);
	for (i = 0; i < nr; i++) {
		struct pn_range6 *new = &h->r6[h->nr6];

		new->lo = key6(&r[i].lo);
		new->hi = key6(&r[i].hi);
		if (pn_key_below(new->hi, new->lo) ||
		    (h->nr6 && !pn_key_below(new[-1].hi, new->lo))) {
			if (extack)
				extack->_msg = out_of_order;
			return -EINVAL;
		}
		h->nr6++;
		policy->nr_ranges++;
	}
	return 0;
}

static void free_service(struct pn_policy *policy, struct pn_service *service)
{
	pn_free(policy, service->ports, service->nr_ports,
		sizeof(*service->ports));
	pn_free(policy, service->members, service->nr_members,
		sizeof(*service->members));
	pn_free(policy, service->rpc, service->nr_rpc, sizeof(*service->rpc));
	pn_strfree(policy, service->name);
}

static int check_ports(const struct pn_service *service,
		       struct netlink_ext_ack *extack)
{
	u32 i;

	for (i = 0; i < service->nr_ports; i++) {
		const struct postern_ports *p = &service->ports[i];

		if (p->flags & ~POSTERN_PORTS_ANY || p->pad)
			return PN_REFUSE(extack, -EINVAL,
				      "unknown flags of a service");
		if (p->flags & POSTERN_PORTS_ANY ? p->lo || p->hi : p->lo > p->hi)
			return PN_REFUSE(extack, -EINVAL,
				      "a range of ports ends before it begins");
	}
	return 0;
}

/* What is in it itself, or in its members, which were looked at before. */
static void find_reach(const struct pn_policy *policy,
		       const struct pn_service *service, struct pn_service *new)
{
	u32 i;

	new->reaches_rpc = service->nr_rpc;
	/* RPC runs over TCP */
	new->reaches_tcp = service->nr_rpc;
	new->single_tcp = !service->nr_rpc;
	for (i = 0; i < service->nr_ports; i++) {
		const struct postern_ports *p = &service->ports[i];
		bool tcp = p->proto == IPPROTO_TCP;

		new->reaches_tcp |= tcp;
		new->single_tcp &= tcp && p->lo == p->hi &&
				   !(p->flags & POSTERN_PORTS_ANY);
	}
	for (i = 0; i < service->nr_members; i++) {
		const struct pn_service *member =
			&policy->services[service->members[i]];

		new->reaches_rpc |= member->reaches_rpc;
		new->reaches_tcp |= member->reaches_tcp;
		new->single_tcp &= member->single_tcp;
	}
}

static int copy_service(struct pn_policy *policy, struct pn_service *new,
			const struct pn_service *service)
{
	new->name = pn_strdup(policy, service->name);
	if (!new->name)
		return -ENOMEM;
	if (pn_copy(policy, &new->ports, service->ports, service->nr_ports,
		    sizeof(*new->ports)))
		return -ENOMEM;
	new->nr_ports = service->nr_ports;
	if (pn_copy(policy, &new->members, service->members,
		    service->nr_members, sizeof(*new->members)))
		return -ENOMEM;
	new->nr_members = service->nr_members;
	if (pn_copy(policy, &new->rpc, service->rpc, service->nr_rpc,
		    sizeof(*new->rpc)))
		return -ENOMEM;
	new->nr_rpc = service->nr_rpc;
	return 0;
}

int pn_policy_add_service(struct pn_policy *policy,
			  const struct pn_service *service,
			  struct netlink_ext_ack *extack)
{
	struct pn_service *new;
	int err;

	err = check_ports(service, extack);
	if (!err)
		err = pn_rpc_check(policy, service, extack);
	if (!err)
		err = check_members(service->members, service->nr_members,
				    policy->nr_services, extack);
	if (err)
		return err;
	err = pn_grow(policy, (void **)&policy->services, policy->nr_services,
		      &policy->cap_services, 1, POSTERN_SERVICES_MAX,
		      sizeof(*new));
	if (err == -E2BIG)
		return PN_REFUSE(extack, err, "more than 65536 services");
	if (err)
		return pn_policy_no_memory(extack);

	new = &policy->services[policy->nr_services];
	*new = (struct pn_service){
		.rpc_flags = service->rpc_flags,
		.rpc_idle_ms = service->rpc_idle_ms,
		.rpc_per_client = service->rpc_per_client,
		.rpc_remember_ms = service->rpc_remember_ms,
		.place = service->place,
	};
	find_reach(policy, service, new);
	if (copy_service(policy, new, service)) {
		free_service(policy, new);
		return pn_policy_no_memory(extack);
	}
	policy->nr_rpc += service->nr_rpc;
	policy->nr_services++;
	return 0;
}

static int check_endpoints(const struct pn_policy *policy,
			   const struct postern_endpoint *e, u32 nr,
			   struct netlink_ext_ack *extack)
{
	u32 i;

	if (!nr)
		return PN_REFUSE(extack, -EINVAL,
			      "a rule needs a source and a destination");
	for (i = 0; i < nr; i++) {
		switch (e[i].kind) {
		case POSTERN_ENDPOINT_ANY:
		case POSTERN_ENDPOINT_SELF:
			if (e[i].index)
				return PN_REFUSE(extack, -EINVAL,
					      "this kind of endpoint has no index");
			break;
		case POSTERN_ENDPOINT_ZONE:
			if (e[i].index >= policy->nr_zones)
				return PN_REFUSE(extack, -EINVAL,
					      "a rule names a zone that does not exist");
			break;
		case POSTERN_ENDPOINT_HOSTS:
			if (e[i].index >= policy->nr_hosts)
				return PN_REFUSE(extack, -EINVAL,
					      "a rule names hosts that do not exist");
			break;
		default:
			return PN_REFUSE(extack, -EINVAL,
				      "unknown kind of endpoint");
		}
	}
	return 0;
}

static void free_rule(struct pn_policy *policy, struct pn_rule *rule)
{
	pn_free(policy, rule->src, rule->nr_src, sizeof(*rule->src));
	pn_free(policy, rule->dst, rule->nr_dst, sizeof(*rule->dst));
	pn_free(policy, rule->services, rule->nr_services,
		sizeof(*rule->services));
	pn_strfree(policy, rule->name);
	pn_strfree(policy, rule->text);
}

static int copy_rule(struct pn_policy *policy, struct pn_rule *new,
		     const struct pn_rule *rule)
{
	new->text = pn_strdup(policy, rule->text);
	if (!new->text)
		return -ENOMEM;
	if (rule->name) {
		new->name = pn_strdup(policy, rule->name);
		if (!new->name)
			return -ENOMEM;
	}
	if (pn_copy(policy, &new->src, rule->src, rule->nr_src,
		    sizeof(*new->src)))
		return -ENOMEM;
	new->nr_src = rule->nr_src;
	if (pn_copy(policy, &new->dst, rule->dst, rule->nr_dst,
		    sizeof(*new->dst)))
		return -ENOMEM;
	new->nr_dst = rule->nr_dst;
	if (pn_copy(policy, &new->services, rule->services,
		    rule->nr_services, sizeof(*new->services)))
		return -ENOMEM;
	new->nr_services = rule->nr_services;
	return 0;
}

int pn_policy_add_rule(struct pn_policy *policy, const struct pn_rule *rule,
		       struct netlink_ext_ack *extack)
{
	struct pn_rule *new;
	int err;
	u32 i;

	if (rule->action > POSTERN_ACTION_BLOCK)
		return PN_REFUSE(extack, -EINVAL, "unknown action of a rule");
	err = check_endpoints(policy, rule->src, rule->nr_src, extack);
	if (!err)
		err = check_endpoints(policy, rule->dst, rule->nr_dst, extack);
	if (err)
		return err;
	for (i = 0; i < rule->nr_services; i++) {
		if (rule->services[i] >= policy->nr_services)
			return PN_REFUSE(extack, -EINVAL,
				      "a rule names a service that does not exist");
		/* before a bind nobody knows which interface a packet is for */
		if (rule->action == POSTERN_ACTION_BLOCK &&
		    policy->services[rule->services[i]].reaches_rpc)
			return PN_REFUSE(extack, -EINVAL,
				      "a block rule cannot name an RPC service");
	}
	err = pn_limit_check_rule(policy, rule, extack);
	if (!err)
		err = pn_inspector_check_rule(policy, rule, extack);
	if (err)
		return err;
	err = pn_grow(policy, (void **)&policy->rules, policy->nr_rules,
		      &policy->cap_rules, 1, POSTERN_RULES_MAX, sizeof(*new));
	if (err == -E2BIG)
		return PN_REFUSE(extack, err, "more than 65536 rules");
	if (err)
		return pn_policy_no_memory(extack);

	new = &policy->rules[policy->nr_rules];
	*new = (struct pn_rule){
		.action = rule->action,
		.flags = rule->flags,
		.limit = rule->limit,
		.inspector = rule->inspector,
		.mark = rule->mark,
		.mark_mask = rule->mark_mask,
		.place = rule->place,
	};
	if (copy_rule(policy, new, rule)) {
		free_rule(policy, new);
		return pn_policy_no_memory(extack);
	}
	policy->nr_rules++;
	return 0;
}

static void free_counts(struct pn_policy *policy)
{
	unsigned int cpu;

	if (policy->counts) {
		for_each_possible_cpu(cpu)
			pn_free(policy, policy->counts[cpu], policy->nr_rules,
				sizeof(**policy->counts));
		pn_free(policy, policy->counts, nr_cpu_ids,
			sizeof(*policy->counts));
	}
	pn_free(policy, policy->base, policy->nr_rules, sizeof(*policy->base));
}

void pn_policy_free(struct pn_policy *policy)
{
	u32 i;

	if (!policy)
		return;
	free_counts(policy);
	pn_tables_free(policy);
	pn_zone_map_free(policy);
	pn_kept_free(policy);
	for (i = 0; i < policy->nr_rules; i++)
		free_rule(policy, &policy->rules[i]);
	pn_limits_free(policy);
	pn_inspectors_free(policy);
	for (i = 0; i < policy->nr_services; i++)
		free_service(policy, &policy->services[i]);
	for (i = 0; i < policy->nr_hosts; i++)
		free_hosts(policy, &policy->hosts[i]);
	for (i = 0; i < policy->nr_zones; i++)
		free_zone(policy, &policy->zones[i]);
	for (i = 0; i < policy->nr_files; i++)
		pn_strfree(policy, policy->files[i]);
	pn_free(policy, policy->rules, policy->cap_rules, sizeof(*policy->rules));
	pn_free(policy, policy->services, policy->cap_services,
		sizeof(*policy->services));
	pn_free(policy, policy->hosts, policy->cap_hosts, sizeof(*policy->hosts));
	pn_free(policy, policy->zones, policy->cap_zones, sizeof(*policy->zones));
	pn_free(policy, policy->files, POSTERN_FILES_MAX, sizeof(*policy->files));
	kfree(policy);
}
