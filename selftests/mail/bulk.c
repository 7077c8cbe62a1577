// SPDX-License-Identifier: GPL-2.0
/*
 * What a segment of a message costs the router: sends an SMTP conversation through it,
 * both ends, and then a long text, of segments of 1,448 bytes, each acknowledged with
 * those before it by every eighth packet of the server.
 *
 *	bulk PEERS MAC0 MAC1 [SEGMENTS [ROUNDS]]
 *
 * In the namespace PEERS the wires are pz0 (clients, 10.0.0.9) and pz1 (the server,
 * 10.0.1.1); MAC0 and MAC1 are the router's ends of them. With a MAC0 that is nobody's,
 * the router takes nothing: what sending costs. Prints the least ns a segment took over
 * all rounds; on a machine that counts instructions those are what ns are.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SEGMENT		1448
#define HEADERS		(sizeof(struct ether_header) + sizeof(struct iphdr) + sizeof(struct tcphdr))

struct end {
	int fd;
	uint8_t router[ETH_ALEN], own[ETH_ALEN];
	struct in_addr addr;
	uint16_t port;
	uint32_t seq;
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static uint32_t sum(const void *data, size_t len, uint32_t total)
{
	const uint8_t *b = data;
	size_t i;

	for (i = 0; i + 1 < len; i += 2)
		total += b[i] << 8 | b[i + 1];
	if (len & 1)
		total += b[len - 1] << 8;
	return total;
}

static uint16_t fold(uint32_t total)
{
	while (total >> 16)
		total = (total & 0xffff) + (total >> 16);
	return htons(~total);
}

/* Builds a frame. Return: its length. */
static size_t build(uint8_t *frame, const struct end *from, const struct end *to, uint8_t flags,
		    const void *data, size_t len)
{
	struct ether_header *eth = (void *)frame;
	struct iphdr *ip = (void *)(eth + 1);
	struct tcphdr *th = (void *)(ip + 1);
	uint16_t size = sizeof(*th) + len;

	memset(frame, 0, HEADERS);
	memcpy(eth->ether_dhost, from->router, ETH_ALEN);
	memcpy(eth->ether_shost, from->own, ETH_ALEN);
	eth->ether_type = htons(ETHERTYPE_IP);
	ip->version = 4;
	ip->ihl = 5;
	ip->tot_len = htons(sizeof(*ip) + size);
	ip->ttl = 64;
	ip->protocol = IPPROTO_TCP;
	ip->saddr = from->addr.s_addr;
	ip->daddr = to->addr.s_addr;
	ip->check = fold(sum(ip, sizeof(*ip), 0));
	th->source = htons(from->port);
	th->dest = htons(to->port);
	th->seq = htonl(from->seq);
	th->ack_seq = flags & TH_ACK ? htonl(to->seq) : 0;
	th->doff = 5;
	((uint8_t *)th)[13] = flags;
	th->window = htons(65535);
	memcpy(th + 1, data, len);
	th->check = fold(sum(&ip->saddr, 8, sum(th, size, IPPROTO_TCP + size)));
	return HEADERS + len;
}

static void send_frame(const struct end *from, const uint8_t *frame, size_t len)
{
	if (send(from->fd, frame, len, 0) < 0)
		die("send");
}

static void say(struct end *from, const struct end *to, uint8_t flags, const char *text)
{
	uint8_t frame[2048];
	size_t len = build(frame, from, to, flags, text, strlen(text));

	send_frame(from, frame, len);
	from->seq += strlen(text) + !!(flags & (TH_SYN | TH_FIN));
}

static void open_end(struct end *e, const char *wire, const char *addr, uint16_t port)
{
	struct sockaddr_ll at = {
		.sll_family = AF_PACKET,
		.sll_ifindex = if_nametoindex(wire),
	};

	/* protocol 0: it sends, and nobody fills it */
	e->fd = socket(AF_PACKET, SOCK_RAW, 0);
	if (e->fd < 0 || !at.sll_ifindex || bind(e->fd, (void *)&at, sizeof(at)))
		die(wire);
	inet_pton(AF_INET, addr, &e->addr);
	e->port = port;
	memcpy(e->own, "\2\0\0\0\0\1", ETH_ALEN);
}

