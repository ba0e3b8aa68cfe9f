/*-------------------------------------------------------------------------
 *
 * migration_drops.h
 *		The table pgroll_c.migration_drop: what a completion is to drop.
 *
 * An operation names what it drops, and until the completion another could get that
 * name.  So the start notes what it has found, and it is kept from others.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_MIGRATION_DROPS_H
#define PGROLL_MIGRATION_DROPS_H

#include "nodes/pg_list.h"

typedef enum DropType
{
	DROPS_TABLE,
	DROPS_COLUMN,
	DROPS_CONSTRAINT,
	DROPS_INDEX
} DropType;

typedef struct MigrationDrop
{
	DropType	type;
	Oid			relation;		/* the table that is it, or has it */
	const char *name;			/* as stored; "" of a table, where NULL may be
								 * given, too */
} MigrationDrop;

/* Note what (MigrationDrop *) the completion of a migration drops. */
extern void migration_drops_add(int64 migration, List *drops);

/* The same (MigrationDrop *), palloc'd in the current context. */
extern List *migration_drops(int64 migration);

/* Is it among the drops?  name is NULL for a table. */
extern bool migration_drops_include(List *drops, DropType type, Oid relation,
									const char *name);

#endif							/* PGROLL_MIGRATION_DROPS_H */
