/*-------------------------------------------------------------------------
 *
 * carry_incoming.c
 *		Foreign keys that reference a column which gets a shadow.
 *
 * Their tables need not be of the base schema, and nothing else of them needs to
 * change.  The server wants a unique index on what a foreign key references, so
 * they can't be added at the start, as others are: a task does it when the index
 * on the shadow is built and every row has its value.  From then to the end both
 * keys hold, and both act on a DELETE or UPDATE; the second finds nothing to do.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/stratnum.h"
#include "catalog/dependency.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "commands/defrem.h"
#include "miscadmin.h"
#include "parser/parse_coerce.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "operation/carry.h"
#include "operation/carry_incoming.h"
#include "operation/foreign_key_definition.h"
#include "operation/operation_util.h"
#include "operation/partition_foreign_key.h"
#include "operation/partition_index.h"
#include "schema/catalog_constraint.h"
#include "schema/catalog_depend.h"
#include "schema/catalog_dependent.h"
#include "schema/catalog_read.h"
#include "schema/names.h"
#include "schema/object_model.h"
#include "state/tasks.h"
#include "versioning/edge.h"

static bool may_be_referenced(const TableModel *table);
static bool names_shadow(List *columns, int64 migration);
static void complete_parts(SchemaModel *model, const ConstraintFacts *facts,
						   List *keys, MigrationPlan *plan);
static List *parts_of(const ConstraintFacts *facts);
static bool is_carried(SchemaModel *model, const TableModel *table,
					   const ConstraintFacts *facts);
static bool falls(SchemaModel *model, const TableModel *table,
				  const ConstraintFacts *facts);
static void check(SchemaModel *model, const TableModel *table,
				  const ConstraintFacts *facts);
static List *key_names(const ConstraintFacts *facts);
static void check_owner(const ConstraintFacts *facts);
static void check_types(SchemaModel *model, const TableModel *table,
						const ConstraintFacts *facts);
static Oid	type_of(const TableModel *table, Oid relid, AttrNumber attnum);
static const ConstraintFacts *find(List *keys, Oid relation, const char *name);
static void constraint_task(SchemaModel *model, TableModel *table,
							const ConstraintFacts *facts, Oid relation, char *name,
							MigrationPlan *plan);
static char *key_sql(SchemaModel *model, const TableModel *table,
					 const ConstraintFacts *facts);
static List *column_names(SchemaModel *model, Oid relid);
static void alter(const ConstraintFacts *facts, Phase phase, char *action,
				  MigrationPlan *plan);

/* Of a column that gets a shadow; to look for what references it takes a whole scan. */
static bool
may_be_referenced(const TableModel *table)
{
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, carry_has_shadow(table) ? table->columns : NIL)
	{
		Generation *generation = ((ColumnModel *) lfirst(lc))->generation;
		Generation *stored = model_stored_ancestor(generation);

		if (stored == NULL || stored == generation)
			continue;
		foreach(lc2, catalog_depending_objects(RelationRelationId, table->relid,
											   stored->attnum))
		{
			const Dependent *dependent = lfirst(lc2);

			if (dependent->object.classId == ConstraintRelationId &&
				dependent->deptype == DEPENDENCY_NORMAL)
				return true;
		}
	}
	return false;
}

bool
carry_incoming_has(SchemaModel *model, const ConstraintFacts *facts)
{
	TableModel *table = OidIsValid(facts->partner) ?
		model_stored_table(model, facts->partner) : NULL;

	return table != NULL && !table->dropped &&
		carry_covers(table, facts->partner_columns);
}

void
carry_incoming_start(SchemaModel *model, TableModel *table, MigrationPlan *plan)
{
	List	   *keys = may_be_referenced(table) ? catalog_referencing(table->relid) : NIL;
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, keys)
	{
		ConstraintFacts *facts = lfirst(lc);

		if (!is_carried(model, table, facts))
			continue;
		check(model, table, facts);
		foreach(lc2, parts_of(facts))
		{
			ConstraintFacts *part = lfirst(lc2);
			char	   *name = name_carried(model->migration, part->name);
			const ConstraintFacts *carried = find(keys, part->relation, name);

			if (carried == NULL)
				constraint_task(model, table, facts, part->relation, name, plan);
			if (part->validated && (carried == NULL || !carried->validated))
				plan_validate(plan, 0, part->relation,
							  catalog_relation_name(part->relation), name);
		}
	}
}

