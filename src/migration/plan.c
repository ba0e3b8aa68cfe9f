/*-------------------------------------------------------------------------
 *
 * plan.c
 *		Migration -> the steps of its phases.
 *
 * Operations append the steps of their own objects.  What belongs to a table as
 * a whole is added here: marker and dual-write triggers, the tasks of its
 * backfill, constraints and indexes over several columns, the views.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/table.h"
#include "catalog/pg_class.h"
#include "commands/tablecmds.h"
#include "executor/executor.h"
#include "storage/bufmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "migration/plan.h"
#include "migration/plan_tasks.h"
#include "migration/plan_triggers.h"
#include "operation/built_index.h"
#include "operation/carry.h"
#include "operation/carry_dependents.h"
#include "operation/carry_incoming.h"
#include "operation/carry_matview.h"
#include "operation/carry_statistics.h"
#include "operation/carry_trigger.h"
#include "operation/column_sequence.h"
#include "operation/drop_check.h"
#include "operation/inherit.h"
#include "operation/new_object.h"
#include "operation/op_replica_identity.h"
#include "operation/op_sql.h"
#include "operation/operation_util.h"
#include "operation/shadow_check.h"
#include "operation/shadow_column.h"
#include "schema/catalog_object.h"
#include "schema/catalog_read.h"
#include "schema/names.h"
#include "schema/object_model.h"
#include "support/guc.h"
#include "versioning/edge.h"
#include "versioning/edge_build.h"
#include "versioning/version_view.h"

static void keep_index_names(TableModel *table, MigrationPlan *plan);
static void start_edges(const Migration *migration, SchemaModel *model,
						TableModel *table, MigrationPlan *plan);
static void check_none_is_being_detached(SchemaModel *model);
static void check_is_not_being_detached(const TableModel *table);
static void check_table_can_have_edges(TableModel *table);
static void check_rows_can_be_updated(const Migration *migration,
									  const TableModel *table);
static void check_no_member_has_edges(SchemaModel *model, TableModel *table);
static void name_created(SchemaModel *model, int operation, MigrationPlan *plan);
static bool has_marker(SchemaModel *model, const TableModel *table, bool *inherited);
static List *qualified_tables(const Migration *migration, SchemaModel *model);
static List *table_and_children(SchemaModel *model, TableModel *table);
static void complete_dependents(const Migration *migration, SchemaModel *model,
								MigrationPlan *plan);
static void check_no_sql_before(const Migration *migration, const TableModel *table);
static void complete_columns(SchemaModel *model, int operation, MigrationPlan *plan);
static void complete_carried(SchemaModel *model, List *tables, MigrationPlan *plan);
static bool has_later_shadow(const TableModel *table, int operation);
static void check_row_type(Oid relid);
static void check_nothing_depends(SchemaModel *model, TableModel *table);

void
plan_apply_operations(const Migration *migration, SchemaModel *model)
{
	ListCell   *lc;

	for (int i = list_length(migration->operations) - 1; i >= 0; i--)
	{
		Operation  *operation = list_nth(migration->operations, i);

		if (model->started && operation->ops->forget != NULL)
			operation->ops->forget(operation, model);
	}
	foreach(lc, migration->operations)
	{
		Operation  *operation = lfirst(lc);

		operation->ops->validate(operation, model);
	}
	shadow_columns_name(model);
	inherit_apply(model);
}

void
plan_start(const Migration *migration, SchemaModel *model, MigrationPlan *plan)
{
	CarriedDependents *dependents;
	ListCell   *lc;

	replica_identities_check(migration, model);
	foreach(lc, migration->operations)
	{
		Operation  *operation = lfirst(lc);

		if (operation->ops->start != NULL)
			operation->ops->start(operation, model, plan);
	}
	dependents = carry_dependents_find(model, migration->version_schema);
	foreach(lc, dependents->tables)
		check_no_sql_before(migration, lfirst(lc));
	carry_dependents_try(model, dependents, plan);
	carry_matviews_start(model, dependents, plan);
	foreach(lc, model_stored_tables(model))
	{
		TableModel *table = lfirst(lc);

		if (!OidIsValid(table->relid) || table->dropped)
			continue;
		keep_index_names(table, plan);
		shadow_columns_follow(model, table, PHASE_START, plan);
		carry_start(model, table, plan);
		carry_incoming_start(model, table, plan);
		(void) carry_statistics_start(model, table, plan);
		new_objects_start(model, table, plan);
		carry_triggers_start(model, table, plan);
		start_edges(migration, model, table, plan);
		shadow_check_room(table);
	}
}

/* A key is renamed with its index. */
static void
keep_index_names(TableModel *table, MigrationPlan *plan)
{
	ListCell   *lc;

	foreach(lc, table->objects)
	{
		const ObjectModel *object = lfirst(lc);
		Oid			index = object_loses_name(object) ?
			catalog_index_of_table(table->relid, object->stored) : InvalidOid;

		if (OidIsValid(index))
			operation_keep_index_name(plan, index);
	}
}

