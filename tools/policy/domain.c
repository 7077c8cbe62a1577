// SPDX-License-Identifier: GPL-2.0
/* Domains of recipients. */
#include <ctype.h>
#include <string.h>

#include "inspect.h"

#define LABEL_MAX 63

static bool complain_of(struct policy *p, const struct ref *word, const char *why)
{
	diag_error(&p->diags, word->loc, "'%.*s' is not a domain: %s.", shown(word->name),
		   word->name, why);
	return false;
}

/* RFC 5321, 2.3.5 and RFC 1035, 2.3.4; and _, as names of Windows have it. */
static bool check_labels(struct policy *p, const struct ref *word, const char *name)
{
	static const char of_label[] = "abcdefghijklmnopqrstuvwxyz0123456789-_";
	size_t len = 0;

	if (strlen(name) > POSTERN_DOMAIN_MAX)
		return complain_of(p, word, "it is longer than 253 bytes");
	for (;; name += len + 1) {
		len = strspn(name, of_label);
		if (name[len] && name[len] != '.')
			return complain_of(p, word,
					   "only letters, digits, '-' and '_' stand between dots");
		if (!len)
			return complain_of(p, word, "there is nothing beside one of its dots");
		if (len > LABEL_MAX)
			return complain_of(p, word, "between two dots it has more than 63 bytes");
		if (*name == '-' || name[len - 1] == '-')
			return complain_of(p, word, "a part of it begins or ends with '-'");
		if (!name[len])
			break;
	}
	if (!name[strcspn(name, "abcdefghijklmnopqrstuvwxyz")])
		return complain_of(p, word, "its last part has no letter");
	return true;
}

/* What people write who mean a domain. */
static bool check_form(struct policy *p, const struct ref *word, const char *name)
{
	size_t len = strlen(name);
	const char *at = strrchr(name, '@');

	if (!strncmp(name, "*.", 2))
		diag_error(&p->diags, word->loc,
			   "'%.*s' is not a domain; did you mean '%.*s', with all below it?",
			   shown(word->name), word->name, shown(name + 1), name + 1);
	else if (at && at[1])
		diag_error(&p->diags, word->loc, "'%.*s' is not a domain; did you mean '%.*s'?",
			   shown(word->name), word->name, shown(at + 1), at + 1);
	else if (len > 1 && name[len - 1] == '.' && name[len - 2] != '.')
		diag_error(&p->diags, word->loc,
			   "'%.*s' is not a domain here; did you mean '%.*s'?", shown(word->name),
			   word->name, (int)len - 1, name);
	else
		return true;
	return false;
}

const char *domain_take(struct policy *p, const struct ref *word)
{
	char *name = arena_strdup(&p->arena, word->name), *c;

	for (c = name; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	if (!check_form(p, word, name) || !check_labels(p, word, name + (*name == '.')))
		return NULL;
	return name;
}
