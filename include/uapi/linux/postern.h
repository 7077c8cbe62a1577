/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR MIT) */
/*
 * postern - screening router policy: generic netlink interface
 *
 * Specification: include/uapi/linux/postern.yaml, in the form of the kernel's
 * Documentation/netlink/specs. This header is its C form; selftests/uapi.sh
 * fails if the two differ.
 *
 * Every command needs CAP_NET_ADMIN in the user namespace that owns the network
 * namespace. Unknown attributes are refused. A refusal carries a sentence
 * (NLMSGERR_ATTR_MSG), the offending attribute where there is one
 * (NLMSGERR_ATTR_OFFS), and, where the refused object named its place in the
 * administrator's file, a cookie (NLMSGERR_ATTR_COOKIE) of
 * struct postern_place.
 *
 * LOADING. A policy is one transaction; until COMMIT nothing changes, and a
 * refused COMMIT changes nothing either.
 *
 *   POLICY_BEGIN    -> POSTERN_A_TXN
 *       [POSTERN_A_FILES]  nested, POSTERN_A_NAME...: file names, by index
 *       [POSTERN_A_POLICY_FLAGS] [POSTERN_A_MARK POSTERN_A_MARK_MASK]
 *       [POSTERN_A_SOURCES] [POSTERN_A_FASTPATH]
 *   POLICY_ADD      TXN and any number, in any mix, of the nested objects
 *       POSTERN_A_ZONE     NAME, POSTERN_A_IFACES (nested NAME...), [FLAGS],
 *                          [FILE LINE]
 *       POSTERN_A_HOSTS    NAME, [ZONE_INDEX], [FLAGS], [MEMBERS], [RANGES4],
 *                          [RANGES6], [FILE LINE]
 *       POSTERN_A_RANGES   HOSTS_INDEX, [RANGES4], [RANGES6]: more ranges for a
 *                          set that was added before
 *       POSTERN_A_SERVICE  NAME, [PORTS], [MEMBERS], [FILE LINE],
 *                          [RPC, [RPC_FLAGS], [RPC_IDLE_MS], [RPC_PER_CLIENT],
 *                          [RPC_REMEMBER_MS]]
 *       POSTERN_A_LIMIT    NAME, [FLAGS], [FILE LINE], [LIMIT_RATE_SOURCE],
 *                          [LIMIT_RATE_NETWORK], [LIMIT_TOTAL],
 *                          [LIMIT_OPEN_SOURCE], [LIMIT_OPEN_NETWORK],
 *                          [LIMIT_HALF_OPEN], [LIMIT_SILENT], [LIMIT_BAN],
 *                          [LIMIT_EXEMPT], [LIMIT_PREFIXES]
 *       POSTERN_A_INSPECT  NAME, [FLAGS], [FILE LINE], [INSPECT_DENY],
 *                          [INSPECT_RECIPIENTS], [INSPECT_RECIPIENTS_RATE],
 *                          [INSPECT_MESSAGES], [INSPECT_MESSAGES_RATE],
 *                          [INSPECT_SIZE], [INSPECT_RELAY], [INSPECT_LINE]
 *       POSTERN_A_RULE     TEXT, ACTION, SRC, DST, [NAME], [SERVICES], [FLAGS],
 *                          [MARK MARK_MASK], [LIMIT_INDEX], [INSPECT_INDEX],
 *                          [FILE LINE]
 *     Objects of a kind are numbered from 0 in the order in which they arrive,
 *     and refer to others of lower number (MEMBERS) or of other kinds by that
 *     number. The ranges of one set, over all messages, ascend and do not
 *     overlap, in each family. An object takes at most POSTERN_OBJECT_MAX bytes
 *     without its ranges; so do the FILES. A POLICY_ADD that is refused for what
 *     an object says ends the transaction: nothing is ever half loaded.
 *     An RPC service is what the endpoint mapper on TCP 135 hands out for its
 *     interfaces, and the mapper's conversation about them. It may also have
 *     PORTS and MEMBERS. No block rule may name one, itself or by MEMBERS.
 *     A limit holds for the TCP connections that the rules allow which name it; an
 *     allow rule that names one allows some TCP. What it does not say is without a
 *     limit. Limits count by source and by network, the prefixes of an address that
 *     LIMIT_PREFIXES says, in one table of SOURCES entries for the whole policy.
 *     An inspect says which SMTP may be spoken on the connections of the rules that
 *     name it. These are allow rules, and their services single ports of TCP. What it
 *     does not say is without a limit; what SMTP forbids, or leaves open to more than
 *     one reading, is refused all the same. Its rates are of one source, which stands
 *     in the table of SOURCES entries.
 *   POLICY_COMMIT   TXN, [COMMIT_FLAGS], [CONFIRM_MS], [EXPECT_GENERATION]
 *                   -> GENERATION, MEMORY
 *   POLICY_DISCARD  TXN
 *
 * A transaction belongs to the socket that began it, and ends with it, with
 * COMMIT whatever its outcome, and after 60 s without a message. A network
 * namespace has at most POSTERN_TXN_MAX at a time.
 *
 *   POLICY_CONFIRM  the policy under trial (CONFIRM_MS) stays
 *   POLICY_UNLOAD   [UNLOAD_FLAGS]
 *
 * READING. Each message of a dump carries GENERATION. If the policy is changed
 * under a dump, the dump ends there, marked interrupted (NLM_F_DUMP_INTR). A
 * message takes at most 32 KiB.
 *
 *   STATUS_GET      -> GENERATION, POLICY_FLAGS, [MARK MARK_MASK], [FILES],
 *                      MEMORY, NR_RANGES, [SOURCES], FASTPATH and
 *                      POSTERN_A_STATUS_*
 *   ZONE_GET        dump -> POSTERN_A_ZONE + interfaces now in it: NR_MATCHED,
 *                   and the names of the first 1000 of them (MATCHED)
 *   HOSTS_GET       dump -> POSTERN_A_HOSTS without ranges, with NR_RANGES
 *   RANGES_GET      dump -> POSTERN_A_RANGES in the form in which they are added
 *   SERVICE_GET     dump -> POSTERN_A_SERVICE
 *   LIMIT_GET       dump -> POSTERN_A_LIMIT
 *   INSPECT_GET     dump -> POSTERN_A_INSPECT
 *   RULE_GET        dump -> POSTERN_A_RULE with HITS, PACKETS, BYTES
 *   COUNTER_GET     dump -> POSTERN_A_COUNTER: NAME, UNIT, HELP, VALUE, and for
 *                   drop reasons REASON and OBSERVED
 *   EXPLAIN         SADDR, DADDR, PROTO, [PORT], [ZONE_NAME (from)],
 *                   [ZONE_OUT_NAME (to)]
 *                   -> GENERATION, VERDICT, REASON (0: none), [RULE_INDEX,
 *                      TEXT, FILE LINE], [ZONE_NAME], [ZONE_OUT_NAME], [EARLY],
 *                      [OBSERVED as a flag of value 1: it passes, under observe],
 *                      [BASIS of a TCP connection that an RPC service allows]
 *                   Of a flow that is not known yet. A zone that is not named is
 *                   found by the route to the address.
 *   COUNTER_RESET   sets every counter and rule counter to 0
 *
 * PINHOLES AND ENDPOINTS. A pinhole lets one client connect to the port that a
 * server's endpoint mapper named to it; an endpoint is what such an answer, or
 * whoever sends ENDPOINT_ADD, teaches about the server. Of a server with several
 * addresses the first one of its set stands for all, and any of them may be asked
 * for. They outlive policies; a dump is marked interrupted if some may have been
 * left out or come twice.
 *
 *   PINHOLE_GET     [CLIENT] [SERVER] [UUID [VERSION]]
 *                   dump -> POSTERN_A_PINHOLE: CLIENT, SERVER, PORT, UUID,
 *                   VERSION, LEFT_MS, [IN_USE]
 *   PINHOLE_FLUSH   [CLIENT] [SERVER] [UUID [VERSION]] -> NR_CLOSED
 *                   Connections that go through them are not cut. What they bind
 *                   from then on needs another pinhole, or an endpoint.
 *   ENDPOINT_GET    [SERVER] [UUID [VERSION]]
 *                   dump -> POSTERN_A_ENDPOINT: SERVER, PORT, UUID, VERSION,
 *                   LEFT_MS
 *   ENDPOINT_ADD    SERVER, PORT, UUID, VERSION, [RPC_REMEMBER_MS]
 *                   For as long as the policy remembers it, or less. Refused if
 *                   the policy has no RPC services, or none that a rule allows
 *                   would remember it. Before the first policy RPC_REMEMBER_MS is
 *                   needed; that policy then says who may use it.
 *   ENDPOINT_FLUSH  [SERVER] [UUID [VERSION]] -> NR_CLOSED
 *
 * SOURCES AND BANS. A source is who completed a handshake under a limit, as its
 * prefixes make one of addresses; a network is what is around it. They outlive policies
 * that keep the limit. Bans are of prefixes that somebody names, under every policy:
 * nobody in them may begin a flow.
 *
 *   SOURCE_GET      [NAME of the limit] [SADDR]
 *                   dump -> POSTERN_A_SOURCE: NAME, SADDR, PREFIX_LENGTH,
 *                   [NETWORK], NR_OPEN, NR_ACCEPTED, NR_REFUSED, [REASON of the
 *                   last refusal], [BURST_USED], [SEEN_MS], [BANNED_MS]
 *                   With SADDR those that it is in.
 *   SOURCE_ADD      POSTERN_A_SOURCE ...: NAME, SADDR, [NETWORK], NR_ACCEPTED,
 *                   [BANNED_MS] -> NR_ADDED
 *                   Known senders and bans as SOURCE_GET told them, before a
 *                   restart; those of limits that are not in force are left out.
 *   SOURCE_RESET    [NAME] [SADDR] -> NR_CLOSED: forgets them; open connections still
 *                   count
 *   BAN_GET         dump -> POSTERN_A_BAN: SADDR, PREFIX_LENGTH, [BANNED_MS],
 *                   [HIT_MS], [COMMENT]
 *   BAN_ADD         BANS ..., [BANNED_MS], [COMMENT]
 *                   All or none. The flows that they began end.
 *   BAN_DEL         BANS ... -> NR_CLOSED
 *
 * EVENTS come as POSTERN_CMD_EVENT on the multicast group "events":
 * EVENT, and what the kind carries (see enum postern_event).
 */
