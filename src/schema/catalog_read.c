/*-------------------------------------------------------------------------
 *
 * catalog_read.c
 *		System catalogs -> SchemaModel.
 *
 * Texts are deparsed under search_path "pg_catalog, pg_temp", so that they name
 * everything with its schema.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/sysattr.h"
#include "access/table.h"
#include "catalog/dependency.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/partition.h"
#include "catalog/pg_attrdef.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_description.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"
#include "utils/syscache.h"

#include "schema/catalog_dependent.h"
#include "schema/catalog_read.h"
#include "schema/names.h"
#include "support/guc.h"

static void read_children_elsewhere(SchemaModel *model);
static List *relations_of_extensions(void);
static TableModel *read_own_table(Oid relid, Oid version_namespace);
static TableModel *read_table(Oid relid, Oid version_namespace);
static void read_columns(TableModel *table, Relation rel);
static void read_comments(TableModel *table);
static Generation *read_generation(TableModel *table, Relation rel, Form_pg_attribute att);
static void read_stored_expressions(TableModel *table, Relation rel);
static Node *default_expr(Relation rel, AttrNumber attnum);
static Node *vars_to_generations(Node *node, void *context);
static List *logical_order(TableModel *table, Oid version_namespace);
static List *grants_of_acl(Acl *acl, Oid owner);

SchemaModel *
catalog_read_schema(const char *base_schema, const char *version_schema,
					int64 migration)
{
	SchemaModel *model = palloc0(sizeof(SchemaModel));
	Oid			version_namespace = InvalidOid;
	int			guc_level = NewGUCNestLevel();
	List	   *of_extensions = relations_of_extensions();
	ListCell   *lc;

	model->base_schema = pstrdup(base_schema);
	model->namespace = get_namespace_oid(base_schema, false);
	model->migration = migration;
	if (version_schema != NULL)
	{
		model->previous_version = pstrdup(version_schema);
		version_namespace = get_namespace_oid(version_schema, true);
	}

	guc_set_portable_text();

	/*
	 * Who waits for this weak lock holds up nobody, but must not wait for
	 * ever.
	 */
	guc_set_local("lock_timeout", psprintf("%d", pgroll_lock_retry_timeout));
	foreach(lc, catalog_relations_of_schema(model->namespace))
	{
		TableModel *table = list_member_oid(of_extensions, lfirst_oid(lc)) ? NULL :
			read_table(lfirst_oid(lc), version_namespace);

		if (table != NULL)
			model->tables = lappend(model->tables, table);
	}
	read_children_elsewhere(model);
	AtEOXact_GUC(false, guc_level);
	return model;
}

/* What a table's change means for them is the same wherever they are. */
static void
read_children_elsewhere(SchemaModel *model)
{
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, list_copy(model->tables))
	{
		TableModel *table = lfirst(lc);

		foreach(lc2, table->relkind == RELKIND_RELATION ?
				catalog_table_tree(table->relid) : NIL)
			(void) catalog_read_elsewhere(model, lfirst_oid(lc2));
	}
}

TableModel *
catalog_read_elsewhere(SchemaModel *model, Oid relid)
{
	TableModel *table = model_table_of(model, relid);
	int			guc_level;

	if (table != NULL)
		return table;
	guc_level = NewGUCNestLevel();
	guc_set_portable_text();
	table = read_own_table(relid, InvalidOid);
	AtEOXact_GUC(false, guc_level);
	if (table == NULL)
		return NULL;
	table->schema = get_namespace_name(get_rel_namespace(relid));
	model->tables = lappend(model->tables, table);
	return table;
}

TableModel *
catalog_read_table(const SchemaModel *model, Oid relid)
{
	int			guc_level = NewGUCNestLevel();
	TableModel *table;

	guc_set_portable_text();
	table = read_own_table(relid, model->previous_version == NULL ? InvalidOid :
						   get_namespace_oid(model->previous_version, true));
	AtEOXact_GUC(false, guc_level);
	return table;
}

