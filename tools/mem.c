// SPDX-License-Identifier: GPL-2.0
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

#define CHUNK_SIZE 65536

struct chunk {
	struct chunk *next;
	size_t used, size;
	max_align_t data[];
};

static void __attribute__((noreturn)) out_of_memory(void)
{
	fputs("postern: out of memory\n", stderr);
	exit(1);
}

void *xrealloc(void *p, size_t nr, size_t size)
{
	if (size && nr > SIZE_MAX / size)
		out_of_memory();
	p = realloc(p, nr && size ? nr * size : 1);
	if (!p)
		out_of_memory();
	return p;
}

void *arena_alloc(struct arena *a, size_t size)
{
	struct chunk *c = a->chunks;
	size_t room;
	void *p;

	if (size > SIZE_MAX / 2)
		out_of_memory();
	size = (size + sizeof(max_align_t) - 1) & ~(sizeof(max_align_t) - 1);
	if (!c || c->size - c->used < size) {
		room = size > CHUNK_SIZE ? size : CHUNK_SIZE;
		c = xrealloc(NULL, 1, sizeof(*c) + room);
		c->next = a->chunks;
		c->used = 0;
		c->size = room;
		a->chunks = c;
	}
	p = (char *)c->data + c->used;
	c->used += size;
	return memset(p, 0, size);
}

char *arena_strndup(struct arena *a, const char *s, size_t len)
{
	char *p = arena_alloc(a, len + 1);

	memcpy(p, s, len);
	return p;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}

char *arena_vprintf(struct arena *a, const char *fmt, va_list ap)
{
	va_list again;
	char *p;
	int len;

	va_copy(again, ap);
	len = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (len < 0)
		out_of_memory();
	p = arena_alloc(a, (size_t)len + 1);
	vsnprintf(p, (size_t)len + 1, fmt, ap);
	return p;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	char *p;

	va_start(ap, fmt);
	p = arena_vprintf(a, fmt, ap);
	va_end(ap);
	return p;
}

void arena_free(struct arena *a)
{
	struct chunk *c;

	while ((c = a->chunks)) {
		a->chunks = c->next;
		free(c);
	}
}

void vec_push(struct arena *a, struct vec *vec, void *item)
{
	if (vec->n == vec->cap) {
		unsigned int cap = vec->cap ? vec->cap * 2 : 4;
		void **v = arena_alloc(a, cap * sizeof(*v));

		if (vec->n)
			memcpy(v, vec->v, vec->n * sizeof(*v));
		vec->v = v;
		vec->cap = cap;
	}
	vec->v[vec->n++] = item;
}
