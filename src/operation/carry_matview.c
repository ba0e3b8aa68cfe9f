/*-------------------------------------------------------------------------
 *
 * carry_matview.c
 *		Materialized views that read a column which gets a shadow.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "catalog/pg_class.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "operation/carry_matview.h"
#include "operation/carry_view.h"
#include "operation/matview_build.h"
#include "operation/operation_util.h"
#include "schema/catalog_depend.h"
#include "schema/catalog_dependent.h"
#include "schema/catalog_object.h"
#include "schema/catalog_read.h"
#include "schema/catalog_storage.h"
#include "schema/names.h"

static List *made_by_tasks(int64 migration);
static bool is_made(const MatviewBuild *build);
static List *take_place(SchemaModel *model, const View *view, Oid made,
						const char *made_name);
static List *index_takes_place(SchemaModel *model, const View *view,
							   const IndexFacts *facts, Oid made);
static List *index_columns(SchemaModel *model, const IndexFacts *facts, Oid index,
						   const char *name);
static List *tried(const View *view);
static List *commands_of(const MigrationPlan *plan);

CarriedObject *
carry_matview_object(SchemaModel *model, const View *view)
{
	CarriedObject *object = view_object(view);
	MatviewBuild *build = matview_build_read(model, view->relid);

	object->made_name = matview_made_name(model, view->relid);
	object->made = model->started ? matview_made(model, view->relid) : InvalidOid;
	object->stale = model->started && (build == NULL || !is_made(build));
	object->query = view->text;
	object->detach = list_make1(psprintf("DROP MATERIALIZED VIEW %s", view->name));
	object->attach = take_place(model, view, object->made, object->made_name);
	object->access_lists = view_access_lists(view);
	object->trial = tried(view);
	return object;
}

void
carry_matviews_start(SchemaModel *model, const CarriedDependents *found,
					 MigrationPlan *plan)
{
	ListCell   *lc;

	foreach(lc, found->matviews)
	{
		Oid			relid = lfirst_oid(lc);
		MatviewBuild *build = matview_build_read(model, relid);

		if (build == NULL || (model->started && is_made(build)))
			continue;
		plan_step(plan, (Step) {
			.phase = PHASE_BACKGROUND,
			.command = matview_build_command(build),
			.lock = AccessShareLock,
			.relation = relid,
			.relation_name = build->matview->name,
			.task = TASK_MATVIEW,
			.task_object = name_carried(model->migration, get_rel_name(relid)),
		});
	}
}

void
carry_matviews_drop(int64 migration, Phase phase, MigrationPlan *plan)
{
	ListCell   *lc;

	foreach(lc, made_by_tasks(migration))
		plan_step(plan, (Step) {
			.phase = phase,
			.command = psprintf("DROP MATERIALIZED VIEW %s",
								catalog_relation_name(lfirst_oid(lc))),
			.lock = AccessExclusiveLock,
			.relation = lfirst_oid(lc),
			.relation_name = catalog_relation_name(lfirst_oid(lc)),
		});
}

void
carry_matviews_drop_unwanted(SchemaModel *model, const CarriedDependents *found,
							 MigrationPlan *plan)
{
	MigrationPlan *all = plan_create(model->base_schema);
	ListCell   *lc;
	ListCell   *lc2;

	if (model->foreseen)
		return;
	carry_matviews_drop(model->migration, PHASE_COMPLETE, all);
	foreach(lc, all->steps)
	{
		Step	   *step = lfirst(lc);
		bool		wanted = false;

		foreach(lc2, found->objects)
			wanted |= ((CarriedObject *) lfirst(lc2))->made == step->relation;
		if (!wanted)
			plan_step(plan, *step);
	}
}

/* What (Oid) the migration's tasks have made and is there still. */
static List *
made_by_tasks(int64 migration)
{
	List	   *found = NIL;
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, tasks_of_kind(migration, TASK_MATVIEW))
	{
		Task	   *task = lfirst(lc);

		foreach(lc2, catalog_matviews_named(task->object))
		{
			if (carry_matview_is_of_task(lfirst_oid(lc2), task))
				found = list_append_unique_oid(found, lfirst_oid(lc2));
		}
	}
	list_sort(found, list_oid_cmp);
	return found;
}

/*
 * Others may call one so, too: theirs is elsewhere, and has rows of its own.  Ours
 * stands where the old one does, or did before it was dropped or moved.
 */
bool
carry_matview_is_of_task(Oid matview, const Task *task)
{
	char	   *name = get_rel_name(matview);

	if (name == NULL || strcmp(name, task->object) != 0 ||
		get_rel_relkind(matview) != RELKIND_MATVIEW)
		return false;
	return get_rel_namespace(matview) == get_rel_namespace(task->relation) ||
		(task->storage != NULL && strcmp(catalog_storage_of(matview), task->storage) == 0);
}

