/*-------------------------------------------------------------------------
 *
 * drop_check.c
 *		Whether something that stays needs what an operation drops.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "catalog/pg_attrdef.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "nodes/value.h"
#include "utils/lsyscache.h"

#include "operation/drop_check.h"
#include "schema/catalog_constraint.h"
#include "schema/catalog_depend.h"
#include "schema/catalog_read.h"
#include "schema/catalog_sequence.h"
#include "schema/catalog_trigger.h"
#include "schema/names.h"
#include "schema/object_model.h"
#include "versioning/expression.h"

static bool loses_column(const TableModel *table, Oid member, const char *physical);
static void check_sequences(SchemaModel *model, const TableModel *table,
							const Generation *column, Oid relid, AttrNumber attnum,
							const char *path);
static bool goes_along(const TableModel *table, const Generation *column,
					   const Dependent *dependent);
static bool find_sequences(Node *node, void *sequences);
pg_noreturn static void raise_read_by_default(Oid sequence, const char *path);
static void check_none_stays(SchemaModel *model, List *dependents, const char *object,
							 const char *path);
static List *those_that_stay(const SchemaModel *model, List *dependents);
static bool goes_before(const SchemaModel *model, const Dependent *dependent);
static TableModel *table_above(const SchemaModel *model, Oid relid);
static bool default_goes_before(const SchemaModel *model, Oid relid, AttrNumber attnum);
static bool loses_key(const TableModel *table, Oid relid, Oid constraint);
static bool shows_stored_column(const TableModel *table, const char *physical);
static List *blocking(const SchemaModel *model, Oid relid, AttrNumber attnum);
static bool is_foreign_key_of_ours(const SchemaModel *model, const Operation *op,
								   Oid constraint);
static Oid	constraint_relation(Oid constraint);
static void raise_hung_on(const char *object, List *dependents);

void
drop_check_dependents(SchemaModel *model, TableModel *table,
					  const Generation *column, const char *path)
{
	ListCell   *lc;

	if (column != NULL && catalog_is_partitioned_by(table->relid, column->physical))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TABLE_DEFINITION),
				 errmsg("cannot drop column \"%s\" of table \"%s\" because the table or a partition is partitioned by it",
						column->name, table->name),
				 errdetail("At %s.", path),
				 errhint("Keep the column, or make another table.")));
	check_none_stays(model,
					 catalog_blocking_dependents(table->relid,
												 column == NULL ? 0 : column->attnum,
												 model->version_namespaces),
					 column == NULL ? psprintf("table \"%s\"", table->name) :
					 psprintf("column \"%s\" of table \"%s\"", column->name,
							  table->name), path);
	foreach(lc, OidIsValid(table->relid) ? catalog_table_tree(table->relid) : NIL)
	{
		Oid			member = lfirst_oid(lc);
		AttrNumber	attnum = column == NULL ? InvalidAttrNumber :
			get_attnum(member, column->physical);

		if (column != NULL && !loses_column(table, member, column->physical))
			continue;
		if (column != NULL && member != table->relid)
			check_none_stays(model,
							 catalog_blocking_dependents(member, attnum,
														 model->version_namespaces),
							 psprintf("column \"%s\" of table \"%s\"", column->name,
									  table->name), path);
		check_sequences(model, table, column, member, attnum, path);
	}
}

/* With that of the table?  A child keeps what it has declared itself. */
static bool
loses_column(const TableModel *table, Oid member, const char *physical)
{
	return member == table->relid || !catalog_column_is_local(member, physical);
}

/*
 * A sequence of a table, or a member of it, goes with its column, and another's default
 * may read it.
 */
static void
check_sequences(SchemaModel *model, const TableModel *table, const Generation *column,
				Oid relid, AttrNumber attnum, const char *path)
{
	ListCell   *lc;

	foreach(lc, catalog_column_sequences(relid, attnum))
	{
		Oid			sequence = lfirst_oid(lc);
		List	   *others = NIL;
		ListCell   *lc2;

		foreach(lc2, blocking(model, sequence, 0))
		{
			if (!goes_along(table, column, lfirst(lc2)))
				others = lappend(others, lfirst(lc2));
		}
		check_none_stays(model, others,
						 psprintf("sequence \"%s\" of table \"%s\"",
								  get_rel_name(sequence), table->name), path);
		if (list_member_oid(model->read_sequences, sequence))
			raise_read_by_default(sequence, path);
	}
}

