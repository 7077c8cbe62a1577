// SPDX-License-Identifier: GPL-2.0
/* The canonical text of a limit. */
#include "limit.h"
#include "rate.h"

static void print_rate(FILE *f, const char *name, const struct postern_rate *rate, const char *per,
		       const char *before, const char *after)
{
	if (!rate->count)
		return;
	fprintf(f, "%s%s ", before, name);
	rate_print(f, rate, rate_burst(rate));
	fprintf(f, "%s%s", per, after);
}

static void print_open(FILE *f, const struct limit *limit)
{
	fputs("open ", f);
	if (limit->open_source)
		fprintf(f, "%u per source", limit->open_source);
	if (limit->open_network)
		fprintf(f, "%s%u per network", limit->open_source ? ", " : "", limit->open_network);
}

static void print_ban(FILE *f, const struct postern_ban *ban)
{
	fputs("ban ", f);
	print_ms(f, ban->ms);
	fprintf(f, " after %u refusals in ", ban->refusals);
	print_ms(f, ban->window_ms);
	if (ban->max_ms == ban->ms)
		return;
	fputs(", doubling to ", f);
	print_ms(f, ban->max_ms);
}

static void print_exempt(FILE *f, const struct vec *exempt)
{
	struct endpoint *e;

	vec_for_each(e, exempt) {
		fputs(e_i ? ", " : "exempt ", f);
		print_hosts_name(f, e->hosts);
	}
}

void print_limit(FILE *f, const struct limit *limit, const char *before, const char *after)
{
	const struct postern_prefixes *p = &limit->prefixes;

	print_rate(f, "rate", &limit->rate_source, " per source", before, after);
	print_rate(f, "rate", &limit->rate_network, " per network", before, after);
	if (limit->open_source || limit->open_network) {
		fputs(before, f);
		print_open(f, limit);
		fputs(after, f);
	}
	if (limit->half_open)
		fprintf(f, "%shalf-open %u%s", before, limit->half_open, after);
	if (limit->silent)
		fprintf(f, "%ssilent %u%s", before, limit->silent, after);
	print_rate(f, "total", &limit->total, "", before, after);
	if (limit->ban.ms) {
		fputs(before, f);
		print_ban(f, &limit->ban);
		fputs(after, f);
	}
	if (limit->exempt.n) {
		fputs(before, f);
		print_exempt(f, &limit->exempt);
		fputs(after, f);
	}
	if (limit->flags & POSTERN_LIMIT_STRICT)
		fprintf(f, "%smode strict%s", before, after);
	if (p->source4 != limit_prefixes.source4 || p->source6 != limit_prefixes.source6)
		fprintf(f, "%sprefix %u %u%s", before, p->source4, p->source6, after);
	if (p->network4 != limit_prefixes.network4 || p->network6 != limit_prefixes.network6)
		fprintf(f, "%sprefix network %u %u%s", before, p->network4, p->network6, after);
	if (limit->flags & POSTERN_LIMIT_OBSERVE)
		fprintf(f, "%sobserve%s", before, after);
}
