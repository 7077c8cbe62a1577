/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Classification: which rule decides about a packet, at a cost that does not
 * grow with the policy.
 *
 * THEORY OF OPERATION. Each field of a packet is first reduced to a small
 * number, its class; fields of one class are alike to every rule:
 *
 *	source address      -> address class          (address.h)
 *	  with its zone     -> source class  s        set of rule sources it meets
 *	destination address -> address class
 *	  with its zone     -> destination class d    set of rule destinations
 *	protocol, port      -> service class v        set of rule services
 *
 * Then the classes are combined, two at a time:
 *
 *	(d, v)              -> k                      list of rules that fit both
 *	(k, s)              -> outcome                first of them whose source fits
 *
 * Only combinations that differ from the default of d, or of (k, zone), are
 * stored, in static hash tables. So the memory follows the rules as written:
 *
 *	allow internet -> mail : smtp	d = {mail}  v = {smtp}  k = {rule 1}
 *					default of (k, internet) = rule 1
 *					nothing else is stored for k
 *
 * An outcome is a short list of rules: block rules under observe, which only
 * count, and then the one that decides, or none (the default deny).
 *
 * EARLY. Before routing the outgoing zone is not known. The pseudo-zone
 * tables.zone_early stands for "whichever": an end of an allow rule fits if it
 * fits in some zone, that of a block rule only if it fits in all. What is denied
 * there is denied in the forward hook too.
 */
#ifndef PN_CLASSIFY_H
#define PN_CLASSIFY_H

#include <linux/bits.h>
#include <linux/types.h>
#include <uapi/linux/postern.h>

#include "address.h"

/*
 * Zones are numbered as the administrator wrote them. The two pseudo-zones come
 * behind them, in tables of tables.nr_zones + 2 columns.
 */
#define PN_ZONE_NONE	0xff		/* an interface that is in no zone */
#define PN_ZONE_ANY	0xffffffffU	/* struct pn_hosts: not bound to one */

#define PN_OUTCOME_NONE	0U		/* no rule: the default deny */

/**
 * struct pn_cell - one stored combination
 */
struct pn_cell {
	u32 a, b;
	u32 value;
};

/**
 * struct pn_cells - static hash of combinations, linear probing
 * @multiplier: odd and secret, so that nobody can write a policy whose cells
 *	crowd together
 * @mask: size - 1; the size is a power of two, at least twice @nr
 * @shift: 64 - log2(size)
 */
struct pn_cells {
	struct pn_cell *cell;		/* a == U32_MAX: empty */
	u64 multiplier;
	u32 mask;
	u32 shift;
	u32 nr;
};

/**
 * struct pn_outcome - one link of an outcome's list
 * @rule: index
 * @next: outcome that follows if @rule is a block rule under observe
 */
struct pn_outcome {
	u32 rule;
	u32 next;
};

/**
 * struct pn_class - what is known of one class of addresses
 * @zones: bit map of the zones that claim these addresses
 * @flags: PN_CLASS_*
 * @server: set of hosts that is a server with these addresses, or PN_SERVER_NONE
 * @exempt: bit map of the limits that do not touch them
 */
struct pn_class {
	u64 zones;
	u64 exempt;
	u32 flags;
	u32 server;
};

#define PN_SERVER_NONE	0xffffffffU

#define PN_CLASS_GUARDED	BIT(0)	/* in a set that names its zone, not NAT */
#define PN_CLASS_NAT		BIT(1)	/* this router translates it */

/*
 * What a rule says of RPC is asked like what it says of ports, by protocols
 * that no packet has. Of PN_PROTO_RPC a "port" is the number of an interface that
 * a service names (rpc.h), or one of the last few; of PN_PROTO_RPC_PORT, a TCP
 * port to which a service pins an interface, and of PN_PROTO_RPC_LOOSE, one to which
 * a service with `bind observe` does; of PN_PROTO_OWNED, a TCP port that a plain
 * service names, see pn_classify_owned().
 */
#define PN_PROTO_RPC		256
#define PN_PROTO_RPC_PORT	257
#define PN_PROTO_RPC_LOOSE	258
#define PN_PROTO_OWNED		259
#define PN_PROTOCOLS		260

