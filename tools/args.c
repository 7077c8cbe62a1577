// SPDX-License-Identifier: GPL-2.0
/* The command line, read by the table of commands. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "out.h"
#include "policy/words.h"

const char *args_get(const struct args *args, const char *option)
{
	int i;

	for (i = 0; i < CMD_OPTIONS_MAX && args->cmd->options[i].name; i++)
		if (!strcmp(args->cmd->options[i].name, option))
			return args->values[i];
	return NULL;
}

static const struct command *find(const char *name)
{
	int i;

	for (i = 0; i < nr_commands; i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

static void unknown_command(const char *name)
{
	struct nearest near;
	int i;

	nearest_init(&near, name);
	for (i = 0; i < nr_commands; i++)
		nearest_try(&near, commands[i].name);
	if (near.best)
		complain("there is no command '%s'; did you mean '%s'?", name, near.best);
	else
		complain("there is no command '%s'; see 'postern help'.", name);
}

enum parsed {
	PARSED,
	NOT_AN_OPTION,
	BAD_OPTION,
	HELP,
};

static bool is_when(const char *word)
{
	return !strcmp(word, "auto") || !strcmp(word, "always") || !strcmp(word, "never");
}

/* "--name", "--name=value" or "--name value"; advances *i over a value of its own. */
static enum parsed parse_option(struct args *args, int argc, char **argv, int *i)
{
	const char *word = argv[*i], *eq = strchr(word, '='), *value = eq ? eq + 1 : NULL;
	size_t len = eq ? (size_t)(eq - word) : strlen(word);
	const struct cmd_option *o;
	int k;

	if (!strcmp(word, "-h") || !strcmp(word, "--help"))
		return HELP;
	if (!strcmp(word, "-j") || !strcmp(word, "--json")) {
		out_set_json();
		return PARSED;
	}
	if (len == 7 && !strncmp(word, "--color", 7)) {
		if (!value && *i + 1 < argc && is_when(argv[*i + 1]))
			value = argv[++*i];
		if (!value)
			value = "always";
		if (out_set_color(value))
			return PARSED;
		complain("--color is auto, always or never.");
		return BAD_OPTION;
	}
	for (k = 0; args->cmd && k < CMD_OPTIONS_MAX && args->cmd->options[k].name; k++) {
		o = &args->cmd->options[k];
		if (len != strlen(o->name) + 2 || strncmp(word + 2, o->name, len - 2))
			continue;
		if (!o->arg && value) {
			complain("--%s takes no value.", o->name);
			return BAD_OPTION;
		}
		if (o->arg && !value) {
			if (*i + 1 >= argc) {
				complain("--%s needs %s.", o->name, o->arg);
				return BAD_OPTION;
			}
			value = argv[++*i];
		}
		args->values[k] = value ? value : "";
		return PARSED;
	}
	if (args->cmd)
		complain("'%s' has no option '%.*s'; see 'postern help %s'.", args->cmd->name,
			 (int)len, word, args->cmd->name);
	else
		complain("there is no option '%.*s'; see 'postern help'.", (int)len, word);
	return BAD_OPTION;
}

/* Options and words in any order; the words end up together at the front. */
enum status args_parse(int argc, char **argv, struct args *args)
{
	bool only_words = false, help = false;
	int i;

	memset(args, 0, sizeof(*args));
	args->words = argv;
	for (i = 1; i < argc; i++) {
		if (!only_words && !strcmp(argv[i], "--")) {
			only_words = true;
			continue;
		}
		if (!only_words && argv[i][0] == '-' && argv[i][1]) {
			switch (parse_option(args, argc, argv, &i)) {
			case HELP:
				help = true;
				continue;
			case PARSED:
				continue;
			default:
				args->cmd = NULL;
				return STATUS_USAGE;
			}
		}
		if (args->cmd) {
			args->words[args->nr++] = argv[i];
			continue;
		}
		args->cmd = find(argv[i]);
		if (!args->cmd) {
			unknown_command(argv[i]);
			return STATUS_USAGE;
		}
	}
	if (help) {
		if (args->cmd)
			args->words[0] = (char *)args->cmd->name;
		args->nr = args->cmd ? 1 : 0;
		args->cmd = find("help");
		return STATUS_OK;
	}
	if (!args->cmd)
		args->cmd = find("show");
	if (args->nr < args->cmd->min || args->nr > args->cmd->max) {
		complain("usage: postern %s %s", args->cmd->name, args->cmd->usage);
		args->cmd = NULL;
		return STATUS_USAGE;
	}
	return STATUS_OK;
}
