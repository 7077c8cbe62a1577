// SPDX-License-Identifier: GPL-2.0
/*
 * Flows that conntrack knows: memos of their rules, and the walk after a load.
 */
#include <linux/hash.h>
#include <linux/inetdevice.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/log2.h>
#include <linux/netfilter.h>
#include <linux/percpu.h>
#include <net/addrconf.h>
#include <net/ip.h>
#include <net/netfilter/nf_conntrack_core.h>
#include <net/netfilter/nf_conntrack_tuple.h>
#include <net/netfilter/nf_conntrack_zones.h>
#include <net/route.h>

#include "compat/conntrack.h"
#include "admit.h"
#include "basis.h"
#include "flow.h"
#include "inspected.h"
#include "zone.h"

struct memo {
	const struct nf_conn *ct;	/* compared, never followed */
	struct nf_conntrack_man client;	/* as it sends */
	struct nf_conntrack_man server;	/* as it answers: where DNAT leads */
	u32 stamp;			/* 0: none yet */
	u32 outcome;
	u32 rule;			/* that allows it, or U32_MAX */
	int in, out;			/* of the client's packets; 0: not known */
	__be16 to;			/* port, or type and code of ICMP */
	u8 proto;
	u8 zone_in, zone_out;
	bool inspected;
	bool passes;			/* a rule allows it, and nothing inspects it */
	bool limited;			/* the rule has a limit */
	struct pn_flow_note note;
};

struct pn_memo {
	struct memo memo[PN_MEMOS];
};

struct pn_memo __percpu *pn_memo_alloc(void)
{
	return alloc_percpu_gfp(struct pn_memo,
				GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
}

static struct pn_key key_of(const union nf_inet_addr *a, bool v6)
{
	if (!v6)
		return (struct pn_key){ .hi = ntohl(a->ip) };
	return (struct pn_key){
		.hi = (u64)ntohl(a->ip6[0]) << 32 | ntohl(a->ip6[1]),
		.lo = (u64)ntohl(a->ip6[2]) << 32 | ntohl(a->ip6[3]),
	};
}

struct pn_key pn_flow_client(const struct nf_conn *ct, bool *v6)
{
	const struct nf_conntrack_tuple *to =
		&ct->tuplehash[IP_CT_DIR_ORIGINAL].tuple;

	*v6 = to->src.l3num == NFPROTO_IPV6;
	return key_of(&to->src.u3, *v6);
}

/*
 * What the rules look at: the original direction, after DNAT (so the
 * destination is where the answers come from) and before SNAT.
 */
static void tuple_of_flow(struct pn_tuple *t, const struct nf_conn *ct)
{
	const struct nf_conntrack_tuple *to =
		&ct->tuplehash[IP_CT_DIR_ORIGINAL].tuple;
	const struct nf_conntrack_tuple *from =
		&ct->tuplehash[IP_CT_DIR_REPLY].tuple;

	t->v6 = to->src.l3num == NFPROTO_IPV6;
	t->proto = to->dst.protonum;
	t->saddr = key_of(&to->src.u3, t->v6);
	t->daddr = key_of(&from->src.u3, t->v6);
	switch (t->proto) {
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		t->port = to->dst.u.icmp.type << 8 | to->dst.u.icmp.code;
		break;
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_SCTP:
	case IPPROTO_DCCP:
		t->port = ntohs(from->src.u.all);
		break;
	default:
		/* GRE has its key there, and no port for any rule */
		t->port = 0;
	}
}

/* As the flow began, whichever way this packet goes. */
static void zones_of_flow(struct pn_tuple *t, const struct pn_packet *p,
			  enum ip_conntrack_info ctinfo)
{
	bool original = CTINFO2DIR(ctinfo) == IP_CT_DIR_ORIGINAL;

