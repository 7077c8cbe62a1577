// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <string.h>

#include "lines.h"
#include "policy/rpc.h"
#include "policy/words.h"
#include "saved.h"

#define SAVED_NAME "postern-known"
#define SAVED_VERSION "1"

/* Bans that are left to be longer than this are none that postern wrote. */
#define BAN_LEFT_MAX (10ULL * 365 * 86400)
#define SOURCE_LEFT_MAX (30ULL * 86400)
#define ENDPOINT_LEFT_MAX (7ULL * 86400)

/* ---- to a file */

/* A part of a second counts as a whole one: a ban ends late rather than early. */
static uint64_t seconds_left(uint64_t ms)
{
	return (ms + 999) / 1000;
}

static void write_left(FILE *f, bool any, uint64_t ms)
{
	if (any)
		fprintf(f, " %" PRIu64, seconds_left(ms));
	else
		fputs(" -", f);
}

unsigned int saved_write(FILE *f, const struct known *k, time_t now)
{
	char text[PREFIX_TEXT_MAX];
	struct known_endpoint *e;
	struct known_source *s;
	struct known_ban *b;
	unsigned int n = 0;
	char uuid[UUID_TEXT_MAX];

	fprintf(f, "%s %s at %lld\n", SAVED_NAME, SAVED_VERSION, (long long)now);
	vec_for_each(b, &k->bans) {
		prefix_print(&b->prefix, text);
		fprintf(f, "ban %s", text);
		write_left(f, b->ends, b->banned_ms);
		fprintf(f, "%s%s\n", *b->comment ? " " : "", b->comment);
	}
	vec_for_each(s, &k->sources) {
		struct postern_prefix address = s->prefix;

		/* who was refused and never let in is not known */
		if (!s->accepted && !s->banned_ms)
			continue;
		address.length = address.v6 ? 128 : 32;
		prefix_print(&address, text);
		fprintf(f, "%s %s %s %u", s->network ? "network" : "source", s->limit, text,
			s->accepted);
		write_left(f, s->banned_ms, s->banned_ms);
		fputc('\n', f);
		n++;
	}
	vec_for_each(e, &k->endpoints) {
		prefix_print(&e->server, text);
		uuid_print(e->uuid, uuid);
		fprintf(f, "endpoint %s %u %s %u", text, e->port, uuid, e->version);
		write_left(f, true, e->left_ms);
		fputc('\n', f);
	}
	return n;
}

/* ---- from a file */

struct reader {
	struct lines lines;
	struct known *k;
	uint64_t passed; /* seconds since it was written */
};

static bool read_number(struct word word, uint64_t most, uint64_t *number)
{
	char text[24];

	if (!word.len || word.len >= sizeof(text))
		return false;
	memcpy(text, word.text, word.len);
	text[word.len] = 0;
	return amount_parse(text, false, number) && *number <= most;
}

static bool read_address(struct reader *r, bool whole, struct postern_prefix *p)
{
	struct word word = lines_word(&r->lines);
	char why[ADDRESS_ERROR_MAX];

	if (!word.len) {
		lines_error(&r->lines, word, "an address is missing here.");
	} else if (!prefix_parse(word.text, word.len, p, why)) {
		lines_error(&r->lines, word, "%s", why);
	} else if (whole && p->length != (p->v6 ? 128 : 32)) {
		lines_error(&r->lines, word, "only a ban is of a prefix; an address stands here.");
	} else {
		return true;
	}
	return false;
}

/* What is left of a ban; *any: there is a time, and *ms is 0 if it has passed. */
static bool read_left(struct reader *r, uint64_t most, bool *any, uint64_t *ms)
{
	struct word word = lines_word(&r->lines);
	uint64_t s;

	*any = !word_is(word, "-");
	*ms = 0;
	if (!*any)
		return true;
	if (!read_number(word, most, &s)) {
		lines_error(&r->lines, word, "how many seconds are left, or '-', stands here.");
		return false;
	}
	if (s > r->passed)
		*ms = (s - r->passed) * 1000;
	return true;
}

static bool has_control(struct word word)
{
	size_t i;

	for (i = 0; i < word.len; i++)
		if ((unsigned char)word.text[i] < ' ' || word.text[i] == 0x7f)
			return true;
	return false;
}

static void read_ban(struct reader *r)
{
	struct arena *arena = &r->k->arena;
	struct known_ban *b = arena_alloc(arena, sizeof(*b));
	struct word comment;

	if (!read_address(r, false, &b->prefix) ||
	    !read_left(r, BAN_LEFT_MAX, &b->ends, &b->banned_ms))
		return;
	comment = lines_rest(&r->lines);
	if (comment.len > POSTERN_COMMENT_MAX) {
		lines_error(&r->lines, comment, "a comment has at most %d bytes.",
			    POSTERN_COMMENT_MAX);
		return;
	}
	if (has_control(comment)) {
		lines_error(&r->lines, comment, "a comment has no control characters.");
		return;
	}
	b->comment = arena_strndup(arena, comment.text, comment.len);
	if (!b->ends || b->banned_ms)
		vec_push(arena, &r->k->bans, b);
}

