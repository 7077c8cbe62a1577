// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../cmd.h"
#include "../fetch.h"
#include "../out.h"
#include "../policy/address.h"
#include "../policy/inspect.h"
#include "../policy/limit.h"
#include "../policy/rate.h"
#include "../policy/rpc.h"

/* What is shown of a set on a line; JSON has more, and --config all. */
#define SHOWN_TEXT 4
#define SHOWN_JSON 1000

static void print_place(const struct policy *p, const struct loc *loc)
{
	const struct source *src;

	if (!loc->line) {
		out_text("\n");
		return;
	}
	src = p->sources.v[loc->source];
	out_color_str(COLOR_DIM, "file", "  %s", src->path);
	out_uint("line", ":%llu\n", loc->line);
}

static void print_names(const char *key, const struct vec *names)
{
	struct ref *name;

	out_array(key);
	vec_for_each(name, names)
		out_element(name_i ? ", %s" : "%s", name->name);
	out_end();
}

static void show_zones(const struct policy *p)
{
	struct zone *zone;

	out_array("zones");
	vec_for_each(zone, &p->zones) {
		out_object(NULL);
		out_color_str(COLOR_NAME, "name", "zone %-20s ", zone->name);
		print_names("interfaces", &zone->ifaces);
		out_bool("reject", ", rejects", zone->flags & POSTERN_ZONE_REJECT);
		out_text("; now ");
		print_names("matched", &zone->matched);
		if (!zone->matched.n)
			out_color_str(COLOR_WARN, NULL, "%s", "none");
		print_place(p, &zone->loc);
		out_end();
	}
	out_end();
}

static void print_addresses(const struct addrset *set)
{
	size_t i, shown = 0, most = out_is_json() ? SHOWN_JSON : SHOWN_TEXT;
	char text[RANGE_TEXT_MAX];
	struct range r;

	out_array("addresses");
	r.family = AF_INET;
	for (i = 0; i < set->n4 && shown < most; i++, shown++) {
		r.r4 = set->v4[i];
		address_print(&r, text);
		out_element(shown ? ", %s" : "%s", text);
	}
	r.family = AF_INET6;
	for (i = 0; i < set->n6 && shown < most; i++, shown++) {
		r.r6 = set->v6[i];
		address_print(&r, text);
		out_element(shown ? ", %s" : "%s", text);
	}
	out_end();
	if (set->n4 + set->n6 > shown)
		out_text(" and %zu more", set->n4 + set->n6 - shown);
}

static void show_hosts(const struct policy *p)
{
	struct hosts *h, *member;

	out_array("hosts");
	vec_for_each(h, &p->hosts_order) {
		/* What stands inline in a rule is seen there. */
		if (*h->name == '@')
			continue;
		out_object(NULL);
		out_bool("server", NULL, h->flags & POSTERN_HOSTS_SERVER);
		out_text(h->flags & POSTERN_HOSTS_SERVER ? "server " : "hosts  ");
		out_color_str(COLOR_NAME, "name", "%-20s ", h->name);
		if (h->zone)
			out_str("zone", "in %s ", h->zone->name);
		out_bool("nat", "nat ", h->flags & POSTERN_HOSTS_NAT);
		out_uint("ranges", NULL, h->nr_ranges);
		out_text("{ ");
		print_addresses(&h->set);
		out_array("members");
		vec_for_each(member, &h->members)
			out_element(member_i || h->nr_ranges ? ", %s" : "%s", member->name);
		out_end();
		out_text(h->nr_ranges || h->members.n ? " }" : "}");
		print_place(p, &h->loc);
		out_end();
	}
	out_end();
}

