/*-------------------------------------------------------------------------
 *
 * task_locked.h
 *		Tasks that are a change of the catalogs under locks which keep others out.
 *
 * Such a statement waits for its locks as a phase does (ddl/lock_retry), one attempt at
 * a time: between two of them we hold neither a lock nor a snapshot.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_TASK_LOCKED_H
#define PGROLL_TASK_LOCKED_H

#include "storage/lockdefs.h"

#include "worker/task_transaction.h"

typedef struct LockedTask
{
	const Task *task;
	const MigrationRow *migration;
} LockedTask;

/*
 * Run body (arg is a LockedTask) in a transaction of its own, again and again until it
 * has got its locks; mode is that of the task's relation.  An error says that of which
 * kind the object stands for: "foreign key".
 */
extern ErrorData *task_locked_run(TaskRunner *runner, const MigrationRow *migration,
								  const Task *task, TaskBody body, LOCKMODE mode,
								  const char *kind);

/* In body: append a relation to a list of locks; then one attempt to have them all. */
extern List *task_locked_request(List *requests, Oid relation, LOCKMODE mode);
extern void task_locked_acquire(List *requests);

/* In body, under the locks: run the task's statement. */
extern void task_locked_execute(const Task *task);

/*
 * In body: the statement, one of our own, as the parser has it.
 */
extern Node *task_locked_statement(const Task *task);

#endif							/* PGROLL_TASK_LOCKED_H */