#define PN_OWNED_PORTS_MAX	8	/* whose range is larger names none of them */

#define PN_RPC_MAPPER		65535	/* the endpoint mapper */
#define PN_RPC_LOOKUP		65534	/* and its ept_lookup */
#define PN_RPC_SEALED_DENY	65533	/* not if it cannot be read */
#define PN_RPC_OBSERVE		65532	/* binds to other interfaces pass */
#define PN_RPC_NO_RESUME	65531	/* connections are not resumed */

#define PN_PORT_PAGE		256

/**
 * struct pn_port_table - service classes of one protocol, by port
 * @page: 256 pointers to 256 classes each, in @pages; equal pages are shared
 */
struct pn_port_table {
	const u16 *page[65536 / PN_PORT_PAGE];
	u32 nr_pages;
	u16 pages[];
};

static inline size_t pn_port_table_size(u32 nr_pages)
{
	return sizeof(struct pn_port_table) +
	       nr_pages * PN_PORT_PAGE * sizeof(u16);
}

/**
 * struct pn_tables - everything a classification reads
 */
struct pn_tables {
	struct pn_addresses v4, v6;
	const struct pn_class *class;	/* by address class */
	u32 nr_classes;
	u32 nr_zones;			/* real ones */
	u32 zone_self, zone_early;	/* pseudo-zones: nr_zones, nr_zones + 1 */
	const u32 *src_class;		/* [zone * nr_classes + address class] */
	const u32 *dst_class;		/* likewise */
	const struct pn_port_table *ports[PN_PROTOCOLS]; /* or NULL */
	u16 service[PN_PROTOCOLS];	/* where ports[] is NULL */
	struct pn_cells by_service;	/* (d, v) -> k */
	const u32 *default_k;		/* [d] */
	struct pn_cells by_source;	/* (k, s) -> outcome */
	const u32 *default_outcome;	/* [k * (nr_zones + 2) + source zone] */
	const struct pn_outcome *outcome;
	const bool *owned;		/* [k], if there is RPC; else NULL */
	u32 nr_outcomes;
	u32 nr_src_classes, nr_dst_classes, nr_service_classes, nr_k;
};

/**
 * struct pn_tuple - what a classification looks at
 * @zone_in: zone of the source; tables.zone_self for the router itself
 * @zone_out: zone of the destination; zone_self, or zone_early before routing
 * @proto: of the packet, or PN_PROTO_*
 * @port: destination port, ICMP type << 8 | code, or 0; host order
 */
struct pn_tuple {
	struct pn_key saddr, daddr;
	bool v6;
	u16 proto;
	u16 port;
	u32 zone_in, zone_out;
};

/**
 * pn_address_class - class of an address
 */
static inline u32 pn_address_class(const struct pn_tables *t, bool v6,
				   struct pn_key addr)
{
	return v6 ? pn_address_class6(&t->v6, addr) :
		    pn_address_class4(&t->v4, addr.hi);
}

/**
 * pn_classify - which outcome a packet has
 * @t: tables
 * @p: tuple; its zones are not PN_ZONE_NONE
 *
 * Context: any; no lock (the caller keeps @t alive, by RCU or ownership).
 * Return: index into t->outcome, or PN_OUTCOME_NONE.
 */
u32 pn_classify(const struct pn_tables *t, const struct pn_tuple *p);

/**
 * pn_classify_owned - may some client reach a plain service at this port?
 * @t: tables
 * @p: tuple; who asks (@saddr, @zone_in) does not matter, nor @proto. With
 *	zone_early nobody knows, and the answer is no
 *
 * Context: any; no lock.
 */
bool pn_classify_owned(const struct pn_tables *t, const struct pn_tuple *p);

/* Where a combination is looked for first: multiply-shift, a universal hash. */
static inline u32 pn_cell_hash(const struct pn_cells *cells, u32 a, u32 b)
{
	return ((u64)a << 32 | b) * cells->multiplier >> cells->shift;
}

#endif /* PN_CLASSIFY_H */
