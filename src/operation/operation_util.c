/*-------------------------------------------------------------------------
 *
 * operation_util.c
 *		What several operations need.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/htup_details.h"
#include "catalog/dependency.h"
#include "catalog/pg_attrdef.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_publication.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "optimizer/optimizer.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "operation/carry_dependents.h"
#include "operation/carry_identity.h"
#include "ddl/column_domain.h"
#include "operation/carry_trigger.h"
#include "operation/operation_util.h"
#include "schema/catalog_object.h"
#include "schema/catalog_read.h"
#include "schema/catalog_sequence.h"
#include "schema/object_model.h"
#include "versioning/expression.h"

pg_noreturn static void cannot_shadow(TableModel *table, const ColumnModel *column,
						  const char *path, const char *because,
						  const char *hint);
static void check_partitions(SchemaModel *model, TableModel *table,
							 const ColumnModel *column, const char *physical,
							 const char *path);
static bool is_not_null(Oid relid, const char *column);
static bool is_own_of_partition(const Dependent *dependent);
static bool is_dropped(const TableModel *table, const Dependent *dependent);
static bool dependent_can_be_carried(const TableModel *table,
									 const ColumnModel *column,
									 const Dependent *dependent);
static bool constraint_can_be_carried(const TableModel *table,
									  const ColumnModel *column, Oid constraint);
static char *those_that_stay(const SchemaModel *model, List *dependents);
static bool goes_before(const SchemaModel *model, const Dependent *dependent);
static bool loses_key(const TableModel *table, Oid relid, Oid constraint);
static bool shows_stored_column(const TableModel *table, const char *physical);
static bool key_has_column(const ConstraintFacts *facts, Oid relid, List *columns);
static void check_none_stays(SchemaModel *model, List *dependents, const char *object,
							 const char *path);
static void rename_index_column(int operation, Oid index, const char *index_name,
								const char *shown_name, ListCell *present,
								char *name, MigrationPlan *plan);

char *
operation_path(const Operation *op, const char *field)
{
	return psprintf("%s.%s", op->path, field);
}

void
operation_check_dependents(SchemaModel *model, TableModel *table,
						   const Generation *column, const char *path)
{
	check_none_stays(model,
					 catalog_blocking_dependents(table->relid,
												 column == NULL ? 0 : column->attnum,
												 model->version_namespaces),
					 column == NULL ? psprintf("table \"%s\"", table->name) :
					 psprintf("column \"%s\" of table \"%s\"", column->name,
							  table->name), path);
}

void
operation_check_constraint_dependents(SchemaModel *model, TableModel *table,
									  const char *constraint, const char *path)
{
	check_none_stays(model,
					 catalog_constraint_dependents(table->relid, constraint,
												   model->version_namespaces),
					 psprintf("constraint \"%s\" of table \"%s\"", constraint,
							  table->name), path);
}

void
operation_check_index_dependents(SchemaModel *model, const char *index,
								 const char *path)
{
	Oid			relid = get_relname_relid(index, model->namespace);

	check_none_stays(model,
					 catalog_blocking_dependents(relid, 0, model->version_namespaces),
					 psprintf("index \"%s\"", index), path);
}

/* Raise where one of what depends on an object, named as people know it, stays. */
static void
check_none_stays(SchemaModel *model, List *dependents, const char *object,
				 const char *path)
{
	char	   *list = those_that_stay(model, dependents);

	if (list[0] != '\0')
		ereport(ERROR,
				(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
				 errmsg("cannot drop %s because other objects depend on it", object),
				 errdetail("At %s; what depends on it: %s.", path, list),
				 errhint("Drop or change these objects first.")));
}

void
operation_check_can_constrain(const TableModel *table, char type, const char *path)
{
	if (table->relkind != RELKIND_PARTITIONED_TABLE || type == CONSTRAINT_CHECK ||
		type == CONSTRAINT_FOREIGN)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("partitioned table \"%s\" cannot get a key without a long lock",
					table->name),
			 errdetail("At %s.", path),
			 errhint("Add the constraint to the partitions, or with an sql operation.")));
}

void
operation_lock_partners(Oid relid, List *columns, Phase phase, MigrationPlan *plan)
{
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, catalog_table_tree(relid))
	{
		Oid			member = lfirst_oid(lc);

		foreach(lc2, catalog_constraints(member))
		{
			ConstraintFacts *facts = lfirst(lc2);

			if (facts->type == CONSTRAINT_FOREIGN &&
				(columns == NIL || key_has_column(facts, member, columns)))
				operation_lock_tree(plan, phase, facts->partner, AccessExclusiveLock);
		}
	}
}

