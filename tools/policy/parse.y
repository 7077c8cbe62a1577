/* SPDX-License-Identifier: GPL-2.0 */
%code requires {
#include "build.h"
#include "lexer.h"
}

%define api.pure full
%define api.prefix {policy_}
%define api.location.type {struct loc}
%define parse.error custom
%define parse.lac full
%locations
%parse-param {struct lexer *lx} {yyscan_t scanner}
%lex-param {struct lexer *lx} {yyscan_t scanner}

%union {
	const struct ref *ref;
	struct vec *list;
	struct rule *rule;
	struct endpoint *endpoint;
	struct item *item;
	struct wanted *wanted;
	struct rpc_element *element;
	struct {
		const struct ref *zone;
		uint32_t flags;
	} opts;
	uint32_t flags;
	uint8_t proto;
}

%code {
#include <stdlib.h>
#include <string.h>

#include "policy.h"
#include "rpc.h"

#define YYLLOC_DEFAULT(cur, rhs, n)                                                                \
	do {                                                                                       \
		if (n) {                                                                           \
			(cur) = YYRHSLOC(rhs, 1);                                                  \
			(cur).end_line = YYRHSLOC(rhs, n).end_line;                                \
			(cur).end_col = YYRHSLOC(rhs, n).end_col;                                  \
		} else {                                                                           \
			(cur) = YYRHSLOC(rhs, 0);                                                  \
			(cur).line = (cur).end_line;                                               \
			(cur).col = (cur).end_col;                                                 \
		}                                                                                  \
	} while (0)

int policy_scan(POLICY_STYPE *value, struct loc *loc, yyscan_t scanner);
int policy_yylex_init_extra(struct lexer *lx, yyscan_t *scanner);
int policy_yylex_destroy(yyscan_t scanner);
struct yy_buffer_state *policy_yy_scan_bytes(const char *text, int len, yyscan_t scanner);

static int policy_lex(POLICY_STYPE *value, struct loc *loc, struct lexer *lx, yyscan_t scanner);
static void policy_error(struct loc *loc, struct lexer *lx, yyscan_t scanner, const char *text);

static void build_after_error(struct lexer *lx);

static struct vec *list_new(struct lexer *lx)
{
	return arena_alloc(&lx->p->arena, sizeof(struct vec));
}

static struct vec *list_add(struct lexer *lx, struct vec *list, const void *item)
{
	vec_push(&lx->p->arena, list, (void *)item);
	return list;
}
}

%token <ref> WORD "word" STRING "string"
%token <proto> TRANSPORT "tcp" ICMP "icmp"
%token ZONE "'zone'" HOSTS "'hosts'" SERVER "'server'" SERVICE "'service'"
%token BLOCK "'block'" ALLOW "'allow'" SET "'set'" INCLUDE "'include'"
%token IN "'in'" NAT "'nat'" SELF "'self'" ANY "'any'" FILE_WORD "'file'" REJECT "'reject'"
%token RPC "'rpc'" LIMIT "'limit'" INSPECT "'inspect'" SOURCES "'sources'"
%token FASTPATH "'fastpath'"
%token LOG "'log'" OBSERVE "'observe'" MARK "'mark'" NAME "'name'" PROTO "'proto'"
%token ARROW "'->'" BOTH_WAYS "'<->'" EOS "the end of the statement" SEMICOLON "';'"
%token '{' "'{'" '}' "'}'" ',' "','" '=' "'='" ':' "':'"
%token BAD "something else"

%type <list> ifaces items item_list endpoints endpoint_list services wanted_list port_list
%type <endpoint> endpoint
%type <item> item
%type <wanted> wanted
%type <element> rpc_element
%type <list> rpc_elements rpc_words rpc_options
%type <ref> rpc_value braces_word
%type <list> braces_words
%type <rule> options
%type <opts> hosts_opts
%type <flags> zone_opts action arrow
%type <ref> iface text
%type <proto> protocol

%%

policy
	: %empty
	| policy line
	;

line
	: EOS
	| statement EOS
	| error EOS {
		build_after_error(lx);
		yyerrok;
	}
	;

