/*-------------------------------------------------------------------------
 *
 * expression.c
 *		The user's expressions: text -> checked tree -> fully qualified text.
 *
 * The server's own parser does the work.  A column reference that it can't
 * resolve comes to a hook of ours, as in PL/pgSQL, which looks the name up in
 * the model; so names inside subqueries are resolved first by the subquery's
 * own tables, as in any SQL.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/analyze.h"
#include "parser/parse_coerce.h"
#include "parser/parse_collate.h"
#include "parser/parse_expr.h"
#include "parser/parse_node.h"
#include "parser/parse_type.h"
#include "parser/parser.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/ruleutils.h"

#include "schema/implied_operator.h"
#include "support/guc.h"
#include "versioning/expression.h"

/* What the column hook looks names up in. */
typedef struct ColumnScope
{
	TableModel *table;
	const char *text;
} ColumnScope;

static Node *literal_of_type(Node *expr, Oid type, const char *path);
static void check_immutable(Node *expr, const char *message);
static void check_plain_inputs(TableModel *table, Node *expr);
static void shift_position(void *arg);
static Node *raw_expression(const char *text, ExpressionKind kind);
static Node *only_target(SelectStmt *select);
static bool is_star(Node *node);
static Node *raw_select(const char *text);
static Node *resolve_column(ParseState *pstate, ColumnRef *cref, Node *var);
static Node *expand_generated(Node *node, void *context);
static bool collect_inputs(Node *node, void *context);
static AttrNumber first_of_name(List *names, int number);
static Node *params_to_vars(Node *node, void *context);
static char *deparse_over(Node *expr, List *range_table);
static RangeTblEntry *named_row(const char *name, List *columns);

Node *
expression_parse(const SchemaModel *model, TableModel *table, const char *text,
				 const char *path, ExpressionKind kind)
{
	MemoryContext context = CurrentMemoryContext;
	int			guc_level = NewGUCNestLevel();
	Node	   *volatile expr = NULL;

	guc_set_local("search_path", guc_user_search_path(model->base_schema));
	guc_set_portable_strings();
	PG_TRY();
	{
		expr = expression_transform(table, raw_expression(text, kind), text, kind);
		implied_operator_check(expr, NULL);
	}
	PG_CATCH();
	{
		expression_error_at(path, context);
	}
	PG_END_TRY();
	AtEOXact_GUC(false, guc_level);
	return expr;
}

Node *
expression_assignable(Node *expr, Oid type, const char *path)
{
	Oid			from = exprType(expr);
	ParseState *pstate = make_parsestate(NULL);

	if (from == UNKNOWNOID)
		return literal_of_type(expr, type, path);
	if (coerce_to_target_type(pstate, copyObject(expr), from, type, -1,
							  COERCION_ASSIGNMENT, COERCE_IMPLICIT_CAST, -1) == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("expression of type %s cannot be assigned to a column of type %s",
						format_type_be(from), format_type_be(type)),
				 errdetail("At %s.", path),
				 errhint("Cast the expression to the column's type.")));
	return expr;
}

/* The type's input function reads the literal now. */
static Node *
literal_of_type(Node *expr, Oid type, const char *path)
{
	MemoryContext context = CurrentMemoryContext;
	Node	   *volatile literal = NULL;

	PG_TRY();
	{
		literal = coerce_to_target_type(make_parsestate(NULL), expr, UNKNOWNOID,
										type, -1, COERCION_IMPLICIT,
										COERCE_IMPLICIT_CAST, -1);
	}
	PG_CATCH();
	{
		expression_error_at(path, context);
	}
	PG_END_TRY();
	return literal;
}

Node *
expression_column(const Generation *generation)
{
	Param	   *param = makeNode(Param);

	param->paramkind = PARAM_EXTERN;
	param->paramid = generation->number;
	param->paramtype = generation->type;
	param->paramtypmod = generation->typmod;
	param->paramcollid = generation->collation;
	param->location = -1;
	return (Node *) param;
}

Node *
expression_null(const Generation *generation)
{
	return (Node *) makeNullConst(generation->type, generation->typmod,
								  generation->collation);
}