	t->zone_in = original ? p->t.zone_in : p->t.zone_out;
	t->zone_out = original ? p->t.zone_out : p->t.zone_in;
}

u16 pn_flow_ends(struct pn_tuple *t, const struct nf_conn *ct)
{
	*t = (struct pn_tuple){};
	tuple_of_flow(t, ct);
	return ntohs(ct->tuplehash[IP_CT_DIR_ORIGINAL].tuple.src.u.all);
}

void pn_flow_tuple(struct pn_tuple *t, const struct pn_packet *p,
		   const struct nf_conn *ct, enum ip_conntrack_info ctinfo)
{
	zones_of_flow(t, p, ctinfo);
	tuple_of_flow(t, ct);
}

static struct memo *memo_of(struct pn_net *pn, const struct nf_conn *ct)
{
	return &this_cpu_ptr(pn->memo)->memo[hash_ptr(ct, ilog2(PN_MEMOS))];
}

void pn_flow_begin(struct pn_net *pn, const struct nf_conn *ct)
{
	memo_of(pn, ct)->note = (struct pn_flow_note){};
}

static bool same_end(const struct nf_conntrack_man *a,
		     const struct nf_conntrack_man *b)
{
	return nf_inet_addr_cmp(&a->u3, &b->u3) && a->u.all == b->u.all;
}

/* Is @m of @ct, as it is now? */
static bool is_of(const struct memo *m, const struct nf_conn *ct)
{
	const struct nf_conntrack_tuple *original =
		&ct->tuplehash[IP_CT_DIR_ORIGINAL].tuple;
	const struct nf_conntrack_man *server =
		&ct->tuplehash[IP_CT_DIR_REPLY].tuple.src;

	return m->ct == ct && m->proto == original->dst.protonum &&
	       m->to == original->dst.u.all &&
	       m->client.l3num == original->src.l3num &&
	       same_end(&m->client, &original->src) &&
	       same_end(&m->server, server);
}

/* As the client sends, whichever way the packet goes. */
static void interfaces_of(const struct nf_hook_state *state,
			  enum ip_conntrack_info ctinfo, int *in, int *out)
{
	bool original = CTINFO2DIR(ctinfo) == IP_CT_DIR_ORIGINAL;

	*in = (original ? state->in : state->out)->ifindex;
	*out = (original ? state->out : state->in)->ifindex;
}

/*
 * Not with a VRF, nor for what goes back where it came from: see zone_of_input(). A flow
 * that uses more than one pair of interfaces is found out again each time it changes.
 */
static bool tell_zones(const struct nf_hook_state *state)
{
	return state->hook == NF_INET_FORWARD && state->in != state->out &&
	       !netif_is_l3_master(state->in) &&
	       !netif_is_l3_master(state->out);
}

static void remember(struct memo *m, struct pn_net *pn,
		     const struct pn_policy *policy, const struct pn_tuple *t,
		     const struct nf_conn *ct, u32 stamp)
{
	u32 by;

	*m = (struct memo){
		.ct = ct,
		.client = ct->tuplehash[IP_CT_DIR_ORIGINAL].tuple.src,
		.server = ct->tuplehash[IP_CT_DIR_REPLY].tuple.src,
		.to = ct->tuplehash[IP_CT_DIR_ORIGINAL].tuple.dst.u.all,
		.proto = ct->tuplehash[IP_CT_DIR_ORIGINAL].tuple.dst.protonum,
		.stamp = stamp,
		.outcome = pn_classify(&policy->tables, t),
		.zone_in = t->zone_in,
		.zone_out = t->zone_out,
	};
	if (!pn_outcome_allows(policy, m->outcome, &m->rule))
		return;
	m->limited = pn_admit_limits(policy, m->rule);
	by = m->rule;
	m->inspected = pn_basis_of(pn, policy, t, true, &by);
	m->passes = !m->inspected;
}

u32 pn_flow_outcome(struct pn_net *pn, const struct pn_policy *policy,
		    const struct pn_packet *p, const struct nf_conn *ct,
		    enum ip_conntrack_info ctinfo,
		    const struct nf_hook_state *state, bool *inspected,
		    struct pn_flow_note **note)
{
	struct memo *m = memo_of(pn, ct);
	struct pn_tuple t;

