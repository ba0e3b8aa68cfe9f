/*-------------------------------------------------------------------------
 *
 * expression_guard.h
 *		What up and down call, while others rename, drop or make such things.
 *
 * An edge's expression is a text, which calls whatever has the name.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_EXPRESSION_GUARD_H
#define PGROLL_EXPRESSION_GUARD_H

#include "nodes/parsenodes.h"

/*
 * Raise protected_object where an expression of any table in flight can no longer be
 * read, because a function, type or operator went away or has a new name.
 */
extern void expression_guard_check(void);

/*
 * Raise it where one calls what is to be renamed, moved or dropped, where that is a
 * function or operator of the current role's: its text might find another of the name.
 * The object is that of the statement, an ObjectWithArgs of these.
 */
extern void expression_guard_check_call(ObjectType type, Node *object);

/*
 * The same where one converts values of the enum (its name, List *), a value of which is to
 * be renamed: what has been converted would have the old name for ever.
 */
extern void expression_guard_check_enum(List *name);

/*
 * The same where one calls a function or operator (pg_proc, pg_operator) that just got its
 * name, beside others of it: it fits better than the one that the start has found, as it
 * may where that takes polymorphic arguments or defaults.  may_replace: the command may
 * merely have replaced it, which any expression would follow.
 */
extern void expression_guard_check_new(Oid class, Oid object, bool may_replace);

#endif							/* PGROLL_EXPRESSION_GUARD_H */
