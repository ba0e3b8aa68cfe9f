/*-------------------------------------------------------------------------
 *
 * throttle.c
 *		Holding a backfill back while others suffer from it.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "catalog/pg_type.h"
#include "executor/instrument.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "support/guc.h"
#include "support/spi.h"
#include "worker/task_transaction.h"
#include "worker/throttle.h"

/* How often standbys and snapshots are looked at, and a pause is thought over. */
#define LOOK_MS 1000

typedef struct Look
{
	MemoryContext context;		/* of reason */
	char	   *reason;			/* why to pause, or NULL */
} Look;

static void wait_for_wal_rate(Throttle *throttle, TaskRunner *runner);
static void look(void *arg);
static void look_at(Look *result, const char *query, int limit_ms);

void
throttle_begin(Throttle *throttle)
{
	throttle->window_start = GetCurrentTimestamp();
	throttle->window_wal = pgWalUsage.wal_bytes;
	throttle->next_look = throttle->window_start;
}

void
throttle_wait(Throttle *throttle, TaskRunner *runner, int64 task)
{
	if (pgroll_backfill_max_wal_rate > 0)
		wait_for_wal_rate(throttle, runner);

	while ((pgroll_backfill_max_replica_lag > 0 ||
			pgroll_backfill_max_snapshot_age > 0) &&
		   GetCurrentTimestamp() >= throttle->next_look)
	{
		Look		result = {CurrentMemoryContext, NULL};

		task_transaction_or_raise(runner, look, &result);
		if (result.reason == NULL)
		{
			throttle->next_look = TimestampTzPlusMilliseconds(GetCurrentTimestamp(),
															  LOOK_MS);
			break;
		}
		task_report_waiting(runner, task, result.reason, NULL);
		task_sleep(runner, LOOK_MS);
	}
}

/* A window is a second or as long as its WAL should have taken. */
static void
wait_for_wal_rate(Throttle *throttle, TaskRunner *runner)
{
	for (;;)
	{
		TimestampTz now = GetCurrentTimestamp();
		double		elapsed_ms = (now - throttle->window_start) / 1000.0;
		double		written_kb = (pgWalUsage.wal_bytes - throttle->window_wal) / 1024.0;
		double		due_ms = written_kb * 1000.0 / pgroll_backfill_max_wal_rate;

		if (due_ms <= elapsed_ms)
		{
			if (elapsed_ms >= 1000.0)
			{
				throttle->window_start = now;
				throttle->window_wal = pgWalUsage.wal_bytes;
			}
			return;
		}
		task_sleep(runner, (long) Min(due_ms - elapsed_ms + 1, 1000.0));
	}
}

/* A TaskBody. */
static void
look(void *arg)
{
	Look	   *result = arg;

	if (pgroll_backfill_max_replica_lag > 0)
		look_at(result,
				"SELECT format('standby %s, which lags by %s', application_name, replay_lag)"
				" FROM pg_stat_replication"
				" WHERE replay_lag > $1 * interval '1 ms'"
				" ORDER BY replay_lag DESC LIMIT 1",
				pgroll_backfill_max_replica_lag);
	if (pgroll_backfill_max_snapshot_age > 0 && result->reason == NULL)
		look_at(result,
				"SELECT format('session %s of role %I, whose snapshot is older than %s',"
				" pid, usename, $1 * interval '1 ms')"
				" FROM pg_stat_activity"
				" WHERE datname = current_database() AND backend_xmin IS NOT NULL"
				" AND xact_start < clock_timestamp() - $1 * interval '1 ms'"
				" AND pid <> pg_backend_pid()"
				" ORDER BY xact_start LIMIT 1",
				pgroll_backfill_max_snapshot_age);
}

static void
look_at(Look *result, const char *query, int limit_ms)
{
	MemoryContext caller = MemoryContextSwitchTo(result->context);
	SecurityScope scope;

	owner_begin(&scope);
	result->reason = spi_fetch_text(query, INT4OID, Int32GetDatum(limit_ms));
	owner_end(&scope);
	MemoryContextSwitchTo(caller);
}
