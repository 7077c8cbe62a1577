/* SPDX-License-Identifier: GPL-2.0 */
/*
 * TCP segments of our own making, in the name of one end of a connection that passes
 * here, to the other.
 */
#ifndef PN_CRAFT_H
#define PN_CRAFT_H

#include "classify.h"

struct net;
struct nf_conn;
struct net_device;

/**
 * struct pn_craft - a segment
 * @t: the connection, from client to server, as it passes the hook forward
 * @l3: index of the VRF that it goes to, or 0
 * @mark: for routes that ask for it
 * @sport: the client's port
 * @to_client: it goes to the client; else to the server
 * @flags: PN_TCP_*
 * @seq: of the first byte
 * @ack: what its sender has
 * @stamped: it has timestamps (RFC 7323): @stamp is its own, @echo the other end's
 * @data: or NULL
 * @len: of @data
 */
struct pn_craft {
	const struct pn_tuple *t;
	int l3;
	u32 mark;
	u16 sport;
	bool to_client;
	u8 flags;
	u32 seq, ack;
	bool stamped;
	__be32 stamp, echo;
	const char *data;
	u32 len;
};

/* What @l3 is for a way by @dev, which may be NULL. Context: RCU read side. */
int pn_craft_l3(const struct net_device *dev);

/*
 * Sends a segment of @ct, as related to it: so that what translates addresses does,
 * and the policy for what this router sends knows it (hook.c). Context: any but hard
 * interrupts. Return: whether there was memory and a route.
 */
bool pn_craft_send(struct net *net, struct nf_conn *ct, const struct pn_craft *c);

#endif /* PN_CRAFT_H */
