// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/net/postern; its file sources is in proc_sources.c.
 */
#include <linux/math64.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/seq_file_net.h>
#include <linux/snmp.h>
#include <linux/time.h>
#include <net/ip.h>

#include "house.h"
#include "memory.h"
#include "net.h"
#include "pinhole.h"
#include "policy.h"
#include "proc.h"
#include "stats.h"
#include "status.h"

#define TOP_REASONS	8

static void show_duration(struct seq_file *m, u64 s)
{
	u32 sec, min, hours;
	u64 left;

	left = div_u64_rem(s, 60, &sec);
	left = div_u64_rem(left, 60, &min);
	left = div_u64_rem(left, 24, &hours);
	if (left)
		seq_printf(m, "%llu d %u h", left, hours);
	else if (hours)
		seq_printf(m, "%u h %u min", hours, min);
	else if (min)
		seq_printf(m, "%u min %u s", min, sec);
	else
		seq_printf(m, "%u s", sec);
}

static void show_bytes(struct seq_file *m, u64 bytes)
{
	if (bytes >> 30)
		seq_printf(m, "%llu.%llu GiB", bytes >> 30,
			   ((bytes >> 20) % 1024) * 10 / 1024);
	else if (bytes >> 20)
		seq_printf(m, "%llu.%llu MiB", bytes >> 20,
			   ((bytes >> 10) % 1024) * 10 / 1024);
	else
		seq_printf(m, "%llu KiB", (bytes + 1023) >> 10);
}

static void show_state(struct seq_file *m, const struct pn_status *s)
{
	seq_puts(m, "policy       ");
	if (s->generation)
		seq_printf(m, "loaded, generation %u", s->generation);
	else if (s->flags & POSTERN_STATUS_OPEN)
		seq_puts(m, "none, unloaded with --open: everything is forwarded");
	else if (s->flags & POSTERN_STATUS_LOCKDOWN)
		seq_puts(m, "none, lockdown: nothing is forwarded");
	else
		seq_puts(m, "none, nothing is filtered here");
	if (s->flags & POSTERN_STATUS_OBSERVE)
		seq_puts(m, ", observes: drops nothing");
	seq_putc(m, '\n');
	if (s->flags & POSTERN_STATUS_TRIAL) {
		seq_puts(m, "trial        goes back in ");
		show_duration(m, div_u64(s->confirm_ms, MSEC_PER_SEC));
		seq_puts(m, " unless confirmed: postern confirm\n");
	}
}

static void show_policy(struct seq_file *m, const struct pn_policy *p,
			const struct pn_status *s)
{
	const struct pn_tables *t = &p->tables;
	struct tm tm;
	u32 i;

	time64_to_tm(p->loaded_at, 0, &tm);
	seq_printf(m, "loaded       %04ld-%02d-%02d %02d:%02d:%02d UTC, ",
		   tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
		   tm.tm_min, tm.tm_sec);
	show_duration(m, div_u64(s->uptime_ms, MSEC_PER_SEC));
	seq_puts(m, " ago\n");
	for (i = 0; i < p->nr_files; i++)
		seq_printf(m, "%-12s %s\n", i ? "" : "files", p->files[i]);
	seq_printf(m, "holds        zones %u, hosts %u, ranges %u, services %u, limits %u, inspects %u, rules %u\n",
		   p->nr_zones, p->nr_hosts, p->nr_ranges, p->nr_services,
		   p->nr_limits, p->nr_inspectors, p->nr_rules);
	seq_printf(m, "tables       address classes %u, combinations %u\n",
		   t->nr_classes, t->by_service.nr + t->by_source.nr);
	seq_puts(m, "memory       ");
	show_bytes(m, p->memory);
	seq_putc(m, '\n');
}

/* What other namespaces take is for the machine's administrator. */
static void show_memory(struct seq_file *m, const struct net *net)
{
	if (!net_eq(net, &init_net))
		return;
	seq_puts(m, "all policies ");
	show_bytes(m, pn_memory_total());
	seq_puts(m, " of ");
	show_bytes(m, pn_memory_ceiling());
	seq_puts(m, " (max_memory)\n");
}

static u32 percent(u64 part, u64 whole)
{
	return whole ? div64_u64(part * 100, whole) : 0;
}

static void show_conntrack(struct seq_file *m, const struct pn_status *s)
{
	seq_printf(m, "conntrack    %u of %u (%u%%)\n", s->ct_count, s->ct_max,
		   percent(s->ct_count, s->ct_max));
}

