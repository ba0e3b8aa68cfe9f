/*-------------------------------------------------------------------------
 *
 * carry_trigger.c
 *		The user's triggers that name a column which gets a shadow.
 *
 * A trigger names columns in its OF list and in its WHEN condition.  It is
 * replaced in place, so that its OID, comment and firing order stay.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "catalog/pg_class.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "operation/carry.h"
#include "operation/carry_trigger.h"
#include "operation/operation_util.h"
#include "schema/catalog_object.h"
#include "schema/names.h"
#include "versioning/expression.h"

static void check_condition(const TableModel *table, const TriggerFacts *facts);
static bool names_shadowed_column(const TableModel *table, const TriggerFacts *facts,
								  bool in_condition);
static void replace_trigger(SchemaModel *model, TableModel *table,
							const TriggerFacts *facts, List *of_columns,
							List *names, Phase phase, MigrationPlan *plan);
static char *trigger_sql(const TriggerFacts *facts, const char *table,
						 List *of_columns, List *names);
static void append_events(StringInfo sql, const TriggerFacts *facts, List *of_columns);
static const char *enable_clause(char enabled);

bool
carry_trigger_is_possible(const TableModel *table, Oid trigger)
{
	ListCell   *lc;

	foreach(lc, catalog_triggers(table->relid))
	{
		TriggerFacts *facts = lfirst(lc);

		if (facts->oid == trigger)
			return table->relkind == RELKIND_RELATION &&
				!facts->is_constraint && !facts->is_clone;
	}
	return false;
}

void
carry_triggers_start(SchemaModel *model, TableModel *table, MigrationPlan *plan)
{
	List	   *shadows = carry_column_names(table);
	List	   *stored = catalog_column_names(table->relid);
	ListCell   *lc;

	foreach(lc, catalog_triggers(table->relid))
	{
		TriggerFacts *facts = lfirst(lc);
		List	   *of_columns = NIL;
		ListCell   *lc2;

		check_condition(table, facts);
		if (!names_shadowed_column(table, facts, false))
			continue;
		foreach(lc2, facts->of_columns)
		{
			char	   *name = list_nth(stored, lfirst_int(lc2) - 1);
			char	   *shadow = list_nth(shadows, lfirst_int(lc2) - 1);

			of_columns = lappend(of_columns, name);
			if (strcmp(name, shadow) != 0)
				of_columns = lappend(of_columns, shadow);
		}
		replace_trigger(model, table, facts, of_columns, stored, PHASE_START, plan);
	}
}

void
carry_triggers_complete(SchemaModel *model, TableModel *table, MigrationPlan *plan)
{
	List	   *names = carry_column_names(table);
	ListCell   *lc;

	foreach(lc, catalog_triggers(table->relid))
	{
		TriggerFacts *facts = lfirst(lc);
		List	   *of_columns = NIL;
		ListCell   *lc2;

		if (!names_shadowed_column(table, facts, false) &&
			!names_shadowed_column(table, facts, true))
			continue;
		foreach(lc2, facts->of_columns)
		{
			char	   *name = list_nth(names, lfirst_int(lc2) - 1);

			if (!names_include(of_columns, name))
				of_columns = lappend(of_columns, name);
		}
		replace_trigger(model, table, facts, of_columns, names, PHASE_COMPLETE, plan);
	}
}

void
carry_triggers_rollback(SchemaModel *model, TableModel *table, MigrationPlan *plan)
{
	List	   *names = catalog_column_names(table->relid);
	ListCell   *lc;

	foreach(lc, catalog_triggers(table->relid))
	{
		TriggerFacts *facts = lfirst(lc);
		List	   *of_columns = NIL;
		ListCell   *lc2;

		foreach(lc2, facts->of_columns)
		{
			char	   *name = list_nth(names, lfirst_int(lc2) - 1);

			if (!name_is_of_migration(name, model->migration))
				of_columns = lappend(of_columns, name);
		}
		if (list_length(of_columns) != list_length(facts->of_columns))
			replace_trigger(model, table, facts, of_columns, names,
							PHASE_ROLLBACK, plan);
	}
}

/* For another type the condition could mean something else. */
static void
check_condition(const TableModel *table, const TriggerFacts *facts)
{
	ListCell   *lc;

	foreach(lc, table->columns)
	{
		Generation *generation = ((ColumnModel *) lfirst(lc))->generation;
		Generation *stored = model_stored_ancestor(generation);

		if (stored != NULL && stored != generation &&
			stored->type != generation->type &&
			bms_is_member(stored->attnum, facts->condition_columns))
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("type of column \"%s\" of table \"%s\" cannot be changed: the condition of trigger \"%s\" reads it",
							generation->name, table->name, facts->name),
					 errhint("Drop the trigger before the migration, and make it again after.")));
	}
}

