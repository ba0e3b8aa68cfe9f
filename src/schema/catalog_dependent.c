/*-------------------------------------------------------------------------
 *
 * catalog_dependent.c
 *		Policies, rules, extended statistics and publications, as values.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/objectaddress.h"
#include "catalog/pg_class.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_policy.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_publication.h"
#include "catalog/pg_publication_rel.h"
#include "catalog/pg_rewrite.h"
#include "catalog/pg_seclabel.h"
#include "catalog/pg_statistic_ext.h"
#include "commands/comment.h"
#include "nodes/nodeFuncs.h"
#include "nodes/value.h"
#include "optimizer/optimizer.h"
#include "rewrite/rewriteManip.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"
#include "utils/syscache.h"

#include "schema/catalog_dependent.h"
#include "schema/implied_operator.h"
#include "support/guc.h"

/* The columns of NEW that were found; in how deep a subquery is looked for more. */
typedef struct NewSearch
{
	int			depth;
	Bitmapset  *columns;
} NewSearch;

static PolicyFacts *read_policy(HeapTuple tuple, TupleDesc desc);
static char *table_expression(Datum tree, Oid relid);
static char *text_about(PGFunction function, Oid object);
static Bitmapset *columns_of_new(HeapTuple tuple);
static Node *rule_tree(HeapTuple tuple, AttrNumber attnum);
static bool note_new_columns(Node *node, void *context);
static RuleFacts *read_rule(HeapTuple tuple);
static const char *event_name(char event);
static int	compare_rules(const ListCell *a, const ListCell *b);
static char *kinds_text(Datum kinds);
static int	compare_statistics(const ListCell *a, const ListCell *b);
static bool can_be_read(char relkind);

PolicyFacts *
catalog_policy(Oid policy)
{
	Relation	catalog = table_open(PolicyRelationId, AccessShareLock);
	HeapTuple	tuple = get_catalog_object_by_oid(catalog, Anum_pg_policy_oid, policy);
	PolicyFacts *facts = NULL;

	if (HeapTupleIsValid(tuple))
		facts = read_policy(tuple, RelationGetDescr(catalog));
	table_close(catalog, AccessShareLock);
	return facts;
}

static PolicyFacts *
read_policy(HeapTuple tuple, TupleDesc desc)
{
	Form_pg_policy form = (Form_pg_policy) GETSTRUCT(tuple);
	PolicyFacts *facts = palloc0(sizeof(PolicyFacts));
	Datum		tree;
	bool		isnull;

	facts->oid = form->oid;
	facts->name = pstrdup(NameStr(form->polname));
	facts->relid = form->polrelid;
	tree = heap_getattr(tuple, Anum_pg_policy_polqual, desc, &isnull);
	if (!isnull)
		facts->using_text = table_expression(tree, form->polrelid);
	tree = heap_getattr(tuple, Anum_pg_policy_polwithcheck, desc, &isnull);
	if (!isnull)
		facts->check_text = table_expression(tree, form->polrelid);
	return facts;
}

/* An expression over a table's columns that the catalogs keep as a tree. */
static char *
table_expression(Datum tree, Oid relid)
{
	int			guc_level = NewGUCNestLevel();
	char	   *table = get_rel_name(relid);
	Node	   *expr = stringToNode(TextDatumGetCString(tree));
	char	   *result;

	if (table == NULL)
		elog(ERROR, "cache lookup failed for relation %u", relid);
	guc_set_portable_text();
	result = deparse_expression(expr, deparse_context_for(table, relid), false, false);
	implied_operator_check(expr, result);
	AtEOXact_GUC(false, guc_level);
	return result;
}

/* What one of the server's functions says of an object; NULL where it is gone. */
static char *
text_about(PGFunction function, Oid object)
{
	LOCAL_FCINFO(fcinfo, 1);
	int			guc_level = NewGUCNestLevel();
	Datum		result;

	guc_set_portable_text();
	InitFunctionCallInfoData(*fcinfo, NULL, 1, InvalidOid, NULL, NULL);
	fcinfo->args[0].value = ObjectIdGetDatum(object);
	fcinfo->args[0].isnull = false;
	result = function(fcinfo);
	AtEOXact_GUC(false, guc_level);
	return fcinfo->isnull ? NULL : TextDatumGetCString(result);
}

RuleFacts *
catalog_rule(Oid rule)
{
	Relation	catalog = table_open(RewriteRelationId, AccessShareLock);
	HeapTuple	tuple = get_catalog_object_by_oid(catalog, Anum_pg_rewrite_oid, rule);
	RuleFacts  *facts = NULL;

	if (HeapTupleIsValid(tuple))
		facts = read_rule(tuple);
	table_close(catalog, AccessShareLock);
	return facts;
}

