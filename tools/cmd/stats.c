// SPDX-License-Identifier: GPL-2.0
#include <errno.h>

#include "../cmd.h"
#include "../mem.h"
#include "../nl.h"
#include "../out.h"

struct counter {
	const char *name, *unit, *help;
	uint64_t value, observed;
	bool is_reason;
};

struct counters {
	struct arena arena;
	struct vec list; /* struct counter */
};

static void take_counter(const struct nl_attrs *attrs, void *arg)
{
	struct counters *all = arg;
	struct nl_attrs object;
	struct counter *c;

	if (!attrs->a[POSTERN_A_COUNTER])
		return;
	attrs_nest(&object, attrs->a[POSTERN_A_COUNTER]);
	c = arena_alloc(&all->arena, sizeof(*c));
	c->name = arena_strdup(&all->arena, attrs_string(&object, POSTERN_A_NAME));
	c->unit = arena_strdup(&all->arena, attrs_string(&object, POSTERN_A_UNIT));
	c->help = arena_strdup(&all->arena, attrs_string(&object, POSTERN_A_HELP));
	c->value = attrs_u64(&object, POSTERN_A_VALUE);
	c->observed = attrs_u64(&object, POSTERN_A_OBSERVED);
	c->is_reason = object.a[POSTERN_A_REASON];
	vec_push(&all->arena, &all->list, c);
}

static void print_counters(const struct counters *all, bool zeros)
{
	struct counter *c;

	out_object("counters");
	vec_for_each(c, &all->list) {
		if (c->is_reason || (!zeros && !c->value))
			continue;
		out_color_str(COLOR_NAME, NULL, "%-18s ", c->name);
		out_uint(c->name, "%14llu ", c->value);
		out_str(NULL, "%-8s ", c->unit);
		out_color_str(COLOR_DIM, NULL, "%s\n", c->help);
	}
	out_end();
}

static void print_reasons(const struct counters *all, bool zeros)
{
	struct counter *c;
	bool head = false;

	out_object("reasons");
	vec_for_each(c, &all->list) {
		if (!c->is_reason || (!zeros && !c->value && !c->observed))
			continue;
		if (!head)
			out_text("\n%-18s %14s %14s\n", "dropped because", "packets",
				 "only observed");
		head = true;
		out_object(c->name);
		out_color_str(COLOR_NAME, NULL, "%-18s ", c->name);
		out_uint("dropped", "%14llu ", c->value);
		out_uint("observed", "%14llu  ", c->observed);
		out_color_str(COLOR_DIM, NULL, "%s\n", c->help);
		out_end();
	}
	out_end();
	if (!head)
		out_text("\nNothing was dropped.\n");
}

enum status cmd_stats(const struct args *args)
{
	bool zeros = args_get(args, "all") || out_is_json();
	struct counters all = { 0 };
	enum status status;
	struct nl nl;
	int err, tries = 0;

	status = kernel_open(&nl);
	if (status != STATUS_OK)
		return status;
	do {
		arena_free(&all.arena);
		all.list = (struct vec){ 0 };
		err = kernel_dump(&nl, POSTERN_CMD_COUNTER_GET, take_counter, &all);
	} while (err == -EAGAIN && ++tries < 20);
	/* Counters do not depend on the policy; that it changed between them does no harm. */
	if (err && err != -EAGAIN) {
		status = kernel_complain(&nl, "reading the counters");
	} else {
		print_counters(&all, zeros);
		print_reasons(&all, zeros);
	}
	kernel_close(&nl);
	arena_free(&all.arena);
	return status;
}