void
operation_lock_constraint_partner(Oid relid, const char *constraint, Phase phase,
								  MigrationPlan *plan)
{
	ListCell   *lc;

	foreach(lc, catalog_constraints(relid))
	{
		ConstraintFacts *facts = lfirst(lc);

		if (facts->type == CONSTRAINT_FOREIGN && strcmp(facts->name, constraint) == 0)
			operation_lock_tree(plan, phase, facts->partner, AccessExclusiveLock);
	}
}

void
operation_check_not_generated_from(TableModel *table, Generation *generation,
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

void
operation_lock_sequences(Oid relid, List *columns, Phase phase, MigrationPlan *plan)
{
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, columns)
	{
		foreach(lc2, catalog_owned_sequences(relid, get_attnum(relid, lfirst(lc))))
			plan_lock(plan, phase, lfirst_oid(lc2), AccessExclusiveLock,
					  catalog_relation_name(lfirst_oid(lc2)));
	}
}

List *
operation_other_members(Oid relid)
{
	if (!OidIsValid(relid))
		return NIL;
	return list_delete_oid(catalog_table_tree(relid), relid);
}

void
operation_rename_index_columns(SchemaModel *model, int operation, Oid index,
							   const char *index_name, const char *shown_name,
							   List *present, List *wanted, MigrationPlan *plan)
{
	ListCell   *lc;

	for (int i = 0; i < list_length(wanted); i++)
	{
		char	   *name = list_nth(wanted, i);

		if (strcmp(name, list_nth(present, i)) == 0)
			continue;
		for_each_from(lc, present, i + 1)
		{
			if (strcmp(lfirst(lc), name) == 0)
				rename_index_column(operation, index, index_name, shown_name, lc,
									model_temporary_name(model, name), plan);
		}
		rename_index_column(operation, index, index_name, shown_name,
							list_nth_cell(present, i), name, plan);
	}
}

void
operation_lock_tree(MigrationPlan *plan, Phase phase, Oid relid, LOCKMODE mode)
{
	ListCell   *lc;

	foreach(lc, get_rel_relkind(relid) == RELKIND_PARTITIONED_TABLE ?
			catalog_table_tree(relid) : list_make1_oid(relid))
		plan_lock(plan, phase, lfirst_oid(lc), mode, catalog_relation_name(lfirst_oid(lc)));
}

Node *
operation_half(SchemaModel *model, TableModel *table, const char *text,
			   const Generation *target, const char *path)
{
	Node	   *expr;

	if (model->started)
		return NULL;
	expr = expression_parse(model, table, text, path, EXPRESSION_ROW);
	return expression_assignable(expr, target->type, path);
}

void
operation_check_up_reads(TableModel *table, Node *up, const Generation *own,
						 const char *path)
{
	Bitmapset  *inputs = expression_inputs(up);
	int			number = -1;

	while ((number = bms_next_member(inputs, number)) >= 0)
	{
		Generation *generation = model_generation(table, number);

		if (generation != own && generation->sequence != NULL)
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("expression reads column \"%s\", which the same migration adds and whose values come from a sequence",
							generation->name),
					 errdetail("At %s.", path),
					 errhint("Add column \"%s\" in a migration of its own before.",
							 generation->name)));
	}
}

void
operation_alter_created(const Operation *op, SchemaModel *model,
						MigrationPlan *plan, const char *table,
						const char *action)
{
	plan_step(plan, (Step) {
		.phase = PHASE_START,
		.operation = op->number,
		.command = psprintf("ALTER TABLE %s %s", model_qualified(model, table),
							action),
		.lock = AccessExclusiveLock,
		.relation_name = model_qualified(model, table),
		.path = op->path,
	});
}

List *
operation_newest_names(const TableModel *table)
{
	List	   *names = NIL;
	ListCell   *lc;

	foreach(lc, table->generations)
	{
		const Generation *generation = lfirst(lc);
		const Generation *newest = model_newest_generation(table, generation);

		names = lappend(names, newest != NULL && newest->physical != NULL ?
						newest->physical : psprintf("%s?", generation->name));
	}
	return names;
}

Node *
operation_default(SchemaModel *model, const char *text, Oid type,
				  const char *path)
{
	Node	   *expr = expression_parse(model, NULL, text, path, EXPRESSION_DEFAULT);

	return expression_assignable(expr, type, path);
}

