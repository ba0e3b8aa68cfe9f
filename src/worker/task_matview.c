/*-------------------------------------------------------------------------
 *
 * task_matview.c
 *		Make a materialized view again over the new columns.
 *
 * How, those know who plan migrations.  Whether it has rows is read while nobody
 * refreshes it; the lock goes before it is made, so that a REFRESH, and the
 * readers behind it, never wait for us.  A REFRESH that comes then adds a task.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/table.h"
#include "pgstat.h"
#include "tcop/tcopprot.h"
#include "utils/backend_status.h"
#include "utils/rel.h"

#include "ddl/step.h"
#include "schema/names.h"
#include "support/guc.h"
#include "worker/task_transaction.h"
#include "worker/worker.h"

#define PAUSE_MS 500

typedef struct MatviewTry
{
	const Task *task;
	bool		gone;
	bool		populated;
} MatviewTry;

void		(*worker_build_matview) (const Task *task, bool populated) = NULL;

static ErrorData *run_matview(TaskRunner *runner, const MigrationRow *migration,
							  const Task *task);
static void look(void *arg);
static void build(void *arg);

const TaskOps task_matview_ops = {
	.run = run_matview,
};

static ErrorData *
run_matview(TaskRunner *runner, const MigrationRow *migration, const Task *task)
{
	MatviewTry	try = {.task = task};
	int			n_conflicts = 0;

	task_take_up(runner, task->id);
	for (;;)
	{
		ErrorData  *error = task_transaction(runner, look, &try);
		char	   *waiting_for;

		if (error == NULL && !try.gone)
			error = task_transaction(runner, build, &try);
		if (error == NULL)
			return NULL;
		if (!error_is_transient(error) ||
			(error_is_conflict(error) && ++n_conflicts >= TASK_MAX_CONFLICTS))
		{
			step_explain_carried(error, psprintf("materialized view \"%s\"",
												 name_carried_original(task->object)));
			return error;
		}
		waiting_for = task_describe_blockers(runner, task->relation, AccessShareLock);
		task_report_waiting(runner, task->id,
							waiting_for ? waiting_for : "another transaction",
							error->message);
		FreeErrorData(error);
		task_sleep(runner, PAUSE_MS);
	}
}

/* A TaskBody. */
static void
look(void *arg)
{
	MatviewTry *try = arg;
	Relation	matview;

	guc_set_local("lock_timeout", psprintf("%d", pgroll_lock_timeout));
	matview = try_table_open(try->task->relation, AccessShareLock);
	try->gone = matview == NULL;
	if (matview == NULL)
		return;
	try->populated = RelationIsPopulated(matview);
	table_close(matview, AccessShareLock);
}

/* A TaskBody. */
static void
build(void *arg)
{
	const MatviewTry *try = arg;

	guc_set_local("lock_timeout", psprintf("%d", pgroll_lock_timeout));
	pgstat_report_activity(STATE_RUNNING, try->task->command);
	worker_build_matview(try->task, try->populated);
	pgstat_report_activity(STATE_RUNNING, debug_query_string);
}
