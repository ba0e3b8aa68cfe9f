/*-------------------------------------------------------------------------
 *
 * matview_build.c
 *		How a materialized view is made again over the new columns.
 *
 * Views between one and the tables stay as they are until the completion, so that
 * others of the new columns stand for them while it is filled.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "operation/carry.h"
#include "operation/carry_index.h"
#include "operation/carry_statistics.h"
#include "operation/carry_view.h"
#include "operation/column_attributes.h"
#include "operation/matview_build.h"
#include "operation/query_grouping.h"
#include "operation/query_substitute.h"
#include "schema/catalog_dependent.h"
#include "schema/catalog_object.h"
#include "schema/catalog_read.h"
#include "schema/names.h"

static bool add_view(MatviewBuild *build, View *view);
static MatviewBuild *read_build(MatviewBuild *build, SchemaModel *model, Oid matview);
static bool is_filled(Oid matview);
static void add_relation(MatviewBuild *build, Oid relid);
static void check_can_make(const MatviewBuild *build, const View *view,
						   const Query *grouped);
static char *new_query(const MatviewBuild *build, const View *view);
static View *view_between(const MatviewBuild *build, Oid relid);
static List *table_stand_in(const MatviewBuild *build, Oid relid);
static Bitmapset *columns_read(const MatviewBuild *build, Oid relid);
static char *column_to_be(List *changed, Oid relid, AttrNumber attnum);
static bool column_is_shown(Oid relid, AttrNumber attnum);
static char *stand_in_name(const MatviewBuild *build, Oid relid);
static Oid	stand_in_namespace(const MatviewBuild *build, Oid relid);
static char *attributes_sql(const View *view, const View *made, const char *name);
static char *name_for(int64 migration, char *name);

MatviewBuild *
matview_build_read(SchemaModel *model, Oid matview)
{
	return read_build(palloc0(sizeof(MatviewBuild)), model, matview);
}

static MatviewBuild *
read_build(MatviewBuild *build, SchemaModel *model, Oid matview)
{
	build->model = model;
	build->matview = view_read(matview);
	build->name = matview_made_name(model, matview);
	build->substitutes = substitutes_of_tables(model);
	return add_view(build, build->matview) ? build : NULL;
}

MatviewBuild *
matview_build_to_fill(SchemaModel *model, Oid matview)
{
	MatviewBuild *build = palloc0(sizeof(MatviewBuild));

	build->fills = true;
	return read_build(build, model, matview);
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

/*
 * Another materialized view is made by itself, and before.  Where what was made of it
 * has no rows, as the user's own may have none, it is read as if it were a view.
 */
static void
add_relation(MatviewBuild *build, Oid relid)
{
	Substitute *substitute = substitute_find(build->substitutes, relid);
	char		relkind = get_rel_relkind(relid);
	bool		by_itself = relkind == RELKIND_MATVIEW &&
		!(build->fills && !is_filled(matview_made(build->model, relid)));
	View	   *view;

	if (substitute != NULL && substitute->changed != NULL)
		build->tables = list_append_unique_oid(build->tables, relid);
	if (substitute != NULL || (relkind != RELKIND_VIEW && relkind != RELKIND_MATVIEW))
		return;
	view = view_read(relid);
	if (by_itself ? matview_build_read(build->model, relid) == NULL :
		!add_view(build, view))
		return;
	substitute = palloc0(sizeof(Substitute));
	substitute->relid = relid;
	build->substitutes = lappend(build->substitutes, substitute);
	if (by_itself)
	{
		substitute->by = matview_made(build->model, relid);
		return;
	}
	view->materialized = false;
	build->views = lappend(build->views, view);
}

static bool
is_filled(Oid matview)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(matview));
	bool		filled = HeapTupleIsValid(tuple) &&
		((Form_pg_class) GETSTRUCT(tuple))->relispopulated;

	if (HeapTupleIsValid(tuple))
		ReleaseSysCache(tuple);
	return filled;
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
matview_build_command(const MatviewBuild *build)
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
	rest = list_concat(matview_indexes_sql(build->model->migration, matview, build->name),
					   matview_statistics_sql(build->model->migration, matview, build->name));
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
matview_build_stand_in(const MatviewBuild *build, Oid relid)
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

/*
 * Whoever reads it needs the privilege on the table itself, also where that is one on
 * those columns only that are read.
 */
