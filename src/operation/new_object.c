/*-------------------------------------------------------------------------
 *
 * new_object.c
 *		The steps for constraints and indexes that a migration makes or drops.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "operation/carry.h"
#include "operation/column_not_null.h"
#include "operation/foreign_key_definition.h"
#include "operation/new_object.h"
#include "operation/operation_util.h"
#include "operation/partition_foreign_key.h"
#include "operation/partition_index.h"
#include "operation/shadow_column.h"
#include "schema/catalog_constraint.h"
#include "schema/catalog_dependent.h"
#include "schema/catalog_object.h"
#include "schema/names.h"

static void check_owns(const TableModel *table);
static bool is_new_constraint(const TableModel *table, const ObjectModel *object);
static bool is_by_partitions(const TableModel *table, const ObjectModel *object);
static void drop_constraint(SchemaModel *model, TableModel *table,
							const ObjectModel *object, MigrationPlan *plan);
static void start_constraint(SchemaModel *model, TableModel *table,
							 const ObjectModel *object, MigrationPlan *plan);
static void start_key(SchemaModel *model, TableModel *table,
					  const ObjectModel *object, MigrationPlan *plan);
static IndexMaker maker_of(TableModel *table, const ObjectModel *object);
static char *index_sql(const IndexMaker *maker, const char *how, const char *name,
					   const char *relation);
static void raise_missing(const IndexMaker *maker, const IndexMember *member);
static void complete_constraint(SchemaModel *model, TableModel *table,
								const ObjectModel *object, MigrationPlan *plan);
static void complete_key(SchemaModel *model, TableModel *table,
						 const ObjectModel *object, MigrationPlan *plan);
static void resolve_key(ConstraintDefinition *def, SchemaModel *model,
						TableModel *table);
static List *stored_names(List *generations);
static void check_primary_key(const ConstraintDefinition *def, const TableModel *table);
static void check_partitions_keys(const ConstraintDefinition *def);
static bool has_primary_key(Oid relid);
static void check_takes_no_changed_key(const ConstraintDefinition *def, const TableModel *table);
static List *stored_columns_of_primary(const ConstraintDefinition *def,
									   const TableModel *table);
static void check_key_comes_early(const TableModel *table, const ObjectModel *object);
static void add_in_background(SchemaModel *model, TableModel *table,
							  const ObjectModel *object, char *name,
							  const char *sql, MigrationPlan *plan);
static void lock_partner(const ObjectModel *object, SchemaModel *model,
						 Phase phase, MigrationPlan *plan);
static bool stands_on_own_column(Oid relid, const ConstraintFacts *facts,
								 int64 migration);

void
new_objects_start(SchemaModel *model, TableModel *table, MigrationPlan *plan)
{
	ListCell   *lc;

	foreach(lc, table->objects)
	{
		ObjectModel *object = lfirst(lc);

		if (!is_new_constraint(table, object))
			continue;
		if (constraint_definition_is_key(object->definition))
			start_key(model, table, object, plan);
		else
			start_constraint(model, table, object, plan);
	}
}

void
new_objects_complete(SchemaModel *model, TableModel *table, MigrationPlan *plan)
{
	ListCell   *lc;

	foreach(lc, table->objects)
	{
		ObjectModel *object = lfirst(lc);

		if (!is_new_constraint(table, object))
			continue;
		if (constraint_definition_is_key(object->definition))
			complete_key(model, table, object, plan);
		else
			complete_constraint(model, table, object, plan);
	}
}

void
new_objects_drop(SchemaModel *model, MigrationPlan *plan)
{
	ListCell   *lc;
	ListCell   *lc2;

	for (int pass = 0; pass < 2; pass++)
	{
		foreach(lc, model->tables)
		{
			TableModel *table = lfirst(lc);

			foreach(lc2, table->objects)
			{
				ObjectModel *object = lfirst(lc2);

				if ((object->type == CONSTRAINT_FOREIGN) == (pass == 0))
					drop_constraint(model, table, object, plan);
			}
		}
	}
}

void
new_objects_rollback(SchemaModel *model, TableModel *table, MigrationPlan *plan)
{
	ListCell   *lc;

	foreach(lc, catalog_constraints(table->relid))
	{
		ConstraintFacts *facts = lfirst(lc);

		if (!name_is_of_migration(facts->name, model->migration) || facts->inherited ||
			facts->type != CONSTRAINT_CHECK ||
			stands_on_own_column(table->relid, facts, model->migration))
			continue;
		shadow_alter_table(model, table, 0, PHASE_ROLLBACK,
						   psprintf("DROP CONSTRAINT %s",
									quote_identifier(facts->name)), plan);
	}
}

void
new_object_apply(ConstraintDefinition *def, SchemaModel *model, TableModel *table,
				 int operation)
{
	ObjectModel *object = constraint_definition_apply(def, model, table, operation);

	if (table->created)
		def->created_sql = psprintf("CONSTRAINT %s %s", quote_identifier(object->made),
									constraint_definition_sql(def, model, table));
	else if (constraint_definition_is_key(def))
		resolve_key(def, model, table);
}

void
new_object_on_created(const Operation *op, SchemaModel *model, const char *table,
					  const ConstraintDefinition *def, MigrationPlan *plan)
{
	TableModel *partner = def->references == NULL ? NULL : def->references->partner;

	if (partner != NULL && OidIsValid(partner->relid))
		operation_lock_tree(plan, PHASE_START, partner->relid, ShareRowExclusiveLock);
	operation_alter_created(op, model, plan, table,
							psprintf("ADD %s", def->created_sql));
}

void
new_objects_name_created(SchemaModel *model, TableModel *table, int operation,
						 MigrationPlan *plan)
{
	ListCell   *lc;

	foreach(lc, model_objects(table))
	{
		ObjectModel *object = lfirst(lc);

		if (!object_is_shown(table, object) || strcmp(object->made, object->name) == 0 ||
			object->operation >= operation ||
			(operation != PG_INT32_MAX &&
			 operation_name_comes_late(model, object->name, operation)))
			continue;
		check_owns(table);
		plan_step(plan, (Step) {
			.phase = PHASE_COMPLETE,
			.operation = object->operation,
			/* the user's sql may have dropped it */
			.command = psprintf("ALTER INDEX IF EXISTS %s RENAME TO %s",
								model_qualified(model, object->made),
								quote_identifier(object->name)),
			.lock = ShareUpdateExclusiveLock,
			.relation = get_relname_relid(object->made, model->namespace),
			.relation_name = model_qualified(model, object->made),
		});
		object->made = object->name;
	}
}

