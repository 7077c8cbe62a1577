// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "epm.h"

/* PDU types, C706 12.6.4 */
#define REQUEST 0
#define RESPONSE 2
#define FAULT 3
#define BIND 11
#define BIND_ACK 12
#define BIND_NAK 13

#define FIRST 1
#define LAST 2
#define HEADER 16
#define FRAGMENT_MAX 5840
#define ANSWER_MAX 65536
#define OP_MAP 3
#define TOWERS 16 /* asked for at a time */
#define ROUNDS 8 /* of TOWERS */
#define TOWER 75 /* bytes of one of ncacn_ip_tcp */
#define NOT_REGISTERED 0x16c9a0d6u

/* Protocols of a tower's floors, C706 appendix I */
#define FLOOR_UUID 0x0d
#define FLOOR_RPC 0x0b
#define FLOOR_TCP 0x07
#define FLOOR_IP 0x09

static const struct epm_interface mapper = {
	{ 0xe1, 0xaf, 0x83, 0x08, 0x5d, 0x1f, 0x11, 0xc9, 0x91, 0xa4, 0x08, 0x00, 0x2b, 0x14, 0xa0,
	  0xfa },
	3,
	0,
};

static const struct epm_interface ndr32 = {
	{ 0x8a, 0x88, 0x5d, 0x04, 0x1c, 0xeb, 0x11, 0xc9, 0x9f, 0xe8, 0x08, 0x00, 0x2b, 0x10, 0x48,
	  0x60 },
	2,
	0,
};

static bool fail(struct epm *epm, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static bool fail(struct epm *epm, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(epm->why, sizeof(epm->why), fmt, ap);
	va_end(ap);
	return false;
}

/* ---- bytes: what is sent is little-endian */

struct out_bytes {
	uint8_t bytes[512];
	size_t len;
};

static void put_u8(struct out_bytes *o, unsigned int value)
{
	o->bytes[o->len++] = (uint8_t)value;
}

static void put_u16(struct out_bytes *o, unsigned int value)
{
	put_u8(o, value & 0xff);
	put_u8(o, value >> 8);
}

static void put_u32(struct out_bytes *o, uint32_t value)
{
	put_u16(o, value & 0xffff);
	put_u16(o, value >> 16);
}

static void put_zero(struct out_bytes *o, size_t n)
{
	while (n--)
		put_u8(o, 0);
}

static void align(struct out_bytes *o, size_t size)
{
	put_zero(o, (size - o->len % size) % size);
}

/* Byte @i of a UUID in little-endian order: which is it of those in written order? */
static unsigned int little(unsigned int i)
{
	return i < 4 ? 3 - i : i < 8 ? i ^ 1 : i;
}

static void put_uuid(struct out_bytes *o, const uint8_t *uuid)
{
	unsigned int i;

	for (i = 0; i < 16; i++)
		put_u8(o, uuid[little(i)]);
}

/* Reads stay within the bytes: @bad if one would not, and then all are 0. */
struct in_bytes {
	const uint8_t *bytes;
	size_t at, len;
	bool big, bad;
};

static const uint8_t *get_bytes(struct in_bytes *in, size_t n)
{
	const uint8_t *from = in->bytes + in->at;

	if (in->bad || n > in->len - in->at) {
		in->bad = true;
		return NULL;
	}
	in->at += n;
	return from;
}

static uint32_t get_number(struct in_bytes *in, unsigned int size)
{
	const uint8_t *from = get_bytes(in, size);
	uint32_t value = 0;
	unsigned int i;

	for (i = 0; from && i < size; i++)
		value |= (uint32_t)from[i] << 8 * (in->big ? size - 1 - i : i);
	return value;
}

static uint16_t get_u16(struct in_bytes *in)
{
	return (uint16_t)get_number(in, 2);
}

static uint32_t get_u32(struct in_bytes *in)
{
	return get_number(in, 4);
}

static void get_uuid(struct in_bytes *in, uint8_t *uuid)
{
	const uint8_t *from = get_bytes(in, 16);
	unsigned int i;

	for (i = 0; i < 16; i++)
		uuid[i] = !from ? 0 : from[in->big ? i : little(i)];
}

static void get_align(struct in_bytes *in, size_t size)
{
	get_bytes(in, (size - in->at % size) % size);
}

/* ---- the connection */

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static bool wait_for(struct epm *epm, short events)
{
	struct pollfd pfd = { .fd = epm->fd, .events = events };
	int64_t left = epm->deadline - now_ms();
	int n;

	do {
		n = left > 0 ? poll(&pfd, 1, (int)left) : 0;
		left = epm->deadline - now_ms();
	} while (n < 0 && errno == EINTR);
	return n > 0 ? true : fail(epm, "no answer in time");
}

static bool send_all(struct epm *epm, const uint8_t *bytes, size_t len)
{
	ssize_t n;

	while (len) {
		n = send(epm->fd, bytes, len, MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return fail(epm, "%s", strerror(errno));
		if (n < 0 && !wait_for(epm, POLLOUT))
			return false;
		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
		}
	}
	return true;
}

static bool receive(struct epm *epm, uint8_t *bytes, size_t len)
{
	ssize_t n;

	while (len) {
		n = recv(epm->fd, bytes, len, 0);
		if (!n)
			return fail(epm, "it ended the conversation");
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return fail(epm, "%s", strerror(errno));
		if (n < 0 && !wait_for(epm, POLLIN))
			return false;
		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
		}
	}
	return true;
}

