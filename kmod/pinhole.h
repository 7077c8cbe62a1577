/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pinholes, and endpoints that were learned.
 *
 * A PINHOLE lets one client use one interface of one server at one port, because
 * the server's endpoint mapper named that port to this client. It ends when it was
 * idle for a while; a connection through it keeps it.
 *
 * An ENDPOINT is what the same answer teaches about the server, whoever asked.
 *
 * Clients and servers are objects in hash tables (see door.h); a client has the list
 * of its pinholes, a server that of its endpoints. Both lists are short, by bounds, so
 * that a look-up takes two hashes and a short walk however many there are:
 *
 *	client 203.0.113.9	-> { mail, 49667, EMSMDB }, { mail, 49668, NSPI }
 *	server mail		-> { 49667, EMSMDB }, { 49668, NSPI }
 *
 * A server with several addresses is one: see pn_rpc_server().
 *
 * Reading is lock-free (RCU). Writing takes one spinlock per namespace: only
 * endpoint mappers' answers write.
 *
 * Bounds: module parameter max_pinholes per namespace, seven eighths of them per server, a
 * service's "pinholes" per client (beyond which a client's oldest gives way),
 * PN_ENDPOINTS_MAX per server and PN_SERVERS_MAX servers.
 */
#ifndef PN_PINHOLE_H
#define PN_PINHOLE_H

#include <linux/types.h>
#include <uapi/linux/postern.h>

#include "address.h"
#include "uuid.h"

#define PN_ENDPOINTS_MAX	256
#define PN_SERVERS_MAX		16384

struct net;
struct pn_net;

/**
 * struct pn_host - a client or server, as hash key
 * @v6: family, as a word: the key has no padding
 */
struct pn_host {
	struct pn_key addr;
	u64 v6;
};

/**
 * struct pn_door - what a pinhole or endpoint is for
 * @server: as pn_rpc_server() says
 * @uuid: interface, with @major
 * @port: host order
 */
struct pn_door {
	struct pn_host server;
	struct pn_uuid uuid;
	u16 major;
	u16 port;
};

/* Return: 0 or -ENOMEM. Context: net->mutex held. */
int pn_pinhole_init(struct pn_net *pn);
void pn_pinhole_exit(struct pn_net *pn);

/**
 * pn_pinhole_open - the mapper answered @client
 * @pn: namespace
 * @client: who asked
 * @door: what for
 * @idle_ms: how long it lives without a connection
 * @per_client: how many @client may have
 *
 * Visible on all CPUs when it returns. What became of it is counted. Context: BH disabled.
 */
void pn_pinhole_open(struct pn_net *pn, const struct pn_host *client,
		     const struct pn_door *door, u32 idle_ms, u32 per_client);

/* The same for everybody. Return: whether it is known now. */
bool pn_endpoint_learn(struct pn_net *pn, const struct pn_door *door,
		       u32 remember_ms);

/*
 * Whether there is one for the interface of @door. Context: RCU read side.
 */
bool pn_pinhole_is_open(struct pn_net *pn, const struct pn_host *client,
			const struct pn_door *door);
bool pn_endpoint_is_known(struct pn_net *pn, const struct pn_door *door);

/**
 * pn_pinhole_any - is there a door to @server's @port that @fits?
 * @pn: namespace
 * @client: whose pinholes; NULL: learned endpoints
 * @server: see pn_rpc_server()
 * @port: host order
 * @fits: asked for the interface of each until it says yes
 * @data: for it
 *
 * Context: RCU read side.
 */
bool pn_pinhole_any(struct pn_net *pn, const struct pn_host *client,
		    const struct pn_host *server, u16 port,
		    bool (*fits)(const struct pn_uuid *uuid, u16 major,
				 void *data),
		    void *data);

/*
 * A connection of @client through its pinholes to @server's @port lives. NULL: of anybody,
 * by what was learned of the port: nobody needs to ask for it again as long as the
 * connection lives, and no longer.
 */
void pn_pinhole_touch(struct pn_net *pn, const struct pn_host *client,
		      const struct pn_host *server, u16 port);

/**
 * pn_pinhole_review - close those that @stays does not want, and those that are over
 * @pn: namespace
 * @stays: asked for each, with @client NULL for an endpoint; NULL: all may stay
 * @data: for it
 * @why: what listeners are told of pinholes that @stays does not want
 *
 * Context: process, sleeps.
 * Return: how many @stays did not want.
 */
u32 pn_pinhole_review(struct pn_net *pn,
		      bool (*stays)(const struct pn_host *client,
				    const struct pn_door *door, void *data),
		      void *data, enum postern_closed why);

/**
 * pn_pinhole_rename - servers are known by other addresses in another policy
 * @pn: namespace
 * @renamed: told by what address a server was known; changes it to the one by
 *	which pn_rpc_server() knows it then, and says whether it is another
 * @data: for it
 * @done: that policy is in force; else it will be, and until then all doors are
 *	there by both names, as packets may be judged by either policy
 *
 * Context: process, sleeps.
 */
void pn_pinhole_rename(struct pn_net *pn,
		       bool (*renamed)(struct pn_host *server, const void *data),
		       const void *data, bool done);

void pn_pinhole_numbers(const struct pn_net *pn, u32 *pinholes, u32 *endpoints);

/**
 * struct pn_door_seen - a pinhole or endpoint as it is shown
 * @client: NULL: an endpoint
 * @left_ms: until it ends, if nobody uses it
 * @in_use: a connection goes through it, or did seconds ago
 */
struct pn_door_seen {
	const struct pn_host *client;
	struct pn_door door;
	u32 left_ms;
	bool in_use;
};

/* Return: false if it is to be shown again, when the walk goes on. */
typedef bool (*pn_door_fn)(const struct pn_door_seen *seen, void *data);

/**
 * struct pn_door_place - how far a walk came; all 0 at first
 * @id: the client or server that it came to
 * @index: doors of that one that were shown
 * @changed: the list they are in, as it was then
 * @disturbed: some may have been left out or shown twice
 * @end: all were shown
 */
struct pn_door_place {
	u32 id;
	u32 index;
	u32 changed;
	bool disturbed;
	bool end;
};

/**
 * pn_door_walk - show all pinholes, or all endpoints, or as many as there is room for
 * @pn: namespace
 * @endpoints: those
 * @at: where it begins, and then where it ended
 * @show: called for each, under RCU; none that came after the beginning need be
 * @data: for it
 *
 * Context: process, sleeps.
 */
void pn_door_walk(struct pn_net *pn, bool endpoints, struct pn_door_place *at,
		  pn_door_fn show, void *data);

#endif /* PN_PINHOLE_H */
