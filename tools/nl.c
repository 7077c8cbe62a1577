// SPDX-License-Identifier: GPL-2.0
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/family.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "nl.h"

#define RECEIVE_SIZE (128 * 1024)

static void set_option(struct nl_sock *sock, int option)
{
	int on = 1;

	setsockopt(nl_socket_get_fd(sock), SOL_NETLINK, option, &on, sizeof(on));
}

enum status kernel_open(struct nl *nl)
{
	int err;

	memset(nl, 0, sizeof(*nl));
	nl->sock = nl_socket_alloc();
	if (!nl->sock) {
		complain("out of memory.");
		return STATUS_REFUSED;
	}
	err = genl_connect(nl->sock);
	if (err) {
		complain("cannot open a netlink socket: %s.", nl_geterror(err));
		kernel_close(nl);
		return STATUS_ABSENT;
	}
	/* Messages are large; asking each time how large would double the system calls. */
	nl_socket_disable_msg_peek(nl->sock);
	nl_socket_set_msg_buf_size(nl->sock, RECEIVE_SIZE);
	nl_socket_set_buffer_size(nl->sock, 2 * RECEIVE_SIZE, 2 * RECEIVE_SIZE);
	set_option(nl->sock, NETLINK_EXT_ACK);
	set_option(nl->sock, NETLINK_CAP_ACK);
	nl->family = genl_ctrl_resolve(nl->sock, POSTERN_GENL_NAME);
	if (nl->family < 0) {
		complain(
			"the postern module is not loaded: modprobe postern (or insmod postern.ko).");
		kernel_close(nl);
		return STATUS_ABSENT;
	}
	return STATUS_OK;
}

void kernel_close(struct nl *nl)
{
	nl_socket_free(nl->sock);
	nl->sock = NULL;
}

struct nl_msg *kernel_request_of(struct nl *nl, enum postern_cmd cmd, int flags, size_t size)
{
	struct nl_msg *msg = nlmsg_alloc_size(size);

	if (!msg || !genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, nl->family, 0,
				 NLM_F_REQUEST | flags, (uint8_t)cmd, POSTERN_GENL_VERSION)) {
		complain("out of memory.");
		_exit(STATUS_REFUSED);
	}
	return msg;
}

struct nl_msg *kernel_request(struct nl *nl, enum postern_cmd cmd, int flags)
{
	return kernel_request_of(nl, cmd, flags, NL_MESSAGE_MAX);
}

/* netlink(7) wants 32 bytes more than the message has. */
#define SEND_SLACK 32

size_t kernel_make_room(struct nl *nl, size_t size)
{
	int fd = nl_socket_get_fd(nl->sock), want = (int)(size + SEND_SLACK), have = 0;
	socklen_t len = sizeof(have);

	getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &have, &len);
	if (have < want && setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &want, sizeof(want)))
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &want, sizeof(want));
	/* the kernel doubles what it is given */
	if (getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &have, &len) || have < SEND_SLACK)
		return 0;
	return (size_t)have - SEND_SLACK;
}

void attrs_message(struct nl_attrs *attrs, struct nl_msg *msg)
{
	if (genlmsg_parse(nlmsg_hdr(msg), 0, attrs->a, POSTERN_A_MAX, NULL))
		memset(attrs, 0, sizeof(*attrs));
}

void attrs_nest(struct nl_attrs *attrs, struct nlattr *nest)
{
	if (nla_parse_nested(attrs->a, POSTERN_A_MAX, nest, NULL))
		memset(attrs, 0, sizeof(*attrs));
}

uint32_t attrs_u32(const struct nl_attrs *attrs, enum postern_attr attr)
{
	struct nlattr *a = attrs->a[attr];

	return a && nla_len(a) >= 4 ? nla_get_u32(a) : 0;
}

uint16_t attrs_u16(const struct nl_attrs *attrs, enum postern_attr attr)
{
	struct nlattr *a = attrs->a[attr];

	return a && nla_len(a) >= 2 ? nla_get_u16(a) : 0;
}

uint64_t attrs_u64(const struct nl_attrs *attrs, enum postern_attr attr)
{
	struct nlattr *a = attrs->a[attr];

	return a && nla_len(a) >= 8 ? nla_get_u64(a) : 0;
}

const char *attrs_string(const struct nl_attrs *attrs, enum postern_attr attr)
{
	struct nlattr *a = attrs->a[attr];

	return a && nla_len(a) && !((char *)nla_data(a))[nla_len(a) - 1] ? nla_get_string(a) : "";
}

