// SPDX-License-Identifier: GPL-2.0
#include <stdarg.h>
#include <string.h>

#include "lines.h"
#include "out.h"

/* So many mistakes are shown; whoever gave the wrong file need not read all of them. */
#define SHOWN_MAX 20

bool lines_open(struct lines *l, const char *path)
{
	const char *why;

	memset(l, 0, sizeof(*l));
	l->diags.arena = &l->arena;
	l->source.path = arena_strdup(&l->arena, strcmp(path, "-") ? path : "<stdin>");
	if (!source_read(&l->source, path, &why)) {
		complain("cannot read %s: %s.", l->source.path, why);
		source_release(&l->source);
		arena_free(&l->arena);
		return false;
	}
	l->next = l->source.text;
	return true;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

static void skip_blanks(struct lines *l)
{
	while (l->at < l->end && is_blank(*l->at))
		l->at++;
	while (l->at < l->end && is_blank(l->end[-1]))
		l->end--;
}

bool lines_next(struct lines *l, const char *comment)
{
	const char *end = l->source.text + l->source.len, *c;

	while (l->next < end) {
		l->at = l->next;
		l->end = memchr(l->at, '\n', (size_t)(end - l->at));
		if (!l->end)
			l->end = end;
		l->next = l->end < end ? l->end + 1 : end;
		l->nr++;
		for (c = l->at; c < l->end; c++)
			if (*c && strchr(comment, *c))
				l->end = c;
		skip_blanks(l);
		if (l->at < l->end)
			return true;
	}
	return false;
}

struct word lines_word(struct lines *l)
{
	struct word word = { .text = l->at };

	while (l->at < l->end && !is_blank(*l->at))
		l->at++;
	word.len = (size_t)(l->at - word.text);
	skip_blanks(l);
	return word;
}

bool word_is(struct word word, const char *text)
{
	return word.len == strlen(text) && !memcmp(word.text, text, word.len);
}

struct word lines_rest(struct lines *l)
{
	struct word rest = { .text = l->at, .len = (size_t)(l->end - l->at) };

	l->at = l->end;
	return rest;
}

void lines_error(struct lines *l, struct word word, const char *fmt, ...)
{
	struct loc loc = { .line = l->nr, .end_line = l->nr };
	const char *line = word.text;
	va_list ap;

	while (line > l->source.text && line[-1] != '\n')
		line--;
	loc.col = (unsigned int)(word.text - line) + 1;
	loc.end_col = loc.col + (unsigned int)word.len;
	va_start(ap, fmt);
	diag_error(&l->diags, loc, "%s", arena_vprintf(&l->arena, fmt, ap));
	va_end(ap);
}

enum status lines_close(struct lines *l)
{
	unsigned int shown = 0, all = l->diags.nr_errors;
	struct diag *d;

	vec_for_each(d, &l->diags.list) {
		if (shown == SHOWN_MAX)
			break;
		diag_print(stderr, d, &l->source, out_stderr_color());
		shown++;
	}
	if (all > shown)
		complain("and %u more like these.", all - shown);
	source_release(&l->source);
	arena_free(&l->arena);
	return all ? STATUS_USAGE : STATUS_OK;
}