static u64 sum_mib(const struct ipstats_mib __percpu *mib, int item)
{
	unsigned int cpu;
	u64 sum = 0;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu_ptr(mib, cpu)->mibs[item]);
	return sum;
}

/*
 * The kernel joins fragments before postern sees them, and drops what it cannot
 * join: its counters say how many. Those of IPv6 that it joins here it does not count.
 */
static void show_fragments(struct seq_file *m, const struct net *net)
{
	const struct netns_mib *mib = &net->mib;
	u64 joined = sum_mib(mib->ip_statistics, IPSTATS_MIB_REASMOKS);
	u64 failed = sum_mib(mib->ip_statistics, IPSTATS_MIB_REASMFAILS);
	u64 failed6 = 0;

#if IS_ENABLED(CONFIG_IPV6)
	failed6 = sum_mib(mib->ipv6_statistics, IPSTATS_MIB_REASMFAILS);
#endif
	if (joined || failed || failed6)
		seq_printf(m, "fragments    IPv4 joined %llu, given up %llu; IPv6 given up %llu (datagrams, by the kernel)\n",
			   joined, failed, failed6);
}

static void show_rpc(struct seq_file *m, const struct pn_policy *p,
		     const struct pn_status *s)
{
	if ((p && p->nr_rpc) || s->pinholes || s->endpoints || s->inspected)
		seq_printf(m, "rpc          pinholes %u, endpoints learned %u, connections inspected %u\n",
			   s->pinholes, s->endpoints, s->inspected);
}

static void show_limits(struct seq_file *m, const struct pn_status *s)
{
	if (s->sources_room)
		seq_printf(m, "limits       sources %u of %u, under attack %u\n",
			   s->sources, s->sources_room, s->attacked);
	if (s->bans)
		seq_printf(m, "bans         prefixes %u\n", s->bans);
}

static const char * const fast_why[] = {
	[POSTERN_FAST_UNWANTED] = "by the policy",
	[POSTERN_FAST_FOREIGN] = "would pass by",
	[POSTERN_FAST_ROUTED] = "there are routing rules",
	[POSTERN_FAST_ABSENT] = "this kernel has no nf_flow_table",
	[POSTERN_FAST_NO_MEMORY] = "no memory for its table",
	[POSTERN_FAST_FORGETS] = "this kernel would forget connections that idle",
};

static void show_fastpath(struct seq_file *m, const struct pn_fastpath_status *f)
{
	seq_puts(m, "fast path    ");
	if (f->state == POSTERN_FAST_TAKEN)
		seq_printf(m, "on, flows %u\n", f->flows);
	else if (f->state == POSTERN_FAST_FOREIGN)
		seq_printf(m, "off, %s %s\n", fast_why[f->state], f->foreign);
	else
		seq_printf(m, "off, %s\n", fast_why[f->state]);
}

static void show_rates(struct seq_file *m, const struct pn_net *pn)
{
	const struct pn_rates *r = &pn->rates;

	if (!READ_ONCE(r->period_ms))
		return;
	seq_printf(m, "per second   accepted %llu, dropped %llu, new flows %llu\n",
		   READ_ONCE(r->accepted), READ_ONCE(r->dropped),
		   READ_ONCE(r->flows_new));
}

static u64 total_of(const u64 *count)
{
	u64 total = 0;
	int i;

	for (i = 0; i < PN_NR_REASONS; i++)
		total += count[i];
	return total;
}

static void show_totals(struct seq_file *m, const struct pn_counts *c)
{
	u64 observed = total_of(c->observed);

	seq_printf(m, "packets      accepted %llu, dropped %llu, left alone %llu\n",
		   c->value[PN_COUNT_ACCEPTED], total_of(c->dropped),
		   c->value[PN_COUNT_LEFT_ALONE]);
	seq_printf(m, "flows        new %llu\n", c->value[PN_COUNT_FLOWS_NEW]);
	if (observed)
		seq_printf(m, "observed     %llu would have been dropped\n",
			   observed);
}

/* The most frequent first; what never happened is not shown. */
static void show_top(struct seq_file *m, const char *title, const u64 *count)
{
	bool shown[PN_NR_REASONS] = { };
	int i, n, top;

	for (n = 0; n < TOP_REASONS; n++) {
		top = 0;
		for (i = 1; i < PN_NR_REASONS; i++)
			if (!shown[i] && count[i] > (top ? count[top] : 0))
				top = i;
		if (!top)
			break;
		shown[top] = true;
		seq_printf(m, "%-12s %10llu  %-16s %s\n", n ? "" : title,
			   count[top], pn_reason_name[top],
			   pn_reason_help[top]);
	}
}

