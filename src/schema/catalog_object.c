/*-------------------------------------------------------------------------
 *
 * catalog_object.c
 *		Constraints, indexes and smaller facts of a table, as texts and values.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/reloptions.h"
#include "access/table.h"
#include "catalog/dependency.h"
#include "catalog/index.h"
#include "catalog/namespace.h"
#include "catalog/partition.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_index.h"
#include "catalog/pg_opclass.h"
#include "catalog/pg_publication.h"
#include "catalog/pg_publication_rel.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "commands/comment.h"
#include "commands/defrem.h"
#include "commands/tablespace.h"
#include "commands/trigger.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "schema/catalog_object.h"
#include "schema/names.h"

static bool stands_for_object_of(Oid relid, int64 migration, const char *name);
static ConstraintFacts *read_constraint(HeapTuple tuple);
static bool find_constraint(Oid relid, const char *name,
							FormData_pg_constraint *form);
static List *read_key(HeapTuple tuple);
static void read_foreign_key(ConstraintFacts *facts, HeapTuple tuple);
static const char *action_text(char action);
static int	compare_constraints(const ListCell *a, const ListCell *b);
static int	compare_referencing(const ListCell *a, const ListCell *b);
static List *indexes_of(Oid relid, bool valid);
static IndexFacts *read_index(Relation index);
static void read_index_columns(IndexFacts *facts, Relation index);
static Node *stored_tree(Relation index, AttrNumber attnum);
static IndexColumn *read_index_column(Relation index, int place,
									  ListCell **expression);
static int	compare_indexes(const ListCell *a, const ListCell *b);
static Bitmapset *plain_attnums(Bitmapset *offset);

char *
catalog_collation_name(Oid collation)
{
	HeapTuple	tuple = SearchSysCache1(COLLOID, ObjectIdGetDatum(collation));
	Form_pg_collation form;
	char	   *name;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for collation %u", collation);
	form = (Form_pg_collation) GETSTRUCT(tuple);
	name = quote_qualified_identifier(get_namespace_name(form->collnamespace),
									  NameStr(form->collname));
	ReleaseSysCache(tuple);
	return name;
}

char *
catalog_opclass_name(Oid opclass)
{
	HeapTuple	tuple = SearchSysCache1(CLAOID, ObjectIdGetDatum(opclass));
	Form_pg_opclass form;
	char	   *name;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for opclass %u", opclass);
	form = (Form_pg_opclass) GETSTRUCT(tuple);
	name = quote_qualified_identifier(get_namespace_name(form->opcnamespace),
									  NameStr(form->opcname));
	ReleaseSysCache(tuple);
	return name;
}

char *
catalog_relation_name(Oid relid)
{
	char	   *name = get_rel_name(relid);

	if (name == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u has been dropped meanwhile", relid)));
	return quote_qualified_identifier(get_namespace_name(get_rel_namespace(relid)),
									  name);
}

char *
catalog_options_text(Datum options)
{
	Datum	   *elements;
	int			n;
	StringInfoData list;

	initStringInfo(&list);
	deconstruct_array(DatumGetArrayTypeP(options), TEXTOID, -1, false,
					  TYPALIGN_INT, &elements, NULL, &n);
	for (int i = 0; i < n; i++)
	{
		char	   *name = TextDatumGetCString(elements[i]);
		char	   *value = strchr(name, '=');

		if (value == NULL)
			elog(ERROR, "option \"%s\" has no value", name);
		*value++ = '\0';
		/* The server's own bookkeeping, which no statement may set. */
		if (strcmp(name, "pg_attver") == 0)
			continue;
		appendStringInfo(&list, "%s%s=%s", list.len > 0 ? ", " : "",
						 quote_identifier(name), quote_literal_cstr(value));
	}
	return list.len > 0 ? list.data : NULL;
}

