/* SPDX-License-Identifier: GPL-2.0 */
/* Names: what may be one, tables of them, and the one that was meant. */
#ifndef POLICY_WORDS_H
#define POLICY_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../mem.h"

bool name_is_valid(const char *text);

/* A number without or, for a time, with its unit, in ms; false if it is none. */
bool amount_parse(const char *text, bool is_time, uint64_t *out);

/* A number of bytes, or of KiB, MiB or GiB with K, M or G; false if it is none. */
bool size_parse(const char *text, uint64_t *out);

/* Name to pointer; the names are not copied. */
struct names {
	struct arena *arena;
	struct name_slot *slots;
	unsigned int nr, size;
};

void *names_get(const struct names *t, const char *name);
void names_put(struct names *t, const char *name, void *value);

/* Collects the nearest of the words it is shown. */
struct nearest {
	const char *word;
	unsigned int distance;
	const char *best; /* NULL: none is near */
};

void nearest_init(struct nearest *n, const char *word);
void nearest_try(struct nearest *n, const char *candidate);
void nearest_try_all(struct nearest *n, const struct names *t);

#endif
