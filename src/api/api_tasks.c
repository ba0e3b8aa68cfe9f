/*-------------------------------------------------------------------------
 *
 * api_tasks.c
 *		wait_for_migration(), run_tasks() and retry_migration().
 *
 * The first two are procedures that end their transaction between looks: what
 * they wait for may itself wait for every snapshot older than its own.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "storage/latch.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#include "api/api_tasks.h"
#include "migration/lifecycle.h"
#include "state/claims.h"
#include "state/migrations.h"
#include "state/tasks.h"
#include "support/spi.h"
#include "worker/launcher.h"
#include "worker/worker.h"

#define POLL_MS 50
#define NOTICE_MS 2000
#define RELAUNCH_MS 1000

PG_FUNCTION_INFO_V1(pgroll_retry_migration);
PG_FUNCTION_INFO_V1(pgroll_run_tasks);
PG_FUNCTION_INFO_V1(pgroll_wait_for_migration);

static MigrationRow *migration_to_work_on(const char *base_schema);
static void work_with_claim(int64 migration);
static bool is_over(const MigrationRow *migration);
pg_noreturn static void report_failed(const MigrationRow *migration);
static char *failed_task_error(const MigrationRow *migration);
static void report_progress(const MigrationRow *migration);
static char *fetch_text(const char *query, int64 migration);
static void end_look(void);
static void sleep_until_next_look(void);

/*
 * Procedure wait_for_migration(schema name).  In the end it leaves an open
 * transaction without a snapshot, as COMMIT in a procedure does.
 */
Datum
pgroll_wait_for_migration(PG_FUNCTION_ARGS)
{
	procedure_begin(fcinfo, "wait_for_migration");
	wait_for_migration(NameStr(*PG_GETARG_NAME(0)));
	SPI_finish();
	PG_RETURN_VOID();
}

/*
 * The migration is looked up once: who waits for one does not wait for the next.
 */
void
wait_for_migration(const char *base_schema)
{
	MigrationRow *migration = migration_to_work_on(base_schema);
	TimestampTz next_notice = TimestampTzPlusMilliseconds(GetCurrentTimestamp(),
														  NOTICE_MS);
	TimestampTz next_launch = 0;
	int64		id;

	if (migration == NULL)
		return;
	id = migration->id;
	while (!is_over(migration))
	{
		TimestampTz now = GetCurrentTimestamp();

		if (now >= next_launch)
		{
			launcher_revive(id);
			next_launch = TimestampTzPlusMilliseconds(now, RELAUNCH_MS);
		}
		if (now >= next_notice)
		{
			report_progress(migration);
			next_notice = TimestampTzPlusMilliseconds(now, NOTICE_MS);
		}
		pfree(migration);
		end_look();
		sleep_until_next_look();
		migration = migration_by_id(id);
	}
}

/* Procedure run_tasks(schema name). */
Datum
pgroll_run_tasks(PG_FUNCTION_ARGS)
{
	MigrationRow *migration;
	int64		id = 0;

	procedure_begin(fcinfo, "run_tasks");
	migration = migration_to_work_on(NameStr(*PG_GETARG_NAME(0)));
	if (migration != NULL)
	{
		lifecycle_check_owner(migration);
		id = migration->id;
	}

	while (migration != NULL && !is_over(migration))
	{
		end_look();
		if (claim_try(id))
			work_with_claim(id);
		else
			sleep_until_next_look();
		migration = migration_by_id(id);
	}
	SPI_finish();
	PG_RETURN_VOID();
}

/* retry_migration(schema name): how many tasks were opened again or added. */
Datum
pgroll_retry_migration(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(lifecycle_retry(NameStr(*PG_GETARG_NAME(0))));
}

void
procedure_begin(FunctionCallInfo fcinfo, const char *name)
{
	CallContext *context = (CallContext *) fcinfo->context;

	if (context == NULL || !IsA(context, CallContext) || context->atomic)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TRANSACTION_TERMINATION),
				 errmsg("%s() cannot run inside a transaction block or a function", name),
				 errdetail("It ends its transaction each time it looks, or the work would wait for it."),
				 errhint("Run CALL pgroll_c.%s() as a statement of its own.", name)));
	for (int i = 0; i < PG_NARGS(); i++)
	{
		if (PG_ARGISNULL(i))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("the arguments of %s() must not be null", name),
					 errhint("Leave the argument out to have its default.")));
	}
	SPI_connect_ext(SPI_OPT_NONATOMIC);
}