/* Is it the default of the table's column (NULL: of any), or of a member's? */
static bool
goes_along(const TableModel *table, const Generation *column, const Dependent *dependent)
{
	ObjectAddress address;
	char	   *name;

	if (dependent->object.classId != AttrDefaultRelationId)
		return false;
	address = GetAttrDefaultColumnAddress(dependent->object.objectId);
	if (!list_member_oid(catalog_table_tree(table->relid), address.objectId))
		return false;
	name = get_attname(address.objectId, address.objectSubId, false);
	return column == NULL || (strcmp(name, column->physical) == 0 &&
							  loses_column(table, address.objectId, name));
}

void
drop_check_default(SchemaModel *model, Node *expr, const char *path)
{
	List	   *sequences = NIL;
	ListCell   *lc;

	(void) find_sequences(expr, &sequences);
	foreach(lc, sequences)
	{
		AttrNumber	attnum;
		Oid			relid = catalog_sequence_column(lfirst_oid(lc), &attnum);
		const TableModel *table = OidIsValid(relid) ? model_table_of(model, relid) : NULL;

		if (table != NULL &&
			(table->dropped || model_newest_of_stored(table, attnum) == NULL))
			raise_read_by_default(lfirst_oid(lc), path);
		model->read_sequences = list_append_unique_oid(model->read_sequences,
													   lfirst_oid(lc));
	}
}

/* An expression walker: the sequences (Oid) that nextval() and the like are given. */
static bool
find_sequences(Node *node, void *sequences)
{
	if (node == NULL)
		return false;
	if (IsA(node, Const))
	{
		const Const *value = (const Const *) node;

		if (value->consttype == REGCLASSOID && !value->constisnull &&
			get_rel_relkind(DatumGetObjectId(value->constvalue)) == RELKIND_SEQUENCE)
			*(List **) sequences = lappend_oid(*(List **) sequences,
											   DatumGetObjectId(value->constvalue));
	}
	return expression_tree_walker(node, find_sequences, sequences);
}

static void
raise_read_by_default(Oid sequence, const char *path)
{
	ereport(ERROR,
			(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
			 errmsg("cannot drop sequence \"%s\" because a default of the same migration reads it",
					get_rel_name(sequence)),
			 errdetail("At %s: it goes with the table or column that owns it.", path),
			 errhint("Make a sequence of its own for the default, or keep what owns it.")));
}

void
drop_check_constraint_dependents(SchemaModel *model, TableModel *table,
								 const char *constraint, const char *path)
{
	check_none_stays(model,
					 catalog_constraint_dependents(table->relid, constraint,
												   model->version_namespaces),
					 psprintf("constraint \"%s\" of table \"%s\"", constraint,
							  table->name), path);
}

void
drop_check_index_dependents(SchemaModel *model, const char *index,
							const char *path)
{
	Oid			relid = get_relname_relid(index, model->namespace);
	List	   *dependents = model->started ? NIL :
		catalog_blocking_dependents(relid, 0, model->version_namespaces);
	ListCell   *lc;

	/* A key that only a partition has may be served by a part of this index. */
	foreach(lc, catalog_table_tree(relid))
	{
		Oid			key = get_index_constraint(lfirst_oid(lc));

		if (OidIsValid(key))
		{
			Dependent  *dependent = palloc0(sizeof(Dependent));

			ObjectAddressSet(dependent->object, ConstraintRelationId, key);
			dependents = lappend(dependents, dependent);
		}
	}
	check_none_stays(model, dependents, psprintf("index \"%s\"", index), path);
}

void
drop_check_not_generated_from(TableModel *table, Generation *generation,
							  const char *what, const char *path)
{
	ListCell   *lc;

	foreach(lc, table->columns)
	{
		const ColumnModel *other = lfirst(lc);

		if (bms_is_member(generation->number,
						  expression_inputs(other->generation->stored_expr)))
			ereport(ERROR,
					(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
					 errmsg("cannot %s column \"%s\" of table \"%s\" because generated column \"%s\" is made of it",
							what, generation->name, table->name, other->name),
					 errdetail("At %s.", path),
					 errhint("Drop the generated column before.")));
	}
}

