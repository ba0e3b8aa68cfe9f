/*-------------------------------------------------------------------------
 *
 * column_change.c
 *		One column's new generation, with its up and down.
 *-------------------------------------------------------------------------
 */
#include "pgroll.h"

#include "operation/column_change.h"
#include "operation/operation_util.h"
#include "operation/shadow_check.h"
#include "operation/shadow_column.h"
#include "versioning/expression.h"

static bool is_the_column(const ColumnChange *change, const SchemaModel *model,
						  const char *text, const char *path);
static Node *read_half(const ColumnChange *change, SchemaModel *model,
					   const char *text, const char *path,
					   const Generation *from, const Generation *target);

bool
column_change_alters_up(const ColumnChange *change, const SchemaModel *model)
{
	return !is_the_column(change, model, change->up, change->up_path);
}

bool
column_change_alters_down(const ColumnChange *change, const SchemaModel *model)
{
	return !is_the_column(change, model, change->down, change->down_path);
}

void
column_change_prepare(ColumnChange *change, SchemaModel *model, Oid type)
{
	Generation	target;

	shadow_check_possible(model, change->table, change->column, change->path);
	change->old = change->column->generation;
	target = *change->old;
	target.type = type;
	change->up_expr = read_half(change, model, change->up, change->up_path,
								change->old, &target);
	operation_check_up_reads(change->table, change->up_expr, change->old,
							 change->up_path);
}

Generation *
column_change_replace(ColumnChange *change)
{
	change->new = model_replace_generation(change->table, change->column,
										   change->operation->number);
	change->new->up = change->up_expr;
	return change->new;
}

void
column_change_finish(ColumnChange *change, SchemaModel *model)
{
	change->old->down = read_half(change, model, change->down, change->down_path,
								  change->new, change->old);
}

void
column_changes_apply(List *changes, SchemaModel *model)
{
	ListCell   *lc;

	foreach(lc, changes)
	{
		ColumnChange *change = lfirst(lc);

		column_change_prepare(change, model, change->column->generation->type);
	}
	foreach(lc, changes)
		(void) column_change_replace(lfirst(lc));
	foreach(lc, changes)
		column_change_finish(lfirst(lc), model);
}

void
column_change_start(const ColumnChange *change, SchemaModel *model,
					MigrationPlan *plan)
{
	if (change->new != NULL && change->new->current)
		shadow_column_start(model, change->table, change->new, plan);
}

void
column_change_complete(const ColumnChange *change, SchemaModel *model,
					   MigrationPlan *plan)
{
	if (change->new != NULL && change->new->current)
		shadow_column_complete(model, change->table, change->new, plan);
}

static bool
is_the_column(const ColumnChange *change, const SchemaModel *model,
			  const char *text, const char *path)
{
	return text == NULL ||
		expression_is_column(expression_parse(model, change->table, text, path,
											  EXPRESSION_ROW),
							 change->column->generation);
}

static Node *
read_half(const ColumnChange *change, SchemaModel *model, const char *text,
		  const char *path, const Generation *from, const Generation *target)
{
	if (text == NULL)
		return expression_column(from);
	return operation_half(model, change->table, text, target, path);
}