void
carry_incoming_complete(SchemaModel *model, TableModel *table, MigrationPlan *plan)
{
	List	   *keys = may_be_referenced(table) ? catalog_referencing(table->relid) : NIL;
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, keys)
	{
		ConstraintFacts *facts = lfirst(lc);
		bool		carried = is_carried(model, table, facts);

		if (carried || falls(model, table, facts))
			alter(facts, PHASE_COMPLETE,
				  psprintf("DROP CONSTRAINT %s", quote_identifier(facts->name)), plan);
		if (!carried)
			continue;
		complete_parts(model, facts, keys, plan);
		/* It takes those of the partitions for its own, without a scan. */
		if (get_rel_relkind(facts->relation) == RELKIND_PARTITIONED_TABLE)
		{
			alter(facts, PHASE_COMPLETE,
				  psprintf("ADD CONSTRAINT %s %s", quote_identifier(facts->name),
						   key_sql(model, table, facts)), plan);
			foreach(lc2, parts_of(facts))
				partition_foreign_key_name_found(lfirst(lc2), 0, plan);
			partition_foreign_key_follow(facts->relation, facts->name, facts->oid, 0, plan);
		}
		partition_foreign_key_name_parts(facts->relation,
										 catalog_relation_name(facts->relation),
										 facts->name, table->relid, facts->oid, 0, plan);
		if (facts->comment != NULL)
			plan_comment(plan, PHASE_COMPLETE, 0, facts->relation,
						 catalog_relation_name(facts->relation),
						 psprintf("CONSTRAINT %s ON %s", quote_identifier(facts->name),
								  catalog_relation_name(facts->relation)),
						 facts->comment);
	}
}

void
carry_incoming_drop_unwanted(SchemaModel *model, MigrationPlan *plan)
{
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, carry_incoming_tables(model))
	{
		Oid			relid = lfirst_oid(lc);

		foreach(lc2, model_table_of(model, relid) == NULL ? catalog_constraints(relid) : NIL)
		{
			ConstraintFacts *facts = lfirst(lc2);

			if (facts->inherited || !carry_is_unwanted(model, relid, facts->name))
				continue;
			operation_lock_constraint_partner(relid, facts->name, PHASE_COMPLETE, plan);
			alter(facts, PHASE_COMPLETE,
				  psprintf("DROP CONSTRAINT %s", quote_identifier(facts->name)), plan);
		}
	}
}

void
carry_incoming_rollback(SchemaModel *model, MigrationPlan *plan)
{
	List	   *found = list_concat_unique_oid(carry_incoming_tables(model),
											model->concerned);
	List	   *constraints = NIL;
	List	   *dropped = NIL;
	ListCell   *lc;

	foreach(lc, model->tables)
	{
		TableModel *table = lfirst(lc);

		/* Those of other tables; to look for them takes a whole scan. */
		if (model_concerns(model, table) &&
			names_shadow(catalog_column_names(table->relid), model->migration))
			constraints = list_concat(constraints, catalog_referencing(table->relid));
	}
	foreach(lc, found)
		constraints = list_concat(constraints, catalog_constraints(lfirst_oid(lc)));
	foreach(lc, constraints)
	{
		ConstraintFacts *facts = lfirst(lc);

		if (facts->type != CONSTRAINT_FOREIGN || facts->inherited ||
			(!name_is_of_migration(facts->name, model->migration) &&
			 !names_shadow(facts->partner_key, model->migration)) ||
			list_member_oid(dropped, facts->oid))
			continue;
		dropped = lappend_oid(dropped, facts->oid);
		operation_lock_constraint_partner(facts->relation, facts->name,
										  PHASE_ROLLBACK, plan);
		alter(facts, PHASE_ROLLBACK,
			  psprintf("DROP CONSTRAINT %s", quote_identifier(facts->name)), plan);
	}
}

List *
carry_incoming_tables(const SchemaModel *model)
{
	List	   *relids = NIL;
	ListCell   *lc;

	foreach(lc, tasks_of_kind(model->migration, TASK_CONSTRAINT))
	{
		Oid			relid = ((Task *) lfirst(lc))->relation;

		if (get_rel_name(relid) != NULL)
			relids = list_append_unique_oid(relids, relid);
	}
	return relids;
}

/* Is one of the columns (char *) a shadow of the migration? */
static bool
names_shadow(List *columns, int64 migration)
{
	ListCell   *lc;

	foreach(lc, columns)
	{
		if (name_is_of_migration(lfirst(lc), migration))
			return true;
	}
	return false;
}

