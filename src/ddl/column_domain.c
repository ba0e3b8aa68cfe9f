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
#include "catalog/pg_database.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "ddl/column_domain.h"
#include "schema/names.h"
#include "support/spi.h"

static Oid	owner_of(Oid type);
static void set_domain(Oid relid, const char *column, Oid domain);

bool
column_domain_is_needed(Oid type)
{
	return get_typtype(type) == TYPTYPE_DOMAIN && domain_has_constraints(type);
}

char *
column_domain_sql(const char *table, const char *column, Oid domain)
{
	return psprintf("UPDATE pg_catalog.pg_attribute SET atttypid = %s::pg_catalog.regtype, atttypmod = -1 WHERE attrelid = %s::pg_catalog.regclass AND attname = %s",
					quote_literal_cstr(format_type_be_qualified(domain)),
					quote_literal_cstr(table), quote_literal_cstr(column));
}

bool
column_domain_accepts_null(Oid type)
{
	MemoryContext context = CurrentMemoryContext;
	volatile bool result = true;
	SecurityScope scope;

	if (!column_domain_is_needed(type))
		return true;
	restricted_begin(&scope, owner_of(type));
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
	restricted_end(&scope);
	return result;
}

static Oid
owner_of(Oid type)
{
	HeapTuple	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for type %u", type);
	owner = ((Form_pg_type) GETSTRUCT(tuple))->typowner;
	ReleaseSysCache(tuple);
	return owner;
}

void
column_domain_set(Oid relid, const char *column, Oid domain)
{
	AclResult	result = object_aclcheck(TypeRelationId, domain, GetUserId(), ACL_USAGE);
	ListCell   *lc;

	if (result != ACLCHECK_OK)
		aclcheck_error_type(result, domain);
	foreach(lc, find_all_inheritors(relid, AccessExclusiveLock, NULL))
		set_domain(lfirst_oid(lc), column, domain);
	CommandCounterIncrement();
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
	if (att->atttypid != getBaseType(domain) || att->atthasmissing || !name_is_ours(column))
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
