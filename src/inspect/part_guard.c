/*-------------------------------------------------------------------------
 *
 * part_guard.c
 *		The indexes of partitions that come to a table in flight.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/relation.h"
#include "catalog/namespace.h"
#include "catalog/partition.h"
#include "catalog/pg_class.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "ddl/index_part.h"
#include "inspect/guard_scope.h"
#include "inspect/part_guard.h"
#include "schema/catalog_read.h"
#include "schema/names.h"

/*
 * The ATTACH PARTITION that runs, and the indexes (Oid) that the partition had at its
 * start.  Where it failed, the pointer is stale until the next command begins.
 */
static const Node *attaching = NULL;
static List *indexes_before = NIL;

static Oid	attached_table(const Node *command);
static List *indexes_of(Oid relid);
static void name_parts(List *lines, Oid relid);
static void name_part(List *lines, Oid index);

void
part_guard_note(const Node *command)
{
	Oid			partition = attached_table(command);
	MemoryContext caller;
	ListCell   *lc;

	list_free(indexes_before);
	indexes_before = NIL;
	attaching = OidIsValid(partition) ? command : NULL;
	foreach(lc, attaching != NULL ? catalog_table_tree(partition) : NIL)
	{
		List	   *indexes = indexes_of(lfirst_oid(lc));

		caller = MemoryContextSwitchTo(TopMemoryContext);
		indexes_before = list_concat(indexes_before, indexes);
		MemoryContextSwitchTo(caller);
	}
}

void
part_guard_name(List *lines, const Node *command, List *relids)
{
	ListCell   *lc;

	/* Of one whose start we have not seen, all may be the partition's own. */
	if (command == attaching)
		relids = catalog_table_tree(attached_table(command));
	else if (!IsA(command, CreateStmt) && !IsA(command, CreateSchemaStmt))
		relids = NIL;
	foreach(lc, relids)
	{
		char		relkind = get_rel_relkind(lfirst_oid(lc));

		if ((relkind == RELKIND_RELATION || relkind == RELKIND_PARTITIONED_TABLE) &&
			get_rel_relispartition(lfirst_oid(lc)))
			name_parts(lines, lfirst_oid(lc));
	}
	attaching = NULL;
}

/* The table that the command attaches; InvalidOid: none. */
static Oid
attached_table(const Node *command)
{
	const AlterTableStmt *stmt = (const AlterTableStmt *) command;
	const AlterTableCmd *cmd;

	if (!IsA(command, AlterTableStmt) || stmt->objtype != OBJECT_TABLE)
		return InvalidOid;
	cmd = linitial(stmt->cmds);
	if (cmd->subtype != AT_AttachPartition)
		return InvalidOid;
	return RangeVarGetRelid(((PartitionCmd *) cmd->def)->name, NoLock, true);
}

static List *
indexes_of(Oid relid)
{
	Relation	rel = try_relation_open(relid, AccessShareLock);
	List	   *indexes;

	if (rel == NULL)
		return NIL;
	indexes = rel->rd_rel->relhasindex ? RelationGetIndexList(rel) : NIL;
	relation_close(rel, AccessShareLock);
	return indexes;
}

static void
name_parts(List *lines, Oid relid)
{
	ListCell   *lc;

	foreach(lc, indexes_of(relid))
	{
		if (get_rel_relispartition(lfirst_oid(lc)) &&
			!name_is_ours(get_rel_name(lfirst_oid(lc))) &&
			!(attaching != NULL && list_member_oid(indexes_before, lfirst_oid(lc))))
			name_part(lines, lfirst_oid(lc));
	}
}

/* Where it is one of what a migration makes anew, and not of one that came with it. */
static void
name_part(List *lines, Oid index)
{
	const char *whole = get_rel_name(get_partition_parent(index, false));
	char	   *name = get_rel_name(index);
	ListCell   *lc;

	foreach(lc, name_is_new(whole) ? lines : NIL)
	{
		const GuardLine *line = lfirst(lc);
		char	   *wanted = name_new(line->migration, name);

		if (!name_is_of_migration(whole, line->migration))
			continue;
		for (int i = 1; OidIsValid(get_relname_relid(wanted, get_rel_namespace(index))); i++)
			wanted = name_new(line->migration, psprintf("%s%d", name, i));
		index_part_rename(index, wanted);
	}
}
