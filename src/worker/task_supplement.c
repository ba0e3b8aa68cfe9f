/*-------------------------------------------------------------------------
 *
 * task_supplement.c
 *		Add tasks for what came to a migration's tables since its start.
 *
 * That is done before the migration becomes ready, anyway; a task of this kind has it
 * done once more, for what comes later.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "worker/task_transaction.h"
#include "worker/worker.h"

int			(*worker_supplement) (int64 migration) = NULL;

static ErrorData *run_supplement(TaskRunner *runner, const MigrationRow *migration,
								 const Task *task);
static void supplement(void *arg);

const TaskOps task_supplement_ops = {
	.run = run_supplement,
};

static ErrorData *
run_supplement(TaskRunner *runner, const MigrationRow *migration, const Task *task)
{
	task_take_up(runner, task->id);
	return task_supplement(runner, migration);
}

/* Where a lock is not to be had, say, the completion tells what is missing. */
ErrorData *
task_supplement(TaskRunner *runner, const MigrationRow *migration)
{
	ErrorData  *error = task_transaction(runner, supplement,
										 unconstify(MigrationRow *, migration));

	if (error == NULL || error->sqlerrcode == ERRCODE_FEATURE_NOT_SUPPORTED)
		return error;
	ereport(LOG,
			(errmsg("migration \"%s\" may not be complete: %s",
					migration->name, error->message)));
	return NULL;
}

/* A TaskBody.  It is for all that was added by now, so that others are done, too. */
static void
supplement(void *arg)
{
	const MigrationRow *migration = arg;
	List	   *tasks;
	ListCell   *lc;

	base_schema_lock(migration->base_schema, true);
	tasks = tasks_of_kind(migration->id, TASK_SUPPLEMENT);
	(void) worker_supplement(migration->id);
	foreach(lc, tasks)
	{
		const Task *task = lfirst(lc);

		if (task->state == TASK_OPEN)
			task_set_done(task->id);
	}
}
