/*-------------------------------------------------------------------------
 *
 * plan_tasks.h
 *		The background work of a table with edges, as steps.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_PLAN_TASKS_H
#define PGROLL_PLAN_TASKS_H

#include "operation/operation.h"
#include "versioning/edge.h"

/* Backfill, last pass and ANALYZE of a table, and the wait for old snapshots. */
extern void plan_backfill_tasks(SchemaModel *model, TableModel *table,
								const EdgeMigration *edges, MigrationPlan *plan);

/* A task that needs nothing but a relation. */
extern void plan_background_step(Oid relid, TaskKind task, const char *command,
								 LOCKMODE lock, MigrationPlan *plan);

#endif							/* PGROLL_PLAN_TASKS_H */
