/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Messages of the family postern as they should be, or nearly.
 */
#ifndef GRAMMAR_H
#define GRAMMAR_H

#include "message.h"

/**
 * struct dialogue - what is known of the transaction on a socket
 * @txn: its id, 0 if none is open
 * @zones, @hosts, @services, @limits, @inspects: objects that were accepted
 * @high: where the next ranges begin
 */
struct dialogue {
	uint32_t txn;
	uint32_t zones, hosts, services, limits, inspects;
	uint32_t high;
};

/* Appends the attributes of @cmd. */
void put_command(struct message *m, struct random *r, uint8_t cmd,
		 struct dialogue *d);

/* Those of a command about sources or bans. */
void put_sources_command(struct message *m, struct random *r, uint8_t cmd);

/* Appends one object of each kind, which no kernel may refuse in a new policy. */
void put_good_objects(struct message *m);
/* Its parts. */
void put_good_zone(struct message *m);
void put_good_hosts(struct message *m);
void put_good_service(struct message *m);
void put_good_rpc(struct message *m);
void put_good_limit(struct message *m);
void put_good_inspect(struct message *m);
void put_good_rule(struct message *m);
/* What ENDPOINT_ADD has to accept while they are in force. */
void put_good_endpoint(struct message *m);

/* Adds the objects of an accepted POLICY_ADD to @d. */
void count_objects(struct message *m, struct dialogue *d);

#endif /* GRAMMAR_H */
