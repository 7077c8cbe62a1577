/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The few changes that are made to the TCP segments of inspected connections.
 * Each makes the packet writable and its checksum right; on failure the caller
 * drops it. What was read from the packet's headers before is to be read again.
 */
#ifndef PN_MANGLE_H
#define PN_MANGLE_H

#include "packet.h"

/* Overwrites @len bytes of the packet at @off. Return: whether that was possible. */
bool pn_mangle_bytes(const struct pn_packet *p, u32 off, const u8 *bytes, u32 len);

/*
 * RFC 8684: without its option in the SYN, a connection is plain TCP, and all of
 * it passes here. Return: whether there is none now.
 */
bool pn_mangle_mptcp(const struct pn_packet *p);

/*
 * Cuts the packet off at @len, behind its TCP header; the end of the stream (FIN) goes
 * as well. Return: whether that was possible.
 */
bool pn_mangle_trim(const struct pn_packet *p, u32 len);

/*
 * Makes the packet a reset with sequence number @seq, the next that its receiver
 * waits for. Return: whether that was possible.
 */
bool pn_mangle_reset(const struct pn_packet *p, u32 seq);

#endif /* PN_MANGLE_H */
