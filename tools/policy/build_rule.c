// SPDX-License-Identifier: GPL-2.0
/* Rules and what is set for all of them. */
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "build.h"

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

struct rule *build_rule_limit(struct policy *p, struct rule *rule, const struct ref *name)
{
	if (rule->limit_ref)
		diag_error(&p->diags, name->loc, "the option stands here twice.");
	rule->limit_ref = name;
	return rule;
}

struct rule *build_rule_inspect(struct policy *p, struct rule *rule, const struct ref *name)
{
	if (rule->inspect_ref)
		diag_error(&p->diags, name->loc, "the option stands here twice.");
	rule->inspect_ref = name;
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
	if (rule->action == POSTERN_ACTION_BLOCK && rule->limit_ref)
		diag_error(&p->diags, rule->limit_ref->loc,
			   "a block rule accepts nothing, so there is nothing to limit.");
	if (rule->action == POSTERN_ACTION_BLOCK && rule->inspect_ref)
		diag_error(&p->diags, rule->inspect_ref->loc,
			   "a block rule accepts nothing, so there is nothing to inspect.");
	vec_push(&p->arena, &p->rules, rule);
}

/* In the order of enum postern_fastpath. */
static const char *const fastpath_names[] = { "auto", "on", "off" };

const char *fastpath_name(uint32_t fastpath)
{
	return fastpath <= POSTERN_FASTPATH_OFF ? fastpath_names[fastpath] : "?";
}

void build_fastpath(struct policy *p, const struct ref *word, struct loc loc)
{
	uint32_t i;

	if (p->fastpath_loc.line) {
		diag_error(&p->diags, loc, "fastpath is already set at %s.",
			   policy_place(p, &p->fastpath_loc));
		return;
	}
	p->fastpath_loc = loc;
	for (i = 0; i <= POSTERN_FASTPATH_OFF; i++) {
		if (strcmp(word->name, fastpath_names[i]))
			continue;
		p->fastpath = i;
		return;
	}
	diag_error(&p->diags, word->loc, "fastpath is auto, on or off, and not '%.*s'.",
		   shown(word->name), word->name);
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
