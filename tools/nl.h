/* SPDX-License-Identifier: GPL-2.0 */
/* Generic netlink to the module: requests, dumps, events, and why it refused. */
#ifndef NL_H
#define NL_H

#include <linux/postern.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdbool.h>
#include <stdint.h>

#include "cmd.h"

struct nl {
	struct nl_sock *sock;
	int family;

	/* Of the last request that was refused. */
	int error; /* errno */
	char sentence[256]; /* the kernel's, may be empty */
	bool has_place;
	struct postern_place place;
};

/* Complains if the module is not there. */
enum status kernel_open(struct nl *nl);
void kernel_close(struct nl *nl);

/* The largest message that is sent, with room for the headers. */
#define NL_MESSAGE_MAX 65536

struct nl_msg *kernel_request(struct nl *nl, enum postern_cmd cmd, int flags);
/* With room for @size bytes. */
struct nl_msg *kernel_request_of(struct nl *nl, enum postern_cmd cmd, int flags, size_t size);

/* How large a message the socket takes, which becomes @size if that may be. */
size_t kernel_make_room(struct nl *nl, size_t size);

/* Attributes of a message or nest, by number; absent ones are NULL. */
struct nl_attrs {
	struct nlattr *a[POSTERN_A_MAX + 1];
};

void attrs_message(struct nl_attrs *attrs, struct nl_msg *msg);
void attrs_nest(struct nl_attrs *attrs, struct nlattr *nest);
uint16_t attrs_u16(const struct nl_attrs *attrs, enum postern_attr attr);
uint32_t attrs_u32(const struct nl_attrs *attrs, enum postern_attr attr);
uint64_t attrs_u64(const struct nl_attrs *attrs, enum postern_attr attr);
const char *attrs_string(const struct nl_attrs *attrs, enum postern_attr attr);

/* As text; "?" if it is none. Long enough for inet_ntop(3). */
#define ADDRESS_TEXT_MAX 46
const char *attrs_address(const struct nl_attrs *attrs, enum postern_attr attr,
			  char text[ADDRESS_TEXT_MAX]);

typedef void (*nl_reply_fn)(const struct nl_attrs *attrs, void *arg);

/* Sends and frees @msg, waits for the answer. 0, or -errno with nl->error and so on set. */
int kernel_call(struct nl *nl, struct nl_msg *msg, nl_reply_fn fn, void *arg);

/* -EAGAIN: the policy, or what is dumped, was changed meanwhile. */
int kernel_dump(struct nl *nl, enum postern_cmd cmd, nl_reply_fn fn, void *arg);
/* By a request with NLM_F_DUMP that says which ones; frees @msg. */
int kernel_dump_some(struct nl *nl, struct nl_msg *msg, nl_reply_fn fn, void *arg);

/* What to say if @what, like "loading a policy", was refused; the status that follows. */
#define REFUSAL_TEXT_MAX 512
enum status kernel_refusal(const struct nl *nl, const char *what, char text[REFUSAL_TEXT_MAX]);

/* Says it on stderr. */
enum status kernel_complain(const struct nl *nl, const char *what);

/* Opens, sends @cmd, which takes no words, and closes; complains about @what. */
enum status kernel_order(enum postern_cmd cmd, const char *what);

/* Calls @fn for each event until it returns false. */
enum status kernel_listen(struct nl *nl, bool (*fn)(const struct nl_attrs *attrs, void *arg),
			  void (*lost)(void *arg), void *arg);

/* The interface version that the module speaks, 0 if it is not there. */
unsigned int kernel_version(struct nl *nl);

#endif
