/* SPDX-License-Identifier: GPL-2.0 */
/* Files of one thing a line, and what is wrong with them, as with a policy. */
#ifndef LINES_H
#define LINES_H

#include "cmd.h"
#include "policy/diag.h"

struct lines {
	struct arena arena;
	struct source source;
	struct diags diags;
	const char *next; /* line */
	const char *at, *end; /* what is left of this one */
	unsigned int nr;
};

struct word {
	const char *text; /* not followed by a 0 */
	size_t len;
};

/* "-" is standard input. Complains if it cannot be read. */
bool lines_open(struct lines *l, const char *path);

/* The next line that is not empty, without what stands behind a character of @comment. */
bool lines_next(struct lines *l, const char *comment);

/* The next word of the line; one of no length at its end. */
struct word lines_word(struct lines *l);
bool word_is(struct word word, const char *text);

/* All words that are left, without the blanks around them. */
struct word lines_rest(struct lines *l);

/* Of @word in the line that is read. */
void lines_error(struct lines *l, struct word word, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Prints what was wrong; STATUS_USAGE if anything was. */
enum status lines_close(struct lines *l);

#endif