static void show_warnings(struct seq_file *m, const struct pn_status *s)
{
	if (s->flags & POSTERN_STATUS_CT_FULL)
		seq_printf(m, "WARNING      conntrack is %u%% full: raise net.netfilter.nf_conntrack_max\n",
			   percent(s->ct_count, s->ct_max));
	if (s->flags & POSTERN_STATUS_ONE_WAY)
		seq_puts(m, "WARNING      of some TCP connections only one direction passes here (one-way): unsupported\n");
	if (s->flags & POSTERN_STATUS_FLOODED)
		seq_puts(m, "WARNING      a flood lasts: what the guard denies is dropped at the interfaces\n");
}

static int status_show(struct seq_file *m, void *v)
{
	struct pn_net *pn = pn_net(seq_file_single_net(m));
	const struct pn_policy *policy;
	struct pn_counts *counts = kmalloc(sizeof(*counts), GFP_KERNEL);
	struct pn_status status;

	if (!counts)
		return -ENOMEM;
	pn_stats_read(pn, counts);
	rcu_read_lock();
	policy = rcu_dereference(pn->policy);
	pn_status_read(pn, policy, &status);
	show_state(m, &status);
	if (policy)
		show_policy(m, policy, &status);
	show_rpc(m, policy, &status);
	show_limits(m, &status);
	if (policy)
		show_fastpath(m, &status.fast);
	rcu_read_unlock();
	show_memory(m, pn->net);
	show_conntrack(m, &status);
	show_fragments(m, pn->net);
	show_rates(m, pn);
	show_totals(m, counts);
	show_top(m, "dropped", counts->dropped);
	show_top(m, "observed", counts->observed);
	show_warnings(m, &status);
	kfree(counts);
	return 0;
}

static int counters_show(struct seq_file *m, void *v)
{
	struct pn_net *pn = pn_net(seq_file_single_net(m));
	struct pn_counts *counts = kmalloc(sizeof(*counts), GFP_KERNEL);
	int i;

	if (!counts)
		return -ENOMEM;
	pn_stats_read(pn, counts);
	for (i = 0; i < PN_NR_COUNTERS; i++)
		seq_printf(m, "%s %llu\n", pn_counter_name[i], counts->value[i]);
	for (i = 1; i < PN_NR_REASONS; i++)
		seq_printf(m, "drop-%s %llu\n", pn_reason_name[i],
			   counts->dropped[i]);
	for (i = 1; i < PN_NR_REASONS; i++)
		seq_printf(m, "observed-%s %llu\n", pn_reason_name[i],
			   counts->observed[i]);
	kfree(counts);
	return 0;
}

/*
 * A file of up to 65536 lines comes in pieces, each under RCU of its own: if the
 * policy changes in between, the rest is of the new one.
 */
struct rules_iter {
	struct seq_net_private net;	/* first, for seq_file_net() */
	const struct pn_policy *policy;	/* from start to stop */
	u32 rule;
};

static void *rules_at(struct rules_iter *it, loff_t pos)
{
	if (pos == 0)
		return SEQ_START_TOKEN;
	if (!it->policy || pos > it->policy->nr_rules)
		return NULL;
	it->rule = pos - 1;
	return it;
}

static void *rules_start(struct seq_file *m, loff_t *pos)
	__acquires(RCU)
{
	struct rules_iter *it = m->private;

	rcu_read_lock();
	it->policy = rcu_dereference(pn_net(seq_file_net(m))->policy);
	return rules_at(it, *pos);
}

static void *rules_next(struct seq_file *m, void *v, loff_t *pos)
{
	return rules_at(m->private, ++*pos);
}

static void rules_stop(struct seq_file *m, void *v)
	__releases(RCU)
{
	rcu_read_unlock();
}

static int rules_show(struct seq_file *m, void *v)
{
	struct rules_iter *it = m->private;
	struct pn_rule_count count;
	const struct pn_rule *rule;

	if (v == SEQ_START_TOKEN) {
		seq_puts(m, "# rule hits packets bytes file:line text\n");
		return 0;
	}
	rule = &it->policy->rules[it->rule];
	pn_rule_count_read(it->policy, it->rule, &count);
	seq_printf(m, "%u %llu %llu %llu ", it->rule, count.hits,
		   count.packets, count.bytes);
	if (rule->place.line && rule->place.file < it->policy->nr_files)
		seq_printf(m, "%s:%u ", it->policy->files[rule->place.file],
			   rule->place.line);
	else
		seq_puts(m, "- ");
	seq_printf(m, "%s\n", rule->text);
	return 0;
}

