/*-------------------------------------------------------------------------
 *
 * task_transaction.c
 *		Transactions of background work, in a worker or in a session.
 *
 * A worker commands transactions itself.  A session is inside a procedure,
 * where SPI ends them; there an error is caught in a subtransaction, which also
 * clears away what SPI had open.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/xact.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/interrupt.h"
#include "storage/latch.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"
#include "utils/wait_event.h"

#include "ddl/lock_blockers.h"
#include "worker/task_transaction.h"

typedef struct WaitingReport
{
	int64		task;
	const char *waiting_for;
	const char *error;
} WaitingReport;

typedef struct BlockersText
{
	Oid			relation;
	LOCKMODE	mode;
	MemoryContext context;
	char	   *text;
} BlockersText;

static void begin(const TaskRunner *runner);
static void commit(const TaskRunner *runner);
static void roll_back(const TaskRunner *runner);
static void save_taken_up(void *arg);
static void save_waiting(void *arg);
static void describe_blockers(void *arg);

ErrorData *
task_transaction(TaskRunner *runner, TaskBody body, void *arg)
{
	MemoryContext caller = CurrentMemoryContext;
	ErrorData  *volatile error = NULL;

	CHECK_FOR_INTERRUPTS();
	begin(runner);
	PG_TRY();
	{
		body(arg);
		commit(runner);
	}
	PG_CATCH();
	{
		HOLD_INTERRUPTS();
		MemoryContextSwitchTo(caller);
		error = CopyErrorData();
		FlushErrorState();
		roll_back(runner);
		RESUME_INTERRUPTS();

		/*
		 * ProcessInterrupts() forgets what else is pending, such as a barrier, when
		 * it raises a lock timeout; who tries again and again would never see it.
		 */
		InterruptPending = true;
	}
	PG_END_TRY();
	MemoryContextSwitchTo(caller);

	if (error != NULL && error_is_cancel_request((ErrorData *) error))
		ReThrowError((ErrorData *) error);
	return (ErrorData *) error;
}

void
task_transaction_or_raise(TaskRunner *runner, TaskBody body, void *arg)
{
	ErrorData  *error = task_transaction(runner, body, arg);

	if (error != NULL)
		ReThrowError(error);
}

void
task_take_up(TaskRunner *runner, int64 task)
{
	task_transaction_or_raise(runner, save_taken_up, &task);
}

/* The same SQLSTATE raised by a function of the user's is an error like others. */
bool
error_is_cancel_request(const ErrorData *error)
{
	return error->sqlerrcode == ERRCODE_QUERY_CANCELED &&
		error->funcname != NULL &&
		strcmp(error->funcname, "ProcessInterrupts") == 0;
}

bool
error_is_transient(const ErrorData *error)
{
	return error->sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE ||
		error_is_conflict(error);
}

bool
error_is_conflict(const ErrorData *error)
{
	return error->sqlerrcode == ERRCODE_T_R_DEADLOCK_DETECTED ||
		error->sqlerrcode == ERRCODE_T_R_SERIALIZATION_FAILURE;
}

void
task_report_waiting(TaskRunner *runner, int64 task, const char *waiting_for,
					const char *error)
{
	WaitingReport report = {task, waiting_for, error};

	task_transaction_or_raise(runner, save_waiting, &report);
}

/* Whose query may be shown is in the catalogs, so it takes a transaction. */
char *
task_describe_blockers(TaskRunner *runner, Oid relation, LOCKMODE mode)
{
	BlockersText blockers = {relation, mode, CurrentMemoryContext, NULL};

	task_transaction_or_raise(runner, describe_blockers, &blockers);
	return blockers.text;
}

bool
task_relation_is(Oid relation, const RangeVar *name)
{
	const char *relname = get_rel_name(relation);
	const char *schema = get_namespace_name(get_rel_namespace(relation));

	return relname != NULL && schema != NULL && strcmp(relname, name->relname) == 0 &&
		strcmp(schema, name->schemaname) == 0;
}

void
task_sleep(TaskRunner *runner, long milliseconds)
{
	static uint32 wait_event = 0;

	if (wait_event == 0)
		wait_event = wait_event_named("PgrollTask");

	(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
					 milliseconds, wait_event);
	ResetLatch(MyLatch);
	CHECK_FOR_INTERRUPTS();
	if (!runner->foreground && ConfigReloadPending)
	{
		ConfigReloadPending = false;
		ProcessConfigFile(PGC_SIGHUP);
	}
}

/*
 * No snapshot was taken yet in a transaction that starts here, so its
 * characteristics may still be set, whatever the defaults of the role are.
 */
static void
begin(const TaskRunner *runner)
{
	if (!runner->foreground)
	{
		SetCurrentStatementStartTimestamp();
		StartTransactionCommand();
	}
	XactIsoLevel = XACT_READ_COMMITTED;
	XactReadOnly = false;
	if (runner->foreground)
		BeginInternalSubTransaction(NULL);
	PushActiveSnapshot(GetTransactionSnapshot());
}

static void
commit(const TaskRunner *runner)
{
	PopActiveSnapshot();
	if (runner->foreground)
	{
		ReleaseCurrentSubTransaction();
		SPI_commit();
	}
	else
	{
		CommitTransactionCommand();
		(void) pgstat_report_stat(false);
	}
}

/* An error of the commit itself leaves SPI in a new transaction already. */
static void
roll_back(const TaskRunner *runner)
{
	if (runner->foreground)
	{
		if (IsSubTransaction())
			RollbackAndReleaseCurrentSubTransaction();
		SPI_rollback();
	}
	else
		AbortCurrentTransaction();
}

/* A TaskBody. */
static void
save_taken_up(void *arg)
{
	task_set_started(*(int64 *) arg, -1, -1);
}

/* A TaskBody. */
static void
save_waiting(void *arg)
{
	WaitingReport *report = arg;

	task_set_waiting_for(report->task, report->waiting_for, report->error);
}

/* A TaskBody. */
static void
describe_blockers(void *arg)
{
	BlockersText *blockers = arg;
	LOCKTAG		tag;
	char	   *text;

	SET_LOCKTAG_RELATION(tag, MyDatabaseId, blockers->relation);
	text = lock_blockers_describe(&tag, blockers->mode);
	if (text !=NULL)
		blockers->text = MemoryContextStrdup(blockers->context, text);
}
