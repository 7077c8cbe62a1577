// SPDX-License-Identifier: GPL-2.0
/*
 * A module with a bug of one's choice, to prove that selftests/vm/run sees it:
 *	insmod planted.ko bug=NAME
 */
#include <linux/completion.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

static char *bug = "none";
module_param(bug, charp, 0);
MODULE_PARM_DESC(bug, "none warn oops wild hang use-after-free out-of-bounds leak sleep deadlock shift");

static DEFINE_SPINLOCK(spin_a);
static DEFINE_SPINLOCK(spin_b);
static DEFINE_MUTEX(mutex);

/* What the compiler must not see through. */
static volatile unsigned int thirteen = 13;

static void use_after_free(void)
{
	volatile char *p = kzalloc(thirteen, GFP_KERNEL);

	if (!p)
		return;
	kfree((void *)p);
	p[1] = 1;
}

static void out_of_bounds(void)
{
	volatile char *p = kzalloc(thirteen, GFP_KERNEL);

	if (!p)
		return;
	p[thirteen] = 1;
	kfree((void *)p);
}

/* In the vmalloc area, where User Mode Linux maps pages when they are first wanted. */
static void wild(void)
{
	volatile char *p = vmalloc(PAGE_SIZE);

	if (!p)
		return;
	vfree((void *)p);
	/* until then the page is still mapped */
	vm_unmap_aliases();
	p[thirteen] = 1;
}

/* Both orders, one after the other: never locks up, and lockdep says that it may. */
static void deadlock(void)
{
	spin_lock(&spin_a);
	spin_lock(&spin_b);
	spin_unlock(&spin_b);
	spin_unlock(&spin_a);

	spin_lock(&spin_b);
	spin_lock(&spin_a);
	spin_unlock(&spin_a);
	spin_unlock(&spin_b);
}

static void leak(void)
{
	int i;

	/* More than one: a stale pointer in a register may hide one of them. */
	for (i = 0; i < 16; i++)
		strcpy(kmalloc(100 + i, GFP_KERNEL | __GFP_NOFAIL), "leaked");
}

static int __init planted_init(void)
{
	if (!strcmp(bug, "warn")) {
		WARN(1, "planted");
	} else if (!strcmp(bug, "oops")) {
		*(volatile int *)(unsigned long)thirteen = 0;
	} else if (!strcmp(bug, "wild")) {
		wild();
	} else if (!strcmp(bug, "hang")) {
		preempt_disable();
		for (;;)
			cpu_relax();
	} else if (!strcmp(bug, "use-after-free")) {
		use_after_free();
	} else if (!strcmp(bug, "out-of-bounds")) {
		out_of_bounds();
	} else if (!strcmp(bug, "leak")) {
		leak();
	} else if (!strcmp(bug, "sleep")) {
		spin_lock(&spin_a);
		mutex_lock(&mutex);
		mutex_unlock(&mutex);
		spin_unlock(&spin_a);
	} else if (!strcmp(bug, "deadlock")) {
		deadlock();
	} else if (!strcmp(bug, "shift")) {
		pr_info("planted: %d\n", 1 << (thirteen * 5));
	} else if (strcmp(bug, "none")) {
		return -EINVAL;
	}
	return 0;
}

static void __exit planted_exit(void)
{
}

module_init(planted_init);
module_exit(planted_exit);
MODULE_DESCRIPTION("Planted bugs");
MODULE_LICENSE("GPL");