#ifndef _UAPI_LINUX_POSTERN_H
#define _UAPI_LINUX_POSTERN_H

#include <linux/types.h>
#include <linux/in6.h>

#define POSTERN_GENL_NAME	"postern"
#define POSTERN_GENL_VERSION	1
#define POSTERN_MCGRP_EVENTS	"events"

/* Bounds. Each has its own refusal. */
#define POSTERN_NAME_MAX	63	/* bytes of a name, without the final 0 */
#define POSTERN_TEXT_MAX	1023	/* bytes of a rule's text */
#define POSTERN_PATH_MAX	255	/* bytes of a file name */
#define POSTERN_COMMENT_MAX	127	/* bytes of a ban's comment */
#define POSTERN_FILES_MAX	256
#define POSTERN_ZONES_MAX	60
#define POSTERN_IFACES_MAX	64	/* names and patterns per zone */
#define POSTERN_HOSTS_MAX	65536
#define POSTERN_SERVICES_MAX	65536
#define POSTERN_RULES_MAX	65536
#define POSTERN_RANGES_MAX	8000000	/* over all sets, both families */
#define POSTERN_RPC_MAX		8192	/* interfaces over all services */
#define POSTERN_LIMITS_MAX	60
#define POSTERN_SOURCES_MAX	4194304	/* and 1024 at least */
#define POSTERN_INSPECTS_MAX	60
#define POSTERN_DOMAIN_MAX	253	/* bytes of a domain, a leading dot apart */
#define POSTERN_LIST_MAX	8000	/* entries of one list attribute */
#define POSTERN_OBJECT_MAX	30720	/* bytes of one object's nest, ranges apart */
#define POSTERN_TXN_MAX		4