List *
catalog_rules(Oid relid)
{
	Relation	catalog = table_open(RewriteRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	List	   *found = NIL;

	ScanKeyInit(&key, Anum_pg_rewrite_ev_class, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(relid));
	scan = systable_beginscan(catalog, RewriteRelRulenameIndexId, true, NULL, 1,
							  &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		RuleFacts  *facts = read_rule(tuple);

		if (facts != NULL && !facts->is_view_query)
			found = lappend(found, facts);
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	list_sort(found, compare_rules);
	return found;
}

/* NULL where the rule has gone since its row was read. */
static RuleFacts *
read_rule(HeapTuple tuple)
{
	Form_pg_rewrite form = (Form_pg_rewrite) GETSTRUCT(tuple);
	RuleFacts  *facts = palloc0(sizeof(RuleFacts));

	facts->oid = form->oid;
	facts->name = pstrdup(NameStr(form->rulename));
	facts->relid = form->ev_class;
	facts->is_view_query = form->ev_type == '0' + CMD_SELECT;
	if (facts->is_view_query)
		return facts;
	facts->event = pstrdup(event_name(form->ev_type));
	facts->comment = GetComment(form->oid, RewriteRelationId, 0);
	facts->definition = text_about(pg_get_ruledef, form->oid);
	if (facts->definition == NULL)
		return NULL;
	implied_operator_check(rule_tree(tuple, Anum_pg_rewrite_ev_qual), facts->definition);
	implied_operator_check(rule_tree(tuple, Anum_pg_rewrite_ev_action), facts->definition);
	facts->new_columns = columns_of_new(tuple);
	return facts;
}

/* In the condition and the commands of a rule. */
static Bitmapset *
columns_of_new(HeapTuple tuple)
{
	NewSearch	search = {0, NULL};
	ListCell   *lc;

	(void) note_new_columns(rule_tree(tuple, Anum_pg_rewrite_ev_qual), &search);
	foreach(lc, (List *) rule_tree(tuple, Anum_pg_rewrite_ev_action))
	{
		/* Of INSERT … SELECT it is the query that has them. */
		Query	   *query = getInsertSelectQuery(lfirst(lc), NULL);

		(void) query_tree_walker(query, note_new_columns, &search, 0);
	}
	return search.columns;
}

/* A rule has both, be they empty. */
static Node *
rule_tree(HeapTuple tuple, AttrNumber attnum)
{
	bool		isnull;
	Datum		tree = SysCacheGetAttr(RULERELNAME, tuple, attnum, &isnull);

	return stringToNode(TextDatumGetCString(tree));
}

static bool
note_new_columns(Node *node, void *context)
{
	NewSearch  *search = context;
	bool		result;

	if (node == NULL)
		return false;
	if (IsA(node, Var))
	{
		Var		   *var = (Var *) node;

		if (var->varno == PRS2_NEW_VARNO && var->varlevelsup == search->depth &&
			var->varattno >= 0)
			search->columns = bms_add_member(search->columns, var->varattno);
		return false;
	}
	if (!IsA(node, Query))
		return expression_tree_walker(node, note_new_columns, context);
	search->depth++;
	result = query_tree_walker((Query *) node, note_new_columns, context, 0);
	search->depth--;
	return result;
}

static const char *
event_name(char event)
{
	switch (event - '0')
	{
		case CMD_INSERT:
			return "INSERT";
		case CMD_UPDATE:
			return "UPDATE";
		case CMD_DELETE:
			return "DELETE";
	}
	elog(ERROR, "unrecognized event of a rule: %d", event);
	return NULL;				/* keep compiler quiet */
}

static int
compare_rules(const ListCell *a, const ListCell *b)
{
	return strcmp(((RuleFacts *) lfirst(a))->name,
				  ((RuleFacts *) lfirst(b))->name);
}

FunctionFacts *
catalog_function(Oid function)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	Form_pg_proc form;
	FunctionFacts *facts;
	Datum		body;
	bool		isnull;
	Node	   *tree;
	int			head;

	if (!HeapTupleIsValid(tuple))
		return NULL;
	form = (Form_pg_proc) GETSTRUCT(tuple);
	facts = palloc0(sizeof(FunctionFacts));
	facts->oid = function;
	facts->name = format_procedure_qualified(function);
	facts->namespace = form->pronamespace;
	facts->owner = form->proowner;
	facts->superusers = form->proleakproof || OidIsValid(form->prosupport);
	body = SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_prosqlbody, &isnull);
	tree = isnull ? NULL : stringToNode(TextDatumGetCString(body));
	ReleaseSysCache(tuple);

	facts->head = text_about(pg_get_functiondef, function);
	facts->body = text_about(pg_get_function_sqlbody, function);
	if (facts->head == NULL || facts->body == NULL)
		return NULL;
	/* a line break ends the definition */
	head = strlen(facts->head) - strlen(facts->body) - 1;
	if (head < 0 || strncmp(facts->head + head, facts->body, strlen(facts->body)) != 0)
		elog(ERROR, "unexpected definition of a function: %s", facts->head);
	implied_operator_check(tree, facts->head);
	facts->head[head] = '\0';
	return facts;
}

