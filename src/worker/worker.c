/*-------------------------------------------------------------------------
 *
 * worker.c
 *		Working off the tasks of a migration; the background worker's main loop.
 *
 * A worker may die between any two lines: what is done is recorded in the
 * transaction that does it, and the claim goes with the process.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/xact.h"
#include "catalog/pg_authid.h"
#include "commands/extension.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "tcop/tcopprot.h"
#include "utils/backend_status.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "state/claims.h"
#include "support/spi.h"
#include "versioning/constraint_error.h"
#include "worker/task_transaction.h"
#include "worker/worker.h"

/* How often, and how long between, a claim is tried that somebody else has. */
#define CLAIM_TRIES 10
#define CLAIM_PAUSE_MS 100

/* What the transactions around a task pass to each other. */
typedef struct Round
{
	MemoryContext context;
	int64		migration_id;
	MigrationRow *migration;
	Task	   *task;			/* NULL: nothing is left to do */
	bool		is_last;		/* … and the migration may become ready */
	ErrorData  *error;
} Round;

typedef struct OpenMigrations
{
	MemoryContext context;
	List	   *ids;			/* int64 *, of those with open tasks */
} OpenMigrations;

static const TaskOps *const task_ops[] = {
	[TASK_BACKFILL] = &task_backfill_ops,
	[TASK_INDEX] = &task_index_ops,
	[TASK_ATTACH] = &task_attach_ops,
	[TASK_CONSTRAINT] = &task_constraint_ops,
	[TASK_VALIDATE] = &task_validate_ops,
	[TASK_ANALYZE] = &task_analyze_ops,
	[TASK_LAST_PASS] = &task_last_pass_ops,
	[TASK_MATVIEW] = &task_matview_ops,
	[TASK_SUPPLEMENT] = &task_supplement_ops,
	[TASK_OLD_SNAPSHOTS] = &task_old_snapshots_ops,
};

PGDLLEXPORT void pgroll_worker_main(Datum arg);

static void fetch_task(void *arg);
static void finish_task(void *arg);
static void prepare_ready(TaskRunner *runner, Round *round);
static void add_supplement(void *arg);
static void become_ready(void *arg);
static void fail_task(void *arg);
static void fail_last_task(void *arg);
static void fail_migration(const Round *round, int64 task);
static char *error_text(ErrorData *error);
static void report_task(const Round *round);
static void force_settings(void);
static void force_setting(const char *name, const char *value);
static void work_until_done(TaskRunner *runner);
static bool work_on_any(TaskRunner *runner, bool *all_claimed);
static void find_open(void *arg);

