// SPDX-License-Identifier: GPL-2.0
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "build.h"

static bool check_name(struct policy *p, const struct ref *name)
{
	if (!name_is_valid(name->name)) {
		diag_error(&p->diags, name->loc,
			   "'%.*s' cannot be a name; a name is letters, digits, '_', '-' and '.', and begins with a letter.",
			   shown(name->name), name->name);
		return false;
	}
	if (strlen(name->name) > POSTERN_NAME_MAX) {
		diag_error(&p->diags, name->loc, "the name is longer than %d bytes.",
			   POSTERN_NAME_MAX);
		return false;
	}
	return true;
}

static bool claim_place(struct policy *p, const struct ref *name)
{
	struct place *other;

	if (!check_name(p, name))
		return false;
	other = names_get(&p->places, name->name);
	if (!other)
		return true;
	diag_error(&p->diags, name->loc, "'%s' is already the name of %s, defined at %s.",
		   name->name, other->zone ? "a zone" : "hosts", policy_place(p, &other->loc));
	return false;
}

static void put_place(struct policy *p, const struct ref *name, struct zone *zone,
		      struct hosts *hosts)
{
	struct place *place = arena_alloc(&p->arena, sizeof(*place));

	place->zone = zone;
	place->hosts = hosts;
	place->loc = name->loc;
	names_put(&p->places, name->name, place);
}

static void check_iface(struct policy *p, const struct ref *iface)
{
	const char *name = iface->name;

	if (!*name)
		diag_error(&p->diags, iface->loc, "the interface name is empty.");
	else if (strlen(name) >= IFNAMSIZ)
		diag_error(&p->diags, iface->loc,
			   "'%.*s' is too long for an interface name, which has at most %d bytes.",
			   shown(name), name, IFNAMSIZ - 1);
	else if (strpbrk(name, "/ \t"))
		diag_error(&p->diags, iface->loc, "'%s' cannot be the name of an interface.", name);
}

static void add_ifaces(struct policy *p, struct zone *zone, const struct vec *ifaces)
{
	struct ref *iface, *other_iface;
	struct zone *other;

	vec_for_each(iface, ifaces) {
		bool twice = false;

		check_iface(p, iface);
		vec_for_each(other, &p->zones) {
			vec_for_each(other_iface, &other->ifaces) {
				if (strcmp(other_iface->name, iface->name))
					continue;
				twice = true;
				diag_error(&p->diags, iface->loc,
					   "interface '%s' is already in zone '%s', see %s.",
					   iface->name, other->name,
					   policy_place(p, &other_iface->loc));
			}
		}
		vec_for_each(other_iface, &zone->ifaces) {
			if (!strcmp(other_iface->name, iface->name)) {
				twice = true;
				diag_error(&p->diags, iface->loc,
					   "interface '%s' is named twice in this zone.",
					   iface->name);
			}
		}
		if (!twice)
			vec_push(&p->arena, &zone->ifaces, iface);
	}
	if (ifaces->n > POSTERN_IFACES_MAX)
		diag_error(&p->diags, zone->loc,
			   "zone '%s' has %u interfaces, and %d is the most; a pattern like eth* names many.",
			   zone->name, ifaces->n, POSTERN_IFACES_MAX);
}

void build_zone(struct policy *p, const struct ref *name, const struct vec *ifaces, uint32_t flags,
		struct loc loc)
{
	struct zone *zone = arena_alloc(&p->arena, sizeof(*zone));
	bool fresh = claim_place(p, name);

	zone->name = name->name;
	zone->loc = loc;
	zone->flags = flags;
	add_ifaces(p, zone, ifaces);
	if (!fresh)
		return;
	put_place(p, name, zone, NULL);
	zone->index = p->zones.n;
	vec_push(&p->arena, &p->zones, zone);
	if (p->zones.n == POSTERN_ZONES_MAX + 1)
		diag_error(&p->diags, name->loc, "a policy has at most %d zones.",
			   POSTERN_ZONES_MAX);
}