List *
catalog_statistics(Oid relid)
{
	Relation	rel = table_open(relid, AccessShareLock);
	List	   *found = NIL;
	ListCell   *lc;

	foreach(lc, RelationGetStatExtList(rel))
	{
		StatisticsFacts *facts = catalog_statistics_object(lfirst_oid(lc));

		if (facts != NULL)
			found = lappend(found, facts);
	}
	table_close(rel, AccessShareLock);
	list_sort(found, compare_statistics);
	return found;
}

StatisticsFacts *
catalog_statistics_object(Oid oid)
{
	HeapTuple	tuple = SearchSysCache1(STATEXTOID, ObjectIdGetDatum(oid));
	Form_pg_statistic_ext form;
	StatisticsFacts *facts;
	Datum		value;
	bool		isnull;
	int			attnum = -1;

	if (!HeapTupleIsValid(tuple))
		return NULL;
	form = (Form_pg_statistic_ext) GETSTRUCT(tuple);
	facts = palloc0(sizeof(StatisticsFacts));
	facts->oid = oid;
	facts->relation = form->stxrelid;
	facts->name = pstrdup(NameStr(form->stxname));
	facts->schema = get_namespace_name(form->stxnamespace);
	facts->owner = form->stxowner;
	facts->comment = GetComment(oid, StatisticExtRelationId, 0);
	for (int i = 0; i < form->stxkeys.dim1; i++)
	{
		facts->columns = lappend_int(facts->columns, form->stxkeys.values[i]);
		facts->attnums = bms_add_member(facts->attnums, form->stxkeys.values[i]);
	}
	value = SysCacheGetAttr(STATEXTOID, tuple, Anum_pg_statistic_ext_stxexprs, &isnull);
	if (!isnull)
	{
		Bitmapset  *offset = NULL;

		facts->expressions = stringToNode(TextDatumGetCString(value));
		pull_varattnos((Node *) facts->expressions, 1, &offset);
		while ((attnum = bms_next_member(offset, attnum)) >= 0)
			facts->attnums = bms_add_member(facts->attnums,
											attnum + FirstLowInvalidHeapAttributeNumber);
	}
	value = SysCacheGetAttr(STATEXTOID, tuple, Anum_pg_statistic_ext_stxkind, &isnull);
	facts->kinds = kinds_text(value);
	/* PG17 made the statistics target nullable, and NULL its default. */
	value = SysCacheGetAttr(STATEXTOID, tuple, Anum_pg_statistic_ext_stxstattarget,
							&isnull);
	facts->target = isnull ? -1 : DatumGetInt16(value);
	ReleaseSysCache(tuple);
	return facts;
}

static char *
kinds_text(Datum kinds)
{
	static const struct
	{
		char		kind;
		const char *name;
	}			names[] = {
		{STATS_EXT_NDISTINCT, "ndistinct"},
		{STATS_EXT_DEPENDENCIES, "dependencies"},
		{STATS_EXT_MCV, "mcv"},
	};
	ArrayType  *array = DatumGetArrayTypeP(kinds);
	char	   *present = (char *) ARR_DATA_PTR(array);
	StringInfoData text;

	initStringInfo(&text);
	for (int i = 0; i < lengthof(names); i++)
	{
		if (memchr(present, names[i].kind, ARR_DIMS(array)[0]) != NULL)
			appendStringInfo(&text, "%s%s", text.len > 0 ? ", " : "", names[i].name);
	}
	return text.len > 0 ? text.data : NULL;
}

static int
compare_statistics(const ListCell *a, const ListCell *b)
{
	const StatisticsFacts *x = lfirst(a);
	const StatisticsFacts *y = lfirst(b);
	int			order = strcmp(x->schema, y->schema);

	return order != 0 ? order : strcmp(x->name, y->name);
}

bool
catalog_statistics_exist(const char *schema, const char *name)
{
	List	   *names = list_make2(makeString(pstrdup(schema)),
								   makeString(pstrdup(name)));

	return OidIsValid(get_statistics_object_oid(names, true));
}

