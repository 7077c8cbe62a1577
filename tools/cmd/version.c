// SPDX-License-Identifier: GPL-2.0
#include "../cmd.h"
#include "../nl.h"
#include "../out.h"

static void take_version(const struct nl_attrs *attrs, void *arg)
{
	(void)arg;
	out_str("module", "module     %s\n", attrs_string(attrs, POSTERN_A_STATUS_VERSION));
}

enum status cmd_version(const struct args *args)
{
	unsigned int version;
	enum status status;
	struct nl nl;

	(void)args;
	out_str("tool", "tool       %s\n", TOOL_VERSION);
	out_uint("interface", "interface  %llu\n", POSTERN_GENL_VERSION);
	status = kernel_open(&nl);
	if (status != STATUS_OK)
		return status;
	version = kernel_version(&nl);
	out_uint("module-interface", NULL, version);
	if (kernel_call(&nl, kernel_request(&nl, POSTERN_CMD_STATUS_GET, 0), take_version, NULL))
		status = kernel_complain(&nl, "reading the module's version");
	if (version && version != POSTERN_GENL_VERSION)
		complain("the module speaks version %u of the interface, and this tool version %d: install both from one release.",
			 version, POSTERN_GENL_VERSION);
	kernel_close(&nl);
	return status;
}
