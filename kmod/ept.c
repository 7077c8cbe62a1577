// SPDX-License-Identifier: GPL-2.0
/*
 * Arguments of the endpoint mapper's calls. See ept.h.
 */
#include <linux/kernel.h>
#include <linux/string.h>

#include "cursor.h"
#include "ept.h"

enum step {
	INQUIRY,
	OBJECT,				/* pointer */
	INTERFACE,			/* pointer */
	INTERFACE_ID,
	VERSION_OPTION,
	TOWER,				/* pointer */
	HANDLE,
	MAX,
	COUNT,
	ARRAY,
	POINTER,			/* to a tower, in an array */
	ENTRY,				/* pointer and string of one, after its object */
	TOWER_ROOM,
	TOWER_LENGTH,
	OCTETS,
	STATUS,
	END,
};

/* The next @n bytes mean something; they begin at a multiple of @to. */
static enum pn_rpc_reason expect(struct pn_ept *e, enum step step, u32 n, u32 to)
{
	u32 from = e->at + e->skip;

	e->skip += pn_align(from, to);
	e->step = step;
	e->need = n;
	return PN_RPC_OK;
}

/* A pointer, or a size: what is 4 bytes in NDR32 and 8 in NDR64. */
static u32 word(const struct pn_ept *e)
{
	return e->wide ? 8 : 4;
}

static enum pn_rpc_reason expect_words(struct pn_ept *e, enum step step, u32 n)
{
	return expect(e, step, n * word(e), word(e));
}

static u64 take_word(const struct pn_ept *e, struct pn_cursor *c)
{
	return e->wide ? pn_take_u64(c) : pn_take_u32(c);
}

static void skip_uuid(struct pn_ept *e)
{
	e->skip = pn_align(e->at, 4) + 16;
}

static enum pn_rpc_reason end(struct pn_ept *e)
{
	e->used = e->at;
	e->step = END;
	return PN_RPC_OK;
}

/* Towers follow the array that points to them, all in one go. */
static enum pn_rpc_reason next_pointee(struct pn_ept *e)
{
	if (!e->pointees)
		return expect(e, STATUS, 4, 4);
	e->pointees--;
	return expect_words(e, TOWER_ROOM, 1);
}

static enum pn_rpc_reason next_element(struct pn_ept *e)
{
	if (!e->elements)
		return next_pointee(e);
	e->elements--;
	if (e->op == PN_EPT_MAP)
		return expect_words(e, POINTER, 1);
	/* the object's UUID; the whole is aligned as the pointer in it */
	e->skip += pn_align(e->at + e->skip, word(e)) + 16;
	return expect_words(e, ENTRY, 3);
}

static enum pn_rpc_reason take_array(struct pn_ept *e, struct pn_cursor *c)
{
	u64 room = take_word(e, c);
	u64 offset = take_word(e, c);
	u64 actual = take_word(e, c);

	if (offset || actual != e->count || actual > room || room > e->max)
		return PN_RPC_EPM_NDR;
	e->elements = actual;
	return next_element(e);
}

static enum pn_rpc_reason take_entry(struct pn_ept *e, struct pn_cursor *c)
{
	u64 offset, length;

	if (take_word(e, c))
		e->pointees++;
	offset = take_word(e, c);
	length = take_word(e, c);
	if (offset || length > PN_EPT_NOTE_MAX)
		return PN_RPC_EPM_NDR;
	e->skip = length;
	return next_element(e);
}

static enum pn_rpc_reason take_tower_length(struct pn_ept *e, struct pn_cursor *c)
{
	if (pn_take_u32(c) != e->count)
		return PN_RPC_EPM_TOWER;
	if (!e->answer)
		e->uuid_at = e->at + 5;
	e->step = OCTETS;
	e->need = 0;
	return pn_tower_start(&e->tower, e->count);
}

static void keep_port(struct pn_ept_result *r, const struct pn_tower *t)
{
	u32 i;

	if (!t->tcp || t->port < PN_EPT_PORT_MIN) {
		r->others++;
		return;
	}
	for (i = 0; i < r->nr; i++)
		if (r->ports[i].port == t->port && r->ports[i].addr == t->addr &&
		    r->ports[i].minor == t->minor)
			return;
	if (r->nr < PN_EPT_PORTS)
		r->ports[r->nr++] = (struct pn_ept_port){
			.addr = t->addr, .port = t->port, .minor = t->minor,
		};
}

static enum pn_rpc_reason end_tower(struct pn_ept *e)
{
	const struct pn_tower *t = &e->tower;
	bool asked;

	if (!t->floor)
		return PN_RPC_EPM_TOWER;
	if (!e->answer)
		return expect(e, HANDLE, 20, 4);
	asked = !e->any && pn_uuid_same(&t->uuid, &e->uuid) && t->major == e->major;
	if (!asked && e->op == PN_EPT_MAP)
		return PN_RPC_EPM_OTHER;
	e->result.towers++;
	if (asked)
		keep_port(&e->result, t);
	return next_pointee(e);
}

static enum pn_rpc_reason take_handle(struct pn_ept *e)
{
	u32 i;

	for (i = 0; i < e->need; i++)
		if (e->gathered[i])
			e->result.more = true;
	if (e->op == PN_EPT_FREE)
		return e->answer ? expect(e, STATUS, 4, 4) : end(e);
	return expect(e, e->answer ? COUNT : MAX, 4, 4);
}

