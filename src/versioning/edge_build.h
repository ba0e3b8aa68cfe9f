/*-------------------------------------------------------------------------
 *
 * edge_build.h
 *		TableModel -> the edges of a migration on a table.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_EDGE_BUILD_H
#define PGROLL_EDGE_BUILD_H

#include "schema/schema_model.h"
#include "versioning/edge.h"

/*
 * The edges that the operations made, their expressions composed so that up
 * halves read only what is stored before the migration, and down halves only
 * what the newest version shows.  NULL where there are none.  Every shadow has
 * its physical name already.
 */
extern EdgeMigration *edge_build(const SchemaModel *model, const TableModel *table,
								 const char *migration, const char *version_schema);

/* Does any edge fill a new column, so that there is something to backfill? */
extern bool edge_migration_has_up(const EdgeMigration *migration);

/*
 * Does a half read a column that both versions show?  Then an UPDATE of that
 * column alone does not tell by itself which version it is of.
 */
extern bool edge_reads_shared_column(const TableModel *table,
									 const EdgeMigration *migration);

#endif							/* PGROLL_EDGE_BUILD_H */