void
operation_check_can_shadow(SchemaModel *model, TableModel *table,
						   const ColumnModel *column, const char *path)
{
	Generation *stored = model_stored_ancestor(column->generation);
	ListCell   *lc;

	if (table->is_typed)
		cannot_shadow(table, column, path, "the table is a typed table",
					  "Alter the type of the table instead.");
	if (stored == NULL)
		return;
	operation_check_accepts_null(table, stored, stored->type, path);
	if (stored->generated != '\0')
		cannot_shadow(table, column, path, "it is a generated column",
					  "Drop the column and add it again.");
	carry_identity_check(model, table, column, path);
	foreach(lc, catalog_dependents(table->relid, stored->attnum,
								   model->version_namespaces))
	{
		Dependent  *dependent = lfirst(lc);

		if (!is_dropped(table, dependent) &&
			!dependent_can_be_carried(table, column, dependent))
			cannot_shadow(table, column, path,
						  psprintf("%s could not be carried over",
								   dependent->description),
						  "Drop that object before the migration, and make it again after.");
	}
	check_partitions(model, table, column, stored->physical, path);
}

void
operation_check_accepts_null(const TableModel *table, const Generation *column,
							 Oid type, const char *path)
{
	if (table->created || column->default_text != NULL ||
		column_domain_accepts_null(type))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("column \"%s\" of table \"%s\" cannot be served by two versions: its type %s does not accept NULL",
					column->name, table->name, format_type_be(type)),
			 errdetail("At %s: an INSERT through the version that lacks the column gives NULL before any trigger can fill it.",
					   path),
			 errhint("Use a domain that accepts NULL, and make the column NOT NULL instead.")));
}

/* A partition may have constraints and triggers of its own, which nobody carries. */
static void
check_partitions(SchemaModel *model, TableModel *table, const ColumnModel *column,
				 const char *physical, const char *path)
{
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, table->relkind == RELKIND_PARTITIONED_TABLE ?
			operation_other_members(table->relid) : NIL)
	{
		Oid			member = lfirst_oid(lc);

		if (!is_not_null(table->relid, physical) && is_not_null(member, physical))
			cannot_shadow(table, column, path,
						  psprintf("it is NOT NULL in partition %s alone",
								   catalog_relation_name(member)),
						  "Drop NOT NULL there before the migration, and set it again after.");
		foreach(lc2, catalog_dependents(member, get_attnum(member, physical),
										model->version_namespaces))
		{
			Dependent  *dependent = lfirst(lc2);

			if (is_own_of_partition(dependent))
				cannot_shadow(table, column, path,
							  psprintf("%s could not be carried over",
									   dependent->description),
							  "Drop that object before the migration, and make it again after.");
		}
	}
}

static bool
is_not_null(Oid relid, const char *column)
{
	HeapTuple	tuple = SearchSysCacheAttName(relid, column);
	bool		result;

	if (!HeapTupleIsValid(tuple))
		return false;
	result = ((Form_pg_attribute) GETSTRUCT(tuple))->attnotnull;
	ReleaseSysCache(tuple);
	return result;
}

/* Is it a constraint or trigger that the partitioned table does not have, too? */
static bool
is_own_of_partition(const Dependent *dependent)
{
	Oid			class_id = dependent->object.classId;
	HeapTuple	tuple;
	bool		result = false;

	if (class_id == TriggerRelationId)
		return true;			/* the table's own are refused */
	if (class_id != ConstraintRelationId)
		return false;
	tuple = SearchSysCache1(CONSTROID, ObjectIdGetDatum(dependent->object.objectId));
	if (HeapTupleIsValid(tuple))
	{
		Form_pg_constraint form = (Form_pg_constraint) GETSTRUCT(tuple);

		/* Keys come with their indexes. */
		result = form->coninhcount == 0 && form->contype != CONSTRAINT_PRIMARY &&
			form->contype != CONSTRAINT_UNIQUE && form->contype != CONSTRAINT_NOTNULL;
		ReleaseSysCache(tuple);
	}
	return result;
}

/* Is it a constraint, or its index, that the migration drops? */
static bool
is_dropped(const TableModel *table, const Dependent *dependent)
{
	Oid			object = dependent->object.objectId;
	char	   *name = dependent->object.classId == ConstraintRelationId ?
		get_constraint_name(object) :
		dependent->object.classId == RelationRelationId &&
		get_rel_relkind(object) == RELKIND_INDEX ? get_rel_name(object) : NULL;

	return name != NULL && object_is_dropped(table, name);
}

/* The descriptions of those (Dependent *) that no operation before this one drops. */
static char *
those_that_stay(const SchemaModel *model, List *dependents)
{
	StringInfoData list;
	ListCell   *lc;

	initStringInfo(&list);
	foreach(lc, dependents)
	{
		Dependent  *dependent = lfirst(lc);

		if (!goes_before(model, dependent))
			appendStringInfo(&list, "%s%s", list.len > 0 ? ", " : "",
							 dependent->description);
	}
	return list.data;
}

