// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "braces.h"
#include "rate.h"

#define YEAR_NS (365ull * 86400 * 1000000000)

/* ---- words */

const struct ref *braces_peek(const struct braces *b)
{
	return b->at < b->words->n ? b->words->v[b->at] : NULL;
}

const struct ref *braces_last(const struct braces *b)
{
	return b->words->v[b->at - 1];
}

bool braces_next_is(const struct braces *b, const char *word)
{
	return braces_peek(b) && !strcmp(braces_peek(b)->name, word);
}

bool braces_skip(struct braces *b, const char *word)
{
	if (!braces_next_is(b, word))
		return false;
	b->at++;
	return true;
}

bool braces_over(const struct braces *b)
{
	const struct ref *word = braces_peek(b);

	return !word || !strcmp(word->name, ";") || word->loc.line != braces_last(b)->loc.line;
}

const struct ref *braces_entry(struct braces *b, const char *what)
{
	const struct ref *word = braces_peek(b);

	if (!word || braces_next_is(b, ",") || braces_next_is(b, ";") ||
	    (braces_over(b) && strcmp(braces_last(b)->name, ","))) {
		braces_expected(b, what);
		return NULL;
	}
	b->at++;
	return word;
}

bool braces_expected(struct braces *b, const char *what)
{
	const struct ref *word = braces_peek(b);
	struct loc loc = braces_last(b)->loc;

	if (!braces_over(b)) {
		diag_error(&b->p->diags, word->loc, "'%.*s' is not expected here; expected %s.",
			   shown(word->name), word->name, what);
		return false;
	}
	loc.col = loc.end_col++;
	diag_error(&b->p->diags, loc, "the statement ends too early; expected %s.", what);
	return false;
}

bool braces_need(struct braces *b, const char *word, const char *what)
{
	return braces_skip(b, word) || braces_expected(b, what);
}

/* ---- amounts and rates */

bool braces_amount(struct braces *b, const struct amount *a, uint32_t *to)
{
	const struct ref *word = braces_peek(b);
	uint64_t amount;

	if (word && amount_parse(word->name, a->is_time, &amount)) {
		b->at++;
		if (amount >= a->min && amount <= a->max) {
			*to = (uint32_t)amount;
			return true;
		}
		diag_error(&b->p->diags, word->loc, "%s is %s, and not %.*s.", a->what, a->range,
			   shown(word->name), word->name);
		return false;
	}
	if (braces_over(b))
		return braces_expected(b, a->is_time ? "a time" : "a number");
	diag_error(&b->p->diags, word->loc,
		   a->is_time ?
			   "'%.*s' is not a time, which is a number with ms, s, m, h or d, like 90s." :
			   "'%.*s' is not a number.",
		   shown(word->name), word->name);
	return false;
}

static bool check_rate(struct braces *b, const struct ref *word, struct postern_rate *rate,
		       uint64_t count)
{
	uint64_t one_in_1000_ns = rate->per_ms * 1000ull;
	uint32_t most = one_in_1000_ns > UINT32_MAX ? UINT32_MAX : (uint32_t)one_in_1000_ns;

	if (!count) {
		diag_error(&b->p->diags, word->loc,
			   "a rate of 0 lets nobody in; do not allow it, or block it.");
		return false;
	}
	if (count > most) {
		diag_error(&b->p->diags, word->loc, "'%.*s' is too fast; a rate is at most %u/%s.",
			   shown(word->name), word->name, most, rate_unit(rate->per_ms));
		return false;
	}
	rate->count = (uint32_t)count;
	return true;
}

bool braces_rate(struct braces *b, struct postern_rate *rate,
		 uint32_t (*usual)(const struct postern_rate *rate))
{
	static const struct amount burst = { "burst", false, 1, RATE_BURST_MAX, "1 to 1000000" };
	const struct ref *word = braces_peek(b);
	uint64_t count;

	if (braces_over(b))
		return braces_expected(b, "a rate like 10/second");
	b->at++;
	if (!rate_parse(word->name, rate, &count)) {
		diag_error(&b->p->diags, word->loc,
			   "'%.*s' is not a rate, which is a number for a second, minute, hour or day, like 10/second.",
			   shown(word->name), word->name);
		return false;
	}
	if (!check_rate(b, word, rate, count))
		return false;
	rate->burst = usual(rate);
	if (!braces_skip(b, "burst"))
		return true;
	word = braces_peek(b);
	if (!braces_amount(b, &burst, &rate->burst))
		return false;
	if (rate->burst > YEAR_NS / (rate->per_ms * 1000000ull / count)) {
		diag_error(&b->p->diags, word->loc,
			   "at %u/%s a burst of %u takes longer than 365 days to come back.",
			   rate->count, rate_unit(rate->per_ms), rate->burst);
		return false;
	}
	return true;
}

/* ---- statements */

void braces_once(struct braces *b, unsigned int said, const char *name, const struct ref *word)
{
	if (b->said[said])
		diag_error(&b->p->diags, word->loc, "'%s' is already said at %s.", name,
			   policy_place(b->p, &b->said[said]->loc));
	else
		b->said[said] = word;
}

/* "rate, open and observe" */
static const char *names_text(struct braces *b, const struct statement *s)
{
	const char *text = "";
	bool first = true;

	for (; s->name; s++) {
		if (s->meant)
			continue;
		text = arena_printf(&b->p->arena, "%s%s%s", text,
				    first      ? "" :
				    !s[1].name ? " and " :
						 ", ",
				    s->name);
		first = false;
	}
	return text;
}

static void unknown_statement(struct braces *b, const struct statement *statements,
			      const struct ref *word)
{
	const struct statement *s;
	const char *meant = NULL;
	struct nearest near;

	nearest_init(&near, word->name);
	for (s = statements; s->name; s++)
		nearest_try(&near, s->name);
	for (s = statements; s->name && near.best; s++)
		if (!strcmp(s->name, near.best))
			meant = s->meant ? s->meant : s->name;
	if (meant)
		diag_error(&b->p->diags, word->loc, "'%.*s' is not said of %s; did you mean '%s'?",
			   shown(word->name), word->name, b->of, meant);
	else
		diag_error(&b->p->diags, word->loc, "'%.*s' is not said of %s; %s are.",
			   shown(word->name), word->name, b->of, names_text(b, statements));
}

static void read_statement(struct braces *b, const struct statement *statements)
{
	const struct ref *word = braces_peek(b);
	const struct statement *s;

	b->at++;
	if (!strcmp(word->name, ";"))
		return;
	for (s = statements; s->name; s++)
		if (s->take && !strcmp(s->name, word->name))
			break;
	if (!s->name)
		unknown_statement(b, statements, word);
	else if (s->take(b, word))
		return;
	/* What else stands on the line belongs to what was wrong. */
	while (!braces_over(b))
		b->at++;
}

void braces_read(struct braces *b, const struct statement *statements)
{
	while (b->at < b->words->n)
		read_statement(b, statements);
}
