// SPDX-License-Identifier: GPL-2.0
/*
 * Packets as if received, for measurements: who writes a job to /proc/bench_inject has
 * its frames come in on devices of his network namespace, as many rounds of them as he
 * says; reading the same open file tells what that took. Only what the kernel does with
 * a packet from netif_receive_skb() on is measured, and the making of the packet, which
 * a job with INJECT_FREE measures alone.
 *
 * A job, all in the machine's byte order:
 *
 *	struct job_head, then for each frame
 *	struct job_frame, its bytes (an IP packet), and its struct job_field
 *
 * A field is a number in the packet, big endian, that is another one in each round: it
 * grows by a step, or has random bits. The IPv4 header's checksum is made right; those
 * of TCP and UDP are said to be (CHECKSUM_UNNECESSARY), as by a good network card.
 */
#include <linux/etherdevice.h>
#include <linux/if_arp.h>
#include <linux/ip.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/nsproxy.h>
#include <linux/proc_fs.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <asm/unaligned.h>
#include <net/ip.h>
#include <net/net_namespace.h>

#define JOB_MAGIC	0x626a6f62
#define JOB_MAX		(1 << 20)
#define BATCH		64	/* packets with bottom halves off, as a network card's poll has */

enum {
	INJECT_FREE = 0x1,	/* make them, and free them */
};

enum field_kind {
	FIELD_GROWS,
	FIELD_RANDOM,
};

struct job_head {
	u32 magic;
	u32 rounds;
	u32 frames;
	u32 flags;
	u64 seed;
};

struct job_frame {
	char device[IFNAMSIZ];
	u32 length;
	u32 fields;
};

struct job_field {
	u16 offset;
	u8 width;		/* in bytes: 2, 4 or 8 */
	u8 kind;
	u32 every;		/* grows after so many rounds */
	u32 wrap;		/* starts anew after so many steps; 0: never */
	u32 steps;		/* made already, fewer than that */
	u64 step;		/* or the mask of what is random */
};

/* A field on its way through the rounds. */
struct field {
	struct job_field f;
	u64 first, value, random;
	u32 rounds, steps;
};

struct frame {
	struct net_device *dev;
	const u8 *bytes;
	u32 length, n_fields;
	struct field *fields;
};

struct sent {
	u64 packets, bytes;
};

struct injection {
	u64 ns;
	struct sent forwarded;
	u32 rounds;
};

/*
 * Where a measurement begins (1) and ends (2), and where a packet does (3), for profile's
 * plugins, which look for these instructions; they do nothing.
 */
#if defined(__x86_64__)
#define mark(byte)							\
	do {								\
		asm volatile(".byte 0x0f, 0x1f, 0x80, 0x6e, 0x63, 0x68, "	\
			     byte ::: "memory");			\
	} while (0)
#else
#define mark(byte) barrier()
#endif

static u64 next_random(struct field *f)
{
	f->random ^= f->random << 13;
	f->random ^= f->random >> 7;
	f->random ^= f->random << 17;
	return f->random;
}

static u64 get_number(const u8 *at, u8 width)
{
	switch (width) {
	case 2:
		return get_unaligned_be16(at);
	case 4:
		return get_unaligned_be32(at);
	default:
		return get_unaligned_be64(at);
	}
}

static void put_number(u8 *at, u8 width, u64 value)
{
	switch (width) {
	case 2:
		put_unaligned_be16(value, at);
		break;
	case 4:
		put_unaligned_be32(value, at);
		break;
	default:
		put_unaligned_be64(value, at);
	}
}

static void fill_in(struct field *f, u8 *packet)
{
	u64 value = f->value;

	if (f->f.kind == FIELD_RANDOM) {
		value = (f->first & ~f->f.step) | (next_random(f) & f->f.step);
	} else if (++f->rounds == f->f.every) {
		f->rounds = 0;
		f->value += f->f.step;
		if (++f->steps == f->f.wrap) {
			f->steps = 0;
			f->value = f->first;
		}
	}
	put_number(packet + f->f.offset, f->f.width, value);
}

static struct sk_buff *make(struct frame *frame)
{
	struct net_device *dev = frame->dev;
	struct sk_buff *skb = netdev_alloc_skb_ip_align(dev, ETH_HLEN + frame->length);
	struct ethhdr *eth;
	struct iphdr *ip;
	u32 i;

	if (!skb)
		return NULL;
	eth = skb_put(skb, ETH_HLEN);
	ether_addr_copy(eth->h_dest, dev->dev_addr);
	eth_zero_addr(eth->h_source);
	ip = skb_put(skb, frame->length);
	memcpy(ip, frame->bytes, frame->length);
	for (i = 0; i < frame->n_fields; i++)
		fill_in(&frame->fields[i], (u8 *)ip);
	if (ip->version == 4) {
		eth->h_proto = htons(ETH_P_IP);
		ip->check = 0;
		ip->check = ip_fast_csum(ip, ip->ihl);
	} else {
		eth->h_proto = htons(ETH_P_IPV6);
	}
	skb->ip_summed = CHECKSUM_UNNECESSARY;
	skb->protocol = eth_type_trans(skb, dev);
	return skb;
}

/* What left by the namespace's Ethernet devices. */
static struct sent sent(struct net *net)
{
	struct rtnl_link_stats64 stats;
	struct sent sum = {};
	struct net_device *dev;

