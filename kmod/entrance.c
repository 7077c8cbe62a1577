// SPDX-License-Identifier: GPL-2.0
/*
 * Packets of flows on the fast path, at the ingress of an interface: see fastpath.h.
 *
 * No header was looked at before: what the kernel's receive path drops or cuts off is
 * dropped or cut off here too, or left to it.
 */
#include <linux/if_vlan.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netfilter.h>
#include <linux/random.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/addrconf.h>
#include <net/ip.h>
#include <net/tcp.h>

#include "compat/compiler.h"
#include "ban.h"
#include "fastpath.h"
#include "flow.h"
#include "guard.h"
#include "judge.h"
#include "lane.h"
#include "zone.h"

/**
 * struct entry - a packet, as far as it was read
 * @key: of its flow
 * @len: of the IP packet; there may be padding behind it
 * @seq: of TCP
 * @ends: it may be the last of its flow
 * @resets: it is a reset
 */
struct entry {
	struct pn_ticket_key key;
	unsigned int len;
	u32 seq;
	bool ends;
	bool resets;
};

static bool read_tcp(struct entry *e, const struct tcphdr *th, unsigned int len)
{
	u8 flags = ((const u8 *)th)[13] &
		   (PN_TCP_FIN | PN_TCP_SYN | PN_TCP_RST | PN_TCP_ACK);

	if (th->doff < 5 || th->doff * 4U > len)
		return false;
	e->seq = ntohl(th->seq);
	e->resets = (flags & ~PN_TCP_ACK) == PN_TCP_RST;
	e->ends = e->resets || flags == (PN_TCP_FIN | PN_TCP_ACK);
	return e->ends || flags == PN_TCP_ACK;
}

static bool read_udp(struct entry *e, const struct udphdr *uh, unsigned int len)
{
	unsigned int said = ntohs(uh->len);

	e->ends = false;
	e->resets = false;
	return said >= sizeof(*uh) && said <= len;
}

/* The header at @thoff. Return: whether it is one of those that are forwarded. */
static bool read_transport(struct entry *e, struct sk_buff *skb,
			   unsigned int thoff)
{
	bool tcp = e->key.proto == IPPROTO_TCP;
	unsigned int need = tcp ? sizeof(struct tcphdr) : sizeof(struct udphdr);
	const void *header;
	const __be16 *port;

	if ((!tcp && e->key.proto != IPPROTO_UDP) || e->len > skb->len ||
	    e->len < thoff + need || !pskb_may_pull(skb, thoff + need))
		return false;
	header = skb_network_header(skb) + thoff;
	port = header;
	e->key.port[0] = port[0];
	e->key.port[1] = port[1];
	return tcp ? read_tcp(e, header, e->len - thoff) :
		     read_udp(e, header, e->len - thoff);
}

static bool read_ipv4(struct entry *e, struct sk_buff *skb)
{
	const struct iphdr *iph;

	if (!pskb_may_pull(skb, sizeof(*iph)))
		return false;
	iph = ip_hdr(skb);
	if (iph->version != 4 || iph->ihl != 5 || ip_is_fragment(iph) ||
	    iph->ttl <= 1 || ip_fast_csum(iph, 5))
		return false;
	e->len = ntohs(iph->tot_len);
	e->key.v6 = false;
	e->key.proto = iph->protocol;
	pn_ticket_addr4(&e->key, iph->saddr, iph->daddr);
	return read_transport(e, skb, sizeof(*iph));
}

static bool read_ipv6(struct entry *e, struct sk_buff *skb)
{
	const struct ipv6hdr *iph;

	if (!pskb_may_pull(skb, sizeof(*iph)))
		return false;
	iph = ipv6_hdr(skb);
	if (iph->version != 6 || iph->hop_limit <= 1 || !iph->payload_len)
		return false;
	e->len = sizeof(*iph) + ntohs(iph->payload_len);
	e->key.v6 = true;
	e->key.proto = iph->nexthdr;
	pn_ticket_addr6(&e->key, &iph->saddr, &iph->daddr);
	return read_transport(e, skb, sizeof(*iph));
}

