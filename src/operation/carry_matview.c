/*-------------------------------------------------------------------------
 *
 * carry_matview.c
 *		Materialized views that read a column which gets a shadow.
 *
 * Views between one and the tables stay as they are until the completion, so that
 * others of the new columns stand for them while it is filled.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/relation.h"
#include "catalog/pg_class.h"
#include "commands/comment.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "operation/carry_index.h"
#include "operation/carry_matview.h"
#include "operation/carry_statistics.h"
#include "operation/carry_view.h"
#include "operation/column_attributes.h"
#include "operation/operation_util.h"
#include "operation/query_grouping.h"
#include "operation/query_substitute.h"
#include "schema/catalog_dependent.h"
#include "schema/catalog_object.h"
#include "schema/catalog_read.h"
#include "schema/catalog_storage.h"
#include "schema/names.h"
#include "state/tasks.h"

static List *made_by_tasks(int64 migration);
static char *storage_of(Oid relid);
static char *name_of_made(const SchemaModel *model, Oid relid);
static Oid	made_of(const SchemaModel *model, Oid relid);
static bool is_made(const MatviewBuild *build);
static List *take_place(SchemaModel *model, const View *view, Oid made,
						const char *made_name);
static List *index_takes_place(SchemaModel *model, const View *view,
							   const IndexFacts *facts, Oid made);
static List *index_columns(SchemaModel *model, const IndexFacts *facts, Oid index,
						   const char *name);
static List *tried(const View *view);
static List *indexes_sql(int64 migration, const View *view, const char *relation);
static List *statistics_sql(int64 migration, const View *view, const char *relation);
static char *attributes_sql(const View *view, const View *made, const char *name);
static bool add_view(MatviewBuild *build, View *view);
static void add_relation(MatviewBuild *build, Oid relid);
static void check_can_make(const MatviewBuild *build, const View *view,
						   const Query *grouped);
static char *new_query(const MatviewBuild *build, const View *view);
static char *stand_in_name(const MatviewBuild *build, Oid relid);
static Oid	stand_in_namespace(const MatviewBuild *build, Oid relid);
static View *view_between(const MatviewBuild *build, Oid relid);
static List *table_stand_in(const MatviewBuild *build, Oid relid);
static char *column_to_be(const MatviewBuild *build, Oid relid, AttrNumber attnum);
static bool column_is_shown(Oid relid, AttrNumber attnum);
static List *commands_of(const MigrationPlan *plan);

CarriedObject *
carry_matview_object(SchemaModel *model, const View *view)
{
	CarriedObject *object = view_object(view);
	MatviewBuild *build = carry_matview_build(model, view->relid);

	object->made_name = name_of_made(model, view->relid);
	object->made = model->started ? made_of(model, view->relid) : InvalidOid;
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
		MatviewBuild *build = carry_matview_build(model, relid);

		if (build == NULL || (model->started && is_made(build)))
			continue;
		plan_step(plan, (Step) {
			.phase = PHASE_BACKGROUND,
			.command = carry_matview_command(build),
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
		(task->storage != NULL && strcmp(storage_of(matview), task->storage) == 0);
}

static char *
storage_of(Oid relid)
{
	Relation	rel = relation_open(relid, AccessShareLock);
	char	   *storage = catalog_storage(rel);

	relation_close(rel, AccessShareLock);
	return storage;
}

/* Qualified and quoted. */
static char *
name_of_made(const SchemaModel *model, Oid relid)
{
	return quote_qualified_identifier(get_namespace_name(get_rel_namespace(relid)),
									  name_carried(model->migration,
												   get_rel_name(relid)));
}

static Oid
made_of(const SchemaModel *model, Oid relid)
{
	return get_relname_relid(name_carried(model->migration, get_rel_name(relid)),
							 get_rel_namespace(relid));
}

