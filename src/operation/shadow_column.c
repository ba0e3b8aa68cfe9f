/*-------------------------------------------------------------------------
 *
 * shadow_column.c
 *		A column that a migration stores beside the old ones, and its swap.
 *
 * What hangs on the column alone is here; constraints and indexes, which may be
 * on several columns, are in carry.c.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "ddl/column_domain.h"
#include "operation/carry.h"
#include "operation/carry_identity.h"
#include "operation/column_attributes.h"
#include "operation/column_not_null.h"
#include "operation/column_sequence.h"
#include "operation/operation_util.h"
#include "operation/shadow_column.h"
#include "schema/catalog_object.h"
#include "schema/catalog_read.h"
#include "schema/names.h"
#include "versioning/expression.h"

/* A column that gets a shadow. */
typedef struct Unnamed
{
	Generation *generation;
	const TableModel *table;
} Unnamed;

static ColumnModel *free_to_rename(const TableModel *table, List *waiting);
static ColumnModel *find_in_cycle(List *waiting);
static bool name_is_stored(const TableModel *table, const char *name);
static void complete_name(SchemaModel *model, TableModel *table,
						  ColumnModel *column, char *name, MigrationPlan *plan);
static void rename_column(SchemaModel *model, TableModel *table,
						  ColumnModel *column, char *name, MigrationPlan *plan);
static void declare_in_children(SchemaModel *model, TableModel *table,
								const Generation *generation, const Generation *old,
								MigrationPlan *plan);
static int	compare_unnamed(const ListCell *a, const ListCell *b);
static char *column_sql(const SchemaModel *model, const TableModel *table,
						const Generation *generation);
static bool not_null_is_checked(const Generation *generation);
static bool not_null_is_own(const Generation *generation);
static void set_default(SchemaModel *model, TableModel *table,
						Generation *generation, Generation *old,
						MigrationPlan *plan);
static char *default_action(const Generation *generation, const char *expression);

void
shadow_columns_name(SchemaModel *model)
{
	List	   *unnamed = NIL;
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, model->tables)
	{
		TableModel *table = lfirst(lc);

		foreach(lc2, table->generations)
		{
			Generation *generation = lfirst(lc2);
			Unnamed    *entry;

			if (!generation->current || generation->physical != NULL)
				continue;
			entry = palloc(sizeof(Unnamed));
			entry->generation = generation;
			entry->table = table;
			unnamed = lappend(unnamed, entry);
		}
	}
	list_sort(unnamed, compare_unnamed);
	foreach(lc, unnamed)
	{
		Generation *generation = ((Unnamed *) lfirst(lc))->generation;

		generation->physical = model_temporary_name(model, generation->name);
		generation->shadow = generation->physical;
	}
}

/* By what the document says alone: a restored dump has other OIDs. */
static int
compare_unnamed(const ListCell *a, const ListCell *b)
{
	const Unnamed *one = lfirst(a);
	const Unnamed *other = lfirst(b);
	int			order;

	if (one->generation->operation != other->generation->operation)
		return one->generation->operation < other->generation->operation ? -1 : 1;
	order = strcmp(one->table->name, other->table->name);
	if (order == 0)
		order = one->generation->number < other->generation->number ? -1 : 1;
	return order;
}

void
shadow_column_start(SchemaModel *model, TableModel *table,
					Generation *generation, MigrationPlan *plan)
{
	Generation *old = model_stored_ancestor(generation);

	/* No version shows it, and nothing would fill it. */
	if (table->dropped)
		return;
	if (generation->sequence != NULL)
		column_sequence_create(model, table, generation, plan);
	if (old != NULL)
		declare_in_children(model, table, generation, old, plan);
	shadow_alter_table(model, table, generation->operation, PHASE_START,
					   psprintf("ADD COLUMN %s", column_sql(model, table, generation)),
					   plan);
	if (column_domain_is_needed(generation->type))
		plan_step(plan, (Step) {
			.phase = PHASE_START,
			.operation = generation->operation,
			.command = column_domain_sql(model_table_sql(model, table),
										 generation->physical, generation->type),
			.domain_column = generation->physical,
			.domain = generation->type,
			.lock = AccessExclusiveLock,
			.relation = table->relid,
			.relation_name = model_table_sql(model, table),
			.also = operation_other_members(table->relid),
		});
	if (generation->sequence != NULL)
		column_sequence_own(model, table, generation, plan);
	if (old != NULL)
		column_attributes_start(model, table, generation, old, plan);
	if (not_null_is_checked(generation))
		column_not_null_start(model, table, generation, generation->operation, plan);
}

