/*-------------------------------------------------------------------------
 *
 * tasks.h
 *		The table pgroll_c.task: background work, in the order of its ids.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_TASKS_H
#define PGROLL_TASKS_H

#include "nodes/pg_list.h"
#include "storage/block.h"

typedef enum TaskKind
{
	TASK_BACKFILL,				/* relation: fill awaiting rows of this heap */
	TASK_INDEX,					/* command: CREATE INDEX CONCURRENTLY; object:
								 * its name */
	TASK_ATTACH,				/* command: CREATE INDEX … ON ONLY, of a
								 * partitioned table, or ALTER INDEX … ATTACH
								 * PARTITION; object: the index of relation */
	TASK_CONSTRAINT,			/* command: ALTER TABLE … ADD CONSTRAINT …
								 * FOREIGN KEY … NOT VALID; object: its name */
	TASK_VALIDATE,				/* command: ALTER TABLE … VALIDATE
								 * CONSTRAINT; object: its name */
	TASK_ANALYZE,				/* command: ANALYZE table (columns) */
	TASK_LAST_PASS,				/* relation: no row awaits, seen by a fresh
								 * snapshot */
	TASK_MATVIEW,				/* relation: make this materialized view again
								 * over the new columns; object: its name
								 * then; command: as what */
	TASK_SUPPLEMENT,			/* relation: something was added to it (or to
								 * whatever: InvalidOid); add tasks that carry
								 * that over */
	TASK_OLD_SNAPSHOTS			/* every snapshot older than the last batch is
								 * gone */
} TaskKind;

/* A task as a plan asks for it. */
typedef struct TaskSpec
{
	TaskKind	kind;
	Oid			relation;		/* InvalidOid where there is none */
	const char *object;			/* or NULL */
	const char *command;		/* or NULL */
} TaskSpec;

typedef enum TaskState
{
	TASK_OPEN,
	TASK_DONE,
	TASK_FAILED
} TaskState;

/* One row of pgroll_c.task. */
typedef struct Task
{
	int64		id;
	int64		migration;
	TaskKind	kind;
	Oid			relation;		/* InvalidOid where there is none */
	char	   *object;
	char	   *command;
	TaskState	state;
	bool		taken_up;		/* at least once */
	char	   *storage;		/* what next_block counts in, where what the
								 * task made is stored, or NULL */
	BlockNumber next_block;
	int64		rows_done;
} Task;

extern const char *task_kind_name(TaskKind kind);

/* Append an open task to a migration; returns its id. */
extern int64 task_add(int64 migration, const TaskSpec *spec);

/*
 * Append some (TaskSpec *), in this order, but no second one of a kind for the same
 * object of a relation while the first is not done: one that failed and was opened
 * again has not made its object yet.  Returns how many.
 */
extern int	tasks_add(int64 migration, List *specs);

/* How many tasks of a migration are open, failed. */
extern void task_count(int64 migration, int *n_open, int *n_failed);

/* The first task that is not done, palloc'd in the current context, or NULL. */
extern Task *task_next(int64 migration);

/* All (Task *) of a kind, in whatever state, palloc'd in the current context. */
extern List *tasks_of_kind(int64 migration, TaskKind kind);

/* The last one (in whatever state) of a kind for the relation, or NULL. */
extern Task *task_last_of(int64 migration, TaskKind kind, Oid relation);

/* Has the migration a task of this kind for the relation, done or not? */
extern bool task_exists(int64 migration, TaskKind kind, Oid relation);

/* Also where another session has closed it. */
extern bool task_is_done(int64 id);

/* The last task of a migration in whatever state, or 0. */
extern int64 task_last(int64 migration);

/*
 * Changes of one task.  The totals are -1 where they are not known; progress
 * counts as of the transaction that it is saved in; waiting_for is NULL where the
 * task waits for nobody; error is that of the last try, or NULL.
 */
extern void task_set_started(int64 id, int64 blocks_total, int64 rows_total);
extern void task_set_progress(int64 id, const char *storage,
							  BlockNumber next_block, int64 blocks_total,
							  int64 rows_more);
extern void task_set_storage(int64 id, const char *storage);
extern void task_set_waiting_for(int64 id, const char *waiting_for,
								 const char *error);
extern void task_set_done(int64 id);
extern void task_set_failed(int64 id, const char *error);

/* Those of a migration for the relations (Oid) are done, whatever they were. */
extern void tasks_close(int64 migration, List *relations);

/* Open the failed tasks of a migration again; returns how many. */
extern int	tasks_reopen_failed(int64 migration);

#endif							/* PGROLL_TASKS_H */
