/* SPDX-License-Identifier: GPL-2.0 */
/*
 * As much of the kernel as the plain C files of the module need, in user space.
 * The Makefile makes every header that they include out of this one.
 */
#ifndef SHIM_H
#define SHIM_H

#include <arpa/inet.h>
#include <assert.h>
#include <asm/types.h>
#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t s32;
typedef int64_t s64;
typedef int64_t time64_t;
typedef u16 __be16;
typedef u32 __be32;
typedef u64 __be64;

#define U8_MAX			UINT8_MAX
#define U16_MAX			UINT16_MAX
#define U32_MAX			UINT32_MAX
#define U64_MAX			UINT64_MAX
#define BIT(n)			(1UL << (n))
#define BIT_ULL(n)		(1ULL << (n))
#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))
#define READ_ONCE(x)		(x)
#define WRITE_ONCE(x, v)	((x) = (v))
#define __acquire(x)		do { } while (0)
#define __release(x)		do { } while (0)
#define likely(x)		(x)
#define unlikely(x)		(x)
#define noinline		__attribute__((__noinline__))
#define __rcu
#define __percpu
#define be32_to_cpu		ntohl
#define cpu_to_be32		htonl

#define min(a, b)							\
	({ __typeof__(a) a_ = (a); __typeof__(b) b_ = (b); a_ < b_ ? a_ : b_; })
#define max(a, b)							\
	({ __typeof__(a) a_ = (a); __typeof__(b) b_ = (b); a_ > b_ ? a_ : b_; })
#define min3(a, b, c)		min(min(a, b), c)
#define min_t(type, a, b)	min((type)(a), (type)(b))
#define max_t(type, a, b)	max((type)(a), (type)(b))
#define max3(a, b, c)		max(max(a, b), c)
#define div_u64(a, b)		((u64)(a) / (u32)(b))
#define div64_u64(a, b)		((u64)(a) / (u64)(b))
#define roundup_pow_of_two(n)	((n) < 2 ? 1U : 1U << (32 - __builtin_clz((n) - 1)))

#define swap(a, b)							\
	do { __typeof__(a) a_ = (a); (a) = (b); (b) = a_; } while (0)

static inline int fls64(u64 x)
{
	return x ? 64 - __builtin_clzll(x) : 0;
}

static inline int ilog2(u64 x)
{
	assert(x);
	return 63 - __builtin_clzll(x);
}

#define clamp_t(type, x, lo, hi)	min_t(type, max_t(type, x, lo), hi)
#define DIV_ROUND_UP(n, d)	(((n) + (d) - 1) / (d))
#define NSEC_PER_SEC		1000000000L
#define NSEC_PER_MSEC		1000000L
#define ____cacheline_aligned	__attribute__((aligned(64)))
#define struct_size(p, member, n)	(sizeof(*(p)) + (n) * sizeof((p)->member[0]))

#define smp_wmb()		((void)0)
#define smp_rmb()		((void)0)
#define prefetchw(p)		((void)(p))
#define __ffs64(word)		((unsigned int)__builtin_ctzll(word))
#define smp_load_acquire(p)	(*(p))
#define smp_store_release(p, v)	(*(p) = (v))

/* One thread: what is locked twice, or by nobody, is a mistake. */
typedef struct {
	bool held;
} spinlock_t;

#define SINGLE_DEPTH_NESTING		1
#define spin_lock_init(l)		((l)->held = false)
#define spin_lock(l)			(assert(!(l)->held), (void)((l)->held = true))
#define spin_unlock(l)			(assert((l)->held), (void)((l)->held = false))
#define spin_lock_nested(l, class)	do { spin_lock(l); (void)(class); } while (0)
#define spin_lock_bh(l)			spin_lock(l)
#define spin_unlock_bh(l)		spin_unlock(l)

/* shim.c: hashes with a key, which is all that is asked of them here */
typedef struct {
	u64 key[2];
} siphash_key_t;

u64 siphash(const void *data, size_t len, const siphash_key_t *key);
u64 siphash_1u64(u64 a, const siphash_key_t *key);
u64 siphash_2u64(u64 a, u64 b, const siphash_key_t *key);
u64 siphash_3u64(u64 a, u64 b, u64 c, const siphash_key_t *key);

