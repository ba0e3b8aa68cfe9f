/*-------------------------------------------------------------------------
 *
 * rename_guard.c
 *		Indexes, constraints and statistics that others rename while their columns change.
 *
 * What stands for one has a name made of its name, and is renamed along with it.  While
 * the copy of an index is not built there is nothing to rename, so the index keeps its
 * name: whatever got it would be taken for the original.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_statistic_ext.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "ddl/ddl_execute.h"
#include "inspect/guard_scope.h"
#include "inspect/rename_guard.h"
#include "schema/catalog_constraint.h"
#include "schema/catalog_depend.h"
#include "schema/catalog_dependent.h"
#include "schema/catalog_object.h"
#include "schema/catalog_read.h"
#include "schema/names.h"
#include "state/tasks.h"

static GuardLine *line_making_copy(List *lines, Oid relid, Oid constraint,
								   const char *name);
static Oid	index_of_key(Oid constraint);
static bool has_foreign_key(Oid relid, const char *name, int64 migration);
static bool has_column_of(const ConstraintFacts *facts, int64 migration);
static void index_follows(const GuardLine *line, Oid namespace, const char *from,
						  const char *to);
static void constraint_follows(const GuardLine *line, Oid relid, const char *from,
							   const char *to);
static void follow_statistics(List *lines, Oid statistics, const char *from);
static GuardLine *line_naming(List *lines, Oid class, Oid object);
static GuardLine *line_naming_one(List *lines, Oid class, Oid object);
static void statistics_follow(const StatisticsFacts *copy, const char *schema,
							  const char *name);

void
rename_guard_follow(List *lines, const RenameStmt *stmt)
{
	RangeVar   *renamed;
	Oid			relid;
	ListCell   *lc;

	if (stmt->relation == NULL)
		return;
	renamed = copyObject(stmt->relation);
	if (stmt->renameType != OBJECT_TABCONSTRAINT)
		renamed->relname = stmt->newname;
	relid = RangeVarGetRelid(renamed, NoLock, true);
	foreach(lc, OidIsValid(relid) ? lines : NIL)
	{
		const GuardLine *line = lfirst(lc);

		if (stmt->renameType == OBJECT_TABCONSTRAINT)
			constraint_follows(line, relid, stmt->subname, stmt->newname);
		else if (catalog_is_index(relid))
			index_follows(line, get_rel_namespace(relid), stmt->relation->relname,
						  stmt->newname);
	}
}

bool
rename_guard_changes_name(const Node *command)
{
	return IsA(command, RenameStmt) || IsA(command, AlterObjectSchemaStmt) ||
		(IsA(command, AlterEnumStmt) && ((const AlterEnumStmt *) command)->oldVal != NULL);
}

void
rename_guard_renamed(List *lines, Node *command, Oid class, Oid object,
					 const char *identity)
{
	Node	   *from = IsA(command, RenameStmt) ? ((RenameStmt *) command)->object :
		IsA(command, AlterObjectSchemaStmt) ? ((AlterObjectSchemaStmt *) command)->object :
		NULL;
	GuardLine  *line;

	if (!rename_guard_changes_name(command))
		return;
	if (class == StatisticExtRelationId)
		follow_statistics(lines, object, strVal(llast(castNode(List, from))));
	line = line_naming(lines, class, object);
	if (line != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_PGROLL_PROTECTED),
				 errmsg("cannot rename or move what an index that is built again names"),
				 errdetail("The migration \"%s\" of schema \"%s\" still has to build an index whose definition names what would be %s.",
						   line->name, line->base_schema, identity),
				 errhint("Wait until the migration is ready, or roll it back.")));
}

static void
follow_statistics(List *lines, Oid statistics, const char *from)
{
	const StatisticsFacts *facts = catalog_statistics_object(statistics);
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, facts != NULL ? lines : NIL)
	{
		const GuardLine *line = lfirst(lc);

		if (name_is_of_migration(from, line->migration) ||
			name_is_of_migration(facts->name, line->migration))
			guard_refuse(line, "rename or move statistics object", from);
		foreach(lc2, catalog_statistics(facts->relation))
		{
			const StatisticsFacts *copy = lfirst(lc2);

			/* Others of that name, in another schema, have theirs beside them. */
			if (strcmp(copy->name, name_carried(line->migration, from)) == 0 &&
				!catalog_statistics_exist(copy->schema, from))
				statistics_follow(copy, facts->schema,
								  name_carried(line->migration, facts->name));
		}
	}
}

