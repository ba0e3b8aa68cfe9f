/*-------------------------------------------------------------------------
 *
 * plan_triggers.h
 *		The dual-write triggers of a table and its members, as steps.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_PLAN_TRIGGERS_H
#define PGROLL_PLAN_TRIGGERS_H

#include "operation/operation.h"
#include "versioning/edge.h"

/* The steps that make and enable them on all that are table->edge_members. */
extern void plan_triggers(TableModel *table, const EdgeMigration *edges,
						  MigrationPlan *plan);

/* The steps that drop them from all of the base schema's tables. */
extern void plan_drop_triggers(SchemaModel *model, Phase phase, MigrationPlan *plan);

/* The table to which the start adds edges that hold for relid, too, or NULL. */
extern TableModel *plan_table_with_edges(SchemaModel *model, Oid relid);

#endif							/* PGROLL_PLAN_TRIGGERS_H */
