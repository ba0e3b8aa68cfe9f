/*-------------------------------------------------------------------------
 *
 * lifecycle.c
 *		Start, complete and roll back migrations.
 *
 * The order is always: the base schema's lock, a plan, its steps that go ahead
 * (step.h) together with its relation locks, the plan again (the catalogs may have
 * changed while we waited), the other steps.  A state changes in the transaction of
 * what it describes.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"

#include "ddl/ddl_execute.h"
#include "ddl/lock_retry.h"
#include "migration/document.h"
#include "migration/lifecycle.h"
#include "migration/plan.h"
#include "migration/start_check.h"
#include "operation/carry_statistics.h"
#include "operation/op_replica_identity.h"
#include "operation/op_sql.h"
#include "schema/catalog_object.h"
#include "schema/catalog_read.h"
#include "schema/names.h"
#include "schema/object_model.h"
#include "state/claims.h"
#include "state/migration_drops.h"
#include "state/migration_tables.h"
#include "state/migrations.h"
#include "state/replica_identity.h"
#include "state/tasks.h"
#include "support/guc.h"
#include "support/spi.h"
#include "versioning/version_view.h"
#include "worker/launcher.h"

static void retire_lost_versions(const char *base_schema);
static void check_may_run_text(const MigrationRow *row, const MigrationPlan *plan,
							   Phase phase);
static SchemaModel *read_model(const char *base_schema, int64 id,
							   const char *version_schema);
static MigrationPlan *start_plan(const Migration *migration, int64 id,
								 const char *newest, SchemaModel **model);
static void note_tables(int64 id, const MigrationPlan *plan);
static void note_drops(int64 id, const SchemaModel *model);
static List *drops_of_table(const TableModel *table);
static List *add_drop(List *drops, DropType type, const TableModel *table,
					  const char *name);
static void read_concerned(SchemaModel *model);
static void save_identities(int64 id, const SchemaModel *model);
static bool runs_sql_at_start(const Migration *migration);
static int	enter_tasks(const MigrationPlan *plan, int64 id);
static int	compare_background_steps(const ListCell *a, const ListCell *b);
static MigrationRow *require_active(const char *base_schema, const char *verb);
static void check_is_active(int64 id, const char *name);
static void check_ready(const MigrationRow *row);
static char *open_tasks_text(int64 id, int n_open);
static const char *previous_version(const MigrationRow *row);
static void wait_readable(const char *base_schema, bool with_members);
static MigrationPlan *complete_plan(const MigrationRow *row, Migration *migration);
static void refresh_views(const MigrationRow *row, Migration *migration);
static MigrationPlan *rollback_plan(const char *base_schema, Migration *migration,
									int64 id);
static void append_phases(MigrationPlan *plan, const MigrationPlan *more);
static void append_background_in_order(MigrationPlan *plan);

char *
lifecycle_start(const char *base_schema, const char *name, Jsonb *document)
{
	Migration  *migration = document_read(base_schema, name, document);
	MigrationRow *newest;
	const char *previous;
	MigrationPlan *plan;
	List	   *done;
	SchemaModel *model;
	int64		id;

	start_check_schema(base_schema);
	base_schema_lock(base_schema, true);
	retire_lost_versions(base_schema);
	start_check_name(base_schema, name, document);
	start_check_version_schema(migration->version_schema);
	newest = migration_newest_live(base_schema);
	if (newest == NULL)
		ereport(NOTICE,
				(errmsg("schema \"%s\" has no schema version yet: applications use its tables directly",
						base_schema),
				 errdetail("They are served as the oldest version, but they see added columns in SELECT *, and the completion changes their tables."),
				 errhint("Let pgroll_c.baseline() make a first version, and move the applications to it.")));

	previous = newest == NULL ? NULL : newest->version_schema;
	version_schema_check_droppable(previous);
	wait_readable(base_schema, false);
	id = migration_insert(base_schema, name, migration->version_schema,
						  newest == NULL ? 0 : newest->id, document,
						  GetUserNameFromId(GetUserId(), false));
	plan = start_plan(migration, id, previous, &model);
	done = ddl_lock_plan(plan, PHASE_START, id);
	carry_statistics_keep_names(model);
	migration = document_read(base_schema, name, document);
	plan = start_plan(migration, id, previous, &model);
	save_identities(id, model);
	note_tables(id, plan);
	note_drops(id, model);
	ddl_execute_plan(plan, PHASE_START, id, done);

	if (runs_sql_at_start(migration))
	{
		/* The user's own statements may have used what the completion drops. */
		version_schema_check_droppable(previous);
		model = read_model(base_schema, id, previous);
		plan = plan_create(base_schema);
		plan_version(migration, model, plan);
		ddl_execute_plan(plan, PHASE_START, id, NIL);
	}
	check_is_active(id, name);
	if (enter_tasks(plan, id) == 0)
		migration_set_state(id, STATE_READY, NULL);
	else
		launcher_request_at_commit();
	return migration->version_schema;
}

