/*-------------------------------------------------------------------------
 *
 * carry.c
 *		Constraints of the columns that get a shadow; with their indexes.
 *
 * Texts are made from the catalogs' trees, with the shadow's name in place of
 * the old column's, never by replacing text.  What an object is called while
 * the migration is active follows from its name (name_carried), so that the
 * completion finds it.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "operation/built_index.h"
#include "operation/carry.h"
#include "operation/carry_incoming.h"
#include "operation/carry_index.h"
#include "operation/operation_util.h"
#include "operation/partition_foreign_key.h"
#include "operation/shadow_column.h"
#include "schema/catalog_constraint.h"
#include "schema/catalog_object.h"
#include "schema/catalog_read.h"
#include "schema/names.h"
#include "schema/object_model.h"
#include "versioning/edge.h"
#include "versioning/expression.h"

static void add_changed_column(List **found, TableModel *table, Generation *stored,
							   Generation *generation);
static void follow_timing(SchemaModel *model, TableModel *table,
						  const ConstraintFacts *facts, const char *name,
						  MigrationPlan *plan);
static bool is_carried_here(SchemaModel *model, const TableModel *table,
							const ConstraintFacts *facts);
static bool is_constraint_of_index(const ConstraintFacts *constraint);
static void start_constraint(SchemaModel *model, TableModel *table,
							 const ConstraintFacts *facts, MigrationPlan *plan);
static void comment_members(const TableModel *table, const ConstraintFacts *facts,
							const char *name, MigrationPlan *plan);
static void check_partner(SchemaModel *model, const TableModel *table,
						  const ConstraintFacts *facts);
static char *constraint_sql(SchemaModel *model, const TableModel *table,
							const ConstraintFacts *facts);
static char *foreign_key_sql(SchemaModel *model, const TableModel *table,
							 const ConstraintFacts *facts);
static List *present_names(const TableModel *table);
static char *key_sql(List *names, List *key);
static void complete_constraint(SchemaModel *model, TableModel *table,
								const ConstraintFacts *facts, MigrationPlan *plan);

void
carry_start(SchemaModel *model, TableModel *table, MigrationPlan *plan)
{
	ListCell   *lc;

	if (!carry_has_shadow(table))
		return;
	foreach(lc, catalog_constraints(table->relid))
	{
		ConstraintFacts *facts = lfirst(lc);

		if (facts->type == CONSTRAINT_CHECK && !facts->inherited &&
			list_member_int(facts->key, InvalidAttrNumber) &&
			!object_is_dropped(table, facts->name))
			carry_refuse_row(table->name, facts->name);
		if (is_carried_here(model, table, facts))
			start_constraint(model, table, facts, plan);
	}
	/* A partition's are among those of the whole table. */
	if (!get_rel_relispartition(table->relid))
		carry_indexes_start(model, table, plan);
}

List *
carry_column_names(const TableModel *table)
{
	List	   *names = catalog_column_names(table->relid);
	ListCell   *lc;

	foreach(lc, names)
	{
		Generation *shadow = carry_shadow_of(table, foreach_current_index(lc) + 1);

		if (shadow != NULL)
			lfirst(lc) = shadow->physical;
	}
	return names;
}

void
carry_complete(SchemaModel *model, TableModel *table, MigrationPlan *plan)
{
	ListCell   *lc;

	if (!carry_has_shadow(table))
		return;
	if (!get_rel_relispartition(table->relid))
		carry_indexes_complete(model, table, plan);
	foreach(lc, catalog_constraints(table->relid))
	{
		ConstraintFacts *facts = lfirst(lc);

		if (is_carried_here(model, table, facts))
			complete_constraint(model, table, facts, plan);
	}
}

bool
carry_covers(const TableModel *table, Bitmapset *attnums)
{
	bool		any = false;
	int			attnum = -1;

	while ((attnum = bms_next_member(attnums, attnum)) >= 0)
	{
		Generation *newest = model_newest_of_stored(table, attnum);

		if (newest == NULL)
			return false;
		any |= newest->attnum == 0;
	}
	return any;
}

void
carry_refuse_row(const char *label, const char *name)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("\"%s\" of table \"%s\" cannot be carried over: it reads whole rows",
					name, label),
			 errdetail("The migration changes a column of the table."),
			 errhint("Name the columns that it needs, or drop it before the migration and make it again after.")));
}

