// SPDX-License-Identifier: GPL-2.0
/*
 * postern: screening router policy for Linux.
 *
 * Index of the module. Netlink comes last and goes first, so that nobody can
 * reach what is half built.
 */
#include <linux/init.h>
#include <linux/module.h>

#include "fastpath.h"
#include "ingress.h"
#include "net.h"
#include "netlink.h"
#include "zone.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

static int __init postern_init(void)
{
	int err;

	err = pn_net_init();
	if (err)
		return err;
	err = pn_zone_init();
	if (err)
		goto err_net;
	err = pn_ingress_init();
	if (err)
		goto err_zone;
	err = pn_fastpath_start();
	if (err)
		goto err_ingress;
	err = pn_netlink_init();
	if (err)
		goto err_fastpath;
	pr_info("postern %s: loaded\n", POSTERN_VERSION);
	return 0;

err_fastpath:
	pn_fastpath_stop();
err_ingress:
	pn_ingress_exit();
err_zone:
	pn_zone_exit();
err_net:
	pn_net_exit();
	return err;
}

static void __exit postern_exit(void)
{
	pn_netlink_exit();
	pn_fastpath_stop();
	pn_ingress_exit();
	pn_zone_exit();
	pn_net_exit();
	/* callbacks of call_rcu() live in this module's text */
	rcu_barrier();
}

module_init(postern_init);
module_exit(postern_exit);

MODULE_DESCRIPTION("Screening router policy: default deny, DCE/RPC pinholes, SMTP flood limits");
MODULE_LICENSE("GPL");
MODULE_VERSION(POSTERN_VERSION);
