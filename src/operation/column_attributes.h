/*-------------------------------------------------------------------------
 *
 * column_attributes.h
 *		What hangs on a column alone, in each table that has it, for its shadow.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_COLUMN_ATTRIBUTES_H
#define PGROLL_COLUMN_ATTRIBUTES_H

#include "operation/operation.h"

/*
 * The steps that give the shadow (generation) storage, compression, statistics
 * target, options and grants of the old column: at the start.
 */
extern void column_attributes_start(SchemaModel *model, TableModel *table,
									const Generation *generation,
									const Generation *old, MigrationPlan *plan);

/* Grants again, which may have changed since: before the old column goes. */
extern void column_attributes_follow(SchemaModel *model, TableModel *table,
									 const Generation *generation,
									 const Generation *old, MigrationPlan *plan);

/* Comments, when the shadow (or a new column) has its final name. */
extern void column_attributes_complete(SchemaModel *model, TableModel *table,
									   Generation *generation, MigrationPlan *plan);

#endif							/* PGROLL_COLUMN_ATTRIBUTES_H */
