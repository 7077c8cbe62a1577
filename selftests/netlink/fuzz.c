// SPDX-License-Identifier: GPL-2.0
/*
 * fuzz: a hostile user of the family postern.
 *
 * Sends COUNT mutilated messages, and about as many right or nearly right ones, on
 * several sockets, and closes sockets in the middle of transactions and dumps. With -f also lets the
 * kernel's memory allocations fail in the middle of a message. Every so often a
 * correct policy must be accepted all the same. The same seed sends the same.
 *
 * fuzz [-n COUNT] [-t SECONDS] [-s SEED] [-j PROCESSES] [-f] [-v]
 *
 * With -t it ends after SECONDS, if not before.
 *
 * Exit status: 1 if something that had to be accepted was not, or a command was
 * never accepted or never refused; 4 if the module is not there.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <linux/postern.h>

#include "talk.h"

#define PEERS		5
#define PROCESSES_MAX	16
#define CHECK_EVERY	2000
#define OTHER		0		/* messages of no command */

struct tally {
	unsigned long sent[POSTERN_CMD_MAX + 1];
	unsigned long accepted[POSTERN_CMD_MAX + 1];
	unsigned long refused[POSTERN_CMD_MAX + 1];
	unsigned long spoilt, silent, unsent, injected, closed, namespaces, checks, failures;
};

static const char *const command_name[POSTERN_CMD_MAX + 1] = {
	[OTHER] = "(no command)",
	[POSTERN_CMD_STATUS_GET] = "status-get",
	[POSTERN_CMD_POLICY_BEGIN] = "policy-begin",
	[POSTERN_CMD_POLICY_ADD] = "policy-add",
	[POSTERN_CMD_POLICY_COMMIT] = "policy-commit",
	[POSTERN_CMD_POLICY_DISCARD] = "policy-discard",
	[POSTERN_CMD_POLICY_CONFIRM] = "policy-confirm",
	[POSTERN_CMD_POLICY_UNLOAD] = "policy-unload",
	[POSTERN_CMD_ZONE_GET] = "zone-get",
	[POSTERN_CMD_HOSTS_GET] = "hosts-get",
	[POSTERN_CMD_RANGES_GET] = "ranges-get",
	[POSTERN_CMD_SERVICE_GET] = "service-get",
	[POSTERN_CMD_RULE_GET] = "rule-get",
	[POSTERN_CMD_COUNTER_GET] = "counter-get",
	[POSTERN_CMD_COUNTER_RESET] = "counter-reset",
	[POSTERN_CMD_EXPLAIN] = "explain",
	[POSTERN_CMD_EVENT] = "event",
	[POSTERN_CMD_PINHOLE_GET] = "pinhole-get",
	[POSTERN_CMD_PINHOLE_FLUSH] = "pinhole-flush",
	[POSTERN_CMD_ENDPOINT_GET] = "endpoint-get",
	[POSTERN_CMD_ENDPOINT_ADD] = "endpoint-add",
	[POSTERN_CMD_ENDPOINT_FLUSH] = "endpoint-flush",
	[POSTERN_CMD_LIMIT_GET] = "limit-get",
	[POSTERN_CMD_SOURCE_GET] = "source-get",
	[POSTERN_CMD_SOURCE_ADD] = "source-add",
	[POSTERN_CMD_SOURCE_RESET] = "source-reset",
	[POSTERN_CMD_BAN_GET] = "ban-get",
	[POSTERN_CMD_BAN_ADD] = "ban-add",
	[POSTERN_CMD_BAN_DEL] = "ban-del",
	[POSTERN_CMD_INSPECT_GET] = "inspect-get",
};

static uint16_t family;
static uint32_t events_group;
static bool verbose;
static double end = 1e18;		/* of CLOCK_MONOTONIC */

static struct message message;
static struct tally *tally;		/* this process's, in shared memory */
static int fail_nth = -1;		/* /proc/thread-self/fail-nth */

