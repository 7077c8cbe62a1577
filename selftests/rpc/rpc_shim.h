/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The unit tests' shim, and what else the RPC parsers use of the kernel.
 */
#ifndef RPC_SHIM_H
#define RPC_SHIM_H

#include "shim.h"

#ifndef container_of
#define container_of(p, type, member)					\
	((type *)((char *)(p) - offsetof(type, member)))
#endif

#ifndef fallthrough
#define fallthrough		__attribute__((__fallthrough__))
#endif

#endif /* RPC_SHIM_H */
