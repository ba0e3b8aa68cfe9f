/*-------------------------------------------------------------------------
 *
 * rename_guard.h
 *		Indexes and constraints that others rename while their columns change.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_RENAME_GUARD_H
#define PGROLL_RENAME_GUARD_H

#include "inspect/guard_scope.h"
#include "nodes/parsenodes.h"

/*
 * After a command that has renamed something: what stands for an index or constraint of
 * that name, in a migration (GuardLine *), gets the name that goes with the new one.
 */
extern void rename_guard_follow(List *lines, const RenameStmt *stmt);

/*
 * Before a constraint is renamed: the migration (GuardLine) that needs its name, or NULL.
 * It needs that of a constraint which its completion drops, of a key whose index is still
 * to be built again, and of a foreign key of a partitioned table whose column changes,
 * since its copies in the partitions are known by the name of the whole.
 */
extern GuardLine *rename_guard_refuses(List *lines, const RenameStmt *stmt);

/* The migration that is still to build what stands for the index or key, or NULL. */
extern GuardLine *rename_guard_line_building(List *lines, Oid namespace,
											 const char *index);

/* The migration that has built, or is still to build, what stands for it, or NULL. */
extern GuardLine *rename_guard_line_with_copy(List *lines, Oid namespace,
											  const char *index);

#endif							/* PGROLL_RENAME_GUARD_H */