char *
lifecycle_complete(const char *base_schema)
{
	MigrationRow *row;
	Migration  *migration;
	MigrationPlan *plan;
	List	   *done;
	MigrationRow *parent;

	base_schema_lock(base_schema, true);
	row = require_active(base_schema, "complete");
	lifecycle_check_owner(row);
	check_ready(row);
	wait_readable(base_schema, true);
	migration = document_read(base_schema, row->name, row->document);
	plan = complete_plan(row, migration);
	check_may_run_text(row, plan, PHASE_COMPLETE);
	done = ddl_lock_plan(plan, PHASE_COMPLETE, row->id);
	migration = document_read(base_schema, row->name, row->document);
	plan = complete_plan(row, migration);
	ddl_execute_plan(plan, PHASE_COMPLETE, row->id, done);
	if (plan_completes_with_sql(migration))
		refresh_views(row, migration);

	check_is_active(row->id, row->name);
	parent = row->parent != 0 ? migration_by_id(row->parent) : NULL;
	if (parent != NULL && !parent->retired)
		migration_set_retired(parent->id);
	migration_set_state(row->id, STATE_COMPLETED,
						GetUserNameFromId(GetUserId(), false));
	return row->version_schema;
}

char *
lifecycle_rollback(const char *base_schema)
{
	MigrationRow *row = require_active(base_schema, "roll back");
	Migration  *migration;
	MigrationPlan *plan;
	List	   *done;

	/* A task holds locks that we need; cancelled first, it lets them go. */
	lifecycle_check_owner(row);
	launcher_cancel_tasks(row->id);
	base_schema_lock(base_schema, true);
	row = require_active(base_schema, "roll back");
	lifecycle_check_owner(row);

	wait_readable(base_schema, true);
	migration = document_read(base_schema, row->name, row->document);
	plan = rollback_plan(base_schema, migration, row->id);
	check_may_run_text(row, plan, PHASE_ROLLBACK);
	done = ddl_lock_plan(plan, PHASE_ROLLBACK, row->id);
	plan = rollback_plan(base_schema, migration, row->id);
	replica_identities_warn(row->id);
	ddl_execute_plan(plan, PHASE_ROLLBACK, row->id, done);
	check_is_active(row->id, row->name);
	if (op_sql_cannot_be_undone(linitial(migration->operations)))
		ereport(WARNING,
				(errmsg("the sql operation has no \"down\": what it did is not undone"),
				 errdetail("At %s.", ((Operation *) linitial(migration->operations))->path)));
	migration_set_state(row->id, STATE_ROLLED_BACK,
						GetUserNameFromId(GetUserId(), false));
	row = migration_newest_live(base_schema);
	return row == NULL ? NULL : row->version_schema;
}

char *
lifecycle_baseline(const char *base_schema, const char *name)
{
	char	   *version_schema = name_version_schema(base_schema, name);
	const char *user = GetUserNameFromId(GetUserId(), false);
	MigrationRow *newest;
	MigrationPlan *plan = plan_create(base_schema);
	SchemaModel *model;
	int64		id;

	start_check_schema(base_schema);
	base_schema_lock(base_schema, true);
	retire_lost_versions(base_schema);
	start_check_name(base_schema, name, NULL);
	start_check_version_schema(version_schema);
	newest = migration_newest_live(base_schema);
	if (newest != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("schema \"%s\" has a schema version already: \"%s\"",
						base_schema, newest->version_schema),
				 errhint("A baseline is the first entry of a line of migrations; start a migration instead.")));
	id = migration_insert(base_schema, name, version_schema, 0, NULL, user);
	model = read_model(base_schema, id, NULL);
	version_schema_create(model, version_schema, PHASE_START, plan);
	version_views_create(model, version_schema, PHASE_START, NIL, plan);
	ddl_execute_plan(plan, PHASE_START, id, NIL);
	migration_set_state(id, STATE_READY, NULL);
	migration_set_state(id, STATE_COMPLETED, user);
	return version_schema;
}