/*
 * Has the last task made it as it would be made now, and is it what that has filled?
 * A dump that was restored may have filled it anew from the query that reads nothing.
 */
static bool
is_made(const MatviewBuild *build)
{
	Task	   *task = task_last_of(build->model->migration, TASK_MATVIEW,
									build->matview->relid);
	Oid			made = matview_build_made(build);

	if (task == NULL || task->state != TASK_DONE || task->storage == NULL ||
		!OidIsValid(made) || strcmp(task->command, matview_build_command(build)) != 0)
		return false;
	return strcmp(catalog_storage_of(made), task->storage) == 0;
}

/* The names, and what may have been changed on the old one until now. */
static List *
take_place(SchemaModel *model, const View *view, Oid made, const char *made_name)
{
	List	   *commands = NIL;
	ListCell   *lc;

	commands = lappend(commands,
					   psprintf("ALTER MATERIALIZED VIEW %s RENAME TO %s", made_name,
								quote_identifier(get_rel_name(view->relid))));
	commands = list_concat(commands, view_grants_sql(view, view->name));
	commands = list_concat(commands, view_comments_sql(view));
	commands = list_concat(commands,
						   operation_extensions_sql(psprintf("MATERIALIZED VIEW %s", view->name),
													catalog_extensions(RelationRelationId,
																	   view->relid)));
	foreach(lc, catalog_indexes(view->relid))
		commands = list_concat(commands,
							   index_takes_place(model, view, lfirst(lc), made));
	foreach(lc, catalog_statistics(view->relid))
	{
		StatisticsFacts *facts = lfirst(lc);
		const char *name = quote_qualified_identifier(facts->schema, facts->name);
		char	   *carried = name_carried(model->migration, facts->name);

		commands = lappend(commands,
						   psprintf("ALTER STATISTICS %s RENAME TO %s",
									quote_qualified_identifier(facts->schema, carried),
									quote_identifier(facts->name)));
		if (facts->comment != NULL)
			commands = lappend(commands,
							   psprintf("COMMENT ON STATISTICS %s IS %s", name,
										quote_literal_cstr(facts->comment)));
	}
	return commands;
}

static List *
index_takes_place(SchemaModel *model, const View *view, const IndexFacts *facts,
				  Oid made)
{
	char	   *schema = get_namespace_name(get_rel_namespace(view->relid));
	char	   *carried = name_carried(model->migration, facts->name);
	char	   *name = quote_qualified_identifier(schema, facts->name);
	Oid			index = OidIsValid(made) ? catalog_index_of_table(made, carried) :
		InvalidOid;
	List	   *commands;

	commands = list_make1(psprintf("ALTER INDEX %s RENAME TO %s",
								   quote_qualified_identifier(schema, carried),
								   quote_identifier(facts->name)));
	if (OidIsValid(index))
		commands = list_concat(commands, index_columns(model, facts, index, name));
	commands = list_concat(commands,
						   operation_extensions_sql(psprintf("INDEX %s", name),
													catalog_extensions(RelationRelationId,
																	   facts->oid)));
	if (facts->comment != NULL)
		commands = lappend(commands, psprintf("COMMENT ON INDEX %s IS %s", name,
											  quote_literal_cstr(facts->comment)));
	if (facts->clustered)
		commands = lappend(commands,
						   psprintf("ALTER MATERIALIZED VIEW %s CLUSTER ON %s", view->name,
									quote_identifier(facts->name)));
	return commands;
}

/* The names of an index's columns. */
static List *
index_columns(SchemaModel *model, const IndexFacts *facts, Oid index, const char *name)
{
	MigrationPlan *plan = plan_create(model->base_schema);
	AttrNumber	last = catalog_last_attnum(facts->oid);
	List	   *present = NIL;
	List	   *wanted = NIL;

	if (catalog_last_attnum(index) != last)
		return NIL;				/* it is not as it is to be */
	for (AttrNumber attnum = 1; attnum <= last; attnum++)
	{
		present = lappend(present, get_attname(index, attnum, false));
		wanted = lappend(wanted, get_attname(facts->oid, attnum, false));
	}
	operation_rename_index_columns(model, 0, index, name, name, present, wanted, plan);
	return commands_of(plan);
}

static List *
commands_of(const MigrationPlan *plan)
{
	List	   *commands = NIL;
	ListCell   *lc;

	foreach(lc, plan->steps)
		commands = lappend(commands, ((Step *) lfirst(lc))->command);
	return commands;
}

/* With the shadows in place: what may not fit the new columns. */
static List *
tried(const View *view)
{
	List	   *commands;

	commands = list_make1(psprintf("CREATE MATERIALIZED VIEW %s WITH NO DATA",
								   view_definition(view, view->name, view->text)));
	commands = list_concat(commands, matview_indexes_sql(0, view, view->name));
	return list_concat(commands, matview_statistics_sql(0, view, view->name));
}
