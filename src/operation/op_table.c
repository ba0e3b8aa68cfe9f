/*-------------------------------------------------------------------------
 *
 * op_table.c
 *		The operations rename_table and drop_table.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "utils/builtins.h"

#include "nodes/parsenodes.h"

#include "operation/column_sequence.h"
#include "operation/drop_check.h"
#include "operation/foreign_key_definition.h"
#include "operation/operation.h"
#include "operation/operation_util.h"
#include "schema/catalog_read.h"
#include "schema/object_model.h"
#include "schema/names.h"
#include "state/migration_drops.h"

typedef struct RenameTable
{
	Operation	base;
	char	   *from;
	char	   *to;
	TableModel *table;
} RenameTable;

typedef struct DropTable
{
	Operation	base;
	char	   *name;
	TableModel *table;
} DropTable;

static void rename_stored(const RenameTable *op, SchemaModel *model, MigrationPlan *plan);
static void check_is_noted(const DropTable *op, const SchemaModel *model);
static char *name_before(const Operation *op, char *name);
static TableModel *aside_of(SchemaModel *model, const char *name);

static Operation *
parse_rename_table(JsonReader *reader)
{
	RenameTable *op = palloc0(sizeof(RenameTable));

	op->from = json_name(reader, "from", true);
	op->to = json_name(reader, "to", true);
	return &op->base;
}

static void
validate_rename_table(Operation *base, SchemaModel *model)
{
	RenameTable *op = (RenameTable *) base;

	op->table = model_owned_table(model, op->from, operation_path(base, "from"));
	model_check_table_free(model, op->to, operation_path(base, "to"));
	if (op->table->created)
		operation_claim_name(model, op->to, operation_path(base, "to"));
	op->table->name = op->to;
	if (op->table->created)
		op->table->physical = op->to;
}

/* A table that nobody else knows yet is renamed at once, else only its view. */
static void
start_rename_table(const Operation *base, SchemaModel *model, MigrationPlan *plan)
{
	const RenameTable *op = (const RenameTable *) base;

	if (op->table->created)
		operation_alter_created(base, model, plan, op->from,
								psprintf("RENAME TO %s", quote_identifier(op->to)));
}

static void
complete_rename_table(const Operation *base, SchemaModel *model, MigrationPlan *plan)
{
	const RenameTable *op = (const RenameTable *) base;

	/*
	 * One that a later operation drops may not get the name of a new one, nor may one
	 * that a later operation renames get what something else has in the end.
	 */
	if (!op->table->created && !op->table->dropped &&
		(strcmp(op->table->name, op->to) == 0 ||
		 model_relation_is_unclaimed(model, op->to)) &&
		!operation_name_comes_late(model, op->to, base->number))
		rename_stored(op, model, plan);
}

static void
settle_rename_table(const Operation *base, SchemaModel *model, MigrationPlan *plan)
{
	const RenameTable *op = (const RenameTable *) base;

	if (!op->table->created && !op->table->dropped &&
		strcmp(op->table->name, op->to) == 0 && strcmp(op->table->physical, op->to) != 0)
		rename_stored(op, model, plan);
}

static void
rename_stored(const RenameTable *op, SchemaModel *model, MigrationPlan *plan)
{
	if (strcmp(op->table->physical, op->to) == 0)
		return;
	plan_step(plan, (Step) {
		.phase = PHASE_COMPLETE,
		.operation = op->base.number,
		.command = psprintf("ALTER TABLE %s RENAME TO %s",
							model_table_sql(model, op->table),
							quote_identifier(op->to)),
		.lock = AccessExclusiveLock,
		.relation = op->table->relid,
		.relation_name = model_table_sql(model, op->table),
	});
	op->table->physical = op->to;
}

static Operation *
parse_drop_table(JsonReader *reader)
{
	DropTable  *op = palloc0(sizeof(DropTable));

	op->name = json_name(reader, "name", true);
	return &op->base;
}

static void
validate_drop_table(Operation *base, SchemaModel *model)
{
	DropTable  *op = (DropTable *) base;
	const char *path = operation_path(base, "name");
	ListCell   *lc;

	op->table = model_owned_table(model, op->name, path);
	foreach(lc, op->table->created ? op->table->columns : NIL)
		column_sequence_forget(model, ((ColumnModel *) lfirst(lc))->generation);
	if (model->started)
		check_is_noted(op, model);
	op->table->dropped = true;
	op->table->operation = base->number;
	if (OidIsValid(op->table->relid))
		drop_check_dependents(model, op->table, NULL, path);
	foreign_key_definition_check_unreferenced(model, op->table, NULL, path);
}

/*
 * A transaction that had dropped the table when the start looked for it, and was not
 * committed, may have made another one since.
 */
static void
check_is_noted(const DropTable *op, const SchemaModel *model)
{
	if (!OidIsValid(op->table->relid) ||
		migration_drops_include(model->drops, DROPS_TABLE, op->table->relid, NULL))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("table \"%s\" is not the one that the migration is to drop", op->name),
			 errdetail("At %s: another has got its name since the start.",
					   operation_path(&op->base, "name")),
			 errhint("Roll the migration back and start it again.")));
}

