/*-------------------------------------------------------------------------
 *
 * matview_guard.c
 *		Materialized views that somebody refreshes while their columns change.
 *
 * Whoever refreshes one does not wait for the other, and does not fail with it.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "utils/lsyscache.h"

#include "ddl/ddl_execute.h"
#include "inspect/matview_guard.h"
#include "operation/carry_matview.h"
#include "schema/names.h"
#include "state/tasks.h"
#include "worker/launcher.h"

static void fill_again(const GuardLine *line, const Task *task);
static Task *task_that_made(const GuardLine *line, Oid matview);
static bool will_be_filled(const Task *task);

void
matview_guard_refreshed(List *lines, Oid matview)
{
	ListCell   *lc;

	foreach(lc, lines)
	{
		GuardLine  *line = lfirst(lc);
		Task	   *task = task_last_of(line->migration, TASK_MATVIEW, matview);

		/* A REFRESH of ours, unless it is ours, has read what has no rows. */
		if (task == NULL && ddl_execute_origin() == DDL_FOREIGN)
			task = task_that_made(line, matview);
		if (task != NULL && !will_be_filled(task))
			fill_again(line, task);
	}
}

static void
fill_again(const GuardLine *line, const Task *task)
{
	TaskSpec	spec = {.kind = TASK_MATVIEW,.relation = task->relation};

	spec.object = task->object;
	spec.command = task->command;
	(void) task_add(line->migration, &spec);
	if (line->is_home)
		launcher_offer_at_commit();
}

GuardLine *
matview_guard_line(List *lines, Oid matview)
{
	ListCell   *lc;

	foreach(lc, lines)
	{
		if (task_that_made(lfirst(lc), matview) != NULL)
			return lfirst(lc);
	}
	return NULL;
}

/* The last one. */
static Task *
task_that_made(const GuardLine *line, Oid matview)
{
	char	   *name = get_rel_name(matview);
	ListCell   *lc;

	if (name == NULL || !name_is_of_migration(name, line->migration))
		return NULL;
	foreach(lc, tasks_of_kind(line->migration, TASK_MATVIEW))
	{
		Task	   *task = lfirst(lc);

		if (carry_matview_is_of_task(matview, task))
			return task_last_of(line->migration, TASK_MATVIEW, task->relation);
	}
	return NULL;
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