void
plan_version(const Migration *migration, SchemaModel *model, MigrationPlan *plan)
{
	version_schema_create(model, migration->version_schema, PHASE_START, plan);
	version_views_create(model, migration->version_schema, PHASE_START,
						 qualified_tables(migration, model), plan);
}

void
plan_complete(const Migration *migration, SchemaModel *model,
			  const char *previous, MigrationPlan *plan)
{
	ListCell   *lc;

	check_none_is_being_detached(model);
	foreach(lc, model_stored_tables(model))
		check_nothing_depends(model, lfirst(lc));
	replica_identities_check(migration, model);
	if (previous != NULL)
		version_schema_drop(model, previous, PHASE_COMPLETE, plan);
	version_views_follow_grants(model, migration->version_schema, PHASE_COMPLETE, plan);
	plan_drop_triggers(model, PHASE_COMPLETE, plan);
	carry_drop_unwanted(model, plan);
	carry_incoming_drop_unwanted(model, plan);
	new_objects_drop(model, plan);
	foreach(lc, model_stored_tables(model))
		carry_incoming_complete(model, lfirst(lc), plan);
	foreach(lc, migration->operations)
	{
		Operation  *operation = lfirst(lc);

		if (operation->ops->vacate != NULL)
			operation->ops->vacate(operation, model, plan);
	}
	foreach(lc, model_stored_tables(model))
	{
		TableModel *table = lfirst(lc);

		if (OidIsValid(table->relid) && !table->dropped)
			carry_triggers_complete(model, table, plan);
	}
	complete_dependents(migration, model, plan);
	foreach(lc, migration->operations)
	{
		Operation  *operation = lfirst(lc);

		/* The user's statements see what the operations before them leave. */
		if (op_sql_runs_at_completion(operation))
		{
			complete_columns(model, operation->number, plan);
			name_created(model, operation->number, plan);
		}
		if (operation->ops->complete != NULL)
			operation->ops->complete(operation, model, plan);
	}
	complete_columns(model, PG_INT32_MAX, plan);
	foreach(lc, migration->operations)
	{
		Operation  *operation = lfirst(lc);

		if (operation->ops->settle != NULL)
			operation->ops->settle(operation, model, plan);
	}
	name_created(model, PG_INT32_MAX, plan);
	foreach(lc, model->tables)
	{
		TableModel *table = lfirst(lc);
		bool		inherited;

		if (table->dropped || !OidIsValid(table->relid) ||
			!model_concerns(model, table) || !has_marker(model, table, &inherited))
			continue;
		/* A child's goes with its parent's. */
		if (!inherited)
		{
			List	   *marker = list_make1(name_marker(model->migration));

			drop_check_own_columns(model, table, marker);
			shadow_drop_columns(model, table, 0, PHASE_COMPLETE, marker, plan);
		}
		if (!plan_completes_with_sql(migration) && table->schema == NULL)
			version_view_replace(model, table, migration->version_schema,
								 PHASE_COMPLETE, plan);
	}
	built_indexes_complete(model, plan);
}

/* What had the names has been dropped or renamed by the operations before. */
static void
name_created(SchemaModel *model, int operation, MigrationPlan *plan)
{
	ListCell   *lc;

	foreach(lc, model->tables)
	{
		TableModel *table = lfirst(lc);

		if (!table->created || table->dropped)
			continue;
		new_objects_name_created(model, table, operation, plan);
		column_sequences_name_created(model, table, operation, plan);
	}
}

/* Has the table our marker, or will it have it once the migration has started? */
static bool
has_marker(SchemaModel *model, const TableModel *table, bool *inherited)
{
	char	   *marker = name_marker(model->migration);

	if (model->foreseen)
	{
		*inherited = table->edge_members == NIL;
		return plan_table_with_edges(model, table->relid) != NULL;
	}
	*inherited = catalog_column_is_inherited(table->relid, marker);
	return get_attnum(table->relid, marker) != InvalidAttrNumber;
}

