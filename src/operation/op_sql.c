/*-------------------------------------------------------------------------
 *
 * op_sql.c
 *		The operation sql: the user's own statements.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "operation/op_sql.h"
#include "operation/operation.h"
#include "operation/operation_util.h"
#include "versioning/expression.h"

typedef struct RunSql
{
	Operation	base;
	char	   *up;
	char	   *down;
	bool		on_complete;
} RunSql;

static Operation *
parse_sql(JsonReader *reader)
{
	RunSql	   *op = palloc0(sizeof(RunSql));

	op->up = json_string(reader, "up", true);
	op->down = json_string(reader, "down", false);
	op->on_complete = json_bool(reader, "onComplete", false);
	if (op->on_complete && op->down != NULL)
		json_error(json_path(reader, "down"),
				   "\"down\" cannot stand beside \"onComplete\"");
	return &op->base;
}

/* What the statements do is the user's own affair, as long as they are some. */
static void
validate_sql(Operation *base, SchemaModel *model)
{
	RunSql	   *op = (RunSql *) base;

	if (model->started)
		return;
	expression_check_statements(op->up, operation_path(base, "up"));
	if (op->down != NULL)
		expression_check_statements(op->down, operation_path(base, "down"));
}

static void
user_step(const Operation *base, Phase phase, const char *text, const char *field,
		  MigrationPlan *plan)
{
	plan_step(plan, (Step) {
		.phase = phase,
		.operation = base->number,
		.command = pstrdup(text),
		.lock = NoLock,
		.user_text = true,
		.path = operation_path(base, field),
	});
}

static void
start_sql(const Operation *base, SchemaModel *model, MigrationPlan *plan)
{
	const RunSql *op = (const RunSql *) base;

	if (!op->on_complete)
		user_step(base, PHASE_START, op->up, "up", plan);
}

static void
complete_sql(const Operation *base, SchemaModel *model, MigrationPlan *plan)
{
	const RunSql *op = (const RunSql *) base;

	if (op->on_complete)
		user_step(base, PHASE_COMPLETE, op->up, "up", plan);
}

static void
rollback_sql(const Operation *base, SchemaModel *model, MigrationPlan *plan)
{
	const RunSql *op = (const RunSql *) base;

	if (op->down != NULL)
		user_step(base, PHASE_ROLLBACK, op->down, "down", plan);
}

bool
op_sql_runs_at_start(const Operation *op)
{
	return op->ops == &sql_ops && !((const RunSql *) op)->on_complete;
}

bool
op_sql_cannot_be_undone(const Operation *op)
{
	return op_sql_runs_at_start(op) && ((const RunSql *) op)->down == NULL;
}

bool
op_sql_runs_at_completion(const Operation *op)
{
	return op->ops == &sql_ops && ((const RunSql *) op)->on_complete;
}

const OperationOps sql_ops = {
	.name = "sql",
	.parse = parse_sql,
	.validate = validate_sql,
	.start = start_sql,
	.complete = complete_sql,
	.rollback = rollback_sql,
};
