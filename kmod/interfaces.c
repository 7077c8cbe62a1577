// SPDX-License-Identifier: GPL-2.0
/*
 * The catalogue of RPC interfaces.
 */
#include <linux/kernel.h>

#include "interfaces.h"

static const struct pn_interface interfaces[] = {
#define INTERFACE(name, a, b, c, d, e, major, minor, note)		\
	{ name, PN_UUID(a, b, c, d, e), major, minor, note },
#include <postern/interfaces.inc>
#undef INTERFACE
};

const struct pn_interface *pn_interface(u32 i)
{
	return i < ARRAY_SIZE(interfaces) ? &interfaces[i] : NULL;
}

const struct pn_interface *pn_interface_find(const struct pn_uuid *uuid, u16 major)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(interfaces); i++)
		if (interfaces[i].major == major &&
		    pn_uuid_same(&interfaces[i].uuid, uuid))
			return &interfaces[i];
	return NULL;
}
