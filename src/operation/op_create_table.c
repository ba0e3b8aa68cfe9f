/*-------------------------------------------------------------------------
 *
 * op_create_table.c
 *		The operation create_table.
 *
 * The table is made at the start, whole; only the new version shows it.  An index or
 * sequence whose name another relation has until the completion gets it then.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "operation/column_sequence.h"
#include "operation/drop_check.h"
#include "operation/operation.h"
#include "operation/operation_util.h"
#include "schema/names.h"

typedef struct CreateTable
{
	Operation	base;
	char	   *name;
	char	   *comment;
	List	   *columns;		/* ColumnDefinition * */
	List	   *constraints;	/* ConstraintDefinition *, of columns, too */
	TableModel *table;
	List	   *elements;		/* char *: what stands in the parentheses */
	List	   *partners;		/* TableModel *: tables referenced */
} CreateTable;

static void add_columns(CreateTable *op, SchemaModel *model);
static void add_constraints(CreateTable *op, SchemaModel *model);
static List *all_constraints(const CreateTable *op);
static void add_constraint(CreateTable *op, SchemaModel *model,
						   ConstraintDefinition *def);
static void comment_steps(const CreateTable *op, SchemaModel *model, MigrationPlan *plan);

static Operation *
parse_create_table(JsonReader *reader)
{
	CreateTable *op = palloc0(sizeof(CreateTable));
	ListCell   *lc;

	op->name = json_name(reader, "name", true);
	if (!json_is_null(reader, "comment"))
		op->comment = json_text(reader, "comment", false);
	foreach(lc, json_nested_list(reader, "columns", true))
	{
		JsonReader *column = lfirst(lc);

		op->columns = lappend(op->columns, column_definition_parse(column));
		json_done(column);
	}
	foreach(lc, json_nested_list(reader, "constraints", false))
	{
		JsonReader *constraint = lfirst(lc);

		op->constraints = lappend(op->constraints,
								  constraint_definition_parse_of_table(constraint));
		json_done(constraint);
	}
	if (op->columns == NIL)
		json_error(json_path(reader, "columns"), "a table needs a column");
	return &op->base;
}

static void
validate_create_table(Operation *base, SchemaModel *model)
{
	CreateTable *op = (CreateTable *) base;
	TableModel *table = palloc0(sizeof(TableModel));
	char	   *final;

	model_check_table_free(model, op->name, operation_path(base, "name"));
	operation_claim_name(model, op->name, operation_path(base, "name"));
	table->name = op->name;
	table->physical = op->name;
	table->relkind = RELKIND_RELATION;
	table->owner = GetUserId();
	table->comment = op->comment;
	table->created = true;
	table->operation = base->number;
	final = model->started ? operation_final_table_name(base, op->name) : NULL;
	if (final != NULL)
		table->made = get_relname_relid(final, model->namespace);
	op->table = table;
	add_columns(op, model);
	model->tables = lappend(model->tables, table);
	add_constraints(op, model);
}

static void
add_columns(CreateTable *op, SchemaModel *model)
{
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, op->columns)
	{
		ColumnDefinition *def = lfirst(lc);
		const char *path = psprintf("%s.columns[%d]", op->base.path,
									foreach_current_index(lc));
		Generation *generation;

		model_check_column_free(op->table, def->name, psprintf("%s.name", path));
		column_definition_resolve(def, model, path);
		generation = column_definition_generation(def, op->table, op->base.number);
		generation->physical = generation->name;
		generation->stored_default = def->default_expr;
		column_definition_show(def, op->table, generation);
		column_sequence_note(def, model, op->table, generation, path);
	}
	/* A generated column may read one that comes after it. */
	forboth(lc, op->columns, lc2, op->table->generations)
	{
		ColumnDefinition *def = lfirst(lc);

		column_definition_resolve_generated(def, model, op->table, lfirst(lc2),
											psprintf("%s.columns[%d]", op->base.path,
													 foreach_current_index(lc)));
		op->elements = lappend(op->elements,
							   column_definition_sql(def, model, op->table));
	}
}

/* Those of the columns before the table's own; all pk columns are one key. */
static List *
all_constraints(const CreateTable *op)
{
	ConstraintDefinition *primary_key = NULL;
	List	   *all = NIL;
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, op->columns)
	{
		ColumnDefinition *column = lfirst(lc);
		const char *path = psprintf("%s.columns[%d]", op->base.path,
									foreach_current_index(lc));

		foreach(lc2, column_definition_constraints(column, path))
		{
			ConstraintDefinition *def = lfirst(lc2);

			if (def->type == CONSTRAINT_PRIMARY && primary_key != NULL)
				primary_key->columns = lappend(primary_key->columns, column->name);
			else
				all = lappend(all, def);
			if (def->type == CONSTRAINT_PRIMARY && primary_key == NULL)
				primary_key = def;
		}
	}
	return list_concat(all, op->constraints);
}

