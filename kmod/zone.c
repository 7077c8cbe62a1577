// SPDX-License-Identifier: GPL-2.0
/*
 * Interfaces to zones, kept right while interfaces come, go and change names.
 */
#include <linux/netdevice.h>
#include <linux/mm.h>
#include <linux/notifier.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>

#include "net.h"
#include "zone.h"

u8 pn_zone_of(const struct pn_policy *policy, int ifindex)
{
	const struct pn_zonemap *map = rcu_dereference(policy->zonemap);
	u32 i;

	/* at most half full: an empty slot ends every search */
	for (i = ifindex; map->slot[i & map->mask].ifindex; i++)
		if (map->slot[i & map->mask].ifindex == ifindex)
			return map->slot[i & map->mask].zone;
	return PN_ZONE_NONE;
}

/* '*' matches any run of characters, '?' any one. */
static bool match(const char *pattern, const char *name)
{
	const char *star = NULL, *resume = NULL;

	while (*name) {
		if (*pattern == '*') {
			star = pattern++;
			resume = name;
		} else if (*pattern == *name || *pattern == '?') {
			pattern++;
			name++;
		} else if (star) {
			pattern = star + 1;
			name = ++resume;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

u8 pn_zone_match(const struct pn_policy *policy, const char *ifname)
{
	u32 z, i;

	/* a name written out is stronger than a pattern, wherever it stands */
	for (z = 0; z < policy->nr_zones; z++)
		for (i = 0; i < policy->zones[z].nr_ifaces; i++)
			if (!strcmp(policy->zones[z].ifaces[i], ifname))
				return z;
	for (z = 0; z < policy->nr_zones; z++)
		for (i = 0; i < policy->zones[z].nr_ifaces; i++)
			if (match(policy->zones[z].ifaces[i], ifname))
				return z;
	return PN_ZONE_NONE;
}

static void put(struct pn_zonemap *map, int ifindex, u8 zone)
{
	u32 i = ifindex;

	while (map->slot[i & map->mask].ifindex)
		i++;
	map->slot[i & map->mask].ifindex = ifindex;
	map->slot[i & map->mask].zone = zone;
}

int pn_zone_map(struct pn_policy *policy, struct net *net)
{
	struct pn_zonemap *map, *old;
	struct net_device *dev;
	u32 nr = 0, size = 8;

	ASSERT_RTNL();
	for_each_netdev(net, dev)
		nr++;
	while (size < nr * 2)
		size *= 2;
	map = kvzalloc(struct_size(map, slot, size), GFP_KERNEL_ACCOUNT);
	if (!map)
		return -ENOMEM;
	map->mask = size - 1;
	for_each_netdev(net, dev) {
		u8 zone = pn_zone_match(policy, dev->name);

		if (zone != PN_ZONE_NONE)
			put(map, dev->ifindex, zone);
	}
	old = rcu_replace_pointer(policy->zonemap, map, lockdep_rtnl_is_held());
	if (old)
		kvfree_rcu(old, rcu);
	return 0;
}

void pn_zone_map_free(struct pn_policy *policy)
{
	/* no reader is left when a policy is freed */
	kvfree(rcu_dereference_protected(policy->zonemap, true));
}

/*
 * A map that could not be made anew refuses the change: an interface that is
 * missing in the map would be left alone.
 */
static int device_event(struct notifier_block *nb, unsigned long event,
			void *ptr)
{
	struct net_device *dev = netdev_notifier_info_to_dev(ptr);
	struct pn_net *pn = pn_net(dev_net(dev));
	struct pn_policy *policy;

	switch (event) {
	case NETDEV_REGISTER:
	case NETDEV_UNREGISTER:
	case NETDEV_CHANGENAME:
		policy = rcu_dereference_protected(pn->policy,
						   lockdep_rtnl_is_held());
		if (policy)
			return notifier_from_errno(pn_zone_map(policy, pn->net));
	}
	return NOTIFY_DONE;
}

static struct notifier_block device_notifier = {
	.notifier_call = device_event,
};

int pn_zone_init(void)
{
	return register_netdevice_notifier(&device_notifier);
}

void pn_zone_exit(void)
{
	unregister_netdevice_notifier(&device_notifier);
}