/**
 * enum postern_cmd - commands, see the message trees above
 */
enum postern_cmd {
	POSTERN_CMD_UNSPEC,
	POSTERN_CMD_STATUS_GET,
	POSTERN_CMD_POLICY_BEGIN,
	POSTERN_CMD_POLICY_ADD,
	POSTERN_CMD_POLICY_COMMIT,
	POSTERN_CMD_POLICY_DISCARD,
	POSTERN_CMD_POLICY_CONFIRM,
	POSTERN_CMD_POLICY_UNLOAD,
	POSTERN_CMD_ZONE_GET,
	POSTERN_CMD_HOSTS_GET,
	POSTERN_CMD_RANGES_GET,
	POSTERN_CMD_SERVICE_GET,
	POSTERN_CMD_RULE_GET,
	POSTERN_CMD_COUNTER_GET,
	POSTERN_CMD_COUNTER_RESET,
	POSTERN_CMD_EXPLAIN,
	POSTERN_CMD_EVENT,
	POSTERN_CMD_PINHOLE_GET,
	POSTERN_CMD_PINHOLE_FLUSH,
	POSTERN_CMD_ENDPOINT_GET,
	POSTERN_CMD_ENDPOINT_ADD,
	POSTERN_CMD_ENDPOINT_FLUSH,
	POSTERN_CMD_LIMIT_GET,
	POSTERN_CMD_SOURCE_GET,
	POSTERN_CMD_SOURCE_ADD,
	POSTERN_CMD_SOURCE_RESET,
	POSTERN_CMD_BAN_GET,
	POSTERN_CMD_BAN_ADD,
	POSTERN_CMD_BAN_DEL,
	POSTERN_CMD_INSPECT_GET,
	__POSTERN_CMD_MAX,
};

#define POSTERN_CMD_MAX (__POSTERN_CMD_MAX - 1)

/**
 * enum postern_attr - attributes, one space for all messages and nests
 */
