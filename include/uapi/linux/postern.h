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
 *       POSTERN_A_RULE     TEXT, ACTION, SRC, DST, [NAME], [SERVICES], [FLAGS],
 *                          [MARK MARK_MASK], [FILE LINE]
 *     Objects of a kind are numbered from 0 in the order in which they arrive,
 *     and refer to others of lower number (MEMBERS) or of other kinds by that
 *     number. The ranges of one set, over all messages, ascend and do not
 *     overlap, in each family. An object takes at most POSTERN_OBJECT_MAX bytes
 *     without its ranges; so do the FILES. A POLICY_ADD that is refused for what
 *     an object says ends the transaction: nothing is ever half loaded.
 *     An RPC service is what the endpoint mapper on TCP 135 hands out for its
 *     interfaces, and the mapper's conversation about them. It may also have
 *     PORTS and MEMBERS. No block rule may name one, itself or by MEMBERS.
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
 *                      MEMORY, NR_RANGES and POSTERN_A_STATUS_*
 *   ZONE_GET        dump -> POSTERN_A_ZONE + interfaces now in it: NR_MATCHED,
 *                   and the names of the first 1000 of them (MATCHED)
 *   HOSTS_GET       dump -> POSTERN_A_HOSTS without ranges, with NR_RANGES
 *   RANGES_GET      dump -> POSTERN_A_RANGES in the form in which they are added
 *   SERVICE_GET     dump -> POSTERN_A_SERVICE
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
 *                   Refused if no policy with RPC services is in force, or none
 *                   that a rule allows would remember it.
 *   ENDPOINT_FLUSH  [SERVER] [UUID [VERSION]] -> NR_CLOSED
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
#define POSTERN_FILES_MAX	256
#define POSTERN_ZONES_MAX	60
#define POSTERN_IFACES_MAX	64	/* names and patterns per zone */
#define POSTERN_HOSTS_MAX	65536
#define POSTERN_SERVICES_MAX	65536
#define POSTERN_RULES_MAX	65536
#define POSTERN_RANGES_MAX	8000000	/* over all sets, both families */
#define POSTERN_RPC_MAX		8192	/* interfaces over all services */
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
	POSTERN_A_FLAGS,		/* u32, POSTERN_ZONE_*, _HOSTS_* or _RULE_* */
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

/**
 * enum postern_event - kinds of events
 * @POSTERN_EVENT_DROP: REASON, SADDR, DADDR, PROTO, [SPORT PORT], [IN_NAME],
 *	[OUT_NAME], [ZONE_NAME], [ZONE_OUT_NAME], [RULE_INDEX, TEXT],
 *	[OBSERVED as a flag of value 1: it passed, under observe]
 * @POSTERN_EVENT_LOAD: GENERATION
 * @POSTERN_EVENT_UNLOAD: UNLOAD_FLAGS
 * @POSTERN_EVENT_CONFIRM: GENERATION: the policy under trial stays
 * @POSTERN_EVENT_ROLLBACK: GENERATION: nobody confirmed; this one is back
 * @POSTERN_EVENT_CT_FULL: STATUS_CT_COUNT, STATUS_CT_MAX: conntrack is 80% full
 * @POSTERN_EVENT_PINHOLE_OPEN: CLIENT, SERVER, PORT, UUID, VERSION, LEFT_MS
 * @POSTERN_EVENT_PINHOLE_USE: the same without LEFT_MS: its first connection
 * @POSTERN_EVENT_PINHOLE_CLOSE: the same, and CLOSED
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
};

#endif /* _UAPI_LINUX_POSTERN_H */