/* Somebody may have given it away since the start. */
static void
check_owns(const TableModel *table)
{
	if (OidIsValid(table->made) &&
		!has_privs_of_role(GetUserId(), catalog_relation_owner(table->made)))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be owner of table %s", catalog_relation_name(table->made)),
				 errdetail("The migration made it, and its indexes are to get their names."),
				 errhint("Run the migration as a role that is a member of the owner, too.")));
}

static bool
is_new_constraint(const TableModel *table, const ObjectModel *object)
{
	return OidIsValid(table->relid) && !table->dropped && object->stored == NULL &&
		object->type != OBJECT_INDEX && object_is_shown(table, object);
}

static bool
is_by_partitions(const TableModel *table, const ObjectModel *object)
{
	return table->relkind == RELKIND_PARTITIONED_TABLE &&
		object->type == CONSTRAINT_FOREIGN;
}

static void
drop_constraint(SchemaModel *model, TableModel *table, const ObjectModel *object,
				MigrationPlan *plan)
{
	if (!object->dropped || object->stored == NULL || object->type == OBJECT_INDEX ||
		!OidIsValid(table->relid) || table->dropped)
		return;
	if (object->type == CONSTRAINT_FOREIGN)
		operation_lock_constraint_partner(table->relid, object->stored,
										  PHASE_COMPLETE, plan);
	shadow_alter_table(model, table, object->operation, PHASE_COMPLETE,
					   psprintf("DROP CONSTRAINT %s",
								quote_identifier(object->stored)), plan);
}