uint32_t build_reject(struct policy *p, const struct ref *word)
{
	if (!strcmp(word->name, "yes"))
		return POSTERN_ZONE_REJECT;
	if (strcmp(word->name, "none") && strcmp(word->name, "no"))
		diag_error(&p->diags, word->loc, "reject is 'yes' or 'none', and not '%.*s'.",
			   shown(word->name), word->name);
	return 0;
}

struct item *build_item(struct policy *p, const struct ref *ref, bool file)
{
	struct item *item = arena_alloc(&p->arena, sizeof(*item));

	item->ref = ref;
	item->file = file;
	return item;
}

static struct hosts *new_hosts(struct policy *p, const struct ref *name, struct loc loc)
{
	struct hosts *h = arena_alloc(&p->arena, sizeof(*h));

	h->name = name->name;
	h->name_loc = name->loc;
	h->loc = loc;
	if (claim_place(p, name))
		put_place(p, name, NULL, h);
	/* Even if it is a duplicate: what is in it is checked, and its memory freed. */
	vec_push(&p->arena, &p->hosts, h);
	return h;
}

void build_self(struct policy *p, const struct ref *name, struct loc loc)
{
	new_hosts(p, name, loc)->self = true;
}

void build_hosts(struct policy *p, const struct ref *name, const struct ref *zone, uint32_t flags,
		 const struct vec *items, struct loc loc)
{
	struct hosts *h = new_hosts(p, name, loc);
	char why[ADDRESS_ERROR_MAX];
	struct item *item;
	struct range r;

	h->zone_ref = zone;
	h->flags = flags;
	vec_for_each(item, items) {
		const struct ref *ref = item->ref;

		if (item->file)
			vec_push(&p->arena, &h->files, (void *)ref);
		else if (!address_is_meant(ref->name, strlen(ref->name)))
			vec_push(&p->arena, &h->refs, (void *)ref);
		else if (address_parse(ref->name, strlen(ref->name), &r, why))
			addrset_add(&h->set, &r);
		else
			diag_error(&p->diags, ref->loc, "%s", why);
	}
}

static struct wanted *new_wanted(struct policy *p, struct loc loc)
{
	struct wanted *w = arena_alloc(&p->arena, sizeof(*w));

	w->loc = loc;
	return w;
}

static void add_ports(struct policy *p, struct wanted *w, uint8_t proto, uint8_t flags,
		      unsigned int lo, unsigned int hi, struct loc loc)
{
	struct port_spec *spec = arena_alloc(&p->arena, sizeof(*spec));

	spec->ports.proto = proto;
	spec->ports.flags = flags;
	spec->ports.lo = (uint16_t)lo;
	spec->ports.hi = (uint16_t)hi;
	spec->loc = loc;
	vec_push(&p->arena, &w->ports, spec);
}

struct wanted *build_wanted_name(struct policy *p, const struct ref *name)
{
	struct wanted *w = new_wanted(p, name->loc);

	w->name = name->name;
	return w;
}

struct wanted *build_wanted_any(struct policy *p, uint8_t proto, struct loc loc)
{
	struct wanted *w = new_wanted(p, loc);

	add_ports(p, w, proto, POSTERN_PORTS_ANY, 0, 0, loc);
	return w;
}

/* Decimal digits up to the end or @stop; -1: something else. */
static long parse_number(const char **text, char stop)
{
	const char *t = *text;
	long value = 0;

	if (*t < '0' || *t > '9' || (*t == '0' && t[1] >= '0' && t[1] <= '9'))
		return -1;
	for (; *t >= '0' && *t <= '9'; t++)
		if (value < 10000000)
			value = value * 10 + (*t - '0');
	*text = t;
	return !*t || *t == stop ? value : -1;
}

