/*-------------------------------------------------------------------------
 *
 * view_text.c
 *		A view of the user's, and the statements that make it again.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_rewrite.h"
#include "catalog/pg_trigger.h"
#include "commands/comment.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "parser/parsetree.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"
#include "utils/syscache.h"

#include "ddl/access_list.h"
#include "ddl/grants.h"
#include "operation/view_text.h"
#include "schema/catalog_dependent.h"
#include "schema/catalog_object.h"
#include "schema/catalog_read.h"
#include "schema/catalog_storage.h"
#include "schema/catalog_trigger.h"
#include "schema/implied_operator.h"
#include "support/guc.h"
#include "versioning/expression.h"

/* What a walk through a view's query looks for. */
typedef struct ReadSearch
{
	List	   *queries;		/* Query *, the innermost first */
	List	   *columns;		/* ObjectAddress * */
	bool		flat;			/* only what reads a table itself counts */
} ReadSearch;

static RewriteRule *query_rule(Relation rel);
static List *grant_parts(const GrantPart *part, const char *name);
static List *defaults(const View *view);
static List *triggers(const View *view);
static const char *column_name(const View *view, AttrNumber attnum);
static bool reads_column(Node *node, void *context);
static bool entry_reads_column(RangeTblEntry *rte, AttrNumber attnum,
							   ReadSearch *search);
static bool reads_anywhere(const ReadSearch *search);
static bool is_retyped(Oid relid, AttrNumber attnum, List *columns);

View *
view_read(Oid relid)
{
	View	   *view = palloc0(sizeof(View));
	Relation	rel = relation_open(relid, AccessShareLock);
	RewriteRule *rule = query_rule(rel);
	HeapTuple	tuple;
	Datum		options;
	bool		isnull;

	/* Read while it is locked. */
	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for relation %u", relid);
	options = SysCacheGetAttr(RELOID, tuple, Anum_pg_class_reloptions, &isnull);
	if (!isnull)
		view->options = catalog_options_text(options);
	ReleaseSysCache(tuple);
	view->relid = relid;
	view->materialized = rel->rd_rel->relkind == RELKIND_MATVIEW;
	if (view->materialized)
		view->storage = catalog_storage_clauses(rel);
	view->owner = rel->rd_rel->relowner;
	view->name = catalog_relation_name(relid);
	view->query = copyObject(linitial_node(Query, rule->actions));
	view->text = view_query_text(view->query);
	view->desc = CreateTupleDescCopyConstr(RelationGetDescr(rel));
	view->reads = catalog_relations_read(RewriteRelationId, rule->ruleId, relid);
	view->needs_key = catalog_needed_objects(RewriteRelationId, rule->ruleId,
											 ConstraintRelationId) != NIL;
	relation_close(rel, AccessShareLock);
	return view;
}

/* It may have others as well. */
static RewriteRule *
query_rule(Relation rel)
{
	for (int i = 0; i < rel->rd_rules->numLocks; i++)
	{
		if (rel->rd_rules->rules[i]->event == CMD_SELECT)
			return rel->rd_rules->rules[i];
	}
	elog(ERROR, "relation \"%s\" has no query", RelationGetRelationName(rel));
	return NULL;
}

const char *
view_kind(const View *view)
{
	return view->materialized ? "materialized view" : "view";
}

CarriedObject *
view_replaced(const View *view)
{
	CarriedObject *object = view_object(view);

	object->detach = list_make1(psprintf("CREATE OR REPLACE VIEW %s%s AS %s",
										 view->name, view_column_list(view),
										 view_empty_query(view)));
	object->attach = list_make1(psprintf("CREATE OR REPLACE VIEW %s",
										 view_definition(view, view->name, view->text)));
	return object;
}

CarriedObject *
view_made_anew(const View *view)
{
	CarriedObject *object = view_object(view);

	object->detach = list_make1(psprintf("DROP VIEW %s", view->name));
	object->attach = list_make1(psprintf("CREATE VIEW %s",
										 view_definition(view, view->name, view->text)));
	object->attach = list_concat(object->attach, view_owner_sql(view, view->name));
	object->attach = list_concat(object->attach, view_grants_sql(view, view->name));
	object->attach = list_concat(object->attach, defaults(view));
	object->attach = list_concat(object->attach, view_comments_sql(view));
	object->attach = list_concat(object->attach, triggers(view));
	object->access_lists = view_access_lists(view);
	return object;
}