static void read_source(struct reader *r, bool network)
{
	struct arena *arena = &r->k->arena;
	struct known_source *s = arena_alloc(arena, sizeof(*s));
	struct word limit = lines_word(&r->lines), word;
	uint64_t accepted;
	bool banned;

	s->network = network;
	s->limit = arena_strndup(arena, limit.text, limit.len);
	if (!limit.len || limit.len > POSTERN_NAME_MAX || has_control(limit)) {
		lines_error(&r->lines, limit, "the name of a limit stands here.");
		return;
	}
	if (!read_address(r, true, &s->prefix))
		return;
	word = lines_word(&r->lines);
	if (!read_number(word, UINT32_MAX, &accepted)) {
		lines_error(&r->lines, word, "how many connections were accepted stands here.");
		return;
	}
	s->accepted = (uint32_t)accepted;
	/* the longest, just begun, is written as a second more: parts count as whole ones */
	if (!read_left(r, SOURCE_LEFT_MAX + 1, &banned, &s->banned_ms))
		return;
	if (s->banned_ms > SOURCE_LEFT_MAX * 1000)
		s->banned_ms = SOURCE_LEFT_MAX * 1000;
	word = lines_rest(&r->lines);
	if (word.len)
		lines_error(&r->lines, word, "nothing more stands on this line.");
	else if (s->accepted || s->banned_ms)
		vec_push(arena, &r->k->sources, s);
}

static void read_endpoint(struct reader *r)
{
	struct arena *arena = &r->k->arena;
	struct known_endpoint *e = arena_alloc(arena, sizeof(*e));
	uint64_t port, version;
	char uuid[UUID_TEXT_MAX];
	struct word word;
	bool ends;

	if (!read_address(r, true, &e->server))
		return;
	word = lines_word(&r->lines);
	if (!read_number(word, 65535, &port) || !port) {
		lines_error(&r->lines, word, "a port stands here.");
		return;
	}
	word = lines_word(&r->lines);
	snprintf(uuid, sizeof(uuid), "%.*s", (int)word.len, word.text);
	if (word.len >= sizeof(uuid) || !uuid_parse(uuid, e->uuid)) {
		lines_error(&r->lines, word, "the UUID of an interface stands here.");
		return;
	}
	word = lines_word(&r->lines);
	if (!read_number(word, 65535, &version)) {
		lines_error(&r->lines, word, "the version of an interface stands here.");
		return;
	}
	e->port = (uint16_t)port;
	e->version = (uint16_t)version;
	if (!read_left(r, ENDPOINT_LEFT_MAX, &ends, &e->left_ms))
		return;
	word = lines_rest(&r->lines);
	if (word.len)
		lines_error(&r->lines, word, "nothing more stands on this line.");
	else if (!ends)
		lines_error(&r->lines, word, "no endpoint is remembered for ever.");
	else if (e->left_ms)
		vec_push(arena, &r->k->endpoints, e);
}

/* Return: false: it is none of ours, and the rest of it need not be read. */
static bool read_head(struct reader *r, time_t now)
{
	struct word name, version, at, time;
	uint64_t then;

	if (!lines_next(&r->lines, "")) {
		complain("%s is empty.", r->lines.source.path);
		return false;
	}
	name = lines_word(&r->lines);
	version = lines_word(&r->lines);
	at = lines_word(&r->lines);
	time = lines_word(&r->lines);
	if (!word_is(name, SAVED_NAME)) {
		lines_error(&r->lines, name, "this is no file of 'postern save'.");
		return false;
	}
	if (!word_is(version, SAVED_VERSION)) {
		lines_error(&r->lines, version,
			    "this postern reads version " SAVED_VERSION " of these files.");
		return false;
	}
	if (r->lines.nr != 1 || !word_is(at, "at") || !read_number(time, UINT32_MAX, &then) ||
	    lines_rest(&r->lines).len) {
		lines_error(&r->lines, at, "'at' and the seconds of the epoch stand here.");
		return false;
	}
	/* a clock that went back lets no ban end, and makes none longer */
	r->passed = (uint64_t)now > then ? (uint64_t)now - then : 0;
	return true;
}

enum status saved_read(struct known *k, const char *path, time_t now)
{
	struct reader r = { .k = k };
	enum status status;
	struct word word;
	bool ours;

	if (!lines_open(&r.lines, path))
		return STATUS_USAGE;
	ours = read_head(&r, now);
	while (ours && lines_next(&r.lines, "")) {
		word = lines_word(&r.lines);
		if (*word.text == '#')
			continue;
		if (word_is(word, "ban"))
			read_ban(&r);
		else if (word_is(word, "source") || word_is(word, "network"))
			read_source(&r, word_is(word, "network"));
		else if (word_is(word, "endpoint"))
			read_endpoint(&r);
		else
			lines_error(&r.lines, word,
				    "a line begins with ban, source, network or endpoint.");
	}
	status = lines_close(&r.lines);
	return ours ? status : STATUS_USAGE;
}