List *
carry_changed_columns(const SchemaModel *model)
{
	List	   *found = NIL;
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, model->tables)
	{
		TableModel *table = lfirst(lc);

		foreach(lc2, OidIsValid(table->relid) && !table->dropped ? table->columns : NIL)
		{
			Generation *generation = ((ColumnModel *) lfirst(lc2))->generation;
			Generation *stored = model_stored_ancestor(generation);

			/* One that follows a parent's is found with that. */
			if (stored != NULL && stored != generation && generation->leader == NULL)
				add_changed_column(&found, table, stored, generation);
		}
	}
	return found;
}

static void
add_changed_column(List **found, TableModel *table, Generation *stored,
				   Generation *generation)
{
	char	   *name = get_attname(table->relid, stored->attnum, false);
	ListCell   *lc;

	foreach(lc, catalog_table_tree(table->relid))
	{
		ChangedColumn *column = palloc(sizeof(ChangedColumn));

		column->table = table;
		column->stored = stored;
		column->generation = generation;
		column->relid = lfirst_oid(lc);
		column->attnum = get_attnum(column->relid, name);
		*found = lappend(*found, column);
	}
}

bool
carry_has_shadow(const TableModel *table)
{
	ListCell   *lc;

	foreach(lc, OidIsValid(table->relid) && !table->dropped ? table->columns : NIL)
	{
		Generation *generation = ((ColumnModel *) lfirst(lc))->generation;
		Generation *stored = model_stored_ancestor(generation);

		if (stored != NULL && stored != generation)
			return true;
	}
	return false;
}

Generation *
carry_shadow_of(const TableModel *table, AttrNumber attnum)
{
	Generation *newest = model_newest_of_stored(table, attnum);

	return newest != NULL && newest->attnum == 0 ? newest : NULL;
}

void
carry_drop_unwanted(SchemaModel *model, MigrationPlan *plan)
{
	List	   *incoming = carry_incoming_tables(model);
	bool		any = false;
	ListCell   *lc;
	ListCell   *lc2;

	/* A foreign key may stand for one of a table that has no shadow itself. */
	foreach(lc, model->tables)
		any |= carry_has_shadow(lfirst(lc));
	foreach(lc, any ? model_stored_tables(model) : NIL)
	{
		TableModel *table = lfirst(lc);

		if (!OidIsValid(table->relid) || table->dropped ||
			!(model_concerns(model, table) || list_member_oid(incoming, table->relid)) ||
			(table->relkind != RELKIND_RELATION &&
			 table->relkind != RELKIND_PARTITIONED_TABLE))
			continue;
		foreach(lc2, catalog_constraints(table->relid))
		{
			ConstraintFacts *facts = lfirst(lc2);

			if (facts->inherited || is_constraint_of_index(facts) ||
				!carry_is_unwanted(model, table->relid, facts->name))
				continue;
			operation_lock_constraint_partner(table->relid, facts->name,
											  PHASE_COMPLETE, plan);
			shadow_alter_table(model, table, 0, PHASE_COMPLETE,
							   psprintf("DROP CONSTRAINT %s",
										quote_identifier(facts->name)), plan);
		}
		foreach(lc2, carry_has_shadow(table) ? catalog_indexes(table->relid) : NIL)
		{
			IndexFacts *facts = lfirst(lc2);

			if (carry_is_unwanted(model, table->relid, facts->name))
				built_index_drop(facts->oid, PHASE_COMPLETE, plan);
		}
	}
}

bool
carry_is_unwanted(const SchemaModel *model, Oid relid, const char *name)
{
	return name_is_of_migration(name, model->migration) &&
		name_carried_original(name) != NULL && !name_is_new(name) &&
		!catalog_carried_is_wanted(relid, model->migration, name);
}

/* Keys come with their indexes, what references a new key with that. */
static bool
is_carried_here(SchemaModel *model, const TableModel *table,
				const ConstraintFacts *facts)
{
	return !is_constraint_of_index(facts) && !facts->inherited &&
		!name_is_ours(facts->name) && !object_is_dropped(table, facts->name) &&
		carry_covers(table, facts->columns) &&
		!carry_incoming_has(model, facts);
}

static bool
is_constraint_of_index(const ConstraintFacts *constraint)
{
	return constraint->type == CONSTRAINT_PRIMARY ||
		constraint->type == CONSTRAINT_UNIQUE ||
		constraint->type == CONSTRAINT_EXCLUSION;
}

