/*-------------------------------------------------------------------------
 *
 * carry_view.c
 *		Views that read a column which gets a shadow.
 *
 * A view whose columns keep their types is replaced in place, so that whatever
 * hangs on it stays: first by one of the same columns that reads nothing, then by
 * its own text.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "catalog/dependency.h"
#include "catalog/pg_class.h"
#include "catalog/pg_database.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_rewrite.h"
#include "commands/extension.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "parser/parsetree.h"
#include "rewrite/rewriteHandler.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"
#include "utils/syscache.h"

#include "operation/carry_dependents.h"
#include "operation/carry_view.h"
#include "schema/catalog_dependent.h"
#include "schema/catalog_object.h"
#include "support/guc.h"
#include "versioning/expression.h"

/* A view on the way. */
typedef struct View
{
	Oid			relid;
	char	   *name;			/* qualified and quoted */
	Query	   *query;
	TupleDesc	desc;
	char	   *options;		/* of WITH, or NULL */
	List	   *reads;			/* Oid */
} View;

/* What a walk through a view's query looks for. */
typedef struct ReadSearch
{
	List	   *queries;		/* Query *, the innermost first */
	List	   *columns;		/* ObjectAddress * */
	bool		flat;			/* only what reads a table itself counts */
} ReadSearch;

static View *read_view(Oid relid);
static void check_view(const View *view);
static List *in_order(List *views);
static bool reads_any(const View *view, List *others);
static bool output_is_retyped(const View *view, List *retyped);
static bool reads_column(Node *node, void *context);
static bool entry_reads_column(RangeTblEntry *rte, AttrNumber attnum,
							   ReadSearch *search);
static bool reads_anywhere(const ReadSearch *search);
static bool is_retyped(Oid relid, AttrNumber attnum, List *columns);
static CarriedObject *replaced_view(const View *view);
static char *column_list(const View *view);
static char *empty_query(const View *view);
static char *own_query(const View *view);

void
carry_view_note_column(List **columns, Oid relid, AttrNumber attnum)
{
	ObjectAddress *column = palloc(sizeof(ObjectAddress));

	ObjectAddressSubSet(*column, RelationRelationId, relid, attnum);
	*columns = lappend(*columns, column);
}

List *
carry_views(SchemaModel *model, List *relids, List *retyped)
{
	List	   *views = NIL;
	List	   *objects = NIL;
	ListCell   *lc;

	list_sort(relids, list_oid_cmp);
	foreach(lc, relids)
		views = lappend(views, read_view(lfirst_oid(lc)));
	foreach(lc, in_order(views))
	{
		View	   *view = lfirst(lc);

		check_view(view);
		if (output_is_retyped(view, retyped))
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("view %s would change the type of its columns", view->name),
					 errhint("Drop the view before the migration, and make it again after.")));
		objects = lappend(objects, replaced_view(view));
	}
	return objects;
}

static View *
read_view(Oid relid)
{
	View	   *view = palloc0(sizeof(View));
	Relation	rel = relation_open(relid, AccessShareLock);
	HeapTuple	tuple;
	Datum		options;
	bool		isnull;

	if (rel->rd_rel->relkind != RELKIND_VIEW)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("materialized view %s could not be carried over",
						catalog_relation_name(relid)),
				 errdetail("It reads a column that the migration changes, and would have to be filled anew under a lock."),
				 errhint("Drop the materialized view before the migration, and make it again after.")));
	view->relid = relid;
	view->name = catalog_relation_name(relid);
	view->query = copyObject(get_view_query(rel));
	view->desc = CreateTupleDescCopy(RelationGetDescr(rel));
	view->reads = catalog_relations_read(RewriteRelationId,
										 rel->rd_rules->rules[0]->ruleId, relid);
	relation_close(rel, AccessShareLock);

	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	options = SysCacheGetAttr(RELOID, tuple, Anum_pg_class_reloptions, &isnull);
	if (!isnull)
		view->options = catalog_options_text(options);
	ReleaseSysCache(tuple);
	return view;
}

/* To replace a view takes the right to create one, too. */
static void
check_view(const View *view)
{
	Oid			namespace = get_rel_namespace(view->relid);

	carry_check_owner(catalog_relation_owner(view->relid),
					  psprintf("view %s", view->name));
	if (OidIsValid(getExtensionOfObject(RelationRelationId, view->relid)))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("view %s could not be carried over", view->name),
				 errdetail("It belongs to an extension."),
				 errhint("Drop the extension before the migration, and make it again after.")));
	if (object_aclcheck(NamespaceRelationId, namespace, GetUserId(),
						ACL_CREATE) != ACLCHECK_OK)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied for schema \"%s\"",
						get_namespace_name(namespace)),
				 errdetail("View %s has to be made again.", view->name),
				 errhint("Grant CREATE on the schema to the role, or drop the view before the migration.")));
}

/* Each after those that it reads. */
static List *
in_order(List *views)
{
	List	   *waiting = list_copy(views);
	List	   *ordered = NIL;

	while (waiting != NIL)
	{
		View	   *next = linitial(waiting);
		ListCell   *lc;

		foreach(lc, waiting)
		{
			if (!reads_any(lfirst(lc), waiting))
			{
				next = lfirst(lc);
				break;
			}
		}
		waiting = list_delete_ptr(waiting, next);
		ordered = lappend(ordered, next);
	}
	return ordered;
}

