/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An SMTP connection as it is inspected: what the parser says becomes what happens to
 * packets.
 *
 * THEORY OF OPERATION. A refusal is final for the sender. A reset would have an honest
 * mail server try again for days, so the client is told in the server's place:
 *
 *	client				here			server
 *	MAIL RCPT VRFY	-------------->	MAIL RCPT ----------->
 *			<--------------		  <----------	250 250
 *	ACK		-------------->
 *			<------------ 502, FIN	  RST ------->
 *	VRFY again, FIN	-------------->
 *			<--------------	ACK
 *
 *	open	all is read
 *	owed	what is refused, and what comes behind it, is dropped. What came before
 *		goes on, until the server has answered it and the client has the answers
 *	told	the server's part is ours: the client gets the answer again until it has
 *		it, and then may send what it likes, which is acknowledged and dropped.
 *		Who is in the middle of a message reads no answer before its end
 *
 * Nothing of the refused is acknowledged before the client has the answer: so the
 * client's own timer has it ask, and be told, again.
 */
#ifndef PN_MAIL_H
#define PN_MAIL_H

#include "craft.h"
#include "smtp.h"

struct pn_cut;
struct pn_flow;
struct pn_segment;
struct tcphdr;

enum pn_mail_state {
	PN_MAIL_OPEN,
	PN_MAIL_OWED,
	PN_MAIL_TOLD,
};

#define PN_FAREWELLS	2

/**
 * struct pn_farewell - what is to be sent in an end's place, once no lock is held
 */
struct pn_farewell {
	struct pn_craft craft[PN_FAREWELLS];
	u32 nr;
};

/**
 * struct pn_mail - of one connection
 * @smtp: the parser's
 * @state: enum pn_mail_state
 * @tls: it was counted as one that cannot be read any more
 * @owed: answers of the server to what came before the refused
 * @unsent: commands that were read in segments that were not forwarded
 * @refused: sequence number of the first byte that is dropped
 * @taken: up to which bytes of the client are acknowledged in the server's place
 * @said: sequence number of @reply: the server's next, once nothing is owed
 * @reason: of the refusal
 * @reply: what the client is told
 * @deadline: of the state, in jiffies
 * @mark: of the last packet of each end
 * @l3: index of the VRF that each end is behind, or 0
 */
struct pn_mail {
	struct pn_smtp smtp;
	u8 state;
	u8 reason;
	bool tls;
	u16 owed, unsent;
	u32 refused, taken, said;
	const char *reply;
	unsigned long deadline;
	u32 mark[2];
	int l3[2];
	struct pn_farewell farewell;
};

void pn_mail_init(struct pn_mail *m);

/* It began before it was to be read: it passes unread. */
void pn_mail_resume(struct pn_mail *m);

/**
 * pn_mail_take - a segment with data or an end, of a connection that is read
 * @f: connection
 * @way: direction, in step
 * @th: TCP header
 * @seg: its data
 *
 * Context: packet path, lock held. Return: as pn_stream_take(); but if @f is not
 * PN_MAIL_OPEN any more, nothing is left to do than to drop the packet, if it is not
 * PN_OK.
 */
enum pn_reason pn_mail_take(struct pn_flow *f, u8 way, const struct tcphdr *th,
			    const struct pn_segment *seg);

/**
 * pn_mail_end - a packet of a connection of which something was refused
 * @f: connection
 * @way: direction
 * @th: TCP header
 * @seg: its data
 * @reset: set if both ends are to be reset
 *
 * Context: packet path, lock held. Return: PN_OK: it is forwarded, or what was left
 * of it.
 */
enum pn_reason pn_mail_end(struct pn_flow *f, u8 way, const struct tcphdr *th,
			   const struct pn_segment *seg, bool *reset);

/*
 * @f cannot be followed, for @reason. Return: whether it may go on unread, by observe.
 * Context: packet path, lock held.
 */
bool pn_mail_lost(struct pn_flow *f, enum pn_reason reason);

/*
 * Will nothing of @f be read, compared or counted any more? Context: lock held.
 */
bool pn_mail_done(const struct pn_flow *f);

/* The server had time enough to answer: both ends are reset. Context: lock held. */
void pn_mail_house(struct pn_flow *f);

#endif /* PN_MAIL_H */
