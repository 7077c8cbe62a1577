// SPDX-License-Identifier: GPL-2.0
/* What stands in the braces of an inspect, word by word. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "braces.h"
#include "inspect.h"
#include "rate.h"

#define COUNT_MAX 1000000u
#define SIZE_MIN 1024u
#define SIZE_BITS_MAX 40
/* Of all domains, each with a 0: as much as an object of the kernel has room for. */
#define RELAY_MAX 29000u

const char *const inspect_verbs[] = {
#define SMTP_VERB(id, name, kind) name,
#include <postern/smtp_verbs.inc>
#undef SMTP_VERB
};

const unsigned int nr_inspect_verbs = sizeof(inspect_verbs) / sizeof(*inspect_verbs);

_Static_assert(sizeof(inspect_verbs) / sizeof(*inspect_verbs) <= 64, "each is a bit");

/* What may be said once. */
enum said {
	SAID_DENY,
	SAID_RECIPIENTS,
	SAID_MESSAGES,
	SAID_SIZE,
	SAID_RELAY,
	SAID_LINE,
	SAID_UNFOLLOWED,
	SAID_REFUSALS,
	SAID_OBSERVE,
	NR_SAID,
};

static const char *const said_names[] = {
	"deny commands", "recipients", "messages", "message size", "relay",
	"line",		 "unfollowed", "refusals", "observe",
};

_Static_assert(NR_SAID <= BRACES_SAID_MAX, "each has its place");

static void say_once(struct braces *b, enum said what, const struct ref *word)
{
	braces_once(b, what, said_names[what], word);
}

static struct inspect *inspect_of(const struct braces *b)
{
	return b->object;
}

bool inspects_rated(const struct policy *p)
{
	struct inspect *i;

	vec_for_each(i, &p->inspects)
		if (i->recipients_rate.count || i->messages_rate.count)
			return true;
	return false;
}

static void unknown_verb(struct braces *b, const struct ref *word)
{
	struct nearest near;
	unsigned int i;

	nearest_init(&near, word->name);
	for (i = 0; i < nr_inspect_verbs; i++)
		nearest_try(&near, inspect_verbs[i]);
	if (near.best)
		diag_error(&b->p->diags, word->loc,
			   "'%.*s' is not a command of SMTP that has a name here; did you mean '%s'?",
			   shown(word->name), word->name, near.best);
	else
		diag_error(&b->p->diags, word->loc,
			   "'%.*s' is not a command of SMTP that has a name here; 'unknown' stands for all that have none.",
			   shown(word->name), word->name);
}

/* commands NAME, ... */
static bool take_deny(struct braces *b, const struct ref *word)
{
	uint64_t *deny = &inspect_of(b)->deny, bit;
	const struct ref *name;
	unsigned int i;

	say_once(b, SAID_DENY, word);
	*deny = 0;
	if (!braces_need(b, "commands", "'commands'"))
		return false;
	do {
		name = braces_entry(b, "a command of SMTP");
		if (!name)
			return false;
		for (i = 0; i < nr_inspect_verbs; i++)
			if (!strcasecmp(inspect_verbs[i], name->name))
				break;
		if (i == nr_inspect_verbs) {
			unknown_verb(b, name);
			continue;
		}
		bit = 1ull << i;
		if (*deny & bit)
			diag_error(&b->p->diags, name->loc, "'%s' stands here twice.",
				   inspect_verbs[i]);
		*deny |= bit;
	} while (braces_skip(b, ","));
	return true;
}

static bool take_per(struct braces *b, const char *scope)
{
	const char *quoted = arena_printf(&b->p->arena, "'%s'", scope);

	return braces_need(b, "per", arena_printf(&b->p->arena, "'per %s'", scope)) &&
	       braces_need(b, scope, quoted);
}

/* NUMBER per @scope[, RATE per source], in either order, or one of them */
static bool take_counts(struct braces *b, const struct amount *a, const char *scope, uint32_t *to,
			struct postern_rate *rate)
{
	const struct ref *word;
	bool is_rate, twice;

	*to = 0;
	*rate = (struct postern_rate){ 0 };
	do {
		word = braces_peek(b);
		is_rate = !braces_over(b) && strchr(word->name, '/');
		twice = is_rate ? rate->count : *to;
		if (is_rate) {
			if (!braces_rate(b, rate, rate_burst_whole))
				return false;
		} else if (!braces_amount(b, a, to)) {
			return false;
		}
		if (!take_per(b, is_rate ? "source" : scope))
			return false;
		if (twice)
			diag_error(&b->p->diags, braces_last(b)->loc, "'per %s' stands here twice.",
				   braces_last(b)->name);
	} while (braces_skip(b, ","));
	return true;
}

