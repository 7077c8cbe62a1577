// SPDX-License-Identifier: GPL-2.0
/*
 * Interfaces to zones, kept right while interfaces come, go and change names.
 */
#include <linux/log2.h>
#include <linux/netdevice.h>
#include <linux/mm.h>
#include <linux/notifier.h>
#include <linux/random.h>
#include <linux/rtnetlink.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <net/l3mdev.h>

#include "net.h"
#include "zone.h"

/* The slot of @ifindex, or the empty one where it belongs. */
static const struct pn_zonemap_slot *find(const struct pn_zonemap *map,
					  int ifindex)
{
	/* multiply-shift, a universal hash */
	u32 i = (u32)ifindex * map->multiplier >> map->shift;

	/* at most half full: an empty slot ends every search */
	for (;; i++) {
		const struct pn_zonemap_slot *slot = &map->slot[i & map->mask];
		/* pairs with put(): behind the index stands its zone */
		int there = smp_load_acquire(&slot->ifindex);

		if (!there || there == ifindex)
			return slot;
	}
}

u8 pn_zone_of(const struct pn_policy *policy, int ifindex)
{
	const struct pn_zonemap_slot *slot;

	slot = find(rcu_dereference(policy->zonemap), ifindex);
	return slot->ifindex ? READ_ONCE(slot->zone) : PN_ZONE_NONE;
}

u8 pn_zone_of_device(const struct pn_policy *policy,
		     const struct net_device *dev)
{
	u8 zone = pn_zone_of(policy, dev->ifindex);

	if (zone == PN_ZONE_NONE && netif_is_l3_slave(dev))
		zone = pn_zone_of(policy, l3mdev_master_ifindex_rcu(dev));
	return zone;
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

/* Return: false if the map is too full for another interface. */
static bool put(struct pn_zonemap *map, int ifindex, u8 zone)
{
	struct pn_zonemap_slot *slot;

	slot = (struct pn_zonemap_slot *)find(map, ifindex);
	if (!slot->ifindex) {
		if (zone == PN_ZONE_NONE)
			return true;
		if (map->used >= (map->mask + 1) / 2)
			return false;
		map->used++;
	}
	WRITE_ONCE(slot->zone, zone);
	/* pairs with find() */
	smp_store_release(&slot->ifindex, ifindex);
	return true;
}

int pn_zone_map(struct pn_policy *policy, struct net *net)
{
	struct pn_zonemap *map, *old;
	struct net_device *dev;
	u32 nr = 0, size = 16;

	ASSERT_RTNL();
	for_each_netdev(net, dev)
		nr++;
	/* room for some to come */
	while (size < nr * 4)
		size *= 2;
	map = kvzalloc(struct_size(map, slot, size),
		       GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!map)
		return -ENOMEM;
	map->mask = size - 1;
	map->shift = 32 - ilog2(size);
	map->multiplier = get_random_u32() | 1;
	for_each_netdev(net, dev) {
		put(map, dev->ifindex, pn_zone_match(policy, dev->name));
		cond_resched();
	}
	old = rcu_replace_pointer(policy->zonemap, map, lockdep_rtnl_is_held());
	if (old)
		kvfree_rcu(old, rcu);
	WRITE_ONCE(policy->zones_lost, false);
	return 0;
}

/*
 * One interface came or has another name. The map of a policy in force is changed
 * where it is: to make it anew for each of many interfaces would hold rtnl for as
 * long as their square.
 */
static int change(struct pn_net *pn, struct pn_policy *policy,
		  const struct net_device *dev)
{
	struct pn_zonemap *map = rtnl_dereference(policy->zonemap);
	int err = 0;

	if (policy->zones_lost ||
	    !put(map, dev->ifindex, pn_zone_match(policy, dev->name)))
		err = pn_zone_map(policy, pn->net);
	/* not every caller heeds a refusal: until there is memory, nothing is left alone */
	if (err)
		WRITE_ONCE(policy->zones_lost, true);
	pn_net_restamp(pn, policy);
	return err;
}

void pn_zone_map_free(struct pn_policy *policy)
{
	/* no reader is left when a policy is freed */
	kvfree(rcu_dereference_protected(policy->zonemap, true));
}

static int device_event(struct notifier_block *nb, unsigned long event,
			void *ptr)
{
	struct net_device *dev = netdev_notifier_info_to_dev(ptr);
	const struct netdev_notifier_changeupper_info *upper;
	struct pn_net *pn = pn_net(dev_net(dev));
	struct pn_policy *policy;

	policy = rcu_dereference_protected(pn->policy, lockdep_rtnl_is_held());
	if (!policy)
		return NOTIFY_DONE;
	switch (event) {
	case NETDEV_REGISTER:
	case NETDEV_CHANGENAME:
		return notifier_from_errno(change(pn, policy, dev));
	case NETDEV_CHANGEUPPER:
		upper = ptr;
		/* in a VRF, or no more */
		if (netif_is_l3_master(upper->upper_dev))
			pn_net_restamp(pn, policy);
		break;
	case NETDEV_UNREGISTER:
		/*
		 * Nobody has its index until another comes and takes its place; and
		 * the notifier's end shows every interface as gone, while packets
		 * still pass.
		 */
		if (!policy->zones_lost)
			break;
		pn_zone_map(policy, pn->net);
		pn_net_restamp(pn, policy);
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
