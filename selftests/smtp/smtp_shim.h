/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The unit tests' shim, and what else the SMTP parser uses of the kernel.
 */
#ifndef SMTP_SHIM_H
#define SMTP_SHIM_H

#include <endian.h>

#include "shim.h"

#define U8_MAX			UINT8_MAX
#define le64_to_cpu		le64toh

typedef u64 __le64;

#ifndef __packed
#define __packed		__attribute__((__packed__))
#endif

#ifndef fallthrough
#define fallthrough		__attribute__((__fallthrough__))
#endif

#endif /* SMTP_SHIM_H */
