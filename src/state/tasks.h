/*-------------------------------------------------------------------------
 *
 * tasks.h
 *		The table pgroll_c.task: background work, in the order of its ids.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_TASKS_H
#define PGROLL_TASKS_H

#include "postgres_ext.h"

typedef enum TaskKind
{
	TASK_BACKFILL,				/* relation: fill awaiting rows of this heap */
	TASK_INDEX,					/* command: CREATE INDEX CONCURRENTLY; object: its name */
	TASK_VALIDATE,				/* command: ALTER TABLE … VALIDATE CONSTRAINT; object: its name */
	TASK_ANALYZE,				/* command: ANALYZE table (columns) */
	TASK_LAST_PASS,				/* relation: no row awaits, seen by a fresh snapshot */
	TASK_OLD_SNAPSHOTS			/* every snapshot older than the last batch is gone */
} TaskKind;

/* A task as a plan asks for it. */
typedef struct TaskSpec
{
	TaskKind	kind;
	Oid			relation;		/* InvalidOid for TASK_OLD_SNAPSHOTS */
	const char *object;			/* or NULL */
	const char *command;		/* or NULL */
} TaskSpec;

extern const char *task_kind_name(TaskKind kind);

/* Append an open task to a migration; returns its id. */
extern int64 task_add(int64 migration, const TaskSpec *spec);

/* How many tasks of a migration are open, failed. */
extern void task_count(int64 migration, int *n_open, int *n_failed);

#endif							/* PGROLL_TASKS_H */