/* Raise where one of what depends on an object, named as people know it, stays. */
static void
check_none_stays(SchemaModel *model, List *dependents, const char *object,
				 const char *path)
{
	List	   *staying = those_that_stay(model, dependents);

	if (staying != NIL)
		ereport(ERROR,
				(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
				 errmsg("cannot drop %s because other objects depend on it", object),
				 errdetail("At %s; what depends on it: %s.", path,
						   catalog_describe(staying)),
				 errhint("Drop or change these objects first.")));
}

/* Those (Dependent *) that no operation before this one drops. */
static List *
those_that_stay(const SchemaModel *model, List *dependents)
{
	List	   *staying = NIL;
	ListCell   *lc;

	foreach(lc, dependents)
	{
		if (!goes_before(model, lfirst(lc)))
			staying = lappend(staying, lfirst(lc));
	}
	return staying;
}

/* Is it a foreign key, a default or a trigger that an operation before this one drops? */
static bool
goes_before(const SchemaModel *model, const Dependent *dependent)
{
	Oid			object = dependent->object.objectId;
	Oid			relid;
	ListCell   *lc;

	if (dependent->object.classId == AttrDefaultRelationId)
	{
		ObjectAddress column = GetAttrDefaultColumnAddress(object);

		return default_goes_before(model, column.objectId, column.objectSubId);
	}
	if (dependent->object.classId == TriggerRelationId)
	{
		const TableModel *table = table_above(model, catalog_trigger_table(object));

		return table != NULL && table->dropped;
	}
	if (dependent->object.classId != ConstraintRelationId)
		return false;
	relid = constraint_relation(object);
	foreach(lc, model->tables)
	{
		TableModel *table = lfirst(lc);

		if (!OidIsValid(table->relid) ||
			!list_member_oid(catalog_table_tree(table->relid), relid))
			continue;
		return table->dropped || loses_key(table, relid, object);
	}
	return false;
}

/* The table itself, or that of which it is a partition, as long as a version shows it. */
static TableModel *
table_above(const SchemaModel *model, Oid relid)
{
	TableModel *table = model_table_of(model, relid);

	return table != NULL ? table : model_table_of(model, catalog_topmost(relid));
}

/* Does the newest version show the column with another default, or not at all? */
static bool
default_goes_before(const SchemaModel *model, Oid relid, AttrNumber attnum)
{
	TableModel *table = table_above(model, relid);
	const Generation *newest;

	if (table == NULL)
		return false;
	if (table->dropped)
		return true;
	if (!shows_stored_column(table, get_attname(relid, attnum, false)))
		return true;
	newest = table->relid == relid ? model_newest_of_stored(table, attnum) : NULL;
	return newest != NULL && newest->sets_default;
}

/* Does the newest version of a table lack a column of its foreign key? */
static bool
loses_key(const TableModel *table, Oid relid, Oid constraint)
{
	ListCell   *lc;
	ListCell   *lc2;

	if (object_is_dropped(table, get_constraint_name(constraint)))
		return true;

	foreach(lc, catalog_constraints(relid))
	{
		ConstraintFacts *facts = lfirst(lc);

		if (facts->oid != constraint || facts->type != CONSTRAINT_FOREIGN)
			continue;
		foreach(lc2, facts->key)
		{
			char	   *name = get_attname(relid, lfirst_int(lc2), false);

			if (!shows_stored_column(table, name))
				return true;
		}
	}
	return false;
}

static bool
shows_stored_column(const TableModel *table, const char *physical)
{
	ListCell   *lc;

	foreach(lc, table->columns)
	{
		Generation *generation = ((ColumnModel *) lfirst(lc))->generation;
		Generation *stored = model_stored_ancestor(generation);

		if (stored != NULL && strcmp(stored->physical, physical) == 0)
			return true;
	}
	return false;
}

