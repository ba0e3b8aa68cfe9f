/*-------------------------------------------------------------------------
 *
 * op_column.c
 *		The operations add_column, rename_column and drop_column.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "catalog/pg_class.h"
#include "optimizer/optimizer.h"
#include "utils/builtins.h"
#include "utils/typcache.h"

#include "operation/column_sequence.h"
#include "operation/drop_check.h"
#include "operation/foreign_key_definition.h"
#include "operation/inherit.h"
#include "operation/new_object.h"
#include "operation/operation.h"
#include "operation/operation_util.h"
#include "operation/shadow_check.h"
#include "operation/shadow_column.h"
#include "schema/catalog_object.h"
#include "schema/catalog_read.h"
#include "versioning/expression.h"

typedef struct AddColumn
{
	Operation	base;
	char	   *table_name;
	ColumnDefinition *column;
	char	   *up;
	TableModel *table;
	Generation *generation;
	char	   *created_sql;	/* of a table that the migration creates */
	List	   *constraints;	/* ConstraintDefinition * */
} AddColumn;

typedef struct RenameColumn
{
	Operation	base;
	char	   *table_name;
	char	   *from;
	char	   *to;
	TableModel *table;
	Generation *generation;
} RenameColumn;

typedef struct DropColumn
{
	Operation	base;
	char	   *table_name;
	char	   *column_name;
	char	   *down;
	TableModel *table;
	Generation *generation;
} DropColumn;

static void check_not_typed(const Operation *base, const TableModel *table);
static void check_can_be_added(const AddColumn *op);
static void add_constraints(AddColumn *op, SchemaModel *model);
static void add_value(AddColumn *op, SchemaModel *model);
static void check_goes_from_children(const TableModel *table, const Generation *column,
									 const char *path);

static Operation *
parse_add_column(JsonReader *reader)
{
	AddColumn  *op = palloc0(sizeof(AddColumn));
	JsonReader *column;

	op->table_name = json_name(reader, "table", true);
	column = json_nested(reader, "column", true);
	op->column = column_definition_parse(column);
	json_done(column);
	op->up = json_text(reader, "up", false);
	return &op->base;
}

static void
validate_add_column(Operation *base, SchemaModel *model)
{
	AddColumn  *op = (AddColumn *) base;
	ColumnDefinition *def = op->column;

	op->table = model_owned_table(model, op->table_name,
								  operation_path(base, "table"));
	check_not_typed(base, op->table);
	model_check_column_free(op->table, def->name,
							operation_path(base, "column.name"));
	column_definition_resolve(def, model, operation_path(base, "column"));
	check_can_be_added(op);
	if (!def->nullable && op->up == NULL && def->default_text == NULL &&
		!column_definition_has_values(def))
		ereport(ERROR,
				(errcode(ERRCODE_PGROLL_INVALID_DOCUMENT),
				 errmsg("column \"%s\" is NOT NULL and has neither \"up\" nor \"default\"",
						def->name),
				 errdetail("At %s.", operation_path(base, "up")),
				 errhint("Say with \"up\" or \"default\" what rows that exist are to have, or set \"nullable\" to true.")));
	add_value(op, model);
	column_definition_resolve_generated(def, model, op->table, op->generation,
										operation_path(base, "column"));
	if (op->table->created)
		op->created_sql = column_definition_sql(def, model, op->table);
	add_constraints(op, model);
}

static void
add_constraints(AddColumn *op, SchemaModel *model)
{
	ListCell   *lc;

	op->constraints = column_definition_constraints(op->column,
													operation_path(&op->base, "column"));
	foreach(lc, op->constraints)
	{
		ConstraintDefinition *def = lfirst(lc);

		new_object_apply(def, model, op->table, op->base.number);
	}
}

/* What would rewrite a table with rows, and other sources of its values. */
static void
check_can_be_added(const AddColumn *op)
{
	const ColumnDefinition *def = op->column;

	if (op->up != NULL && (def->generated_source != NULL || def->identity != '\0'))
		json_error(operation_path(&op->base, "up"),
				   "a generated or identity column has values of its own");
	if (def->generated_source != NULL && !op->table->created)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("generated column \"%s\" cannot be added to table \"%s\": it would be rewritten under a lock",
						def->name, op->table_name),
				 errdetail("At %s.", operation_path(&op->base, "column.generated.expression")),
				 errhint("Add a plain column that \"up\" fills, or add the generated column with an sql operation.")));
}

