// SPDX-License-Identifier: GPL-2.0
/*
 * A plugin of QEMU: what two processors write while both of them are between the marks of
 * inject/inject.c. When the first of them is through, the file that out= names is written, in
 * the place of what was there: the packets that both began meanwhile, and then a line for each
 * of the kernel's instructions that wrote,
 *
 *	address  writes  locked  shared  most
 *
 * how often it did, how often with the line locked (an atomic operation), how often to a cache
 * line that the other processor wrote to as well, and how many of these to one and the same
 * line, the one with the most.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "plugin.h"

#define CPUS 2
#define SLOTS (1u << 22)
#define LINE 64

/* What an instruction wrote to a line. Nothing is at address 0. */
struct slot {
	uint64_t instruction, line;
	uint32_t writes;
	bool locked;
};

/* Only its own processor's thread writes to it. */
static struct processor {
	struct slot *slots;
	uint32_t used;
	uint64_t packets;
} processors[CPUS];

/* Those between their marks; changes under the lock, and is read without. */
static unsigned int within;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *out;

static bool both(void)
{
	return __atomic_load_n(&within, __ATOMIC_ACQUIRE) == CPUS;
}

static uint64_t hash(uint64_t x)
{
	x *= 0x9e3779b97f4a7c15ULL;
	return x ^ x >> 29;
}

static struct slot *slot_of(struct slot *slots, uint64_t instruction, uint64_t line)
{
	uint64_t at = hash(hash(instruction) + line);

	while (slots[at % SLOTS].instruction &&
	       (slots[at % SLOTS].instruction != instruction || slots[at % SLOTS].line != line))
		at++;
	return &slots[at % SLOTS];
}

/* With lock (0xf0), and xchg with memory, which is so without. */
static bool is_locked(const struct qemu_plugin_insn *insn)
{
	const unsigned char *at = qemu_plugin_insn_data(insn), *end = at + qemu_plugin_insn_size(insn);

	for (; at < end; at++) {
		switch (*at) {
		case 0xf0:
			return true;
		case 0x2e: case 0x36: case 0x3e: case 0x26: case 0x64: case 0x65: case 0x66: case 0x67:
		case 0xf2: case 0xf3: case 0x40 ... 0x4f:
			continue;
		case 0x86: case 0x87:
			return true;
		default:
			return false;
		}
	}
	return false;
}

/* data: the address of the instruction */
static void wrote(unsigned int cpu, qemu_plugin_meminfo_t info, uint64_t address, void *data)
{
	uint64_t instruction = (uint64_t)(uintptr_t)data;
	struct processor *p = &processors[cpu];
	struct slot *s;

	if (!both() || !qemu_plugin_mem_is_store(info) || p->used > SLOTS / 3)
		return;
	s = slot_of(p->slots, instruction, address / LINE);
	if (!s->instruction) {
		p->used++;
		s->instruction = instruction;
		s->line = address / LINE;
	}
	s->writes++;
}

static void wrote_locked(unsigned int cpu, qemu_plugin_meminfo_t info, uint64_t address, void *data)
{
	uint64_t instruction = (uint64_t)(uintptr_t)data;

	wrote(cpu, info, address, data);
	if (both() && qemu_plugin_mem_is_store(info))
		slot_of(processors[cpu].slots, instruction, address / LINE)->locked = true;
}

static void packet(unsigned int cpu, void *data)
{
	(void)data;
	processors[cpu].packets += both();
}

static void begins(unsigned int cpu, void *data)
{
	(void)cpu;
	(void)data;
	pthread_mutex_lock(&lock);
	__atomic_store_n(&within, within + 1, __ATOMIC_RELEASE);
	pthread_mutex_unlock(&lock);
}

/* Sums over one instruction, or the mark that a processor wrote to a line. */
struct sum {
	uint64_t key, writes, locked, shared, most;
};

static struct sum *sum_of(struct sum *sums, uint64_t key)
{
	uint64_t at = hash(key);

	while (sums[at % SLOTS].key && sums[at % SLOTS].key != key)
		at++;
	sums[at % SLOTS].key = key;
	return &sums[at % SLOTS];
}