void
lifecycle_validate(const char *base_schema, const char *name, Jsonb *document)
{
	(void) document_read(base_schema, name, document);
	start_check_schema(base_schema);
	start_check_name(base_schema, name, document);
	(void) lifecycle_plan(base_schema, name, document);
}

MigrationPlan *
lifecycle_plan(const char *base_schema, const char *name, Jsonb *document)
{
	Migration  *migration = document_read(base_schema, name, document);
	MigrationRow *active = migration_active(base_schema);
	MigrationRow *newest = migration_newest_live(base_schema);
	const char *previous = newest == NULL ? NULL : newest->version_schema;
	MigrationPlan *plan;
	SchemaModel *model;
	int64		id;

	base_schema_check_snapshot(base_schema);
	if (active != NULL && strcmp(active->name, name) == 0 &&
		migration_has_document(active, document))
	{
		plan = complete_plan(active, migration);
		append_phases(plan, rollback_plan(base_schema, migration, active->id));
		return plan;
	}
	start_check_schema(base_schema);
	start_check_name(base_schema, name, document);
	start_check_version_schema(migration->version_schema);
	version_schema_check_droppable(previous);
	id = migration_next_id();
	plan = start_plan(migration, id, previous, &model);
	if (runs_sql_at_start(migration))
		plan_version(migration, read_model(base_schema, id, NULL), plan);
	append_background_in_order(plan);
	model->foreseen = true;
	plan_complete(migration, model, previous, plan);
	plan_put_ahead(plan, PHASE_COMPLETE);
	return plan;
}

MigrationProgress
lifecycle_progress(const char *base_schema, const char *name, Jsonb *document)
{
	MigrationRow *row = migration_by_name(base_schema, name);

	if (row == NULL || !migration_has_document(row, document))
		return MIGRATION_IS_NEW;
	return row->state == STATE_COMPLETED ? MIGRATION_IS_COMPLETED :
		MIGRATION_IS_ACTIVE;
}

int
lifecycle_supplement(int64 id)
{
	MigrationRow *row = migration_by_id(id);
	Migration  *migration;
	SchemaModel *model;
	MigrationPlan *plan;
	SecurityScope scope;
	int			n_tasks = 0;

	claim_tables(id, true);
	/* With the rights of the role that started it, whoever asks. */
	restricted_begin(&scope, migration_role(row, false));
	migration = document_read(row->base_schema, row->name, row->document);
	model = lifecycle_active_model(row, migration);
	plan = plan_create(row->base_schema);
	carry_statistics_keep_names(model);
	plan_supplement(migration, model, plan);
	if (plan->steps != NIL)
	{
		note_tables(id, plan);
		ddl_execute_plan(plan, PHASE_START, id, NIL);
		n_tasks = enter_tasks(plan, id);
	}
	restricted_end(&scope);
	return n_tasks;
}

int
lifecycle_retry(const char *base_schema)
{
	MigrationRow *row;
	int			n_tasks;

	base_schema_lock(base_schema, true);
	row = require_active(base_schema, "retry");
	lifecycle_check_owner(row);
	n_tasks = tasks_reopen_failed(row->id);
	if (row->state != STATE_STARTED)
	{
		wait_readable(base_schema, false);
		n_tasks += lifecycle_supplement(row->id);
		if (n_tasks > 0 || row->state == STATE_FAILED)
			migration_set_state(row->id, STATE_STARTED, NULL);
	}
	launcher_revive(row->id);
	return n_tasks;
}

void
lifecycle_check_owner(const MigrationRow *row)
{
	if (!has_privs_of_role(GetUserId(), migration_role(row, true)))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied for migration \"%s\"", row->name),
				 errdetail("It was started by role \"%s\".", row->started_by),
				 errhint("Act as that role, or as a member of it.")));
}

/*
 * A version schema that somebody dropped is no version any more: the base schema
 * may have been dropped with it, and made anew.
 */
