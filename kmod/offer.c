// SPDX-License-Identifier: GPL-2.0
/*
 * Flows that are handed over to the fast path: see fastpath.h.
 */
#include <linux/hash.h>
#include <linux/if_arp.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/jiffies.h>
#include <linux/log2.h>
#include <linux/moduleparam.h>
#include <linux/netdevice.h>
#include <linux/netfilter_bridge.h>
#include <linux/rhashtable.h>
#include <net/dst.h>
#include <net/ip.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/netfilter/nf_conntrack_extend.h>
#include <net/netfilter/nf_conntrack_zones.h>
#include <net/route.h>
#include <net/xfrm.h>

#include "compat/flow_table.h"
#include "fastpath.h"
#include "lane.h"

static unsigned int max_offloaded = 262144;
module_param(max_offloaded, uint, 0644);
MODULE_PARM_DESC(max_offloaded, "flows of a network namespace on the fast path, others go by the hooks; a sixteenth in those of unprivileged user namespaces (262144)");

#define REFUSED_JIFFIES		HZ

static struct pn_refusal *refusal_of(struct pn_fastpath *fast,
				     const struct nf_conn *ct)
{
	return &this_cpu_ptr(fast->refused)->flow[hash_ptr(ct, ilog2(PN_REFUSALS))];
}

static u32 ports_of(const struct nf_conn *ct)
{
	const struct nf_conntrack_tuple *tuple =
		&ct->tuplehash[IP_CT_DIR_ORIGINAL].tuple;

	return (__force u32)tuple->src.u.all << 16 |
	       (__force u32)tuple->dst.u.all;
}

static bool was_refused(struct pn_fastpath *fast,
			const struct pn_policy *policy,
			const struct nf_conn *ct)
{
	const struct pn_refusal *r = refusal_of(fast, ct);

	return r->ct == ct && r->ports == ports_of(ct) &&
	       r->generation == policy->generation &&
	       time_before(jiffies, r->until);
}

static void refuse(struct pn_fastpath *fast, const struct pn_policy *policy,
		   const struct nf_conn *ct)
{
	*refusal_of(fast, ct) = (struct pn_refusal){
		.ct = ct,
		.ports = ports_of(ct),
		.generation = policy->generation,
		.until = jiffies + REFUSED_JIFFIES,
	};
}

/*
 * Its handshake is over, and its ends are not near. Of UDP, more than a question and
 * its answer came.
 */
static bool is_under_way(const struct nf_conn *ct)
{
	if (!test_bit(IPS_ASSURED_BIT, &ct->status))
		return false;
	switch (nf_ct_protonum(ct)) {
	case IPPROTO_TCP:
		return READ_ONCE(ct->proto.tcp.state) ==
		       TCP_CONNTRACK_ESTABLISHED;
	case IPPROTO_UDP:
		return true;
	}
	return false;
}

/* It is no end, nor a beginning: conntrack does not believe every one of them. */
static bool is_in_the_middle(const struct sk_buff *skb, bool v6,
			     const struct nf_conn *ct)
{
	unsigned int offset = skb_network_offset(skb);
	const u8 *flags;
	u8 buf;

	if (nf_ct_protonum(ct) != IPPROTO_TCP)
		return true;
	if (v6 && ipv6_hdr(skb)->nexthdr != IPPROTO_TCP)
		return false;
	offset += v6 ? sizeof(struct ipv6hdr) : ip_hdrlen(skb);
	flags = skb_header_pointer(skb, offset + 13, sizeof(buf), &buf);
	return flags && !(*flags & (PN_TCP_SYN | PN_TCP_FIN | PN_TCP_RST));
}

/* Does conntrack have to see each of its packets, or are there two with its ends? */
static bool is_tracked_closely(const struct nf_conn *ct)
{
	return nf_ct_ext_exist(ct, NF_CT_EXT_HELPER) ||
	       ct->status & (IPS_SEQ_ADJUST | IPS_NAT_CLASH) ||
	       nf_ct_zone(ct)->id != NF_CT_DEFAULT_ZONE_ID;
}

/*
 * Is there something that the kernel does with a forwarded packet, and nf_flow_table does
 * not: IPsec, options, tunnels of routes, a bridge that looks into it, a mark by which
 * it was routed?
 */
