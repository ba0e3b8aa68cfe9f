/*-------------------------------------------------------------------------
 *
 * op_constraint.c
 *		The operations drop_constraint, drop_multicolumn_constraint and
 *		rename_constraint.
 *
 * A dropped constraint binds the old version until the completion.  The new one
 * is free of it at once where down says what the old version is to see; a column
 * without such a down needs no shadow, and what the old version would refuse is
 * refused to the new one, too.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "catalog/pg_constraint.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "operation/carry_incoming.h"
#include "operation/column_change.h"
#include "operation/constraint_definition.h"
#include "operation/drop_check.h"
#include "operation/inherit.h"
#include "operation/operation.h"
#include "operation/operation_util.h"
#include "operation/shadow_column.h"
#include "schema/catalog_constraint.h"
#include "schema/object_model.h"

typedef struct DropConstraint
{
	Operation	base;
	char	   *table_name;
	char	   *name;
	char	   *up;				/* of the only column … */
	char	   *down;
	JsonReader *ups;			/* … or by column */
	JsonReader *downs;
	List	   *changes;		/* ColumnChange *, of the columns with a shadow */
	TableModel *table;
	ObjectModel *object;
} DropConstraint;

typedef struct RenameConstraint
{
	Operation	base;
	char	   *table_name;
	char	   *from;
	char	   *to;
	char	   *from_made;		/* on a table that the migration creates */
	char	   *to_made;
	TableModel *table;
	ObjectModel *object;
} RenameConstraint;

static void drop_from_model(DropConstraint *op, SchemaModel *model);
static void add_change(DropConstraint *op, SchemaModel *model, Generation *generation,
					   ColumnChange change);
static ColumnModel *column_of(TableModel *table, const Generation *generation);
static bool is_made_with_name(SchemaModel *model, const TableModel *table,
							  const ObjectModel *object);
static bool is_made_with_name(SchemaModel *model, const TableModel *table,
							  const ObjectModel *object);
static bool is_due(const RenameConstraint *op, SchemaModel *model);
static bool is_inherited_check(const TableModel *table, const ObjectModel *object);
static void check_is_own(const Operation *base, const TableModel *table,
						 const ObjectModel *object, const char *field);

static Operation *
parse_drop_constraint(JsonReader *reader)
{
	DropConstraint *op = palloc0(sizeof(DropConstraint));

	op->table_name = json_name(reader, "table", true);
	op->name = json_name(reader, "name", true);
	op->up = json_text(reader, "up", false);
	op->down = json_text(reader, "down", false);
	return &op->base;
}

static Operation *
parse_drop_multicolumn_constraint(JsonReader *reader)
{
	DropConstraint *op = palloc0(sizeof(DropConstraint));

	op->table_name = json_name(reader, "table", true);
	op->name = json_name(reader, "name", true);
	op->ups = json_nested(reader, "up", false);
	op->downs = json_nested(reader, "down", true);
	return &op->base;
}

static void
validate_drop_constraint(Operation *base, SchemaModel *model)
{
	DropConstraint *op = (DropConstraint *) base;
	int			n_columns;

	drop_from_model(op, model);
	n_columns = list_length(op->object->columns);
	if (n_columns > 1)
		ereport(ERROR,
				(errcode(ERRCODE_PGROLL_INVALID_DOCUMENT),
				 errmsg("constraint \"%s\" of table \"%s\" is on %d columns",
						op->name, op->table_name, n_columns),
				 errdetail("At %s.", operation_path(base, "name")),
				 errhint("Use drop_multicolumn_constraint.")));
	if (n_columns == 1)
		add_change(op, model, linitial(op->object->columns), (ColumnChange) {
			.up = op->up,
			.down = op->down,
			.up_path = operation_path(base, "up"),
			.down_path = operation_path(base, "down"),
		});
	column_changes_apply(op->changes, model);
}

static void
validate_drop_multicolumn_constraint(Operation *base, SchemaModel *model)
{
	DropConstraint *op = (DropConstraint *) base;
	ListCell   *lc;

	drop_from_model(op, model);
	foreach(lc, op->object->columns)
	{
		char	   *column = column_of(op->table, lfirst(lc))->name;

		add_change(op, model, lfirst(lc), (ColumnChange) {
			.up = op->ups == NULL ? NULL : json_text(op->ups, column, false),
			.down = json_text(op->downs, column, true),
			.up_path = operation_path(base, psprintf("up.%s", column)),
			.down_path = operation_path(base, psprintf("down.%s", column)),
		});
	}
	if (op->ups != NULL)
		json_done(op->ups);
	json_done(op->downs);
	column_changes_apply(op->changes, model);
}

