/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Events for `postern monitor`: built only if somebody listens, at most
 * PN_EVENTS_PER_SECOND drops and refused questions a second and namespace, and as
 * many events of pinholes and of limits and bans, never blocking.
 */
#ifndef PN_EVENTS_H
#define PN_EVENTS_H

#include <linux/types.h>
#include <uapi/linux/postern.h>

#include "stats.h"

struct pn_ban_key;
struct pn_door;
struct pn_host;
struct pn_net;
struct pn_packet;
struct pn_policy;
struct pn_source_key;

#define PN_EVENTS_PER_SECOND	1000
#define PN_EVENT_NO_RULE	0xffffffffU

/*
 * A drop (or, if @observed, what would have been one). @policy is the one that
 * decided, or NULL; @rule its rule, or PN_EVENT_NO_RULE. Context: packet path.
 */
void pn_event_drop(struct pn_net *pn, const struct pn_policy *policy,
		   const struct pn_packet *p, enum pn_reason reason, u32 rule,
		   bool observed);

/*
 * What happened to a pinhole, or why there is none: POSTERN_EVENT_PINHOLE_*. @value is
 * its idle time in ms (OPEN) or enum postern_closed (CLOSE). Context: any but hard
 * interrupts.
 */
void pn_event_pinhole(struct pn_net *pn, enum postern_event event,
		      const struct pn_host *client, const struct pn_door *door,
		      u32 value);

/*
 * Of a limit: who is banned (or not any more), and whether there is an attack. Context:
 * any but hard interrupts.
 */
void pn_event_ban(struct pn_net *pn, const char *limit, u8 bits,
		  const struct pn_source_key *key, bool banned);
void pn_event_attack(struct pn_net *pn, const char *limit, bool attack);

/*
 * Of `postern ban`: @nr prefixes are banned, until @until (struct pn_ban), or (!@banned)
 * not any more. Up to PN_BANS_TOLD of them are told one by one, more only in number: a
 * list of 100,000 would leave no room for anything else. Only so many of @key are read.
 * Context: process.
 */
#define PN_BANS_TOLD		100

void pn_event_bans(struct pn_net *pn, const struct pn_ban_key *key, u32 nr,
		   u64 until, const char *comment, bool banned);

/* A change of policy or state. Context: process. */
void pn_event_state(struct pn_net *pn, enum postern_event event, u32 value,
		    u32 value2);

/* Once the family is registered; before it is not any more. */
void pn_events_open(void);
void pn_events_close(void);

#endif /* PN_EVENTS_H */