static bool is_handled(const struct sk_buff *skb, bool v6)
{
#if IS_ENABLED(CONFIG_BRIDGE_NETFILTER)
	if (nf_bridge_info_exists(skb))
		return true;
#endif
	return skb_sec_path(skb) || skb->mark ||
	       (!v6 && IPCB(skb)->opt.optlen);
}

/* Frames with a neighbour's address; a VRF's come by another interface than its hook. */
static bool is_plain_device(const struct net_device *dev)
{
	return dev->type == ARPHRD_ETHER && !(dev->flags & IFF_LOOPBACK) &&
	       !netif_is_l3_master(dev) && !netif_is_l3_slave(dev);
}

static bool is_plain_route(const struct dst_entry *dst, bool v6)
{
	const struct rtable *rt;

	if (dst->lwtstate || dst_xfrm(dst) || dst->error ||
	    !is_plain_device(dst->dev))
		return false;
	if (v6)
		return true;
	rt = container_of(dst, const struct rtable, dst);
	/* of IPv4, nf_flow_table knows no neighbour that has IPv6 only (RFC 5549) */
	return rt->rt_type == RTN_UNICAST && rt->rt_gw_family != AF_INET6;
}

/* By which packets that answer those of direction @dir would go, with a reference. */
static struct dst_entry *route_back(struct net *net, const struct nf_conn *ct,
				    int dir, bool v6)
{
	const union nf_inet_addr *to = &ct->tuplehash[dir].tuple.src.u3;
	const union nf_inet_addr *from = &ct->tuplehash[!dir].tuple.src.u3;
	struct dst_entry *dst = NULL;
	struct flowi fl = {};

	if (v6) {
		fl.u.ip6.daddr = to->in6;
		fl.u.ip6.saddr = from->in6;
		fl.u.ip6.flowi6_flags = FLOWI_FLAG_ANYSRC;
	} else {
		fl.u.ip4.daddr = to->ip;
		fl.u.ip4.saddr = from->ip;
		fl.u.ip4.flowi4_flags = FLOWI_FLAG_ANYSRC;
	}
	if (nf_route(net, &dst, &fl, false, v6 ? AF_INET6 : AF_INET))
		return NULL;
	return dst;
}

/* Is one of its ends in the table? What has left it stays there for a second. */
static bool is_there(struct pn_fastpath *fast, struct flow_offload *flow)
{
	struct rhashtable *ht = &fast->table.rhashtable;

	return rhashtable_lookup(ht, &flow->tuplehash[0].tuple, ht->p) ||
	       rhashtable_lookup(ht, &flow->tuplehash[1].tuple, ht->p);
}

/* Those of a flow that was there before. */
static void void_tickets(struct pn_fastpath *fast,
			 const struct flow_offload_tuple *tuple)
{
	struct pn_ticket_key key = {
		.iif = tuple->iifidx,
		.proto = tuple->l4proto,
		.v6 = tuple->l3proto == NFPROTO_IPV6,
		.port = { tuple->src_port, tuple->dst_port },
	};

	if (key.v6)
		pn_ticket_addr6(&key, &tuple->src_v6, &tuple->dst_v6);
	else
		pn_ticket_addr4(&key, tuple->src_v4.s_addr,
				tuple->dst_v4.s_addr);
	pn_ticket_void(&fast->tickets, &key);
}

/* Conntrack will see the end of what it did not see the middle of. */
static void be_liberal(struct nf_conn *ct)
{
	spin_lock(&ct->lock);
	ct->proto.tcp.seen[0].flags |= IP_CT_TCP_FLAG_BE_LIBERAL;
	ct->proto.tcp.seen[1].flags |= IP_CT_TCP_FLAG_BE_LIBERAL;
	spin_unlock(&ct->lock);
}

/* References of @to and @back are given away. Return: whether it is in the table. */
static bool enter_flow(struct pn_fastpath *fast, struct nf_conn *ct, int dir,
		       struct dst_entry *to, struct dst_entry *back)
{
	struct flow_offload *flow = flow_offload_alloc(ct);

