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
#include "catalog/pg_constraint.h"
#include "nodes/parsenodes.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "ddl/ddl_execute.h"
#include "inspect/child_guard.h"
#include "inspect/guard_scope.h"
#include "operation/shadow_column.h"
#include "schema/catalog_constraint.h"
#include "schema/catalog_object.h"
#include "schema/names.h"
#include "versioning/expression.h"

static void add_columns(int64 migration, Oid parent, Oid child);
static void add_checks(const GuardLine *line, Oid parent, Oid child);
static void add_check(const GuardLine *line, const ConstraintFacts *facts,
					  Oid parent, Oid child);

bool
child_guard_is_copy(const Node *command)
{
	ListCell   *lc;

	if (!IsA(command, CreateStmt))
		return false;
	foreach(lc, ((const CreateStmt *) command)->tableElts)
	{
		if (IsA(lfirst(lc), TableLikeClause))
			return true;
	}
	return false;
}

void
child_guard_clean_copy(List *lines, Oid relid)
{
	char		relkind = get_rel_relkind(relid);
	ListCell   *lc;

	/* Its indexes are named, too; some went with the columns. */
	foreach(lc, relkind == RELKIND_RELATION || relkind == RELKIND_PARTITIONED_TABLE ?
			lines : NIL)
	{
		List	   *names = catalog_columns_of_migration(relid,
														 ((GuardLine *) lfirst(lc))->migration);

		if (names != NIL)
			ddl_execute_own(psprintf("ALTER TABLE %s %s",
									 catalog_relation_name(relid),
									 shadow_drop_actions(names, InvalidOid)));
	}
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

		add_columns(line->migration, parent, child);
		add_checks(line, parent, child);
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
