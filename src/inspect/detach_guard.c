/*-------------------------------------------------------------------------
 *
 * detach_guard.c
 *		Partitions that leave a table in flight.
 *
 * Nobody would complete the migration there, and no version shows such a table.  So
 * it is as after a rollback, at once: the old columns are complete at any time.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "catalog/namespace.h"
#include "catalog/partition.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "ddl/ddl_execute.h"
#include "ddl/index_part.h"
#include "inspect/detach_guard.h"
#include "inspect/guard_scope.h"
#include "operation/built_index.h"
#include "operation/carry_trigger.h"
#include "operation/shadow_column.h"
#include "schema/catalog_constraint.h"
#include "schema/catalog_dependent.h"
#include "schema/catalog_object.h"
#include "schema/catalog_read.h"
#include "schema/names.h"
#include "state/claims.h"
#include "state/migration_tables.h"
#include "state/tasks.h"
#include "support/spi.h"
#include "versioning/edge.h"
#include "worker/launcher.h"

static void release_as_owner(List *lines, Oid parent, Oid relid);
static bool drops_foreign_key(const GuardLine *line, Oid partition);
static void lock_tasks(const GuardLine *line, Oid parent);
static List *whole_tree(Oid parent);
static bool concerns(const GuardLine *line, Oid parent, Oid relid);
static void release(const GuardLine *line, Oid relid);
static void drop_triggers(const GuardLine *line, Oid relid);
static void drop_constraints(const GuardLine *line, Oid relid);
static void drop_columns(const GuardLine *line, List *tree);
static void run_steps(const MigrationPlan *plan);

void
detach_guard_prepare(List *lines, Oid partition)
{
	Oid			parent;
	List	   *locked;
	ListCell   *lc;
	ListCell   *lc2;

	if (!OidIsValid(partition) || !get_rel_relispartition(partition))
		return;
	parent = get_partition_parent(partition, true);
	if (!object_ownercheck(RelationRelationId, partition, GetUserId()) &&
		!object_ownercheck(RelationRelationId, parent, GetUserId()))
		return;					/* the server is about to refuse it */

	locked = lappend_oid(catalog_table_tree(partition), parent);
	if (OidIsValid(get_default_partition_oid(parent)))
		locked = lappend_oid(locked, get_default_partition_oid(parent));
	foreach(lc, lines)
	{
		const GuardLine *line = lfirst(lc);
		List	   *tables = list_copy(locked);

		/* That locks what they reference, which a validation for another part uses. */
		if (drops_foreign_key(line, partition))
			tables = list_concat_unique_oid(list_concat_unique_oid(tables, whole_tree(parent)),
											catalog_partners(partition));
		lock_tasks(line, parent);
		foreach(lc2, tables)
			launcher_interrupt_job(line->migration, lfirst_oid(lc2));
	}
}

/* Has the partition a foreign key of the migration's? */
static bool
drops_foreign_key(const GuardLine *line, Oid partition)
{
	ListCell   *lc;

	foreach(lc, catalog_constraints(partition))
	{
		const ConstraintFacts *facts = lfirst(lc);

		if (facts->type == CONSTRAINT_FOREIGN &&
			name_is_of_migration(facts->name, line->migration))
			return true;
	}
	return false;
}

/*
 * Who adds tasks at this moment may add some for the partition, which we would not see.
 * While it is detached concurrently the server itself waits for those who have read it.
 */
static void
lock_tasks(const GuardLine *line, Oid parent)
{
	if (migration_concerns(line->migration, whole_tree(parent)))
		claim_tables(line->migration, false);
}

/* The tables (Oid) of which the parent is one, from the topmost on. */
static List *
whole_tree(Oid parent)
{
	return catalog_table_tree(catalog_topmost(parent));
}

