// SPDX-License-Identifier: GPL-2.0
/*
 * Messages of the family postern: mostly right, so that they get far, with odd
 * numbers, missing attributes and long lists in between.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <linux/postern.h>

#include "grammar.h"

/* A number that is right, if there is one, or nearly always so. */
static uint32_t index_below(struct random *r, uint32_t nr)
{
	return one_in(r, 80) || !nr ? odd_number(r) : below(r, nr);
}

static bool usually(struct random *r)
{
	return !one_in(r, 60);
}

static void put_name(struct message *m, struct random *r, const char *kind, uint32_t nr)
{
	static const char odd[][8] = { "", " ", "a b", "a\nb", "\x7f", "self", "\xff" };
	char name[300];
	unsigned int len;

	if (one_in(r, 80)) {
		put_string(m, POSTERN_A_NAME, odd[below(r, sizeof(odd) / sizeof(odd[0]))]);
		return;
	}
	if (one_in(r, 80)) {
		len = POSTERN_NAME_MAX - 1 + below(r, 4);
		memset(name, 'x', len);
		/* with or without the final 0 */
		name[len] = 0;
		put(m, POSTERN_A_NAME, name, len + below(r, 2));
		return;
	}
	/* the names of one message are the same: they need not differ */
	snprintf(name, sizeof(name), "%s%u", kind, nr);
	put_string(m, POSTERN_A_NAME, name);
}

static void put_place(struct message *m, struct random *r)
{
	if (one_in(r, 3))
		return;
	put_u32(m, POSTERN_A_FILE, one_in(r, 80) ? odd_number(r) : 0);
	put_u32(m, POSTERN_A_LINE, one_in(r, 80) ? odd_number(r) : 1 + below(r, 1000));
}

static void put_flags(struct message *m, struct random *r, uint32_t max)
{
	if (one_in(r, 2))
		put_u32(m, POSTERN_A_FLAGS, one_in(r, 80) ? odd_number(r) : below(r, max + 1));
}

static uint32_t list_length(struct random *r)
{
	switch (below(r, 40)) {
	case 0:
		return 0;
	case 1:
		return 7998 + below(r, 4);
	case 2:
		return below(r, 4000);
	default:
		return 1 + below(r, 6);
	}
}

static void put_indices(struct message *m, struct random *r, int type, uint32_t nr)
{
	uint32_t n = list_length(r), i;
	uint32_t *to;

	to = reserve(m, type, n * sizeof(*to));
	for (i = 0; to && i < n; i++)
		to[i] = one_in(r, 50 * n) || !nr ? odd_number(r) : below(r, nr);
}

static void put_endpoints(struct message *m, struct random *r, int type,
			  const struct dialogue *d)
{
	uint32_t n = list_length(r), i;
	struct postern_endpoint *to;

	to = reserve(m, type, n * sizeof(*to));
	for (i = 0; to && i < n; i++) {
		to[i].kind = one_in(r, 50 * n) ? odd_number(r) : below(r, 4);
		if (to[i].kind == POSTERN_ENDPOINT_HOSTS && d->hosts)
			to[i].index = below(r, d->hosts);
		else if (to[i].kind == POSTERN_ENDPOINT_ZONE && d->zones)
			to[i].index = below(r, d->zones);
		else if (one_in(r, 50 * n))
			to[i].index = odd_number(r);
		if (to[i].kind == POSTERN_ENDPOINT_HOSTS && !d->hosts)
			to[i].kind = POSTERN_ENDPOINT_ANY;
		if (to[i].kind == POSTERN_ENDPOINT_ZONE && !d->zones)
			to[i].kind = POSTERN_ENDPOINT_ANY;
	}
}

/* Ranges ascend over all messages: mostly behind those that came before. */
static uint32_t next_range(struct random *r, struct dialogue *d)
{
	if (one_in(r, 80))
		return random_next(r);
	d->high += 10 << 20;
	return d->high;
}

static void put_ranges4(struct message *m, struct random *r, struct dialogue *d)
{
	uint32_t n = list_length(r), i, at = next_range(r, d);
	struct postern_range4 *to;

	to = reserve(m, POSTERN_A_RANGES4, n * sizeof(*to));
	for (i = 0; to && i < n; i++) {
		at += 1 + below(r, 600);
		to[i].lo = htonl(at);
		at += below(r, 600);
		to[i].hi = htonl(at);
		if (one_in(r, 100 * n))
			to[i].lo = htonl(odd_number(r));
	}
}

