/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Statements in the braces of a limit or an inspect. They are read word by word
 * outside of the grammar, as their words are none of the language.
 */
#ifndef POLICY_BRACES_H
#define POLICY_BRACES_H

#include "build.h"

/* What may be said once has a number, as an enum of its own says. */
#define BRACES_SAID_MAX 16

struct braces {
	struct policy *p;
	const char *of; /* "a limit" */
	const struct vec *words; /* struct ref; also "," and ";" */
	unsigned int at;
	void *object; /* what the statements are of */
	const struct ref *said[BRACES_SAID_MAX];
};

/* @take begins behind the first word, and complains if it fails. */
struct statement {
	const char *name;
	bool (*take)(struct braces *b, const struct ref *word);
	const char *meant; /* instead of @take: what somebody who writes this means */
};

/* All of them; the last of @statements has no name. */
void braces_read(struct braces *b, const struct statement *statements);

/* The next word, NULL at the end, and the one before it. */
const struct ref *braces_peek(const struct braces *b);
const struct ref *braces_last(const struct braces *b);

bool braces_next_is(const struct braces *b, const char *word);
bool braces_skip(struct braces *b, const char *word);

/* Whether the statement is over, as far as one can see where it should go on. */
bool braces_over(const struct braces *b);

/* An entry of a list, behind its first word or a comma; NULL: there is none, and that is told. */
const struct ref *braces_entry(struct braces *b, const char *what);

/* Complains that @what should come here. Return: false */
bool braces_expected(struct braces *b, const char *what);
bool braces_need(struct braces *b, const char *word, const char *what);

/* What an amount may be; @range is min and max as they are written. */
struct amount {
	const char *what;
	bool is_time;
	uint32_t min, max;
	const char *range;
};

bool braces_amount(struct braces *b, const struct amount *a, uint32_t *to);

/* NUMBER/UNIT [burst NUMBER]; without burst it is what @usual says. */
bool braces_rate(struct braces *b, struct postern_rate *rate,
		 uint32_t (*usual)(const struct postern_rate *rate));

/* Complains about the second one, as @name; that is read all the same. */
void braces_once(struct braces *b, unsigned int said, const char *name, const struct ref *word);

#endif