enum postern_attr {
	POSTERN_A_UNSPEC,
	POSTERN_A_PAD,
	POSTERN_A_TXN,			/* u32 */
	POSTERN_A_GENERATION,		/* u32, 0: no policy */
	POSTERN_A_EXPECT_GENERATION,	/* u32: refuse with ESTALE if another is in force */
	POSTERN_A_POLICY_FLAGS,		/* u32, POSTERN_POLICY_* */
	POSTERN_A_COMMIT_FLAGS,		/* u32, POSTERN_COMMIT_* */
	POSTERN_A_UNLOAD_FLAGS,		/* u32, POSTERN_UNLOAD_* */
	POSTERN_A_CONFIRM_MS,		/* u32, 1000..86400000 */
	POSTERN_A_FILES,		/* nest of NAME, up to POSTERN_PATH_MAX bytes each */
	POSTERN_A_ZONE,			/* nest */
	POSTERN_A_HOSTS,		/* nest */
	POSTERN_A_RANGES,		/* nest */
	POSTERN_A_SERVICE,		/* nest */
	POSTERN_A_RULE,			/* nest */
	POSTERN_A_COUNTER,		/* nest */
	POSTERN_A_INDEX,		/* u32: the object's number, in dumps */
	POSTERN_A_NAME,			/* string */
	POSTERN_A_TEXT,			/* string: the rule as it is written */
	POSTERN_A_FLAGS,		/* u32, POSTERN_KIND_*: of the object's kind */
	POSTERN_A_FILE,			/* u32: index into FILES */
	POSTERN_A_LINE,			/* u32, from 1 */
	POSTERN_A_IFACES,		/* nest of NAME: interface names, '*' and '?' match */
	POSTERN_A_MATCHED,		/* nest of NAME: interfaces now in the zone */
	POSTERN_A_ZONE_INDEX,		/* u32 */
	POSTERN_A_HOSTS_INDEX,		/* u32 */
	POSTERN_A_MEMBERS,		/* array of u32: numbers of other objects of the kind */
	POSTERN_A_RANGES4,		/* array of struct postern_range4 */
	POSTERN_A_RANGES6,		/* array of struct postern_range6 */
	POSTERN_A_NR_RANGES,		/* u32 */
	POSTERN_A_PORTS,		/* array of struct postern_ports */
	POSTERN_A_ACTION,		/* u32, enum postern_action */
	POSTERN_A_SRC,			/* array of struct postern_endpoint */
	POSTERN_A_DST,			/* array of struct postern_endpoint */
	POSTERN_A_SERVICES,		/* array of u32; absent: any */
	POSTERN_A_MARK,			/* u32: bits to set in the packet mark on accept */
	POSTERN_A_MARK_MASK,		/* u32: which bits; never 0 */
	POSTERN_A_HITS,			/* u64: new flows (allow) or packets (block) */
	POSTERN_A_PACKETS,		/* u64 */
	POSTERN_A_BYTES,		/* u64 */
	POSTERN_A_UNIT,			/* string */
	POSTERN_A_HELP,			/* string */
	POSTERN_A_VALUE,		/* u64 */
	POSTERN_A_OBSERVED,		/* u64: would have been dropped, but for observe */
	POSTERN_A_REASON,		/* u32, enum postern_reason */
	POSTERN_A_VERDICT,		/* u32, enum postern_verdict */
	POSTERN_A_SADDR,		/* 4 or 16 bytes, network order */
	POSTERN_A_DADDR,		/* 4 or 16 bytes, network order */
	POSTERN_A_PROTO,		/* u8 */
	POSTERN_A_SPORT,		/* u16, host order */
	POSTERN_A_PORT,			/* u16, host order; ICMP: type << 8 | code */
	POSTERN_A_RULE_INDEX,		/* u32 */
	POSTERN_A_ZONE_NAME,		/* string; "self" is this router */
	POSTERN_A_ZONE_OUT_NAME,	/* string */
	POSTERN_A_IN_NAME,		/* string: interface */
	POSTERN_A_OUT_NAME,		/* string: interface */
	POSTERN_A_EARLY,		/* flag: decided before connection tracking */
	POSTERN_A_EVENT,		/* u32, enum postern_event */
	POSTERN_A_STATUS_VERSION,	/* string: module version */
	POSTERN_A_STATUS_FLAGS,		/* u32, POSTERN_STATUS_* */
	POSTERN_A_STATUS_UPTIME_MS,	/* u64: since the policy was loaded */
	POSTERN_A_STATUS_LOADED_AT,	/* u64: seconds of the epoch */
	POSTERN_A_STATUS_CONFIRM_MS,	/* u64: left until it goes back by itself */
	POSTERN_A_STATUS_NR_ZONES,	/* u32 */
	POSTERN_A_STATUS_NR_HOSTS,	/* u32 */
	POSTERN_A_STATUS_NR_SERVICES,	/* u32 */
	POSTERN_A_STATUS_NR_RULES,	/* u32 */
	POSTERN_A_STATUS_NR_CLASSES,	/* u32: classes of addresses */
	POSTERN_A_STATUS_NR_CELLS,	/* u32: combinations stored */
	POSTERN_A_STATUS_CT_COUNT,	/* u32: conntrack entries of the namespace */
	POSTERN_A_STATUS_CT_MAX,	/* u32 */
	POSTERN_A_MEMORY,		/* u64: bytes of the policy */
	POSTERN_A_NR_MATCHED,		/* u32: interfaces now in the zone */
	POSTERN_A_RPC,			/* array of struct postern_rpc */
	POSTERN_A_RPC_FLAGS,		/* u32, POSTERN_RPC_OPT_* */
	POSTERN_A_RPC_IDLE_MS,		/* u32, 20000..86400000, default 60000: idle pinholes */
	POSTERN_A_RPC_PER_CLIENT,	/* u32, 1..1024, default 64: pinholes of one client */
	POSTERN_A_RPC_REMEMBER_MS,	/* u32, 60000..604800000, default 28800000 */
	POSTERN_A_PINHOLE,		/* nest */
	POSTERN_A_ENDPOINT,		/* nest */
	POSTERN_A_CLIENT,		/* 4 or 16 bytes, network order */
	POSTERN_A_SERVER,		/* 4 or 16 bytes, network order */
	POSTERN_A_UUID,			/* array of 16 bytes: interface, as it is written */
	POSTERN_A_VERSION,		/* u16: its major version */
	POSTERN_A_LEFT_MS,		/* u32: until it ends, if nobody uses it */
	POSTERN_A_IN_USE,		/* flag: a connection goes through it */
	POSTERN_A_NR_CLOSED,		/* u32: that a flush took away */
	POSTERN_A_CLOSED,		/* u32, enum postern_closed */
	POSTERN_A_BASIS,		/* u32, enum postern_basis */
	POSTERN_A_STATUS_NR_PINHOLES,	/* u32 */
	POSTERN_A_STATUS_NR_ENDPOINTS,	/* u32: learned */
	POSTERN_A_STATUS_NR_INSPECTED,	/* u32: connections */
	POSTERN_A_SOURCES,		/* u32, 1024..4194304, default 65536, of a power of two */
	POSTERN_A_LIMIT,		/* nest */
	POSTERN_A_LIMIT_INDEX,		/* u32 */
	POSTERN_A_LIMIT_RATE_SOURCE,	/* struct postern_rate: connections of one source */
	POSTERN_A_LIMIT_RATE_NETWORK,	/* struct postern_rate: of one network */
	POSTERN_A_LIMIT_TOTAL,		/* struct postern_rate: opening SYNs of all together */
	POSTERN_A_LIMIT_OPEN_SOURCE,	/* u32, 1..10000000: at once, of one source */
	POSTERN_A_LIMIT_OPEN_NETWORK,	/* u32, 1..10000000: at once, of one network */
	POSTERN_A_LIMIT_HALF_OPEN,	/* u32, 1..10000000: not acknowledged yet, of all */
	POSTERN_A_LIMIT_SILENT,		/* u32, 1..1000: whose client has said nothing, of all */
	POSTERN_A_LIMIT_BAN,		/* struct postern_ban */
	POSTERN_A_LIMIT_EXEMPT,		/* array of u32: numbers of sets of hosts */
	POSTERN_A_LIMIT_PREFIXES,	/* struct postern_prefixes, default 32 64 24 48 */
	POSTERN_A_STATUS_NR_LIMITS,	/* u32 */
	POSTERN_A_PREFIX_LENGTH,	/* u8: bits of SADDR that count */
	POSTERN_A_SOURCE,		/* nest */
	POSTERN_A_NETWORK,		/* flag: a network, else a source */
	POSTERN_A_NR_OPEN,		/* u32: connections */
	POSTERN_A_NR_ACCEPTED,		/* u32: connections, since it is known */
	POSTERN_A_NR_REFUSED,		/* u32: likewise */
	POSTERN_A_NR_ADDED,		/* u32 */
	POSTERN_A_BURST_USED,		/* u32: of its rate's burst */
	POSTERN_A_SEEN_MS,		/* u64: since its last connection was accepted */
	POSTERN_A_BANNED_MS,		/* u64: until the ban ends; a ban without it does not */
	POSTERN_A_BAN,			/* nest */
	POSTERN_A_BANS,			/* array of struct postern_prefix */
	POSTERN_A_HIT_MS,		/* u64: since it last dropped something */
	POSTERN_A_COMMENT,		/* string */
	POSTERN_A_STATUS_NR_SOURCES,	/* u32: known */
	POSTERN_A_STATUS_SOURCES_ROOM,	/* u32: how many there may be */
	POSTERN_A_STATUS_NR_BANS,	/* u32 */
	POSTERN_A_STATUS_LIMITER_MEMORY, /* u64: bytes of the tables of sources */
	POSTERN_A_STATUS_ATTACKED,	/* nest of NAME: limits under attack */
	POSTERN_A_INSPECT,		/* nest */
	POSTERN_A_INSPECT_INDEX,	/* u32 */
	POSTERN_A_INSPECT_DENY,		/* u64: commands, a bit for each of smtp_verbs.inc */
	POSTERN_A_INSPECT_RECIPIENTS,	/* u32, 1..1000000: of a message */
	POSTERN_A_INSPECT_RECIPIENTS_RATE, /* struct postern_rate: of one source */
	POSTERN_A_INSPECT_MESSAGES,	/* u32, 1..1000000: of a connection */
	POSTERN_A_INSPECT_MESSAGES_RATE, /* struct postern_rate: of one source */
	POSTERN_A_INSPECT_SIZE,		/* u64, 1024..2^40: bytes of a message */
	POSTERN_A_INSPECT_RELAY,	/* array of char: domains, see POSTERN_INSPECT_* */
	POSTERN_A_INSPECT_LINE,		/* u32, 512..65536: bytes of a command's line */
	POSTERN_A_STATUS_NR_INSPECTS,	/* u32 */
	POSTERN_A_COMMAND,		/* string: of SMTP, that was refused */
	POSTERN_A_FASTPATH,		/* u32, enum postern_fastpath, default AUTO */
	POSTERN_A_STATUS_FASTPATH,	/* u32, enum postern_fast */
	POSTERN_A_STATUS_NR_FAST,	/* u32: flows on the fast path */
	POSTERN_A_STATUS_FOREIGN,	/* string: the hook for which it is off */
	__POSTERN_A_MAX,
};