static void begin_pdu(struct out_bytes *o, struct epm *epm, unsigned int kind)
{
	o->len = 0;
	put_u8(o, 5);
	put_u8(o, 0);
	put_u8(o, kind);
	put_u8(o, FIRST | LAST);
	put_u32(o, 0x10); /* little-endian, ASCII, IEEE */
	put_u32(o, 0); /* lengths, by send_pdu() */
	put_u32(o, ++epm->call);
}

static bool send_pdu(struct epm *epm, struct out_bytes *o)
{
	o->bytes[8] = (uint8_t)o->len;
	o->bytes[9] = (uint8_t)(o->len >> 8);
	return send_all(epm, o->bytes, o->len);
}

struct pdu {
	uint8_t bytes[FRAGMENT_MAX];
	uint8_t kind, flags;
	struct in_bytes in; /* behind the header */
};

/* One PDU that answers our last one. */
static bool receive_pdu(struct epm *epm, struct pdu *pdu)
{
	struct in_bytes head = { .bytes = pdu->bytes, .at = 8, .len = HEADER };
	uint16_t len, auth;

	if (!receive(epm, pdu->bytes, HEADER))
		return false;
	if (pdu->bytes[0] != 5 || pdu->bytes[1] > 1)
		return fail(epm, "it does not speak DCE/RPC");
	pdu->kind = pdu->bytes[2];
	pdu->flags = pdu->bytes[3];
	head.big = !(pdu->bytes[4] & 0x10);
	len = get_u16(&head);
	auth = get_u16(&head);
	if (len < HEADER || len > sizeof(pdu->bytes) || auth)
		return fail(epm, "it sent a PDU of impossible length");
	if (get_u32(&head) != epm->call)
		return fail(epm, "it answered another call");
	pdu->in =
		(struct in_bytes){ .bytes = pdu->bytes, .at = HEADER, .len = len, .big = head.big };
	return receive(epm, pdu->bytes + HEADER, (size_t)len - HEADER);
}

static void put_syntax(struct out_bytes *o, const struct epm_interface *i)
{
	put_uuid(o, i->uuid);
	put_u16(o, i->major);
	put_u16(o, i->minor);
}

static bool bind_mapper(struct epm *epm)
{
	struct out_bytes o;
	struct pdu pdu;
	uint16_t result;

	begin_pdu(&o, epm, BIND);
	put_u16(&o, FRAGMENT_MAX);
	put_u16(&o, FRAGMENT_MAX);
	put_u32(&o, 0); /* a new association group */
	put_u32(&o, 1); /* one context: */
	put_u16(&o, 0); /* number 0, */
	put_u16(&o, 1); /* one transfer syntax */
	put_syntax(&o, &mapper);
	put_syntax(&o, &ndr32);
	if (!send_pdu(epm, &o) || !receive_pdu(epm, &pdu))
		return false;
	if (pdu.kind == BIND_NAK)
		return fail(epm, "it refuses to be bound");
	if (pdu.kind != BIND_ACK)
		return fail(epm, "it answered a bind by something else");
	get_bytes(&pdu.in, 8);
	get_bytes(&pdu.in, get_u16(&pdu.in)); /* its port, as text */
	get_align(&pdu.in, 4);
	if (get_number(&pdu.in, 1) != 1)
		return fail(epm, "its bind_ack does not answer the bind");
	get_bytes(&pdu.in, 3);
	result = get_u16(&pdu.in);
	if (pdu.in.bad)
		return fail(epm, "its bind_ack is cut short");
	return !result || fail(epm, "it has no endpoint mapper in NDR32");
}

