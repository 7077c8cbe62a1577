// SPDX-License-Identifier: GPL-2.0
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "out.h"
#include "policy/address.h"
#include "policy/policy.h"
#include "ssh.h"

/* "CLIENT PORT SERVER PORT" */
static bool parse_connection(const char *text, struct range *client, struct range *server,
			     uint16_t *port)
{
	char client_text[64], server_text[64], why[ADDRESS_ERROR_MAX];
	unsigned int client_port, server_port;

	if (sscanf(text, "%63s %u %63s %u", client_text, &client_port, server_text, &server_port) !=
	    4)
		return false;
	client_text[strcspn(client_text, "%")] = 0;
	server_text[strcspn(server_text, "%")] = 0;
	*port = (uint16_t)server_port;
	return server_port <= 65535 &&
	       address_parse(client_text, strlen(client_text), client, why) &&
	       address_parse(server_text, strlen(server_text), server, why);
}

static int take_route(struct nl_msg *msg, void *arg)
{
	struct nlattr *attrs[RTA_MAX + 1];
	int *index = arg;

	if (!nlmsg_parse(nlmsg_hdr(msg), sizeof(struct rtmsg), attrs, RTA_MAX, NULL) &&
	    attrs[RTA_OIF])
		*index = (int)nla_get_u32(attrs[RTA_OIF]);
	return NL_OK;
}

/* The interface towards @address, which is where its packets come from. */
static bool route_to(const struct range *address, char iface[IF_NAMESIZE])
{
	bool v4 = address->family == AF_INET;
	struct rtmsg route = { .rtm_family = (unsigned char)address->family,
			       .rtm_dst_len = v4 ? 32 : 128 };
	uint32_t addr4 = htonl(address->r4.lo);
	struct nl_sock *sock = nl_socket_alloc();
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_GETROUTE, 0);
	int index = 0;

	if (sock && msg && !nl_connect(sock, NETLINK_ROUTE) &&
	    !nlmsg_append(msg, &route, sizeof(route), NLMSG_ALIGNTO) &&
	    !nla_put(msg, RTA_DST, v4 ? 4 : 16, v4 ? (void *)&addr4 : (void *)&address->r6.lo)) {
		nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, take_route, &index);
		if (nl_send_auto(sock, msg) >= 0)
			nl_recvmsgs_default(sock);
	}
	nlmsg_free(msg);
	nl_socket_free(sock);
	return index > 0 && if_indextoname((unsigned int)index, iface);
}

bool ssh_client(struct range *client)
{
	const char *connection = getenv("SSH_CONNECTION");
	struct range server;
	uint16_t port;

	return connection && parse_connection(connection, client, &server, &port);
}

static void __attribute__((format(printf, 2, 3))) warn(struct policy *p, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (out_is_json())
		diag_warning(&p->diags, (struct loc){ 0 }, "%s", text);
	else
		complain("warning: %s", text);
}

void ssh_warn(struct policy *p)
{
	const char *connection = getenv("SSH_CONNECTION");
	struct range client, server;
	const struct zone *zone;
	char iface[IF_NAMESIZE], client_text[RANGE_TEXT_MAX];
	uint16_t port;

	if (!connection || !parse_connection(connection, &client, &server, &port))
		return;
	if (p->observe || !route_to(&client, iface))
		return;
	/* What comes in by an interface of no zone is left alone. */
	zone = policy_zone_of(p, iface);
	if (!zone)
		return;
	address_print(&client, client_text);
	switch (policy_allows_self(p, &client, &server, zone, port)) {
	case SELF_SPOOFED:
		warn(p,
		     "this policy cuts your own SSH connection: it comes from zone '%s', and the hosts of the policy say that %s is in another. 'postern load --confirm 60' goes back by itself.",
		     zone->name, client_text);
		break;
	case SELF_DENIED:
		warn(p,
		     "this policy cuts your own SSH connection: nothing lets %s in zone '%s' come to port %u of this router. 'postern load --confirm 60' goes back by itself.",
		     client_text, zone->name, port);
		break;
	default:
		break;
	}
}
