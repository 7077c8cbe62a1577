// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../mem.h"
#include "source.h"

/* Columns and offsets are int in flex and bison. */
#define SOURCE_MAX ((size_t)512 << 20)

int loc_compare(const struct loc *a, const struct loc *b)
{
	if (a->source != b->source)
		return a->source < b->source ? -1 : 1;
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	return a->col < b->col ? -1 : a->col > b->col;
}

ssize_t read_some(int fd, char *to, size_t room, const char **why)
{
	ssize_t got;

	do {
		got = read(fd, to, room);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		*why = strerror(errno);
	return got;
}

static bool read_all(struct source *src, int fd, size_t expect, const char **why)
{
	size_t cap = expect + 1;
	ssize_t got;

	src->text = xrealloc(NULL, cap + 1, 1);
	for (;;) {
		if (src->len == cap) {
			cap *= 2;
			src->text = xrealloc(src->text, cap + 1, 1);
		}
		got = read_some(fd, src->text + src->len, cap - src->len, why);
		if (got < 0)
			return false;
		if (!got)
			break;
		src->len += (size_t)got;
		if (src->len > SOURCE_MAX) {
			*why = "it is larger than 512 MiB";
			return false;
		}
	}
	src->text[src->len] = 0;
	return true;
}

bool source_read(struct source *src, const char *path, const char **why)
{
	bool is_stdin = !strcmp(path, "-");
	struct stat st;
	bool ok = false;
	int fd;

	src->text = NULL;
	src->len = 0;
	fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st)) {
		*why = strerror(errno);
	} else if (S_ISDIR(st.st_mode)) {
		*why = "it is a directory";
	} else if (S_ISREG(st.st_mode) && (unsigned long long)st.st_size > SOURCE_MAX) {
		*why = "it is larger than 512 MiB";
	} else {
		if (S_ISREG(st.st_mode)) {
			src->dev = st.st_dev;
			src->ino = st.st_ino;
		}
		ok = read_all(src, fd, S_ISREG(st.st_mode) ? (size_t)st.st_size : 65536, why);
	}
	if (fd >= 0 && !is_stdin)
		close(fd);
	return ok;
}

void source_release(struct source *src)
{
	free(src->text);
	src->text = NULL;
	src->len = 0;
}

const char *source_line(const struct source *src, unsigned int line, size_t *len)
{
	const char *p = src->text, *end = src->text + src->len, *nl;

	*len = 0;
	if (!p || !line)
		return "";
	while (--line) {
		nl = memchr(p, '\n', (size_t)(end - p));
		if (!nl)
			return "";
		p = nl + 1;
	}
	nl = memchr(p, '\n', (size_t)(end - p));
	*len = (size_t)((nl ? nl : end) - p);
	if (*len && p[*len - 1] == '\r')
		--*len;
	return p;
}
