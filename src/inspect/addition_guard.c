/*-------------------------------------------------------------------------
 *
 * addition_guard.c
 *		What others add to a migration's tables while it is active.
 *
 * Looked at is only what the completion would miss: views, policies, triggers and the
 * like it sees by itself.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "catalog/index.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "utils/lsyscache.h"

#include "inspect/addition_guard.h"
#include "inspect/guard_scope.h"
#include "operation/view_text.h"
#include "schema/catalog_constraint.h"
#include "schema/catalog_object.h"
#include "schema/catalog_read.h"
#include "schema/names.h"
#include "state/migration_tables.h"
#include "state/tasks.h"
#include "versioning/edge.h"
#include "worker/launcher.h"

static void refuse_our_names(List *lines, const Node *command);
static void refuse_our_name(List *lines, const char *name, const RangeVar *relation);
static void note_detached(List *lines, const Node *command);
static bool references_changed_column(Oid relid);
static bool adds(const Node *command);
static bool renames_partition(const RenameStmt *stmt);
static bool part_adds(const AlterTableCmd *cmd);
static bool name_is_others(const char *name);
static void note(List *lines, Oid relid, bool may_exclude);
static void refuse_exclusions(const GuardLine *line, Oid relid);
static bool is_exclusion(const ConstraintFacts *constraint);
static bool reads_changed_column(const ConstraintFacts *exclusion);
static List *relatives_of(Oid relid);

void
addition_guard_look(List *lines, const Node *command, List *relids)
{
	ListCell   *lc;

	refuse_our_names(lines, command);
	note_detached(lines, command);
	if (!adds(command))
		return;
	foreach(lc, relids)
		note(lines, lfirst_oid(lc),
			 !IsA(command, IndexStmt) && !IsA(command, CreateStatsStmt));
	foreach(lc, IsA(command, CreateStatsStmt) ?
			((const CreateStatsStmt *) command)->relations : NIL)
		note(lines, RangeVarGetRelid(lfirst_node(RangeVar, lc), NoLock, true), false);
}

/* What others call so would be taken for the migration's, and go with it. */
static void
refuse_our_names(List *lines, const Node *command)
{
	ListCell   *lc;

	if (IsA(command, IndexStmt))
	{
		const IndexStmt *stmt = (const IndexStmt *) command;

		refuse_our_name(lines, stmt->idxname, stmt->relation);
	}
	else if (IsA(command, CreateStatsStmt))
	{
		const CreateStatsStmt *stmt = (const CreateStatsStmt *) command;

		if (stmt->defnames != NIL)
			refuse_our_name(lines, strVal(llast(stmt->defnames)),
							linitial_node(RangeVar, stmt->relations));
	}
	else if (IsA(command, AlterTableStmt))
	{
		const AlterTableStmt *stmt = (const AlterTableStmt *) command;

		foreach(lc, stmt->cmds)
		{
			const AlterTableCmd *cmd = lfirst(lc);

			if (cmd->subtype == AT_AddConstraint)
				refuse_our_name(lines, castNode(Constraint, cmd->def)->conname,
								stmt->relation);
		}
	}
}

static void
refuse_our_name(List *lines, const char *name, const RangeVar *relation)
{
	ListCell   *lc;

	foreach(lc, name != NULL ? lines : NIL)
	{
		const GuardLine *line = lfirst(lc);

		/* Elsewhere a dump is restored, which has some. */
		if (line->is_home && name_is_of_migration(name, line->migration) &&
			migration_concerns(line->migration,
							   relatives_of(RangeVarGetRelid(relation, NoLock, false))))
			ereport(ERROR,
					(errcode(ERRCODE_PGROLL_PROTECTED),
					 errmsg("cannot create \"%s\"", name),
					 errdetail("The migration \"%s\" of schema \"%s\" is in progress, and names that begin so are its own.",
							   line->name, line->base_schema),
					 errhint("Choose another name.")));
	}
}

/* A foreign key to a changed column that a partition had from the whole is its own now. */
static void
note_detached(List *lines, const Node *command)
{
	ListCell   *lc;

	foreach(lc, IsA(command, AlterTableStmt) ? ((const AlterTableStmt *) command)->cmds : NIL)
	{
		const AlterTableCmd *cmd = lfirst(lc);
		Oid			relid;

		if (cmd->subtype != AT_DetachPartition &&
			cmd->subtype != AT_DetachPartitionFinalize)
			continue;
		relid = RangeVarGetRelid(((PartitionCmd *) cmd->def)->name, NoLock, true);
		if (OidIsValid(relid) && catalog_parents(relid) == NIL &&
			references_changed_column(relid))
			note(lines, relid, false);
	}
}

static bool
references_changed_column(Oid relid)
{
	ListCell   *lc;

	foreach(lc, catalog_constraints(relid))
	{
		const ConstraintFacts *facts = lfirst(lc);

		if (facts->type == CONSTRAINT_FOREIGN &&
			edge_changes_any_column(facts->partner, facts->partner_key))
			return true;
	}
	return false;
}

static bool
adds(const Node *command)
{
	ListCell   *lc;

	switch (nodeTag(command))
	{
		case T_CreateSchemaStmt:
		case T_CreateStmt:
		case T_CreateStatsStmt:
			return true;
		case T_IndexStmt:
			return name_is_others(((const IndexStmt *) command)->idxname);
		case T_CreateTableAsStmt:
			return ((const CreateTableAsStmt *) command)->objtype == OBJECT_MATVIEW;
		case T_RenameStmt:
			return renames_partition((const RenameStmt *) command);
		case T_AlterTableStmt:
			foreach(lc, ((const AlterTableStmt *) command)->cmds)
			{
				if (part_adds(lfirst(lc)))
					return true;
			}
			return false;
		default:
			return false;
	}
}