/* How often an instruction wrote to a line, by all. */
static uint64_t times(const struct slot *s)
{
	uint64_t n = 0;

	for (int i = 0; i < CPUS; i++)
		n += slot_of(processors[i].slots, s->instruction, s->line)->writes;
	return n;
}

static void write_out(void)
{
	struct sum *lines[CPUS], *sums = calloc(SLOTS, sizeof(*sums));
	FILE *f = fopen(out, "w");
	int i;

	for (i = 0; i < CPUS; i++)
		lines[i] = calloc(SLOTS, sizeof(*lines[i]));
	if (!f || !sums || !lines[0] || !lines[1])
		abort();
	for (i = 0; i < CPUS; i++)
		for (uint32_t j = 0; j < SLOTS; j++)
			if (processors[i].slots[j].instruction)
				sum_of(lines[i], processors[i].slots[j].line)->writes = 1;
	for (i = 0; i < CPUS; i++) {
		for (uint32_t j = 0; j < SLOTS; j++) {
			const struct slot *s = &processors[i].slots[j];
			struct sum *sum;

			if (!s->instruction)
				continue;
			sum = sum_of(sums, s->instruction);
			sum->writes += s->writes;
			sum->locked += s->locked ? s->writes : 0;
			if (!sum_of(lines[!i], s->line)->writes)
				continue;
			sum->shared += s->writes;
			if (times(s) > sum->most)
				sum->most = times(s);
		}
		if (processors[i].used > SLOTS / 3)
			fputs("writes.so: too many lines, some are left out\n", stderr);
	}
	fprintf(f, "%" PRIu64 "\n", processors[0].packets + processors[1].packets);
	for (uint32_t j = 0; j < SLOTS; j++)
		if (sums[j].writes)
			fprintf(f, "%" PRIx64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", sums[j].key,
				sums[j].writes, sums[j].locked, sums[j].shared, sums[j].most);
	fclose(f);
	free(sums);
	for (i = 0; i < CPUS; i++)
		free(lines[i]);
}

/* Not when they begin: it takes longer than what is measured. */
static void forget(void)
{
	for (int i = 0; i < CPUS; i++) {
		memset(processors[i].slots, 0, SLOTS * sizeof(struct slot));
		processors[i].used = 0;
		processors[i].packets = 0;
	}
}

static void ends(unsigned int cpu, void *data)
{
	bool first;

	(void)cpu;
	(void)data;
	pthread_mutex_lock(&lock);
	first = within == CPUS;
	__atomic_store_n(&within, within - 1, __ATOMIC_RELEASE);
	if (first) {
		write_out();
		forget();
	}
	pthread_mutex_unlock(&lock);
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	static void (*const calls[])(unsigned int, void *) = {
		[MARK_BEGINS] = begins,
		[MARK_ENDS] = ends,
		[MARK_PACKET] = packet,
	};
	size_t n = qemu_plugin_tb_n_insns(tb), i;

	(void)id;
	if (!is_kernel(qemu_plugin_tb_vaddr(tb)))
		return;
	for (i = 0; i < n; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		enum mark mark = mark_of(insn);

		if (mark != MARK_NONE)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, calls[mark], CALL_READS_NO_REGISTERS, NULL);
		qemu_plugin_register_vcpu_mem_cb(insn, is_locked(insn) ? wrote_locked : wrote,
						 CALL_READS_NO_REGISTERS, OF_WRITES,
						 (void *)(uintptr_t)qemu_plugin_insn_vaddr(insn));
	}
}

int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc, char **argv)
{
	int i;

	(void)info;
	for (i = 0; i < argc; i++)
		if (!strncmp(argv[i], "out=", 4))
			out = strdup(argv[i] + 4);
	for (i = 0; i < CPUS; i++)
		processors[i].slots = calloc(SLOTS, sizeof(struct slot));
	if (!out || !processors[0].slots || !processors[1].slots) {
		fputs("writes.so: no out=, or no memory\n", stderr);
		return 1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