List *
catalog_relation_grants(Oid relid)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	Datum		acl;
	bool		isnull;
	List	   *grants = NIL;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for relation %u", relid);
	acl = SysCacheGetAttr(RELOID, tuple, Anum_pg_class_relacl, &isnull);
	if (!isnull)
		grants = grants_of_acl(DatumGetAclPCopy(acl),
							   ((Form_pg_class) GETSTRUCT(tuple))->relowner);
	ReleaseSysCache(tuple);
	return grants;
}

List *
catalog_column_grants(Oid relid, AttrNumber attnum)
{
	HeapTuple	tuple = SearchSysCache2(ATTNUM, ObjectIdGetDatum(relid),
										Int16GetDatum(attnum));
	Datum		acl;
	bool		isnull;
	List	   *grants = NIL;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for attribute %d of relation %u",
			 attnum, relid);
	acl = SysCacheGetAttr(ATTNUM, tuple, Anum_pg_attribute_attacl, &isnull);
	if (!isnull)
		grants = grants_of_acl(DatumGetAclPCopy(acl), catalog_relation_owner(relid));
	ReleaseSysCache(tuple);
	return grants;
}

List *
catalog_default_grants(ObjectType type, Oid owner, Oid namespace)
{
	Acl		   *acl = get_user_default_acl(type, owner, namespace);

	return acl == NULL ? NIL : grants_of_acl(acl, owner);
}

List *
catalog_schema_grants(Oid namespace)
{
	HeapTuple	tuple = SearchSysCache1(NAMESPACEOID, ObjectIdGetDatum(namespace));
	Datum		acl;
	bool		isnull;
	List	   *grants = NIL;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for namespace %u", namespace);
	acl = SysCacheGetAttr(NAMESPACEOID, tuple, Anum_pg_namespace_nspacl, &isnull);
	if (!isnull)
		grants = grants_of_acl(DatumGetAclPCopy(acl), InvalidOid);
	ReleaseSysCache(tuple);
	return grants;
}

bool
catalog_user_owns_table_in(Oid namespace)
{
	ListCell   *lc;

	foreach(lc, catalog_relations_of_schema(namespace))
	{
		HeapTuple	tuple = SearchSysCache1(RELOID,
											ObjectIdGetDatum(lfirst_oid(lc)));
		Oid			owner;

		if (!HeapTupleIsValid(tuple))
			continue;
		owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
		ReleaseSysCache(tuple);
		if (has_privs_of_role(GetUserId(), owner))
			return true;
	}
	return false;
}

List *
catalog_views_of_schema(Oid namespace)
{
	List	   *views = NIL;
	ListCell   *lc;

	foreach(lc, catalog_relations_of_schema(namespace))
	{
		if (get_rel_relkind(lfirst_oid(lc)) == RELKIND_VIEW)
			views = lappend_oid(views, lfirst_oid(lc));
	}
	return views;
}

List *
catalog_table_tree(Oid relid)
{
	/* It makes a hash table even where there is one member. */
	return has_subclass(relid) ? find_all_inheritors(relid, NoLock, NULL) :
		list_make1_oid(relid);
}

Oid
catalog_topmost(Oid relid)
{
	/* also of a partition whose concurrent detaching waits to be finished */
	while (get_rel_relispartition(relid))
		relid = get_partition_parent(relid, true);
	return relid;
}

