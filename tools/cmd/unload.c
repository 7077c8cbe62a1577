// SPDX-License-Identifier: GPL-2.0
#include <netlink/attr.h>

#include "../cmd.h"
#include "../nl.h"
#include "../out.h"

static void take_flags(const struct nl_attrs *attrs, void *arg)
{
	uint32_t *flags = arg;

	*flags = attrs_u32(attrs, POSTERN_A_STATUS_FLAGS);
}

enum status cmd_unload(const struct args *args)
{
	uint32_t flags = args_get(args, "open") ? POSTERN_UNLOAD_OPEN : 0, state = 0;
	enum status status;
	struct nl_msg *msg;
	struct nl nl;

	status = kernel_open(&nl);
	if (status != STATUS_OK)
		return status;
	msg = kernel_request(&nl, POSTERN_CMD_POLICY_UNLOAD, 0);
	if (flags)
		nla_put_u32(msg, POSTERN_A_UNLOAD_FLAGS, flags);
	if (kernel_call(&nl, msg, NULL, NULL) ||
	    kernel_call(&nl, kernel_request(&nl, POSTERN_CMD_STATUS_GET, 0), take_flags, &state)) {
		status = kernel_complain(&nl, "unloading");
	} else {
		bool open = !(state & POSTERN_STATUS_LOCKDOWN) || state & POSTERN_STATUS_OPEN;

		out_bool("unloaded", NULL, true);
		out_bool("open", NULL, open);
		out_text(open ? "No policy is in force, and everything is forwarded.\n" :
				"No policy is in force, and nothing is forwarded (lockdown).\n");
	}
	kernel_close(&nl);
	return status;
}
