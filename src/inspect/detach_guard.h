/*-------------------------------------------------------------------------
 *
 * detach_guard.h
 *		Partitions that leave a table in flight.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_DETACH_GUARD_H
#define PGROLL_DETACH_GUARD_H

#include "nodes/parsenodes.h"

/*
 * Before a partition is detached or dropped: stop what our tasks do to it for long, so
 * that nobody waits behind the locks that the server is about to ask for.
 */
extern void detach_guard_prepare(List *lines, Oid partition);

/*
 * After ALTER TABLE … DETACH PARTITION, also where it is finalized: make of what was a
 * partition the table that it was before the migration, with the old version's values,
 * and close its tasks.  lines are those of guard_lines().
 */
extern void detach_guard_release(List *lines, const AlterTableStmt *stmt);

#endif							/* PGROLL_DETACH_GUARD_H */
