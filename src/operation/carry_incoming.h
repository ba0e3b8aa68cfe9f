/*-------------------------------------------------------------------------
 *
 * carry_incoming.h
 *		Foreign keys that reference a column which gets a shadow.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_CARRY_INCOMING_H
#define PGROLL_CARRY_INCOMING_H

#include "operation/operation.h"
#include "schema/catalog_constraint.h"
#include "schema/catalog_object.h"

/* Is the foreign key one of those below, so that it is none of carry.c's? */
extern bool carry_incoming_has(SchemaModel *model, const ConstraintFacts *facts);

/*
 * The tasks that make each foreign key on the table, of whatever table, again
 * for the shadow: added NOT VALID when the index on the shadow is there, then
 * validated.  What is there already is left out.  Raises insufficient_privilege,
 * datatype_mismatch or feature_not_supported where that can't be.
 */
extern void carry_incoming_start(SchemaModel *model, TableModel *table,
								 MigrationPlan *plan);

/*
 * The steps that put these in the place of the old ones; before any column goes.
 * Raises object_not_in_prerequisite_state where one was added since the start.
 */
extern void carry_incoming_complete(SchemaModel *model, TableModel *table,
									MigrationPlan *plan);

/* The tables (Oid) to which tasks of the migration add such foreign keys. */
extern List *carry_incoming_tables(const SchemaModel *model);

/*
 * carry_drop_unwanted(), for the foreign keys of tables that the model has not: those of
 * other schemas and partitions.
 */
extern void carry_incoming_drop_unwanted(SchemaModel *model, MigrationPlan *plan);

/*
 * The steps of a rollback that drop all foreign keys of ours, before any key, column
 * or table that they need.
 */
extern void carry_incoming_rollback(SchemaModel *model, MigrationPlan *plan);

#endif							/* PGROLL_CARRY_INCOMING_H */