/*
 * The physical name stays, for applications that use the base schema, unless
 * the same migration needs it.
 */
static void
start_drop_table(const Operation *base, SchemaModel *model, MigrationPlan *plan)
{
	const DropTable *op = (const DropTable *) base;
	char	   *aside;

	if (op->table->created)
	{
		plan_step(plan, (Step) {
			.phase = PHASE_START,
			.operation = base->number,
			.command = psprintf("DROP TABLE %s", model_qualified(model, op->name)),
			.lock = AccessExclusiveLock,
			.relation_name = model_qualified(model, op->name),
		});
		return;
	}
	if (!op->table->aside)
		return;
	aside = name_carried(model->migration, op->table->physical);
	plan_step(plan, (Step) {
		.phase = PHASE_START,
		.operation = base->number,
		.command = psprintf("ALTER TABLE %s RENAME TO %s",
							model_table_sql(model, op->table),
							quote_identifier(aside)),
		.lock = AccessExclusiveLock,
		.relation = op->table->relid,
		.relation_name = model_table_sql(model, op->table),
	});
	op->table->physical = aside;
}

static void
complete_drop_table(const Operation *base, SchemaModel *model, MigrationPlan *plan)
{
	const DropTable *op = (const DropTable *) base;

	if (op->table->created)
		return;
	operation_lock_partners(op->table->relid, NIL, PHASE_COMPLETE, plan);
	plan_step(plan, (Step) {
		.phase = PHASE_COMPLETE,
		.operation = base->number,
		.command = psprintf("DROP TABLE %s",
							model_table_sql(model, op->table)),
		.lock = AccessExclusiveLock,
		.relation = op->table->relid,
		.relation_name = model_table_sql(model, op->table),
		.also = operation_other_members(op->table->relid),
	});
}

/* Put the table back under its name where the start moved it aside. */
static void
put_back_drop_table(const Operation *base, SchemaModel *model, MigrationPlan *plan)
{
	const DropTable *op = (const DropTable *) base;
	char	   *name = name_before(base, op->name);
	TableModel *table = aside_of(model, name);

	if (table == NULL)
		return;
	plan_step(plan, (Step) {
		.phase = PHASE_ROLLBACK,
		.operation = base->number,
		.command = psprintf("ALTER TABLE %s RENAME TO %s",
							model_qualified(model, table->physical),
							quote_identifier(name)),
		.lock = AccessExclusiveLock,
		.relation = table->relid,
		.relation_name = model_qualified(model, table->physical),
	});
	table->physical = name;
}

/* The table that was moved aside is the one of that name. */
static void
forget_drop_table(const Operation *base, SchemaModel *model)
{
	const DropTable *op = (const DropTable *) base;
	char	   *name = name_before(base, op->name);
	TableModel *table = aside_of(model, name);

	if (table != NULL)
		table->name = name;
}

/*
 * Of a table that an operation knows as name: what it is called before the migration;
 * NULL where that creates it.
 */
static char *
name_before(const Operation *op, char *name)
{
	for (int i = op->number - 2; i >= 0; i--)
	{
		const Operation *earlier = list_nth(op->siblings, i);
		const RenameTable *rename = (const RenameTable *) earlier;

		if (operation_creates_table(earlier, name))
			return NULL;
		if (earlier->ops == &rename_table_ops && strcmp(rename->to, name) == 0)
			name = rename->from;
	}
	return name;
}

/* The table that was moved aside at the start; NULL: it was not. */
static TableModel *
aside_of(SchemaModel *model, const char *name)
{
	return name == NULL ? NULL :
		model_find_table(model, name_carried(model->migration, name));
}

char *
operation_final_table_name(const Operation *op, char *name)
{
	ListCell   *lc;

	foreach(lc, op->siblings)
	{
		const Operation *later = lfirst(lc);
		const RenameTable *rename = (const RenameTable *) later;

		if (later->number <= op->number)
			continue;
		if (later->ops == &rename_table_ops && strcmp(rename->from, name) == 0)
			name = rename->to;
		if (later->ops == &drop_table_ops &&
			strcmp(((const DropTable *) later)->name, name) == 0)
			return NULL;
	}
	return name;
}

const OperationOps rename_table_ops = {
	.name = "rename_table",
	.parse = parse_rename_table,
	.validate = validate_rename_table,
	.start = start_rename_table,
	.complete = complete_rename_table,
	.settle = settle_rename_table,
	.rollback = NULL,			/* the view goes with its schema */
};

const OperationOps drop_table_ops = {
	.name = "drop_table",
	.parse = parse_drop_table,
	.validate = validate_drop_table,
	.start = start_drop_table,
	.complete = complete_drop_table,
	.rollback = NULL,			/* put back where it was moved */
	.forget = forget_drop_table,
	.put_back = put_back_drop_table,
};
