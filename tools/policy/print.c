// SPDX-License-Identifier: GPL-2.0
/* The canonical text of a model: one way to write each thing. */
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "inspect.h"
#include "lexer.h"
#include "limit.h"
#include "model.h"
#include "rpc.h"

static bool has_ports(uint8_t proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_DCCP ||
	       proto == IPPROTO_SCTP || proto == IPPROTO_UDPLITE;
}

static bool is_icmp(uint8_t proto)
{
	return proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6;
}

static void print_icmp(FILE *f, const struct postern_ports *ports)
{
	const char *proto = protocol_name(ports->proto), *name, *comma = "";
	unsigned int at = ports->lo, type, last;

	/* Ours is one type or one code; another loader may have said a range. */
	while (at <= ports->hi) {
		type = at >> 8;
		last = type << 8 | 255;
		name = icmp_type_name(ports->proto, (uint8_t)type);
		fprintf(f, "%s%s ", comma, proto);
		if (name)
			fputs(name, f);
		else
			fprintf(f, "%u", type);
		if ((at & 255) || last > ports->hi)
			fprintf(f, " %u", at++ & 255);
		else
			at = last + 1;
		comma = ", ";
	}
}

static void print_port_range(FILE *f, const struct postern_ports *ports)
{
	fprintf(f, ports->lo == ports->hi ? "%u" : "%u-%u", ports->lo, ports->hi);
}

static void print_spec(FILE *f, const struct postern_ports *ports)
{
	const char *name = protocol_name(ports->proto);

	if (has_ports(ports->proto)) {
		fprintf(f, "%s ", name);
		if (ports->flags & POSTERN_PORTS_ANY)
			fputs("any", f);
		else
			print_port_range(f, ports);
	} else if (is_icmp(ports->proto)) {
		if (ports->flags & POSTERN_PORTS_ANY)
			fputs(name, f);
		else
			print_icmp(f, ports);
	} else if (name) {
		fprintf(f, "proto %s", name);
	} else {
		fprintf(f, "proto %u", ports->proto);
	}
}

/* As one entry of a rule's services. */
void print_ports(FILE *f, const struct vec *ports)
{
	const struct port_spec *first = ports->n ? ports->v[0] : NULL, *spec;
	bool grouped = ports->n > 1 && has_ports(first->ports.proto);

	vec_for_each(spec, ports)
		if (spec->ports.proto != first->ports.proto ||
		    spec->ports.flags & POSTERN_PORTS_ANY)
			grouped = false;
	if (grouped)
		fprintf(f, "%s { ", protocol_name(first->ports.proto));
	vec_for_each(spec, ports) {
		fputs(spec_i ? ", " : "", f);
		if (grouped)
			print_port_range(f, &spec->ports);
		else
			print_spec(f, &spec->ports);
	}
	fputs(grouped ? " }" : "", f);
}

/* The length of the run from @i on that is just what a name, or its version, stands for. */
static unsigned int run_of_name(const struct rpc *rpc, unsigned int i, const char *name, int major)
{
	const struct rpc_entry *first = rpc->interfaces.v[i], *e;
	unsigned int k, n = 0;
	uint8_t uuid[16];

	for (k = 0; k < nr_interfaces; k++) {
		const struct interface *line = &interfaces[k];

		if (strcmp(line->name, name) || (major >= 0 && line->major != major))
			continue;
		if (i + n == rpc->interfaces.n)
			return 0;
		e = rpc->interfaces.v[i + n++];
		uuid_parse(line->uuid, uuid);
		if (memcmp(e->rpc.uuid, uuid, sizeof(uuid)) || e->rpc.major != line->major ||
		    e->rpc.minor != line->minor || e->rpc.lo != first->rpc.lo ||
		    e->rpc.hi != first->rpc.hi || e->rpc.flags != first->rpc.flags)
			return 0;
	}
	return n;
}

