/*-------------------------------------------------------------------------
 *
 * built_index.c
 *		What has been built of new indexes and nothing needs any more.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "catalog/index.h"
#include "catalog/partition.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "ddl/index_part.h"
#include "operation/built_index.h"
#include "operation/operation_util.h"
#include "operation/partition_index.h"
#include "schema/catalog_object.h"
#include "schema/catalog_read.h"
#include "schema/names.h"
#include "schema/object_model.h"
#include "state/tasks.h"

static List *new_indexes(int64 migration);
static List *new_indexes_of_kind(int64 migration, TaskKind kind);
static List *indexes_called_new(int64 migration, Oid relid);
static void drop_topmost(int64 migration, List *indexes, MigrationPlan *plan);
static void release_others(int64 migration, Oid whole, MigrationPlan *plan);
static bool is_expected(SchemaModel *model, Oid index);

void
built_indexes_rollback(SchemaModel *model, MigrationPlan *plan)
{
	List	   *found = NIL;
	ListCell   *lc;

	foreach(lc, new_indexes(model->migration))
	{
		if (!catalog_index_reads_own_column(lfirst_oid(lc), model->migration))
			found = lappend_oid(found, lfirst_oid(lc));
	}
	drop_topmost(model->migration, found, plan);
}

void
built_indexes_complete(SchemaModel *model, MigrationPlan *plan)
{
	List	   *left = NIL;
	ListCell   *lc;

	foreach(lc, new_indexes(model->migration))
	{
		if (!is_expected(model, lfirst_oid(lc)))
			left = lappend_oid(left, lfirst_oid(lc));
	}
	foreach(lc, left)
	{
		Oid			index = lfirst_oid(lc);
		Oid			whole = get_rel_relispartition(index) ?
			get_partition_parent(index, false) : InvalidOid;

		if (list_member_oid(left, whole))
			continue;
		/* Of a partition whose concurrent detaching waits to be finished. */
		if (OidIsValid(whole))
			built_index_release(index, catalog_relation_name(whole), PHASE_COMPLETE, plan);
		built_index_drop(index, PHASE_COMPLETE, plan);
	}
}

void
built_indexes_release(int64 migration, List *relids, MigrationPlan *plan)
{
	List	   *found = NIL;
	ListCell   *lc;

	foreach(lc, new_indexes(migration))
	{
		if (list_member_oid(relids, IndexGetRelation(lfirst_oid(lc), false)))
			found = lappend_oid(found, lfirst_oid(lc));
	}
	foreach(lc, relids)
		found = list_concat_unique_oid(found, indexes_called_new(migration,
																 lfirst_oid(lc)));
	drop_topmost(migration, found, plan);
}

/*
 * What (Oid) the migration's tasks have built that stands for nothing, valid or not.
 * Others may call an index so, too: theirs is of another table.
 */
static List *
new_indexes(int64 migration)
{
	List	   *found = list_concat_unique_oid(new_indexes_of_kind(migration, TASK_INDEX),
											   new_indexes_of_kind(migration, TASK_ATTACH));

	list_sort(found, list_oid_cmp);
	return found;
}

static List *
new_indexes_of_kind(int64 migration, TaskKind kind)
{
	List	   *found = NIL;
	ListCell   *lc;

	foreach(lc, tasks_of_kind(migration, kind))
	{
		const Task *task = lfirst(lc);
		Oid			index = catalog_index_of_table(task->relation, task->object);

		if (OidIsValid(index) && name_is_new(task->object))
			found = list_append_unique_oid(found, index);
	}
	return found;
}

/* Those (Oid) of a table of the migration's, also where the server has made them. */
static List *
indexes_called_new(int64 migration, Oid relid)
{
	List	   *found = NIL;
	ListCell   *lc;

	foreach(lc, catalog_indexes(relid))
	{
		const IndexFacts *facts = lfirst(lc);

		if (name_is_new(facts->name) && name_is_of_migration(facts->name, migration))
			found = lappend_oid(found, facts->oid);
	}
	return found;
}

/* What is attached to another goes with that one. */
static void
drop_topmost(int64 migration, List *indexes, MigrationPlan *plan)
{
	ListCell   *lc;

	foreach(lc, indexes)
	{
		if (get_rel_relispartition(lfirst_oid(lc)))
			continue;
		release_others(migration, lfirst_oid(lc), plan);
		built_index_drop(lfirst_oid(lc), PHASE_ROLLBACK, plan);
	}
}

/* The partitions' own stay. */
static void
release_others(int64 migration, Oid whole, MigrationPlan *plan)
{
	ListCell   *lc;

	foreach(lc, get_rel_relkind(whole) == RELKIND_PARTITIONED_INDEX ?
			find_inheritance_children(whole, NoLock) : NIL)
	{
		if (name_is_of_migration(get_rel_name(lfirst_oid(lc)), migration))
			release_others(migration, lfirst_oid(lc), plan);
		else
			built_index_release(lfirst_oid(lc), catalog_relation_name(whole),
								PHASE_ROLLBACK, plan);
	}
}

/* Does the completion make something of it? */
static bool
is_expected(SchemaModel *model, Oid index)
{
	TableModel *table = model_table_of(model, IndexGetRelation(index, false));
	char	   *name = get_rel_name(index);
	ListCell   *lc;

	foreach(lc, table != NULL ? table->objects : NIL)
	{
		ObjectModel *object = lfirst(lc);

		if (object->stored == NULL &&
			strcmp(name_new(model->migration, object->name), name) == 0)
			return true;
	}
	return index_members_have(model, index);
}

/* With those that are attached to it, and the locks of all their tables. */
void
built_index_drop(Oid index, Phase phase, MigrationPlan *plan)
{
	Oid			table = IndexGetRelation(index, false);
	List	   *also = catalog_table_tree(index);

	if (get_rel_relkind(index) == RELKIND_PARTITIONED_INDEX)
		also = list_concat(also, operation_other_members(table));
	plan_step(plan, (Step) {
		.phase = phase,
		.command = psprintf("DROP INDEX %s", catalog_relation_name(index)),
		.lock = AccessExclusiveLock,
		.relation = table,
		.relation_name = catalog_relation_name(table),
		.also = also,
	});
}

void
built_index_release(Oid index, const char *whole, Phase phase, MigrationPlan *plan)
{
	char	   *part = catalog_relation_name(index);

	plan_step(plan, (Step) {
		.phase = phase,
		.command = index_part_release_sql(whole, part),
		.lock = AccessExclusiveLock,
		.relation = index,
		.relation_name = part,
		.index_part = index,
	});
}
