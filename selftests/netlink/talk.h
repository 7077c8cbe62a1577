/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A generic netlink socket and what the kernel answers on it.
 */
#ifndef TALK_H
#define TALK_H

#include <linux/postern.h>

#include "grammar.h"

/**
 * struct peer - one socket
 * @fd: -1 if it is closed
 * @unread: a dump was not read to its end
 * @turned_away: there are too many transactions already
 * @seen: called for each message that is no acknowledgement, if set
 * @data: for @seen
 */
struct peer {
	int fd;
	uint32_t seq;
	struct dialogue dialogue;
	bool unread;
	bool turned_away;
	void (*seen)(const struct nlmsghdr *h, void *data);
	void *data;
};

/**
 * struct answer - what the kernel said to one message
 * @acked: there was an answer
 * @error: of the last acknowledgement, 0 or negative
 * @messages: of a dump, or replies
 * @interrupted: a dump said that what it dumps has changed
 * @text: the sentence, or ""
 * @offset: of the attribute to blame, or 0
 * @place: where the object stands in its file; line 0 if not said
 */
struct answer {
	bool acked;
	int error;
	unsigned int messages;
	bool interrupted;
	char text[128];
	uint32_t offset;
	struct postern_place place;
};

/* Seconds that pass. */
double now(void);

/* The number of family postern, also in @group its group; exits if there is none. */
uint16_t find_family(uint32_t *group);

void peer_open(struct peer *p);
void peer_close(struct peer *p);

/* The attribute of @type among @len bytes of attributes, or NULL. */
const struct nlattr *find_attr(const void *from, size_t len, int type);
/* Among the attributes of a message. */
const struct nlattr *find_attr_in(const struct nlmsghdr *h, int type);

#define PAYLOAD(attr)	((const void *)((const char *)(attr) + NLA_HDRLEN))
#define LENGTH(attr)	((size_t)(attr)->nla_len - NLA_HDRLEN)

/* What is to come of a dump that was not read to its end. */
void peer_read_on(struct peer *p, unsigned int reads, struct answer *answer);

/*
 * Sends @m as it is and reads what comes; of a dump at most @reads buffers.
 * Return: 0, or the negative errno of sendmsg(2).
 */
int peer_exchange(struct peer *p, struct message *m, unsigned int reads,
		  struct answer *answer);

#endif /* TALK_H */
