// SPDX-License-Identifier: GPL-2.0
/*
 * dialogue: conversations from standard input, and what became of each, for
 * differential.py.
 *
 *	rules DENIED SIZE RECIPIENTS MESSAGES LINE RCPTS MSGS STEP [DOMAIN...]
 *	> 45484c4f...		from the client; cut into STEP, STEP + 1, ... bytes
 *	< 3235302d...		from the server
 *	.			and out comes: refusals, the state, and a dot
 */
#include "recorder.h"

static struct recorder r;
static struct pn_smtp_rules rules;
static char names[4096];
static u32 at[64];
static u32 step;

static void read_rules(const char *line)
{
	unsigned long long denied, size;
	u32 rcpts, msgs, n = 0;
	int used = 0;

	memset(&rules, 0, sizeof(rules));
	assert(sscanf(line, "rules %llx %llu %u %u %u %u %u %u%n", &denied, &size,
		      &rules.recipients, &rules.messages, &rules.line, &rcpts, &msgs, &step,
		      &used) == 8);
	rules.denied = denied;
	rules.size = size;
	for (line += used; *line == ' '; line += used) {
		at[rules.relay.nr++] = n;
		assert(sscanf(line, " %255s%n", names + n, &used) == 1);
		n += strlen(names + n) + 1;
	}
	rules.relay.at = at;
	rules.relay.names = names;
	recorder_init(&r, &rules);
	r.allowed[PN_SMTP_RECIPIENT] = rcpts;
	r.allowed[PN_SMTP_MESSAGE] = msgs;
}

static void feed(enum pn_smtp_way way, const char *hex)
{
	static u8 bytes[1 << 16];
	u32 len = 0, done = 0, i = step;
	unsigned int byte;

	for (; sscanf(hex, "%2x", &byte) == 1; hex += 2)
		bytes[len++] = byte;
	while (done < len) {
		u32 n = step ? min(i++ % 41 + 1, len - done) : len - done;

		recorder_feed(&r, way, bytes + done, n);
		done += n;
	}
}

int main(void)
{
	const struct pn_smtp *s = &r.s;
	char *line = NULL;
	size_t cap = 0;

	while (getline(&line, &cap, stdin) > 0) {
		if (line[0] == 'r')
			read_rules(line);
		else if (line[0] == '>' || line[0] == '<')
			feed(line[0] == '<' ? PN_SMTP_SERVER : PN_SMTP_CLIENT, line + 2);
		else
			printf("%sstate %u %u %u %llu %u %u %u %u %u %u %u\n.\n", r.text,
			       pn_smtp_opaque(s), s->queue.length, s->total.recipients,
			       (unsigned long long)s->total.octets, s->messages, s->unknown,
			       s->bare_lf, s->pregreet, s->chunking,
			       pn_smtp_in_command(s),
			       pn_smtp_skippable(s, PN_SMTP_CLIENT));
	}
	free(line);
	return 0;
}