#define POSTERN_A_MAX (__POSTERN_A_MAX - 1)

/**
 * enum postern_action - what a rule does with what it names
 * @POSTERN_ACTION_ALLOW: accept
 * @POSTERN_ACTION_BLOCK: drop; all block rules are looked at before any allow
 */
enum postern_action {
	POSTERN_ACTION_ALLOW,
	POSTERN_ACTION_BLOCK,
};

/**
 * enum postern_fastpath - whether flows go to the kernel's nf_flow_table
 * @POSTERN_FASTPATH_AUTO: while no hook of others is in forward: they would be passed by
 * @POSTERN_FASTPATH_ON: in any case
 * @POSTERN_FASTPATH_OFF: never
 */
enum postern_fastpath {
	POSTERN_FASTPATH_AUTO,
	POSTERN_FASTPATH_ON,
	POSTERN_FASTPATH_OFF,
};

/**
 * enum postern_fast - whether they do, and why not
 * @POSTERN_FAST_TAKEN: they do
 * @POSTERN_FAST_UNWANTED: the policy says off, or there is none
 * @POSTERN_FAST_FOREIGN: STATUS_FOREIGN is in forward
 * @POSTERN_FAST_ROUTED: there are routing rules, and no way back is sure
 * @POSTERN_FAST_ABSENT: this kernel has no nf_flow_table
 * @POSTERN_FAST_NO_MEMORY: there was none for the table
 * @POSTERN_FAST_FORGETS: this kernel would forget connections that idle; for fastpath auto
 */