static void
retire_lost_versions(const char *base_schema)
{
	MigrationRow *newest;

	while ((newest = migration_newest_live(base_schema)) != NULL &&
		   newest->state == STATE_COMPLETED &&
		   !OidIsValid(get_namespace_oid(newest->version_schema, true)))
		migration_set_retired(newest->id);
}

/*
 * The user's own statements run with the rights of the role that wrote them,
 * and so only for that role: whoever else completes or rolls back must not lend
 * it theirs.
 */
static void
check_may_run_text(const MigrationRow *row, const MigrationPlan *plan, Phase phase)
{
	ListCell   *lc;

	if (migration_role(row, true) == GetUserId())
		return;
	foreach(lc, plan->steps)
	{
		Step	   *step = lfirst(lc);

		if (step->phase == phase && step->user_text)
			ereport(ERROR,
					(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
					 errmsg("migration \"%s\" has statements that only role \"%s\" may run",
							row->name, row->started_by),
					 errdetail("They are those of an sql operation: %s", step->command),
					 errhint("Use SET ROLE to act as that role.")));
	}
}

static SchemaModel *
read_model(const char *base_schema, int64 id, const char *version_schema)
{
	SchemaModel *model = catalog_read_schema(base_schema, version_schema, id);
	MigrationRow *rows[2];

	rows[0] = migration_newest_live(base_schema);
	rows[1] = migration_active(base_schema);
	for (int i = 0; i < lengthof(rows); i++)
	{
		Oid			namespace = rows[i] == NULL ? InvalidOid :
			get_namespace_oid(rows[i]->version_schema, true);

		if (OidIsValid(namespace))
			model->version_namespaces =
				list_append_unique_oid(model->version_namespaces, namespace);
		if (rows[i] != NULL && rows[i]->parent != 0)
		{
			MigrationRow *parent = migration_by_id(rows[i]->parent);

			namespace = get_namespace_oid(parent->version_schema, true);
			if (!parent->retired && OidIsValid(namespace))
				model->version_namespaces =
					list_append_unique_oid(model->version_namespaces, namespace);
		}
	}
	return model;
}

/*
 * The steps of the start, with those of the version schema, unless an sql
 * operation changes the catalogs first.
 */
static MigrationPlan *
start_plan(const Migration *migration, int64 id, const char *newest,
		   SchemaModel **model)
{
	MigrationPlan *plan = plan_create(migration->base_schema);

	*model = read_model(migration->base_schema, id, newest);
	plan_apply_operations(migration, *model);
	plan_start(migration, *model, plan);
	if (!runs_sql_at_start(migration))
		plan_version(migration, *model, plan);
	plan_put_ahead(plan, PHASE_START);
	return plan;
}

/* The tables whose steps of the start may leave something in them. */
static void
note_tables(int64 id, const MigrationPlan *plan)
{
	List	   *relids = NIL;
	List	   *tables = NIL;
	ListCell   *lc;

	foreach(lc, plan->steps)
	{
		const Step *step = lfirst(lc);

		/* A view only reads them. */
		if (step->phase == PHASE_START && step->command != NULL &&
			step->lock > RowExclusiveLock && OidIsValid(step->relation))
			relids = list_concat_unique_oid(lappend_oid(relids, step->relation),
											step->also);
	}
	foreach(lc, relids)
	{
		char		relkind = get_rel_relkind(lfirst_oid(lc));

		if (relkind == RELKIND_RELATION || relkind == RELKIND_PARTITIONED_TABLE)
			tables = list_append_unique_oid(tables, lfirst_oid(lc));
	}
	migration_tables_add(id, tables);
}

/* What the completion drops for an operation that names it. */
static void
note_drops(int64 id, const SchemaModel *model)
{
	List	   *drops = NIL;
	ListCell   *lc;

	foreach(lc, model->tables)
	{
		const TableModel *table = lfirst(lc);

		if (OidIsValid(table->relid))
			drops = list_concat(drops, drops_of_table(table));
	}
	migration_drops_add(id, drops);
}

