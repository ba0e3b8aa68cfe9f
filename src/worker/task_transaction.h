/*-------------------------------------------------------------------------
 *
 * task_transaction.h
 *		Transactions of background work, in a worker or in a session.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_TASK_TRANSACTION_H
#define PGROLL_TASK_TRANSACTION_H

#include "nodes/primnodes.h"
#include "storage/lockdefs.h"

#include "worker/task.h"

typedef void (*TaskBody) (void *arg);

/*
 * Run body(arg) in a transaction of its own, READ COMMITTED and read-write,
 * with a snapshot, and commit.  Returns NULL or the error, palloc'd in the current
 * context, after the transaction was rolled back; a cancel request is raised.
 */
extern ErrorData *task_transaction(TaskRunner *runner, TaskBody body, void *arg);

/* The same where an error is not expected: it is raised. */
extern void task_transaction_or_raise(TaskRunner *runner, TaskBody body, void *arg);

/* Note that a task is taken up whose size is not known. */
extern void task_take_up(TaskRunner *runner, int64 task);

/* Did somebody cancel us? */
extern bool error_is_cancel_request(const ErrorData *error);

/* May this error go away by itself: a lock that was not to be had, a deadlock? */
extern bool error_is_transient(const ErrorData *error);

/*
 * One of these that is no lock timeout: others may have been in the way, but an
 * expression of the user's can raise it as well, each time.
 */
extern bool error_is_conflict(const ErrorData *error);

/* So often in a row a task meets a conflict before it gives up. */
#define TASK_MAX_CONFLICTS 12

/*
 * Note in the task whom it waits for (NULL: nobody), and the error of its last try
 * (or NULL).
 */
extern void task_report_waiting(TaskRunner *runner, int64 task,
								const char *waiting_for, const char *error);

/* Who is in the way of a lock, in the current context; NULL where nobody is. */
extern char *task_describe_blockers(TaskRunner *runner, Oid relation,
									LOCKMODE mode);

/*
 * Is a relation still called as a statement of ours calls it?  One that no version
 * shows may be renamed, or its schema, since the statement was made.
 */
extern bool task_relation_is(Oid relation, const RangeVar *name);

/* Sleep between transactions; reacts to interrupts and configuration changes. */
extern void task_sleep(TaskRunner *runner, long milliseconds);

#endif							/* PGROLL_TASK_TRANSACTION_H */
