/*-------------------------------------------------------------------------
 *
 * grant_guard.c
 *		Privileges on columns that are changed in flight.
 *
 * A version's views check the privileges of whoever asks on the columns that
 * they read, and nobody can be expected to grant those of a shadow column.
 * What is granted on a table as a whole holds for its shadows, too.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "utils/lsyscache.h"

#include "ddl/ddl_execute.h"
#include "ddl/grants.h"
#include "inspect/grant_guard.h"
#include "schema/catalog_dependent.h"
#include "schema/catalog_object.h"
#include "support/spi.h"
#include "versioning/edge.h"

static bool names_columns(const GrantStmt *stmt);
static void follow_on_table(Oid relid);
static void follow_on_column(Oid relid, const char *old, const char *shadow);

void
grant_guard_follow(const GrantStmt *stmt)
{
	ListCell   *lc;

	if (stmt->targtype != ACL_TARGET_OBJECT || stmt->objtype != OBJECT_TABLE ||
		!names_columns(stmt))
		return;
	CommandCounterIncrement();
	foreach(lc, stmt->objects)
	{
		Oid			relid = RangeVarGetRelid(lfirst(lc), NoLock, true);

		if (OidIsValid(relid))
			follow_on_table(relid);
	}
}

static bool
names_columns(const GrantStmt *stmt)
{
	ListCell   *lc;

	foreach(lc, stmt->privileges)
	{
		if (((AccessPriv *) lfirst(lc))->cols != NIL)
			return true;
	}
	return false;
}

static void
follow_on_table(Oid relid)
{
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, edge_migrations_of_table(relid))
	{
		foreach(lc2, ((EdgeMigration *) lfirst(lc))->edges)
		{
			Edge	   *edge = lfirst(lc2);

			/* Both halves: the second column is the new form of the first. */
			if (edge->up != NULL && edge->down != NULL)
				follow_on_column(relid, edge->down->column, edge->up->column);
		}
	}
}

/* Whoever granted with a grant option can't take back what the owner gave. */
static void
follow_on_column(Oid relid, const char *old, const char *shadow)
{
	SecurityScope scope;
	ListCell   *lc;

	restricted_begin(&scope, catalog_relation_owner(relid));
	foreach(lc, grant_follow_column(relid, get_attnum(relid, old), shadow,
									catalog_relation_name(relid)))
		ddl_execute_own(lfirst(lc));
	restricted_end(&scope);
}
