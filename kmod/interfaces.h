/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The catalogue of RPC interfaces: names for UUIDs. One name may stand for several,
 * and one UUID with two major versions is two interfaces.
 */
#ifndef PN_INTERFACES_H
#define PN_INTERFACES_H

#include <linux/types.h>

#include "uuid.h"

/**
 * struct pn_interface - one line of the catalogue
 * @name: what a policy calls it
 * @note: what it is
 */
struct pn_interface {
	const char *name;
	struct pn_uuid uuid;
	u16 major, minor;
	const char *note;
};

/* Line @i, from 0; NULL: there are no more. */
const struct pn_interface *pn_interface(u32 i);

/* Return: the line for an interface, or NULL. */
const struct pn_interface *pn_interface_find(const struct pn_uuid *uuid, u16 major);

#endif /* PN_INTERFACES_H */