static void show_rpc_json(const struct rpc *rpc)
{
	const struct interface *line;
	char uuid[UUID_TEXT_MAX];
	struct rpc_entry *e;

	out_array("interfaces");
	vec_for_each(e, &rpc->interfaces) {
		const struct postern_rpc *r = &e->rpc;

		out_object(NULL);
		out_bool("any", NULL, r->flags & POSTERN_RPC_ANY);
		if (!(r->flags & POSTERN_RPC_ANY)) {
			line = interface_find(r->uuid, r->major);
			uuid_print(r->uuid, uuid);
			if (line)
				out_str("name", NULL, line->name);
			out_str("uuid", NULL, uuid);
			out_uint("major", NULL, r->major);
			out_uint("minor", NULL, r->minor);
		}
		out_uint("low", NULL, r->lo);
		out_uint("high", NULL, r->hi);
		out_bool("pinned", NULL, r->flags & POSTERN_RPC_PINNED);
		out_end();
	}
	out_end();
	out_uint("idle", NULL, rpc->idle_ms);
	out_uint("pinholes", NULL, rpc->per_client);
	out_bool("lookup", NULL, rpc->flags & POSTERN_RPC_OPT_LOOKUP);
	out_bool("sealed-deny", NULL, rpc->flags & POSTERN_RPC_OPT_SEALED_DENY);
	out_bool("bind-observe", NULL, rpc->flags & POSTERN_RPC_OPT_BIND_OBSERVE);
	if (!(rpc->flags & POSTERN_RPC_OPT_NO_REMEMBER))
		out_uint("remember", NULL, rpc->remember_ms);
	out_bool("tower-strict", NULL, rpc->flags & POSTERN_RPC_OPT_TOWER_STRICT);
	out_bool("resume-refuse", NULL, rpc->flags & POSTERN_RPC_OPT_RESUME_REFUSE);
}

static void show_rpc(const struct service *s)
{
	char *text;
	size_t len;
	FILE *f;

	if (!s->rpc)
		return;
	if (out_is_json()) {
		out_object("rpc");
		show_rpc_json(s->rpc);
		out_end();
		return;
	}
	f = open_memstream(&text, &len);
	if (!f)
		return;
	print_rpc(f, s->rpc);
	fclose(f);
	out_text(s->ports.n ? ", %s" : "%s", text);
	free(text);
}

static void show_services(const struct policy *p)
{
	struct service *s, *member;
	char *text;
	size_t len;
	FILE *f;

	out_array("services");
	vec_for_each(s, &p->services_order) {
		if (*s->name == '@')
			continue;
		f = open_memstream(&text, &len);
		if (!f)
			continue;
		print_ports(f, &s->ports);
		fclose(f);
		out_object(NULL);
		out_color_str(COLOR_NAME, "name", "service %-20s ", s->name);
		out_str("ports", "%s", text);
		free(text);
		show_rpc(s);
		out_array("members");
		vec_for_each(member, &s->members)
			out_element(member_i || s->ports.n || s->rpc ? ", %s" : "%s", member->name);
		out_end();
		out_bool("builtin", "  built in", builtin_is(s));
		if (builtin_is(s))
			out_text("\n");
		else
			print_place(p, &s->loc);
		out_end();
	}
	out_end();
}

/* Of the tool itself: what a policy may call by name. */
static void show_interfaces(void)
{
	unsigned int i;

	out_array("interfaces");
	for (i = 0; i < nr_interfaces; i++) {
		const struct interface *line = &interfaces[i];

		out_object(NULL);
		out_color_str(COLOR_NAME, "name", "%-20s ", line->name);
		out_str("uuid", "%s ", line->uuid);
		out_text("%2u.%-2u  ", line->major, line->minor);
		out_uint("major", NULL, line->major);
		out_uint("minor", NULL, line->minor);
		out_str("note", "%s\n", line->note);
		out_end();
	}
	out_end();
}

static void show_rate(const char *key, const struct postern_rate *rate)
{
	if (!rate->count)
		return;
	out_object(key);
	out_uint("count", NULL, rate->count);
	out_str("per", NULL, rate_unit(rate->per_ms));
	out_uint("burst", NULL, rate->burst);
	out_end();
}

