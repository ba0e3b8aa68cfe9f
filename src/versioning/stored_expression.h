/*-------------------------------------------------------------------------
 *
 * stored_expression.h
 *		The expressions of edges at run time: text with $n for input columns.
 *
 * At start an up or down text is checked and deparsed (expression.h) so that it
 * is fully qualified and reads its columns as parameters; so a rename of a
 * column changes a list of names and never the text.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_STORED_EXPRESSION_H
#define PGROLL_STORED_EXPRESSION_H

#include "nodes/nodes.h"
#include "utils/relcache.h"

/*
 * Parse and analyze text under PGROLL_SEARCH_PATH; $n is a PARAM_EXTERN of
 * param_types[n-1] / param_typmods / param_collations.
 */
extern Node *stored_expression_parse(const char *text, int nparams,
									 const Oid *param_types,
									 const int32 *param_typmods,
									 const Oid *param_collations);

/*
 * Does the SQLSTATE say that a text can't be read (what it names is gone, another's, or
 * takes no such constant), and not that the reading failed?
 */
extern bool stored_expression_is_unreadable(int sqlstate);

/*
 * The same as a value of the type, as an assignment converts it; NULL where an
 * assignment would not.
 */
extern Node *stored_expression_coerce(Node *expr, Oid type, int32 typmod);

/* A copy in which $n is column attnums[n-1] of range table entry 1. */
extern Node *stored_expression_bind(Node *expr, const AttrNumber *attnums);

/* Does it contain a subquery (it is then planned once per statement)? */
extern bool stored_expression_has_subquery(Node *expr);

/* Does it call a function that is not built in, or can it by what it reads? */
extern bool stored_expression_has_user_function(Node *expr);

#endif							/* PGROLL_STORED_EXPRESSION_H */