char *
catalog_publication_of_all_columns(Oid relid)
{
	List	   *publications = GetAllTablesPublications();
	ListCell   *lc;

	publications = list_concat(publications,
							   GetSchemaPublications(get_rel_namespace(relid)));
	foreach(lc, GetRelationIncludedPublications(relid))
	{
		HeapTuple	tuple = SearchSysCache2(PUBLICATIONRELMAP,
											ObjectIdGetDatum(relid),
											ObjectIdGetDatum(lfirst_oid(lc)));
		bool		isnull = true;

		if (!HeapTupleIsValid(tuple))
			continue;
		(void) SysCacheGetAttr(PUBLICATIONRELMAP, tuple,
							   Anum_pg_publication_rel_prattrs, &isnull);
		ReleaseSysCache(tuple);
		if (isnull)
			publications = lappend_oid(publications, lfirst_oid(lc));
	}
	if (publications == NIL)
		return NULL;
	return get_publication_name(linitial_oid(publications), true);
}

List *
catalog_columns_of_migration(Oid relid, int64 migration)
{
	Relation	rel = relation_open(relid, AccessShareLock);
	List	   *names = NIL;

	for (int i = 0; i < RelationGetNumberOfAttributes(rel); i++)
	{
		Form_pg_attribute att = TupleDescAttr(RelationGetDescr(rel), i);

		if (!att->attisdropped && att->attinhcount == 0 &&
			name_is_of_migration(NameStr(att->attname), migration))
			names = lappend(names, pstrdup(NameStr(att->attname)));
	}
	relation_close(rel, AccessShareLock);
	return names;
}

List *
catalog_own_triggers(Oid relid)
{
	Relation	rel = relation_open(relid, AccessShareLock);
	TriggerDesc *triggers = rel->trigdesc;
	List	   *names = NIL;

	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
	{
		Trigger    *trigger = &triggers->triggers[i];

		if (!trigger->tgisclone && name_is_dual_write_trigger(trigger->tgname))
			names = lappend(names, pstrdup(trigger->tgname));
	}
	relation_close(rel, AccessShareLock);
	return names;
}

bool
catalog_has_before_triggers(Oid relid)
{
	Relation	rel = relation_open(relid, AccessShareLock);
	TriggerDesc *triggers = rel->trigdesc;
	bool		found = false;

	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
	{
		Trigger    *trigger = &triggers->triggers[i];

		if (!TRIGGER_FOR_ROW(trigger->tgtype) || !TRIGGER_FOR_BEFORE(trigger->tgtype) ||
			!(TRIGGER_FOR_INSERT(trigger->tgtype) || TRIGGER_FOR_UPDATE(trigger->tgtype)) ||
			name_is_dual_write_trigger(trigger->tgname))
			continue;
		if (strcmp(trigger->tgname, DUAL_WRITE_TRIGGER_FIRST) < 0 ||
			strcmp(trigger->tgname, DUAL_WRITE_TRIGGER_LAST) > 0)
			ereport(ERROR,
					(errcode(ERRCODE_PGROLL_TRIGGER_ORDER),
					 errmsg("trigger \"%s\" of table \"%s\" does not sort between the dual-write triggers",
							trigger->tgname, RelationGetRelationName(rel)),
					 errdetail("BEFORE triggers fire in the order of their names; ours are \"%s\" and \"%s\".",
							   DUAL_WRITE_TRIGGER_FIRST, DUAL_WRITE_TRIGGER_LAST),
					 errhint("Rename the trigger with ALTER TRIGGER.")));
		found = true;
	}
	relation_close(rel, AccessShareLock);
	return found;
}

AttrNumber
catalog_last_attnum(Oid relid)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	AttrNumber	natts;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for relation %u", relid);
	natts = ((Form_pg_class) GETSTRUCT(tuple))->relnatts;
	ReleaseSysCache(tuple);
	return natts;
}

int
catalog_statistics_target(Oid relid, AttrNumber attnum)
{
	HeapTuple	tuple = SearchSysCache2(ATTNUM, ObjectIdGetDatum(relid),
										Int16GetDatum(attnum));
	Datum		target;
	bool		isnull;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for attribute %d of relation %u",
			 attnum, relid);
	/* PG17 made the statistics target nullable, and NULL its default. */
	target = SysCacheGetAttr(ATTNUM, tuple, Anum_pg_attribute_attstattarget, &isnull);
	ReleaseSysCache(tuple);
	return isnull ? -1 : DatumGetInt16(target);
}

