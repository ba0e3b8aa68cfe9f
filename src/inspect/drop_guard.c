/*-------------------------------------------------------------------------
 *
 * drop_guard.c
 *		What goes away with what others drop while a schema is migrated.
 *
 * What a migration needs is refused; what stands for a thing that has gone goes, too.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "ddl/ddl_execute.h"
#include "inspect/detach_guard.h"
#include "inspect/drop_guard.h"
#include "inspect/expression_guard.h"
#include "inspect/table_guard.h"
#include "schema/catalog_constraint.h"
#include "schema/catalog_dependent.h"
#include "schema/catalog_object.h"
#include "schema/catalog_read.h"
#include "schema/catalog_sequence.h"
#include "schema/names.h"
#include "support/spi.h"

static void check_index(List *lines, Oid relid, const char *index);
static void check_extension(List *lines, const DropStmt *stmt);
static void schema_dropped(List *lines, const char *schema);
static void view_dropped(List *lines, const char *schema, const char *view);
static void table_dropped(List *lines, Oid relid, const char *table);
static void column_dropped(List *lines, Oid relid, const char *column);
static void constraint_dropped(List *lines, const char *schema, const char *table,
							   const char *constraint, bool with_key);
static void drop_copy_of_constraint(Oid relid, const char *constraint, const char *copy);
static void index_dropped(List *lines, const char *schema, const char *index);
static bool drops_index(const GuardLine *line, Oid namespace, const char *index);
static void statistics_dropped(List *lines, const char *schema, const char *statistics);
static void trigger_dropped(List *lines, const char *schema, const char *table,
							const char *trigger);

void
drop_guard_check(List *lines, const DropStmt *stmt)
{
	ListCell   *lc;

	if (stmt->removeType == OBJECT_EXTENSION)
		check_extension(lines, stmt);
	foreach(lc, stmt->objects)
		expression_guard_check_call(stmt->removeType, lfirst(lc));
	if (stmt->removeType != OBJECT_TABLE && stmt->removeType != OBJECT_VIEW &&
		stmt->removeType != OBJECT_INDEX)
		return;
	foreach(lc, stmt->objects)
	{
		RangeVar   *name = makeRangeVarFromNameList(lfirst(lc));
		Oid			relid = RangeVarGetRelid(name, NoLock, true);
		GuardLine  *line = NULL;

		if (stmt->removeType == OBJECT_INDEX)
		{
			check_index(lines, relid, name->relname);
			continue;
		}
		/* A partition or child that no version shows may go. */
		if (OidIsValid(relid))
			line = guard_line_of_shown(lines, relid);
		if (line != NULL)
			guard_refuse(line, "drop relation", name->relname);
		detach_guard_prepare(lines, relid);
	}
}

/*
 * What stands for an index on the new form of a column, and what the completion is to
 * drop; at once, since DROP INDEX CONCURRENTLY can't be undone at its end.
 */
static void
check_index(List *lines, Oid relid, const char *index)
{
	GuardLine  *of_drop = catalog_is_index(relid) ?
		guard_line_of_drop(lines, DROPS_INDEX, catalog_table_of_relation(relid), index) :
		NULL;
	ListCell   *lc;

	if (of_drop != NULL)
		guard_refuse(of_drop, "drop index", index);
	foreach(lc, lines)
	{
		GuardLine  *line = lfirst(lc);

		if (name_is_of_migration(index, line->migration))
			guard_refuse(line, "drop index", index);
	}
}

/* Not every migration has a trigger that would depend on the extension. */
static void
check_extension(List *lines, const DropStmt *stmt)
{
	ListCell   *lc;

	if (lines == NIL || stmt->behavior != DROP_RESTRICT)
		return;
	foreach(lc, stmt->objects)
	{
		if (strcmp(strVal(lfirst(lc)), "pgroll_c") == 0)
			guard_refuse(linitial(lines), "drop extension", "pgroll_c");
	}
}