/* A child that has declared the old column itself has the parent's merged with its own. */
static void
declare_in_children(SchemaModel *model, TableModel *table, const Generation *generation,
					const Generation *old, MigrationPlan *plan)
{
	List	   *members = operation_other_members(table->relid);

	for (int i = list_length(members) - 1; i >= 0; i--)
	{
		Oid			member = list_nth_oid(members, i);

		if (catalog_column_is_local(member, old->physical))
			shadow_alter_member(member, generation->operation, PHASE_START,
								psprintf("ADD COLUMN %s",
										 column_sql(model, table, generation)), plan);
	}
}

void
shadow_columns_supplement(SchemaModel *model, TableModel *table, MigrationPlan *plan)
{
	ListCell   *lc;

	foreach(lc, OidIsValid(table->relid) && !table->dropped ? table->columns : NIL)
	{
		Generation *generation = ((ColumnModel *) lfirst(lc))->generation;

		if (generation->attnum == 0 &&
			(generation->leader == NULL || not_null_is_own(generation)) &&
			not_null_is_checked(generation))
			column_not_null_start(model, table, generation, generation->operation, plan);
	}
}

void
shadow_columns_follow(SchemaModel *model, TableModel *table, Phase phase,
					  MigrationPlan *plan)
{
	ListCell   *lc;

	foreach(lc, OidIsValid(table->relid) && !table->dropped ? table->columns : NIL)
	{
		Generation *generation = ((ColumnModel *) lfirst(lc))->generation;

		if (phase == PHASE_COMPLETE && generation->attnum == 0 && !generation->not_null)
			column_not_null_forget(model, table, generation, plan);
		if (!not_null_is_own(generation))
			continue;
		if (phase == PHASE_START)
			column_not_null_start(model, table, generation, generation->operation, plan);
		else
			column_not_null_complete(model, table, generation, generation->operation,
									 plan);
	}
}

void
shadow_column_complete(SchemaModel *model, TableModel *table,
					   Generation *generation, MigrationPlan *plan)
{
	Generation *old = model_stored_ancestor(generation);

	if (generation->swapped || table->dropped)
		return;
	set_default(model, table, generation, old, plan);
	if (old != NULL)
	{
		column_attributes_follow(model, table, generation, old, plan);
		carry_identity_complete(model, table, generation, old, plan);
		shadow_drop_columns(model, table, generation->operation, PHASE_COMPLETE,
							list_make1(old->physical), plan);
		old->gone = true;
	}
}

void
shadow_columns_swap(SchemaModel *model, TableModel *table, MigrationPlan *plan)
{
	ListCell   *lc;

	foreach(lc, table->columns)
	{
		ColumnModel *column = lfirst(lc);
		Generation *generation = column->generation;
		Generation *old = model_stored_ancestor(generation);

		if (old == NULL || old == generation || generation->leader != NULL)
			continue;
		shadow_column_complete(model, table, generation, plan);
		complete_name(model, table, column, old->physical, plan);
		generation->swapped = true;
	}
}

/*
 * A name that another column still has is waited for; where all wait for each
 * other, one steps aside.
 */
void
shadow_columns_rename(SchemaModel *model, TableModel *table, int operation,
					  MigrationPlan *plan)
{
	List	   *waiting = NIL;
	ListCell   *lc;

	foreach(lc, table->columns)
	{
		ColumnModel *column = lfirst(lc);
		Generation *generation = column->generation;

		/* An inherited column is renamed with its parent's. */
		if (generation->leader == NULL &&
			(generation->attnum != 0 || generation->operation < operation) &&
			strcmp(generation->physical, column->name) != 0)
			waiting = lappend(waiting, column);
	}
	while (waiting != NIL)
	{
		ColumnModel *column = free_to_rename(table, waiting);

		if (column != NULL)
		{
			waiting = list_delete_ptr(waiting, column);
			complete_name(model, table, column, column->name, plan);
			continue;
		}
		column = find_in_cycle(waiting);
		if (column == NULL)
			break;				/* the names come free with later operations */
		rename_column(model, table, column,
					  model_temporary_name(model, column->name), plan);
	}
}

