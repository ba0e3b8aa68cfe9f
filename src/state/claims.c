/*-------------------------------------------------------------------------
 *
 * claims.c
 *		Heavyweight locks of our own: base schemas, and who works on a migration.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/inval.h"

#include "state/claims.h"
#include "support/spi.h"

/* "PR"; the server's own advisory locks have 1 or 2 there. */
#define PGROLL_LOCKTAG_KIND 0x5052

void
claims_set_locktag(LOCKTAG *tag, LockClass class, uint32 key)
{
	SET_LOCKTAG_ADVISORY(*tag, MyDatabaseId, class, key, PGROLL_LOCKTAG_KIND);
}

bool
claim_try(int64 migration)
{
	LOCKTAG		tag;

	claims_set_locktag(&tag, LOCK_CLASS_CLAIM, (uint32) migration);
	return LockAcquire(&tag, ExclusiveLock, true, true) != LOCKACQUIRE_NOT_AVAIL;
}

void
claim_release(int64 migration)
{
	LOCKTAG		tag;

	claims_set_locktag(&tag, LOCK_CLASS_CLAIM, (uint32) migration);
	(void) LockRelease(&tag, ExclusiveLock, true);
}

bool
claim_try_in_transaction(int64 migration)
{
	LOCKTAG		tag;

	claims_set_locktag(&tag, LOCK_CLASS_CLAIM, (uint32) migration);
	return LockAcquire(&tag, ExclusiveLock, false, true) != LOCKACQUIRE_NOT_AVAIL;
}

void
claim_tables(int64 migration, bool exclusive)
{
	LOCKTAG		tag;

	claims_set_locktag(&tag, LOCK_CLASS_TABLES, (uint32) migration);
	(void) LockAcquire(&tag, exclusive ? ExclusiveLock : ShareLock, false, false);
}

/* The mode conflicts with CLAIMED_BY_PHASE, but not with itself. */
void
claim_names(void)
{
	LOCKTAG		tag;

	claims_set_locktag(&tag, LOCK_CLASS_NAMES, 0);
	(void) LockAcquire(&tag, RowExclusiveLock, false, false);
	AcceptInvalidationMessages();
}

/*
 * Looking at pg_locks instead of trying the lock: a try that succeeds would for
 * its duration make a worker believe that somebody else has the claim.
 */
int
claim_holder(int64 migration)
{
	Oid			types[] = {OIDOID, INT8OID, INT8OID, INT4OID};
	Datum		values[4];
	int			pid = 0;
	bool		isnull;

	values[0] = ObjectIdGetDatum(MyDatabaseId);
	values[1] = Int64GetDatum(LOCK_CLASS_CLAIM);
	values[2] = Int64GetDatum((int64) (uint32) migration);
	values[3] = Int32GetDatum(PGROLL_LOCKTAG_KIND);

	SPI_connect();
	spi_execute("SELECT pid FROM pg_catalog.pg_locks"
				" WHERE locktype OPERATOR(pg_catalog.=) 'advisory'"
				" AND database OPERATOR(pg_catalog.=) $1"
				" AND classid::pg_catalog.int8 OPERATOR(pg_catalog.=) $2"
				" AND objid::pg_catalog.int8 OPERATOR(pg_catalog.=) $3"
				" AND objsubid OPERATOR(pg_catalog.=) $4"
				" AND granted",
				4, types, values, NULL, SPI_OK_SELECT);
	if (SPI_processed > 0)
		pid = DatumGetInt32(SPI_getbinval(SPI_tuptable->vals[0],
										  SPI_tuptable->tupdesc, 1, &isnull));
	SPI_finish();
	return pid;
}
