// SPDX-License-Identifier: GPL-2.0
/* postern - the administrator's tool: an index of its commands. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "out.h"

const struct command commands[] = {
	{ .name = "load",
	  .run = cmd_load,
	  .usage = "[OPTIONS] FILE|-",
	  .summary = "put a policy in force, all of it or nothing",
	  .detail = "Reads the policy from FILE or standard input and hands it to the kernel. If "
		    "anything is wrong,\nthe policy that is in force stays.",
	  .words = "FILE",
	  .options = { { "confirm", "SECONDS",
			 "go back by itself unless 'postern confirm' comes in time" },
		       { "keep-flows", NULL, "leave flows that the new policy denies" },
		       { "dry-run", NULL, "let the kernel check everything, then throw it away" } },
	  .min = 1,
	  .max = 1 },
	{ .name = "check",
	  .run = cmd_check,
	  .usage = "[--config] FILE|-",
	  .summary = "read a policy and say what is wrong with it",
	  .detail = "Needs neither root nor the module.",
	  .words = "FILE",
	  .options = { { "config", NULL, "print it as 'postern show --config' would" } },
	  .min = 1,
	  .max = 1 },
	{ .name = "show",
	  .run = cmd_show,
	  .usage = "[policy|rules|zones|hosts|services|limits|inspects|interfaces] [--config]",
	  .summary = "what is in force",
	  .detail =
		  "Without a word it is 'postern status'. 'postern show interfaces' lists the RPC "
		  "interfaces that have\na name, and needs neither root nor the module.",
	  .words = "policy rules zones hosts services limits inspects interfaces",
	  .options = { { "config", NULL,
			 "as text that 'postern load' understands, from the kernel's own data" } },
	  .max = 1 },
	{ .name = "status",
	  .run = cmd_status,
	  .usage = "",
	  .summary = "the state in a few lines, and what deserves a look" },
	{ .name = "stats",
	  .run = cmd_stats,
	  .usage = "[--all]",
	  .summary = "counters, and the reasons of every drop",
	  .options = { { "all", NULL, "also what is 0" } } },
	{ .name = "reset",
	  .run = cmd_reset,
	  .usage = "[sources [ADDR]] [--limit NAME]",
	  .summary = "set every counter to 0; or forget sources",
	  .detail = "Without a word it is about counters. 'reset sources' forgets who was known to "
		    "limits, refused or\nbanned by them; connections that are open still count.",
	  .words = "sources",
	  .options = { { "limit", "NAME", "only sources of this limit" } },
	  .max = 2 },
	{ .name = "explain",
	  .run = cmd_explain,
	  .usage = "SRC DST PROTO [PORT] [--from ZONE] [--to ZONE]",
	  .summary = "which rule or reason decides, and where it is written",
	  .detail = "Asks the kernel's own classifier; no packet is sent. PORT is the destination "
		    "port, or for icmp and\nicmpv6 TYPE or TYPE/CODE.",
	  .options = { { "from", "ZONE", "the zone that the packet comes from" },
		       { "to", "ZONE", "the zone that it goes to" } },
	  .min = 3,
	  .max = 4 },
	{ .name = "monitor",
	  .run = cmd_monitor,
	  .usage = "",
	  .summary = "drops, pinholes and policy changes as they happen, one line each" },
	{ .name = "pinholes",
	  .run = cmd_pinholes,
	  .usage = "[list|flush] [--client A] [--server A] [--interface I]",
	  .summary = "RPC ports that are open, for whom and for what; or close them",
	  .detail =
		  "I is a name of 'postern show interfaces' or a UUID. Of a server with several "
		  "addresses the first one\nstands for all. Connections that go through a pinhole "
		  "are not cut by 'flush'.",
	  .words = "list flush",
	  .options = { { "client", "A", "only those of this client" },
		       { "server", "A", "only those to this server" },
		       { "interface", "I", "only those for this interface" } },
	  .max = 1 },
	{ .name = "endpoints",
	  .run = cmd_endpoints,
	  .usage = "[list|flush] [--server A] [--interface I]",
	  .summary = "RPC ports that are known of servers, whoever asked; or forget them",
	  .words = "list flush",
	  .options = { { "server", "A", "only those of this server" },
		       { "interface", "I", "only those of this interface" } },
	  .max = 1 },
	{ .name = "learn",
	  .run = cmd_learn,
	  .usage = "[--file FILE] SERVER...",
	  .summary = "ask servers' endpoint mappers, so that clients need not have asked",
	  .detail =
		  "Asks TCP 135 of each SERVER (an address) for the interfaces of the policy in "
		  "force, and hands the\nanswers to the kernel. Exit status 1: one did not answer.",
	  .options = { { "file", "FILE", "servers, one a line; # begins a comment" } },
	  .max = 4096 },
	{ .name = "sources",
	  .run = cmd_sources,
	  .usage = "[list|show ADDR] [--limit NAME] [--top N]",
	  .summary = "who connects under the limits: known, open, refused, banned",
	  .detail = "The banned come first, then who was refused most, then who has most open. "
		    "'show' tells all that\nis known of one address, its network and bans "
		    "included.",
	  .words = "list show",
	  .options = { { "limit", "NAME", "only those of this limit" },
		       { "top", "N", "only the first N" } },
	  .max = 2 },
	{ .name = "ban",
	  .run = cmd_ban,
	  .usage =
		  "add|del|list [PREFIX...] [--file FILE|-] [--for TIME] [--comment TEXT] [--force]",
	  .summary = "prefixes whose addresses may begin nothing, under any policy",
	  .detail =
		  "'add' takes all or none, however many, and ends the flows that they began. What "
		  "is banned already\ngets the new end. A ban ends with the module, unless it is "
		  "saved and restored.",
	  .words = "add del list",
	  .options = { { "file", "FILE", "prefixes, one a line; # begins a comment" },
		       { "for", "TIME", "like 90s, 30m, 1h or 7d; else for good" },
		       { "comment", "TEXT", "who set it, and why" },
		       { "force", NULL, "even if it is your own SSH connection" } },
	  .min = 1,
	  .max = 65536 },
	{ .name = "save",
	  .run = cmd_save,
	  .usage = "[FILE|-]",
	  .summary = "write known senders and bans to a file, for 'postern restore'",
	  .detail = "Without FILE it is /var/lib/postern/known, which the service writes when it "
		    "stops.",
	  .words = "FILE",
	  .max = 1 },
	{ .name = "restore",
	  .run = cmd_restore,
	  .usage = "[FILE|-]",
	  .summary = "read what 'postern save' wrote, after the policy is loaded",
	  .detail = "Bans go on for what is left of them. Senders of limits that are not in force "
		    "are left out.",
	  .words = "FILE",
	  .max = 1 },
	{ .name = "confirm",
	  .run = cmd_confirm,
	  .usage = "",
	  .summary = "keep the policy that was loaded with --confirm" },
	{ .name = "unload",
	  .run = cmd_unload,
	  .usage = "[--open]",
	  .summary = "take the policy out of force",
	  .detail = "Under lockdown nothing is forwarded afterwards, unless --open is given.",
	  .options = { { "open", NULL, "forward freely afterwards" } } },
	{ .name = "version",
	  .run = cmd_version,
	  .usage = "",
	  .summary = "of the tool, the module and the interface between them" },
	{ .name = "help",
	  .run = cmd_help,
	  .usage = "[COMMAND]",
	  .summary = "this, or what is to know about one command",
	  .max = 1 },
	{ .name = "completion",
	  .run = cmd_completion,
	  .usage = "bash|zsh",
	  .summary = "print the completion script for a shell",
	  .words = "bash zsh",
	  .min = 1,
	  .max = 1 },
};

const int nr_commands = sizeof(commands) / sizeof(*commands);

void complain(const char *fmt, ...)
{
	bool color = out_stderr_color();
	va_list ap;

	fputs(color ? "\033[1;31mpostern:\033[0m " : "postern: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

int main(int argc, char **argv)
{
	struct args args;
	enum status status;

	status = args_parse(argc, argv, &args);
	if (!args.cmd)
		return status;
	status = args.cmd->run(&args);
	out_flush(false);
	if (ferror(stdout) || fclose(stdout)) {
		complain("cannot write the output.");
		return STATUS_USAGE;
	}
	return status;
}
