/*-------------------------------------------------------------------------
 *
 * view_text.c
 *		A view of the user's, and the statements that make it again.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "catalog/pg_class.h"
#include "catalog/pg_trigger.h"
#include "commands/comment.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "parser/parsetree.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/ruleutils.h"

#include "ddl/access_list.h"
#include "ddl/grants.h"
#include "operation/view_text.h"
#include "schema/catalog_dependent.h"
#include "schema/catalog_object.h"
#include "schema/catalog_trigger.h"
#include "support/guc.h"
#include "versioning/expression.h"

/* What a walk through a view's query looks for. */
typedef struct ReadSearch
{
	List	   *queries;		/* Query *, the innermost first */
	List	   *columns;		/* ObjectAddress * */
	bool		flat;			/* only what reads a table itself counts */
} ReadSearch;

static CarriedObject *view_object(const View *view);
static char *view_definition(const View *view);
static List *owner_and_grants(const View *view);
static List *grant_parts(const View *view, const GrantPart *part);
static List *defaults(const View *view);
static List *comments(const View *view);
static List *triggers(const View *view);
static char *column_list(const View *view);
static const char *column_name(const View *view, AttrNumber attnum);
static char *empty_query(const View *view);
static char *own_query(const View *view);
static bool reads_column(Node *node, void *context);
static bool entry_reads_column(RangeTblEntry *rte, AttrNumber attnum,
							   ReadSearch *search);
static bool reads_anywhere(const ReadSearch *search);
static bool is_retyped(Oid relid, AttrNumber attnum, List *columns);

CarriedObject *
view_replaced(const View *view)
{
	CarriedObject *object = view_object(view);

	object->detach = list_make1(psprintf("CREATE OR REPLACE VIEW %s%s AS SELECT %s",
										 view->name, column_list(view),
										 empty_query(view)));
	object->attach = list_make1(psprintf("CREATE OR REPLACE VIEW %s",
										 view_definition(view)));
	return object;
}

CarriedObject *
view_made_anew(const View *view)
{
	CarriedObject *object = view_object(view);

	object->detach = list_make1(psprintf("DROP VIEW %s", view->name));
	object->attach = list_make1(psprintf("CREATE VIEW %s", view_definition(view)));
	object->attach = list_concat(object->attach, owner_and_grants(view));
	object->attach = list_concat(object->attach, defaults(view));
	object->attach = list_concat(object->attach, comments(view));
	object->attach = list_concat(object->attach, triggers(view));
	for (int i = 0; i <= view->desc->natts; i++)
	{
		CarriedAccess *access = palloc0(sizeof(CarriedAccess));

		access->acl = access_list_of_grantors(view->relid, i);
		if (access->acl == NULL)
			continue;
		if (i > 0)
			access->column = pstrdup(NameStr(TupleDescAttr(view->desc, i - 1)->attname));
		object->access_lists = lappend(object->access_lists, access);
	}
	return object;
}

CarriedObject *
view_unborn(char *name, Oid reads)
{
	CarriedObject *object = palloc0(sizeof(CarriedObject));

	object->description = psprintf("view %s", name);
	object->lock = AccessExclusiveLock;
	object->read_lock = AccessShareLock;
	object->relation_name = name;
	object->reads = list_make1_oid(reads);
	object->detach = list_make1(psprintf("DROP VIEW %s", name));
	return object;
}

/* FOR UPDATE takes a stronger lock when it is read, too. */
static CarriedObject *
view_object(const View *view)
{
	CarriedObject *object = palloc0(sizeof(CarriedObject));

	object->description = psprintf("view %s", view->name);
	object->relation = view->relid;
	object->lock = AccessExclusiveLock;
	object->relation_name = view->name;
	object->reads = view->reads;
	object->read_lock = view->query->hasForUpdate ? RowShareLock : AccessShareLock;
	object->needs_key = view->needs_key;
	return object;
}

/* What follows CREATE VIEW. */
static char *
view_definition(const View *view)
{
	char	   *query = own_query(view);

	return psprintf("%s%s%s AS%s%s", view->name, column_list(view),
					view->options == NULL ? "" : psprintf(" WITH (%s)", view->options),
					query[0] == ' ' ? "" : " ", query);
}

