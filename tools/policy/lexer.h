/* SPDX-License-Identifier: GPL-2.0 */
/* What the lexer and the parser of one source share. */
#ifndef POLICY_LEXER_H
#define POLICY_LEXER_H

#include "model.h"

struct lexer {
	struct policy *p;
	const struct source *src;
	unsigned int source;

	size_t start, offset; /* of the token and after it */
	unsigned int line;
	size_t line_start;
	bool line_begun; /* there was a token on this line */

	int depth; /* of braces */
	struct loc brace; /* the outermost open one */
	struct loc muted; /* the syntax error here was told already */

	int prev; /* the last token, 0 at the start of a statement */
	int before; /* the one before it */
	int statement; /* the first token of the statement */
	const struct ref *subject; /* the name after it */
	int rpc; /* the depth inside the braces of rpc; 0: not in one */
	unsigned int rpc_words; /* since the last comma or brace */
	const struct ref *rpc_word; /* the last one */
	const char *rpc_expects; /* what a word would be there; NULL: not in one */
	bool colon; /* there was one in the statement */
	struct loc first; /* where the statement begins */
};

/* Each parser has its scanner; flex calls it so. */
typedef void *yyscan_t;

/* The keywords of the language, for suggestions. */
void keywords_suggest(struct nearest *n, bool statements);
bool keyword_is(const char *text, size_t len);

#endif