enum postern_fast {
	POSTERN_FAST_TAKEN,
	POSTERN_FAST_UNWANTED,
	POSTERN_FAST_FOREIGN,
	POSTERN_FAST_ROUTED,
	POSTERN_FAST_ABSENT,
	POSTERN_FAST_NO_MEMORY,
	POSTERN_FAST_FORGETS,
};

/**
 * enum postern_verdict - what happens to a packet
 */
enum postern_verdict {
	POSTERN_VERDICT_ACCEPT,
	POSTERN_VERDICT_DROP,
	POSTERN_VERDICT_LEFT_ALONE,	/* not postern's business, see the zones */
};

/**
 * enum postern_basis - why a TCP connection for an RPC service may be
 * @POSTERN_BASIS_NONE: no RPC service has to do with it
 * @POSTERN_BASIS_MAPPER: it is the endpoint mapper's port
 * @POSTERN_BASIS_PINNED: a service pins an interface to the port
 * @POSTERN_BASIS_PINHOLE: the mapper named the port to this client
 * @POSTERN_BASIS_LEARNED: or to somebody else, for an interface that this one may use
 */
enum postern_basis {
	POSTERN_BASIS_NONE,
	POSTERN_BASIS_MAPPER,
	POSTERN_BASIS_PINNED,
	POSTERN_BASIS_PINHOLE,
	POSTERN_BASIS_LEARNED,
};

/**
 * enum postern_closed - why a pinhole was closed
 * @POSTERN_CLOSED_IDLE: nobody used it for as long as the service says
 * @POSTERN_CLOSED_FLUSHED: by PINHOLE_FLUSH
 * @POSTERN_CLOSED_EVICTED: the client had as many as it may have
 * @POSTERN_CLOSED_POLICY: the policy that was loaded does not allow it
 */
enum postern_closed {
	POSTERN_CLOSED_IDLE,
	POSTERN_CLOSED_FLUSHED,
	POSTERN_CLOSED_EVICTED,
	POSTERN_CLOSED_POLICY,
};

/**
 * enum postern_endpoint_kind - what an endpoint of a rule names
 * @POSTERN_ENDPOINT_ANY: every address in every zone
 * @POSTERN_ENDPOINT_ZONE: every address in zone @index
 * @POSTERN_ENDPOINT_HOSTS: hosts set @index (in its zone, if it names one)
 * @POSTERN_ENDPOINT_SELF: this router
 */
enum postern_endpoint_kind {
	POSTERN_ENDPOINT_ANY,
	POSTERN_ENDPOINT_ZONE,
	POSTERN_ENDPOINT_HOSTS,
	POSTERN_ENDPOINT_SELF,
};

/**
 * struct postern_endpoint - one element of a rule's source or destination
 * @kind: enum postern_endpoint_kind
 * @index: zone or hosts number, else 0
 */
struct postern_endpoint {
	__u32 kind;
	__u32 index;
};

/**
 * struct postern_range4 - IPv4 addresses @lo to @hi, both inclusive
 */
