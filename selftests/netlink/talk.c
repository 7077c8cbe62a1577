// SPDX-License-Identifier: GPL-2.0
/*
 * Sockets. Netlink answers before sendmsg() returns: what is not there then will
 * not come, but for the rest of a dump.
 */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <linux/postern.h>

#include "talk.h"

static _Alignas(8) unsigned char buffer[128 * 1024];

double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

void peer_open(struct peer *p)
{
	int on = 1;

	memset(p, 0, sizeof(*p));
	p->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	if (p->fd < 0)
		return;		/* no memory: tried again later */
	setsockopt(p->fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	setsockopt(p->fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
}

void peer_close(struct peer *p)
{
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
}

const struct nlattr *find_attr(const void *from, size_t len, int type)
{
	size_t at = 0;

	while (at + NLA_HDRLEN <= len) {
		const struct nlattr *attr = (const void *)((const char *)from + at);

		if ((attr->nla_type & NLA_TYPE_MASK) == type)
			return attr;
		if (attr->nla_len < NLA_HDRLEN)
			break;
		at += NLA_ALIGN(attr->nla_len);
	}
	return NULL;
}

const struct nlattr *find_attr_in(const struct nlmsghdr *h, int type)
{
	const size_t head = NLMSG_HDRLEN + GENL_HDRLEN;

	return find_attr((const char *)h + head, h->nlmsg_len - head, type);
}

static void read_refusal(const struct nlmsghdr *h, struct answer *answer)
{
	const size_t head = NLMSG_HDRLEN + sizeof(struct nlmsgerr);
	const void *from = (const char *)h + head;
	size_t len = h->nlmsg_len - head;
	const struct nlattr *attr;

	if (!(h->nlmsg_flags & NLM_F_ACK_TLVS) || !(h->nlmsg_flags & NLM_F_CAPPED))
		return;
	attr = find_attr(from, len, NLMSGERR_ATTR_MSG);
	if (attr)
		snprintf(answer->text, sizeof(answer->text), "%s", (const char *)PAYLOAD(attr));
	attr = find_attr(from, len, NLMSGERR_ATTR_OFFS);
	if (attr)
		memcpy(&answer->offset, PAYLOAD(attr), sizeof(answer->offset));
	attr = find_attr(from, len, NLMSGERR_ATTR_COOKIE);
	if (attr && LENGTH(attr) == sizeof(answer->place))
		memcpy(&answer->place, PAYLOAD(attr), sizeof(answer->place));
}

/* The transaction's id is the only attribute of the reply to POLICY_BEGIN. */
static void read_reply(struct peer *p, const struct nlmsghdr *h)
{
	const struct genlmsghdr *g = (const void *)((const char *)h + NLMSG_HDRLEN);
	const struct nlattr *attr = (const void *)((const char *)g + GENL_HDRLEN);

	if (g->cmd != POSTERN_CMD_POLICY_BEGIN || attr->nla_type != POSTERN_A_TXN)
		return;
	memset(&p->dialogue, 0, sizeof(p->dialogue));
	memcpy(&p->dialogue.txn, (const char *)attr + NLA_HDRLEN, sizeof(uint32_t));
}

/* Return: whether it was the last message of the answer. */
static bool read_message(struct peer *p, const struct nlmsghdr *h,
			 struct answer *answer)
{
	const int *error = (const void *)((const char *)h + NLMSG_HDRLEN);

	/* an event, or the rest of a dump that was not read */
	if (h->nlmsg_seq != p->seq)
		return false;
	answer->interrupted |= !!(h->nlmsg_flags & NLM_F_DUMP_INTR);
	switch (h->nlmsg_type) {
	case NLMSG_ERROR:
		answer->acked = true;
		answer->error = *error;
		read_refusal(h, answer);
		return true;
	case NLMSG_DONE:
		answer->acked = true;
		answer->error = *error;
		return true;
	}
	answer->messages++;
	if (p->seen)
		p->seen(h, p->data);
	read_reply(p, h);
	return false;
}

void peer_read_on(struct peer *p, unsigned int reads, struct answer *answer)
{
	bool last = false;

	p->unread = false;
	while (!last) {
		const struct nlmsghdr *h = (const void *)buffer;
		ssize_t n = recv(p->fd, buffer, sizeof(buffer), MSG_DONTWAIT);

		if (n < 0 && errno == ENOBUFS)
			continue;	/* said once: something was lost */
		if (n <= 0)
			return;
		for (; NLMSG_OK(h, n); h = NLMSG_NEXT(h, n))
			last |= read_message(p, h, answer);
		if (!last && !--reads) {
			p->unread = true;
			return;
		}
	}
}

int peer_exchange(struct peer *p, struct message *m, unsigned int reads,
		  struct answer *answer)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };

	memset(answer, 0, sizeof(*answer));
	/* so that the answer is told from others, whatever became of the message */
	if (m->len >= NLMSG_HDRLEN)
		p->seq = message_header(m)->nlmsg_seq;
	if (sendto(p->fd, m->data, m->len, MSG_DONTWAIT,
		   (struct sockaddr *)&kernel, sizeof(kernel)) < 0)
		return -errno;
	peer_read_on(p, reads, answer);
	return 0;
}

uint16_t find_family(uint32_t *group)
{
	static struct message m;
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	const struct nlattr *id, *groups = NULL;
	const struct nlmsghdr *h = (const void *)buffer;
	struct peer p;
	ssize_t n;

	peer_open(&p);
	message_begin(&m, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, NLM_F_REQUEST, 1);
	put_string(&m, CTRL_ATTR_FAMILY_NAME, POSTERN_GENL_NAME);
	message_end(&m);
	if (sendto(p.fd, m.data, m.len, 0, (struct sockaddr *)&kernel, sizeof(kernel)) < 0)
		err(1, "netlink");
	n = recv(p.fd, buffer, sizeof(buffer), 0);
	if (n < (ssize_t)(NLMSG_HDRLEN + GENL_HDRLEN) || h->nlmsg_type == NLMSG_ERROR)
		errx(4, "no family %s: is the module loaded?", POSTERN_GENL_NAME);
	id = find_attr(buffer + NLMSG_HDRLEN + GENL_HDRLEN,
		       n - NLMSG_HDRLEN - GENL_HDRLEN, CTRL_ATTR_FAMILY_ID);
	groups = find_attr(buffer + NLMSG_HDRLEN + GENL_HDRLEN,
			   n - NLMSG_HDRLEN - GENL_HDRLEN, CTRL_ATTR_MCAST_GROUPS);
	if (groups)	/* its first element */
		groups = find_attr(PAYLOAD(groups), LENGTH(groups), 1);
	if (groups)
		groups = find_attr(PAYLOAD(groups), LENGTH(groups), CTRL_ATTR_MCAST_GRP_ID);
	if (!id || !groups)
		errx(1, "the family lacks its number or its group");
	memcpy(group, PAYLOAD(groups), sizeof(*group));
	peer_close(&p);
	return *(const uint16_t *)PAYLOAD(id);
}
