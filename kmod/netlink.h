/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The generic netlink family: see include/uapi/linux/postern.h for what is said
 * over it.
 */
#ifndef PN_NETLINK_H
#define PN_NETLINK_H

#include <linux/types.h>

struct genl_family;
struct net;
struct netlink_ext_ack;

#define PN_MCGRP_EVENTS		0	/* index into the family's groups */

extern struct genl_family pn_genl_family;

/*
 * Whether @net may have a policy at all (parameter allow_userns). Who may give
 * it one has been checked before. Return: 0, or -EPERM with the sentence.
 */
int pn_netlink_allowed(const struct net *net, struct netlink_ext_ack *extack);

struct genl_info;
struct sk_buff;

/**
 * struct pn_answer - a reply that is there before what it tells of is done
 */
struct pn_answer {
	struct sk_buff *msg;
	void *hdr;
};

/* Return: 0, -ENOMEM or -EMSGSIZE. */
int pn_answer_begin(struct pn_answer *answer, struct genl_info *info, u8 cmd);

/* Sends @nr as attribute @type; or, if @err, nothing. Return: 0 or an error. */
int pn_answer_number(struct pn_answer *answer, struct genl_info *info, int type,
		     u32 nr, int err);

int pn_netlink_init(void);
void pn_netlink_exit(void);

#endif /* PN_NETLINK_H */
