/*-------------------------------------------------------------------------
 *
 * carry_trigger.c
 *		The user's triggers that name a column which gets a shadow.
 *
 * A trigger names columns in its OF list and in its WHEN condition.  It is
 * replaced in place, so that its OID, comment and firing order stay.  What a
 * partitioned table's trigger has on the partitions follows by itself, but each of
 * those may be enabled otherwise.
 *
 * While the migration is active a condition reads the old column; the completion
 * makes it of the same text with the new one, which the start tries.
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
#include "schema/catalog_read.h"
#include "schema/catalog_trigger.h"
#include "schema/names.h"
#include "versioning/expression.h"

static TableModel *table_of(SchemaModel *model, Oid relid);
static void replace_trigger(SchemaModel *model, TableModel *table,
							const TriggerFacts *facts, List *of_columns,
							List *names, Phase phase, bool trial,
							MigrationPlan *plan);
static List *start_columns(const TableModel *table, const TriggerFacts *facts);
static List *final_columns(const TriggerFacts *facts, List *names);
static bool names_shadowed_column(const TableModel *table, const TriggerFacts *facts);
static bool reads_changed_column(const TableModel *table, const TriggerFacts *facts,
								 bool retyped);
static void put_back(SchemaModel *model, TableModel *table, const TriggerFacts *facts,
					 Phase phase, MigrationPlan *plan);
static TriggerFacts *clone_on(Oid member, const char *name);
static void put_back_details(const TriggerFacts *facts, Oid relid, char *table,
						   Phase phase, MigrationPlan *plan);
static void trigger_step(Oid relid, char *table, Phase phase, char *command,
					  MigrationPlan *plan);
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
		if (((TriggerFacts *) lfirst(lc))->oid == trigger)
			return table->relkind == RELKIND_RELATION ||
				table->relkind == RELKIND_PARTITIONED_TABLE;
	}
	return false;
}

void
carry_triggers_start(SchemaModel *model, TableModel *table, MigrationPlan *plan)
{
	List	   *triggers = carry_has_shadow(table) ? catalog_triggers(table->relid) : NIL;
	List	   *shadows = triggers == NIL ? NIL : carry_column_names(table);
	ListCell   *lc;

	foreach(lc, triggers)
	{
		TriggerFacts *facts = lfirst(lc);

		if (!facts->is_clone && names_shadowed_column(table, facts))
			replace_trigger(model, table, facts, start_columns(table, facts),
							catalog_column_names(table->relid), PHASE_START, false,
							plan);
	}
	foreach(lc, triggers)
	{
		TriggerFacts *facts = lfirst(lc);

		/* For another type the condition may mean nothing. */
		if (!facts->is_clone && reads_changed_column(table, facts, true))
			replace_trigger(model, table, facts, final_columns(facts, shadows),
							shadows, PHASE_START, true, plan);
	}
}

void
carry_triggers_complete(SchemaModel *model, TableModel *table, MigrationPlan *plan)
{
	List	   *triggers = carry_has_shadow(table) ? catalog_triggers(table->relid) : NIL;
	List	   *names = triggers == NIL ? NIL : carry_column_names(table);
	ListCell   *lc;

	foreach(lc, triggers)
	{
		TriggerFacts *facts = lfirst(lc);

		if (!facts->is_clone && (names_shadowed_column(table, facts) ||
								 reads_changed_column(table, facts, false)))
			replace_trigger(model, table, facts, final_columns(facts, names), names,
							PHASE_COMPLETE, false, plan);
	}
}

void
carry_triggers_rollback(SchemaModel *model, MigrationPlan *plan)
{
	List	   *done = NIL;
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, model->tables)
	{
		TableModel *table = lfirst(lc);

		foreach(lc2, OidIsValid(table->relid) && model_concerns(model, table) ?
				catalog_table_tree(table->relid) : NIL)
		{
			if (!list_member_oid(done, lfirst_oid(lc2)))
				carry_triggers_release(model, lfirst_oid(lc2), plan);
			done = list_append_unique_oid(done, lfirst_oid(lc2));
		}
	}
}

