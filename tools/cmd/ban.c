// SPDX-License-Identifier: GPL-2.0
/* Bans by prefix: of people, and of programs that watch logs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../cmd.h"
#include "../known.h"
#include "../lines.h"
#include "../out.h"
#include "../policy/words.h"
#include "../ssh.h"

#define SHORTEST_MS 1000
#define LONGEST_MS (10ULL * 365 * 86400 * 1000)

/* What the words and the file name, and whom it must not hit. */
struct whom {
	struct prefixes prefixes;
	bool spares;
	struct postern_prefix spared;
	struct range client;
};

static enum status usage(const struct args *args)
{
	complain("usage: postern %s %s", args->cmd->name, args->cmd->usage);
	return STATUS_USAGE;
}

/* False: @why says what is wrong with it. */
static bool want(struct whom *w, const char *text, size_t len, char why[ADDRESS_ERROR_MAX])
{
	char self[RANGE_TEXT_MAX];
	struct postern_prefix p;

	if (!prefix_parse(text, len, &p, why))
		return false;
	if (w->spares && prefix_has(&p, &w->spared)) {
		address_print(&w->client, self);
		snprintf(why, ADDRESS_ERROR_MAX,
			 "'%.*s' would ban your own SSH connection, from %s; --force does it all the same.",
			 len > 64 ? 64 : (int)len, text, self);
		return false;
	}
	prefixes_add(&w->prefixes, &p);
	return true;
}

static enum status read_file(struct whom *w, const char *path)
{
	char why[ADDRESS_ERROR_MAX];
	struct word word;
	struct lines l;

	if (!lines_open(&l, path))
		return STATUS_USAGE;
	while (lines_next(&l, "#;")) {
		word = lines_word(&l);
		if (!want(w, word.text, word.len, why))
			lines_error(&l, word, "%s", why);
		word = lines_rest(&l);
		if (word.len)
			lines_error(&l, word,
				    "one prefix stands on a line, and comments after '#' or ';'.");
	}
	return lines_close(&l);
}

static enum status read_wanted(const struct args *args, struct whom *w)
{
	const char *path = args_get(args, "file");
	enum status status = STATUS_OK;
	char why[ADDRESS_ERROR_MAX];
	int i;

	for (i = 1; i < args->nr; i++) {
		if (want(w, args->words[i], strlen(args->words[i]), why))
			continue;
		complain("%s", why);
		status = STATUS_USAGE;
	}
	if (path && read_file(w, path) != STATUS_OK)
		status = STATUS_USAGE;
	return status;
}

/* 0: for good. */
static bool read_time(const char *text, uint64_t *ms)
{
	*ms = 0;
	if (!text)
		return true;
	if (amount_parse(text, true, ms) && *ms >= SHORTEST_MS && *ms <= LONGEST_MS)
		return true;
	complain("'%s' is no time for a ban; write one like 90s, 30m, 1h or 7d, up to 3650d.",
		 text);
	return false;
}

static bool check_comment(const char *text)
{
	const unsigned char *c;

	if (!text)
		return true;
	if (strlen(text) > POSTERN_COMMENT_MAX) {
		complain("a comment has at most %d bytes.", POSTERN_COMMENT_MAX);
		return false;
	}
	for (c = (const unsigned char *)text; *c; c++) {
		if (*c < ' ' || *c == 0x7f) {
			complain("a comment has no control characters.");
			return false;
		}
	}
	return true;
}

static enum status send_bans(const struct whom *w, uint64_t ms, const char *comment)
{
	enum status status;
	struct nl_msg *msg;
	struct nl nl;

	status = kernel_open(&nl);
	if (status != STATUS_OK)
		return status;
	msg = prefixes_request(&nl, POSTERN_CMD_BAN_ADD, w->prefixes.list, w->prefixes.n,
			       "banning");
	status = msg ? STATUS_OK : STATUS_REFUSED;
	if (msg && ms)
		nla_put_u64(msg, POSTERN_A_BANNED_MS, ms);
	if (msg && comment && *comment)
		nla_put_string(msg, POSTERN_A_COMMENT, comment);
	if (msg && kernel_call(&nl, msg, NULL, NULL))
		status = kernel_complain(&nl, "banning");
	kernel_close(&nl);
	return status;
}

static enum status add(const struct args *args)
{
	const char *comment = args_get(args, "comment");
	struct whom w = { 0 };
	char text[SPAN_TEXT_MAX], why[ADDRESS_ERROR_MAX], self[RANGE_TEXT_MAX];
	enum status status;
	uint64_t ms;

