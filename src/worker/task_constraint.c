/*-------------------------------------------------------------------------
 *
 * task_constraint.c
 *		Add a foreign key, NOT VALID, that references the new form of a key.
 *
 * The statement is a change of the catalogs alone, but it keeps writers from both
 * tables.  It runs with the rights of the role that started the migration, which may
 * act as the owner of both.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "nodes/parsenodes.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "schema/catalog_constraint.h"
#include "schema/catalog_object.h"
#include "schema/catalog_read.h"
#include "schema/names.h"
#include "support/spi.h"
#include "worker/task_locked.h"

static ErrorData *run_constraint(TaskRunner *runner, const MigrationRow *migration,
								 const Task *task);
static void add_constraint(void *arg);
static Oid	partner_of(const Task *task);
static AlterTableStmt *statement(const Task *task);
static Constraint *added_key(const AlterTableStmt *alter);
static bool names_hold(const Task *task, const ConstraintFacts *facts);
static bool columns_hold(Oid relation, List *names, List *key);
static void lock_both(Oid relation, Oid partner);
static bool has_key(Oid partner, const Constraint *key);

const TaskOps task_constraint_ops = {
	.run = run_constraint,
};

static ErrorData *
run_constraint(TaskRunner *runner, const MigrationRow *migration, const Task *task)
{
	return task_locked_run(runner, migration, task, add_constraint,
						   ShareRowExclusiveLock, "foreign key");
}

/* A TaskBody.  A crash may have come between the statement and the task's end. */
static void
add_constraint(void *arg)
{
	const LockedTask *try = arg;
	const Task *task = try->task;
	Oid			partner = partner_of(task);
	SecurityScope scope;

	if (!OidIsValid(partner) || catalog_constraint_exists(task->relation, task->object))
		return;
	restricted_begin(&scope, migration_role(try->migration, false));
	lock_both(task->relation, partner);
	if (partner_of(task) == partner &&
		!catalog_constraint_exists(task->relation, task->object) &&
		has_key(partner, added_key(statement(task))))
		task_locked_execute(task);
	restricted_end(&scope);
}

/*
 * The table that the foreign key references, or InvalidOid where nobody wants it any
 * more: the table is gone, or the foreign key for which it stands; or what they are
 * called has changed, so that it is planned again before the migration is ready.
 */
static Oid
partner_of(const Task *task)
{
	Relation	relation = try_table_open(task->relation, AccessShareLock);
	List	   *constraints;
	ListCell   *lc;

	if (relation == NULL)
		return InvalidOid;
	constraints = catalog_constraints(task->relation);
	table_close(relation, AccessShareLock);
	/* A new foreign key stands nowhere but in its statement. */
	if (name_is_new(task->object))
		return RangeVarGetRelid(added_key(statement(task))->pktable, NoLock, true);
	foreach(lc, constraints)
	{
		ConstraintFacts *facts = lfirst(lc);

		if (facts->type == CONSTRAINT_FOREIGN &&
			strcmp(name_carried(task->migration, facts->name), task->object) == 0)
			return names_hold(task, facts) ? facts->partner : InvalidOid;
	}
	return InvalidOid;
}

/* One of ours. */
static AlterTableStmt *
statement(const Task *task)
{
	return castNode(AlterTableStmt, task_locked_statement(task));
}

static Constraint *
added_key(const AlterTableStmt *alter)
{
	return castNode(Constraint, linitial_node(AlterTableCmd, alter->cmds)->def);
}

/*
 * Does the statement name what the foreign key stands on?  A table of another schema
 * may have been renamed, or its columns or schema, since the statement was made.
 */
static bool
names_hold(const Task *task, const ConstraintFacts *facts)
{
	AlterTableStmt *alter = statement(task);
	Constraint *key = added_key(alter);

	return task_relation_is(task->relation, alter->relation) &&
		task_relation_is(facts->partner, key->pktable) &&
		columns_hold(task->relation, key->fk_attrs, facts->key) &&
		columns_hold(task->relation, key->fk_del_set_cols, facts->delete_set_key);
}

/* The columns (String *) themselves, or what the migration has in their place. */
static bool
columns_hold(Oid relation, List *names, List *key)
{
	ListCell   *lc;
	ListCell   *lc2;

	forboth(lc, names, lc2, key)
	{
		const char *name = strVal(lfirst(lc));

		if (!name_is_ours(name) && get_attnum(relation, name) != lfirst_int(lc2))
			return false;
	}
	return true;
}

static void
lock_both(Oid relation, Oid partner)
{
	List	   *requests = task_locked_request(NIL, relation, ShareRowExclusiveLock);
	ListCell   *lc;

	/* The foreign key's triggers go to the partitions as well. */
	foreach(lc, catalog_table_tree(partner))
	{
		if (lfirst_oid(lc) == partner || get_rel_relispartition(lfirst_oid(lc)))
			requests = task_locked_request(requests, lfirst_oid(lc),
										   ShareRowExclusiveLock);
	}
	task_locked_acquire(requests);
}

/*
 * Has a partitioned table the index that it needs?  That of a partition which came since
 * the start is missing yet: it is planned before the migration is ready, and so is what
 * follows.
 */
static bool
has_key(Oid partner, const Constraint *key)
{
	Bitmapset  *attnums = NULL;
	ListCell   *lc;

	if (get_rel_relkind(partner) != RELKIND_PARTITIONED_TABLE)
		return true;
	foreach(lc, key->pk_attrs)
		attnums = bms_add_member(attnums, get_attnum(partner, strVal(lfirst(lc))));
	foreach(lc, catalog_indexes(partner))
	{
		if (catalog_index_is_key(lfirst(lc), attnums))
			return true;
	}
	return false;
}
