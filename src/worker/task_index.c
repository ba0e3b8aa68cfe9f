/*-------------------------------------------------------------------------
 *
 * task_index.c
 *		CREATE INDEX CONCURRENTLY, as a statement of its own.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "worker/task_transaction.h"

static ErrorData *run_index(TaskRunner *runner, const MigrationRow *migration,
							const Task *task);

const TaskOps task_index_ops = {
	.run = run_index,
};

static ErrorData *
run_index(TaskRunner *runner, const MigrationRow *migration, const Task *task)
{
	elog(ERROR, "tasks that build indexes are not supported yet");
}