static void put_ranges6(struct message *m, struct random *r, struct dialogue *d)
{
	uint32_t n = list_length(r), i, at = next_range(r, d);
	struct postern_range6 *to;

	n = n > 2040 ? 2040 + below(r, 8) : n;
	to = reserve(m, POSTERN_A_RANGES6, n * sizeof(*to));
	for (i = 0; to && i < n; i++) {
		at += 1 + below(r, 600);
		to[i].lo.s6_addr32[0] = htonl(0x20010db8);
		to[i].lo.s6_addr32[1] = htonl(at);
		at += below(r, 600);
		to[i].hi.s6_addr32[0] = htonl(0x20010db8);
		to[i].hi.s6_addr32[1] = htonl(at);
		if (one_in(r, 100 * n))
			to[i].lo.s6_addr32[0] = random_next(r);
	}
}

static void put_zone(struct message *m, struct random *r, const struct dialogue *d)
{
	static const char *const ifaces[] = { "eth0", "eth1", "ppp*", "*", "???", "**?*" };
	size_t nest = nest_begin(m, POSTERN_A_ZONE), list;
	uint32_t n = one_in(r, 40) ? 62 + below(r, 5) : 1 + below(r, 3);

	if (usually(r))
		put_name(m, r, "z", d->zones);
	if (usually(r)) {
		list = nest_begin(m, POSTERN_A_IFACES);
		while (n--) {
			if (usually(r))
				put_string(m, POSTERN_A_NAME, ifaces[below(r, 6)]);
			else
				put_name(m, r, "if", below(r, 100));
		}
		nest_end(m, list);
	}
	put_flags(m, r, 1);
	put_place(m, r);
	nest_end(m, nest);
}

static void put_hosts(struct message *m, struct random *r, struct dialogue *d)
{
	size_t nest = nest_begin(m, POSTERN_A_HOSTS);

	if (usually(r))
		put_name(m, r, "h", d->hosts);
	if (d->zones && one_in(r, 2))
		put_u32(m, POSTERN_A_ZONE_INDEX, index_below(r, d->zones));
	if (one_in(r, 2))
		put_ranges4(m, r, d);
	if (one_in(r, 2))
		put_ranges6(m, r, d);
	if (d->hosts && one_in(r, 3))
		put_indices(m, r, POSTERN_A_MEMBERS, d->hosts);
	put_flags(m, r, 3);
	put_place(m, r);
	nest_end(m, nest);
}

static void put_ranges(struct message *m, struct random *r, struct dialogue *d)
{
	size_t nest = nest_begin(m, POSTERN_A_RANGES);

	if (usually(r))
		put_u32(m, POSTERN_A_HOSTS_INDEX, index_below(r, d->hosts));
	if (one_in(r, 2))
		put_ranges4(m, r, d);
	if (one_in(r, 2))
		put_ranges6(m, r, d);
	nest_end(m, nest);
}

static void odd_rpc(struct random *r, struct postern_rpc *to)
{
	switch (below(r, 6)) {
	case 0:
		to->flags = odd_number(r);
		break;
	case 1:
		to->pad = odd_number(r);
		break;
	case 2:
		to->lo = odd_number(r);
		break;
	case 3:
		to->hi = odd_number(r);
		break;
	case 4:
		to->uuid[below(r, sizeof(to->uuid))] = random_next(r);
		break;
	default:
		to->major = random_next(r);
	}
}

static void put_rpc_option(struct message *m, struct random *r, uint16_t type, uint32_t lowest,
			   uint32_t highest)
{
	if (!one_in(r, 4))
		return;
	put_u32(m, type, one_in(r, 60) ? odd_number(r) : lowest + below(r, highest - lowest + 1));
}

