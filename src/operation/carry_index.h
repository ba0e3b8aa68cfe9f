/*-------------------------------------------------------------------------
 *
 * carry_index.h
 *		Indexes of the columns that get a shadow, and the keys that they serve.
 *
 * Of a partitioned table also those of its partitions, which may have more than
 * their part of the table's.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_CARRY_INDEX_H
#define PGROLL_CARRY_INDEX_H

#include "operation/operation.h"
#include "schema/catalog_object.h"

/* The tasks that build each again on the shadow; see carry_start(). */
extern void carry_indexes_start(SchemaModel *model, TableModel *table,
								MigrationPlan *plan);

/* The steps that put them in the place of the old ones; see carry_complete(). */
extern void carry_indexes_complete(SchemaModel *model, TableModel *table,
								   MigrationPlan *plan);

/*
 * "CREATE UNIQUE INDEX name ON relation …", as an index of relid is but for its name;
 * names (char *) are those of the columns, by number.  relation is qualified.
 */
extern char *carry_index_sql(const IndexFacts *facts, Oid relid, List *names,
							 const char *name, const char *relation);

#endif							/* PGROLL_CARRY_INDEX_H */