bool
expression_is_column(Node *expr, const Generation *generation)
{
	return expr != NULL && IsA(expr, Param) &&
		((Param *) expr)->paramid == generation->number;
}

Bitmapset *
expression_inputs(Node *expr)
{
	Bitmapset  *inputs = NULL;

	(void) collect_inputs(expr, &inputs);
	return inputs;
}

bool
expression_is_free_widening(const Generation *generation, Oid type, int32 typmod)
{
	Node	   *value = expression_column(generation);

	if (get_typcollation(type) != generation->collation)
		return false;
	value = coerce_to_target_type(make_parsestate(NULL), value, generation->type,
								  type, typmod, COERCION_ASSIGNMENT,
								  COERCE_IMPLICIT_CAST, -1);
	/* Planning takes away a length coercion that changes nothing. */
	value = value == NULL ? NULL : (Node *) expression_planner((Expr *) value);
	while (value != NULL && IsA(value, RelabelType))
		value = (Node *) ((RelabelType *) value)->arg;
	return expression_is_column(value, generation);
}

Node *
expression_cast(Node *expr, const Generation *generation)
{
	ParseState *pstate = make_parsestate(NULL);
	Node	   *cast;

	if (exprType(expr) == generation->type)
		return expr;
	cast = coerce_to_target_type(pstate, expr, exprType(expr), generation->type, -1,
								 COERCION_ASSIGNMENT, COERCE_EXPLICIT_CAST, -1);
	if (cast == NULL)
		elog(ERROR, "cannot cast type %s to type %s",
			 format_type_be(exprType(expr)), format_type_be(generation->type));
	return cast;
}

char *
expression_deparse(Node *expr)
{
	int			guc_level = NewGUCNestLevel();
	char	   *text;

	guc_set_portable_text();
	text = deparse_expression(expr, NIL, false, false);
	implied_operator_check(expr, text);

	AtEOXact_GUC(false, guc_level);
	return text;
}

char *
expression_deparse_names(Node *expr, List *names)
{
	return expression_deparse_stored(params_to_vars(expr, names), names);
}

char *
expression_deparse_stored(Node *expr, List *names)
{
	return deparse_over(expr, list_make1(named_row("row", names)));
}

char *
expression_deparse_condition(Node *condition, List *names)
{
	return deparse_over(condition, list_make2(named_row("old", names),
											  named_row("new", names)));
}

void
expression_parse_type(const SchemaModel *model, const char *text,
					  const char *path, Oid *type, int32 *typmod)
{
	MemoryContext context = CurrentMemoryContext;
	int			guc_level = NewGUCNestLevel();

	guc_set_local("search_path", guc_user_search_path(model->base_schema));
	PG_TRY();
	{
		(void) parseTypeString(text, type, typmod, NULL);
		if (get_typtype(*type) == TYPTYPE_PSEUDO)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_TABLE_DEFINITION),
					 errmsg("a column cannot have pseudo-type %s",
							format_type_be(*type))));
	}
	PG_CATCH();
	{
		expression_error_at(path, context);
	}
	PG_END_TRY();
	AtEOXact_GUC(false, guc_level);
}

void
expression_check_statements(const char *text, const char *path)
{
	MemoryContext context = CurrentMemoryContext;

	PG_TRY();
	{
		List	   *statements = raw_parser(text, RAW_PARSE_DEFAULT);
		ListCell   *lc;

		if (statements == NIL)
			ereport(ERROR,
					(errcode(ERRCODE_SYNTAX_ERROR),
					 errmsg("text holds no statement")));
		foreach(lc, statements)
		{
			if (IsA(lfirst_node(RawStmt, lc)->stmt, TransactionStmt))
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_TRANSACTION_TERMINATION),
						 errmsg("a migration cannot contain transaction control commands"),
						 errhint("Remove the command; all of a phase runs in one transaction.")));
		}
	}
	PG_CATCH();
	{
		expression_error_at(path, context);
	}
	PG_END_TRY();
}

