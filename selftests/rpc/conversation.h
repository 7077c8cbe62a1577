/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Conversations as text: what client and server sent, in the order in which it was
 * seen, and the events that it should give.
 *
 *	mapper 10.0.0.4:135		or: data 10.0.0.4:49667
 *	> 05000b03...			from the client
 *	< 05000c03...			from the server
 *	= bind 0 epmapper 3.0 ndr32	an event
 */
#ifndef CONVERSATION_H
#define CONVERSATION_H

#include <ctype.h>

#include "rpc_shim.h"

struct piece {
	u8 way;
	u32 len;
	u8 *bytes;
};

struct conversation {
	bool mapper;
	char name[64];
	u32 nr;
	struct piece *pieces;
	char *events;
};

static inline u8 *unhex(const char *hex, u32 *len)
{
	u8 *bytes = malloc(strlen(hex) / 2 + 1);
	unsigned int byte;

	*len = 0;
	for (; isxdigit(hex[0]) && isxdigit(hex[1]); hex += 2) {
		sscanf(hex, "%2x", &byte);
		bytes[(*len)++] = byte;
	}
	return bytes;
}

static inline void conversation_free(struct conversation *c)
{
	while (c->nr)
		free(c->pieces[--c->nr].bytes);
	free(c->pieces);
	free(c->events);
	memset(c, 0, sizeof(*c));
}

/* The next of a file. Return: there was one. */
static inline bool conversation_read(FILE *f, struct conversation *c)
{
	size_t cap = 0, events = 0;
	char *line = NULL, word[16], name[64];
	bool begun = false;
	long at = ftell(f);

	memset(c, 0, sizeof(*c));
	c->events = calloc(1, 1);
	while (getline(&line, &cap, f) > 0) {
		if (line[0] == '>' || line[0] == '<') {
			c->pieces = realloc(c->pieces, (c->nr + 1) * sizeof(*c->pieces));
			c->pieces[c->nr].way = line[0] == '<';
			c->pieces[c->nr].bytes = unhex(line + 2, &c->pieces[c->nr].len);
			c->nr++;
		} else if (line[0] == '=') {
			c->events = realloc(c->events, events + strlen(line));
			strcpy(c->events + events, line + 2);
			events += strlen(line + 2);
		} else if (sscanf(line, "%15s %63s", word, name) == 2 &&
			   (!strcmp(word, "mapper") || !strcmp(word, "data"))) {
			if (begun) {
				fseek(f, at, SEEK_SET);
				break;
			}
			begun = true;
			c->mapper = word[0] == 'm';
			strcpy(c->name, name);
		}
		at = ftell(f);
	}
	free(line);
	if (!begun)
		conversation_free(c);
	return begun;
}

#endif /* CONVERSATION_H */
