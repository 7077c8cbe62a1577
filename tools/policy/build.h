/* SPDX-License-Identifier: GPL-2.0 */
/* What the parser makes of a statement: entries of the model, not yet resolved. */
#ifndef POLICY_BUILD_H
#define POLICY_BUILD_H

#include "model.h"

/* An entry of the braces of hosts. */
struct item {
	const struct ref *ref;
	bool file;
};

/* An entry of the braces of rpc. */
struct rpc_element {
	const struct ref *ref; /* NULL: any */
	const struct vec *words; /* struct ref: what follows it, in pairs */
	struct loc loc;
};

/* In the same word as the flags of a rule. */
#define BUILD_BLOCK (1u << 31)

/* May something be called so? Complains if not. */
bool build_check_name(struct policy *p, const struct ref *name);

void build_zone(struct policy *p, const struct ref *name, const struct vec *ifaces, uint32_t flags,
		struct loc loc);
uint32_t build_reject(struct policy *p, const struct ref *word);

struct item *build_item(struct policy *p, const struct ref *ref, bool file);
void build_self(struct policy *p, const struct ref *name, struct loc loc);
void build_hosts(struct policy *p, const struct ref *name, const struct ref *zone, uint32_t flags,
		 const struct vec *items, struct loc loc);

struct wanted *build_wanted_name(struct policy *p, const struct ref *name);
struct wanted *build_wanted_any(struct policy *p, uint8_t proto, struct loc loc);
struct wanted *build_wanted_ports(struct policy *p, uint8_t proto, const struct vec *ports,
				  struct loc loc);
struct wanted *build_wanted_icmp(struct policy *p, uint8_t proto, const struct ref *type,
				 const struct ref *code, struct loc loc);
/* A port or a range; complains if it is neither. */
bool build_ports(struct policy *p, const struct ref *word, long *lo, long *hi);
struct ref *build_word(struct policy *p, const char *word, struct loc loc);
struct rpc_element *build_rpc_element(struct policy *p, const struct ref *ref,
				      const struct vec *words, struct loc loc);
struct wanted *build_wanted_rpc(struct policy *p, const struct vec *elements,
				const struct vec *words, struct loc loc);
void build_unknown_limit(struct policy *p, const struct ref *word);
void build_unknown_option(struct policy *p, const struct ref *word);
uint8_t build_protocol(struct policy *p, const struct ref *word);
void build_service(struct policy *p, const struct ref *name, const struct vec *wanted,
		   struct loc loc);

struct endpoint *build_any(struct policy *p, struct loc loc);
struct endpoint *build_endpoint(struct policy *p, const struct ref *word);
struct rule *build_flag(struct policy *p, struct rule *rule, uint32_t flag, struct loc loc);
struct rule *build_mark(struct policy *p, struct rule *rule, const struct ref *word);
struct rule *build_rule_limit(struct policy *p, struct rule *rule, const struct ref *name);
struct rule *build_rule_inspect(struct policy *p, struct rule *rule, const struct ref *name);
struct rule *build_name(struct policy *p, struct rule *rule, const struct ref *text);
void build_rule(struct policy *p, struct rule *rule, uint32_t flags, struct loc action,
		struct vec *src, struct vec *dst, struct vec *services, struct loc loc);

/* limit.c */
void build_limit(struct policy *p, const struct ref *name, const struct vec *words, struct loc loc);
void build_sources(struct policy *p, const struct ref *word, struct loc loc);
void build_broken_limit(struct policy *p, const struct ref *name);

/* inspect.c */
void build_inspect(struct policy *p, const struct ref *name, const struct vec *words,
		   struct loc loc);
void build_broken_inspect(struct policy *p, const struct ref *name);

void build_fastpath(struct policy *p, const struct ref *word, struct loc loc);
void build_set_observe(struct policy *p, struct loc loc);
void build_set_mark(struct policy *p, const struct ref *word, struct loc loc);

void build_broken_zone(struct policy *p, const struct ref *name);
void build_broken_hosts(struct policy *p, const struct ref *name);
void build_broken_service(struct policy *p, const struct ref *name);

#endif
