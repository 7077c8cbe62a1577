/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reasons: nothing but their numbers, for those who do not count them.
 */
#ifndef PN_REASON_H
#define PN_REASON_H

/**
 * enum pn_reason - why a packet is dropped; PN_OK: it is not
 *
 * The values are those of POSTERN_A_REASON.
 */
enum pn_reason {
	PN_OK,
#define REASON(id, name, help)	PN_##id,
#define RPC_REASON(id, name, help) PN_DROP_RPC_##id,
#define SMTP_REASON(id, name, help) PN_DROP_SMTP_##id,
#include <postern/reasons.inc>
#undef SMTP_REASON
#undef RPC_REASON
#undef REASON
	PN_NR_REASONS,
};

#endif /* PN_REASON_H */