static void
start_constraint(SchemaModel *model, TableModel *table,
				 const ConstraintFacts *facts, MigrationPlan *plan)
{
	char	   *name = name_carried(model->migration, facts->name);
	char	   *carried = psprintf("constraint \"%s\" of table \"%s\"", facts->name,
								   table->name);

	if (catalog_constraint_exists(table->relid, name))
		return;
	if (facts->type == CONSTRAINT_FOREIGN && !model->started)
		check_partner(model, table, facts);
	if (facts->type == CONSTRAINT_FOREIGN &&
		table->relkind == RELKIND_PARTITIONED_TABLE)
	{
		partition_foreign_key_start(model, table, 0, name,
									constraint_sql(model, table, facts),
									facts->partner, carried, plan);
		return;
	}
	plan_step(plan, (Step) {
		.phase = PHASE_START,
		.command = psprintf("ALTER TABLE %s ADD CONSTRAINT %s %s %s",
							model_table_sql(model, table),
							quote_identifier(name),
							constraint_sql(model, table, facts),
							facts->enforced ? "NOT VALID" : "NOT ENFORCED"),
		.lock = AccessExclusiveLock,
		.relation = table->relid,
		.relation_name = model_table_sql(model, table),
		.also = operation_other_members(table->relid),
		.carried = carried,
	});
	if (facts->type == CONSTRAINT_FOREIGN)
		operation_lock_tree(plan, PHASE_START, facts->partner, ShareRowExclusiveLock);
	else
		comment_members(table, facts, name, plan);
	if (facts->validated)
		plan_validate(plan, 0, table->relid, model_table_sql(model, table),
					  name);
}

/* What is said of a check where partitions and children have it from the table. */
static void
comment_members(const TableModel *table, const ConstraintFacts *facts, const char *name,
				MigrationPlan *plan)
{
	List	   *parts = NIL;
	ListCell   *lc;

	foreach(lc, facts->no_inherit ? NIL : operation_other_members(table->relid))
		parts = list_concat(parts, catalog_constraints(lfirst_oid(lc)));
	foreach(lc, parts)
	{
		ConstraintFacts *part = lfirst(lc);
		char	   *member = catalog_relation_name(part->relation);

		if (part->inherited && part->comment != NULL && part->type == facts->type &&
			strcmp(part->name, facts->name) == 0)
			plan_comment(plan, PHASE_START, 0, part->relation, member,
						 psprintf("CONSTRAINT %s ON %s", quote_identifier(name), member),
						 part->comment);
	}
}

/* The line of migrations of another schema would drop what the new key references. */
static void
check_partner(SchemaModel *model, const TableModel *table,
			  const ConstraintFacts *facts)
{
	if (get_rel_namespace(facts->partner) != model->namespace &&
		edge_changes_any_column(facts->partner, facts->partner_key))
		ereport(ERROR,
				(errcode(ERRCODE_PGROLL_PROTECTED),
				 errmsg("table \"%s\" cannot be changed: another migration is in progress on %s",
						table->name, catalog_relation_name(facts->partner)),
				 errdetail("Foreign key \"%s\" references that table.", facts->name),
				 errhint("Complete that migration or roll it back first.")));
}

/* "CHECK (…) NO INHERIT" or "FOREIGN KEY (…) REFERENCES …" */
static char *
constraint_sql(SchemaModel *model, const TableModel *table, const ConstraintFacts *facts)
{
	StringInfoData sql;

	initStringInfo(&sql);
	if (facts->type == CONSTRAINT_CHECK)
	{
		appendStringInfo(&sql, "CHECK (%s)%s",
						 expression_deparse_stored(stringToNode(facts->check),
												   carry_column_names(table)),
						 facts->no_inherit ? " NO INHERIT" : "");
		return sql.data;
	}
	return foreign_key_sql(model, table, facts);
}

/* By the names of where the plan is: operations before may have renamed both tables. */
static char *
foreign_key_sql(SchemaModel *model, const TableModel *table, const ConstraintFacts *facts)
{
	const TableModel *partner = model_table_of(model, facts->partner);
	List	   *names;
	List	   *key = NIL;
	ListCell   *lc;

	if (partner == NULL)
		return carry_foreign_key_sql(facts, present_names(table),
									 catalog_relation_name(facts->partner),
									 facts->partner_key);
	names = present_names(partner);
	foreach(lc, facts->partner_key)
		key = lappend(key, list_nth(names, get_attnum(facts->partner, lfirst(lc)) - 1));
	return carry_foreign_key_sql(facts, present_names(table),
								 model_table_sql(model, partner), key);
}

/* The names (char *) of the columns, by place; of one with a shadow, the shadow's. */
static List *
present_names(const TableModel *table)
{
	List	   *names = catalog_column_names(table->relid);
	ListCell   *lc;

	foreach(lc, names)
	{
		Generation *newest = model_newest_of_stored(table, foreach_current_index(lc) + 1);

		if (newest != NULL && newest->physical != NULL)
			lfirst(lc) = newest->physical;
	}
	return names;
}

