// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>

#include "model.h"

struct policy *policy_new(void)
{
	struct policy *p = xrealloc(NULL, 1, sizeof(*p));

	*p = (struct policy){ 0 };
	p->diags.arena = &p->arena;
	p->places.arena = &p->arena;
	p->service_names.arena = &p->arena;
	p->limit_names.arena = &p->arena;
	p->inspect_names.arena = &p->arena;
	p->anonymous_hosts.arena = &p->arena;
	p->anonymous_services.arena = &p->arena;
	return p;
}

const char *policy_place(struct policy *p, const struct loc *loc)
{
	const struct source *src = p->sources.v[loc->source];

	return arena_printf(&p->arena, "%s:%u", src->path, loc->line);
}

void policy_free(struct policy *p)
{
	struct source *src;
	struct hosts *h;

	if (!p)
		return;
	vec_for_each(h, &p->hosts)
		addrset_release(&h->set);
	vec_for_each(src, &p->sources)
		source_release(src);
	arena_free(&p->arena);
	free(p);
}