/* The interface at @i, without its ports. Return: how many entries that stands for. */
static unsigned int print_interface(FILE *f, const struct rpc *rpc, unsigned int i)
{
	const struct rpc_entry *e = rpc->interfaces.v[i];
	const struct interface *line;
	char uuid[UUID_TEXT_MAX];
	unsigned int n = 0;

	if (e->rpc.flags & POSTERN_RPC_ANY) {
		fputs("any", f);
		return 1;
	}
	line = interface_find(e->rpc.uuid, e->rpc.major);
	if (line) {
		n = run_of_name(rpc, i, line->name, -1);
		if (n) {
			fputs(line->name, f);
			return n;
		}
		n = run_of_name(rpc, i, line->name, line->major);
	}
	if (n) {
		fprintf(f, "%s version %u", line->name, line->major);
		return n;
	}
	uuid_print(e->rpc.uuid, uuid);
	fprintf(f, "%s version %u", uuid, e->rpc.major);
	if (e->rpc.minor != (line ? line->minor : 0))
		fprintf(f, ".%u", e->rpc.minor);
	return 1;
}

static unsigned int print_element(FILE *f, const struct rpc *rpc, unsigned int i)
{
	const struct postern_rpc *r = &((const struct rpc_entry *)rpc->interfaces.v[i])->rpc;
	unsigned int port, n = 1;

	if (!(r->flags & POSTERN_RPC_PINNED)) {
		n = print_interface(f, rpc, i);
		if (r->flags & POSTERN_RPC_ANY || r->lo != RPC_PORT_MIN || r->hi != RPC_PORT_MAX)
			fprintf(f, " ports %u-%u", r->lo, r->hi);
		return n;
	}
	/* Ours is one port; another loader may have said a range. */
	for (port = r->lo; port <= r->hi; port++) {
		fputs(port > r->lo ? ", " : "", f);
		n = print_interface(f, rpc, i);
		fprintf(f, " port %u", port);
	}
	return n;
}

void print_ms(FILE *f, uint32_t ms)
{
	static const struct {
		const char *unit;
		uint32_t ms;
	} units[] = {
		{ "d", 86400000 }, { "h", 3600000 }, { "m", 60000 }, { "s", 1000 }, { "ms", 1 },
	};
	unsigned int i = 0;

	while (ms % units[i].ms)
		i++;
	fprintf(f, "%u%s", ms / units[i].ms, units[i].unit);
}

/* What differs from the defaults, and bind observe remembers nothing anyway. */
static void print_rpc_options(FILE *f, const struct rpc *rpc)
{
	bool observe = rpc->flags & POSTERN_RPC_OPT_BIND_OBSERVE;

	if (rpc->idle_ms != RPC_IDLE_MS) {
		fputs(" idle ", f);
		print_ms(f, rpc->idle_ms);
	}
	if (rpc->per_client != RPC_PER_CLIENT)
		fprintf(f, " pinholes %u", rpc->per_client);
	if (rpc->flags & POSTERN_RPC_OPT_LOOKUP)
		fputs(" lookup allow", f);
	if (rpc->flags & POSTERN_RPC_OPT_SEALED_DENY)
		fputs(" sealed deny", f);
	if (observe) {
		fputs(" bind observe", f);
	} else if (rpc->flags & POSTERN_RPC_OPT_NO_REMEMBER) {
		fputs(" remember no", f);
	} else if (rpc->remember_ms != RPC_REMEMBER_MS) {
		fputs(" remember ", f);
		print_ms(f, rpc->remember_ms);
	}
	if (rpc->flags & POSTERN_RPC_OPT_TOWER_STRICT)
		fputs(" tower strict", f);
	if (rpc->flags & POSTERN_RPC_OPT_RESUME_REFUSE)
		fputs(" resume refuse", f);
}

void print_rpc(FILE *f, const struct rpc *rpc)
{
	unsigned int i = 0;

	fputs("rpc { ", f);
	while (i < rpc->interfaces.n) {
		fputs(i ? ", " : "", f);
		i += print_element(f, rpc, i);
	}
	fputs(" }", f);
	print_rpc_options(f, rpc);
}

static void print_range(FILE *f, const struct range *r)
{
	char text[RANGE_TEXT_MAX];

	address_print(r, text);
	fputs(text, f);
}