static void
start_constraint(SchemaModel *model, TableModel *table, const ObjectModel *object,
				 MigrationPlan *plan)
{
	const ConstraintDefinition *def = object->definition;
	char	   *name = name_new(model->migration, object->name);
	char	   *sql;

	check_key_comes_early(table, object);
	if (is_by_partitions(table, object))
	{
		partition_foreign_key_start(model, table, object->operation, name,
									constraint_definition_sql(def, model, table),
									def->references->partner->relid, NULL, plan);
		return;
	}
	if (catalog_constraint_exists(table->relid, name))
		return;
	constraint_definition_recheck(def, model, table);
	if (def->type == CONSTRAINT_FOREIGN)
		foreign_key_definition_check_default(def, table);
	sql = psprintf("ADD CONSTRAINT %s %s NOT VALID", quote_identifier(name),
				   constraint_definition_sql(def, model, table));
	if (foreign_key_definition_awaits_key(def))
		add_in_background(model, table, object, name, sql, plan);
	else
	{
		lock_partner(object, model, PHASE_START, plan);
		plan_step(plan, (Step) {
			.phase = PHASE_START,
			.operation = object->operation,
			.command = psprintf("ALTER TABLE %s %s",
								model_table_sql(model, table), sql),
			.lock = def->type == CONSTRAINT_FOREIGN ? ShareRowExclusiveLock :
				AccessExclusiveLock,
			.relation = table->relid,
			.relation_name = model_table_sql(model, table),
			.also = operation_other_members(table->relid),
			.carried = psprintf("constraint \"%s\" of table \"%s\"", object->name,
								table->name),
		});
	}
	plan_validate(plan, object->operation, table->relid,
				  model_table_sql(model, table), name);
}

/*
 * Partitions get a foreign key at the start, and parts of a partitioned table's new key
 * may yet be exchanged at the completion.
 */
static void
check_key_comes_early(const TableModel *table, const ObjectModel *object)
{
	const ConstraintDefinition *def = object->definition;
	bool		by_partitions = is_by_partitions(table, object);

	if (def->references == NULL ||
		!(by_partitions ? foreign_key_definition_awaits_key(def) :
		  def->references->partner->relkind == RELKIND_PARTITIONED_TABLE &&
		  foreign_key_definition_awaits_new_key(def)))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 by_partitions ?
			 errmsg("foreign key \"%s\" of partitioned table \"%s\" references a key that the same migration makes or changes",
					object->name, table->name) :
			 errmsg("foreign key \"%s\" of table \"%s\" references a key of a partitioned table that the same migration makes",
					object->name, table->name),
			 errdetail("At %s.", def->path),
			 errhint("Add the foreign key in a migration of its own.")));
}

/* A foreign key whose key is built in the background follows that. */
static void
add_in_background(SchemaModel *model, TableModel *table, const ObjectModel *object,
				  char *name, const char *sql, MigrationPlan *plan)
{
	plan_step(plan, (Step) {
		.phase = PHASE_BACKGROUND,
		.operation = object->operation,
		.command = psprintf("ALTER TABLE %s %s",
							model_table_sql(model, table), sql),
		.lock = ShareRowExclusiveLock,
		.relation = table->relid,
		.relation_name = model_table_sql(model, table),
		.task = TASK_CONSTRAINT,
		.task_object = name,
	});
	lock_partner(object, model, PHASE_BACKGROUND, plan);
}

static void
start_key(SchemaModel *model, TableModel *table, const ObjectModel *object,
		  MigrationPlan *plan)
{
	const ConstraintDefinition *def = object->definition;
	IndexMaker	maker;
	ListCell   *lc;

	if (!model->started)
		check_takes_no_changed_key(def, table);
	index_members_rename(model, def->members, object->name);
	check_partitions_keys(def);
	foreach(lc, stored_columns_of_primary(def, table))
		column_not_null_start(model, table, lfirst(lc), object->operation, plan);
	maker = maker_of(table, object);
	index_members_start(&maker, def->members, plan);
}