const char *attrs_address(const struct nl_attrs *attrs, enum postern_attr attr,
			  char text[ADDRESS_TEXT_MAX])
{
	struct nlattr *a = attrs->a[attr];
	bool v6 = a && nla_len(a) == 16;

	if (!a || (!v6 && nla_len(a) != 4) ||
	    !inet_ntop(v6 ? AF_INET6 : AF_INET, nla_data(a), text, ADDRESS_TEXT_MAX))
		strcpy(text, "?");
	return text;
}

/* One exchange: until the acknowledgement, the end of the dump or an error. */
struct exchange {
	struct nl *nl;
	nl_reply_fn fn;
	void *arg;
	bool done;
	int error;
};

static int on_message(struct nl_msg *msg, void *arg)
{
	struct exchange *x = arg;
	struct nl_attrs attrs;

	if (x->fn) {
		attrs_message(&attrs, msg);
		x->fn(&attrs, x->arg);
	}
	return NL_OK;
}

static int on_ack(struct nl_msg *msg, void *arg)
{
	struct exchange *x = arg;

	(void)msg;
	x->done = true;
	return NL_STOP;
}

/* A dump that failed half-way says so in its last message. */
static int on_finish(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *hdr = nlmsg_hdr(msg);
	struct exchange *x = arg;
	int error = 0;

	if (nlmsg_datalen(hdr) >= (int)sizeof(error))
		memcpy(&error, nlmsg_data(hdr), sizeof(error));
	if (error < 0)
		x->error = error;
	x->done = true;
	return NL_STOP;
}

static void read_extack(struct nl *nl, const struct nlmsghdr *hdr, const struct nlmsgerr *e)
{
	size_t offset = NLMSG_LENGTH(sizeof(*e));
	struct nlattr *a;
	int rest;

	nl->sentence[0] = 0;
	nl->has_place = false;
	if (!(hdr->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(hdr->nlmsg_flags & NLM_F_CAPPED))
		offset += NLMSG_ALIGN(e->msg.nlmsg_len) - sizeof(e->msg);
	if (offset >= hdr->nlmsg_len)
		return;
	a = (struct nlattr *)((char *)hdr + offset);
	rest = (int)(hdr->nlmsg_len - offset);
	for (; nla_ok(a, rest); a = nla_next(a, &rest)) {
		if (nla_type(a) == NLMSGERR_ATTR_MSG) {
			snprintf(nl->sentence, sizeof(nl->sentence), "%.*s", nla_len(a),
				 (char *)nla_data(a));
		} else if (nla_type(a) == NLMSGERR_ATTR_COOKIE &&
			   nla_len(a) >= (int)sizeof(nl->place)) {
			memcpy(&nl->place, nla_data(a), sizeof(nl->place));
			nl->has_place = true;
		}
	}
}

static int on_error(struct sockaddr_nl *from, struct nlmsgerr *e, void *arg)
{
	struct exchange *x = arg;
	const struct nlmsghdr *hdr = (struct nlmsghdr *)((char *)e - NLMSG_HDRLEN);

	(void)from;
	read_extack(x->nl, hdr, e);
	x->error = e->error;
	x->done = true;
	return NL_STOP;
}

static int receive(struct nl *nl, struct exchange *x)
{
	struct nl_cb *cb = nl_cb_alloc(NL_CB_DEFAULT);
	int err = 0;

	if (!cb)
		return -ENOMEM;
	nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, on_message, x);
	nl_cb_set(cb, NL_CB_ACK, NL_CB_CUSTOM, on_ack, x);
	nl_cb_set(cb, NL_CB_FINISH, NL_CB_CUSTOM, on_finish, x);
	nl_cb_err(cb, NL_CB_CUSTOM, on_error, x);
	while (!x->done && err >= 0)
		err = nl_recvmsgs(nl->sock, cb);
	nl_cb_put(cb);
	if (x->error)
		return x->error;
	if (err == -NLE_DUMP_INTR)
		return -EAGAIN;
	return x->done || err >= 0 ? 0 : -EIO;
}

static int fail(struct nl *nl, int err)
{
	nl->error = -err;
	return err;
}

static int ask(struct nl *nl, struct nl_msg *msg, nl_reply_fn fn, void *arg)
{
	struct exchange x = { .nl = nl, .fn = fn, .arg = arg };
	int err;

	nl->error = 0;
	nl->sentence[0] = 0;
	nl->has_place = false;
	err = nl_send_auto(nl->sock, msg);
	nlmsg_free(msg);
	if (err < 0) {
		snprintf(nl->sentence, sizeof(nl->sentence), "cannot send: %s", nl_geterror(err));
		return fail(nl, -EIO);
	}
	err = receive(nl, &x);
	return err ? fail(nl, err) : 0;
}

