/*-------------------------------------------------------------------------
 *
 * launcher.c
 *		Starting background workers.
 *
 * A dynamic worker is started for the current database once a transaction that
 * asked for it has committed.  With the library in shared_preload_libraries
 * there is also a launcher, which after a restart of the server starts one in
 * each database; a worker that finds nothing to do exits.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include <signal.h>

#include "access/genam.h"
#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/pg_database.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "tcop/tcopprot.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/wait_event.h"

#include "ddl/lock_blockers.h"
#include "state/claims.h"
#include "state/migrations.h"
#include "worker/launcher.h"

/* How often a claimant that is to let go is looked at, and asked again. */
#define CANCEL_POLL_MS 50

/* The launcher goes on to the next database once a worker has run for so long. */
#define PROBE_MS 1000
#define PROBE_POLL_MS 20

/* Pause where no slot for a worker is free. */
#define NO_SLOT_MS 5000

/* What the current transaction asks for. */
static bool requested = false;
static SubTransactionId requested_in;	/* while requested is set */
static bool offered = false;
static bool requested_on_abort = false;
static SubTransactionId cancelled_in;	/* while requested_on_abort is set */

/* Filled in beforehand: at commit nothing may fail. */
static BackgroundWorker worker;

PGDLLEXPORT void pgroll_launcher_main(Datum arg);

static void describe_worker(BackgroundWorker *description, Oid database,
							int notify_pid);
static void at_end_of_transaction(XactEvent event, void *arg);
static void at_end_of_subtransaction(SubXactEvent event, SubTransactionId id,
									 SubTransactionId parent, void *arg);
static void start_worker(void);
static void cancel_process(int pid);
static void resume_on_abort(void);
static void watch_transactions(void);
static List *databases(void);
static void probe_database(Oid database);

void
launcher_init(void)
{
	BackgroundWorker launcher;

	if (!process_shared_preload_libraries_in_progress)
		return;

	memset(&launcher, 0, sizeof(launcher));
	launcher.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	launcher.bgw_start_time = BgWorkerStart_RecoveryFinished;
	launcher.bgw_restart_time = 10;
	strlcpy(launcher.bgw_library_name, "pgroll_c", sizeof(launcher.bgw_library_name));
	strlcpy(launcher.bgw_function_name, "pgroll_launcher_main",
			sizeof(launcher.bgw_function_name));
	strlcpy(launcher.bgw_name, "pgroll_c launcher", sizeof(launcher.bgw_name));
	strlcpy(launcher.bgw_type, "pgroll_c launcher", sizeof(launcher.bgw_type));
	RegisterBackgroundWorker(&launcher);
}

void
launcher_request_at_commit(void)
{
	watch_transactions();
	if (!requested)
		requested_in = GetCurrentSubTransactionId();
	requested = true;
}

void
launcher_offer_at_commit(void)
{
	watch_transactions();
	offered = true;
}

void
launcher_revive(int64 migration)
{
	if (claim_holder(migration) == 0)
		launcher_request_at_commit();
}

void
launcher_cancel_tasks(int64 migration)
{
	while (!claim_try_in_transaction(migration))
		cancel_process(claim_holder(migration));
}

/* Whoever has the claim may as well be a rollback: that is left alone. */
void
launcher_interrupt_job(int64 migration, Oid relation)
{
	const char *activity;
	Oid			where;
	bool		signaled = false;
	int			pid;

	while ((pid = lock_blockers_long_job(list_make1_oid(relation), &where,
										 &activity)) != 0 &&
		   pid == claim_holder(migration))
	{
		cancel_process(pid);
		signaled = true;
	}
	if (signaled)
		launcher_request_at_commit();
}

/*
 * And wait a little.  A lock timeout that comes at the same time swallows a signal.
 * Whoever gives up while he waits here has sent a worker away all the same.
 */
static void
cancel_process(int pid)
{
	static uint32 wait_event = 0;

	if (pid != 0 && kill(pid, SIGINT) == 0)
		resume_on_abort();

	if (wait_event == 0)
		wait_event = wait_event_named("PgrollCancel");
	(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
					 CANCEL_POLL_MS, wait_event);
	ResetLatch(MyLatch);
	CHECK_FOR_INTERRUPTS();
}

static void
resume_on_abort(void)
{
	watch_transactions();
	if (!requested_on_abort)
		cancelled_in = GetCurrentSubTransactionId();
	requested_on_abort = true;
}

/* The launcher: a worker for each database, then stay for the next crash. */
void
pgroll_launcher_main(Datum arg)
{
	List	   *oids;
	ListCell   *lc;

	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnection(NULL, NULL, 0);

	MemoryContextSwitchTo(TopMemoryContext);
	oids = databases();
	foreach(lc, oids)
		probe_database(lfirst_oid(lc));

	/*
	 * A worker that exits is forgotten, one that is there when another
	 * process crashes is started again with the server's other processes.
	 */
	for (;;)
	{
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_EXIT_ON_PM_DEATH, 0,
						 wait_event_named("PgrollLauncher"));
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
	}
}

