/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Admission: which connections a limit lets in.
 *
 *	opening SYN	banned: no. Over its rate, or all are under attack: its sender must
 *			prove that he exists, unless he did before. Nobody is charged
 *	handshake	completed, by the one ACK that only he can know: the source is
 *			charged; over its rate or with too many open: refused, which
 *			counts towards a ban
 *	end		said by the server, or by conntrack's timeout: it has one open less
 *
 * So nobody loses anything by SYNs that others forge in his name. What the client alone
 * says of an end is not believed, and whoever was not charged has no conntrack entry to
 * go on with, see conn.h.
 */
#ifndef PN_ADMIT_H
#define PN_ADMIT_H

#include "net.h"
#include "packet.h"

struct nf_conn;

/* Has rule @rule a limit? */
static inline bool pn_admit_limits(const struct pn_policy *policy, u32 rule)
{
	return policy->nr_limits && rule != U32_MAX &&
	       policy->rules[rule].limit != PN_LIMIT_NONE;
}

/**
 * pn_admit_early - would an opening SYN be let in? Nothing is charged
 * @pn: namespace
 * @policy: in force
 * @p: the SYN
 * @rule: that allows it, which has a limit
 *
 * Context: packet path, BH disabled. Return: PN_OK or why not.
 */
enum pn_reason pn_admit_early(struct pn_net *pn, const struct pn_policy *policy,
			      const struct pn_packet *p, u32 rule);

/**
 * pn_admit_syn - is an opening SYN let in?
 * @pn: namespace
 * @policy: in force
 * @p: the SYN
 * @rule: that allows it, which has a limit
 * @ct: its conntrack entry
 * @observed: set if it is let in by observe only, and why
 *
 * Context: packet path, BH disabled. Return: PN_OK or why not.
 */
enum pn_reason pn_admit_syn(struct pn_net *pn, const struct pn_policy *policy,
			    const struct pn_packet *p, u32 rule,
			    struct nf_conn *ct, enum pn_reason *observed);

/**
 * struct pn_admitted - what there is to know of a packet beyond why it is dropped
 * @observed: why it would be, if it passes by observe only
 * @refused: its connection is: both ends are to be told
 * @settled: nothing is to be done for others of it but SYN, FIN and RST
 */
struct pn_admitted {
	enum pn_reason observed;
	bool refused;
	bool settled;
};

/**
 * pn_admit_packet - a packet of a connection under a limit
 * @pn: namespace
 * @policy: in force
 * @p: the packet
 * @t: its connection, from client to server
 * @original: it goes that way
 * @rule: that allows it, which has a limit
 * @ct: its conntrack entry
 * @how: filled in
 *
 * If the connection is refused, or what is known of it was lost, conntrack has forgotten
 * it as well. Context: packet path, BH disabled. Return: PN_OK, or why it is dropped.
 */
enum pn_reason pn_admit_packet(struct pn_net *pn, const struct pn_policy *policy,
			       const struct pn_packet *p, const struct pn_tuple *t,
			       bool original, u32 rule, struct nf_conn *ct,
			       struct pn_admitted *how);

/*
 * Something on a connection of @t was refused for @why: that counts towards the ban of
 * the limit of rule @rule, if it has one. Context: packet path, BH disabled.
 */
void pn_admit_refused(struct pn_net *pn, const struct pn_policy *policy, u32 rule,
		      const struct pn_tuple *t, enum pn_reason why);

#endif /* PN_ADMIT_H */