GuardLine *
rename_guard_refuses(List *lines, const RenameStmt *stmt)
{
	Oid			relid = RangeVarGetRelid(stmt->relation, NoLock, true);
	Oid			constraint = OidIsValid(relid) ?
		get_relation_constraint_oid(relid, stmt->subname, true) : InvalidOid;
	FormData_pg_constraint row;
	GuardLine  *line = guard_line_of_drop(lines, DROPS_CONSTRAINT, relid, stmt->subname);
	ListCell   *lc;

	if (line == NULL)
		line = line_making_copy(lines, relid, constraint, stmt->subname);
	if (line != NULL)
		return line;
	if (!OidIsValid(constraint) || !catalog_constraint_row(constraint, &row) ||
		row.contype != CONSTRAINT_FOREIGN ||
		(get_rel_relkind(relid) != RELKIND_PARTITIONED_TABLE &&
		 !(OidIsValid(row.conparentid) && get_rel_relispartition(relid))))
		return NULL;
	relid = catalog_topmost(relid);
	while (OidIsValid(row.conparentid) && catalog_constraint_row(row.conparentid, &row))
		;
	foreach(lc, lines)
	{
		const int64 migration = ((GuardLine *) lfirst(lc))->migration;

		if (has_foreign_key(relid, name_carried(migration, NameStr(row.conname)), migration))
			return lfirst(lc);
	}
	return NULL;
}

/* The migration whose copy of the constraint is not there in full. */
static GuardLine *
line_making_copy(List *lines, Oid relid, Oid constraint, const char *name)
{
	FormData_pg_constraint row;
	ListCell   *lc;

	if (!OidIsValid(constraint) || !catalog_constraint_row(constraint, &row))
		return NULL;
	foreach(lc, lines)
	{
		GuardLine  *line = lfirst(lc);
		char	   *copy = name_carried(line->migration, name);

		if (catalog_constraint_exists(relid, copy) &&
			!catalog_constraint_is_valid(relid, copy))
			return line;
	}
	return row.contype == CONSTRAINT_CHECK ? NULL :
		rename_guard_line_building(lines, get_rel_namespace(relid), name);
}

GuardLine *
rename_guard_line_building(List *lines, Oid namespace, const char *index)
{
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, lines)
	{
		GuardLine  *line = lfirst(lc);
		char	   *carried = name_carried(line->migration, index);

		/* While a dump is restored, tasks come before the indexes. */
		if (!line->is_home)
			continue;
		foreach(lc2, list_concat(list_concat(tasks_of_kind(line->migration, TASK_INDEX),
											 tasks_of_kind(line->migration, TASK_ATTACH)),
								 tasks_of_kind(line->migration, TASK_CONSTRAINT)))
		{
			const Task *task = lfirst(lc2);

			if (task->state != TASK_DONE && strcmp(task->object, carried) == 0 &&
				get_rel_namespace(task->relation) == namespace)
				return line;
		}
	}
	return NULL;
}

GuardLine *
rename_guard_line_with_copy(List *lines, Oid namespace, const char *index)
{
	ListCell   *lc;

	foreach(lc, lines)
	{
		GuardLine  *line = lfirst(lc);

		if (OidIsValid(get_relname_relid(name_carried(line->migration, index), namespace)))
			return line;
	}
	return rename_guard_line_building(lines, namespace, index);
}

/* Or names one of its objects, if it is a schema or an extension. */
static GuardLine *
line_naming(List *lines, Oid class, Oid object)
{
	ListCell   *lc;

	if (class != NamespaceRelationId && class != ExtensionRelationId)
		return line_naming_one(lines, class, object);
	foreach(lc, catalog_depending_objects(class, object, InvalidAttrNumber))
	{
		const ObjectAddress *member = &((Dependent *) lfirst(lc))->object;
		GuardLine  *line = line_naming_one(lines, member->classId, member->objectId);

		if (line != NULL)
			return line;
	}
	return NULL;
}

