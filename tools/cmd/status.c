// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <time.h>

#include "../cmd.h"
#include "../fetch.h"
#include "../out.h"

static const char *state_name(const struct state *s)
{
	if (s->generation)
		return s->flags & POSTERN_STATUS_OBSERVE ? "observing" : "in-force";
	if (s->flags & POSTERN_STATUS_LOCKDOWN && !(s->flags & POSTERN_STATUS_OPEN))
		return "lockdown";
	return "open";
}

static void print_state(const struct state *s)
{
	bool policy = s->generation;
	bool open = !(s->flags & POSTERN_STATUS_LOCKDOWN) || s->flags & POSTERN_STATUS_OPEN;

	out_str("state", NULL, state_name(s));
	out_str("module", NULL, s->version);
	out_uint("generation", NULL, s->generation);
	out_bool("lockdown", NULL, s->flags & POSTERN_STATUS_LOCKDOWN);
	out_bool("observe", NULL, s->flags & POSTERN_STATUS_OBSERVE);
	out_bool("trial", NULL, s->flags & POSTERN_STATUS_TRIAL);
	out_text("postern %s: ", s->version);
	if (policy && s->flags & POSTERN_STATUS_OBSERVE)
		out_color_str(COLOR_WARN, NULL, "%s\n",
			      "a policy observes; it counts and reports, and drops nothing");
	else if (policy)
		out_color_str(COLOR_GOOD, NULL, "%s\n", "a policy is in force");
	else if (open)
		out_color_str(COLOR_BAD, NULL, "%s\n",
			      "no policy is loaded, and everything is forwarded");
	else
		out_color_str(COLOR_BAD, NULL, "%s\n",
			      "no policy is loaded, and nothing is forwarded (lockdown)");
}

static void print_age(uint64_t ms)
{
	char text[SPAN_TEXT_MAX];

	out_text(", %s ago", span_text(ms, text));
}

static void print_loaded(const struct state *s)
{
	time_t at = (time_t)s->loaded_at;
	char text[64] = "";
	struct tm tm;

	if (localtime_r(&at, &tm))
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	out_str(NULL, "  loaded     %s", text);
	out_uint("loaded-at", NULL, s->loaded_at);
	out_uint("uptime-ms", NULL, s->uptime_ms);
	print_age(s->uptime_ms);
	out_text(", generation %u\n", s->generation);
}

static void print_files(const struct state *s)
{
	char *file;

	out_array("files");
	vec_for_each(file, &s->files) {
		if (!file_i)
			out_text("  file       %s", file);
		out_element(NULL, file);
	}
	out_end();
	if (s->files.n > 1)
		out_text(" and %u that it includes", s->files.n - 1);
	if (s->files.n)
		out_text("\n");
}

static void print_policy_state(const struct state *s)
{
	print_files(s);
	print_loaded(s);
	out_text("  policy     ");
	out_count("zones", s->nr_zones, "zone", "zones", ", ");
	out_count("hosts", s->nr_hosts, "set of hosts", "sets of hosts", " ");
	out_uint("ranges", s->nr_ranges == 1 ? "(%llu range), " : "(%llu ranges), ", s->nr_ranges);
	out_count("services", s->nr_services, "service", "services", ", ");
	if (s->nr_limits || out_is_json())
		out_count("limits", s->nr_limits, "limit", "limits", ", ");
	if (s->nr_inspects || out_is_json())
		out_count("inspects", s->nr_inspects, "inspect", "inspects", ", ");
	out_count("rules", s->nr_rules, "rule", "rules", "\n");
	out_text("  memory     ");
	out_bytes("memory", s->memory, ", ");
	out_count("classes", s->nr_classes, "class of addresses", "classes of addresses", ", ");
	out_count("cells", s->nr_cells, "combination", "combinations", "\n");
	if (s->mark_mask) {
		out_text("  mark       0x%x/0x%x\n", s->mark, s->mark_mask);
		out_uint("mark", NULL, s->mark);
		out_uint("mark-mask", NULL, s->mark_mask);
	}
}

/* Why not, as people and programs are told it. */
static const char *fastpath_why(uint32_t state)
{
	switch (state) {
	case POSTERN_FAST_TAKEN:
		return "";
	case POSTERN_FAST_UNWANTED:
		return "the policy says so";
	case POSTERN_FAST_FOREIGN:
		return "it would pass by a hook of others";
	case POSTERN_FAST_ROUTED:
		return "there are routing rules (ip rule)";
	case POSTERN_FAST_ABSENT:
		return "this kernel has no nf_flow_table";
	case POSTERN_FAST_NO_MEMORY:
		return "there was no memory for its table";
	case POSTERN_FAST_FORGETS:
		return "this kernel would forget connections that idle for two minutes";
	}
	return "the module has a reason that this tool does not know";
}