List *
expression_raw_parse(const char *before, const char *text, const char *after)
{
	int			shift = strlen(before);
	ErrorContextCallback callback;
	List	   *statements;

	callback.callback = shift_position;
	callback.arg = &shift;
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	statements = raw_parser(psprintf("%s%s%s", before, text, after),
							RAW_PARSE_DEFAULT);
	error_context_stack = callback.previous;
	return statements;
}

/* A text can close our parentheses and open others, so that it ends as it should. */
Node *
expression_raw_table_element(const char *before, const char *text, const char *after)
{
	List	   *statements = expression_raw_parse(before, text, after);
	CreateStmt *create;

	if (list_length(statements) != 1 ||
		!IsA(linitial_node(RawStmt, statements)->stmt, CreateStmt))
		return NULL;
	create = (CreateStmt *) linitial_node(RawStmt, statements)->stmt;
	if (list_length(create->tableElts) != 1 || create->inhRelations != NIL ||
		create->partbound != NULL || create->partspec != NULL ||
		create->ofTypename != NULL || create->options != NIL ||
		create->oncommit != ONCOMMIT_NOOP || create->tablespacename != NULL ||
		create->accessMethod != NULL)
		return NULL;
	return linitial(create->tableElts);
}

static void
shift_position(void *arg)
{
	int			position = geterrposition() - *(int *) arg;

	errposition(Max(position, 0));
}

char *
expression_type_name(Oid type, int32 typmod)
{
	return format_type_extended(type, typmod,
								FORMAT_TYPE_TYPEMOD_GIVEN | FORMAT_TYPE_FORCE_QUALIFY);
}

Node *
expression_transform(TableModel *table, Node *expr, const char *text,
					 ExpressionKind kind)
{
	ParseState *pstate = make_parsestate(NULL);
	ColumnScope scope;

	scope.table = table;
	scope.text = text;
	pstate->p_sourcetext = text;

	pstate->p_post_columnref_hook = resolve_column;
	pstate->p_ref_hook_state = &scope;

	switch (kind)
	{
		case EXPRESSION_ROW:
			expr = transformExpr(pstate, expr, EXPR_KIND_UPDATE_SOURCE);
			break;
		case EXPRESSION_CHECK:
			expr = transformExpr(pstate, expr, EXPR_KIND_CHECK_CONSTRAINT);
			expr = coerce_to_boolean(pstate, expr, "CHECK");
			break;
		case EXPRESSION_PREDICATE:
			expr = transformExpr(pstate, expr, EXPR_KIND_INDEX_PREDICATE);
			expr = coerce_to_boolean(pstate, expr, "WHERE");
			break;
		case EXPRESSION_INDEX:
			expr = transformExpr(pstate, expr, EXPR_KIND_INDEX_EXPRESSION);
			break;
		case EXPRESSION_GENERATED:
			expr = transformExpr(pstate, expr, EXPR_KIND_GENERATED_COLUMN);
			break;
		case EXPRESSION_DEFAULT:
			expr = transformExpr(pstate, expr, EXPR_KIND_COLUMN_DEFAULT);
			break;
	}
	assign_expr_collations(pstate, expr);
	if (kind == EXPRESSION_PREDICATE)
		check_immutable(expr, "functions in index predicate must be marked IMMUTABLE");
	if (kind == EXPRESSION_INDEX)
		check_immutable(expr, "functions in index expression must be marked IMMUTABLE");
	if (kind == EXPRESSION_GENERATED)
	{
		check_immutable(expr, "generation expression is not immutable");
		check_plain_inputs(table, expr);
	}
	/* A generated column is NULL in BEFORE triggers: read what it is made of. */
	if (table != NULL && kind == EXPRESSION_ROW)
		expr = expand_generated(expr, table);
	return expr;
}

static void
check_immutable(Node *expr, const char *message)
{
	/* Planning puts in defaults of arguments and inlines functions. */
	expr = (Node *) expression_planner((Expr *) copyObject(expr));
	if (contain_mutable_functions(expr))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
				 errmsg("%s", message)));
}