Oid
carry_matview_made(const MatviewBuild *build)
{
	return made_of(build->model, build->matview->relid);
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
	Oid			made = carry_matview_made(build);

	if (task == NULL || task->state != TASK_DONE || task->storage == NULL ||
		!OidIsValid(made) || strcmp(task->command, carry_matview_command(build)) != 0)
		return false;
	return strcmp(storage_of(made), task->storage) == 0;
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
	commands = list_concat(commands, indexes_sql(0, view, view->name));
	return list_concat(commands, statistics_sql(0, view, view->name));
}

/* On the view or on what stands for it; migration 0: under their own names. */
static List *
indexes_sql(int64 migration, const View *view, const char *relation)
{
	List	   *names = catalog_column_names(view->relid);
	List	   *commands = NIL;
	ListCell   *lc;

	foreach(lc, catalog_indexes(view->relid))
	{
		IndexFacts *facts = lfirst(lc);
		char	   *name = migration == 0 ? facts->name :
			name_carried(migration, facts->name);
		AttrNumber	last = catalog_last_attnum(facts->oid);

		commands = lappend(commands, carry_index_sql(facts, view->relid, names, name,
													 relation));
		for (AttrNumber attnum = 1; attnum <= last; attnum++)
		{
			int			target = catalog_statistics_target(facts->oid, attnum);

			if (target >= 0)
				commands = lappend(commands,
								   psprintf("ALTER INDEX %s ALTER COLUMN %d SET STATISTICS %d",
											quote_qualified_identifier(get_namespace_name(get_rel_namespace(view->relid)),
																	   name),
											attnum, target));
		}
	}
	return commands;
}

static List *
statistics_sql(int64 migration, const View *view, const char *relation)
{
	List	   *names = catalog_column_names(view->relid);
	List	   *commands = NIL;
	ListCell   *lc;

	foreach(lc, catalog_statistics(view->relid))
	{
		StatisticsFacts *facts = lfirst(lc);
		const char *name = quote_qualified_identifier(facts->schema,
													  migration == 0 ? facts->name :
													  name_carried(migration, facts->name));

		commands = lappend(commands, carry_statistics_sql(facts, name, relation, names));
		if (facts->target >= 0)
			commands = lappend(commands, psprintf("ALTER STATISTICS %s SET STATISTICS %d",
												  name, facts->target));
		commands = lappend(commands,
						   psprintf("ALTER STATISTICS %s OWNER TO %s", name,
									quote_identifier(GetUserNameFromId(facts->owner,
																	   false))));
	}
	return commands;
}

MatviewBuild *
carry_matview_build(SchemaModel *model, Oid matview)
{
	MatviewBuild *build = palloc0(sizeof(MatviewBuild));

	build->model = model;
	build->matview = view_read(matview);
	build->name = name_of_made(model, matview);
	build->substitutes = substitutes_of_tables(model);
	return add_view(build, build->matview) ? build : NULL;
}

/*
 * Does a view read what gets a shadow?  What it reads is added first, where that does.
 */
static bool
add_view(MatviewBuild *build, View *view)
{
	Query	   *grouped;
	ListCell   *lc;

	foreach(lc, view->reads)
		add_relation(build, lfirst_oid(lc));
	if (!query_needs_substitute(view->query, build->substitutes))
		return false;
	grouped = view->needs_key ? query_grouped_in_full(view->query) : NULL;
	check_can_make(build, view, grouped);
	if (grouped != NULL)
		view->keyless_text = view_query_text(grouped);
	return true;
}

/* Another materialized view is made by itself, and before. */
static void
add_relation(MatviewBuild *build, Oid relid)
{
	Substitute *substitute = substitute_find(build->substitutes, relid);
	char		relkind = get_rel_relkind(relid);
	View	   *view;

	if (substitute != NULL && substitute->changed != NULL)
		build->tables = list_append_unique_oid(build->tables, relid);
	if (substitute != NULL || (relkind != RELKIND_VIEW && relkind != RELKIND_MATVIEW))
		return;
	view = view_read(relid);
	if (relkind == RELKIND_MATVIEW ? carry_matview_build(build->model, relid) == NULL :
		!add_view(build, view))
		return;
	substitute = palloc0(sizeof(Substitute));
	substitute->relid = relid;
	build->substitutes = lappend(build->substitutes, substitute);
	if (relkind == RELKIND_VIEW)
		build->views = lappend(build->views, view);
	else
		substitute->by = made_of(build->model, relid);
}

