// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>

#include "../cmd.h"
#include "../out.h"
#include "../policy/policy.h"

static void report_json(const struct policy *p)
{
	struct diag *d;

	out_array("messages");
	vec_for_each(d, &p->diags.list) {
		const struct source *src = p->sources.v[d->loc.source];

		out_object(NULL);
		out_str("severity", NULL, d->severity == SEVERITY_ERROR ? "error" : "warning");
		out_str("file", NULL, src->path);
		if (d->loc.line) {
			out_uint("line", NULL, d->loc.line);
			out_uint("column", NULL, d->loc.col);
		}
		out_str("message", NULL, d->text);
		out_end();
	}
	out_end();
	out_uint("errors", NULL, p->diags.nr_errors);
	out_uint("warnings", NULL, p->diags.nr_warnings);
}

enum status report_diags(const struct policy *p)
{
	bool color = out_stderr_color();
	unsigned int left = p->diags.nr_errors + p->diags.nr_warnings - p->diags.list.n;
	struct diag *d;

	if (out_is_json()) {
		report_json(p);
	} else {
		vec_for_each(d, &p->diags.list)
			diag_print(stderr, d, p->sources.v[d->loc.source], color);
		if (left)
			fprintf(stderr, "postern: and %u more like these.\n", left);
	}
	return p->diags.nr_errors ? STATUS_USAGE : STATUS_OK;
}

void report_counts(const struct policy *p)
{
	out_count("zones", p->zones.n, "zone", "zones", ", ");
	out_count("hosts", p->hosts_order.n, "set of hosts", "sets of hosts", ", ");
	out_count("services", p->services_order.n, "service", "services", ", ");
	out_count("rules", p->rules.n, "rule", "rules", "");
}

const char *policy_title(const struct policy *p)
{
	return ((const struct source *)p->sources.v[0])->path;
}

enum status cmd_check(const struct args *args)
{
	struct policy *p = policy_new();
	enum status status;

	policy_read(p, args->words[0]);
	status = report_diags(p);
	if (status == STATUS_OK && args_get(args, "config")) {
		report_config(p);
	} else if (status == STATUS_OK) {
		out_text("%s is right: ", policy_title(p));
		report_counts(p);
		out_text("\n");
	}
	policy_free(p);
	return status;
}