	zones_of_flow(&t, p, ctinfo);
	if (m->stamp != p->stamp || m->zone_in != t.zone_in ||
	    m->zone_out != t.zone_out || !is_of(m, ct)) {
		tuple_of_flow(&t, ct);
		remember(m, pn, policy, &t, ct, p->stamp);
	}
	if (tell_zones(state))
		interfaces_of(state, ctinfo, &m->in, &m->out);
	*note = &m->note;
	*inspected = m->inspected;
	return m->outcome;
}

/* Is it one that no limit must see? */
static bool is_within(const struct sk_buff *skb,
		      const struct nf_hook_state *state)
{
	unsigned int offset = skb_network_offset(skb);
	const u8 *flags;
	u8 buf;

	if (state->pf == NFPROTO_IPV4)
		offset += ip_hdrlen(skb);
	else if (ipv6_hdr(skb)->nexthdr == IPPROTO_TCP)
		offset += sizeof(struct ipv6hdr);
	else
		return false;
	flags = skb_header_pointer(skb, offset + 13, sizeof(buf), &buf);
	return flags && !(*flags & (PN_TCP_SYN | PN_TCP_FIN | PN_TCP_RST));
}

bool pn_flow_known(struct pn_net *pn, const struct pn_policy *policy,
		   const struct sk_buff *skb, const struct nf_hook_state *state,
		   struct pn_known *known)
{
	enum ip_conntrack_info ctinfo;
	const struct nf_conn *ct = nf_ct_get(skb, &ctinfo);
	struct memo *m;
	bool original;
	int in, out;

	/* what is on the fast path, and comes here, may be its end: see pn_fastpath_seen() */
	if (!ct || (ctinfo != IP_CT_ESTABLISHED &&
		    ctinfo != IP_CT_ESTABLISHED_REPLY) ||
	    test_bit(IPS_OFFLOAD_BIT, &ct->status))
		return false;
	m = memo_of(pn, ct);
	interfaces_of(state, ctinfo, &in, &out);
	if ((!m->passes && !m->note.read) ||
	    m->stamp != pn_net_stamp(policy) || m->in != in || m->out != out ||
	    !is_of(m, ct))
		return false;
	known->rule = m->rule;
	known->stamp = m->stamp;
	known->note = NULL;
	if (likely(m->passes))
		return !m->limited || m->proto != IPPROTO_TCP ||
		       (m->note.settled && is_within(skb, state));
	original = CTINFO2DIR(ctinfo) == IP_CT_DIR_ORIGINAL;
	known->zone_in = original ? m->zone_in : m->zone_out;
	known->zone_out = original ? m->zone_out : m->zone_in;
	known->note = &m->note;
	return true;
}

enum pn_reason pn_flow_invalid(struct net *net, const struct pn_packet *p)
{
	struct nf_conntrack_tuple_hash *h;
	struct nf_conntrack_tuple tuple;
	struct nf_conn *ct;
	bool one_way;

