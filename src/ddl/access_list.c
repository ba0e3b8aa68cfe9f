/*-------------------------------------------------------------------------
 *
 * access_list.c
 *		Access lists with grantors of their own, put back as they were.
 *
 * The list goes into the catalog as it is, as when the server gives an object
 * another owner: the items of a list need not stand in an order in which they could
 * be granted one by one, and nobody's code runs as the grantor.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/varlena.h"

#include "ddl/access_list.h"
#include "schema/catalog_dependent.h"

static Acl *read_list(Oid relid, AttrNumber attnum);
static void write_list(Oid catalog_id, HeapTuple tuple, int natts, AttrNumber number,
					   Acl *acl);

Acl *
access_list_of_grantors(Oid relid, AttrNumber attnum)
{
	Acl		   *acl = read_list(relid, attnum);
	Oid			owner = catalog_relation_owner(relid);

	for (int i = 0; acl != NULL && i < ACL_NUM(acl); i++)
	{
		if (ACL_DAT(acl)[i].ai_grantor != owner)
			return acl;
	}
	return NULL;
}

void
plan_access_list(MigrationPlan *plan, Phase phase, int operation, Oid locked,
				 const char *relation, const char *column, Acl *acl)
{
	char	   *text = quote_literal_cstr(OidOutputFunctionCall(F_ARRAY_OUT,
																PointerGetDatum(acl)));
	char	   *name = quote_literal_cstr(relation);

	plan_step(plan, (Step) {
		.phase = phase,
		.operation = operation,
		.command = column == NULL ?
			psprintf("UPDATE pg_catalog.pg_class SET relacl = %s WHERE oid = %s::pg_catalog.regclass",
					 text, name) :
			psprintf("UPDATE pg_catalog.pg_attribute SET attacl = %s WHERE attrelid = %s::pg_catalog.regclass AND attname = %s",
					 text, name, quote_literal_cstr(column)),
		.lock = AccessExclusiveLock,
		.relation = locked,
		.relation_name = pstrdup(relation),
		.access_list = acl,
		.access_column = column == NULL ? NULL : pstrdup(column),
	});
}

void
access_list_set(const char *relation, const char *column, Acl *acl)
{
	RangeVar   *name = makeRangeVarFromNameList(textToQualifiedNameList(cstring_to_text(relation)));
	Oid			relid = RangeVarGetRelid(name, AccessExclusiveLock, false);
	AttrNumber	attnum = column == NULL ? 0 : get_attnum(relid, column);
	Acl		   *old = read_list(relid, attnum);
	HeapTuple	tuple;
	Oid		   *old_members = NULL;
	Oid		   *members;
	int			n_old = old == NULL ? 0 : aclmembers(old, &old_members);
	int			n = aclmembers(acl, &members);

	if (!object_ownercheck(RelationRelationId, relid, GetUserId()))
		aclcheck_error(ACLCHECK_NOT_OWNER,
					   get_relkind_objtype(get_rel_relkind(relid)), relation);
	tuple = column == NULL ?
		SearchSysCacheCopy1(RELOID, ObjectIdGetDatum(relid)) :
		SearchSysCacheCopyAttName(relid, column);
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for the access list of %s", relation);
	if (column == NULL)
		write_list(RelationRelationId, tuple, Natts_pg_class, Anum_pg_class_relacl, acl);
	else
		write_list(AttributeRelationId, tuple, Natts_pg_attribute,
				   Anum_pg_attribute_attacl, acl);
	/* Locks the roles, and raises an error where one has gone. */
	updateAclDependencies(RelationRelationId, relid, attnum, catalog_relation_owner(relid), n_old,
						  old_members, n, members);
	InvokeObjectPostAlterHook(RelationRelationId, relid, attnum);
	CommandCounterIncrement();
}

/* NULL where it is the default, or there is no such column. */
static Acl *
read_list(Oid relid, AttrNumber attnum)
{
	int			cache = attnum > 0 ? ATTNUM : RELOID;
	HeapTuple	tuple = attnum > 0 ?
		SearchSysCache2(ATTNUM, ObjectIdGetDatum(relid), Int16GetDatum(attnum)) :
		SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	Acl		   *acl = NULL;
	Datum		value;
	bool		isnull;

	if (!HeapTupleIsValid(tuple))
		return NULL;
	value = SysCacheGetAttr(cache, tuple, attnum > 0 ? Anum_pg_attribute_attacl :
							Anum_pg_class_relacl, &isnull);
	if (!isnull)
		acl = DatumGetAclPCopy(value);
	ReleaseSysCache(tuple);
	return acl;
}

static void
write_list(Oid catalog_id, HeapTuple tuple, int natts, AttrNumber number, Acl *acl)
{
	Relation	catalog = table_open(catalog_id, RowExclusiveLock);
	Datum	   *values = palloc0(natts * sizeof(Datum));
	bool	   *nulls = palloc0(natts * sizeof(bool));
	bool	   *replaces = palloc0(natts * sizeof(bool));
	HeapTuple	changed;

	values[number - 1] = PointerGetDatum(acl);
	replaces[number - 1] = true;
	changed = heap_modify_tuple(tuple, RelationGetDescr(catalog), values, nulls, replaces);
	CatalogTupleUpdate(catalog, &changed->t_self, changed);
	table_close(catalog, RowExclusiveLock);
}