	rcu_read_lock();
	for_each_netdev_rcu(net, dev) {
		if (dev->type != ARPHRD_ETHER)
			continue;
		dev_get_stats(dev, &stats);
		sum.packets += stats.tx_packets;
		sum.bytes += stats.tx_bytes;
	}
	rcu_read_unlock();
	return sum;
}

static int inject(struct frame *frames, const struct job_head *head)
{
	u32 round, i, batch = 0;

	local_bh_disable();
	for (round = 0; round < head->rounds; round++) {
		for (i = 0; i < head->frames; i++) {
			struct sk_buff *skb = make(&frames[i]);

			if (!skb) {
				local_bh_enable();
				return -ENOMEM;
			}
			mark("0x03");
			if (head->flags & INJECT_FREE)
				kfree_skb(skb);
			else
				netif_receive_skb(skb);
		}
		batch += head->frames;
		if (batch >= BATCH) {
			batch = 0;
			local_bh_enable();
			cond_resched();
			local_bh_disable();
		}
	}
	local_bh_enable();
	return 0;
}

/* Return: the frame's end in the job, or NULL if there is no such frame. */
static const u8 *read_frame(struct net *net, struct frame *frame, u64 seed, const u8 *at,
			    const u8 *end)
{
	struct job_frame f;
	u32 i;

	if (end - at < sizeof(f))
		return NULL;
	memcpy(&f, at, sizeof(f));
	at += sizeof(f);
	f.device[IFNAMSIZ - 1] = '\0';
	if (f.length < sizeof(struct iphdr) || f.length > end - at)
		return NULL;
	frame->bytes = at;
	frame->length = f.length;
	at += f.length;
	if (f.fields > (end - at) / sizeof(struct job_field))
		return NULL;
	frame->fields = kvcalloc(f.fields, sizeof(*frame->fields), GFP_KERNEL);
	if (!frame->fields)
		return NULL;
	frame->n_fields = f.fields;
	for (i = 0; i < f.fields; i++) {
		struct field *field = &frame->fields[i];

		memcpy(&field->f, at, sizeof(field->f));
		at += sizeof(field->f);
		if (field->f.width != 2 && field->f.width != 4 && field->f.width != 8)
			return NULL;
		if (field->f.offset + field->f.width > f.length)
			return NULL;
		field->first = get_number(frame->bytes + field->f.offset, field->f.width);
		field->steps = field->f.steps;
		field->value = field->first + field->f.step * field->steps;
		field->random = (seed + i + 1) * 0x9e3779b97f4a7c15ULL;
	}
	frame->dev = dev_get_by_name(net, f.device);
	return frame->dev ? at : NULL;
}

static int do_job(struct injection *in, const u8 *job, size_t size)
{
	struct net *net = current->nsproxy->net_ns;
	const u8 *at = job, *end = job + size;
	struct frame *frames;
	struct job_head head;
	struct sent before, after;
	u64 begun;
	int err = -EINVAL;
	u32 i;

	if (size < sizeof(head))
		return -EINVAL;
	memcpy(&head, at, sizeof(head));
	at += sizeof(head);
	if (head.magic != JOB_MAGIC || head.frames > JOB_MAX / sizeof(struct job_frame))
		return -EINVAL;
	frames = kvcalloc(head.frames, sizeof(*frames), GFP_KERNEL);
	if (!frames)
		return -ENOMEM;
	for (i = 0; i < head.frames; i++) {
		at = read_frame(net, &frames[i], head.seed, at, end);
		if (!at)
			goto out;
	}
	before = sent(net);
	begun = ktime_get_ns();
	mark("0x01");
	err = inject(frames, &head);
	mark("0x02");
	in->ns = ktime_get_ns() - begun;
	after = sent(net);
	in->forwarded.packets = after.packets - before.packets;
	in->forwarded.bytes = after.bytes - before.bytes;
	in->rounds = head.rounds;
out:
	for (i = 0; i < head.frames; i++) {
		dev_put(frames[i].dev);
		kvfree(frames[i].fields);
	}
	kvfree(frames);
	return err;
}

static ssize_t bench_write(struct file *file, const char __user *from, size_t size, loff_t *pos)
{
	u8 *job;
	int err;

	if (size > JOB_MAX)
		return -E2BIG;
	job = vmemdup_user(from, size);
	if (IS_ERR(job))
		return PTR_ERR(job);
	err = do_job(file->private_data, job, size);
	kvfree(job);
	return err ?: size;
}

static ssize_t bench_read(struct file *file, char __user *to, size_t size, loff_t *pos)
{
	const struct injection *in = file->private_data;
	char text[80];
	int n;

	n = scnprintf(text, sizeof(text), "%u %llu %llu %llu\n", in->rounds, in->ns,
		      in->forwarded.packets, in->forwarded.bytes);
	return simple_read_from_buffer(to, size, pos, text, n);
}

static int bench_open(struct inode *inode, struct file *file)
{
	file->private_data = kzalloc(sizeof(struct injection), GFP_KERNEL);
	return file->private_data ? 0 : -ENOMEM;
}

static int bench_release(struct inode *inode, struct file *file)
{
	kfree(file->private_data);
	return 0;
}

static const struct proc_ops bench_ops = {
	.proc_open = bench_open,
	.proc_read = bench_read,
	.proc_write = bench_write,
	.proc_release = bench_release,
};

static int __init bench_init(void)
{
	return proc_create("bench_inject", 0600, NULL, &bench_ops) ? 0 : -ENOMEM;
}

static void __exit bench_exit(void)
{
	remove_proc_entry("bench_inject", NULL);
}

module_init(bench_init);
module_exit(bench_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Packets as if received, for measurements");
