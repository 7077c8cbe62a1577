// SPDX-License-Identifier: GPL-2.0
#include <arpa/inet.h>
#include <netlink/attr.h>
#include <stdio.h>
#include <time.h>

#include "../cmd.h"
#include "../door.h"
#include "../nl.h"
#include "../out.h"
#include "../policy/model.h"
#include "../prefix.h"
#include "../reason.h"

static void print_time(void)
{
	struct timespec now;
	char text[64];
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &tm);
	strftime(text, sizeof(text), "%H:%M:%S", &tm);
	out_text("%s.%03ld ", text, now.tv_nsec / 1000000);
	out_uint("time-ms", NULL, (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000);
}

static void print_address(const struct nl_attrs *attrs, enum postern_attr attr, const char *key,
			  const struct nlattr *port, const char *port_key)
{
	struct nlattr *a = attrs->a[attr];
	char text[INET6_ADDRSTRLEN] = "?";
	bool v6 = a && nla_len(a) == 16;

	if (a && (v6 || nla_len(a) == 4))
		inet_ntop(v6 ? AF_INET6 : AF_INET, nla_data(a), text, sizeof(text));
	out_str(key, v6 && port ? "[%s]" : "%s", text);
	if (port)
		out_uint(port_key, ":%llu", nla_get_u16(port));
}

static void print_packet(const struct nl_attrs *attrs)
{
	uint8_t proto = attrs->a[POSTERN_A_PROTO] ? nla_get_u8(attrs->a[POSTERN_A_PROTO]) : 0;
	bool icmp = proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6;
	struct nlattr *sport = icmp ? NULL : attrs->a[POSTERN_A_SPORT];
	struct nlattr *port = icmp || !sport ? NULL : attrs->a[POSTERN_A_PORT];
	const char *name = protocol_name(proto);

	out_uint("proto", name ? NULL : "proto %llu ", proto);
	out_str(NULL, "%s ", name ? name : "");
	print_address(attrs, POSTERN_A_SADDR, "src", sport, "sport");
	out_text(" -> ");
	print_address(attrs, POSTERN_A_DADDR, "dst", port, "dport");
	if (icmp && attrs->a[POSTERN_A_PORT]) {
		out_uint("type", " type %llu", nla_get_u16(attrs->a[POSTERN_A_PORT]) >> 8);
		out_uint("code", " code %llu", nla_get_u16(attrs->a[POSTERN_A_PORT]) & 255);
	}
}

static void print_string(const struct nl_attrs *attrs, enum postern_attr attr, const char *key,
			 const char *fmt)
{
	if (attrs->a[attr])
		out_str(key, fmt, attrs_string(attrs, attr));
}

static void print_drop(const struct nl_attrs *attrs)
{
	bool observed = attrs->a[POSTERN_A_OBSERVED];

	out_str("event", NULL, "drop");
	out_bool("observed", NULL, observed);
	out_color_str(observed ? COLOR_WARN : COLOR_BAD, NULL, "%-6s ",
		      observed ? "passed" : "drop");
	out_str("reason", "%-16s ", reason_name(attrs_u32(attrs, POSTERN_A_REASON)));
	print_packet(attrs);
	print_string(attrs, POSTERN_A_COMMAND, "command", ", command %s,");
	print_string(attrs, POSTERN_A_IN_NAME, "in", " in %s");
	print_string(attrs, POSTERN_A_ZONE_NAME, "from", " (%s)");
	print_string(attrs, POSTERN_A_OUT_NAME, "out", " out %s");
	print_string(attrs, POSTERN_A_ZONE_OUT_NAME, "to", " (%s)");
	if (attrs->a[POSTERN_A_RULE_INDEX])
		out_uint("rule", " rule %llu", attrs_u32(attrs, POSTERN_A_RULE_INDEX));
	print_string(attrs, POSTERN_A_TEXT, "text", ": %s");
}

static void print_door(const struct nl_attrs *attrs)
{
	char text[ADDRESS_TEXT_MAX];

	out_str("client", "%s", attrs_address(attrs, POSTERN_A_CLIENT, text));
	out_text(" -> ");
	door_print(attrs);
}

static void print_pinhole(const struct nl_attrs *attrs, const char *name, const char *text)
{
	out_str("event", NULL, name);
	out_color_str(COLOR_NAME, NULL, "%-23s ", text);
	print_door(attrs);
	if (attrs->a[POSTERN_A_LEFT_MS])
		out_uint("left-ms", NULL, attrs_u32(attrs, POSTERN_A_LEFT_MS));
	if (attrs->a[POSTERN_A_CLOSED])
		out_str("why", ": %s", closed_name(attrs_u32(attrs, POSTERN_A_CLOSED)));
}

