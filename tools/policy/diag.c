// SPDX-License-Identifier: GPL-2.0
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "diag.h"

/* The longest piece of a line that is shown. */
#define EXCERPT_MAX 160

struct diag *diag_add(struct diags *d, enum severity severity, struct loc loc, const char *fmt, ...)
{
	struct diag *diag;
	va_list ap;

	if (severity == SEVERITY_ERROR)
		d->nr_errors++;
	else
		d->nr_warnings++;
	if (d->list.n >= DIAGS_MAX)
		return NULL;
	diag = arena_alloc(d->arena, sizeof(*diag));
	diag->severity = severity;
	diag->loc = loc;
	diag->seq = d->list.n;
	va_start(ap, fmt);
	diag->text = arena_vprintf(d->arena, fmt, ap);
	va_end(ap);
	vec_push(d->arena, &d->list, diag);
	return diag;
}

int shown(const char *word)
{
	return (int)strnlen(word, 64);
}

void diag_keep_line(struct diags *d, struct diag *diag, const char *line, size_t len)
{
	if (diag)
		diag->line = arena_strndup(d->arena, line, len);
}

static int compare(const void *pa, const void *pb)
{
	const struct diag *a = *(struct diag *const *)pa, *b = *(struct diag *const *)pb;

	int order = loc_compare(&a->loc, &b->loc);

	return order ? order : a->seq < b->seq ? -1 : a->seq > b->seq;
}

void diags_sort(struct diags *d)
{
	if (d->list.n)
		qsort(d->list.v, d->list.n, sizeof(*d->list.v), compare);
}

/* The length of the UTF-8 character at @p, 0 if it is none that may be printed. */
static size_t utf8_length(const unsigned char *p, size_t len)
{
	size_t n, i;

	if (*p < 0x80)
		return *p >= 0x20 && *p != 0x7f;
	if (*p >= 0xc3 && *p <= 0xdf) /* 0xc2 may be a C1 control character */
		n = 2;
	else if (*p >= 0xe1 && *p <= 0xef)
		n = 3;
	else
		return 0;
	if (n > len)
		return 0;
	for (i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

/* Prints the line, or with @blank only the room that it takes. */
static void print_text(FILE *f, const char *text, size_t len, bool blank)
{
	size_t i, n;

	for (i = 0; i < len; i += n) {
		n = utf8_length((const unsigned char *)text + i, len - i);
		if (text[i] == '\t')
			fputc('\t', f);
		else if (blank)
			fputc(' ', f);
		else if (n)
			fwrite(text + i, 1, n, f);
		else
			fputc('?', f);
		if (!n)
			n = 1;
	}
}

static void print_excerpt(FILE *f, const struct diag *diag, const struct source *src, bool color)
{
	size_t len, from = 0, shown, at, width, i;
	const char *text = diag->line;

	if (text)
		len = strlen(text);
	else
		text = source_line(src, diag->loc.line, &len);
	if (!diag->loc.line || (!len && diag->loc.col > 1))
		return;
	at = diag->loc.col ? diag->loc.col - 1 : 0;
	if (at > len)
		at = len;
	if (at > EXCERPT_MAX / 2)
		from = len > EXCERPT_MAX ? at - EXCERPT_MAX / 2 : 0;
	shown = len - from > EXCERPT_MAX ? EXCERPT_MAX : len - from;

	fputs(from ? "..." : "", f);
	print_text(f, text + from, shown, false);
	fputs(from + shown < len ? "...\n" : "\n", f);

	fputs(from ? "   " : "", f);
	print_text(f, text + from, at - from, true);
	width = 1;
	if (diag->loc.end_line > diag->loc.line)
		width = from + shown - at;
	else if (diag->loc.end_col > diag->loc.col)
		width = diag->loc.end_col - diag->loc.col;
	if (at + width > from + shown)
		width = at < from + shown ? from + shown - at : 1;
	fputs(color ? "\033[1;32m^" : "^", f);
	for (i = 1; i < width; i++)
		if (at + i >= len || ((unsigned char)text[at + i] & 0xc0) != 0x80)
			fputc('~', f);
	fputs(color ? "\033[0m\n" : "\n", f);
}

void diag_print(FILE *f, const struct diag *diag, const struct source *src, bool color)
{
	bool error = diag->severity == SEVERITY_ERROR;

	if (diag->loc.line)
		fprintf(f, "%s:%u:%u: ", src->path, diag->loc.line, diag->loc.col);
	else
		fprintf(f, "%s: ", src->path);
	if (color)
		fputs(error ? "\033[1;31m" : "\033[1;35m", f);
	fputs(error ? "error:" : "warning:", f);
	fputs(color ? "\033[0m " : " ", f);
	fprintf(f, "%s\n", diag->text);
	print_excerpt(f, diag, src, color);
}
