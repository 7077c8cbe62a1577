// SPDX-License-Identifier: GPL-2.0
/*
 * Events. Nothing is built that nobody listens to, and nothing waits.
 */
#include <linux/netdevice.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <net/genetlink.h>

#include "ban.h"
#include "doors.h"
#include "events.h"
#include "net.h"
#include "netlink.h"
#include "packet.h"
#include "policy.h"
#include "rate.h"
#include "source.h"
#include "stats.h"
#include "zone.h"

/*
 * False while the family is not registered: its group then has a number that is
 * somebody else's.
 */
static bool ready;

void pn_events_open(void)
{
	WRITE_ONCE(ready, true);
}

void pn_events_close(void)
{
	WRITE_ONCE(ready, false);
	synchronize_rcu();
}

static bool listened(struct pn_net *pn)
{
	return READ_ONCE(ready) &&
	       genl_has_listeners(&pn_genl_family, pn->net, PN_MCGRP_EVENTS);
}

static struct sk_buff *begin(enum postern_event event, void **hdr)
{
	struct sk_buff *msg = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_ATOMIC);

	if (!msg)
		return NULL;
	*hdr = genlmsg_put(msg, 0, 0, &pn_genl_family, 0, POSTERN_CMD_EVENT);
	if (!*hdr || nla_put_u32(msg, POSTERN_A_EVENT, event)) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

/* Sends @msg unless @err, counts it either way. */
static void finish(struct pn_net *pn, struct sk_buff *msg, void *hdr, int err)
{
	if (err) {
		nlmsg_free(msg);
	} else {
		genlmsg_end(msg, hdr);
		err = genlmsg_multicast_netns(&pn_genl_family, pn->net, msg, 0,
					      PN_MCGRP_EVENTS, GFP_ATOMIC);
	}
	/* -ESRCH: who listens does so in another namespace, or has just left */
	if (err != -ESRCH)
		pn_count(pn->stats, err ? PN_COUNT_EVENTS_LOST :
					  PN_COUNT_EVENTS);
}

static int put_name(struct sk_buff *msg, int type, const char *name)
{
	return name ? nla_put_string(msg, type, name) : 0;
}

static int put_ifname(struct sk_buff *msg, int type,
		      const struct net_device *dev)
{
	char name[IFNAMSIZ];

	if (!dev)
		return 0;
	/* a copy: it may be renamed while its length is taken */
	strscpy(name, dev->name, sizeof(name));
	return nla_put_string(msg, type, name);
}

static int put_packet(struct sk_buff *msg, const struct pn_policy *policy,
		      const struct pn_packet *p)
{
	const struct pn_tuple *t = &p->t;

	if (pn_put_address(msg, POSTERN_A_SADDR, t->v6, t->saddr) ||
	    pn_put_address(msg, POSTERN_A_DADDR, t->v6, t->daddr) ||
	    nla_put_u8(msg, POSTERN_A_PROTO, t->proto) ||
	    (p->sport && nla_put_u16(msg, POSTERN_A_SPORT, p->sport)) ||
	    nla_put_u16(msg, POSTERN_A_PORT, t->port) ||
	    put_ifname(msg, POSTERN_A_IN_NAME, p->in) ||
	    put_ifname(msg, POSTERN_A_OUT_NAME, p->out) ||
	    put_name(msg, POSTERN_A_ZONE_NAME,
		     pn_zone_name(policy, p->zone_in)) ||
	    put_name(msg, POSTERN_A_ZONE_OUT_NAME,
		     pn_zone_name(policy, p->zone_out)))
		return -EMSGSIZE;
	return 0;
}

