/*-------------------------------------------------------------------------
 *
 * carry_trigger.h
 *		The user's triggers that name a column which gets a shadow.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_CARRY_TRIGGER_H
#define PGROLL_CARRY_TRIGGER_H

#include "operation/operation.h"

/* Can the trigger follow its column to a shadow? */
extern bool carry_trigger_is_possible(const TableModel *table, Oid trigger);

/*
 * While the migration is active a trigger declared UPDATE OF the column fires
 * for the shadow, too: an audit must see what the new version writes.
 */
extern void carry_triggers_start(SchemaModel *model, TableModel *table,
								 MigrationPlan *plan);

/* The shadow takes the column's place; to be planned before the column goes. */
extern void carry_triggers_complete(SchemaModel *model, TableModel *table,
									MigrationPlan *plan);

/* The shadows leave the triggers of all tables; to be planned before any of them goes. */
extern void carry_triggers_rollback(SchemaModel *model, MigrationPlan *plan);

/* The same for one table, without its partitions and children. */
extern void carry_triggers_release(SchemaModel *model, Oid relid, MigrationPlan *plan);

#endif							/* PGROLL_CARRY_TRIGGER_H */