	if (!nf_ct_get_tuplepr(p->skb, skb_network_offset(p->skb),
			       p->t.v6 ? NFPROTO_IPV6 : NFPROTO_IPV4, net,
			       &tuple))
		return PN_CT_INVALID;
	h = nf_conntrack_find_get(net, &nf_ct_zone_dflt, &tuple);
	if (!h)
		return PN_TCP_NO_FLOW;
	ct = nf_ct_tuplehash_to_ctrack(h);
	one_way = NF_CT_DIRECTION(h) == IP_CT_DIR_ORIGINAL &&
		  ct->proto.tcp.state == TCP_CONNTRACK_SYN_SENT &&
		  p->tcp_flags & PN_TCP_ACK;
	nf_ct_put(ct);
	return one_way ? PN_ONE_WAY : PN_CT_INVALID;
}

/* An address of this router, in whatever VRF. Context: RCU read side. */
static bool is_local(struct net *net, bool v6, const union nf_inet_addr *addr)
{
	if (v6)
		return ipv6_chk_addr(net, &addr->in6, NULL, 0);
	return __ip_dev_find(net, addr->ip, false);
}

/*
 * The zone of the interface that this router itself would use to reach @addr.
 * Context: RCU read side.
 */
static u8 zone_towards(struct net *net, const struct pn_policy *policy, bool v6,
		       const union nf_inet_addr *addr, bool *local)
{
	struct flowi fl = {};
	struct dst_entry *dst = NULL;
	u8 zone;

	*local |= is_local(net, v6, addr);
	if (v6)
		fl.u.ip6.daddr = addr->in6;
	else
		fl.u.ip4.daddr = addr->ip;
	if (nf_route(net, &dst, &fl, false, v6 ? AF_INET6 : AF_INET) || !dst)
		return PN_ZONE_NONE;
	*local |= dst->dev->flags & IFF_LOOPBACK;
	zone = pn_zone_of_device(policy, dst->dev);
	dst_release(dst);
	return zone;
}

struct purge {
	struct net *net;
	const struct pn_policy *policy;
};

static bool allows(const struct pn_policy *policy, struct pn_tuple *t,
		   u32 zone_in, u32 zone_out)
{
	u32 rule;

	t->zone_in = zone_in;
	t->zone_out = zone_out;
	return pn_outcome_allows(policy, pn_classify(&policy->tables, t),
				 &rule);
}

/*
 * The zones at both ends of a flow, by the routes. Return: whether one end is this
 * router. Context: RCU read side.
 */
static bool zones_by_routes(struct net *net, const struct pn_policy *policy,
			    const struct nf_conn *ct, u8 *in, u8 *out)
{
	const struct nf_conntrack_tuple_hash *h = ct->tuplehash;
	bool v6 = h[IP_CT_DIR_ORIGINAL].tuple.src.l3num == NFPROTO_IPV6;
	bool local = false;

	*in = zone_towards(net, policy, v6,
			   &h[IP_CT_DIR_ORIGINAL].tuple.src.u3, &local);
	*out = zone_towards(net, policy, v6, &h[IP_CT_DIR_REPLY].tuple.src.u3,
			    &local);
	return local;
}

bool pn_flow_is_governed(struct net *net, const struct pn_policy *policy,
			 const struct nf_conn *ct)
{
	u8 in, out;

	if (zones_by_routes(net, policy, ct, &in, &out))
		return policy->guards_input &&
		       (in != PN_ZONE_NONE || out != PN_ZONE_NONE);
	return in != PN_ZONE_NONE || out != PN_ZONE_NONE;
}

/*
 * Conntrack does not know by which interfaces a flow passes. So only what no
 * pair of zones would let pass is deleted, and of that only what passes a zone at
 * all; the rest is judged packet by packet (pn_flow_outcome()). But not where an
 * nf_flow_table forwards packets around the hooks: there the routes must tell.
 */
static int denied(struct nf_conn *ct, void *data)
{
	const struct purge *purge = data;
	const struct pn_policy *policy = purge->policy;
	u32 early = policy->tables.zone_early;
	bool offloaded = test_bit(IPS_OFFLOAD_BIT, &ct->status);
	struct pn_tuple t;
	u8 in, out;
	bool local;
	u32 rule;

	/* its next packet tells, with all that is known of the connection */
	if (pn_inspected_has(pn_net(purge->net), ct))
		return 0;
	tuple_of_flow(&t, ct);
	if (!offloaded && allows(policy, &t, early, early))
		return 0;
	/* conntrack holds a spinlock here, which RCU's checks do not count */
	rcu_read_lock();
	if (pn_basis_of(pn_net(purge->net), policy, &t, false, &rule)) {
		rcu_read_unlock();
		return 0;
	}
	local = zones_by_routes(purge->net, policy, ct, &in, &out);
	rcu_read_unlock();
	if (local || (in == PN_ZONE_NONE && out == PN_ZONE_NONE))
		return 0;
	return !offloaded || in == PN_ZONE_NONE || out == PN_ZONE_NONE ||
	       !allows(policy, &t, in, out);
}

void pn_flow_purge(struct net *net, const struct pn_policy *policy)
{
	struct purge purge = { .net = net, .policy = policy };

	pn_ct_iterate(net, denied, &purge);
}

static int is_offloaded(struct nf_conn *ct, void *data)
{
	return test_bit(IPS_OFFLOAD_BIT, &ct->status);
}

void pn_flow_purge_offloaded(struct net *net)
{
	pn_ct_iterate(net, is_offloaded, NULL);
}
