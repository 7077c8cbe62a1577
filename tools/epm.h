/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A client of DCE/RPC endpoint mappers: C706 and MS-RPCE, connection-oriented, NDR32,
 * not authenticated. Only ept_map, and of towers only ncacn_ip_tcp.
 */
#ifndef EPM_H
#define EPM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct epm {
	int fd;
	int64_t deadline; /* ms of the monotonic clock: of the whole conversation */
	uint32_t call;
	char why[128]; /* of the last failure, without a full stop */
};

struct epm_interface {
	uint8_t uuid[16]; /* as it is written */
	uint16_t major, minor;
};

/* Connects and binds. False: @epm->why says why not; there is nothing to close. */
bool epm_open(struct epm *epm, const struct sockaddr *addr, socklen_t len, int seconds);
void epm_close(struct epm *epm);

#define EPM_PORTS_MAX 64

/*
 * Asks where @interface listens. Return: how many ports, 0 if it is not registered,
 * -1 if there is no sensible answer; then the connection is of no more use.
 */
int epm_map(struct epm *epm, const struct epm_interface *interface, uint16_t ports[EPM_PORTS_MAX]);

#endif