char *
carry_foreign_key_sql(const ConstraintFacts *facts, List *names, const char *partner,
					  List *partner_key)
{
	StringInfoData sql;
	ListCell   *lc;

	initStringInfo(&sql);
	appendStringInfo(&sql, "FOREIGN KEY (%s) REFERENCES %s (",
					 key_sql(names, facts->key), partner);
	foreach(lc, partner_key)
		appendStringInfo(&sql, "%s%s", foreach_current_index(lc) > 0 ? ", " : "",
						 quote_identifier(lfirst(lc)));
	appendStringInfo(&sql, ")%s", facts->reference_tail);
	if (facts->delete_set_key != NIL)
		appendStringInfo(&sql, " (%s)", key_sql(names, facts->delete_set_key));
	appendStringInfoString(&sql, carry_timing_sql(facts));
	return sql.data;
}

const char *
carry_timing_sql(const ConstraintFacts *facts)
{
	return facts->initially_deferred ? " DEFERRABLE INITIALLY DEFERRED" :
		facts->deferrable ? " DEFERRABLE" : "";
}

static char *
key_sql(List *names, List *key)
{
	StringInfoData sql;
	ListCell   *lc;

	initStringInfo(&sql);
	foreach(lc, key)
		appendStringInfo(&sql, "%s%s", foreach_current_index(lc) > 0 ? ", " : "",
						 quote_identifier(list_nth(names, lfirst_int(lc) - 1)));
	return sql.data;
}

static void
follow_timing(SchemaModel *model, TableModel *table, const ConstraintFacts *facts,
			  const char *name, MigrationPlan *plan)
{
	ListCell   *lc;

	foreach(lc, catalog_constraints(table->relid))
	{
		ConstraintFacts *carried = lfirst(lc);
		char	   *action = strcmp(carried->name, name) != 0 ? NULL :
			carry_timing_change(facts, carried);

		if (action == NULL)
			continue;
		operation_lock_constraint_partner(table->relid, name, PHASE_COMPLETE, plan);
		shadow_alter_table(model, table, 0, PHASE_COMPLETE, action, plan);
	}
}

char *
carry_timing_change(const ConstraintFacts *facts, const ConstraintFacts *copy)
{
	if (copy == NULL || (copy->deferrable == facts->deferrable &&
						 copy->initially_deferred == facts->initially_deferred))
		return NULL;
	return psprintf("ALTER CONSTRAINT %s%s", quote_identifier(copy->name),
					facts->deferrable ? carry_timing_sql(facts) : " NOT DEFERRABLE");
}

static void
complete_constraint(SchemaModel *model, TableModel *table,
					const ConstraintFacts *facts, MigrationPlan *plan)
{
	char	   *name = name_carried(model->migration, facts->name);
	char	   *final = object_final_name(table, facts->name);

	if (facts->type == CONSTRAINT_FOREIGN &&
		table->relkind == RELKIND_PARTITIONED_TABLE)
		partition_foreign_key_complete(model, table, 0, name, final,
									   constraint_sql(model, table, facts), facts->partner,
									   facts->oid, plan);
	else
	{
		carry_must_exist(model->foreseen || catalog_constraint_exists(table->relid, name),
						 table->name, facts->name);
		if (facts->type == CONSTRAINT_FOREIGN)
			follow_timing(model, table, facts, name, plan);
		shadow_alter_table(model, table, 0, PHASE_COMPLETE,
						   psprintf("RENAME CONSTRAINT %s TO %s", quote_identifier(name),
									quote_identifier(final)), plan);
		if (facts->type == CONSTRAINT_FOREIGN)
			partition_foreign_key_name_parts(table->relid, model_table_sql(model, table),
											 final, facts->partner, facts->oid, 0, plan);
	}
	if (facts->comment != NULL)
		plan_comment(plan, PHASE_COMPLETE, 0, table->relid,
					 model_table_sql(model, table),
					 psprintf("CONSTRAINT %s ON %s", quote_identifier(final),
							  model_table_sql(model, table)), facts->comment);
}

void
carry_must_exist(bool exists, const char *table, const char *name)
{
	if (exists)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("\"%s\" on table \"%s\" is not carried over yet",
					name, table),
			 errdetail("It was added since the migration started, or what stands for it was dropped."),
			 errhint("Call pgroll_c.retry_migration(), wait, and complete the migration then.")));
}
