// SPDX-License-Identifier: GPL-2.0
/* Completion scripts, from the table of commands. */
#include <stdio.h>
#include <string.h>

#include "../cmd.h"

static void print_names(void)
{
	int i;

	for (i = 0; i < nr_commands; i++)
		printf("%s%s", i ? " " : "", commands[i].name);
}

static void print_options(const struct command *c)
{
	int i;

	for (i = 0; i < CMD_OPTIONS_MAX && c->options[i].name; i++)
		printf("--%s ", c->options[i].name);
	printf("--json --color --help");
}

static void bash(void)
{
	const struct command *c;

	printf("# bash completion for postern, made by 'postern completion bash'\n"
	       "_postern()\n{\n"
	       "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
	       "\tlocal cmd='' options='--json --color --help' words='' i\n"
	       "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	       "\t\tif [[ ${COMP_WORDS[i]} != -* ]]; then\n"
	       "\t\t\tcmd=${COMP_WORDS[i]}\n\t\t\tbreak\n\t\tfi\n\tdone\n"
	       "\tcase $cmd in\n\t'') words='");
	print_names();
	printf("' ;;\n");
	for (c = commands; c < commands + nr_commands; c++) {
		printf("\t%s) options='", c->name);
		print_options(c);
		printf("'");
		if (!strcmp(c->name, "help")) {
			printf(" words='");
			print_names();
			printf("'");
		} else if (c->words) {
			printf(" words='%s'", c->words);
		}
		printf(" ;;\n");
	}
	printf("\tesac\n"
	       "\tif [[ $prev == --color ]]; then\n"
	       "\t\tmapfile -t COMPREPLY < <(compgen -W 'auto always never' -- \"$cur\")\n"
	       "\telif [[ $prev == --file ]]; then\n"
	       "\t\tcompopt -o filenames 2>/dev/null\n"
	       "\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
	       "\telif [[ $cur == -* ]]; then\n"
	       "\t\tmapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$cur\")\n"
	       "\telif [[ $words == FILE ]]; then\n"
	       "\t\tcompopt -o filenames 2>/dev/null\n"
	       "\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
	       "\telse\n"
	       "\t\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
	       "\tfi\n}\ncomplete -F _postern postern\n");
}

/* In single quotes, and with what _arguments reads as its own taken out. */
static void print_quoted(const char *text)
{
	for (; *text; text++) {
		if (*text == '\'')
			printf("'\\''");
		else if (strchr("[]:\\", *text))
			printf("\\%c", *text);
		else
			putchar(*text);
	}
}

static void zsh_command(const struct command *c)
{
	const struct cmd_option *o;

	printf("\t%s)\n\t\t_arguments", c->name);
	for (o = c->options; o < c->options + CMD_OPTIONS_MAX && o->name; o++) {
		printf(" \\\n\t\t\t'--%s[", o->name);
		print_quoted(o->help);
		if (o->arg)
			printf("]:%s:%s'", o->arg, strcmp(o->name, "file") ? "" : "_files");
		else
			printf("]'");
	}
	printf(" \\\n\t\t\t'--json[print JSON]' '--color[when to colour]:when:(auto always never)'"
	       " '--help[about the command]'");
	if (!strcmp(c->name, "help")) {
		printf(" \\\n\t\t\t'1:command:(");
		print_names();
		printf(")'");
	} else if (c->words && !strcmp(c->words, "FILE")) {
		printf(" \\\n\t\t\t'1:file:_files'");
	} else if (c->words) {
		printf(" \\\n\t\t\t'1:what:(%s)'", c->words);
	}
	printf(" ;;\n");
}

static void zsh(void)
{
	const struct command *c;

	printf("#compdef postern\n# zsh completion, made by 'postern completion zsh'\n"
	       "_postern()\n{\n\tlocal context state line\n\tlocal -a commands\n\tcommands=(\n");
	for (c = commands; c < commands + nr_commands; c++) {
		printf("\t\t'%s:", c->name);
		print_quoted(c->summary);
		printf("'\n");
	}
	printf("\t)\n\t_arguments -C '--json[print JSON]' '--help[about the commands]' "
	       "'1: :->command' '*:: :->argument'\n"
	       "\tcase $state in\n\tcommand) _describe command commands; return ;;\n\tesac\n"
	       "\tcase $words[1] in\n");
	for (c = commands; c < commands + nr_commands; c++)
		zsh_command(c);
	printf("\tesac\n}\n_postern \"$@\"\n");
}

enum status cmd_completion(const struct args *args)
{
	if (!strcmp(args->words[0], "bash")) {
		bash();
	} else if (!strcmp(args->words[0], "zsh")) {
		zsh();
	} else {
		complain("completion is for bash or zsh.");
		return STATUS_USAGE;
	}
	return STATUS_OK;
}
