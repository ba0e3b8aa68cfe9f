/*-------------------------------------------------------------------------
 *
 * version_view.c
 *		Version schemas: the steps that make and drop their views.
 *
 * A view shows the columns in their logical order, so that SELECT * and INSERT
 * without a column list mean the same in every version.  It has the defaults of
 * its version, since "SET x = DEFAULT" through a view knows no other.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "nodes/value.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "ddl/grants.h"
#include "schema/catalog_depend.h"
#include "schema/catalog_object.h"
#include "schema/catalog_read.h"
#include "versioning/expression.h"
#include "versioning/version_view.h"

static void create_view(SchemaModel *model, TableModel *table,
						const char *version_schema, Phase phase,
						bool replace, bool qualified, MigrationPlan *plan);
static Oid	previous_view(SchemaModel *model, TableModel *stored);
static char *select_sql(SchemaModel *model, TableModel *table, Oid existing);
static List *columns_as_shown(TableModel *table, Oid existing);
static void view_owner(TableModel *table, const char *view, Phase phase,
					   MigrationPlan *plan);
static void view_defaults(TableModel *table, const char *view, Phase phase,
						  MigrationPlan *plan);
static char *view_default(const Generation *generation);
static void view_grants(TableModel *table, const char *view, Phase phase,
						MigrationPlan *plan);
static void view_comments(TableModel *table, const char *view, Phase phase,
						  MigrationPlan *plan);
static Oid	shown_by(const SchemaModel *model, Oid view);
static void of_relation(MigrationPlan *plan, int first, Oid relation);
static void view_step(const char *view, Phase phase, char *command,
					  MigrationPlan *plan);
static char *grant_or_empty(const GrantPart *part, const char *view);
static void check_view_dependents(Oid view);
static void check_nothing_else(Oid namespace);

void
version_schema_create(SchemaModel *model, const char *version_schema,
					  Phase phase, MigrationPlan *plan)
{
	ListCell   *lc;

	plan_step(plan, (Step) {
		.phase = phase,
		.command = psprintf("CREATE SCHEMA %s", quote_identifier(version_schema)),
		.undo = psprintf("DROP SCHEMA %s", quote_identifier(version_schema)),
	});
	/* Who may use the version is who may use the base schema, and nobody else. */
	foreach(lc, catalog_default_grants(OBJECT_SCHEMA, GetUserId(), InvalidOid))
		plan_step(plan, (Step) {
			.phase = phase,
			.command = revoke_all_sql(lfirst(lc), psprintf("SCHEMA %s", quote_identifier(version_schema))),
		});
	foreach(lc, catalog_schema_grants(model->namespace))
	{
		char	   *grant = grant_schema_sql(lfirst(lc), quote_identifier(version_schema));

		if (grant != NULL)
			plan_step(plan, (Step) {
				.phase = phase,
				.command = grant,
			});
	}
}

void
version_views_create(SchemaModel *model, const char *version_schema,
					 Phase phase, List *qualified, MigrationPlan *plan)
{
	ListCell   *lc;

	foreach(lc, model->tables)
	{
		TableModel *table = lfirst(lc);

		if (!table->dropped && table->schema == NULL)
			create_view(model, table, version_schema, phase, false,
						list_member_ptr(qualified, table), plan);
	}
}

void
version_view_recreate(SchemaModel *model, TableModel *table,
					  const char *version_schema, Phase phase, MigrationPlan *plan)
{
	create_view(model, table, version_schema, phase, false, false, plan);
}

void
version_view_drop_previous(SchemaModel *model, TableModel *stored, Phase phase,
						   MigrationPlan *plan)
{
	Oid			view = previous_view(model, stored);

	if (!OidIsValid(view))
		return;
	check_view_dependents(view);
	plan_step(plan, (Step) {
		.phase = phase,
		.command = psprintf("DROP VIEW %s", catalog_relation_name(view)),
		.lock = AccessExclusiveLock,
		.relation = view,
		.relation_name = catalog_relation_name(view),
	});
}