/*
 * Which columns have a shadow is told by the constraint, so it must still be there; the
 * guard keeps it (inspect/drop_guard.c).
 */
static void
drop_from_model(DropConstraint *op, SchemaModel *model)
{
	const char *path = operation_path(&op->base, "name");

	op->table = model_owned_table(model, op->table_name,
								  operation_path(&op->base, "table"));
	if (model->started && model_find_object(op->table, op->name) == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("constraint \"%s\" of table \"%s\", which the migration drops, is gone",
						op->name, op->table_name),
				 errdetail("At %s: it tells which columns differ between the versions.", path),
				 errhint("Roll the migration back and start it again.")));
	op->object = model_constraint(op->table, op->name, path);
	check_is_own(&op->base, op->table, op->object, "name");
	if (op->object->stored != NULL)
		drop_check_constraint_dependents(model, op->table, op->object->stored, path);
	op->object->dropped = true;
	op->object->operation = op->base.number;
}

/* Only a column whose values may differ between the versions is changed. */
static void
add_change(DropConstraint *op, SchemaModel *model, Generation *generation,
		   ColumnChange change)
{
	ColumnChange *copy = palloc(sizeof(ColumnChange));

	change.operation = &op->base;
	change.table = op->table;
	change.column = column_of(op->table, generation);
	change.path = operation_path(&op->base, "name");
	if (op->table->created || (!column_change_alters_up(&change, model) &&
							   !column_change_alters_down(&change, model)))
		return;
	inherit_check_own_column(op->table, change.column, change.path);
	*copy = change;
	op->changes = lappend(op->changes, copy);
}

/* The column that shows what became of a generation, which is not dropped. */
static ColumnModel *
column_of(TableModel *table, const Generation *generation)
{
	Generation *newest = model_newest_generation(table, generation);
	ListCell   *lc;

	foreach(lc, table->columns)
	{
		if (((ColumnModel *) lfirst(lc))->generation == newest)
			return lfirst(lc);
	}
	elog(ERROR, "generation %d of table \"%s\" is not shown", generation->number,
		 table->name);
	return NULL;
}

static void
check_is_own(const Operation *base, const TableModel *table,
			 const ObjectModel *object, const char *field)
{
	if (object->inherited)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TABLE_DEFINITION),
				 errmsg("constraint \"%s\" of table \"%s\" is inherited",
						object->name, table->name),
				 errdetail("At %s.", operation_path(base, field)),
				 errhint("Change the constraint of the parent table.")));
}

static void
start_drop_constraint(const Operation *base, SchemaModel *model, MigrationPlan *plan)
{
	const DropConstraint *op = (const DropConstraint *) base;
	ListCell   *lc;

	if (op->table->created)
		operation_alter_created(base, model, plan, op->table_name,
								psprintf("DROP CONSTRAINT %s",
										 quote_identifier(op->object->made)));
	foreach(lc, op->changes)
		column_change_start(lfirst(lc), model, plan);
}

static void
complete_drop_constraint(const Operation *base, SchemaModel *model,
						 MigrationPlan *plan)
{
	const DropConstraint *op = (const DropConstraint *) base;
	ListCell   *lc;

	foreach(lc, op->changes)
		column_change_complete(lfirst(lc), model, plan);
}

static Operation *
parse_rename_constraint(JsonReader *reader)
{
	RenameConstraint *op = palloc0(sizeof(RenameConstraint));

	op->table_name = json_name(reader, "table", true);
	op->from = json_name(reader, "from", true);
	op->to = json_name(reader, "to", true);
	return &op->base;
}

static void
validate_rename_constraint(Operation *base, SchemaModel *model)
{
	RenameConstraint *op = (RenameConstraint *) base;

	op->table = model_owned_table(model, op->table_name,
								  operation_path(base, "table"));
	/* Somebody may have dropped it since the start. */
	if (model->started && model_find_object(op->table, op->from) == NULL)
		return;
	op->object = model_constraint(op->table, op->from, operation_path(base, "from"));
	check_is_own(base, op->table, op->object, "from");
	model_check_object_free(model, op->table, op->to, object_has_index(op->object),
							operation_path(base, "to"));
	if (is_inherited_check(op->table, op->object))
		model_check_members_free(model, op->table, op->to, CONSTRAINT_CHECK,
								 operation_path(base, "to"));
	op->from_made = op->object->made;
	model_rename_object(model, op->table, op->object, op->to, base->number);
	op->to_made = op->object->made;
}

