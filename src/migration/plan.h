/*-------------------------------------------------------------------------
 *
 * plan.h
 *		Migration -> the steps of its phases.
 *
 * Pure: reads catalogs, changes nothing.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_PLAN_H
#define PGROLL_PLAN_H

#include "operation/operation.h"

/*
 * Check all operations against the model and apply them to it; then name the
 * shadows.  Raises the error that a start would.
 */
extern void plan_apply_operations(const Migration *migration, SchemaModel *model);

/* The steps and tasks of the start, but for version schema and views. */
extern void plan_start(const Migration *migration, SchemaModel *model,
					   MigrationPlan *plan);

/* The steps that make the version schema and its views. */
extern void plan_version(const Migration *migration, SchemaModel *model,
						 MigrationPlan *plan);

/*
 * The steps of the completion.  previous is the version schema that goes, or
 * NULL.  The model was read from the catalogs of now, and the operations applied
 * with started set; or with foreseen set, it is the one that plan_start() left.
 */
extern void plan_complete(const Migration *migration, SchemaModel *model,
						  const char *previous, MigrationPlan *plan);

/*
 * The steps and tasks for constraints and indexes that were added to a changed
 * column since the start, or made by it and dropped; the model as for
 * plan_complete().
 */
extern void plan_supplement(const Migration *migration, SchemaModel *model,
							MigrationPlan *plan);

/* The steps that make the newest version's views again after a completion's sql. */
extern void plan_refresh_views(const Migration *migration, SchemaModel *model,
							   MigrationPlan *plan);

/* The steps of a rollback; the model is that of the catalogs, nothing applied. */
extern void plan_rollback(const Migration *migration, SchemaModel *model,
						  MigrationPlan *plan);

/* Does completion run statements of the user's, so that views must be refreshed? */
extern bool plan_completes_with_sql(const Migration *migration);

#endif							/* PGROLL_PLAN_H */
