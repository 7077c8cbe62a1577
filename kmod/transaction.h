/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Transactions: a policy arrives in pieces, and is built only when it is whole.
 *
 * A transaction belongs to the socket that began it. It is over with COMMIT or
 * DISCARD, with a refused ADD, with its socket, and PN_TXN_IDLE_SECONDS after its
 * last message.
 */
#ifndef PN_TRANSACTION_H
#define PN_TRANSACTION_H

#include <linux/types.h>

struct genl_info;
struct net;
struct pn_net;
struct sk_buff;

#define PN_TXN_IDLE_SECONDS	60

/* POSTERN_CMD_POLICY_BEGIN, _ADD, _COMMIT, _DISCARD */
int pn_txn_begin(struct sk_buff *skb, struct genl_info *info);
int pn_txn_add(struct sk_buff *skb, struct genl_info *info);
int pn_txn_commit(struct sk_buff *skb, struct genl_info *info);
int pn_txn_discard(struct sk_buff *skb, struct genl_info *info);

/* Ends what was begun by socket @portid. Context: process. */
void pn_txn_socket_gone(const struct net *net, u32 portid);

/* Ends idle ones. Return: whether there are others. Context: process. */
bool pn_txn_reap(struct pn_net *pn);

/* Ends all, at the end of the namespace. Context: process. */
void pn_txn_purge(struct pn_net *pn);

#endif /* PN_TRANSACTION_H */
