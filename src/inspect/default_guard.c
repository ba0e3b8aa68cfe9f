/*-------------------------------------------------------------------------
 *
 * default_guard.c
 *		Defaults that others give to columns which versions show.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/relation.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_rewrite.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "parser/parse_coerce.h"
#include "parser/parsetree.h"
#include "rewrite/rewriteHandler.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"

#include "ddl/ddl_execute.h"
#include "inspect/default_guard.h"
#include "schema/catalog_depend.h"
#include "schema/catalog_dependent.h"
#include "schema/catalog_object.h"
#include "schema/catalog_read.h"
#include "state/migrations.h"
#include "support/guc.h"
#include "support/spi.h"
#include "versioning/edge.h"

/* A column that is about to get a default, or none. */
typedef struct Column
{
	const Node *command;		/* that gives it */
	Oid			relid;
	char	   *name;
	char	   *former;			/* NULL: it has none */
} Column;

/* A version's view that shows one. */
typedef struct Shown
{
	Oid			view;
	char	   *name;
} Shown;

/*
 * In the transaction's context.  Those of commands that failed in a subtransaction
 * stay, and go when another has their place in memory.
 */
static List *columns = NIL;

static void forget_all(void *unused);
static void forget(const Node *command);
static void note(const Node *command, Oid relid, const char *column, bool own);
static void follow(const Column *column, bool own);
static List *views_of(const Column *column, bool own);
static List *views_of_physical(Oid relid, AttrNumber attnum, bool own);
static bool is_version_to_follow(Oid view, bool own);
static char *shown_as(Oid view, Oid relid, AttrNumber attnum);
static void check_type(const Column *column, const Shown *shown, Node *expr);
static bool has_default(const Shown *shown, const char *expected);
static bool is_null_default(const Node *expr);
static char *default_text(Oid relid, const char *column);

void
default_guard_note(const Node *command, bool own)
{
	const AlterTableStmt *stmt = (const AlterTableStmt *) command;
	Oid			relid;
	ListCell   *lc;
	ListCell   *lc2;

	forget(command);
	if (!IsA(command, AlterTableStmt))
		return;
	relid = RangeVarGetRelid(stmt->relation, NoLock, true);
	foreach(lc, stmt->cmds)
	{
		const AlterTableCmd *cmd = lfirst(lc);

		if (cmd->subtype != AT_ColumnDefault)
			continue;
		/* The locks are for who may have them. */
		if (!OidIsValid(relid) || get_rel_relkind(relid) == RELKIND_VIEW ||
			!object_ownercheck(RelationRelationId, relid, GetUserId()))
			return;
		foreach(lc2, stmt->relation->inh ? catalog_table_tree(relid) : list_make1_oid(relid))
			note(command, lfirst_oid(lc2), cmd->name, own);
	}
}

void
default_guard_follow(const Node *command, bool own)
{
	ListCell   *lc;

	foreach(lc, columns)
	{
		const Column *column = lfirst(lc);

		if (column->command == command)
			follow(column, own);
	}
	forget(command);
}

static void
forget_all(void *unused)
{
	(void) unused;
	columns = NIL;
}

static void
forget(const Node *command)
{
	ListCell   *lc;

	foreach(lc, columns)
	{
		if (((Column *) lfirst(lc))->command == command)
			columns = foreach_delete_current(columns, lc);
	}
}

static void
note(const Node *command, Oid relid, const char *column, bool own)
{
	MemoryContext caller = MemoryContextSwitchTo(TopTransactionContext);
	Column	   *noted = palloc(sizeof(Column));
	ListCell   *lc;

	*noted = (Column) {.command = command, .relid = relid, .name = pstrdup(column)};
	if (columns == NIL)
	{
		MemoryContextCallback *at_end = palloc0(sizeof(MemoryContextCallback));

		at_end->func = forget_all;
		MemoryContextRegisterResetCallback(TopTransactionContext, at_end);
	}
	columns = lappend(columns, noted);
	MemoryContextSwitchTo(caller);

	/* As applications lock them: the views before the table. */
	foreach(lc, views_of(noted, own))
		LockRelationOid(((Shown *) lfirst(lc))->view, AccessExclusiveLock);
	noted->former = default_text(relid, column);
	if (noted->former != NULL)
		noted->former = MemoryContextStrdup(TopTransactionContext, noted->former);
}

/* Also a view that was not to be seen at the command's start. */
static void
follow(const Column *column, bool own)
{
	char	   *expression = default_text(column->relid, column->name);
	ListCell   *lc;

	foreach(lc, views_of(column, own))
	{
		const Shown *shown = lfirst(lc);
		SecurityScope scope;

		if (!has_default(shown, column->former) || has_default(shown, expression))
			continue;
		if (expression != NULL)
			check_type(column, shown, catalog_column_default(column->relid, column->name));
		/* A view may be its table's owner's or not. */
		restricted_begin(&scope, catalog_relation_owner(shown->view));
		ddl_execute_own(psprintf("ALTER VIEW %s ALTER COLUMN %s %s%s",
								 catalog_relation_name(shown->view),
								 quote_identifier(shown->name),
								 expression == NULL ? "DROP DEFAULT" : "SET DEFAULT ",
								 expression == NULL ? "" : expression));
		restricted_end(&scope);
	}
}

