/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Protocol towers (C706 appendices I and L): an interface, and how to reach it,
 * as floors of two octet strings each. They come in pieces of any size; nothing
 * is stored but what is gathered.
 *
 *	05 00						five floors
 *	13 00 0d <uuid> <major>	02 00 <minor>		1 interface
 *	13 00 0d <uuid> <major>	02 00 <minor>		2 transfer syntax: means
 *							  nothing, see dcerpc.h
 *	01 00 0b		02 00 00 00		3 connection-oriented
 *	01 00 07		02 00 c2 03		4 TCP, port 49667
 *	01 00 09		04 00 0a 00 00 04	5 IPv4 10.0.0.4
 *
 * Lengths, UUIDs and versions are little-endian, ports and addresses big-endian,
 * whatever the sender's byte order. Floors are walked by their lengths. A tower
 * for another protocol is as good as any, but has no port for us.
 */
#ifndef PN_TOWER_H
#define PN_TOWER_H

#include "dcerpc.h"

#define PN_TOWER_MAX	4096		/* octets */

/**
 * struct pn_tower - a tower on its way
 * @uuid: of the interface, with @major and @minor, once @floor is above 0
 * @left: octets to come
 * @skip: of these, how many mean nothing
 * @floor: floors read so far, of @floors
 * @length: of the octet string under way
 * @protocol: of the floor under way
 * @tcp: floors 3 and 4 say connection-oriented RPC over TCP
 * @port: of floor 4, if @tcp
 * @addr: IPv4 address as a number, 0: none or any
 */
struct pn_tower {
	struct pn_uuid uuid;
	u16 major, minor;
	u32 addr;
	u32 left, skip;
	u16 floors, floor, length, port;
	u8 protocol, step, need, have;
	bool rpc, tcp;
	u8 gathered[19];
};

/* A tower of @length octets follows. Return: PN_RPC_OK or why not. */
enum pn_rpc_reason pn_tower_start(struct pn_tower *t, u32 length);

/**
 * pn_tower_feed - the next octets
 * @t: started
 * @bytes: may go beyond the tower's end
 * @len: how many
 * @reason: set if the tower is refused
 *
 * Stops behind floor 1, and at the end of the tower (@left 0).
 * Return: octets used.
 */
u32 pn_tower_feed(struct pn_tower *t, const u8 *bytes, u32 len,
		  enum pn_rpc_reason *reason);

#endif /* PN_TOWER_H */
