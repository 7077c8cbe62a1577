// SPDX-License-Identifier: GPL-2.0
/*
 * A fuzzer's inputs, from files of hexadecimal lines, without a fuzzer: FILE...
 */
#include <libgen.h>

#include "conversation.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int main(int argc, char **argv)
{
	char *line = NULL;
	size_t cap = 0;
	int i;

	printf("TAP version 13\n1..%d\n", argc - 1);
	for (i = 1; i < argc; i++) {
		FILE *f = fopen(argv[i], "r");
		unsigned long nr = 0;

		if (!f) {
			perror(argv[i]);
			return 2;
		}
		while (getline(&line, &cap, f) > 0) {
			u8 *data;
			u32 len;

			if (line[0] == '#')
				continue;
			data = unhex(line, &len);
			/* a fault ends it here: that is the result */
			LLVMFuzzerTestOneInput(data, len);
			free(data);
			nr++;
		}
		fclose(f);
		printf("# %lu inputs\n%s %d %s\n", nr, nr ? "ok" : "not ok", i, basename(argv[i]));
		if (!nr)
			return 1;
	}
	free(line);
	return 0;
}