static void put_rpc(struct message *m, struct random *r)
{
	uint32_t n = list_length(r), i, flags = below(r, 64);
	struct postern_rpc *to;

	/* there may be 8192 in all, and 960 fill an object */
	n = n > 10 && !one_in(r, 4) ? 900 + below(r, 80) : n;
	if (one_in(r, 60))
		goto options;
	to = reserve(m, POSTERN_A_RPC, n * sizeof(*to));
	for (i = 0; to && i < n; i++) {
		to[i].lo = 1024 + below(r, 65536 - 1024);
		to[i].hi = to[i].lo + below(r, 65536 - to[i].lo);
		if (one_in(r, 8)) {
			to[i].flags = POSTERN_RPC_ANY;
		} else {
			to[i].uuid[below(r, sizeof(to[i].uuid))] = random_next(r);
			to[i].major = below(r, 4);
			to[i].minor = random_next(r);
			to[i].flags = one_in(r, 3) ? POSTERN_RPC_PINNED : 0;
		}
		if (to[i].flags == POSTERN_RPC_PINNED && one_in(r, 4))
			to[i].lo = to[i].hi = 135;
		if (one_in(r, 60 * n))
			odd_rpc(r, &to[i]);
	}
options:
	if (flags & POSTERN_RPC_OPT_BIND_OBSERVE && !one_in(r, 30))
		flags |= POSTERN_RPC_OPT_NO_REMEMBER;
	if (one_in(r, 2))
		put_u32(m, POSTERN_A_RPC_FLAGS, one_in(r, 60) ? odd_number(r) : flags);
	put_rpc_option(m, r, POSTERN_A_RPC_IDLE_MS, 20000, 86400000);
	put_rpc_option(m, r, POSTERN_A_RPC_PER_CLIENT, 1, 1024);
	put_rpc_option(m, r, POSTERN_A_RPC_REMEMBER_MS, 60000, 604800000);
}

static void put_service(struct message *m, struct random *r, const struct dialogue *d)
{
	size_t nest = nest_begin(m, POSTERN_A_SERVICE);
	uint32_t n = list_length(r), i;
	/* what an inspect can read */
	bool single = one_in(r, 3);
	struct postern_ports *to;

	if (usually(r))
		put_name(m, r, "s", d->services);
	to = reserve(m, POSTERN_A_PORTS, n * sizeof(*to));
	for (i = 0; to && i < n; i++) {
		to[i].proto = one_in(r, 4) ? random_next(r) : one_in(r, 2) ? 6 : 17;
		if (!single && one_in(r, 8)) {
			to[i].flags = POSTERN_PORTS_ANY;
			continue;
		}
		to[i].lo = random_next(r);
		to[i].hi = to[i].lo + below(r, 0xffff - to[i].lo + 1);
		if (single) {
			to[i].proto = 6;
			to[i].hi = to[i].lo;
		}
		if (one_in(r, 100 * n))
			to[i].flags = random_next(r);
		if (one_in(r, 100 * n))
			to[i].pad = random_next(r);
	}
	if (!single && d->services && one_in(r, 3))
		put_indices(m, r, POSTERN_A_MEMBERS, d->services);
	if (!single && one_in(r, 4))
		put_rpc(m, r);
	put_place(m, r);
	nest_end(m, nest);
}

static void put_mark(struct message *m, struct random *r)
{
	uint32_t mask = odd_number(r);

	if (!one_in(r, 4))
		return;
	put_u32(m, POSTERN_A_MARK, odd_number(r) & (one_in(r, 8) ? ~0U : mask));
	if (usually(r))
		put_u32(m, POSTERN_A_MARK_MASK, mask);
}

static void put_rate(struct message *m, struct random *r, uint16_t type)
{
	static const uint32_t times[] = { 1000, 60000, 3600000, 86400000 };
	struct postern_rate rate = {
		.count = one_in(r, 60) ? odd_number(r) : 1 + below(r, 1000),
		.per_ms = one_in(r, 60) ? odd_number(r) : times[below(r, 4)],
		.burst = one_in(r, 60) ? odd_number(r) : 1 + below(r, 365),
		.pad = one_in(r, 100) ? odd_number(r) : 0,
	};

	if (one_in(r, 3))
		put(m, type, &rate, usually(r) ? sizeof(rate) : below(r, sizeof(rate)));
}