/* Do children have it, too? */
static bool
is_inherited_check(const TableModel *table, const ObjectModel *object)
{
	const ConstraintDefinition *def = object->definition;
	ListCell   *lc;

	if (object->type != CONSTRAINT_CHECK)
		return false;
	if (object->stored == NULL)
		return !def->no_inherit;
	foreach(lc, catalog_constraints(table->relid))
	{
		const ConstraintFacts *facts = lfirst(lc);

		if (strcmp(facts->name, object->stored) == 0)
			return !facts->no_inherit;
	}
	return false;
}

static void
start_rename_constraint(const Operation *base, SchemaModel *model, MigrationPlan *plan)
{
	const RenameConstraint *op = (const RenameConstraint *) base;

	if (op->table->created)
		operation_alter_created(base, model, plan, op->table_name,
								psprintf("RENAME CONSTRAINT %s TO %s",
										 quote_identifier(op->from_made),
										 quote_identifier(op->to_made)));
}

/*
 * Is it made for the new version under its last name?  A foreign key that references
 * a shadow takes the old one's name first, as it does where its own columns stay.
 */
static bool
is_made_with_name(SchemaModel *model, const TableModel *table, const ObjectModel *object)
{
	ListCell   *lc;

	foreach(lc, object->type == CONSTRAINT_FOREIGN ? catalog_constraints(table->relid) : NIL)
	{
		const ConstraintFacts *facts = lfirst(lc);

		if (strcmp(facts->name, object->stored) == 0 && carry_incoming_has(model, facts))
			return false;
	}
	return object_is_carried(table, object);
}

static void
settle_rename_constraint(const Operation *base, SchemaModel *model,
						 MigrationPlan *plan)
{
	const RenameConstraint *op = (const RenameConstraint *) base;

	if (op->table->created || op->table->dropped || op->object == NULL ||
		op->object->stored == NULL || !object_is_shown(op->table, op->object) ||
		is_made_with_name(model, op->table, op->object) || !is_due(op, model))
		return;
	shadow_alter_table(model, op->table, base->number, PHASE_COMPLETE,
					   psprintf("RENAME CONSTRAINT %s TO %s",
								quote_identifier(op->object->present),
								quote_identifier(op->to)), plan);
	op->object->present = op->to;
}

/*
 * A name that a later operation takes away again is passed over where something else
 * gets it in the end.
 */
static bool
is_due(const RenameConstraint *op, SchemaModel *model)
{
	const ObjectModel *object = op->object;

	if (object->operation == op->base.number)
		return strcmp(object->present, op->to) != 0;
	return strcmp(object->present, op->from) == 0 &&
		(!object_has_index(object) || model_relation_is_unclaimed(model, op->to));
}

static void
complete_rename_constraint(const Operation *base, SchemaModel *model,
						   MigrationPlan *plan)
{
	const RenameConstraint *op = (const RenameConstraint *) base;

	if (op->object == NULL || !object_has_index(op->object) ||
		!operation_name_comes_late(model, op->to, base->number))
		settle_rename_constraint(base, model, plan);
}

/*
 * What the migration makes may be waiting for the name.  Where another has the new name
 * still, it goes with a column, a table or an operation, and this one follows.
 */
static void
vacate_rename_constraint(const Operation *base, SchemaModel *model,
						 MigrationPlan *plan)
{
	const RenameConstraint *op = (const RenameConstraint *) base;
	ListCell   *lc;

	if (op->object != NULL && object_has_index(op->object) &&
		OidIsValid(get_relname_relid(op->to, model->namespace)))
		return;
	foreach(lc, op->table->objects)
	{
		const ObjectModel *object = lfirst(lc);

		if (object->present != NULL && !object->dropped &&
			strcmp(object->present, op->to) == 0)
			return;
	}
	settle_rename_constraint(base, model, plan);
}

const OperationOps drop_constraint_ops = {
	.name = "drop_constraint",
	.parse = parse_drop_constraint,
	.validate = validate_drop_constraint,
	.start = start_drop_constraint,
	.complete = complete_drop_constraint,
	.rollback = NULL,			/* the shadow is found by its name */
};

const OperationOps drop_multicolumn_constraint_ops = {
	.name = "drop_multicolumn_constraint",
	.parse = parse_drop_multicolumn_constraint,
	.validate = validate_drop_multicolumn_constraint,
	.start = start_drop_constraint,
	.complete = complete_drop_constraint,
	.rollback = NULL,			/* shadows are found by their names */
};

const OperationOps rename_constraint_ops = {
	.name = "rename_constraint",
	.parse = parse_rename_constraint,
	.validate = validate_rename_constraint,
	.start = start_rename_constraint,
	.complete = complete_rename_constraint,
	.settle = settle_rename_constraint,
	.rollback = NULL,			/* nothing was changed */
	.vacate = vacate_rename_constraint,
};