#define check_mul_overflow(a, b, to)	__builtin_mul_overflow(a, b, to)

/* atomic */
typedef struct {
	s64 counter;
} atomic64_t;

typedef struct {
	int counter;
} atomic_t;

#define atomic_read(a)		((a)->counter)
#define atomic_inc(a)		((void)(a)->counter++)
#define atomic_dec(a)		((void)(a)->counter--)

#define ATOMIC64_INIT(i)	{ (i) }
#define atomic64_read(a)	((a)->counter)
#define atomic64_add_return(n, a) ((a)->counter += (n))
#define atomic64_sub(n, a)	((void)((a)->counter -= (n)))

/* memory: see shim.c */
typedef unsigned int gfp_t;

#define GFP_KERNEL_ACCOUNT	0U
#define __GFP_RETRY_MAYFAIL	0U
#define __GFP_NOWARN		0U
void *kvzalloc(size_t size, gfp_t flags);
void kvfree(const void *p);
#define kzalloc(size, flags)	kvzalloc(size, flags)
#define kvcalloc(n, size, flags) kvzalloc((n) * (size), flags)
#define kfree(p)		kvfree(p)

/* shim.c: the @nth allocation from now fails; 0: none. */
extern unsigned long shim_fail_nth;
extern unsigned long shim_allocations;	/* so far */
extern long shim_live;			/* not freed yet */
extern u64 shim_seed;			/* of get_random_bytes() */

void get_random_bytes(void *to, int size);
void sort(void *base, size_t num, size_t size,
	  int (*cmp)(const void *a, const void *b),
	  void (*swap)(void *a, void *b, int size));
#define current NULL
#define fatal_signal_pending(task) ((void)(task), false)
#define cond_resched()		((void)0)

#define module_param(name, type, perm)
#define MODULE_PARM_DESC(name, text)

extern unsigned int nr_cpu_ids;
#define for_each_possible_cpu(cpu)	for ((cpu) = 0; (cpu) < nr_cpu_ids; (cpu)++)

struct rcu_head {
	void *next;
};

struct list_head {
	struct list_head *next, *prev;
};

struct u64_stats_sync {
	int unused;
};

#define this_cpu_ptr(p)			(p)
#define per_cpu_ptr(p, cpu)		(p)
#define u64_stats_update_begin(s)	((void)(s))
#define u64_stats_update_end(s)		((void)(s))

struct net_device;
struct net;

struct netlink_ext_ack {
	const char *_msg;
};

#define NL_SET_ERR_MSG(extack, text)					\
	do {								\
		if (extack)						\
			(extack)->_msg = (text);			\
	} while (0)

/* packets */
struct sk_buff {
	const u8 *data;
	unsigned int len;
};

#define skb_network_offset(skb)	0
#define skb_headlen(skb)	((skb)->len)
#define ip_hdr(skb)		((const struct iphdr *)(skb)->data)

/* A copy, as of a packet in fragments: who forgets the buffer is found out. */
static inline void *skb_header_pointer(const struct sk_buff *skb,
				       unsigned int offset, unsigned int len,
				       void *buf)
{
	if (offset > skb->len || len > skb->len - offset)
		return NULL;
	memcpy(buf, skb->data + offset, len);
	return buf;
}

struct ipv6hdr {
	u8 version_class, class_flow, flow[2];
	__be16 payload_len;
	u8 nexthdr, hop_limit;
	struct in6_addr saddr, daddr;
};

static inline const struct ipv6hdr *ipv6_hdr(const struct sk_buff *skb)
{
	return (const struct ipv6hdr *)skb->data;
}

struct icmp6hdr {
	u8 type, code;
	__be16 checksum;
	__be32 data;
};

#define IP_OFFSET		0x1fff
#ifndef IP_MF
#define IP_MF			0x2000
#endif
#define NEXTHDR_HOP		0
#define NEXTHDR_ROUTING		43
#define NEXTHDR_FRAGMENT	44
#define NEXTHDR_AUTH		51
#define NEXTHDR_DEST		60
#define NEXTHDR_MOBILITY	135
#ifndef IPPROTO_DCCP
#define IPPROTO_DCCP		33
#endif

#endif /* SHIM_H */
