/*-------------------------------------------------------------------------
 *
 * task_locked.c
 *		Tasks that are a change of the catalogs under locks which keep others out.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "nodes/parsenodes.h"
#include "parser/parser.h"
#include "pgstat.h"
#include "tcop/tcopprot.h"
#include "utils/backend_status.h"
#include "utils/guc.h"

#include "ddl/ddl_execute.h"
#include "ddl/lock_retry.h"
#include "schema/names.h"
#include "support/guc.h"
#include "worker/task_locked.h"

#define PAUSE_MS 500

static bool is_blocked(const ErrorData *error);

ErrorData *
task_locked_run(TaskRunner *runner, const MigrationRow *migration, const Task *task,
				TaskBody body, LOCKMODE mode, const char *kind)
{
	LockedTask	locked = {task, migration};
	int			n_conflicts = 0;

	task_take_up(runner, task->id);
	for (;;)
	{
		ErrorData  *error = task_transaction(runner, body, &locked);
		char	   *waiting_for;

		if (error == NULL)
			return NULL;
		if (!is_blocked(error) ||
			(error_is_conflict(error) && ++n_conflicts >= TASK_MAX_CONFLICTS))
		{
			if (name_carried_original(task->object) != NULL &&
				!name_is_new(task->object))
				step_explain_carried(error,
									 psprintf("%s \"%s\"", kind,
											  name_carried_original(task->object)));
			return error;
		}
		waiting_for = task_describe_blockers(runner, task->relation, mode);
		task_report_waiting(runner, task->id,
							waiting_for ? waiting_for : "another transaction",
							error->message);
		FreeErrorData(error);
		task_sleep(runner, PAUSE_MS);
	}
}

/* Or does an index build or a validation run on one of the tables? */
static bool
is_blocked(const ErrorData *error)
{
	return error_is_transient(error) || error->sqlerrcode == ERRCODE_OBJECT_IN_USE;
}

List *
task_locked_request(List *requests, Oid relation, LOCKMODE mode)
{
	LockRequest *request = palloc0(sizeof(LockRequest));

	request->relation = relation;
	request->mode = mode;
	return lappend(requests, request);
}

void
task_locked_acquire(List *requests)
{
	int			guc_level = NewGUCNestLevel();

	guc_set_local("pgroll_c.lock_retry_timeout", "0");
	lock_retry_acquire(requests, NULL);
	AtEOXact_GUC(false, guc_level);
}

void
task_locked_execute(const Task *task)
{
	pgstat_report_activity(STATE_RUNNING, task->command);
	ddl_execute_own(task->command);
	pgstat_report_activity(STATE_RUNNING, debug_query_string);
}

Node *
task_locked_statement(const Task *task)
{
	return linitial_node(RawStmt, raw_parser(task->command, RAW_PARSE_DEFAULT))->stmt;
}