static bool take_recipients(struct braces *b, const struct ref *word)
{
	static const struct amount recipients = { "the number of recipients", false, 1, COUNT_MAX,
						  "1 to 1000000" };
	struct inspect *i = inspect_of(b);

	say_once(b, SAID_RECIPIENTS, word);
	return take_counts(b, &recipients, "message", &i->recipients, &i->recipients_rate);
}

static bool take_messages(struct braces *b, const struct ref *word)
{
	static const struct amount messages = { "the number of messages", false, 1, COUNT_MAX,
						"1 to 1000000" };
	struct inspect *i = inspect_of(b);

	say_once(b, SAID_MESSAGES, word);
	return take_counts(b, &messages, "connection", &i->messages, &i->messages_rate);
}

/* size SIZE */
static bool take_message(struct braces *b, const struct ref *word)
{
	const struct ref *size;

	say_once(b, SAID_SIZE, word);
	if (!braces_need(b, "size", "'size'"))
		return false;
	size = braces_peek(b);
	if (braces_over(b))
		return braces_expected(b, "a size like 50M");
	b->at++;
	if (!size_parse(size->name, &inspect_of(b)->size)) {
		diag_error(&b->p->diags, size->loc,
			   "'%.*s' is not a size, which is a number of bytes, or one with K, M or G, like 50M.",
			   shown(size->name), size->name);
		return false;
	}
	if (inspect_of(b)->size >= SIZE_MIN && inspect_of(b)->size <= 1ull << SIZE_BITS_MAX)
		return true;
	diag_error(&b->p->diags, size->loc, "the size of a message is 1K to 1024G, and not %.*s.",
		   shown(size->name), size->name);
	return false;
}

/* DOMAIN, ... */
static bool take_relay(struct braces *b, const struct ref *word)
{
	struct vec *relay = &inspect_of(b)->relay;
	const struct ref *entry;
	const char *domain;
	size_t size = 0;

	say_once(b, SAID_RELAY, word);
	relay->n = 0;
	do {
		entry = braces_entry(b, "a domain");
		if (!entry)
			return false;
		domain = domain_take(b->p, entry);
		if (!domain)
			continue;
		if (size <= RELAY_MAX && size + strlen(domain) + 1 > RELAY_MAX)
			diag_error(&b->p->diags, entry->loc,
				   "these are too many domains; in all they have at most %u bytes.",
				   RELAY_MAX);
		size += strlen(domain) + 1;
		vec_push(&b->p->arena, relay, build_word(b->p, domain, entry->loc));
	} while (braces_skip(b, ","));
	return true;
}

static bool take_line(struct braces *b, const struct ref *word)
{
	static const struct amount line = { "the length of a line", false, 512, 65536,
					    "512 to 65536" };

	say_once(b, SAID_LINE, word);
	return braces_amount(b, &line, &inspect_of(b)->line);
}

static bool take_unfollowed(struct braces *b, const struct ref *word)
{
	const struct ref *what = braces_peek(b);

	say_once(b, SAID_UNFOLLOWED, word);
	if (braces_over(b))
		return braces_expected(b, "'refuse' or 'pass'");
	b->at++;
	if (!strcmp(what->name, "pass"))
		inspect_of(b)->flags |= POSTERN_INSPECT_PASS;
	else if (strcmp(what->name, "refuse"))
		diag_error(&b->p->diags, what->loc,
			   "unfollowed is 'refuse' or 'pass', and not '%.*s'.", shown(what->name),
			   what->name);
	return true;
}

static bool take_refusals(struct braces *b, const struct ref *word)
{
	say_once(b, SAID_REFUSALS, word);
	inspect_of(b)->flags |= POSTERN_INSPECT_COUNT;
	return braces_need(b, "count", "'count'");
}

static bool take_observe(struct braces *b, const struct ref *word)
{
	say_once(b, SAID_OBSERVE, word);
	inspect_of(b)->flags |= POSTERN_INSPECT_OBSERVE;
	return true;
}

