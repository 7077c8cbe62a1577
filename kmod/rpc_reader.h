/* SPDX-License-Identifier: GPL-2.0 */
/*
 * RPC as it is read from a connection: what its streams give goes to the parsers, and
 * what they have replaced is written into the packet.
 */
#ifndef PN_RPC_READER_H
#define PN_RPC_READER_H

#include "dcerpc.h"
#include "stats.h"

struct pn_flow;
struct pn_segment;

/* A parser's reason among all reasons. */
enum pn_reason pn_rpc_reason(enum pn_rpc_reason reason);

/*
 * A segment of a direction that is in step. Context: lock held. Return: as
 * pn_stream_take().
 */
enum pn_reason pn_rpc_take(struct pn_flow *f, enum pn_rpc_way way,
			   const struct pn_segment *seg);

/*
 * One of a direction whose beginning was not seen: it is found again where a segment
 * begins as a PDU does.
 */
enum pn_reason pn_rpc_find(struct pn_flow *f, enum pn_rpc_way way,
			   const struct pn_segment *seg);

#endif /* PN_RPC_READER_H */
