// SPDX-License-Identifier: GPL-2.0
#include "../cmd.h"
#include "../nl.h"
#include "../out.h"

enum status cmd_confirm(const struct args *args)
{
	enum status status;
	struct nl nl;

	(void)args;
	status = kernel_open(&nl);
	if (status != STATUS_OK)
		return status;
	if (kernel_call(&nl, kernel_request(&nl, POSTERN_CMD_POLICY_CONFIRM, 0), NULL, NULL))
		status = kernel_complain(&nl, "confirming");
	else
		out_bool("confirmed", "The policy stays.\n", true);
	kernel_close(&nl);
	return status;
}
