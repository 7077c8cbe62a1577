/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where kernels are built to clear the stack (CONFIG_INIT_STACK_ALL_ZERO, as Debian's are),
 * they do so for each packet with what a hook is about to fill in field by field, and that
 * takes longer than to parse the packet. GCC 12 and Clang can be told.
 */
#ifndef PN_COMPAT_COMPILER_H
#define PN_COMPAT_COMPILER_H

#if !defined(__CHECKER__) && __has_attribute(uninitialized)
#define pn_uncleared	__attribute__((uninitialized))
#else
#define pn_uncleared
#endif

#endif /* PN_COMPAT_COMPILER_H */
