// SPDX-License-Identifier: GPL-2.0
/*
 * The table of the fast path: see fastpath.h.
 */
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/rhashtable.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>

#include "fastpath.h"
#include "ingress.h"
#include "lane.h"

/* nf_flow_table asks its type for this and that; there is nothing to say. */
static struct nf_flowtable_type table_type = {
	.family = NFPROTO_INET,
	.owner = THIS_MODULE,
};

/* Behind every other hook of an interface's ingress, but the outpost: none is passed by. */
#define PRIORITY_ENTRANCE	(INT_MAX - 1)

void pn_fastpath_init(struct pn_net *pn)
{
	pn_ingress_add(pn, &pn->entrance, pn_lane_enter, PRIORITY_ENTRANCE);
}

static struct pn_fastpath *make(const struct pn_net *pn)
{
	struct pn_fastpath *fast = kzalloc(sizeof(*fast), GFP_KERNEL_ACCOUNT);

	if (!fast)
		return NULL;
	if (pn_tickets_init(&fast->tickets))
		goto err;
	fast->refused = alloc_percpu_gfp(struct pn_refusals,
					 GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!fast->refused)
		goto err_tickets;
	fast->share = pn->net->user_ns == &init_user_ns ? 1 : 16;
	fast->routes = pn_flow_routes(pn->net);
	fast->table.type = &table_type;
	/* conntrack's own accounting, for who switched that on */
	fast->table.flags = NF_FLOWTABLE_COUNTER;
	write_pnet(&fast->table.net, pn->net);
	if (nf_flow_table_init(&fast->table))
		goto err_refused;
	return fast;

err_refused:
	free_percpu(fast->refused);
err_tickets:
	pn_tickets_free(&fast->tickets);
err:
	kfree(fast);
	return NULL;
}

/*
 * So long conntrack's entry of the flow has at least, which is what one that was reset
 * has. nf_flow_table takes as much from it as a flow may be idle there: one of those would
 * expire at once, and a limit lose sight of a connection that the server may still have.
 */
#define LEFT_AFTER	(10 * HZ)

void pn_lane_end(struct flow_offload *flow)
{
	struct nf_conn *ct = flow->ct;

	if (nf_ct_protonum(ct) == IPPROTO_TCP) {
		spin_lock_bh(&ct->lock);
		/*
		 * What the client acknowledged last conntrack did not see, and would
		 * not believe a reset of the server's that does not fit. One of the
		 * client's may be anybody's, and proves nothing.
		 */
		ct->proto.tcp.seen[IP_CT_DIR_ORIGINAL].flags &=
			~IP_CT_TCP_FLAG_MAXACK_SET;
		spin_unlock_bh(&ct->lock);
	}
	flow_offload_teardown(flow);
	if ((s32)(READ_ONCE(ct->timeout) - nfct_time_stamp) < LEFT_AFTER)
		WRITE_ONCE(ct->timeout, nfct_time_stamp + LEFT_AFTER);
	/* up to 6.0 only when the table's garbage is collected */
	if (test_bit(IPS_OFFLOAD_BIT, &ct->status))
		clear_bit(IPS_OFFLOAD_BIT, &ct->status);
}

/* Ends the flows that pass @ifindex, or all if it is 0. */
static void end_flows(struct pn_fastpath *fast, int ifindex)
{
	struct flow_offload_tuple_rhash *hash;
	struct rhashtable_iter iter;
	struct flow_offload *flow;

	rhashtable_walk_enter(&fast->table.rhashtable, &iter);
	rhashtable_walk_start(&iter);
	while ((hash = rhashtable_walk_next(&iter))) {
		/* the table is made anew: the walk begins again */
		if (IS_ERR(hash) || hash->tuple.dir)
			continue;
		flow = container_of(hash, struct flow_offload, tuplehash[0]);
		/* it has left, and waits to be freed */
		if (test_bit(NF_FLOW_TEARDOWN, &flow->flags))
			continue;
		if (!ifindex || flow->tuplehash[0].tuple.iifidx == ifindex ||
		    flow->tuplehash[1].tuple.iifidx == ifindex)
			pn_lane_end(flow);
	}
	rhashtable_walk_stop(&iter);
	rhashtable_walk_exit(&iter);
}

