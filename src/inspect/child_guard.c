/*-------------------------------------------------------------------------
 *
 * child_guard.c
 *		Tables that are copied from one in flight, or are to be its children.
 *
 * A copy made with LIKE is without what the migration added, and a table that is
 * attached gets it, so that people need not know of it in either case.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "access/relation.h"
#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/partition.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_rewrite.h"
#include "nodes/parsenodes.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "ddl/ddl_execute.h"
#include "inspect/child_guard.h"
#include "inspect/guard_scope.h"
#include "operation/shadow_column.h"
#include "schema/catalog_constraint.h"
#include "schema/catalog_depend.h"
#include "schema/catalog_object.h"
#include "schema/names.h"
#include "state/migrations.h"
#include "versioning/expression.h"

/*
 * The tables (Oid) whose columns the CREATE TABLE … (LIKE …) takes that runs, as known
 * at its start.
 */
static List *sources = NIL;

static void drop_copied_checks(const GuardLine *line, Oid relid);
static void drop_copied_indexes(const GuardLine *line, Oid relid);
static Oid	last_copy(Oid relid, Oid source);
static void leave_version(const GuardLine *line, Oid parent, Oid child);
static bool shows(Oid namespace, Oid relid, AttrNumber attnum);
static void leave_views(const GuardLine *line, Oid parent, Oid child, const char *column);
static void add_columns(int64 migration, Oid parent, Oid child);
static void add_checks(const GuardLine *line, Oid parent, Oid child);
static void add_check(const GuardLine *line, const ConstraintFacts *facts,
					  Oid parent, Oid child);

bool
child_guard_note_copy(const Node *command)
{
	MemoryContext caller = MemoryContextSwitchTo(TopMemoryContext);
	bool		is_copy = false;
	ListCell   *lc;

	list_free(sources);
	sources = NIL;
	foreach(lc, IsA(command, CreateStmt) ? ((const CreateStmt *) command)->tableElts : NIL)
	{
		Oid			source;

		if (!IsA(lfirst(lc), TableLikeClause))
			continue;
		is_copy = true;
		source = RangeVarGetRelid(lfirst_node(TableLikeClause, lc)->relation, NoLock, true);
		if (OidIsValid(source))
			sources = list_append_unique_oid(sources, source);
	}
	MemoryContextSwitchTo(caller);
	return is_copy;
}

void
child_guard_clean_copy(List *lines, Oid relid)
{
	char		relkind = get_rel_relkind(relid);
	ListCell   *lc;

	/* Its indexes are named, too. */
	foreach(lc, relkind == RELKIND_RELATION || relkind == RELKIND_PARTITIONED_TABLE ?
			lines : NIL)
	{
		List	   *names = catalog_columns_of_migration(relid,
														 ((GuardLine *) lfirst(lc))->migration);

		/* The indexes on them go with them. */
		if (names != NIL)
			ddl_execute_own(psprintf("ALTER TABLE %s %s",
									 catalog_relation_name(relid),
									 shadow_drop_actions(names, InvalidOid)));
		drop_copied_checks(lfirst(lc), relid);
		drop_copied_indexes(lfirst(lc), relid);
	}
}

/* New ones are on columns that stay; the others have gone with theirs. */
static void
drop_copied_checks(const GuardLine *line, Oid relid)
{
	ListCell   *lc;

	foreach(lc, catalog_constraints(relid))
	{
		const ConstraintFacts *facts = lfirst(lc);

		if (facts->type == CONSTRAINT_CHECK && !facts->inherited &&
			name_is_of_migration(facts->name, line->migration))
			ddl_execute_own(psprintf("ALTER TABLE %s DROP CONSTRAINT %s",
									 catalog_relation_name(relid),
									 quote_identifier(facts->name)));
	}
}

/*
 * New indexes are on columns that stay, and the copies are called as the server likes.
 * Where the table has an equal one of its own, too, the later is ours.
 */
static void
drop_copied_indexes(const GuardLine *line, Oid relid)
{
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, sources)
	{
		List	   *indexes = get_rel_name(lfirst_oid(lc)) == NULL ? NIL :
			list_concat(catalog_indexes(lfirst_oid(lc)),
						catalog_invalid_indexes(lfirst_oid(lc)));

		foreach(lc2, indexes)
		{
			const IndexFacts *facts = lfirst(lc2);
			Oid			copy;

			if (!name_is_new(facts->name) ||
				!name_is_of_migration(facts->name, line->migration))
				continue;
			copy = last_copy(relid, facts->oid);
			if (OidIsValid(copy))
				ddl_execute_own(psprintf("DROP INDEX %s", catalog_relation_name(copy)));
		}
	}
}

/* The last index of a table that is equal to another one and serves no constraint. */
static Oid
last_copy(Oid relid, Oid source)
{
	Oid			found = InvalidOid;
	ListCell   *lc;

	foreach(lc, catalog_indexes(relid))
	{
		Oid			index = ((IndexFacts *) lfirst(lc))->oid;

		if (index > found && !OidIsValid(get_index_constraint(index)) &&
			catalog_indexes_are_alike(index, source))
			found = index;
	}
	return found;
}

void
child_guard_prepare(List *lines, Oid parent, Oid child)
{
	ListCell   *lc;

	if (!OidIsValid(parent) || !OidIsValid(child) ||
		guard_line_of_relation(lines, parent) == NULL)
		return;
	foreach(lc, lines)
	{
		GuardLine  *line = lfirst(lc);

		leave_version(line, parent, child);
		add_columns(line->migration, parent, child);
		add_checks(line, parent, child);
	}
}

/*
 * The new version may show the child by itself, with columns that it does not show of the
 * parent: they have another form there, or go at the completion.
 */