/* Is it a foreign key that an operation before this one drops? */
static bool
goes_before(const SchemaModel *model, const Dependent *dependent)
{
	HeapTuple	tuple;
	Oid			relid = InvalidOid;
	Oid			constraint = dependent->object.objectId;
	ListCell   *lc;

	if (dependent->object.classId != ConstraintRelationId)
		return false;
	tuple = SearchSysCache1(CONSTROID, ObjectIdGetDatum(constraint));
	if (HeapTupleIsValid(tuple))
	{
		relid = ((Form_pg_constraint) GETSTRUCT(tuple))->conrelid;
		ReleaseSysCache(tuple);
	}
	foreach(lc, model->tables)
	{
		TableModel *table = lfirst(lc);

		if (!OidIsValid(table->relid) ||
			!list_member_oid(catalog_table_tree(table->relid), relid))
			continue;
		return table->dropped || loses_key(table, relid, constraint);
	}
	return false;
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

static bool
key_has_column(const ConstraintFacts *facts, Oid relid, List *columns)
{
	ListCell   *lc;

	foreach(lc, columns)
	{
		if (list_member_int(facts->key, get_attnum(relid, lfirst(lc))))
			return true;
	}
	return false;
}

static void
rename_index_column(int operation, Oid index, const char *index_name,
					const char *shown_name, ListCell *present, char *name,
					MigrationPlan *plan)
{
	plan_step(plan, (Step) {
		.phase = PHASE_COMPLETE,
		.operation = operation,
		.command = psprintf("ALTER TABLE %s RENAME COLUMN %s TO %s", index_name,
							quote_identifier(lfirst(present)), quote_identifier(name)),
		.lock = AccessExclusiveLock,
		.relation = index,
		.relation_name = pstrdup(shown_name),
	});
	lfirst(present) = name;
}

static void
cannot_shadow(TableModel *table, const ColumnModel *column, const char *path,
			  const char *because, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("column \"%s\" of table \"%s\" cannot be changed: %s",
					column->name, table->name, because),
			 errdetail("At %s.", path),
			 errhint("%s", hint)));
	pg_unreachable();
}

/* What shadow_column.c knows how to make again on the shadow. */
static bool
dependent_can_be_carried(const TableModel *table, const ColumnModel *column,
						 const Dependent *dependent)
{
	Oid			class_id = dependent->object.classId;

	if (class_id == ConstraintRelationId)
		return constraint_can_be_carried(table, column, dependent->object.objectId);
	/* Its own default; that of another column is a generated one. */
	if (class_id == AttrDefaultRelationId)
		return dependent->deptype == DEPENDENCY_AUTO;
	if (class_id == TriggerRelationId)
		return carry_trigger_is_possible(table, dependent->object.objectId);
	if (carry_dependent_is_possible(dependent))
		return true;
	if (class_id != RelationRelationId)
		return false;
	switch (get_rel_relkind(dependent->object.objectId))
	{
		case RELKIND_INDEX:
		case RELKIND_PARTITIONED_INDEX:
			return true;
		case RELKIND_SEQUENCE:
			return true;		/* see carry_identity.c */
		default:
			return false;
	}
}

/*
 * Checks and foreign keys of the table; keys come by way of their indexes.  What
 * an inherited column has from its parent it gets from there again.
 */
static bool
constraint_can_be_carried(const TableModel *table, const ColumnModel *column,
						  Oid constraint)
{
	HeapTuple	tuple = SearchSysCache1(CONSTROID, ObjectIdGetDatum(constraint));
	Form_pg_constraint form;
	bool		result;

	if (!HeapTupleIsValid(tuple))
		return true;
	form = (Form_pg_constraint) GETSTRUCT(tuple);
	if (constraint_has_period(form))
		result = false;
	else if (form->contype == CONSTRAINT_FOREIGN && form->confrelid == table->relid)
		result = table->relkind == RELKIND_RELATION;	/* see carry_incoming.c */
	else if (form->conrelid != table->relid)
		result = false;
	else if (form->contype == CONSTRAINT_NOTNULL &&
			 (form->connoinherit || !form->convalidated))
		result = false;
	else if (form->contype == CONSTRAINT_CHECK || form->contype == CONSTRAINT_NOTNULL)
		result = form->coninhcount == 0 || column->generation->leader != NULL;
	else if (form->contype == CONSTRAINT_FOREIGN)
		result = true;
	else
		result = form->contype == CONSTRAINT_PRIMARY ||
			form->contype == CONSTRAINT_UNIQUE;
	ReleaseSysCache(tuple);
	return result;
}