int kernel_call(struct nl *nl, struct nl_msg *msg, nl_reply_fn fn, void *arg)
{
	nlmsg_hdr(msg)->nlmsg_flags |= NLM_F_ACK;
	return ask(nl, msg, fn, arg);
}

enum status kernel_order(enum postern_cmd cmd, const char *what)
{
	enum status status;
	struct nl nl;

	status = kernel_open(&nl);
	if (status != STATUS_OK)
		return status;
	if (kernel_call(&nl, kernel_request(&nl, cmd, 0), NULL, NULL))
		status = kernel_complain(&nl, what);
	kernel_close(&nl);
	return status;
}

int kernel_dump(struct nl *nl, enum postern_cmd cmd, nl_reply_fn fn, void *arg)
{
	return kernel_dump_some(nl, kernel_request(nl, cmd, NLM_F_DUMP), fn, arg);
}

int kernel_dump_some(struct nl *nl, struct nl_msg *msg, nl_reply_fn fn, void *arg)
{
	return ask(nl, msg, fn, arg);
}

enum status kernel_refusal(const struct nl *nl, const char *what, char text[REFUSAL_TEXT_MAX])
{
	size_t len = strlen(nl->sentence);

	if (nl->error == EPERM && !len) {
		snprintf(text, REFUSAL_TEXT_MAX,
			 "%s needs CAP_NET_ADMIN in this network namespace: run it as root (sudo postern ...).",
			 what);
		return STATUS_ABSENT;
	}
	snprintf(text, REFUSAL_TEXT_MAX, "%s was refused by the kernel: %s%s", what,
		 len ? nl->sentence : strerror(nl->error),
		 len && nl->sentence[len - 1] == '.' ? "" : ".");
	return nl->error == EPERM ? STATUS_ABSENT : STATUS_REFUSED;
}

enum status kernel_complain(const struct nl *nl, const char *what)
{
	char text[REFUSAL_TEXT_MAX];
	enum status status = kernel_refusal(nl, what, text);

	complain("%s", text);
	return status;
}

struct listener {
	bool (*fn)(const struct nl_attrs *attrs, void *arg);
	void *arg;
	bool stop;
};

static int on_event(struct nl_msg *msg, void *arg)
{
	struct listener *l = arg;
	struct nl_attrs attrs;

	attrs_message(&attrs, msg);
	if (attrs.a[POSTERN_A_EVENT] && !l->fn(&attrs, l->arg))
		l->stop = true;
	return l->stop ? NL_STOP : NL_OK;
}

static int skip_sequence_check(struct nl_msg *msg, void *arg)
{
	(void)msg;
	(void)arg;
	return NL_OK;
}

enum status kernel_listen(struct nl *nl, bool (*fn)(const struct nl_attrs *attrs, void *arg),
			  void (*lost)(void *arg), void *arg)
{
	struct listener l = { .fn = fn, .arg = arg };
	int group, err;

	/* what we are too slow for is counted: postern stats, events-lost */
	set_option(nl->sock, NETLINK_BROADCAST_ERROR);
	group = genl_ctrl_resolve_grp(nl->sock, POSTERN_GENL_NAME, POSTERN_MCGRP_EVENTS);
	if (group < 0) {
		complain(
			"the module has no group of events; is it of the same version? see 'postern version'.");
		return STATUS_REFUSED;
	}
	err = nl_socket_add_membership(nl->sock, group);
	if (err) {
		nl->error = err == -NLE_PERM ? EPERM : EIO;
		return kernel_complain(nl, "listening to events");
	}
	nl_socket_modify_cb(nl->sock, NL_CB_SEQ_CHECK, NL_CB_CUSTOM, skip_sequence_check, NULL);
	nl_socket_modify_cb(nl->sock, NL_CB_VALID, NL_CB_CUSTOM, on_event, &l);
	while (!l.stop) {
		err = nl_recvmsgs_default(nl->sock);
		if (err == -NLE_NOMEM)
			lost(arg);
		else if (err < 0 && err != -NLE_INTR && err != -NLE_AGAIN)
			break;
	}
	if (l.stop)
		return STATUS_OK;
	complain("cannot receive events: %s.", nl_geterror(err));
	return STATUS_REFUSED;
}

unsigned int kernel_version(struct nl *nl)
{
	struct genl_family *family;
	struct nl_cache *cache;
	unsigned int version = 0;

	if (genl_ctrl_alloc_cache(nl->sock, &cache))
		return 0;
	family = genl_ctrl_search_by_name(cache, POSTERN_GENL_NAME);
	if (family) {
		version = genl_family_get_version(family);
		genl_family_put(family);
	}
	nl_cache_free(cache);
	return version;
}