statement
	: ZONE WORD '{' ifaces comma '}' zone_opts { build_zone(lx->p, $2, $4, $7, @$); }
	| HOSTS WORD SELF { build_self(lx->p, $2, @$); }
	| HOSTS WORD hosts_opts '{' items '}' {
		build_hosts(lx->p, $2, $3.zone, $3.flags, $5, @$);
	}
	| SERVER WORD hosts_opts '{' items '}' {
		build_hosts(lx->p, $2, $3.zone, $3.flags | POSTERN_HOSTS_SERVER, $5, @$);
	}
	| SERVICE WORD '=' wanted {
		build_service(lx->p, $2, list_add(lx, list_new(lx), $4), @$);
	}
	| SERVICE WORD '=' '{' wanted_list comma '}' { build_service(lx->p, $2, $5, @$); }
	| action endpoints arrow endpoints services options {
		build_rule(lx->p, $6, $1 | $3, @1, $2, $4, $5, @$);
	}
	| LIMIT WORD '{' braces_words '}' { build_limit(lx->p, $2, $4, @$); }
	| INSPECT WORD '{' braces_words '}' { build_inspect(lx->p, $2, $4, @$); }
	| SOURCES WORD { build_sources(lx->p, $2, @$); }
	| FASTPATH WORD { build_fastpath(lx->p, $2, @$); }
	| SET OBSERVE { build_set_observe(lx->p, @$); }
	| SET MARK WORD { build_set_mark(lx->p, $3, @$); }
	| INCLUDE STRING { policy_include(lx->p, $2, @$); }
	;

/* A comma after the last entry does no harm. */
comma
	: %empty
	| ','
	;

ifaces
	: iface { $$ = list_add(lx, list_new(lx), $1); }
	| ifaces ',' iface { $$ = list_add(lx, $1, $3); }
	;

iface
	: WORD
	| STRING
	;

zone_opts
	: %empty { $$ = 0; }
	| REJECT WORD { $$ = build_reject(lx->p, $2); }
	;

hosts_opts
	: %empty {
		$$.zone = NULL;
		$$.flags = 0;
	}
	| hosts_opts IN WORD {
		$$ = $1;
		if ($$.zone)
			diag_error(&lx->p->diags, @3, "the zone is named twice.");
		$$.zone = $3;
	}
	| hosts_opts NAT {
		$$ = $1;
		$$.flags |= POSTERN_HOSTS_NAT;
	}
	;

items
	: %empty { $$ = list_new(lx); }
	| item_list comma
	;

item_list
	: item { $$ = list_add(lx, list_new(lx), $1); }
	| item_list ',' item { $$ = list_add(lx, $1, $3); }
	;

item
	: WORD { $$ = build_item(lx->p, $1, false); }
	| FILE_WORD STRING { $$ = build_item(lx->p, $2, true); }
	;

action
	: ALLOW { $$ = 0; }
	| BLOCK { $$ = BUILD_BLOCK; }
	;

arrow
	: ARROW { $$ = 0; }
	| BOTH_WAYS { $$ = POSTERN_RULE_BOTH; }
	;

endpoints
	: endpoint { $$ = list_add(lx, list_new(lx), $1); }
	| '{' endpoint_list comma '}' { $$ = $2; }
	;

endpoint_list
	: endpoint { $$ = list_add(lx, list_new(lx), $1); }
	| endpoint_list ',' endpoint { $$ = list_add(lx, $1, $3); }
	;

endpoint
	: ANY { $$ = build_any(lx->p, @1); }
	| WORD { $$ = build_endpoint(lx->p, $1); }
	;

services
	: %empty { $$ = list_new(lx); }
	| ':' ANY { $$ = list_new(lx); }
	| ':' wanted_list { $$ = $2; }
	| ':' '{' wanted_list comma '}' { $$ = $3; }
	;

wanted_list
	: wanted { $$ = list_add(lx, list_new(lx), $1); }
	| wanted_list ',' wanted { $$ = list_add(lx, $1, $3); }
	;

wanted
	: WORD { $$ = build_wanted_name(lx->p, $1); }
	| TRANSPORT ANY { $$ = build_wanted_any(lx->p, $1, @$); }
	| TRANSPORT WORD {
		$$ = build_wanted_ports(lx->p, $1, list_add(lx, list_new(lx), $2), @$);
	}
	| TRANSPORT '{' port_list comma '}' { $$ = build_wanted_ports(lx->p, $1, $3, @$); }
	| ICMP { $$ = build_wanted_any(lx->p, $1, @$); }
	| ICMP ANY { $$ = build_wanted_any(lx->p, $1, @$); }
	| ICMP WORD { $$ = build_wanted_icmp(lx->p, $1, $2, NULL, @$); }
	| ICMP WORD WORD { $$ = build_wanted_icmp(lx->p, $1, $2, $3, @$); }
	| PROTO protocol { $$ = build_wanted_any(lx->p, $2, @$); }
	| RPC '{' rpc_elements comma '}' rpc_options {
		$$ = build_wanted_rpc(lx->p, $3, $6, @$);
	}
	;