/* A column whose final name is nobody's now; NULL where there is none. */
static ColumnModel *
free_to_rename(const TableModel *table, List *waiting)
{
	ListCell   *lc;

	foreach(lc, waiting)
	{
		ColumnModel *column = lfirst(lc);

		if (!name_is_stored(table, column->name))
			return column;
	}
	return NULL;
}

/* One of those that wait for the name of another that waits. */
static ColumnModel *
find_in_cycle(List *waiting)
{
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, waiting)
	{
		ColumnModel *column = lfirst(lc);

		foreach(lc2, waiting)
		{
			ColumnModel *other = lfirst(lc2);

			if (strcmp(other->name, column->generation->physical) == 0)
				return column;
		}
	}
	return NULL;
}

/* Does the table have a column of that name now? */
static bool
name_is_stored(const TableModel *table, const char *name)
{
	ListCell   *lc;

	foreach(lc, table->generations)
	{
		Generation *generation = lfirst(lc);

		if (generation->physical != NULL && !generation->gone &&
			strcmp(generation->physical, name) == 0)
			return true;
	}
	return false;
}

/* The name, and of a shadow what the server derives names from. */
static void
complete_name(SchemaModel *model, TableModel *table, ColumnModel *column,
			  char *name, MigrationPlan *plan)
{
	Generation *generation = column->generation;

	rename_column(model, table, column, name, plan);
	if (generation->attnum != 0 || generation->swapped)
		return;
	if (not_null_is_checked(generation))
		column_not_null_complete(model, table, generation, generation->operation, plan);
	if (generation->sequence != NULL && generation->identity != '\0')
		column_sequence_to_identity(model, table, generation, plan);
	column_attributes_complete(model, table, generation, plan);
}

/*
 * A partition or child may have a default of its own, which it keeps unless the
 * migration sets another.
 */
static void
set_default(SchemaModel *model, TableModel *table, Generation *generation,
			Generation *old, MigrationPlan *plan)
{
	List	   *members = operation_other_members(table->relid);
	ListCell   *lc;

	if (generation->stored_default != NULL)
	{
		if (generation->default_text == NULL ||
			strcmp(generation->default_text,
				   expression_deparse(generation->stored_default)) != 0)
			shadow_alter_table(model, table, generation->operation, PHASE_COMPLETE,
							   default_action(generation, generation->default_text),
							   plan);
		return;
	}
	if (members == NIL || old == NULL || generation->sets_default)
	{
		if (generation->default_text != NULL)
			shadow_alter_table(model, table, generation->operation, PHASE_COMPLETE,
							   default_action(generation, generation->default_text),
							   plan);
		return;
	}
	foreach(lc, lcons_oid(table->relid, members))
	{
		TableModel *member = catalog_read_table(model, lfirst_oid(lc));
		ColumnModel *column = member == NULL ? NULL :
			model_find_column(member, old->physical);
		char	   *name = lfirst_oid(lc) == table->relid ?
			model_table_sql(model, table) :
			catalog_relation_name(lfirst_oid(lc));

		if (column == NULL || column->generation->default_text == NULL)
			continue;
		plan_step(plan, (Step) {
			.phase = PHASE_COMPLETE,
			.operation = generation->operation,
			.command = psprintf("ALTER TABLE ONLY %s %s", name,
								default_action(generation,
											   column->generation->default_text)),
			.lock = AccessExclusiveLock,
			.relation = lfirst_oid(lc),
			.relation_name = name,
		});
	}
}

static char *
default_action(const Generation *generation, const char *expression)
{
	const char *column = quote_identifier(generation->physical);

	if (expression == NULL)
		return psprintf("ALTER COLUMN %s DROP DEFAULT", column);
	return psprintf("ALTER COLUMN %s SET DEFAULT %s", column, expression);
}

