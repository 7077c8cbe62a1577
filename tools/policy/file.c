// SPDX-License-Identifier: GPL-2.0
/* The files that a policy names: other policies, and lists of prefixes. */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "address.h"
#include "policy.h"

#define INCLUDE_DEPTH_MAX 16

/* Relative names are relative to the file in which they stand. */
char *policy_path(struct policy *p, const struct ref *path)
{
	const struct source *src = p->sources.v[path->loc.source];
	const char *slash = strrchr(src->path, '/');

	if (*path->name == '/' || !slash)
		return arena_strdup(&p->arena, path->name);
	return arena_printf(&p->arena, "%.*s/%s", (int)(slash - src->path), src->path, path->name);
}

static struct source *add_source(struct policy *p, const char *path, bool is_policy)
{
	struct source *src = arena_alloc(&p->arena, sizeof(*src));

	src->path = arena_strdup(&p->arena, path);
	src->is_policy = is_policy;
	if (is_policy)
		src->index = p->nr_policy_files++;
	vec_push(&p->arena, &p->sources, src);
	return src;
}

/* Whether @src is among the files that include it. */
static bool is_loop(const struct policy *p, const struct source *src)
{
	const struct source *up = src;

	while (up->included.line) {
		up = p->sources.v[up->included.source];
		if (src->ino && up->ino == src->ino && up->dev == src->dev)
			return true;
	}
	return false;
}

static unsigned int depth(const struct policy *p, const struct source *src)
{
	unsigned int n = 0;

	for (; src->included.line; n++)
		src = p->sources.v[src->included.source];
	return n;
}

static void include_one(struct policy *p, const char *path, const struct ref *word)
{
	struct source *src = add_source(p, path, true);
	const char *why;

	src->included = word->loc;
	if (!source_read(src, path, &why))
		diag_error(&p->diags, word->loc, "cannot read '%s': %s.", path, why);
	else if (is_loop(p, src))
		diag_error(&p->diags, word->loc, "'%s' includes itself.", path);
	else if (depth(p, src) > INCLUDE_DEPTH_MAX)
		diag_error(&p->diags, word->loc, "files are included more than %d deep.",
			   INCLUDE_DEPTH_MAX);
	else if (p->nr_policy_files == POSTERN_FILES_MAX + 1)
		diag_error(&p->diags, word->loc, "a policy has at most %d files.",
			   POSTERN_FILES_MAX);
	else if (p->nr_policy_files <= POSTERN_FILES_MAX)
		policy_parse_source(p, src);
}

/* A folder that is not there is an empty one; one that cannot be read is a mistake. */
static int on_glob_error(const char *path, int error)
{
	(void)path;
	return error != ENOENT && error != ENOTDIR;
}

