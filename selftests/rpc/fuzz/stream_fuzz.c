// SPDX-License-Identifier: GPL-2.0
/*
 * A connection held to its interface. The first byte: how to cut it, and (bit 7) that
 * it was there before us.
 */
#include "pieces.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	u32 i;

	if (!size)
		return 0;
	recorder_init(&whole, false);
	recorder_init(&cut, false);
	if (data[0] & 128) {
		pn_rpc_resumes(PN_RPC_CLIENT, data + 1, size - 1);
		pn_rpc_resume(&whole.rpc);
		pn_rpc_resume(&cut.rpc);
	}
	feed_pieces(&whole, data + 1, size - 1, 0);
	feed_pieces(&cut, data + 1, size - 1, 1 + (data[0] & 127));
	agree();
	for (i = 0; i < 2; i++)
		assert(whole.reason ||
		       whole.rpc.stream[i].pos + pn_rpc_skippable(&whole.rpc, i) <= 65535);
	return 0;
}
