/*-------------------------------------------------------------------------
 *
 * carry_statistics.c
 *		Extended statistics of the columns that get a shadow.
 *
 * They are in the catalogs alone, and filled by the migration's ANALYZE.  The old
 * objects go with the old columns.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "catalog/pg_statistic_ext.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "operation/carry.h"
#include "operation/carry_statistics.h"
#include "operation/operation_util.h"
#include "schema/catalog_dependent.h"
#include "schema/catalog_object.h"
#include "schema/catalog_read.h"
#include "schema/names.h"
#include "versioning/expression.h"

static List *statistics_without_copy(SchemaModel *model, TableModel *table,
									 Oid member);
static void keep_name(const StatisticsFacts *facts, Oid member);
static List *carried_statistics(TableModel *table, Oid member);
static bool follows(const TableModel *table, Oid member, Bitmapset *attnums);
static Generation *newest_of(const TableModel *table, const char *name);
static List *names_after(const TableModel *table, Oid member);
static void start_one(SchemaModel *model, TableModel *table, Oid member,
					  const StatisticsFacts *facts, MigrationPlan *plan);
static void drop_unwanted(SchemaModel *model, TableModel *table, Oid member,
						  MigrationPlan *plan);
static void follow_one(Oid member, const StatisticsFacts *facts, const char *name,
					   MigrationPlan *plan);
static void complete_one(SchemaModel *model, Oid member,
						 const StatisticsFacts *facts, MigrationPlan *plan);
static void statistics_step(Oid member, Phase phase, char *command, char *carried,
							MigrationPlan *plan);

bool
carry_statistics_start(SchemaModel *model, TableModel *table, MigrationPlan *plan)
{
	bool		any = false;
	ListCell   *lc;
	ListCell   *lc2;

	if (!OidIsValid(table->relid) || table->dropped)
		return false;
	foreach(lc, catalog_table_tree(table->relid))
	{
		foreach(lc2, statistics_without_copy(model, table, lfirst_oid(lc)))
		{
			start_one(model, table, lfirst_oid(lc), lfirst(lc2), plan);
			any = true;
		}
	}
	return any;
}

void
carry_statistics_keep_names(SchemaModel *model)
{
	ListCell   *lc;
	ListCell   *lc2;
	ListCell   *lc3;

	foreach(lc, model->tables)
	{
		TableModel *table = lfirst(lc);

		if (!carry_has_shadow(table))
			continue;
		foreach(lc2, catalog_table_tree(table->relid))
		{
			foreach(lc3, statistics_without_copy(model, table, lfirst_oid(lc2)))
				keep_name(lfirst(lc3), lfirst_oid(lc2));
		}
	}
}

/* ALTER STATISTICS takes the strongest lock on the object. */
static void
keep_name(const StatisticsFacts *facts, Oid member)
{
	if (!ConditionalLockDatabaseObject(StatisticExtRelationId, facts->oid, 0,
									   AccessShareLock))
		ereport(ERROR,
				(errcode(ERRCODE_LOCK_NOT_AVAILABLE),
				 errmsg("could not lock statistics object \"%s\" of table %s", facts->name,
						catalog_relation_name(member)),
				 errdetail("Another transaction is changing it."),
				 errhint("Try again when that has ended.")));
}

bool
carry_statistics_any(const TableModel *table)
{
	ListCell   *lc;

	foreach(lc, catalog_table_tree(table->relid))
	{
		if (catalog_statistics(lfirst_oid(lc)) != NIL)
			return true;
	}
	return false;
}

void
carry_statistics_complete(SchemaModel *model, TableModel *table, MigrationPlan *plan)
{
	ListCell   *lc;
	ListCell   *lc2;

	if (!OidIsValid(table->relid) || table->dropped)
		return;
	foreach(lc, catalog_table_tree(table->relid))
	{
		foreach(lc2, carried_statistics(table, lfirst_oid(lc)))
		{
			StatisticsFacts *facts = lfirst(lc2);

			if (!model->foreseen &&
				!catalog_statistics_exist(facts->schema,
										  name_carried(model->migration, facts->name)))
				ereport(ERROR,
						(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
						 errmsg("statistics \"%s\" on table \"%s\" are not carried over yet",
								facts->name, table->name),
						 errdetail("They were added since the migration started, or what stands for them was dropped."),
						 errhint("Call pgroll_c.retry_migration(), wait, and complete the migration then.")));
			complete_one(model, lfirst_oid(lc), facts, plan);
		}
		drop_unwanted(model, table, lfirst_oid(lc), plan);
	}
}

