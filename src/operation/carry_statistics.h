/*-------------------------------------------------------------------------
 *
 * carry_statistics.h
 *		Extended statistics of the columns that get a shadow.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_CARRY_STATISTICS_H
#define PGROLL_CARRY_STATISTICS_H

#include "operation/operation.h"
#include "schema/catalog_dependent.h"

/*
 * The steps that make each statistics object, of the table and of its members, on
 * which a column stands that has a shadow, again with the shadow in its place.
 * What is there already is left out; was there anything?
 */
extern bool carry_statistics_start(SchemaModel *model, TableModel *table,
								   MigrationPlan *plan);

/*
 * Let nobody rename or move, until the transaction ends, those of all tables that
 * carry_statistics_start() would make again: their copies are known by name.  Raises
 * lock_not_available where somebody does so now; a rename locks no table.
 */
extern void carry_statistics_keep_names(SchemaModel *model);

/*
 * Has the table or one of its members extended statistics?  They are computed only
 * when all their columns are analyzed.
 */
extern bool carry_statistics_any(const TableModel *table);

/*
 * Their own names again; to be planned before the old columns go, and with them
 * the old objects, for appending when they have gone.  Raises
 * object_not_in_prerequisite_state where one was added since the start.
 */
extern void carry_statistics_complete(SchemaModel *model, TableModel *table,
									  MigrationPlan *plan);

/*
 * "CREATE STATISTICS name … FROM relation", as of a relation whose columns have the
 * names (char *) given, by number.
 */
extern char *carry_statistics_sql(const StatisticsFacts *facts, const char *name,
								  const char *relation, List *names);

#endif							/* PGROLL_CARRY_STATISTICS_H */
