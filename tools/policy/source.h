/* SPDX-License-Identifier: GPL-2.0 */
/* Source texts: the files that a policy is read from, and places in them. */
#ifndef POLICY_SOURCE_H
#define POLICY_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Lines and columns count from 1, columns in bytes; the end is exclusive. */
struct loc {
	unsigned int source;
	unsigned int line, col;
	unsigned int end_line, end_col;
};

/* Below 0, 0 or above: @a stands before, at or behind @b. */
int loc_compare(const struct loc *a, const struct loc *b);

struct source {
	char *path; /* as the user names it */
	char *text; /* followed by a 0 that is not part of it */
	size_t len;
	bool is_policy; /* and not a list of prefixes */
	unsigned int index; /* among the policy files */
	struct loc included; /* line 0: not included */
	unsigned long long dev, ino; /* 0: not a file */
};

/* Reads the whole file; "-" is standard input. False: see *why, a static string. */
bool source_read(struct source *src, const char *path, const char **why);
void source_release(struct source *src);

/* read(2) that no signal ends early. Below 0: see *why, a static string. */
ssize_t read_some(int fd, char *to, size_t room, const char **why);

/* The text of a line, without its end; empty if there is none. */
const char *source_line(const struct source *src, unsigned int line, size_t *len);

#endif
