// SPDX-License-Identifier: GPL-2.0
/*
 * A mapper's conversation. The first byte: how to cut it, and (bit 7) that questions
 * are changed on their way.
 */
#include "pieces.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	u32 i, used = 0;

	if (!size)
		return 0;
	recorder_init(&whole, true);
	recorder_init(&cut, true);
	whole.blind = cut.blind = data[0] >> 7;
	feed_pieces(&whole, data + 1, size - 1, 0);
	feed_pieces(&cut, data + 1, size - 1, 1 + (data[0] & 127));
	agree();

	/* Nothing is lost: a decoder in use belongs to one call, which is under way. */
	for (i = 0; i < PN_EPM_CALLS; i++) {
		const struct pn_epm_call *call = &whole.epm.calls[i];

		if (call->state && call->decoder < PN_EPM_DECODERS) {
			assert(!(used & 1 << call->decoder));
			used |= 1 << call->decoder;
		}
	}
	assert(whole.reason || used == whole.epm.decoders);
	assert(whole.epm.nr_pending <= PN_EPM_CONTEXTS);
	assert(whole.ports <= whole.answers * PN_EPT_PORTS);
	return 0;
}
