// SPDX-License-Identifier: GPL-2.0
#include "../cmd.h"
#include "../nl.h"
#include "../out.h"

enum status cmd_reset(const struct args *args)
{
	enum status status;
	struct nl nl;

	(void)args;
	status = kernel_open(&nl);
	if (status != STATUS_OK)
		return status;
	if (kernel_call(&nl, kernel_request(&nl, POSTERN_CMD_COUNTER_RESET, 0), NULL, NULL))
		status = kernel_complain(&nl, "resetting the counters");
	else
		out_bool("reset", "Every counter is 0.\n", true);
	kernel_close(&nl);
	return status;
}
