/*-------------------------------------------------------------------------
 *
 * table_guard.h
 *		Keep a table in flight consistent after somebody's DDL on it.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_TABLE_GUARD_H
#define PGROLL_TABLE_GUARD_H

#include "nodes/parsenodes.h"

/*
 * The table and all below it: give a new child our trigger, see that ours fire
 * always and enclose the table's own BEFORE ROW triggers, and queue the backfill
 * of rows that came with a new partition or child.  What cannot be mended is
 * refused.
 */
extern void table_guard_check(Oid relid);

/*
 * Raise an error where a trigger of the user's that was just made is declared
 * UPDATE OF a column that the migration changes, but not of its new form: it
 * would miss what the new version writes.
 */
extern void table_guard_check_new_trigger(Oid relid, Oid trigger);

/* Raise an error where an edge of a table names a column that is gone. */
extern void table_guard_check_columns(Oid relid);

#endif							/* PGROLL_TABLE_GUARD_H */
