/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the plugins use of QEMU, for which Debian has no header: calls of their first version.
 */
#ifndef PROFILE_PLUGIN_H
#define PROFILE_PLUGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint64_t qemu_plugin_id_t;
typedef uint32_t qemu_plugin_meminfo_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_info;

enum { CALL_READS_NO_REGISTERS };
enum { INLINE_ADD };
enum { OF_WRITES = 2 };

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
					   void (*call)(qemu_plugin_id_t, struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *tb, int op, void *number,
					      uint64_t add);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
					    void (*call)(unsigned int, void *), int flags, void *data);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn,
				      void (*call)(unsigned int, qemu_plugin_meminfo_t, uint64_t, void *),
				      int flags, int of, void *data);
bool qemu_plugin_mem_is_store(qemu_plugin_meminfo_t info);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t i);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);

#define EXPORTED __attribute__((visibility("default")))

EXPORTED int qemu_plugin_version = 1;
EXPORTED int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc, char **argv);

/* The marks of inject/inject.c. */
enum mark {
	MARK_NONE,
	MARK_BEGINS,
	MARK_ENDS,
	MARK_PACKET,
};

static inline enum mark mark_of(const struct qemu_plugin_insn *insn)
{
	static const unsigned char mark[] = { 0x0f, 0x1f, 0x80, 0x6e, 0x63, 0x68 };
	const unsigned char *data = qemu_plugin_insn_data(insn);

	if (qemu_plugin_insn_size(insn) != sizeof(mark) + 1 || memcmp(data, mark, sizeof(mark)))
		return MARK_NONE;
	return data[sizeof(mark)];
}

/* The kernel's half of the addresses. */
static inline bool is_kernel(uint64_t address)
{
	return address >> 63;
}

#endif /* PROFILE_PLUGIN_H */
