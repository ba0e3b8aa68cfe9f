/*-------------------------------------------------------------------------
 *
 * built_index.c
 *		What index tasks have built and nothing needs any more.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "catalog/index.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "operation/built_index.h"
#include "operation/partition_index.h"
#include "schema/catalog_object.h"
#include "schema/names.h"
#include "schema/object_model.h"
#include "state/tasks.h"

static List *new_indexes(int64 migration);
static bool is_expected(SchemaModel *model, Oid index);

void
built_indexes_rollback(SchemaModel *model, MigrationPlan *plan)
{
	ListCell   *lc;

	foreach(lc, new_indexes(model->migration))
	{
		if (!catalog_index_reads_own_column(lfirst_oid(lc), model->migration))
			built_index_drop(lfirst_oid(lc), PHASE_ROLLBACK, plan);
	}
}

void
built_indexes_complete(SchemaModel *model, MigrationPlan *plan)
{
	ListCell   *lc;

	foreach(lc, new_indexes(model->migration))
	{
		if (!is_expected(model, lfirst_oid(lc)))
			built_index_drop(lfirst_oid(lc), PHASE_COMPLETE, plan);
	}
}

void
built_indexes_release(int64 migration, List *relids, MigrationPlan *plan)
{
	ListCell   *lc;

	foreach(lc, new_indexes(migration))
	{
		if (list_member_oid(relids, IndexGetRelation(lfirst_oid(lc), false)))
			built_index_drop(lfirst_oid(lc), PHASE_ROLLBACK, plan);
	}
}

/*
 * What (Oid) the migration's tasks have built that stands for nothing, valid or not.
 * Others may call an index so, too: theirs is of another table.
 */
static List *
new_indexes(int64 migration)
{
	List	   *found = NIL;
	ListCell   *lc;

	foreach(lc, tasks_of_kind(migration, TASK_INDEX))
	{
		const Task *task = lfirst(lc);
		Oid			index = catalog_index_of_table(task->relation, task->object);

		if (OidIsValid(index) && name_is_new(task->object))
			found = list_append_unique_oid(found, index);
	}
	list_sort(found, list_oid_cmp);
	return found;
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

void
built_index_drop(Oid index, Phase phase, MigrationPlan *plan)
{
	Oid			table = IndexGetRelation(index, false);

	plan_step(plan, (Step) {
		.phase = phase,
		.command = psprintf("DROP INDEX %s", catalog_relation_name(index)),
		.lock = AccessExclusiveLock,
		.relation = table,
		.relation_name = catalog_relation_name(table),
		.also = list_make1_oid(index),
	});
}
