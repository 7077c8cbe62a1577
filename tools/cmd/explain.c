// SPDX-License-Identifier: GPL-2.0
#include <arpa/inet.h>
#include <netlink/attr.h>
#include <string.h>

#include "../cmd.h"
#include "../fetch.h"
#include "../out.h"
#include "../door.h"
#include "../reason.h"

/* A number up to @max and nothing behind it; -1: something else. */
static long parse_number(const char *text, long max)
{
	long value = 0;

	if (!*text)
		return -1;
	for (; *text; text++) {
		if (*text < '0' || *text > '9' || value > max)
			return -1;
		value = value * 10 + (*text - '0');
	}
	return value <= max ? value : -1;
}

static long parse_icmp(uint8_t proto, const char *text)
{
	char type[32];
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	long number, code = 0;

	if (len >= sizeof(type))
		return -1;
	memcpy(type, text, len);
	type[len] = 0;
	number = icmp_type_parse(proto, type);
	if (slash)
		code = parse_number(slash + 1, 255);
	return number < 0 || code < 0 ? -1 : number << 8 | code;
}

/* The port of a built-in service. */
static long parse_service(uint8_t proto, const char *text)
{
	struct policy *p = policy_new();
	struct service *s = builtin_service(p, text);
	struct port_spec *spec;
	long port = -1;

	if (s)
		vec_for_each(spec, &s->ports)
			if (spec->ports.proto == proto)
				port = spec->ports.lo;
	policy_free(p);
	return port;
}

static bool parse_port(uint8_t proto, const char *text, uint16_t *port)
{
	bool icmp = proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6;
	long value = icmp ? parse_icmp(proto, text) : parse_number(text, 65535);

	if (value < 0 && !icmp)
		value = parse_service(proto, text);
	if (value < 0) {
		complain(icmp ? "'%s' is not an ICMP type, or TYPE/CODE." :
				"'%s' is not a port from 0 to 65535 or a built-in service of the protocol.",
			 text);
		return false;
	}
	*port = (uint16_t)value;
	return true;
}

static struct nl_msg *question(struct nl *nl, const struct args *args)
{
	struct nl_msg *msg = kernel_request(nl, POSTERN_CMD_EXPLAIN, 0);
	int proto = protocol_parse(args->words[2]);
	const char *from = args_get(args, "from"), *to = args_get(args, "to");
	struct range src, dst;
	uint16_t port;

	if (!one_address(args->words[0], &src) || !one_address(args->words[1], &dst))
		goto bad;
	if (src.family != dst.family) {
		complain("one address is IPv4 and the other IPv6.");
		goto bad;
	}
	if (proto < 0) {
		complain("'%s' is not a protocol by name or number.", args->words[2]);
		goto bad;
	}
	put_address(msg, POSTERN_A_SADDR, &src);
	put_address(msg, POSTERN_A_DADDR, &dst);
	nla_put_u8(msg, POSTERN_A_PROTO, (uint8_t)proto);
	if (args->nr > 3) {
		if (!parse_port((uint8_t)proto, args->words[3], &port))
			goto bad;
		nla_put_u16(msg, POSTERN_A_PORT, port);
	}
	if (from)
		nla_put_string(msg, POSTERN_A_ZONE_NAME, from);
	if (to)
		nla_put_string(msg, POSTERN_A_ZONE_OUT_NAME, to);
	return msg;
bad:
	nlmsg_free(msg);
	return NULL;
}

struct answer {
	const struct state *state;
};

static void print_way(const struct nl_attrs *attrs)
{
	bool from = attrs->a[POSTERN_A_ZONE_NAME], to = attrs->a[POSTERN_A_ZONE_OUT_NAME];

	out_str(NULL, "  way        %s",
		from ? attrs_string(attrs, POSTERN_A_ZONE_NAME) : "no zone");
	out_str(NULL, " -> %s\n", to ? attrs_string(attrs, POSTERN_A_ZONE_OUT_NAME) : "no zone");
	if (from)
		out_str("from", NULL, attrs_string(attrs, POSTERN_A_ZONE_NAME));
	if (to)
		out_str("to", NULL, attrs_string(attrs, POSTERN_A_ZONE_OUT_NAME));
}

static void print_rule_of(const struct nl_attrs *attrs, const struct state *state)
{
	uint32_t file = attrs_u32(attrs, POSTERN_A_FILE);

	if (!attrs->a[POSTERN_A_RULE_INDEX])
		return;
	out_uint("rule", "  rule %-5llu ", attrs_u32(attrs, POSTERN_A_RULE_INDEX));
	out_str("text", "%s\n", attrs_string(attrs, POSTERN_A_TEXT));
	if (attrs->a[POSTERN_A_LINE] && file < state->files.n) {
		out_str("file", "  written    %s", state->files.v[file]);
		out_uint("line", ":%llu\n", attrs_u32(attrs, POSTERN_A_LINE));
	}
}

static void print_answer(const struct nl_attrs *attrs, void *arg)
{
	struct answer *answer = arg;
	uint32_t verdict = attrs_u32(attrs, POSTERN_A_VERDICT);
	uint32_t reason = attrs_u32(attrs, POSTERN_A_REASON);
	bool accepted = verdict == POSTERN_VERDICT_ACCEPT;

	out_color_str(accepted			      ? COLOR_GOOD :
		      verdict == POSTERN_VERDICT_DROP ? COLOR_BAD :
							COLOR_NONE,
		      "verdict", "%s", verdict_name(verdict));
	if (reason) {
		out_str("reason", ": %s", reason_name(reason));
		out_str("help", " (%s)", reason_help(reason));
	} else if (verdict == POSTERN_VERDICT_LEFT_ALONE) {
		out_text(": not the policy's business");
	}
	out_text("\n");
	print_way(attrs);
	print_rule_of(attrs, answer->state);
	if (attrs->a[POSTERN_A_BASIS]) {
		out_text("  opened by  ");
		out_str("basis", NULL, basis_name(attrs_u32(attrs, POSTERN_A_BASIS)));
		out_text("%s\n", basis_help(attrs_u32(attrs, POSTERN_A_BASIS)));
	}
	out_bool("early", "  when       before connection tracking\n", attrs->a[POSTERN_A_EARLY]);
	out_bool("observed", "  observe    counted and reported, but passes\n",
		 attrs_u64(attrs, POSTERN_A_OBSERVED));
}

enum status cmd_explain(const struct args *args)
{
	struct arena arena = { 0 };
	struct answer answer;
	struct state state;
	enum status status;
	struct nl_msg *msg;
	struct nl nl;

	status = kernel_open(&nl);
	if (status != STATUS_OK)
		return status;
	msg = question(&nl, args);
	if (!msg) {
		kernel_close(&nl);
		return STATUS_USAGE;
	}
	answer.state = &state;
	status = fetch_state(&nl, &arena, &state);
	if (status != STATUS_OK)
		nlmsg_free(msg);
	else if (kernel_call(&nl, msg, print_answer, &answer))
		status = kernel_complain(&nl, "explaining");
	kernel_close(&nl);
	arena_free(&arena);
	return status;
}
