// SPDX-License-Identifier: GPL-2.0
/*
 * A plugin of QEMU: how often each block of the guest's instructions is executed between
 * the marks of inject/inject.c. When the second of them is met, the counts are written to
 * the file that out= names, in the place of what was there: one line for each block of the
 * kernel, its address, its instructions, how often.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugin.h"

#define BUCKETS 65536

struct block {
	uint64_t address, instructions, executed;
	struct block *next;
};

static struct block *blocks[BUCKETS];
static const char *out;

static struct block *block_of(uint64_t address, uint64_t instructions)
{
	struct block **head = &blocks[(address ^ address >> 16 ^ instructions) % BUCKETS], *b;

	for (b = *head; b; b = b->next)
		if (b->address == address && b->instructions == instructions)
			return b;
	b = calloc(1, sizeof(*b));
	if (!b)
		abort();
	b->address = address;
	b->instructions = instructions;
	b->next = *head;
	*head = b;
	return b;
}

static void begins(unsigned int cpu, void *data)
{
	struct block *b;
	int i;

	(void)cpu;
	(void)data;
	for (i = 0; i < BUCKETS; i++)
		for (b = blocks[i]; b; b = b->next)
			b->executed = 0;
}

static void ends(unsigned int cpu, void *data)
{
	FILE *f = fopen(out, "w");
	struct block *b;
	int i;

	(void)cpu;
	(void)data;
	if (!f)
		return;
	for (i = 0; i < BUCKETS; i++)
		for (b = blocks[i]; b; b = b->next)
			if (b->executed)
				fprintf(f, "%" PRIx64 " %" PRIu64 " %" PRIu64 "\n", b->address,
					b->instructions, b->executed);
	fclose(f);
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	uint64_t address = qemu_plugin_tb_vaddr(tb);
	size_t n = qemu_plugin_tb_n_insns(tb), i;

	(void)id;
	if (!is_kernel(address))
		return;
	qemu_plugin_register_vcpu_tb_exec_inline(tb, INLINE_ADD, &block_of(address, n)->executed, 1);
	for (i = 0; i < n; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		enum mark mark = mark_of(insn);

		if (mark == MARK_BEGINS || mark == MARK_ENDS)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, mark == MARK_BEGINS ? begins : ends,
							       CALL_READS_NO_REGISTERS, NULL);
	}
}

int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc, char **argv)
{
	int i;

	(void)info;
	for (i = 0; i < argc; i++)
		if (!strncmp(argv[i], "out=", 4))
			out = strdup(argv[i] + 4);
	if (!out) {
		fputs("functions.so: no out=\n", stderr);
		return 1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