static bool is_dump(uint8_t cmd)
{
	return (cmd >= POSTERN_CMD_ZONE_GET && cmd <= POSTERN_CMD_COUNTER_GET) ||
	       cmd == POSTERN_CMD_PINHOLE_GET || cmd == POSTERN_CMD_ENDPOINT_GET ||
	       cmd == POSTERN_CMD_LIMIT_GET || cmd == POSTERN_CMD_SOURCE_GET ||
	       cmd == POSTERN_CMD_BAN_GET || cmd == POSTERN_CMD_INSPECT_GET;
}

/* ---- what must work */

static bool accepted(struct peer *p, uint8_t cmd, struct answer *answer)
{
	int error;

	message_end(&message);
	error = peer_exchange(p, &message, 1000, answer);
	tally->sent[cmd]++;
	if (!error && answer->acked && !answer->error) {
		tally->accepted[cmd]++;
		return true;
	}
	fprintf(stderr, "fuzz: %s had to be accepted: %s, %s (%s)\n",
		command_name[cmd], error ? strerror(-error) : "sent",
		answer->acked ? strerror(-answer->error) : "no answer", answer->text);
	tally->failures++;
	return false;
}

static void begin(struct peer *p, uint8_t cmd)
{
	message_begin(&message, family, cmd,
		      NLM_F_REQUEST | NLM_F_ACK | (is_dump(cmd) ? NLM_F_DUMP : 0), p->seq + 1);
}

/*
 * A policy is loaded on trial (or only built), confirmed, looked at, and taken away.
 * At random there is seldom a policy to be confirmed or unloaded, or one that has the
 * interface of an endpoint.
 */
static bool check_policy(struct peer *p, bool load)
{
	struct answer answer;

	begin(p, POSTERN_CMD_POLICY_BEGIN);
	if (!accepted(p, POSTERN_CMD_POLICY_BEGIN, &answer))
		return false;
	begin(p, POSTERN_CMD_POLICY_ADD);
	put_u32(&message, POSTERN_A_TXN, p->dialogue.txn);
	put_good_objects(&message);
	if (!accepted(p, POSTERN_CMD_POLICY_ADD, &answer))
		return false;
	begin(p, POSTERN_CMD_POLICY_COMMIT);
	put_u32(&message, POSTERN_A_TXN, p->dialogue.txn);
	put_u32(&message, POSTERN_A_COMMIT_FLAGS, load ? 0 : POSTERN_COMMIT_DRY_RUN);
	if (load)
		put_u32(&message, POSTERN_A_CONFIRM_MS, 60000);
	if (!accepted(p, POSTERN_CMD_POLICY_COMMIT, &answer) || !load)
		return !load && !answer.error;
	begin(p, POSTERN_CMD_POLICY_CONFIRM);
	if (!accepted(p, POSTERN_CMD_POLICY_CONFIRM, &answer))
		return false;
	begin(p, POSTERN_CMD_RULE_GET);
	if (!accepted(p, POSTERN_CMD_RULE_GET, &answer))
		return false;
	if (answer.messages != 1) {
		fprintf(stderr, "fuzz: one rule was loaded, %u are there\n", answer.messages);
		tally->failures++;
		return false;
	}
	begin(p, POSTERN_CMD_ENDPOINT_ADD);
	put_good_endpoint(&message);
	if (!accepted(p, POSTERN_CMD_ENDPOINT_ADD, &answer))
		return false;
	begin(p, POSTERN_CMD_POLICY_UNLOAD);
	return accepted(p, POSTERN_CMD_POLICY_UNLOAD, &answer);
}

static void check(bool load)
{
	struct peer p;

	peer_open(&p);
	if (p.fd < 0)
		err(1, "socket");
	check_policy(&p, load);
	peer_close(&p);
	tally->checks++;
}

/* ---- what may be refused */

