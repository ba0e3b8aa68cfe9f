/*-------------------------------------------------------------------------
 *
 * matview_task.h
 *		Make and fill a materialized view over the new columns.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_MATVIEW_TASK_H
#define PGROLL_MATVIEW_TASK_H

#include "state/tasks.h"

/*
 * What a task of that kind is for, in the caller's transaction; with rows where
 * populated.  What an earlier one made is dropped.  Nothing happens where the
 * materialized view is another now than the task was made for: then another task will
 * follow.
 */
extern void matview_task_run(const Task *task, bool populated);

#endif							/* PGROLL_MATVIEW_TASK_H */