static void put_ban(struct message *m, struct random *r)
{
	struct postern_ban ban = {
		.ms = one_in(r, 60) ? odd_number(r) : 1000 + below(r, 3600000),
		.refusals = one_in(r, 60) ? odd_number(r) : 1 + below(r, 65535),
		.window_ms = one_in(r, 60) ? odd_number(r) : 1000 + below(r, 86399001),
	};

	ban.max_ms = one_in(r, 60) ? odd_number(r) : ban.ms + below(r, 1000000);
	if (one_in(r, 3))
		put(m, POSTERN_A_LIMIT_BAN, &ban, usually(r) ? sizeof(ban) : below(r, 20));
}

static void put_prefixes(struct message *m, struct random *r)
{
	struct postern_prefixes to = {
		.source4 = one_in(r, 60) ? random_next(r) : 1 + below(r, 32),
		.source6 = one_in(r, 60) ? random_next(r) : 1 + below(r, 128),
	};

	to.network4 = one_in(r, 60) || !to.source4 ? random_next(r) : 1 + below(r, to.source4);
	to.network6 = one_in(r, 60) || !to.source6 ? random_next(r) : 1 + below(r, to.source6);
	if (one_in(r, 3))
		put(m, POSTERN_A_LIMIT_PREFIXES, &to, usually(r) ? sizeof(to) : below(r, 8));
}

static void put_bound(struct message *m, struct random *r, uint16_t type)
{
	if (one_in(r, 3))
		put_u32(m, type, one_in(r, 60) ? odd_number(r) : 1 + below(r, 10000000));
}

static void put_limit(struct message *m, struct random *r, const struct dialogue *d)
{
	size_t nest = nest_begin(m, POSTERN_A_LIMIT);

	if (usually(r))
		put_name(m, r, "l", d->limits);
	put_rate(m, r, POSTERN_A_LIMIT_RATE_SOURCE);
	put_rate(m, r, POSTERN_A_LIMIT_RATE_NETWORK);
	put_rate(m, r, POSTERN_A_LIMIT_TOTAL);
	put_bound(m, r, POSTERN_A_LIMIT_OPEN_SOURCE);
	put_bound(m, r, POSTERN_A_LIMIT_OPEN_NETWORK);
	put_bound(m, r, POSTERN_A_LIMIT_HALF_OPEN);
	if (one_in(r, 3))
		put_u32(m, POSTERN_A_LIMIT_SILENT, one_in(r, 60) ? odd_number(r) : 1 + below(r, 1000));
	put_ban(m, r);
	put_prefixes(m, r);
	if (d->hosts && one_in(r, 2))
		put_indices(m, r, POSTERN_A_LIMIT_EXEMPT, d->hosts);
	put_flags(m, r, 3);
	put_place(m, r);
	nest_end(m, nest);
}

static void put_domains(struct message *m, struct random *r)
{
	static const char domains[] = ".xn--a.example\0_b.example\0a.example\0b.example";
	static const char odd[] = "a.-_\0\377@\r";
	/* behind each of them, and before */
	static const uint8_t at[] = { 0, 15, 26, 36, sizeof(domains) };
	uint32_t first = below(r, 4), last = first + 1 + below(r, 4 - first), n, i;
	char *to;

	if (!one_in(r, 30)) {
		put(m, POSTERN_A_INSPECT_RELAY, domains + at[first], at[last] - at[first]);
		return;
	}
	n = one_in(r, 3) ? 30000 + below(r, 1000) : below(r, 300);
	to = reserve(m, POSTERN_A_INSPECT_RELAY, n);
	for (i = 0; to && i < n; i++)
		to[i] = one_in(r, 3) ? odd[below(r, 8)] : (char)('a' + i / 64 % 26);
}

