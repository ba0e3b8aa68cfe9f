/*-------------------------------------------------------------------------
 *
 * task.h
 *		What a kind of background work provides, and what it works with.
 *
 * The same code runs in a background worker and in a session that calls
 * run_tasks(); a TaskRunner says which.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_TASK_H
#define PGROLL_TASK_H

#include "nodes/pg_list.h"
#include "utils/palloc.h"

#include "state/migrations.h"
#include "state/tasks.h"

typedef struct TaskRunner
{
	bool		foreground;		/* a session's, inside SPI_OPT_NONATOMIC */
	MemoryContext context;		/* lives as long as one task */
} TaskRunner;

/*
 * run: do the work in transactions of its own (task_transaction()), called and
 * returning outside of any.  NULL when it is done, or the error for which the
 * task gives up.  It may be called again after a crash between any two lines.
 */
typedef struct TaskOps
{
	ErrorData  *(*run) (TaskRunner *runner, const MigrationRow *migration,
						const Task *task);
} TaskOps;

extern const TaskOps task_analyze_ops;
extern const TaskOps task_attach_ops;
extern const TaskOps task_backfill_ops;
extern const TaskOps task_constraint_ops;
extern const TaskOps task_index_ops;
extern const TaskOps task_last_pass_ops;
extern const TaskOps task_matview_ops;
extern const TaskOps task_old_snapshots_ops;
extern const TaskOps task_supplement_ops;
extern const TaskOps task_validate_ops;

#endif							/* PGROLL_TASK_H */
