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

static const char *const basis[][2] = {
	[POSTERN_BASIS_NONE] = { "none", "no RPC service" },
	[POSTERN_BASIS_MAPPER] = { "mapper", "mapper: the server's endpoint mapper" },
	[POSTERN_BASIS_PINNED] = { "pinned",
				   "pinned: a service says that an interface is at this port" },
	[POSTERN_BASIS_PINHOLE] = { "pinhole",
				    "pinhole: the mapper named this port to this client" },
	[POSTERN_BASIS_LEARNED] = { "learned",
				    "learned: the port is known for an interface that this client may use" },
};

#define NR_BASIS (sizeof(basis) / sizeof(*basis))

const char *basis_name(uint32_t number)
{
	return number < NR_BASIS ? basis[number][0] : "unknown";
}

const char *basis_help(uint32_t number)
{
	return number < NR_BASIS ? basis[number][1] : "something of a later module";
}

const char *closed_name(uint32_t why)
{
	static const char *const names[] = {
		[POSTERN_CLOSED_IDLE] = "idle",
		[POSTERN_CLOSED_FLUSHED] = "flushed",
		[POSTERN_CLOSED_EVICTED] = "evicted",
		[POSTERN_CLOSED_POLICY] = "policy",
	};

	return why < sizeof(names) / sizeof(*names) ? names[why] : "unknown";
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
