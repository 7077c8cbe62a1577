/* SPDX-License-Identifier: GPL-2.0 */
/* From the model to the kernel: one transaction. */
#ifndef LOAD_H
#define LOAD_H

#include "nl.h"
#include "policy/model.h"

struct load {
	uint32_t commit_flags;
	uint32_t confirm_ms; /* 0: for good */

	/* The kernel's answer. */
	uint32_t generation;
	uint64_t memory;
};

/*
 * Complains if the kernel refuses, at the place in the file if it names one. What it says
 * is then also among the diagnostics of @p.
 */
enum status load_policy(struct nl *nl, struct policy *p, struct load *load);

#endif