static IndexMaker
maker_of(TableModel *table, const ObjectModel *object)
{
	const ConstraintDefinition *def = object->definition;
	List	   *built = NIL;
	List	   *completed = NIL;
	ListCell   *lc;

	foreach(lc, list_concat_copy(def->key, def->included))
	{
		const Generation *newest = model_newest_generation(table, lfirst(lc));

		built = lappend(built, newest->attnum == 0 ? newest->shadow :
						get_attname(table->relid, newest->attnum, false));
		completed = lappend(completed, newest->physical);
	}
	return (IndexMaker) {
		.owner = object,
		.table = table,
		.operation = object->operation,
		.unique = true,
		.wanted = list_concat_copy(def->columns, def->include),
		.built = built,
		.completed = completed,
		.sql = index_sql,
		.missing = raise_missing,
	};
}

static char *
index_sql(const IndexMaker *maker, const char *how, const char *name,
		  const char *relation)
{
	const ObjectModel *object = maker->owner;

	return constraint_definition_index_sql(object->definition, maker->table, how, name,
										   relation);
}

static void
raise_missing(const IndexMaker *maker, const IndexMember *member)
{
	const ObjectModel *object = maker->owner;

	carry_must_exist(false, member->parent == NULL ? maker->table->name : member->label,
					 object->name);
}

static void
complete_constraint(SchemaModel *model, TableModel *table,
					const ObjectModel *object, MigrationPlan *plan)
{
	const ConstraintDefinition *def = object->definition;
	char	   *name = name_new(model->migration, object->name);

	if (is_by_partitions(table, object))
	{
		partition_foreign_key_complete(model, table, object->operation, name,
									   object->name,
									   constraint_definition_sql(def, model, table),
									   def->references->partner->relid, InvalidOid, plan);
		return;
	}
	carry_must_exist(model->foreseen ||
					 catalog_constraint_exists(table->relid, name),
					 table->name, object->name);
	shadow_alter_table(model, table, object->operation, PHASE_COMPLETE,
					   psprintf("RENAME CONSTRAINT %s TO %s", quote_identifier(name),
								quote_identifier(object->name)), plan);
	if (object->type == CONSTRAINT_FOREIGN)
		partition_foreign_key_name_parts(table->relid, model_table_sql(model, table),
										 object->name, def->references->partner->relid,
										 InvalidOid, object->operation, plan);
}

/* Of a partitioned table's the indexes of its partitions become a part. */
static void
complete_key(SchemaModel *model, TableModel *table, const ObjectModel *object,
			 MigrationPlan *plan)
{
	const ConstraintDefinition *def = object->definition;
	const IndexMember *whole;
	IndexMaker	maker;
	ListCell   *lc;

	index_members_rename(model, def->members, object->name);
	check_partitions_keys(def);
	foreach(lc, stored_columns_of_primary(def, table))
		column_not_null_complete(model, table, lfirst(lc), object->operation, plan);
	maker = maker_of(table, object);
	whole = linitial(def->members);
	if (whole->is_leaf)
		carry_must_exist(model->foreseen || index_member_is_built(whole), table->name,
						 object->name);
	else
		index_members_complete(model, &maker, def->members, plan);
	index_member_add_key(whole, object->operation, def->type, def->deferrable,
						 def->initially_deferred, plan);
	if (whole->is_leaf)
		index_member_name_columns(model, &maker, whole, maker.wanted, plan);
}

/* Find out of which indexes the key will consist, and whether there can be such. */
static void
resolve_key(ConstraintDefinition *def, SchemaModel *model, TableModel *table)
{
	List	   *key = stored_names(def->key);

	def->members = index_members_new(model, table, &(NewIndex) {
		.name = def->name,
		.type = def->type,
		.columns = list_concat_copy(def->columns, def->include),
		.key = key,
		.included = stored_names(def->included),
	});
	if (model->started)
		return;
	index_members_check(model, def->members, true, key, def->path);
	if (def->type == CONSTRAINT_PRIMARY)
		check_primary_key(def, table);
}

/* What the columns (Generation *) are called now; "" where one is not stored. */
static List *
stored_names(List *generations)
{
	List	   *names = NIL;
	ListCell   *lc;

	foreach(lc, generations)
	{
		Generation *generation = lfirst(lc);

		names = lappend(names, generation->attnum != 0 ? generation->physical : pstrdup(""));
	}
	return names;
}