static List *
drops_of_table(const TableModel *table)
{
	List	   *drops = NIL;
	ListCell   *lc;

	if (table->dropped)
		drops = add_drop(drops, DROPS_TABLE, table, NULL);
	foreach(lc, table->generations)
	{
		const Generation *generation = lfirst(lc);

		if (generation->attnum > 0 && !table->dropped &&
			model_newest_of_stored(table, generation->attnum) == NULL)
			drops = add_drop(drops, DROPS_COLUMN, table, generation->physical);
	}
	foreach(lc, table->objects)
	{
		const ObjectModel *object = lfirst(lc);

		if (object_loses_name(object))
			drops = add_drop(drops, object->type == OBJECT_INDEX ? DROPS_INDEX :
							 DROPS_CONSTRAINT, table, object->stored);
	}
	return drops;
}

static List *
add_drop(List *drops, DropType type, const TableModel *table, const char *name)
{
	MigrationDrop *drop = palloc(sizeof(MigrationDrop));

	*drop = (MigrationDrop) {
		.type = type,
		.relation = table->relid,
		.name = name,
	};
	return lappend(drops, drop);
}

/*
 * The model's concerned tables: what note_tables() has noted, and what has become a
 * partition or child of one since.
 */
static void
read_concerned(SchemaModel *model)
{
	ListCell   *lc;

	foreach(lc, migration_tables(model->migration))
		model->concerned = list_concat_unique_oid(model->concerned,
												  catalog_table_tree(lfirst_oid(lc)));
}

/* For a rollback, before the start sets others. */
static void
save_identities(int64 id, const SchemaModel *model)
{
	ListCell   *lc;

	foreach(lc, model->tables)
	{
		TableModel *table = lfirst(lc);

		if (table->sets_identity && OidIsValid(table->relid))
			replica_identity_save(id, table->relid);
	}
}

static bool
runs_sql_at_start(const Migration *migration)
{
	return op_sql_runs_at_start(linitial(migration->operations));
}

/* Background steps become tasks, in the order of their kinds; returns how many. */
static int
enter_tasks(const MigrationPlan *plan, int64 id)
{
	List	   *steps = NIL;
	List	   *specs = NIL;
	bool		waits = false;
	ListCell   *lc;

	foreach(lc, plan->steps)
	{
		Step	   *step = lfirst(lc);

		if (step->phase == PHASE_BACKGROUND && step->command != NULL)
			steps = lappend(steps, step);
	}
	list_sort(steps, compare_background_steps);
	foreach(lc, steps)
	{
		Step	   *step = lfirst(lc);
		TaskSpec   *spec;

		if (step->task == TASK_OLD_SNAPSHOTS && waits)
			continue;			/* once for all tables */
		waits |= step->task == TASK_OLD_SNAPSHOTS;
		spec = palloc(sizeof(TaskSpec));
		*spec = (TaskSpec) {
			.kind = step->task,
			.relation = step->relation,
			.object = step->task_object,
			.command = step->command,
		};
		specs = lappend(specs, spec);
	}
	return tasks_add(id, specs);
}

/* list_sort() is not stable: keep the order of the plan within a kind. */
static int
compare_background_steps(const ListCell *a, const ListCell *b)
{
	const Step *x = lfirst(a);
	const Step *y = lfirst(b);

	if (x->task != y->task)
		return x->task < y->task ? -1 : 1;
	return x->number - y->number;
}

static MigrationRow *
require_active(const char *base_schema, const char *verb)
{
	MigrationRow *row;

	(void) base_schema_oid(base_schema);
	row = migration_active(base_schema);
	if (row == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_PGROLL_NO_MIGRATION),
				 errmsg("there is no migration to %s in schema \"%s\"", verb, base_schema),
				 errhint("Start one with pgroll_c.start_migration().")));
	return row;
}

/* The user's own statements could have called us. */
static void
check_is_active(int64 id, const char *name)
{
	MigrationRow *row = migration_by_id(id);

	if (row->state == STATE_COMPLETED || row->state == STATE_ROLLED_BACK)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("migration \"%s\" was ended by a statement of its own", name),
				 errhint("Call no functions of pgroll_c in an sql operation.")));
}

static void
check_ready(const MigrationRow *row)
{
	int			n_open;
	int			n_failed;

	if (row->state == STATE_READY)
		return;
	task_count(row->id, &n_open, &n_failed);
	if (row->state == STATE_FAILED)
		ereport(ERROR,
				(errcode(ERRCODE_PGROLL_MIGRATION_FAILED),
				 errmsg("migration \"%s\" has failed", row->name),
				 errdetail("%d of its tasks failed, %d are open.", n_failed, n_open),
				 errhint("See pgroll_c.progress; then call pgroll_c.retry_migration() or pgroll_c.rollback_migration().")));
	ereport(ERROR,
			(errcode(ERRCODE_PGROLL_MIGRATION_NOT_READY),
			 errmsg("migration \"%s\" is not ready", row->name),
			 errdetail("%s", open_tasks_text(row->id, n_open)),
			 errhint("Wait with CALL pgroll_c.wait_for_migration().")));
}