/*
 * Their text names tables and columns as they are called now; so columns that
 * they name are swapped before any operation's own steps.
 */
static void
complete_dependents(const Migration *migration, SchemaModel *model,
					MigrationPlan *plan)
{
	CarriedDependents *found = carry_dependents_find(model, migration->version_schema);
	ListCell   *lc;
	ListCell   *lc2;

	carry_matviews_drop_unwanted(model, found, plan);
	carry_dependents_detach(found, PHASE_COMPLETE, plan);
	foreach(lc, found->tables)
	{
		check_no_sql_before(migration, lfirst(lc));
		shadow_columns_swap(model, lfirst(lc), plan);
	}
	inherit_follow_names(model);
	foreach(lc, found->tables)
	{
		List	   *members = catalog_table_tree(((TableModel *) lfirst(lc))->relid);
		List	   *ready = NIL;

		foreach(lc2, model_stored_tables(model))
		{
			TableModel *table = lfirst(lc2);

			if (!table->carried && list_member_oid(members, table->relid))
				ready = lappend(ready, table);
		}
		complete_carried(model, ready, plan);
	}
	carry_dependents_attach(found, PHASE_COMPLETE, plan);
}

/* The user's own statements could change what was read before they ran. */
static void
check_no_sql_before(const Migration *migration, const TableModel *table)
{
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, table->columns)
	{
		Generation *generation = ((ColumnModel *) lfirst(lc))->generation;

		if (generation->attnum != 0 || model_stored_ancestor(generation) == NULL)
			continue;
		foreach(lc2, migration->operations)
		{
			Operation  *operation = lfirst(lc2);

			if (op_sql_runs_at_completion(operation) &&
				operation->number < generation->operation)
				ereport(ERROR,
						(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						 errmsg("column \"%s\" of table \"%s\" cannot be changed after an sql operation of the completion",
								generation->name, table->name),
						 errdetail("At %s; views, policies, rules or publications name the column.",
								   operation->path),
						 errhint("Let the sql operation be the last one, or put it into a migration of its own.")));
		}
	}
}

/*
 * Names, and what hangs on the columns, as far as the operations before the one
 * of that number go.
 */
static void
complete_columns(SchemaModel *model, int operation, MigrationPlan *plan)
{
	List	   *ready = NIL;
	ListCell   *lc;

	foreach(lc, model->tables)
	{
		TableModel *table = lfirst(lc);

		if (OidIsValid(table->relid) && !table->dropped)
			shadow_columns_rename(model, table, operation, plan);
	}
	inherit_follow_names(model);
	foreach(lc, model_stored_tables(model))
	{
		TableModel *table = lfirst(lc);

		if (!table->carried && !has_later_shadow(table, operation))
			ready = lappend(ready, table);
	}
	complete_carried(model, ready, plan);
}

/* A partition's index, which goes with the whole table's, may need its NOT NULL first. */
static void
complete_carried(SchemaModel *model, List *tables, MigrationPlan *plan)
{
	ListCell   *lc;

	foreach(lc, tables)
		shadow_columns_follow(model, lfirst(lc), PHASE_COMPLETE, plan);
	foreach(lc, tables)
	{
		TableModel *table = lfirst(lc);

		carry_complete(model, table, plan);
		new_objects_complete(model, table, plan);
		carry_statistics_complete(model, table, plan);
		table->carried = true;
	}
}

static bool
has_later_shadow(const TableModel *table, int operation)
{
	ListCell   *lc;

	foreach(lc, table->columns)
	{
		Generation *generation = ((ColumnModel *) lfirst(lc))->generation;

		if (generation->attnum == 0 && generation->operation > operation)
			return true;
	}
	return false;
}

void
plan_supplement(const Migration *migration, SchemaModel *model,
				MigrationPlan *plan)
{
	ListCell   *lc;

	foreach(lc, migration->operations)
	{
		Operation  *operation = lfirst(lc);

		if (operation->ops->supplement != NULL)
			operation->ops->supplement(operation, model, plan);
	}
	carry_matviews_start(model, carry_dependents_find(model, migration->version_schema),
						 plan);
	foreach(lc, model_stored_tables(model))
	{
		TableModel *table = lfirst(lc);

		shadow_columns_supplement(model, table, plan);
		carry_start(model, table, plan);
		carry_incoming_start(model, table, plan);
		new_objects_start(model, table, plan);
		if (carry_statistics_start(model, table, plan))
			plan_background_step(table->relid, TASK_ANALYZE,
								 psprintf("ANALYZE %s",
										  model_table_sql(model, table)),
								 ShareUpdateExclusiveLock, plan);
	}
}

