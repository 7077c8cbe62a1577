// SPDX-License-Identifier: GPL-2.0
/*
 * Hooks where packets enter: see ingress.h.
 */
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>

#include "ingress.h"
#include "net.h"
#include "zone.h"

/* The hook on one interface. */
struct port {
	struct list_head node;
	struct nf_hook_ops ops;
	struct rcu_head rcu;
};

void pn_ingress_add(struct pn_net *pn, struct pn_ingress *ingress,
		    nf_hookfn *hook, int priority)
{
	*ingress = (struct pn_ingress){
		.pn = pn,
		.hook = hook,
		.priority = priority,
	};
	INIT_LIST_HEAD(&ingress->ports);
	list_add_tail(&ingress->node, &pn->ingress);
}

static struct port *find(const struct pn_ingress *ingress,
			 const struct net_device *dev)
{
	struct port *port;

	list_for_each_entry(port, &ingress->ports, node)
		if (port->ops.dev == dev)
			return port;
	return NULL;
}

static void put_on(struct pn_ingress *ingress, struct net_device *dev)
{
	struct port *port = kzalloc(sizeof(*port), GFP_KERNEL_ACCOUNT);

	if (!port)
		return;
	port->ops = (struct nf_hook_ops){
		.hook = ingress->hook,
		.dev = dev,
		.priv = ingress->pn,
		.pf = NFPROTO_NETDEV,
		.hooknum = NF_NETDEV_INGRESS,
		.priority = ingress->priority,
	};
	if (nf_register_net_hook(ingress->pn->net, &port->ops)) {
		kfree(port);
		return;
	}
	list_add_tail(&port->node, &ingress->ports);
}

static void take_off(struct pn_ingress *ingress, struct port *port)
{
	list_del(&port->node);
	nf_unregister_net_hook(ingress->pn->net, &port->ops);
	/* who lists hooks may still read it */
	kfree_rcu(port, rcu);
}

/* @policy: in force, or NULL. */
static bool is_wanted(const struct pn_ingress *ingress,
		      const struct pn_policy *policy,
		      const struct net_device *dev)
{
	bool in_zone;

	/* one that goes may still change hands on its way */
	if (!ingress->on || !policy || dev->flags & IFF_LOOPBACK ||
	    dev->reg_state != NETREG_REGISTERED)
		return false;
	rcu_read_lock();
	in_zone = pn_zone_of_device(policy, dev) != PN_ZONE_NONE;
	rcu_read_unlock();
	return in_zone;
}

static void review(struct pn_ingress *ingress, struct net_device *dev,
		   bool wanted)
{
	struct port *port = find(ingress, dev);

	if (wanted && !port)
		put_on(ingress, dev);
	else if (!wanted && port)
		take_off(ingress, port);
}

void pn_ingress_set(struct pn_ingress *ingress, bool on)
{
	struct pn_net *pn = ingress->pn;
	const struct pn_policy *policy;
	struct net_device *dev;

	rtnl_lock();
	policy = rcu_dereference_protected(pn->policy, lockdep_rtnl_is_held());
	ingress->on = on;
	for_each_netdev(pn->net, dev) {
		review(ingress, dev, is_wanted(ingress, policy, dev));
		cond_resched();
	}
	rtnl_unlock();
}

static int device_event(struct notifier_block *nb, unsigned long event,
			void *ptr)
{
	struct net_device *dev = netdev_notifier_info_to_dev(ptr);
	struct pn_net *pn = pn_net(dev_net(dev));
	const struct pn_policy *policy;
	struct pn_ingress *ingress;

	policy = rcu_dereference_protected(pn->policy, lockdep_rtnl_is_held());
	switch (event) {
	case NETDEV_REGISTER:
	case NETDEV_CHANGENAME:
	case NETDEV_CHANGEUPPER:
		list_for_each_entry(ingress, &pn->ingress, node)
			review(ingress, dev, is_wanted(ingress, policy, dev));
		break;
	case NETDEV_UNREGISTER:
		list_for_each_entry(ingress, &pn->ingress, node)
			review(ingress, dev, false);
	}
	return NOTIFY_DONE;
}

/* Behind that of zone.c, which says what zone an interface is in. */
static struct notifier_block device_notifier = {
	.notifier_call = device_event,
	.priority = -1,
};

int pn_ingress_init(void)
{
	return register_netdevice_notifier(&device_notifier);
}

void pn_ingress_exit(void)
{
	unregister_netdevice_notifier(&device_notifier);
}
