/* SPDX-License-Identifier: GPL-2.0 */
/* Pinholes and endpoints: how they are named, and how they are shown. */
#ifndef DOOR_H
#define DOOR_H

#include "nl.h"
#include "policy/address.h"

/* Complains if @text is not one address. */
bool one_address(const char *text, struct range *r);
void put_address(struct nl_msg *msg, enum postern_attr attr, const struct range *r);

/* An RPC interface that is meant; @any_version: whatever the version. */
struct wanted_interface {
	uint8_t uuid[16];
	uint16_t version;
	bool any_version;
};

#define INTERFACES_OF_A_NAME 16

/* All that a name of the catalogue or a UUID stands for; 0: complained. */
unsigned int wanted_interfaces(const char *text, struct wanted_interface w[INTERFACES_OF_A_NAME]);

/* An interface by the name that it has in the catalogue, else by its UUID. */
void interface_print(const uint8_t *uuid, uint16_t version);

/* SERVER, PORT, UUID and VERSION of a nest or message. */
void door_print(const struct nl_attrs *attrs);

#endif