rpc_elements
	: rpc_element { $$ = list_add(lx, list_new(lx), $1); }
	| rpc_elements ',' rpc_element { $$ = list_add(lx, $1, $3); }
	;

rpc_element
	: WORD rpc_words { $$ = build_rpc_element(lx->p, $1, $2, @1); }
	| ANY rpc_words { $$ = build_rpc_element(lx->p, NULL, $2, @1); }
	;

rpc_words
	: %empty { $$ = list_new(lx); }
	| rpc_words WORD WORD { $$ = list_add(lx, list_add(lx, $1, $2), $3); }
	;

rpc_options
	: %empty { $$ = list_new(lx); }
	| rpc_options WORD rpc_value { $$ = list_add(lx, list_add(lx, $1, $2), $3); }
	;

rpc_value
	: WORD
	| ALLOW { $$ = build_word(lx->p, "allow", @1); }
	| OBSERVE { $$ = build_word(lx->p, "observe", @1); }
	;

/* Read in braces.c, for the sake of its messages. */
braces_words
	: %empty { $$ = list_new(lx); }
	| braces_words braces_word { $$ = list_add(lx, $1, $2); }
	;

braces_word
	: WORD
	| IN { $$ = build_word(lx->p, "in", @1); }
	| OBSERVE { $$ = build_word(lx->p, "observe", @1); }
	| ',' { $$ = build_word(lx->p, ",", @1); }
	| SEMICOLON { $$ = build_word(lx->p, ";", @1); }
	;

port_list
	: WORD { $$ = list_add(lx, list_new(lx), $1); }
	| port_list ',' WORD { $$ = list_add(lx, $1, $3); }
	;

protocol
	: WORD { $$ = build_protocol(lx->p, $1); }
	| TRANSPORT
	| ICMP
	;

options
	: %empty { $$ = arena_alloc(&lx->p->arena, sizeof(struct rule)); }
	| options LOG { $$ = build_flag(lx->p, $1, POSTERN_RULE_LOG, @2); }
	| options OBSERVE { $$ = build_flag(lx->p, $1, POSTERN_RULE_OBSERVE, @2); }
	| options MARK WORD { $$ = build_mark(lx->p, $1, $3); }
	| options LIMIT WORD { $$ = build_rule_limit(lx->p, $1, $3); }
	| options INSPECT WORD { $$ = build_rule_inspect(lx->p, $1, $3); }
	| options NAME text { $$ = build_name(lx->p, $1, $3); }
	;

text
	: STRING
	| WORD
	;

%%

static const char rpc_option_value[] = "the option's value", rpc_number[] = "a number";

/* What a word would be in an rpc; NULL: the next token is not in one. */
static const char *expected_in_rpc(const struct lexer *lx)
{
	if (!lx->rpc)
		return NULL;
	if (lx->depth < lx->rpc)
		return lx->rpc_words % 2 ? rpc_option_value : "an option of rpc";
	if (!lx->rpc_words)
		return "an interface";
	return lx->rpc_words % 2 ? "version, port or ports" : rpc_number;
}

/*
 * lx->rpc is the depth inside the braces of an rpc; outside of them it goes on with
 * options, in pairs of words.
 */
static void follow_rpc(struct lexer *lx, const POLICY_STYPE *value, int token)
{
	if (token == RPC) {
		lx->rpc = lx->depth + 1;
		lx->rpc_words = 0;
		lx->rpc_word = NULL;
		return;
	}
	if (lx->depth < lx->rpc - 1 || (lx->depth < lx->rpc && token == ','))
		lx->rpc = 0;
	if (token == WORD)
		lx->rpc_word = value->ref;
	if (token == ',' || token == '{' || token == '}')
		lx->rpc_words = 0;
	else
		lx->rpc_words++;
}