static void
leave_version(const GuardLine *line, Oid parent, Oid child)
{
	Oid			whole = get_rel_relispartition(parent) ?
		llast_oid(get_partition_ancestors(parent)) : parent;
	MigrationRow *migration = migration_by_id(line->migration);
	Oid			namespace = migration == NULL ? InvalidOid :
		get_namespace_oid(migration->version_schema, true);
	ListCell   *lc;

	if (!OidIsValid(namespace) || !shows(namespace, whole, InvalidAttrNumber))
		return;
	foreach(lc, catalog_column_names(whole))
	{
		const char *column = lfirst(lc);

		if (get_attnum(child, column) != InvalidAttrNumber &&
			!shows(namespace, whole, foreach_current_index(lc) + 1))
			leave_views(line, whole, child, column);
	}
}

/* Has a view of the schema the column, or (attnum 0) the table? */
static bool
shows(Oid namespace, Oid relid, AttrNumber attnum)
{
	ListCell   *lc;

	foreach(lc, catalog_depending_objects(RelationRelationId, relid, attnum))
	{
		const ObjectAddress *object = &((Dependent *) lfirst(lc))->object;

		if (object->classId == RewriteRelationId &&
			get_rel_namespace(catalog_view_of_rule(object->objectId)) == namespace)
			return true;
	}
	return false;
}

/*
 * A partition is no longer shown by itself, as if it had been one at the start.  The old
 * version shows it until the completion; but a child needs a view of another form.
 */
static void
leave_views(const GuardLine *line, Oid parent, Oid child, const char *column)
{
	List	   *views = NIL;
	ListCell   *lc;

	foreach(lc, catalog_depending_objects(RelationRelationId, child,
										  get_attnum(child, column)))
	{
		const ObjectAddress *object = &((Dependent *) lfirst(lc))->object;

		if (object->classId == RewriteRelationId)
			views = list_append_unique_oid(views,
										   catalog_view_of_rule(object->objectId));
	}
	foreach(lc, views)
	{
		char	   *schema = get_namespace_name(get_rel_namespace(lfirst_oid(lc)));
		MigrationRow *version = schema == NULL ? NULL : migration_of_version_now(schema);

		/* What others have is a user's view here: it follows at the completion. */
		if (version == NULL || version->id != line->migration)
			continue;
		if (get_rel_relkind(parent) != RELKIND_PARTITIONED_TABLE)
			ereport(ERROR,
					(errcode(ERRCODE_PGROLL_PROTECTED),
					 errmsg("table %s cannot become a child of %s now",
							catalog_relation_name(child), catalog_relation_name(parent)),
					 errdetail("The version %s shows it by itself with the column \"%s\", which the migration \"%s\" of schema \"%s\" changes.",
							   schema, column, line->name, line->base_schema),
					 errhint("Add the table after the migration is completed or rolled back.")));
		ddl_execute_own(psprintf("DROP VIEW %s", catalog_relation_name(lfirst_oid(lc))));
	}
}

static void
add_columns(int64 migration, Oid parent, Oid child)
{
	Relation	rel = relation_open(parent, AccessShareLock);
	TupleDesc	desc = CreateTupleDescCopy(RelationGetDescr(rel));

	relation_close(rel, AccessShareLock);
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);
		char	   *collation = "";

		if (att->attisdropped ||
			!name_is_of_migration(NameStr(att->attname), migration) ||
			get_attnum(child, NameStr(att->attname)) != InvalidAttrNumber)
			continue;
		if (OidIsValid(att->attcollation))
			collation = psprintf(" COLLATE %s",
								 catalog_collation_name(att->attcollation));
		ddl_execute_own(psprintf("ALTER TABLE %s ADD COLUMN %s %s%s",
								 catalog_relation_name(child),
								 quote_identifier(NameStr(att->attname)),
								 expression_type_name(att->atttypid, att->atttypmod),
								 collation));
	}
}

static void
add_checks(const GuardLine *line, Oid parent, Oid child)
{
	ListCell   *lc;

	foreach(lc, catalog_constraints(parent))
	{
		ConstraintFacts *facts = lfirst(lc);

		if (facts->type == CONSTRAINT_CHECK && !facts->no_inherit &&
			name_is_of_migration(facts->name, line->migration) &&
			!catalog_constraint_exists(child, facts->name))
			add_check(line, facts, parent, child);
	}
}

/*
 * Valid, whether the parent's is yet or not: rows that it does not hold for, as
 * they await backfill, would stop its validation.
 */
static void
add_check(const GuardLine *line, const ConstraintFacts *facts, Oid parent,
		  Oid child)
{
	MemoryContext context = CurrentMemoryContext;
	char	   *command;

	command = psprintf("ALTER TABLE %s ADD CONSTRAINT %s CHECK (%s)",
					   catalog_relation_name(child), quote_identifier(facts->name),
					   expression_deparse_stored(stringToNode(facts->check),
												 catalog_column_names(parent)));
	PG_TRY();
	{
		ddl_execute_own(command);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		if (error->sqlerrcode != ERRCODE_CHECK_VIOLATION)
			PG_RE_THROW();
		FlushErrorState();
		ereport(ERROR,
				(errcode(ERRCODE_PGROLL_PROTECTED),
				 errmsg("table %s has rows and cannot become a child of %s now",
						catalog_relation_name(child), catalog_relation_name(parent)),
				 errdetail("The migration \"%s\" of schema \"%s\" has a constraint that rows meet only when they are backfilled.",
						   line->name, line->base_schema),
				 errhint("Add the table while it is empty and fill it then, or add it after the migration.")));
	}
	PG_END_TRY();
}
