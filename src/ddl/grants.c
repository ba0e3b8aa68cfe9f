/*-------------------------------------------------------------------------
 *
 * grants.c
 *		GRANT statements that repeat the access list of another object.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "nodes/value.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "ddl/grants.h"

static const struct
{
	AclMode		privilege;
	const char *name;
	bool		of_column;
	bool		of_view;
	bool		of_schema;
}			privileges[] = {
	{ACL_SELECT, "SELECT", true, true, false},
	{ACL_INSERT, "INSERT", true, true, false},
	{ACL_UPDATE, "UPDATE", true, true, false},
	{ACL_REFERENCES, "REFERENCES", true, true, false},
	{ACL_DELETE, "DELETE", false, true, false},
	{ACL_TRUNCATE, "TRUNCATE", false, true, false},
	{ACL_TRIGGER, "TRIGGER", false, true, false},
	{ACL_USAGE, "USAGE", false, false, true},
};

static List *grants_as_text(List *parts, const char *column, const char *table);
static char *grant_sql(const GrantPart *part, const char *names,
					   const char *object);
static char *revoke_column_sql(const GrantPart *part, const char *column,
							   const char *object);

char *
grant_column_sql(const GrantPart *part, const char *column, const char *object)
{
	StringInfoData names;

	initStringInfo(&names);
	for (int i = 0; i < lengthof(privileges); i++)
	{
		if (privileges[i].of_column && (part->privileges & privileges[i].privilege) != 0)
			appendStringInfo(&names, "%s%s (%s)", names.len > 0 ? ", " : "",
							 privileges[i].name, quote_identifier(column));
	}
	return grant_sql(part, names.data, object);
}

List *
grant_follow_column(Oid relid, AttrNumber from, const char *to, const char *table)
{
	List	   *present = catalog_column_grants(relid, get_attnum(relid, to));
	List	   *wanted = grants_as_text(catalog_column_grants(relid, from), to, table);
	List	   *statements = NIL;
	ListCell   *lc;

	if (equal(wanted, grants_as_text(present, to, table)))
		return NIL;
	foreach(lc, present)
		statements = lappend(statements, revoke_column_sql(lfirst(lc), to, table));
	foreach(lc, wanted)
		statements = lappend(statements, strVal(lfirst(lc)));
	return statements;
}

/* GRANTs (String *) of the parts on a column. */
static List *
grants_as_text(List *parts, const char *column, const char *table)
{
	List	   *texts = NIL;
	ListCell   *lc;

	foreach(lc, parts)
		texts = lappend(texts, makeString(grant_column_sql(lfirst(lc), column, table)));
	return texts;
}

char *
revoke_all_sql(const GrantPart *part, const char *object)
{
	return psprintf("REVOKE ALL ON %s FROM %s", object, part->grantee);
}

/* Takes everything on the column from the grantee of part. */
static char *
revoke_column_sql(const GrantPart *part, const char *column, const char *object)
{
	return psprintf("REVOKE ALL (%s) ON %s FROM %s", quote_identifier(column),
					object, part->grantee);
}

char *
grant_view_sql(const GrantPart *part, const char *object)
{
	StringInfoData names;

	initStringInfo(&names);
	for (int i = 0; i < lengthof(privileges); i++)
	{
		if (privileges[i].of_view && (part->privileges & privileges[i].privilege) != 0)
			appendStringInfo(&names, "%s%s", names.len > 0 ? ", " : "",
							 privileges[i].name);
	}
	return names.len > 0 ? grant_sql(part, names.data, object) : NULL;
}

char *
grant_sequence_sql(const GrantPart *part, const char *sequence)
{
	static const AclMode modes[] = {ACL_USAGE, ACL_SELECT, ACL_UPDATE};
	static const char *const names[] = {"USAGE", "SELECT", "UPDATE"};
	StringInfoData list;

	initStringInfo(&list);
	for (int i = 0; i < lengthof(modes); i++)
	{
		if ((part->privileges & modes[i]) != 0)
			appendStringInfo(&list, "%s%s", list.len > 0 ? ", " : "", names[i]);
	}
	return list.len > 0 ? grant_sql(part, list.data, psprintf("SEQUENCE %s", sequence)) :
		NULL;
}

char *
grant_schema_sql(const GrantPart *part, const char *schema)
{
	if ((part->privileges & ACL_USAGE) == 0)
		return NULL;
	return grant_sql(part, "USAGE", psprintf("SCHEMA %s", schema));
}

static char *
grant_sql(const GrantPart *part, const char *names, const char *object)
{
	return psprintf("GRANT %s ON %s TO %s%s", names, object, part->grantee,
					part->grantable ? " WITH GRANT OPTION" : "");
}