List *
catalog_column_names(Oid relid)
{
	AttrNumber	last = catalog_last_attnum(relid);
	List	   *names = NIL;

	for (AttrNumber attnum = 1; attnum <= last; attnum++)
	{
		char	   *name = get_attname(relid, attnum, true);

		names = lappend(names, name != NULL ? name : psprintf("?%d", attnum));
	}
	return names;
}

List *
catalog_constraints(Oid relid)
{
	Relation	rel = table_open(relid, AccessShareLock);
	Relation	catalog = table_open(ConstraintRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	List	   *found = NIL;

	ScanKeyInit(&key, Anum_pg_constraint_conrelid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(relid));
	scan = systable_beginscan(catalog, ConstraintRelidTypidNameIndexId, true,
							  NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		ConstraintFacts *facts = read_constraint(tuple);

		if (facts != NULL)
			found = lappend(found, facts);
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	table_close(rel, AccessShareLock);
	list_sort(found, compare_constraints);
	return found;
}

List *
catalog_referencing(Oid relid)
{
	Relation	catalog = table_open(ConstraintRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	List	   *found = NIL;

	ScanKeyInit(&key, Anum_pg_constraint_confrelid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(relid));
	scan = systable_beginscan(catalog, InvalidOid, false, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		if (!OidIsValid(((Form_pg_constraint) GETSTRUCT(tuple))->conparentid))
			found = lappend(found, read_constraint(tuple));
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	list_sort(found, compare_referencing);
	return found;
}

List *
catalog_constraint_parts(Oid constraint)
{
	Relation	catalog = table_open(ConstraintRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	List	   *found = NIL;

	ScanKeyInit(&key, Anum_pg_constraint_conparentid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(constraint));
	scan = systable_beginscan(catalog, ConstraintParentIndexId, true, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		ConstraintFacts *facts = read_constraint(tuple);

		if (get_rel_relkind(facts->relation) == RELKIND_PARTITIONED_TABLE)
			found = list_concat(found, catalog_constraint_parts(facts->oid));
		else
			found = lappend(found, facts);
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	list_sort(found, compare_referencing);
	return found;
}

char *
catalog_not_null_name(Oid relid, AttrNumber attnum)
{
	Relation	catalog = table_open(ConstraintRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	char	   *name = NULL;

	ScanKeyInit(&key, Anum_pg_constraint_conrelid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(relid));
	scan = systable_beginscan(catalog, ConstraintRelidTypidNameIndexId, true,
							  NULL, 1, &key);
	while (name == NULL && HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_constraint form = (Form_pg_constraint) GETSTRUCT(tuple);

		if (form->contype == CONSTRAINT_NOTNULL &&
			linitial_int(read_key(tuple)) == attnum)
			name = pstrdup(NameStr(form->conname));
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return name;
}

bool
catalog_constraint_exists(Oid relid, const char *name)
{
	return OidIsValid(get_relation_constraint_oid(relid, name, true));
}

List *
catalog_indexes(Oid relid)
{
	return indexes_of(relid, true);
}

List *
catalog_invalid_indexes(Oid relid)
{
	return indexes_of(relid, false);
}

static List *
indexes_of(Oid relid, bool valid)
{
	Relation	rel = table_open(relid, AccessShareLock);
	List	   *found = NIL;
	ListCell   *lc;

	foreach(lc, RelationGetIndexList(rel))
	{
		Relation	index = index_open(lfirst_oid(lc), AccessShareLock);

		if (index->rd_index->indisvalid == valid && index->rd_index->indislive)
			found = lappend(found, read_index(index));
		index_close(index, AccessShareLock);
	}
	table_close(rel, AccessShareLock);
	list_sort(found, compare_indexes);
	return found;
}

bool
catalog_index_is_key(const IndexFacts *index, Bitmapset *attnums)
{
	ListCell   *lc;

	if (!index->unique || !index->immediate || index->predicate != NULL ||
		list_length(index->columns) != bms_num_members(attnums))
		return false;
	foreach(lc, index->columns)
	{
		if (!bms_is_member(((IndexColumn *) lfirst(lc))->attnum, attnums))
			return false;
	}
	return true;
}

Oid
catalog_index_of_table(Oid relid, const char *name)
{
	Oid			index = get_relname_relid(name, get_rel_namespace(relid));

	return OidIsValid(index) && IndexGetRelation(index, true) == relid ?
		index : InvalidOid;
}

bool
catalog_index_reads_own_column(Oid index, int64 migration)
{
	Relation	rel = index_open(index, AccessShareLock);
	Bitmapset  *attnums = read_index(rel)->attnums;
	Oid			table = rel->rd_index->indrelid;
	int			attnum = -1;

	index_close(rel, AccessShareLock);
	while ((attnum = bms_next_member(attnums, attnum)) >= 0)
	{
		if (name_is_of_migration(get_attname(table, attnum, false), migration))
			return true;
	}
	return false;
}

bool
catalog_constraint_is_valid(Oid relid, const char *name)
{
	FormData_pg_constraint form;

	return find_constraint(relid, name, &form) && form.convalidated;
}

bool
catalog_constraint_is_own(Oid relid, const char *name)
{
	FormData_pg_constraint form;

	return find_constraint(relid, name, &form) && form.coninhcount == 0;
}

bool
catalog_constraint_is_local(Oid relid, const char *name)
{
	FormData_pg_constraint form;

	return find_constraint(relid, name, &form) && form.conislocal;
}

bool
catalog_carried_is_wanted(Oid relid, int64 migration, const char *name)
{
	const char *original = name_carried_original(name);
	ListCell   *lc;

	/* The check of a new NOT NULL is called after its column, which is ours. */
	if (original == NULL || name_is_ours(original) || name_is_new(name))
		return true;
	if (stands_for_object_of(relid, migration, name))
		return true;
	/* A partition's part of a foreign key is called after the whole table's. */
	foreach(lc, get_rel_relispartition(relid) ? get_partition_ancestors(relid) : NIL)
	{
		if (stands_for_object_of(lfirst_oid(lc), migration, name))
			return true;
	}
	return false;
}

/* Does the table have a constraint or an index for which the one of that name stands? */
static bool
stands_for_object_of(Oid relid, int64 migration, const char *name)
{
	ListCell   *lc;

	foreach(lc, catalog_constraints(relid))
	{
		if (strcmp(name_carried(migration, ((ConstraintFacts *) lfirst(lc))->name), name) == 0)
			return true;
	}
	foreach(lc, catalog_indexes(relid))
	{
		if (strcmp(name_carried(migration, ((IndexFacts *) lfirst(lc))->name), name) == 0)
			return true;
	}
	return false;
}

/* A copy of a constraint's row, as far as its fixed columns go. */
static bool
find_constraint(Oid relid, const char *name, FormData_pg_constraint *form)
{
	Oid			constraint = get_relation_constraint_oid(relid, name, true);
	HeapTuple	tuple;

	tuple = SearchSysCache1(CONSTROID, ObjectIdGetDatum(constraint));
	if (!HeapTupleIsValid(tuple))
		return false;
	*form = *(Form_pg_constraint) GETSTRUCT(tuple);
	ReleaseSysCache(tuple);
	return true;
}

/* NULL for the kinds that need no care of ours. */
static ConstraintFacts *
read_constraint(HeapTuple tuple)
{
	Form_pg_constraint form = (Form_pg_constraint) GETSTRUCT(tuple);
	ConstraintFacts *facts;
	bool		isnull;
	ListCell   *lc;

	if (form->contype == CONSTRAINT_TRIGGER || form->contype == CONSTRAINT_NOTNULL)
		return NULL;
	facts = palloc0(sizeof(ConstraintFacts));
	facts->oid = form->oid;
	facts->relation = form->conrelid;
	facts->name = pstrdup(NameStr(form->conname));
	facts->type = form->contype;
	facts->validated = form->convalidated;
	facts->enforced = constraint_is_enforced(form);
	facts->no_inherit = form->connoinherit;
	facts->inherited = form->coninhcount > 0;
	facts->deferrable = form->condeferrable;
	facts->initially_deferred = form->condeferred;
	if (form->contype == CONSTRAINT_FOREIGN)
		facts->partner_index = form->conindid;
	else
		facts->index = form->conindid;
	facts->comment = GetComment(form->oid, ConstraintRelationId, 0);
	facts->key = read_key(tuple);
	foreach(lc, facts->key)
	{
		if (lfirst_int(lc) > 0)
			facts->columns = bms_add_member(facts->columns, lfirst_int(lc));
	}
	if (form->contype == CONSTRAINT_CHECK)
		facts->check = TextDatumGetCString(SysCacheGetAttr(CONSTROID, tuple,
														   Anum_pg_constraint_conbin,
														   &isnull));
	if (form->contype == CONSTRAINT_FOREIGN)
		read_foreign_key(facts, tuple);
	return facts;
}

/* Attribute numbers (int), in order. */
static List *
read_key(HeapTuple tuple)
{
	List	   *key = NIL;
	bool		isnull;
	Datum		value = SysCacheGetAttr(CONSTROID, tuple,
										Anum_pg_constraint_conkey, &isnull);
	ArrayType  *array;
	int16	   *numbers;

	if (isnull)
		return NIL;
	array = DatumGetArrayTypeP(value);
	numbers = (int16 *) ARR_DATA_PTR(array);
	for (int i = 0; i < ARR_DIMS(array)[0]; i++)
		key = lappend_int(key, numbers[i]);
	return key;
}

static void
read_foreign_key(ConstraintFacts *facts, HeapTuple tuple)
{
	Form_pg_constraint form = (Form_pg_constraint) GETSTRUCT(tuple);
	int			n;
	AttrNumber	conkey[INDEX_MAX_KEYS];
	AttrNumber	confkey[INDEX_MAX_KEYS];
	Oid			operators[3][INDEX_MAX_KEYS];
	int			n_set;
	AttrNumber	set[INDEX_MAX_KEYS];
	StringInfoData tail;

	DeconstructFkConstraintRow(tuple, &n, conkey, confkey, operators[0],
							   operators[1], operators[2], &n_set, set);
	facts->partner = form->confrelid;
	for (int i = 0; i < n; i++)
	{
		facts->partner_key = lappend(facts->partner_key,
									 get_attname(form->confrelid, confkey[i], false));
		facts->partner_columns = bms_add_member(facts->partner_columns, confkey[i]);
	}
	for (int i = 0; i < n_set; i++)
		facts->delete_set_key = lappend_int(facts->delete_set_key, set[i]);

	initStringInfo(&tail);
	if (form->confmatchtype == FKCONSTR_MATCH_FULL)
		appendStringInfoString(&tail, " MATCH FULL");
	appendStringInfo(&tail, " ON UPDATE %s ON DELETE %s",
					 action_text(form->confupdtype), action_text(form->confdeltype));
	facts->reference_tail = tail.data;
}

static const char *
action_text(char action)
{
	switch (action)
	{
		case FKCONSTR_ACTION_NOACTION:
			return "NO ACTION";
		case FKCONSTR_ACTION_RESTRICT:
			return "RESTRICT";
		case FKCONSTR_ACTION_CASCADE:
			return "CASCADE";
		case FKCONSTR_ACTION_SETNULL:
			return "SET NULL";
		case FKCONSTR_ACTION_SETDEFAULT:
			return "SET DEFAULT";
	}
	elog(ERROR, "unrecognized foreign-key action: %d", action);
	return NULL;
}

static int
compare_constraints(const ListCell *a, const ListCell *b)
{
	return strcmp(((ConstraintFacts *) lfirst(a))->name,
				  ((ConstraintFacts *) lfirst(b))->name);
}

static int
compare_referencing(const ListCell *a, const ListCell *b)
{
	Oid			x = ((ConstraintFacts *) lfirst(a))->relation;
	Oid			y = ((ConstraintFacts *) lfirst(b))->relation;

	if (x != y)
		return strcmp(catalog_relation_name(x), catalog_relation_name(y));
	return compare_constraints(a, b);
}

static IndexFacts *
read_index(Relation index)
{
	IndexFacts *facts = palloc0(sizeof(IndexFacts));
	HeapTuple	tuple = SearchSysCache1(RELOID,
										ObjectIdGetDatum(RelationGetRelid(index)));
	Datum		options;
	bool		isnull;

	facts->oid = RelationGetRelid(index);
	facts->name = pstrdup(RelationGetRelationName(index));
	facts->method_oid = index->rd_rel->relam;
	facts->method = get_am_name(index->rd_rel->relam);
	facts->can_order = index->rd_indam->amcanorder;
	facts->unique = index->rd_index->indisunique;
	facts->immediate = index->rd_index->indimmediate;
	facts->nulls_not_distinct = index->rd_index->indnullsnotdistinct;
	facts->replica_identity = index->rd_index->indisreplident;
	facts->clustered = index->rd_index->indisclustered;
	read_index_columns(facts, index);
	facts->predicate = stored_tree(index, Anum_pg_index_indpred);
	if (facts->predicate != NULL)
	{
		Bitmapset  *offset = NULL;

		pull_varattnos(facts->predicate, 1, &offset);
		facts->attnums = bms_add_members(facts->attnums, plain_attnums(offset));
	}
	options = SysCacheGetAttr(RELOID, tuple, Anum_pg_class_reloptions, &isnull);
	if (!isnull)
		facts->options = catalog_options_text(options);
	if (OidIsValid(index->rd_rel->reltablespace))
		facts->tablespace = get_tablespace_name(index->rd_rel->reltablespace);
	facts->comment = GetComment(facts->oid, RelationRelationId, 0);
	ReleaseSysCache(tuple);
	return facts;
}

static void
read_index_columns(IndexFacts *facts, Relation index)
{
	List	   *expressions = (List *) stored_tree(index, Anum_pg_index_indexprs);
	ListCell   *expression = list_head(expressions);
	int			n_key = IndexRelationGetNumberOfKeyAttributes(index);

	for (int i = 0; i < IndexRelationGetNumberOfAttributes(index); i++)
	{
		ListCell   *before = expression;
		IndexColumn *column = read_index_column(index, i, &expression);

		if (column->expr != NULL)
		{
			Bitmapset  *offset = NULL;

			pull_varattnos(column->expr, 1, &offset);
			facts->attnums = bms_add_members(facts->attnums, plain_attnums(offset));
			if (before != NULL)
				expression = lnext(expressions, before);
		}
		else
			facts->attnums = bms_add_member(facts->attnums, column->attnum);
		if (i < n_key)
			facts->columns = lappend(facts->columns, column);
		else
			facts->included = lappend(facts->included, column);
	}
}

/* What the relcache has of it is simplified: it lacks what was inlined. */
static Node *
stored_tree(Relation index, AttrNumber attnum)
{
	bool		isnull;
	Datum		tree = SysCacheGetAttr(INDEXRELID, index->rd_indextuple, attnum, &isnull);

	return isnull ? NULL : stringToNode(TextDatumGetCString(tree));
}

static IndexColumn *
read_index_column(Relation index, int place, ListCell **expression)
{
	IndexColumn *column = palloc0(sizeof(IndexColumn));
	int			n_key = IndexRelationGetNumberOfKeyAttributes(index);
	Oid			type;
	Datum		options;

	column->attnum = index->rd_index->indkey.values[place];
	if (column->attnum == 0)
		column->expr = lfirst(*expression);
	if (place >= n_key)
		return column;
	column->opclass = get_index_column_opclass(RelationGetRelid(index), place + 1);
	/* of the table's column: what the index stores may be of another type */
	type = column->expr != NULL ? exprType(column->expr) :
		get_atttype(index->rd_index->indrelid, column->attnum);
	column->opclass_is_default =
		column->opclass == GetDefaultOpClass(type, index->rd_rel->relam);
	column->collation = index->rd_indcollation[place];
	column->descending = (index->rd_indoption[place] & INDOPTION_DESC) != 0;
	column->nulls_first = (index->rd_indoption[place] & INDOPTION_NULLS_FIRST) != 0;
	options = get_attoptions(RelationGetRelid(index), place + 1);
	if (options != (Datum) 0)
		column->opclass_options = catalog_options_text(options);
	return column;
}

static int
compare_indexes(const ListCell *a, const ListCell *b)
{
	return strcmp(((IndexFacts *) lfirst(a))->name,
				  ((IndexFacts *) lfirst(b))->name);
}

/* pull_varattnos() offsets what it finds. */
static Bitmapset *
plain_attnums(Bitmapset *offset)
{
	Bitmapset  *plain = NULL;
	int			number = -1;

	while ((number = bms_next_member(offset, number)) >= 0)
	{
		int			attnum = number + FirstLowInvalidHeapAttributeNumber;

		if (attnum > 0)
			plain = bms_add_member(plain, attnum);
	}
	return plain;
}
