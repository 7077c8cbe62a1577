/* SPDX-License-Identifier: GPL-2.0 */
/* Commands: the table, their arguments, their exit status. */
#ifndef CMD_H
#define CMD_H

#include <stdbool.h>

enum status {
	STATUS_OK,
	STATUS_USAGE, /* or a bad policy */
	STATUS_REFUSED, /* by the kernel */
	STATUS_ABSENT, /* no module, or no permission */
};

struct cmd_option {
	const char *name;
	const char *arg; /* NULL: takes none */
	const char *help;
};

#define CMD_OPTIONS_MAX 4

struct args {
	const struct command *cmd;
	const char *values[CMD_OPTIONS_MAX]; /* "" for an option without argument */
	int nr;
	char **words;
};

struct command {
	const char *name;
	enum status (*run)(const struct args *args);
	const char *usage; /* what follows the name */
	const char *summary;
	const char *detail;
	const char *words; /* that may follow, for completion; FILE is a file name */
	struct cmd_option options[CMD_OPTIONS_MAX];
	int min, max; /* words after the options */
};

extern const struct command commands[];
extern const int nr_commands;

/* A NULL command: it was wrong, and was told. */
enum status args_parse(int argc, char **argv, struct args *args);

/* The value of an option, NULL if it was not given. */
const char *args_get(const struct args *args, const char *option);

enum status cmd_load(const struct args *args);
enum status cmd_check(const struct args *args);
enum status cmd_show(const struct args *args);
enum status cmd_status(const struct args *args);
enum status cmd_stats(const struct args *args);
enum status cmd_reset(const struct args *args);
enum status cmd_explain(const struct args *args);
enum status cmd_pinholes(const struct args *args);
enum status cmd_endpoints(const struct args *args);
enum status cmd_learn(const struct args *args);
enum status cmd_sources(const struct args *args);
enum status cmd_ban(const struct args *args);
enum status cmd_save(const struct args *args);
enum status cmd_restore(const struct args *args);
enum status cmd_monitor(const struct args *args);
enum status cmd_confirm(const struct args *args);
enum status cmd_unload(const struct args *args);
enum status cmd_version(const struct args *args);
enum status cmd_help(const struct args *args);
enum status cmd_completion(const struct args *args);

/* One line on stderr, "postern: ...". */
void complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

struct policy;

/* Prints what was said about the policy; the status that follows from it. */
enum status report_diags(const struct policy *p);

/* "2 zones, 5 sets of hosts, ..., 8 rules", and what the user calls the policy. */
void report_counts(const struct policy *p);
const char *policy_title(const struct policy *p);

/* The whole policy as text that can be loaded. */
void report_config(const struct policy *p);

#endif