static uint8_t choose_command(struct random *r, const struct peer *p)
{
	static const uint8_t reads[] = {
		POSTERN_CMD_ZONE_GET, POSTERN_CMD_HOSTS_GET, POSTERN_CMD_RANGES_GET,
		POSTERN_CMD_SERVICE_GET, POSTERN_CMD_RULE_GET, POSTERN_CMD_COUNTER_GET,
		POSTERN_CMD_STATUS_GET, POSTERN_CMD_PINHOLE_GET, POSTERN_CMD_ENDPOINT_GET,
		POSTERN_CMD_LIMIT_GET, POSTERN_CMD_SOURCE_GET, POSTERN_CMD_BAN_GET,
		POSTERN_CMD_INSPECT_GET,
	};
	static const uint8_t sources[] = {
		POSTERN_CMD_SOURCE_ADD, POSTERN_CMD_SOURCE_ADD, POSTERN_CMD_SOURCE_RESET,
		POSTERN_CMD_BAN_ADD, POSTERN_CMD_BAN_ADD, POSTERN_CMD_BAN_DEL,
	};
	static const uint8_t doors[] = {
		POSTERN_CMD_PINHOLE_FLUSH, POSTERN_CMD_ENDPOINT_ADD, POSTERN_CMD_ENDPOINT_ADD,
		POSTERN_CMD_ENDPOINT_FLUSH,
	};
	uint32_t dice = below(r, 100);

	if (dice < 15)
		return reads[below(r, sizeof(reads))];
	if (dice < 21)
		return POSTERN_CMD_EXPLAIN;
	if (dice < 25)
		return doors[below(r, sizeof(doors))];
	if (dice < 28 && one_in(r, 2))
		return sources[below(r, sizeof(sources))];
	if (dice < 28)
		return 1 + below(r, POSTERN_CMD_MAX);
	if (dice < 30)
		return one_in(r, 3) ? POSTERN_CMD_POLICY_CONFIRM : POSTERN_CMD_COUNTER_RESET;
	if (!p->dialogue.txn && p->turned_away && !one_in(r, 20))
		return one_in(r, 4) ? POSTERN_CMD_EXPLAIN : reads[below(r, sizeof(reads))];
	if (!p->dialogue.txn)
		return POSTERN_CMD_POLICY_BEGIN;
	if (dice < 88)
		return POSTERN_CMD_POLICY_ADD;
	if (dice < 96)
		return POSTERN_CMD_POLICY_COMMIT;
	return POSTERN_CMD_POLICY_DISCARD;
}

static void open_fail_nth(void)
{
	if (fail_nth >= 0)
		close(fail_nth);
	fail_nth = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (fail_nth < 0)
		err(4, "/proc/thread-self/fail-nth: no fault injection");
}

static void arm(unsigned int nth)
{
	char text[16];
	int n = snprintf(text, sizeof(text), "%u", nth);

	if (pwrite(fail_nth, text, n, 0) != n)
		err(1, "fail-nth");
}

/* Return: whether an allocation failed since arm(). */
static bool disarm(void)
{
	char text[16] = "";

	if (pread(fail_nth, text, sizeof(text) - 1, 0) < 0)
		err(1, "fail-nth");
	arm(0);
	return atoi(text) == 0;
}

static void note(struct peer *p, struct random *r, int error, const struct answer *answer)
{
	uint8_t cmd = OTHER;

	/* what is no request, netlink acknowledges itself */
	if (message.len >= NLMSG_HDRLEN + GENL_HDRLEN &&
	    message_header(&message)->nlmsg_flags & NLM_F_REQUEST &&
	    message_genl(&message)->cmd <= POSTERN_CMD_MAX)
		cmd = message_genl(&message)->cmd;
	tally->sent[cmd]++;
	if (error) {
		tally->unsent++;
		return;
	}
	if (!answer->acked) {
		tally->silent++;
		return;
	}
	if (verbose)
		fprintf(stderr, "%s: %s %s\n", command_name[cmd], strerror(-answer->error),
			answer->text);
	if (answer->error)
		tally->refused[cmd]++;
	else
		tally->accepted[cmd]++;
	switch (cmd) {
	case POSTERN_CMD_POLICY_BEGIN:
		p->turned_away = answer->error == -EBUSY;
		break;
	case POSTERN_CMD_POLICY_ADD:
		if (!answer->error)
			count_objects(&message, &p->dialogue);
		else if (answer->error == -ENOENT || one_in(r, 2))
			p->dialogue.txn = 0;
		break;
	case POSTERN_CMD_POLICY_COMMIT:
	case POSTERN_CMD_POLICY_DISCARD:
		if (!answer->error || answer->error == -ENOENT || one_in(r, 2))
			p->dialogue.txn = 0;
	}
}

