// SPDX-License-Identifier: GPL-2.0
/*
 * Building messages, and spoiling them.
 */
#include <string.h>

#include "message.h"

void message_begin(struct message *m, uint16_t family, uint8_t cmd,
		   uint16_t flags, uint32_t seq)
{
	m->len = NLMSG_HDRLEN + GENL_HDRLEN;
	memset(m->data, 0, m->len);
	message_header(m)->nlmsg_type = family;
	message_header(m)->nlmsg_flags = flags;
	message_header(m)->nlmsg_seq = seq;
	message_genl(m)->cmd = cmd;
	message_genl(m)->version = 1;
}

void message_end(struct message *m)
{
	message_header(m)->nlmsg_len = m->len;
}

void *reserve(struct message *m, uint16_t type, size_t len)
{
	struct nlattr *attr = (struct nlattr *)(m->data + m->len);
	size_t total = NLA_ALIGN(NLA_HDRLEN + len);

	if (NLA_HDRLEN + len > UINT16_MAX || total > sizeof(m->data) - m->len)
		return NULL;
	memset(attr, 0, total);
	attr->nla_type = type;
	attr->nla_len = NLA_HDRLEN + len;
	m->len += total;
	return (char *)attr + NLA_HDRLEN;
}

void put(struct message *m, uint16_t type, const void *data, size_t len)
{
	void *to = reserve(m, type, len);

	if (to && len)
		memcpy(to, data, len);
}

void put_u32(struct message *m, uint16_t type, uint32_t value)
{
	put(m, type, &value, sizeof(value));
}

void put_string(struct message *m, uint16_t type, const char *s)
{
	put(m, type, s, strlen(s) + 1);
}

size_t nest_begin(struct message *m, uint16_t type)
{
	size_t at = m->len;

	reserve(m, type | NLA_F_NESTED, 0);
	return at;
}

void nest_end(struct message *m, size_t nest)
{
	struct nlattr *attr = (struct nlattr *)(m->data + nest);

	/* too long a nest wraps: that is one more wrong message */
	attr->nla_len = m->len - nest;
}

/* ---- spoiling */

#define PLACES	64

/* Where the attributes begin, nested ones included; at most PLACES of them. */
static unsigned int find_attrs(struct message *m, size_t *place)
{
	unsigned int nr = 0;
	size_t at = NLMSG_HDRLEN + GENL_HDRLEN;

	while (nr < PLACES && at + NLA_HDRLEN <= m->len) {
		struct nlattr *attr = (struct nlattr *)(m->data + at);

		place[nr++] = at;
		if (attr->nla_type & NLA_F_NESTED || attr->nla_len < NLA_HDRLEN)
			at += NLA_HDRLEN;
		else
			at += NLA_ALIGN(attr->nla_len);
	}
	return nr;
}

static void insert(struct message *m, size_t at, size_t len)
{
	if (len > sizeof(m->data) - m->len)
		return;
	memmove(m->data + at + len, m->data + at, m->len - at);
	m->len += len;
}

static void spoil_attr(struct message *m, struct random *r, size_t at)
{
	struct nlattr *attr = (struct nlattr *)(m->data + at);
	size_t end = at + attr->nla_len;
	size_t len, i;

	if (end > m->len)
		end = m->len;
	switch (below(r, 9)) {
	case 0:
		attr->nla_type = below(r, 80);
		break;
	case 1:
		attr->nla_type ^= NLA_F_NESTED;
		break;
	case 2:
		attr->nla_type = odd_number(r);
		break;
	case 3:
		attr->nla_len = odd_number(r);
		break;
	case 4:
		attr->nla_len += below(r, 9) - 4;
		break;
	case 5:			/* another payload */
		for (i = at + NLA_HDRLEN; i < end; i++)
			m->data[i] = random_next(r);
		break;
	case 6:			/* strange numbers */
		for (i = at + NLA_HDRLEN; i + 4 <= end; i += 4) {
			uint32_t odd = odd_number(r);

			if (one_in(r, 2))
				memcpy(m->data + i, &odd, sizeof(odd));
		}
		break;
	case 7:			/* twice, perhaps inside of itself */
		len = NLA_ALIGN(end - at);
		if (len > sizeof(m->data) - m->len || at + len > m->len)
			break;
		insert(m, at + (one_in(r, 2) ? len : NLA_HDRLEN), len);
		memcpy(m->data + at + len, m->data + at, len);
		break;
	case 8:			/* longer by much */
		len = below(r, 2) ? below(r, 64) * 4 : below(r, 16000) * 4;
		if (end != m->len || len > sizeof(m->data) - m->len)
			break;
		for (i = 0; i < len; i++)
			m->data[m->len + i] = random_next(r);
		m->len += len;
		attr->nla_len += len;
		break;
	}
}

static void spoil_once(struct message *m, struct random *r)
{
	size_t place[PLACES];
	unsigned int nr = find_attrs(m, place);
	struct nlmsghdr *h = message_header(m);
	size_t i;

	switch (nr ? below(r, 16) : below(r, 7)) {
	case 0:			/* cut off, and says so or not */
		m->len = NLMSG_HDRLEN + below(r, m->len - NLMSG_HDRLEN + 1);
		if (one_in(r, 2))
			h->nlmsg_len = m->len;
		break;
	case 1:
		h->nlmsg_len = odd_number(r);
		break;
	case 2:
		h->nlmsg_flags = random_next(r);
		break;
	case 3:
		message_genl(m)->cmd = one_in(r, 2) ? below(r, 20) : random_next(r);
		break;
	case 4:
		message_genl(m)->version = random_next(r);
		message_genl(m)->reserved = one_in(r, 2) ? random_next(r) : 0;
		break;
	case 5:			/* bytes anywhere but in the type of the message */
		for (i = below(r, 8) + 1; i; i--) {
			size_t at = 6 + below(r, m->len - 6);

			m->data[at] = random_next(r);
		}
		break;
	case 6:			/* garbage behind */
		for (i = below(r, 200); i && m->len < sizeof(m->data); i--)
			m->data[m->len++] = random_next(r);
		if (one_in(r, 2))
			h->nlmsg_len = m->len;
		break;
	default:
		spoil_attr(m, r, place[below(r, nr)]);
		if (one_in(r, 4))
			break;
		/* keep what is around it right, so that the kernel gets there */
		h->nlmsg_len = m->len;
	}
}

void message_spoil(struct message *m, struct random *r)
{
	unsigned int times = 1 + below(r, 4);

	while (times--)
		if (m->len >= NLMSG_HDRLEN + GENL_HDRLEN)
			spoil_once(m, r);
}
