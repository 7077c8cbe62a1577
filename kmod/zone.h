/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Interfaces to zones. The map belongs to a policy and is made anew, under
 * rtnl, whenever an interface appears, disappears or is renamed.
 */
#ifndef PN_ZONE_H
#define PN_ZONE_H

#include "policy.h"

/**
 * struct pn_zonemap - interface index -> zone, a hash with linear probing
 * @mask: size - 1
 * @shift: 32 - log2(size)
 * @used: slots that are not empty, at most half of them; an interface that is gone
 *	keeps its slot until the map is made anew
 * @multiplier: odd and secret: who may choose the index of an interface shall not
 *	choose its slot
 *
 * Written under rtnl, while packets read it.
 */
struct pn_zonemap {
	struct rcu_head rcu;
	u32 mask;
	u32 shift;
	u32 used;
	u32 multiplier;
	struct pn_zonemap_slot {
		int ifindex;		/* 0: empty */
		u8 zone;		/* PN_ZONE_NONE: it has another name now */
	} slot[];
};

/* Return: zone number or PN_ZONE_NONE. Context: RCU read side. */
u8 pn_zone_of(const struct pn_policy *policy, int ifindex);

/*
 * The zone of an interface. One that is enslaved to a VRF may be named itself, or
 * its VRF for all of them. Context: RCU read side.
 */
u8 pn_zone_of_device(const struct pn_policy *policy,
		     const struct net_device *dev);

/*
 * First zone, in the order of the policy, that names or matches @ifname.
 * Return: zone number or PN_ZONE_NONE.
 */
u8 pn_zone_match(const struct pn_policy *policy, const char *ifname);

/* Makes the map of all interfaces of @net. Context: rtnl held. */
int pn_zone_map(struct pn_policy *policy, struct net *net);

void pn_zone_map_free(struct pn_policy *policy);

/* Return: what an administrator calls it; NULL if it is no zone of the policy's. */
static inline const char *pn_zone_name(const struct pn_policy *policy, u32 zone)
{
	if (!policy)
		return NULL;
	if (zone == policy->tables.zone_self)
		return "self";
	return zone < policy->nr_zones ? policy->zones[zone].name : NULL;
}

int pn_zone_init(void);
void pn_zone_exit(void);

#endif /* PN_ZONE_H */
