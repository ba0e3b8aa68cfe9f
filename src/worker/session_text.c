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

static char *fetch_as_owner(const char *query, Oid type, Datum value);

char *
session_text_by_pid(int pid)
{
	char	   *found;

	found = fetch_as_owner("SELECT format('session %s of role %I (%s)', pid, usename,"
						   " concat_ws(', ', nullif(application_name, ''),"
						   " coalesce(state, backend_type)))"
						   " FROM pg_stat_activity WHERE pid = $1",
						   INT4OID, Int32GetDatum(pid));
	return found != NULL ? found : psprintf("session %d", pid);
}

char *
session_text_by_xid(TransactionId xid)
{
	char	   *found;

	/* Every transaction id, a subtransaction's too, is locked by its session. */
	found = fetch_as_owner("SELECT format('session %s of role %I (%s)', a.pid, a.usename,"
						   " concat_ws(', ', nullif(a.application_name, ''), a.state))"
						   " FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
						   " WHERE l.locktype = 'transactionid' AND l.granted"
						   " AND l.transactionid = $1 AND l.mode = 'ExclusiveLock'",
						   XIDOID, TransactionIdGetDatum(xid));

	if (found == NULL)
		found = fetch_as_owner("SELECT format('prepared transaction %L', gid)"
							   " FROM pg_prepared_xacts WHERE transaction = $1",
							   XIDOID, TransactionIdGetDatum(xid));
	return found != NULL ? found : psprintf("transaction %u", xid);
}

/* With the extension owner's rights, who may see all sessions. */
static char *
fetch_as_owner(const char *query, Oid type, Datum value)
{
	SecurityScope scope;
	char	   *result;

	owner_begin(&scope);
	result = spi_fetch_text(query, type, value);
	owner_end(&scope);
	return result;
}
