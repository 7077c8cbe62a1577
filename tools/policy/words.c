// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <stdint.h>
#include <string.h>

#include "words.h"

bool name_is_valid(const char *text)
{
	if (!isalpha((unsigned char)*text) && *text != '_')
		return false;
	while (*++text)
		if (!isalnum((unsigned char)*text) && !strchr("_.-", *text))
			return false;
	return true;
}

bool amount_parse(const char *text, bool is_time, uint64_t *out)
{
	static const struct unit {
		const char *name;
		uint32_t ms;
	} units[] = {
		{ "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 }, { "d", 86400000 },
	};
	size_t digits = strspn(text, "0123456789"), i;

	if (!digits || (*text == '0' && digits > 1))
		return false;
	for (*out = 0; digits; digits--, text++)
		if (*out < UINT32_MAX)
			*out = *out * 10 + (uint64_t)(*text - '0');
	if (!is_time)
		return !*text;
	for (i = 0; i < sizeof(units) / sizeof(*units); i++) {
		if (strcmp(text, units[i].name))
			continue;
		*out *= units[i].ms;
		return true;
	}
	return false;
}

bool size_parse(const char *text, uint64_t *out)
{
	static const char units[] = "KMG";
	size_t digits = strspn(text, "0123456789");
	const char *unit;

	if (!digits || (*text == '0' && digits > 1))
		return false;
	for (*out = 0; digits; digits--, text++)
		if (*out < 1ull << 50)
			*out = *out * 10 + (uint64_t)(*text - '0');
	if (!*text)
		return true;
	unit = strchr(units, *text);
	if (!unit || text[1])
		return false;
	*out = *out < 1ull << 33 ? *out << 10 * (unit - units + 1) : UINT64_MAX;
	return true;
}

struct name_slot {
	const char *name;
	void *value;
};

static uint32_t hash(const char *s)
{
	uint32_t h = 2166136261u;

	while (*s)
		h = (h ^ (unsigned char)*s++) * 16777619u;
	return h;
}

static struct name_slot *find(const struct names *t, const char *name)
{
	unsigned int i = hash(name) & (t->size - 1);

	while (t->slots[i].name && strcmp(t->slots[i].name, name))
		i = (i + 1) & (t->size - 1);
	return &t->slots[i];
}

void *names_get(const struct names *t, const char *name)
{
	return t->size ? find(t, name)->value : NULL;
}

void names_put(struct names *t, const char *name, void *value)
{
	struct name_slot *slot;

	if (t->nr * 2 >= t->size) {
		struct names bigger = { .arena = t->arena, .size = t->size ? t->size * 2 : 64 };
		unsigned int i;

		bigger.slots = arena_alloc(t->arena, bigger.size * sizeof(*bigger.slots));
		for (i = 0; i < t->size; i++)
			if (t->slots[i].name)
				*find(&bigger, t->slots[i].name) = t->slots[i];
		bigger.nr = t->nr;
		*t = bigger;
	}
	slot = find(t, name);
	if (!slot->name)
		t->nr++;
	slot->name = name;
	slot->value = value;
}

#define WORD_MAX 64

/* Edit distance in which two swapped letters count as one mistake. */
static unsigned int distance(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b), i, j;
	unsigned int rows[3][WORD_MAX + 1], *before = rows[0], *prev = rows[1], *row = rows[2];
	unsigned int best, *swap;

	for (j = 0; j <= lb; j++)
		prev[j] = (unsigned int)j;
	for (i = 1; i <= la; i++) {
		row[0] = (unsigned int)i;
		for (j = 1; j <= lb; j++) {
			best = prev[j - 1] + (a[i - 1] != b[j - 1]);
			if (prev[j] + 1 < best)
				best = prev[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    before[j - 2] + 1 < best)
				best = before[j - 2] + 1;
			row[j] = best;
		}
		swap = before;
		before = prev;
		prev = row;
		row = swap;
	}
	return prev[lb];
}

void nearest_init(struct nearest *n, const char *word)
{
	size_t len = strlen(word);

	n->word = word;
	n->best = NULL;
	n->distance = len > 1 && len < WORD_MAX ? (unsigned int)(len + 2) / 3 + 1 : 0;
	if (n->distance > 4)
		n->distance = 4;
}

void nearest_try(struct nearest *n, const char *candidate)
{
	size_t len = strlen(candidate), own;
	unsigned int d;

	if (!n->distance || len >= WORD_MAX)
		return;
	own = strlen(n->word);
	if (len > own + n->distance || own > len + n->distance)
		return;
	d = distance(n->word, candidate);
	/* The same result whatever the order in which they are shown. */
	if (d < n->distance || (d == n->distance && n->best && strcmp(candidate, n->best) < 0)) {
		n->distance = d;
		n->best = candidate;
	}
}

void nearest_try_all(struct nearest *n, const struct names *t)
{
	unsigned int i;

	for (i = 0; i < t->size; i++)
		if (t->slots[i].name && t->slots[i].value && *t->slots[i].name != '@')
			nearest_try(n, t->slots[i].name);
}
