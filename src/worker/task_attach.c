/*-------------------------------------------------------------------------
 *
 * task_attach.c
 *		Make the index of a partitioned table of those of its partitions.
 *
 * A foreign key can reference a new key only by the index of the whole table, and ON
 * CONFLICT finds no other.  So that is made before the completion: an entry in the
 * catalogs over no rows, to which the partitions' indexes, built before, are attached one
 * by one.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/table.h"
#include "catalog/index.h"
#include "catalog/namespace.h"
#include "catalog/partition.h"
#include "catalog/pg_class.h"
#include "nodes/parsenodes.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "ddl/index_part.h"
#include "schema/catalog_constraint.h"
#include "schema/catalog_object.h"
#include "support/spi.h"
#include "worker/task_locked.h"

static ErrorData *run_attach(TaskRunner *runner, const MigrationRow *migration,
							 const Task *task);
static void attach(void *arg);
static void execute(const Task *task);
static List *locks_for(const Task *task);
static List *locks_to_create(const Task *task, const IndexStmt *create);
static List *locks_to_attach(const Task *task, const AlterTableStmt *alter);

const TaskOps task_attach_ops = {
	.run = run_attach,
};

static ErrorData *
run_attach(TaskRunner *runner, const MigrationRow *migration, const Task *task)
{
	return task_locked_run(runner, migration, task, attach, ShareLock, "index");
}

/* A TaskBody.  A crash may have come between the statement and the task's end. */
static void
attach(void *arg)
{
	const LockedTask *locked = arg;
	const Task *task = locked->task;
	List	   *requests = locks_for(task);
	SecurityScope scope;

	if (requests == NIL)
		return;
	restricted_begin(&scope, migration_role(locked->migration, false));
	task_locked_acquire(requests);
	if (locks_for(task) != NIL)
		execute(task);
	restricted_end(&scope);
}

/* The whole may be there, and only not valid since a partition without a part is gone. */
static void
execute(const Task *task)
{
	Oid			index = catalog_index_of_table(task->relation, task->object);

	if (OidIsValid(index) && IsA(task_locked_statement(task), IndexStmt))
		index_part_validate(index);
	else
		task_locked_execute(task);
}

/*
 * What the statement locks (LockRequest *); NIL where it has nothing to do: it was run
 * already, or nobody wants the index any more, or something that it names is gone or
 * called otherwise, so that it is planned again before the migration is ready.
 */
static List *
locks_for(const Task *task)
{
	Relation	relation = try_table_open(task->relation, AccessShareLock);
	Node	   *statement;

	if (relation == NULL)
		return NIL;
	table_close(relation, AccessShareLock);
	if (!catalog_carried_is_wanted(task->relation, task->migration, task->object))
		return NIL;
	statement = task_locked_statement(task);
	return IsA(statement, IndexStmt) ?
		locks_to_create(task, castNode(IndexStmt, statement)) :
		locks_to_attach(task, castNode(AlterTableStmt, statement));
}

static List *
locks_to_create(const Task *task, const IndexStmt *create)
{
	Oid			index = catalog_index_of_table(task->relation, task->object);

	if (RangeVarGetRelid(create->relation, NoLock, true) != task->relation ||
		(OidIsValid(index) && get_index_isvalid(index)))
		return NIL;
	return task_locked_request(NIL, task->relation, ShareLock);
}

/*
 * The relation is the partition whose index is attached.  One that is not valid could not
 * be built again then.
 */
static List *
locks_to_attach(const Task *task, const AlterTableStmt *alter)
{
	PartitionCmd *command = castNode(PartitionCmd,
									 linitial_node(AlterTableCmd, alter->cmds)->def);
	Oid			whole = RangeVarGetRelid(alter->relation, NoLock, true);
	Oid			index = catalog_index_of_table(task->relation, task->object);

	if (!OidIsValid(whole) || !OidIsValid(index) || !get_rel_relispartition(task->relation) ||
		get_rel_relispartition(index) ||
		IndexGetRelation(whole, true) != get_partition_parent(task->relation, true) ||
		RangeVarGetRelid(command->name, NoLock, true) != index ||
		(get_rel_relkind(index) == RELKIND_INDEX && !get_index_isvalid(index)))
		return NIL;
	return task_locked_request(task_locked_request(NIL, whole, ShareUpdateExclusiveLock),
							   index, AccessExclusiveLock);
}
