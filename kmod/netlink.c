// SPDX-License-Identifier: GPL-2.0
/*
 * The generic netlink family: which command takes which attributes, and whom it
 * calls.
 */
#include <linux/module.h>
#include <linux/netlink.h>
#include <linux/notifier.h>
#include <linux/user_namespace.h>
#include <net/genetlink.h>

#include "doors.h"
#include "dump.h"
#include "events.h"
#include "explain.h"
#include "net.h"
#include "netlink.h"
#include "object.h"
#include "sources.h"
#include "status.h"
#include "transaction.h"

static bool allow_userns = true;
module_param(allow_userns, bool, 0644);
MODULE_PARM_DESC(allow_userns, "let network namespaces of unprivileged user namespaces have policies (Y)");

int pn_netlink_allowed(const struct net *net, struct netlink_ext_ack *extack)
{
	if (READ_ONCE(allow_userns) || net->user_ns == &init_user_ns)
		return 0;
	NL_SET_ERR_MSG(extack,
		       "allow_userns is off: no policies in user namespaces of their own");
	return -EPERM;
}

int pn_answer_begin(struct pn_answer *answer, struct genl_info *info, u8 cmd)
{
	answer->msg = genlmsg_new(nla_total_size(sizeof(u32)), GFP_KERNEL);
	if (!answer->msg)
		return -ENOMEM;
	answer->hdr = genlmsg_put_reply(answer->msg, info, &pn_genl_family, 0,
					cmd);
	if (answer->hdr)
		return 0;
	nlmsg_free(answer->msg);
	return -EMSGSIZE;
}

int pn_answer_number(struct pn_answer *answer, struct genl_info *info, int type,
		     u32 nr, int err)
{
	if (!err)
		err = nla_put_u32(answer->msg, type, nr);
	if (err) {
		nlmsg_free(answer->msg);
		return err;
	}
	genlmsg_end(answer->msg, answer->hdr);
	return genlmsg_reply(answer->msg, info);
}

static int confirm(struct sk_buff *skb, struct genl_info *info)
{
	struct pn_net *pn = pn_net(genl_info_net(info));
	int err = pn_netlink_allowed(pn->net, info->extack);

	return err ?: pn_net_confirm(pn, info->extack);
}

static int unload(struct sk_buff *skb, struct genl_info *info)
{
	const struct nlattr *flags = info->attrs[POSTERN_A_UNLOAD_FLAGS];
	struct pn_net *pn = pn_net(genl_info_net(info));
	int err = pn_netlink_allowed(pn->net, info->extack);

	return err ?: pn_net_unload(pn, flags ? nla_get_u32(flags) : 0,
				    info->extack);
}

static int reset(struct sk_buff *skb, struct genl_info *info)
{
	struct pn_net *pn = pn_net(genl_info_net(info));
	int err = pn_netlink_allowed(pn->net, info->extack);

	return err ?: pn_net_reset(pn);
}

/* A policy of its own for each command: what it does not take is refused. */

static const struct nla_policy no_attrs[POSTERN_A_PAD + 1] = {
	[POSTERN_A_PAD] = { .type = NLA_REJECT },
};

static const struct nla_policy discard_attrs[POSTERN_A_TXN + 1] = {
	[POSTERN_A_TXN] = { .type = NLA_U32 },
};

/* not const, since kernels before 6.7 do not point to const */
static struct netlink_range_validation confirm_ms = {
	.min = 1000,
	.max = 24 * 60 * 60 * 1000,
};

static const struct nla_policy commit_attrs[POSTERN_A_CONFIRM_MS + 1] = {
	[POSTERN_A_TXN] = { .type = NLA_U32 },
	[POSTERN_A_EXPECT_GENERATION] = { .type = NLA_U32 },
	[POSTERN_A_COMMIT_FLAGS] = NLA_POLICY_MASK(NLA_U32,
						   POSTERN_COMMIT_KEEP_FLOWS |
						   POSTERN_COMMIT_DRY_RUN),
	[POSTERN_A_CONFIRM_MS] = NLA_POLICY_FULL_RANGE(NLA_U32, &confirm_ms),
};

static const struct nla_policy unload_attrs[POSTERN_A_UNLOAD_FLAGS + 1] = {
	[POSTERN_A_UNLOAD_FLAGS] = NLA_POLICY_MASK(NLA_U32,
						   POSTERN_UNLOAD_OPEN),
};

#define COMMAND(id, attrs, last)					\
	.cmd = POSTERN_CMD_##id,					\
	.flags = GENL_UNS_ADMIN_PERM,					\
	.policy = (attrs),						\
	.maxattr = POSTERN_A_##last

#define DUMP(id, fn)							\
	COMMAND(id, no_attrs, PAD), .start = pn_dump_start, .dumpit = (fn)

