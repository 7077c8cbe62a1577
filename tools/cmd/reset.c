// SPDX-License-Identifier: GPL-2.0
#include "../cmd.h"
#include "../nl.h"
#include "../out.h"

enum status cmd_reset(const struct args *args)
{
	enum status status = kernel_order(POSTERN_CMD_COUNTER_RESET, "resetting the counters");

	(void)args;
	if (status == STATUS_OK)
		out_bool("reset", "Every counter is 0.\n", true);
	return status;
}
