// SPDX-License-Identifier: GPL-2.0
/* What stands in the braces of a limit, word by word. */
#include <string.h>

#include "braces.h"
#include "limit.h"
#include "rate.h"

#define OPEN_MAX 10000000u
#define DAY_MS 86400000u

const struct postern_prefixes limit_prefixes = {
	.source4 = 32,
	.source6 = 64,
	.network4 = 24,
	.network6 = 48,
};

/* What may be said once. */
enum said {
	SAID_RATE_SOURCE,
	SAID_RATE_NETWORK,
	SAID_OPEN,
	SAID_HALF_OPEN,
	SAID_SILENT,
	SAID_TOTAL,
	SAID_BAN,
	SAID_EXEMPT,
	SAID_MODE,
	SAID_PREFIX,
	SAID_PREFIX_NETWORK,
	SAID_OBSERVE,
	NR_SAID,
};

static const char *const said_names[] = {
	"rate per source",
	"rate per network",
	"open",
	"half-open",
	"silent",
	"total",
	"ban",
	"exempt",
	"mode",
	"prefix",
	"prefix network",
	"observe",
};

_Static_assert(NR_SAID <= BRACES_SAID_MAX, "each has its place");

/* Complains about the second one; that is read all the same. */
static void say_once(struct braces *b, enum said what, const struct ref *word)
{
	braces_once(b, what, said_names[what], word);
}

static struct limit *limit_of(const struct braces *b)
{
	return b->object;
}

static bool take_level(struct braces *b, bool *network)
{
	if (!braces_need(b, "per", "'per source' or 'per network'"))
		return false;
	*network = braces_next_is(b, "network");
	return braces_skip(b, "network") || braces_need(b, "source", "'source' or 'network'");
}

static bool take_rate(struct braces *b, const struct ref *word)
{
	struct postern_rate rate = { 0 };
	bool network;

	if (!braces_rate(b, &rate, rate_burst) || !take_level(b, &network))
		return false;
	say_once(b, network ? SAID_RATE_NETWORK : SAID_RATE_SOURCE, word);
	*(network ? &limit_of(b)->rate_network : &limit_of(b)->rate_source) = rate;
	return true;
}

static bool take_total(struct braces *b, const struct ref *word)
{
	say_once(b, SAID_TOTAL, word);
	return braces_rate(b, &limit_of(b)->total, rate_burst);
}

/* NUMBER per source[, NUMBER per network], in either order */
static bool take_open(struct braces *b, const struct ref *word)
{
	static const struct amount open = { "open", false, 1, OPEN_MAX, "1 to 10000000" };
	const struct ref *level;
	uint32_t number, *to;
	bool network;

	say_once(b, SAID_OPEN, word);
	limit_of(b)->open_source = 0;
	limit_of(b)->open_network = 0;
	do {
		if (!braces_amount(b, &open, &number) || !take_level(b, &network))
			return false;
		level = braces_last(b);
		to = network ? &limit_of(b)->open_network : &limit_of(b)->open_source;
		if (*to)
			diag_error(&b->p->diags, level->loc, "'per %s' stands here twice.",
				   level->name);
		*to = number;
	} while (braces_skip(b, ","));
	return true;
}

static bool take_half_open(struct braces *b, const struct ref *word)
{
	static const struct amount half = { "half-open", false, 1, OPEN_MAX, "1 to 10000000" };

	say_once(b, SAID_HALF_OPEN, word);
	return braces_amount(b, &half, &limit_of(b)->half_open);
}

static bool take_silent(struct braces *b, const struct ref *word)
{
	static const struct amount silent = { "silent", false, 1, 1000, "1 to 1000" };

	say_once(b, SAID_SILENT, word);
	return braces_amount(b, &silent, &limit_of(b)->silent);
}

/* TIME after NUMBER refusals in TIME[, doubling to TIME] */
static bool take_ban(struct braces *b, const struct ref *word)
{
	static const struct amount first = { "a ban", true, 1000, 30 * DAY_MS, "1s to 30d" };
	static const struct amount most = { "the longest ban", true, 1000, 30 * DAY_MS,
					    "1s to 30d" };
	static const struct amount after = { "the number of refusals", false, 1, 65535,
					     "1 to 65535" };
	static const struct amount window = { "the time in which refusals are counted", true, 1000,
					      DAY_MS, "1s to 1d" };
	struct postern_ban *ban = &limit_of(b)->ban;
	const struct ref *begin;

	say_once(b, SAID_BAN, word);
	limit_of(b)->ban_loc = word->loc;
	if (!braces_amount(b, &first, &ban->ms))
		return false;
	begin = braces_last(b);
	if (!braces_need(b, "after", "'after'") || !braces_amount(b, &after, &ban->refusals))
		return false;
	if (!braces_skip(b, "refusal") && !braces_need(b, "refusals", "'refusals'"))
		return false;
	if (!braces_need(b, "in", "'in'") || !braces_amount(b, &window, &ban->window_ms))
		return false;
	ban->max_ms = ban->ms;
	if (!braces_skip(b, ",") && !braces_next_is(b, "doubling"))
		return true;
	if (!braces_need(b, "doubling", "'doubling to'") || !braces_need(b, "to", "'to'") ||
	    !braces_amount(b, &most, &ban->max_ms))
		return false;
	if (ban->max_ms >= ban->ms)
		return true;
	diag_error(&b->p->diags, braces_last(b)->loc,
		   "a ban that begins with %.*s cannot double to %.*s, which is less.",
		   shown(begin->name), begin->name, shown(braces_last(b)->name),
		   braces_last(b)->name);
	return false;
}