static const struct genl_ops commands[] = {
	{ COMMAND(STATUS_GET, no_attrs, PAD),
	  .doit = pn_status_get },
	{ COMMAND(POLICY_BEGIN, pn_begin_attrs, FASTPATH),
	  .doit = pn_txn_begin },
	{ COMMAND(POLICY_ADD, pn_add_attrs, INSPECT),
	  .doit = pn_txn_add },
	{ COMMAND(POLICY_COMMIT, commit_attrs, CONFIRM_MS),
	  .doit = pn_txn_commit },
	{ COMMAND(POLICY_DISCARD, discard_attrs, TXN),
	  .doit = pn_txn_discard },
	{ COMMAND(POLICY_CONFIRM, no_attrs, PAD),
	  .doit = confirm },
	{ COMMAND(POLICY_UNLOAD, unload_attrs, UNLOAD_FLAGS),
	  .doit = unload },
	{ DUMP(ZONE_GET, pn_dump_zones) },
	{ DUMP(HOSTS_GET, pn_dump_hosts) },
	{ DUMP(RANGES_GET, pn_dump_ranges) },
	{ DUMP(SERVICE_GET, pn_dump_services) },
	{ DUMP(LIMIT_GET, pn_dump_limits) },
	{ DUMP(INSPECT_GET, pn_dump_inspects) },
	{ DUMP(RULE_GET, pn_dump_rules) },
	{ DUMP(COUNTER_GET, pn_dump_counters) },
	{ COMMAND(COUNTER_RESET, no_attrs, PAD),
	  .doit = reset },
	{ COMMAND(EXPLAIN, pn_explain_attrs, ZONE_OUT_NAME),
	  .doit = pn_explain },
	{ COMMAND(PINHOLE_GET, pn_pinhole_attrs, VERSION),
	  .start = pn_dump_start, .dumpit = pn_dump_pinholes },
	{ COMMAND(PINHOLE_FLUSH, pn_pinhole_attrs, VERSION),
	  .doit = pn_pinhole_flush },
	{ COMMAND(ENDPOINT_GET, pn_endpoint_attrs, VERSION),
	  .start = pn_dump_start, .dumpit = pn_dump_endpoints },
	{ COMMAND(ENDPOINT_ADD, pn_endpoint_add_attrs, VERSION),
	  .doit = pn_endpoint_add },
	{ COMMAND(ENDPOINT_FLUSH, pn_endpoint_attrs, VERSION),
	  .doit = pn_endpoint_flush },
	{ COMMAND(SOURCE_GET, pn_source_get_attrs, SADDR),
	  .start = pn_dump_start, .dumpit = pn_dump_sources },
	{ COMMAND(SOURCE_ADD, pn_source_add_attrs, SOURCE),
	  .doit = pn_source_add },
	{ COMMAND(SOURCE_RESET, pn_source_get_attrs, SADDR),
	  .doit = pn_source_reset },
	{ DUMP(BAN_GET, pn_dump_bans) },
	{ COMMAND(BAN_ADD, pn_ban_attrs, COMMENT),
	  .doit = pn_ban_add },
	{ COMMAND(BAN_DEL, pn_ban_del_attrs, BANS),
	  .doit = pn_ban_del },
};

static const struct genl_multicast_group groups[] = {
	[PN_MCGRP_EVENTS] = {
		.name = POSTERN_MCGRP_EVENTS,
#ifdef GENL_MCAST_CAP_NET_ADMIN
		.flags = GENL_MCAST_CAP_NET_ADMIN,
#endif
	},
};

struct genl_family pn_genl_family __ro_after_init = {
	.name = POSTERN_GENL_NAME,
	.version = POSTERN_GENL_VERSION,
	.module = THIS_MODULE,
	.netnsok = true,
	/* a load in one namespace must not make the others wait */
	.parallel_ops = true,
	.ops = commands,
	.n_ops = ARRAY_SIZE(commands),
	.mcgrps = groups,
	.n_mcgrps = ARRAY_SIZE(groups),
};

static int socket_gone(struct notifier_block *nb, unsigned long event,
		       void *data)
{
	const struct netlink_notify *gone = data;

	if (event == NETLINK_URELEASE && gone->protocol == NETLINK_GENERIC)
		pn_txn_socket_gone(gone->net, gone->portid);
	return NOTIFY_DONE;
}

static struct notifier_block notifier = {
	.notifier_call = socket_gone,
};

int pn_netlink_init(void)
{
	int err = netlink_register_notifier(&notifier);

	if (err)
		return err;
	err = genl_register_family(&pn_genl_family);
	if (err) {
		netlink_unregister_notifier(&notifier);
		return err;
	}
	pn_events_open();
	return 0;
}

void pn_netlink_exit(void)
{
	pn_events_close();
	genl_unregister_family(&pn_genl_family);
	netlink_unregister_notifier(&notifier);
}