void
plan_refresh_views(const Migration *migration, SchemaModel *model,
				   MigrationPlan *plan)
{
	version_views_drop(model, migration->version_schema, PHASE_COMPLETE, plan);
	version_views_create(model, migration->version_schema, PHASE_COMPLETE, NIL, plan);
}

void
plan_rollback(const Migration *migration, SchemaModel *model, MigrationPlan *plan)
{
	ListCell   *lc;

	check_none_is_being_detached(model);
	version_schema_drop(model, migration->version_schema, PHASE_ROLLBACK, plan);
	plan_drop_triggers(model, PHASE_ROLLBACK, plan);
	carry_matviews_drop(model->migration, PHASE_ROLLBACK, plan);
	carry_incoming_rollback(model, plan);
	for (int i = list_length(migration->operations) - 1; i >= 0; i--)
	{
		Operation  *operation = list_nth(migration->operations, i);

		if (operation->ops->rollback != NULL)
			operation->ops->rollback(operation, model, plan);
	}
	foreach(lc, migration->operations)
	{
		Operation  *operation = lfirst(lc);

		if (operation->ops->put_back != NULL)
			operation->ops->put_back(operation, model, plan);
	}
	replica_identities_rollback(model, plan);
	carry_triggers_rollback(model, plan);
	foreach(lc, model->tables)
	{
		TableModel *table = lfirst(lc);
		List	   *names;

		if (!model_concerns(model, table))
			continue;
		new_objects_rollback(model, table, plan);
		names = catalog_columns_of_migration(table->relid, model->migration);
		if (names != NIL &&
			!catalog_column_is_inherited(table->relid, linitial(names)))
		{
			drop_check_own_columns(model, table, names);
			operation_lock_sequences(table->relid, names, PHASE_ROLLBACK, plan);
			shadow_drop_columns(model, table, 0, PHASE_ROLLBACK, names, plan);
		}
	}
	built_indexes_rollback(model, plan);
}

bool
plan_completes_with_sql(const Migration *migration)
{
	ListCell   *lc;

	foreach(lc, migration->operations)
	{
		if (op_sql_runs_at_completion(lfirst(lc)))
			return true;
	}
	return false;
}

static void
start_edges(const Migration *migration, SchemaModel *model, TableModel *table,
			MigrationPlan *plan)
{
	EdgeMigration *edges;

	if (!table->has_edges || table->dropped || !OidIsValid(table->relid))
		return;
	edges = edge_build(model, table, migration->name, migration->version_schema);
	if (edges == NULL)
		return;
	table->edge_members = catalog_table_tree(table->relid);
	check_table_can_have_edges(table);
	check_no_member_has_edges(model, table);
	shadow_alter_table(model, table, 0, PHASE_START,
					   psprintf("ADD COLUMN %s boolean DEFAULT pgroll_c.awaits_backfill()",
								quote_identifier(edges->marker)), plan);
	plan_triggers(table, edges, plan);
	if (!edge_migration_has_up(edges))
		return;
	check_rows_can_be_updated(migration, table);
	plan_backfill_tasks(model, table, edges, plan);
}

/*
 * Rows that are published but can't be identified can't be updated, neither by the
 * backfill: the server's error, before there is a migration that fails.
 */
static void
check_rows_can_be_updated(const Migration *migration, const TableModel *table)
{
	ListCell   *lc;

	foreach(lc, migration->operations)
	{
		if (((Operation *) lfirst(lc))->ops == &set_replica_identity_ops)
			return;
	}
	foreach(lc, table->edge_members)
	{
		Relation	rel = table_open(lfirst_oid(lc), AccessShareLock);

		if (rel->rd_rel->relkind == RELKIND_RELATION && RelationGetNumberOfBlocks(rel) > 0)
			CheckCmdReplicaIdentity(rel, CMD_UPDATE);
		table_close(rel, AccessShareLock);
	}
}

/* In a migration's own tables; a start looks where it makes edges. */
static void
check_none_is_being_detached(SchemaModel *model)
{
	ListCell   *lc;

	foreach(lc, model->tables)
	{
		if (model_concerns(model, lfirst(lc)))
			check_is_not_being_detached(lfirst(lc));
	}
}