static enum pn_rpc_reason take_step(struct pn_ept *e)
{
	struct pn_cursor c = pn_cursor(e->gathered, e->need, e->big);
	u64 room;

	switch (e->step) {
	case INQUIRY:
		e->inquiry = pn_take_u32(&c);
		return expect_words(e, OBJECT, 1);
	case OBJECT:
		if (take_word(e, &c))
			skip_uuid(e);
		return expect_words(e, e->op == PN_EPT_MAP ? TOWER : INTERFACE, 1);
	case INTERFACE:
		e->any = !(e->inquiry & 1) || e->inquiry > 3;
		if (take_word(e, &c))
			return expect(e, INTERFACE_ID, 20, 4);
		e->any = true;
		e->known = true;
		return expect(e, VERSION_OPTION, 4, 4);
	case INTERFACE_ID:
		pn_take_uuid(&c, &e->uuid);
		e->major = pn_take_u16(&c);
		e->minor = pn_take_u16(&c);
		e->known = true;
		return expect(e, VERSION_OPTION, 4, 4);
	case VERSION_OPTION:
		return expect(e, HANDLE, 20, 4);
	case TOWER:
		/* who asks for nothing gets nothing that we could hold him to */
		return take_word(e, &c) ? expect_words(e, TOWER_ROOM, 1) : PN_RPC_EPM_NDR;
	case HANDLE:
		return take_handle(e);
	case MAX:
		e->max = pn_take_u32(&c);
		return end(e);
	case COUNT:
		e->count = pn_take_u32(&c);
		return expect_words(e, ARRAY, 3);
	case ARRAY:
		return take_array(e, &c);
	case POINTER:
		if (take_word(e, &c))
			e->pointees++;
		return next_element(e);
	case ENTRY:
		return take_entry(e, &c);
	case TOWER_ROOM:
		room = take_word(e, &c);
		if (room > PN_TOWER_MAX)
			return PN_RPC_EPM_TOWER;
		e->count = room;
		return expect(e, TOWER_LENGTH, 4, 4);
	case TOWER_LENGTH:
		return take_tower_length(e, &c);
	case STATUS:
		e->result.status = pn_take_u32(&c);
		/* what comes with an error is no answer */
		if (e->result.status)
			e->result.nr = 0;
		return end(e);
	}
	return PN_RPC_EPM_NDR;
}

/* Octets of a tower; in a question, its floor 1 is what is asked for. */
static u32 take_octets(struct pn_ept *e, const u8 *bytes, u32 len,
		       enum pn_rpc_reason *reason)
{
	struct pn_tower *t = &e->tower;
	u32 n = pn_tower_feed(t, bytes, len, reason);

	e->at += n;
	if (!*reason && !e->answer && !e->known && t->floor) {
		e->uuid = t->uuid;
		e->major = t->major;
		e->minor = t->minor;
		e->known = true;
	}
	if (!*reason && !t->left)
		*reason = end_tower(e);
	return n;
}

static u32 gather(struct pn_ept *e, const u8 *bytes, u32 len,
		  enum pn_rpc_reason *reason)
{
	u32 n = min_t(u32, len, e->need - e->have);

	memcpy(e->gathered + e->have, bytes, n);
	e->have += n;
	e->at += n;
	if (e->have == e->need) {
		e->have = 0;
		*reason = take_step(e);
	}
	return n;
}

u32 pn_ept_feed(struct pn_ept *e, const u8 *bytes, u32 len,
		enum pn_rpc_reason *reason)
{
	bool known = e->known;
	u32 used = 0;

	if (len > PN_EPT_STUB_MAX - e->at)
		*reason = PN_RPC_EPM_NDR;
	while (!*reason && used < len && e->known == known) {
		u32 n = len - used;

		if (e->skip) {
			n = min(n, e->skip);
			e->skip -= n;
			e->at += n;
		} else if (e->step == END) {
			e->at += n;
		} else if (e->step == OCTETS) {
			n = take_octets(e, bytes + used, n, reason);
		} else {
			n = gather(e, bytes + used, n, reason);
		}
		used += n;
	}
	return used;
}

enum pn_rpc_reason pn_ept_end(struct pn_ept *e, u32 pad)
{
	if (e->step != END || pad > e->at || e->at - pad < e->used)
		return PN_RPC_EPM_NDR;
	/*
	 * Behind a question's arguments there may be a verification trailer. Behind
	 * an answer's there is nothing, or it was not what we took it for.
	 */
	if (e->answer && e->at - pad != e->used)
		return PN_RPC_EPM_NDR;
	return PN_RPC_OK;
}

void pn_ept_question(struct pn_ept *e, u8 op, bool wide, bool big)
{
	memset(e, 0, sizeof(*e));
	e->op = op;
	e->wide = wide;
	e->big = big;
	if (op == PN_EPT_LOOKUP)
		expect(e, INQUIRY, 4, 4);
	else if (op == PN_EPT_MAP)
		expect_words(e, OBJECT, 1);
	else
		expect(e, HANDLE, 20, 4);
}

void pn_ept_answer(struct pn_ept *e, u8 op, bool wide, bool big,
		   const struct pn_uuid *uuid, u16 major, u32 max)
{
	memset(e, 0, sizeof(*e));
	e->op = op;
	e->answer = true;
	e->wide = wide;
	e->big = big;
	if (uuid)
		e->uuid = *uuid;
	e->any = !uuid;
	e->major = major;
	e->max = max;
	expect(e, HANDLE, 20, 4);
}
