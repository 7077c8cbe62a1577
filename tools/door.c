// SPDX-License-Identifier: GPL-2.0
#include <arpa/inet.h>
#include <string.h>

#include "door.h"
#include "out.h"
#include "policy/rpc.h"

bool one_address(const char *text, struct range *r)
{
	char why[ADDRESS_ERROR_MAX];

	if (!address_parse(text, strlen(text), r, why)) {
		complain("%s", why);
		return false;
	}
	if (r->family == AF_INET ? r->r4.lo != r->r4.hi : memcmp(&r->r6.lo, &r->r6.hi, 16)) {
		complain("'%s' is more than one address.", text);
		return false;
	}
	return true;
}

void put_address(struct nl_msg *msg, enum postern_attr attr, const struct range *r)
{
	uint32_t v4 = htonl(r->r4.lo);

	if (r->family == AF_INET)
		nla_put(msg, (int)attr, 4, &v4);
	else
		nla_put(msg, (int)attr, 16, &r->r6.lo);
}

unsigned int wanted_interfaces(const char *text, struct wanted_interface w[INTERFACES_OF_A_NAME])
{
	struct nearest near;
	unsigned int i, n = 0;

	memset(w, 0, sizeof(*w) * INTERFACES_OF_A_NAME);
	if (uuid_parse(text, w[0].uuid)) {
		w[0].any_version = true;
		return 1;
	}
	nearest_init(&near, text);
	for (i = 0; i < nr_interfaces && n < INTERFACES_OF_A_NAME; i++) {
		nearest_try(&near, interfaces[i].name);
		if (strcmp(interfaces[i].name, text) != 0)
			continue;
		uuid_parse(interfaces[i].uuid, w[n].uuid);
		w[n++].version = interfaces[i].major;
	}
	if (!n && near.best)
		complain("there is no interface '%s'; did you mean '%s'?", text, near.best);
	else if (!n)
		complain("'%s' is not a UUID or a name of 'postern show interfaces'.", text);
	return n;
}

void interface_print(const uint8_t *uuid, uint16_t version)
{
	const struct interface *line = interface_find(uuid, version);
	char text[UUID_TEXT_MAX];

	uuid_print(uuid, text);
	if (line)
		out_color_str(COLOR_NAME, "interface", "%s", line->name);
	else
		out_color_str(COLOR_NAME, NULL, "%s", text);
	out_str("uuid", NULL, text);
	out_uint("version", " version %llu", version);
}

void door_print(const struct nl_attrs *attrs)
{
	struct nlattr *uuid = attrs->a[POSTERN_A_UUID];
	static const uint8_t none[16];
	char text[ADDRESS_TEXT_MAX];

	attrs_address(attrs, POSTERN_A_SERVER, text);
	out_str("server", strchr(text, ':') ? "[%s]" : "%s", text);
	out_uint("port", ":%llu  ", attrs_u16(attrs, POSTERN_A_PORT));
	interface_print(uuid && nla_len(uuid) == 16 ? nla_data(uuid) : none,
			attrs_u16(attrs, POSTERN_A_VERSION));
}