static void show_number(const char *key, uint64_t number)
{
	if (number)
		out_uint(key, NULL, number);
}

static void show_limit_json(const struct limit *limit)
{
	struct endpoint *e;

	show_rate("rate-source", &limit->rate_source);
	show_rate("rate-network", &limit->rate_network);
	show_number("open-source", limit->open_source);
	show_number("open-network", limit->open_network);
	show_number("half-open", limit->half_open);
	show_number("silent", limit->silent);
	show_rate("total", &limit->total);
	if (limit->ban.ms) {
		out_object("ban");
		out_uint("time", NULL, limit->ban.ms);
		out_uint("longest", NULL, limit->ban.max_ms);
		out_uint("refusals", NULL, limit->ban.refusals);
		out_uint("window", NULL, limit->ban.window_ms);
		out_end();
	}
	out_array("exempt");
	vec_for_each(e, &limit->exempt)
		out_element(NULL, *e->hosts->name == '@' ? e->hosts->name + 1 : e->hosts->name);
	out_end();
	out_bool("strict", NULL, limit->flags & POSTERN_LIMIT_STRICT);
	out_bool("observe", NULL, limit->flags & POSTERN_LIMIT_OBSERVE);
	out_object("prefix");
	out_uint("source4", NULL, limit->prefixes.source4);
	out_uint("source6", NULL, limit->prefixes.source6);
	out_uint("network4", NULL, limit->prefixes.network4);
	out_uint("network6", NULL, limit->prefixes.network6);
	out_end();
}

static void show_limit_text(const struct limit *limit)
{
	char *text;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return;
	print_limit(f, limit, "; ", "");
	fclose(f);
	out_text("{ %s }", len > 2 ? text + 2 : "");
	free(text);
}

static void show_limits(const struct policy *p)
{
	struct limit *limit;

	if (p->limits.n || inspects_rated(p))
		out_uint("sources", "a table of %llu sources\n", p->table_sources);
	out_array("limits");
	vec_for_each(limit, &p->limits) {
		out_object(NULL);
		out_color_str(COLOR_NAME, "name", "limit %-20s ", limit->name);
		if (out_is_json())
			show_limit_json(limit);
		else
			show_limit_text(limit);
		print_place(p, &limit->loc);
		out_end();
	}
	out_end();
}

static void show_inspect_json(const struct inspect *inspect)
{
	struct ref *domain;
	unsigned int i;

	out_array("deny");
	for (i = 0; i < nr_inspect_verbs; i++)
		if (inspect->deny >> i & 1)
			out_element(NULL, inspect_verbs[i]);
	out_end();
	show_number("recipients", inspect->recipients);
	show_rate("recipients-source", &inspect->recipients_rate);
	show_number("messages", inspect->messages);
	show_rate("messages-source", &inspect->messages_rate);
	show_number("size", inspect->size);
	out_array("relay");
	vec_for_each(domain, &inspect->relay)
		out_element(NULL, domain->name);
	out_end();
	show_number("line-length", inspect->line);
	out_str("unfollowed", NULL, inspect->flags & POSTERN_INSPECT_PASS ? "pass" : "refuse");
	out_bool("count-refusals", NULL, inspect->flags & POSTERN_INSPECT_COUNT);
	out_bool("observe", NULL, inspect->flags & POSTERN_INSPECT_OBSERVE);
}

static void show_inspect_text(const struct inspect *inspect)
{
	char *text;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return;
	print_inspect(f, inspect, "; ", "");
	fclose(f);
	if (len > 2)
		out_text("{ %s }", text + 2);
	else
		out_text("{ }");
	free(text);
}

static void show_inspects(const struct policy *p)
{
	struct inspect *inspect;

	out_array("inspects");
	vec_for_each(inspect, &p->inspects) {
		out_object(NULL);
		out_color_str(COLOR_NAME, "name", "inspect %-18s ", inspect->name);
		if (out_is_json())
			show_inspect_json(inspect);
		else
			show_inspect_text(inspect);
		print_place(p, &inspect->loc);
		out_end();
	}
	out_end();
}