static List *
table_stand_in(const MatviewBuild *build, Oid relid)
{
	AttrNumber	last = catalog_last_attnum(relid);
	List	   *changed = carry_changed_columns(build->model);
	Bitmapset  *read = columns_read(build, relid);
	bool		all = bms_is_member(InvalidAttrNumber, read);
	char	   *name = stand_in_name(build, relid);
	StringInfoData list;

	initStringInfo(&list);
	for (AttrNumber attnum = 1; attnum <= last; attnum++)
	{
		if (!column_is_shown(relid, attnum))
			continue;
		appendStringInfo(&list, "%s%s AS %s", list.len > 0 ? ", " : "",
						 all || bms_is_member(attnum, read) ?
						 quote_identifier(column_to_be(changed, relid, attnum)) : "NULL",
						 quote_identifier(get_attname(relid, attnum, false)));
	}
	return list_make2(psprintf("CREATE VIEW %s WITH (security_invoker = true) AS SELECT %s FROM %s",
							   name, list.data, catalog_relation_name(relid)),
					  psprintf("GRANT SELECT ON %s TO PUBLIC", name));
}

static Bitmapset *
columns_read(const MatviewBuild *build, Oid relid)
{
	Bitmapset  *columns = query_columns_read(build->matview->query, relid);
	ListCell   *lc;

	foreach(lc, build->views)
	{
		const View *view = lfirst(lc);

		columns = bms_add_members(columns, query_columns_read(view->query, relid));
	}
	return columns;
}

/* The column that will have the name of a member's; those that change, ChangedColumn *. */
static char *
column_to_be(List *changed, Oid relid, AttrNumber attnum)
{
	ListCell   *lc;

	foreach(lc, changed)
	{
		const ChangedColumn *column = lfirst(lc);

		if (column->relid == relid && column->attnum == attnum)
			return column->generation->shadow;
	}
	return get_attname(relid, attnum, false);
}

/* Is it there, and not ours? */
static bool
column_is_shown(Oid relid, AttrNumber attnum)
{
	char	   *name = get_attname(relid, attnum, false);

	return !name_is_ours(name) && get_attnum(relid, name) == attnum;
}

List *
matview_build_create(const MatviewBuild *build)
{
	char	   *definition = view_definition(build->matview, build->name,
											 new_query(build, build->matview));

	return list_concat(list_make1(psprintf("CREATE MATERIALIZED VIEW %s WITH NO DATA",
										   definition)),
					   view_owner_sql(build->matview, build->name));
}

void
matview_build_note(MatviewBuild *build, Oid relid)
{
	Substitute *substitute = substitute_find(build->substitutes, relid);

	substitute->by = get_relname_relid(name_carried(build->model->migration,
													catalog_relation_name(relid)),
									   stand_in_namespace(build, relid));
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
matview_build_finish(const MatviewBuild *build)
{
	View	   *made = view_read(matview_build_made(build));
	char	   *attributes = attributes_sql(build->matview, made, build->name);
	List	   *commands = attributes == NULL ? NIL : list_make1(attributes);

	commands = list_concat(commands, matview_indexes_sql(build->model->migration, build->matview,
														 build->name));
	return list_concat(commands, matview_statistics_sql(build->model->migration, build->matview,
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
matview_build_drop_stand_ins(const MatviewBuild *build)
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

List *
matview_indexes_sql(int64 migration, const View *view, const char *relation)
{
	List	   *names = catalog_column_names(view->relid);
	List	   *commands = NIL;
	ListCell   *lc;

	foreach(lc, catalog_indexes(view->relid))
	{
		IndexFacts *facts = lfirst(lc);
		char	   *name = name_for(migration, facts->name);
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

List *
matview_statistics_sql(int64 migration, const View *view, const char *relation)
{
	List	   *names = catalog_column_names(view->relid);
	List	   *commands = NIL;
	ListCell   *lc;

	foreach(lc, catalog_statistics(view->relid))
	{
		StatisticsFacts *facts = lfirst(lc);
		const char *name = quote_qualified_identifier(facts->schema,
													  name_for(migration, facts->name));

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

/* What stands for an object of that name; migration 0: the object itself. */
static char *
name_for(int64 migration, char *name)
{
	return migration == 0 ? name : name_carried(migration, name);
}

char *
matview_made_name(const SchemaModel *model, Oid relid)
{
	return quote_qualified_identifier(get_namespace_name(get_rel_namespace(relid)),
									  name_carried(model->migration,
												   get_rel_name(relid)));
}

Oid
matview_made(const SchemaModel *model, Oid relid)
{
	return get_relname_relid(name_carried(model->migration, get_rel_name(relid)),
							 get_rel_namespace(relid));
}

Oid
matview_build_made(const MatviewBuild *build)
{
	return matview_made(build->model, build->matview->relid);
}
