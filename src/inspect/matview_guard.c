/*-------------------------------------------------------------------------
 *
 * matview_guard.c
 *		Materialized views that somebody refreshes while their columns change.
 *
 * Whoever refreshes one does not wait for the other, and does not fail with it.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "inspect/guard_scope.h"
#include "inspect/matview_guard.h"
#include "state/migrations.h"
#include "state/tasks.h"
#include "worker/launcher.h"

static bool will_be_filled(const Task *task);

void
matview_guard_refreshed(List *lines, Oid matview)
{
	ListCell   *lc;

	foreach(lc, lines)
	{
		GuardLine  *line = lfirst(lc);
		Task	   *task = task_last_of(line->migration, TASK_MATVIEW, matview);
		TaskSpec	spec = {.kind = TASK_MATVIEW,.relation = matview};

		if (task == NULL || will_be_filled(task))
			continue;
		spec.object = task->object;
		spec.command = task->command;
		(void) task_add(line->migration, &spec);
		migration_reopen(line->migration);
		launcher_request_at_commit();
	}
}

/*
 * One that has not begun will see what this REFRESH has read, or newer rows, as will
 * one that is retried.
 */
static bool
will_be_filled(const Task *task)
{
	return task->state == TASK_FAILED ||
		(task->state == TASK_OPEN && !task->taken_up);
}
