/* SPDX-License-Identifier: GPL-2.0 */
/* From text to a checked model. */
#ifndef POLICY_POLICY_H
#define POLICY_POLICY_H

#include "model.h"

/*
 * Reads @path ("-": standard input) and all that it includes and names, and
 * checks it. The model may be used if p->diags.nr_errors is 0.
 */
void policy_read(struct policy *p, const char *path);

/* The same for a text in memory, which may include nothing. */
void policy_read_text(struct policy *p, const char *name, const char *text, size_t len);

/* Only parses, without looking at what the names mean. */
void policy_parse_text(struct policy *p, const char *name, const char *text, size_t len);

/* The steps, for each other's use. */
bool policy_parse_source(struct policy *p, struct source *src);
void policy_include(struct policy *p, const struct ref *path, struct loc loc);
void policy_resolve(struct policy *p);
void policy_check_pinned(struct policy *p);
void policy_warn(struct policy *p);
bool prefix_file_read(struct policy *p, struct hosts *h, const struct ref *file);
char *policy_path(struct policy *p, const struct ref *path);

/* Is this router among the ends of a rule? */
bool names_self(const struct vec *list);

/* What becomes of a connection of @client, in @zone, to TCP @port of this router. */
enum self_verdict {
	SELF_ALLOWED,
	SELF_DENIED,
	SELF_SPOOFED,
};

enum self_verdict policy_allows_self(struct policy *p, const struct range *client,
				     const struct range *self, const struct zone *zone,
				     uint16_t port);

bool iface_matches(const char *pattern, const char *name);
const struct zone *policy_zone_of(const struct policy *p, const char *iface);

#endif