static void put_inspect(struct message *m, struct random *r, const struct dialogue *d)
{
	size_t nest = nest_begin(m, POSTERN_A_INSPECT);
	uint64_t number;

	if (usually(r))
		put_name(m, r, "i", d->inspects);
	number = random_next(r) | (uint64_t)random_next(r) << 32;
	number &= one_in(r, 60) ? ~0ULL : (1ULL << 50) - 1;
	if (one_in(r, 3))
		put(m, POSTERN_A_INSPECT_DENY, &number, usually(r) ? 8 : below(r, 12));
	number = one_in(r, 60) ? odd_number(r) : 1024 + random_next(r);
	if (one_in(r, 3))
		put(m, POSTERN_A_INSPECT_SIZE, &number, usually(r) ? 8 : below(r, 12));
	if (one_in(r, 3))
		put_u32(m, POSTERN_A_INSPECT_RECIPIENTS,
			one_in(r, 60) ? odd_number(r) : 1 + below(r, 1000000));
	if (one_in(r, 3))
		put_u32(m, POSTERN_A_INSPECT_MESSAGES,
			one_in(r, 60) ? odd_number(r) : 1 + below(r, 1000000));
	if (one_in(r, 3))
		put_u32(m, POSTERN_A_INSPECT_LINE,
			one_in(r, 60) ? odd_number(r) : 512 + below(r, 65025));
	put_rate(m, r, POSTERN_A_INSPECT_RECIPIENTS_RATE);
	put_rate(m, r, POSTERN_A_INSPECT_MESSAGES_RATE);
	if (one_in(r, 2))
		put_domains(m, r);
	put_flags(m, r, 7);
	put_place(m, r);
	nest_end(m, nest);
}

static void put_rule(struct message *m, struct random *r, const struct dialogue *d)
{
	size_t nest = nest_begin(m, POSTERN_A_RULE);
	char text[1100];
	unsigned int len;

	if (usually(r)) {
		len = one_in(r, 40) ? POSTERN_TEXT_MAX - 1 + below(r, 4) : 1 + below(r, 3);
		memset(text, 'a' + below(r, 26), len);
		text[len] = 0;
		put(m, POSTERN_A_TEXT, text, len + 1);
	}
	if (one_in(r, 8))
		put_name(m, r, "r", below(r, 100));
	if (usually(r))
		put_u32(m, POSTERN_A_ACTION, one_in(r, 60) ? odd_number(r) : below(r, 2));
	if (usually(r))
		put_endpoints(m, r, POSTERN_A_SRC, d);
	if (usually(r))
		put_endpoints(m, r, POSTERN_A_DST, d);
	if (d->services && one_in(r, 2))
		put_indices(m, r, POSTERN_A_SERVICES, d->services);
	put_mark(m, r);
	/* on a rule that blocks, or is of no TCP, it is refused */
	if (d->limits && one_in(r, 6))
		put_u32(m, POSTERN_A_LIMIT_INDEX, index_below(r, d->limits));
	if (d->inspects && one_in(r, 12))
		put_u32(m, POSTERN_A_INSPECT_INDEX, index_below(r, d->inspects));
	put_flags(m, r, 7);
	put_place(m, r);
	nest_end(m, nest);
}

static void put_files(struct message *m, struct random *r)
{
	size_t nest = nest_begin(m, POSTERN_A_FILES);
	uint32_t n = one_in(r, 50) ? 254 + below(r, 5) : 1 + below(r, 3);
	char name[POSTERN_PATH_MAX + 5];
	unsigned int len;

	while (n--) {
		len = one_in(r, 30) ? POSTERN_PATH_MAX - 1 + below(r, 4) : 10;
		memset(name, 'f', len);
		name[len] = 0;
		put_string(m, POSTERN_A_NAME, name);
	}
	nest_end(m, nest);
}

static void put_address(struct message *m, struct random *r, int type, bool v6)
{
	unsigned char a[16];
	unsigned int i, len = one_in(r, 20) ? below(r, 17) : v6 ? 16 : 4;

	for (i = 0; i < len; i++)
		a[i] = random_next(r);
	put(m, type, a, len);
}

static void put_explain(struct message *m, struct random *r)
{
	static const char *const zones[] = { "self", "z0", "z1", "nowhere" };
	bool v6 = one_in(r, 2);
	uint8_t proto = one_in(r, 3) ? random_next(r) : 6;
	uint16_t port = random_next(r);

	if (usually(r))
		put_address(m, r, POSTERN_A_SADDR, v6);
	if (usually(r))
		put_address(m, r, POSTERN_A_DADDR, one_in(r, 20) ? !v6 : v6);
	if (usually(r))
		put(m, POSTERN_A_PROTO, &proto, sizeof(proto));
	if (one_in(r, 2))
		put(m, POSTERN_A_PORT, &port, sizeof(port));
	if (one_in(r, 2))
		put_string(m, POSTERN_A_ZONE_NAME, zones[below(r, 4)]);
	if (one_in(r, 2))
		put_string(m, POSTERN_A_ZONE_OUT_NAME, zones[below(r, 4)]);
}