/* Who is banned is told so by the hooks. */
static bool is_banned(const struct pn_net *pn, const struct sk_buff *skb, bool v6)
{
	if (likely(!pn_bans_number(pn)))
		return false;
	return pn_ban_has(pn, v6, v6 ? pn_packet_key6(&ipv6_hdr(skb)->saddr) :
				       (struct pn_key){
						.hi = ntohl(ip_hdr(skb)->saddr),
				       });
}

static struct flow_offload *find_flow(struct pn_fastpath *fast,
				      const struct pn_ticket_key *key, int *dir)
{
	struct flow_offload_tuple_rhash *hash;
	/* compared byte by byte, whatever is between its fields */
	struct flow_offload_tuple tuple = {};

	tuple.iifidx = key->iif;
	tuple.l3proto = key->v6 ? AF_INET6 : AF_INET;
	tuple.l4proto = key->proto;
	tuple.src_port = key->port[0];
	tuple.dst_port = key->port[1];
	if (key->v6) {
		memcpy(&tuple.src_v6, key->addr, sizeof(tuple.src_v6));
		memcpy(&tuple.dst_v6, key->addr + 2, sizeof(tuple.dst_v6));
	} else {
		memcpy(&tuple.src_v4, key->addr, sizeof(tuple.src_v4));
		memcpy(&tuple.dst_v4, (const u8 *)key->addr + 4,
		       sizeof(tuple.dst_v4));
	}
	hash = flow_offload_lookup(&fast->table, &tuple);
	if (!hash)
		return NULL;
	*dir = hash->tuple.dir;
	return container_of(hash, struct flow_offload, tuplehash[*dir]);
}

/*
 * By which rule may packets of a flow pass? As in the forward hook: between the zones
 * of the interfaces, by the policy in force. Return: U32_MAX: none.
 */
static u32 judge(struct pn_net *pn, const struct pn_policy *policy,
		 const struct flow_offload *flow, int dir,
		 const struct nf_hook_state *state)
{
	const struct flow_offload_tuple *tuple = &flow->tuplehash[dir].tuple;
	struct pn_flow_note *note;
	bool inspected;
	/* before its zones */
	struct pn_packet p = { .stamp = pn_net_stamp(policy) };
	u32 outcome, rule;

	p.t.v6 = tuple->l3proto == AF_INET6;
	p.t.proto = tuple->l4proto;
	p.sport = ntohs(tuple->src_port);
	p.t.port = ntohs(tuple->dst_port);
	p.t.saddr = p.t.v6 ? pn_packet_key6(&tuple->src_v6) :
			     (struct pn_key){ .hi = ntohl(tuple->src_v4.s_addr) };
	p.t.zone_in = pn_zone_of_device(policy, state->in);
	p.t.zone_out = pn_zone_of_device(policy, tuple->dst_cache->dev);
	/* packets of the other end had it offered: this one may not send so */
	if (p.t.zone_in == PN_ZONE_NONE || p.t.zone_out == PN_ZONE_NONE ||
	    pn_guard_source(policy, &p, p.t.zone_in) || !pn_flow_holds(tuple))
		return U32_MAX;
	outcome = pn_flow_outcome(pn, policy, &p, flow->ct,
				  dir == FLOW_OFFLOAD_DIR_ORIGINAL ?
				  IP_CT_ESTABLISHED : IP_CT_ESTABLISHED_REPLY,
				  state, &inspected, &note);
	return pn_outcome_allows(policy, outcome, &rule) ? rule : U32_MAX;
}

/*
 * The client sent a reset, which may be anybody's: conntrack passes it on, and waits for
 * what the server says to it, if its sequence number is behind what the server had
 * acknowledged, but not just there. Of that conntrack knows nothing since the flow is
 * on the fast path; after 2 GiB all would be before it. Nobody shall guess what it is.
 */
static void doubt_reset(struct nf_conn *ct, u32 seq)
{
	struct ip_ct_tcp_state *server = &ct->proto.tcp.seen[IP_CT_DIR_REPLY];

	spin_lock(&ct->lock);
	if (before(seq, server->td_maxack))
		server->td_maxack = seq - 1 - (get_random_u32() >> 1);
	spin_unlock(&ct->lock);
}

