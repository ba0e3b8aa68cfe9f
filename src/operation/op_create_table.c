/*-------------------------------------------------------------------------
 *
 * op_create_table.c
 *		The operation create_table.
 *
 * The table is made at the start, whole; only the new version shows it.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "operation/column_definition.h"
#include "operation/operation.h"
#include "operation/operation_util.h"
#include "schema/names.h"

typedef struct CreateTable
{
	Operation	base;
	char	   *name;
	char	   *comment;
	List	   *columns;		/* ColumnDefinition * */
	TableModel *table;
	List	   *elements;		/* char *: what stands in the parentheses */
	List	   *partners;		/* TableModel *: tables referenced */
} CreateTable;

static void check_name_is_vacated(CreateTable *op, SchemaModel *model);
static void add_columns(CreateTable *op, SchemaModel *model);
static void add_constraints(CreateTable *op, SchemaModel *model);
static List *add_constraint_name(List *names, char *name, const char *path);
static bool pk_is_alone(const CreateTable *op);
static char *primary_key_sql(const CreateTable *op);
static void comment_steps(const CreateTable *op, SchemaModel *model, MigrationPlan *plan);

static Operation *
parse_create_table(JsonReader *reader)
{
	static const char *const unbuilt[] = {"constraints", NULL};
	static const char *const unbuilt_of_column[] = {"generated", NULL};
	CreateTable *op = palloc0(sizeof(CreateTable));
	ListCell   *lc;

	op->name = json_name(reader, "name", true);
	if (!json_is_null(reader, "comment"))
		op->comment = json_text(reader, "comment", false);
	foreach(lc, json_nested_list(reader, "columns", true))
	{
		JsonReader *column = lfirst(lc);

		op->columns = lappend(op->columns, column_definition_parse(column));
		operation_reject_fields(column, unbuilt_of_column);
		json_done(column);
	}
	operation_reject_fields(reader, unbuilt);
	if (op->columns == NIL)
		json_error(json_path(reader, "columns"), "a table needs a column");
	return &op->base;
}

static void
validate_create_table(Operation *base, SchemaModel *model)
{
	CreateTable *op = (CreateTable *) base;
	TableModel *table = palloc0(sizeof(TableModel));

	model_check_table_free(model, op->name, operation_path(base, "name"));
	check_name_is_vacated(op, model);
	table->name = op->name;
	table->physical = op->name;
	table->relkind = RELKIND_RELATION;
	table->owner = GetUserId();
	table->comment = op->comment;
	table->created = true;
	table->operation = base->number;
	op->table = table;
	add_columns(op, model);
	model->tables = lappend(model->tables, table);
	add_constraints(op, model);
}

/*
 * The table is made at the start.  A table of that name that the migration drops is
 * moved aside then; one that it only renames has the name still.
 */
static void
check_name_is_vacated(CreateTable *op, SchemaModel *model)
{
	ListCell   *lc;

	if (model->started || !OidIsValid(get_relname_relid(op->name, model->namespace)))
		return;
	foreach(lc, model->tables)
	{
		TableModel *other = lfirst(lc);

		/* dropped by this migration: it is moved aside */
		if (other->dropped && strcmp(other->physical, op->name) == 0)
			return;
	}
	ereport(ERROR,
			(errcode(ERRCODE_DUPLICATE_TABLE),
			 errmsg("relation \"%s\" already exists in schema \"%s\"",
					op->name, model->base_schema),
			 errdetail("At %s.", operation_path(&op->base, "name")),
			 errhint("Choose another name.")));
}

static void
add_columns(CreateTable *op, SchemaModel *model)
{
	ListCell   *lc;

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
		generation->is_key = def->unique || (def->pk && pk_is_alone(op));
		column_definition_show(def, op->table, generation);
		op->elements = lappend(op->elements,
							   psprintf("%s%s", column_definition_sql(def),
										def->unique ? " UNIQUE" : ""));
	}
}