/* What stood for statistics that somebody has renamed or moved since the start. */
static void
drop_unwanted(SchemaModel *model, TableModel *table, Oid member, MigrationPlan *plan)
{
	List	   *carried;
	ListCell   *lc;
	ListCell   *lc2;

	if (!model_concerns(model, table))
		return;
	foreach(lc, catalog_parents(table->relid))
	{
		if (list_member_oid(model->concerned, lfirst_oid(lc)))
			return;				/* a child's are its parent's affair */
	}
	carried = carried_statistics(table, member);
	foreach(lc, catalog_statistics(member))
	{
		const StatisticsFacts *own = lfirst(lc);
		bool		wanted = !name_is_of_migration(own->name, model->migration) ||
			name_carried_original(own->name) == NULL;

		foreach(lc2, carried)
		{
			const StatisticsFacts *facts = lfirst(lc2);

			wanted |= strcmp(facts->schema, own->schema) == 0 &&
				strcmp(name_carried(model->migration, facts->name), own->name) == 0;
		}
		if (!wanted)
			statistics_step(member, PHASE_COMPLETE,
							psprintf("DROP STATISTICS %s",
									 quote_qualified_identifier(own->schema, own->name)),
							NULL, plan);
	}
}

/*
 * Those (StatisticsFacts *) of a member that a changed column of the table is in.
 * A child's are its parent's affair.
 */
static List *
carried_statistics(TableModel *table, Oid member)
{
	List	   *carried = NIL;
	ListCell   *lc;

	foreach(lc, carry_has_shadow(table) ? catalog_statistics(member) : NIL)
	{
		StatisticsFacts *facts = lfirst(lc);

		if (!name_is_ours(facts->name) && follows(table, member, facts->attnums))
			carried = lappend(carried, facts);
	}
	return carried;
}

/* Those that are still to be made again. */
static List *
statistics_without_copy(SchemaModel *model, TableModel *table, Oid member)
{
	List	   *without = NIL;
	ListCell   *lc;

	foreach(lc, carried_statistics(table, member))
	{
		StatisticsFacts *facts = lfirst(lc);

		if (!catalog_statistics_exist(facts->schema,
									  name_carried(model->migration, facts->name)))
			without = lappend(without, facts);
	}
	return without;
}

/* Has one of a member's columns a shadow, and does the newest version show all? */
static bool
follows(const TableModel *table, Oid member, Bitmapset *attnums)
{
	bool		any = false;
	int			attnum = -1;

	while ((attnum = bms_next_member(attnums, attnum)) >= 0)
	{
		char	   *name = get_attname(member, attnum, false);
		Generation *newest = newest_of(table, name);

		if (newest == NULL && get_attnum(table->relid, name) != InvalidAttrNumber)
			return false;
		any |= newest != NULL && newest->attnum == 0 && newest->leader == NULL;
	}
	return any;
}

/* What becomes of the column that is stored under a name; NULL: nothing. */
static Generation *
newest_of(const TableModel *table, const char *name)
{
	return model_newest_of_stored(table, get_attnum(table->relid, name));
}

/* A member's columns' names by attribute number, shadows in place of what they replace. */
static List *
names_after(const TableModel *table, Oid member)
{
	List	   *names = catalog_column_names(member);
	ListCell   *lc;

	foreach(lc, names)
	{
		Generation *newest = newest_of(table, lfirst(lc));

		if (newest != NULL && newest->attnum == 0)
			lfirst(lc) = newest->shadow;
	}
	return names;
}

