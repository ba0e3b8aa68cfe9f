/*-------------------------------------------------------------------------
 *
 * partition_constraint.c
 *		What the server has no statement for, of the constraints of partitioned tables.
 *
 * The server's own functions do it, in the order in which it would call them.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/index.h"
#include "catalog/indexing.h"
#include "catalog/partition.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "nodes/makefuncs.h"
#include "partitioning/partdesc.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "ddl/partition_constraint.h"
#include "schema/catalog_constraint.h"
#include "schema/names.h"

static void add_key(Relation rel, Oid index, Oid parent, const PartitionedKey *key);
static Oid	create_key(Relation rel, Oid index, Oid parent, const PartitionedKey *key);
static List *parts_of(Oid constraint, Oid relid);
static Oid	part_in(Oid constraint, Oid partition, Oid partner);
static void hide(List *constraints);
static void rename_part(Oid constraint, const char *name);
static char *choose_name(Oid whole);
static const char *name_for(List *parts, Oid partner);
static FormData_pg_constraint row_of(Oid constraint);
static void set_validated(Oid constraint, bool validated);

void
partition_constraint_add_key(Oid relid, const PartitionedKey *key)
{
	Relation	rel = table_open(relid, NoLock);
	Oid			index = get_relname_relid(key->name, RelationGetNamespace(rel));

	if (!OidIsValid(index) || rel->rd_rel->relkind != RELKIND_PARTITIONED_TABLE ||
		IndexGetRelation(index, false) != relid || !get_index_isvalid(index))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"%s\" has no valid index \"%s\" for a key",
						RelationGetRelationName(rel), key->name),
				 errhint("Call pgroll_c.retry_migration(), wait, and complete the migration then.")));
	add_key(rel, index, InvalidOid, key);
	table_close(rel, NoLock);
	CommandCounterIncrement();
}

/* Of one member, then of its partitions; parent is the constraint of its parent. */
static void
add_key(Relation rel, Oid index, Oid parent, const PartitionedKey *key)
{
	Oid			constraint = get_relation_idx_constraint_oid(RelationGetRelid(rel), index);
	PartitionDesc partitions;

	/* A partition may have had the key by itself, with its own partitions. */
	if (OidIsValid(constraint))
	{
		ConstraintSetParentConstraint(constraint, parent, RelationGetRelid(rel));
		return;
	}
	constraint = create_key(rel, index, parent, key);
	if (rel->rd_rel->relkind != RELKIND_PARTITIONED_TABLE)
		return;
	partitions = RelationGetPartitionDesc(rel, true);
	for (int i = 0; i < partitions->nparts; i++)
	{
		Relation	partition = table_open(partitions->oids[i], NoLock);

		add_key(partition, index_get_partition(partition, index), constraint, key);
		table_close(partition, NoLock);
	}
}

/* As ADD CONSTRAINT … USING INDEX does; the constraint. */
static Oid
create_key(Relation rel, Oid index, Oid parent, const PartitionedKey *key)
{
	Relation	index_rel = index_open(index, AccessExclusiveLock);
	IndexInfo  *info = BuildIndexInfo(index_rel);
	bool		primary = key->type == CONSTRAINT_PRIMARY;
	ObjectAddress address;

	if (primary)
		index_check_primary_key(rel, info, true, makeNode(IndexStmt));
	address = index_constraint_create(rel, index, parent, info,
									  RelationGetRelationName(index_rel), key->type,
									  INDEX_CONSTR_CREATE_UPDATE_INDEX |
									  INDEX_CONSTR_CREATE_REMOVE_OLD_DEPS |
									  (primary ? INDEX_CONSTR_CREATE_MARK_AS_PRIMARY : 0) |
									  (key->deferrable ? INDEX_CONSTR_CREATE_DEFERRABLE : 0) |
									  (key->initially_deferred ?
									   INDEX_CONSTR_CREATE_INIT_DEFERRED : 0),
									  false, false);
	index_close(index_rel, NoLock);
	return address.objectId;
}

void
partition_constraint_follow(Oid relid, const char *name, List *parts)
{
	Oid			whole = get_relation_constraint_oid(relid, name, false);
	bool		validated = row_of(whole).convalidated;
	List	   *found = parts_of(whole, relid);
	ListCell   *lc;

	/* Names are chosen in the order in which they were made. */
	list_sort(found, list_oid_cmp);
	/* Two may have each other's name. */
	hide(found);
	for (int pass = 0; pass < 2; pass++)
	{
		foreach(lc, found)
		{
			const char *wanted = name_for(parts, row_of(lfirst_oid(lc)).confrelid);

			if (wanted != NULL && pass == 0)
				rename_part(lfirst_oid(lc), wanted);
			if (wanted == NULL && pass == 1)
				rename_part(lfirst_oid(lc), choose_name(whole));
		}
	}
	foreach(lc, found)
		set_validated(lfirst_oid(lc), validated);
	CommandCounterIncrement();
}

void
partition_constraint_name_part(Oid relid, const char *foreign_key, Oid partition,
							   const char *name)
{
	Oid			whole = get_relation_constraint_oid(relid, foreign_key, false);
	Oid			part = part_in(whole, partition, row_of(whole).confrelid);

	if (OidIsValid(part) && strcmp(NameStr(row_of(part).conname), name) != 0)
		rename_part(part, name);
}

