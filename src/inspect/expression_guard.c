/*-------------------------------------------------------------------------
 *
 * expression_guard.c
 *		What up and down call, while others rename, drop or make such things.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "parser/parse_func.h"
#include "parser/parse_oper.h"
#include "parser/parse_type.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "inspect/expression_guard.h"
#include "schema/catalog_dependent.h"
#include "schema/catalog_object.h"
#include "schema/names.h"
#include "state/migrations.h"
#include "versioning/edge.h"
#include "versioning/stored_expression.h"

/* What an expression may do with an object: whether a node of it does. */
typedef struct Use
{
	bool		(*is_use) (const Node *node, Oid object);
	Oid			object;
	const char *what;			/* … it does, for an error */
} Use;

static void check_tables(const Use *use);
static List *tables_in_flight(void);
static bool is_of_active_migration(Oid relid, List *migrations);
static void check_half(Oid relid, const char *migration, const EdgeHalf *half,
					   const Use *use);
static Node *try_half_expression(Oid relid, const EdgeHalf *half, ErrorData **error);
static bool has_use(Node *node, void *use);
static bool calls_function(const Node *node, Oid function);
static bool calls_operator(const Node *node, Oid operator);
static bool has_type(const Node *node, Oid type);
static Node *parse_half_expression(Oid relid, const EdgeHalf *half);

void
expression_guard_check(void)
{
	check_tables(NULL);
}

void
expression_guard_check_call(ObjectType type, Node *object)
{
	Use			use = {.what = "uses it"};

	switch (type)
	{
		case OBJECT_FUNCTION:
		case OBJECT_PROCEDURE:
		case OBJECT_ROUTINE:
		case OBJECT_AGGREGATE:
			use.is_use = calls_function;
			use.object = LookupFuncWithArgs(type, castNode(ObjectWithArgs, object), true);
			break;
		case OBJECT_OPERATOR:
			use.is_use = calls_operator;
			use.object = LookupOperWithArgs(castNode(ObjectWithArgs, object), true);
			break;
		default:
			return;
	}
	/* Of others the server says what is wrong, and nothing is told. */
	if (OidIsValid(use.object) &&
		object_ownercheck(type == OBJECT_OPERATOR ? OperatorRelationId :
						  ProcedureRelationId, use.object, GetUserId()))
		check_tables(&use);
}

void
expression_guard_check_enum(List *name)
{
	Use			use = {.is_use = has_type,.what = "uses it"};

	use.object = LookupTypeNameOid(NULL, makeTypeNameFromNameList(name), true);
	if (OidIsValid(use.object) &&
		object_ownercheck(TypeRelationId, use.object, GetUserId()))
		check_tables(&use);
}

void
expression_guard_check_new(Oid class, Oid object, bool may_replace)
{
	bool		is_function = class == ProcedureRelationId;
	Use			use = {.is_use = is_function ? calls_function : calls_operator,
		.object = object,.what = "would call it from now on"};
	HeapTuple	tuple = SearchSysCache1(is_function ? PROCOID : OPEROID,
										ObjectIdGetDatum(object));
	bool		is_replaced;
	int			count;

	if (!HeapTupleIsValid(tuple))
		return;
	is_replaced = may_replace && (tuple->t_data->t_infomask & HEAP_UPDATED) != 0;
	if (is_function)
	{
		Form_pg_proc form = (Form_pg_proc) GETSTRUCT(tuple);

		count = catalog_count_overloads(class, NameStr(form->proname), form->pronamespace);
	}
	else
	{
		Form_pg_operator form = (Form_pg_operator) GETSTRUCT(tuple);

		count = catalog_count_overloads(class, NameStr(form->oprname), form->oprnamespace);
	}
	ReleaseSysCache(tuple);
	/* No call can have been without what it calls. */
	if (!is_replaced && count > 1)
		check_tables(&use);
}

/* That all can be read, and (unless it is NULL) that there is no such use. */
static void
check_tables(const Use *use)
{
	ListCell   *lc;
	ListCell   *lc2;
	ListCell   *lc3;

	foreach(lc, tables_in_flight())
	{
		Oid			relid = lfirst_oid(lc);
		List	   *migrations = edge_migrations_of_table(relid);

		if (!is_of_active_migration(relid, migrations))
			continue;
		foreach(lc2, migrations)
		{
			const EdgeMigration *migration = lfirst(lc2);

			foreach(lc3, migration->edges)
			{
				const Edge *edge = lfirst(lc3);

				check_half(relid, migration->name, edge->up, use);
				check_half(relid, migration->name, edge->down, use);
			}
		}
	}
}

/* Oid: all that have triggers like ours */
static List *
tables_in_flight(void)
{
	Relation	rel = table_open(TriggerRelationId, AccessShareLock);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	HeapTuple	tuple;
	List	   *relids = NIL;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_trigger form = (Form_pg_trigger) GETSTRUCT(tuple);

		if (name_is_dual_write_trigger(NameStr(form->tgname)))
			relids = list_append_unique_oid(relids, form->tgrelid);
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return relids;
}