static int put_drop(struct sk_buff *msg, const struct pn_policy *policy,
		    const struct pn_packet *p, enum pn_reason reason, u32 rule,
		    bool observed)
{
	if (nla_put_u32(msg, POSTERN_A_REASON, reason) ||
	    put_packet(msg, policy, p))
		return -EMSGSIZE;
	if ((observed &&
	     nla_put_u64_64bit(msg, POSTERN_A_OBSERVED, 1, POSTERN_A_PAD)) ||
	    put_name(msg, POSTERN_A_COMMAND, p->command))
		return -EMSGSIZE;
	if (policy && rule < policy->nr_rules &&
	    (nla_put_u32(msg, POSTERN_A_RULE_INDEX, rule) ||
	     nla_put_string(msg, POSTERN_A_TEXT, policy->rules[rule].text)))
		return -EMSGSIZE;
	return 0;
}

void pn_event_drop(struct pn_net *pn, const struct pn_policy *policy,
		   const struct pn_packet *p, enum pn_reason reason, u32 rule,
		   bool observed)
{
	struct sk_buff *msg;
	void *hdr;

	if (!listened(pn))
		return;
	if (!pn_rate_allow(&pn->events_due, ktime_get_ns(),
			   NSEC_PER_SEC / PN_EVENTS_PER_SECOND,
			   PN_EVENTS_PER_SECOND)) {
		pn_count(pn->stats, PN_COUNT_EVENTS_LOST);
		return;
	}
	msg = begin(POSTERN_EVENT_DROP, &hdr);
	if (!msg) {
		pn_count(pn->stats, PN_COUNT_EVENTS_LOST);
		return;
	}
	finish(pn, msg, hdr, put_drop(msg, policy, p, reason, rule, observed));
}

static int put_pinhole(struct sk_buff *msg, enum postern_event event,
		       const struct pn_host *client,
		       const struct pn_door *door, u32 value)
{
	if (pn_put_host(msg, POSTERN_A_CLIENT, client) ||
	    pn_put_door(msg, door))
		return -EMSGSIZE;
	switch (event) {
	case POSTERN_EVENT_PINHOLE_OPEN:
		return nla_put_u32(msg, POSTERN_A_LEFT_MS, value);
	case POSTERN_EVENT_PINHOLE_CLOSE:
		return nla_put_u32(msg, POSTERN_A_CLOSED, value);
	default:
		return 0;
	}
}

/*
 * Begins an event that a packet or house work may cause, if somebody listens and there
 * are not too many. The counters are written with BH disabled; RCU is for
 * pn_events_close(): both until end_limited().
 */
static struct sk_buff *begin_limited(struct pn_net *pn, atomic64_t *due,
				     enum postern_event event, void **hdr)
	__acquires(RCU)
{
	struct sk_buff *msg = NULL;

	local_bh_disable();
	rcu_read_lock();
	if (!listened(pn))
		return NULL;
	if (pn_rate_allow(due, ktime_get_ns(),
			  NSEC_PER_SEC / PN_EVENTS_PER_SECOND,
			  PN_EVENTS_PER_SECOND))
		msg = begin(event, hdr);
	if (!msg)
		pn_count(pn->stats, PN_COUNT_EVENTS_LOST);
	return msg;
}

static void end_limited(void)
	__releases(RCU)
{
	rcu_read_unlock();
	local_bh_enable();
}

void pn_event_pinhole(struct pn_net *pn, enum postern_event event,
		      const struct pn_host *client, const struct pn_door *door,
		      u32 value)
{
	/* what is refused costs who asks nothing, and is to hide nothing else */
	atomic64_t *due = event == POSTERN_EVENT_PINHOLE_REFUSE ?
			  &pn->events_due : &pn->pinhole_events_due;
	struct sk_buff *msg;
	void *hdr;

	msg = begin_limited(pn, due, event, &hdr);
	if (msg)
		finish(pn, msg, hdr,
		       put_pinhole(msg, event, client, door, value));
	end_limited();
}

void pn_event_ban(struct pn_net *pn, const char *limit, u8 bits,
		  const struct pn_source_key *key, bool banned)
{
	struct sk_buff *msg;
	void *hdr;
	int err;

	msg = begin_limited(pn, &pn->limit_events_due, banned ?
			    POSTERN_EVENT_BAN : POSTERN_EVENT_UNBAN, &hdr);
	if (msg) {
		err = put_name(msg, POSTERN_A_NAME, limit) ?:
		      pn_put_address(msg, POSTERN_A_SADDR, key->v6, key->addr) ?:
		      nla_put_u8(msg, POSTERN_A_PREFIX_LENGTH, bits);
		finish(pn, msg, hdr, err);
	}
	end_limited();
}

