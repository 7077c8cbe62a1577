// SPDX-License-Identifier: GPL-2.0
/*
 * Messages about sources and bans: mostly right, see grammar.c.
 */
#include <string.h>
#include <linux/postern.h>

#include "grammar.h"

static bool usually(struct random *r)
{
	return !one_in(r, 60);
}

static void put_u64(struct message *m, uint16_t type, uint64_t value)
{
	put(m, type, &value, sizeof(value));
}

/* The limit of the good policy, one of those at random, or none. */
static void put_limit_name(struct message *m, struct random *r)
{
	static const char *const name[] = { "good", "limit0", "limit1", "", "a b", "self" };

	put_string(m, POSTERN_A_NAME, name[usually(r) ? below(r, 3) : below(r, 6)]);
}

/* Few enough that they come again, and share sets and prefixes. */
static void put_saddr(struct message *m, struct random *r)
{
	unsigned char a[17] = { [0] = 10, [3] = below(r, 4) };

	a[8] = below(r, 256);
	put(m, POSTERN_A_SADDR, a, one_in(r, 40) ? below(r, 18) : one_in(r, 2) ? 16 : 4);
}

static uint64_t ban_ms(struct random *r)
{
	return one_in(r, 20) ? (uint64_t)odd_number(r) << below(r, 33) : 1000 + below(r, 100000);
}

static void put_source(struct message *m, struct random *r)
{
	size_t nest = nest_begin(m, POSTERN_A_SOURCE);

	if (usually(r))
		put_limit_name(m, r);
	if (usually(r))
		put_saddr(m, r);
	if (one_in(r, 3))
		put(m, POSTERN_A_NETWORK, NULL, 0);
	if (usually(r))
		put_u32(m, POSTERN_A_NR_ACCEPTED, odd_number(r));
	if (one_in(r, 3))
		put_u64(m, POSTERN_A_BANNED_MS, ban_ms(r));
	nest_end(m, nest);
}

static void random_prefix(struct random *r, struct postern_prefix *p)
{
	unsigned int bits, bit;

	memset(p, 0, sizeof(*p));
	p->v6 = one_in(r, 2);
	p->addr[0] = 10;
	bits = p->length = below(r, p->v6 ? 129 : 33);
	for (bit = 8; bit < bits; bit++)
		if (one_in(r, 4))
			p->addr[bit / 8] |= 0x80 >> bit % 8;
	if (bits < 8)
		p->addr[0] = 0;
	if (one_in(r, 2000))
		((unsigned char *)p)[below(r, sizeof(*p))] = random_next(r);
}

static void put_bans(struct message *m, struct random *r)
{
	static struct postern_prefix list[3000];
	uint32_t i, n = one_in(r, 50) ? below(r, 3000) : below(r, 8);
	size_t len;

	for (i = 0; i < n; i++)
		random_prefix(r, &list[i]);
	len = n * sizeof(*list);
	put(m, POSTERN_A_BANS, list, usually(r) || !len ? len : len - 1 - below(r, 19));
}

void put_sources_command(struct message *m, struct random *r, uint8_t cmd)
{
	char comment[160];
	uint32_t n;

	switch (cmd) {
	case POSTERN_CMD_SOURCE_GET:
	case POSTERN_CMD_SOURCE_RESET:
		if (one_in(r, 3))
			put_limit_name(m, r);
		if (one_in(r, 3))
			put_saddr(m, r);
		break;
	case POSTERN_CMD_SOURCE_ADD:
		for (n = one_in(r, 20) ? below(r, 500) : 1 + below(r, 4); n--;)
			put_source(m, r);
		break;
	case POSTERN_CMD_BAN_ADD:
		if (one_in(r, 2))
			put_u64(m, POSTERN_A_BANNED_MS, ban_ms(r));
		if (one_in(r, 2)) {
			memset(comment, one_in(r, 40) ? random_next(r) : 'c', sizeof(comment));
			comment[one_in(r, 20) ? below(r, sizeof(comment)) : below(r, 20)] = 0;
			comment[sizeof(comment) - 1] = 0;
			put_string(m, POSTERN_A_COMMENT, comment);
		}
		/* fall through */
	case POSTERN_CMD_BAN_DEL:
		for (n = usually(r) ? 1 + below(r, 3) : 0; n--;)
			put_bans(m, r);
		break;
	}
}
