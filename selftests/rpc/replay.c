// SPDX-License-Identifier: GPL-2.0
/*
 * replay FILE...: conversations through the parser, as they were and cut in every
 * other way: the events must be those of the file, however the bytes come.
 *
 * replay --print FILE...: the files again, with the events as they are now.
 */
#include "conversation.h"
#include "recorder.h"

#define CUTS_MAX	4096		/* of pieces longer than this, not all */

static struct recorder whole, cut, before;
static unsigned long cuts, failures, refused;

static void complain(const char *file, const struct conversation *c, const char *how,
		     const char *got, const char *want)
{
	printf("# %s %s: %s\n# got:\n%s# want:\n%s", file, c->name, how, got, want);
	failures++;
}

/* A copy of the connection alone: the text is the same up to its length. */
static void copy(struct recorder *to, const struct recorder *from)
{
	memcpy(to, from, offsetof(struct recorder, text) + from->len + 1);
}

static bool same(const struct recorder *a, const struct recorder *b)
{
	return a->reason == b->reason && a->len == b->len &&
	       !memcmp(a->text, b->text, a->len) &&
	       (a->reason || !memcmp(&a->epm, &b->epm, sizeof(a->epm)));
}

static void every_cut(const char *file, const struct conversation *c,
		      const struct piece *p)
{
	u32 i, step = p->len > CUTS_MAX ? p->len / CUTS_MAX + 1 : 1;

	for (i = 1; i < p->len; i += step) {
		copy(&cut, &before);
		recorder_feed(&cut, p->way, p->bytes, i);
		recorder_feed(&cut, p->way, p->bytes + i, p->len - i);
		cuts++;
		if (!same(&cut, &whole)) {
			complain(file, c, "cut in two", cut.text, whole.text);
			return;
		}
	}
	copy(&cut, &before);
	for (i = 0; i < p->len; i++)
		recorder_feed(&cut, p->way, p->bytes + i, 1);
	cuts++;
	if (!same(&cut, &whole))
		complain(file, c, "byte by byte", cut.text, whole.text);
}

/* All that a direction says until the other speaks, as one piece: many PDUs. */
static void merge(struct conversation *c)
{
	u32 i, n = 0;

	for (i = 1; i < c->nr; i++) {
		struct piece *last = &c->pieces[n], *p = &c->pieces[i];

		if (p->way != last->way) {
			c->pieces[++n] = *p;
			continue;
		}
		last->bytes = realloc(last->bytes, last->len + p->len);
		memcpy(last->bytes + last->len, p->bytes, p->len);
		last->len += p->len;
		free(p->bytes);
	}
	c->nr = c->nr ? n + 1 : 0;
}

static void replay(const char *file, const struct conversation *c)
{
	u32 i;

	recorder_init(&whole, c->mapper);
	for (i = 0; i < c->nr; i++) {
		copy(&before, &whole);
		recorder_feed(&whole, c->pieces[i].way, c->pieces[i].bytes,
			      c->pieces[i].len);
		every_cut(file, c, &c->pieces[i]);
	}
	if (strcmp(whole.text, c->events))
		complain(file, c, "events", whole.text, c->events);
	refused += !!whole.reason;
}

static void print(const struct conversation *c)
{
	const char *line, *end;
	u32 i, j;

	recorder_init(&whole, c->mapper);
	printf("\n%s %s\n", c->mapper ? "mapper" : "data", c->name);
	for (i = 0; i < c->nr; i++) {
		const struct piece *p = &c->pieces[i];

		recorder_feed(&whole, p->way, p->bytes, p->len);
		printf("%c ", p->way ? '<' : '>');
		for (j = 0; j < p->len; j++)
			printf("%02x", p->bytes[j]);
		printf("\n");
	}
	for (line = whole.text; *line; line = end + 1) {
		end = strchr(line, '\n');
		printf("= %.*s\n", (int)(end - line), line);
	}
}

int main(int argc, char **argv)
{
	bool printing = argc > 1 && !strcmp(argv[1], "--print");
	int i, nr = 0;

	if (!printing)
		printf("TAP version 13\n1..%d\n", argc - 1);
	for (i = 1 + printing; i < argc; i++) {
		unsigned long failed = failures, conversations = 0;
		struct conversation c;
		FILE *f = fopen(argv[i], "r");

		if (!f) {
			perror(argv[i]);
			return 2;
		}
		cuts = 0;
		while (conversation_read(f, &c)) {
			conversations++;
			if (printing) {
				print(&c);
			} else {
				replay(argv[i], &c);
				merge(&c);
				replay(argv[i], &c);
			}
			conversation_free(&c);
		}
		fclose(f);
		if (printing)
			continue;
		if (!conversations)
			failures++;
		printf("# %lu conversations, %lu cuts\n", conversations, cuts);
		printf("%s %d replay %s\n", failures == failed ? "ok" : "not ok", ++nr,
		       strrchr(argv[i], '/') ? strrchr(argv[i], '/') + 1 : argv[i]);
		fflush(stdout);
	}
	return failures > 0;
}
