/*-------------------------------------------------------------------------
 *
 * name_guard.h
 *		Names that expressions call, while others change what has them.
 *-------------------------------------------------------------------------
 */
#ifndef PGROLL_NAME_GUARD_H
#define PGROLL_NAME_GUARD_H

#include "nodes/parsenodes.h"

/*
 * Before a command: where it renames, moves or drops what an expression may call by name,
 * or makes another function or operator of a name, wait for the phases that have just read
 * expressions, and have later ones wait for it (claim_names()).
 */
extern void name_guard_claim(const Node *command);

#endif							/* PGROLL_NAME_GUARD_H */