void
detach_guard_release(List *lines, const AlterTableStmt *stmt)
{
	ListCell   *lc;

	foreach(lc, stmt->cmds)
	{
		const AlterTableCmd *cmd = lfirst(lc);
		Oid			relid;

		if (cmd->subtype != AT_DetachPartition &&
			cmd->subtype != AT_DetachPartitionFinalize)
			continue;
		relid = RangeVarGetRelid(((PartitionCmd *) cmd->def)->name, NoLock, true);
		if (OidIsValid(relid) && catalog_parents(relid) == NIL)
			release_as_owner(lines, RangeVarGetRelid(stmt->relation, NoLock, true),
							 relid);
	}
}

/* Who detaches a partition owns the table that it was of, but need not own it. */
static void
release_as_owner(List *lines, Oid parent, Oid relid)
{
	SecurityScope scope;
	ListCell   *lc;

	restricted_begin(&scope, catalog_relation_owner(relid));
	foreach(lc, lines)
	{
		if (concerns(lfirst(lc), parent, relid))
			release(lfirst(lc), relid);
	}
	restricted_end(&scope);
}

/*
 * Names alone do not tell: others may use ours in tables of their own.  Where there are
 * only indexes to be built, nothing but the tasks says which are the migration's.
 */
static bool
concerns(const GuardLine *line, Oid parent, Oid relid)
{
	ListCell   *lc;

	foreach(lc, migration_tables(line->migration))
	{
		if (list_member_oid(catalog_table_tree(lfirst_oid(lc)), parent))
			return true;
	}
	return migration_concerns(line->migration, list_concat(whole_tree(parent),
														   catalog_table_tree(relid)));
}

static void
release(const GuardLine *line, Oid relid)
{
	List	   *tree = catalog_table_tree(relid);
	SchemaModel *model = catalog_read_schema(line->base_schema, NULL, line->migration);
	MigrationPlan plan = {.base_schema = line->base_schema};
	ListCell   *lc;

	foreach(lc, tree)
	{
		drop_triggers(line, lfirst_oid(lc));
		carry_triggers_release(model, lfirst_oid(lc), &plan);
	}
	run_steps(&plan);
	/* Those of the topmost take its partitions' with them. */
	foreach(lc, tree)
		drop_constraints(line, lfirst_oid(lc));
	drop_columns(line, tree);
	plan.steps = NIL;
	built_indexes_release(line->migration, tree, &plan);
	run_steps(&plan);
	tasks_close(line->migration, tree);
}

static void
drop_triggers(const GuardLine *line, Oid relid)
{
	ListCell   *lc;

	foreach(lc, edge_triggers_of_schema(relid, line->base_schema))
		ddl_execute_own(psprintf("DROP TRIGGER %s ON %s", quote_identifier(lfirst(lc)),
								 catalog_relation_name(relid)));
}

static void
drop_constraints(const GuardLine *line, Oid relid)
{
	ListCell   *lc;

	foreach(lc, catalog_constraints(relid))
	{
		const ConstraintFacts *facts = lfirst(lc);

		if (!facts->inherited && name_is_of_migration(facts->name, line->migration))
			ddl_execute_own(psprintf("ALTER TABLE %s DROP CONSTRAINT %s",
									 catalog_relation_name(relid),
									 quote_identifier(facts->name)));
	}
}

static void
drop_columns(const GuardLine *line, List *tree)
{
	ListCell   *lc;

	foreach(lc, tree)
	{
		List	   *names = catalog_columns_of_migration(lfirst_oid(lc),
														 line->migration);
		char	   *actions = shadow_drop_actions(names, lfirst_oid(lc));

		if (actions[0] != '\0')
			ddl_execute_own(psprintf("ALTER TABLE %s %s",
									 catalog_relation_name(lfirst_oid(lc)), actions));
	}
}

static void
run_steps(const MigrationPlan *plan)
{
	ListCell   *lc;

	foreach(lc, plan->steps)
	{
		const Step *step = lfirst(lc);

		Assert(step->access_list == NULL && step->path == NULL);
		if (OidIsValid(step->index_part))
			index_part_release(step->index_part);
		else if (step->command != NULL)
			ddl_execute_own(step->command);
	}
}
