/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Output: each value is printed by one call, as text by its format or as JSON
 * under its key. Text with no place in JSON has no key, and the other way round
 * no format.
 */
#ifndef OUT_H
#define OUT_H

#include <stdbool.h>
#include <stdint.h>

enum color {
	COLOR_NONE,
	COLOR_GOOD,
	COLOR_BAD,
	COLOR_WARN,
	COLOR_NAME,
	COLOR_DIM,
};

/* @when: auto, always or never; false: something else. */
bool out_set_color(const char *when);
void out_set_json(void);
bool out_is_json(void);
/* Whether messages on stderr are coloured. */
bool out_stderr_color(void);

/* @key is NULL in an array, and where there is only text. The outermost object needs no call. */
void out_object(const char *key);
void out_array(const char *key);
void out_end(void);

/* Only one value may be in @fmt, a %s or a %llu. */
void out_str(const char *key, const char *fmt, const char *value);
void out_color_str(enum color color, const char *key, const char *fmt, const char *value);
void out_uint(const char *key, const char *fmt, uint64_t value);
/* A string in an array. */
void out_element(const char *fmt, const char *value);
void out_bool(const char *key, const char *text_if_true, bool value);

/* "3 rules, ": the number, what is counted, and @after. */
void out_count(const char *key, uint64_t n, const char *one, const char *many, const char *after);
/* In the unit that suits it. */
void out_bytes(const char *key, uint64_t n, const char *after);

/* "59 s", "12 min", "5 h", "3 days" */
#define SPAN_TEXT_MAX 32
const char *span_text(uint64_t ms, char text[SPAN_TEXT_MAX]);

/* Only as text. */
void out_text(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Ends one JSON document; a program that prints lines calls it for each. */
void out_flush(bool one_line);

#endif
