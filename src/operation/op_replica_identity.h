/*-------------------------------------------------------------------------
 *
 * op_replica_identity.h
 *		What the rest must know of the operation set_replica_identity.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_OP_REPLICA_IDENTITY_H
#define PGROLL_OP_REPLICA_IDENTITY_H

#include "operation/operation.h"

/*
 * Raise dependent_objects_still_exist where the migration takes the index of a replica
 * identity away and sets no other; of a primary key that is one by default, where
 * the table is published.
 */
extern void replica_identities_check(const Migration *migration, SchemaModel *model);

/*
 * The steps of a rollback that put back what the start has saved, where it can be,
 * and a warning of each that can't.
 */
extern void replica_identities_rollback(SchemaModel *model, MigrationPlan *plan);
extern void replica_identities_warn(int64 migration);

#endif							/* PGROLL_OP_REPLICA_IDENTITY_H */
