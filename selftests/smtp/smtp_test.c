// SPDX-License-Identifier: GPL-2.0
/*
 * SMTP conversations: what has to work, and what each check refuses. mutants says for
 * most tests which line of the parser it is that they watch.
 *
 * smtp_test [NAME...]
 */
#include "talk.h"

/* of the shim, for test.h: nothing here allocates, or needs chance */
u64 shim_seed;
long shim_live;

#include "command_tests.h"
#include "text_tests.h"
#include "limit_tests.h"
#include "answer_tests.h"

#define TEST(name)	{ #name, name }
static const struct test tests[] = {
	TEST(verbs_denied),
	TEST(verb_refused_at),
	TEST(verbs_unknown),
	TEST(lines_long),
	TEST(control_bytes),
	TEST(bare_lf_commands),
	TEST(pipelining),
	TEST(pregreet),
	TEST(in_command),
	TEST(text_ends),
	TEST(smuggling),
	TEST(bare_lf_text),
	TEST(text_random),
	TEST(text_lines),
	TEST(answered_early),
	TEST(chunks),
	TEST(chunks_odd),
	TEST(chunking_announced),
	TEST(size_announced),
	TEST(size_sent),
	TEST(size_chunked),
	TEST(recipients),
	TEST(recipients_go_on),
	TEST(messages),
	TEST(rates),
	TEST(relay),
	TEST(relay_bounds),
	TEST(starttls),
	TEST(starttls_injection),
	TEST(auth),
	TEST(auth_pipelined),
	TEST(turned),
	TEST(intermediate),
	TEST(multiline),
	TEST(replies_bad),
	TEST(replies_unasked),
};

int main(int argc, char **argv)
{
	int status = run_chosen(tests, ARRAY_SIZE(tests), 1, argv + 1);

	(void)argc;
	keep_spoken();
	return status;
}
