/*-------------------------------------------------------------------------
 *
 * guard_scope.c
 *		What the active migrations need: their schemas, tables and columns.
 *
 * Read from what is really there, the dependencies of the version schemas'
 * views and the arguments of the triggers, not from the documents.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "catalog/pg_class.h"
#include "catalog/pg_rewrite.h"
#include "utils/lsyscache.h"

#include "inspect/guard_scope.h"
#include "schema/catalog_depend.h"
#include "schema/catalog_read.h"
#include "schema/names.h"
#include "state/migrations.h"
#include "versioning/edge.h"

static List *version_schemas_of(const MigrationRow *migration);
static GuardLine *line_of_dependent_view(List *lines, Oid relid,
										 AttrNumber attnum);
static GuardLine *line_of_trigger(List *lines, Oid relid, const char *column);
static bool migration_names_column(const EdgeMigration *migration,
								   const char *column);
static bool half_names_column(const EdgeHalf *half, const char *column);

List *
guard_lines(void)
{
	List	   *lines = NIL;
	ListCell   *lc;

	foreach(lc, migrations_active_all())
	{
		MigrationRow *migration = lfirst(lc);
		GuardLine  *line = palloc(sizeof(GuardLine));

		line->migration = migration->id;
		line->name = migration->name;
		line->is_home = migration->is_home;
		line->base_schema = migration->base_schema;
		line->version_schemas = version_schemas_of(migration);
		line->drops = migration_drops(migration->id);
		lines = lappend(lines, line);
	}
	return lines;
}

GuardLine *
guard_line_of_schema(List *lines, const char *schema)
{
	ListCell   *lc;

	foreach(lc, lines)
	{
		GuardLine  *line = lfirst(lc);

		if (strcmp(line->base_schema, schema) == 0 ||
			names_include(line->version_schemas, schema))
			return line;
	}
	return NULL;
}

GuardLine *
guard_line_of_view_schema(List *lines, const char *schema)
{
	ListCell   *lc;

	foreach(lc, lines)
	{
		GuardLine  *line = lfirst(lc);

		if (names_include(line->version_schemas, schema))
			return line;
	}
	return NULL;
}

GuardLine *
guard_line_of_shown(List *lines, Oid relid)
{
	char	   *schema = get_namespace_name(get_rel_namespace(relid));
	GuardLine  *line = NULL;

	if (schema != NULL && get_rel_relkind(relid) == RELKIND_VIEW)
		line = guard_line_of_view_schema(lines, schema);
	if (line == NULL)
		line = line_of_dependent_view(lines, relid, InvalidAttrNumber);
	if (line == NULL)
		line = guard_line_of_drop(lines, DROPS_TABLE, relid, NULL);
	return line;
}

GuardLine *
guard_line_of_relation(List *lines, Oid relid)
{
	GuardLine  *line = guard_line_of_shown(lines, relid);

	return line != NULL ? line : line_of_trigger(lines, relid, NULL);
}

GuardLine *
guard_line_of_column(List *lines, Oid relid, const char *column)
{
	char	   *schema = get_namespace_name(get_rel_namespace(relid));
	AttrNumber	attnum = get_attnum(relid, column);
	GuardLine  *line = NULL;

	if (attnum == InvalidAttrNumber)
		return NULL;
	if (schema != NULL && get_rel_relkind(relid) == RELKIND_VIEW)
		line = guard_line_of_view_schema(lines, schema);
	if (line == NULL)
		line = line_of_dependent_view(lines, relid, attnum);
	if (line == NULL)
		line = line_of_trigger(lines, relid, column);
	if (line == NULL)
		line = guard_line_of_drop(lines, DROPS_COLUMN, relid, column);
	return line;
}

GuardLine *
guard_line_of_table(List *lines, Oid relid)
{
	GuardLine  *line = guard_line_of_relation(lines, relid);

	return line != NULL ? line : linitial(lines);
}

void
guard_refuse(const GuardLine *line, const char *what, const char *object)
{
	ereport(ERROR,
			(errcode(ERRCODE_PGROLL_PROTECTED),
			 errmsg("cannot %s \"%s\"", what, object),
			 errdetail("The migration \"%s\" of schema \"%s\" is in progress and needs it.",
					   line->name, line->base_schema),
			 errhint("Complete the migration or roll it back first.")));
}

GuardLine *
guard_line_of_drop(List *lines, DropType type, Oid relid, const char *name)
{
	ListCell   *lc;

	foreach(lc, lines)
	{
		GuardLine  *line = lfirst(lc);

		if (migration_drops_include(line->drops, type, relid, name))
			return line;
	}
	return NULL;
}

/* Its own and those before it that are not retired. */
static List *
version_schemas_of(const MigrationRow *migration)
{
	List	   *schemas = NIL;

	while (migration != NULL)
	{
		if (!migration->retired)
			schemas = lappend(schemas, migration->version_schema);
		else
			break;
		migration = migration->parent == 0 ? NULL :
			migration_by_id(migration->parent);
	}
	return schemas;
}

/* The line with a version's view that shows the relation, or a column of it. */
static GuardLine *
line_of_dependent_view(List *lines, Oid relid, AttrNumber attnum)
{
	GuardLine  *line = NULL;
	ListCell   *lc;

	foreach(lc, catalog_depending_objects(RelationRelationId, relid, attnum))
	{
		const ObjectAddress *object = &((Dependent *) lfirst(lc))->object;
		Oid			view;
		char	   *schema;

		if (object->classId != RewriteRelationId)
			continue;
		view = catalog_view_of_rule(object->objectId);
		schema = get_namespace_name(get_rel_namespace(view));
		if (view != relid && schema != NULL)
			line = guard_line_of_view_schema(lines, schema);
		if (line != NULL)
			break;
	}
	return line;
}

/* The line of an edge of the table, of one that names column if that is given. */
static GuardLine *
line_of_trigger(List *lines, Oid relid, const char *column)
{
	GuardLine  *line = NULL;
	ListCell   *lc;

	foreach(lc, edge_migrations_of_table(relid))
	{
		EdgeMigration *migration = lfirst(lc);

		if (column == NULL || migration_names_column(migration, column))
			line = guard_line_of_schema(lines, migration->base_schema);
		if (line != NULL)
			break;
	}
	return line;
}

static bool
migration_names_column(const EdgeMigration *migration, const char *column)
{
	ListCell   *lc;

	if (strcmp(migration->marker, column) == 0)
		return true;
	foreach(lc, migration->edges)
	{
		Edge	   *edge = lfirst(lc);

		if (half_names_column(edge->up, column) ||
			half_names_column(edge->down, column))
			return true;
	}
	return false;
}

static bool
half_names_column(const EdgeHalf *half, const char *column)
{
	return half != NULL &&
		(strcmp(half->column, column) == 0 ||
		 names_include(half->inputs, column));
}
