// SPDX-License-Identifier: GPL-2.0
/*
 * A flood of opening SYNs, for flood.sh: see usage() for what it takes. Each has a
 * port and a sequence number of its own, and TTL 77, by which it is known further on.
 * At most half of the time is spent sending, so that where one processor has to do for
 * all, there is time left for the others. At its end, or when it is told to end, it
 * says how many were sent, in what time, and the median over the batches of what sending
 * a packet took: with veth that is all of its way, as far as it got.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH 64
#define TTL 77
#define NSEC 1000000000LL
#define FRAME_MAX 128

struct frame {
	unsigned int size;
	unsigned char data[FRAME_MAX];
};

/* What is asked for, and whom it is sent to and by. */
static struct {
	struct ether_header ether;
	bool v6;
	unsigned char to[16], from[16];
	int bits; /* of from */
	unsigned int port;
	unsigned long hosts; /* 0: as many as there are */
	double rate, seconds, again;
	bool handshake;
} flood;

static volatile sig_atomic_t told_to_end;

static void usage(void)
{
	fputs("flood DEVICE ROUTER'S-MAC ADDRESS PORT PREFIX/BITS RATE SECONDS [OPTION...]\n"
	      "  --hosts N        from N addresses that are spread over the prefix\n"
	      "  --again SECONDS  every SYN a second time, unchanged, after that time\n"
	      "  --handshake      complete the handshakes, acknowledge, and say nothing\n"
	      "  --seed N         other ones\n",
	      stderr);
	exit(2);
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void on_signal(int signal)
{
	(void)signal;
	told_to_end = 1;
}

static long long clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * NSEC + t.tv_nsec;
}

static long long now(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

static void sleep_until(long long when)
{
	struct timespec t = { when / NSEC, when % NSEC };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR && !told_to_end)
		;
}

/* xorshift64*: S. Vigna, "An experimental exploration of Marsaglia's generators" */
static unsigned long long random_state = 88172645463325252ULL;

static unsigned long long random64(void)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return random_state * 2685821657736338717ULL;
}

/* ---- packets */

static unsigned long sum16(const void *data, size_t size, unsigned long sum)
{
	const unsigned char *p = data;

	for (; size > 1; size -= 2, p += 2)
		sum += p[0] << 8 | p[1];
	return sum;
}

static unsigned short fold(unsigned long sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons(~sum);
}

/* A segment without data, but with the option of an opening one if it is that. */
static void make_segment(struct frame *f, const unsigned char *from, unsigned int sport,
			 unsigned int seq, unsigned int ack, unsigned int flags)
{
	static const unsigned char mss[4] = { 2, 4, 1460 >> 8, 1460 & 255 };
	size_t alen = flood.v6 ? 16 : 4, options = flags & TH_SYN ? sizeof(mss) : 0;
	size_t tlen = sizeof(struct tcphdr) + options;
	unsigned char *p = f->data;
	unsigned long pseudo;
	struct tcphdr tcp = {
		.th_sport = htons(sport),
		.th_dport = htons(flood.port),
		.th_seq = htonl(seq),
		.th_ack = htonl(ack),
		.th_off = tlen / 4,
		.th_flags = flags,
		.th_win = htons(64240),
	};

	p = mempcpy(p, &flood.ether, sizeof(flood.ether));
	if (flood.v6) {
		struct ip6_hdr ip = {
			.ip6_flow = htonl(6 << 28),
			.ip6_plen = htons(tlen),
			.ip6_nxt = IPPROTO_TCP,
			.ip6_hlim = TTL,
		};

		memcpy(&ip.ip6_src, from, 16);
		memcpy(&ip.ip6_dst, flood.to, 16);
		p = mempcpy(p, &ip, sizeof(ip));
	} else {
		struct iphdr ip = {
			.version = 4,
			.ihl = 5,
			.tot_len = htons(sizeof(ip) + tlen),
			.ttl = TTL,
			.protocol = IPPROTO_TCP,
		};

		memcpy(&ip.saddr, from, 4);
		memcpy(&ip.daddr, flood.to, 4);
		ip.check = fold(sum16(&ip, sizeof(ip), 0));
		p = mempcpy(p, &ip, sizeof(ip));
	}
	pseudo = sum16(from, alen, sum16(flood.to, alen, IPPROTO_TCP + tlen));
	tcp.th_sum = fold(sum16(mss, options, sum16(&tcp, sizeof(tcp), pseudo)));
	p = mempcpy(p, &tcp, sizeof(tcp));
	p = mempcpy(p, mss, options);
	f->size = p - f->data;
}