void
carry_triggers_release(SchemaModel *model, Oid relid, MigrationPlan *plan)
{
	List	   *triggers = catalog_triggers(relid);
	List	   *names = triggers == NIL ? NIL : catalog_column_names(relid);
	ListCell   *lc;

	foreach(lc, triggers)
	{
		TriggerFacts *facts = lfirst(lc);
		List	   *of_columns = NIL;
		TableModel *table;
		ListCell   *lc2;

		foreach(lc2, facts->of_columns)
		{
			char	   *name = list_nth(names, lfirst_int(lc2) - 1);

			if (!name_is_of_migration(name, model->migration))
				of_columns = lappend(of_columns, name);
		}
		if (facts->is_clone ||
			list_length(of_columns) == list_length(facts->of_columns))
			continue;
		table = table_of(model, relid);
		if (table != NULL)
			replace_trigger(model, table, facts, of_columns, names,
							PHASE_ROLLBACK, false, plan);
	}
}

/* A rollback's model has no members.  NULL: somebody has dropped it. */
static TableModel *
table_of(SchemaModel *model, Oid relid)
{
	TableModel *table = model_table_of(model, relid);

	if (table == NULL && (table = catalog_read_table(model, relid)) != NULL)
		table->schema = get_namespace_name(get_rel_namespace(relid));
	return table;
}

/* The names of the OF list, each shadow after the column that it stands for. */
static List *
start_columns(const TableModel *table, const TriggerFacts *facts)
{
	List	   *stored = catalog_column_names(table->relid);
	List	   *columns = NIL;
	ListCell   *lc;

	foreach(lc, facts->of_columns)
	{
		Generation *shadow = carry_shadow_of(table, lfirst_int(lc));

		columns = lappend(columns, list_nth(stored, lfirst_int(lc) - 1));
		if (shadow != NULL)
			columns = lappend(columns, shadow->physical);
	}
	return columns;
}

/* … each shadow in the place of its column, which it may stand beside. */
static List *
final_columns(const TriggerFacts *facts, List *names)
{
	List	   *columns = NIL;
	ListCell   *lc;

	foreach(lc, facts->of_columns)
	{
		char	   *name = list_nth(names, lfirst_int(lc) - 1);

		if (!names_include(columns, name))
			columns = lappend(columns, name);
	}
	return columns;
}

static bool
names_shadowed_column(const TableModel *table, const TriggerFacts *facts)
{
	ListCell   *lc;

	foreach(lc, facts->of_columns)
	{
		if (carry_shadow_of(table, lfirst_int(lc)) != NULL)
			return true;
	}
	return false;
}

/* Does the condition read a column that gets a shadow, or one of another type? */
static bool
reads_changed_column(const TableModel *table, const TriggerFacts *facts, bool retyped)
{
	int			attnum = -1;

	while ((attnum = bms_next_member(facts->condition_columns, attnum)) >= 0)
	{
		Generation *shadow = carry_shadow_of(table, attnum);
		Generation *stored = model_stored_ancestor(shadow);

		if (shadow != NULL && (!retyped || stored->type != shadow->type ||
							   stored->typmod != shadow->typmod ||
							   stored->collation != shadow->collation))
			return true;
	}
	return false;
}

/*
 * In place; but a constraint trigger can't be replaced, and is dropped and made
 * anew.  names are those of the columns, by attribute number, in the condition.
 */
static void
replace_trigger(SchemaModel *model, TableModel *table, const TriggerFacts *facts,
				List *of_columns, List *names, Phase phase, bool trial,
				MigrationPlan *plan)
{
	char	   *qualified = model_table_sql(model, table);
	List	   *commands = NIL;
	ListCell   *lc;

	if (facts->is_constraint)
		commands = lappend(commands, psprintf("DROP TRIGGER %s ON %s",
											  quote_identifier(facts->name), qualified));
	commands = lappend(commands, trigger_sql(facts, qualified, of_columns, names));
	foreach(lc, commands)
		plan_step(plan, (Step) {
			.phase = phase,
			.command = trial ? psprintf(STEP_TRIAL "%s", (char *) lfirst(lc)) : lfirst(lc),
			.lock = AccessExclusiveLock,
			.relation = table->relid,
			.relation_name = qualified,
			.also = table->relkind == RELKIND_PARTITIONED_TABLE ?
			operation_other_members(table->relid) : NIL,
			.carried = psprintf("trigger \"%s\" of table \"%s\"", facts->name,
								table->name),
			.trial = trial,
		});
	if (OidIsValid(facts->references))
		plan_lock(plan, phase, facts->references, AccessShareLock,
				  catalog_relation_name(facts->references));
	if (!trial)
		put_back(model, table, facts, phase, plan);
}