List *
view_access_lists(const View *view)
{
	List	   *lists = NIL;

	for (int i = 0; i <= view->desc->natts; i++)
	{
		CarriedAccess *access = palloc0(sizeof(CarriedAccess));

		access->acl = access_list_of_grantors(view->relid, i);
		if (access->acl == NULL)
			continue;
		if (i > 0)
			access->column = pstrdup(NameStr(TupleDescAttr(view->desc, i - 1)->attname));
		lists = lappend(lists, access);
	}
	return lists;
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
CarriedObject *
view_object(const View *view)
{
	CarriedObject *object = palloc0(sizeof(CarriedObject));

	object->description = psprintf("%s %s", view_kind(view), view->name);
	object->relation = view->relid;
	object->lock = AccessExclusiveLock;
	object->relation_name = view->name;
	object->reads = view->reads;
	object->read_lock = view->query->hasForUpdate ? RowShareLock : AccessShareLock;
	object->needs_key = view->needs_key;
	return object;
}

char *
view_definition(const View *view, const char *name, const char *query)
{
	return psprintf("%s%s%s AS%s%s", name, view_column_list(view),
					view->materialized ? view->storage :
					view->options == NULL ? "" : psprintf(" WITH (%s)", view->options),
					query[0] == ' ' ? "" : " ", query);
}

/* A new view has what ALTER DEFAULT PRIVILEGES says, which is not to add up. */
List *
view_owner_sql(const View *view, const char *name)
{
	List	   *statements = NIL;
	ListCell   *lc;

	if (view->owner != GetUserId())
		statements = lappend(statements,
							 psprintf("ALTER %s %s OWNER TO %s",
									  view->materialized ? "MATERIALIZED VIEW" : "VIEW",
									  name,
									  quote_identifier(GetUserNameFromId(view->owner, false))));
	foreach(lc, catalog_default_grants(OBJECT_TABLE, GetUserId(),
									   get_rel_namespace(view->relid)))
		statements = lappend(statements, revoke_all_sql(lfirst(lc), name));
	return statements;
}

List *
view_grants_sql(const View *view, const char *name)
{
	List	   *statements = NIL;
	ListCell   *lc;

	if (catalog_owner_privileges(view->relid) != ACL_ALL_RIGHTS_RELATION)
	{
		GrantPart  *own = palloc0(sizeof(GrantPart));

		own->privileges = catalog_owner_privileges(view->relid);
		own->grantee = pstrdup(quote_identifier(GetUserNameFromId(view->owner, false)));
		statements = lappend(statements, revoke_all_sql(own, name));
		statements = list_concat(statements, grant_parts(own, name));
	}
	foreach(lc, catalog_relation_grants(view->relid))
		statements = list_concat(statements, grant_parts(lfirst(lc), name));
	for (int i = 0; i < view->desc->natts; i++)
	{
		foreach(lc, catalog_column_grants(view->relid, i + 1))
			statements = lappend(statements,
								 grant_column_sql(lfirst(lc),
												  NameStr(TupleDescAttr(view->desc, i)->attname),
												  name));
	}
	return statements;
}

static List *
grant_parts(const GrantPart *part, const char *name)
{
	char	   *grant = grant_view_sql(part, name);
	List	   *statements = grant == NULL ? NIL : list_make1(grant);

	/* It means nothing for a view, but the access list is to be the same. */
	if ((part->privileges & ACL_MAINTAIN) != 0)
		statements = lappend(statements,
							 psprintf("GRANT MAINTAIN ON %s TO %s%s", name,
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

List *
view_comments_sql(const View *view)
{
	char	   *comment = GetComment(view->relid, RelationRelationId, 0);
	List	   *statements = NIL;

	if (comment != NULL)
		statements = lappend(statements,
							 psprintf("COMMENT ON %s %s IS %s",
									  view->materialized ? "MATERIALIZED VIEW" : "VIEW",
									  view->name,
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

char *
view_column_list(const View *view)
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

char *
view_empty_query(const View *view)
{
	StringInfoData list;

	initStringInfo(&list);
	appendStringInfoString(&list, "SELECT ");
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
	/* A domain may allow no null. */
	appendStringInfoString(&list, " WHERE false");
	return list.data;
}

char *
view_query_text(Query *query)
{
	int			guc_level = NewGUCNestLevel();
	char	   *text;

	guc_set_portable_text();
	text = pg_get_querydef(copyObject(query), false);
	implied_operator_check((Node *) query, text);
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
