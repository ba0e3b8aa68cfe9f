/*-------------------------------------------------------------------------
 *
 * task_constraint.c
 *		Add a foreign key, NOT VALID, that references the new form of a key.
 *
 * The statement is a change of the catalogs alone, but it keeps writers from both
 * tables; so it waits for its locks as a phase does (ddl/lock_retry), one attempt
 * at a time.  It runs with the rights of the role that started the migration,
 * which may act as the owner of both.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_constraint.h"
#include "nodes/parsenodes.h"
#include "parser/parser.h"
#include "pgstat.h"
#include "tcop/tcopprot.h"
#include "utils/backend_status.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "ddl/ddl_execute.h"
#include "ddl/lock_retry.h"
#include "schema/catalog_object.h"
#include "schema/catalog_read.h"
#include "schema/names.h"
#include "support/guc.h"
#include "support/spi.h"
#include "worker/task_transaction.h"

#define PAUSE_MS 500

typedef struct ConstraintTry
{
	const Task *task;
	const MigrationRow *migration;
} ConstraintTry;

static ErrorData *run_constraint(TaskRunner *runner, const MigrationRow *migration,
								 const Task *task);
static bool is_blocked(const ErrorData *error);
static void add_constraint(void *arg);
static Oid	partner_of(const Task *task);
static AlterTableStmt *statement(const Task *task);
static Constraint *added_key(const AlterTableStmt *alter);
static bool names_hold(const Task *task, const ConstraintFacts *facts);
static bool columns_hold(Oid relation, List *names, List *key);
static void lock_both(Oid relation, Oid partner);
static LockRequest *request(Oid relation);

const TaskOps task_constraint_ops = {
	.run = run_constraint,
};

static ErrorData *
run_constraint(TaskRunner *runner, const MigrationRow *migration, const Task *task)
{
	ConstraintTry try = {task, migration};
	int			n_conflicts = 0;

	task_take_up(runner, task->id);
	for (;;)
	{
		ErrorData  *error = task_transaction(runner, add_constraint, &try);
		char	   *waiting_for;

		if (error == NULL)
			return NULL;
		if (!is_blocked(error) ||
			(error_is_conflict(error) && ++n_conflicts >= TASK_MAX_CONFLICTS))
		{
			if (!name_is_new(task->object))
				step_explain_carried(error,
									 psprintf("foreign key \"%s\"",
											  name_carried_original(task->object)));
			return error;
		}
		waiting_for = task_describe_blockers(runner, task->relation,
											 ShareRowExclusiveLock);
		task_report_waiting(runner, task->id,
							waiting_for ? waiting_for : "another transaction",
							error->message);
		FreeErrorData(error);
		task_sleep(runner, PAUSE_MS);
	}
}

/* Or does an index build or a validation run on one of the tables? */
static bool
is_blocked(const ErrorData *error)
{
	return error_is_transient(error) || error->sqlerrcode == ERRCODE_OBJECT_IN_USE;
}

/* A TaskBody.  A crash may have come between the statement and the task's end. */
static void
add_constraint(void *arg)
{
	const ConstraintTry *try = arg;
	const Task *task = try->task;
	Oid			partner = partner_of(task);
	SecurityScope scope;

	if (!OidIsValid(partner) || catalog_constraint_exists(task->relation, task->object))
		return;
	restricted_begin(&scope, migration_role(try->migration, false));
	lock_both(task->relation, partner);
	if (partner_of(task) == partner &&
		!catalog_constraint_exists(task->relation, task->object))
	{
		pgstat_report_activity(STATE_RUNNING, task->command);
		ddl_execute_own(task->command);
		pgstat_report_activity(STATE_RUNNING, debug_query_string);
	}
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
	RawStmt    *raw = linitial_node(RawStmt, raw_parser(task->command,
														RAW_PARSE_DEFAULT));

	return castNode(AlterTableStmt, raw->stmt);
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

/* One attempt: between two of them we hold no snapshot. */
static void
lock_both(Oid relation, Oid partner)
{
	int			guc_level = NewGUCNestLevel();
	List	   *requests = list_make1(request(relation));
	ListCell   *lc;

	/* The foreign key's triggers go to the partitions as well. */
	foreach(lc, catalog_table_tree(partner))
	{
		if (lfirst_oid(lc) == partner || get_rel_relispartition(lfirst_oid(lc)))
			requests = lappend(requests, request(lfirst_oid(lc)));
	}
	guc_set_local("pgroll_c.lock_retry_timeout", "0");
	lock_retry_acquire(requests);
	AtEOXact_GUC(false, guc_level);
}

static LockRequest *
request(Oid relation)
{
	LockRequest *result = palloc0(sizeof(LockRequest));

	result->relation = relation;
	result->mode = ShareRowExclusiveLock;
	return result;
}