static void
rename_column(SchemaModel *model, TableModel *table, ColumnModel *column,
			  char *name, MigrationPlan *plan)
{
	Generation *generation = column->generation;

	shadow_alter_table(model, table,
					   column->renamed_by != 0 ? column->renamed_by :
					   generation->operation, PHASE_COMPLETE,
					   psprintf("RENAME COLUMN %s TO %s",
								quote_identifier(generation->physical),
								quote_identifier(name)), plan);
	generation->physical = name;
}

void
shadow_alter_table(SchemaModel *model, TableModel *table, int operation,
				   Phase phase, const char *action, MigrationPlan *plan)
{
	plan_step(plan, (Step) {
		.phase = phase,
		.operation = operation,
		.command = psprintf("ALTER TABLE %s %s",
							model_table_sql(model, table), action),
		.lock = AccessExclusiveLock,
		.relation = table->relid,
		.relation_name = model_table_sql(model, table),
		.also = operation_other_members(table->relid),
	});
}

void
shadow_drop_columns(SchemaModel *model, TableModel *table, int operation,
					Phase phase, List *names, MigrationPlan *plan)
{
	ListCell   *lc;

	operation_lock_partners(table->relid, names, phase, plan);
	shadow_alter_table(model, table, operation, phase,
					   shadow_drop_actions(names, InvalidOid), plan);
	foreach(lc, operation_other_members(table->relid))
	{
		Oid			member = lfirst_oid(lc);
		char	   *actions = shadow_drop_actions(names, member);

		if (actions[0] != '\0')
			shadow_alter_member(member, operation, phase, actions, plan);
	}
}

void
shadow_alter_member(Oid member, int operation, Phase phase, const char *actions,
					MigrationPlan *plan)
{
	char	   *name = catalog_relation_name(member);

	plan_step(plan, (Step) {
		.phase = phase,
		.operation = operation,
		.command = psprintf("ALTER TABLE %s %s", name, actions),
		.lock = AccessExclusiveLock,
		.relation = member,
		.relation_name = name,
	});
}

char *
shadow_drop_actions(List *names, Oid member)
{
	StringInfoData actions;
	ListCell   *lc;

	initStringInfo(&actions);
	foreach(lc, names)
	{
		if (!OidIsValid(member) || catalog_column_is_local(member, lfirst(lc)))
			appendStringInfo(&actions, "%sDROP COLUMN %s",
							 actions.len > 0 ? ", " : "",
							 quote_identifier(lfirst(lc)));
	}
	return actions.data;
}

/* "_pgroll_c_7_1_age text COLLATE … NOT NULL DEFAULT 1" */
static char *
column_sql(const SchemaModel *model, const TableModel *table,
		   const Generation *generation)
{
	StringInfoData sql;
	Oid			type = generation->type;
	int32		typmod = generation->typmod;

	if (column_domain_is_needed(type))
		type = getBaseTypeAndTypmod(type, &typmod);
	initStringInfo(&sql);
	appendStringInfo(&sql, "%s %s", quote_identifier(generation->physical),
					 expression_type_name(type, typmod));
	if (OidIsValid(generation->collation) &&
		generation->collation != get_typcollation(type))
		appendStringInfo(&sql, " COLLATE %s",
						 catalog_collation_name(generation->collation));
	if (generation->stored_default != NULL)
	{
		appendStringInfo(&sql, " DEFAULT %s",
						 expression_deparse(generation->stored_default));
		if (generation->not_null)
			appendStringInfo(&sql, " CONSTRAINT %s NOT NULL",
							 quote_identifier(ChooseConstraintName(table->name,
																   generation->name,
																   "not_null",
																   model->namespace,
																   NIL)));
	}
	return sql.data;
}

/* A new NOT NULL needs a scan, unless the column has its values from the start. */
static bool
not_null_is_checked(const Generation *generation)
{
	return generation->not_null && generation->stored_default == NULL;
}

/* Of a child or partition, whose parent's column may be NULL. */
static bool
not_null_is_own(const Generation *generation)
{
	return generation->leader != NULL && generation->attnum == 0 &&
		generation->not_null && !generation->leader->not_null;
}