/* Shown *: of it, and of what stands for it in flight. */
static List *
views_of(const Column *column, bool own)
{
	List	   *views = views_of_physical(column->relid,
										  get_attnum(column->relid, column->name), own);
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, edge_migrations_of_table(column->relid))
	{
		foreach(lc2, ((EdgeMigration *) lfirst(lc))->edges)
		{
			const Edge *edge = lfirst(lc2);

			if (edge->up != NULL && edge->down != NULL &&
				strcmp(edge->down->column, column->name) == 0)
				views = list_concat(views,
									views_of_physical(column->relid,
													  get_attnum(column->relid,
																 edge->up->column), own));
		}
	}
	return views;
}

static List *
views_of_physical(Oid relid, AttrNumber attnum, bool own)
{
	List	   *views = NIL;
	ListCell   *lc;

	foreach(lc, attnum > 0 ?
			catalog_depending_objects(RelationRelationId, relid, attnum) : NIL)
	{
		const ObjectAddress *object = &((Dependent *) lfirst(lc))->object;
		Shown	   *shown = palloc(sizeof(Shown));

		shown->view = object->classId == RewriteRelationId ?
			catalog_view_of_rule(object->objectId) : InvalidOid;
		if (!OidIsValid(shown->view) || !is_version_to_follow(shown->view, own))
			continue;
		shown->name = shown_as(shown->view, relid, attnum);
		if (shown->name != NULL)
			views = lappend(views, shown);
	}
	return views;
}

static bool
is_version_to_follow(Oid view, bool own)
{
	char	   *schema = get_namespace_name(get_rel_namespace(view));
	MigrationRow *version = schema == NULL || get_rel_relkind(view) != RELKIND_VIEW ? NULL :
		migration_of_version(schema);

	return version != NULL && !(own && version->state == STATE_COMPLETED);
}

/* The name of the view's column that is the table's; NULL: none is, or it is gone. */
static char *
shown_as(Oid view, Oid relid, AttrNumber attnum)
{
	Relation	rel = try_relation_open(view, AccessShareLock);
	Query	   *query = rel == NULL ? NULL : get_view_query(rel);
	char	   *name = NULL;
	ListCell   *lc;

	foreach(lc, query == NULL ? NIL : query->targetList)
	{
		const TargetEntry *target = lfirst(lc);
		const Var  *var = (const Var *) target->expr;

		if (IsA(var, Var) && var->varattno == attnum && !target->resjunk &&
			rt_fetch(var->varno, query->rtable)->relid == relid)
			name = pstrdup(target->resname);
	}
	if (rel != NULL)
		relation_close(rel, AccessShareLock);
	return name;
}

static void
check_type(const Column *column, const Shown *shown, Node *expr)
{
	Oid			from = exprType(expr);
	Oid			to = get_atttype(shown->view, get_attnum(shown->view, shown->name));

	if (!can_coerce_type(1, &from, &to, COERCION_ASSIGNMENT))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("default for column \"%s\" of table \"%s\" cannot be cast to type %s",
						column->name, get_rel_name(column->relid), format_type_be(to)),
				 errdetail("The version's view %s shows the column as of that type.",
						   catalog_relation_name(shown->view)),
				 errhint("Set a default that can be cast, or complete the migration or roll it back first.")));
}

/* expected: NULL for none */
static bool
has_default(const Shown *shown, const char *expected)
{
	char	   *has = default_text(shown->view, shown->name);

	if (expected != NULL)
		return has != NULL && strcmp(has, expected) == 0;
	return has == NULL ||
		is_null_default(catalog_column_default(shown->view, shown->name));
}

/* COALESCE(NULL::type), as a version has it that drops a default of the table. */
static bool
is_null_default(const Node *expr)
{
	const List *args = IsA(expr, CoalesceExpr) ? ((const CoalesceExpr *) expr)->args : NIL;
	const Node *arg = list_length(args) == 1 ? linitial(args) : NULL;

	while (arg != NULL)
	{
		if (IsA(arg, FuncExpr) && ((const FuncExpr *) arg)->args != NIL)
			arg = linitial(((const FuncExpr *) arg)->args);
		else if (IsA(arg, RelabelType))
			arg = (const Node *) ((const RelabelType *) arg)->arg;
		else if (IsA(arg, CoerceToDomain))
			arg = (const Node *) ((const CoerceToDomain *) arg)->arg;
		else
			break;
	}
	return arg != NULL && IsA(arg, Const) && ((const Const *) arg)->constisnull;
}

/* With everything's schema; NULL: there is none. */
static char *
default_text(Oid relid, const char *column)
{
	SecurityScope scope;
	Node	   *expr;
	char	   *text;

	caller_begin(&scope);
	guc_set_portable_text();
	expr = catalog_column_default(relid, column);
	text = expr == NULL ? NULL : deparse_expression(expr, NIL, false, false);
	caller_end(&scope);
	return text;
}