List *
catalog_parents(Oid relid)
{
	Relation	rel = table_open(InheritsRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	List	   *parents = NIL;

	ScanKeyInit(&key, Anum_pg_inherits_inhrelid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(relid));
	scan = systable_beginscan(rel, InheritsRelidSeqnoIndexId, true, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		parents = lappend_oid(parents,
							  ((Form_pg_inherits) GETSTRUCT(tuple))->inhparent);
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return parents;
}

Oid
catalog_partition_being_detached(Oid relid)
{
	Relation	rel = table_open(InheritsRelationId, AccessShareLock);
	Oid			found = InvalidOid;
	ListCell   *lc;

	foreach(lc, catalog_table_tree(relid))
	{
		ScanKeyData key;
		SysScanDesc scan;
		HeapTuple	tuple;

		ScanKeyInit(&key, Anum_pg_inherits_inhparent, BTEqualStrategyNumber, F_OIDEQ,
					ObjectIdGetDatum(lfirst_oid(lc)));
		scan = systable_beginscan(rel, InheritsParentIndexId, true, NULL, 1, &key);
		while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		{
			if (((Form_pg_inherits) GETSTRUCT(tuple))->inhdetachpending)
				found = ((Form_pg_inherits) GETSTRUCT(tuple))->inhrelid;
		}
		systable_endscan(scan);
	}
	table_close(rel, AccessShareLock);
	return found;
}

Node *
catalog_column_default(Oid relid, const char *column)
{
	Relation	rel = relation_open(relid, AccessShareLock);
	AttrNumber	attnum = get_attnum(relid, column);
	Node	   *expr = attnum > 0 && TupleDescAttr(RelationGetDescr(rel), attnum - 1)->atthasdef ?
		default_expr(rel, attnum) : NULL;

	relation_close(rel, AccessShareLock);
	return expr;
}

bool
catalog_column_row(Oid relid, const char *column, FormData_pg_attribute *row)
{
	HeapTuple	tuple = SearchSysCacheAttName(relid, column);

	if (!HeapTupleIsValid(tuple))
		return false;
	memcpy(row, GETSTRUCT(tuple), ATTRIBUTE_FIXED_PART_SIZE);
	ReleaseSysCache(tuple);
	return true;
}

int
catalog_column_parents(Oid relid, const char *column)
{
	FormData_pg_attribute row;

	return catalog_column_row(relid, column, &row) ? row.attinhcount : 0;
}

bool
catalog_column_is_inherited(Oid relid, const char *column)
{
	return catalog_column_parents(relid, column) > 0;
}

bool
catalog_column_is_local(Oid relid, const char *column)
{
	FormData_pg_attribute row;

	return catalog_column_row(relid, column, &row) && row.attislocal;
}

bool
catalog_column_is_not_null(Oid relid, const char *column)
{
	FormData_pg_attribute row;

	return catalog_column_row(relid, column, &row) && row.attnotnull;
}

bool
catalog_is_partitioned_by(Oid relid, const char *column)
{
	bool		found = false;
	ListCell   *lc;

	foreach(lc, get_rel_relkind(relid) == RELKIND_PARTITIONED_TABLE ?
			catalog_table_tree(relid) : NIL)
	{
		Relation	rel = table_open(lfirst_oid(lc), AccessShareLock);
		AttrNumber	attnum = get_attnum(lfirst_oid(lc), column);

		found |= has_partition_attrs(rel,
									 bms_make_singleton(attnum - FirstLowInvalidHeapAttributeNumber),
									 NULL);
		table_close(rel, AccessShareLock);
	}
	return found;
}

/*
 * Ordinary, partitioned and foreign tables, views and materialized views, in the
 * order of their OIDs; what a migration makes of one is none of its schema's.
 */
List *
catalog_relations_of_schema(Oid namespace)
{
	Relation	rel = table_open(RelationRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	List	   *relids = NIL;

	ScanKeyInit(&key, Anum_pg_class_relnamespace, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(namespace));
	scan = systable_beginscan(rel, InvalidOid, false, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_class form = (Form_pg_class) GETSTRUCT(tuple);

		switch (form->relkind)
		{
			case RELKIND_RELATION:
			case RELKIND_PARTITIONED_TABLE:
			case RELKIND_FOREIGN_TABLE:
			case RELKIND_VIEW:
			case RELKIND_MATVIEW:
				if (!form->relispartition &&
					(form->relkind != RELKIND_MATVIEW ||
					 !name_is_ours(NameStr(form->relname))))
					relids = lappend_oid(relids, form->oid);
				break;
			default:
				break;
		}
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	list_sort(relids, list_oid_cmp);
	return relids;
}

/* Those (Oid) of any schema, by one scan; getExtensionOfObject() takes one for each relation. */
static List *
relations_of_extensions(void)
{
	Relation	rel = table_open(DependRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	List	   *relids = NIL;

	ScanKeyInit(&key, Anum_pg_depend_refclassid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(ExtensionRelationId));
	scan = systable_beginscan(rel, DependReferenceIndexId, true, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_depend form = (Form_pg_depend) GETSTRUCT(tuple);

		if (form->classid == RelationRelationId && form->deptype == DEPENDENCY_EXTENSION)
			relids = lappend_oid(relids, form->objid);
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return relids;
}

/* NULL where the relation is gone or belongs to an extension. */
static TableModel *
read_own_table(Oid relid, Oid version_namespace)
{
	return OidIsValid(getExtensionOfObject(RelationRelationId, relid)) ? NULL :
		read_table(relid, version_namespace);
}

/* NULL where the relation is gone. */
static TableModel *
read_table(Oid relid, Oid version_namespace)
{
	Relation	rel = try_relation_open(relid, AccessShareLock);
	TableModel *table;

	if (rel == NULL)
		return NULL;

	table = palloc0(sizeof(TableModel));
	table->relid = relid;
	table->name = pstrdup(RelationGetRelationName(rel));
	table->physical = table->name;
	table->relkind = rel->rd_rel->relkind;
	table->owner = rel->rd_rel->relowner;
	table->is_typed = OidIsValid(rel->rd_rel->reloftype);
	read_columns(table, rel);
	read_comments(table);
	table->columns = logical_order(table, version_namespace);
	relation_close(rel, AccessShareLock);
	return table;
}

static void
read_columns(TableModel *table, Relation rel)
{
	TupleDesc	desc = RelationGetDescr(rel);

	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);
		ColumnModel *column;

		if (att->attisdropped || name_is_ours(NameStr(att->attname)))
			continue;
		column = palloc0(sizeof(ColumnModel));
		column->name = pstrdup(NameStr(att->attname));
		column->generation = read_generation(table, rel, att);
		table->columns = lappend(table->columns, column);
	}
	read_stored_expressions(table, rel);
}

/* Of the table and all its columns by one scan: GetComment() takes one for each. */
static void
read_comments(TableModel *table)
{
	Relation	rel = table_open(DescriptionRelationId, AccessShareLock);
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&keys[0], Anum_pg_description_objoid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(table->relid));
	ScanKeyInit(&keys[1], Anum_pg_description_classoid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(RelationRelationId));
	scan = systable_beginscan(rel, DescriptionObjIndexId, true, NULL, 2, keys);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		int			attnum = ((Form_pg_description) GETSTRUCT(tuple))->objsubid;
		bool		isnull;
		char	   *comment = TextDatumGetCString(heap_getattr(tuple,
															   Anum_pg_description_description,
															   RelationGetDescr(rel),
															   &isnull));
		ListCell   *lc;

		if (attnum == 0)
			table->comment = comment;
		foreach(lc, table->columns)
		{
			ColumnModel *column = lfirst(lc);

			if (column->generation->attnum == attnum)
				column->comment = comment;
		}
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
}

static Generation *
read_generation(TableModel *table, Relation rel, Form_pg_attribute att)
{
	Generation *generation = model_add_generation(table, NameStr(att->attname), 0);

	generation->physical = pstrdup(NameStr(att->attname));
	generation->attnum = att->attnum;
	generation->type = att->atttypid;
	generation->typmod = att->atttypmod;
	generation->collation = att->attcollation;
	generation->not_null = att->attnotnull;
	generation->generated = att->attgenerated;
	generation->identity = att->attidentity;
	/* A default names no columns. */
	if (att->atthasdef && att->attgenerated == '\0')
		generation->default_text =
			deparse_expression(default_expr(rel, att->attnum), NIL, false, false);
	return generation;
}

/* Generated columns' expressions; all generations of the table exist. */
static void
read_stored_expressions(TableModel *table, Relation rel)
{
	ListCell   *lc;

	foreach(lc, table->generations)
	{
		Generation *generation = lfirst(lc);

		if (generation->generated != '\0')
			generation->stored_expr =
				vars_to_generations(default_expr(rel, generation->attnum), table);
	}
}

static Node *
default_expr(Relation rel, AttrNumber attnum)
{
	TupleConstr *constr = RelationGetDescr(rel)->constr;

	for (int i = 0; constr != NULL && i < constr->num_defval; i++)
	{
		if (constr->defval[i].adnum == attnum)
			return stringToNode(constr->defval[i].adbin);
	}
	elog(ERROR, "default of column %d of relation \"%s\" not found",
		 attnum, RelationGetRelationName(rel));
	return NULL;
}

/* A column reference becomes the parameter of the column's generation. */
static Node *
vars_to_generations(Node *node, void *context)
{
	TableModel *table = context;

	if (node == NULL)
		return NULL;
	if (IsA(node, Var))
	{
		Var		   *var = (Var *) node;
		ListCell   *lc;

		foreach(lc, table->generations)
		{
			Generation *generation = lfirst(lc);
			Param	   *param;

			if (generation->attnum != var->varattno)
				continue;
			param = makeNode(Param);
			param->paramkind = PARAM_EXTERN;
			param->paramid = generation->number;
			param->paramtype = generation->type;
			param->paramtypmod = generation->typmod;
			param->paramcollid = generation->collation;
			param->location = -1;
			return (Node *) param;
		}
		elog(ERROR, "column %d of table \"%s\" not found in the model",
			 var->varattno, table->name);
	}
	return expression_tree_mutator(node, vars_to_generations, context);
}

/* The columns in the order of the table's view in the newest version. */
static List *
logical_order(TableModel *table, Oid version_namespace)
{
	Oid			view = InvalidOid;
	List	   *ordered = NIL;
	Relation	rel;
	ListCell   *lc;

	if (OidIsValid(version_namespace))
		view = get_relname_relid(table->name, version_namespace);
	if (!OidIsValid(view))
		return table->columns;
	rel = try_relation_open(view, AccessShareLock);
	if (rel == NULL)
		return table->columns;
	for (int i = 0; i < RelationGetNumberOfAttributes(rel); i++)
	{
		Form_pg_attribute att = TupleDescAttr(RelationGetDescr(rel), i);
		ColumnModel *column = model_find_column(table, NameStr(att->attname));

		if (!att->attisdropped && column != NULL)
			ordered = lappend(ordered, column);
	}
	relation_close(rel, AccessShareLock);
	foreach(lc, table->columns)
		ordered = list_append_unique_ptr(ordered, lfirst(lc));
	return ordered;
}

static List *
grants_of_acl(Acl *acl, Oid owner)
{
	List	   *grants = NIL;

	for (int i = 0; i < ACL_NUM(acl); i++)
	{
		AclItem    *item = &ACL_DAT(acl)[i];
		AclMode		plain = ACLITEM_GET_PRIVS(*item) & ~ACLITEM_GET_GOPTIONS(*item);
		AclMode		grantable = ACLITEM_GET_GOPTIONS(*item);
		const char *grantee;

		if (OidIsValid(owner) && item->ai_grantee == owner)
			continue;
		if (item->ai_grantee == ACL_ID_PUBLIC)
			grantee = "PUBLIC";
		else
			grantee = quote_identifier(GetUserNameFromId(item->ai_grantee, false));
		for (int option = 0; option < 2; option++)
		{
			GrantPart  *part;

			if ((option == 0 ? plain : grantable) == 0)
				continue;
			part = palloc0(sizeof(GrantPart));
			part->privileges = option == 0 ? plain : grantable;
			part->grantee = pstrdup(grantee);
			part->grantable = option == 1;
			grants = lappend(grants, part);
		}
	}
	return grants;
}

