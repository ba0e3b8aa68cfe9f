/*-------------------------------------------------------------------------
 *
 * op_create_constraint.c
 *		The operation create_constraint.
 *
 * Columns whose up and down are the column itself stay as they are: the
 * constraint is made on them.  Any other column gets a shadow, so that the old
 * version is not bound by the constraint.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"

#include "operation/column_change.h"
#include "operation/constraint_definition.h"
#include "operation/inherit.h"
#include "operation/new_object.h"
#include "operation/operation.h"
#include "operation/operation_util.h"
#include "schema/catalog_read.h"

typedef struct CreateConstraint
{
	Operation	base;
	char	   *table_name;
	ConstraintDefinition *definition;
	List	   *changes;		/* ColumnChange *, one for each column */
	TableModel *table;
} CreateConstraint;

static void read_halves(CreateConstraint *op, JsonReader *reader);
static bool needs_shadow(const CreateConstraint *op, const ColumnChange *change,
						 const SchemaModel *model);
static void change_columns(CreateConstraint *op, SchemaModel *model);

static Operation *
parse_create_constraint(JsonReader *reader)
{
	CreateConstraint *op = palloc0(sizeof(CreateConstraint));

	op->table_name = json_name(reader, "table", true);
	op->definition = constraint_definition_parse(reader);
	read_halves(op, reader);
	return &op->base;
}

/* The maps "up" and "down" name each column of the constraint. */
static void
read_halves(CreateConstraint *op, JsonReader *reader)
{
	JsonReader *up = json_nested(reader, "up", true);
	JsonReader *down = json_nested(reader, "down", true);
	ListCell   *lc;

	foreach(lc, op->definition->columns)
	{
		ColumnChange *change = palloc0(sizeof(ColumnChange));

		change->up = json_text(up, lfirst(lc), true);
		change->down = json_text(down, lfirst(lc), true);
		change->path = json_path(reader, "columns");
		change->up_path = json_path(up, lfirst(lc));
		change->down_path = json_path(down, lfirst(lc));
		op->changes = lappend(op->changes, change);
	}
	json_done(up);
	json_done(down);
}

static void
validate_create_constraint(Operation *base, SchemaModel *model)
{
	CreateConstraint *op = (CreateConstraint *) base;
	ListCell   *lc;

	op->table = model_owned_table(model, op->table_name,
								  operation_path(base, "table"));
	foreach(lc, op->changes)
	{
		ColumnChange *change = lfirst(lc);
		char	   *name = list_nth(op->definition->columns,
									foreach_current_index(lc));

		change->operation = base;
		change->table = op->table;
		change->column = model_column(op->table, name, change->path);
		inherit_check_own_column(op->table, change->column, change->path);
	}
	if (!op->table->created)
		change_columns(op, model);
	foreach(lc, op->definition->type == CONSTRAINT_PRIMARY ? op->changes : NIL)
		((ColumnChange *) lfirst(lc))->column->generation->not_null = true;
	new_object_apply(op->definition, model, op->table, base->number);
}

static void
change_columns(CreateConstraint *op, SchemaModel *model)
{
	List	   *changes = NIL;
	ListCell   *lc;

	foreach(lc, op->changes)
	{
		if (needs_shadow(op, lfirst(lc), model))
			changes = lappend(changes, lfirst(lc));
	}
	op->changes = changes;
	column_changes_apply(changes, model);
}

/*
 * A primary key's column that may hold NULL is made NOT NULL on the way; one by which the
 * table is partitioned can only be so itself, from the start on.
 */
static bool
needs_shadow(const CreateConstraint *op, const ColumnChange *change,
			 const SchemaModel *model)
{
	Generation *generation = change->column->generation;

	return column_change_alters_up(change, model) ||
		column_change_alters_down(change, model) ||
		(op->definition->type == CONSTRAINT_PRIMARY && !generation->not_null &&
		 (generation->attnum == 0 ||
		  !catalog_is_partitioned_by(op->table->relid, generation->physical)));
}

static void
start_create_constraint(const Operation *base, SchemaModel *model, MigrationPlan *plan)
{
	const CreateConstraint *op = (const CreateConstraint *) base;
	ListCell   *lc;

	if (op->table->created)
	{
		new_object_on_created(base, model, op->table_name, op->definition, plan);
		return;
	}
	foreach(lc, op->changes)
		column_change_start(lfirst(lc), model, plan);
}

static void
complete_create_constraint(const Operation *base, SchemaModel *model,
						   MigrationPlan *plan)
{
	const CreateConstraint *op = (const CreateConstraint *) base;
	ListCell   *lc;

	foreach(lc, op->table->created ? NIL : op->changes)
		column_change_complete(lfirst(lc), model, plan);
}

const OperationOps create_constraint_ops = {
	.name = "create_constraint",
	.parse = parse_create_constraint,
	.validate = validate_create_constraint,
	.start = start_create_constraint,
	.complete = complete_create_constraint,
	.rollback = NULL,			/* shadows and constraints are found by their
								 * names */
};