static GuardLine *
line_naming_one(List *lines, Oid class, Oid object)
{
	ListCell   *lc;

	/* Where the name of a table or column changes it is planned again. */
	if (class == RelationRelationId && get_rel_relkind(object) != RELKIND_COMPOSITE_TYPE)
		return NULL;
	foreach(lc, catalog_depending_objects(class, object, InvalidAttrNumber))
	{
		const ObjectAddress *user = &((Dependent *) lfirst(lc))->object;
		GuardLine  *line = user->classId == RelationRelationId && catalog_is_index(user->objectId) ?
			rename_guard_line_building(lines, get_rel_namespace(user->objectId),
									   get_rel_name(user->objectId)) : NULL;

		if (line != NULL)
			return line;
	}
	return NULL;
}

/*
 * Has the table, or a partition of it, a foreign key of that name on a column that the
 * migration has added?
 */
static bool
has_foreign_key(Oid relid, const char *name, int64 migration)
{
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, catalog_table_tree(relid))
	{
		foreach(lc2, catalog_constraints(lfirst_oid(lc)))
		{
			const ConstraintFacts *facts = lfirst(lc2);

			if (facts->type == CONSTRAINT_FOREIGN && strcmp(facts->name, name) == 0 &&
				has_column_of(facts, migration))
				return true;
		}
	}
	return false;
}

/* One that only references a changed key is told by its parts' names, which may change. */
static bool
has_column_of(const ConstraintFacts *facts, int64 migration)
{
	ListCell   *lc;

	foreach(lc, facts->key)
	{
		if (name_is_of_migration(get_attname(facts->relation, lfirst_int(lc), false),
								 migration))
			return true;
	}
	return false;
}

static void
index_follows(const GuardLine *line, Oid namespace, const char *from, const char *to)
{
	Oid			index = get_relname_relid(name_carried(line->migration, from), namespace);

	/* A partitioned table's may be waiting for partitions. */
	if (!catalog_is_index(index) ||
		(get_rel_relkind(index) == RELKIND_INDEX && !get_index_isvalid(index)))
		return;
	ddl_execute_own(psprintf("ALTER INDEX %s RENAME TO %s", catalog_relation_name(index),
							 quote_identifier(name_carried(line->migration, to))));
}

/* That which a constraint has, not one that a foreign key references. */
static Oid
index_of_key(Oid constraint)
{
	FormData_pg_constraint row;

	return catalog_constraint_row(constraint, &row) && row.contype != CONSTRAINT_FOREIGN ?
		row.conindid : InvalidOid;
}

/* A key has an index of its name, and what stands for it is one alone. */
static void
constraint_follows(const GuardLine *line, Oid relid, const char *from, const char *to)
{
	char	   *carried = name_carried(line->migration, from);
	Oid			constraint = get_relation_constraint_oid(relid, to, true);

	if (OidIsValid(constraint) && OidIsValid(index_of_key(constraint)))
		index_follows(line, get_rel_namespace(relid), from, to);
	if (catalog_constraint_is_valid(relid, carried))
		ddl_execute_own(psprintf("ALTER TABLE %s RENAME CONSTRAINT %s TO %s",
								 catalog_relation_name(relid), quote_identifier(carried),
								 quote_identifier(name_carried(line->migration, to))));
}

static void
statistics_follow(const StatisticsFacts *copy, const char *schema, const char *name)
{
	if (strcmp(copy->name, name) != 0)
		ddl_execute_own(psprintf("ALTER STATISTICS %s RENAME TO %s",
								 quote_qualified_identifier(copy->schema, copy->name),
								 quote_identifier(name)));
	if (strcmp(copy->schema, schema) != 0)
		ddl_execute_own(psprintf("ALTER STATISTICS %s SET SCHEMA %s",
								 quote_qualified_identifier(copy->schema, name),
								 quote_identifier(schema)));
}
