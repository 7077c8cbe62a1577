/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the steps of a compilation hand to one another. They run in this order:
 *
 *   pn_compile_terms()      what the rules' ends name, each distinct one once
 *   pn_compile_addresses()  address classes; source and destination classes
 *   pn_compile_rpc()       numbers of RPC interfaces (rpc.h)
 *   pn_compile_services()   service classes
 *   pn_compile_rules()      combinations, outcomes
 *
 * Words: an ATOM is the own ranges of one set of hosts, or "every address"; a
 * SPEC is an atom in a zone; a TERM is what one end of a rule names, a union of
 * specs; a REF is a rule in one direction (a <-> rule has two), numbered in the
 * order in which they are tried.
 */
#ifndef PN_COMPILE_H
#define PN_COMPILE_H

#include "intern.h"
#include "policy.h"

#define PN_CELLS_MAX	(8U << 20)	/* combinations of one policy */

/*
 * Small steps, of some ns each, that one compilation may take. What a policy
 * combines to is bounded by memory, but not how often the same comes out again.
 */
#define PN_STEPS_MAX	(1024ULL << 20)
#define PN_STEPS_PAUSE	(256U << 10)	/* between two looks at the scheduler */

/**
 * struct pn_csr - lists of numbers by number ("compressed sparse rows")
 * @start: @nr + 1 of them; list i is item[start[i]] up to item[start[i + 1]]
 */
struct pn_csr {
	u32 *start;
	u32 *item;
	u32 nr, nr_items;
};

struct pn_spec {
	u32 zone;			/* index, tables.zone_self or PN_ZONE_ANY */
	u32 atom;
};

/**
 * struct pn_side - the sources, or the destinations, of all rules
 * @terms: their members are pairs of zone and atom, and the action
 * @ref_term: by ref
 * @uses: by atom: pairs of term and zone
 * @classes: sets of terms; for sources, of one zone
 * @table: becomes tables.src_class or dst_class
 */
struct pn_side {
	struct pn_intern terms;
	u32 *ref_term;
	struct pn_csr uses;
	struct pn_intern classes;
	u32 *table;
};

struct pn_ref {
	u32 rule;
	bool swapped;
};

struct pn_compile {
	struct pn_policy *policy;
	struct netlink_ext_ack *extack;
	struct pn_place *place;
	struct pn_hash seed;

	struct pn_ref *refs;
	u32 nr_refs;
	u32 any_atom;			/* behind the sets */
	struct pn_side src, dst;
	struct pn_intern addresses;	/* sets of atoms */

	struct pn_intern service_terms;	/* unions of services; 0: any service */
	u32 *ref_service;		/* by ref */
	struct pn_intern services;	/* sets of service terms */
	struct pn_csr service_classes;	/* by service term: classes in it */

	u32 *stamp;			/* by service: seen in round @stamp_now */
	u32 stamp_now;

	u64 steps, pause;		/* taken, and when to pause next */
};

int pn_compile_terms(struct pn_compile *c);
int pn_compile_addresses(struct pn_compile *c);
int pn_compile_rpc(struct pn_compile *c);
int pn_compile_services(struct pn_compile *c);
int pn_compile_rules(struct pn_compile *c);

/* Spaces of pn_hash_of(), so that equal numbers of different kinds differ. */
enum {
	PN_SPACE_ATOM,
	PN_SPACE_SPEC,
	PN_SPACE_ACTION,
	PN_SPACE_TERM,
	PN_SPACE_ZONE,
	PN_SPACE_SERVICE,
	PN_SPACE_REF,
	PN_SPACE_OUTCOME,
};

/* Two passes: count with pn_csr_count(), pn_csr_alloc(), then pn_csr_put(). */
int pn_csr_init(struct pn_compile *c, struct pn_csr *csr, u32 nr);
int pn_csr_alloc(struct pn_compile *c, struct pn_csr *csr);
void pn_csr_free(struct pn_compile *c, struct pn_csr *csr);

static inline void pn_csr_count(struct pn_csr *csr, u32 row)
{
	csr->start[row]++;
}

/*
 * Fills rows from their ends, so that afterwards start[] holds their beginnings:
 * put in descending order what is to be read in ascending order.
 */
static inline void pn_csr_put(struct pn_csr *csr, u32 row, u32 item)
{
	csr->item[--csr->start[row]] = item;
}

/*
 * Whether an end of a rule that names @zone fits a packet whose zone is @column,
 * a zone or a pseudo-zone.
 */
bool pn_zone_fits(const struct pn_compile *c, u32 zone, u32 column, u32 action);

/*
 * Pays for @nr steps, and lets others run when it is time. Return: 0, -E2BIG if
 * the policy takes too many, -EINTR if the caller was killed.
 */
int pn_compile_steps(struct pn_compile *c, u64 nr);

/* Sentences for -E2BIG and -ENOMEM. Return: @err. */
int pn_compile_refuse(struct pn_compile *c, int err, const char *too_big);

#endif /* PN_COMPILE_H */
