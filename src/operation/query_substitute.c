/*-------------------------------------------------------------------------
 *
 * query_substitute.c
 *		A view's query over what stands for the relations that it reads.
 *
 * The names in the text are replaced before the server resolves them, since a tree of
 * resolved ones knows the columns of a table, and of its joins, by their numbers.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/sysattr.h"
#include "catalog/namespace.h"
#include "catalog/pg_inherits.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "parser/analyze.h"
#include "parser/parser.h"
#include "parser/parse_relation.h"
#include "parser/parsetree.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"

#include "operation/carry.h"
#include "operation/query_substitute.h"
#include "operation/view_text.h"
#include "support/guc.h"

/* A walk through a query. */
typedef struct Walk
{
	List	   *queries;		/* Query *, the innermost first */
	List	   *substitutes;
	bool		needed;			/* found: one that is read */
	Bitmapset  *columns;		/* … of it */
	bool		lists_columns;	/* … an alias with a list of columns */
	const char *needs_table;
} Walk;

static bool substitute_names(Node *node, void *context);
static void note_changed(List **substitutes, Oid relid, AttrNumber attnum);
static bool walk(Node *node, void *context);
static void walk_query(Query *query, Walk *context);
static void note_columns(const RangeTblEntry *rte, Walk *context);
static void look_at_entry(const RangeTblEntry *rte, Walk *context);
static bool reads_changed_table(Query *query, const Walk *context);
static void visit_var(Var *var, Walk *context);
static Substitute *substitute_of(const RangeTblEntry *rte, const Walk *context);

List *
substitutes_of_tables(SchemaModel *model)
{
	List	   *found = NIL;
	ListCell   *lc;

	foreach(lc, carry_changed_columns(model))
	{
		const ChangedColumn *column = lfirst(lc);

		note_changed(&found, column->relid, column->attnum);
	}
	return found;
}

static void
note_changed(List **substitutes, Oid relid, AttrNumber attnum)
{
	Substitute *substitute = substitute_find(*substitutes, relid);

	if (substitute == NULL)
	{
		substitute = palloc0(sizeof(Substitute));
		substitute->relid = relid;
		*substitutes = lappend(*substitutes, substitute);
	}
	substitute->changed = bms_add_member(substitute->changed, attnum);
}

Substitute *
substitute_find(List *substitutes, Oid relid)
{
	ListCell   *lc;

	foreach(lc, substitutes)
	{
		Substitute *substitute = lfirst(lc);

		if (substitute->relid == relid)
			return substitute;
	}
	return NULL;
}

bool
query_needs_substitute(Query *query, List *substitutes)
{
	Walk		context = {.substitutes = substitutes};

	walk_query(query, &context);
	return context.needed;
}

const char *
query_needs_table(Query *query, List *substitutes)
{
	Walk		context = {.substitutes = substitutes};

	walk_query(query, &context);
	return context.needs_table;
}

Bitmapset *
query_columns_read(Query *query, Oid relid)
{
	Substitute	substitute = {.relid = relid};
	Walk		context = {.substitutes = list_make1(&substitute)};

	walk_query(query, &context);
	return context.columns;
}

bool
query_lists_columns(Query *query, List *substitutes)
{
	Walk		context = {.substitutes = substitutes};

	walk_query(query, &context);
	return context.lists_columns;
}

char *
query_text_substituted(const char *text, List *substitutes)
{
	int			guc_level = NewGUCNestLevel();
	RawStmt    *raw;
	Query	   *query;

	guc_set_local("search_path", PGROLL_SEARCH_PATH);
	guc_set_portable_strings();
	raw = linitial_node(RawStmt, raw_parser(text, RAW_PARSE_DEFAULT));
	(void) substitute_names(raw->stmt, substitutes);
	query = parse_analyze_fixedparams(raw, text, NULL, 0, NULL);
	AtEOXact_GUC(false, guc_level);
	return view_query_text(query);
}

/* Where the text does not call a relation otherwise, it goes by its own name. */
static bool
substitute_names(Node *node, void *context)
{
	RangeVar   *name = (RangeVar *) node;
	Substitute *substitute;

	if (node == NULL)
		return false;
	if (!IsA(node, RangeVar))
		return raw_expression_tree_walker(node, substitute_names, context);
	if (name->schemaname == NULL)
		return false;			/* a WITH query, or one of the server's own */
	substitute = substitute_find(context, RangeVarGetRelid(name, NoLock, false));
	if (substitute == NULL || !OidIsValid(substitute->by))
		return false;
	if (name->alias == NULL)
		name->alias = makeAlias(name->relname, NIL);
	name->schemaname = get_namespace_name(get_rel_namespace(substitute->by));
	name->relname = get_rel_name(substitute->by);
	name->inh = true;
	return false;
}

static bool
walk(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Var))
	{
		visit_var((Var *) node, context);
		return false;
	}
	if (IsA(node, Query))
	{
		walk_query((Query *) node, context);
		return false;
	}
	return expression_tree_walker(node, walk, context);
}

static void
walk_query(Query *query, Walk *context)
{
	List	   *outer = context->queries;
	ListCell   *lc;

	context->queries = lcons(query, list_copy(outer));
	foreach(lc, query->rtable)
		look_at_entry(lfirst(lc), context);
	(void) query_tree_walker(query, walk, context, 0);
	context->queries = outer;
}

static void
look_at_entry(const RangeTblEntry *rte, Walk *context)
{
	Substitute *substitute = substitute_of(rte, context);

	if (rte->alias != NULL && rte->alias->colnames != NIL &&
		(substitute != NULL || rte->rtekind == RTE_JOIN) &&
		reads_changed_table(linitial(context->queries), context))
		context->lists_columns = true;
	if (substitute == NULL)
		return;
	note_columns(rte, context);
	if (substitute->changed == NULL)
		context->needed = true;
	else if (rte->tablesample != NULL)
		context->needs_table = "a sample (TABLESAMPLE)";
	else if (!rte->inh && has_subclass(rte->relid))
		context->needs_table = "it without its children (ONLY)";
}

/* What is read of an entry, as the server knows it for the sake of privileges. */
static void
note_columns(const RangeTblEntry *rte, Walk *context)
{
	const Query *query = linitial(context->queries);
	const Bitmapset *selected = rte_selected_columns(query, rte);
	int			column = -1;

	while ((column = bms_next_member(selected, column)) >= 0)
	{
		int			attnum = column + FirstLowInvalidHeapAttributeNumber;

		if (attnum >= 0)
			context->columns = bms_add_member(context->columns, attnum);
	}
}

static bool
reads_changed_table(Query *query, const Walk *context)
{
	ListCell   *lc;

	foreach(lc, query->rtable)
	{
		Substitute *substitute = substitute_of(lfirst(lc), context);

		if (substitute != NULL && substitute->changed != NULL)
			return true;
	}
	return false;
}

static void
visit_var(Var *var, Walk *context)
{
	Query	   *query = list_nth(context->queries, var->varlevelsup);
	RangeTblEntry *rte = rt_fetch(var->varno, query->rtable);
	Substitute *substitute = substitute_of(rte, context);

	if (substitute == NULL || substitute->changed == NULL)
		return;
	if (var->varattno < 0)
		context->needs_table = "a system column";
	else if (var->varattno == InvalidAttrNumber ||
			 bms_is_member(var->varattno, substitute->changed))
		context->needed = true;
}

static Substitute *
substitute_of(const RangeTblEntry *rte, const Walk *context)
{
	return rte->rtekind != RTE_RELATION ? NULL :
		substitute_find(context->substitutes, rte->relid);
}