/* Of a foreign key that references the partner; its other parts reference partitions. */
static Oid
part_in(Oid constraint, Oid partition, Oid partner)
{
	ListCell   *lc;

	foreach(lc, catalog_constraint_children(constraint))
	{
		FormData_pg_constraint row = row_of(lfirst_oid(lc));
		Oid			found = row.confrelid != partner ? InvalidOid :
			row.conrelid == partition ? row.oid :
			part_in(row.oid, partition, partner);

		if (OidIsValid(found))
			return found;
	}
	return InvalidOid;
}

void
partition_constraint_hide_parts(Oid relid, const char *name)
{
	Oid			whole = get_relation_constraint_oid(relid, name, true);

	if (OidIsValid(whole))
		hide(parts_of(whole, relid));
}

/* The constraints (Oid) get names of ours. */
static void
hide(List *constraints)
{
	ListCell   *lc;

	foreach(lc, constraints)
	{
		FormData_pg_constraint row = row_of(lfirst_oid(lc));
		char	   *name = psprintf(PGROLL_PREFIX "part_%u", row.oid);

		if (strcmp(NameStr(row.conname), name) != 0)
			rename_part(row.oid, name);
	}
}

static void
rename_part(Oid constraint, const char *name)
{
	RenameConstraintById(constraint, name);
	CommandCounterIncrement();
}

/* As the server does for a part of the foreign key. */
static char *
choose_name(Oid whole)
{
	FormData_pg_constraint row = row_of(whole);
	Oid			relid = row.conrelid;
	List	   *columns = NIL;
	ListCell   *lc;
	ListCell   *lc2;

	if (FOREIGN_KEY_NAMES_PARTS)
		return ChooseConstraintName(NameStr(row.conname), NULL, "",
									get_rel_namespace(relid), NIL);

	foreach(lc, catalog_constraints(relid))
	{
		const ConstraintFacts *facts = lfirst(lc);

		foreach(lc2, facts->oid == whole ? facts->key : NIL)
			columns = lappend(columns, get_attname(relid, lfirst_int(lc2), false));
	}
	return ChooseConstraintName(get_rel_name(relid), names_addition(columns), "fkey",
								get_rel_namespace(relid), NIL);
}

List *
partition_constraint_parts(Oid constraint)
{
	List	   *parts = NIL;
	ListCell   *lc;

	foreach(lc, parts_of(constraint, row_of(constraint).conrelid))
	{
		FormData_pg_constraint row = row_of(lfirst_oid(lc));
		ForeignKeyPart *part = palloc(sizeof(ForeignKeyPart));

		part->partner = row.confrelid;
		part->name = pstrdup(NameStr(row.conname));
		parts = lappend(parts, part);
	}
	return parts;
}

/* Of a foreign key: those (Oid) of the same table, whatever partition they reference. */
static List *
parts_of(Oid constraint, Oid relid)
{
	List	   *found = NIL;
	ListCell   *lc;

	foreach(lc, catalog_constraint_children(constraint))
	{
		FormData_pg_constraint row = row_of(lfirst_oid(lc));

		if (row.contype != CONSTRAINT_FOREIGN || row.conrelid != relid)
			continue;
		found = lappend_oid(found, row.oid);
		found = list_concat(found, parts_of(row.oid, relid));
	}
	return found;
}

/* NULL: none, or it came since the plan was made. */
static const char *
name_for(List *parts, Oid partner)
{
	ListCell   *lc;

	foreach(lc, parts)
	{
		ForeignKeyPart *part = lfirst(lc);

		if (part->partner == partner)
			return part->name;
	}
	return NULL;
}

static FormData_pg_constraint
row_of(Oid constraint)
{
	FormData_pg_constraint row;

	if (!catalog_constraint_row(constraint, &row))
		elog(ERROR, "cache lookup failed for constraint %u", constraint);
	return row;
}

static void
set_validated(Oid constraint, bool validated)
{
	Relation	catalog = table_open(ConstraintRelationId, RowExclusiveLock);
	HeapTuple	tuple = SearchSysCacheCopy1(CONSTROID, ObjectIdGetDatum(constraint));
	Form_pg_constraint form;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for constraint %u", constraint);
	form = (Form_pg_constraint) GETSTRUCT(tuple);
	if (form->convalidated != validated)
	{
		form->convalidated = validated;
		CatalogTupleUpdate(catalog, &tuple->t_self, tuple);
		CacheInvalidateRelcacheByRelid(form->conrelid);
	}
	heap_freetuple(tuple);
	table_close(catalog, RowExclusiveLock);
}

char *
partition_constraint_key_sql(const char *table, const PartitionedKey *key,
							 const char *index)
{
	return psprintf("ALTER TABLE %s ADD CONSTRAINT %s %s USING INDEX %s%s", table,
					quote_identifier(key->name),
					key->type == CONSTRAINT_PRIMARY ? "PRIMARY KEY" : "UNIQUE",
					quote_identifier(index),
					key->initially_deferred ? " DEFERRABLE INITIALLY DEFERRED" :
					key->deferrable ? " DEFERRABLE" : "");
}

char *
partition_constraint_follow_sql(const char *table, const char *name)
{
	return psprintf("UPDATE pg_catalog.pg_constraint SET conname = …, convalidated = true WHERE conrelid = %s::pg_catalog.regclass AND conparentid = (SELECT oid FROM pg_catalog.pg_constraint WHERE conrelid = %s::pg_catalog.regclass AND conname = %s)",
					quote_literal_cstr(table), quote_literal_cstr(table),
					quote_literal_cstr(name));
}
