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

/*
 * ", ALTER COLUMN … SET …" for what a column of a relation has that is not the default,
 * for another of that name and of a type; "" where there is nothing.
 */
extern char *column_attributes_sql(Oid relid, AttrNumber attnum, Oid type);

#endif							/* PGROLL_COLUMN_ATTRIBUTES_H */