/* The addresses of a set, and whether any came. */
static bool print_set(FILE *f, const struct addrset *set, const char *sep)
{
	struct range r;
	bool any = false;
	size_t i;

	r.family = AF_INET;
	for (i = 0; i < set->n4; i++, any = true) {
		r.r4 = set->v4[i];
		fputs(any ? sep : "", f);
		print_range(f, &r);
	}
	r.family = AF_INET6;
	for (i = 0; i < set->n6; i++, any = true) {
		r.r6 = set->v6[i];
		fputs(any ? sep : "", f);
		print_range(f, &r);
	}
	return any;
}

void print_hosts_name(FILE *f, const struct hosts *h)
{
	if (*h->name == '@')
		print_set(f, &h->set, ", ");
	else
		fputs(h->name, f);
}

void print_service_name(FILE *f, const struct service *s)
{
	if (*s->name != '@')
		fputs(s->name, f);
	else if (s->rpc)
		print_rpc(f, s->rpc);
	else
		print_ports(f, &s->ports);
}

static void print_endpoints(FILE *f, const struct vec *list)
{
	struct endpoint *e;

	fputs(list->n == 1 ? "" : "{ ", f);
	vec_for_each(e, list) {
		fputs(e_i ? ", " : "", f);
		switch (e->kind) {
		case POSTERN_ENDPOINT_ZONE:
			fputs(e->zone->name, f);
			break;
		case POSTERN_ENDPOINT_HOSTS:
			print_hosts_name(f, e->hosts);
			break;
		case POSTERN_ENDPOINT_SELF:
			fputs(e->word, f);
			break;
		default:
			fputs("any", f);
		}
	}
	fputs(list->n == 1 ? "" : " }", f);
}

static void print_mark(FILE *f, uint32_t mark, uint32_t mask)
{
	fprintf(f, mark == mask ? "mark 0x%x" : "mark 0x%x/0x%x", mark, mask);
}

static void print_rule_to(FILE *f, const struct rule *rule)
{
	struct wanted *w;

	fputs(rule->action == POSTERN_ACTION_BLOCK ? "block " : "allow ", f);
	print_endpoints(f, &rule->src);
	fputs(rule->flags & POSTERN_RULE_BOTH ? " <-> " : " -> ", f);
	print_endpoints(f, &rule->dst);
	vec_for_each(w, &rule->services) {
		fputs(w_i ? ", " : " : ", f);
		print_service_name(f, w->service);
	}
	if (rule->limit)
		fprintf(f, " limit %s", rule->limit->name);
	if (rule->inspect)
		fprintf(f, " inspect %s", rule->inspect->name);
	if (rule->flags & POSTERN_RULE_LOG)
		fputs(" log", f);
	if (rule->flags & POSTERN_RULE_OBSERVE)
		fputs(" observe", f);
	if (rule->mark_mask) {
		fputc(' ', f);
		print_mark(f, rule->mark, rule->mark_mask);
	}
	if (rule->name)
		fprintf(f, " name \"%s\"", rule->name);
}

char *print_rule(struct arena *arena, const struct rule *rule)
{
	char *text = NULL, *kept;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return arena_strdup(arena, "");
	print_rule_to(f, rule);
	fclose(f);
	kept = arena_strndup(arena, text, len);
	free(text);
	return kept;
}

static const char plain_iface[] =
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._*?-";

static void print_zone(FILE *f, const struct zone *zone)
{
	struct ref *iface;

	fprintf(f, "zone %s {", zone->name);
	vec_for_each(iface, &zone->ifaces) {
		/* Quoted where a bare word would be read as something else. */
		bool plain = strspn(iface->name, plain_iface) == strlen(iface->name) &&
			     *iface->name != '-' && !keyword_is(iface->name, strlen(iface->name));

		fprintf(f, plain ? "%s %s" : "%s \"%s\"", iface_i ? "," : "", iface->name);
	}
	fprintf(f, " } reject %s\n", zone->flags & POSTERN_ZONE_REJECT ? "yes" : "none");
}