struct postern_range4 {
	__be32 lo;
	__be32 hi;
};

/**
 * struct postern_range6 - IPv6 addresses @lo to @hi, both inclusive
 */
struct postern_range6 {
	struct in6_addr lo;
	struct in6_addr hi;
};

/**
 * struct postern_ports - one range of one protocol
 * @proto: IP protocol number
 * @flags: POSTERN_PORTS_ANY: every packet of the protocol, @lo and @hi are 0
 * @lo: first destination port, or ICMP type << 8 | code; host order
 * @hi: last, inclusive
 * @pad: 0
 */
struct postern_ports {
	__u8  proto;
	__u8  flags;
	__u16 lo;
	__u16 hi;
	__u16 pad;
};

#define POSTERN_PORTS_ANY	(1 << 0)

/**
 * struct postern_rpc - one interface of an RPC service
 * @uuid: in the order in which it is written; 0 with POSTERN_RPC_ANY
 * @major: the version must be this one; 0 with POSTERN_RPC_ANY
 * @minor: of the interface in the server; 0 with POSTERN_RPC_ANY
 * @lo: first port, host order: where the server listens (POSTERN_RPC_PINNED),
 *	else the lowest that the mapper may hand out
 * @hi: last, inclusive; 1024-65535 is all that there may be. A pinned 135 stands
 *	for the mapper's own connection: the interface may be bound there too.
 * @flags: POSTERN_RPC_ANY, POSTERN_RPC_PINNED; not both
 * @pad: 0
 */
struct postern_rpc {
	__u8  uuid[16];
	__u16 major;
	__u16 minor;
	__u16 lo;
	__u16 hi;
	__u32 flags;
	__u32 pad;
};

#define POSTERN_RPC_ANY		(1 << 0)	/* any interface that the mapper names */
#define POSTERN_RPC_PINNED	(1 << 1)	/* reached with or without the mapper */

#define POSTERN_RPC_OPT_LOOKUP	(1 << 0)	/* ept_lookup is allowed */
#define POSTERN_RPC_OPT_SEALED_DENY (1 << 1)	/* refuse a mapper that is encrypted */
#define POSTERN_RPC_OPT_BIND_OBSERVE (1 << 2)	/* count binds of others, refuse none */
#define POSTERN_RPC_OPT_NO_REMEMBER (1 << 3)	/* only those who asked may connect */
#define POSTERN_RPC_OPT_TOWER_STRICT (1 << 4)	/* refuse a tower of another address */
#define POSTERN_RPC_OPT_RESUME_REFUSE (1 << 5)	/* refuse flows of unknown state */

/**
 * struct postern_rate - connections, recipients or messages in a time
 * @count: so many ...
 * @per_ms: ... in a second, minute, hour or day: 1000, 60000, 3600000, 86400000.
 *	From one to the next it is 1000 ns at least.
 * @burst: at once, 1..1000000; it comes back within 365 days
 * @pad: 0
 */
struct postern_rate {
	__u32 count;
	__u32 per_ms;
	__u32 burst;
	__u32 pad;
};

/**
 * struct postern_ban - who is refused for some time, whatever it sends
 * @ms: for how long at first, 1000..2592000000
 * @max_ms: to which it doubles each time, @ms..2592000000
 * @refusals: after so many, 1..65535, ...
 * @window_ms: ... in so many ms, 1000..86400000
 */
struct postern_ban {
	__u32 ms;
	__u32 max_ms;
	__u32 refusals;
	__u32 window_ms;
};

/**
 * struct postern_prefixes - what a limit takes for one source, and for one network
 * @source4: leading bits of an IPv4 address, 1..32
 * @source6: of an IPv6 address, 1..128
 * @network4: 1..@source4
 * @network6: 1..@source6
 */
struct postern_prefixes {
	__u8 source4;
	__u8 source6;
	__u8 network4;
	__u8 network6;
};

/**
 * struct postern_prefix - a banned prefix
 * @addr: network order; of IPv4 the first 4 bytes. Bits behind @length are 0
 * @length: 0..32 or 0..128
 * @v6: 1: IPv6
 * @pad: 0
 */
struct postern_prefix {
	__u8  addr[16];
	__u8  length;
	__u8  v6;
	__u16 pad;
};

#define POSTERN_LIMIT_STRICT	(1 << 0)	/* refused attempts count too */
#define POSTERN_LIMIT_OBSERVE	(1 << 1)	/* count what would be refused, refuse nothing */

#define POSTERN_INSPECT_OBSERVE	(1 << 0)	/* likewise */
#define POSTERN_INSPECT_COUNT	(1 << 1)	/* refusals count for the limit's ban */
#define POSTERN_INSPECT_PASS	(1 << 2)	/* let pass what cannot be followed */

/*
 * INSPECT_RELAY: domains that recipients may be of, each with a 0 behind it: "acme.com",
 * or ".acme.com" for it and all below. In lower case, 1..63 bytes of a-z, 0-9, - and _
 * between the dots, - neither first nor last, a letter behind the last dot. They ascend
 * as bytes do, and none stands there twice.
 */