	if (!flow) {
		dst_release(to);
		dst_release(back);
		return false;
	}
	if (pn_flow_route(flow, dir, to, back) || is_there(fast, flow))
		goto err;
	void_tickets(fast, &flow->tuplehash[0].tuple);
	void_tickets(fast, &flow->tuplehash[1].tuple);
	if (nf_ct_protonum(ct) == IPPROTO_TCP)
		be_liberal(ct);
	if (!flow_offload_add(&fast->table, flow))
		return true;
err:
	flow_offload_free(flow);
	return false;
}

static bool hand_over(struct pn_net *pn, struct pn_fastpath *fast,
		      const struct sk_buff *skb,
		      const struct nf_hook_state *state, struct nf_conn *ct,
		      int dir)
{
	struct dst_entry *to = skb_dst(skb), *back;
	bool v6 = state->pf == NFPROTO_IPV6;

	if (!to || !is_plain_route(to, v6) || to->dev != state->out ||
	    !dst_hold_safe(to))
		return false;
	back = route_back(pn->net, ct, dir, v6);
	/* asymmetric routes */
	if (!back || !is_plain_route(back, v6) || back->dev != state->in) {
		dst_release(back);
		dst_release(to);
		return false;
	}
	return enter_flow(fast, ct, dir, to, back);
}

void pn_fastpath_end(struct pn_net *pn, const struct pn_packet *p,
		     const struct nf_conn *ct, enum ip_conntrack_info ctinfo)
{
	const struct nf_conntrack_tuple *from =
		&ct->tuplehash[CTINFO2DIR(ctinfo)].tuple;
	/* pairs with pn_fastpath_review() */
	struct pn_fastpath *fast = smp_load_acquire(&pn->fastpath);
	struct flow_offload_tuple_rhash *hash;
	struct flow_offload_tuple tuple = {};

	if (!fast || !p->in)
		return;
	if (p->t.v6) {
		tuple.src_v6 = from->src.u3.in6;
		tuple.dst_v6 = from->dst.u3.in6;
		tuple.l3proto = AF_INET6;
	} else {
		tuple.src_v4 = from->src.u3.in;
		tuple.dst_v4 = from->dst.u3.in;
		tuple.l3proto = AF_INET;
	}
	tuple.src_port = from->src.u.all;
	tuple.dst_port = from->dst.u.all;
	tuple.l4proto = from->dst.protonum;
	tuple.iifidx = p->in->ifindex;
	hash = flow_offload_lookup(&fast->table, &tuple);
	if (hash)
		pn_lane_end(container_of(hash, struct flow_offload,
					 tuplehash[hash->tuple.dir]));
}

void pn_fastpath_try(struct pn_net *pn, const struct pn_policy *policy,
		     const struct sk_buff *skb,
		     const struct nf_hook_state *state)
{
	enum ip_conntrack_info ctinfo;
	struct nf_conn *ct = nf_ct_get(skb, &ctinfo);
	bool v6 = state->pf == NFPROTO_IPV6;
	/* pairs with pn_fastpath_review() */
	struct pn_fastpath *fast = smp_load_acquire(&pn->fastpath);

	if (!fast || test_bit(IPS_OFFLOAD_BIT, &ct->status) ||
	    !is_under_way(ct) || was_refused(fast, policy, ct) ||
	    !is_in_the_middle(skb, v6, ct))
		return;
	if (!pn_lane_open(pn, policy) || pn_lane_routed(pn->net) ||
	    (v6 && pn_lane_rerouted(pn, fast)) ||
	    is_tracked_closely(ct) || is_handled(skb, v6)) {
		refuse(fast, policy, ct);
		return;
	}
	if (pn_lane_flows(fast) >= READ_ONCE(max_offloaded) / fast->share) {
		pn_count(pn->stats, PN_COUNT_FAST_FULL);
		refuse(fast, policy, ct);
		return;
	}
	/* another CPU has its next packet */
	if (test_and_set_bit(IPS_OFFLOAD_BIT, &ct->status))
		return;
	if (hand_over(pn, fast, skb, state, ct, CTINFO2DIR(ctinfo))) {
		pn_count(pn->stats, PN_COUNT_FAST_FLOWS);
		return;
	}
	clear_bit(IPS_OFFLOAD_BIT, &ct->status);
	refuse(fast, policy, ct);
}
