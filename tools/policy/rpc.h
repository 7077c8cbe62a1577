/* SPDX-License-Identifier: GPL-2.0 */
/* RPC services: the catalogue of interfaces, and what a policy says of them. */
#ifndef POLICY_RPC_H
#define POLICY_RPC_H

#include "model.h"

/* One line of the catalogue; several may have the same name. */
struct interface {
	const char *name;
	const char *uuid;
	uint16_t major, minor;
	const char *note;
};

extern const struct interface interfaces[];
extern const unsigned int nr_interfaces;

#define RPC_PORT_MIN 1024
#define RPC_PORT_MAX 65535
#define RPC_MAPPER_PORT 135

/* What an RPC service has where its options say nothing. */
#define RPC_IDLE_MS 60000u
#define RPC_PER_CLIENT 64u
#define RPC_REMEMBER_MS (8 * 3600 * 1000u)
#define RPC_REMEMBER_MIN_MS 60000u

#define UUID_TEXT_MAX 37

bool uuid_parse(const char *text, uint8_t *uuid);
void uuid_print(const uint8_t *uuid, char *text);

/* The line of an interface; NULL if it is not in the catalogue. */
const struct interface *interface_find(const uint8_t *uuid, uint16_t major);

struct rpc *rpc_new(struct arena *arena);
/* All that @name stands for; @port 0: as the mapper says. */
void rpc_add_name(struct arena *arena, struct rpc *rpc, const char *name, uint16_t port);
bool rpc_same(const struct rpc *a, const struct rpc *b);

/* A word that may follow an interface, and one that begins an option. */
bool rpc_is_limit(const char *word);
bool rpc_is_option(const char *word);

#endif