void pn_fastpath_review(struct pn_net *pn, const struct pn_policy *policy)
{
	bool wanted = policy->fastpath == POSTERN_FASTPATH_ON ||
		      (policy->fastpath == POSTERN_FASTPATH_AUTO &&
		       PN_FLOW_LASTS);

	lockdep_assert_held(&pn->mutex);
	if (pn->fastpath) {
		end_flows(pn->fastpath, 0);
	} else if (wanted) {
		/* pairs with pn_lane_enter() and pn_fastpath_try() */
		smp_store_release(&pn->fastpath, make(pn));
	}
	rtnl_lock();
	pn_ingress_change(&pn->entrance, wanted && pn->fastpath);
	rtnl_unlock();
}

void pn_fastpath_house(struct pn_net *pn)
{
	struct pn_fastpath *fast;
	int routes;

	rcu_read_lock();
	fast = READ_ONCE(pn->fastpath);
	if (fast && pn_lane_rerouted(pn, fast)) {
		routes = pn_flow_routes(pn->net);
		end_flows(fast, 0);
		WRITE_ONCE(fast->routes, routes);
	}
	rcu_read_unlock();
}

void pn_fastpath_exit(struct pn_net *pn)
{
	struct pn_fastpath *fast = pn->fastpath;

	lockdep_assert_held(&pn->mutex);
	if (!fast)
		return;
	rtnl_lock();
	pn_ingress_change(&pn->entrance, false);
	rtnl_unlock();
	WRITE_ONCE(pn->fastpath, NULL);
	/* packets that are in the entrance, or in the forward hook */
	synchronize_net();
	nf_flow_table_free(&fast->table);
	free_percpu(fast->refused);
	pn_tickets_free(&fast->tickets);
	kfree(fast);
}

static u32 state_of(const struct pn_net *pn, const struct pn_policy *policy,
		    const struct pn_fastpath *fast)
{
	if (!policy || policy->fastpath == POSTERN_FASTPATH_OFF)
		return POSTERN_FAST_UNWANTED;
	if (policy->fastpath == POSTERN_FASTPATH_AUTO && !PN_FLOW_LASTS)
		return POSTERN_FAST_FORGETS;
	if (!fast)
		return POSTERN_FAST_NO_MEMORY;
	if (!pn_lane_open(pn, policy))
		return POSTERN_FAST_FOREIGN;
	if (pn_lane_routed(pn->net))
		return POSTERN_FAST_ROUTED;
	return POSTERN_FAST_TAKEN;
}

void pn_fastpath_read(const struct pn_net *pn, const struct pn_policy *policy,
		      struct pn_fastpath_status *status)
{
	const struct pn_fastpath *fast = READ_ONCE(pn->fastpath);

	*status = (struct pn_fastpath_status){
		.state = state_of(pn, policy, fast),
		.flows = fast ? pn_lane_flows(fast) : 0,
	};
	if (status->state == POSTERN_FAST_FOREIGN)
		pn_foreign_name(pn, status->foreign);
}

/*
 * What a flow was told of an interface when it was offered is not true any more: its
 * MTU, its zone, what it is part of, or that it is there.
 */
static int device_event(struct notifier_block *nb, unsigned long event,
			void *ptr)
{
	struct net_device *dev = netdev_notifier_info_to_dev(ptr);
	struct pn_net *pn = pn_net(dev_net(dev));
	struct pn_fastpath *fast;

	switch (event) {
	case NETDEV_DOWN:
	case NETDEV_UNREGISTER:
	case NETDEV_CHANGEMTU:
	case NETDEV_CHANGENAME:
	case NETDEV_CHANGEUPPER:
		/* most interfaces that come and go are in no zone, and have no flows */
		if (!pn_ingress_is_on(&pn->entrance, dev))
			break;
		rcu_read_lock();
		fast = READ_ONCE(pn->fastpath);
		if (fast)
			end_flows(fast, dev->ifindex);
		rcu_read_unlock();
	}
	return NOTIFY_DONE;
}

/* Behind that of zone.c, which came first, and before that of ingress.c. */
static struct notifier_block device_notifier = {
	.notifier_call = device_event,
};

int pn_fastpath_start(void)
{
	return register_netdevice_notifier(&device_notifier);
}

void pn_fastpath_stop(void)
{
	unregister_netdevice_notifier(&device_notifier);
}
