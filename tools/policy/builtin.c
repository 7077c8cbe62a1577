// SPDX-License-Identifier: GPL-2.0
/* What the language knows by name: services, protocols, ICMP types. */
#include <stdlib.h>
#include <string.h>

#include "rpc.h"

#define TCP IPPROTO_TCP
#define UDP IPPROTO_UDP
#define PING4                                            \
	{                                                \
		IPPROTO_ICMP, 0, 8 << 8, 8 << 8 | 255, 0 \
	}
#define PING6                                                  \
	{                                                      \
		IPPROTO_ICMPV6, 0, 128 << 8, 128 << 8 | 255, 0 \
	}
#define PORT(proto, port)               \
	{                               \
		proto, 0, port, port, 0 \
	}

static const struct builtin {
	const char *name;
	struct postern_ports ports[2];
} builtins[] = {
	{ "dns", { PORT(UDP, 53), PORT(TCP, 53) } },
	{ "echo", { PING4, PING6 } },
	{ "epmap", { PORT(TCP, 135) } },
	{ "http", { PORT(TCP, 80) } },
	{ "https", { PORT(TCP, 443) } },
	{ "ident", { PORT(TCP, 113) } },
	{ "imap", { PORT(TCP, 143) } },
	{ "imaps", { PORT(TCP, 993) } },
	{ "kerberos", { PORT(TCP, 88), PORT(UDP, 88) } },
	{ "ldap", { PORT(TCP, 389) } },
	{ "ldaps", { PORT(TCP, 636) } },
	{ "nntp", { PORT(TCP, 119) } },
	{ "nntps", { PORT(TCP, 563) } },
	{ "ntp", { PORT(UDP, 123) } },
	{ "ping", { PING4, PING6 } },
	{ "pop3", { PORT(TCP, 110) } },
	{ "pop3s", { PORT(TCP, 995) } },
	{ "smb", { PORT(TCP, 445) } },
	{ "smtp", { PORT(TCP, 25) } },
	{ "smtps", { PORT(TCP, 465) } },
	{ "ssh", { PORT(TCP, 22) } },
	{ "submission", { PORT(TCP, 587) } },
	{ "x400", { PORT(TCP, 102) } },
};

/* Exchange's: its clients, with and without static ports, and its servers. */
static const struct builtin_rpc {
	const char *name;
	struct {
		const char *interface;
		uint16_t port; /* 0: as the mapper says */
	} elements[3];
} builtin_rpcs[] = {
	{ "exchange-client",
	  { { "exchange-ds", 0 }, { "exchange-is", 0 }, { "exchange-rfr", 0 } } },
	{ "exchange-client-st", { { "exchange-ds", 1225 }, { "exchange-is", 1226 } } },
	{ "exchange-intrasite", { { "exchange-ds", 0 }, { "exchange-mta", 0 } } },
	{ "site-connector", { { "exchange-mta", 0 } } },
};

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static const struct builtin *find(const char *name)
{
	size_t i;

	for (i = 0; i < COUNT(builtins); i++)
		if (!strcmp(builtins[i].name, name))
			return &builtins[i];
	return NULL;
}

static const struct builtin_rpc *find_rpc(const char *name)
{
	size_t i;

	for (i = 0; i < COUNT(builtin_rpcs); i++)
		if (!strcmp(builtin_rpcs[i].name, name))
			return &builtin_rpcs[i];
	return NULL;
}

static struct rpc *make_rpc(struct arena *arena, const struct builtin_rpc *b)
{
	struct rpc *rpc = rpc_new(arena);
	size_t i;

	for (i = 0; i < COUNT(b->elements) && b->elements[i].interface; i++)
		rpc_add_name(arena, rpc, b->elements[i].interface, b->elements[i].port);
	return rpc;
}

static unsigned int nr_ports(const struct builtin *b)
{
	return b->ports[1].proto ? 2 : 1;
}

bool builtin_name(const char *name)
{
	return find(name) || find_rpc(name);
}

void builtin_suggest(struct nearest *n)
{
	size_t i;

	for (i = 0; i < COUNT(builtins); i++)
		nearest_try(n, builtins[i].name);
	for (i = 0; i < COUNT(builtin_rpcs); i++)
		nearest_try(n, builtin_rpcs[i].name);
}

struct service *builtin_service(struct policy *p, const char *name)
{
	const struct builtin_rpc *rpc = find_rpc(name);
	const struct builtin *b = find(name);
	struct service *s;
	unsigned int i;

	if (!b && !rpc)
		return NULL;
	s = arena_alloc(&p->arena, sizeof(*s));
	s->name = b ? b->name : rpc->name;
	s->builtin = true;
	if (rpc)
		s->rpc = make_rpc(&p->arena, rpc);
	for (i = 0; b && i < nr_ports(b); i++) {
		struct port_spec *spec = arena_alloc(&p->arena, sizeof(*spec));

		spec->ports = b->ports[i];
		vec_push(&p->arena, &s->ports, spec);
	}
	return s;
}