static void print_hosts(FILE *f, const struct hosts *h)
{
	/* One line for what a person wrote, many for what came from a list. */
	bool tall = h->set.n4 + h->set.n6 > 8;
	const char *sep = tall ? ",\n\t" : ", ";
	struct hosts *member;
	bool any;

	fprintf(f, "%s %s", h->flags & POSTERN_HOSTS_SERVER ? "server" : "hosts", h->name);
	if (h->zone)
		fprintf(f, " in %s", h->zone->name);
	if (h->flags & POSTERN_HOSTS_NAT)
		fputs(" nat", f);
	fputs(tall ? " {\n\t" : " { ", f);
	any = print_set(f, &h->set, sep);
	vec_for_each(member, &h->members) {
		fputs(any ? sep : "", f);
		fputs(member->name, f);
		any = true;
	}
	fputs(!any ? "}\n" : tall ? "\n}\n" : " }\n", f);
}

static void print_service(FILE *f, const struct service *s)
{
	struct service *member;
	struct port_spec *spec;
	bool any = false, list = s->ports.n + !!s->rpc + s->members.n != 1;

	/* An ICMP range of another loader becomes several entries. */
	if (s->ports.n == 1) {
		spec = s->ports.v[0];
		list = list || (is_icmp(spec->ports.proto) && spec->ports.lo != spec->ports.hi);
	}
	fprintf(f, "service %s = %s", s->name, list ? "{ " : "");
	vec_for_each(spec, &s->ports) {
		fputs(any ? ", " : "", f);
		print_spec(f, &spec->ports);
		any = true;
	}
	if (s->rpc) {
		fputs(any ? ", " : "", f);
		print_rpc(f, s->rpc);
		any = true;
	}
	vec_for_each(member, &s->members) {
		fputs(any ? ", " : "", f);
		print_service_name(f, member);
		any = true;
	}
	fputs(list ? " }\n" : "\n", f);
}

/* The names under which the rules speak of this router. */
static void print_selves(FILE *f, const struct policy *p)
{
	struct names seen = { .arena = (struct arena *)&p->arena };
	const struct vec *lists[2];
	struct endpoint *e;
	struct rule *rule;
	unsigned int i;

	vec_for_each(rule, &p->rules) {
		lists[0] = &rule->src;
		lists[1] = &rule->dst;
		for (i = 0; i < 2; i++) {
			vec_for_each(e, lists[i]) {
				if (e->kind != POSTERN_ENDPOINT_SELF || names_get(&seen, e->word))
					continue;
				names_put(&seen, e->word, e);
				fprintf(f, "hosts %s self\n", e->word);
			}
		}
	}
}

void print_policy(FILE *f, const struct policy *p)
{
	struct inspect *inspect;
	struct limit *limit;
	struct service *s;
	struct hosts *h;
	struct zone *zone;
	struct rule *rule;

	if (p->observe)
		fputs("set observe\n", f);
	if (p->mark_mask) {
		fputs("set ", f);
		print_mark(f, p->mark, p->mark_mask);
		fputc('\n', f);
	}
	if (p->fastpath != POSTERN_FASTPATH_AUTO)
		fprintf(f, "fastpath %s\n", fastpath_name(p->fastpath));
	vec_for_each(zone, &p->zones)
		print_zone(f, zone);
	print_selves(f, p);
	vec_for_each(h, &p->hosts_order)
		if (*h->name != '@')
			print_hosts(f, h);
	vec_for_each(s, &p->services_order)
		if (*s->name != '@' && !builtin_is(s))
			print_service(f, s);
	if ((p->limits.n || inspects_rated(p)) && p->table_sources &&
	    p->table_sources != LIMIT_SOURCES)
		fprintf(f, "sources %u\n", p->table_sources);
	vec_for_each(limit, &p->limits) {
		fprintf(f, "limit %s {\n", limit->name);
		print_limit(f, limit, "\t", "\n");
		fputs("}\n", f);
	}
	vec_for_each(inspect, &p->inspects) {
		fprintf(f, "inspect %s {\n", inspect->name);
		print_inspect(f, inspect, "\t", "\n");
		fputs("}\n", f);
	}
	vec_for_each(rule, &p->rules) {
		print_rule_to(f, rule);
		fputc('\n', f);
	}
}
