/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints: postern:postern_drop fires for every drop, and for what would
 * have been one under observe.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM postern

#if !defined(PN_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define PN_TRACE_H

#include <linux/netdevice.h>
#include <linux/tracepoint.h>

#include "packet.h"
#include "stats.h"

TRACE_EVENT(postern_drop,
	TP_PROTO(const struct pn_packet *p, int reason, u32 rule, bool observed),
	TP_ARGS(p, reason, rule, observed),
	TP_STRUCT__entry(
		__field(const void *, skb)
		__array(char, reason, PN_REASON_NAME_SIZE)
		__field(u32, rule)
		__field(bool, observed)
		__field(int, in)
		__field(int, out)
		__field(u8, proto)
		__field(u16, sport)
		__field(u16, dport)
		__array(u8, saddr, 16)
		__array(u8, daddr, 16)
	),
	TP_fast_assign(
		__entry->skb = p->skb;
		strscpy(__entry->reason, pn_reason_name[reason],
			sizeof(__entry->reason));
		__entry->rule = rule;
		__entry->observed = observed;
		__entry->in = p->in ? p->in->ifindex : 0;
		__entry->out = p->out ? p->out->ifindex : 0;
		__entry->proto = p->t.proto;
		__entry->sport = p->sport;
		__entry->dport = p->t.port;
		pn_key_to_bytes(p->t.v6, p->t.saddr, __entry->saddr);
		pn_key_to_bytes(p->t.v6, p->t.daddr, __entry->daddr);
	),
	TP_printk("%s%s rule=%d in=%d out=%d %pI6c -> %pI6c proto=%u %u -> %u",
		  __entry->observed ? "observed " : "",
		  __entry->reason, (int)__entry->rule, __entry->in, __entry->out,
		  __entry->saddr, __entry->daddr, __entry->proto,
		  __entry->sport, __entry->dport)
);

#endif /* PN_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH kmod
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