static bool port_in_range(struct policy *p, const struct ref *word, long port)
{
	if (port >= 1 && port <= 65535)
		return true;
	diag_error(&p->diags, word->loc, "port %.*s is out of range; ports are 1 to 65535.",
		   shown(word->name), word->name);
	return false;
}

bool build_ports(struct policy *p, const struct ref *word, long *lo, long *hi)
{
	const char *t = word->name;

	*lo = parse_number(&t, '-');
	if (*lo >= 0 && *t == '-') {
		t++;
		*hi = parse_number(&t, 0);
	} else {
		*hi = *lo;
	}
	if (*lo < 0 || *hi < 0) {
		const char *hint = names_get(&p->service_names, word->name) ||
						   builtin_name(word->name) ?
					   "; a service's name stands alone" :
					   "";

		diag_error(&p->diags, word->loc, "'%.*s' is not a port or a range of ports%s.",
			   shown(word->name), word->name, hint);
		return false;
	}
	if (!port_in_range(p, word, *lo) || (*hi != *lo && !port_in_range(p, word, *hi)))
		return false;
	if (*hi < *lo) {
		diag_error(&p->diags, word->loc,
			   "the range of ports '%s' goes backwards; did you mean %ld-%ld?",
			   word->name, *hi, *lo);
		return false;
	}
	return true;
}

struct wanted *build_wanted_ports(struct policy *p, uint8_t proto, const struct vec *ports,
				  struct loc loc)
{
	struct wanted *w = new_wanted(p, loc);
	struct ref *word;
	long lo, hi;

	vec_for_each(word, ports)
		if (build_ports(p, word, &lo, &hi))
			add_ports(p, w, proto, 0, (unsigned int)lo, (unsigned int)hi, word->loc);
	return w;
}

struct wanted *build_wanted_icmp(struct policy *p, uint8_t proto, const struct ref *type,
				 const struct ref *code, struct loc loc)
{
	struct wanted *w = new_wanted(p, loc);
	const char *v = proto == IPPROTO_ICMPV6 ? "v6" : "", *t;
	long number = icmp_type_parse(proto, type->name);
	long code_number = 0;
	struct nearest near;

	if (number < 0) {
		nearest_init(&near, type->name);
		icmp_type_suggest(&near, proto);
		if (near.best)
			diag_error(&p->diags, type->loc,
				   "'%.*s' is not a type of ICMP%s; did you mean '%s'?",
				   shown(type->name), type->name, v, near.best);
		else
			diag_error(&p->diags, type->loc,
				   "'%.*s' is not a type of ICMP%s, which has a name or a number from 0 to 255.",
				   shown(type->name), type->name, v);
		return w;
	}
	if (code) {
		t = code->name;
		code_number = parse_number(&t, 0);
		if (code_number < 0 || code_number > 255) {
			diag_error(&p->diags, code->loc,
				   "'%.*s' is not a code of ICMP%s, which is a number from 0 to 255.",
				   shown(code->name), code->name, v);
			return w;
		}
	}
	add_ports(p, w, proto, 0, (unsigned int)(number << 8 | code_number),
		  (unsigned int)(number << 8 | (code ? code_number : 255)), loc);
	return w;
}

/* A keyword in a place where it is a word like others. */
struct ref *build_word(struct policy *p, const char *word, struct loc loc)
{
	struct ref *ref = arena_alloc(&p->arena, sizeof(*ref));

	ref->name = word;
	ref->loc = loc;
	return ref;
}

struct rpc_element *build_rpc_element(struct policy *p, const struct ref *ref,
				      const struct vec *words, struct loc loc)
{
	struct rpc_element *element = arena_alloc(&p->arena, sizeof(*element));

	element->ref = ref;
	element->words = words;
	element->loc = loc;
	return element;
}

uint8_t build_protocol(struct policy *p, const struct ref *word)
{
	int proto = protocol_parse(word->name);

	if (proto >= 0)
		return (uint8_t)proto;
	diag_error(&p->diags, word->loc,
		   "'%.*s' is not a protocol known by name; write its number, from 0 to 255.",
		   shown(word->name), word->name);
	return 0;
}

