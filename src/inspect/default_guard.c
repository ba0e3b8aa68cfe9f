/*-------------------------------------------------------------------------
 *
 * default_guard.c
 *		Defaults that others give to columns which versions show.
 *
 * What a column had before a command is read under the command's own lock, and noted
 * until its end.  The catalog is then written while the table is locked.  An ACCESS
 * EXCLUSIVE lock on the view is tried for, not waited for: applications lock a view before
 * its table or, by a foreign key, after it, so that to wait would deadlock with one of
 * them.  The locks that it waits for do not conflict with theirs.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_attrdef.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_rewrite.h"
#include "commands/tablecmds.h"
#include "nodes/nodeFuncs.h"
#include "parser/parsetree.h"
#include "rewrite/rewriteHandler.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/resowner.h"
#include "utils/ruleutils.h"
#include "utils/syscache.h"

#include "inspect/default_guard.h"
#include "schema/catalog_depend.h"
#include "schema/catalog_dependent.h"
#include "schema/catalog_object.h"
#include "schema/catalog_read.h"
#include "state/migrations.h"
#include "support/guc.h"
#include "support/spi.h"
#include "versioning/edge.h"
#include "versioning/stored_expression.h"

/* A column that is about to get a default, or none. */
typedef struct Column
{
	const Node *command;		/* that gives it */
	SubTransactionId subid;		/* in which it runs */
	Oid			relid;
	bool		is_named;		/* the command names the table, not a parent */
	char	   *name;
	char	   *former;			/* NULL: it has none */
} Column;

/* A version's view that shows one. */
typedef struct Shown
{
	Oid			view;
	char	   *name;
	bool		in_flight;		/* its version is not completed */
} Shown;

/* In the transaction's context. */
static List *columns = NIL;

static Oid	locked_table(AlterTableStmt *stmt);
static void watch_transactions(void);
static void forget_all(void *arg);
static void forget_aborted(SubXactEvent event, SubTransactionId id,
						   SubTransactionId parent, void *arg);
static void forget(const Node *command);
static void note(const Node *command, Oid relid, bool is_named, const char *column);
static void follow(const Column *column, bool own);
static List *views_of(const Column *column);
static void check_member(const Column *column, Node *expr);
static List *views_of_physical(Oid relid, AttrNumber attnum);
static char *shown_as(Oid view, Oid relid, AttrNumber attnum);
static bool has_default(const Shown *shown, const char *expected, Oid owner);
static bool is_null_default(const Node *expr);
static char *read_again(const char *text, Oid owner);
static char *text_of(Node *expr);
static Node *default_for(Node *expr, const Column *column, Oid relid, AttrNumber attnum,
						 const char *because);
static void set_default(Oid view, AttrNumber attnum, Node *expr);
static void remove_default(Oid view, AttrNumber attnum);

void
default_guard_note(Node *command)
{
	AlterTableStmt *stmt = (AlterTableStmt *) command;
	Oid			relid = IsA(command, AlterTableStmt) ? locked_table(stmt) : InvalidOid;
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, OidIsValid(relid) ? stmt->cmds : NIL)
	{
		const AlterTableCmd *cmd = lfirst(lc);

		if (cmd->subtype != AT_ColumnDefault)
			continue;
		foreach(lc2, stmt->relation->inh ?
				find_all_inheritors(relid, AccessExclusiveLock, NULL) : list_make1_oid(relid))
		{
			bool		is_named = lfirst_oid(lc2) == relid;

			/* Versions show the whole. */
			if (is_named || !get_rel_relispartition(lfirst_oid(lc2)))
				note(command, lfirst_oid(lc2), is_named, cmd->name);
		}
	}
}

/*
 * The table, locked as the command is about to do: whoever has it may be giving it another
 * default or name.  InvalidOid where it is given none, or is a view.
 */
static Oid
locked_table(AlterTableStmt *stmt)
{
	Oid			relid;
	ListCell   *lc;

	foreach(lc, stmt->cmds)
	{
		if (((AlterTableCmd *) lfirst(lc))->subtype == AT_ColumnDefault)
			break;
	}
	if (lc == NULL)
		return InvalidOid;
	relid = RangeVarGetRelid(stmt->relation, NoLock, true);
	/* Where there is none the command says so. */
	if (!OidIsValid(relid) || get_rel_relkind(relid) == RELKIND_VIEW)
		return InvalidOid;
	return AlterTableLookupRelation(stmt, AlterTableGetLockLevel(stmt->cmds));
}

void
default_guard_follow(const Node *command, bool own)
{
	ListCell   *lc;

	/* A command that has no start may have the place of one that failed. */
	if (!IsA(command, AlterTableStmt))
		return;
	foreach(lc, columns)
	{
		const Column *column = lfirst(lc);

		if (column->command == command)
			follow(column, own);
	}
	forget(command);
}

