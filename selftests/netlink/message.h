/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Generic netlink messages, made to be spoilt: a buffer that holds more than
 * netlink takes, and attributes without any check.
 */
#ifndef MESSAGE_H
#define MESSAGE_H

#include <stddef.h>
#include <stdint.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>

#include "random.h"

#define MESSAGE_MAX	(256 * 1024)

struct message {
	size_t len;
	_Alignas(8) unsigned char data[MESSAGE_MAX];
};

static inline struct nlmsghdr *message_header(struct message *m)
{
	return (struct nlmsghdr *)m->data;
}

static inline struct genlmsghdr *message_genl(struct message *m)
{
	return (struct genlmsghdr *)(m->data + NLMSG_HDRLEN);
}

void message_begin(struct message *m, uint16_t family, uint8_t cmd,
		   uint16_t flags, uint32_t seq);
void message_end(struct message *m);

/* Appends an attribute; does nothing if it does not fit. */
void put(struct message *m, uint16_t type, const void *data, size_t len);
void put_u32(struct message *m, uint16_t type, uint32_t value);
void put_string(struct message *m, uint16_t type, const char *s);
/* An attribute to be filled in: its payload, or NULL. */
void *reserve(struct message *m, uint16_t type, size_t len);

/* Return: what nest_end() wants. */
size_t nest_begin(struct message *m, uint16_t type);
void nest_end(struct message *m, size_t nest);

/* Spoils a finished message, in one to four ways. */
void message_spoil(struct message *m, struct random *r);

#endif /* MESSAGE_H */