static void put_u16(struct message *m, uint16_t type, uint16_t value)
{
	put(m, type, &value, sizeof(value));
}

/* An interface that the good policy names, or any. */
static void put_interface(struct message *m, struct random *r)
{
	unsigned char uuid[16] = { 1, 2, 3 };

	if (one_in(r, 3))
		uuid[below(r, sizeof(uuid))] = random_next(r);
	put(m, POSTERN_A_UUID, uuid, usually(r) ? sizeof(uuid) : below(r, 20));
	if (one_in(r, 2))
		put_u16(m, POSTERN_A_VERSION, one_in(r, 8) ? random_next(r) : 4);
}

static void put_filter(struct message *m, struct random *r, bool pinholes)
{
	if (pinholes && one_in(r, 3))
		put_address(m, r, POSTERN_A_CLIENT, one_in(r, 2));
	if (one_in(r, 3))
		put_address(m, r, POSTERN_A_SERVER, one_in(r, 2));
	if (one_in(r, 3))
		put_interface(m, r);
	else if (one_in(r, 20))
		put_u16(m, POSTERN_A_VERSION, random_next(r));
}

static void put_endpoint(struct message *m, struct random *r)
{
	if (usually(r))
		put_address(m, r, POSTERN_A_SERVER, one_in(r, 2));
	if (usually(r))
		put_u16(m, POSTERN_A_PORT, one_in(r, 8) ? random_next(r) : 49152 + below(r, 9));
	if (usually(r))
		put_interface(m, r);
	if (one_in(r, 4))
		put_u32(m, POSTERN_A_RPC_REMEMBER_MS,
			one_in(r, 20) ? odd_number(r) : 60000 + below(r, 600000));
}

static void put_objects(struct message *m, struct random *r, struct dialogue *d)
{
	uint32_t n = one_in(r, 100) ? below(r, 2000) : 1 + below(r, 4);

	/* what refers to others comes when there are some */
	while (n-- && m->len < MESSAGE_MAX / 2) {
		switch (d->hosts && d->services ? below(r, 8) : below(r, 3)) {
		case 0:
			put_zone(m, r, d);
			break;
		case 1:
			put_hosts(m, r, d);
			break;
		case 2:
			put_service(m, r, d);
			break;
		case 3:
			put_ranges(m, r, d);
			break;
		case 4:
			put_limit(m, r, d);
			break;
		case 5:
			put_inspect(m, r, d);
			break;
		default:
			put_rule(m, r, d);
		}
	}
}