	if (!read_time(args_get(args, "for"), &ms) || !check_comment(comment))
		return STATUS_USAGE;
	if (!args_get(args, "force") && ssh_client(&w.client)) {
		address_print(&w.client, self);
		w.spares = prefix_parse(self, strlen(self), &w.spared, why);
	}
	status = read_wanted(args, &w);
	if (status == STATUS_OK && w.prefixes.n)
		status = send_bans(&w, ms, comment);
	if (status == STATUS_OK) {
		out_count("banned", w.prefixes.n, "prefix", "prefixes", " banned");
		if (ms)
			out_uint("banned-ms", NULL, ms);
		if (w.prefixes.n)
			out_text(" for %s", ms ? span_text(ms, text) : "good");
		out_text(".\n");
	}
	free(w.prefixes.list);
	return status;
}

static void take_closed(const struct nl_attrs *attrs, void *arg)
{
	*(uint32_t *)arg = attrs_u32(attrs, POSTERN_A_NR_CLOSED);
}

static enum status send_ends(const struct whom *w, uint32_t *ended)
{
	enum status status;
	struct nl_msg *msg;
	struct nl nl;

	status = kernel_open(&nl);
	if (status != STATUS_OK)
		return status;
	msg = prefixes_request(&nl, POSTERN_CMD_BAN_DEL, w->prefixes.list, w->prefixes.n,
			       "ending the bans of");
	status = msg ? STATUS_OK : STATUS_REFUSED;
	if (msg && kernel_call(&nl, msg, take_closed, ended))
		status = kernel_complain(&nl, "ending bans");
	kernel_close(&nl);
	return status;
}

static enum status del(const struct args *args)
{
	struct whom w = { 0 };
	enum status status;
	uint32_t ended = 0;

	if (args_get(args, "for") || args_get(args, "comment"))
		return usage(args);
	status = read_wanted(args, &w);
	if (status == STATUS_OK && w.prefixes.n)
		status = send_ends(&w, &ended);
	if (status == STATUS_OK)
		out_count("ended", ended, "ban", "bans", " ended.");
	if (status == STATUS_OK && ended < w.prefixes.n)
		out_text(w.prefixes.n - ended == 1 ? " %u of these prefixes was not banned." :
						     " %u of these prefixes were not banned.",
			 w.prefixes.n - ended);
	if (status == STATUS_OK)
		out_text("\n");
	free(w.prefixes.list);
	return status;
}

static void print_ban(const struct known_ban *b)
{
	char text[PREFIX_TEXT_MAX], span[SPAN_TEXT_MAX];

	out_object(NULL);
	prefix_print(&b->prefix, text);
	out_color_str(COLOR_NAME, "prefix", "%-24s ", text);
	if (b->ends)
		out_uint("banned-ms", NULL, b->banned_ms);
	out_str(NULL, b->ends ? "%8s left" : "%13s",
		b->ends ? span_text(b->banned_ms, span) : "for good");
	if (b->was_hit) {
		out_uint("hit-ms", NULL, b->hit_ms);
		out_str(NULL, "  hit %8s ago", span_text(b->hit_ms, span));
	} else {
		out_str(NULL, *b->comment ? "  %-16s" : "  %s", "never hit");
	}
	if (*b->comment)
		out_str("comment", "  %s", b->comment);
	out_text("\n");
	out_end();
}

static enum status list(const struct args *args)
{
	struct known k = { 0 };
	struct known_ban *b;
	enum status status;
	struct nl nl;

	if (args->nr > 1 || args_get(args, "for") || args_get(args, "comment") ||
	    args_get(args, "file") || args_get(args, "force"))
		return usage(args);
	status = kernel_open(&nl);
	if (status != STATUS_OK)
		return status;
	status = known_bans(&nl, &k);
	if (status == STATUS_OK) {
		out_array("bans");
		vec_for_each(b, &k.bans)
			print_ban(b);
		out_end();
		if (!k.bans.n)
			out_text("Nobody is banned by 'postern ban'.\n");
	}
	known_free(&k);
	kernel_close(&nl);
	return status;
}

enum status cmd_ban(const struct args *args)
{
	const char *verb = args->words[0];

	if (!strcmp(verb, "list"))
		return list(args);
	if (strcmp(verb, "add") != 0 && strcmp(verb, "del") != 0)
		return usage(args);
	if (args->nr < 2 && !args_get(args, "file"))
		return usage(args);
	return !strcmp(verb, "add") ? add(args) : del(args);
}
