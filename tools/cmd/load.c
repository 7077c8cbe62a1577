// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>

#include "../cmd.h"
#include "../load.h"
#include "../out.h"
#include "../policy/policy.h"
#include "../ssh.h"

static bool parse_seconds(const char *text, uint32_t *ms)
{
	unsigned long value;
	char *end;

	value = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || value < 1 || value > 86400) {
		complain("--confirm needs a number of seconds, from 1 to 86400.");
		return false;
	}
	*ms = (uint32_t)value * 1000;
	return true;
}

static void report(const struct policy *p, const struct load *load)
{
	bool dry = load->commit_flags & POSTERN_COMMIT_DRY_RUN;

	out_text(dry ? "%s would load: " : "%s is in force: ", policy_title(p));
	out_bool("dry-run", NULL, dry);
	out_uint("generation", dry ? NULL : "generation %llu, ", load->generation);
	report_counts(p);
	out_text(", ");
	out_bytes("memory", load->memory, "\n");
	if (load->confirm_ms && !dry)
		out_uint("confirm-ms", NULL, load->confirm_ms);
	if (load->confirm_ms && !dry)
		out_text("What was in force before comes back in %u s, unless 'postern confirm' comes first.\n",
			 load->confirm_ms / 1000);
}

enum status cmd_load(const struct args *args)
{
	const char *confirm = args_get(args, "confirm");
	struct load load = { 0 };
	struct policy *p;
	enum status status;
	struct nl nl;

	if (confirm && !parse_seconds(confirm, &load.confirm_ms))
		return STATUS_USAGE;
	if (args_get(args, "keep-flows"))
		load.commit_flags |= POSTERN_COMMIT_KEEP_FLOWS;
	if (args_get(args, "dry-run"))
		load.commit_flags |= POSTERN_COMMIT_DRY_RUN;

	p = policy_new();
	policy_read(p, args->words[0]);
	status = p->diags.nr_errors ? STATUS_USAGE : STATUS_OK;
	/* As JSON they are one list with what the kernel says. */
	if (!out_is_json())
		report_diags(p);
	if (status == STATUS_OK)
		status = kernel_open(&nl);
	if (status == STATUS_OK) {
		ssh_warn(p);
		status = load_policy(&nl, p, &load);
		if (status == STATUS_OK)
			report(p, &load);
		kernel_close(&nl);
	}
	if (out_is_json())
		report_diags(p);
	policy_free(p);
	return status;
}