void put_command(struct message *m, struct random *r, uint8_t cmd,
		 struct dialogue *d)
{
	switch (cmd) {
	case POSTERN_CMD_POLICY_ADD:
	case POSTERN_CMD_POLICY_COMMIT:
	case POSTERN_CMD_POLICY_DISCARD:
		put_u32(m, POSTERN_A_TXN, one_in(r, 30) ? odd_number(r) : d->txn);
	}
	switch (cmd) {
	case POSTERN_CMD_POLICY_BEGIN:
		if (usually(r))
			put_files(m, r);
		if (one_in(r, 4))
			put_u32(m, POSTERN_A_POLICY_FLAGS, one_in(r, 8) ? odd_number(r) : 1);
		put_mark(m, r);
		if (one_in(r, 8))
			put_u32(m, POSTERN_A_SOURCES,
				one_in(r, 4) ? odd_number(r) : 1024 + below(r, 4193281));
		if (one_in(r, 8))
			put_u32(m, POSTERN_A_FASTPATH, one_in(r, 4) ? odd_number(r) : below(r, 3));
		break;
	case POSTERN_CMD_POLICY_ADD:
		put_objects(m, r, d);
		break;
	case POSTERN_CMD_POLICY_COMMIT:
		/* a load waits for a grace period: mostly it is built and thrown away */
		put_u32(m, POSTERN_A_COMMIT_FLAGS,
			one_in(r, 30) ? odd_number(r) :
			one_in(r, 8) ? below(r, 2) : POSTERN_COMMIT_DRY_RUN);
		if (one_in(r, 2))
			put_u32(m, POSTERN_A_CONFIRM_MS,
				one_in(r, 8) ? odd_number(r) : 1000);
		if (one_in(r, 8))
			put_u32(m, POSTERN_A_EXPECT_GENERATION, below(r, 3));
		break;
	case POSTERN_CMD_POLICY_UNLOAD:
		if (one_in(r, 2))
			put_u32(m, POSTERN_A_UNLOAD_FLAGS, odd_number(r) & 3);
		break;
	case POSTERN_CMD_ZONE_GET:
	case POSTERN_CMD_HOSTS_GET:
	case POSTERN_CMD_RANGES_GET:
	case POSTERN_CMD_SERVICE_GET:
	case POSTERN_CMD_LIMIT_GET:
	case POSTERN_CMD_INSPECT_GET:
	case POSTERN_CMD_BAN_GET:
	case POSTERN_CMD_RULE_GET:
		/* they take nothing */
		if (one_in(r, 60))
			put_u32(m, POSTERN_A_INDEX, odd_number(r));
		break;
	case POSTERN_CMD_EXPLAIN:
		put_explain(m, r);
		break;
	case POSTERN_CMD_PINHOLE_GET:
	case POSTERN_CMD_PINHOLE_FLUSH:
		put_filter(m, r, true);
		break;
	case POSTERN_CMD_ENDPOINT_GET:
	case POSTERN_CMD_ENDPOINT_FLUSH:
		put_filter(m, r, false);
		break;
	case POSTERN_CMD_ENDPOINT_ADD:
		put_endpoint(m, r);
		break;
	default:
		put_sources_command(m, r, cmd);
	}
}

void put_good_zone(struct message *m)
{
	size_t nest = nest_begin(m, POSTERN_A_ZONE), list;

	put_string(m, POSTERN_A_NAME, "good");
	list = nest_begin(m, POSTERN_A_IFACES);
	put_string(m, POSTERN_A_NAME, "good*");
	nest_end(m, list);
	nest_end(m, nest);
}

void put_good_hosts(struct message *m)
{
	struct postern_range4 range = { .lo = htonl(0x0a000000), .hi = htonl(0x0affffff) };
	size_t nest = nest_begin(m, POSTERN_A_HOSTS);

	put_string(m, POSTERN_A_NAME, "good");
	put(m, POSTERN_A_RANGES4, &range, sizeof(range));
	nest_end(m, nest);
}

void put_good_service(struct message *m)
{
	static const struct postern_ports smtp = { .proto = 6, .lo = 25, .hi = 25 };
	size_t nest = nest_begin(m, POSTERN_A_SERVICE);

	put_string(m, POSTERN_A_NAME, "good");
	put(m, POSTERN_A_PORTS, &smtp, sizeof(smtp));
	nest_end(m, nest);
}

void put_good_rpc(struct message *m)
{
	static const struct postern_rpc rpc[] = {
		{ .uuid = { 1, 2, 3 }, .major = 4, .minor = 5, .lo = 1024, .hi = 65535 },
		{ .uuid = { [15] = 9 }, .lo = 1225, .hi = 1225, .flags = POSTERN_RPC_PINNED },
		{ .lo = 49152, .hi = 65535, .flags = POSTERN_RPC_ANY },
	};
	size_t nest = nest_begin(m, POSTERN_A_SERVICE);

	put_string(m, POSTERN_A_NAME, "good-rpc");
	put(m, POSTERN_A_RPC, rpc, sizeof(rpc));
	put_u32(m, POSTERN_A_RPC_PER_CLIENT, 10);
	nest_end(m, nest);
}