/* Bits of the prefix stay, the rest is that of value, whose last bit is the last one. */
static void make_source(unsigned char *from, unsigned long long high, unsigned long long low)
{
	unsigned int i, size = flood.v6 ? 16 : 4;

	for (i = 0; i < size; i++) {
		unsigned int keep = flood.bits > 8 * (int)i ? flood.bits - 8 * i : 0;
		unsigned int shift = 8 * (size - 1 - i);
		unsigned char byte = shift < 64 ? low >> shift : high >> (shift - 64);
		unsigned char mask = keep >= 8 ? 0 : 0xff >> keep;

		from[i] = (flood.from[i] & ~mask) | (byte & mask);
	}
}

static void make_syn(struct frame *f)
{
	unsigned long long r = random64();
	unsigned char from[16];

	if (flood.hosts) {
		int bits = (flood.v6 ? 64 : 32) - flood.bits;
		unsigned long long i = random64() % flood.hosts;

		i *= ((bits < 64 ? 1ULL << bits : ~0ULL) - 1) / flood.hosts;
		make_source(from, i, flood.v6 ? 1 : i);
	} else {
		make_source(from, random64(), random64());
	}
	make_segment(f, from, 1024 + (r >> 32) % 64512, r, 0, TH_SYN);
}

/* ---- sending */

static int packet_socket(const char *device)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET };
	int s, on = 1, room = 32 << 20;

	to.sll_ifindex = if_nametoindex(device);
	if (!to.sll_ifindex)
		die(device);
	/* what goes out is seen by those only who listen to all protocols */
	to.sll_protocol = htons(flood.handshake ? flood.v6 ? ETHERTYPE_IPV6 : ETHERTYPE_IP : 0);
	s = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0);
	if (s < 0 || bind(s, (struct sockaddr *)&to, sizeof(to)))
		die("packet socket");
	if (setsockopt(s, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on)))
		die("PACKET_QDISC_BYPASS");
	setsockopt(s, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	return s;
}

static int send_frames(int s, struct frame *f, int nr)
{
	static struct mmsghdr m[BATCH];
	static struct iovec v[BATCH];
	int i, sent = 0, n;

	for (i = 0; i < nr; i++) {
		v[i] = (struct iovec){ f[i].data, f[i].size };
		m[i].msg_hdr = (struct msghdr){ .msg_iov = &v[i], .msg_iovlen = 1 };
	}
	while (sent < nr) {
		n = sendmmsg(s, m + sent, nr - sent, 0);
		if (n < 0 && errno != EAGAIN && errno != ENOBUFS && errno != EINTR)
			die("sendmmsg");
		if (n > 0)
			sent += n;
		else if (told_to_end)
			break;
	}
	return sent;
}

/* Return: whether frame was for one of ours, and wants the answer that f is then. */
static bool make_answer(struct frame *f, const unsigned char *data, ssize_t size)
{
	size_t head =
		sizeof(flood.ether) + (flood.v6 ? sizeof(struct ip6_hdr) : sizeof(struct iphdr));
	const unsigned char *ip = data + sizeof(flood.ether), *from, *to;
	unsigned int length, seq;
	struct tcphdr tcp;

	if (size < (ssize_t)(head + sizeof(tcp)) || (flood.v6 ? ip[6] : ip[9]) != IPPROTO_TCP)
		return false;
	from = ip + (flood.v6 ? 8 : 12);
	to = from + (flood.v6 ? 16 : 4);
	memcpy(&tcp, data + head, sizeof(tcp));
	if (memcmp(from, flood.to, flood.v6 ? 16 : 4) || ntohs(tcp.th_sport) != flood.port ||
	    memcmp(to, flood.from, flood.bits / 8) || tcp.th_flags & TH_RST)
		return false;
	length = flood.v6 ? ip[4] << 8 | ip[5] : (ip[2] << 8 | ip[3]) - (int)sizeof(struct iphdr);
	length -= 4 * tcp.th_off;
	seq = ntohl(tcp.th_seq) + length + !!(tcp.th_flags & TH_SYN) + !!(tcp.th_flags & TH_FIN);
	if (seq == ntohl(tcp.th_seq))
		return false;
	make_segment(f, to, ntohs(tcp.th_dport), ntohl(tcp.th_ack), seq, TH_ACK);
	return true;
}

static long long answer(int s)
{
	static struct frame f[BATCH];
	unsigned char data[2048];
	long long all = 0;
	ssize_t size;
	int nr = 0;

	while ((size = recv(s, data, sizeof(data), 0)) >= 0 && all < 16 * BATCH) {
		if (!make_answer(&f[nr], data, size))
			continue;
		all++;
		if (++nr == BATCH) {
			send_frames(s, f, nr);
			nr = 0;
		}
	}
	send_frames(s, f, nr);
	return all;
}

/* What is to be sent again, in a ring: when, and the frame. */
static struct repeat {
	long long due;
	struct frame frame;
} * repeats;
static size_t nr_repeats, oldest, newest;

static void repeats_init(void)
{
	nr_repeats = flood.rate * flood.again + 2 * BATCH;
	repeats = calloc(nr_repeats, sizeof(*repeats));
	if (!repeats)
		die("repeats");
}

