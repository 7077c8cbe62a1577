/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Diagnostics: collected while a policy is read, then printed in the order of
 * the files, each as file:line:column, one sentence, the line and a caret.
 */
#ifndef POLICY_DIAG_H
#define POLICY_DIAG_H

#include <stdbool.h>
#include <stdio.h>

#include "../mem.h"
#include "source.h"

enum severity {
	SEVERITY_ERROR,
	SEVERITY_WARNING,
};

struct diag {
	enum severity severity;
	struct loc loc;
	unsigned int seq;
	const char *text;
	const char *line; /* NULL: see the source */
};

struct diags {
	struct arena *arena;
	struct vec list;
	unsigned int nr_errors, nr_warnings;
};

/* More than this many are counted, but not kept. */
#define DIAGS_MAX 1000

/* NULL if it is one too many. */
struct diag *diag_add(struct diags *d, enum severity severity, struct loc loc, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
#define diag_error(d, loc, ...) diag_add(d, SEVERITY_ERROR, loc, __VA_ARGS__)
#define diag_warning(d, loc, ...) diag_add(d, SEVERITY_WARNING, loc, __VA_ARGS__)

/* How much of a user's word is told, for %.*s. */
int shown(const char *word);

/* For a text that is not kept. */
void diag_keep_line(struct diags *d, struct diag *diag, const char *line, size_t len);

void diags_sort(struct diags *d);

/* One of them, as people read it; @src may be without text. */
void diag_print(FILE *f, const struct diag *diag, const struct source *src, bool color);

#endif