/* The columns of such a table are those of its type. */
static void
check_not_typed(const Operation *base, const TableModel *table)
{
	if (table->is_typed)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("columns of typed table \"%s\" cannot be added, renamed or dropped",
						table->name),
				 errdetail("At %s.", operation_path(base, "table")),
				 errhint("Alter the type of the table instead.")));
}

/* The new generation, and where its value comes from in rows of old. */
static void
add_value(AddColumn *op, SchemaModel *model)
{
	ColumnDefinition *def = op->column;
	Node	   *up = NULL;
	Generation *generation;

	generation = column_definition_generation(def, op->table, op->base.number);
	op->generation = generation;
	generation->current = false;
	if (op->table->created)
		column_sequence_note(def, model, op->table, generation,
							 operation_path(&op->base, "column"));
	else if (def->serial != NULL || def->identity != '\0')
		column_sequence_add(def, model, op->table, generation,
							operation_path(&op->base, "column"));
	up = generation->up;
	if (op->up != NULL)
	{
		up = operation_half(model, op->table, op->up, generation,
							operation_path(&op->base, "up"));
		operation_check_up_reads(op->table, up, NULL, operation_path(&op->base, "up"));
	}
	else if (def->default_expr != NULL &&
			 (contain_volatile_functions(def->default_expr) ||
			  domain_has_constraints(def->type)))
		up = def->default_expr; /* stored at once, it would rewrite the table */
	else
		generation->stored_default = def->default_expr;
	generation->up = up;
	if (generation->stored_default == NULL)
	{
		Generation	bare = *generation;

		bare.default_text = NULL;
		shadow_check_accepts_null(op->table, &bare, generation->type,
								  operation_path(&op->base, "column.type"));
	}
	generation->current = true;
	if (up != NULL && OidIsValid(op->table->relid))
		op->table->has_edges = true;
	if (op->table->created)
		generation->physical = generation->name;
	column_definition_show(def, op->table, generation);
}

static void
start_add_column(const Operation *base, SchemaModel *model, MigrationPlan *plan)
{
	const AddColumn *op = (const AddColumn *) base;
	ListCell   *lc;

	if (op->table->created)
	{
		operation_alter_created(base, model, plan, op->table_name,
								psprintf("ADD COLUMN %s", op->created_sql));
		if (op->column->comment != NULL)
		{
			char	   *table = model_qualified(model, op->table_name);

			plan_comment(plan, PHASE_START, base->number, InvalidOid, table,
						 psprintf("COLUMN %s.%s", table,
								  quote_identifier(op->column->name)),
						 op->column->comment);
		}
		foreach(lc, op->constraints)
			new_object_on_created(base, model, op->table_name, lfirst(lc), plan);
	}
	else if (op->generation->current)
		shadow_column_start(model, op->table, op->generation, plan);
}

static void
complete_add_column(const Operation *base, SchemaModel *model, MigrationPlan *plan)
{
	const AddColumn *op = (const AddColumn *) base;

	if (op->generation->current && !op->table->created)
		shadow_column_complete(model, op->table, op->generation, plan);
}

static Operation *
parse_rename_column(JsonReader *reader)
{
	RenameColumn *op = palloc0(sizeof(RenameColumn));

	op->table_name = json_name(reader, "table", true);
	op->from = json_name(reader, "from", true);
	op->to = json_name(reader, "to", true);
	return &op->base;
}

static void
validate_rename_column(Operation *base, SchemaModel *model)
{
	RenameColumn *op = (RenameColumn *) base;
	ColumnModel *column;

	op->table = model_owned_table(model, op->table_name,
								  operation_path(base, "table"));
	check_not_typed(base, op->table);
	column = model_column(op->table, op->from, operation_path(base, "from"));
	inherit_check_own_column(op->table, column, operation_path(base, "from"));
	model_check_column_free(op->table, op->to, operation_path(base, "to"));
	column->name = op->to;
	column->renamed_by = base->number;
	op->generation = column->generation;
	op->generation->name = op->to;
	if (op->table->created)
		op->generation->physical = op->to;
}

static void
start_rename_column(const Operation *base, SchemaModel *model, MigrationPlan *plan)
{
	const RenameColumn *op = (const RenameColumn *) base;

	if (op->table->created)
		operation_alter_created(base, model, plan, op->table_name,
								psprintf("RENAME COLUMN %s TO %s",
										 quote_identifier(op->from),
										 quote_identifier(op->to)));
}

static Operation *
parse_drop_column(JsonReader *reader)
{
	DropColumn *op = palloc0(sizeof(DropColumn));

	op->table_name = json_name(reader, "table", true);
	op->column_name = json_name(reader, "column", true);
	op->down = json_text(reader, "down", false);
	return &op->base;
}