/*
 * What can't be filled as it will be is refused; grouped is the query of a view that
 * needs a key, as it is without one, or NULL.
 */
static void
check_can_make(const MatviewBuild *build, const View *view, const Query *grouped)
{
	const char *what = query_needs_table(view->query, build->substitutes);

	if (view != build->matview)
		carry_view_check_can_give(view);
	if (view->needs_key && grouped == NULL)
		what = "columns that it can't group by, beside the primary key that it does,";
	if (what == NULL)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("materialized view %s could not be carried over", build->matview->name),
			 errdetail("The %s %s reads %s of a table that the migration changes.",
					   view_kind(view), view->name, what),
			 errhint("Drop the materialized view before the migration, and make it again after.")));
}

char *
carry_matview_command(const MatviewBuild *build)
{
	const View *matview = build->matview;
	StringInfoData command;
	List	   *rest;
	ListCell   *lc;

	initStringInfo(&command);
	foreach(lc, build->views)
	{
		View	   *view = lfirst(lc);

		appendStringInfo(&command, "CREATE VIEW %s; ",
						 view_definition(view, stand_in_name(build, view->relid),
										 view->text));
	}
	appendStringInfo(&command, "CREATE MATERIALIZED VIEW %s",
					 view_definition(matview, build->name,
									 matview->text));
	rest = list_concat(indexes_sql(build->model->migration, matview, build->name),
					   statistics_sql(build->model->migration, matview, build->name));
	if (attributes_sql(matview, matview, build->name) != NULL)
		rest = lcons(attributes_sql(matview, matview, build->name), rest);
	rest = lcons(psprintf("ALTER MATERIALIZED VIEW %s OWNER TO %s", build->name,
						  quote_identifier(GetUserNameFromId(matview->owner, false))),
				 rest);
	foreach(lc, rest)
		appendStringInfo(&command, "; %s", (char *) lfirst(lc));
	return command.data;
}

List *
carry_matview_stand_in(const MatviewBuild *build, Oid relid)
{
	View	   *view = view_between(build, relid);
	char	   *name = stand_in_name(build, relid);
	List	   *commands;

	if (view == NULL)
		return table_stand_in(build, relid);
	commands = list_make1(psprintf("CREATE VIEW %s",
								   view_definition(view, name, new_query(build, view))));
	commands = list_concat(commands, view_owner_sql(view, name));
	return list_concat(commands, view_grants_sql(view, name));
}

static char *
new_query(const MatviewBuild *build, const View *view)
{
	return query_text_substituted(view->needs_key ? view->keyless_text : view->text,
								  build->substitutes);
}

/* NULL: the relation is a table. */
static View *
view_between(const MatviewBuild *build, Oid relid)
{
	ListCell   *lc;

	foreach(lc, build->views)
	{
		if (((View *) lfirst(lc))->relid == relid)
			return lfirst(lc);
	}
	return NULL;
}

/* Whoever reads it needs the privilege on the table itself. */
static List *
table_stand_in(const MatviewBuild *build, Oid relid)
{
	AttrNumber	last = catalog_last_attnum(relid);
	char	   *name = stand_in_name(build, relid);
	StringInfoData list;

	initStringInfo(&list);
	for (AttrNumber attnum = 1; attnum <= last; attnum++)
	{
		if (column_is_shown(relid, attnum))
			appendStringInfo(&list, "%s%s AS %s", list.len > 0 ? ", " : "",
							 quote_identifier(column_to_be(build, relid, attnum)),
							 quote_identifier(get_attname(relid, attnum, false)));
	}
	return list_make2(psprintf("CREATE VIEW %s WITH (security_invoker = true) AS SELECT %s FROM %s",
							   name, list.data, catalog_relation_name(relid)),
					  psprintf("GRANT SELECT ON %s TO PUBLIC", name));
}

