/*-------------------------------------------------------------------------
 *
 * worker.h
 *		Working off the tasks of a migration.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_WORKER_H
#define PGROLL_WORKER_H

#include "worker/task.h"

/*
 * Do a migration's tasks in the order of their ids and set it ready, or failed
 * where one gives up.  The caller has its claim; nothing happens unless its
 * state is started.  Cancel requests are raised.
 */
extern void worker_run_migration(TaskRunner *runner, int64 migration);

/*
 * Called before a migration becomes ready, and for what came to its tables, under the
 * exclusive lock of its base schema: adds tasks for what was added there since the
 * start, and returns how many.  Set by the layer that plans, which we do not know.
 */
extern int	(*worker_supplement) (int64 migration);

/*
 * Called in a transaction of a task of that kind, to do it (migration/matview_task.h).
 * Set by the same layer.
 */
extern void (*worker_build_matview) (const Task *task, bool populated);

/*
 * Call worker_supplement() in a transaction of its own, and close the tasks of that kind
 * which were open when it began.  NULL, or the error.
 */
extern ErrorData *task_supplement(TaskRunner *runner, const MigrationRow *migration);

#endif							/* PGROLL_WORKER_H */
