// SPDX-License-Identifier: GPL-2.0
/*
 * Protocol towers. See tower.h.
 */
#include <linux/kernel.h>
#include <linux/string.h>

#include "cursor.h"
#include "tower.h"

enum step {
	FLOORS,
	LEFT_LENGTH,
	LEFT,
	RIGHT_LENGTH,
	RIGHT,
	END,
};

/* Protocol identifiers: the left side's first octet. */
#define UUID		0x0d
#define CONNECTIONS	0x0b		/* ncacn */
#define TCP		0x07
#define IPV4		0x09

static enum pn_rpc_reason expect(struct pn_tower *t, enum step step, u32 n)
{
	if (t->skip + n > t->left)
		return PN_RPC_EPM_TOWER;
	t->step = step;
	t->need = n;
	return PN_RPC_OK;
}

/* A side of @length octets, of which the first @n may mean something. */
static enum pn_rpc_reason expect_side(struct pn_tower *t, enum step step, u16 length,
				      u32 n)
{
	if (length > t->left)
		return PN_RPC_EPM_TOWER;
	t->length = length;
	return expect(t, step, min_t(u32, length, n));
}

static enum pn_rpc_reason next_floor(struct pn_tower *t)
{
	if (t->floor < t->floors)
		return expect(t, LEFT_LENGTH, 2);
	t->step = END;
	return t->left == t->skip ? PN_RPC_OK : PN_RPC_EPM_TOWER;
}

static void take_left(struct pn_tower *t, struct pn_cursor *c)
{
	/* an empty side has no protocol: the cursor gives 0, which is none */
	t->protocol = pn_take_u8(c);
	if (t->floor == 0) {
		pn_take_uuid(c, &t->uuid);
		t->major = pn_take_u16(c);
	} else if (t->length != 1) {
		/* longer than the protocols that we know: it is another one */
		t->protocol = 0;
	}
}

static enum pn_rpc_reason take_right(struct pn_tower *t, struct pn_cursor *c)
{
	switch (t->floor) {
	case 0:
		if (t->length != 2)
			return PN_RPC_EPM_TOWER;
		t->minor = pn_take_u16(c);
		return PN_RPC_OK;
	case 2:
		t->rpc = t->protocol == CONNECTIONS;
		return PN_RPC_OK;
	case 3:
		c->big = true;
		t->tcp = t->rpc && t->protocol == TCP && t->length == 2;
		if (t->tcp)
			t->port = pn_take_u16(c);
		return PN_RPC_OK;
	}
	c->big = true;
	if (t->floor > 3 && t->protocol == IPV4 && t->length == 4)
		t->addr = pn_take_u32(c);
	return PN_RPC_OK;
}

static enum pn_rpc_reason take_step(struct pn_tower *t)
{
	struct pn_cursor c = pn_cursor(t->gathered, t->need, false);
	enum pn_rpc_reason reason;

	switch (t->step) {
	case FLOORS:
		t->floors = pn_take_u16(&c);
		return next_floor(t);
	case LEFT_LENGTH:
		return expect_side(t, LEFT, pn_take_u16(&c), 19);
	case LEFT:
		take_left(t, &c);
		if (t->floor == 0 && (t->length != 19 || t->protocol != UUID))
			return PN_RPC_EPM_TOWER;
		t->skip = t->length - t->need;
		return expect(t, RIGHT_LENGTH, 2);
	case RIGHT_LENGTH:
		return expect_side(t, RIGHT, pn_take_u16(&c), 4);
	case RIGHT:
		reason = take_right(t, &c);
		if (reason)
			return reason;
		t->skip = t->length - t->need;
		t->floor++;
		return next_floor(t);
	}
	return PN_RPC_EPM_TOWER;
}

enum pn_rpc_reason pn_tower_start(struct pn_tower *t, u32 length)
{
	memset(t, 0, sizeof(*t));
	t->left = length;
	return length > PN_TOWER_MAX ? PN_RPC_EPM_TOWER : expect(t, FLOORS, 2);
}

u32 pn_tower_feed(struct pn_tower *t, const u8 *bytes, u32 len,
		  enum pn_rpc_reason *reason)
{
	u32 used = 0;

	while (!*reason && t->left && used < len) {
		u32 n = min(len - used, t->skip);
		u16 floor = t->floor;

		if (!t->skip) {
			n = min_t(u32, len - used, t->need - t->have);
			memcpy(t->gathered + t->have, bytes + used, n);
			t->have += n;
		} else {
			t->skip -= n;
		}
		used += n;
		t->left -= n;
		while (!*reason && !t->skip && t->step != END && t->have == t->need) {
			t->have = 0;
			*reason = take_step(t);
		}
		if (floor == 0 && t->floor == 1)
			break;
	}
	return used;
}