/* Keys first: a foreign key may reference one of its own table. */
static void
add_constraints(CreateTable *op, SchemaModel *model)
{
	List	   *all = all_constraints(op);
	ListCell   *lc;

	for (int pass = 0; pass < 2; pass++)
	{
		foreach(lc, all)
		{
			ConstraintDefinition *def = lfirst(lc);

			if (constraint_definition_is_key(def) == (pass == 0))
				add_constraint(op, model, def);
		}
	}
}

static void
add_constraint(CreateTable *op, SchemaModel *model, ConstraintDefinition *def)
{
	ObjectModel *object = constraint_definition_apply(def, model, op->table,
													  op->base.number);
	ListCell   *lc;

	foreach(lc, def->type == CONSTRAINT_PRIMARY ? def->key : NIL)
		((Generation *) lfirst(lc))->not_null = true;
	op->elements = lappend(op->elements,
						   psprintf("CONSTRAINT %s %s",
									quote_identifier(object->made),
									constraint_definition_sql(def, model, op->table)));
	if (def->references != NULL && def->references->partner != op->table)
		op->partners = lappend(op->partners, def->references->partner);
}

static void
start_create_table(const Operation *base, SchemaModel *model, MigrationPlan *plan)
{
	const CreateTable *op = (const CreateTable *) base;
	StringInfoData sql;
	ListCell   *lc;

	foreach(lc, op->partners)
	{
		TableModel *partner = lfirst(lc);

		if (OidIsValid(partner->relid))
			operation_lock_tree(plan, PHASE_START, partner->relid, ShareRowExclusiveLock);
	}
	initStringInfo(&sql);
	appendStringInfo(&sql, "CREATE TABLE %s (", model_qualified(model, op->name));
	foreach(lc, op->elements)
		appendStringInfo(&sql, "%s%s", foreach_current_index(lc) > 0 ? ", " : "",
						 (char *) lfirst(lc));
	appendStringInfoChar(&sql, ')');
	plan_step(plan, (Step) {
		.phase = PHASE_START,
		.operation = base->number,
		.command = sql.data,
		.lock = AccessExclusiveLock,
		.relation_name = model_qualified(model, op->name),
		.path = base->path,
	});
	comment_steps(op, model, plan);
}

static void
comment_steps(const CreateTable *op, SchemaModel *model, MigrationPlan *plan)
{
	char	   *table = model_qualified(model, op->name);
	ListCell   *lc;

	if (op->comment != NULL)
		plan_comment(plan, PHASE_START, op->base.number, InvalidOid, table,
					 psprintf("TABLE %s", table), op->comment);
	foreach(lc, op->columns)
	{
		ColumnDefinition *def = lfirst(lc);

		if (def->comment != NULL)
			plan_comment(plan, PHASE_START, op->base.number, InvalidOid, table,
						 psprintf("COLUMN %s.%s", table, quote_identifier(def->name)),
						 def->comment);
	}
}

static void
rollback_create_table(const Operation *base, SchemaModel *model, MigrationPlan *plan)
{
	const CreateTable *op = (const CreateTable *) base;
	char	   *name = operation_final_table_name(base, op->name);
	Oid			relid = name == NULL ? InvalidOid :
		get_relname_relid(name, model->namespace);

	if (!OidIsValid(relid))
		return;					/* a later operation dropped it */
	drop_check_created(model, base, relid);
	operation_lock_partners(relid, NIL, PHASE_ROLLBACK, plan);
	plan_step(plan, (Step) {
		.phase = PHASE_ROLLBACK,
		.operation = base->number,
		.command = psprintf("DROP TABLE %s", model_qualified(model, name)),
		.lock = AccessExclusiveLock,
		.relation = relid,
		.relation_name = model_qualified(model, name),
	});
}

char *
operation_created_table(const Operation *op)
{
	return op->ops != &create_table_ops ? NULL :
		operation_final_table_name(op, ((const CreateTable *) op)->name);
}

bool
operation_creates_table(const Operation *op, const char *name)
{
	return op->ops == &create_table_ops &&
		strcmp(((const CreateTable *) op)->name, name) == 0;
}

static void
forget_create_table(const Operation *base, SchemaModel *model)
{
	const CreateTable *op = (const CreateTable *) base;
	char	   *name = operation_final_table_name(base, op->name);
	ListCell   *lc;

	/* Another that was moved aside may have the name again in the model. */
	foreach(lc, name == NULL ? NIL : model->tables)
	{
		TableModel *table = lfirst(lc);

		if (table->schema == NULL && strcmp(table->physical, name) == 0)
		{
			model->made = lappend_oid(model->made, table->relid);
			model->tables = list_delete_ptr(model->tables, table);
			break;
		}
	}
}

const OperationOps create_table_ops = {
	.name = "create_table",
	.parse = parse_create_table,
	.validate = validate_create_table,
	.start = start_create_table,
	.complete = NULL,			/* it is all there already */
	.rollback = rollback_create_table,
	.forget = forget_create_table,
};