/* Remembers where in its statement each token stands; the grammar does not say. */
static int policy_lex(POLICY_STYPE *value, struct loc *loc, struct lexer *lx, yyscan_t scanner)
{
	int token;

	/* For the message if the token is not what is expected. */
	lx->rpc_expects = expected_in_rpc(lx);
	lx->before = lx->prev;
	token = policy_scan(value, loc, scanner);
	lx->line_begun = token != EOS;
	if (token == EOS) {
		lx->prev = 0;
		lx->rpc = 0;
		return token;
	}
	if (!lx->prev) {
		lx->statement = token;
		lx->subject = NULL;
		lx->first = *loc;
		lx->colon = false;
	} else if (lx->prev == lx->statement && !lx->subject && token == WORD) {
		lx->subject = value->ref;
	}
	lx->colon = lx->colon || token == ':';
	follow_rpc(lx, value, token);
	lx->prev = token;
	return token;
}

/* What is written at a place, for a message. */
static const char *written(struct lexer *lx, const struct loc *loc)
{
	size_t len;
	const char *line = source_line(lx->src, loc->line, &len);
	size_t at = loc->col - 1, n = loc->end_col - loc->col;

	if (at >= len)
		return "";
	if (n > len - at)
		n = len - at;
	return arena_printf(&lx->p->arena, "%.*s", (int)(n > 64 ? 64 : n), line + at);
}

static const char *expected_word(struct lexer *lx)
{
	bool named = lx->subject;

	if (lx->rpc_expects)
		return lx->rpc_expects;
	switch (lx->statement) {
	case ZONE:
		if (!named)
			return "the zone's name";
		return lx->depth || lx->prev == '}' ? "an interface name" : "yes or none";
	case HOSTS:
	case SERVER:
		if (!named)
			return "a name";
		return lx->depth ? "an address, prefix, range or name" : "a zone";
	case SERVICE:
		return named ? "a service, port or protocol" : "the service's name";
	case ALLOW:
	case BLOCK:
		if (lx->before == LIMIT)
			return "the name of a limit";
		if (lx->before == INSPECT)
			return "the name of an inspect";
		return lx->colon ? "a service" : "a zone, hosts or an address";
	case SET:
		return "a mark";
	case LIMIT:
		return "the limit's name";
	case INSPECT:
		return "the inspect's name";
	case SOURCES:
		return "a number";
	case FASTPATH:
		return "auto, on or off";
	default:
		return "a word";
	}
}

static const char *symbol_text(struct lexer *lx, yysymbol_kind_t symbol)
{
	switch (symbol) {
	case YYSYMBOL_WORD:
		return expected_word(lx);
	case YYSYMBOL_STRING:
		return "a string in quotes";
	case YYSYMBOL_TRANSPORT:
		return "tcp or another protocol";
	case YYSYMBOL_ICMP:
		return "icmp";
	default:
		return yysymbol_name(symbol);
	}
}

#define EXPECTED_MAX 7

static const char *expected_text(const yypcontext_t *ctx, struct lexer *lx)
{
	yysymbol_kind_t expected[EXPECTED_MAX];
	struct arena *arena = &lx->p->arena;
	const char *text = "";
	int n = yypcontext_expected_tokens(ctx, expected, EXPECTED_MAX), i;

	/* A comma is forgotten more often than a brace. */
	for (i = 1; i < n; i++) {
		if (expected[i] == YYTRANSLATE(',')) {
			expected[i] = expected[0];
			expected[0] = YYTRANSLATE(',');
		}
	}
	for (i = 0; i < n; i++)
		text = arena_printf(arena, "%s%s%s", text,
				    !i ? "; expected " :
				    i < n - 1 ? ", " : " or ",
				    symbol_text(lx, expected[i]));
	return text;
}

static bool expects_word(const yypcontext_t *ctx)
{
	yysymbol_kind_t expected[YYNTOKENS];
	int n = yypcontext_expected_tokens(ctx, expected, YYNTOKENS), i;

	for (i = 0; i < n; i++)
		if (expected[i] == YYSYMBOL_WORD)
			return true;
	return false;
}

static bool is_keyword(struct lexer *lx, const struct loc *loc)
{
	const char *text = written(lx, loc);

	return keyword_is(text, strlen(text));
}