/* Such a partition is no part of the table for DDL any more, but has what it had. */
static void
check_is_not_being_detached(const TableModel *table)
{
	Oid			partition = OidIsValid(table->relid) ?
		catalog_partition_being_detached(table->relid) : InvalidOid;

	if (OidIsValid(partition))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("partition %s of table \"%s\" is being detached",
						catalog_relation_name(partition), table->name),
				 errhint("Finish that first, with ALTER TABLE ... DETACH PARTITION ... FINALIZE.")));
}

static void
check_table_can_have_edges(TableModel *table)
{
	ListCell   *lc;

	check_is_not_being_detached(table);

	foreach(lc, catalog_table_tree(table->relid))
	{
		char		relkind = get_rel_relkind(lfirst_oid(lc));
		char	   *publication = catalog_publication_of_all_columns(lfirst_oid(lc));

		check_row_type(lfirst_oid(lc));
		if (relkind != RELKIND_RELATION && relkind != RELKIND_PARTITIONED_TABLE)
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("table \"%s\" cannot be changed: its member %s is a foreign table",
							table->name, catalog_relation_name(lfirst_oid(lc))),
					 errhint("Detach the foreign table before the migration.")));
		if (publication != NULL && !pgroll_allow_published_tables)
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("table \"%s\" is published by \"%s\" without a column list",
							table->name, publication),
					 errdetail("The migration adds columns; the apply worker of a subscriber that lacks them would stop."),
					 errhint("Publish the table with a column list, or set pgroll_c.allow_published_tables.")));
	}
}

/* A child has its parent's marker and trigger; it can't have its own beside. */
static void
check_no_member_has_edges(SchemaModel *model, TableModel *table)
{
	List	   *members = operation_other_members(table->relid);
	ListCell   *lc;

	foreach(lc, model->tables)
	{
		TableModel *other = lfirst(lc);

		if (other->has_edges && !other->dropped &&
			list_member_oid(members, other->relid))
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("columns of table \"%s\" and of its child \"%s\" cannot be changed in one migration",
							table->name, other->name),
					 errhint("Change them in two migrations, one after the other.")));
	}
}

/*
 * Tables whose view must load the library while an UPDATE is planned: where the
 * columns that it sets do not tell which version it is of, and where rows await
 * and the new values are not told from none.
 */
static List *
qualified_tables(const Migration *migration, SchemaModel *model)
{
	List	   *tables = NIL;
	ListCell   *lc;

	foreach(lc, model->tables)
	{
		TableModel *table = lfirst(lc);
		EdgeMigration *edges;

		if (!table->has_edges || table->dropped || !OidIsValid(table->relid))
			continue;
		edges = edge_build(model, table, migration->name, migration->version_schema);
		if (edges != NULL && (edge_migration_has_up(edges) ||
							  edge_reads_shared_column(table, edges)))
			tables = list_concat_unique_ptr(tables, table_and_children(model, table));
	}
	return tables;
}

/* The table and those of its inheritance children that the model has. */
static List *
table_and_children(SchemaModel *model, TableModel *table)
{
	List	   *members = operation_other_members(table->relid);
	List	   *tables = list_make1(table);
	ListCell   *lc;

	foreach(lc, model->tables)
	{
		TableModel *other = lfirst(lc);

		if (!other->dropped && list_member_oid(members, other->relid))
			tables = lappend(tables, other);
	}
	return tables;
}

/* What came to depend, since the start, on a column that is to go. */
static void
check_nothing_depends(SchemaModel *model, TableModel *table)
{
	ListCell   *lc;

	if (!OidIsValid(table->relid) || table->dropped)
		return;
	foreach(lc, table->columns)
	{
		ColumnModel *column = lfirst(lc);

		if (model_stored_ancestor(column->generation) == column->generation)
			continue;
		shadow_check_possible(model, table, column, "completion");
		if (model_stored_ancestor(column->generation) != NULL)
			check_row_type(table->relid);
	}
}

/* Values of a table's row type, stored elsewhere, would lack the new columns. */
static void
check_row_type(Oid relid)
{
	Relation	rel = table_open(relid, AccessShareLock);

	find_composite_type_dependencies(rel->rd_rel->reltype, rel, NULL);
	table_close(rel, AccessShareLock);
}
