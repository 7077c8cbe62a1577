// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <string.h>

#include "../cmd.h"
#include "../out.h"

static void help_all(void)
{
	int i;

	printf("usage: postern [--json] [--color=auto|always|never] COMMAND ...\n\n");
	for (i = 0; i < nr_commands; i++)
		printf("  %-11s %s\n", commands[i].name, commands[i].summary);
	printf("\n'postern help COMMAND' says more. Exit status: 0 good, 1 usage or a bad policy,\n"
	       "2 refused by the kernel, 3 module not loaded or no permission.\n");
}

static void help_one(const struct command *c)
{
	const struct cmd_option *o;
	char left[64];
	int i;

	printf("usage: postern %s%s%s\n\n", c->name, *c->usage ? " " : "", c->usage);
	printf("%s: %s.\n", c->name, c->summary);
	if (c->detail)
		printf("\n%s\n", c->detail);
	printf("\n");
	for (i = 0; i < CMD_OPTIONS_MAX && c->options[i].name; i++) {
		o = &c->options[i];
		snprintf(left, sizeof(left), "--%s%s%s", o->name, o->arg ? " " : "",
			 o->arg ? o->arg : "");
		printf("  %-18s %s\n", left, o->help);
	}
	printf("  %-18s print JSON\n", "--json");
	printf("  %-18s auto, always or never\n", "--color=WHEN");
}

enum status cmd_help(const struct args *args)
{
	int i;

	if (!args->nr) {
		help_all();
		return STATUS_OK;
	}
	for (i = 0; i < nr_commands; i++) {
		if (!strcmp(commands[i].name, args->words[0])) {
			help_one(&commands[i]);
			return STATUS_OK;
		}
	}
	complain("there is no command '%s'; see 'postern help'.", args->words[0]);
	return STATUS_USAGE;
}