/* A new view has what ALTER DEFAULT PRIVILEGES says, which is not to add up. */
static List *
owner_and_grants(const View *view)
{
	List	   *statements = NIL;
	ListCell   *lc;

	if (view->owner != GetUserId())
		statements = lappend(statements,
							 psprintf("ALTER VIEW %s OWNER TO %s", view->name,
									  quote_identifier(GetUserNameFromId(view->owner, false))));
	foreach(lc, catalog_default_grants(OBJECT_TABLE, GetUserId(),
									   get_rel_namespace(view->relid)))
		statements = lappend(statements, revoke_all_sql(lfirst(lc), view->name));
	if (catalog_owner_privileges(view->relid) != ACL_ALL_RIGHTS_RELATION)
	{
		GrantPart  *own = palloc0(sizeof(GrantPart));

		own->privileges = catalog_owner_privileges(view->relid);
		own->grantee = pstrdup(quote_identifier(GetUserNameFromId(view->owner, false)));
		statements = lappend(statements, revoke_all_sql(own, view->name));
		statements = list_concat(statements, grant_parts(view, own));
	}
	foreach(lc, catalog_relation_grants(view->relid))
		statements = list_concat(statements, grant_parts(view, lfirst(lc)));
	for (int i = 0; i < view->desc->natts; i++)
	{
		foreach(lc, catalog_column_grants(view->relid, i + 1))
			statements = lappend(statements,
								 grant_column_sql(lfirst(lc),
												  NameStr(TupleDescAttr(view->desc, i)->attname),
												  view->name));
	}
	return statements;
}

static List *
grant_parts(const View *view, const GrantPart *part)
{
	char	   *grant = grant_view_sql(part, view->name);
	List	   *statements = grant == NULL ? NIL : list_make1(grant);

	/* It means nothing for a view, but the access list is to be the same. */
	if ((part->privileges & ACL_MAINTAIN) != 0)
		statements = lappend(statements,
							 psprintf("GRANT MAINTAIN ON %s TO %s%s", view->name,
									  part->grantee,
									  part->grantable ? " WITH GRANT OPTION" : ""));
	return statements;
}

static List *
defaults(const View *view)
{
	TupleConstr *constr = view->desc->constr;
	int			guc_level = NewGUCNestLevel();
	List	   *statements = NIL;

	guc_set_portable_text();
	for (int i = 0; constr != NULL && i < constr->num_defval; i++)
	{
		AttrDefault *value = &constr->defval[i];
		char	   *text = deparse_expression(stringToNode(value->adbin), NIL, false,
											  false);

		statements = lappend(statements,
							 psprintf("ALTER VIEW %s ALTER COLUMN %s SET DEFAULT %s",
									  view->name, column_name(view, value->adnum), text));
	}
	AtEOXact_GUC(false, guc_level);
	return statements;
}

static List *
comments(const View *view)
{
	char	   *comment = GetComment(view->relid, RelationRelationId, 0);
	List	   *statements = NIL;

	if (comment != NULL)
		statements = lappend(statements,
							 psprintf("COMMENT ON VIEW %s IS %s", view->name,
									  quote_literal_cstr(comment)));
	for (int i = 0; i < view->desc->natts; i++)
	{
		comment = GetComment(view->relid, RelationRelationId, i + 1);
		if (comment != NULL)
			statements = lappend(statements,
								 psprintf("COMMENT ON COLUMN %s.%s IS %s", view->name,
										  column_name(view, i + 1),
										  quote_literal_cstr(comment)));
	}
	return statements;
}

/* INSTEAD OF, mostly; those of a view can't be disabled. */
static List *
triggers(const View *view)
{
	List	   *statements = NIL;
	int			guc_level = NewGUCNestLevel();
	ListCell   *lc;

	guc_set_portable_text();
	foreach(lc, catalog_triggers(view->relid))
	{
		TriggerFacts *facts = lfirst(lc);
		char	   *comment = GetComment(facts->oid, TriggerRelationId, 0);
		Datum		definition = DirectFunctionCall1(pg_get_triggerdef,
													 ObjectIdGetDatum(facts->oid));

		statements = lappend(statements, TextDatumGetCString(definition));
		if (comment != NULL)
			statements = lappend(statements,
								 psprintf("COMMENT ON TRIGGER %s ON %s IS %s",
										  quote_identifier(facts->name), view->name,
										  quote_literal_cstr(comment)));
	}
	AtEOXact_GUC(false, guc_level);
	return statements;
}

static char *
column_list(const View *view)
{
	StringInfoData list;

	initStringInfo(&list);
	for (int i = 0; i < view->desc->natts; i++)
		appendStringInfo(&list, "%s%s", i > 0 ? ", " : " (", column_name(view, i + 1));
	if (list.len > 0)
		appendStringInfoChar(&list, ')');
	return list.data;
}

static const char *
column_name(const View *view, AttrNumber attnum)
{
	return quote_identifier(NameStr(TupleDescAttr(view->desc, attnum - 1)->attname));
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

/* A set operation takes part in the types of all its columns. */
bool
view_column_reads(Query *query, const TargetEntry *target, List *columns)
{
	ReadSearch	search = {list_make1(query), columns, false};

	if (query->setOperations != NULL)
		return reads_anywhere(&search);
	return reads_column((Node *) target->expr, &search);
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