/* The parts of new indexes are called after their tables. */
static bool
renames_partition(const RenameStmt *stmt)
{
	RangeVar	named;
	Oid			relid;

	if (stmt->renameType != OBJECT_TABLE)
		return false;
	named = *stmt->relation;
	named.relname = stmt->newname;
	relid = RangeVarGetRelid(&named, NoLock, true);
	return OidIsValid(relid) && get_rel_relispartition(relid);
}

/* VALIDATE CONSTRAINT of a task is not meant, nor what a restored dump has of ours. */
static bool
part_adds(const AlterTableCmd *cmd)
{
	switch (cmd->subtype)
	{
		case AT_AddConstraint:
			return name_is_others(castNode(Constraint, cmd->def)->conname);
		case AT_AttachPartition:
			return name_is_others(((PartitionCmd *) cmd->def)->name->relname);
		case AT_ValidateConstraint:
			return name_is_others(cmd->name);
		case AT_AddColumn:
		case AT_AddInherit:
		case AT_SetNotNull:
			return true;
		default:
			return false;
	}
}

static bool
name_is_others(const char *name)
{
	return name == NULL || !name_is_ours(name);
}

static void
note(List *lines, Oid relid, bool may_exclude)
{
	List	   *relatives = NIL;
	ListCell   *lc;

	if (catalog_is_index(relid))
		relid = IndexGetRelation(relid, true);
	foreach(lc, get_rel_name(relid) != NULL ? lines : NIL)
	{
		const GuardLine *line = lfirst(lc);
		TaskSpec	spec = {.kind = TASK_SUPPLEMENT,.relation = relid};

		/* While a dump is restored, all that it adds was there before. */
		if (!line->is_home)
			continue;
		if (relatives == NIL)
			relatives = relatives_of(relid);
		if (!migration_concerns(line->migration, relatives))
			continue;
		if (may_exclude)
			refuse_exclusions(line, relid);
		(void) task_add(line->migration, &spec);
		launcher_offer_at_commit();
	}
}

/*
 * One on a changed column can't be carried over, since the server builds none
 * concurrently; what there was before was refused at the start, or is dropped.
 */
static void
refuse_exclusions(const GuardLine *line, Oid relid)
{
	char		relkind = get_rel_relkind(relid);
	List	   *found = NIL;
	ListCell   *lc;

	foreach(lc, relkind == RELKIND_RELATION || relkind == RELKIND_PARTITIONED_TABLE ?
			catalog_table_tree(relid) : NIL)
		found = list_concat(found, catalog_constraints(lfirst_oid(lc)));
	foreach(lc, found)
	{
		const ConstraintFacts *facts = lfirst(lc);

		if (is_exclusion(facts) && !facts->inherited &&
			!migration_drops_include(line->drops, DROPS_CONSTRAINT, facts->relation,
									 facts->name) &&
			reads_changed_column(facts))
			ereport(ERROR,
					(errcode(ERRCODE_PGROLL_PROTECTED),
					 errmsg("cannot add exclusion constraint \"%s\" to table %s",
							facts->name, catalog_relation_name(facts->relation)),
					 errdetail("The migration \"%s\" of schema \"%s\" changes a column that it reads, and exclusion constraints cannot be built concurrently.",
							   line->name, line->base_schema),
					 errhint("Add it after the migration.")));
	}
}

/* A key WITHOUT OVERLAPS is one, too. */
static bool
is_exclusion(const ConstraintFacts *constraint)
{
	FormData_pg_constraint row;

	return constraint->type == CONSTRAINT_EXCLUSION ||
		(OidIsValid(constraint->index) && catalog_constraint_row(constraint->oid, &row) &&
		 constraint_has_period(&row));
}

static bool
reads_changed_column(const ConstraintFacts *exclusion)
{
	const Bitmapset *attnums = catalog_index(exclusion->index)->attnums;
	List	   *names = NIL;
	int			attnum = -1;

	while ((attnum = bms_next_member(attnums, attnum)) >= 0)
		names = lappend(names, get_attname(exclusion->relation, attnum, false));
	return edge_changes_any_column(exclusion->relation, names);
}

/*
 * Where a migration that the table concerns has something to do: the table, its parents,
 * others of theirs, and those that a foreign key references or a materialized view reads.
 */
static List *
relatives_of(Oid relid)
{
	List	   *relatives;
	ListCell   *lc;

	if (get_rel_relkind(relid) == RELKIND_COMPOSITE_TYPE)
		return NIL;
	relatives = lcons_oid(relid, catalog_partners(relid));

	/* Those that are added are gone through, too. */
	foreach(lc, relatives)
	{
		char		relkind = get_rel_relkind(lfirst_oid(lc));
		List	   *more = relkind == RELKIND_MATVIEW || relkind == RELKIND_VIEW ?
			view_read(lfirst_oid(lc))->reads : catalog_parents(lfirst_oid(lc));

		relatives = list_concat_unique_oid(relatives, more);
	}
	foreach(lc, list_copy(relatives))
		relatives = list_concat_unique_oid(relatives, catalog_table_tree(lfirst_oid(lc)));
	return relatives;
}