bool epm_open(struct epm *epm, const struct sockaddr *addr, socklen_t len, int seconds)
{
	int error = 0;
	socklen_t size = sizeof(error);

	memset(epm, 0, sizeof(*epm));
	epm->deadline = now_ms() + seconds * 1000;
	epm->fd = socket(addr->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (epm->fd < 0)
		return fail(epm, "%s", strerror(errno));
	if (connect(epm->fd, addr, len)) {
		error = errno;
		if (error == EINPROGRESS) {
			if (!wait_for(epm, POLLOUT))
				goto bad;
			getsockopt(epm->fd, SOL_SOCKET, SO_ERROR, &error, &size);
		}
		if (error) {
			fail(epm, "%s", strerror(error));
			goto bad;
		}
	}
	if (bind_mapper(epm))
		return true;
bad:
	close(epm->fd);
	return false;
}

void epm_close(struct epm *epm)
{
	close(epm->fd);
}

/* ---- ept_map */

/* What a conversation about one interface remembers between two calls. */
struct handle {
	uint32_t attributes;
	uint8_t uuid[16];
};

static void put_tower(struct out_bytes *o, const struct epm_interface *i)
{
	const struct epm_interface *ids[] = { i, &ndr32 };
	unsigned int k;

	put_u16(o, 5);
	for (k = 0; k < 2; k++) {
		put_u16(o, 19);
		put_u8(o, FLOOR_UUID);
		put_uuid(o, ids[k]->uuid);
		put_u16(o, ids[k]->major);
		put_u16(o, 2);
		put_u16(o, ids[k]->minor);
	}
	put_u16(o, 1);
	put_u8(o, FLOOR_RPC);
	put_u16(o, 2);
	put_u16(o, 0);
	put_u16(o, 1);
	put_u8(o, FLOOR_TCP);
	put_u16(o, 2);
	put_u16(o, 0);
	put_u16(o, 1);
	put_u8(o, FLOOR_IP);
	put_u16(o, 4);
	put_u32(o, 0);
}

static bool ask(struct epm *epm, const struct epm_interface *i, const struct handle *handle)
{
	struct out_bytes o;

	begin_pdu(&o, epm, REQUEST);
	put_u32(&o, 132); /* bytes of the stub */
	put_u16(&o, 0);
	put_u16(&o, OP_MAP);
	/* from here on it is aligned as the stub is: 24 bytes lie before it */
	put_u32(&o, 1); /* a pointer to no object */
	put_zero(&o, 16);
	put_u32(&o, 2); /* and one to a tower */
	put_u32(&o, TOWER);
	put_u32(&o, TOWER);
	put_tower(&o, i);
	align(&o, 4);
	put_u32(&o, handle->attributes);
	put_uuid(&o, handle->uuid);
	put_u32(&o, TOWERS);
	return send_pdu(epm, &o);
}

/* All fragments of one answer: its stub. */
static bool receive_answer(struct epm *epm, uint8_t *stub, struct in_bytes *in)
{
	struct pdu pdu;
	size_t len = 0, more;

	do {
		if (!receive_pdu(epm, &pdu))
			return false;
		if (pdu.kind == FAULT) {
			get_bytes(&pdu.in, 8);
			return fail(epm, "it answered with fault 0x%x", get_u32(&pdu.in));
		}
		if (pdu.kind != RESPONSE || !(pdu.flags & FIRST) != (len > 0))
			return fail(epm, "it answered a call by something else");
		get_bytes(&pdu.in, 8);
		more = pdu.in.len - pdu.in.at;
		if (pdu.in.bad || (!more && !(pdu.flags & LAST)) || more > ANSWER_MAX - len)
			return fail(epm, "its answer has no sensible length");
		memcpy(stub + len, pdu.in.bytes + pdu.in.at, more);
		len += more;
	} while (!(pdu.flags & LAST));
	*in = (struct in_bytes){ .bytes = stub, .len = len, .big = pdu.in.big };
	return true;
}

/* A floor: its protocol and what identifies it, and the address that it has. */
struct floor {
	struct in_bytes left, right;
	uint32_t protocol;
};

static struct in_bytes get_part(struct in_bytes *tower)
{
	struct in_bytes part = { .len = get_u16(tower) };

	part.bytes = get_bytes(tower, part.len);
	part.bad = !part.bytes;
	return part;
}

static struct floor get_floor(struct in_bytes *tower)
{
	struct floor f;

	f.left = get_part(tower);
	f.protocol = get_number(&f.left, 1);
	f.right = get_part(tower);
	return f;
}

/* The port in a tower for @i over TCP; 0: it is another one. */
static uint16_t port_of(struct in_bytes *tower, const struct epm_interface *i)
{
	uint8_t uuid[16];
	struct floor f;
	uint16_t port;

	if (get_u16(tower) < 5)
		return 0;
	f = get_floor(tower);
	get_uuid(&f.left, uuid);
	if (f.protocol != FLOOR_UUID || memcmp(uuid, i->uuid, sizeof(uuid)) != 0 ||
	    get_u16(&f.left) != i->major || f.left.bad)
		return 0;
	get_floor(tower);
	f = get_floor(tower);
	if (f.protocol != FLOOR_RPC || f.left.bad)
		return 0;
	f = get_floor(tower);
	/* whatever the order of the rest */
	f.right.big = true;
	port = get_u16(&f.right);
	return f.protocol == FLOOR_TCP && !f.left.bad && !f.right.bad ? port : 0;
}

static void add_port(uint16_t ports[EPM_PORTS_MAX], int *nr, uint16_t port)
{
	int i;

	for (i = 0; i < *nr; i++)
		if (ports[i] == port)
			return;
	if (port && *nr < EPM_PORTS_MAX)
		ports[(*nr)++] = port;
}

static bool read_answer(struct epm *epm, struct in_bytes *in, const struct epm_interface *i,
			struct handle *handle, uint16_t ports[EPM_PORTS_MAX], int *nr)
{
	uint32_t number, actual, k, pointers[TOWERS], len, status;
	struct in_bytes tower;

	handle->attributes = get_u32(in);
	get_uuid(in, handle->uuid);
	number = get_u32(in);
	get_u32(in); /* for how many there is room */
	if (get_u32(in))
		return fail(epm, "its answer begins in the middle of an array");
	actual = get_u32(in);
	if (in->bad || actual > TOWERS || number != actual)
		return fail(epm, "its answer contradicts itself");
	for (k = 0; k < actual; k++)
		pointers[k] = get_u32(in);
	for (k = 0; k < actual; k++) {
		if (!pointers[k])
			continue;
		get_align(in, 4);
		len = get_u32(in);
		if (get_u32(in) != len)
			return fail(epm, "a tower in its answer contradicts itself");
		tower = (struct in_bytes){ .bytes = get_bytes(in, len), .len = len };
		if (tower.bytes)
			add_port(ports, nr, port_of(&tower, i));
	}
	get_align(in, 4);
	status = get_u32(in);
	if (in->bad)
		return fail(epm, "its answer is cut short");
	if (status && status != NOT_REGISTERED)
		return fail(epm, "it answered with status 0x%x", status);
	return true;
}

int epm_map(struct epm *epm, const struct epm_interface *interface, uint16_t ports[EPM_PORTS_MAX])
{
	static const uint8_t none[16];
	static uint8_t stub[ANSWER_MAX];
	struct handle handle = { 0 };
	struct in_bytes in;
	int nr = 0, rounds = 0;

	do {
		if (!ask(epm, interface, &handle) || !receive_answer(epm, stub, &in) ||
		    !read_answer(epm, &in, interface, &handle, ports, &nr))
			return -1;
	} while (memcmp(handle.uuid, none, sizeof(none)) != 0 && ++rounds < ROUNDS);
	return nr;
}