/* A generated column cannot be made of another. */
static void
check_plain_inputs(TableModel *table, Node *expr)
{
	Bitmapset  *inputs = expression_inputs(expr);
	int			number = -1;

	while ((number = bms_next_member(inputs, number)) >= 0)
	{
		Generation *generation = model_generation(table, number);

		if (generation->generated != '\0')
			ereport(ERROR,
					(errcode(ERRCODE_SYNTAX_ERROR),
					 errmsg("cannot use generated column \"%s\" in column generation expression",
							generation->name)));
	}
}

/*
 * The raw tree of text: one expression, or (of up and down) one SELECT, taken
 * as a scalar subquery.
 */
static Node *
raw_expression(const char *text, ExpressionKind kind)
{
	MemoryContext context = CurrentMemoryContext;
	List	   *volatile statements = NIL;
	ErrorData  *volatile error = NULL;

	/* The raw parser reads no catalog and holds nothing: safe to catch. */
	PG_TRY();
	{
		statements = raw_parser(text, RAW_PARSE_PLPGSQL_EXPR);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
	}
	PG_END_TRY();

	if (error != NULL)
	{
		Node	   *select = NULL;

		if (kind == EXPRESSION_ROW && error->sqlerrcode == ERRCODE_SYNTAX_ERROR)
			select = raw_select(text);
		if (select == NULL)
			ReThrowError(error);
		return select;
	}
	return only_target((SelectStmt *) linitial_node(RawStmt, statements)->stmt);
}

/* The grammar takes FROM, WHERE … after an expression: we do not. */
static Node *
only_target(SelectStmt *select)
{
	if (list_length(select->targetList) != 1 || select->fromClause != NIL ||
		select->whereClause != NULL || select->groupClause != NIL ||
		select->havingClause != NULL || select->windowClause != NIL ||
		select->sortClause != NIL || select->limitCount != NULL ||
		select->limitOffset != NULL || select->distinctClause != NIL ||
		select->lockingClause != NIL ||
		linitial_node(ResTarget, select->targetList)->name != NULL ||
		is_star(linitial_node(ResTarget, select->targetList)->val))
		ereport(ERROR,
				(errcode(ERRCODE_SYNTAX_ERROR),
				 errmsg("text is not a single expression")));
	return linitial_node(ResTarget, select->targetList)->val;
}

/* "*" alone, which only a target list can expand */
static bool
is_star(Node *node)
{
	return IsA(node, ColumnRef) &&
		IsA(linitial(((ColumnRef *) node)->fields), A_Star);
}

/* text as one SELECT in parentheses, NULL where it is something else. */
static Node *
raw_select(const char *text)
{
	MemoryContext context = CurrentMemoryContext;
	List	   *volatile statements = NIL;
	SubLink    *sublink;

	PG_TRY();
	{
		statements = raw_parser(text, RAW_PARSE_DEFAULT);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		FlushErrorState();
		statements = NIL;
	}
	PG_END_TRY();

	if (list_length(statements) != 1 ||
		!IsA(linitial_node(RawStmt, statements)->stmt, SelectStmt))
		return NULL;
	sublink = makeNode(SubLink);
	sublink->subLinkType = EXPR_SUBLINK;
	sublink->subselect = linitial_node(RawStmt, statements)->stmt;
	sublink->location = -1;
	return (Node *) sublink;
}

/* ParseState hook: a name that no table of a subquery has. */
static Node *
resolve_column(ParseState *pstate, ColumnRef *cref, Node *var)
{
	ColumnScope *scope = pstate->p_ref_hook_state;
	ColumnModel *column;
	Node	   *last = llast(cref->fields);

	if (var != NULL || scope->table == NULL || !IsA(last, String))
		return NULL;
	if (list_length(cref->fields) == 2)
	{
		if (!IsA(linitial(cref->fields), String) ||
			strcmp(strVal(linitial(cref->fields)), scope->table->name) != 0)
			return NULL;
	}
	else if (list_length(cref->fields) != 1)
		return NULL;
	column = model_find_column(scope->table, strVal(last));
	if (column == NULL)
		return NULL;
	return expression_column(column->generation);
}

