/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The checked model of a policy: what stands between the text and the kernel.
 * It comes from the parser (policy.h) or from the kernel's dumps (fetch.h).
 */
#ifndef POLICY_MODEL_H
#define POLICY_MODEL_H

#include <linux/postern.h>
#include <stdint.h>
#include <stdio.h>

#include "addrset.h"
#include "diag.h"
#include "source.h"
#include "words.h"

/* A word that stands for something else, until it is resolved. */
struct ref {
	const char *name;
	struct loc loc;
};

struct zone {
	const char *name;
	struct loc loc;
	struct vec ifaces; /* struct ref */
	struct vec matched; /* struct ref, from the kernel: interfaces now in it */
	uint32_t flags;
	uint32_t index;
};

enum visit {
	VISIT_NEVER,
	VISIT_OPEN, /* on the way down: to come here again is a cycle */
	VISIT_DONE,
};

struct hosts {
	const char *name; /* "@..." for one that stands inline in a rule */
	struct loc loc;
	struct loc name_loc;
	const struct ref *zone_ref;
	struct zone *zone;
	uint32_t flags;
	bool self;
	struct vec refs; /* struct ref: names in it */
	struct vec files; /* struct ref: files in it */
	struct addrset set;
	uint32_t nr_ranges; /* from the kernel, which may keep the ranges */
	struct vec members; /* struct hosts */
	uint32_t index;
	enum visit visit;
	bool in_two_zones; /* and it was told */
	unsigned int depth; /* of nesting below it */
	uint64_t zone_mask; /* the zones of it and what is in it */
	unsigned int walk; /* see cover.c */
	const struct zone *walk_zone;
	struct flat *flat;
};

struct service {
	const char *name; /* "@..." for one that stands inline in a rule */
	struct loc loc;
	struct loc name_loc;
	struct vec ports; /* struct port_spec */
	struct rpc *rpc; /* NULL: none */
	struct vec refs; /* struct ref */
	struct vec members; /* struct service */
	bool builtin;
	uint32_t index;
	enum visit visit;
	unsigned int depth;
	bool reaches_rpc; /* it has an rpc, or something in it has */
	bool reaches_tcp; /* likewise; an rpc is TCP */
	const struct port_spec *other; /* likewise: no single port of TCP; NULL: none */
	unsigned int walk; /* see cover.c */
};

/* Zones and hosts stand in the same places of a rule: one table of names for both. */
struct place {
	struct zone *zone;
	struct hosts *hosts;
	struct loc loc;
};

struct port_spec {
	struct postern_ports ports;
	struct loc loc;
};

struct rpc_entry {
	struct postern_rpc rpc;
	struct loc loc;
};

/* What stands behind the word rpc. */
struct rpc {
	struct loc loc;
	struct vec interfaces; /* struct rpc_entry */
	uint32_t flags; /* POSTERN_RPC_OPT_* */
	uint32_t idle_ms, per_client, remember_ms;
};

struct endpoint {
	enum postern_endpoint_kind kind;
	struct loc loc;
	const char *word; /* the name, until it is resolved; of self: its name */
	struct range literal; /* family 0: a name */
	struct zone *zone;
	struct hosts *hosts;
};

/* One entry of a rule's list of services: a name or a spec of its own. */
struct wanted {
	struct loc loc;
	const char *name; /* NULL: it is written out */
	struct vec ports; /* struct port_spec */
	struct rpc *rpc;
	struct service *service;
};

/* As in the braces of limit; a count, number or time of 0: nothing is said. */
struct limit {
	const char *name;
	struct loc loc;
	struct loc name_loc;
	struct loc ban_loc;
	struct postern_rate rate_source, rate_network, total;
	uint32_t open_source, open_network, half_open, silent;
	struct postern_ban ban;
	struct postern_prefixes prefixes;
	struct vec exempt; /* struct endpoint: hosts */
	uint32_t flags; /* POSTERN_LIMIT_* */
	uint32_t index;
	bool used; /* by a rule */
	bool inspected; /* and an inspect's refusals count for its ban */
};

/* As in the braces of inspect; a count or size of 0: nothing is said. */
struct inspect {
	const char *name;
	struct loc loc;
	struct loc name_loc;
	uint64_t deny; /* a bit for each of inspect_verbs */
	uint64_t size;
	uint32_t recipients, messages, line;
	struct postern_rate recipients_rate, messages_rate;
	struct vec relay; /* struct ref: domains, ascending */
	uint32_t flags; /* POSTERN_INSPECT_* */
	uint32_t index;
	bool used; /* by a rule */
};

struct rule {
	enum postern_action action;
	struct loc loc;
	struct vec src, dst; /* struct endpoint */
	struct vec services; /* struct wanted; empty: any */
	uint32_t flags;
	uint32_t mark, mark_mask; /* mask 0: none */
	const struct ref *limit_ref;
	struct limit *limit; /* NULL: none */
	const struct ref *inspect_ref;
	struct inspect *inspect; /* NULL: none */
	const char *name;
	const char *text; /* canonical */
	uint64_t hits, packets, bytes; /* from the kernel */
};

struct policy {
	struct arena arena;
	struct diags diags;
	struct vec sources; /* struct source */
	unsigned int nr_policy_files;
	bool no_files; /* the text may not read others */

	struct vec zones, hosts, services, limits, inspects, rules; /* in the order of the text */
	struct vec hosts_order, services_order; /* in the order of the kernel's numbers */
	struct names places; /* struct place */
	struct names service_names; /* struct service */
	struct names limit_names; /* struct limit */
	struct names inspect_names; /* struct inspect */
	struct names anonymous_hosts, anonymous_services;

	bool observe;
	struct loc observe_loc;
	uint32_t mark, mark_mask;
	struct loc mark_loc;
	uint32_t fastpath; /* enum postern_fastpath */
	struct loc fastpath_loc;
	uint32_t table_sources; /* entries of the table of sources; 0: nobody said */
	struct loc table_loc;
};

struct policy *policy_new(void);
void policy_free(struct policy *p);

/* FILE:LINE, in the policy's arena. */
const char *policy_place(struct policy *p, const struct loc *loc);

/* As it is written. */
const char *fastpath_name(uint32_t fastpath);

/* builtin.c */
struct service *builtin_service(struct policy *p, const char *name);
bool builtin_is(const struct service *s);
bool builtin_name(const char *name);
void builtin_suggest(struct nearest *n);

/* The protocol of a name or number; -1 if there is none. */
int protocol_parse(const char *text);
const char *protocol_name(uint8_t proto);
/* An ICMP type by name or number; -1 if there is none. */
int icmp_type_parse(uint8_t proto, const char *text);
const char *icmp_type_name(uint8_t proto, uint8_t type);
void icmp_type_suggest(struct nearest *n, uint8_t proto);

/* print.c: the canonical text */
char *print_rule(struct arena *arena, const struct rule *rule);
void print_policy(FILE *f, const struct policy *p);
void print_ports(FILE *f, const struct vec *ports);
void print_rpc(FILE *f, const struct rpc *rpc);
void print_ms(FILE *f, uint32_t ms);
void print_hosts_name(FILE *f, const struct hosts *h);
void print_service_name(FILE *f, const struct service *s);

#endif