void put_good_limit(struct message *m)
{
	static const struct postern_rate rate = { .count = 7, .per_ms = 60000, .burst = 3 };
	static const struct postern_ban ban = { 1000, 60000, 5, 10000 };
	static const uint32_t exempt;
	size_t nest = nest_begin(m, POSTERN_A_LIMIT);

	put_string(m, POSTERN_A_NAME, "good");
	put_u32(m, POSTERN_A_FLAGS, POSTERN_LIMIT_STRICT);
	put(m, POSTERN_A_LIMIT_RATE_NETWORK, &rate, sizeof(rate));
	put_u32(m, POSTERN_A_LIMIT_OPEN_SOURCE, 20);
	put_u32(m, POSTERN_A_LIMIT_HALF_OPEN, 2000);
	put_u32(m, POSTERN_A_LIMIT_SILENT, 50);
	put(m, POSTERN_A_LIMIT_BAN, &ban, sizeof(ban));
	put(m, POSTERN_A_LIMIT_EXEMPT, &exempt, sizeof(exempt));
	nest_end(m, nest);
}

void put_good_inspect(struct message *m)
{
	static const struct postern_rate rate = { .count = 9, .per_ms = 3600000, .burst = 4 };
	static const char domains[] = ".acme.example\0acme.test";
	static const uint64_t deny = 0x81, size = 50 << 20;
	size_t nest = nest_begin(m, POSTERN_A_INSPECT);

	put_string(m, POSTERN_A_NAME, "good");
	put_u32(m, POSTERN_A_FLAGS, POSTERN_INSPECT_COUNT);
	put(m, POSTERN_A_INSPECT_DENY, &deny, sizeof(deny));
	put_u32(m, POSTERN_A_INSPECT_RECIPIENTS, 100);
	put(m, POSTERN_A_INSPECT_MESSAGES_RATE, &rate, sizeof(rate));
	put(m, POSTERN_A_INSPECT_SIZE, &size, sizeof(size));
	put(m, POSTERN_A_INSPECT_RELAY, domains, sizeof(domains));
	put_u32(m, POSTERN_A_INSPECT_LINE, 512);
	nest_end(m, nest);
}

void put_good_rule(struct message *m)
{
	static const struct postern_endpoint from = { .kind = POSTERN_ENDPOINT_ZONE };
	static const struct postern_endpoint to = { .kind = POSTERN_ENDPOINT_HOSTS };
	/* good and good-rpc */
	static const uint32_t services[] = { 0, 1 };
	size_t nest = nest_begin(m, POSTERN_A_RULE);

	put_string(m, POSTERN_A_TEXT, "allow good -> good : good, good-rpc limit good");
	put_u32(m, POSTERN_A_ACTION, POSTERN_ACTION_ALLOW);
	put(m, POSTERN_A_SRC, &from, sizeof(from));
	put(m, POSTERN_A_DST, &to, sizeof(to));
	put(m, POSTERN_A_SERVICES, services, sizeof(services));
	put_u32(m, POSTERN_A_LIMIT_INDEX, 0);
	nest_end(m, nest);
}

void put_good_endpoint(struct message *m)
{
	static const unsigned char server[4] = { 10, 9, 9, 9 }, uuid[16] = { 1, 2, 3 };

	put(m, POSTERN_A_SERVER, server, sizeof(server));
	put_u16(m, POSTERN_A_PORT, 49152);
	put(m, POSTERN_A_UUID, uuid, sizeof(uuid));
	put_u16(m, POSTERN_A_VERSION, 4);
}

void put_good_objects(struct message *m)
{
	put_good_zone(m);
	put_good_hosts(m);
	put_good_service(m);
	put_good_rpc(m);
	put_good_limit(m);
	put_good_inspect(m);
	put_good_rule(m);
}

void count_objects(struct message *m, struct dialogue *d)
{
	size_t at = NLMSG_HDRLEN + GENL_HDRLEN;

	while (at + NLA_HDRLEN <= m->len) {
		const struct nlattr *attr = (const struct nlattr *)(m->data + at);

		switch (attr->nla_type & NLA_TYPE_MASK) {
		case POSTERN_A_ZONE:
			d->zones++;
			break;
		case POSTERN_A_HOSTS:
			d->hosts++;
			break;
		case POSTERN_A_SERVICE:
			d->services++;
			break;
		case POSTERN_A_LIMIT:
			d->limits++;
			break;
		case POSTERN_A_INSPECT:
			d->inspects++;
			break;
		}
		if (attr->nla_len < NLA_HDRLEN)
			break;
		at += NLA_ALIGN(attr->nla_len);
	}
}
