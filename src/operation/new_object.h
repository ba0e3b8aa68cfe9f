/*-------------------------------------------------------------------------
 *
 * new_object.h
 *		The steps for constraints and indexes that a migration makes or drops.
 *
 * Until the completion what it makes is called by a name of ours (name_new),
 * since the final one may be another's until then.  What it drops stays until
 * the completion: it still binds the old version.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_NEW_OBJECT_H
#define PGROLL_NEW_OBJECT_H

#include "operation/constraint_definition.h"
#include "operation/operation.h"

/*
 * The steps that make a table's new constraints NOT VALID and validate them in
 * the background, and build its keys there.  What is there already is left out.
 * A table that the migration creates has them from its own operations.
 */
extern void new_objects_start(SchemaModel *model, TableModel *table, MigrationPlan *plan);

/*
 * The steps that give them their names, when all columns are swapped.  Raises
 * object_not_in_prerequisite_state where one is not there.
 */
extern void new_objects_complete(SchemaModel *model, TableModel *table, MigrationPlan *plan);

/*
 * The steps that drop the constraints that the migration drops, before any column
 * goes; foreign keys before the keys that they reference.
 */
extern void new_objects_drop(SchemaModel *model, MigrationPlan *plan);

/* The steps that undo new_objects_start(), for what stands on no column of ours. */
extern void new_objects_rollback(SchemaModel *model, TableModel *table, MigrationPlan *plan);

/*
 * Enter a constraint of a table, which the migration may create, into the model:
 * constraint_definition_apply(), and its text as the table is by this operation.
 */
extern void new_object_apply(ConstraintDefinition *def, SchemaModel *model,
							 TableModel *table, int operation);

/*
 * "ADD CONSTRAINT name …" at the start, on a table that the same migration creates,
 * when new_object_apply() has entered it.
 */
extern void new_object_on_created(const Operation *op, SchemaModel *model,
								  const char *table, const ConstraintDefinition *def,
								  MigrationPlan *plan);

/*
 * The steps that give the indexes that the operations before operation make on a table
 * that the migration creates their names, when what had them at the start is gone;
 * PG_INT32_MAX: those that are left.
 */
extern void new_objects_name_created(SchemaModel *model, TableModel *table, int operation,
									 MigrationPlan *plan);

#endif							/* PGROLL_NEW_OBJECT_H */