/* The new ones take the names of the old ones, which are gone. */
static void
complete_parts(SchemaModel *model, const ConstraintFacts *facts, List *keys,
			   MigrationPlan *plan)
{
	ListCell   *lc;

	foreach(lc, parts_of(facts))
	{
		ConstraintFacts *part = lfirst(lc);
		char	   *name = name_carried(model->migration, part->name);
		const ConstraintFacts *carried = find(keys, part->relation, name);
		char	   *timing = carry_timing_change(part, carried);

		carry_must_exist(model->foreseen ||
						 (carried != NULL && (carried->validated || !part->validated)),
						 get_rel_name(part->relation), part->name);
		if (timing != NULL)
			alter(part, PHASE_COMPLETE, timing, plan);
		alter(part, PHASE_COMPLETE,
			  psprintf("RENAME CONSTRAINT %s TO %s", quote_identifier(name),
					   quote_identifier(part->oid == facts->oid ? part->name :
										partition_foreign_key_part_name(part))), plan);
	}
}

/*
 * Itself, or what a partitioned table's foreign key is made of: there are releases
 * in which it can't be NOT VALID.
 */
static List *
parts_of(const ConstraintFacts *facts)
{
	if (get_rel_relkind(facts->relation) == RELKIND_PARTITIONED_TABLE)
		return catalog_constraint_parts(facts->oid);
	return list_make1((void *) facts);
}

/* Is it one that both versions have, on a key of which one has another form? */
static bool
is_carried(SchemaModel *model, const TableModel *table, const ConstraintFacts *facts)
{
	TableModel *other = model_stored_table(model, facts->relation);
	int			attnum = -1;

	if (name_is_of_migration(facts->name, model->migration) ||
		!carry_covers(table, facts->partner_columns))
		return false;
	if (other == NULL)
		return true;
	if (other->dropped || object_is_dropped(other, facts->name))
		return false;
	while ((attnum = bms_next_member(facts->columns, attnum)) >= 0)
	{
		if (model_newest_of_stored(other, attnum) == NULL)
			return false;
	}
	return true;
}

/*
 * Does it go with its own column or table, which may go after the one that it
 * references?
 */
static bool
falls(SchemaModel *model, const TableModel *table, const ConstraintFacts *facts)
{
	TableModel *other = model_stored_table(model, facts->relation);

	return other != NULL && !name_is_ours(facts->name) &&
		carry_covers(table, facts->partner_columns) &&
		!is_carried(model, table, facts) && !object_is_dropped(other, facts->name);
}

static void
check(SchemaModel *model, const TableModel *table, const ConstraintFacts *facts)
{
	const char *other = catalog_relation_name(facts->relation);
	ListCell   *lc;

	if (get_rel_relkind(facts->relation) == RELKIND_PARTITIONED_TABLE &&
		!facts->validated)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("key of table \"%s\" cannot be changed: foreign key \"%s\" of the partitioned table %s is not valid",
						table->name, facts->name, other),
				 errhint("Validate that foreign key before the migration, or drop it and make it again after.")));
	check_owner(facts);
	foreach(lc, parts_of(facts))
		check_owner(lfirst(lc));
	if (name_is_ours(facts->name) ||
		(!model->started && get_rel_namespace(facts->relation) != model->namespace &&
		 edge_changes_any_column(facts->relation, key_names(facts))))
		ereport(ERROR,
				(errcode(ERRCODE_PGROLL_PROTECTED),
				 errmsg("table \"%s\" cannot be changed: another migration is in progress on %s",
						table->name, other),
				 errdetail("Foreign key \"%s\" of that table references it.",
						   name_is_ours(facts->name) ?
						   name_carried_original(facts->name) : facts->name),
				 errhint("Complete that migration or roll it back first.")));
	check_types(model, table, facts);
}

/* The columns (char *) of the foreign key, as they are stored. */
static List *
key_names(const ConstraintFacts *facts)
{
	List	   *names = NIL;
	ListCell   *lc;

	foreach(lc, facts->key)
		names = lappend(names, get_attname(facts->relation, lfirst_int(lc), false));
	return names;
}

static void
check_owner(const ConstraintFacts *facts)
{
	if (!has_privs_of_role(GetUserId(), catalog_relation_owner(facts->relation)))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be owner of table %s",
						catalog_relation_name(facts->relation)),
				 errdetail("Its foreign key \"%s\" references a column that the migration changes, and is made again for the new one.",
						   facts->name),
				 errhint("Run the migration as a role that is a member of the owner, too.")));
}

