// SPDX-License-Identifier: GPL-2.0
#include "../cmd.h"
#include "../nl.h"
#include "../out.h"

enum status cmd_confirm(const struct args *args)
{
	enum status status = kernel_order(POSTERN_CMD_POLICY_CONFIRM, "confirming");

	(void)args;
	if (status == STATUS_OK)
		out_bool("confirmed", "The policy stays.\n", true);
	return status;
}