static void send_one(struct peer *p, struct random *r)
{
	uint8_t cmd = choose_command(r, p);
	bool armed = fail_nth >= 0 && one_in(r, 3);
	unsigned int reads = 1000;
	struct answer answer;
	int error;

	begin(p, cmd);
	put_command(&message, r, cmd, &p->dialogue);
	message_end(&message);
	if (one_in(r, 2)) {
		message_spoil(&message, r);
		tally->spoilt++;
	}
	if (one_in(r, 8))
		reads = 1 + below(r, 3);
	/* not those of sendmsg(2) for a long message: it says so in the log */
	if (armed)
		arm((message.len < 3000 ? 1 : 12) + below(r, 60));
	error = peer_exchange(p, &message, reads, &answer);
	if (armed && disarm())
		tally->injected++;
	note(p, r, error, &answer);
}

/* Transactions and policies that end with their namespace. */
static void in_new_namespace(struct random *r)
{
	pid_t child = fork();
	struct peer p;
	int i;

	if (child < 0)
		err(1, "fork");
	if (child) {
		waitpid(child, NULL, 0);
		tally->namespaces++;
		return;
	}
	if (fail_nth >= 0) {
		/* the parent's file would fail the parent's allocations */
		open_fail_nth();
		if (one_in(r, 2))
			arm(1 + below(r, 2000));
	}
	if (unshare(CLONE_NEWNET))
		_exit(0);
	if (fail_nth >= 0)
		arm(0);
	peer_open(&p);
	if (p.fd < 0)
		_exit(0);
	if (one_in(r, 2))
		check_policy(&p, true);
	for (i = below(r, 40); i; i--)
		send_one(&p, r);
	_exit(0);		/* whatever is open */
}

static void work(unsigned long count, uint64_t seed, bool alone)
{
	struct peer peers[PEERS];
	struct random r;
	unsigned long n;
	int i;

	random_seed(&r, seed);
	for (i = 0; i < PEERS; i++)
		peer_open(&peers[i]);
	for (n = 0; tally->spoilt < count && (n % 64 || now() < end); n++) {
		struct peer *p = &peers[below(&r, PEERS)];

		if (p->fd < 0 || one_in(&r, p->unread ? 4 : 60)) {
			peer_close(p);
			peer_open(p);
			tally->closed++;
			if (p->fd >= 0 && one_in(&r, 10))
				setsockopt(p->fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP,
					   &events_group, sizeof(events_group));
			if (p->fd < 0)
				continue;
		}
		/* another socket's transaction */
		if (one_in(&r, 200))
			p->dialogue = peers[below(&r, PEERS)].dialogue;
		send_one(p, &r);
		if (one_in(&r, 3000))
			in_new_namespace(&r);
		if (alone && n % CHECK_EVERY == CHECK_EVERY - 1) {
			for (i = 0; i < PEERS; i++)
				peer_close(&peers[i]);
			check(n / CHECK_EVERY % 10 == 0);
		}
	}
}

/* ---- processes */

static void run_worker(int i, unsigned long count, uint64_t seed, bool alone, bool faults)
{
	/* the first two share a namespace, so that they get into each other's way */
	if (i >= 2 && unshare(CLONE_NEWNET))
		err(1, "unshare");
	if (faults)
		open_fail_nth();
	work(count, seed + i, alone);
	exit(0);
}

