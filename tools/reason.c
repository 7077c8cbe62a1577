// SPDX-License-Identifier: GPL-2.0
#include <linux/postern.h>
#include <stddef.h>

#include "reason.h"

static const struct {
	const char *name, *help;
} reasons[] = {
	{ "none", "nothing" },
#define REASON(id, text, meaning) { text, meaning },
#include "postern/reasons.inc"
#undef REASON
};

#define NR_REASONS (sizeof(reasons) / sizeof(*reasons))

const char *reason_name(uint32_t reason)
{
	return reason < NR_REASONS ? reasons[reason].name : "unknown";
}

const char *reason_help(uint32_t reason)
{
	return reason < NR_REASONS ? reasons[reason].help : "a reason of a later module";
}

const char *verdict_name(uint32_t verdict)
{
	switch (verdict) {
	case POSTERN_VERDICT_ACCEPT:
		return "accept";
	case POSTERN_VERDICT_DROP:
		return "drop";
	default:
		return "left alone";
	}
}