static void show_rules(const struct policy *p)
{
	struct rule *rule;

	out_text("%5s %10s %10s %14s  %s\n", "rule", "hits", "packets", "bytes", "");
	out_array("rules");
	vec_for_each(rule, &p->rules) {
		out_object(NULL);
		out_uint("index", "%5llu ", rule_i);
		out_uint("hits", "%10llu ", rule->hits);
		out_uint("packets", "%10llu ", rule->packets);
		out_uint("bytes", "%14llu  ", rule->bytes);
		out_str("action", NULL, rule->action == POSTERN_ACTION_BLOCK ? "block" : "allow");
		out_color_str(rule->action == POSTERN_ACTION_BLOCK ? COLOR_BAD : COLOR_GOOD, "text",
			      "%s", rule->text);
		if (rule->name)
			out_str("name", NULL, rule->name);
		out_bool("log", NULL, rule->flags & POSTERN_RULE_LOG);
		out_bool("observe", NULL, rule->flags & POSTERN_RULE_OBSERVE);
		out_bool("both", NULL, rule->flags & POSTERN_RULE_BOTH);
		if (rule->limit)
			out_str("limit", NULL, rule->limit->name);
		if (rule->inspect)
			out_str("inspect", NULL, rule->inspect->name);
		if (rule->mark_mask) {
			out_uint("mark", NULL, rule->mark);
			out_uint("mark-mask", NULL, rule->mark_mask);
		}
		print_place(p, &rule->loc);
		out_end();
	}
	out_end();
}

void report_config(const struct policy *p)
{
	char *text;
	size_t len;
	FILE *f;

	if (!out_is_json()) {
		print_policy(stdout, p);
		return;
	}
	f = open_memstream(&text, &len);
	if (!f)
		return;
	print_policy(f, p);
	fclose(f);
	out_str("config", NULL, text);
	free(text);
}

static const struct what {
	const char *name;
	void (*show)(const struct policy *p);
} whats[] = {
	{ "zones", show_zones },   { "hosts", show_hosts },	  { "services", show_services },
	{ "limits", show_limits }, { "inspects", show_inspects }, { "rules", show_rules },
};

#define NR_WHATS (sizeof(whats) / sizeof(*whats))

static bool is_wanted(const struct what *what, const char *word)
{
	return !strcmp(word, "policy") || !strcmp(word, what->name);
}

static bool is_known(const char *word)
{
	size_t i;

	for (i = 0; i < NR_WHATS; i++)
		if (is_wanted(&whats[i], word))
			return true;
	complain("usage: postern show %s",
		 "[policy|rules|zones|hosts|services|limits|inspects|interfaces] [--config]");
	return false;
}

enum status cmd_show(const struct args *args)
{
	bool config = args_get(args, "config");
	struct policy *p = NULL;
	struct state state;
	enum status status;
	struct nl nl;
	size_t i;

	if (!args->nr && !config)
		return cmd_status(args);
	if (args->nr && !config && !strcmp(args->words[0], "interfaces")) {
		show_interfaces();
		return STATUS_OK;
	}
	if (args->nr && !is_known(args->words[0]))
		return STATUS_USAGE;
	status = kernel_open(&nl);
	if (status != STATUS_OK)
		return status;
	status = fetch_policy(&nl, FETCH_RANGES, &p, &state);
	kernel_close(&nl);
	if (status != STATUS_OK)
		return status;
	out_uint("generation", NULL, state.generation);
	if (!state.generation && !out_is_json()) {
		complain("no policy is loaded: postern load FILE.");
	} else if (config) {
		report_config(p);
	} else {
		for (i = 0; i < NR_WHATS; i++)
			if (is_wanted(&whats[i], args->words[0]))
				whats[i].show(p);
	}
	policy_free(p);
	return STATUS_OK;
}