static void add_up(struct tally *sum, const struct tally *one)
{
	unsigned long *to = (unsigned long *)sum;
	const unsigned long *from = (const unsigned long *)one;
	size_t i;

	for (i = 0; i < sizeof(*sum) / sizeof(*to); i++)
		to[i] += from[i];
}

/* Return: whether each command was both accepted and refused. */
static bool print_summary(const struct tally *t, double seconds)
{
	unsigned long sent = 0, accepted = 0, refused = 0;
	bool complete = true;
	int cmd;

	printf("%-16s %10s %10s %10s\n", "command", "sent", "accepted", "refused");
	for (cmd = 0; cmd <= POSTERN_CMD_MAX; cmd++) {
		printf("%-16s %10lu %10lu %10lu\n", command_name[cmd], t->sent[cmd],
		       t->accepted[cmd], t->refused[cmd]);
		sent += t->sent[cmd];
		accepted += t->accepted[cmd];
		refused += t->refused[cmd];
		/* nobody may send events */
		if (cmd != OTHER && (!t->refused[cmd] ||
				     !t->accepted[cmd] != (cmd == POSTERN_CMD_EVENT)))
			complete = false;
	}
	printf("%lu messages in %.1f s, %.0f/s; %lu of them mutilated\n", sent, seconds,
	       sent / seconds, t->spoilt);
	printf("%lu accepted, %lu refused, %lu without an answer, %lu not sent\n", accepted,
	       refused, t->silent, t->unsent);
	printf("%lu allocations failed, %lu sockets closed, %lu namespaces, %lu checks, %lu failures\n",
	       t->injected, t->closed, t->namespaces, t->checks, t->failures);
	return complete;
}

int main(int argc, char **argv)
{
	unsigned long count = 10000;
	uint64_t seed = time(NULL);
	int processes = 1, status, bad = 0, opt, i;
	bool faults = false, complete;
	struct tally *tallies, sum = { };
	double start;

	while ((opt = getopt(argc, argv, "n:t:s:j:fv")) != -1) {
		switch (opt) {
		case 'n':
			count = strtoul(optarg, NULL, 0);
			break;
		case 't':
			end = now() + strtoul(optarg, NULL, 0);
			break;
		case 's':
			seed = strtoull(optarg, NULL, 0);
			break;
		case 'j':
			processes = atoi(optarg);
			break;
		case 'f':
			faults = true;
			break;
		case 'v':
			verbose = true;
			break;
		default:
			errx(2, "usage: fuzz [-n COUNT] [-t SECONDS] [-s SEED] [-j PROCESSES] [-f] [-v]");
		}
	}
	if (processes < 1 || processes > PROCESSES_MAX)
		errx(2, "1 to %d processes", PROCESSES_MAX);
	family = find_family(&events_group);
	printf("seed %llu\n", (unsigned long long)seed);
	fflush(stdout);
	tallies = mmap(NULL, sizeof(*tallies) * (processes + 1), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (tallies == MAP_FAILED)
		err(1, "mmap");

	start = now();
	for (i = 0; i < processes; i++) {
		tally = &tallies[i];
		switch (fork()) {
		case -1:
			err(1, "fork");
		case 0:
			run_worker(i, count / processes, seed, processes == 1, faults);
		}
	}
	while (wait(&status) > 0)
		if (!WIFEXITED(status) || WEXITSTATUS(status))
			bad = WIFEXITED(status) ? WEXITSTATUS(status) : 1;
	if (bad)
		errx(bad, "a process ended badly");
	tally = &tallies[processes];
	check(true);

	for (i = 0; i <= processes; i++)
		add_up(&sum, &tallies[i]);
	complete = print_summary(&sum, now() - start);
	if (sum.spoilt >= 10000 && !complete) {
		fprintf(stderr, "fuzz: a command was never accepted, or never refused\n");
		return 1;
	}
	return sum.failures ? 1 : 0;
}