/*
 * What is not in the text of a trigger and of its clones on partitions.  Those of a
 * statement have none.
 */
static void
put_back(SchemaModel *model, TableModel *table, const TriggerFacts *facts,
		 Phase phase, MigrationPlan *plan)
{
	char	   *qualified = model_table_sql(model, table);
	ListCell   *lc;

	/* It is enabled anew, and so are the clones; this reaches them, too. */
	if (facts->enabled != TRIGGER_FIRES_ON_ORIGIN)
		plan_step(plan, (Step) {
			.phase = phase,
			.command = psprintf("ALTER TABLE %s %s TRIGGER %s", qualified,
								enable_clause(facts->enabled),
								quote_identifier(facts->name)),
			.lock = AccessExclusiveLock,
			.relation = table->relid,
			.relation_name = qualified,
			.also = table->relkind == RELKIND_PARTITIONED_TABLE ?
			operation_other_members(table->relid) : NIL,
		});
	put_back_details(facts, table->relid, qualified, phase, plan);
	foreach(lc, table->relkind == RELKIND_PARTITIONED_TABLE &&
			TRIGGER_FOR_ROW(facts->type) ? operation_other_members(table->relid) : NIL)
	{
		Oid			member = lfirst_oid(lc);
		char	   *name = catalog_relation_name(member);
		TriggerFacts *clone = clone_on(member, facts->name);

		if (clone == NULL)
			continue;
		if (clone->enabled != facts->enabled)
			trigger_step(member, name, phase,
					  psprintf("ALTER TABLE ONLY %s %s TRIGGER %s", name,
							   enable_clause(clone->enabled),
							   quote_identifier(facts->name)), plan);
		put_back_details(clone, member, name, phase, plan);
	}
}

/* The facts of a partition's clone of a trigger; it has the trigger's name. */
static TriggerFacts *
clone_on(Oid member, const char *name)
{
	ListCell   *lc;

	foreach(lc, catalog_triggers(member))
	{
		TriggerFacts *facts = lfirst(lc);

		if (facts->is_clone && strcmp(facts->name, name) == 0)
			return facts;
	}
	return NULL;
}

/* A trigger that was replaced has kept its comment, one that was dropped not. */
static void
put_back_details(const TriggerFacts *facts, Oid relid, char *table, Phase phase,
			   MigrationPlan *plan)
{
	char	   *trigger = psprintf("%s ON %s", quote_identifier(facts->name), table);
	ListCell   *lc;

	foreach(lc, operation_extensions_sql(psprintf("TRIGGER %s", trigger), facts->extensions))
		trigger_step(relid, table, phase, lfirst(lc), plan);
	if (facts->is_constraint && facts->comment != NULL)
		plan_comment(plan, phase, 0, relid, table, psprintf("TRIGGER %s", trigger),
					 facts->comment);
	if (facts->constraint_comment != NULL)
		plan_comment(plan, phase, 0, relid, table, psprintf("CONSTRAINT %s", trigger),
					 facts->constraint_comment);
}

static void
trigger_step(Oid relid, char *table, Phase phase, char *command, MigrationPlan *plan)
{
	plan_step(plan, (Step) {
		.phase = phase,
		.command = command,
		.lock = AccessExclusiveLock,
		.relation = relid,
		.relation_name = table,
	});
}

static char *
trigger_sql(const TriggerFacts *facts, const char *table, List *of_columns, List *names)
{
	StringInfoData sql;
	ListCell   *lc;

	initStringInfo(&sql);
	appendStringInfo(&sql, "CREATE %s TRIGGER %s %s ",
					 facts->is_constraint ? "CONSTRAINT" : "OR REPLACE",
					 quote_identifier(facts->name),
					 TRIGGER_FOR_BEFORE(facts->type) ? "BEFORE" : "AFTER");
	append_events(&sql, facts, of_columns);
	appendStringInfo(&sql, " ON %s", table);
	if (OidIsValid(facts->references))
		appendStringInfo(&sql, " FROM %s", catalog_relation_name(facts->references));
	if (facts->deferrable)
		appendStringInfo(&sql, " DEFERRABLE%s",
						 facts->initially_deferred ? " INITIALLY DEFERRED" : "");
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
			return "ENABLE";
	}
}
