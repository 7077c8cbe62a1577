/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A generic netlink socket and what the kernel answers on it.
 */
#ifndef TALK_H
#define TALK_H

#include "grammar.h"

/**
 * struct peer - one socket
 * @fd: -1 if it is closed
 * @unread: a dump was not read to its end
 * @turned_away: there are too many transactions already
 */
struct peer {
	int fd;
	uint32_t seq;
	struct dialogue dialogue;
	bool unread;
	bool turned_away;
};

/**
 * struct answer - what the kernel said to one message
 * @acked: there was an answer
 * @error: of the last acknowledgement, 0 or negative
 * @messages: of a dump, or replies
 * @text: the sentence, or ""
 */
struct answer {
	bool acked;
	int error;
	unsigned int messages;
	char text[128];
};

/* The number of family postern, also in @group its group; exits if there is none. */
uint16_t find_family(uint32_t *group);

void peer_open(struct peer *p);
void peer_close(struct peer *p);

/*
 * Sends @m as it is and reads what comes; of a dump at most @reads buffers.
 * Return: 0, or the negative errno of sendmsg(2).
 */
int peer_exchange(struct peer *p, struct message *m, unsigned int reads,
		  struct answer *answer);

#endif /* TALK_H */
