/*-------------------------------------------------------------------------
 *
 * op_index.h
 *		What the rest must know of the operations on indexes.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_OP_INDEX_H
#define PGROLL_OP_INDEX_H

#include "operation/operation.h"

/*
 * The steps of a rollback that drop what has been built of new indexes, but for those
 * that go with a shadow.
 */
extern void indexes_rollback(SchemaModel *model, MigrationPlan *plan);

/*
 * The steps of a completion that drop what has been built on partitions that have
 * been detached since.
 */
extern void indexes_complete(SchemaModel *model, MigrationPlan *plan);

#endif							/* PGROLL_OP_INDEX_H */
