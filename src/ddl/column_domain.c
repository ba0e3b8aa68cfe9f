/*-------------------------------------------------------------------------
 *
 * column_domain.c
 *		Columns whose type is a domain with constraints.
 *
 * ALTER TABLE rewrites the table for such a column, under its lock, though all that
 * it stores is NULL.  We add the column with the type below the domain, whose values
 * are stored alike, and put the domain into the catalog afterwards.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/indexing.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "ddl/column_domain.h"
#include "ddl/ddl_execute.h"
#include "schema/names.h"

PG_FUNCTION_INFO_V1(pgroll_column_becomes_domain);

static void set_domain(Oid relid, const char *column, Oid domain);

bool
column_domain_is_needed(Oid type)
{
	return get_typtype(type) == TYPTYPE_DOMAIN && domain_has_constraints(type);
}

char *
column_domain_sql(const char *table, const char *column, Oid domain)
{
	return psprintf("SELECT pgroll_c.column_becomes_domain(%s, %s, %s)",
					quote_literal_cstr(table), quote_literal_cstr(column),
					quote_literal_cstr(format_type_be_qualified(domain)));
}

bool
column_domain_accepts_null(Oid type)
{
	MemoryContext context = CurrentMemoryContext;
	volatile bool result = true;

	if (!column_domain_is_needed(type))
		return true;
	PG_TRY();
	{
		domain_check((Datum) 0, true, type, NULL, NULL);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		if (ERRCODE_TO_CATEGORY(geterrcode()) != ERRCODE_INTEGRITY_CONSTRAINT_VIOLATION)
			PG_RE_THROW();
		FlushErrorState();
		result = false;
	}
	PG_END_TRY();
	return result;
}

/*
 * pgroll_c.column_becomes_domain(table regclass, column name, domain regtype)
 *
 * For steps of ours alone: whoever else called it could put values into a domain that
 * its constraints refuse.
 */
Datum
pgroll_column_becomes_domain(PG_FUNCTION_ARGS)
{
	Oid			relid = PG_GETARG_OID(0);
	char	   *column = NameStr(*PG_GETARG_NAME(1));
	Oid			domain = PG_GETARG_OID(2);
	ListCell   *lc;

	if (ddl_execute_origin() != DDL_OWN || !name_is_ours(column))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("column_becomes_domain() is for the steps of migrations"),
				 errhint("Use ALTER TABLE.")));
	if (!object_ownercheck(RelationRelationId, relid, GetUserId()))
		aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_TABLE, get_rel_name(relid));
	foreach(lc, find_all_inheritors(relid, AccessExclusiveLock, NULL))
		set_domain(lfirst_oid(lc), column, domain);
	CommandCounterIncrement();
	PG_RETURN_VOID();
}

static void
set_domain(Oid relid, const char *column, Oid domain)
{
	Relation	catalog = table_open(AttributeRelationId, RowExclusiveLock);
	HeapTuple	tuple = SearchSysCacheCopyAttName(relid, column);
	Form_pg_attribute att;
	ObjectAddress referenced;
	ObjectAddress self;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for column \"%s\" of relation %u", column, relid);
	att = (Form_pg_attribute) GETSTRUCT(tuple);
	if (att->atttypid != getBaseType(domain))
		elog(ERROR, "type of column \"%s\" is not the one below domain %u", column, domain);
	att->atttypid = domain;
	att->atttypmod = -1;
	CatalogTupleUpdate(catalog, &tuple->t_self, tuple);
	ObjectAddressSubSet(self, RelationRelationId, relid, att->attnum);
	ObjectAddressSet(referenced, TypeRelationId, domain);
	recordDependencyOn(&self, &referenced, DEPENDENCY_NORMAL);
	heap_freetuple(tuple);
	table_close(catalog, RowExclusiveLock);
}
