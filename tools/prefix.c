// SPDX-License-Identifier: GPL-2.0
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "mem.h"
#include "prefix.h"

/* An attribute has 16 bits for its length. */
#define BANS_PER_ATTRIBUTE (65000 / sizeof(struct postern_prefix))

/* What a message has beside its prefixes: headers, a comment, an end. */
#define REST_OF_MESSAGE 512

bool prefix_parse(const char *text, size_t len, struct postern_prefix *p,
		  char why[ADDRESS_ERROR_MAX])
{
	struct range r;
	uint32_t v4;
	int bits;

	if (!address_parse(text, len, &r, why))
		return false;
	bits = memchr(text, '-', len) ? -1 : address_prefix_length(&r);
	if (bits < 0) {
		snprintf(why, ADDRESS_ERROR_MAX,
			 "'%.*s' is a range; only addresses and prefixes are banned.",
			 len > 64 ? 64 : (int)len, text);
		return false;
	}
	*p = (struct postern_prefix){ .length = (uint8_t)bits, .v6 = r.family == AF_INET6 };
	v4 = htonl(r.r4.lo);
	if (p->v6)
		memcpy(p->addr, &r.r6.lo, 16);
	else
		memcpy(p->addr, &v4, 4);
	return true;
}

void prefix_print(const struct postern_prefix *p, char text[PREFIX_TEXT_MAX])
{
	size_t len;

	inet_ntop(p->v6 ? AF_INET6 : AF_INET, p->addr, text, PREFIX_TEXT_MAX);
	len = strlen(text);
	if (p->length != (p->v6 ? 128 : 32))
		snprintf(text + len, PREFIX_TEXT_MAX - len, "/%u", p->length);
}

int prefix_compare(const struct postern_prefix *a, const struct postern_prefix *b)
{
	int order = a->v6 - b->v6;

	if (!order)
		order = memcmp(a->addr, b->addr, sizeof(a->addr));
	return order ? order : a->length - b->length;
}

bool prefix_has(const struct postern_prefix *outer, const struct postern_prefix *inner)
{
	unsigned int bytes = outer->length / 8, bits = outer->length % 8;

	if (outer->v6 != inner->v6 || outer->length > inner->length)
		return false;
	if (memcmp(outer->addr, inner->addr, bytes))
		return false;
	return !bits || !((outer->addr[bytes] ^ inner->addr[bytes]) >> (8 - bits));
}

bool attrs_prefix(const struct nl_attrs *attrs, struct postern_prefix *p)
{
	struct nlattr *addr = attrs->a[POSTERN_A_SADDR];
	struct nlattr *bits = attrs->a[POSTERN_A_PREFIX_LENGTH];

	*p = (struct postern_prefix){ 0 };
	if (!addr || !bits || nla_len(bits) < 1 || (nla_len(addr) != 4 && nla_len(addr) != 16))
		return false;
	p->v6 = nla_len(addr) == 16;
	p->length = nla_get_u8(bits);
	memcpy(p->addr, nla_data(addr), (size_t)nla_len(addr));
	return true;
}

void prefixes_add(struct prefixes *all, const struct postern_prefix *p)
{
	if (all->n == all->cap) {
		all->cap = all->cap ? all->cap * 2 : 64;
		all->list = xrealloc(all->list, all->cap, sizeof(*all->list));
	}
	all->list[all->n++] = *p;
}

struct nl_msg *prefixes_request(struct nl *nl, enum postern_cmd cmd,
				const struct postern_prefix *list, unsigned int n, const char *what)
{
	size_t attributes = n / BANS_PER_ATTRIBUTE + 1, per, room;
	size_t size = REST_OF_MESSAGE + n * sizeof(*list) + attributes * NLA_HDRLEN;
	struct nl_msg *msg;

	room = kernel_make_room(nl, size);
	if (room < size) {
		/* the headers of attributes are a 16,000th of it */
		complain("%s %u prefixes at once needs a larger socket buffer than an administrator of this namespace may have: at most %zu fit into one transaction (net.core.wmem_max).",
			 what, n, (room - REST_OF_MESSAGE) / (sizeof(*list) + 1));
		return NULL;
	}
	msg = kernel_request_of(nl, cmd, 0, size);
	for (; n; n -= (unsigned int)per, list += per) {
		per = n > BANS_PER_ATTRIBUTE ? BANS_PER_ATTRIBUTE : n;
		nla_put(msg, POSTERN_A_BANS, (int)(per * sizeof(*list)), list);
	}
	return msg;
}