void policy_include(struct policy *p, const struct ref *word, struct loc loc)
{
	const char *path = policy_path(p, word);
	glob_t found;
	size_t i;
	int rc;

	(void)loc;
	if (p->no_files) {
		diag_error(&p->diags, word->loc, "this text may not include files.");
		return;
	}
	if (!strpbrk(word->name, "*?[")) {
		include_one(p, path, word);
		return;
	}
	rc = glob(path, 0, on_glob_error, &found);
	if (rc && rc != GLOB_NOMATCH)
		diag_error(&p->diags, word->loc, "cannot look for '%s'.", path);
	for (i = 0; !rc && i < found.gl_pathc; i++)
		include_one(p, found.gl_pathv[i], word);
	if (!rc)
		globfree(&found);
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

/* One list, read a piece at a time: a million lines need not be in memory at once. */
struct list_reader {
	struct policy *p;
	struct hosts *hosts;
	struct loc loc;
};

static void __attribute__((format(printf, 5, 6)))
list_error(struct list_reader *r, const char *line, const char *from, const char *to,
	   const char *fmt, ...)
{
	const char *end = to;
	struct diag *diag;
	va_list ap;

	r->loc.col = (unsigned int)(from - line) + 1;
	r->loc.end_col = (unsigned int)(to - line) + 1;
	va_start(ap, fmt);
	diag = diag_error(&r->p->diags, r->loc, "%s", arena_vprintf(&r->p->arena, fmt, ap));
	va_end(ap);
	while (*end && *end != '\n' && *end != '\r')
		end++;
	diag_keep_line(&r->p->diags, diag, line, (size_t)(end - line));
}

static void prefix_line(struct list_reader *r, const char *line, const char *end)
{
	char why[ADDRESS_ERROR_MAX];
	const char *c = line, *word;
	struct range range;

	r->loc.line++;
	r->loc.end_line = r->loc.line;
	while (c < end && is_space(*c))
		c++;
	word = c;
	while (c < end && !is_space(*c) && *c != '#' && *c != ';')
		c++;
	if (c == word)
		return;
	if (!address_parse(word, (size_t)(c - word), &range, why)) {
		list_error(r, line, word, c, "%s", why);
		return;
	}
	addrset_add(&r->hosts->set, &range);
	while (c < end && is_space(*c))
		c++;
	if (c < end && *c != '#' && *c != ';')
		list_error(r, line, c, end,
			   "one address, prefix or range stands on a line, and comments after '#' or ';'.");
}

/* The whole lines of @text; how many bytes they were. */
static size_t prefix_lines(struct list_reader *r, const char *text, size_t len)
{
	const char *line = text, *nl;

	while ((nl = memchr(line, '\n', len - (size_t)(line - text)))) {
		prefix_line(r, line, nl);
		line = nl + 1;
	}
	return (size_t)(line - text);
}

#define PIECE 65536

static bool read_list(struct list_reader *r, int fd, const char **why)
{
	char piece[PIECE + 1];
	size_t have = 0, done;
	ssize_t got;

	for (;;) {
		got = read_some(fd, piece + have, PIECE - have, why);
		if (got < 0)
			return false;
		if (!got)
			break;
		have += (size_t)got;
		piece[have] = 0;
		done = prefix_lines(r, piece, have);
		if (!done && have == PIECE) {
			*why = "it has a line of more than 64 KiB";
			return false;
		}
		have -= done;
		memmove(piece, piece + done, have);
	}
	piece[have] = 0;
	if (have)
		prefix_line(r, piece, piece + have);
	return true;
}

bool prefix_file_read(struct policy *p, struct hosts *h, const struct ref *file)
{
	const char *path = policy_path(p, file), *why = NULL;
	struct list_reader r = { .p = p, .hosts = h };
	struct source *src;
	bool ok;
	int fd;

	if (p->no_files) {
		diag_error(&p->diags, file->loc, "this text may not name files.");
		return false;
	}
	src = add_source(p, path, false);
	src->included = file->loc;
	r.loc.source = p->sources.n - 1;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ok = fd >= 0 && read_list(&r, fd, &why);
	if (!ok)
		diag_error(&p->diags, file->loc, "cannot read '%s': %s.", path,
			   why ? why : strerror(errno));
	if (fd >= 0)
		close(fd);
	return ok;
}

static void finish(struct policy *p)
{
	policy_resolve(p);
	if (!p->diags.nr_errors)
		policy_warn(p);
	diags_sort(&p->diags);
}

void policy_read(struct policy *p, const char *path)
{
	struct source *src = add_source(p, strcmp(path, "-") ? path : "<stdin>", true);
	struct loc nowhere = { 0 };
	const char *why;

	if (!source_read(src, path, &why)) {
		diag_error(&p->diags, nowhere, "cannot read it: %s.", why);
		return;
	}
	policy_parse_source(p, src);
	finish(p);
}

void policy_parse_text(struct policy *p, const char *name, const char *text, size_t len)
{
	struct source *src = add_source(p, name, true);

	p->no_files = true;
	src->text = xrealloc(NULL, len + 1, 1);
	src->len = len;
	memcpy(src->text, text, len);
	src->text[len] = 0;
	policy_parse_source(p, src);
}

void policy_read_text(struct policy *p, const char *name, const char *text, size_t len)
{
	policy_parse_text(p, name, text, len);
	finish(p);
}