void
version_view_create_previous(SchemaModel *model, TableModel *stored, Phase phase,
							 MigrationPlan *plan)
{
	if (OidIsValid(previous_view(model, stored)))
		create_view(model, stored, model->previous_version, phase, false, false, plan);
}

void
version_view_replace(SchemaModel *model, TableModel *table,
					 const char *version_schema, Phase phase, MigrationPlan *plan)
{
	create_view(model, table, version_schema, phase, true, false, plan);
}

void
version_views_follow_grants(SchemaModel *model, const char *version_schema,
							Phase phase, MigrationPlan *plan)
{
	Oid			namespace = get_namespace_oid(version_schema, true);
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, model->tables)
	{
		TableModel *table = lfirst(lc);
		Oid			view = table->schema != NULL ? InvalidOid :
			get_relname_relid(table->name, namespace);
		char	   *name = quote_qualified_identifier(version_schema, table->name);
		List	   *present = NIL;

		if (table->dropped || !OidIsValid(table->relid) || !OidIsValid(view))
			continue;
		foreach(lc2, catalog_relation_grants(view))
			present = lappend(present, makeString(grant_or_empty(lfirst(lc2), name)));
		foreach(lc2, catalog_relation_grants(table->relid))
		{
			String	   *grant = makeString(grant_or_empty(lfirst(lc2), name));

			if (strVal(grant)[0] != '\0' && !list_member(present, grant))
				view_step(name, phase, strVal(grant), plan);
		}
	}
}

void
version_schema_check_droppable(const char *version_schema)
{
	Oid			namespace = version_schema == NULL ? InvalidOid :
		get_namespace_oid(version_schema, true);
	ListCell   *lc;

	if (!OidIsValid(namespace))
		return;
	foreach(lc, catalog_views_of_schema(namespace))
		check_view_dependents(lfirst_oid(lc));
	check_nothing_else(namespace);
}

void
version_schema_drop(SchemaModel *model, const char *version_schema, Phase phase,
					MigrationPlan *plan)
{
	version_views_drop(model, version_schema, phase, plan);
	if (OidIsValid(get_namespace_oid(version_schema, true)))
		plan_step(plan, (Step) {
			.phase = phase,
			.command = psprintf("DROP SCHEMA %s", quote_identifier(version_schema)),
		});
}

void
version_views_drop(SchemaModel *model, const char *version_schema, Phase phase,
				   MigrationPlan *plan)
{
	Oid			namespace = get_namespace_oid(version_schema, true);
	List	   *views;
	ListCell   *lc;

	if (!OidIsValid(namespace))
		return;
	views = catalog_views_of_schema(namespace);
	foreach(lc, views)
		check_view_dependents(lfirst_oid(lc));
	check_nothing_else(namespace);
	foreach(lc, views)
	{
		char	   *view = catalog_relation_name(lfirst_oid(lc));

		plan_step(plan, (Step) {
			.phase = phase,
			.command = psprintf("DROP VIEW %s", view),
			.lock = AccessExclusiveLock,
			.relation = lfirst_oid(lc),
			.relation_name = view,
		});
		of_relation(plan, list_length(plan->steps) - 1, shown_by(model, lfirst_oid(lc)));
	}
}

/*
 * The relation of the base schema that has the name of a view: of the previous version
 * the one that it shows.  InvalidOid: one that the migration drops, or none.
 */
static Oid
shown_by(const SchemaModel *model, Oid view)
{
	Oid			relation = get_relname_relid(get_rel_name(view), model->namespace);
	TableModel *table = OidIsValid(relation) ? model_table_of(model, relation) : NULL;

	return table == NULL || table->dropped ? InvalidOid : relation;
}

/* The steps of the plan from first on make or drop the version's view of the relation. */
static void
of_relation(MigrationPlan *plan, int first, Oid relation)
{
	for (int i = first; i < list_length(plan->steps); i++)
		((Step *) list_nth(plan->steps, i))->view_of = relation;
}

