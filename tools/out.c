// SPDX-License-Identifier: GPL-2.0
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "out.h"

#define DEPTH_MAX 8

static struct {
	bool json;
	enum {
		AUTO,
		ALWAYS,
		NEVER
	} color;
	json_t *stack[DEPTH_MAX];
	int depth;
} out;

static const char *const colors[] = {
	[COLOR_GOOD] = "\033[32m", [COLOR_BAD] = "\033[1;31m", [COLOR_WARN] = "\033[33m",
	[COLOR_NAME] = "\033[1m",  [COLOR_DIM] = "\033[2m",
};

bool out_set_color(const char *when)
{
	if (!strcmp(when, "auto"))
		out.color = AUTO;
	else if (!strcmp(when, "always"))
		out.color = ALWAYS;
	else if (!strcmp(when, "never"))
		out.color = NEVER;
	else
		return false;
	return true;
}

static bool wants_color(int fd)
{
	const char *term = getenv("TERM"), *no = getenv("NO_COLOR");

	if (out.color != AUTO)
		return out.color == ALWAYS;
	if ((no && *no) || (term && !strcmp(term, "dumb")))
		return false;
	return isatty(fd);
}

bool out_stderr_color(void)
{
	return wants_color(STDERR_FILENO);
}

void out_set_json(void)
{
	out.json = true;
}

bool out_is_json(void)
{
	return out.json;
}

static void add(const char *key, json_t *value)
{
	json_t *top;

	if (!out.depth)
		out.stack[out.depth++] = json_object();
	top = out.stack[out.depth - 1];
	if (json_is_array(top))
		json_array_append_new(top, value);
	else
		json_object_set_new(top, key ? key : "", value);
}

static void push(const char *key, json_t *value)
{
	if (!out.json)
		return;
	add(key, value);
	if (out.depth == DEPTH_MAX)
		abort();
	out.stack[out.depth++] = value;
}

void out_object(const char *key)
{
	push(key, json_object());
}

void out_array(const char *key)
{
	push(key, json_array());
}

void out_end(void)
{
	if (out.json && out.depth > 1)
		out.depth--;
}

/* JSON is UTF-8; what is not becomes Latin-1, rather than nothing. */
static json_t *json_text(const char *value)
{
	json_t *text = json_string(value);
	char *copy, *to;

	if (text)
		return text;
	copy = malloc(strlen(value) * 2 + 1);
	if (!copy)
		return json_string("");
	for (to = copy; *value; value++) {
		unsigned char c = (unsigned char)*value;

		if (c < 0x80) {
			*to++ = (char)c;
		} else {
			*to++ = (char)(0xc0 | c >> 6);
			*to++ = (char)(0x80 | (c & 0x3f));
		}
	}
	*to = 0;
	text = json_string(copy);
	free(copy);
	return text;
}

void out_color_str(enum color color, const char *key, const char *fmt, const char *value)
{
	bool colored = !out.json && fmt && color != COLOR_NONE && wants_color(STDOUT_FILENO);

	if (out.json && key)
		add(key, json_text(value));
	if (out.json || !fmt)
		return;
	if (colored)
		fputs(colors[color], stdout);
	printf(fmt, value);
	if (colored)
		fputs("\033[0m", stdout);
}

void out_str(const char *key, const char *fmt, const char *value)
{
	out_color_str(COLOR_NONE, key, fmt, value);
}

void out_element(const char *fmt, const char *value)
{
	if (out.json)
		add(NULL, json_text(value));
	else if (fmt)
		printf(fmt, value);
}

void out_uint(const char *key, const char *fmt, uint64_t value)
{
	if (out.json && key)
		add(key, json_integer((json_int_t)value));
	if (!out.json && fmt)
		printf(fmt, (unsigned long long)value);
}

void out_bool(const char *key, const char *text_if_true, bool value)
{
	if (out.json && key)
		add(key, json_boolean(value));
	if (!out.json && text_if_true && value)
		fputs(text_if_true, stdout);
}

void out_count(const char *key, uint64_t n, const char *one, const char *many, const char *after)
{
	out_uint(key, "%llu ", n);
	out_text("%s%s", n == 1 ? one : many, after);
}

void out_bytes(const char *key, uint64_t n, const char *after)
{
	out_uint(key, NULL, n);
	if (n < 10240)
		out_text("%llu bytes%s", (unsigned long long)n, after);
	else if (n < 10485760)
		out_text("%.1f KiB%s", (double)n / 1024, after);
	else
		out_text("%.1f MiB%s", (double)n / 1048576, after);
}

const char *span_text(uint64_t ms, char text[SPAN_TEXT_MAX])
{
	unsigned long long s = ms / 1000;

	if (s < 120)
		snprintf(text, SPAN_TEXT_MAX, "%llu s", s);
	else if (s < 7200)
		snprintf(text, SPAN_TEXT_MAX, "%llu min", s / 60);
	else if (s < 172800)
		snprintf(text, SPAN_TEXT_MAX, "%llu h", s / 3600);
	else
		snprintf(text, SPAN_TEXT_MAX, "%llu days", s / 86400);
	return text;
}

void out_text(const char *fmt, ...)
{
	va_list ap;

	if (out.json)
		return;
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
}

void out_flush(bool one_line)
{
	if (out.json && out.depth) {
		json_dumpf(out.stack[0], stdout, one_line ? JSON_COMPACT : JSON_INDENT(2));
		putchar('\n');
		json_decref(out.stack[0]);
		out.depth = 0;
	}
	fflush(stdout);
}