static Node *
expand_generated(Node *node, void *context)
{
	TableModel *table = context;

	if (node == NULL)
		return NULL;
	if (IsA(node, Param) && ((Param *) node)->paramkind == PARAM_EXTERN)
	{
		Generation *generation = model_generation(table, ((Param *) node)->paramid);

		if (generation->stored_expr == NULL)
			return node;
		return expand_generated(copyObject(generation->stored_expr), context);
	}
	if (IsA(node, Query))
		return (Node *) query_tree_mutator((Query *) node, expand_generated, context, 0);
	return expression_tree_mutator(node, expand_generated, context);
}

static bool
collect_inputs(Node *node, void *context)
{
	Bitmapset **inputs = context;

	if (node == NULL)
		return false;
	if (IsA(node, Param) && ((Param *) node)->paramkind == PARAM_EXTERN)
	{
		*inputs = bms_add_member(*inputs, ((Param *) node)->paramid);
		return false;
	}
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, collect_inputs, context, 0);
	return expression_tree_walker(node, collect_inputs, context);
}

/*
 * Names that are there twice would be told apart: they are read as the first of
 * that name.
 */
static Node *
params_to_vars(Node *node, void *context)
{
	List	   *names = context;

	if (node == NULL)
		return NULL;
	if (IsA(node, Param) && ((Param *) node)->paramkind == PARAM_EXTERN)
	{
		Param	   *param = (Param *) node;

		return (Node *) makeVar(1, first_of_name(names, param->paramid),
								param->paramtype,
								param->paramtypmod, param->paramcollid, 0);
	}
	return expression_tree_mutator(node, params_to_vars, context);
}

static AttrNumber
first_of_name(List *names, int number)
{
	const char *name = list_nth(names, number - 1);
	ListCell   *lc;

	foreach(lc, names)
	{
		if (strcmp(lfirst(lc), name) == 0)
			return foreach_current_index(lc) + 1;
	}
	return number;
}

/*
 * ruleutils names the columns of a Var from its range table, which must be a
 * real relation or one with aliases.  The columns need not exist yet, so we
 * deparse "SELECT expr" over VALUES entries that have the names as their aliases
 * and stand in no FROM clause, and take what follows the keyword.
 */
static char *
deparse_over(Node *expr, List *range_table)
{
	static const char select[] = "SELECT";
	int			guc_level = NewGUCNestLevel();
	Query	   *query = makeNode(Query);
	char	   *sql;

	query->commandType = CMD_SELECT;
	query->rtable = range_table;
	query->jointree = makeFromExpr(NIL, NULL);
	query->targetList = list_make1(makeTargetEntry((Expr *) expr, 1, NULL, false));

	guc_set_portable_text();
	sql = pg_get_querydef(query, false);
	AtEOXact_GUC(false, guc_level);

	while (*sql == ' ')
		sql++;
	if (strncmp(sql, select, strlen(select)) != 0)
		elog(ERROR, "unexpected deparsed query: %s", sql);
	sql += strlen(select);
	while (*sql == ' ' || *sql == '\n')	/* before CASE it breaks the line */
		sql++;
	implied_operator_check(expr, sql);
	return sql;
}

static RangeTblEntry *
named_row(const char *name, List *columns)
{
	RangeTblEntry *rte = makeNode(RangeTblEntry);
	List	   *colnames = NIL;
	ListCell   *lc;

	foreach(lc, columns)
		colnames = lappend(colnames, makeString(lfirst(lc)));
	rte->rtekind = RTE_VALUES;
	rte->eref = makeAlias(name, colnames);
	return rte;
}

void
expression_error_at(const char *path, MemoryContext context)
{
	ErrorData  *error;

	MemoryContextSwitchTo(context);
	error = CopyErrorData();
	FlushErrorState();
	if (error->detail != NULL)
		error->detail = psprintf("At %s: %s", path, error->detail);
	else
		error->detail = psprintf("At %s.", path);
	if (error->hint == NULL)
		error->hint = pstrdup("Correct this text in the migration document.");
	/* The position is one within the expression, not the caller's statement. */
	if (error->cursorpos > 0)
	{
		error->context = psprintf("at character %d of the text at %s",
								  error->cursorpos, path);
		error->cursorpos = 0;
	}
	ReThrowError(error);
	pg_unreachable();
}
