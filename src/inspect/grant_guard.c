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

#include "access/relation.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "commands/trigger.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "ddl/ddl_execute.h"
#include "ddl/grants.h"
#include "inspect/grant_guard.h"
#include "schema/catalog_object.h"
#include "support/spi.h"
#include "versioning/edge.h"

static bool names_columns(const GrantStmt *stmt);
static void follow_on_table(Oid relid);
static List *edges_of(Oid relid, Oid *owner);
static void follow_on_column(Oid relid, Oid owner, const char *old,
							 const char *shadow);

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
	Oid			owner;
	ListCell   *lc;

	foreach(lc, edges_of(relid, &owner))
	{
		Edge	   *edge = lfirst(lc);

		/* Both halves: the second column is the new form of the first. */
		if (edge->up != NULL && edge->down != NULL)
			follow_on_column(relid, owner, edge->down->column, edge->up->column);
	}
}

static List *
edges_of(Oid relid, Oid *owner)
{
	Relation	rel = relation_open(relid, AccessShareLock);
	TriggerDesc *triggers = CopyTriggerDesc(rel->trigdesc);
	List	   *edges = NIL;
	ListCell   *lc;

	*owner = rel->rd_rel->relowner;
	relation_close(rel, AccessShareLock);
	for (int i = 0; triggers != NULL && edges == NIL && i < triggers->numtriggers; i++)
	{
		if (!trigger_is_dual_write(&triggers->triggers[i]))
			continue;
		foreach(lc, edge_migrations_from_trigger(&triggers->triggers[i]))
			edges = list_concat(edges, ((EdgeMigration *) lfirst(lc))->edges);
	}
	return edges;
}

/* Whoever granted with a grant option can't take back what the owner gave. */
static void
follow_on_column(Oid relid, Oid owner, const char *old, const char *shadow)
{
	SecurityScope scope;
	ListCell   *lc;

	restricted_begin(&scope, owner);
	foreach(lc, grant_follow_column(relid, get_attnum(relid, old), shadow,
									catalog_relation_name(relid)))
		ddl_execute_own(lfirst(lc));
	restricted_end(&scope);
}
