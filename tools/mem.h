/* SPDX-License-Identifier: GPL-2.0 */
/* Memory: an arena that is freed at once, and vectors of pointers in it. */
#ifndef MEM_H
#define MEM_H

#include <stdarg.h>
#include <stddef.h>

struct arena {
	struct chunk *chunks;
};

void *arena_alloc(struct arena *a, size_t size);
char *arena_strndup(struct arena *a, const char *s, size_t len);
char *arena_strdup(struct arena *a, const char *s);
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *a, const char *fmt, va_list ap);
void arena_free(struct arena *a);

struct vec {
	void **v;
	unsigned int n, cap;
};

void vec_push(struct arena *a, struct vec *vec, void *item);

#define vec_for_each(pos, vec)                                                               \
	for (unsigned int pos##_i = 0; pos##_i < (vec)->n && ((pos) = (vec)->v[pos##_i], 1); \
	     pos##_i++)

void *xrealloc(void *p, size_t nr, size_t size);

#endif
