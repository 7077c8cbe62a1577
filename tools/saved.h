/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What outlives the module in a file: known senders, bans and RPC endpoints, one a line.
 *
 *	postern-known 1 at SECONDS		of the epoch: when it was written
 *	ban PREFIX LEFT [COMMENT]
 *	source LIMIT ADDRESS ACCEPTED LEFT
 *	network LIMIT ADDRESS ACCEPTED LEFT
 *	endpoint ADDRESS PORT UUID VERSION LEFT
 *
 * LEFT is what is left of a ban, or for how long an endpoint is remembered, in seconds;
 * `-` is a ban that does not end, or of a source none. A line that begins with # is a
 * comment. Another version has another number in the first line, and is refused.
 */
#ifndef SAVED_H
#define SAVED_H

#include <stdio.h>
#include <time.h>

#include "known.h"

/* Where they are if nobody says another place. */
#define SAVED_FOLDER "/var/lib/postern"
#define SAVED_FILE SAVED_FOLDER "/known"

/* Return: how many sources are in it: not those that were never let in. */
unsigned int saved_write(FILE *f, const struct known *k, time_t now);

/*
 * Reads @path into @k, as it is @now: of bans and endpoints what is left of them, and not
 * those that ended meanwhile. Complains with file, line and column.
 */
enum status saved_read(struct known *k, const char *path, time_t now);

#endif