/* Of a limit, which has a name, or of 'postern ban'. */
static void print_ban(const struct nl_attrs *attrs, const char *name, const char *text)
{
	struct nlattr *ms = attrs->a[POSTERN_A_BANNED_MS];
	char prefix_text[PREFIX_TEXT_MAX], span[SPAN_TEXT_MAX];
	struct postern_prefix prefix;

	out_str("event", NULL, name);
	out_color_str(COLOR_NAME, NULL, "%-23s ", text);
	if (attrs_prefix(attrs, &prefix)) {
		prefix_print(&prefix, prefix_text);
		out_str("source", "%s", prefix_text);
	}
	if (attrs->a[POSTERN_A_NR_ADDED])
		out_uint("prefixes", "%llu prefixes", attrs_u32(attrs, POSTERN_A_NR_ADDED));
	if (attrs->a[POSTERN_A_NR_CLOSED])
		out_uint("prefixes", "%llu prefixes", attrs_u32(attrs, POSTERN_A_NR_CLOSED));
	print_string(attrs, POSTERN_A_NAME, "limit", " by limit %s");
	if (!attrs->a[POSTERN_A_NAME])
		out_text(" by 'postern ban'");
	if (ms)
		out_uint("banned-ms", NULL, nla_get_u64(ms));
	if (ms)
		out_text(" for %s", span_text(nla_get_u64(ms), span));
	print_string(attrs, POSTERN_A_COMMENT, "comment", ": %s");
}

static void print_attack(const struct nl_attrs *attrs, const char *name, const char *text)
{
	out_str("event", NULL, name);
	out_color_str(COLOR_NAME, NULL, "%-23s", text);
	print_string(attrs, POSTERN_A_NAME, "limit", " on limit %s");
}

static void print_event_name(const char *name, const char *text)
{
	out_str("event", NULL, name);
	out_color_str(COLOR_NAME, NULL, "%s", text);
}

static bool print_event(const struct nl_attrs *attrs, void *arg)
{
	uint32_t event = attrs_u32(attrs, POSTERN_A_EVENT);

	(void)arg;
	print_time();
	switch (event) {
	case POSTERN_EVENT_DROP:
		print_drop(attrs);
		break;
	case POSTERN_EVENT_LOAD:
		print_event_name("load", "policy loaded");
		break;
	case POSTERN_EVENT_UNLOAD:
		print_event_name("unload", "policy unloaded");
		out_bool("open", ", open",
			 attrs_u32(attrs, POSTERN_A_UNLOAD_FLAGS) & POSTERN_UNLOAD_OPEN);
		break;
	case POSTERN_EVENT_CONFIRM:
		print_event_name("confirm", "policy confirmed");
		break;
	case POSTERN_EVENT_ROLLBACK:
		print_event_name("rollback", "nobody confirmed, the policy before is back");
		break;
	case POSTERN_EVENT_CT_FULL:
		print_event_name("conntrack-full", "conntrack is 80% full");
		out_uint("flows", ": %llu", attrs_u32(attrs, POSTERN_A_STATUS_CT_COUNT));
		out_uint("flows-max", " of %llu", attrs_u32(attrs, POSTERN_A_STATUS_CT_MAX));
		break;
	case POSTERN_EVENT_PINHOLE_OPEN:
		print_pinhole(attrs, "pinhole-open", "pinhole opened");
		break;
	case POSTERN_EVENT_PINHOLE_USE:
		print_pinhole(attrs, "pinhole-use", "pinhole used");
		break;
	case POSTERN_EVENT_PINHOLE_CLOSE:
		print_pinhole(attrs, "pinhole-close", "pinhole closed");
		break;
	case POSTERN_EVENT_PINHOLE_REFUSE:
		print_pinhole(attrs, "pinhole-refuse", "question refused");
		break;
	case POSTERN_EVENT_BAN:
		print_ban(attrs, "ban", "source banned");
		break;
	case POSTERN_EVENT_UNBAN:
		print_ban(attrs, "unban", "ban of a source is over");
		break;
	case POSTERN_EVENT_ATTACK:
		print_attack(attrs, "attack", "attack");
		out_text(": unknown senders must prove that they exist");
		break;
	case POSTERN_EVENT_ATTACK_OVER:
		print_attack(attrs, "attack-over", "attack is over");
		break;
	default:
		print_event_name("unknown", "an event of a later module");
		break;
	}
	if (attrs->a[POSTERN_A_GENERATION])
		out_uint("generation", ", generation %llu", attrs_u32(attrs, POSTERN_A_GENERATION));
	out_text("\n");
	out_flush(true);
	return !ferror(stdout);
}

static void print_lost(void *arg)
{
	(void)arg;
	print_time();
	print_event_name("lost", "events were lost: this monitor was too slow");
	out_text("\n");
	out_flush(true);
}

enum status cmd_monitor(const struct args *args)
{
	enum status status;
	struct nl nl;

	(void)args;
	status = kernel_open(&nl);
	if (status != STATUS_OK)
		return status;
	status = kernel_listen(&nl, print_event, print_lost, NULL);
	kernel_close(&nl);
	return status;
}