void
drop_check_created(const SchemaModel *model, const Operation *op, Oid relid)
{
	List	   *found = blocking(model, relid, 0);
	List	   *others = NIL;
	ListCell   *lc;

	found = list_concat(found, catalog_users_of_type(get_rel_type_id(relid)));
	foreach(lc, found)
	{
		const Dependent *dependent = lfirst(lc);

		/* Those of the migration's own tables go before, by their own steps. */
		if (dependent->object.classId != ConstraintRelationId ||
			!is_foreign_key_of_ours(model, op, dependent->object.objectId))
			others = lappend(others, lfirst(lc));
	}
	raise_hung_on(psprintf("table \"%s\"", get_rel_name(relid)), others);
}

void
drop_check_own_columns(const SchemaModel *model, const TableModel *table, List *names)
{
	ListCell   *lc;
	ListCell   *lc2;
	ListCell   *lc3;

	foreach(lc, catalog_table_tree(table->relid))
	{
		Oid			relid = lfirst_oid(lc);

		foreach(lc2, names)
		{
			AttrNumber	attnum = get_attnum(relid, lfirst(lc2));
			List	   *others = NIL;

			if (attnum == InvalidAttrNumber)
				continue;
			foreach(lc3, blocking(model, relid, attnum))
			{
				const Dependent *dependent = lfirst(lc3);

				/* Checks go along, keys of others before, triggers let go of it. */
				if (dependent->object.classId != ConstraintRelationId &&
					dependent->object.classId != TriggerRelationId)
					others = lappend(others, lfirst(lc3));
			}
			raise_hung_on(psprintf("column \"%s\" of table \"%s\"",
								   (char *) lfirst(lc2), get_rel_name(relid)), others);
			foreach(lc3, catalog_owned_sequences(relid, attnum))
				drop_check_own_sequence(model, lfirst_oid(lc3));
		}
	}
}

void
drop_check_own_sequence(const SchemaModel *model, Oid sequence)
{
	raise_hung_on(psprintf("sequence \"%s\"", get_rel_name(sequence)),
				  blocking(model, sequence, 0));
}

/* As catalog_blocking_dependents(), but for what hangs on versions' views. */
static List *
blocking(const SchemaModel *model, Oid relid, AttrNumber attnum)
{
	List	   *found = NIL;
	ListCell   *lc;

	foreach(lc, catalog_blocking_dependents(relid, attnum, model->version_namespaces))
	{
		const Dependent *dependent = lfirst(lc);
		ObjectAddress column = dependent->object.classId != AttrDefaultRelationId ?
			InvalidObjectAddress : GetAttrDefaultColumnAddress(dependent->object.objectId);

		/* The default of a column goes with that. */
		if (OidIsValid(column.objectId) &&
			(column.objectId == relid ||
			 list_member_oid(model->version_namespaces,
							 get_rel_namespace(column.objectId)) ||
			 name_is_ours(get_attname(column.objectId, column.objectSubId, false))))
			continue;
		found = lappend(found, lfirst(lc));
	}
	return found;
}

/* Is it that of a table that the migration creates, or one that it adds? */
static bool
is_foreign_key_of_ours(const SchemaModel *model, const Operation *op, Oid constraint)
{
	char	   *name = get_constraint_name(constraint);
	Oid			relid = constraint_relation(constraint);
	ListCell   *lc;

	if (name == NULL || name_is_of_migration(name, model->migration))
		return true;
	foreach(lc, op->siblings)
	{
		char	   *created = operation_created_table(lfirst(lc));

		if (created != NULL &&
			get_relname_relid(created, model->namespace) == relid)
			return true;
	}
	return false;
}

static Oid
constraint_relation(Oid constraint)
{
	FormData_pg_constraint row;

	return catalog_constraint_row(constraint, &row) ? row.conrelid : InvalidOid;
}

static void
raise_hung_on(const char *object, List *dependents)
{
	if (dependents != NIL)
		ereport(ERROR,
				(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
				 errmsg("%s of the migration is to be dropped, but other objects depend on it",
						object),
				 errdetail("What depends on it: %s.", catalog_describe(dependents)),
				 errhint("Drop or change these objects first.")));
}