PublicationFacts *
catalog_published_table(Oid publication_rel)
{
	HeapTuple	tuple = SearchSysCache1(PUBLICATIONREL,
										ObjectIdGetDatum(publication_rel));
	Form_pg_publication_rel form;
	HeapTuple	publication;
	PublicationFacts *facts;
	Datum		value;
	bool		isnull;

	if (!HeapTupleIsValid(tuple))
		return NULL;
	form = (Form_pg_publication_rel) GETSTRUCT(tuple);
	publication = SearchSysCache1(PUBLICATIONOID, ObjectIdGetDatum(form->prpubid));
	if (!HeapTupleIsValid(publication))
		elog(ERROR, "cache lookup failed for publication %u", form->prpubid);
	facts = palloc0(sizeof(PublicationFacts));
	facts->oid = publication_rel;
	facts->relid = form->prrelid;
	facts->publication =
		pstrdup(NameStr(((Form_pg_publication) GETSTRUCT(publication))->pubname));
	facts->owner = ((Form_pg_publication) GETSTRUCT(publication))->pubowner;
	value = SysCacheGetAttr(PUBLICATIONREL, tuple, Anum_pg_publication_rel_prattrs,
							&isnull);
	if (!isnull)
	{
		int2vector *attnums = (int2vector *) DatumGetPointer(value);

		for (int i = 0; i < attnums->dim1; i++)
			facts->columns = lappend(facts->columns,
									 get_attname(form->prrelid, attnums->values[i],
												 false));
	}
	value = SysCacheGetAttr(PUBLICATIONREL, tuple, Anum_pg_publication_rel_prqual,
							&isnull);
	if (!isnull)
		facts->filter = table_expression(value, form->prrelid);
	ReleaseSysCache(publication);
	ReleaseSysCache(tuple);
	return facts;
}

List *
catalog_relations_read(Oid class_id, Oid object, Oid own)
{
	List	   *relations = NIL;
	ListCell   *lc;

	foreach(lc, catalog_needed_objects(class_id, object, RelationRelationId))
	{
		if (lfirst_oid(lc) != own && can_be_read(get_rel_relkind(lfirst_oid(lc))))
			relations = lappend_oid(relations, lfirst_oid(lc));
	}
	return relations;
}

List *
catalog_needed_objects(Oid class_id, Oid object, Oid ref_class_id)
{
	Relation	depend = table_open(DependRelationId, AccessShareLock);
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;
	List	   *needed = NIL;

	ScanKeyInit(&keys[0], Anum_pg_depend_classid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(class_id));
	ScanKeyInit(&keys[1], Anum_pg_depend_objid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(object));
	scan = systable_beginscan(depend, DependDependerIndexId, true, NULL, 2, keys);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_depend form = (Form_pg_depend) GETSTRUCT(tuple);

		if (form->refclassid == ref_class_id)
			needed = list_append_unique_oid(needed, form->refobjid);
	}
	systable_endscan(scan);
	table_close(depend, AccessShareLock);
	return needed;
}

Oid
catalog_relation_owner(Oid relid)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for relation %u", relid);
	owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);
	return owner;
}

AclMode
catalog_owner_privileges(Oid relid)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	AclMode		privileges = ACL_ALL_RIGHTS_RELATION;
	Datum		value;
	bool		isnull;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for relation %u", relid);
	value = SysCacheGetAttr(RELOID, tuple, Anum_pg_class_relacl, &isnull);
	if (!isnull)
	{
		Acl		   *acl = DatumGetAclP(value);

		privileges = 0;
		for (int i = 0; i < ACL_NUM(acl); i++)
		{
			if (ACL_DAT(acl)[i].ai_grantee == ((Form_pg_class) GETSTRUCT(tuple))->relowner)
				privileges |= ACLITEM_GET_PRIVS(ACL_DAT(acl)[i]);
		}
	}
	ReleaseSysCache(tuple);
	return privileges;
}

bool
catalog_has_security_label(Oid class_id, Oid object)
{
	Relation	catalog = table_open(SecLabelRelationId, AccessShareLock);
	ScanKeyData keys[2];
	SysScanDesc scan;
	bool		found;

	ScanKeyInit(&keys[0], Anum_pg_seclabel_objoid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(object));
	ScanKeyInit(&keys[1], Anum_pg_seclabel_classoid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(class_id));
	scan = systable_beginscan(catalog, SecLabelObjectIndexId, true, NULL, 2, keys);
	found = HeapTupleIsValid(systable_getnext(scan));
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return found;
}

static bool
can_be_read(char relkind)
{
	switch (relkind)
	{
		case RELKIND_RELATION:
		case RELKIND_PARTITIONED_TABLE:
		case RELKIND_FOREIGN_TABLE:
		case RELKIND_VIEW:
		case RELKIND_MATVIEW:
			return true;
		default:
			return false;
	}
}
