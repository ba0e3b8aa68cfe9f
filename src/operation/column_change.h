/*-------------------------------------------------------------------------
 *
 * column_change.h
 *		One column's new generation, with its up and down.
 *
 * An operation on several columns prepares all of its changes, then replaces
 * all, then finishes all: up reads the columns as they are before the operation,
 * down as they are after it.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_COLUMN_CHANGE_H
#define PGROLL_COLUMN_CHANGE_H

#include "operation/operation.h"

typedef struct ColumnChange
{
	TableModel *table;
	ColumnModel *column;
	const Operation *operation;
	char	   *up;				/* NULL: the column itself */
	char	   *down;
	char	   *path;			/* of the column's name, of up and of down */
	char	   *up_path;
	char	   *down_path;

	Generation *old;			/* set by column_change_prepare() */
	Node	   *up_expr;
	Generation *new;			/* set by column_change_replace() */
} ColumnChange;

/* Is up, or down, anything but the column itself, so that values may differ? */
extern bool column_change_alters_up(const ColumnChange *change, const SchemaModel *model);
extern bool column_change_alters_down(const ColumnChange *change, const SchemaModel *model);

/* Check that a shadow can stand for the column, and read up, which gives type. */
extern void column_change_prepare(ColumnChange *change, SchemaModel *model, Oid type);

/* The column's new generation, a copy of the old one until the caller changes it. */
extern Generation *column_change_replace(ColumnChange *change);

/* Read down, which gives the old generation's type. */
extern void column_change_finish(ColumnChange *change, SchemaModel *model);

/* All three for changes (ColumnChange *) that keep their columns' types. */
extern void column_changes_apply(List *changes, SchemaModel *model);

/* The steps of its shadow, unless a later operation has replaced it. */
extern void column_change_start(const ColumnChange *change, SchemaModel *model,
								MigrationPlan *plan);
extern void column_change_complete(const ColumnChange *change, SchemaModel *model,
								   MigrationPlan *plan);

#endif							/* PGROLL_COLUMN_CHANGE_H */
