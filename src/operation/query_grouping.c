/*-------------------------------------------------------------------------
 *
 * query_grouping.c
 *		Queries that group by a primary key, and read what depends on it.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "optimizer/tlist.h"
#include "parser/parse_oper.h"
#include "parser/parsetree.h"
#include "utils/typcache.h"

#include "operation/query_grouping.h"

/* A walk through the columns that one query reads outside of aggregates. */
typedef struct Ungrouped
{
	Query	   *query;
	List	   *grouped;		/* Node *: expressions that are grouped by */
	int			depth;			/* of queries within it */
	List	   *columns;		/* Var *, as at depth 0 */
} Ungrouped;

static bool expand(Node *node, void *impossible);
static void expand_query(Query *query, bool *impossible);
static List *ungrouped_columns(Query *query);
static bool note_ungrouped(Node *node, void *context);
static void note_column(const Var *var, Ungrouped *context);
static bool is_of_level(Node *node, int depth);
static void group_by(Query *query, Var *column);

Query *
query_grouped_in_full(Query *query)
{
	Query	   *copy = copyObject(query);
	bool		impossible = false;

	expand_query(copy, &impossible);
	return impossible ? NULL : copy;
}

static bool
expand(Node *node, void *impossible)
{
	if (node == NULL)
		return false;
	if (!IsA(node, Query))
		return expression_tree_walker(node, expand, impossible);
	expand_query((Query *) node, impossible);
	return false;
}

static void
expand_query(Query *query, bool *impossible)
{
	ListCell   *lc;

	(void) query_tree_walker(query, expand, impossible, 0);
	if (query->constraintDeps == NIL)
		return;
	if (query->groupingSets != NIL)
		*impossible = true;
	foreach(lc, ungrouped_columns(query))
	{
		Var		   *column = lfirst(lc);

		if (!OidIsValid(lookup_type_cache(column->vartype, TYPECACHE_EQ_OPR)->eq_opr))
			*impossible = true;
		else
			group_by(query, column);
	}
}

/* Var *, each once */
static List *
ungrouped_columns(Query *query)
{
	Ungrouped	context = {.query = query};
	ListCell   *lc;

	foreach(lc, query->groupClause)
		context.grouped = lappend(context.grouped,
								  get_sortgroupclause_expr(lfirst(lc), query->targetList));
	(void) note_ungrouped((Node *) query->targetList, &context);
	(void) note_ungrouped(query->havingQual, &context);
	return context.columns;
}

static bool
note_ungrouped(Node *node, void *context)
{
	Ungrouped  *search = context;

	if (node == NULL)
		return false;
	if (search->depth == 0 && list_member(search->grouped, node))
		return false;
	if (is_of_level(node, search->depth))
		return false;
	if (IsA(node, Var))
	{
		note_column((Var *) node, search);
		return false;
	}
	if (IsA(node, Query))
	{
		search->depth++;
		(void) query_tree_walker((Query *) node, note_ungrouped, context, 0);
		search->depth--;
		return false;
	}
	return expression_tree_walker(node, note_ungrouped, context);
}

/* Is it an aggregate of the query that is looked at, whose arguments are not grouped? */
static bool
is_of_level(Node *node, int depth)
{
	return (IsA(node, Aggref) && ((Aggref *) node)->agglevelsup == depth) ||
		(IsA(node, GroupingFunc) && ((GroupingFunc *) node)->agglevelsup == depth);
}

static void
note_column(const Var *var, Ungrouped *context)
{
	Var		   *column;

	if (var->varlevelsup != context->depth ||
		entry_group_expressions(rt_fetch(var->varno, context->query->rtable)) != NIL)
		return;
	column = copyObject(unconstify(Var *, var));
	column->varlevelsup = 0;
	if (!list_member(context->grouped, column))
		context->columns = list_append_unique(context->columns, column);
}

static void
group_by(Query *query, Var *column)
{
	TargetEntry *target = tlist_member((Expr *) column, query->targetList);
	SortGroupClause *clause = makeNode(SortGroupClause);
	Index		last = 0;
	ListCell   *lc;

	foreach(lc, query->targetList)
		last = Max(last, ((TargetEntry *) lfirst(lc))->ressortgroupref);
	if (target == NULL)
	{
		target = makeTargetEntry((Expr *) column, list_length(query->targetList) + 1,
								 NULL, true);
		query->targetList = lappend(query->targetList, target);
	}
	if (target->ressortgroupref == 0)
		target->ressortgroupref = last + 1;
	clause->tleSortGroupRef = target->ressortgroupref;
	get_sort_group_operators(column->vartype, false, true, false, &clause->sortop,
							 &clause->eqop, NULL, &clause->hashable);
	query->groupClause = lappend(query->groupClause, clause);
}
