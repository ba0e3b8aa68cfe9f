/*-------------------------------------------------------------------------
 *
 * carry_matview.h
 *		Materialized views that read a column which gets a shadow.
 *
 * A task makes each again under a name of ours, over the new columns, and fills it.
 * Then it gets a query that reads nothing, so that nothing hangs on it; the completion
 * gives it the old one's text and name.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_CARRY_MATVIEW_H
#define PGROLL_CARRY_MATVIEW_H

#include "operation/carry_dependents.h"
#include "operation/view_text.h"
#include "state/tasks.h"

/* With the statements that put what was made in its place. */
extern CarriedObject *carry_matview_object(SchemaModel *model, const View *view);

/*
 * The tasks that make those that were found, in order.  Of an active migration: those
 * that are not made yet, or not as the old ones are now.
 */
extern void carry_matviews_start(SchemaModel *model, const CarriedDependents *found,
								 MigrationPlan *plan);

/* The steps that drop what was made: all of it; for what is there no more. */
extern void carry_matviews_drop(int64 migration, Phase phase, MigrationPlan *plan);
extern void carry_matviews_drop_unwanted(SchemaModel *model,
										 const CarriedDependents *found,
										 MigrationPlan *plan);

/* Is it what the task has made, or one before it for the same? */
extern bool carry_matview_is_of_task(Oid matview, const Task *task);

#endif							/* PGROLL_CARRY_MATVIEW_H */