static const struct seq_operations rules_ops = {
	.start = rules_start,
	.next = rules_next,
	.stop = rules_stop,
	.show = rules_show,
};

/*
 * A hundred thousand clients' pinholes come in pieces of some lines each. What is
 * opened and closed in between may be seen or not.
 */
#define PINHOLES_A_PIECE	24

struct pinholes_iter {
	struct seq_net_private net;	/* first, for seq_file_net() */
	struct seq_file *m;
	struct pn_door_place at;	/* where the piece begins... */
	struct pn_door_place next;	/* ...and the one behind it */
	u32 lines;
};

static void *pinholes_start(struct seq_file *m, loff_t *pos)
{
	struct pinholes_iter *it = m->private;

	if (*pos)
		return it->at.end ? NULL : it;
	it->m = m;
	it->at = (struct pn_door_place){};
	return SEQ_START_TOKEN;
}

static void *pinholes_next(struct seq_file *m, void *v, loff_t *pos)
{
	struct pinholes_iter *it = m->private;

	++*pos;
	if (v != SEQ_START_TOKEN)
		it->at = it->next;
	return it->at.end ? NULL : it;
}

static void pinholes_stop(struct seq_file *m, void *v)
{
}

void pn_proc_show_address(struct seq_file *m, bool v6, struct pn_key addr)
{
	u8 bytes[16];

	pn_key_to_bytes(v6, addr, bytes);
	if (v6)
		seq_printf(m, "%pI6c", bytes);
	else
		seq_printf(m, "%pI4", bytes + 12);
}

static void show_address(struct seq_file *m, const struct pn_host *host)
{
	pn_proc_show_address(m, host->v6, host->addr);
}

static bool show_pinhole(const struct pn_door_seen *seen, void *data)
{
	const struct pn_door *door = &seen->door;
	struct pinholes_iter *it = data;
	struct seq_file *m = it->m;

	if (!it->lines)
		return false;
	it->lines--;
	show_address(m, seen->client);
	seq_puts(m, door->server.v6 ? " [" : " ");
	show_address(m, &door->server);
	seq_printf(m, "%s:%u %pUb %u ", door->server.v6 ? "]" : "",
		   door->port, &door->uuid, door->major);
	if (seen->in_use)
		seq_puts(m, "used\n");
	else
		seq_printf(m, "%u\n", seen->left_ms / 1000);
	return true;
}

static int pinholes_show(struct seq_file *m, void *v)
{
	struct pinholes_iter *it = m->private;

	if (v == SEQ_START_TOKEN) {
		seq_puts(m, "# client server:port interface version seconds-left-or-used\n");
		return 0;
	}
	/* shown again if it does not fit: the beginning stays */
	it->next = it->at;
	it->lines = PINHOLES_A_PIECE;
	pn_door_walk(pn_net(seq_file_net(m)), false, &it->next, show_pinhole,
		     it);
	return 0;
}

static const struct seq_operations pinholes_ops = {
	.start = pinholes_start,
	.next = pinholes_next,
	.stop = pinholes_stop,
	.show = pinholes_show,
};

/* What the policy says is for the namespace's administrator only. */
static void give_to_root(struct proc_dir_entry *entry, const struct net *net)
{
	kuid_t uid = make_kuid(net->user_ns, 0);
	kgid_t gid = make_kgid(net->user_ns, 0);

	if (uid_valid(uid) && gid_valid(gid))
		proc_set_user(entry, uid, gid);
}

int pn_proc_init_net(struct pn_net *pn)
{
	struct proc_dir_entry *dir, *rules, *pinholes, *sources;

	dir = proc_net_mkdir(pn->net, "postern", pn->net->proc_net);
	if (!dir)
		return -ENOMEM;
	rules = proc_create_net("rules", 0440, dir, &rules_ops,
				sizeof(struct rules_iter));
	pinholes = proc_create_net("pinholes", 0440, dir, &pinholes_ops,
				   sizeof(struct pinholes_iter));
	sources = proc_create_net_single("sources", 0440, dir,
					 pn_proc_sources_show, NULL);
	if (!rules || !pinholes || !sources ||
	    !proc_create_net_single("status", 0444, dir, status_show, NULL) ||
	    !proc_create_net_single("counters", 0444, dir, counters_show,
				    NULL)) {
		pn_proc_exit_net(pn);
		return -ENOMEM;
	}
	give_to_root(rules, pn->net);
	give_to_root(pinholes, pn->net);
	give_to_root(sources, pn->net);
	return 0;
}

void pn_proc_exit_net(struct pn_net *pn)
{
	remove_proc_subtree("postern", pn->net->proc_net);
}
