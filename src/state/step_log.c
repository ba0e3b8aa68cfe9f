/*-------------------------------------------------------------------------
 *
 * step_log.c
 *		The table pgroll_c.step_log: what was run, when and for how long.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"

#include "state/step_log.h"
#include "support/spi.h"

void
step_log_add(int64 migration, const char *phase, int step, const char *command,
			 const char *lock_mode, const char *relation, double duration_ms)
{
	SecurityScope scope;
	Oid			types[] = {INT8OID, TEXTOID, INT4OID, TEXTOID, TEXTOID, TEXTOID, FLOAT8OID};
	char		nulls[] = "       ";
	Datum		values[7];

	values[0] = Int64GetDatum(migration);
	values[1] = CStringGetTextDatum(phase);
	values[2] = Int32GetDatum(step);
	values[3] = CStringGetTextDatum(command);
	values[4] = lock_mode ? CStringGetTextDatum(lock_mode) : (Datum) 0;
	values[5] = relation ? CStringGetTextDatum(relation) : (Datum) 0;
	values[6] = Float8GetDatum(duration_ms);
	if (lock_mode == NULL)
		nulls[4] = 'n';
	if (relation == NULL)
		nulls[5] = 'n';

	owner_begin(&scope);
	SPI_connect();
	spi_execute("INSERT INTO " PGROLL_SCHEMA ".step_log"
				" (migration, phase, step, command, lock_mode, relation, duration_ms)"
				" VALUES ($1, $2, $3, $4, $5, $6, $7)",
				7, types, values, nulls, SPI_OK_INSERT);
	SPI_finish();
	owner_end(&scope);
}
