/*-------------------------------------------------------------------------
 *
 * implied_operator.c
 *		Operators that the text of an expression does not name.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/htup_details.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_operator.h"
#include "nodes/nodeFuncs.h"
#include "nodes/primnodes.h"
#include "utils/regproc.h"
#include "utils/syscache.h"

#include "schema/implied_operator.h"

static bool find_unnamed(Node *node, void *context);
static bool note_if_foreign(Oid operator, Oid *found);
static bool find_in_conditions(const CaseExpr *expr, Oid *found);
static bool find_foreign(Node *node, void *context);

void
implied_operator_check(Node *tree, const char *text)
{
	static const char reason[] =
		"IS DISTINCT FROM, NULLIF, CASE and JOIN ... USING find theirs in the search path, which would have another one";
	Oid			found = InvalidOid;

	if (find_unnamed(tree, &found))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("expression cannot be kept as text: it does not name operator %s",
						format_operator_qualified(found)),
				 text == NULL ? errdetail("%s.", reason) : errdetail("%s: %s", reason, text),
				 errhint("Write the comparison with the operator itself, or drop what has the expression before the migration and make it again after.")));
}

/* The argument is where to put the operator (Oid *). */
static bool
find_unnamed(Node *node, void *context)
{
	Oid		   *found = context;

	if (node == NULL)
		return false;
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, find_unnamed, context, 0);
	if ((IsA(node, DistinctExpr) || IsA(node, NullIfExpr)) &&
		note_if_foreign(((OpExpr *) node)->opno, found))
		return true;
	if (IsA(node, CaseExpr) && ((CaseExpr *) node)->arg != NULL &&
		find_in_conditions((CaseExpr *) node, found))
		return true;
	if (IsA(node, JoinExpr) && ((JoinExpr *) node)->usingClause != NIL &&
		find_foreign(((JoinExpr *) node)->quals, context))
		return true;
	return expression_tree_walker(node, find_unnamed, context);
}

static bool
note_if_foreign(Oid operator, Oid *found)
{
	HeapTuple	tuple = SearchSysCache1(OPEROID, ObjectIdGetDatum(operator));
	bool		is_foreign;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for operator %u", operator);
	is_foreign = ((Form_pg_operator) GETSTRUCT(tuple))->oprnamespace != PG_CATALOG_NAMESPACE;
	ReleaseSysCache(tuple);
	if (is_foreign)
		*found = operator;
	return is_foreign;
}

/* Each WHEN compares a value with that of the CASE. */
static bool
find_in_conditions(const CaseExpr *expr, Oid *found)
{
	ListCell   *lc;

	foreach(lc, expr->args)
	{
		Node	   *condition = (Node *) lfirst_node(CaseWhen, lc)->expr;

		if (IsA(condition, OpExpr) && note_if_foreign(((OpExpr *) condition)->opno, found))
			return true;
	}
	return false;
}

/* The conditions of a USING are nothing but comparisons. */
static bool
find_foreign(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, OpExpr) && note_if_foreign(((OpExpr *) node)->opno, context))
		return true;
	return expression_tree_walker(node, find_foreign, context);
}
