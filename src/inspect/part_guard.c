/*-------------------------------------------------------------------------
 *
 * part_guard.c
 *		The indexes of partitions that come to a table in flight.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/relation.h"
#include "catalog/index.h"
#include "catalog/namespace.h"
#include "catalog/partition.h"
#include "catalog/pg_class.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "ddl/index_part.h"
#include "inspect/guard_scope.h"
#include "inspect/part_guard.h"
#include "operation/partition_index.h"
#include "schema/catalog_read.h"
#include "schema/names.h"
#include "state/migration_tables.h"

/*
 * The partition that an ATTACH PARTITION attaches, and the indexes (Oid) that it had at
 * its start.  They stay until the next one, since an event trigger's own commands may come
 * in between.
 */
static Oid	attaching = InvalidOid;
static List *indexes_before = NIL;

static Oid	attached_table(const Node *command);
static List *indexes_of(Oid relid);
static void name_parts(List *lines, Oid relid);
static void name_part(List *lines, Oid index);
static void give_away_parts(List *lines, Oid whole);
static void check_is_built(Oid index, const GuardLine *line, Oid whole);
static const GuardLine *line_of_new(List *lines, const char *name);
static bool is_taken(Oid index, const char *name);

void
part_guard_note(const Node *command)
{
	Oid			partition = attached_table(command);
	MemoryContext caller;
	ListCell   *lc;

	if (!OidIsValid(partition))
		return;
	list_free(indexes_before);
	indexes_before = NIL;
	attaching = partition;
	foreach(lc, catalog_table_tree(partition))
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

	if (IsA(command, IndexStmt))
	{
		foreach(lc, relids)
			give_away_parts(lines, lfirst_oid(lc));
		return;
	}
	/* Of one whose start we have not seen, all may be the partition's own. */
	if (OidIsValid(attached_table(command)))
		relids = attached_table(command) == attaching ?
			catalog_table_tree(attaching) : NIL;
	else if (!IsA(command, CreateStmt) && !IsA(command, CreateSchemaStmt))
		relids = NIL;
	foreach(lc, relids)
	{
		char		relkind = get_rel_relkind(lfirst_oid(lc));

		if ((relkind == RELKIND_RELATION || relkind == RELKIND_PARTITIONED_TABLE) &&
			get_rel_relispartition(lfirst_oid(lc)))
			name_parts(lines, lfirst_oid(lc));
	}
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
			!list_member_oid(indexes_before, lfirst_oid(lc)))
			name_part(lines, lfirst_oid(lc));
	}
}

/* Where it is one of what a migration makes anew, and not of one that came with it. */
static void
name_part(List *lines, Oid index)
{
	Oid			parent = get_partition_parent(index, false);
	const GuardLine *line = line_of_new(lines, get_rel_name(parent));
	Oid			whole = IndexGetRelation(catalog_topmost(parent), false);
	const char *name = get_rel_name(index);
	char	   *wanted;

	if (line == NULL || !migration_concerns(line->migration, catalog_table_tree(whole)))
		return;
	wanted = name_new(line->migration, name);
	for (int i = 1; is_taken(index, wanted); i++)
		wanted = name_new(line->migration, psprintf("%s%d", name, i));
	index_part_rename(index, wanted);
}

/*
 * The server has taken what was built for a migration, and not attached yet, for parts of
 * somebody's new index.  It is that one's from now on, and the migration's is built again.
 */
static void
give_away_parts(List *lines, Oid whole)
{
	ListCell   *lc;

	foreach(lc, get_rel_relkind(whole) == RELKIND_PARTITIONED_INDEX &&
			!name_is_ours(get_rel_name(whole)) ? catalog_table_tree(whole) : NIL)
	{
		const char *name = get_rel_name(lfirst_oid(lc));
		const char *original;
		char	   *wanted;

		if (line_of_new(lines, name) == NULL)
			continue;
		check_is_built(lfirst_oid(lc), line_of_new(lines, name), whole);
		original = name_carried_original(name);
		wanted = pstrdup(original);
		for (int i = 1; is_taken(lfirst_oid(lc), wanted); i++)
			wanted = psprintf("%s%d", original, i);
		index_part_rename(lfirst_oid(lc), wanted);
	}
}

/* The server takes one whose building has failed, too; then the whole would not be valid. */
static void
check_is_built(Oid index, const GuardLine *line, Oid whole)
{
	if (get_rel_relkind(index) != RELKIND_INDEX || get_index_isvalid(index))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_PGROLL_PROTECTED),
			 errmsg("cannot create index \"%s\" now", get_rel_name(whole)),
			 errdetail("The migration \"%s\" of schema \"%s\" has an equal index of partition \"%s\" under way, which is not valid.",
					   line->name, line->base_schema,
					   get_rel_name(IndexGetRelation(index, false))),
			 errhint("Wait for the migration, retry it or roll it back first.")));
}

/* That whose migration makes the index of that name; NULL: none. */
static const GuardLine *
line_of_new(List *lines, const char *name)
{
	ListCell   *lc;

	foreach(lc, name_is_new(name) ? lines : NIL)
	{
		const GuardLine *line = lfirst(lc);

		if (name_is_of_migration(name, line->migration))
			return line;
	}
	return NULL;
}

/* By another relation of the index's schema. */
static bool
is_taken(Oid index, const char *name)
{
	return OidIsValid(get_relname_relid(name, get_rel_namespace(index)));
}
