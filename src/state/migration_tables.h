/*-------------------------------------------------------------------------
 *
 * migration_tables.h
 *		The table pgroll_c.migration_table: where a start has made something.
 *
 * What a migration makes is found by its name.  But whoever may create tables in a
 * base schema can use such names, too; so it is looked for in these tables alone.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_MIGRATION_TABLES_H
#define PGROLL_MIGRATION_TABLES_H

#include "nodes/pg_list.h"

/* Add tables (Oid) to those of a migration. */
extern void migration_tables_add(int64 migration, List *relids);

/* Those (Oid) that are still there, palloc'd in the current context. */
extern List *migration_tables(int64 migration);

/* Has it made something in one of the relations (Oid), or a task for one? */
extern bool migration_concerns(int64 migration, List *relids);

#endif							/* PGROLL_MIGRATION_TABLES_H */
