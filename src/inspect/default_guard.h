/*-------------------------------------------------------------------------
 *
 * default_guard.h
 *		Defaults that others give to columns which versions show.
 *
 * A view that has the default of its table's column goes on to have it.  One that has
 * another, by a migration or by its owner's hand, keeps that.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_DEFAULT_GUARD_H
#define PGROLL_DEFAULT_GUARD_H

#include "nodes/parsenodes.h"

/*
 * At the start of a command: where it is an ALTER TABLE … SET or DROP DEFAULT, note the
 * default that the column has until the end of the command.  It locks the tables, as the
 * command does after it, with the same errors.
 */
extern void default_guard_note(Node *command);

/*
 * At its end: give the new default to the views that have the one noted, or none where
 * there was none.  Raises datatype_mismatch where a version shows the column as a type
 * that has no cast from it, or would give it that type where none shows the table.
 * Nobody who uses a view is waited for: the table is locked, and a statement that has
 * read the view and waits for the table was there before.
 *
 * own: the command is a migration's own, which only versions in flight follow.
 */
extern void default_guard_follow(const Node *command, bool own);

#endif							/* PGROLL_DEFAULT_GUARD_H */
