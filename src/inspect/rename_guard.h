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

/*
 * After extended statistics have been renamed from a name, or moved to another schema:
 * what stands for them gets the name and schema that go with the new ones.  Raises
 * protected_object where they are a migration's own, or become it by their name.
 */
extern void rename_guard_follow_statistics(List *lines, Oid statistics, const char *from);

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

/*
 * The migration that is still to build what stands for an index whose definition names the
 * object, or one of the schema or extension; NULL: none.  Its text would find another.
 */
extern GuardLine *rename_guard_line_naming(List *lines, Oid class, Oid object);

/* The migration that has built, or is still to build, what stands for it, or NULL. */
extern GuardLine *rename_guard_line_with_copy(List *lines, Oid namespace,
											  const char *index);

#endif							/* PGROLL_RENAME_GUARD_H */