static void next_frames(struct frame *f, int nr)
{
	long long t = now();
	int i;

	for (i = 0; i < nr; i++) {
		if (repeats && oldest != newest && repeats[oldest].due <= t) {
			f[i] = repeats[oldest].frame;
			oldest = (oldest + 1) % nr_repeats;
			continue;
		}
		make_syn(&f[i]);
		if (repeats && (newest + 1) % nr_repeats != oldest) {
			repeats[newest].due = t + (long long)(flood.again * NSEC);
			repeats[newest].frame = f[i];
			newest = (newest + 1) % nr_repeats;
		}
	}
}

/* ns per packet of batches, in steps of 10; the last one stands for all above it. */
#define STEP 10
static unsigned long long cost[20000];

static void add_cost(long long ns)
{
	size_t i = ns / STEP, last = sizeof(cost) / sizeof(cost[0]) - 1;

	cost[i < last ? i : last]++;
}

static long long median_cost(void)
{
	unsigned long long all = 0, below = 0;
	size_t i;

	for (i = 0; i < sizeof(cost) / sizeof(cost[0]); i++)
		all += cost[i];
	for (i = 0; all && (below += cost[i]) * 2 < all; i++)
		;
	return i * STEP;
}

static void send_flood(int s)
{
	static struct frame f[BATCH];
	long long begin = now(), end = begin + (long long)(flood.seconds * NSEC);
	long long sent = 0, answered = 0, next = begin, start, made, took;
	int nr = flood.rate / 100 < 1	  ? 1 :
		 flood.rate / 100 > BATCH ? BATCH :
					    (int)(flood.rate / 100);

	while (!told_to_end && (start = now()) < end) {
		next_frames(f, nr);
		made = now();
		sent += send_frames(s, f, nr);
		add_cost((now() - made) / nr);
		if (flood.handshake)
			answered += answer(s);
		took = now() - start;
		/* so that what was missed is caught up, but not more than a fifth of a second */
		next += (long long)(nr * NSEC / flood.rate);
		if (next < start - NSEC / 5)
			next = start - NSEC / 5;
		sleep_until(next > start + 2 * took ? next : start + 2 * took);
	}
	printf("sent %lld answered %lld ms %lld median-ns %lld\n", sent, answered,
	       (now() - begin) / 1000000, median_cost());
}

static void parse_addresses(char *device, char *mac, char *to, char *prefix)
{
	int s = socket(AF_INET, SOCK_DGRAM, 0), i;
	char *slash = strchr(prefix, '/');
	unsigned int byte[6];
	struct ifreq ifr = {};

	strncpy(ifr.ifr_name, device, IFNAMSIZ - 1);
	if (s < 0 || ioctl(s, SIOCGIFHWADDR, &ifr))
		die(device);
	close(s);
	if (sscanf(mac, "%x:%x:%x:%x:%x:%x", &byte[0], &byte[1], &byte[2], &byte[3], &byte[4],
		   &byte[5]) != 6 ||
	    !slash)
		usage();
	for (i = 0; i < 6; i++)
		flood.ether.ether_dhost[i] = byte[i];
	memcpy(flood.ether.ether_shost, ifr.ifr_hwaddr.sa_data, 6);
	flood.v6 = strchr(to, ':');
	flood.ether.ether_type = htons(flood.v6 ? ETHERTYPE_IPV6 : ETHERTYPE_IP);
	*slash = '\0';
	flood.bits = atoi(slash + 1);
	if (inet_pton(flood.v6 ? AF_INET6 : AF_INET, to, flood.to) != 1 ||
	    inet_pton(flood.v6 ? AF_INET6 : AF_INET, prefix, flood.from) != 1)
		usage();
}

int main(int argc, char **argv)
{
	int i;

	if (argc < 8)
		usage();
	parse_addresses(argv[1], argv[2], argv[3], argv[5]);
	flood.port = atoi(argv[4]);
	flood.rate = atof(argv[6]);
	flood.seconds = atof(argv[7]);
	for (i = 8; i < argc; i++) {
		if (!strcmp(argv[i], "--handshake"))
			flood.handshake = true;
		else if (i + 1 == argc)
			usage();
		else if (!strcmp(argv[i], "--hosts"))
			flood.hosts = strtoul(argv[++i], NULL, 0);
		else if (!strcmp(argv[i], "--again"))
			flood.again = atof(argv[++i]);
		else if (!strcmp(argv[i], "--seed"))
			random_state ^= strtoull(argv[++i], NULL, 0) * 0x9e3779b97f4a7c15ULL;
		else
			usage();
	}
	if (flood.rate < 1 || flood.seconds <= 0)
		usage();
	if (flood.again > 0)
		repeats_init();
	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	send_flood(packet_socket(argv[1]));
	return 0;
}