/* Before the first is noted in a transaction. */
static void
watch_transactions(void)
{
	static bool registered = false;
	MemoryContextCallback *at_end = palloc0(sizeof(MemoryContextCallback));

	at_end->func = forget_all;
	MemoryContextRegisterResetCallback(TopTransactionContext, at_end);
	if (!registered)
		RegisterSubXactCallback(forget_aborted, NULL);
	registered = true;
}

static void
forget_all(void *arg)
{
	columns = NIL;
}

/* A SubXactCallback: a command that failed has no end, and its place is used again. */
static void
forget_aborted(SubXactEvent event, SubTransactionId id, SubTransactionId parent, void *arg)
{
	ListCell   *lc;

	foreach(lc, event == SUBXACT_EVENT_ABORT_SUB ? columns : NIL)
	{
		if (((Column *) lfirst(lc))->subid == id)
			columns = foreach_delete_current(columns, lc);
	}
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
note(const Node *command, Oid relid, bool is_named, const char *column)
{
	char	   *former = text_of(catalog_column_default(relid, column));
	MemoryContext caller = MemoryContextSwitchTo(TopTransactionContext);
	Column	   *noted = palloc(sizeof(Column));

	if (columns == NIL)
		watch_transactions();
	noted->command = command;
	noted->subid = GetCurrentSubTransactionId();
	noted->relid = relid;
	noted->is_named = is_named;
	noted->name = pstrdup(column);
	noted->former = former == NULL ? NULL : pstrdup(former);
	columns = lappend(columns, noted);
	MemoryContextSwitchTo(caller);
}

static void
follow(const Column *column, bool own)
{
	Node	   *expr = catalog_column_default(column->relid, column->name);
	char	   *text = text_of(expr);
	Oid			owner = catalog_relation_owner(column->relid);
	bool		is_shown = false;
	ListCell   *lc;

	foreach(lc, views_of(column))
	{
		const Shown *shown = lfirst(lc);

		is_shown |= shown->in_flight;
		if ((shown->in_flight || !own) &&
			has_default(shown, column->former, owner) && !has_default(shown, text, owner))
			set_default(shown->view, get_attnum(shown->view, shown->name),
						expr == NULL ? NULL :
						default_for(expr, column, shown->view,
									get_attnum(shown->view, shown->name),
									psprintf("The version's view %s shows the column as of that type.",
											 catalog_relation_name(shown->view))));
	}
	if (expr != NULL && column->is_named && !is_shown &&
		catalog_parents(column->relid) != NIL)
		check_member(column, expr);
}

/* A partition or child that no version shows keeps its own default at the completion. */
static void
check_member(const Column *column, Node *expr)
{
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, edge_migrations_of_table(column->relid))
	{
		const EdgeMigration *migration = lfirst(lc);

		foreach(lc2, migration->edges)
		{
			const Edge *edge = lfirst(lc2);

			if (edge->up != NULL && edge->down != NULL &&
				strcmp(edge->down->column, column->name) == 0)
				(void) default_for(expr, column, column->relid,
								   get_attnum(column->relid, edge->up->column),
								   psprintf("Migration \"%s\" gives the column that type.",
											migration->name));
		}
	}
}

/* Shown *: of it, and of what stands for it in flight. */
static List *
views_of(const Column *column)
{
	List	   *views = views_of_physical(column->relid,
										  get_attnum(column->relid, column->name));
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
																 edge->up->column)));
		}
	}
	return views;
}

static List *
views_of_physical(Oid relid, AttrNumber attnum)
{
	List	   *views = NIL;
	ListCell   *lc;

	foreach(lc, attnum > 0 ?
			catalog_depending_objects(RelationRelationId, relid, attnum) : NIL)
	{
		const ObjectAddress *object = &((Dependent *) lfirst(lc))->object;
		Oid			view = object->classId == RewriteRelationId ?
			catalog_view_of_rule(object->objectId) : InvalidOid;
		char	   *schema = OidIsValid(view) && get_rel_relkind(view) == RELKIND_VIEW ?
			get_namespace_name(get_rel_namespace(view)) : NULL;
		MigrationRow *version = schema == NULL ? NULL : migration_of_version_now(schema);
		Shown	   *shown = palloc(sizeof(Shown));

		if (version == NULL)
			continue;
		shown->view = view;
		shown->name = shown_as(view, relid, attnum);
		shown->in_flight = version->state != STATE_COMPLETED;
		if (shown->name != NULL)
			views = lappend(views, shown);
	}
	return views;
}

