/*-------------------------------------------------------------------------
 *
 * session_text.c
 *		Other sessions, as text for people who wait for them.
 *
 * Runs statements with the extension owner's rights, inside a transaction.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"

#include "support/spi.h"
#include "worker/session_text.h"

static char *fetch_text(const char *query, Oid type, Datum value);

char *
session_text_by_pid(int pid)
{
	char	   *text;

	text = fetch_text("SELECT format('session %s of role %I (%s)', pid, usename,"
					  " concat_ws(', ', nullif(application_name, ''),"
					  " coalesce(state, backend_type)))"
					  " FROM pg_stat_activity WHERE pid = $1",
					  INT4OID, Int32GetDatum(pid));
	return text !=NULL ? text : psprintf("session %d", pid);
}

char *
session_text_by_xid(TransactionId xid)
{
	char	   *text;

	/* Every transaction id, a subtransaction's too, is locked by its session. */
	text = fetch_text("SELECT format('session %s of role %I (%s)', a.pid, a.usename,"
					  " concat_ws(', ', nullif(a.application_name, ''), a.state))"
					  " FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
					  " WHERE l.locktype = 'transactionid' AND l.granted"
					  " AND l.transactionid = $1 AND l.mode = 'ExclusiveLock'",
					  XIDOID, TransactionIdGetDatum(xid));

	if (text == NULL)
		text = fetch_text("SELECT format('prepared transaction %L', gid)"
						  " FROM pg_prepared_xacts WHERE transaction = $1",
						  XIDOID, TransactionIdGetDatum(xid));
	return text !=NULL ? text : psprintf("transaction %u", xid);
}

/* The only value of a query's first row, in the current context, or NULL. */
static char *
fetch_text(const char *query, Oid type, Datum value)
{
	MemoryContext caller = CurrentMemoryContext;
	SecurityScope scope;
	char	   *text = NULL;

	owner_begin(&scope);
	SPI_connect();
	spi_execute(query, 1, &type, &value, NULL, SPI_OK_SELECT);
	if (SPI_processed > 0)
	{
		text = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);

		if (text !=NULL)
			text = MemoryContextStrdup(caller, text);
	}
	SPI_finish();
	owner_end(&scope);
	return text;
}