static const struct statement statements[] = {
	{ "size", NULL, "message size" },
	{ "commands", NULL, "deny commands" },
	{ "domains", NULL, "relay" },
	{ "deny", take_deny, NULL },
	{ "recipients", take_recipients, NULL },
	{ "messages", take_messages, NULL },
	{ "message", take_message, NULL },
	{ "relay", take_relay, NULL },
	{ "line", take_line, NULL },
	{ "unfollowed", take_unfollowed, NULL },
	{ "refusals", take_refusals, NULL },
	{ "observe", take_observe, NULL },
	{ NULL, NULL, NULL },
};

static int ref_compare(const void *pa, const void *pb)
{
	const struct ref *a = *(const struct ref *const *)pa, *b = *(const struct ref *const *)pb;
	int order = strcmp(a->name, b->name);

	return order ? order : loc_compare(&a->loc, &b->loc);
}

/* In the order that the kernel wants, each once. */
static void sort_relay(struct policy *p, struct vec *relay)
{
	struct ref *domain, *before = NULL;
	unsigned int n = 0;

	if (relay->n)
		qsort(relay->v, relay->n, sizeof(*relay->v), ref_compare);
	vec_for_each(domain, relay) {
		if (before && !strcmp(before->name, domain->name)) {
			diag_error(&p->diags, domain->loc, "'%s' stands here twice.", domain->name);
			continue;
		}
		relay->v[n++] = domain;
		before = domain;
	}
	relay->n = n;
}

void build_inspect(struct policy *p, const struct ref *name, const struct vec *words,
		   struct loc loc)
{
	struct inspect *inspect = arena_alloc(&p->arena, sizeof(*inspect)), *other;
	struct braces b = { .p = p, .of = "an inspect", .words = words, .object = inspect };

	inspect->name = name->name;
	inspect->name_loc = name->loc;
	inspect->loc = loc;
	braces_read(&b, statements);
	sort_relay(p, &inspect->relay);
	inspect->index = p->inspects.n;
	vec_push(&p->arena, &p->inspects, inspect);
	if (p->inspects.n == POSTERN_INSPECTS_MAX + 1)
		diag_error(&p->diags, name->loc, "a policy has at most %d inspects.",
			   POSTERN_INSPECTS_MAX);
	if (!build_check_name(p, name))
		return;
	other = names_get(&p->inspect_names, name->name);
	if (other)
		diag_error(&p->diags, name->loc, "inspect '%s' is already defined at %s.",
			   name->name, policy_place(p, &other->name_loc));
	else
		names_put(&p->inspect_names, name->name, inspect);
}

void build_broken_inspect(struct policy *p, const struct ref *name)
{
	struct inspect *inspect = arena_alloc(&p->arena, sizeof(*inspect));

	inspect->name = name->name;
	inspect->name_loc = name->loc;
	if (!names_get(&p->inspect_names, name->name))
		names_put(&p->inspect_names, name->name, inspect);
}

/* ---- rules that name one */

const struct port_spec *inspect_other(const struct vec *ports)
{
	struct port_spec *spec;

	vec_for_each(spec, ports)
		if (spec->ports.proto != IPPROTO_TCP || spec->ports.lo != spec->ports.hi ||
		    spec->ports.flags & POSTERN_PORTS_ANY)
			return spec;
	return NULL;
}

/* As print_policy() would write it. */
static const char *spec_text(struct policy *p, const struct port_spec *spec)
{
	struct vec one = { .v = (void *[]){ (void *)spec }, .n = 1 };
	char *text = NULL, *kept;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return "others";
	print_ports(f, &one);
	fclose(f);
	kept = arena_strndup(&p->arena, text, len);
	free(text);
	return kept;
}

void inspect_check_rule(struct policy *p, const struct rule *rule)
{
	const char *other;
	struct wanted *w;

	if (!rule->services.n)
		diag_error(&p->diags, rule->inspect_ref->loc,
			   "an inspect is for single ports of TCP, and this rule allows any service.");
	vec_for_each(w, &rule->services) {
		if (!w->service || (!w->service->other && !w->service->reaches_rpc))
			continue;
		other = w->service->other ? spec_text(p, w->service->other) : "rpc";
		if (w->name)
			diag_error(&p->diags, w->loc,
				   "an inspect is for single ports of TCP, and '%s' has %s.",
				   w->name, other);
		else
			diag_error(&p->diags, w->loc,
				   "an inspect is for single ports of TCP, and this is %s.", other);
	}
}
