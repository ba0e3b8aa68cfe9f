/*-------------------------------------------------------------------------
 *
 * drop_guard.h
 *		What goes away with what others drop while a schema is migrated.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_DROP_GUARD_H
#define PGROLL_DROP_GUARD_H

#include "inspect/guard_scope.h"
#include "nodes/parsenodes.h"

/* Before a command drops what it names: refuse what a migration (GuardLine *) needs. */
extern void drop_guard_check(List *lines, const DropStmt *stmt);

/*
 * At sql_drop: refuse where a migration (GuardLine *) needs what has gone, or is to drop
 * it itself; drop what stands for it.
 */
extern void drop_guard_dropped(List *lines);

#endif							/* PGROLL_DROP_GUARD_H */
