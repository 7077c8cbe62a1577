/* SPDX-License-Identifier: GPL-2.0 */
/* From the kernel's dumps back to the model. */
#ifndef FETCH_H
#define FETCH_H

#include "nl.h"
#include "policy/model.h"

struct state {
	uint32_t generation; /* 0: no policy */
	const char *version;
	uint32_t flags, policy_flags;
	uint64_t uptime_ms, loaded_at, confirm_ms, memory;
	uint32_t nr_zones, nr_hosts, nr_services, nr_limits, nr_inspects, nr_rules, nr_ranges;
	uint32_t table_sources;
	uint32_t nr_classes, nr_cells;
	uint32_t ct_count, ct_max;
	uint32_t nr_pinholes, nr_endpoints, nr_inspected;
	uint32_t nr_sources, sources_room, nr_bans;
	uint64_t limiter_memory;
	uint32_t mark, mark_mask;
	uint32_t fastpath, fastpath_state, nr_fast;
	const char *foreign; /* the hook for which the fast path is off, or "" */
	struct vec files; /* char */
	struct vec attacked; /* char: names of limits */
};

#define FETCH_RANGES 1 /* the addresses of the hosts */

/*
 * The state, and with @p the policy in force. What they hold is in *p, or in
 * @arena. Complains if it fails.
 */
enum status fetch_state(struct nl *nl, struct arena *arena, struct state *state);
enum status fetch_policy(struct nl *nl, int what, struct policy **p, struct state *state);

#endif
