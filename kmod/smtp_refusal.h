/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a client is told when something is refused. Every answer is a final one
 * (5yz): nothing else keeps an honest sender from trying again for days.
 */
#ifndef PN_SMTP_REFUSAL_H
#define PN_SMTP_REFUSAL_H

#include <linux/types.h>

#include "reason.h"
#include "smtp_command.h"

/**
 * struct pn_smtp_refusal - what was refused, and what to do about it
 * @at: offset in this call's bytes from which nothing may be sent on: where the
 *	command begins, or the call does if it began before, or the very byte
 * @used: how many of this call's bytes were read. Who only counts goes on behind.
 * @outstanding: answers that the server still owes to what came before
 * @verb: of the command
 * @reply: the answer to give in the server's place, with its line end; NULL if it is
 *	the server's bytes that are refused
 */
struct pn_smtp_refusal {
	u32 at;
	u32 used;
	u16 outstanding;
	u8 verb;
	const char *reply;
};

const char *pn_smtp_refusal_reply(enum pn_reason reason, enum pn_smtp_verb verb);

/* Behind this one nobody knows how the server reads the rest. */
bool pn_smtp_refusal_loses(enum pn_reason reason);

#endif /* PN_SMTP_REFUSAL_H */