static bool take_exempt(struct braces *b, const struct ref *word)
{
	const struct ref *host;

	say_once(b, SAID_EXEMPT, word);
	do {
		host = braces_entry(b, "hosts or an address");
		if (!host)
			return false;
		vec_push(&b->p->arena, &limit_of(b)->exempt, build_endpoint(b->p, host));
	} while (braces_skip(b, ","));
	return true;
}

static bool take_mode(struct braces *b, const struct ref *word)
{
	const struct ref *mode = braces_peek(b);

	say_once(b, SAID_MODE, word);
	if (braces_over(b))
		return braces_expected(b, "'leaky' or 'strict'");
	b->at++;
	if (!strcmp(mode->name, "strict"))
		limit_of(b)->flags |= POSTERN_LIMIT_STRICT;
	else if (strcmp(mode->name, "leaky"))
		diag_error(&b->p->diags, mode->loc, "mode is 'leaky' or 'strict', and not '%.*s'.",
			   shown(mode->name), mode->name);
	return true;
}

/* [network] BITS of IPv4, and BITS of IPv6 */
static bool take_prefix(struct braces *b, const struct ref *word)
{
	static const struct amount bits4 = { "a prefix of IPv4 addresses", false, 1, 32,
					     "1 to 32" };
	static const struct amount bits6 = { "a prefix of IPv6 addresses", false, 1, 128,
					     "1 to 128" };
	bool network = braces_skip(b, "network");
	struct postern_prefixes *to = &limit_of(b)->prefixes;
	uint32_t v4, v6;

	say_once(b, network ? SAID_PREFIX_NETWORK : SAID_PREFIX, word);
	if (!braces_amount(b, &bits4, &v4) || !braces_amount(b, &bits6, &v6))
		return false;
	*(network ? &to->network4 : &to->source4) = (uint8_t)v4;
	*(network ? &to->network6 : &to->source6) = (uint8_t)v6;
	return true;
}

static bool take_observe(struct braces *b, const struct ref *word)
{
	say_once(b, SAID_OBSERVE, word);
	limit_of(b)->flags |= POSTERN_LIMIT_OBSERVE;
	return true;
}

static const struct statement statements[] = {
	{ "rate", take_rate, NULL },
	{ "open", take_open, NULL },
	{ "half-open", take_half_open, NULL },
	{ "silent", take_silent, NULL },
	{ "total", take_total, NULL },
	{ "ban", take_ban, NULL },
	{ "exempt", take_exempt, NULL },
	{ "mode", take_mode, NULL },
	{ "prefix", take_prefix, NULL },
	{ "observe", take_observe, NULL },
	{ NULL, NULL, NULL },
};

static void check_prefixes(struct braces *b)
{
	const struct postern_prefixes *p = &limit_of(b)->prefixes;
	const struct ref *own = b->said[SAID_PREFIX], *network = b->said[SAID_PREFIX_NETWORK];
	const struct ref *word = network ? network : own;
	bool v4 = p->network4 > p->source4;

	if (word && (v4 || p->network6 > p->source6))
		diag_error(&b->p->diags, word->loc,
			   "the IPv%d prefix of a network, %u bits, is longer than that of a source, %u.",
			   v4 ? 4 : 6, v4 ? p->network4 : p->network6,
			   v4 ? p->source4 : p->source6);
}

void build_limit(struct policy *p, const struct ref *name, const struct vec *words, struct loc loc)
{
	struct limit *limit = arena_alloc(&p->arena, sizeof(*limit)), *other;
	struct braces b = { .p = p, .of = "a limit", .words = words, .object = limit };

	limit->name = name->name;
	limit->name_loc = name->loc;
	limit->loc = loc;
	limit->prefixes = limit_prefixes;
	braces_read(&b, statements);
	check_prefixes(&b);
	limit->index = p->limits.n;
	vec_push(&p->arena, &p->limits, limit);
	if (p->limits.n == POSTERN_LIMITS_MAX + 1)
		diag_error(&p->diags, name->loc, "a policy has at most %d limits.",
			   POSTERN_LIMITS_MAX);
	if (!build_check_name(p, name))
		return;
	other = names_get(&p->limit_names, name->name);
	if (other)
		diag_error(&p->diags, name->loc, "limit '%s' is already defined at %s.", name->name,
			   policy_place(p, &other->name_loc));
	else
		names_put(&p->limit_names, name->name, limit);
}

void build_broken_limit(struct policy *p, const struct ref *name)
{
	struct limit *limit = arena_alloc(&p->arena, sizeof(*limit));

	limit->name = name->name;
	limit->name_loc = name->loc;
	if (!names_get(&p->limit_names, name->name))
		names_put(&p->limit_names, name->name, limit);
}

void build_sources(struct policy *p, const struct ref *word, struct loc loc)
{
	uint64_t amount;

	if (p->table_sources) {
		diag_error(&p->diags, loc, "sources is already set at %s.",
			   policy_place(p, &p->table_loc));
		return;
	}
	p->table_loc = loc;
	p->table_sources = LIMIT_SOURCES_MIN;
	if (!amount_parse(word->name, false, &amount))
		diag_error(&p->diags, word->loc, "'%.*s' is not a number.", shown(word->name),
			   word->name);
	else if (amount < LIMIT_SOURCES_MIN || amount > POSTERN_SOURCES_MAX)
		diag_error(&p->diags, word->loc, "sources is %u to %u, and not %.*s.",
			   LIMIT_SOURCES_MIN, POSTERN_SOURCES_MAX, shown(word->name), word->name);
	else
		while (p->table_sources < amount)
			p->table_sources *= 2;
}