void
drop_guard_dropped(List *lines)
{
	uint64		row;

	SPI_connect();
	if (SPI_execute("SELECT object_type, schema_name, object_name, objid,"
					" address_names[1], address_names[2], address_names[3], normal"
					" FROM pg_catalog.pg_event_trigger_dropped_objects()"
					" WHERE NOT is_temporary", true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read the dropped objects");
	for (row = 0; row < SPI_processed; row++)
	{
		char	   *type = spi_text(row, 1);

		if (strcmp(type, "schema") == 0)
			schema_dropped(lines, spi_text(row, 3));
		else if (strcmp(type, "view") == 0)
			view_dropped(lines, spi_text(row, 2), spi_text(row, 3));
		else if (strcmp(type, "table") == 0)
			table_dropped(lines, atooid(spi_text(row, 4)), spi_text(row, 3));
		else if (strcmp(type, "table column") == 0)
			column_dropped(lines, atooid(spi_text(row, 4)), spi_text(row, 7));
		else if (strcmp(type, "table constraint") == 0)
			constraint_dropped(lines, spi_text(row, 5), spi_text(row, 6),
							   spi_text(row, 7), *spi_text(row, 8) == 't');
		else if (strcmp(type, "index") == 0)
			index_dropped(lines, spi_text(row, 2), spi_text(row, 3));
		else if (strcmp(type, "statistics object") == 0)
			statistics_dropped(lines, spi_text(row, 2), spi_text(row, 3));
		else if (strcmp(type, "trigger") == 0)
			trigger_dropped(lines, spi_text(row, 5), spi_text(row, 6),
							spi_text(row, 7));
	}
	SPI_finish();
	expression_guard_check();
}

static void
schema_dropped(List *lines, const char *schema)
{
	GuardLine  *line = guard_line_of_schema(lines, schema);

	if (line != NULL)
		guard_refuse(line, "drop schema", schema);
}

static void
view_dropped(List *lines, const char *schema, const char *view)
{
	GuardLine  *line = guard_line_of_view_schema(lines, schema);

	if (line != NULL)
		guard_refuse(line, "drop view", quote_qualified_identifier(schema, view));
}

/* With a type that it is of, say; what names it was refused before. */
static void
table_dropped(List *lines, Oid relid, const char *table)
{
	GuardLine  *line = guard_line_of_drop(lines, DROPS_TABLE, relid, NULL);

	if (line != NULL)
		guard_refuse(line, "drop relation", table);
}

static void
column_dropped(List *lines, Oid relid, const char *column)
{
	GuardLine  *line = guard_line_of_drop(lines, DROPS_COLUMN, relid, column);

	if (line != NULL)
		guard_refuse(line, "drop column", column);
	table_guard_check_columns(relid);
}

/*
 * What stands for a constraint on the new form of a column goes with it: another
 * of the same name may follow.  with_key: it is a foreign key that goes, by CASCADE, with
 * what it references.
 */
static void
constraint_dropped(List *lines, const char *schema, const char *table,
				   const char *constraint, bool with_key)
{
	Oid			relid = get_relname_relid(table, get_namespace_oid(schema, true));
	GuardLine  *line = guard_line_of_drop(lines, DROPS_CONSTRAINT, relid, constraint);
	ListCell   *lc;

	if (line != NULL)
		guard_refuse(line, "drop constraint", constraint);
	foreach(lc, OidIsValid(relid) ? lines : NIL)
	{
		line = lfirst(lc);
		if (with_key && name_is_new(constraint) && name_is_of_migration(constraint, line->migration))
			guard_refuse(line, "drop constraint", name_carried_original(constraint));
		drop_copy_of_constraint(relid, constraint,
								name_carried(line->migration, constraint));
	}
}

/* A child that keeps the constraint keeps its copy. */
static void
drop_copy_of_constraint(Oid relid, const char *constraint, const char *copy)
{
	bool		keeps = false;
	ListCell   *lc;

	if (!catalog_constraint_is_own(relid, copy))
		return;
	foreach(lc, get_rel_relkind(relid) == RELKIND_RELATION ? catalog_table_tree(relid) : NIL)
		keeps |= catalog_constraint_exists(lfirst_oid(lc), constraint);
	ddl_execute_own(psprintf("ALTER TABLE %s%s DROP CONSTRAINT %s", keeps ? "ONLY " : "",
							 catalog_relation_name(relid), quote_identifier(copy)));
	foreach(lc, keeps ? find_inheritance_children(relid, NoLock) : NIL)
	{
		if (!catalog_constraint_exists(lfirst_oid(lc), constraint))
			drop_copy_of_constraint(lfirst_oid(lc), constraint, copy);
	}
}

static void
index_dropped(List *lines, const char *schema, const char *index)
{
	Oid			namespace = get_namespace_oid(schema, true);
	ListCell   *lc;

	foreach(lc, OidIsValid(namespace) ? lines : NIL)
	{
		GuardLine  *line = lfirst(lc);
		Oid			relid = get_relname_relid(name_carried(line->migration, index),
											  namespace);

		if (drops_index(line, namespace, index))
			guard_refuse(line, "drop index", index);
		/* A partition's goes with that of the whole table. */
		if (catalog_is_index(relid))
			ddl_execute_own(psprintf("DROP INDEX %s",
									 catalog_relation_name(catalog_topmost(relid))));
	}
}

/* Is it one that the completion is to drop?  Its table can't be asked any more. */
static bool
drops_index(const GuardLine *line, Oid namespace, const char *index)
{
	ListCell   *lc;

	foreach(lc, line->drops)
	{
		const MigrationDrop *drop = lfirst(lc);

		if (drop->type == DROPS_INDEX && strcmp(drop->name, index) == 0 &&
			get_rel_namespace(drop->relation) == namespace)
			return true;
	}
	return false;
}

static void
statistics_dropped(List *lines, const char *schema, const char *statistics)
{
	ListCell   *lc;

	foreach(lc, OidIsValid(get_namespace_oid(schema, true)) ? lines : NIL)
	{
		GuardLine  *line = lfirst(lc);
		char	   *carried = name_carried(line->migration, statistics);

		if (catalog_statistics_exist(schema, carried))
			ddl_execute_own(psprintf("DROP STATISTICS %s",
									 quote_qualified_identifier(schema, carried)));
	}
}

/* With its table, a partition say, it may go. */
static void
trigger_dropped(List *lines, const char *schema, const char *table,
				const char *trigger)
{
	Oid			namespace = get_namespace_oid(schema, true);
	Oid			relid;

	if (!name_is_dual_write_trigger(trigger))
		return;
	relid = get_relname_relid(table, namespace);
	if (OidIsValid(relid))
		guard_refuse(guard_line_of_table(lines, relid), "drop trigger", trigger);
}
