// SPDX-License-Identifier: GPL-2.0
/*
 * Stubs of the mapper's calls, and towers alone. The first byte says which: bits 0-1
 * the operation (0: a tower), 2 an answer, 3 NDR64, 4 big-endian; the second, how to
 * cut it.
 */
#include "recorder.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static const struct pn_uuid asked = PN_UUID(e3514235, 4b06, 11d1, ab04, 00c04fc2dcd2);

static enum pn_rpc_reason feed_tower(struct pn_tower *t, const u8 *data, u32 size, u32 step)
{
	enum pn_rpc_reason reason = pn_tower_start(t, size);
	u32 at = 0;

	while (!reason && at < size) {
		u32 n = min(size - at, step), used;
		u8 *piece = malloc(n);

		memcpy(piece, data + at, n);
		used = pn_tower_feed(t, piece, n, &reason);
		free(piece);
		assert(reason || used);
		assert(used <= n);
		at += used;
	}
	assert(reason || !t->left);
	return reason;
}

static enum pn_rpc_reason feed_stub(struct pn_ept *e, u8 what, const u8 *data, u32 size,
				    u32 step)
{
	enum pn_rpc_reason reason = PN_RPC_OK;
	u8 op = PN_EPT_LOOKUP + (what & 3) - 1;
	u32 at = 0;

	if (what & 4)
		pn_ept_answer(e, op, what & 8, what & 16, what & 32 ? NULL : &asked, 4, 500);
	else
		pn_ept_question(e, op, what & 8, what & 16);
	while (!reason && at < size) {
		u32 n = min(size - at, step), used;
		u8 *piece = malloc(n);

		memcpy(piece, data + at, n);
		used = pn_ept_feed(e, piece, n, &reason);
		free(piece);
		assert(reason || used);
		assert(used <= n);
		at += used;
		assert(reason || e->at == at);
	}
	return reason ?: pn_ept_end(e, what >> 6);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	enum pn_rpc_reason a, b;
	struct pn_tower t, u;
	struct pn_ept e, f;
	u8 what, step;

	if (size < 2)
		return 0;
	what = data[0];
	step = data[1] % 31 + 1;
	data += 2;
	size -= 2;

	if (!(what & 3)) {
		a = feed_tower(&t, data, size, size + 1);
		b = feed_tower(&u, data, size, step);
		assert(a == b);
		if (!a) {
			assert(t.tcp == u.tcp && t.port == u.port && t.addr == u.addr);
			assert(t.floor == t.floors && u.floor == u.floors);
			assert(!t.tcp || t.floors >= 4);
			assert(pn_uuid_same(&t.uuid, &u.uuid) && t.major == u.major);
		}
		return 0;
	}
	a = feed_stub(&e, what, data, size, size + 1);
	b = feed_stub(&f, what, data, size, step);
	assert(a == b);
	if (!a) {
		assert(e.used == f.used && e.used <= e.at);
		assert(!memcmp(&e.result, &f.result, sizeof(e.result)));
		assert(e.known == f.known && pn_uuid_same(&e.uuid, &f.uuid));
		assert(!(what & 4) || !e.result.status || !e.result.nr);
		/* a question that is whole has said what it asks */
		assert(what & 4 || (what & 3) == 3 || e.known);
	}
	return 0;
}
