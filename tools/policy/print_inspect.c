// SPDX-License-Identifier: GPL-2.0
/* The canonical text of an inspect. */
#include <string.h>

#include "inspect.h"
#include "rate.h"

static void print_deny(FILE *f, uint64_t deny)
{
	const char *comma = "";
	unsigned int i;

	fputs("deny commands ", f);
	for (i = 0; i < nr_inspect_verbs; i++) {
		if (!(deny >> i & 1))
			continue;
		fprintf(f, "%s%s", comma, inspect_verbs[i]);
		comma = ", ";
	}
}

static void print_counts(FILE *f, const char *name, const char *scope, uint32_t count,
			 const struct postern_rate *rate)
{
	fprintf(f, "%s ", name);
	if (count)
		fprintf(f, "%u per %s", count, scope);
	if (!rate->count)
		return;
	fputs(count ? ", " : "", f);
	rate_print(f, rate, rate_burst_whole(rate));
	fputs(" per source", f);
}

/* With the largest unit that leaves a whole number. */
static void print_size(FILE *f, uint64_t size)
{
	static const char units[] = { 'K', 'M', 'G' };
	unsigned int i;

	for (i = 0; i < sizeof(units) && size && !(size % 1024); i++)
		size /= 1024;
	fprintf(f, "message size %llu", (unsigned long long)size);
	if (i)
		fputc(units[i - 1], f);
}

static void print_relay(FILE *f, const struct vec *relay)
{
	struct ref *domain;

	vec_for_each(domain, relay)
		fprintf(f, "%s%s", domain_i ? ", " : "relay ", domain->name);
}

void print_inspect(FILE *f, const struct inspect *inspect, const char *before, const char *after)
{
	if (inspect->deny) {
		fputs(before, f);
		print_deny(f, inspect->deny);
		fputs(after, f);
	}
	if (inspect->recipients || inspect->recipients_rate.count) {
		fputs(before, f);
		print_counts(f, "recipients", "message", inspect->recipients,
			     &inspect->recipients_rate);
		fputs(after, f);
	}
	if (inspect->messages || inspect->messages_rate.count) {
		fputs(before, f);
		print_counts(f, "messages", "connection", inspect->messages,
			     &inspect->messages_rate);
		fputs(after, f);
	}
	if (inspect->size) {
		fputs(before, f);
		print_size(f, inspect->size);
		fputs(after, f);
	}
	if (inspect->relay.n) {
		fputs(before, f);
		print_relay(f, &inspect->relay);
		fputs(after, f);
	}
	if (inspect->line)
		fprintf(f, "%sline %u%s", before, inspect->line, after);
	if (inspect->flags & POSTERN_INSPECT_PASS)
		fprintf(f, "%sunfollowed pass%s", before, after);
	if (inspect->flags & POSTERN_INSPECT_COUNT)
		fprintf(f, "%srefusals count%s", before, after);
	if (inspect->flags & POSTERN_INSPECT_OBSERVE)
		fprintf(f, "%sobserve%s", before, after);
}