/* @key: one prefix, or NULL for @nr of them. */
static int put_bans(struct sk_buff *msg, const struct pn_ban_key *key, u32 nr,
		    u64 left_ms, const char *comment, bool banned)
{
	int err;

	if (key)
		err = pn_put_address(msg, POSTERN_A_SADDR, key->v6, key->addr) ?:
		      nla_put_u8(msg, POSTERN_A_PREFIX_LENGTH, key->bits);
	else
		err = nla_put_u32(msg, banned ? POSTERN_A_NR_ADDED :
						POSTERN_A_NR_CLOSED, nr);
	if (!err && left_ms)
		err = nla_put_u64_64bit(msg, POSTERN_A_BANNED_MS, left_ms,
					POSTERN_A_PAD);
	if (!err && comment[0])
		err = nla_put_string(msg, POSTERN_A_COMMENT, comment);
	return err;
}

void pn_event_bans(struct pn_net *pn, const struct pn_ban_key *key, u32 nr,
		   u64 until, const char *comment, bool banned)
{
	u64 now = ktime_get_boottime_ns();
	u64 left_ms = until > now ? div_u64(until - now, NSEC_PER_MSEC) : 0;
	bool each = nr <= PN_BANS_TOLD;
	struct sk_buff *msg;
	void *hdr;
	u32 i;

	for (i = 0; i < (each ? nr : 1); i++) {
		msg = begin_limited(pn, &pn->limit_events_due, banned ?
				    POSTERN_EVENT_BAN : POSTERN_EVENT_UNBAN,
				    &hdr);
		if (msg)
			finish(pn, msg, hdr,
			       put_bans(msg, each ? &key[i] : NULL, nr, left_ms,
					comment, banned));
		end_limited();
	}
}

void pn_event_attack(struct pn_net *pn, const char *limit, bool attack)
{
	struct sk_buff *msg;
	void *hdr;

	msg = begin_limited(pn, &pn->limit_events_due, attack ?
			    POSTERN_EVENT_ATTACK : POSTERN_EVENT_ATTACK_OVER,
			    &hdr);
	if (msg)
		finish(pn, msg, hdr, put_name(msg, POSTERN_A_NAME, limit));
	end_limited();
}

static int put_state(struct sk_buff *msg, enum postern_event event, u32 value,
		     u32 value2)
{
	switch (event) {
	case POSTERN_EVENT_LOAD:
	case POSTERN_EVENT_CONFIRM:
	case POSTERN_EVENT_ROLLBACK:
		return nla_put_u32(msg, POSTERN_A_GENERATION, value);
	case POSTERN_EVENT_UNLOAD:
		return nla_put_u32(msg, POSTERN_A_UNLOAD_FLAGS, value);
	case POSTERN_EVENT_CT_FULL:
		return nla_put_u32(msg, POSTERN_A_STATUS_CT_COUNT, value) ?:
		       nla_put_u32(msg, POSTERN_A_STATUS_CT_MAX, value2);
	default:
		return -EINVAL;
	}
}

void pn_event_state(struct pn_net *pn, enum postern_event event, u32 value,
		    u32 value2)
{
	struct sk_buff *msg;
	void *hdr;

	/* the counters are written with BH disabled; RCU is for pn_events_close() */
	local_bh_disable();
	rcu_read_lock();
	if (listened(pn)) {
		msg = begin(event, &hdr);
		if (msg)
			finish(pn, msg, hdr,
			       put_state(msg, event, value, value2));
		else
			pn_count(pn->stats, PN_COUNT_EVENTS_LOST);
	}
	rcu_read_unlock();
	local_bh_enable();
}