void build_service(struct policy *p, const struct ref *name, const struct vec *wanted,
		   struct loc loc)
{
	struct service *s = arena_alloc(&p->arena, sizeof(*s)), *other;
	struct port_spec *spec;
	struct wanted *w;
	struct ref *ref;

	s->name = name->name;
	s->name_loc = name->loc;
	s->loc = loc;
	vec_for_each(w, wanted) {
		if (w->name) {
			ref = arena_alloc(&p->arena, sizeof(*ref));
			ref->name = w->name;
			ref->loc = w->loc;
			vec_push(&p->arena, &s->refs, ref);
		}
		vec_for_each(spec, &w->ports)
			vec_push(&p->arena, &s->ports, spec);
		if (w->rpc && s->rpc)
			diag_error(&p->diags, w->loc,
				   "a service has at most one rpc; make the other a service of its own.");
		else if (w->rpc)
			s->rpc = w->rpc;
	}
	vec_push(&p->arena, &p->services, s);
	if (!check_name(p, name))
		return;
	other = names_get(&p->service_names, name->name);
	if (other) {
		diag_error(&p->diags, name->loc, "service '%s' is already defined at %s.",
			   name->name, policy_place(p, &other->name_loc));
		return;
	}
	names_put(&p->service_names, name->name, s);
	if (builtin_name(name->name) && !builtin_is(s))
		diag_warning(&p->diags, name->loc,
			     "'%s' is a built-in service; from here on it means what this line says.",
			     name->name);
}

static struct endpoint *new_endpoint(struct policy *p, struct loc loc)
{
	struct endpoint *e = arena_alloc(&p->arena, sizeof(*e));

	e->kind = POSTERN_ENDPOINT_ANY;
	e->loc = loc;
	return e;
}

struct endpoint *build_any(struct policy *p, struct loc loc)
{
	return new_endpoint(p, loc);
}

struct endpoint *build_endpoint(struct policy *p, const struct ref *word)
{
	struct endpoint *e = new_endpoint(p, word->loc);
	char why[ADDRESS_ERROR_MAX];

	if (!address_is_meant(word->name, strlen(word->name)))
		e->word = word->name;
	else if (!address_parse(word->name, strlen(word->name), &e->literal, why))
		diag_error(&p->diags, word->loc, "%s", why);
	return e;
}

struct rule *build_flag(struct policy *p, struct rule *rule, uint32_t flag, struct loc loc)
{
	if (rule->flags & flag)
		diag_error(&p->diags, loc, "the option stands here twice.");
	rule->flags |= flag;
	return rule;
}

/* Decimal or 0x and hexadecimal digits, up to the end or a slash. */
static bool parse_u32(const char **text, uint32_t *out)
{
	const char *t = *text;
	unsigned long long value;
	char *end;

	if (*t < '0' || *t > '9' || (*t == '0' && t[1] >= '0' && t[1] <= '9'))
		return false;
	value = strtoull(t, &end, t[0] == '0' && (t[1] == 'x' || t[1] == 'X') ? 16 : 10);
	if (value > UINT32_MAX || (*end && *end != '/'))
		return false;
	*out = (uint32_t)value;
	*text = end;
	return true;
}

static bool parse_mark(struct policy *p, const struct ref *word, uint32_t *mark, uint32_t *mask)
{
	const char *t = word->name;

	if (!parse_u32(&t, mark))
		goto bad;
	*mask = *mark;
	if (*t == '/') {
		t++;
		if (!parse_u32(&t, mask) || *t)
			goto bad;
	}
	if (!*mask) {
		diag_error(&p->diags, word->loc,
			   "mark %.*s sets no bit; write which bits it clears, as in 0/0xff.",
			   shown(word->name), word->name);
		return false;
	}
	if (*mark & ~*mask) {
		diag_error(&p->diags, word->loc,
			   "mark %.*s has bits outside its mask; did you mean 0x%x/0x%x?",
			   shown(word->name), word->name, *mark, *mask | *mark);
		return false;
	}
	return true;
bad:
	diag_error(&p->diags, word->loc,
		   "'%.*s' is not a mark, which is VALUE or VALUE/MASK in 32 bits, like 0x10/0xf0.",
		   shown(word->name), word->name);
	return false;
}