/* Whether it means just what the built-in service of its name means. */
bool builtin_is(const struct service *s)
{
	const struct builtin_rpc *rpc = find_rpc(s->name);
	const struct builtin *b = find(s->name);
	struct arena arena = { 0 };
	struct port_spec *spec;
	bool same;

	if (rpc) {
		if (s->ports.n || s->refs.n || s->members.n)
			return false;
		same = rpc_same(s->rpc, make_rpc(&arena, rpc));
		arena_free(&arena);
		return same;
	}
	if (!b || s->rpc || s->ports.n != nr_ports(b) || s->refs.n || s->members.n)
		return false;
	vec_for_each(spec, &s->ports)
		if (memcmp(&spec->ports, &b->ports[spec_i], sizeof(spec->ports)))
			return false;
	return true;
}

struct number {
	const char *name;
	uint8_t value;
};

/* The first name of a number is the one that is printed. */
static const struct number protocols[] = {
	{ "icmp", 1 },	    { "igmp", 2 },   { "ipip", 4 },	{ "tcp", 6 },
	{ "egp", 8 },	    { "igp", 9 },    { "udp", 17 },	{ "dccp", 33 },
	{ "ipv6", 41 },	    { "sit", 41 },   { "rsvp", 46 },	{ "gre", 47 },
	{ "esp", 50 },	    { "ah", 51 },    { "icmpv6", 58 },	{ "ipv6-icmp", 58 },
	{ "eigrp", 88 },    { "ospf", 89 },  { "etherip", 97 }, { "pim", 103 },
	{ "ipcomp", 108 },  { "vrrp", 112 }, { "l2tp", 115 },	{ "sctp", 132 },
	{ "udplite", 136 }, { "mpls", 137 },
};

static const struct number icmp_types[] = {
	{ "echo-reply", 0 },
	{ "unreachable", 3 },
	{ "destination-unreachable", 3 },
	{ "source-quench", 4 },
	{ "redirect", 5 },
	{ "echo-request", 8 },
	{ "echo", 8 },
	{ "router-advertisement", 9 },
	{ "router-solicitation", 10 },
	{ "time-exceeded", 11 },
	{ "parameter-problem", 12 },
	{ "timestamp-request", 13 },
	{ "timestamp-reply", 14 },
	{ "address-mask-request", 17 },
	{ "address-mask-reply", 18 },
};

static const struct number icmpv6_types[] = {
	{ "unreachable", 1 },
	{ "destination-unreachable", 1 },
	{ "packet-too-big", 2 },
	{ "time-exceeded", 3 },
	{ "parameter-problem", 4 },
	{ "echo-request", 128 },
	{ "echo", 128 },
	{ "echo-reply", 129 },
	{ "mld-query", 130 },
	{ "mld-report", 131 },
	{ "mld-done", 132 },
	{ "router-solicitation", 133 },
	{ "router-advertisement", 134 },
	{ "neighbour-solicitation", 135 },
	{ "neighbor-solicitation", 135 },
	{ "neighbour-advertisement", 136 },
	{ "neighbor-advertisement", 136 },
	{ "redirect", 137 },
	{ "mld2-report", 143 },
};

/* A name of the table, or a number from 0 to 255. */
static int parse(const struct number *table, size_t n, const char *text)
{
	size_t i;
	int value = 0;

	for (i = 0; i < n; i++)
		if (!strcmp(table[i].name, text))
			return table[i].value;
	if (!*text || strlen(text) > 3 || (*text == '0' && text[1]))
		return -1;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -1;
		value = value * 10 + (*text - '0');
	}
	return value <= 255 ? value : -1;
}

static const char *name_of(const struct number *table, size_t n, uint8_t value)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (table[i].value == value)
			return table[i].name;
	return NULL;
}

int protocol_parse(const char *text)
{
	return parse(protocols, COUNT(protocols), text);
}

const char *protocol_name(uint8_t proto)
{
	return name_of(protocols, COUNT(protocols), proto);
}

int icmp_type_parse(uint8_t proto, const char *text)
{
	if (proto == IPPROTO_ICMPV6)
		return parse(icmpv6_types, COUNT(icmpv6_types), text);
	return parse(icmp_types, COUNT(icmp_types), text);
}

const char *icmp_type_name(uint8_t proto, uint8_t type)
{
	if (proto == IPPROTO_ICMPV6)
		return name_of(icmpv6_types, COUNT(icmpv6_types), type);
	return name_of(icmp_types, COUNT(icmp_types), type);
}

void icmp_type_suggest(struct nearest *n, uint8_t proto)
{
	const struct number *table = proto == IPPROTO_ICMPV6 ? icmpv6_types : icmp_types;
	size_t i, count = proto == IPPROTO_ICMPV6 ? COUNT(icmpv6_types) : COUNT(icmp_types);

	for (i = 0; i < count; i++)
		nearest_try(n, table[i].name);
}
