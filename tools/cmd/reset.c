// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "../cmd.h"
#include "../door.h"
#include "../known.h"
#include "../out.h"

static void take_closed(const struct nl_attrs *attrs, void *arg)
{
	*(uint32_t *)arg = attrs_u32(attrs, POSTERN_A_NR_CLOSED);
}

static enum status reset_sources(const struct args *args)
{
	const char *limit = args_get(args, "limit");
	uint32_t forgotten = 0;
	enum status status;
	struct nl_msg *msg;
	struct range addr;
	struct nl nl;

	if (args->nr > 1 && !one_address(args->words[1], &addr))
		return STATUS_USAGE;
	status = kernel_open(&nl);
	if (status != STATUS_OK)
		return status;
	if (limit)
		status = known_limit(&nl, limit);
	if (status == STATUS_OK) {
		msg = kernel_request(&nl, POSTERN_CMD_SOURCE_RESET, 0);
		if (limit)
			nla_put_string(msg, POSTERN_A_NAME, limit);
		if (args->nr > 1)
			put_address(msg, POSTERN_A_SADDR, &addr);
		if (kernel_call(&nl, msg, take_closed, &forgotten))
			status = kernel_complain(&nl, "forgetting sources");
	}
	if (status == STATUS_OK)
		out_count("forgotten", forgotten, "source forgotten.\n", "sources forgotten.\n",
			  "");
	kernel_close(&nl);
	return status;
}

enum status cmd_reset(const struct args *args)
{
	enum status status;

	if (args->nr && !strcmp(args->words[0], "sources"))
		return reset_sources(args);
	if (args->nr || args_get(args, "limit")) {
		complain("usage: postern %s %s", args->cmd->name, args->cmd->usage);
		return STATUS_USAGE;
	}
	status = kernel_order(POSTERN_CMD_COUNTER_RESET, "resetting the counters");
	if (status == STATUS_OK)
		out_bool("reset", "Every counter is 0.\n", true);
	return status;
}