static void
describe_worker(BackgroundWorker *description, Oid database, int notify_pid)
{
	memset(description, 0, sizeof(*description));
	description->bgw_flags = BGWORKER_SHMEM_ACCESS |
		BGWORKER_BACKEND_DATABASE_CONNECTION;
	description->bgw_start_time = BgWorkerStart_RecoveryFinished;
	description->bgw_restart_time = BGW_NEVER_RESTART;
	strlcpy(description->bgw_library_name, "pgroll_c",
			sizeof(description->bgw_library_name));
	strlcpy(description->bgw_function_name, "pgroll_worker_main",
			sizeof(description->bgw_function_name));
	snprintf(description->bgw_name, sizeof(description->bgw_name),
			 "pgroll_c worker for database %u", database);
	strlcpy(description->bgw_type, "pgroll_c worker", sizeof(description->bgw_type));
	description->bgw_main_arg = ObjectIdGetDatum(database);
	description->bgw_notify_pid = notify_pid;
}

static void
watch_transactions(void)
{
	static bool registered = false;

	if (!registered)
	{
		RegisterXactCallback(at_end_of_transaction, NULL);
		RegisterSubXactCallback(at_end_of_subtransaction, NULL);
	}
	registered = true;
	describe_worker(&worker, MyDatabaseId, 0);
}

/*
 * An XactCallback.  After the commit an error would be a PANIC, so nothing is
 * done there that can fail.
 */
static void
at_end_of_transaction(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_PRE_PREPARE:
			if (requested)
				ereport(ERROR,
						(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						 errmsg("cannot PREPARE a transaction that has started a migration's background work"),
						 errhint("Commit it instead.")));
			requested_on_abort = offered = false;
			break;
		case XACT_EVENT_COMMIT:
			if (requested || offered)
				start_worker();
			requested = requested_on_abort = offered = false;
			break;
		case XACT_EVENT_ABORT:
			if (requested_on_abort)
				start_worker();
			requested = requested_on_abort = offered = false;
			break;
		default:
			break;
	}
}

/*
 * A SubXactCallback.  What a subtransaction asked for goes with it; a worker that
 * it sent away is wanted again.
 */
static void
at_end_of_subtransaction(SubXactEvent event, SubTransactionId id,
						 SubTransactionId parent, void *arg)
{
	bool		asked = requested && requested_in == id;
	bool		cancelled = requested_on_abort && cancelled_in == id;

	if (event != SUBXACT_EVENT_COMMIT_SUB && event != SUBXACT_EVENT_ABORT_SUB)
		return;
	if (asked)
		requested_in = parent;
	if (cancelled)
		cancelled_in = parent;
	if (event == SUBXACT_EVENT_COMMIT_SUB)
		return;
	if (asked)
		requested = false;
	if (cancelled && !requested)
	{
		requested = true;
		requested_in = parent;
	}
}

/* On a standby it would hold a slot and begin at its promotion. */
static void
start_worker(void)
{
	if (RecoveryInProgress())
		return;
	if (!RegisterDynamicBackgroundWorker(&worker, NULL))
		ereport(WARNING,
				(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
				 errmsg("no slot is free for the background worker of pgroll_c"),
				 errdetail("pgroll_c.wait_for_migration() tries again to start it."),
				 errhint("Increase max_worker_processes, or do the work with CALL pgroll_c.run_tasks().")));
}

/* OIDs of the databases that can be connected to. */
static List *
databases(void)
{
	MemoryContext caller = CurrentMemoryContext;
	List	   *oids = NIL;
	Relation	rel;
	TableScanDesc scan;
	HeapTuple	tuple;

	StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());
	rel = table_open(DatabaseRelationId, AccessShareLock);
	scan = table_beginscan_catalog(rel, 0, NULL);
	while ((tuple = heap_getnext(scan, ForwardScanDirection)) != NULL)
	{
		Form_pg_database database = (Form_pg_database) GETSTRUCT(tuple);
		MemoryContext transaction;

		if (!database->datallowconn)
			continue;
		transaction = MemoryContextSwitchTo(caller);
		oids = lappend_oid(oids, database->oid);
		MemoryContextSwitchTo(transaction);
	}
	table_endscan(scan);
	table_close(rel, AccessShareLock);
	PopActiveSnapshot();
	CommitTransactionCommand();
	MemoryContextSwitchTo(caller);
	return oids;
}

/* Start a worker; return when it has found nothing to do, or works. */
static void
probe_database(Oid database)
{
	BackgroundWorker description;
	BackgroundWorkerHandle *handle;
	int			waited_ms = 0;
	pid_t		pid;

	describe_worker(&description, database, MyProcPid);
	while (!RegisterDynamicBackgroundWorker(&description, &handle))
	{
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
						 NO_SLOT_MS, PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
	}
	while (GetBackgroundWorkerPid(handle, &pid) != BGWH_STOPPED &&
		   waited_ms < PROBE_MS)
	{
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
						 PROBE_POLL_MS, PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
		waited_ms += PROBE_POLL_MS;
	}
	pfree(handle);
}