static bool
reads_any(const View *view, List *others)
{
	ListCell   *lc;

	foreach(lc, others)
	{
		const View *other = lfirst(lc);

		if (other != view && list_member_oid(view->reads, other->relid))
			return true;
	}
	return false;
}

/*
 * May one of the view's columns get another type?  A set operation takes part in
 * the types of all its columns.
 */
static bool
output_is_retyped(const View *view, List *retyped)
{
	ReadSearch	search = {list_make1(view->query), retyped, false};
	ListCell   *lc;

	if (retyped == NIL)
		return false;
	if (view->query->setOperations != NULL)
		return reads_anywhere(&search);
	foreach(lc, view->query->targetList)
	{
		TargetEntry *target = lfirst(lc);

		if (!target->resjunk && reads_column((Node *) target->expr, &search))
			return true;
	}
	return false;
}

static bool
reads_column(Node *node, void *context)
{
	ReadSearch *search = context;

	if (node == NULL)
		return false;
	if (IsA(node, Var))
	{
		Var		   *var = (Var *) node;
		ReadSearch	outer = *search;
		Query	   *query;

		outer.queries = list_copy_tail(search->queries, var->varlevelsup);
		query = linitial(outer.queries);
		return entry_reads_column(rt_fetch(var->varno, query->rtable),
								  var->varattno, &outer);
	}
	if (IsA(node, Query))
	{
		ReadSearch	inner = *search;

		inner.queries = lcons(node, list_copy(search->queries));
		return query_tree_walker((Query *) node, reads_column, &inner, 0);
	}
	return expression_tree_walker(node, reads_column, context);
}

/* Does a column of a range table entry come of one that is looked for? */
static bool
entry_reads_column(RangeTblEntry *rte, AttrNumber attnum, ReadSearch *search)
{
	if (rte->rtekind == RTE_RELATION)
		return is_retyped(rte->relid, attnum, search->columns);
	if (search->flat)
		return false;			/* its tables are in the walk, too */
	if (rte->rtekind == RTE_JOIN && attnum > 0)
		return reads_column(list_nth(rte->joinaliasvars, attnum - 1), search);
	if (rte->rtekind == RTE_SUBQUERY)
		return reads_column((Node *) rte->subquery, search);
	if (entry_group_expressions(rte) != NIL)
		return reads_column(list_nth(entry_group_expressions(rte), attnum - 1), search);
	return reads_anywhere(search);
}

/* For what is not worth to be followed: in the whole of the view's query. */
static bool
reads_anywhere(const ReadSearch *search)
{
	Query	   *query = llast(search->queries);
	ReadSearch	whole = {list_make1(query), search->columns, true};

	return query_tree_walker(query, reads_column, &whole, 0);
}

static bool
is_retyped(Oid relid, AttrNumber attnum, List *columns)
{
	ListCell   *lc;

	foreach(lc, columns)
	{
		ObjectAddress *column = lfirst(lc);

		if (column->objectId == relid && column->objectSubId == attnum)
			return true;
	}
	return false;
}

static CarriedObject *
replaced_view(const View *view)
{
	CarriedObject *object = palloc0(sizeof(CarriedObject));

	object->description = psprintf("view %s", view->name);
	object->relation = view->relid;
	object->lock = AccessExclusiveLock;
	object->reads = view->reads;
	object->detach = list_make1(psprintf("CREATE OR REPLACE VIEW %s (%s) AS SELECT %s",
										 view->name, column_list(view),
										 empty_query(view)));
	object->attach = list_make1(psprintf("CREATE OR REPLACE VIEW %s (%s)%s AS%s%s",
										 view->name, column_list(view),
										 view->options == NULL ? "" :
										 psprintf(" WITH (%s)", view->options),
										 own_query(view)[0] == ' ' ? "" : " ",
										 own_query(view)));
	return object;
}

static char *
column_list(const View *view)
{
	StringInfoData list;

	initStringInfo(&list);
	for (int i = 0; i < view->desc->natts; i++)
		appendStringInfo(&list, "%s%s", i > 0 ? ", " : "",
						 quote_identifier(NameStr(TupleDescAttr(view->desc, i)->attname)));
	return list.data;
}

/* As many NULLs of the same types. */
static char *
empty_query(const View *view)
{
	StringInfoData list;

	initStringInfo(&list);
	for (int i = 0; i < view->desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(view->desc, i);

		appendStringInfo(&list, "%sNULL::%s", i > 0 ? ", " : "",
						 expression_type_name(att->atttypid, att->atttypmod));
		if (OidIsValid(att->attcollation) &&
			att->attcollation != get_typcollation(att->atttypid))
			appendStringInfo(&list, " COLLATE %s",
							 catalog_collation_name(att->attcollation));
	}
	return list.data;
}

static char *
own_query(const View *view)
{
	int			guc_level = NewGUCNestLevel();
	char	   *text;

	guc_set_portable_text();
	text = pg_get_querydef(copyObject(view->query), false);
	AtEOXact_GUC(false, guc_level);
	return text;
}