/* The server would find out at the completion. */
static void
check_primary_key(const ConstraintDefinition *def, const TableModel *table)
{
	ListCell   *lc;

	foreach(lc, stored_columns_of_primary(def, table))
	{
		const Generation *generation = lfirst(lc);
		char	   *not_null = catalog_not_null_name(table->relid, generation->attnum);

		if (not_null != NULL && !catalog_constraint_is_valid(table->relid, not_null))
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("column \"%s\" of table \"%s\" cannot be part of a primary key: its NOT NULL is not valid",
							generation->name, table->name),
					 errdetail("At %s.", def->path),
					 errhint("Validate constraint \"%s\" first.", not_null)));
	}
	check_partitions_keys(def);
}

/* One of a partition that came since the start may not be a part of the new one, either. */
static void
check_partitions_keys(const ConstraintDefinition *def)
{
	ListCell   *lc;

	foreach(lc, def->type == CONSTRAINT_PRIMARY ? def->members : NIL)
	{
		const IndexMember *member = lfirst(lc);

		if (member->parent != NULL && !member->is_own && has_primary_key(member->relid))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_TABLE_DEFINITION),
					 errmsg("partition \"%s\" has a primary key of its own",
							member->label),
					 errdetail("At %s: it is none that could be a part of the new one.",
							   def->path),
					 errhint("Drop the primary key of the partition before.")));
	}
}

static bool
has_primary_key(Oid relid)
{
	ListCell   *lc;

	foreach(lc, catalog_constraints(relid))
	{
		if (((ConstraintFacts *) lfirst(lc))->type == CONSTRAINT_PRIMARY)
			return true;
	}
	return false;
}

/* Where a later operation gives a column another form, so it does with such a key. */
static void
check_takes_no_changed_key(const ConstraintDefinition *def, const TableModel *table)
{
	bool		has_shadow = false;
	ListCell   *lc;

	foreach(lc, list_concat_copy(def->key, def->included))
		has_shadow |= model_newest_generation(table, lfirst(lc))->attnum == 0;
	foreach(lc, has_shadow ? def->members : NIL)
	{
		const IndexMember *member = lfirst(lc);

		if (member->is_own)
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("key \"%s\" cannot take the one that partition \"%s\" has: a column of it is changed by the same migration",
							def->name, member->label),
					 errdetail("At %s.", def->path),
					 errhint("Add the key of the partitioned table in a migration of its own.")));
	}
}

/*
 * Those (Generation *) of a primary key that get no shadow.  A column by which the table
 * is partitioned never gets one; it may have to be made NOT NULL.
 */
static List *
stored_columns_of_primary(const ConstraintDefinition *def, const TableModel *table)
{
	List	   *columns = NIL;
	ListCell   *lc;

	foreach(lc, def->type == CONSTRAINT_PRIMARY ? def->key : NIL)
	{
		Generation *newest = model_newest_generation(table, lfirst(lc));

		if (newest->attnum != 0)
			columns = lappend(columns, newest);
	}
	return columns;
}

static void
lock_partner(const ObjectModel *object, SchemaModel *model, Phase phase,
			 MigrationPlan *plan)
{
	const ConstraintDefinition *def = object->definition;
	TableModel *partner = def->references == NULL ? NULL : def->references->partner;

	if (partner == NULL || !OidIsValid(partner->relid))
		return;
	if (phase == PHASE_START)
		operation_lock_tree(plan, phase, partner->relid, ShareRowExclusiveLock);
	else
		plan_step(plan, (Step) {
			.phase = phase,
			.lock = ShareRowExclusiveLock,
			.relation = partner->relid,
			.relation_name = model_table_sql(model, partner),
			.task = TASK_CONSTRAINT,
		});
}

/* Such a constraint goes with the column, which may be a parent's. */
static bool
stands_on_own_column(Oid relid, const ConstraintFacts *facts, int64 migration)
{
	int			attnum = -1;

	while ((attnum = bms_next_member(facts->columns, attnum)) >= 0)
	{
		if (name_is_of_migration(get_attname(relid, attnum, false), migration))
			return true;
	}
	return false;
}