/* The column of a table that will have the name of the one of that number. */
static char *
column_to_be(const MatviewBuild *build, Oid relid, AttrNumber attnum)
{
	char	   *column = get_attname(relid, attnum, false);
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, build->model->tables)
	{
		TableModel *table = lfirst(lc);

		if (!OidIsValid(table->relid) || table->dropped ||
			!list_member_oid(catalog_table_tree(table->relid), relid))
			continue;
		foreach(lc2, table->columns)
		{
			Generation *generation = ((ColumnModel *) lfirst(lc2))->generation;
			Generation *stored = model_stored_ancestor(generation);

			if (stored != NULL && stored != generation && generation->leader == NULL &&
				strcmp(get_attname(table->relid, stored->attnum, false), column) == 0)
				return generation->shadow;
		}
	}
	return column;
}

List *
carry_matview_create(const MatviewBuild *build)
{
	char	   *definition = view_definition(build->matview, build->name,
											 new_query(build, build->matview));

	return list_concat(list_make1(psprintf("CREATE MATERIALIZED VIEW %s WITH NO DATA",
										   definition)),
					   view_owner_sql(build->matview, build->name));
}

void
carry_matview_note(MatviewBuild *build, Oid relid)
{
	Substitute *substitute = substitute_find(build->substitutes, relid);

	substitute->by = get_relname_relid(name_carried(build->model->migration,
													catalog_relation_name(relid)),
									   stand_in_namespace(build, relid));
}

/* Is it there, and not ours? */
static bool
column_is_shown(Oid relid, AttrNumber attnum)
{
	char	   *name = get_attname(relid, attnum, false);

	return !name_is_ours(name) && get_attnum(relid, name) == attnum;
}

/* Qualified and quoted. */
static char *
stand_in_name(const MatviewBuild *build, Oid relid)
{
	return quote_qualified_identifier(get_namespace_name(stand_in_namespace(build, relid)),
									  name_carried(build->model->migration,
												   catalog_relation_name(relid)));
}

/* Where who migrates may make a view, and give it to the owner of the one there is. */
static Oid
stand_in_namespace(const MatviewBuild *build, Oid relid)
{
	return get_rel_namespace(view_between(build, relid) != NULL ? relid :
							 build->matview->relid);
}

List *
carry_matview_finish(const MatviewBuild *build)
{
	View	   *made = view_read(carry_matview_made(build));
	char	   *attributes = attributes_sql(build->matview, made, build->name);
	List	   *commands = attributes == NULL ? NIL : list_make1(attributes);

	commands = list_concat(commands, indexes_sql(build->model->migration, build->matview,
												 build->name));
	return list_concat(commands, statistics_sql(build->model->migration, build->matview,
												build->name));
}

/* What hangs on the columns alone; NULL where there is nothing. */
static char *
attributes_sql(const View *view, const View *made, const char *name)
{
	StringInfoData actions;

	initStringInfo(&actions);
	for (int i = 0; i < view->desc->natts; i++)
		appendStringInfoString(&actions,
							   column_attributes_sql(view->relid, i + 1,
													 TupleDescAttr(made->desc, i)->atttypid));
	return actions.len == 0 ? NULL :
		psprintf("ALTER MATERIALIZED VIEW %s %s", name, actions.data + 2);
}

char *
carry_matview_drop_stand_ins(const MatviewBuild *build)
{
	StringInfoData names;
	ListCell   *lc;

	initStringInfo(&names);
	foreach(lc, build->tables)
		appendStringInfo(&names, "%s%s", names.len > 0 ? ", " : "",
						 stand_in_name(build, lfirst_oid(lc)));
	foreach(lc, build->views)
		appendStringInfo(&names, "%s%s", names.len > 0 ? ", " : "",
						 stand_in_name(build, ((View *) lfirst(lc))->relid));
	return psprintf("DROP VIEW %s", names.data);
}
