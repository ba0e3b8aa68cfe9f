/*-------------------------------------------------------------------------
 *
 * guc.c
 *		The settings of pgroll_c, in alphabetical order.
 *
 * docs/reference.md is made from the calls below.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include <limits.h>

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"

#include "support/guc.h"

bool		pgroll_allow_published_tables = false;
int			pgroll_backfill_batch_time = 20;
int			pgroll_backfill_max_replica_lag = 0;
int			pgroll_backfill_max_snapshot_age = 0;
int			pgroll_backfill_max_wal_rate = 0;
int			pgroll_lock_retry_timeout = 60000;
int			pgroll_lock_timeout = 500;

void
guc_init(void)
{
	DefineCustomBoolVariable("pgroll_c.allow_published_tables",
							 "Allows a migration to add columns to a table that is published without a column list.",
							 "A subscriber stops applying changes until its table has these columns, too.",
							 &pgroll_allow_published_tables,
							 false,
							 PGC_USERSET, 0,
							 NULL, NULL, NULL);

	DefineCustomIntVariable("pgroll_c.backfill_batch_time",
							"Sets how long one batch of a backfill may take.",
							"Each batch is a transaction of its own; its row locks are held that long at most.",
							&pgroll_backfill_batch_time,
							20, 1, 10000,
							PGC_SUSET, GUC_UNIT_MS,
							NULL, NULL, NULL);

	DefineCustomIntVariable("pgroll_c.backfill_max_replica_lag",
							"Sets the replication lag above which a backfill pauses.",
							"The lag is the time that the slowest streaming standby needs to replay; zero never pauses.",
							&pgroll_backfill_max_replica_lag,
							0, 0, INT_MAX,
							PGC_SUSET, GUC_UNIT_MS,
							NULL, NULL, NULL);

	DefineCustomIntVariable("pgroll_c.backfill_max_snapshot_age",
							"Sets the age of the database's oldest snapshot above which a backfill pauses.",
							"While it is held, no row version that the backfill leaves behind can be removed; zero never pauses.",
							&pgroll_backfill_max_snapshot_age,
							0, 0, INT_MAX,
							PGC_SUSET, GUC_UNIT_MS,
							NULL, NULL, NULL);

	DefineCustomIntVariable("pgroll_c.backfill_max_wal_rate",
							"Sets how much WAL a backfill may write per second.",
							"It sleeps between batches to stay below; zero sets no limit.",
							&pgroll_backfill_max_wal_rate,
							0, 0, INT_MAX,
							PGC_SUSET, GUC_UNIT_KB,
							NULL, NULL, NULL);

	DefineCustomIntVariable("pgroll_c.lock_retry_timeout",
							"Sets how long a phase tries to lock its tables before it gives up.",
							"Between two attempts nothing is locked and nobody waits for the migration.",
							&pgroll_lock_retry_timeout,
							60000, 0, INT_MAX,
							PGC_USERSET, GUC_UNIT_MS,
							NULL, NULL, NULL);

	DefineCustomIntVariable("pgroll_c.lock_timeout",
							"Sets how long one attempt to lock the tables of a phase may take.",
							"After that the attempt is abandoned and retried, so that readers are not queued behind it.",
							&pgroll_lock_timeout,
							500, 1, INT_MAX,
							PGC_USERSET, GUC_UNIT_MS,
							NULL, NULL, NULL);

	MarkGUCPrefixReserved("pgroll_c");
}

void
guc_set_local(const char *name, const char *value)
{
	(void) set_config_option(name, value, PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
}

void
guc_set_local_list(ArrayType *settings)
{
	Datum	   *elements;
	int			n;

	if (settings == NULL)
		return;
	deconstruct_array(settings, TEXTOID, -1, false, TYPALIGN_INT, &elements, NULL, &n);
	for (int i = 0; i < n; i++)
	{
		char	   *name;
		char	   *value;

		ParseLongOption(TextDatumGetCString(elements[i]), &name, &value);
		guc_set_local(name, value);
	}
}

char *
guc_user_search_path(const char *base_schema)
{
	return psprintf("%s, pg_temp", quote_identifier(base_schema));
}

void
guc_set_portable_text(void)
{
	guc_set_local("search_path", PGROLL_SEARCH_PATH);
	/* the order of day and month, which this does not change, is for input */
	guc_set_local("DateStyle", "ISO");
	guc_set_local("IntervalStyle", "postgres");
	guc_set_local("extra_float_digits", "3");
	guc_set_portable_strings();
}

void
guc_set_portable_strings(void)
{
	guc_set_local("standard_conforming_strings", "on");
}
