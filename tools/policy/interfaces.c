// SPDX-License-Identifier: GPL-2.0
/* The catalogue of RPC interfaces, and UUIDs as they are written. */
#include <ctype.h>
#include <string.h>

#include "rpc.h"

const struct interface interfaces[] = {
#define INTERFACE(name, a, b, c, d, e, major, minor, note) \
	{ name, #a "-" #b "-" #c "-" #d "-" #e, major, minor, note },
#include <postern/interfaces.inc>
#undef INTERFACE
};

const unsigned int nr_interfaces = sizeof(interfaces) / sizeof(*interfaces);

static int digit(char c)
{
	const char *digits = "0123456789abcdef", *at;

	at = c ? strchr(digits, tolower((unsigned char)c)) : NULL;
	return at ? (int)(at - digits) : -1;
}

bool uuid_parse(const char *text, uint8_t *uuid)
{
	unsigned int i;

	for (i = 0; i < 16; i++) {
		if ((i == 4 || i == 6 || i == 8 || i == 10) && *text++ != '-')
			return false;
		if (digit(text[0]) < 0 || digit(text[1]) < 0)
			return false;
		uuid[i] = (uint8_t)(digit(text[0]) << 4 | digit(text[1]));
		text += 2;
	}
	return !*text;
}

void uuid_print(const uint8_t *uuid, char *text)
{
	unsigned int i;

	for (i = 0; i < 16; i++)
		text += sprintf(text, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x",
				uuid[i]);
}

const struct interface *interface_find(const uint8_t *uuid, uint16_t major)
{
	uint8_t own[16];
	unsigned int i;

	for (i = 0; i < nr_interfaces; i++)
		if (interfaces[i].major == major && uuid_parse(interfaces[i].uuid, own) &&
		    !memcmp(own, uuid, sizeof(own)))
			return &interfaces[i];
	return NULL;
}
