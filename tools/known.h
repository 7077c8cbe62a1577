/* SPDX-License-Identifier: GPL-2.0 */
/* What the kernel knows of sources and endpoints, and the bans that people set. */
#ifndef KNOWN_H
#define KNOWN_H

#include "mem.h"
#include "prefix.h"

struct known_source {
	struct postern_prefix prefix;
	const char *limit;
	bool network; /* else a source */
	uint32_t open, accepted, refused, reason, burst_used;
	uint64_t seen_ms; /* if accepted */
	uint64_t banned_ms; /* 0: is not */
};

struct known_ban {
	struct postern_prefix prefix;
	bool ends;
	uint64_t banned_ms; /* if it ends */
	bool was_hit;
	uint64_t hit_ms; /* ago */
	const char *comment; /* may be empty */
};

struct known_endpoint {
	struct postern_prefix server; /* a whole address */
	uint16_t port, version;
	uint8_t uuid[16];
	uint64_t left_ms;
};

struct known {
	struct arena arena;
	struct vec sources; /* struct known_source */
	struct vec bans; /* struct known_ban, by prefix */
	struct vec endpoints; /* struct known_endpoint */
	struct vec limits; /* char: names of limits, once each */
};

/*
 * Adds those that the kernel tells: all sources, or those of a limit, or those that an
 * address is in; all bans; all endpoints. Complains if it fails.
 */
enum status known_sources(struct nl *nl, struct known *k, const char *limit,
			  const struct range *addr);
enum status known_bans(struct nl *nl, struct known *k);
enum status known_endpoints(struct nl *nl, struct known *k);
void known_free(struct known *k);

/* Complains if no limit of the policy in force is called so. */
enum status known_limit(struct nl *nl, const char *name);

#endif
