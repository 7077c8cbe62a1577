// SPDX-License-Identifier: GPL-2.0
/* Services: what they want, which ports and protocols. */
#include "build.h"

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
	if (!build_check_name(p, name))
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