static void
create_view(SchemaModel *model, TableModel *table, const char *version_schema,
			Phase phase, bool replace, bool qualified, MigrationPlan *plan)
{
	char	   *view = quote_qualified_identifier(version_schema, table->name);
	Oid			existing = InvalidOid;
	bool		foreseen = replace && model->foreseen;
	int			first = list_length(plan->steps);

	if (replace)
		existing = get_relname_relid(table->name,
									 get_namespace_oid(version_schema, true));
	plan_step(plan, (Step) {
		.phase = phase,
		.command = psprintf("CREATE%s VIEW %s WITH (security_invoker = true) AS %s%s",
							replace ? " OR REPLACE" : "", view,
							select_sql(model, table, existing),
							qualified ? " WHERE pgroll_c.awaits_backfill()" : ""),
		.lock = OidIsValid(existing) || foreseen ? AccessExclusiveLock : AccessShareLock,
		.relation = OidIsValid(existing) || foreseen ? existing : table->relid,
		.relation_name = OidIsValid(existing) || foreseen ? view :
			model_table_sql(model, table),
		.undo = replace || !OidIsValid(table->relid) ? NULL : psprintf("DROP VIEW %s", view),
	});
	if (replace)
		return;					/* the rest is there already */
	view_owner(table, view, phase, plan);
	view_defaults(table, view, phase, plan);
	view_grants(table, view, phase, plan);
	view_comments(table, view, phase, plan);
	of_relation(plan, first, table->relid);
}

static Oid
previous_view(SchemaModel *model, TableModel *stored)
{
	Oid			namespace = InvalidOid;

	if (model->previous_version != NULL)
		namespace = get_namespace_oid(model->previous_version, true);
	return OidIsValid(namespace) ? get_relname_relid(stored->name, namespace) :
		InvalidOid;
}

static char *
select_sql(SchemaModel *model, TableModel *table, Oid existing)
{
	StringInfoData sql;
	ListCell   *lc;

	initStringInfo(&sql);
	appendStringInfoString(&sql, "SELECT");
	foreach(lc, columns_as_shown(table, existing))
	{
		ColumnModel *column = lfirst(lc);

		appendStringInfo(&sql, "%s %s AS %s",
						 foreach_current_index(lc) > 0 ? "," : "",
						 quote_identifier(column->generation->physical),
						 quote_identifier(column->name));
	}
	appendStringInfo(&sql, " FROM %s", model_table_sql(model, table));
	return sql.data;
}

/*
 * A view can be replaced only where its columns keep their places.  A column
 * that somebody added since the start stands before those of the migration in
 * the logical order; it comes after them in the view.
 */
static List *
columns_as_shown(TableModel *table, Oid existing)
{
	List	   *shown = NIL;
	List	   *others = NIL;
	ListCell   *lc;

	foreach(lc, table->columns)
	{
		ColumnModel *column = lfirst(lc);

		if (OidIsValid(existing) &&
			get_attnum(existing, column->name) != InvalidAttrNumber)
			shown = lappend(shown, column);
		else
			others = lappend(others, column);
	}
	return list_concat(shown, others);
}

/*
 * The table's owner owns the view, where we may say so; else it gets all
 * rights on it (those on the table are checked all the same).
 */
static void
view_owner(TableModel *table, const char *view, Phase phase, MigrationPlan *plan)
{
	const char *owner;

	if (table->owner == GetUserId())
		return;
	owner = quote_identifier(GetUserNameFromId(table->owner, false));
	if (superuser())
		view_step(view, phase, psprintf("ALTER VIEW %s OWNER TO %s", view, owner), plan);
	else
		view_step(view, phase, psprintf("GRANT ALL ON %s TO %s", view, owner), plan);
}

static void
view_defaults(TableModel *table, const char *view, Phase phase, MigrationPlan *plan)
{
	StringInfoData actions;
	ListCell   *lc;

	if (table->relkind == RELKIND_VIEW || table->relkind == RELKIND_MATVIEW)
		return;
	initStringInfo(&actions);
	foreach(lc, table->columns)
	{
		ColumnModel *column = lfirst(lc);
		char	   *expression = view_default(column->generation);

		if (expression != NULL)
			appendStringInfo(&actions, "%s ALTER COLUMN %s SET DEFAULT %s",
							 actions.len > 0 ? "," : "",
							 quote_identifier(column->name), expression);
	}
	if (actions.len > 0)
		view_step(view, phase, psprintf("ALTER VIEW %s%s", view, actions.data), plan);
}