/*
 * Not so where somebody made a trigger like ours by hand: a broken one must not
 * stop everybody's DROP.
 */
static bool
is_of_active_migration(Oid relid, List *migrations)
{
	ListCell   *lc;

	foreach(lc, migrations)
	{
		const EdgeMigration *edges = lfirst(lc);
		MigrationRow *row = migration_active(edges->base_schema);
		Oid			role;

		if (row == NULL || strcmp(row->name, edges->name) != 0)
			continue;
		role = migration_role(row, true);
		if (OidIsValid(role) && has_privs_of_role(role, catalog_relation_owner(relid)))
			return true;
	}
	return false;
}

static void
check_half(Oid relid, const char *migration, const EdgeHalf *half, const Use *use)
{
	ErrorData  *error = NULL;
	Node	   *expr = half == NULL ? NULL : try_half_expression(relid, half, &error);

	/* A value that is only copied keeps its meaning. */
	if (error == NULL &&
		(use == NULL || expr == NULL || IsA(expr, Param) || !has_use(expr, (void *) use)))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_PGROLL_PROTECTED),
			 errmsg("the command would break the migration \"%s\"", migration),
			 error == NULL ?
			 errdetail("The expression of column \"%s\" of table \"%s\" %s.",
					   half->logical, catalog_relation_name(relid), use->what) :
			 errdetail("The expression of column \"%s\" of table \"%s\" could no longer be read: %s.",
					   half->logical, catalog_relation_name(relid), error->message),
			 errhint("Complete the migration or roll it back first.")));
}

/* NULL and the error where it can't be read; the caller must raise one then. */
static Node *
try_half_expression(Oid relid, const EdgeHalf *half, ErrorData **error)
{
	MemoryContext context = CurrentMemoryContext;
	Node	   *volatile expr = NULL;

	PG_TRY();
	{
		expr = parse_half_expression(relid, half);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		*error = CopyErrorData();
		if (!stored_expression_is_unreadable((*error)->sqlerrcode))
			PG_RE_THROW();
		FlushErrorState();
	}
	PG_END_TRY();
	return expr;
}

static bool
has_use(Node *node, void *use)
{
	const Use  *wanted = use;

	if (node == NULL)
		return false;
	if (wanted->is_use(node, wanted->object))
		return true;
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, has_use, use, 0);
	return expression_tree_walker(node, has_use, use);
}

static bool
calls_function(const Node *node, Oid function)
{
	return (IsA(node, FuncExpr) && ((const FuncExpr *) node)->funcid == function) ||
		(IsA(node, Aggref) && ((const Aggref *) node)->aggfnoid == function) ||
		(IsA(node, WindowFunc) && ((const WindowFunc *) node)->winfnoid == function);
}

static bool
calls_operator(const Node *node, Oid operator)
{
	return (IsA(node, OpExpr) && ((const OpExpr *) node)->opno == operator) ||
		(IsA(node, ScalarArrayOpExpr) &&
		 ((const ScalarArrayOpExpr *) node)->opno == operator) ||
		(IsA(node, RowCompareExpr) &&
		 list_member_oid(((const RowCompareExpr *) node)->opnos, operator));
}

/* Of domains over it and arrays of it, too. */
static bool
has_type(const Node *node, Oid type)
{
	Oid			own;
	Oid			element;

	if (!IsA(node, Param) && !IsA(node, Var) && !IsA(node, Const) && !IsA(node, FuncExpr) &&
		!IsA(node, CoerceViaIO) && !IsA(node, CoerceToDomain))
		return false;
	own = getBaseType(exprType(node));
	element = get_element_type(own);
	return (OidIsValid(element) ? getBaseType(element) : own) == type;
}

/*
 * Parse it against the columns as they are now; an error where it cannot be.  NULL where
 * one has gone: a rollback of the migration, which nothing here keeps away, has ended.
 */
static Node *
parse_half_expression(Oid relid, const EdgeHalf *half)
{
	int			n = list_length(half->inputs);
	Oid		   *types = palloc(sizeof(Oid) * Max(n, 1));
	int32	   *typmods = palloc(sizeof(int32) * Max(n, 1));
	Oid		   *collations = palloc(sizeof(Oid) * Max(n, 1));
	int			i;

	for (i = 0; i < n; i++)
	{
		AttrNumber	attnum = get_attnum(relid, list_nth(half->inputs, i));

		if (attnum == InvalidAttrNumber)
			return NULL;
		get_atttypetypmodcoll(relid, attnum, &types[i], &typmods[i], &collations[i]);
	}
	return stored_expression_parse(half->expression, n, types, typmods, collations);
}
