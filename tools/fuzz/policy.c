// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzzer of the policy language: any text is either refused with errors, or becomes
 * a model whose canonical text is right, and its own canonical text.
 *
 * With clang's libFuzzer (make fuzz), or as a plain program that runs the files it
 * is given (make fuzz-corpus).
 */
#include <stdlib.h>
#include <string.h>

#include "../policy/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *canonical(const struct policy *p, size_t *len)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, len);

	if (!f)
		abort();
	print_policy(f, p);
	fclose(f);
	return text;
}

/* The printer of errors reads every place that an error names. */
static void print_diags(const struct policy *p)
{
	static FILE *null;
	struct diag *d;

	if (!null)
		null = fopen("/dev/null", "w");
	vec_for_each(d, &p->diags.list)
		diag_print(null, d, p->sources.v[d->loc.source], true);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct policy *p = policy_new(), *again;
	char *text, *text_again;
	size_t len, len_again;

	policy_read_text(p, "fuzz", (const char *)data, size);
	print_diags(p);
	if (!p->diags.nr_errors) {
		text = canonical(p, &len);
		again = policy_new();
		policy_read_text(again, "again", text, len);
		if (again->diags.nr_errors) {
			print_diags(again);
			abort();
		}
		text_again = canonical(again, &len_again);
		if (len != len_again || memcmp(text, text_again, len))
			abort();
		free(text);
		free(text_again);
		policy_free(again);
	}
	policy_free(p);
	return 0;
}

#ifdef FUZZ_MAIN
int main(int argc, char **argv)
{
	struct source src;
	const char *why;
	int i;

	for (i = 1; i < argc; i++) {
		memset(&src, 0, sizeof(src));
		if (!source_read(&src, argv[i], &why)) {
			fprintf(stderr, "%s: %s\n", argv[i], why);
			return 1;
		}
		LLVMFuzzerTestOneInput((const uint8_t *)src.text, src.len);
		source_release(&src);
	}
	printf("%d files\n", argc - 1);
	return 0;
}
#endif