/* The server would find out when the backfill is done. */
static void
check_types(SchemaModel *model, const TableModel *table, const ConstraintFacts *facts)
{
	TableModel *other = model_stored_table(model, facts->relation);
	ListCell   *lc;
	ListCell   *lc2;

	forboth(lc, facts->key, lc2, facts->partner_key)
	{
		AttrNumber	attnum = lfirst_int(lc);
		Oid			from = type_of(other, facts->relation, attnum);
		Oid			to = type_of(table, table->relid,
								 get_attnum(table->relid, lfirst(lc2)));
		Generation *shown = model_newest_of_stored(table, get_attnum(table->relid, lfirst(lc2)));

		if (foreign_key_definition_types_fit(from, to))
			continue;
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("foreign key \"%s\" of table %s cannot reference column \"%s\" of table \"%s\" as %s",
						facts->name, catalog_relation_name(facts->relation),
						shown->name, table->name, format_type_be(to)),
				 errdetail("Its column \"%s\" is of type %s; at operations[%d].",
						   get_attname(facts->relation, attnum, false),
						   format_type_be(from), shown->operation - 1),
				 other != NULL ?
				 errhint("Change the type of column \"%s\" of table \"%s\" in the same migration.",
						 get_attname(facts->relation, attnum, false), other->name) :
				 errhint("Drop the foreign key before the migration, and make it again when both columns are changed.")));
	}
}

/* Of a column in the newest version; table is NULL where the model has it not. */
static Oid
type_of(const TableModel *table, Oid relid, AttrNumber attnum)
{
	Generation *generation = table == NULL ? NULL : model_newest_of_stored(table, attnum);

	return generation != NULL ? generation->type : get_atttype(relid, attnum);
}

/* The foreign key of that name on a table, or NULL. */
static const ConstraintFacts *
find(List *keys, Oid relation, const char *name)
{
	ListCell   *lc;

	foreach(lc, keys)
	{
		ConstraintFacts *facts = lfirst(lc);

		if (facts->relation == relation && strcmp(facts->name, name) == 0)
			return facts;
	}
	return NULL;
}

/* On the table of the foreign key, or on one of its partitions. */
static void
constraint_task(SchemaModel *model, TableModel *table, const ConstraintFacts *facts,
				Oid relation, char *name, MigrationPlan *plan)
{
	plan_step(plan, (Step) {
		.phase = PHASE_BACKGROUND,
		.command = psprintf("ALTER TABLE %s ADD CONSTRAINT %s %s %s",
							catalog_relation_name(relation), quote_identifier(name),
							key_sql(model, table, facts),
							facts->enforced ? "NOT VALID" : "NOT ENFORCED"),
		.lock = ShareRowExclusiveLock,
		.relation = relation,
		.relation_name = catalog_relation_name(relation),
		.task = TASK_CONSTRAINT,
		.task_object = name,
	});
	if (relation != table->relid)
		plan_step(plan, (Step) {
			.phase = PHASE_BACKGROUND,
			.lock = ShareRowExclusiveLock,
			.relation = table->relid,
			.relation_name = catalog_relation_name(table->relid),
			.task = TASK_CONSTRAINT,
		});
}

/* "FOREIGN KEY (…) REFERENCES …", from and to the new form of the columns. */
static char *
key_sql(SchemaModel *model, const TableModel *table, const ConstraintFacts *facts)
{
	List	   *names = carry_column_names(table);
	List	   *referenced = NIL;
	ListCell   *lc;

	foreach(lc, facts->partner_key)
		referenced = lappend(referenced,
							 list_nth(names, get_attnum(table->relid, lfirst(lc)) - 1));
	return carry_foreign_key_sql(facts, column_names(model, facts->relation),
								 catalog_relation_name(table->relid), referenced);
}

static List *
column_names(SchemaModel *model, Oid relid)
{
	TableModel *table = model_stored_table(model, relid);

	return table != NULL ? carry_column_names(table) : catalog_column_names(relid);
}

/* The triggers of a foreign key are on both tables. */
static void
alter(const ConstraintFacts *facts, Phase phase, char *action, MigrationPlan *plan)
{
	plan_step(plan, (Step) {
		.phase = phase,
		.command = psprintf("ALTER TABLE %s %s",
							catalog_relation_name(facts->relation), action),
		.lock = AccessExclusiveLock,
		.relation = facts->relation,
		.relation_name = catalog_relation_name(facts->relation),
		.also = list_concat(operation_other_members(facts->relation),
							get_rel_relkind(facts->partner) == RELKIND_PARTITIONED_TABLE ?
							catalog_table_tree(facts->partner) :
							list_make1_oid(facts->partner)),
	});
}
