/*-------------------------------------------------------------------------
 *
 * column_not_null.h
 *		NOT NULL without a scan under a lock, by a validated check.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_COLUMN_NOT_NULL_H
#define PGROLL_COLUMN_NOT_NULL_H

#include "operation/operation.h"

/*
 * The steps that check it, of a shadow or of a stored column: NOT VALID at first, then
 * validated in the background.  Nothing where the check is there already.
 */
extern void column_not_null_start(SchemaModel *model, TableModel *table,
								  const Generation *generation, int operation,
								  MigrationPlan *plan);

/*
 * The steps that put NOT NULL in the place of the check.  A shadow has the column's final
 * name by then.  Raises object_not_in_prerequisite_state where the check is missing.
 */
extern void column_not_null_complete(SchemaModel *model, TableModel *table,
									 const Generation *generation, int operation,
									 MigrationPlan *plan);

/*
 * The step of the completion that drops the check of a shadow whose column has lost its
 * NOT NULL since the start; nothing where there is none.
 */
extern void column_not_null_forget(SchemaModel *model, TableModel *table,
								   const Generation *generation, MigrationPlan *plan);

/* The name of the check. */
extern char *column_not_null_check(const SchemaModel *model, const TableModel *table,
								   const Generation *generation);

#endif							/* PGROLL_COLUMN_NOT_NULL_H */
