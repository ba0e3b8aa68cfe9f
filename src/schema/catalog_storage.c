/*-------------------------------------------------------------------------
 *
 * catalog_storage.c
 *		How and where a relation stores its rows.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/xlog.h"
#include "catalog/pg_class.h"
#include "commands/defrem.h"
#include "commands/tablespace.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "schema/catalog_object.h"
#include "schema/catalog_storage.h"

static char *options_text(Oid relid);
static char *toast_options(Oid toast);

char *
catalog_storage(Relation relation)
{
	return psprintf(UINT64_FORMAT "/%u/%u", GetSystemIdentifier(), MyDatabaseId,
					relation_file_number(relation));
}

char *
catalog_storage_of(Oid relid)
{
	Relation	relation = relation_open(relid, AccessShareLock);
	char	   *storage = catalog_storage(relation);

	relation_close(relation, AccessShareLock);
	return storage;
}

char *
catalog_storage_clauses(Relation relation)
{
	char	   *own = options_text(RelationGetRelid(relation));
	char	   *toast = OidIsValid(relation->rd_rel->reltoastrelid) ?
		toast_options(relation->rd_rel->reltoastrelid) : NULL;
	StringInfoData clauses;

	initStringInfo(&clauses);
	appendStringInfo(&clauses, " USING %s",
					 quote_identifier(get_am_name(relation->rd_rel->relam)));
	if (own != NULL || toast != NULL)
		appendStringInfo(&clauses, " WITH (%s%s%s)", own != NULL ? own : "",
						 own != NULL && toast != NULL ? ", " : "",
						 toast != NULL ? toast : "");
	if (OidIsValid(relation->rd_rel->reltablespace))
		appendStringInfo(&clauses, " TABLESPACE %s",
						 quote_identifier(get_tablespace_name(relation->rd_rel->reltablespace)));
	return clauses.data;
}

static char *
options_text(Oid relid)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	char	   *text = NULL;
	Datum		options;
	bool		isnull;

	if (!HeapTupleIsValid(tuple))
		return NULL;
	options = SysCacheGetAttr(RELOID, tuple, Anum_pg_class_reloptions, &isnull);
	if (!isnull)
		text = catalog_options_text(options);
	ReleaseSysCache(tuple);
	return text;
}

/* As the table that is toasted has them: "toast.autovacuum_enabled='off'" */
static char *
toast_options(Oid toast)
{
	char	   *options = options_text(toast);
	StringInfoData text;

	if (options == NULL)
		return NULL;
	initStringInfo(&text);
	appendStringInfoString(&text, "toast.");
	for (const char *c = options; *c != '\0'; c++)
	{
		appendStringInfoChar(&text, *c);
		/* No value of such an option has a comma. */
		if (c[0] == ' ' && c > options && c[-1] == ',')
			appendStringInfoString(&text, "toast.");
	}
	return text.data;
}

List *
catalog_matviews_named(const char *name)
{
	Relation	rel = table_open(RelationRelationId, AccessShareLock);
	NameData	wanted;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	List	   *found = NIL;

	namestrcpy(&wanted, name);
	ScanKeyInit(&key, Anum_pg_class_relname, BTEqualStrategyNumber, F_NAMEEQ,
				NameGetDatum(&wanted));
	scan = systable_beginscan(rel, ClassNameNspIndexId, true, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_class form = (Form_pg_class) GETSTRUCT(tuple);

		if (form->relkind == RELKIND_MATVIEW)
			found = lappend_oid(found, form->oid);
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return found;
}
