/*-------------------------------------------------------------------------
 *
 * implied_operator.h
 *		Operators that the text of an expression does not name.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_IMPLIED_OPERATOR_H
#define PGROLL_IMPLIED_OPERATOR_H

#include "nodes/nodes.h"

/*
 * Raise feature_not_supported where IS DISTINCT FROM, NULLIF, CASE or JOIN … USING has
 * an operator that is not in pg_catalog.  ruleutils writes these without their operator,
 * so the text, read under PGROLL_SEARCH_PATH, would have another one, as text = text for
 * citext's.  tree: an expression, a Query, or a list of them; text is
 * its text, for people, or NULL.
 */
extern void implied_operator_check(Node *tree, const char *text);

#endif							/* PGROLL_IMPLIED_OPERATOR_H */