struct rule *build_mark(struct policy *p, struct rule *rule, const struct ref *word)
{
	if (rule->mark_mask)
		diag_error(&p->diags, word->loc, "the option stands here twice.");
	if (!parse_mark(p, word, &rule->mark, &rule->mark_mask))
		rule->mark_mask = 0;
	return rule;
}

struct rule *build_name(struct policy *p, struct rule *rule, const struct ref *text)
{
	const char *c;

	if (rule->name)
		diag_error(&p->diags, text->loc, "the option stands here twice.");
	rule->name = text->name;
	if (!*text->name)
		diag_error(&p->diags, text->loc, "the rule's name is empty.");
	if (strlen(text->name) > POSTERN_NAME_MAX)
		diag_error(&p->diags, text->loc, "the name is longer than %d bytes.",
			   POSTERN_NAME_MAX);
	for (c = text->name; *c; c++) {
		if ((unsigned char)*c >= 0x7f || *c == ' ' || *c == '\\') {
			diag_error(&p->diags, text->loc,
				   "a rule's name is of plain ASCII, without blanks and '\\'.");
			break;
		}
	}
	return rule;
}

void build_rule(struct policy *p, struct rule *rule, uint32_t flags, struct loc action,
		struct vec *src, struct vec *dst, struct vec *services, struct loc loc)
{
	rule->action = flags & BUILD_BLOCK ? POSTERN_ACTION_BLOCK : POSTERN_ACTION_ALLOW;
	rule->flags |= flags & POSTERN_RULE_BOTH;
	rule->loc = loc;
	rule->src = *src;
	rule->dst = *dst;
	rule->services = *services;
	if (rule->action == POSTERN_ACTION_BLOCK && rule->mark_mask)
		diag_error(&p->diags, action,
			   "a block rule accepts nothing, so there is nothing to mark.");
	vec_push(&p->arena, &p->rules, rule);
}

void build_set_observe(struct policy *p, struct loc loc)
{
	if (p->observe)
		diag_error(&p->diags, loc, "observe is already set at %s.",
			   policy_place(p, &p->observe_loc));
	p->observe = true;
	p->observe_loc = loc;
}

void build_set_mark(struct policy *p, const struct ref *word, struct loc loc)
{
	if (p->mark_mask) {
		diag_error(&p->diags, loc, "the mark is already set at %s.",
			   policy_place(p, &p->mark_loc));
		return;
	}
	if (!parse_mark(p, word, &p->mark, &p->mark_mask))
		p->mark_mask = 0;
	p->mark_loc = loc;
}

void build_broken_zone(struct policy *p, const struct ref *name)
{
	struct zone *zone = arena_alloc(&p->arena, sizeof(*zone));

	zone->name = name->name;
	zone->loc = name->loc;
	if (!names_get(&p->places, name->name))
		put_place(p, name, zone, NULL);
}

void build_broken_hosts(struct policy *p, const struct ref *name)
{
	struct hosts *h = arena_alloc(&p->arena, sizeof(*h));

	h->name = name->name;
	h->loc = name->loc;
	h->visit = VISIT_DONE;
	if (!names_get(&p->places, name->name))
		put_place(p, name, NULL, h);
}

void build_broken_service(struct policy *p, const struct ref *name)
{
	struct service *s = arena_alloc(&p->arena, sizeof(*s));

	s->name = name->name;
	s->name_loc = name->loc;
	s->visit = VISIT_DONE;
	if (!names_get(&p->service_names, name->name))
		names_put(&p->service_names, name->name, s);
}
