/*-------------------------------------------------------------------------
 *
 * spi.c
 *		Our own statements through SPI, and whose rights they run with.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_extension.h"
#include "miscadmin.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"

#include "support/guc.h"
#include "support/spi.h"

static Oid	extension_owner(void);
static void scope_begin(SecurityScope *scope, Oid user, int sec_context);

void
owner_begin(SecurityScope *scope)
{
	scope_begin(scope, extension_owner(), SECURITY_LOCAL_USERID_CHANGE);
}

void
owner_end(SecurityScope *scope)
{
	AtEOXact_GUC(false, scope->guc_level);
	SetUserIdAndSecContext(scope->user, scope->sec_context);
}

void
restricted_begin(SecurityScope *scope, Oid user)
{
	scope_begin(scope, user,
				SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
}

void
restricted_end(SecurityScope *scope)
{
	owner_end(scope);
}

void
caller_begin(SecurityScope *scope)
{
	scope_begin(scope, GetUserId(), 0);
}

void
caller_end(SecurityScope *scope)
{
	owner_end(scope);
}

void
spi_execute(const char *command, int nargs, Oid *types, Datum *values,
			const char *nulls, int expected)
{
	int			result = SPI_execute_with_args(command, nargs, types, values,
											   nulls, false, 0);

	if (result != expected)
		elog(ERROR, "statement \"%s\" returned %s", command,
			 SPI_result_code_string(result));
}

void
spi_select(const char *query, int nargs, Oid *types, Datum *values)
{
	int			result = SPI_execute_with_args(query, nargs, types, values,
											   NULL, true, 0);

	if (result != SPI_OK_SELECT)
		elog(ERROR, "query \"%s\" returned %s", query,
			 SPI_result_code_string(result));
}

char *
spi_fetch_text(const char *query, Oid type, Datum value)
{
	MemoryContext caller = CurrentMemoryContext;
	char	   *result = NULL;

	SPI_connect();
	spi_execute(query, 1, &type, &value, NULL, SPI_OK_SELECT);
	if (SPI_processed > 0)
		result = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
	if (result != NULL)
		result = MemoryContextStrdup(caller, result);
	SPI_finish();
	return result;
}

char *
spi_text(uint64 row, int column)
{
	char	   *text = SPI_getvalue(SPI_tuptable->vals[row], SPI_tuptable->tupdesc,
									column);

	return text == NULL ? "" : text;
}

static void
scope_begin(SecurityScope *scope, Oid user, int sec_context)
{
	GetUserIdAndSecContext(&scope->user, &scope->sec_context);
	scope->guc_level = NewGUCNestLevel();
	SetUserIdAndSecContext(user, scope->sec_context | sec_context);
	guc_set_local("search_path", PGROLL_SEARCH_PATH);
}

/* The role that owns the extension, and with it the state tables. */
static Oid
extension_owner(void)
{
	Relation	rel = table_open(ExtensionRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	Oid			owner;

	ScanKeyInit(&key, Anum_pg_extension_extname, BTEqualStrategyNumber,
				F_NAMEEQ, CStringGetDatum("pgroll_c"));
	scan = systable_beginscan(rel, ExtensionNameIndexId, true, NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (!HeapTupleIsValid(tuple))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("extension \"pgroll_c\" is not installed in this database"),
				 errhint("Run CREATE EXTENSION pgroll_c.")));
	owner = ((Form_pg_extension) GETSTRUCT(tuple))->extowner;
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return owner;
}