void
worker_run_migration(TaskRunner *runner, int64 migration)
{
	/* A procedure's SPI context goes with the statements of task_index.c. */
	MemoryContext caller = runner->foreground ? PortalContext : CurrentMemoryContext;
	Round		round = {.migration_id = migration};
	bool		supplemented = false;

	runner->context = AllocSetContextCreate(caller, "pgroll_c task",
											ALLOCSET_DEFAULT_SIZES);
	round.context = runner->context;
	for (;;)
	{
		MemoryContextReset(runner->context);
		MemoryContextSwitchTo(runner->context);
		task_transaction_or_raise(runner, fetch_task, &round);
		if (round.is_last && !supplemented)
		{
			supplemented = true;
			prepare_ready(runner, &round);
			continue;
		}
		if (round.task == NULL)
			break;

		if (!runner->foreground)
			report_task(&round);
		round.error = task_ops[round.task->kind]->run(runner, round.migration,
													  round.task);
		MemoryContextSwitchTo(runner->context);
		task_transaction_or_raise(runner,
								  round.error ? fail_task : finish_task, &round);
		if (round.error != NULL)
			break;
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(runner->context);
	if (!runner->foreground)
		pgstat_report_activity(STATE_IDLE, NULL);
}

/* Entry of the background worker; the argument is the database. */
void
pgroll_worker_main(Datum arg)
{
	TaskRunner	runner = {.foreground = false};
	sigjmp_buf	canceled;

	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnectionByOid(DatumGetObjectId(arg),
											  BOOTSTRAP_SUPERUSERID, 0);
	force_settings();
	MemoryContextSwitchTo(TopMemoryContext);

	/*
	 * An error that is no task's, or a cancel request: leave the rest open.
	 * The locks go with the process.  The server has put a handler of its own
	 * in place, which does the same but says less.
	 */
	if (sigsetjmp(canceled, 1) != 0)
	{
		error_context_stack = NULL;
		HOLD_INTERRUPTS();
		EmitErrorReport();
		FlushErrorState();
		AbortCurrentTransaction();
		proc_exit(0);
	}
	PG_exception_stack = &canceled;

	work_until_done(&runner);
	proc_exit(0);
}

/* A TaskBody: the next task to do; without one the migration is ready. */
static void
fetch_task(void *arg)
{
	Round	   *round = arg;
	MemoryContext transaction = MemoryContextSwitchTo(round->context);

	round->task = NULL;
	round->is_last = false;
	round->migration = migration_by_id(round->migration_id);
	/* Whoever ends it is waited for. */
	if (round->migration != NULL)
	{
		base_schema_lock(round->migration->base_schema, false);
		round->migration = migration_by_id(round->migration_id);
	}
	if (round->migration != NULL && !round->migration->is_home)
		migration_set_home(round->migration_id);
	if (round->migration != NULL && round->migration->state == STATE_STARTED)
	{
		round->task = task_next(round->migration_id);
		round->is_last = round->task == NULL;
		if (round->task != NULL)
			migration_begin_again(round->migration_id);
	}
	MemoryContextSwitchTo(transaction);
}

/* A TaskBody. */
static void
finish_task(void *arg)
{
	Round	   *round = arg;

	task_set_done(round->task->id);
}

/*
 * What can't be carried over is put down to the last task, which a retry opens again.  In
 * the way of anything else somebody may be: a task tries it again.
 */
static void
prepare_ready(TaskRunner *runner, Round *round)
{
	round->error = task_supplement(runner, round->migration);
	if (round->error == NULL)
		task_transaction_or_raise(runner, become_ready, round);
	else if (round->error->sqlerrcode == ERRCODE_FEATURE_NOT_SUPPORTED)
		task_transaction_or_raise(runner, fail_last_task, round);
	else
		task_transaction_or_raise(runner, add_supplement, round);
}

/* A TaskBody. */
static void
add_supplement(void *arg)
{
	const Round *round = arg;

	(void) task_add(round->migration_id, &(TaskSpec) {.kind = TASK_SUPPLEMENT});
}

/* A TaskBody: nothing is left to do. */
static void
become_ready(void *arg)
{
	Round	   *round = arg;
	MigrationRow *migration;

	base_schema_lock(round->migration->base_schema, false);
	migration = migration_by_id(round->migration_id);
	if (migration != NULL && migration->state == STATE_STARTED &&
		task_next(round->migration_id) == NULL)
		migration_set_state(round->migration_id, STATE_READY, NULL);
}

/* A TaskBody.  Its table may have been detached while it ran: then all is well. */
static void
fail_task(void *arg)
{
	Round	   *round = arg;

	if (task_is_done(round->task->id))
		round->error = NULL;
	else
		fail_migration(round, round->task->id);
}

/* A TaskBody.  The migration may have been ended since. */
static void
fail_last_task(void *arg)
{
	Round	   *round = arg;
	MigrationRow *migration;

	base_schema_lock(round->migration->base_schema, false);
	migration = migration_by_id(round->migration_id);
	if (migration != NULL && migration->state == STATE_STARTED)
		fail_migration(round, task_last(round->migration_id));
}

static void
fail_migration(const Round *round, int64 task)
{
	task_set_failed(task, error_text(round->error));
	migration_set_state(round->migration_id, STATE_FAILED, NULL);
	ereport(LOG,
			(errmsg("migration \"%s\" failed: %s", round->migration->name,
					error_text(round->error))));
}

/*
 * The error by the names that applications know.  The detail belongs to it, except
 * where it is the whole row.
 */
static char *
error_text(ErrorData *error)
{
	(void) constraint_error_rename_in(error);
	if (error->sqlerrcode == ERRCODE_FEATURE_NOT_SUPPORTED &&
		error->detail != NULL && error->hint != NULL)
		return psprintf("%s (%s %s)", error->message, error->detail, error->hint);
	if (error->detail == NULL ||
		error->sqlerrcode == ERRCODE_CHECK_VIOLATION ||
		error->sqlerrcode == ERRCODE_NOT_NULL_VIOLATION)
		return error->message;
	return psprintf("%s (%s)", error->message, error->detail);
}

static void
report_task(const Round *round)
{
	char	   *activity = psprintf("%s of migration \"%s\"",
									task_kind_name(round->task->kind),
									round->migration->name);

	pgstat_report_activity(STATE_RUNNING, activity);
}

/*
 * Roles, databases and the configuration file may set what must not hold here;
 * overriding them keeps a reload from bringing it back.
 */
static void
force_settings(void)
{
	force_setting("default_transaction_isolation", "read committed");
	force_setting("default_transaction_read_only", "off");
	force_setting("default_transaction_deferrable", "off");
	force_setting("session_replication_role", "origin");
	force_setting("statement_timeout", "0");
	force_setting("transaction_timeout", "0");
	force_setting("lock_timeout", "0");
	force_setting("idle_in_transaction_session_timeout", "0");
	force_setting("search_path", PGROLL_SEARCH_PATH);
	force_setting("application_name", "pgroll_c worker");
}

static void
force_setting(const char *name, const char *value)
{
	/* transaction_timeout came with PostgreSQL 17. */
	if (GetConfigOption(name, true, false) != NULL)
		SetConfigOption(name, value, PGC_SUSET, PGC_S_OVERRIDE);
}

/* A claim that somebody else has may be one that he is about to let go. */
static void
work_until_done(TaskRunner *runner)
{
	int			tries = 0;

	for (;;)
	{
		bool		all_claimed = false;

		if (work_on_any(runner, &all_claimed))
			tries = 0;
		else if (!all_claimed || ++tries > CLAIM_TRIES)
			break;
		else
			task_sleep(runner, CLAIM_PAUSE_MS);
	}
}

/*
 * Work off the first migration with open tasks that nobody works on.  False where
 * there is none; then all_claimed says whether others work on some.
 */
static bool
work_on_any(TaskRunner *runner, bool *all_claimed)
{
	OpenMigrations open = {CurrentMemoryContext, NIL};
	ListCell   *lc;
	bool		worked = false;

	task_transaction_or_raise(runner, find_open, &open);
	foreach(lc, open.ids)
	{
		int64		id = *(int64 *) lfirst(lc);

		if (!claim_try(id))
		{
			*all_claimed = true;
			continue;
		}
		worker_run_migration(runner, id);
		claim_release(id);
		worked = true;
		break;
	}
	list_free_deep(open.ids);
	return worked;
}

/* A TaskBody. */
static void
find_open(void *arg)
{
	OpenMigrations *open = arg;
	List	   *active;
	ListCell   *lc;

	if (!OidIsValid(get_extension_oid("pgroll_c", true)))
		return;
	active = migrations_active_all();
	foreach(lc, active)
	{
		MigrationRow *migration = lfirst(lc);
		MemoryContext transaction;
		int64	   *id;

		if (!migration->is_home)
			migration_set_home(migration->id);
		if (migration->state != STATE_STARTED)
			continue;
		transaction = MemoryContextSwitchTo(open->context);
		id = palloc(sizeof(int64));
		*id = migration->id;
		open->ids = lappend(open->ids, id);
		MemoryContextSwitchTo(transaction);
	}
}