/* What no ticket says, which is rare. Return: U32_MAX: it goes by the hooks. */
static noinline u32 look_up(struct pn_net *pn, const struct pn_policy *policy,
			    struct pn_fastpath *fast, const struct entry *e,
			    const struct nf_hook_state *state, u64 hash,
			    u32 group)
{
	int dir = 0;
	struct flow_offload *flow = find_flow(fast, &e->key, &dir);
	u32 rule;

	if (!flow)
		return U32_MAX;
	if (e->resets && dir == FLOW_OFFLOAD_DIR_ORIGINAL)
		doubt_reset(flow->ct, e->seq);
	rule = e->ends ? U32_MAX : judge(pn, policy, flow, dir, state);
	if (rule == U32_MAX)
		pn_lane_end(flow);
	else
		*pn_ticket_at(&fast->tickets, hash) = (struct pn_ticket){
			.key = e->key,
			.generation = policy->generation,
			.group = group,
			.rule = rule,
		};
	return rule;
}

static u32 rule_of(struct pn_net *pn, const struct pn_policy *policy,
		   struct pn_fastpath *fast, const struct entry *e,
		   const struct nf_hook_state *state)
{
	u64 hash = pn_ticket_hash(&fast->tickets, &e->key);
	u32 group = pn_ticket_group(&fast->tickets, hash);
	const struct pn_ticket *ticket = pn_ticket_at(&fast->tickets, hash);

	if (PN_FLOW_ASKS && likely(!e->ends && ticket->group == group &&
				   ticket->generation == policy->generation &&
				   pn_ticket_is_of(ticket, &e->key)))
		return ticket->rule;
	return look_up(pn, policy, fast, e, state, hash, group);
}

/* nf_flow_table takes it, or leaves it as it was. */
static unsigned int forward(struct pn_net *pn, const struct pn_policy *policy,
			    struct pn_fastpath *fast, struct sk_buff *skb,
			    const struct nf_hook_state *state, u32 rule)
{
	unsigned int verdict, len = skb->len;
	u32 mark = skb->mark;

	skb->mark = pn_judge_mark(policy, rule, mark);
	verdict = skb->protocol == htons(ETH_P_IP) ?
		  nf_flow_offload_ip_hook(&fast->table, skb, state) :
		  nf_flow_offload_ipv6_hook(&fast->table, skb, state);
	if (likely(verdict == NF_STOLEN))
		pn_judge_passed(pn, policy, rule, len);
	else if (verdict == NF_DROP)
		pn_judge_lost(pn);
	else
		skb->mark = mark;
	return verdict;
}

unsigned int pn_lane_enter(void *priv, struct sk_buff *skb,
			   const struct nf_hook_state *state)
{
	struct pn_net *pn = priv;
	const struct pn_policy *policy = rcu_dereference(pn->policy);
	/* pairs with pn_fastpath_review() */
	struct pn_fastpath *fast = smp_load_acquire(&pn->fastpath);
	struct entry e pn_uncleared;
	u32 rule;

	if (!policy || !fast || !pn_lane_flows(fast) ||
	    skb->pkt_type != PACKET_HOST || skb_vlan_tag_present(skb) ||
	    !pn_lane_open(pn, policy) || READ_ONCE(policy->zones_lost))
		return NF_ACCEPT;
	/* of IPv6, routes do not end when the router is told to forward no more */
	if (skb->protocol == htons(ETH_P_IP) ? !read_ipv4(&e, skb) :
	    skb->protocol != htons(ETH_P_IPV6) || !read_ipv6(&e, skb) ||
	    !READ_ONCE(pn->net->ipv6.devconf_all->forwarding) ||
	    pn_lane_rerouted(pn, fast))
		return NF_ACCEPT;
	if (is_banned(pn, skb, e.key.v6) && !e.ends)
		return NF_ACCEPT;
	e.key.iif = state->in->ifindex;
	rule = rule_of(pn, policy, fast, &e, state);
	if (rule == U32_MAX || pskb_trim_rcsum(skb, e.len))
		return NF_ACCEPT;
	return forward(pn, policy, fast, skb, state, rule);
}