static void begin(struct end *client, struct end *server)
{
	static const char * const talk[] = {
		"220 mx\r\n", "EHLO me\r\n", "250 mx\r\n", "MAIL FROM:<a@b.c>\r\n", "250 well\r\n",
		"RCPT TO:<a@b.c>\r\n", "250 well\r\n", "DATA\r\n", "354 go on\r\n",
	};
	unsigned int i;

	client->seq = 1000;
	server->seq = 5000;
	say(client, server, TH_SYN, "");
	say(server, client, TH_SYN | TH_ACK, "");
	say(client, server, TH_ACK, "");
	for (i = 0; i < sizeof(talk) / sizeof(*talk); i++)
		if (i % 2)
			say(client, server, TH_ACK | TH_PUSH, talk[i]);
		else
			say(server, client, TH_ACK | TH_PUSH, talk[i]);
}

/* Lines of 76 characters, as base64 has them. */
static void fill(char *text, size_t len, unsigned int from)
{
	size_t i;

	for (i = 0; i < len; i++, from++)
		text[i] = from % 78 == 76 ? '\r' : from % 78 == 77 ? '\n' : 'A' + from * 7 % 26;
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* Return: ns of a segment, without those of its making. */
static double text(struct end *client, struct end *server, unsigned int segments)
{
	enum { BATCH = 64 };
	static uint8_t frames[BATCH][2048];
	static char data[SEGMENT];
	double took = 0, begun;
	unsigned int i, n;

	for (n = 0; n < segments; n += BATCH) {
		for (i = 0; i < BATCH; i++) {
			fill(data, SEGMENT, (n + i) * SEGMENT);
			build(frames[i], client, server, TH_ACK, data, SEGMENT);
			client->seq += SEGMENT;
		}
		begun = seconds();
		for (i = 0; i < BATCH; i++) {
			send_frame(client, frames[i], HEADERS + SEGMENT);
			if (i % 8 == 7) {
				uint32_t sent = client->seq;

				client->seq -= (BATCH - 1 - i) * SEGMENT;
				say(server, client, TH_ACK, "");
				client->seq = sent;
			}
		}
		took += seconds() - begun;
	}
	return took * 1e9 / n;
}

static void read_mac(uint8_t *to, const char *s)
{
	unsigned int b[ETH_ALEN];
	int i;

	if (sscanf(s, "%x:%x:%x:%x:%x:%x", b, b + 1, b + 2, b + 3, b + 4, b + 5) != ETH_ALEN) {
		fprintf(stderr, "no MAC: %s\n", s);
		exit(1);
	}
	for (i = 0; i < ETH_ALEN; i++)
		to[i] = b[i];
}

int main(int argc, char **argv)
{
	unsigned int i, segments = argc > 4 ? atoi(argv[4]) : 4096;
	unsigned int rounds = argc > 5 ? atoi(argv[5]) : 5;
	struct end client = {}, server = {};
	double least = 0;
	int fd;

	if (argc < 4) {
		fprintf(stderr, "bulk PEERS MAC0 MAC1 [SEGMENTS [ROUNDS]]\n");
		return 1;
	}
	fd = open(argv[1], O_RDONLY);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		die(argv[1]);
	read_mac(client.router, argv[2]);
	read_mac(server.router, argv[3]);
	open_end(&client, "pz0", "10.0.0.9", 0);
	open_end(&server, "pz1", "10.0.1.1", 25);
	for (i = 0; i < rounds; i++) {
		double took;

		client.port = 20000 + (getpid() * 16 + i) % 40000;
		begin(&client, &server);
		took = text(&client, &server, segments);
		if (!i || took < least)
			least = took;
	}
	printf("%.0f\n", least);
	return 0;
}