/*
 * Where a view has no default of its own, the base table's applies, which stays
 * until the completion: a dropped one needs an expression that gives NULL.  The
 * server takes a mere NULL for no default.
 */
static char *
view_default(const Generation *generation)
{
	if (generation->generated != '\0')
		return NULL;
	if (generation->default_text == NULL && generation->sets_default &&
		(generation->attnum != 0 || generation->stored_default != NULL))
		return psprintf("COALESCE(NULL::%s)",
						expression_type_name(generation->type, generation->typmod));
	return generation->default_text;
}

static void
view_grants(TableModel *table, const char *view, Phase phase, MigrationPlan *plan)
{
	ListCell   *lc;
	ListCell   *lc2;

	if (!OidIsValid(table->relid))
		return;
	foreach(lc, catalog_default_grants(OBJECT_TABLE, GetUserId(), InvalidOid))
		view_step(view, phase, revoke_all_sql(lfirst(lc), view), plan);
	foreach(lc, catalog_relation_grants(table->relid))
	{
		char	   *grant = grant_view_sql(lfirst(lc), view);

		if (grant != NULL)
			view_step(view, phase, grant, plan);
	}
	foreach(lc, table->columns)
	{
		ColumnModel *column = lfirst(lc);
		Generation *stored = model_stored_ancestor(column->generation);

		if (stored == NULL)
			continue;
		foreach(lc2, catalog_column_grants(table->relid, stored->attnum))
			view_step(view, phase,
					  grant_column_sql(lfirst(lc2), column->name, view), plan);
	}
}

static void
view_comments(TableModel *table, const char *view, Phase phase, MigrationPlan *plan)
{
	ListCell   *lc;

	if (table->comment != NULL)
		view_step(view, phase,
				  psprintf("COMMENT ON VIEW %s IS %s", view,
						   quote_literal_cstr(table->comment)), plan);
	foreach(lc, table->columns)
	{
		ColumnModel *column = lfirst(lc);

		if (column->comment != NULL)
			view_step(view, phase,
					  psprintf("COMMENT ON COLUMN %s.%s IS %s", view,
							   quote_identifier(column->name),
							   quote_literal_cstr(column->comment)), plan);
	}
}

static char *
grant_or_empty(const GrantPart *part, const char *view)
{
	char	   *grant = grant_view_sql(part, view);

	return grant != NULL ? grant : pstrdup("");
}

/* A step on a view that an earlier step makes. */
static void
view_step(const char *view, Phase phase, char *command, MigrationPlan *plan)
{
	plan_step(plan, (Step) {
		.phase = phase,
		.command = command,
		.relation_name = pstrdup(view),
	});
}

/* Raise where something depends on a version's view. */
static void
check_view_dependents(Oid view)
{
	/* No view of a version reads another one. */
	List	   *blocking = catalog_blocking_dependents(view, 0, NIL);

	if (blocking == NIL)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
			 errmsg("view %s of a version schema is to be dropped, but other objects depend on it",
					catalog_relation_name(view)),
			 errdetail("What depends on it: %s.", catalog_describe(blocking)),
			 errhint("Drop these objects, or let them use the other version.")));
}

/* What somebody else has put into a version schema. */
static void
check_nothing_else(Oid namespace)
{
	List	   *others = NIL;
	ListCell   *lc;

	foreach(lc, catalog_depending_objects(NamespaceRelationId, namespace, 0))
	{
		Dependent  *dependent = lfirst(lc);
		const ObjectAddress *object = &dependent->object;

		if (dependent->deptype == DEPENDENCY_NORMAL &&
			!(object->classId == RelationRelationId &&
			  get_rel_relkind(object->objectId) == RELKIND_VIEW))
			others = lappend(others, dependent);
	}
	if (others != NIL)
		ereport(ERROR,
				(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
				 errmsg("version schema \"%s\" is to be dropped, but there are objects of others in it",
						get_namespace_name(namespace)),
				 errdetail("They are: %s.", catalog_describe(others)),
				 errhint("Drop these objects, or move them to another schema.")));
}
