/*-------------------------------------------------------------------------
 *
 * addition_guard.h
 *		What others add to a migration's tables while it is active.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_ADDITION_GUARD_H
#define PGROLL_ADDITION_GUARD_H

#include "nodes/parsenodes.h"

/*
 * Look at a command that has run, for the migrations (GuardLine *), with the relations
 * (Oid) that it has made or changed.
 * Where it has added what is carried over in the background (an index, a constraint, a
 * partition, say) each migration that it concerns gets a task which sees to that; one
 * that is ready is started again by it.
 */
extern void addition_guard_look(List *lines, const Node *command, List *relids);

#endif							/* PGROLL_ADDITION_GUARD_H */
