// SPDX-License-Identifier: GPL-2.0
/*
 * What a look-up costs, by the module's own compiler and classifier, for a policy of
 * ten lines, one of 2,000 servers with 10 services each, and one of 1,000,000 blocked
 * prefixes. Prints nanoseconds; where the machine counts instructions as nanoseconds
 * (the runner's --icount), these are instructions.
 *
 * Prefixes are compared with a policy that blocks ten: where none is blocked, a stranger's
 * address is above all that the policy names, and found at once.
 *
 *	scale_bench [PREFIXES]
 */
#include <time.h>

#include "memory.h"
#include "policy.h"
#include "shim.h"

#define SERVERS		2000
#define SERVICES	10
#define PROBES		4096
#define ROUNDS		8

static u64 state = 1;

static u64 rnd(void)
{
	u64 z = state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

static u64 now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static void must(int err)
{
	if (err) {
		fprintf(stderr, "a policy was refused: %d\n", err);
		exit(1);
	}
}

static struct pn_key server6(u32 i)
{
	return (struct pn_key){ 0x20010db800000002ULL, 0x100 + i };
}

static u32 server4(u32 i)
{
	return 0xc0a80000 + i;
}

static void add_server(struct pn_policy *p, u32 i)
{
	struct postern_range4 r4 = { htonl(server4(i)), htonl(server4(i)) };
	struct postern_range6 r6;

	must(pn_policy_add_hosts(p, &(struct pn_hosts){
		.name = "server", .zone = 1, .flags = POSTERN_HOSTS_SERVER }, NULL));
	pn_key_to_bytes(true, server6(i), r6.lo.s6_addr);
	r6.hi = r6.lo;
	must(pn_policy_add_ranges4(p, p->nr_hosts - 1, &r4, 1, NULL));
	must(pn_policy_add_ranges6(p, p->nr_hosts - 1, &r6, 1, NULL));
}

/* Services i * 10 to i * 10 + 9, of ports that others have too. */
static void add_rule(struct pn_policy *p, u32 server, u32 services)
{
	struct postern_endpoint from = { POSTERN_ENDPOINT_ZONE, 0 };
	struct postern_endpoint to = { POSTERN_ENDPOINT_HOSTS, server };
	u32 list[SERVICES], i;

	for (i = 0; i < services; i++)
		list[i] = (server * 7 + i) % p->nr_services;
	must(pn_policy_add_rule(p, &(struct pn_rule){
		.limit = PN_LIMIT_NONE, .inspector = PN_INSPECTOR_NONE,
		.text = "allow", .action = POSTERN_ACTION_ALLOW, .src = &from, .nr_src = 1,
		.dst = &to, .nr_dst = 1, .services = list, .nr_services = services }, NULL));
}

/* Zones outside and inside, @servers of them, each with its services. */
static struct pn_policy *begin(u32 servers, u32 services)
{
	struct pn_policy *p = pn_policy_alloc(NULL);
	char *iface[] = { "eth0" };
	u32 i;

	must(!p);
	for (i = 0; i < 2; i++)
		must(pn_policy_add_zone(p, &(struct pn_zone){
			.name = "zone", .ifaces = iface, .nr_ifaces = 1 }, NULL));
	for (i = 0; i < (servers > 10 ? 64 : services); i++)
		must(pn_policy_add_service(p, &(struct pn_service){ .name = "service",
			.ports = &(struct postern_ports){ .proto = 6, .lo = 1 + i * 37,
							  .hi = 1 + i * 37 },
			.nr_ports = 1 }, NULL));
	for (i = 0; i < servers; i++)
		add_server(p, i);
	for (i = 0; i < servers; i++)
		add_rule(p, i, services);
	return p;
}

static int compare4(const void *a, const void *b)
{
	u32 x = *(const u32 *)a, y = *(const u32 *)b;

	return x < y ? -1 : x > y;
}

static int compare6(const void *va, const void *vb)
{
	const struct pn_key *a = va, *b = vb;

	return pn_key_below(*a, *b) ? -1 : pn_key_below(*b, *a);
}

static void block(struct pn_policy *p)
{
	struct postern_endpoint from = { POSTERN_ENDPOINT_HOSTS, p->nr_hosts - 1 };
	struct postern_endpoint to = { POSTERN_ENDPOINT_ANY, 0 };

	must(pn_policy_add_rule(p, &(struct pn_rule){
		.limit = PN_LIMIT_NONE, .inspector = PN_INSPECTOR_NONE,
		.text = "block", .action = POSTERN_ACTION_BLOCK, .src = &from, .nr_src = 1,
		.dst = &to, .nr_dst = 1 }, NULL));
}

/* Half of them single addresses, half of 256, as block lists have them. */
static void block4(struct pn_policy *p, u32 n)
{
	u32 *base = malloc(n * sizeof(*base)), i;

	must(!base);
	for (i = 0; i < n; i++)
		base[i] = 0x0b000000 + (u32)(rnd() % 0x90000000) / 256 * 256;
	qsort(base, n, sizeof(*base), compare4);
	must(pn_policy_add_hosts(p, &(struct pn_hosts){ .name = "listed",
							.zone = PN_ZONE_ANY }, NULL));
	for (i = 0; i < n; i++) {
		u32 hi = base[i] + (i % 2 ? 255 : 0);
		struct postern_range4 r = { htonl(base[i]), htonl(hi) };

		if (i && base[i] == base[i - 1])
			continue;
		must(pn_policy_add_ranges4(p, p->nr_hosts - 1, &r, 1, NULL));
	}
	free(base);
	block(p);
}

static void block6(struct pn_policy *p, u32 n)
{
	struct pn_key *base = malloc(n * sizeof(*base));
	u32 i;

	must(!base);
	for (i = 0; i < n; i++)
		base[i] = (struct pn_key){ 0x2400000000000000ULL + (rnd() >> 8) / 65536 * 65536, 0 };
	qsort(base, n, sizeof(*base), compare6);
	must(pn_policy_add_hosts(p, &(struct pn_hosts){ .name = "listed",
							.zone = PN_ZONE_ANY }, NULL));
	for (i = 0; i < n; i++) {
		struct postern_range6 r;
		struct pn_key hi = { base[i].hi + 65535, U64_MAX };

		if (i && pn_key_same(base[i], base[i - 1]))
			continue;
		pn_key_to_bytes(true, base[i], r.lo.s6_addr);
		pn_key_to_bytes(true, hi, r.hi.s6_addr);
		must(pn_policy_add_ranges6(p, p->nr_hosts - 1, &r, 1, NULL));
	}
	free(base);
	block(p);
}

/* The same strangers ask for servers and for others, by ports of every kind. */
static u64 measure(const struct pn_policy *p, bool v6, u32 servers)
{
	static struct pn_tuple probe[PROBES];
	static volatile u32 sink;
	u64 begun;
	u32 i, r;

	state = 99;
	for (i = 0; i < PROBES; i++) {
		u32 to = rnd() % (servers + servers / 4 + 1);

		probe[i] = (struct pn_tuple){ .v6 = v6, .proto = 6,
			.port = 1 + rnd() % 20 * 37 };
		if (v6) {
			probe[i].saddr = (struct pn_key){
				0x2400000000000000ULL + (rnd() >> 8), rnd() };
			probe[i].daddr = server6(to);
		} else {
			probe[i].saddr.hi = 0x0b000000 + (u32)(rnd() % 0x90000000);
			probe[i].daddr.hi = server4(to);
		}
		probe[i].zone_out = 1;
	}
	begun = now();
	for (r = 0; r < ROUNDS; r++)
		for (i = 0; i < PROBES; i++)
			sink = pn_classify(&p->tables, &probe[i]);
	(void)sink;
	return (now() - begun) * 10 / (PROBES * ROUNDS);
}

static void report(const char *name, struct pn_policy *p, u32 servers, u64 *four,
		   u64 *six)
{
	struct pn_place place;
	u64 begun = now();

	must(pn_policy_compile(p, &place, NULL));
	begun = now() - begun;
	*four = measure(p, false, servers);
	*six = measure(p, true, servers);
	printf("%s: IPv4 %llu.%llu IPv6 %llu.%llu memory %llu compile_ms %llu\n", name,
	       *four / 10ULL, *four % 10ULL, *six / 10ULL, *six % 10ULL,
	       (unsigned long long)p->memory, (unsigned long long)begun / 1000000);
	fflush(stdout);
}

/* More than 1.3 times as much as a policy of ten lines? */
static bool costs_more(u64 time, u64 ten)
{
	return time * 10 > ten * 13;
}

static bool prefixes_cost_more(bool v6, u32 prefixes, u64 ten)
{
	const char *family = v6 ? "IPv6" : "IPv4";
	struct pn_policy *p = begin(5, 5);
	char name[32];
	u64 time[2];

	if (v6)
		block6(p, prefixes);
	else
		block4(p, prefixes);
	snprintf(name, sizeof(name), "blocked prefixes, %s", family);
	report(name, p, 5, &time[0], &time[1]);
	printf("ratio prefixes: %s %.2f\n", family, (double)time[v6] / ten);
	pn_policy_free(p);
	return costs_more(time[v6], ten);
}

int main(int argc, char **argv)
{
	u32 prefixes = argc > 1 ? atoi(argv[1]) : 1000000;
	u64 ten4, ten6, four, six;
	struct pn_policy *p;
	bool worse = false;

	report("ten lines", begin(5, 5), 5, &ten4, &ten6);
	report("2000 servers x 10 services", begin(SERVERS, SERVICES), SERVERS, &four, &six);
	printf("ratio servers: IPv4 %.2f IPv6 %.2f\n", (double)four / ten4, (double)six / ten6);
	worse |= costs_more(four, ten4) || costs_more(six, ten6);
	p = begin(5, 5);
	block4(p, 10);
	block6(p, 10);
	report("ten lines and ten prefixes", p, 5, &ten4, &ten6);
	pn_policy_free(p);
	worse |= prefixes_cost_more(false, prefixes, ten4);
	worse |= prefixes_cost_more(true, prefixes, ten6);
	return worse;
}