/* The claim is the session's, so an error must not leave it behind. */
static void
work_with_claim(int64 migration)
{
	TaskRunner	runner = {.foreground = true};

	PG_TRY();
	{
		worker_run_migration(&runner, migration);
	}
	PG_CATCH();
	{
		claim_release(migration);
		PG_RE_THROW();
	}
	PG_END_TRY();
	claim_release(migration);
}

/* The active migration; NULL where the newest one is completed. */
static MigrationRow *
migration_to_work_on(const char *base_schema)
{
	MigrationRow *migration = migration_active(base_schema);

	if (migration == NULL && migration_last_completed(base_schema) == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_PGROLL_NO_MIGRATION),
				 errmsg("schema \"%s\" has no migration", base_schema),
				 errhint("Start one with pgroll_c.start_migration().")));
	if (migration == NULL || migration->is_home)
		return migration;
	migration_set_home(migration->id);
	return migration_by_id(migration->id);
}

/* Is there nothing to wait for?  An error where the work failed or is gone. */
static bool
is_over(const MigrationRow *migration)
{
	if (migration == NULL || migration->state == STATE_ROLLED_BACK)
		ereport(ERROR,
				(errcode(ERRCODE_PGROLL_NO_MIGRATION),
				 errmsg("the migration was rolled back while its background work was under way")));
	if (migration->state == STATE_FAILED)
		report_failed(migration);
	return migration->state != STATE_STARTED;
}

static void
report_failed(const MigrationRow *migration)
{
	char	   *error = failed_task_error(migration);

	ereport(ERROR,
			(errcode(ERRCODE_PGROLL_MIGRATION_FAILED),
			 errmsg("migration \"%s\" failed", migration->name),
			 error ? errdetail("%s", error) : 0,
			 errhint("Mend the data and call pgroll_c.retry_migration(), or undo it with pgroll_c.rollback_migration().")));
}

/* Through the view, which hides it from those it is not for. */
static char *
failed_task_error(const MigrationRow *migration)
{
	return fetch_text("SELECT format('%s%s: %s', task, ' of ' || relation, last_error)"
					  " FROM " PGROLL_SCHEMA ".progress"
					  " WHERE migration_id = $1 AND state = 'failed'"
					  " ORDER BY task_id LIMIT 1", migration->id);
}

static void
report_progress(const MigrationRow *migration)
{
	char	   *stand;

	stand = fetch_text("SELECT format('%s%s%s%s%s', task, ' of ' || relation,"
					   " CASE WHEN rows_total > 0 THEN format(', %s of about %s rows',"
					   " rows_done, rows_total) END,"
					   " ', about ' || date_trunc('second', time_left) || ' left',"
					   " '; waits for ' || waiting_for)"
					   " FROM " PGROLL_SCHEMA ".progress"
					   " WHERE migration_id = $1 ORDER BY task_id LIMIT 1",
					   migration->id);
	if (stand != NULL)
		ereport(NOTICE,
				(errmsg("migration \"%s\": %s", migration->name, stand)));
}

/* The value of a query of ours about a migration, with the caller's rights. */
static char *
fetch_text(const char *query, int64 migration)
{
	SecurityScope scope;
	char	   *value;

	caller_begin(&scope);
	value = spi_fetch_text(query, INT8OID, Int64GetDatum(migration));
	caller_end(&scope);
	return value;
}

/* End the transaction of this look; the next is READ COMMITTED in any case. */
static void
end_look(void)
{
	SPI_commit();
	XactIsoLevel = XACT_READ_COMMITTED;
	XactReadOnly = false;
}

static void
sleep_until_next_look(void)
{
	static uint32 wait_event = 0;

	if (wait_event == 0)
		wait_event = wait_event_named("PgrollWaitForMigration");
	(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
					 POLL_MS, wait_event);
	ResetLatch(MyLatch);
	CHECK_FOR_INTERRUPTS();
}