static bool
names_shadowed_column(const TableModel *table, const TriggerFacts *facts,
					  bool in_condition)
{
	ListCell   *lc;

	foreach(lc, table->columns)
	{
		Generation *generation = ((ColumnModel *) lfirst(lc))->generation;
		Generation *stored = model_stored_ancestor(generation);

		if (stored == NULL || stored == generation)
			continue;
		if (in_condition ? bms_is_member(stored->attnum, facts->condition_columns) :
			list_member_int(facts->of_columns, stored->attnum))
			return true;
	}
	return false;
}

/* names are those of the columns, by attribute number, in the condition. */
static void
replace_trigger(SchemaModel *model, TableModel *table, const TriggerFacts *facts,
				List *of_columns, List *names, Phase phase, MigrationPlan *plan)
{
	char	   *qualified = model_qualified(model, table->physical);
	const char *enable = enable_clause(facts->enabled);

	plan_step(plan, (Step) {
		.phase = phase,
		.command = trigger_sql(facts, qualified, of_columns, names),
		.lock = AccessExclusiveLock,
		.relation = table->relid,
		.relation_name = qualified,
	});
	/* A replaced trigger is enabled anew. */
	if (enable != NULL)
		plan_step(plan, (Step) {
			.phase = phase,
			.command = psprintf("ALTER TABLE %s %s TRIGGER %s", qualified, enable,
								quote_identifier(facts->name)),
			.lock = AccessExclusiveLock,
			.relation = table->relid,
			.relation_name = qualified,
		});
}

static char *
trigger_sql(const TriggerFacts *facts, const char *table, List *of_columns, List *names)
{
	StringInfoData sql;
	ListCell   *lc;

	initStringInfo(&sql);
	appendStringInfo(&sql, "CREATE OR REPLACE TRIGGER %s %s ",
					 quote_identifier(facts->name),
					 TRIGGER_FOR_BEFORE(facts->type) ? "BEFORE" : "AFTER");
	append_events(&sql, facts, of_columns);
	appendStringInfo(&sql, " ON %s", table);
	if (facts->old_table != NULL || facts->new_table != NULL)
		appendStringInfoString(&sql, " REFERENCING");
	if (facts->old_table != NULL)
		appendStringInfo(&sql, " OLD TABLE AS %s", quote_identifier(facts->old_table));
	if (facts->new_table != NULL)
		appendStringInfo(&sql, " NEW TABLE AS %s", quote_identifier(facts->new_table));
	appendStringInfo(&sql, " FOR EACH %s",
					 TRIGGER_FOR_ROW(facts->type) ? "ROW" : "STATEMENT");
	if (facts->condition != NULL)
		appendStringInfo(&sql, " WHEN (%s)",
						 expression_deparse_condition(facts->condition, names));
	appendStringInfo(&sql, " EXECUTE FUNCTION %s.%s(",
					 quote_identifier(get_namespace_name(get_func_namespace(facts->function))),
					 quote_identifier(get_func_name(facts->function)));
	foreach(lc, facts->arguments)
		appendStringInfo(&sql, "%s%s", foreach_current_index(lc) > 0 ? ", " : "",
						 quote_literal_cstr(lfirst(lc)));
	appendStringInfoChar(&sql, ')');
	return sql.data;
}

static void
append_events(StringInfo sql, const TriggerFacts *facts, List *of_columns)
{
	const char *separator = "";
	ListCell   *lc;

	if (TRIGGER_FOR_INSERT(facts->type))
	{
		appendStringInfoString(sql, "INSERT");
		separator = " OR ";
	}
	if (TRIGGER_FOR_DELETE(facts->type))
	{
		appendStringInfo(sql, "%sDELETE", separator);
		separator = " OR ";
	}
	if (TRIGGER_FOR_UPDATE(facts->type))
	{
		appendStringInfo(sql, "%sUPDATE", separator);
		separator = " OR ";
		foreach(lc, of_columns)
			appendStringInfo(sql, "%s %s",
							 foreach_current_index(lc) > 0 ? "," : " OF",
							 quote_identifier(lfirst(lc)));
	}
	if (TRIGGER_FOR_TRUNCATE(facts->type))
		appendStringInfo(sql, "%sTRUNCATE", separator);
}

static const char *
enable_clause(char enabled)
{
	switch (enabled)
	{
		case TRIGGER_FIRES_ALWAYS:
			return "ENABLE ALWAYS";
		case TRIGGER_FIRES_ON_REPLICA:
			return "ENABLE REPLICA";
		case TRIGGER_DISABLED:
			return "DISABLE";
		default:
			return NULL;
	}
}
