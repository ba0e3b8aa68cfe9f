/*-------------------------------------------------------------------------
 *
 * task_command.c
 *		Tasks that are one statement: VALIDATE CONSTRAINT and ANALYZE.
 *
 * It runs with the rights of the table's owner, as it evaluates what users
 * wrote.  Nobody queues behind the locks that it waits for; it lets go of its place
 * after pgroll_c.lock_timeout all the same, to be no part of a deadlock.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/table.h"
#include "pgstat.h"
#include "tcop/tcopprot.h"
#include "utils/backend_status.h"
#include "utils/guc.h"
#include "utils/rel.h"

#include "ddl/step.h"
#include "schema/catalog_constraint.h"
#include "schema/catalog_object.h"
#include "schema/catalog_read.h"
#include "support/guc.h"
#include "support/spi.h"
#include "worker/task_transaction.h"

#define PAUSE_MS 500

static ErrorData *run_command(TaskRunner *runner, const MigrationRow *migration,
							  const Task *task);
static void execute_as_table_owner(void *arg);

const TaskOps task_analyze_ops = {
	.run = run_command,
};

const TaskOps task_validate_ops = {
	.run = run_command,
};

static ErrorData *
run_command(TaskRunner *runner, const MigrationRow *migration, const Task *task)
{
	ErrorData  *error;
	int			n_conflicts = 0;

	task_take_up(runner, task->id);
	for (;;)
	{
		char	   *waiting_for;

		error = task_transaction(runner, execute_as_table_owner, (void *) task);
		if (error == NULL || !error_is_transient(error) ||
			(error_is_conflict(error) && ++n_conflicts >= TASK_MAX_CONFLICTS))
			return error;

		waiting_for = task_describe_blockers(runner, task->relation,
											 ShareUpdateExclusiveLock);
		task_report_waiting(runner, task->id,
							waiting_for ? waiting_for : "another transaction",
							error->message);
		FreeErrorData(error);
		if (waiting_for != NULL)
			pfree(waiting_for);
		task_sleep(runner, PAUSE_MS);
	}
}

/*
 * A TaskBody.  The table may have been dropped since, the constraint for which ours
 * stands, or ours, which is then planned again; so there is nothing to do.  It may
 * have been renamed, too.
 */
static void
execute_as_table_owner(void *arg)
{
	const Task *task = arg;
	SecurityScope scope;
	Relation	relation = try_table_open(task->relation, AccessShareLock);
	char	   *command = task->command;
	Oid			owner;

	if (relation == NULL)
		return;
	if (task->object != NULL)
	{
		if (!catalog_carried_is_wanted(task->relation, task->migration, task->object) ||
			!catalog_constraint_exists(task->relation, task->object))
		{
			table_close(relation, NoLock);
			return;
		}
		command = step_validate_sql(catalog_relation_name(task->relation), task->object);
	}
	owner = relation->rd_rel->relowner;
	table_close(relation, NoLock);

	/*
	 * A start or a completion knows a validation by the text of its
	 * statement.
	 */
	pgstat_report_activity(STATE_RUNNING, command);
	restricted_begin(&scope, owner);
	(void) set_config_option("lock_timeout", psprintf("%d", pgroll_lock_timeout),
							 PGC_SUSET, PGC_S_SESSION, GUC_ACTION_LOCAL,
							 true, 0, false);
	guc_set_portable_strings();
	SPI_connect();
	spi_execute(command, 0, NULL, NULL, NULL, SPI_OK_UTILITY);
	SPI_finish();
	restricted_end(&scope);
	pgstat_report_activity(STATE_RUNNING, debug_query_string);
}
