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
 * At the start of a command: where it is an ALTER TABLE … SET or DROP DEFAULT, lock the
 * views of versions that show the column, and note the default that it has until the end
 * of the command.
 *
 * own: it is a migration's own text, which only versions in flight follow.
 */
extern void default_guard_note(const Node *command, bool own);

/*
 * At its end: give the new default to the views that have the one noted, or none where
 * there was none.  Raises datatype_mismatch where a version shows the column as a type
 * that has no cast from it.
 */
extern void default_guard_follow(const Node *command, bool own);

#endif							/* PGROLL_DEFAULT_GUARD_H */
