/*-------------------------------------------------------------------------
 *
 * part_guard.h
 *		The indexes of partitions that come to a table in flight.
 *
 * Where the table has a new index as a whole, the server takes an equal one of the
 * partition for its part, or makes one.  The latter gets a name of ours, by which a
 * rollback knows that it may go, and the completion that it has a name to get.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_PART_GUARD_H
#define PGROLL_PART_GUARD_H

#include "nodes/parsenodes.h"

/* Before a command: know what indexes a partition that it attaches has. */
extern void part_guard_note(const Node *command);

/*
 * After it: name those that the server has made since, or those of ours that it has taken
 * for parts of somebody's index.  lines are those of guard_lines(), relids (Oid) what the
 * command has made or altered.
 */
extern void part_guard_name(List *lines, const Node *command, List *relids);

#endif							/* PGROLL_PART_GUARD_H */