static void
start_one(SchemaModel *model, TableModel *table, Oid member,
		  const StatisticsFacts *facts, MigrationPlan *plan)
{
	char	   *name = quote_qualified_identifier(facts->schema,
												  name_carried(model->migration,
															   facts->name));
	char	   *description = psprintf("statistics \"%s\" of table \"%s\"",
									   facts->name, table->name);

	statistics_step(member, PHASE_START,
					carry_statistics_sql(facts, name, catalog_relation_name(member),
										 names_after(table, member)),
					description, plan);
	if (facts->target >= 0)
		statistics_step(member, PHASE_START,
						psprintf("ALTER STATISTICS %s SET STATISTICS %d", name,
								 facts->target), NULL, plan);
	if (facts->owner != GetUserId())
		statistics_step(member, PHASE_START,
						psprintf("ALTER STATISTICS %s OWNER TO %s", name,
								 quote_identifier(GetUserNameFromId(facts->owner,
																	false))),
						NULL, plan);
}

char *
carry_statistics_sql(const StatisticsFacts *facts, const char *name,
					 const char *relation, List *names)
{
	StringInfoData sql;
	const char *separator = "";
	ListCell   *lc;

	initStringInfo(&sql);
	appendStringInfo(&sql, "CREATE STATISTICS %s", name);
	if (facts->kinds != NULL)
		appendStringInfo(&sql, " (%s)", facts->kinds);
	appendStringInfoString(&sql, " ON ");
	foreach(lc, facts->columns)
	{
		appendStringInfo(&sql, "%s%s", separator,
						 quote_identifier(list_nth(names, lfirst_int(lc) - 1)));
		separator = ", ";
	}
	foreach(lc, facts->expressions)
	{
		appendStringInfo(&sql, "%s(%s)", separator,
						 expression_deparse_stored(lfirst(lc), names));
		separator = ", ";
	}
	appendStringInfo(&sql, " FROM %s", relation);
	return sql.data;
}

/* ALTER STATISTICS may have changed the old ones since the start. */
static void
follow_one(Oid member, const StatisticsFacts *facts, const char *name,
		   MigrationPlan *plan)
{
	char	   *qualified = quote_qualified_identifier(facts->schema, name);
	ListCell   *lc;

	foreach(lc, catalog_statistics(member))
	{
		const StatisticsFacts *carried = lfirst(lc);

		if (strcmp(carried->schema, facts->schema) != 0 ||
			strcmp(carried->name, name) != 0)
			continue;
		if (carried->target != facts->target)
			statistics_step(member, PHASE_COMPLETE,
							psprintf("ALTER STATISTICS %s SET STATISTICS %d", qualified,
									 facts->target), NULL, plan);
		if (carried->owner != facts->owner)
			statistics_step(member, PHASE_COMPLETE,
							psprintf("ALTER STATISTICS %s OWNER TO %s", qualified,
									 quote_identifier(GetUserNameFromId(facts->owner,
																		false))),
							NULL, plan);
	}
}

static void
complete_one(SchemaModel *model, Oid member, const StatisticsFacts *facts,
			 MigrationPlan *plan)
{
	char	   *carried = name_carried(model->migration, facts->name);

	if (!model->foreseen)
		follow_one(member, facts, carried, plan);
	statistics_step(member, PHASE_COMPLETE,
					psprintf("ALTER STATISTICS %s RENAME TO %s",
							 quote_qualified_identifier(facts->schema, carried),
							 quote_identifier(facts->name)), NULL, plan);
	if (facts->comment != NULL)
		statistics_step(member, PHASE_COMPLETE,
						psprintf("COMMENT ON STATISTICS %s IS %s",
								 quote_qualified_identifier(facts->schema, facts->name),
								 quote_literal_cstr(facts->comment)), NULL, plan);
}

static void
statistics_step(Oid member, Phase phase, char *command, char *carried,
				MigrationPlan *plan)
{
	plan_step(plan, (Step) {
		.phase = phase,
		.command = command,
		.lock = ShareUpdateExclusiveLock,
		.relation = member,
		.relation_name = catalog_relation_name(member),
		.carried = carried,
	});
}