static void print_fastpath(const struct state *s)
{
	bool taken = s->fastpath_state == POSTERN_FAST_TAKEN;
	const char *why = fastpath_why(s->fastpath_state);

	out_str("fastpath-set", NULL, fastpath_name(s->fastpath));
	out_str("fastpath", "  fast path  %s", taken ? "on" : "off");
	out_str("fastpath-why", taken ? NULL : ": %s", why);
	out_str("fastpath-foreign", *s->foreign ? " (%s)" : NULL, s->foreign);
	out_uint("fastpath-flows", taken ? ", %llu flows" : NULL, s->nr_fast);
	out_text("\n");
}

static void print_doors(const struct state *s)
{
	bool any = s->nr_pinholes || s->nr_endpoints || s->nr_inspected;

	out_uint("pinholes", any ? "  rpc        %llu pinholes, " : NULL, s->nr_pinholes);
	out_uint("endpoints", any ? "%llu endpoints learned, " : NULL, s->nr_endpoints);
	out_uint("inspected", any ? "%llu connections inspected\n" : NULL, s->nr_inspected);
}

static void print_limiter(const struct state *s)
{
	char *name;

	if (s->sources_room) {
		out_uint("sources", "  sources    %llu", s->nr_sources);
		out_uint("sources-room", " of %llu known, ", s->sources_room);
		out_bytes("sources-memory", s->limiter_memory, "\n");
	}
	out_uint("bans", NULL, s->nr_bans);
	if (s->nr_bans)
		out_text("  bans       %u %s by 'postern ban'\n", s->nr_bans,
			 s->nr_bans == 1 ? "prefix" : "prefixes");
	out_array("attacked");
	vec_for_each(name, &s->attacked) {
		out_str(NULL, name_i ? ", %s" : "  attack     on %s", name);
		out_element(NULL, name);
	}
	out_end();
	if (s->attacked.n)
		out_text(": unknown senders must prove that they exist\n");
}

static void warning(const char *text)
{
	out_color_str(COLOR_WARN, NULL, "%s", "  warning:   ");
	out_text("%s\n", text);
	out_element(NULL, text);
}

static void print_warnings(const struct state *s)
{
	char text[160];

	out_array("warnings");
	if (s->flags & POSTERN_STATUS_TRIAL) {
		snprintf(text, sizeof(text),
			 "on trial: what was before comes back in %llu s, unless 'postern confirm' comes first",
			 (unsigned long long)(s->confirm_ms + 999) / 1000);
		warning(text);
	}
	if (s->flags & POSTERN_STATUS_CT_FULL) {
		snprintf(text, sizeof(text),
			 "conntrack is at least 80%% full (%u of %u); raise net.netfilter.nf_conntrack_max",
			 s->ct_count, s->ct_max);
		warning(text);
	}
	if (s->flags & POSTERN_STATUS_ONE_WAY)
		warning("TCP of which only one direction passes here was seen: asymmetric routes are not supported");
	if (s->flags & POSTERN_STATUS_FLOODED)
		warning("a flood lasts: what the guard denies is dropped at the interfaces");
	if (s->flags & POSTERN_STATUS_OBSERVE)
		warning("'set observe' is on: nothing is dropped");
	out_end();
}

enum status cmd_status(const struct args *args)
{
	struct arena arena = { 0 };
	enum status status;
	struct state s;
	struct nl nl;

	(void)args;
	status = kernel_open(&nl);
	if (status != STATUS_OK)
		return status;
	status = fetch_state(&nl, &arena, &s);
	if (status == STATUS_OK) {
		print_state(&s);
		if (s.generation) {
			print_policy_state(&s);
			print_fastpath(&s);
		}
		out_uint("flows", "  flows      %llu", s.ct_count);
		out_uint("flows-max", " of at most %llu in conntrack\n", s.ct_max);
		print_doors(&s);
		print_limiter(&s);
		if (s.flags & POSTERN_STATUS_TRIAL)
			out_uint("confirm-ms", NULL, s.confirm_ms);
		print_warnings(&s);
	}
	kernel_close(&nl);
	arena_free(&arena);
	return status;
}
