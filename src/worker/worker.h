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

#endif							/* PGROLL_WORKER_H */
