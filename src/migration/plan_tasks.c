/*-------------------------------------------------------------------------
 *
 * plan_tasks.c
 *		The background work of a table with edges, as steps.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "catalog/pg_class.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "migration/plan_tasks.h"
#include "operation/carry_statistics.h"
#include "schema/catalog_object.h"
#include "schema/catalog_read.h"

static char *analyze_sql(SchemaModel *model, TableModel *table,
						 const EdgeMigration *edges);

void
plan_backfill_tasks(SchemaModel *model, TableModel *table, const EdgeMigration *edges,
					MigrationPlan *plan)
{
	ListCell   *lc;

	foreach(lc, catalog_table_tree(table->relid))
	{
		if (get_rel_relkind(lfirst_oid(lc)) != RELKIND_RELATION)
			continue;
		plan_background_step(lfirst_oid(lc), TASK_BACKFILL, "backfill",
							 RowExclusiveLock, plan);
		plan_background_step(lfirst_oid(lc), TASK_LAST_PASS, "last pass",
							 AccessShareLock, plan);
	}
	plan_background_step(table->relid, TASK_ANALYZE, analyze_sql(model, table, edges),
						 ShareUpdateExclusiveLock, plan);
	plan_step(plan, (Step) {
		.phase = PHASE_BACKGROUND,
		.command = pstrdup("wait for older snapshots"),
		.lock = NoLock,
		.task = TASK_OLD_SNAPSHOTS,
	});
}

/* Without statistics of the new columns plans would collapse at completion. */
static char *
analyze_sql(SchemaModel *model, TableModel *table, const EdgeMigration *edges)
{
	StringInfoData sql;
	ListCell   *lc;

	if (carry_statistics_any(table))
		return psprintf("ANALYZE %s", model_table_sql(model, table));
	initStringInfo(&sql);
	foreach(lc, edges->edges)
	{
		Edge	   *edge = lfirst(lc);

		if (edge->up != NULL)
			appendStringInfo(&sql, "%s%s", sql.len > 0 ? ", " : "",
							 quote_identifier(edge->up->column));
	}
	return psprintf("ANALYZE %s (%s)", model_table_sql(model, table),
					sql.data);
}

void
plan_background_step(Oid relid, TaskKind task, const char *command, LOCKMODE lock,
					 MigrationPlan *plan)
{
	plan_step(plan, (Step) {
		.phase = PHASE_BACKGROUND,
		.command = pstrdup(command),
		.lock = lock,
		.relation = relid,
		.relation_name = catalog_relation_name(relid),
		.task = task,
	});
}
