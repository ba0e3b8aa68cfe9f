/*-------------------------------------------------------------------------
 *
 * child_guard.h
 *		Tables that are copied from one in flight, or are to be its children.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_CHILD_GUARD_H
#define PGROLL_CHILD_GUARD_H

#include "nodes/parsenodes.h"

/*
 * Is it CREATE TABLE … (LIKE …)?  To be asked before each command runs: the server puts
 * the columns into the statement then, and what it copies is kept in mind.
 */
extern bool child_guard_note_copy(const Node *command);

/*
 * After such a statement: take away what it has copied of a migration's, which
 * nobody would complete there.  lines are those of guard_lines().
 */
extern void child_guard_clean_copy(List *lines, Oid relid);

/*
 * Before a table becomes a partition or child of one in flight: give it the
 * columns and checks of the migration that the server wants it to have.  A view of
 * the new version that shows columns of it which that does not show of the parent is
 * dropped for a partition; for a child protected_object is raised.
 */
extern void child_guard_prepare(List *lines, Oid parent, Oid child);

#endif							/* PGROLL_CHILD_GUARD_H */