static void
validate_drop_column(Operation *base, SchemaModel *model)
{
	DropColumn *op = (DropColumn *) base;
	ColumnModel *column;
	Generation *generation;
	const char *path = operation_path(base, "column");

	op->table = model_owned_table(model, op->table_name,
								  operation_path(base, "table"));
	check_not_typed(base, op->table);
	column = model_column(op->table, op->column_name, path);
	inherit_check_own_column(op->table, column, path);
	generation = column->generation;
	op->generation = generation;
	if (model_stored_ancestor(generation) != NULL)
		drop_check_dependents(model, op->table, model_stored_ancestor(generation), path);
	if (op->table->created)
	{
		drop_check_not_generated_from(op->table, generation, "drop", path);
		foreign_key_definition_check_unreferenced(model, op->table, generation, path);
	}
	if (generation->attnum != 0)
		shadow_check_accepts_null(op->table, generation, generation->type, path);
	if (op->down == NULL && generation->not_null && generation->attnum != 0 &&
		generation->default_text == NULL && generation->identity == '\0' &&
		generation->generated == '\0')
		ereport(ERROR,
				(errcode(ERRCODE_PGROLL_INVALID_DOCUMENT),
				 errmsg("column \"%s\" of table \"%s\" is NOT NULL without a default and is dropped without \"down\"",
						op->column_name, op->table_name),
				 errdetail("At %s.", operation_path(base, "down")),
				 errhint("Say with \"down\" what the old version is to see in rows that the new version writes.")));
	model_remove_column(op->table, column, base->number);
	if (op->table->created)
		column_sequence_forget(model, generation);
	if (op->down != NULL)
	{
		if (generation->attnum != 0)
		{
			shadow_check_possible(model, op->table, column, path);
			if (!model->started)
				check_goes_from_children(op->table, generation, path);
		}
		generation->down = operation_half(model, op->table, op->down, generation,
										  operation_path(base, "down"));
		if (generation->attnum != 0)
			op->table->has_edges = true;
	}
}

/* For one that keeps it, what its versions see of it would be of two rules. */
static void
check_goes_from_children(const TableModel *table, const Generation *column,
						 const char *path)
{
	ListCell   *lc;

	foreach(lc, operation_other_members(table->relid))
	{
		if (catalog_column_is_local(lfirst_oid(lc), column->physical))
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("column \"%s\" of table \"%s\" cannot be dropped with \"down\"",
							column->name, table->name),
					 errdetail("At %s: its child %s declares the column, too, and keeps it.",
							   path, catalog_relation_name(lfirst_oid(lc))),
					 errhint("Leave \"down\" out, or let the child leave its parent before.")));
	}
}

static void
start_drop_column(const Operation *base, SchemaModel *model, MigrationPlan *plan)
{
	const DropColumn *op = (const DropColumn *) base;

	if (op->table->created)
		operation_alter_created(base, model, plan, op->table_name,
								psprintf("DROP COLUMN %s",
										 quote_identifier(op->column_name)));
}

static void
complete_drop_column(const Operation *base, SchemaModel *model, MigrationPlan *plan)
{
	const DropColumn *op = (const DropColumn *) base;
	Generation *stored = model_stored_ancestor(op->generation);

	if (stored == NULL)
		return;
	operation_lock_sequences(op->table->relid, list_make1(stored->physical),
							 PHASE_COMPLETE, plan);
	operation_lock_partners(op->table->relid, list_make1(stored->physical),
							PHASE_COMPLETE, plan);
	shadow_alter_table(model, op->table, base->number, PHASE_COMPLETE,
					   psprintf("DROP COLUMN %s", quote_identifier(stored->physical)),
					   plan);
	stored->gone = true;
}

const OperationOps add_column_ops = {
	.name = "add_column",
	.parse = parse_add_column,
	.validate = validate_add_column,
	.start = start_add_column,
	.complete = complete_add_column,
	.rollback = NULL,			/* the column is found by its name */
};

const OperationOps rename_column_ops = {
	.name = "rename_column",
	.parse = parse_rename_column,
	.validate = validate_rename_column,
	.start = start_rename_column,
	.complete = NULL,			/* a table's columns get their names together */
	.rollback = NULL,			/* the view goes with its schema */
};

const OperationOps drop_column_ops = {
	.name = "drop_column",
	.parse = parse_drop_column,
	.validate = validate_drop_column,
	.start = start_drop_column,
	.complete = complete_drop_column,
	.rollback = NULL,			/* the view goes with its schema */
};
