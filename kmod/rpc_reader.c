// SPDX-License-Identifier: GPL-2.0
/*
 * RPC as it is read from a connection: see rpc_reader.h.
 */
#include <net/tcp.h>

#include "inspected.h"
#include "mangle.h"
#include "rpc_reader.h"

/* What a client is told to ask for instead: an interface that nobody has. */
static const struct pn_uuid nobody =
	PN_UUID(706f7374, 6572, 4e21, 8000, 6e6f626f6479);

#define RESUME_MAX		65536	/* bytes until a resumed direction is found */

enum pn_reason pn_rpc_reason(enum pn_rpc_reason reason)
{
	static const u8 reasons[] = {
		[PN_RPC_OK] = PN_OK,
#define REASON(id, name, help)
#define RPC_REASON(id, name, help) \
		[PN_RPC_##id] = PN_DROP_RPC_##id,
#include <postern/reasons.inc>
#undef RPC_REASON
#undef REASON
	};

	return reasons[reason];
}

struct reading {
	struct pn_reader reader;
	struct pn_flow *f;
	enum pn_rpc_way way;
};

static u32 skippable(const struct pn_reader *reader)
{
	const struct reading *r = container_of(reader, struct reading, reader);

	return pn_rpc_skippable(&r->f->rpc, r->way);
}

static enum pn_reason skip(const struct pn_reader *reader, u32 len)
{
	const struct reading *r = container_of(reader, struct reading, reader);

	return pn_rpc_reason(pn_rpc_skip(&r->f->rpc, r->way, len));
}

/* A header, or what else is gathered, and no more: what follows may be skipped. */
static u32 wanted(const struct pn_reader *reader)
{
	const struct reading *r = container_of(reader, struct reading, reader);
	const struct pn_rpc_stream *s = &r->f->rpc.stream[r->way];

	return s->need > s->have ? s->need - s->have : U32_MAX;
}

static enum pn_reason read(const struct pn_reader *reader, const u8 *bytes,
			   u32 len, const struct pn_segment *seg)
{
	const struct reading *r = container_of(reader, struct reading, reader);
	struct pn_flow *f = r->f;
	enum pn_rpc_reason reason;

	f->segment = seg;
	reason = f->basis == PN_BASIS_MAPPER ?
		 pn_epm_feed(&f->epm, r->way, bytes, len) :
		 pn_rpc_feed(&f->rpc, r->way, bytes, len);
	return pn_rpc_reason(reason);
}

/* Puts what stands for a refused interface where a question has it, each time. */
static bool rewrite(struct pn_flow *f, const struct pn_segment *seg)
{
	u32 i, end = seg->seq + seg->len;
	u8 bytes[16];

	pn_uuid_to_tower(&nobody, bytes);
	for (i = 0; i < PN_REWRITES_MAX; i++) {
		u32 at = f->rewrites[i].seq, from, to;

		if (!f->rewrites[i].used)
			continue;
		if (!after(at + 16, f->stream[PN_RPC_CLIENT].acked)) {
			f->rewrites[i].used = false;
			continue;
		}
		from = before(at, seg->seq) ? seg->seq : at;
		to = after(at + 16, end) ? end : at + 16;
		if (before(from, to) &&
		    !pn_mangle_bytes(f->p, seg->off + (from - seg->seq),
				     bytes + (from - at), to - from))
			return false;
	}
	return true;
}

enum pn_reason pn_rpc_take(struct pn_flow *f, enum pn_rpc_way way,
			   const struct pn_segment *seg)
{
	struct pn_stream *s = &f->stream[way];
	struct reading r = {
		.reader = {
			.skippable = skippable,
			.skip = skip,
			.wanted = wanted,
			.read = read,
		},
		.f = f,
		.way = way,
	};
	enum pn_reason reason;

	reason = pn_stream_take(s, seg, &r.reader);
	f->segment = NULL;
	if (!reason && way == PN_RPC_CLIENT && !rewrite(f, seg))
		reason = PN_STREAM_FULL;
	return reason;
}

enum pn_reason pn_rpc_find(struct pn_flow *f, enum pn_rpc_way way,
			   const struct pn_segment *seg)
{
	u8 buffer[PN_RPC_HEADER];
	u32 len = min_t(u32, seg->len, sizeof(buffer));

	if (skb_copy_bits(seg->skb, seg->off, buffer, len))
		return PN_MALFORMED;
	if (pn_rpc_resumes(way, buffer, len)) {
		pn_inspected_begin(f, way, seg->seq);
		return pn_rpc_take(f, way, seg);
	}
	f->unsynced[way] += seg->len;
	return f->unsynced[way] > RESUME_MAX ? PN_STREAM_UNKNOWN : PN_OK;
}
