/*-------------------------------------------------------------------------
 *
 * rename_guard.h
 *		Indexes, constraints and statistics that others rename while their columns change.
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

/* Does the command change the name or schema of something, or of an enum's value? */
extern bool rename_guard_changes_name(const Node *command);

/*
 * After one that does change a name, for each object (identity: what it is called now).
 * What stands for a statistics object gets the name and schema that go with its new ones.
 * Raises protected_object where that is a migration's own, or becomes it by its name; and
 * for an object that the definition of an index names which is still to be built again,
 * since its text would find another.
 */
extern void rename_guard_renamed(List *lines, Node *command, Oid class, Oid object,
								 const char *identity);

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