/* How far a migration is, as a sentence. */
static char *
open_tasks_text(int64 id, int n_open)
{
	Task	   *next = task_next(id);
	StringInfoData sentence;

	initStringInfo(&sentence);
	appendStringInfo(&sentence, "%d of its tasks are still open", n_open);
	if (next != NULL)
		appendStringInfo(&sentence, ", the next is \"%s\"", task_kind_name(next->kind));
	if (next != NULL && get_rel_name(next->relation) != NULL)
		appendStringInfo(&sentence, " of %s", catalog_relation_name(next->relation));
	if (next != NULL && next->rows_done > 0)
		appendStringInfo(&sentence, " with " INT64_FORMAT " rows done", next->rows_done);
	appendStringInfoChar(&sentence, '.');
	return sentence.data;
}

/* The version schema that a completion retires, or NULL. */
static const char *
previous_version(const MigrationRow *row)
{
	MigrationRow *parent;

	if (row->parent == 0)
		return NULL;
	parent = migration_by_id(row->parent);
	return parent->retired ? NULL : parent->version_schema;
}

/*
 * What a plan is made from, before the start without partitions and children; whoever
 * keeps us from it is named.
 */
static void
wait_readable(const char *base_schema, bool with_members)
{
	List	   *relations = catalog_relations_of_schema(get_namespace_oid(base_schema, false));
	List	   *members = NIL;
	ListCell   *lc;

	foreach(lc, with_members ? relations : NIL)
		members = list_concat(members, catalog_table_tree(lfirst_oid(lc)));
	lock_retry_wait_readable(with_members ? members : relations);
}

static MigrationPlan *
complete_plan(const MigrationRow *row, Migration *migration)
{
	MigrationPlan *plan = plan_create(row->base_schema);
	int			guc_level = NewGUCNestLevel();
	SchemaModel *model = lifecycle_active_model(row, migration);

	plan_complete(migration, model, previous_version(row), plan);
	plan_put_ahead(plan, PHASE_COMPLETE);
	AtEOXact_GUC(false, guc_level);
	return plan;
}

SchemaModel *
lifecycle_active_model(const MigrationRow *row, const Migration *migration)
{
	SchemaModel *model = read_model(row->base_schema, row->id,
									previous_version(row));

	read_concerned(model);
	model->drops = migration_drops(row->id);
	guc_set_local_list(row->settings);
	model->started = true;
	plan_apply_operations(migration, model);
	return model;
}

/* After the user's own statements of a completion. */
static void
refresh_views(const MigrationRow *row, Migration *migration)
{
	SchemaModel *model = read_model(row->base_schema, row->id, row->version_schema);
	MigrationPlan *plan = plan_create(row->base_schema);

	plan_refresh_views(migration, model, plan);
	ddl_execute_plan(plan, PHASE_COMPLETE, row->id, NIL);
}

static MigrationPlan *
rollback_plan(const char *base_schema, Migration *migration, int64 id)
{
	SchemaModel *model = read_model(base_schema, id, NULL);
	MigrationPlan *plan = plan_create(base_schema);

	read_concerned(model);
	plan_rollback(migration, model, plan);
	plan_put_ahead(plan, PHASE_ROLLBACK);
	return plan;
}

static void
append_phases(MigrationPlan *plan, const MigrationPlan *more)
{
	plan->steps = list_concat(plan->steps, more->steps);
}

/* Background steps go to the end, in the order in which they will be done. */
static void
append_background_in_order(MigrationPlan *plan)
{
	List	   *background = NIL;
	List	   *others = NIL;
	ListCell   *lc;

	foreach(lc, plan->steps)
	{
		Step	   *step = lfirst(lc);

		if (step->phase == PHASE_BACKGROUND)
			background = lappend(background, step);
		else
			others = lappend(others, step);
	}
	list_sort(background, compare_background_steps);
	plan->steps = list_concat(others, background);
}
