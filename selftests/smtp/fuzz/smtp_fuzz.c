// SPDX-License-Identifier: GPL-2.0
/*
 * A conversation. The first byte: how to cut it; the second: which rules there are.
 * However it is cut, it means the same; and what a refusal says holds.
 */
#include "pieces.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static const char names[] = ".acme.fr\0acme.com";
static const u32 at[] = { 0, 9 };

static void check_state(const struct pn_smtp *s)
{
	u32 i, resets = 0;

	assert(s->queue.length <= PN_SMTP_QUEUE && s->queue.first < PN_SMTP_QUEUE);
	for (i = 0; i < s->queue.length; i++) {
		u32 j = (s->queue.first + i) % PN_SMTP_QUEUE;
		u8 kind = s->queue.kinds[j / 2] >> j % 2 * 4 & 0xf;

		assert(kind <= PN_SMTP_TURN);
		resets += kind == PN_SMTP_RESET || kind == PN_SMTP_HELLO;
	}
	assert(s->queue.resets == resets);
	/* a barrier stands behind something, or nobody could ever pass it */
	assert(!s->barrier || s->queue.length || pn_smtp_opaque(s));
	assert(s->since.recipients <= s->total.recipients);
	assert(s->since.octets <= s->total.octets);
	assert(s->left <= PN_SMTP_CHUNK_MAX);
	assert(s->command.path.len <= PN_SMTP_DOMAIN_MAX);
	assert(s->command.verb < PN_VERBS);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct pn_smtp_rules rules = { };

	if (size < 2)
		return 0;
	if (data[1] & 1)
		rules.denied = BIT_ULL(PN_VERB_VRFY) | BIT_ULL(PN_VERB_EXPN);
	if (data[1] & 2)
		rules.size = 100;
	if (data[1] & 4)
		rules.recipients = 2;
	if (data[1] & 8)
		rules.messages = 2;
	if (data[1] & 16)
		rules.relay = (struct pn_smtp_relay){ 2, at, names };
	if (data[1] & 32)
		rules.line = 64;
	if (data[1] & 64)
		rules.denied |= BIT_ULL(PN_VERB_UNKNOWN);
	recorder_init(&whole, &rules);
	recorder_init(&cut, &rules);
	if (data[1] & 128) {
		whole.allowed[PN_SMTP_RECIPIENT] = cut.allowed[PN_SMTP_RECIPIENT] = 3;
		whole.allowed[PN_SMTP_MESSAGE] = cut.allowed[PN_SMTP_MESSAGE] = 1;
	}
	feed_pieces(&whole, data + 2, size - 2, 0);
	feed_pieces(&cut, data + 2, size - 2, 1 + data[0]);
	assert(whole.len == cut.len && !memcmp(whole.text, cut.text, whole.len));
	assert(!memcmp(&whole.s, &cut.s, sizeof(whole.s)));
	assert(!memcmp(whole.fed, cut.fed, sizeof(whole.fed)));
	check_state(&whole.s);
	return 0;
}
