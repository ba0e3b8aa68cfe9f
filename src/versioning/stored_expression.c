/*-------------------------------------------------------------------------
 *
 * stored_expression.c
 *		The expressions of edges at run time: text with $n for input columns.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/transam.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "parser/parse_coerce.h"
#include "parser/parse_collate.h"
#include "parser/parse_expr.h"
#include "parser/parse_node.h"
#include "parser/parser.h"
#include "utils/guc.h"

#include "support/guc.h"
#include "versioning/stored_expression.h"

/* What $n stands for. */
typedef struct StoredParams
{
	int			count;
	const Oid  *types;
	const int32 *typmods;
	const Oid  *collations;
} StoredParams;

static Node *parse_single_expression(const char *text);
static Node *transform_param(ParseState *pstate, ParamRef *ref);
static Node *param_to_column(Node *node, const AttrNumber *attnums);
static bool calls_user_function(Node *node, void *context);
static bool is_user_function(Oid function, void *context);

Node *
stored_expression_parse(const char *text, int nparams, const Oid *param_types,
						const int32 *param_typmods,
						const Oid *param_collations)
{
	StoredParams params = {nparams, param_types, param_typmods,
	param_collations};
	int			guc_level = NewGUCNestLevel();
	ParseState *pstate;
	Node	   *expr;

	guc_set_local("search_path", PGROLL_SEARCH_PATH);
	guc_set_portable_strings();
	pstate = make_parsestate(NULL);
	pstate->p_sourcetext = text;

	pstate->p_paramref_hook = transform_param;
	pstate->p_ref_hook_state = &params;
	expr = transformExpr(pstate, parse_single_expression(text),
						 EXPR_KIND_OTHER);
	if (pstate->p_hasAggs || pstate->p_hasWindowFuncs ||
		pstate->p_hasTargetSRFs)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("an expression of a migration cannot contain aggregates, window functions or functions that return sets")));
	assign_expr_collations(pstate, expr);
	free_parsestate(pstate);
	AtEOXact_GUC(false, guc_level);
	return expr;
}

bool
stored_expression_is_unreadable(int sqlstate)
{
	int			category = ERRCODE_TO_CATEGORY(sqlstate);

	return category == ERRCODE_SYNTAX_ERROR_OR_ACCESS_RULE_VIOLATION ||
		category == ERRCODE_INVALID_SCHEMA_NAME || category == ERRCODE_DATA_EXCEPTION ||
		category == ERRCODE_FEATURE_NOT_SUPPORTED;
}

Node *
stored_expression_coerce(Node *expr, Oid type, int32 typmod)
{
	ParseState *pstate = make_parsestate(NULL);
	Node	   *result;

	/* not as an explicit cast: varchar(n) must refuse, not cut */
	result = coerce_to_target_type(pstate, expr, exprType(expr), type, typmod,
								   COERCION_ASSIGNMENT, COERCE_IMPLICIT_CAST,
								   -1);
	if (result != NULL)
		assign_expr_collations(pstate, result);
	free_parsestate(pstate);
	return result;
}

Node *
stored_expression_bind(Node *expr, const AttrNumber *attnums)
{
	return param_to_column(expr, attnums);
}

bool
stored_expression_has_subquery(Node *expr)
{
	return contain_subplans(expr);
}

bool
stored_expression_has_user_function(Node *expr)
{
	return calls_user_function(expr, NULL);
}

/* The parse tree of a text that is one expression and nothing else. */
static Node *
parse_single_expression(const char *text)
{
	List	   *raw = raw_parser(text, RAW_PARSE_PLPGSQL_EXPR);
	SelectStmt *select = castNode(SelectStmt,
								  linitial_node(RawStmt, raw)->stmt);

	if (list_length(select->targetList) != 1 || select->distinctClause ||
		select->fromClause || select->whereClause || select->groupClause ||
		select->havingClause || select->windowClause || select->sortClause ||
		select->limitOffset || select->limitCount || select->lockingClause)
		ereport(ERROR,
				(errcode(ERRCODE_SYNTAX_ERROR),
				 errmsg("\"%s\" is not one expression", text)));
	return linitial_node(ResTarget, select->targetList)->val;
}

static Node *
transform_param(ParseState *pstate, ParamRef *ref)
{
	StoredParams *params = pstate->p_ref_hook_state;
	Param	   *param;

	if (ref->number < 1 || ref->number > params->count)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_PARAMETER),
				 errmsg("there is no parameter $%d", ref->number),
				 parser_errposition(pstate, ref->location)));
	param = makeNode(Param);
	param->paramkind = PARAM_EXTERN;
	param->paramid = ref->number;
	param->paramtype = params->types[ref->number - 1];
	param->paramtypmod = params->typmods[ref->number - 1];
	param->paramcollid = params->collations[ref->number - 1];
	param->location = ref->location;
	return (Node *) param;
}

static Node *
param_to_column(Node *node, const AttrNumber *attnums)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, Param))
	{
		Param	   *param = (Param *) node;

		return (Node *) makeVar(1, attnums[param->paramid - 1],
								param->paramtype, param->paramtypmod,
								param->paramcollid, 0);
	}
	return expression_tree_mutator(node, param_to_column, (void *) attnums);
}

static bool
calls_user_function(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (check_functions_in_node(node, is_user_function, NULL))
		return true;
	/* a domain's constraints may call anything */
	if (IsA(node, CoerceToDomain))
		return true;
	if (IsA(node, Query))
	{
		Query	   *query = (Query *) node;
		ListCell   *lc;

		/* so may a view, and the policies of a table */
		foreach(lc, query->rtable)
			if (lfirst_node(RangeTblEntry, lc)->rtekind == RTE_RELATION)
			return true;
		return query_tree_walker(query, calls_user_function, context, 0);
	}
	return expression_tree_walker(node, calls_user_function, context);
}

static bool
is_user_function(Oid function, void *context)
{
	return function >= FirstNormalObjectId;
}
