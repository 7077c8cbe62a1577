// SPDX-License-Identifier: GPL-2.0
/* Who connects under the limits of the policy, and what they make of it. */
#include <stdlib.h>
#include <string.h>

#include "../cmd.h"
#include "../door.h"
#include "../known.h"
#include "../out.h"
#include "../policy/words.h"
#include "../reason.h"

static enum status usage(const struct args *args)
{
	complain("usage: postern %s %s", args->cmd->name, args->cmd->usage);
	return STATUS_USAGE;
}

/* The banned first, then who was refused most, then who has most open. */
static int by_trouble(const void *pa, const void *pb)
{
	const struct known_source *a = *(struct known_source *const *)pa;
	const struct known_source *b = *(struct known_source *const *)pb;

	if (!a->banned_ms != !b->banned_ms)
		return a->banned_ms ? -1 : 1;
	if (a->refused != b->refused)
		return a->refused > b->refused ? -1 : 1;
	if (a->open != b->open)
		return a->open > b->open ? -1 : 1;
	if (a->accepted != b->accepted)
		return a->accepted > b->accepted ? -1 : 1;
	return prefix_compare(&a->prefix, &b->prefix);
}

static void print_state(const struct known_source *s)
{
	char span[SPAN_TEXT_MAX];

	if (s->banned_ms) {
		out_str("state", NULL, "banned");
		out_uint("banned-ms", NULL, s->banned_ms);
		out_color_str(COLOR_BAD, NULL, "banned %-9s", span_text(s->banned_ms, span));
	} else {
		out_str("state", "%-16s", s->open ? "open" : "known");
	}
}

static void print_source(const struct known_source *s)
{
	char text[PREFIX_TEXT_MAX], span[SPAN_TEXT_MAX];

	out_object(NULL);
	prefix_print(&s->prefix, text);
	out_color_str(COLOR_NAME, "source", "%-24s ", text);
	out_str("limit", "%-16s ", s->limit);
	out_str("level", "%-7s ", s->network ? "network" : "source");
	print_state(s);
	out_uint("open", "%8llu", s->open);
	out_uint("accepted", "%10llu", s->accepted);
	out_uint("refused", "%10llu  ", s->refused);
	if (s->refused)
		out_str("why", "%-14s", reason_name(s->reason));
	else
		out_str(NULL, "%-14s", "-");
	out_uint("burst-used", "%11llu  ", s->burst_used);
	if (s->accepted) {
		out_uint("seen-ms", NULL, s->seen_ms);
		out_text("%s ago\n", span_text(s->seen_ms, span));
	} else {
		out_text("never\n");
	}
	out_end();
}

static void print_sources(struct known *k, uint64_t top)
{
	struct known_source *s;

	if (k->sources.n) {
		qsort(k->sources.v, k->sources.n, sizeof(*k->sources.v), by_trouble);
		out_text("%-24s %-16s %-7s %-16s%8s%10s%10s  %-14s%11s  %s\n", "source", "limit",
			 "level", "state", "open", "accepted", "refused", "why", "burst used",
			 "last seen");
	}
	out_array("sources");
	vec_for_each(s, &k->sources) {
		if (s_i == top)
			break;
		print_source(s);
	}
	out_end();
	out_uint("known", NULL, k->sources.n);
	if (k->sources.n > top)
		out_text("and %llu more.\n", (unsigned long long)(k->sources.n - top));
}

/* Bans by hand that @addr is in: no source has them. */
static void print_bans(const struct known *k, const char *name, const struct range *addr)
{
	char text[RANGE_TEXT_MAX], span[SPAN_TEXT_MAX], why[ADDRESS_ERROR_MAX];
	struct postern_prefix self;
	struct known_ban *b;
	bool any = false;

	address_print(addr, text);
	if (!prefix_parse(text, strlen(text), &self, why))
		return;
	out_array("bans");
	vec_for_each(b, &k->bans) {
		if (!prefix_has(&b->prefix, &self))
			continue;
		any = true;
		out_object(NULL);
		prefix_print(&b->prefix, text);
		out_color_str(COLOR_BAD, NULL, "%s", "banned");
		out_str("prefix", " by 'postern ban' with %s", text);
		if (b->ends) {
			out_uint("banned-ms", NULL, b->banned_ms);
			out_text(", %s left", span_text(b->banned_ms, span));
		}
		if (*b->comment)
			out_str("comment", ": %s", b->comment);
		out_text("\n");
		out_end();
	}
	out_end();
	if (!any && !k->sources.n)
		out_text("Nothing is known of %s.\n", name);
}

static enum status show(struct nl *nl, struct known *k, const char *limit, const char *name,
			const struct range *addr)
{
	enum status status = known_sources(nl, k, limit, addr);

	if (status == STATUS_OK)
		status = known_bans(nl, k);
	if (status != STATUS_OK)
		return status;
	print_sources(k, k->sources.n);
	print_bans(k, name, addr);
	return STATUS_OK;
}

enum status cmd_sources(const struct args *args)
{
	const char *verb = args->nr ? args->words[0] : "list", *limit = args_get(args, "limit");
	const char *most = args_get(args, "top");
	bool shows = !strcmp(verb, "show");
	struct known k = { 0 };
	uint64_t top = UINT32_MAX;
	enum status status;
	struct range addr;
	struct nl nl;

	if ((!shows && strcmp(verb, "list") != 0) || args->nr > 1 + shows ||
	    (shows && args->nr != 2))
		return usage(args);
	if (shows && (most || !one_address(args->words[1], &addr)))
		return most ? usage(args) : STATUS_USAGE;
	if (most && (!amount_parse(most, false, &top) || !top || top > UINT32_MAX)) {
		complain("--top needs a number from 1 on.");
		return STATUS_USAGE;
	}
	status = kernel_open(&nl);
	if (status != STATUS_OK)
		return status;
	if (limit)
		status = known_limit(&nl, limit);
	if (status == STATUS_OK && shows)
		status = show(&nl, &k, limit, args->words[1], &addr);
	else if (status == STATUS_OK)
		status = known_sources(&nl, &k, limit, NULL);
	if (status == STATUS_OK && !shows) {
		print_sources(&k, top);
		if (!k.sources.n)
			out_text("Nobody connected under %s.\n",
				 limit ? "this limit" : "a limit of a policy");
	}
	known_free(&k);
	kernel_close(&nl);
	return status;
}
