// SPDX-License-Identifier: GPL-2.0
/*
 * Answers to what is refused: see smtp_refusal.h. RFC 3463 has the enhanced codes.
 */
#include <linux/kernel.h>

#include "smtp_refusal.h"

static const struct {
	const char *reply;
	bool loses;
} refusals[] = {
#define REFUSAL(id) \
	[PN_DROP_SMTP_##id - PN_DROP_SMTP_COMMAND]
	REFUSAL(COMMAND)    = { "502 5.5.1 Command not allowed\r\n", false },
	REFUSAL(RECIPIENTS) = { "550 5.5.3 Too many recipients\r\n", false },
	REFUSAL(MESSAGES)   = { "554 5.7.1 Too many messages\r\n", false },
	REFUSAL(RATE)	    = { "554 5.7.1 Too much mail from you\r\n", false },
	REFUSAL(SIZE)	    = { "552 5.3.4 Message too big\r\n", false },
	REFUSAL(RELAY)	    = { "550 5.7.1 Relaying denied\r\n", false },
	REFUSAL(LINE)	    = { "500 5.5.2 Line too long\r\n", false },
	REFUSAL(CONTROL)    = { "500 5.5.2 NUL or bare CR received\r\n", true },
	REFUSAL(PIPELINE)   = { "554 5.5.1 Sent before the answer\r\n", true },
	REFUSAL(STARTTLS)   = { "554 5.5.1 Sent behind STARTTLS\r\n", true },
	REFUSAL(TLS)	    = { NULL, true },
	REFUSAL(SMUGGLING)  = { "554 5.5.2 Lone dot without CR LF\r\n", true },
	REFUSAL(CHUNK)	    = { "554 5.5.1 BDAT out of order\r\n", true },
	REFUSAL(REPLY)	    = { NULL, true },
	REFUSAL(UNFOLLOWED) = { NULL, true },
#undef REFUSAL
};

const char *pn_smtp_refusal_reply(enum pn_reason reason, enum pn_smtp_verb verb)
{
	if (reason == PN_DROP_SMTP_COMMAND && verb == PN_VERB_UNKNOWN)
		return "500 5.5.2 Command not known\r\n";
	return refusals[reason - PN_DROP_SMTP_COMMAND].reply;
}

bool pn_smtp_refusal_loses(enum pn_reason reason)
{
	return refusals[reason - PN_DROP_SMTP_COMMAND].loses;
}
