/*-------------------------------------------------------------------------
 *
 * built_index.h
 *		What has been built of new indexes and nothing needs any more.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_BUILT_INDEX_H
#define PGROLL_BUILT_INDEX_H

#include "operation/operation.h"

/*
 * The steps of a rollback that drop what has been built of new indexes, but for those
 * that go with a shadow.
 */
extern void built_indexes_rollback(SchemaModel *model, MigrationPlan *plan);

/*
 * The steps of a completion that drop what has been built on partitions that have
 * been detached since.
 */
extern void built_indexes_complete(SchemaModel *model, MigrationPlan *plan);

/*
 * The steps that drop what has been built on relations (Oid) which are no partitions any
 * more; to be called when their shadows have gone, and the indexes on these with them.
 */
extern void built_indexes_release(int64 migration, List *relids, MigrationPlan *plan);

/* The step of a phase that drops one that nothing needs. */
extern void built_index_drop(Oid index, Phase phase, MigrationPlan *plan);

/*
 * That which takes one out of the whole table's (qualified and quoted, as it is called by
 * then) to which it is attached.
 */
extern void built_index_release(Oid index, const char *whole, Phase phase,
								MigrationPlan *plan);

#endif							/* PGROLL_BUILT_INDEX_H */
