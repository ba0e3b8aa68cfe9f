/*-------------------------------------------------------------------------
 *
 * catalog_constraint.c
 *		Constraints of a table, as values.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/partition.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "commands/comment.h"
#include "nodes/nodeFuncs.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "schema/catalog_constraint.h"
#include "schema/catalog_object.h"
#include "schema/names.h"

static bool stands_for_object_of(Oid relid, int64 migration, const char *name);
static bool find_constraint(Oid relid, const char *name,
							FormData_pg_constraint *form);
static ConstraintFacts *read_constraint(HeapTuple tuple);
static List *read_key(HeapTuple tuple);
static void read_foreign_key(ConstraintFacts *facts, HeapTuple tuple);
static const char *action_text(char action);
static int	compare_constraints(const ListCell *a, const ListCell *b);
static int	compare_referencing(const ListCell *a, const ListCell *b);

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
catalog_partners(Oid relid)
{
	List	   *partners = NIL;
	ListCell   *lc;

	foreach(lc, catalog_constraints(relid))
	{
		const ConstraintFacts *facts = lfirst(lc);

		if (facts->type == CONSTRAINT_FOREIGN)
			partners = list_append_unique_oid(partners, facts->partner);
	}
	return partners;
}

List *
catalog_constraint_parts(Oid constraint)
{
	List	   *found = NIL;
	ListCell   *lc;

	foreach(lc, catalog_constraint_children(constraint))
	{
		HeapTuple	tuple = SearchSysCache1(CONSTROID, ObjectIdGetDatum(lfirst_oid(lc)));
		ConstraintFacts *facts;

		if (!HeapTupleIsValid(tuple))
			continue;
		facts = read_constraint(tuple);
		ReleaseSysCache(tuple);
		if (get_rel_relkind(facts->relation) == RELKIND_PARTITIONED_TABLE)
			found = list_concat(found, catalog_constraint_parts(facts->oid));
		else
			found = lappend(found, facts);
	}
	list_sort(found, compare_referencing);
	return found;
}

List *
catalog_constraint_children(Oid constraint)
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
		found = lappend_oid(found, ((Form_pg_constraint) GETSTRUCT(tuple))->oid);
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return found;
}

bool
catalog_constraint_row(Oid constraint, FormData_pg_constraint *form)
{
	HeapTuple	tuple = SearchSysCache1(CONSTROID, ObjectIdGetDatum(constraint));

	if (!HeapTupleIsValid(tuple))
		return false;
	*form = *(Form_pg_constraint) GETSTRUCT(tuple);
	ReleaseSysCache(tuple);
	return true;
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

static bool
find_constraint(Oid relid, const char *name, FormData_pg_constraint *form)
{
	return catalog_constraint_row(get_relation_constraint_oid(relid, name, true), form);
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