/* In an rpc a word may be wrong that is only found out by what comes behind it. */
static bool report_in_rpc(struct lexer *lx, const struct loc *loc)
{
	const struct ref *word = lx->rpc_word;

	if (!lx->rpc_expects || !word)
		return false;
	if (!strcmp(lx->rpc_expects, rpc_option_value)) {
		if (rpc_is_option(word->name))
			diag_error(&lx->p->diags, *loc, "the option '%s' has no value.",
				   word->name);
		else
			build_unknown_option(lx->p, word);
		return true;
	}
	if (!strcmp(lx->rpc_expects, rpc_number) && !rpc_is_limit(word->name)) {
		build_unknown_limit(lx->p, word);
		return true;
	}
	return false;
}

static int yyreport_syntax_error(const yypcontext_t *ctx, struct lexer *lx, yyscan_t scanner)
{
	yysymbol_kind_t token = yypcontext_token(ctx);
	struct loc *loc = yypcontext_location(ctx);
	struct diags *d = &lx->p->diags;
	struct nearest near;
	const char *text;

	(void)scanner;
	if (token == YYSYMBOL_BAD)
		return 0;
	if (token == YYSYMBOL_EOS && lx->muted.line == loc->line && lx->muted.col == loc->col)
		return 0;
	if (report_in_rpc(lx, loc))
		return 0;
	if (token == YYSYMBOL_EOS || token == YYSYMBOL_YYEOF) {
		diag_error(d, *loc, "the statement ends too early%s.", expected_text(ctx, lx));
		return 0;
	}
	text = written(lx, loc);
	if (loc->line == lx->first.line && loc->col == lx->first.col) {
		nearest_init(&near, text);
		if (token == YYSYMBOL_WORD)
			keywords_suggest(&near, true);
		if (near.best)
			diag_error(d, *loc, "no statement begins with '%s'; did you mean '%s'?",
				   text, near.best);
		else
			diag_error(d, *loc, "no statement begins with '%s'.", text);
		return 0;
	}
	if ((lx->statement == LIMIT || lx->statement == INSPECT) && lx->subject && lx->depth) {
		diag_error(d, *loc, "'%s' has no place in %s.", text,
			   lx->statement == LIMIT ? "a limit" : "an inspect");
		return 0;
	}
	if (token == YYSYMBOL_SELF && (lx->statement == ALLOW || lx->statement == BLOCK)) {
		diag_error(d, *loc,
			   "give this router a name first, with 'hosts router self', and use that.");
		return 0;
	}
	if (is_keyword(lx, loc) && expects_word(ctx)) {
		diag_error(d, *loc, "'%s' is a word of the language and cannot be a name%s.", text,
			   expected_text(ctx, lx));
		return 0;
	}
	nearest_init(&near, text);
	if (token == YYSYMBOL_WORD && !lx->depth)
		keywords_suggest(&near, false);
	if (near.best)
		diag_error(d, *loc, "'%s' is not expected here; did you mean '%s'?", text,
			   near.best);
	else
		diag_error(d, *loc, "'%s' is not expected here%s.", text, expected_text(ctx, lx));
	return 0;
}

static void policy_error(struct loc *loc, struct lexer *lx, yyscan_t scanner, const char *text)
{
	(void)scanner;
	diag_error(&lx->p->diags, *loc, "%s.", text);
}

/* What the broken statement meant to define is known, so that its uses are not errors too. */
static void build_after_error(struct lexer *lx)
{
	if (!lx->subject)
		return;
	switch (lx->statement) {
	case ZONE:
		build_broken_zone(lx->p, lx->subject);
		break;
	case HOSTS:
	case SERVER:
		build_broken_hosts(lx->p, lx->subject);
		break;
	case SERVICE:
		build_broken_service(lx->p, lx->subject);
		break;
	case LIMIT:
		build_broken_limit(lx->p, lx->subject);
		break;
	case INSPECT:
		build_broken_inspect(lx->p, lx->subject);
		break;
	default:
		break;
	}
}

bool policy_parse_source(struct policy *p, struct source *src)
{
	struct lexer lx = { .p = p, .src = src, .line = 1 };
	const char *text = src->text;
	size_t len = src->len;
	yyscan_t scanner;
	bool ok;

	while (p->sources.v[lx.source] != src)
		lx.source++;
	if (len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) {
		lx.line_start = 3;
		lx.offset = 3;
	}
	if (policy_yylex_init_extra(&lx, &scanner))
		return false;
	policy_yy_scan_bytes(text + lx.offset, (int)(len - lx.offset), scanner);
	ok = !policy_parse(&lx, scanner);
	policy_yylex_destroy(scanner);
	return ok;
}