static bool
pk_is_alone(const CreateTable *op)
{
	int			n = 0;
	ListCell   *lc;

	foreach(lc, op->columns)
		n += ((ColumnDefinition *) lfirst(lc))->pk;
	return n == 1;
}

static void
add_constraints(CreateTable *op, SchemaModel *model)
{
	char	   *primary_key = primary_key_sql(op);
	List	   *names = NIL;
	ListCell   *lc;

	if (primary_key != NULL)
		op->elements = lappend(op->elements, primary_key);
	foreach(lc, op->columns)
	{
		ColumnDefinition *def = lfirst(lc);
		TableModel *partner;

		if (def->check != NULL)
			names = add_constraint_name(names, def->check->name, def->check->path);
		if (def->references != NULL)
			names = add_constraint_name(names, def->references->name,
										def->references->path);
		if (def->check != NULL)
			op->elements = lappend(op->elements,
								   check_definition_sql(def->check, model, op->table));
		if (def->references == NULL)
			continue;
		op->elements = lappend(op->elements,
							   reference_definition_sql(def->references, model,
														op->table, def->name, &partner));
		if (partner != NULL)
			op->partners = lappend(op->partners, partner);
	}
}

static List *
add_constraint_name(List *names, char *name, const char *path)
{
	ListCell   *lc;

	foreach(lc, names)
	{
		if (strcmp(lfirst(lc), name) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_DUPLICATE_OBJECT),
					 errmsg("constraint \"%s\" already exists", name),
					 errdetail("At %s.name.", path),
					 errhint("Choose another name.")));
	}
	return lappend(names, name);
}

static char *
primary_key_sql(const CreateTable *op)
{
	StringInfoData sql;
	ListCell   *lc;

	initStringInfo(&sql);
	foreach(lc, op->columns)
	{
		ColumnDefinition *def = lfirst(lc);

		if (def->pk)
			appendStringInfo(&sql, "%s%s", sql.len > 0 ? ", " : "PRIMARY KEY (",
							 quote_identifier(def->name));
	}
	if (sql.len == 0)
		return NULL;
	appendStringInfoChar(&sql, ')');
	return sql.data;
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
			plan_lock(plan, PHASE_START, partner->relid, ShareRowExclusiveLock,
					  model_qualified(model, partner->physical));
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
	});
	comment_steps(op, model, plan);
}

static void
comment_steps(const CreateTable *op, SchemaModel *model, MigrationPlan *plan)
{
	ListCell   *lc;

	if (op->comment != NULL)
		plan_step(plan, (Step) {
			.phase = PHASE_START,
			.operation = op->base.number,
			.command = psprintf("COMMENT ON TABLE %s IS %s",
								model_qualified(model, op->name),
								quote_literal_cstr(op->comment)),
			.lock = ShareUpdateExclusiveLock,
			.relation_name = model_qualified(model, op->name),
		});
	foreach(lc, op->columns)
	{
		ColumnDefinition *def = lfirst(lc);

		if (def->comment != NULL)
			plan_step(plan, (Step) {
				.phase = PHASE_START,
				.operation = op->base.number,
				.command = psprintf("COMMENT ON COLUMN %s.%s IS %s",
									model_qualified(model, op->name),
									quote_identifier(def->name),
									quote_literal_cstr(def->comment)),
				.lock = ShareUpdateExclusiveLock,
				.relation_name = model_qualified(model, op->name),
			});
	}
}

static void
rollback_create_table(const Operation *base, SchemaModel *model, MigrationPlan *plan)
{
	const CreateTable *op = (const CreateTable *) base;
	char	   *name = operation_final_table_name(base, op->name);
	Oid			relid = get_relname_relid(name, model->namespace);

	if (!OidIsValid(relid))
		return;					/* a later operation dropped it */
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

static void
forget_create_table(const Operation *base, SchemaModel *model)
{
	const CreateTable *op = (const CreateTable *) base;
	TableModel *table = model_find_table(model,
										 operation_final_table_name(base, op->name));

	model->tables = list_delete_ptr(model->tables, table);
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
