/*-------------------------------------------------------------------------
 *
 * plan_triggers.c
 *		The dual-write triggers of a table and its members, as steps.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "catalog/pg_class.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "migration/plan_triggers.h"
#include "operation/operation_util.h"
#include "schema/catalog_dependent.h"
#include "schema/catalog_object.h"
#include "schema/catalog_read.h"
#include "versioning/dual_write_ddl.h"

static List *trigger_roles(const TableModel *table);
static bool has_clones(const TableModel *table, Oid member);
static void create_trigger(Oid relid, DualWriteRole role,
						   const EdgeMigration *edges, MigrationPlan *plan);
static List *own_triggers(SchemaModel *model, Oid relid);

void
plan_triggers(TableModel *table, const EdgeMigration *edges, MigrationPlan *plan)
{
	List	   *roles = trigger_roles(table);
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, table->edge_members)
	{
		foreach(lc2, has_clones(table, lfirst_oid(lc)) ? NIL : roles)
			create_trigger(lfirst_oid(lc), lfirst_int(lc2), edges, plan);
	}
}

void
plan_drop_triggers(SchemaModel *model, Phase phase, MigrationPlan *plan)
{
	List	   *relids = NIL;
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, model->tables)
	{
		TableModel *table = lfirst(lc);

		if ((table->relkind == RELKIND_RELATION ||
			 table->relkind == RELKIND_PARTITIONED_TABLE) &&
			model_concerns(model, table))
			relids = list_concat_unique_oid(relids,
											OidIsValid(table->relid) ?
											catalog_table_tree(table->relid) : NIL);
	}
	foreach(lc, relids)
	{
		Oid			relid = lfirst_oid(lc);

		foreach(lc2, own_triggers(model, relid))
			plan_step(plan, (Step) {
				.phase = phase,
				.command = psprintf("DROP TRIGGER %s ON %s",
									quote_identifier(lfirst(lc2)),
									catalog_relation_name(relid)),
				.lock = AccessExclusiveLock,
				.relation = relid,
				.relation_name = catalog_relation_name(relid),
				.also = operation_other_members(relid),
			});
	}
}

TableModel *
plan_table_with_edges(SchemaModel *model, Oid relid)
{
	ListCell   *lc;

	foreach(lc, model->tables)
	{
		TableModel *table = lfirst(lc);

		if (list_member_oid(table->edge_members, relid))
			return table;
	}
	return NULL;
}

/* Of the triggers that the start makes on each member. */
static List *
trigger_roles(const TableModel *table)
{
	ListCell   *lc;

	foreach(lc, table->edge_members)
	{
		if (catalog_has_before_triggers(lfirst_oid(lc)))
			return list_make2_int(DUAL_WRITE_FIRST, DUAL_WRITE_LAST);
	}
	return list_make1_int(DUAL_WRITE_ONLY);
}

/* Does the server clone its parent's triggers to a member? */
static bool
has_clones(const TableModel *table, Oid member)
{
	return member != table->relid && get_rel_relispartition(member);
}

static void
create_trigger(Oid relid, DualWriteRole role, const EdgeMigration *edges,
			   MigrationPlan *plan)
{
	char	   *table = catalog_relation_name(relid);
	char	   *commands[2];

	commands[0] = dual_write_ddl_create(table, role,
										list_make1(edge_migration_to_json(edges)),
										false);
	commands[1] = dual_write_ddl_enable(table, role);
	for (int i = 0; i < lengthof(commands); i++)
		plan_step(plan, (Step) {
			.phase = PHASE_START,
			.command = commands[i],
			.lock = AccessExclusiveLock,
			.relation = relid,
			.relation_name = table,
		});
}

/*
 * The names of our triggers on a relation, by name.  A child may have them from a
 * parent that another schema's migration changes.
 */
static List *
own_triggers(SchemaModel *model, Oid relid)
{
	TableModel *table;
	List	   *names = NIL;
	ListCell   *lc;

	if (!model->foreseen)
		return edge_triggers_of_schema(relid, model->base_schema);
	table = plan_table_with_edges(model, relid);
	if (table == NULL || has_clones(table, relid))
		return NIL;
	foreach(lc, trigger_roles(table))
		names = lappend(names, pstrdup(dual_write_ddl_name(lfirst_int(lc))));
	return names;
}