/**
 * struct postern_place - where in the administrator's files an object stands
 * @file: index into FILES
 * @line: from 1
 */
struct postern_place {
	__u32 file;
	__u32 line;
};

#define POSTERN_POLICY_OBSERVE	(1 << 0)	/* count what would be dropped, drop nothing */

#define POSTERN_COMMIT_KEEP_FLOWS (1 << 0)	/* leave flows that the new policy denies */
#define POSTERN_COMMIT_DRY_RUN	(1 << 1)	/* validate and build, then discard */

#define POSTERN_UNLOAD_OPEN	(1 << 0)	/* forward freely afterwards, even under lockdown */

#define POSTERN_ZONE_REJECT	(1 << 0)	/* answer what is denied from this zone */

#define POSTERN_HOSTS_SERVER	(1 << 0)	/* one machine with several addresses */
#define POSTERN_HOSTS_NAT	(1 << 1)	/* this router translates them: no early step */

#define POSTERN_RULE_LOG	(1 << 0)
#define POSTERN_RULE_OBSERVE	(1 << 1)
#define POSTERN_RULE_BOTH	(1 << 2)	/* <->: also from DST to SRC */

#define POSTERN_STATUS_LOCKDOWN	(1 << 0)	/* without a policy nothing is forwarded */
#define POSTERN_STATUS_OPEN	(1 << 1)	/* unloaded with --open */
#define POSTERN_STATUS_OBSERVE	(1 << 2)
#define POSTERN_STATUS_TRIAL	(1 << 3)	/* waits for POLICY_CONFIRM */
#define POSTERN_STATUS_CT_FULL	(1 << 4)	/* conntrack is at least 80% full */
#define POSTERN_STATUS_ONE_WAY	(1 << 5)	/* one-way TCP was seen since the load */
#define POSTERN_STATUS_FLOODED	(1 << 6)	/* the guard stands at the interfaces */

/**
 * enum postern_event - kinds of events
 * @POSTERN_EVENT_DROP: REASON, SADDR, DADDR, PROTO, [SPORT PORT], [IN_NAME],
 *	[OUT_NAME], [ZONE_NAME], [ZONE_OUT_NAME], [RULE_INDEX, TEXT], [COMMAND],
 *	[OBSERVED as a flag of value 1: it passed, under observe]
 * @POSTERN_EVENT_LOAD: GENERATION
 * @POSTERN_EVENT_UNLOAD: UNLOAD_FLAGS
 * @POSTERN_EVENT_CONFIRM: GENERATION: the policy under trial stays
 * @POSTERN_EVENT_ROLLBACK: GENERATION: nobody confirmed; this one is back
 * @POSTERN_EVENT_CT_FULL: STATUS_CT_COUNT, STATUS_CT_MAX: conntrack is 80% full
 * @POSTERN_EVENT_PINHOLE_OPEN: CLIENT, SERVER, PORT, UUID, VERSION, LEFT_MS
 * @POSTERN_EVENT_PINHOLE_USE: the same without LEFT_MS: its first connection
 * @POSTERN_EVENT_PINHOLE_CLOSE: the same, and CLOSED
 * @POSTERN_EVENT_BAN: NAME of the limit, SADDR, PREFIX_LENGTH: it has banned a source.
 *	Without NAME BAN_ADD has: SADDR and PREFIX_LENGTH, or of more than 100 in one
 *	message NR_ADDED; [BANNED_MS], [COMMENT]
 * @POSTERN_EVENT_UNBAN: NAME, SADDR, PREFIX_LENGTH: that ban is over. Without NAME one of
 *	BAN_ADD, by BAN_DEL or since its time is: SADDR and PREFIX_LENGTH, or of more than
 *	100 at once NR_CLOSED
 * @POSTERN_EVENT_ATTACK: NAME of the limit: unknown senders must prove that they exist
 * @POSTERN_EVENT_ATTACK_OVER: NAME of the limit: nobody had to, for a while
 * @POSTERN_EVENT_PINHOLE_REFUSE: CLIENT, SERVER, PORT of its endpoint mapper, UUID, VERSION:
 *	the client asked for this interface, the policy does not allow it, and the server
 *	was asked for another. A question that cannot be replaced is a drop
 */
enum postern_event {
	POSTERN_EVENT_DROP,
	POSTERN_EVENT_LOAD,
	POSTERN_EVENT_UNLOAD,
	POSTERN_EVENT_CONFIRM,
	POSTERN_EVENT_ROLLBACK,
	POSTERN_EVENT_CT_FULL,
	POSTERN_EVENT_PINHOLE_OPEN,
	POSTERN_EVENT_PINHOLE_USE,
	POSTERN_EVENT_PINHOLE_CLOSE,
	POSTERN_EVENT_BAN,
	POSTERN_EVENT_UNBAN,
	POSTERN_EVENT_ATTACK,
	POSTERN_EVENT_ATTACK_OVER,
	POSTERN_EVENT_PINHOLE_REFUSE,
};

#endif /* _UAPI_LINUX_POSTERN_H */
