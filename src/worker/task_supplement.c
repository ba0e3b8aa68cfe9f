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

#include "support/guc.h"
#include "worker/task_transaction.h"
#include "worker/worker.h"

#define PAUSE_MS 500
#define MAX_TRIES 3

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
	int			n_conflicts = 0;
	int			n_others = 0;

	task_take_up(runner, task->id);
	for (;;)
	{
		ErrorData  *error = task_supplement(runner, migration);

		if (error == NULL || error->sqlerrcode == ERRCODE_FEATURE_NOT_SUPPORTED)
			return error;
		/* Something may just have gone that it was about to look at. */
		if ((!error_is_transient(error) && error->sqlerrcode != ERRCODE_OBJECT_IN_USE &&
			 ++n_others >= MAX_TRIES) ||
			(error_is_conflict(error) && ++n_conflicts >= TASK_MAX_CONFLICTS))
			return error;
		task_report_waiting(runner, task->id, "another transaction", error->message);
		FreeErrorData(error);
		task_sleep(runner, PAUSE_MS);
	}
}

ErrorData *
task_supplement(TaskRunner *runner, const MigrationRow *migration)
{
	return task_transaction(runner, supplement, unconstify(MigrationRow *, migration));
}

/*
 * A TaskBody.  It is for all that was added by now, so that others are done, too.  Whoever
 * is in the way may wait for us, and shall not be the one to fail.
 */
static void
supplement(void *arg)
{
	const MigrationRow *migration = arg;
	List	   *tasks;
	ListCell   *lc;

	guc_set_local("lock_timeout", psprintf("%d", pgroll_lock_timeout));
	guc_set_local("pgroll_c.lock_retry_timeout", "0");
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