/*
 * The name of the view's column that is the table's; NULL: none is, or it is gone.  The
 * view stays locked against that.
 */
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
		relation_close(rel, name == NULL ? AccessShareLock : NoLock);
	return name;
}

/*
 * expected: a text of the table's, or NULL for none.  A view's default was made of such a
 * text, and of what is read again the server may write another.
 */
static bool
has_default(const Shown *shown, const char *expected, Oid owner)
{
	Node	   *expr = catalog_column_default(shown->view, shown->name);
	char	   *has = text_of(expr);
	char	   *again;

	/* What a version in flight sets is its own. */
	if (expected == NULL)
		return has == NULL || (!shown->in_flight && is_null_default(expr));
	if (has == NULL || strcmp(has, expected) == 0)
		return has != NULL;
	again = read_again(expected, owner);
	return again != NULL && strcmp(has, again) == 0;
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

/*
 * The text of an expression as that of what is read from it; NULL where the owner of the
 * table may not read it.  Constants of some types run code of users.
 */
static char *
read_again(const char *text, Oid owner)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner resources = CurrentResourceOwner;
	char	   *volatile again = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		SecurityScope scope;

		restricted_begin(&scope, owner);
		again = text_of(stored_expression_parse(text, 0, NULL, NULL, NULL));
		restricted_end(&scope);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		if (!stored_expression_is_unreadable(error->sqlerrcode))
			ReThrowError(error);
		FreeErrorData(error);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = resources;
	return again;
}

/* With everything's schema; NULL of NULL. */
static char *
text_of(Node *expr)
{
	SecurityScope scope;
	char	   *text;

	if (expr == NULL)
		return NULL;
	caller_begin(&scope);
	guc_set_portable_text();
	text = deparse_expression(expr, NIL, false, false);
	caller_end(&scope);
	return text;
}

/*
 * For a column of another type, as ALTER TABLE … TYPE makes a default of it: what was
 * implicit is not kept.
 */
static Node *
default_for(Node *expr, const Column *column, Oid relid, AttrNumber attnum,
			const char *because)
{
	Oid			type;
	Oid			own_type;
	int32		typmod;
	int32		own_typmod;
	Oid			collation;
	Node	   *coerced;

	get_atttypetypmodcoll(relid, attnum, &type, &typmod, &collation);
	get_atttypetypmodcoll(column->relid, get_attnum(column->relid, column->name),
						  &own_type, &own_typmod, &collation);
	if (type == own_type && typmod == own_typmod)
		return expr;
	coerced = stored_expression_coerce(strip_implicit_coercions(expr), type, typmod);
	if (coerced == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("default for column \"%s\" of table \"%s\" cannot be cast to type %s",
						column->name, get_rel_name(column->relid), format_type_be(type)),
				 errdetail("%s", because),
				 errhint("Set a default that can be cast, or complete the migration or roll it back first.")));
	return coerced;
}

/*
 * Set the default of a view's column, or (NULL) remove it, as ALTER VIEW does, but without
 * waiting for a lock on the view that would keep others from using it.  Where it is to be
 * had it spares a session that is just reading the view's columns a look at two states.
 */
static void
set_default(Oid view, AttrNumber attnum, Node *expr)
{
	Relation	rel = relation_open(view, ShareUpdateExclusiveLock);

	(void) ConditionalLockRelationOid(view, AccessExclusiveLock);
	remove_default(view, attnum);
	if (expr != NULL)
		(void) store_attr_default(rel, attnum, expr, true);
	relation_close(rel, NoLock);
	CommandCounterIncrement();
}

/* RemoveAttrDefaultById() locks the relation against everybody. */
static void
remove_default(Oid view, AttrNumber attnum)
{
	Oid			oid = GetAttrDefaultOid(view, attnum);
	Relation	rel;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	if (!OidIsValid(oid))
		return;
	rel = table_open(AttrDefaultRelationId, RowExclusiveLock);
	ScanKeyInit(&key, Anum_pg_attrdef_oid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(oid));
	scan = systable_beginscan(rel, AttrDefaultOidIndexId, true, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		CatalogTupleDelete(rel, &tuple->t_self);
	systable_endscan(scan);
	table_close(rel, RowExclusiveLock);
	(void) deleteDependencyRecordsFor(AttrDefaultRelationId, oid, false);

	rel = table_open(AttributeRelationId, RowExclusiveLock);
	tuple = SearchSysCacheCopy2(ATTNUM, ObjectIdGetDatum(view), Int16GetDatum(attnum));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for attribute %d of relation %u", attnum, view);
	((Form_pg_attribute) GETSTRUCT(tuple))->atthasdef = false;
	CatalogTupleUpdate(rel, &tuple->t_self, tuple);
	table_close(rel, RowExclusiveLock);
	CommandCounterIncrement();
}
